"""Columns of text to typed columns, cautiously: what is not certainly a number or a date stays text.

A column becomes numbers when every value is a plain decimal (``12``, ``-3.50``; ``00123`` is an id and stays text),
dates when every value is an ISO date (``2026-11-02``), times when every value is an ISO time with its zone, and true
or false when every value is one of these words; local notations join in when the source says how they are written, see
`toolkit.sources.local_formats`. Where the mapping file *needs* numbers or dates, a value that is neither is a fault
with its place, never a silent null.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import polars as pl

from toolkit.config.sources import Source
from toolkit.errors import Fault
from toolkit.sources import local_formats
from toolkit.sources.rejects import CELLS, LINE, cells_of

Need = Literal["any", "value", "text", "number", "date", "figure", "moment", "time"]
"""What a column is used for. ``text`` is an id, of which zeros are kept. A ``figure`` may be a number or a date. A
``moment`` is a date or a time, a ``time`` always with its clock. A ``value`` goes to Salesforce: it may be anything,
but never something that could be read in two ways."""

_PLAIN = r"^-?(0|[1-9]\d{0,14})(\.\d+)?$"
EXACT = 1e15
"""From here on a number that a spreadsheet or a float kept may have lost digits."""

_WANTED = {
    "number": "is not a plain number; write it like 1234.50",
    "date": "is not a date; write it like 2026-12-31",
    "time": "is not a time; write it like 2026-12-31T08:00:00Z",
    "text": "is a number of more digits than the file can keep; store it as text",
}
Sort = Literal["number", "date", "time", "text"]


@dataclass(frozen=True)
class Typed:
    """The typed columns; the cells that cannot be what is needed of them (`CELLS`); and what only a setting of the
    source can decide, one fault a column.
    """

    columns: pl.DataFrame
    wrong: pl.DataFrame
    undecided: tuple[Fault, ...]


def typed_columns(raw: pl.DataFrame, needs: Mapping[str, Need], source: Source) -> Typed:
    """Return `raw` with typed columns, and what is wrong with it; `LINE` stays as it is."""
    columns: list[pl.Series] = []
    wrong: list[pl.DataFrame] = [CELLS.empty()]
    undecided: list[Fault] = []
    for series in raw.drop(LINE):
        need = needs.get(series.name, "any")
        column, lost, sort = _typed(series, need, source)
        columns.append(column)
        cells = _cells(series, raw[LINE], lost, sort)
        setting = _setting(cells["value"].drop_nulls(), need, sort, source) if cells.height else None
        if setting is None and need == "value" and column.dtype == pl.String:
            setting = _local_throughout(column.drop_nulls(), source)
        if setting is not None:
            shown = cells if cells.height else _cells(series, raw[LINE], series.is_not_null(), sort)
            undecided.append(_undecided(series.name, shown, setting))
        else:
            wrong.append(cells)
    return Typed(pl.DataFrame([*columns, raw[LINE]]), pl.concat(wrong), tuple(undecided))


def _typed(series: pl.Series, need: Need, source: Source) -> tuple[pl.Series, pl.Series, Sort]:
    """Return the typed column, where it lost a value that it was needed to keep, and what these were to be."""
    text = series if series.dtype == pl.String else _plain(series, need, source)
    none_wrong = pl.repeat(False, series.len(), dtype=pl.Boolean, eager=True)
    if need == "text":
        return text, (text.is_null() & series.is_not_null()) if series.dtype.is_float() else none_wrong, "text"
    if text.dtype != pl.String:
        return _of_a_typed_file(series, text, need, source)
    if need in ("any", "value"):
        return _inferred(text, source)
    if need == "figure":
        iso = local_formats.iso_days(text, source)
        plain = local_formats.plain_numbers(text, source)
        dated = iso.str.contains(local_formats.DATE_OR_TIME).sum() > plain.is_not_null().sum()
        need = "date" if dated else "number"
    if need == "moment":
        given = local_formats.iso_days(text.drop_nulls(), source)
        need = "date" if given.str.contains(local_formats.DATE).all() else "time"
    sort: Sort = "number" if need == "number" else "date" if need == "date" else "time"
    read = {"number": local_formats.numbers, "date": local_formats.dates, "time": local_formats.times}[sort]
    column = read(text, source)
    return column, column.is_null() & text.is_not_null(), sort


def _of_a_typed_file(
    series: pl.Series, plain: pl.Series, need: Need, source: Source
) -> tuple[pl.Series, pl.Series, Sort]:
    none_wrong = pl.repeat(False, series.len(), dtype=pl.Boolean, eager=True)
    if need in ("any", "value"):
        return plain, none_wrong, "text"
    number = plain.dtype.is_numeric() or plain.dtype == pl.Boolean
    timed = plain.dtype.base_type() == pl.Datetime
    if need == "time" and plain.dtype == pl.Date:
        naive = plain.cast(pl.Datetime("ms"))
        return local_formats.in_utc(naive, source.time_zone or "UTC"), none_wrong, "time"
    fits = {
        "number": number, "date": plain.dtype == pl.Date, "figure": number or plain.dtype == pl.Date,
        "moment": timed or plain.dtype == pl.Date, "time": timed,
    }  # fmt: skip
    sort: dict[str, Sort] = {"figure": "number", "moment": "time"}
    lost = none_wrong if fits[need] else plain.is_not_null()
    if fits[need] and timed and source.time_zone is None and _has_no_zone(series):
        lost = plain.is_not_null()
    return plain, lost, sort.get(need, need)  # type: ignore[arg-type]


def _has_no_zone(series: pl.Series) -> bool:
    return isinstance(series.dtype, pl.Datetime) and series.dtype.time_zone is None


def _inferred(text: pl.Series, source: Source) -> tuple[pl.Series, pl.Series, Sort]:
    none_wrong = pl.repeat(False, text.len(), dtype=pl.Boolean, eager=True)
    given = text.drop_nulls()
    if given.is_empty():
        return text, none_wrong, "text"
    if _all(local_formats.plain_numbers(given, source).fill_null(""), _PLAIN):
        return local_formats.numbers(text, source), none_wrong, "number"
    if _all(local_formats.iso_days(given, source), local_formats.DATE):
        dates = local_formats.dates(text, source)
        return dates, dates.is_null() & text.is_not_null(), "date"
    if local_formats.looks_like_times(given, source):
        return local_formats.times(text, source), none_wrong, "time"
    if given.str.to_lowercase().is_in(["true", "false"]).all():
        return text.str.to_lowercase() == "true", none_wrong, "text"
    return text, none_wrong, "text"


def _plain(series: pl.Series, need: Need, source: Source) -> pl.Series:
    """Return a column of a typed file in one of the few types used here."""
    dtype = series.dtype
    if dtype.is_float() and need == "text":
        return _ids(series)
    if need == "text" or dtype in (pl.Categorical, pl.Enum, pl.Null):
        text = series.cast(pl.String).str.strip_chars()
        return text.set(text == "", None)
    if dtype.is_integer():
        return series.cast(pl.Int64)
    if dtype.is_float() or dtype.is_decimal():
        return series.cast(pl.Float64).fill_nan(None)
    if isinstance(dtype, pl.Datetime):
        zone = source.time_zone or "UTC"
        if need in ("date", "figure"):
            return (series.dt.convert_time_zone(zone) if dtype.time_zone and source.time_zone else series).dt.date()
        return (
            series.dt.convert_time_zone("UTC").cast(pl.Datetime("ms", "UTC"))
            if dtype.time_zone
            else local_formats.in_utc(series, zone)
        )
    return series


def _ids(series: pl.Series) -> pl.Series:
    """Return ids that a file kept as decimals as text, ``7`` and not ``7.0``; null where it may have lost digits."""
    number = series.cast(pl.Float64).fill_nan(None)
    whole = (number == number.floor()) & (number.abs() < EXACT)
    exact = number.set(~whole.fill_null(value=True), None).cast(pl.Int64).cast(pl.String)
    fraction = number.set((number.abs() >= EXACT).fill_null(value=True), None).cast(pl.String)
    return exact.fill_null(fraction)


def _setting(wrong: pl.Series, need: Need, sort: Sort, source: Source) -> str | None:
    """Return what to add to the source so that the wrong values of a column are none, as far as that is the reason."""
    if need == "any" or sort == "text":
        return None
    if sort == "number":
        said = local_formats.number_setting(wrong) if source.decimal is None and source.thousands is None else None
        return said or (None if source.dates or need != "figure" else local_formats.date_setting(wrong))
    said = local_formats.date_setting(wrong) if source.dates is None else None
    return said or (local_formats.zone_setting(wrong, source) if sort == "time" else None)


def _local_throughout(given: pl.Series, source: Source) -> str | None:
    """Return what to add when every value of a column of text is a date or a number in some local notation."""
    if given.is_empty():
        return None
    for tried in (source.model_copy(update={"dates": each}) for each in ("day_first", "month_first")):
        if source.dates is None and local_formats.dates(given, tried).null_count() == 0:
            return local_formats.date_setting(given)
    if source.decimal is not None or source.thousands is not None:
        return None
    for decimal, thousands in ((",", "."), (",", " "), (",", "'"), (".", ","), (".", "'"), (".", " ")):
        tried = source.model_copy(update={"decimal": decimal, "thousands": thousands})
        if local_formats.plain_numbers(given, tried).null_count() == 0 and given.str.contains(r"[.,]").any():
            return local_formats.number_setting(given)
    return None


def _undecided(name: str, cells: pl.DataFrame, setting: str) -> Fault:
    value, line = cells.select("value", LINE).row(0)
    return Fault(f'column "{name}"', f'"{value}" is not in plain notation. {setting}', line)


def _cells(series: pl.Series, lines: pl.Series, wrong: pl.Series, sort: Sort) -> pl.DataFrame:
    values = series.filter(wrong)
    return cells_of(lines.filter(wrong), series.name, values, _WANTED[sort])


def _all(given: pl.Series, pattern: str) -> bool:
    return bool(given.str.contains(pattern).all())
