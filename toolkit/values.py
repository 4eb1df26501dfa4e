"""The canonical text of a Salesforce value, and the way back.

Both sides of a comparison are brought to one text form, so that a plan reads the same in a notebook, a CSV and the
journal, and so that a difference in the text is a difference in Salesforce. The forms are those Salesforce's own Bulk
API uses:

    boolean                     true, false
    int, long                   12
    double, currency, percent   plain decimals rounded half up to the field's scale; 45 in a percent field is 45 %
    date, datetime, time        2026-05-24, 2026-05-24T07:25:37.000Z (UTC), 11:59:59.000Z (of no zone)
    id, reference               record ids of 18 characters
    multipicklist               A;B, sorted, each once; a list in a column
    address, location           JSON with sorted keys, without empty parts, see `toolkit.compounds`
    base64                      Base64
    every other                 text without surrounding blanks; a textarea's lines end in LF

Null, empty text, an empty list and not-a-number are all null, as empty is in Salesforce. A value that does not have the
field's form ("high" for a number, a time without a zone) stays as it is: it is for the pre-flight to refuse, and must
not look like an empty one.
"""

import polars as pl

from toolkit.compounds import COMPOUND_TYPES, compound_text

BOOLEAN_TYPES = frozenset({"boolean"})
INTEGER_TYPES = frozenset({"int", "long"})
NUMBER_TYPES = frozenset({"double", "currency", "percent"})
DATE_TYPES = frozenset({"date"})
DATETIME_TYPES = frozenset({"datetime"})
TIME_TYPES = frozenset({"time"})
ID_TYPES = frozenset({"id", "reference"})
SEVERAL_TYPES = frozenset({"multipicklist"})
NEVER_WRITTEN = {
    "id": "a record id is given by Salesforce",
    "encryptedstring": "encrypted text is read masked, so nobody can tell whether it differs",
    "base64": "a file's content is not a value of a record",
    "anyType": "a value of any type has no form to write it in",
    "complexvalue": "a complex value has no form to write it in",
}
"""The field types that are never written, each with why (CSU-10 names the encrypted and the complex ones)."""

_SHORT_ID = r"^[0-9A-Za-z]{15}$"
_SUFFIX = dict(zip((f"{bits:05b}"[::-1] for bits in range(32)), "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345", strict=True))
"""Which of five characters are upper case, the first one first ("10000"), to the character that says so."""

_DATE = "%Y-%m-%d"
_DATETIME = "%Y-%m-%dT%H:%M:%S%.3fZ"
_NO_ZONE = "%Y-%m-%dT%H:%M:%S%.3f"
_TIME = "%H:%M:%S%.3fZ"
_TIME_FORMS = ("%H:%M:%S%.fZ", "%H:%M:%S%.f", "%H:%M")
_TRUTHS = {"true": "true", "1": "true", "1.0": "true", "yes": "true"} | {
    "false": "false", "0": "false", "0.0": "false", "no": "false"
}  # fmt: skip
_EXACT_BELOW = 2.0**51
"""Below this many of a field's smallest units a float tells neighbouring decimals apart with room to spare."""
_EXPONENT_FROM = 5
"""From this many decimals on, a float smaller than 1 may print with an exponent."""


def to_text(values: pl.Expr, dtype: pl.DataType, field_type: str, scale: int = 0) -> pl.Expr:
    """Return an expression of the canonical text of `values`, a column of type `dtype`.

    `field_type` is the Salesforce type of the field the value belongs to and `scale` its decimal places. The text of
    a value read back from Salesforce is the same text again. A list is told as ``A;B``, a structure as JSON.
    """
    if isinstance(dtype, pl.List | pl.Array):
        values, dtype = _joined(values, dtype), pl.String()
    elif isinstance(dtype, pl.Struct):
        values, dtype = pl.when(values.is_not_null()).then(values.struct.json_encode()), pl.String()
    if field_type in INTEGER_TYPES | NUMBER_TYPES:
        return _number_text(values, dtype, scale if field_type in NUMBER_TYPES else 0)
    if field_type in COMPOUND_TYPES:
        return compound_text(_plain_text(values), field_type, scale)
    return _FORMS.get(field_type, _free_text)(values, dtype)


def _joined(values: pl.Expr, dtype: pl.List | pl.Array) -> pl.Expr:
    texts = (
        values.cast(pl.List(pl.String)) if isinstance(dtype, pl.List) else values.arr.to_list().cast(pl.List(pl.String))
    )
    return texts.list.drop_nulls().list.join(";")


