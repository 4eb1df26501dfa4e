"""Which agreements come up for renewal, until when notice can be given, and what is overdue (DSH-3).

The renewal date is the day after the last day of the term. An agreement without an end never comes up.
"""

from collections.abc import Sequence
from datetime import date, timedelta

import polars as pl

from toolkit.frames import RENEWALS, conform
from toolkit.revenue.money import cents, money
from toolkit.revenue.running import DAY, with_runs, with_terms
from toolkit.revenue.waterfall import Measure

DAYS = 90
NO_BAND = "No score"


def renewals(agreements: pl.DataFrame, as_of: date, days: int = DAYS, overdue_days: int = DAYS) -> pl.DataFrame:
    """Return `frames.RENEWALS`: whose renewal date is within `days` from `as_of`, and what is overdue.

    Overdue is what ended within `overdue_days` before `as_of`, does not renew by itself, and was followed by nothing;
    what ended earlier has left. A tacit agreement that has renewed by itself is there with its present term. One that
    is followed already is there with its ``follow_up``, and nothing has to be done about it.
    """
    runs = with_terms(with_runs(agreements), as_of).with_columns(renewal_date=pl.col("end") + DAY)
    soon = pl.col("renewal_date").is_between(as_of + timedelta(days=1), as_of + timedelta(days=days))
    late = pl.col("renewal_date").is_between(as_of - timedelta(days=overdue_days), as_of)
    # what renews by itself and is not followed has its present term by now, which ends later
    overdue = (pl.col("renewal_date") <= as_of) & pl.col("follow_up").is_null()
    return conform(
        runs.filter((pl.col("start") <= as_of) & (soon | (late & overdue))).with_columns(
            overdue=overdue,
            days_left=(pl.col("renewal_date") - as_of).dt.total_days(),
            notice_days_left=(pl.col("notice") - as_of).dt.total_days(),
        ),
        RENEWALS,
    )


def revenue_by_band(
    revenue: pl.DataFrame, scores: pl.DataFrame, bands: Sequence[str], measure: Measure = "mrr"
) -> pl.DataFrame:
    """Return how much revenue is in which band of the health score: currency, band, accounts, revenue, share.

    `revenue` has account_id, currency and `measure`: a month of `frames.MRR`, or `frames.RENEWALS` for what is at risk
    among the renewals to come. `scores` as `frames.SCORES`, `bands` worst first. Every band is there for each currency,
    in order; accounts without a score are last, as ``No score``, where there are any. ``share`` is of the currency's
    revenue, 0-1, null where there is none.
    """
    banded = (
        revenue.select("account_id", "currency", cents=cents(pl.col(measure)))
        .filter(pl.col("cents") > 0)
        .join(scores.select(account_id="id", band="band"), on="account_id", how="left")
        .group_by("currency", band=pl.col("band").fill_null(NO_BAND))
        .agg(accounts=pl.col("account_id").n_unique().cast(pl.Int64), cents=pl.col("cents").sum())
    )
    order = pl.DataFrame({"band": [*bands, NO_BAND]}, schema={"band": pl.String}).with_row_index("_order")
    table = (
        banded.select("currency")
        .unique()
        .join(order, how="cross")
        .join(banded, on=["currency", "band"], how="left")
        .with_columns(pl.col("accounts", "cents").fill_null(0))
        .filter((pl.col("band") != NO_BAND) | (pl.col("accounts") > 0))
        .sort("currency", "_order")
    )
    total = pl.col("cents").sum().over("currency")
    share = pl.when(total > 0).then(pl.col("cents") / total)
    return table.select("currency", "band", "accounts", revenue=money(pl.col("cents")), share=share)
