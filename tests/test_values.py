"""The canonical text: one value, one text, and the same text again after a journey through Salesforce."""

import json
from base64 import b64encode
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.values import column_dtype, from_text, text_to_column, to_text

TYPES = (
    *("string", "textarea", "picklist", "multipicklist", "boolean", "int", "long", "double", "percent", "currency"),
    *("date", "datetime", "time", "email", "phone", "url", "reference", "id", "combobox", "address", "location"),
    *("encryptedstring", "base64", "anyType", "complexvalue", "json"),
)
"""Every type that describe knows."""


def text_of(value, field_type, scale=0, dtype=None):
    frame = pl.DataFrame({"x": [value]}, schema={"x": dtype} if dtype is not None else None)
    return frame.select(to_text(pl.col("x"), frame.schema["x"], field_type, scale)).item()


@pytest.mark.parametrize(
    ("value", "field_type", "scale", "text"),
    [
        (7.5, "double", 1, "7.5"),
        (7.25, "double", 1, "7.3"),
        (2.675, "double", 2, "2.68"),
        (1.005, "double", 2, "1.01"),
        (1e9 + 0.005, "currency", 2, "1000000000.01"),
        (-7.25, "double", 1, "-7.3"),
        (-0.04, "double", 1, "0"),
        (-0.0, "double", 1, "0"),
        (9.96, "double", 1, "10"),
        (0.1 + 0.2, "double", 2, "0.3"),
        (1200.0, "currency", 2, "1200"),
        (1200.5, "currency", 2, "1200.5"),
        (99.95, "double", 1, "100"),
        (52.123456789012344, "double", 15, "52.123456789012344"),
        (123456789012345678.0, "double", 0, "123456789012345680"),
        (1e17, "currency", 2, "100000000000000000"),
        (float("nan"), "double", 1, None),
        (float("inf"), "double", 1, "inf"),
        (12, "double", 2, "12"),
        (12.0, "int", 0, "12"),
        (12.5, "int", 0, "13"),
        ("12.50", "double", 1, "12.5"),
        (" 12 ", "int", 0, "12"),
        ("high", "double", 1, "high"),
        ("", "double", 1, None),
        (Decimal("3.45"), "double", 1, "3.5"),
        (True, "boolean", 0, "true"),
        ("Yes", "boolean", 0, "true"),
        (0, "boolean", 0, "false"),
        ("maybe", "boolean", 0, "maybe"),
        (date(2026, 5, 24), "date", 0, "2026-05-24"),
        (datetime(2026, 5, 24, 23, 59), "date", 0, "2026-05-24"),
        ("2026-05-24", "date", 0, "2026-05-24"),
        ("24.5.2026", "date", 0, "24.5.2026"),
        (datetime(2026, 5, 24, 7, 25, 37, tzinfo=UTC), "datetime", 0, "2026-05-24T07:25:37.000Z"),
        (date(2026, 5, 24), "datetime", 0, "2026-05-24T00:00:00.000Z"),
        ("2026-05-24T09:25:37+02:00", "datetime", 0, "2026-05-24T07:25:37.000Z"),
        ("yesterday", "datetime", 0, "yesterday"),
        ("  Acme\t", "string", 0, "Acme"),
        ("   ", "string", 0, None),
        (None, "string", 0, None),
        ("a\r\nb", "textarea", 0, "a\nb"),
        ("B; A;C", "multipicklist", 0, "A;B;C"),
        (None, "multipicklist", 0, None),
        ("A;;A; ", "multipicklist", 0, "A"),
        (["B", None, "A", "B"], "multipicklist", 0, "A;B"),
        ([], "multipicklist", 0, None),
        (["B", "A"], "string", 0, "B;A"),
        ({"b": 1, "a": "x"}, "string", 0, '{"b":1,"a":"x"}'),
        (45, "percent", 2, "45"),
        (2**53, "long", 0, "9007199254740992"),
        (datetime(2026, 5, 24, 9, 25, 37), "datetime", 0, "2026-05-24T09:25:37.000"),
        ("2026-05-24T09:25:37", "datetime", 0, "2026-05-24T09:25:37"),
        (time(11, 59, 59), "time", 0, "11:59:59.000Z"),
        (" 11:59 ", "time", 0, "11:59:00.000Z"),
        ("11:59:59.5Z", "time", 0, "11:59:59.500Z"),
        ("noon", "time", 0, "noon"),
        (b"\x00\xff", "base64", 0, "AP8="),
        ("AP8=", "base64", 0, "AP8="),
        ({"street": "a\r\nb", "city": " Ulm ", "state": None}, "address", 0, '{"city":"Ulm","street":"a\\nb"}'),
        ('{"street": "1 \\"x\\": y", "latitude": 1.5}', "address", 0, '{"street":"1 \\"x\\": y"}'),
        ('{"city": null, "street": ""}', "address", 0, None),
        ("{}", "address", 0, None),
        ("Weg 1, Ulm", "address", 0, "Weg 1, Ulm"),
        ('{"town": "Ulm"}', "address", 0, '{"town": "Ulm"}'),
        ("[1]", "address", 0, "[1]"),
        ({"longitude": 13.4, "latitude": 52.1234567}, "location", 3, '{"latitude":52.123,"longitude":13.4}'),
        ('{"latitude": -0.00001, "longitude": 180}', "location", 15, '{"latitude":-0.00001,"longitude":180}'),
        ({"latitude": None, "longitude": None}, "location", 15, None),
        (7, "string", 0, "7"),
        (12.0, "string", 0, "12"),
        (12.5, "string", 0, "12.5"),
        (float("nan"), "string", 0, None),
        ("001dM000000Abcd", "reference", 0, "001dM000000AbcdQAC"),
        ("800dM000000Abcd", "reference", 0, "800dM000000AbcdQAC"),
        ("001dM000000AbcdQAC", "reference", 0, "001dM000000AbcdQAC"),
        ("nobody", "reference", 0, "nobody"),
    ],
)
def test_a_value_has_one_text(value, field_type, scale, text):
    assert text_of(value, field_type, scale) == text