def _several_text(values: pl.Expr, dtype: pl.DataType) -> pl.Expr:  # noqa: ARG001
    # "B;A" and "A;B" are one value to Salesforce.
    pieces = values.cast(pl.String).str.split(";").list.eval(pl.element().str.strip_chars())
    pieces = pieces.list.eval(pl.element().filter(pl.element() != "")).list.unique().list.sort()
    return pl.when(pieces.list.len() > 0).then(pieces.list.join(";"))


def _plain_text(values: pl.Expr) -> pl.Expr:
    text = values.cast(pl.String).str.strip_chars()
    return pl.when(text != "").then(text)


def _record_id_text(values: pl.Expr, dtype: pl.DataType) -> pl.Expr:  # noqa: ARG001
    text = _plain_text(values)
    return pl.when(text.str.contains(_SHORT_ID)).then(to_18(text)).otherwise(text)


def _boolean_text(values: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if dtype == pl.Boolean:
        return values.cast(pl.String)
    text = _plain_text(values)
    return pl.coalesce(text.str.to_lowercase().replace_strict(_TRUTHS, default=None, return_dtype=pl.String), text)


def _number_text(values: pl.Expr, dtype: pl.DataType, scale: int) -> pl.Expr:
    if dtype.is_integer():
        return values.cast(pl.String)
    if dtype.is_numeric():
        return _decimal_text(values.cast(pl.Float64), scale)
    if dtype == pl.String:
        text = _plain_text(values)
        return pl.coalesce(_decimal_text(text.cast(pl.Float64, strict=False), scale), text)
    return _plain_text(values)


def _decimal_text(number: pl.Expr, scale: int) -> pl.Expr:
    # Rounded as a whole number of the field's smallest unit, whole and fraction apart, so that neither loses digits.
    # The nudge, a rounding error of the number itself, lets 2.675 (stored as 2.67499...) round up, which is what
    # Salesforce shows for what a person typed. Below `_EXACT_BELOW` the shortest text of the quotient is the decimal.
    unit = 10**scale
    size = number.abs()
    whole = size.floor()
    parts = ((size - whole) * unit + size * unit * 2.0**-53 + 0.5).floor()
    units = whole * unit + parts
    signed = pl.when((number < 0) & (units > 0)).then(-units).otherwise(units)
    exact = size * unit < _EXACT_BELOW
    rounded = signed.cast(pl.Int64, strict=False).cast(pl.String) if scale == 0 else _plain_decimal(signed, unit, scale)
    return pl.when(exact).then(rounded).otherwise(_shortest_text(pl.when(~exact & number.is_not_nan()).then(number)))


def _plain_decimal(units: pl.Expr, unit: int, scale: int) -> pl.Expr:
    divisor = units * 0 + unit  # a column: a scalar divisor would be multiplied by its reciprocal, 73 / 10 = 7.300...01
    text = (units / divisor).cast(pl.String).str.strip_suffix(".0")
    if scale < _EXPONENT_FROM:
        return text
    whole, parts = (units.abs().cast(pl.Int64, strict=False) // unit, units.abs().cast(pl.Int64, strict=False) % unit)
    small = pl.lit("0.") + parts.cast(pl.String).str.zfill(scale).str.strip_chars_end("0")
    small = pl.when(units < 0).then(pl.lit("-") + small).otherwise(small)
    return pl.when((whole != 0) | (parts == 0)).then(text).otherwise(small)


def _shortest_text(number: pl.Expr) -> pl.Expr:
    # More digits than a float holds at this scale: the shortest text that reads back as the same float.
    whole = number.cast(pl.Int64, strict=False)
    return pl.when(number == whole).then(whole.cast(pl.String)).otherwise(number.cast(pl.String))


def _date_text(values: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if dtype == pl.Date:
        return values.dt.strftime(_DATE)
    if isinstance(dtype, pl.Datetime):
        return values.dt.date().dt.strftime(_DATE)
    return _plain_text(values)


def _datetime_text(values: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if isinstance(dtype, pl.Datetime):
        # Without a zone nobody knows which moment is meant; the text says none either, and the pre-flight refuses it.
        return (
            values.dt.convert_time_zone("UTC").dt.strftime(_DATETIME)
            if dtype.time_zone
            else values.dt.strftime(_NO_ZONE)
        )
    if dtype == pl.Date:
        return values.dt.strftime("%Y-%m-%dT00:00:00.000Z")
    if dtype == pl.String:
        text = _plain_text(values)
        moment = text.str.to_datetime("%+", time_unit="ms", time_zone="UTC", strict=False)
        return pl.coalesce(moment.dt.strftime(_DATETIME), text)
    return _plain_text(values)


def _time_text(values: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if dtype == pl.Time:
        return values.dt.strftime(_TIME)
    text = _plain_text(values)
    if dtype != pl.String:
        return text
    parsed = [text.str.to_time(form, strict=False).dt.strftime(_TIME) for form in _TIME_FORMS]
    return pl.coalesce(*parsed, text)


def _base64_text(values: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    return values.bin.encode("base64") if dtype == pl.Binary else _plain_text(values)


def _lines_text(values: pl.Expr, dtype: pl.DataType) -> pl.Expr:  # noqa: ARG001
    # Salesforce keeps line ends as CR LF, files mostly as LF.
    return _plain_text(values.cast(pl.String).str.replace_all("\r\n", "\n", literal=True))


def _free_text(values: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if dtype.is_float():  # a text field of whole numbers says 12, as the file does, and not 12.0
        return _shortest_text(values.cast(pl.Float64).fill_nan(None))
    return _plain_text(values)


_FORMS = {
    "boolean": _boolean_text,
    "date": _date_text,
    "datetime": _datetime_text,
    "time": _time_text,
    "id": _record_id_text,
    "reference": _record_id_text,
    "multipicklist": _several_text,
    "base64": _base64_text,
    "textarea": _lines_text,
}


def to_18(ids: pl.Expr) -> pl.Expr:
    """Return the 18-character form of 15-character record ids; ids of any other length are returned as they are.

    Each character of the suffix stands for five of the id: their upper-case flags, the first as the lowest bit, are a
    number that is looked up in A-Z0-5. This is Salesforce's published algorithm.
    """
    flags = ids.str.replace_all(r"[^A-Z]", "0").str.replace_all(r"[A-Z]", "1")
    suffix = [
        flags.str.slice(start, 5).replace_strict(_SUFFIX, default=None, return_dtype=pl.String) for start in (0, 5, 10)
    ]
    return pl.when(ids.str.len_chars() == 15).then(pl.concat_str(ids, *suffix)).otherwise(ids)


def from_text(text: str | None, field_type: str) -> bool | int | float | str | None:
    """Return the JSON value that Salesforce's REST API takes for a canonical text.

    Raises ValueError for a number field whose text is no number; the pre-flight refuses those before.
    """
    if text is None:
        return None
    if field_type in BOOLEAN_TYPES:
        return text == "true"
    if field_type in INTEGER_TYPES:
        return int(text)
    if field_type in NUMBER_TYPES:
        return float(text)
    return text


def text_to_column(values: pl.Expr, field_type: str) -> pl.Expr:
    """Return the typed column of a canonical text column, the inverse of `to_text`."""
    if field_type in BOOLEAN_TYPES:
        return values == "true"
    if field_type in DATE_TYPES:
        return values.str.to_date(_DATE, strict=False)
    if field_type in DATETIME_TYPES:
        return values.str.to_datetime("%Y-%m-%dT%H:%M:%S%.fZ", time_unit="ms", time_zone="UTC", strict=False)
    if field_type in TIME_TYPES:
        return values.str.to_time("%H:%M:%S%.fZ", strict=False)
    if field_type in SEVERAL_TYPES:
        return _several_text(values, pl.String()).str.split(";")
    return values.cast(column_dtype(field_type), strict=False)


def column_dtype(field_type: str) -> pl.DataType:
    """Return the polars type of a column that holds values of a Salesforce field type."""
    if field_type in BOOLEAN_TYPES:
        return pl.Boolean()
    if field_type in INTEGER_TYPES:
        return pl.Int64()
    if field_type in NUMBER_TYPES:
        return pl.Float64()
    if field_type in DATE_TYPES:
        return pl.Date()
    if field_type in DATETIME_TYPES:
        return pl.Datetime("ms", "UTC")
    if field_type in TIME_TYPES:
        return pl.Time()
    if field_type in SEVERAL_TYPES:
        return pl.List(pl.String)
    return pl.String()
