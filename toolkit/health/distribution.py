"""How scores spread: a histogram on the profile's scale, each bar with its colour.

The count by colour alone, with the revenue behind it, is `toolkit.summaries.score_distribution`.
"""

import polars as pl

from toolkit.config.health import HealthProfile
from toolkit.health.profile import band


def histogram(scores: pl.DataFrame, profile: HealthProfile, *, bars: int = 20) -> pl.DataFrame:
    """Return one row a bar, from the lowest: start, end (on the profile's scale), band (of its start) and accounts.

    A bar holds ``start <= shown < end``; the last one holds the top of the scale as well. Bars without accounts are
    there with 0; accounts without a score are in none of them.
    """
    width = profile.top / bars
    numbers = pl.DataFrame({"bar": range(bars)}, schema={"bar": pl.Int64})
    bar = (pl.col("shown") / width + 1e-9).floor().cast(pl.Int64).clip(0, bars - 1).alias("bar")
    counted = scores.drop_nulls("shown").group_by(bar).agg(accounts=pl.len().cast(pl.Int64))
    start = pl.col("bar") * width
    return (
        numbers.join(counted, on="bar", how="left", maintain_order="left")
        .with_columns(start=start, end=start + width, accounts=pl.col("accounts").fill_null(0))
        .select("start", "end", band(pl.col("start"), profile).alias("band"), "accounts")
    )