def test_a_moment_of_another_zone_is_told_in_utc():
    zone = timezone(timedelta(hours=2))
    frame = pl.DataFrame({"x": [datetime(2026, 5, 24, 9, 0, tzinfo=zone)]}).select(
        pl.col("x").dt.convert_time_zone("Europe/Berlin")
    )
    assert frame.select(to_text(pl.col("x"), frame.schema["x"], "datetime")).item() == "2026-05-24T07:00:00.000Z"


@pytest.mark.parametrize("field_type", TYPES)
def test_a_column_of_nulls_stays_null(field_type):
    for dtype in (pl.Null, pl.String, column_dtype(field_type)):
        assert text_of(None, field_type, 2, dtype) is None
    frame = pl.DataFrame({"x": [None]}, schema={"x": pl.String})
    typed = frame.select(text_to_column(pl.col("x"), field_type))
    assert typed.item() is None
    assert typed.schema["x"] == column_dtype(field_type)


@given(digits=st.lists(st.integers(-(10**15) + 1, 10**15 - 1), min_size=1, max_size=40), scale=st.integers(0, 6))
def test_what_a_person_types_with_15_digits_is_what_they_read(digits, scale):
    typed = [Decimal(each).scaleb(-scale) for each in digits]
    expected = [format(each.normalize() if each else Decimal(0), "f") for each in typed]
    frame = pl.DataFrame({"x": [float(each) for each in typed]})
    assert frame.select(to_text(pl.col("x"), pl.Float64(), "double", scale))["x"].to_list() == expected


@given(digits=st.integers(-(10**13), 10**13), extra=st.integers(1, 3), scale=st.integers(0, 4))
def test_HLT_4_decimals_beyond_the_scale_are_rounded_half_up(digits, extra, scale):
    typed = Decimal(digits).scaleb(-scale - extra)
    rounded = typed.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)
    expected = format(rounded.normalize() if rounded else Decimal(0), "f")
    assert text_of(float(typed), "double", scale) == expected


@pytest.mark.parametrize("scale", [0, 1, 2, 3, 5])
def test_the_text_of_a_number_does_not_depend_on_its_neighbours(scale):
    numbers = [n / 7 for n in range(-5000, 5000)]
    together = pl.DataFrame({"x": numbers}).select(to_text(pl.col("x"), pl.Float64(), "double", scale))["x"].to_list()
    assert together[::97] == [text_of(number, "double", scale) for number in numbers[::97]]
    assert max(len(text.partition(".")[2]) for text in together) <= scale


