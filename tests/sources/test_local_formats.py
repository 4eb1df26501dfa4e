"""Numbers, dates and times as they are written in different countries: read when the source says so, never guessed."""

from datetime import UTC, date, datetime

import polars as pl
import pytest

from toolkit.config.sources import Source
from toolkit.errors import SourceError
from toolkit.sources.needs import Needs
from toolkit.sources.reading import read_source


@pytest.fixture
def read(tmp_path):
    """Read a file of one column, x, needed as something, under settings of the source."""

    def read_it(values, need=None, **settings):
        encoding = settings.get("encoding", "utf-8")
        lines = "\n".join(f'{number},"{value}"' for number, value in enumerate(values))
        (tmp_path / "a.csv").write_bytes(f"id,x\n{lines}\n".encode(encoding))
        needs = Needs({"x": need} if need else {})
        return read_source(tmp_path, Source(path="a.csv", key="id", **settings), needs=needs).records["x"]

    return read_it


def refusal(read, values, need, **settings):
    with pytest.raises(SourceError) as caught:
        read(values, need, **settings)
    return str(caught.value)


@pytest.mark.parametrize(
    ("settings", "values", "numbers"),
    [
        ({"decimal": ","}, ["1,5", "-2", "", "1000,25"], [1.5, -2.0, None, 1000.25]),
        ({"decimal": ",", "thousands": "."}, ["1.234,56", "12.345.678", "0,5"], [1234.56, 12345678.0, 0.5]),
        ({"thousands": ","}, ["1,234.56", "1,234", "7"], [1234.56, 1234.0, 7.0]),
        ({"thousands": ","}, ["1,234", "7"], [1234, 7]),
        ({"decimal": ",", "thousands": " "}, ["1 234,5", "1\u00a0234,5", "1\u202f234,5"], [1234.5] * 3),
        ({"thousands": "'"}, ["1'234.5", "1’234.5"], [1234.5] * 2),
        ({"signs": ["%"]}, ["45 %", "7.5%", "8"], [45.0, 7.5, 8.0]),
        ({"signs": ["€", "EUR"], "decimal": ","}, ["€ 1,5", "1,5 EUR", "-€2", "€-2"], [1.5, 1.5, -2.0, -2.0]),
    ],
)
def test_numbers_are_read_as_the_source_says_they_are_written(read, settings, values, numbers):
    assert read(values, "number", **settings).to_list() == numbers
    assert read(values, **settings).to_list() == numbers  # also in a column that nothing is needed of


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (["1,5"], 'Add decimal = ","'),
        (["1,234"], 'add thousands = "," or decimal = ","'),
        (["5", "1.234,56"], 'Add decimal = ",", thousands = "."'),
        (["1,234.56"], 'Add thousands = ","'),
        (["1 234,56"], 'Add decimal = ",", thousands = " "'),
        (["1'234.56"], 'Add thousands = "\'"'),
        (["1.234,56", "1,234.56"], "in two ways"),
        (["45%"], 'Add signs = ["%"]'),
        (["€ 1.234,50"], 'Add signs = ["€"], decimal = ",", thousands = "."'),
        (["12 EUR"], 'Add signs = ["EUR"]'),
    ],
)
@pytest.mark.parametrize("need", ["number", "figure"])
def test_a_number_in_another_notation_is_an_error_that_names_the_setting(read, values, said, need):
    message = refusal(read, values, need, on_error="reject")
    assert said in message
    assert "Say in [sources.accounts] how they are written." in message
    assert f'line {1 + len(values) if values[0] == "5" else 2}, column "x"' in message


def test_a_setting_is_kept_to_and_what_it_does_not_allow_is_no_number(read):
    assert '"1.5" is not a plain number' in refusal(read, ["1.5"], "number", decimal=",")
    assert '"12.34" is not a plain number' in refusal(read, ["12.34"], "number", decimal=",", thousands=".")
    assert '"1,23,456" is not a plain number' in refusal(read, ["1,23,456"], "number", thousands=",")


def test_percent_and_currency_stay_text_unless_a_number_is_needed_or_the_sign_is_named(read):
    assert read(["45%", "5%"]).to_list() == ["45%", "5%"]
    assert read(["$5", "$6"]).to_list() == ["$5", "$6"]


@pytest.mark.parametrize(
    ("order", "values", "days"),
    [
        ("day_first", ["03/04/2026", "31.12.2026", "1-2-2026"], [(4, 3), (12, 31), (2, 1)]),
        ("month_first", ["03/04/2026", "12/31/2026", "1-2-2026"], [(3, 4), (12, 31), (1, 2)]),
        ("day_first", ["03/04/2026 9:05", "2026-12-31"], [(4, 3), (12, 31)]),
        ("iso", ["2026-04-03", "2026-12-31T23:59:00+02:00"], [(4, 3), (12, 31)]),
    ],
)
def test_dates_are_read_in_the_order_the_source_names(read, order, values, days):
    expected = [date(2026, *day) for day in days]
    assert read(values, "date", dates=order).to_list() == expected
    assert read(values, "figure", dates=order).to_list() == expected


