"""Records of two origins in one frame: columns of different types are brought to one that loses nothing.

A column here has the type its file gave it, the same column from Salesforce the type of its field. Where the values
fit into the type that stands, it stays; where they do not, numbers become wider, and everything else becomes text.
"""

import polars as pl

from toolkit.values import text_to_column, to_text

_EVERY_DECIMAL = 15


def stacked(upper: pl.DataFrame, lower: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of both, with the columns of both; those that one of them lacks are null there."""
    shared = [name for name in upper.columns if name in lower.columns]
    pairs = {name: together(upper[name], lower[name]) for name in shared}
    top = upper.with_columns(one for one, _ in pairs.values())
    bottom = lower.with_columns(other for _, other in pairs.values())
    return pl.concat([top, bottom], how="diagonal")


def together(standing: pl.Series, coming: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return both columns in one type: that of the one that stands here if the other fits in it."""
    one, other = standing.dtype, coming.dtype
    if one == other:
        return standing, coming
    if standing.null_count() == standing.len():
        return _nulls(standing, other), coming
    if coming.null_count() == coming.len():
        return standing, _nulls(coming, one)
    fitting = None if one.is_nested() else _fitted(coming, one)
    if fitting is not None:
        return standing, fitting
    if one.is_numeric() and other.is_numeric():
        return standing.cast(pl.Float64), coming.cast(pl.Float64)
    return _as_text(standing), _as_text(coming)


def _nulls(column: pl.Series, dtype: pl.DataType) -> pl.Series:
    return pl.Series(column.name, [None] * column.len(), dtype)


def _fitted(coming: pl.Series, dtype: pl.DataType) -> pl.Series | None:
    """Return the column in another type when every value is the same in it, else None."""
    if dtype == pl.String:
        return _as_text(coming)
    kind = _kind(dtype)
    if coming.dtype == pl.String:
        typed = pl.select(text_to_column(pl.lit(coming.str.strip_chars()), kind)).to_series().alias(coming.name)
    elif _kind(coming.dtype) == kind:
        typed = coming
    else:
        return None
    fitted = typed.cast(dtype, strict=False)
    return fitted if _text(fitted, kind).equals(_text(coming, kind), null_equal=True) else None


def _text(values: pl.Series, kind: str) -> pl.Series:
    return pl.select(to_text(pl.lit(values), values.dtype, kind, _EVERY_DECIMAL)).to_series()


def _as_text(values: pl.Series) -> pl.Series:
    kind = "multipicklist" if isinstance(values.dtype, pl.List) else _kind(values.dtype)
    return values if values.dtype == pl.String else _text(values, kind).alias(values.name)


def _kind(dtype: pl.DataType) -> str:
    """Return the Salesforce type whose canonical text tells values of a type apart."""
    if dtype.is_numeric():
        return "double"
    return {pl.Boolean: "boolean", pl.Date: "date", pl.Datetime: "datetime"}.get(dtype.base_type(), "string")