def test_a_text_column_keeps_its_name():
    for field_type in TYPES:
        for dtype in (pl.String, column_dtype(field_type)):
            frame = pl.DataFrame({"x": [None]}, schema={"x": dtype})
            for scale in (0, 1, 6):
                assert frame.select(to_text(pl.col("x"), dtype, field_type, scale)).columns == ["x"]


NUMBERS = st.floats(allow_nan=False, allow_infinity=False, width=64, min_value=-1e18, max_value=1e18)


@settings(max_examples=300)
@given(number=NUMBERS, scale=st.integers(0, 18))
def test_a_number_read_back_has_the_same_text(number, scale):
    text = text_of(number, "double", scale)
    assert text_of(from_text(text, "double"), "double", scale, pl.Float64) == text
    assert text_of(text, "double", scale) == text
    assert abs(float(text) - number) <= max(0.5000001 * 10.0**-scale, abs(number) * 2**-51)


VALUES = {
    "boolean": st.booleans(),
    "int": st.integers(-(2**53), 2**53),
    "date": st.dates(min_value=date(1700, 1, 1), max_value=date(4000, 12, 31)),
    "datetime": st.datetimes(min_value=datetime(1700, 1, 1), max_value=datetime(4000, 1, 1), timezones=st.just(UTC)),
    "string": st.text(),
    "textarea": st.text(),
    "multipicklist": st.lists(st.sampled_from(["Red", "Green", "Blue"]), unique=True),
    "time": st.times().map(lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)),
    **dict.fromkeys(
        ("picklist", "combobox", "email", "phone", "url", "anyType", "complexvalue", "json", "encryptedstring"),
        st.text(),
    ),
    **dict.fromkeys(("long",), st.integers(-(2**53), 2**53)),
    **dict.fromkeys(("double", "percent", "currency"), st.integers(-(10**12), 10**12).map(float)),
    **dict.fromkeys(("id", "reference"), st.from_regex(r"[0-9A-Za-z]{15}", fullmatch=True)),
    "base64": st.binary().map(lambda each: b64encode(each).decode()),
    "address": st.fixed_dictionaries(
        {}, optional=dict.fromkeys(("city", "country", "postalCode", "state", "street", "latitude"), st.text())
    ).map(json.dumps),
    "location": st.fixed_dictionaries(
        {}, optional={"latitude": st.floats(-90, 90), "longitude": st.floats(-180, 180)}
    ).map(json.dumps),
}


@pytest.mark.parametrize("field_type", TYPES)
@settings(max_examples=60)
@given(data=st.data())
def test_text_to_column_is_the_way_back(field_type, data):
    value = data.draw(st.none() | VALUES[field_type])
    if isinstance(value, datetime):
        value = value.replace(microsecond=value.microsecond // 1000 * 1000)
    frame = pl.DataFrame({"x": [value]}, schema={"x": column_dtype(field_type)})
    text = frame.select(to_text(pl.col("x"), frame.schema["x"], field_type))
    typed = text.select(text_to_column(pl.col("x"), field_type))
    assert typed.schema["x"] == column_dtype(field_type)
    again = typed.select(to_text(pl.col("x"), typed.schema["x"], field_type))
    assert again.equals(text)
    if field_type in ("boolean", "int", "long", "double", "date", "datetime", "time"):
        assert typed.item() == value
    if field_type == "multipicklist" and value:
        assert typed.item().to_list() == sorted(value)
    sent = pl.DataFrame({"x": [from_text(text.item(), field_type)]}, strict=False)
    assert sent.select(to_text(pl.col("x"), sent.schema["x"], field_type)).equals(text)


def test_from_text_gives_what_json_takes():
    assert from_text("true", "boolean") is True
    assert from_text("12", "int") == 12
    assert from_text("7.5", "double") == 7.5
    assert from_text("2026-05-24", "date") == "2026-05-24"
    assert from_text(None, "double") is None
    assert from_text("9007199254740993", "long") == 9007199254740993
    assert from_text("A;B", "multipicklist") == "A;B"
    assert from_text("11:59:59.000Z", "time") == "11:59:59.000Z"
    with pytest.raises(ValueError, match="high"):
        from_text("high", "double")
