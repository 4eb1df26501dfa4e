"""The canonical text of a Salesforce value, and the way back.

Both sides of a comparison are brought to one text form, so that a plan reads the same in a notebook, a CSV and the
journal, and so that a difference in the text is a difference in Salesforce. The forms are those Salesforce's own Bulk
API uses: ``true``/``false``, plain decimals rounded half up to the field's scale, ``2026-05-24``,
``2026-05-24T07:25:37.000Z``, text without surrounding blanks. Null and empty text are both null, as in Salesforce.
"""

import polars as pl

BOOLEAN_TYPES = frozenset({"boolean"})
INTEGER_TYPES = frozenset({"int"})
NUMBER_TYPES = frozenset({"double", "currency", "percent"})
DATE_TYPES = frozenset({"date"})
DATETIME_TYPES = frozenset({"datetime"})


def to_text(values: pl.Expr, dtype: pl.DataType, field_type: str, scale: int = 0) -> pl.Expr:
    """Return an expression of the canonical text of `values`, a column of type `dtype`.

    `field_type` is the Salesforce type of the field the value belongs to and `scale` its decimal places.
    """
    if field_type in BOOLEAN_TYPES:
        truth = values if dtype == pl.Boolean else values.cast(pl.String).str.to_lowercase().is_in(["true", "1", "yes"])
        return (
            pl.when(values.is_null())
            .then(None)
            .otherwise(pl.when(truth).then(pl.lit("true")).otherwise(pl.lit("false")))
        )
    if field_type in INTEGER_TYPES:
        return values.cast(pl.Float64, strict=False).round(0, mode="half_away_from_zero").cast(pl.Int64).cast(pl.String)
    if field_type in NUMBER_TYPES:
        return _decimal_text(values.cast(pl.Float64, strict=False), scale)
    if field_type in DATE_TYPES:
        if dtype == pl.Date:
            return values.dt.strftime("%Y-%m-%d")
        if isinstance(dtype, pl.Datetime):
            return values.dt.date().dt.strftime("%Y-%m-%d")
    if field_type in DATETIME_TYPES and isinstance(dtype, pl.Datetime):
        utc = values.dt.convert_time_zone("UTC") if dtype.time_zone else values
        return utc.dt.strftime("%Y-%m-%dT%H:%M:%S%.3fZ")
    text = values.cast(pl.String).str.strip_chars()
    return pl.when(text == "").then(None).otherwise(text)


def _decimal_text(number: pl.Expr, scale: int) -> pl.Expr:
    # Decimals are cut from the integer number of the field's smallest unit: floats would print 0.30000000000000004.
    # The nudge lets 2.675 (stored as 2.67499...) round up, which is what Salesforce shows for what a person typed.
    unit = 10**scale
    scaled = (number.abs() * unit + 0.5 + 1e-7).floor().cast(pl.Int64)
    sign = pl.when((number < 0) & (scaled > 0)).then(pl.lit("-")).otherwise(pl.lit(""))
    whole = (scaled // unit).cast(pl.String)
    if scale == 0:
        return sign + whole
    cents = (scaled % unit).cast(pl.String).str.zfill(scale).str.strip_chars_end("0")
    return sign + whole + pl.when(cents == "").then(pl.lit("")).otherwise(pl.lit(".") + cents)


def from_text(text: str | None, field_type: str) -> bool | int | float | str | None:
    """Return the JSON value that Salesforce's REST API takes for a canonical text."""
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
    return (
        values.cast(column_dtype(field_type), strict=False)
        if field_type not in DATE_TYPES | DATETIME_TYPES
        else (
            values.str.to_date("%Y-%m-%d", strict=False)
            if field_type in DATE_TYPES
            else values.str.to_datetime("%Y-%m-%dT%H:%M:%S%.fZ", time_unit="ms", time_zone="UTC", strict=False)
        )
    )


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
    return pl.String()