def test_a_column_of_local_dates_that_nothing_is_needed_of_is_dates_once_the_source_says_how(read):
    assert read(["03/04/2026"]).to_list() == ["03/04/2026"]
    assert read(["03/04/2026"], dates="day_first").to_list() == [date(2026, 4, 3)]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            ["03/04/2026", "2026-01-01"],
            'could be the day or the month first: add dates = "day_first" or dates = "month',
        ),
        (["03/04/2026", "31/12/2026"], 'Add dates = "day_first"'),
        (["03.04.2026", "12.31.2026"], 'Add dates = "month_first"'),
        (["31/12/2026", "12/31/2026"], "day first in one row and the month first in another"),
    ],
)
@pytest.mark.parametrize("need", ["date", "figure", "moment", "time"])
def test_a_local_date_is_an_error_that_names_the_setting(read, values, said, need):
    assert said in refusal(read, values, need, on_error="reject")


@pytest.mark.parametrize(
    ("values", "said"),
    [(["03/04/2026", ""], "add dates ="), (["1,5", "2,25"], 'Add decimal = ","'), (["1,234"], "add thousands =")],
)
def test_what_goes_to_salesforce_is_never_a_text_that_could_be_read_in_two_ways(read, values, said):
    assert said in refusal(read, values, "value")
    assert read([*values, "see the contract"], "value").dtype == pl.String


def test_days_that_are_not_in_the_calendar_and_short_years_are_faults(read):
    said = refusal(read, ["31/02/2026", "13/13/2026", "1/2/26"], "date", dates="day_first")
    for value in ("31/02/2026", "13/13/2026", "1/2/26"):
        assert f'"{value}" is not a date' in said
    assert '"03/04/2026" is not a date' in refusal(read, ["03/04/2026"], "date", dates="iso")


@pytest.mark.parametrize("need", ["time", "moment", None])
def test_times_come_to_utc_and_those_without_a_zone_are_read_in_the_sources(read, need):
    values = ["2026-07-01T09:00:00+02:00", "2026-07-01 09:00", "2026-12-01T09:00:00.250", "2026-07-01T07:00Z"]
    assert read([*values, "2026-07-01T09:00:00+0200"], need, time_zone="Europe/Berlin").to_list() == [
        datetime(2026, 7, 1, 7, tzinfo=UTC),
        datetime(2026, 7, 1, 7, tzinfo=UTC),
        datetime(2026, 12, 1, 8, 0, 0, 250_000, tzinfo=UTC),
        datetime(2026, 7, 1, 7, tzinfo=UTC),
        datetime(2026, 7, 1, 7, tzinfo=UTC),
    ]


def test_a_time_without_a_zone_is_an_error_that_names_the_setting(read):
    said = refusal(read, ["2026-07-01T09:00:00Z", "2026-07-01 09:00"], "time")
    assert 'line 3, column "x": "2026-07-01 09:00" is not in plain notation.' in said
    assert 'add time_zone = "UTC", or "Europe/Berlin"' in said
    assert read(["2026-07-01 09:00"]).dtype == pl.String


def test_an_hour_that_the_clocks_skip_is_a_fault_and_one_that_comes_twice_is_the_first(read):
    said = refusal(read, ["2026-03-29 02:30"], "time", time_zone="Europe/Berlin")
    assert '"2026-03-29 02:30" is not a time' in said
    twice = read(["2026-10-25 02:30"], "time", time_zone="Europe/Berlin")
    assert twice.to_list() == [datetime(2026, 10, 25, 0, 30, tzinfo=UTC)]


def test_local_times_are_read_with_their_dates(read):
    column = read(["3/4/2026 9:05", "31.12.2026"], "time", dates="day_first", time_zone="Europe/Berlin")
    assert column.to_list() == [datetime(2026, 4, 3, 7, 5, tzinfo=UTC), datetime(2026, 12, 30, 23, tzinfo=UTC)]


@pytest.mark.parametrize("encoding", ["windows-1252", "utf-16", "iso-8859-15", "utf-8-sig"])
def test_another_encoding_is_read_when_the_source_names_it(read, encoding):
    assert read(["Café Münster"], encoding=encoding).to_list() == ["Café Münster"]


def test_a_wrong_encoding_names_the_byte_the_line_and_the_setting(tmp_path):
    (tmp_path / "a.csv").write_bytes("id,x\nA,Acme\nB,Café\n".encode("cp1252"))
    with pytest.raises(SourceError, match='add encoding = "windows-1252" to the source'):
        read_source(tmp_path, Source(path="a.csv", key="id"))
    with pytest.raises(SourceError, match=r"a.csv is not ascii: byte 17 \(0xE9\), line 3"):
        read_source(tmp_path, Source(path="a.csv", key="id", encoding="ascii"))
    (tmp_path / "a.csv").write_bytes("id,x\nA,Acme\n".encode("utf-16"))
    with pytest.raises(SourceError, match='add encoding = "utf-16"'):
        read_source(tmp_path, Source(path="a.csv", key="id"))


def test_ids_of_15_digits_and_of_15_characters_are_kept(read):
    digits = ["123456789012345", "987654321098765"]
    assert read(digits, "text").to_list() == digits
    assert read(digits).to_list() == [123456789012345, 987654321098765]
    salesforce = ["001B000000abcDE", "001B000000abcde"]
    assert read(salesforce).to_list() == salesforce
