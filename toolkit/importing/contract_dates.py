"""The days of an agreement: its start, its end and the last day of notice, each from a field or a frozen value.

All are polars expressions over the wide records of Salesforce, one column a path. A day of a moment is its day in UTC.

A length runs by the calendar. The end is the day before the same day so many months later, so twelve months from
2026-01-15 end on 2027-01-14; where that month has no such day, the day before its last one, as Salesforce reckons the
end of a contract. A notice is reckoned back from the day after the end, and is given at the latest on the day before
it begins: three months before an end on 2026-12-31 leave until 2026-09-30.
"""

import re
from datetime import date
from typing import cast

import polars as pl

from toolkit.config.agreements import Interval, Term
from toolkit.errors import InputError
from toolkit.writeback.planning.sentences import sentence, shown

DAY = pl.duration(days=1)
_LONGEST: dict[Interval, int] = {"day": 365_250, "week": 52_178, "month": 12_000, "year": 1_000}
"""A length of more than a thousand years is a slip."""
_SUFFIXES: dict[Interval, str] = {"day": "d", "week": "w", "month": "mo", "year": "y"}


def day(path: str, schema: pl.Schema) -> pl.Expr:
    """Return the day that the field holds: a date, the day of a moment, or text like 2026-01-31; otherwise null."""
    dtype, value = schema[path], pl.col(path)
    if dtype == pl.String:
        return value.str.strip_chars().str.head(10).str.to_date("%Y-%m-%d", strict=False)
    if dtype == pl.Date or isinstance(dtype, pl.Datetime):
        return value.cast(pl.Date)
    return pl.lit(None, pl.Date)


def number(path: str, schema: pl.Schema) -> pl.Expr:
    """Return the number that the field holds, also where it is text; null for what is no finite number."""
    value = pl.col(path).str.strip_chars() if schema[path] == pl.String else pl.col(path)
    read = value.cast(pl.Float64, strict=False)
    return pl.when(read.is_finite()).then(read)


def filled(path: str, schema: pl.Schema) -> pl.Expr:
    """Return whether the field holds anything."""
    value = pl.col(path)
    if schema[path] == pl.String:
        return (value.str.strip_chars() != "").fill_null(value=False)
    return value.is_not_null()


def end_day(term: Term | None, start: pl.Expr, schema: pl.Schema) -> pl.Expr:
    """Return the last day (SKA-30): null for an open end, and where `fault_of` has something to say."""
    if term is None:
        return pl.lit(None, pl.Date)
    if term.date:
        return day(term.date, schema)
    if term.duration:
        return _after(start, _length(term.duration, term.unit, schema), _SUFFIXES[term.unit])
    frozen = _frozen(str(term.manual))
    return pl.lit(frozen) if isinstance(frozen, date) else _after(start, pl.lit(frozen[0]), _SUFFIXES[frozen[1]])


def notice_day(term: Term | None, end: pl.Expr, schema: pl.Schema) -> pl.Expr:
    """Return the last day on which notice can be given (SKA-30), null where none is said or there is no end."""
    if term is None:
        return pl.lit(None, pl.Date)
    if term.date:
        return day(term.date, schema)
    if term.duration:
        return _before(end, _length(term.duration, term.unit, schema), _SUFFIXES[term.unit])
    frozen = _frozen(str(term.manual))
    return pl.lit(frozen) if isinstance(frozen, date) else _before(end, pl.lit(frozen[0]), _SUFFIXES[frozen[1]])


def fault_of(term: Term | None, schema: pl.Schema) -> pl.Expr:
    """Return in words why the field of `term` cannot be read, null where it can or is empty."""
    path = (term.date or term.duration) if term else None
    if term is None or path is None:
        return pl.lit(None, pl.String)
    text = shown(pl.col(path).cast(pl.String).str.strip_chars())
    if term.date:
        unread, wanted = day(path, schema).is_null(), "which is no date"
    else:
        unread = _length(path, term.unit, schema).is_null()
        wanted = f"which is no whole number of {term.unit}s from 0 to {_LONGEST[term.unit]}"
    return pl.when(filled(path, schema) & unread).then(sentence(f"{path} is ", text, f", {wanted}"))


def given_in_salesforce(term: Term | None, schema: pl.Schema) -> pl.Expr:
    """Return whether a field of Salesforce says something for `term`; a frozen value is not in Salesforce (SKA-31)."""
    path = (term.date or term.duration) if term else None
    return filled(path, schema) if path else pl.lit(value=False)


def _length(path: str, unit: Interval, schema: pl.Schema) -> pl.Expr:
    read = number(path, schema)
    return pl.when((read == read.floor()) & read.is_between(0, _LONGEST[unit])).then(read.cast(pl.Int64, strict=False))


def _after(start: pl.Expr, count: pl.Expr, suffix: str) -> pl.Expr:
    return start.dt.offset_by(pl.format("{}" + suffix, count)) - DAY


def _before(end: pl.Expr, count: pl.Expr, suffix: str) -> pl.Expr:
    return (end + DAY).dt.offset_by(pl.format("-{}" + suffix, count)) - DAY


def _frozen(text: str) -> date | tuple[int, Interval]:
    """Return a frozen value: a day, or a length as its number and unit. Raises InputError for a day that is none."""
    length = re.fullmatch(r"(\d+) (day|week|month|year)s?", text)
    if length is None:
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise InputError(f"{text} is no day of the calendar", hint="correct `manual` in the mapping file") from None
    count, unit = int(length[1]), cast("Interval", length[2])
    if count > _LONGEST[unit]:
        raise InputError(f"{text} is more than a thousand years", hint="correct `manual` in the mapping file")
    return count, unit
