"""Rows that tell of a period: a week's logins count once the week is over, so windows look at its last day.

Windows that end in the middle of a week would else hold one week less than the windows before them, and a steady
account would seem to lose.
"""

import polars as pl

from toolkit.config.sources import PERIOD_END, Source
from toolkit.errors import SourceError

_LENGTHS = {"day": "1d", "week": "1w", "month": "1mo"}


def with_period_end(records: pl.DataFrame, source: Source) -> pl.DataFrame:
    """Return the rows of a source with a `period` with the last day of theirs as `PERIOD_END`; others as they are.

    Raises SourceError when the file has a column of that name.
    """
    if source.period is None or source.date is None:
        return records
    if PERIOD_END in records.columns:
        raise SourceError(
            f'{source.label} has a column "{PERIOD_END}", which is a name kept for the toolkit.',
            hint="Rename the column in the file, or leave the period out and name this column as its date.",
        )
    return records.with_columns(period_end(pl.col(source.date).cast(pl.Date), source.period).alias(PERIOD_END))


def period_end(first_day: pl.Expr, period: str) -> pl.Expr:
    """Return the last day of the day, week or month that begins on `first_day`."""
    return first_day.dt.offset_by(_LENGTHS[period]).dt.offset_by("-1d")
