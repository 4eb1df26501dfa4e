"""A changed profile beside the current one, account by account, before it is saved (HLT-12)."""

from datetime import date

import polars as pl

from toolkit.config.health import HealthProfile
from toolkit.frames import RECORD_KEY
from toolkit.health.score import score


def what_if(metrics: pl.DataFrame, current: HealthProfile, changed: HealthProfile, as_of: date) -> pl.DataFrame:
    """Return one row an account, sorted by `id`: shown_now, band_now, shown_then, band_then, moved (points of 0-100,
    null where either side has no score) and turned (whether the colour is another one).

    Both profiles are applied to the same metrics, so every difference is one of the profile.
    """
    now, then = (score(metrics, profile, as_of).scores for profile in (current, changed))
    beside = now.join(then, on=RECORD_KEY, how="left", suffix="_then")
    return beside.select(
        RECORD_KEY,
        pl.col("shown").alias("shown_now"),
        pl.col("band").alias("band_now"),
        "shown_then",
        "band_then",
        (pl.col("score_then") - pl.col("score")).alias("moved"),
        pl.col("band").ne_missing(pl.col("band_then")).alias("turned"),
    ).sort(RECORD_KEY)
