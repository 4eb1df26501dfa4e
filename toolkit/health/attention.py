"""The order in which accounts deserve attention, the same in every list that shows them.

1. the colour, worst first; an account without a score stands before the best colour: not knowing is no good news
2. what is at stake, most first: revenue x (100 - score) / 100, the revenue that the lack of points puts in doubt;
   an account without a score counts as 50 points, one without revenue as none
3. the renewal, nearest first; one that is overdue is nearer than any that is to come
4. the id, so that equals never change places between two runs
"""

from datetime import date

import polars as pl

from toolkit.config.health import HealthProfile
from toolkit.frames import RECORD_KEY
from toolkit.health.measures import NEUTRAL_POINTS


def attention_order(
    scores: pl.DataFrame,
    here: pl.DataFrame,
    profile: HealthProfile,
    as_of: date,
    *,
    mrr: str = "mrr",
    renewal: str = "renewal_date",
) -> pl.DataFrame:
    """Return the accounts of `scores` in order of attention: rank (from 1), id, band, score and shown as in
    `frames.SCORES`, mrr, at_stake (in the unit of `mrr`), renewal (Date) and days_to_renewal.

    `mrr` and `renewal` name columns of `here`; where it has no such column nothing is at stake, or no renewal is known.
    """
    facts = here.select(
        RECORD_KEY,
        (pl.col(mrr).cast(pl.Float64, strict=False) if mrr in here.columns else pl.lit(None, pl.Float64)).alias("mrr"),
        (pl.col(renewal) if here.schema.get(renewal) == pl.Date else pl.lit(None, pl.Date)).alias("renewal"),
    )
    lack = (100 - pl.col("score").fill_null(NEUTRAL_POINTS)) / 100
    ordered = (
        scores.join(facts, on=RECORD_KEY, how="left")
        .with_columns(
            (pl.col("mrr").fill_null(0.0) * lack).alias("at_stake"),
            (pl.col("renewal") - pl.lit(as_of)).dt.total_days().alias("days_to_renewal"),
            _turn(profile).alias("_turn"),
        )
        .sort(
            "_turn", "at_stake", "days_to_renewal", RECORD_KEY, descending=[False, True, False, False], nulls_last=True
        )
    )
    return ordered.with_row_index("rank", 1).select(
        "rank", RECORD_KEY, "band", "score", "shown", "mrr", "at_stake", "renewal", "days_to_renewal"
    )


def _turn(profile: HealthProfile) -> pl.Expr:
    names = [each.name for each in profile.bands]
    turns = {name: float(turn) for turn, name in enumerate(names)}
    unknown = len(names) - 1.5  # between the best colour and the one before it
    return pl.col("band").replace_strict(turns, default=unknown, return_dtype=pl.Float64)
