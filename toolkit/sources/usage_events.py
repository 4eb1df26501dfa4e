"""Usage events to one row an account and period: the one place where more may come than one machine holds.

Written once against narwhals, so that polars, DuckDB and Spark give the same digits; who runs it is decided by where
the events are (`toolkit.sources.event_engines`).
"""

from typing import Any

import narwhals as nw
import polars as pl

from toolkit.config.sources import PERIOD_END, Period
from toolkit.frames import RECORD_KEY
from toolkit.sources.periods import period_end

PERIOD_START = "period_start"
ACCOUNT, AT, USER, EVENT = "account", "at", "user", "event"
"""The columns of events: text but for `AT`, which is a time without a zone, on the clocks whose midnight begins a
day."""


def per_period(events: Any, period: Period) -> Any:
    """Return the events of each account and period, on whatever engine `events` (a lazy frame of it) is.

    Columns: account, period_start (Date), events, active_users and distinct_events, the last two where the events have
    such a column. Weeks begin on Monday (ISO 8601). An event without account or time is in no row, one without a user
    counts as an event and as nobody.
    """
    frame = nw.from_native(events)
    known = frame.collect_schema().names()
    placed = frame.filter(~nw.col(ACCOUNT).is_null(), ~nw.col(AT).is_null())
    dated = placed.with_columns(_start(period).cast(nw.Date).alias(PERIOD_START))
    distinct = {"active_users": USER, "distinct_events": EVENT}
    counted = dated.group_by(ACCOUNT, PERIOD_START).agg(
        nw.len().cast(nw.Int64).alias("events"),
        *(_distinct(column).alias(name) for name, column in distinct.items() if column in known),
    )
    return counted.to_native()


def incomplete(events: Any) -> Any:
    """Return one row: how many events there are, how many of them have no account, and how many others no time."""
    frame = nw.from_native(events)
    nobody, never = nw.col(ACCOUNT).is_null(), nw.col(AT).is_null()
    counted = frame.select(
        nw.len().cast(nw.Int64).alias("read"),
        nobody.cast(nw.Int64).sum().alias("without_account"),
        (~nobody & never).cast(nw.Int64).sum().alias("without_time"),
    )
    return counted.to_native()


def activity(counted: pl.DataFrame, period: Period) -> pl.DataFrame:
    """Return what `per_period` counted as rows of an activity source, sorted by account and period.

    Columns: id, period_start, period_end (the last day of the period), events, active_users, distinct_events.
    """
    return counted.select(
        pl.col(ACCOUNT).alias(RECORD_KEY),
        pl.col(PERIOD_START).cast(pl.Date),
        period_end(pl.col(PERIOD_START), period).alias(PERIOD_END),
        "events",
        *(pl.col(name) for name in ("active_users", "distinct_events") if name in counted.columns),
    ).sort(RECORD_KEY, PERIOD_START)


def _start(period: Period) -> nw.Expr:
    day = nw.col(AT).dt.truncate("1d")
    if period == "month":
        return nw.col(AT).dt.truncate("1mo")
    if period == "day":
        return day
    weekday = nw.col(AT).dt.weekday() % 7  # a Sunday is 7, or 0 on Spark
    start = day  # of a Monday; not every engine can truncate to weeks
    for after in range(1, 7):
        start = nw.when(weekday == (1 + after) % 7).then(day.dt.offset_by(f"-{after}d")).otherwise(start)
    return start


def _distinct(column: str) -> nw.Expr:
    """Return how many different values there are; `n_unique` counts null as one."""
    nulls = nw.col(column).is_null().cast(nw.Int64).max()
    return (nw.col(column).n_unique().cast(nw.Int64) - nulls).cast(nw.Int64)
