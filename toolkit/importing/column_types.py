"""Columns of text to typed columns, cautiously: what is not certainly a number or a date stays text.

A column becomes numbers when every value is a plain decimal (``12``, ``-3.50``; ``00123`` is an id and stays text),
dates when every value is an ISO date (``2026-11-02``), times when every value is an ISO time with its zone, and true
or false when every value is one of these words. Where the mapping file *needs* numbers or dates, a value that is
neither is an error that names its line, never a silent null.
"""

from collections.abc import Iterable, Mapping
from typing import Literal

import polars as pl

from toolkit.errors import Fault
from toolkit.importing.csv_files import LINE, SHOWN

Need = Literal["any", "text", "number", "date", "figure"]
"""What a column is used for. A ``figure`` may be a number or a date; ``text`` is an id, of which zeros are kept."""

_PLAIN = r"^-?(0|[1-9]\d{0,14})(\.\d+)?$"
_INTEGER = r"^-?(0|[1-9]\d{0,14})$"
_NUMBER = r"^[+-]?\d+(\.\d+)?$"
_DATE = r"^\d{4}-\d{2}-\d{2}$"
_DATE_OR_TIME = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}.*)?$"
_TIME = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$"


def typed_columns(raw: pl.DataFrame, needs: Mapping[str, Need], place: str) -> tuple[pl.DataFrame, list[Fault]]:
    """Return `raw` with typed columns, and a fault for each of up to ten values that cannot be what is needed of it.

    `place` is what the numbers in `LINE` count: "line" or "row".
    """
    columns: list[pl.Series] = []
    faults: list[Fault] = []
    for series in raw.drop(LINE):
        need = needs.get(series.name, "any")
        column, wrong = _typed(series, need)
        columns.append(column)
        sort = "date" if need == "date" or column.dtype.is_temporal() else "number"
        faults += _faults(series.filter(wrong), raw[LINE].filter(wrong), sort, place)
    return pl.DataFrame([*columns, raw[LINE]]), faults


def _typed(series: pl.Series, need: Need) -> tuple[pl.Series, pl.Series]:
    """Return the typed column and where it lost a value that it was needed to keep."""
    text = series if series.dtype == pl.String else _plain(series, need)
    none_wrong = pl.repeat(False, series.len(), dtype=pl.Boolean, eager=True)
    if text.dtype != pl.String:
        return text, none_wrong if _serves(text.dtype, need) else text.is_not_null()
    if need == "text":
        return text, none_wrong
    if need == "any":
        return _inferred(text)
    if need == "figure":
        need = "date" if _matches(text, _DATE_OR_TIME) > _matches(text, _NUMBER) else "number"
    column = _numbers(text) if need == "number" else _dates(text)
    return column, column.is_null() & text.is_not_null()


def _inferred(text: pl.Series) -> tuple[pl.Series, pl.Series]:
    none_wrong = pl.repeat(False, text.len(), dtype=pl.Boolean, eager=True)
    given = text.drop_nulls()
    if given.is_empty():
        return text, none_wrong
    if _all(given, _PLAIN):
        return _numbers(text), none_wrong
    if _all(given, _DATE):
        dates = _dates(text)
        return dates, dates.is_null() & text.is_not_null()
    if _all(given, _TIME):
        times = text.str.to_datetime("%+", time_unit="ms", time_zone="UTC", strict=False)
        return times, times.is_null() & text.is_not_null()
    if given.str.to_lowercase().is_in(["true", "false"]).all():
        return text.str.to_lowercase() == "true", none_wrong
    return text, none_wrong


def _plain(series: pl.Series, need: Need) -> pl.Series:
    """Return a column of a Parquet file in one of the few types used here."""
    dtype = series.dtype
    if need == "text" or dtype in (pl.Categorical, pl.Enum, pl.Null):
        return series.cast(pl.String).str.strip_chars()
    if dtype.is_integer():
        return series.cast(pl.Int64)
    if dtype.is_float() or dtype.is_decimal():
        return series.cast(pl.Float64).fill_nan(None)
    if isinstance(dtype, pl.Datetime):
        if need in ("date", "figure"):
            return series.dt.date()
        return (series if dtype.time_zone else series.dt.replace_time_zone("UTC")).cast(pl.Datetime("ms", "UTC"))
    return series


def _serves(dtype: pl.DataType, need: Need) -> bool:
    number = dtype.is_numeric() or dtype == pl.Boolean
    fits = {"number": number, "date": dtype == pl.Date, "figure": number or dtype == pl.Date}
    return fits.get(need, True)


def _numbers(text: pl.Series) -> pl.Series:
    plain = text.set(~text.str.contains(_NUMBER).fill_null(value=False), None)
    whole = _all(plain.drop_nulls(), _INTEGER)
    return plain.cast(pl.Int64 if whole else pl.Float64, strict=False)


def _dates(text: pl.Series) -> pl.Series:
    days = text.set(~text.str.contains(_DATE_OR_TIME).fill_null(value=False), None).str.slice(0, 10)
    return days.str.to_date("%Y-%m-%d", strict=False)


def _all(given: pl.Series, pattern: str) -> bool:
    return bool(given.str.contains(pattern).all())


def _matches(text: pl.Series, pattern: str) -> int:
    return int(text.str.contains(pattern).sum() or 0)


def _faults(values: pl.Series, lines: pl.Series, sort: str, place: str) -> Iterable[Fault]:
    wanted = "a date; write it like 2026-12-31" if sort == "date" else "a plain number; write it like 1234.50"
    for number, value in zip(lines.head(SHOWN), values.head(SHOWN), strict=True):
        column = f'column "{values.name}"'
        said = f'"{value}" is not {wanted}'
        yield Fault(column, said, number) if place == "line" else Fault(f"{place} {number}, {column}", said)
