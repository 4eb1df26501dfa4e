"""Gross and net revenue retention (GRR, NRR) on the two bases in use, and the bridge between them.

Both compare the same customers' recurring revenue at the start of a period, usually twelve months, with their revenue
at its end. They differ in what is divided by.

*All* revenue in force at the start. This is what public software companies report as dollar-based retention: take the
customers of twelve months ago, and divide what those same customers pay now by what they paid then. NRR counts all they
pay; for GRR each customer counts at most with what they paid then, so that growth of one cannot hide the loss of
another. Customers won since are left out of both.

*Renewing* revenue only: what came up for renewal within the period, also called exposed or available to renew. It is
divided into what its customers renewed; contracts of several years that could not be lost are left out. This is how
renewal teams are measured, and it moves more than the other, because its denominator is smaller.

With R the revenue that was up for renewal, O the other revenue at the start, which is kept whole because its contracts
run on, K what was kept of R (each customer at most at what was up), N what R became with growth, and G the growth of
customers that had nothing up for renewal:

    GRR all = (K + O) / (R + O)    NRR all = (N + O + G) / (R + O)    GRR renewing = K / R    NRR renewing = N / R

The bridge from renewing to all is therefore exact: what was not up for renewal lifts (or lowers) the rate by
``O / (R + O) * (1 - rate)``, and growth outside renewals lifts NRR by ``G / (R + O)``.

The rules. The period goes from one first of a month to another (`monthly`). Revenue is looked at by account. A
contract was up for renewal when the last day of its term, of a tacit one each of its terms, is from the first day of
the period to the last one, both included. All that an account with something up for renewal pays at the end beyond what
ran on counts as renewed. Who left and came back within the period counts with what they pay at its end.
"""

from datetime import date

import polars as pl

from toolkit.revenue.money import cents, money
from toolkit.revenue.running import with_runs, with_terms
from toolkit.revenue.waterfall import Measure, checked_months, columns_of, with_groups

AMOUNTS = ("start", "upgrade", "downgrade", "churn", "end", "renewing", "kept", "renewed", "running", "growth")
RATES = ("grr", "nrr", "grr_renewing", "nrr_renewing")
STEPS = ("renewing contracts", "not up for renewal", "growth outside renewals", "all contracts")


def retention(
    agreements: pl.DataFrame,
    mrr: pl.DataFrame,
    start: date,
    end: date,
    *,
    measure: Measure = "mrr",
    groups: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Return one row for each group and currency that had revenue in the month of `start`.

    `agreements` as `frames.AGREEMENTS`, and `mrr` what `monthly` makes of them. `groups` as for `waterfall.movements`,
    also its errors. Columns: those of `groups`, currency, then

    - ``accounts`` that had revenue at the start, and ``kept_accounts``, ``renewing_accounts`` among them;
    - of those accounts, in money: ``start`` + ``upgrade`` + ``downgrade`` + ``churn`` = ``end``, losses negative;
    - the same, split: ``renewing`` + ``running`` = ``start`` and ``renewed`` + ``running`` + ``growth`` = ``end``;
      ``kept`` is ``renewed``, each account at most at what was up;
    - the rates as shares, 1 is 100 %: ``grr`` and ``nrr`` of all revenue, ``grr_renewing`` and ``nrr_renewing`` of what
      was up for renewal; null where nothing was.
    """
    first, last = checked_months(mrr, start, end)
    accounts = _by_account(agreements, mrr, first, last, measure)
    by = [*columns_of(groups), "currency"]
    summed = (
        with_groups(accounts, groups)
        .group_by(by)
        .agg(
            *(pl.col(name).sum() for name in AMOUNTS),
            accounts=pl.len().cast(pl.Int64),
            kept_accounts=(pl.col("end") > 0).sum().cast(pl.Int64),
            renewing_accounts=(pl.col("renewing") > 0).sum().cast(pl.Int64),
        )
    )
    all_kept = pl.col("start") + pl.col("downgrade") + pl.col("churn")
    return summed.select(
        *by,
        "accounts",
        "kept_accounts",
        "renewing_accounts",
        *(money(pl.col(name)).alias(name) for name in AMOUNTS),
        grr=_share(all_kept, "start"),
        nrr=_share(pl.col("end"), "start"),
        grr_renewing=_share(pl.col("kept"), "renewing"),
        nrr_renewing=_share(pl.col("renewed"), "renewing"),
    ).sort(by, nulls_last=True)


def bridge(retained: pl.DataFrame) -> pl.DataFrame:
    """Return the way from the renewing basis to that of all revenue, one row a step, for each row of `retention`.

    Columns: those of its groups, currency, ``rate`` (``grr`` or ``nrr``), ``position`` from 1, ``step`` (one of
    `STEPS`) and ``value``: the rate on the renewing basis, what each step adds, and the rate on all revenue, which is
    their sum. GRR has no growth. Where nothing was up for renewal there is no way, and only the last value.
    """
    by = retained.columns[: retained.columns.index("accounts")]
    rows = []
    for rate in ("grr", "nrr"):
        begin, whole = pl.col(f"{rate}_renewing"), pl.col("start")
        values = [begin, pl.col("running") / whole * (1 - begin), pl.col("growth") / whole, pl.col(rate)]
        for position, (step, value) in enumerate(zip(STEPS, values, strict=True), start=1):
            if (rate, position) == ("grr", 3):
                continue
            known = value if position == len(STEPS) else pl.when(begin.is_not_null()).then(value)
            at = pl.lit(position).cast(pl.Int64)
            rows.append(retained.select(*by, rate=pl.lit(rate), position=at, step=pl.lit(step), value=known))
    return pl.concat(rows).sort(*by, "rate", "position", nulls_last=True)


def _by_account(agreements: pl.DataFrame, mrr: pl.DataFrame, first: date, last: date, measure: Measure) -> pl.DataFrame:
    """Return the accounts that had revenue at `first`, with their amounts in whole hundredths."""
    account = ["account_id", "currency"]
    level = mrr.select(*account, "month", now=cents(pl.col(measure)))
    then = level.filter((pl.col("month") == first) & (pl.col("now") > 0)).select(*account, start="now")
    now = level.filter(pl.col("month") == last).select(*account, end="now")
    runs_on = (
        with_terms(with_runs(agreements), first)
        .filter((pl.col("start") <= first) & (pl.col("end").is_null() | (pl.col("end") > last)))
        .group_by(account)
        .agg(running=cents(pl.col(measure)).sum())
    )
    both = (
        then.join(now, on=account, how="left")
        .join(runs_on, on=account, how="left")
        .with_columns(pl.col("end", "running").fill_null(0))
    )
    change, renewing = pl.col("end") - pl.col("start"), pl.col("start") - pl.col("running")
    gone, beyond = pl.col("end") == 0, pl.col("end") - pl.col("running")
    return both.with_columns(
        upgrade=pl.when(change > 0).then(change).otherwise(0),
        downgrade=pl.when((change < 0) & ~gone).then(change).otherwise(0),
        churn=pl.when(gone).then(change).otherwise(0),
        renewing=renewing,
        kept=pl.min_horizontal(beyond, renewing),
        renewed=pl.when(renewing > 0).then(beyond).otherwise(0),
        growth=pl.when(renewing > 0).then(0).otherwise(beyond),
    )


def _share(part: pl.Expr, whole: str) -> pl.Expr:
    return pl.when(pl.col(whole) > 0).then(part / pl.col(whole))
