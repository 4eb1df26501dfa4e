"""Recurring revenue by account and month, and one-time fees apart from it.

The snapshot rule: the revenue of a month is that of the agreements in force on its first day. An agreement is in force
from its start to its last day, both included; a tacit one runs on as `running` says. What follows from it:

- What starts on the 15th first counts in the month after; what ends on the last day of a month counts in that month and
  not in the next; what ends on the first still counts in the month that begins.
- A renewal that starts the day after the end leaves no gap. Days without an agreement are a gap only when a first of a
  month is among them: then the account has left, and comes back.
- Agreements that overlap add up, also when they have the same plan: both are owed.
- One that ends on the very day on which another of its account starts (a renewal or an upgrade on the same day, from
  CRMs that write down the anniversary as the end) hands over on that day, and is not counted beside it.
- An agreement in force on no first of a month is in no month; imports remark on it.

Two consecutive agreements of the same amounts are the same as one, and the order of rows never matters.
"""

from datetime import date

import polars as pl

from toolkit.frames import MRR, ONE_TIME_FEES, conform
from toolkit.revenue.money import cents, money
from toolkit.revenue.running import DAY, with_runs

_KEY = ["account_id", "currency", "mrr", "arr"]
"""Agreements alike in these are interchangeable for sums: what counts is how many of them run."""


def monthly(agreements: pl.DataFrame, last: date) -> pl.DataFrame:
    """Return `frames.MRR`: each account's revenue in each month from its first to the month of `last`.

    `agreements` as `frames.AGREEMENTS`. Each currency is for itself and is never added to another. An account that
    never had recurring revenue has no rows; one that left has rows of zero. A renewal to come, other than a tacit one,
    is not assumed: months after today fall by what has no follow-up yet.
    """
    deltas = (
        _handed_over(_events(agreements))
        .with_columns(month=_first_at_or_after(pl.col("day")))
        .filter(pl.col("month") <= last)
        .group_by("account_id", "currency", "month")
        .agg(mrr=(pl.col("mrr") * pl.col("n")).sum(), arr=(pl.col("arr") * pl.col("n")).sum())
        .filter((pl.col("mrr") != 0) | (pl.col("arr") != 0))
    )
    months = (
        deltas.group_by("account_id", "currency")
        .agg(month=pl.col("month").min())
        .select("account_id", "currency", month=pl.date_ranges("month", pl.lit(last.replace(day=1)), "1mo"))
        .explode("month")
        .sort("account_id", "currency", "month")
    )
    filled = months.join(deltas, on=["account_id", "currency", "month"], how="left", maintain_order="left")
    levels = (pl.col(name).fill_null(0).cum_sum().over("account_id", "currency") for name in ("mrr", "arr"))
    return conform(filled.with_columns(levels).with_columns(money(pl.col("mrr")), money(pl.col("arr"))), MRR)


def one_time_fees(agreements: pl.DataFrame) -> pl.DataFrame:
    """Return `frames.ONE_TIME_FEES`: fees (SKA-28) in the month in which their agreement starts, none in any MRR."""
    return conform(
        agreements.with_columns(_fee=cents(pl.col("one_time")))
        .filter(pl.col("_fee") != 0)
        .group_by("account_id", "currency", month=pl.col("start").dt.month_start())
        .agg(one_time=pl.col("_fee").sum())
        .with_columns(money(pl.col("one_time"))),
        ONE_TIME_FEES,
    )


def _events(agreements: pl.DataFrame) -> pl.DataFrame:
    """Return ``n``, how many agreements of a key more (or fewer) run from a ``day`` on; amounts in hundredths."""
    runs = with_runs(agreements).with_columns(cents(pl.col("mrr")), cents(pl.col("arr")))
    starts = runs.select(*_KEY, day="start", n=1)
    stops = runs.select(*_KEY, day=pl.col("until") + DAY, n=-1).drop_nulls("day")
    return _net(pl.concat([starts, stops]))


def _net(events: pl.DataFrame) -> pl.DataFrame:
    return events.group_by(*_KEY, "day").agg(pl.col("n").sum().cast(pl.Int64)).filter(pl.col("n") != 0)


def _handed_over(events: pl.DataFrame) -> pl.DataFrame:
    """Return `events` with stops moved a day ahead where another agreement of the account takes over that day.

    Only a first of a month is ever looked at, so only those are moved; and never more than ran the day before.
    """
    takers = (
        events.filter((pl.col("n") > 0) & (pl.col("day").dt.day() == 1)).select("account_id", _first="day").unique()
    )
    ran = events.sort("day").with_columns(_ran=pl.col("n").cum_sum().over(_KEY))
    stops = events.filter((pl.col("n") < 0) & (pl.col("day").dt.day() == 2)).with_columns(
        _first=pl.col("day") - DAY, _eve=pl.col("day") - 2 * DAY
    )
    moved = (
        stops.join(takers, on=["account_id", "_first"], how="semi")
        .sort("_eve")
        .join_asof(
            ran.select(*_KEY, "_ran", _since="day").sort("_since"),
            left_on="_eve",
            right_on="_since",
            by=_KEY,
            strategy="backward",
            check_sortedness=False,
        )
        .select(*_KEY, "day", "_first", n=pl.min_horizontal(-pl.col("n"), pl.col("_ran").fill_null(0)))
    )
    earlier = moved.select(*_KEY, day="_first", n=-pl.col("n"))
    return _net(pl.concat([events, earlier, moved.select(*_KEY, "day", "n")]))


def _first_at_or_after(day: pl.Expr) -> pl.Expr:
    return pl.when(day.dt.day() == 1).then(day).otherwise(day.dt.month_start().dt.offset_by("1mo"))
