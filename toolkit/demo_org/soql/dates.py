"""The relative date literals of SOQL, from TODAY to LAST_N_FISCAL_QUARTERS:n.

A literal is a range of days, half open: ``=`` means within it, ``<`` before its first day, ``>`` after its last. Days
are days of the user's time zone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

EARLIEST = date(1700, 1, 1)
LATEST = date(4000, 12, 31)

_UNITS = ("DAY", "WEEK", "MONTH", "QUARTER", "YEAR", "FISCAL_QUARTER", "FISCAL_YEAR")
_PLAIN: dict[str, tuple[str, int]] = {"TODAY": ("DAY", 0), "YESTERDAY": ("DAY", -1), "TOMORROW": ("DAY", 1)} | {
    f"{word}_{unit}": (unit, step)
    for unit in _UNITS
    if unit != "DAY"
    for word, step in (("LAST", -1), ("THIS", 0), ("NEXT", 1))
}
_NINETY = {"LAST_90_DAYS": "LAST_N_DAYS", "NEXT_90_DAYS": "NEXT_N_DAYS"}
_COUNTED: dict[str, tuple[str, str]] = {
    name: (unit, way)
    for unit in _UNITS
    for name, way in (
        (f"LAST_N_{unit}S", "last"),
        (f"NEXT_N_{unit}S", "next"),
        (f"N_{unit}S_AGO", "ago"),
    )
}
PLAIN_LITERALS = frozenset(_PLAIN) | frozenset(_NINETY)
COUNTED_LITERALS = frozenset(_COUNTED)


@dataclass(frozen=True)
class Calendar:
    """Where weeks and fiscal years begin: the user's locale says the one, the org's settings the other."""

    week_starts_on: int = 6  # Monday is 0; Sunday is the en_US locale's
    fiscal_year_starts_in: int = 1  # the month


USUAL = Calendar()


def days_of(literal: str, count: int | None, today: date, calendar: Calendar = USUAL) -> tuple[date, date]:
    """Return the first day of a literal (in capitals) and the day after its last.

    ``LAST_N_DAYS:n`` includes today; every other LAST_N leaves the current unit out, as NEXT_N does.
    """
    if literal in _PLAIN:
        unit, step = _PLAIN[literal]
        start = _start(unit, today, calendar)
        return _moved(unit, start, step), _moved(unit, start, step + 1)
    if literal in _NINETY:
        return days_of(_NINETY[literal], 90, today, calendar)
    unit, way = _COUNTED[literal]
    number = min(count or 0, 1_000_000)
    start = _start(unit, today, calendar)
    if way == "ago":
        return _moved(unit, start, -number), _moved(unit, start, 1 - number)
    if way == "next":
        return _moved(unit, start, 1), _moved(unit, start, 1 + number)
    return _moved(unit, start, -number), _moved(unit, start, 1) if unit == "DAY" else start


def start_of_day(day: date, zone: tzinfo) -> datetime:
    """Return the moment, in UTC, at which a day of that time zone starts."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def literals() -> Iterator[str]:
    """Every literal there is, the counted ones without their n."""
    yield from sorted(PLAIN_LITERALS | COUNTED_LITERALS)


def _start(unit: str, day: date, calendar: Calendar) -> date:
    if unit == "DAY":
        return day
    if unit == "WEEK":
        return day - timedelta(days=(day.weekday() - calendar.week_starts_on) % 7)
    months = _months(unit)
    first_month = calendar.fiscal_year_starts_in if unit.startswith("FISCAL") else 1
    since = (day.month - first_month) % 12 % months
    return _months_later(day.replace(day=1), -since)


def _moved(unit: str, start: date, count: int) -> date:
    if unit in ("DAY", "WEEK"):
        days = count * (7 if unit == "WEEK" else 1)
        if abs(days) > (LATEST - EARLIEST).days:
            return LATEST if days > 0 else EARLIEST
        return _within_reach(start.toordinal() + days)
    return _months_later(start, count * _months(unit))


def _months(unit: str) -> int:
    return {"MONTH": 1, "QUARTER": 3, "YEAR": 12}[unit.removeprefix("FISCAL_")]


def _months_later(first_of_month: date, months: int) -> date:
    year, month = divmod(first_of_month.year * 12 + first_of_month.month - 1 + months, 12)
    if year < EARLIEST.year:
        return EARLIEST
    return LATEST if year > LATEST.year else date(year, month + 1, 1)


def _within_reach(ordinal: int) -> date:
    return date.fromordinal(max(EARLIEST.toordinal(), min(LATEST.toordinal(), ordinal)))
