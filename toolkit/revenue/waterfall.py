"""How recurring revenue went from one month to another: what was won, what grew, what shrank, what left.

An account's revenue is looked at as a whole, so that growth of one plan and a cut of another are one net movement. Of
the change from one month to the next it is *new* when the account never had revenue before, *reactivation* when it had
none the month before, *churn* when it has none now, and *upgrade* or *downgrade* otherwise. Losses are negative, and

    start + new + reactivation + upgrade + downgrade + churn = end

to the hundredth: the sums are of whole numbers. Over several months movements are added month by month, so an account
that leaves and comes back is in both. One-time fees are in none of them (`monthly.one_time_fees`).
"""

from datetime import date
from typing import Literal

import polars as pl

from toolkit.errors import InputError
from toolkit.revenue.money import cents, money

Measure = Literal["mrr", "arr"]
MOVEMENTS = ("new", "reactivation", "upgrade", "downgrade", "churn")


def movements(
    mrr: pl.DataFrame, start: date, end: date, *, measure: Measure = "mrr", groups: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Return one row a month after that of `start` up to that of `end`, for each group and currency.

    `mrr` as `frames.MRR`. `groups` has a row an account: ``account_id`` and the columns to break down by, such as
    ``segment`` or ``csm``, as they are today. Columns: those of `groups`, currency, month, start, new, reactivation,
    upgrade, downgrade, churn, end. Every month is there, also one in which nothing moved.

    Raises InputError when `mrr` does not reach `end`, `end` is before `start`, or `groups` has an account twice.
    """
    return _shown(_moved(mrr, start, end, measure, groups), ("month",), groups)


def waterfall(
    mrr: pl.DataFrame, start: date, end: date, *, measure: Measure = "mrr", groups: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Return one row for each group and currency: the movements of all months from `start` to `end` added up.

    Arguments, columns and errors as for `movements`, without ``month``. ``start`` is the revenue in the month of
    `start`, ``end`` that in the month of `end`.
    """
    by = [*columns_of(groups), "currency"]
    added = (
        _moved(mrr, start, end, measure, groups)
        .sort("month")
        .group_by(by)
        .agg(pl.col("start").first(), *(pl.col(name).sum() for name in MOVEMENTS), pl.col("end").last())
    )
    return _shown(added, (), groups)


def with_groups(frame: pl.DataFrame, groups: pl.DataFrame | None) -> pl.DataFrame:
    """Return `frame` with the columns of `groups`, null where an account has none.

    Raises InputError when `groups` has an account twice: its revenue would be too.
    """
    if groups is None:
        return frame
    twice = groups.filter(pl.col("account_id").is_duplicated())
    if twice.height:
        raise InputError(
            f"The groups have account {twice['account_id'][0]} more than once", hint="give one row an account"
        )
    return frame.join(groups, on="account_id", how="left", maintain_order="left")


def columns_of(groups: pl.DataFrame | None) -> list[str]:
    """Return the columns that `groups` breaks down by."""
    return [name for name in groups.columns if name != "account_id"] if groups is not None else []


def checked_months(mrr: pl.DataFrame, start: date, end: date) -> tuple[date, date]:
    """Return the first days of two months that `mrr` covers. Raises InputError where it does not."""
    first, last = start.replace(day=1), end.replace(day=1)
    if last < first:
        raise InputError(f"The period ends in {last:%Y-%m}, before it starts in {first:%Y-%m}", hint="swap the two")
    covered = mrr["month"].max()
    if isinstance(covered, date) and covered < last:
        raise InputError(
            f"Revenue was worked out until {covered:%Y-%m}, which is before {last:%Y-%m}",
            hint="call monthly() with a later last month",
        )
    return first, last


def _moved(mrr: pl.DataFrame, start: date, end: date, measure: Measure, groups: pl.DataFrame | None) -> pl.DataFrame:
    """Return the movements in whole hundredths, every month for every group; with one month only, that as it stands."""
    first, last = checked_months(mrr, start, end)
    account = ["account_id", "currency"]
    now = mrr.sort(*account, "month").select(*account, "month", now=cents(pl.col(measure)))
    before = now.with_columns(
        before=pl.col("now").shift(1, fill_value=0).over(account),
        most=pl.col("now").cum_max().shift(1, fill_value=0).over(account),
    )
    if first == last:  # nothing can move within a month
        before = before.with_columns(before="now")
    within = pl.col("month").is_between(first, last, "both" if first == last else "right")
    rows = with_groups(before.filter(within), groups).with_columns(_kinds())
    by = [*columns_of(groups), "currency"]
    sums = rows.group_by(*by, "month").agg(
        pl.col("before").sum().alias("start"),
        *(pl.col(name).sum() for name in MOVEMENTS),
        pl.col("now").sum().alias("end"),
    )
    every = rows.select(by).unique().join(_months(first, last), how="cross")
    return every.join(sums, on=[*by, "month"], how="left", nulls_equal=True).with_columns(
        pl.col("start", *MOVEMENTS, "end").fill_null(0)
    )


def _kinds() -> list[pl.Expr]:
    now, before, change = pl.col("now"), pl.col("before"), pl.col("now") - pl.col("before")
    new, back, gone = pl.col("most") == 0, (pl.col("most") > 0) & (before == 0), (now == 0) & (before > 0)
    stayed = (now > 0) & (before > 0)
    kinds = {
        "new": new,
        "reactivation": back,
        "upgrade": stayed & (change > 0),
        "downgrade": stayed & (change < 0),
        "churn": gone,
    }
    return [pl.when(kind).then(change).otherwise(0).alias(name) for name, kind in kinds.items()]


def _months(first: date, last: date) -> pl.DataFrame:
    begins = pl.lit(first) if first == last else pl.lit(first).dt.offset_by("1mo")
    return pl.select(month=pl.date_ranges(begins, pl.lit(last), "1mo")).explode("month")


def _shown(sums: pl.DataFrame, more: tuple[str, ...], groups: pl.DataFrame | None) -> pl.DataFrame:
    by = [*columns_of(groups), "currency", *more]
    figures = ["start", *MOVEMENTS, "end"]
    return sums.select(*by, *(money(pl.col(name)).alias(name) for name in figures)).sort(by, nulls_last=True)
