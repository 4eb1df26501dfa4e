"""The small tables that the command line, the widgets and the dashboard show, all made in one place.

Pure: frames in, frames out. What is counted here is counted the same everywhere.
"""

import polars as pl

from toolkit.values import NUMBER_TYPES

NO_BAND = "No score"
"""What an account without a score is called where bands are listed."""


def score_distribution(scores: pl.DataFrame, here: pl.DataFrame, bands: list[str], mrr: str = "mrr") -> pl.DataFrame:
    """Return one row a band, worst first as in `bands`: band, accounts, share (0-1) and mrr.

    Accounts without a score are a last row of their own, present only when there are any. `here` may lack the `mrr`
    column; the sums are null then.
    """
    revenue = here.select("id", mrr=pl.col(mrr).cast(pl.Float64)) if mrr in here.columns else here.select("id", mrr=None)
    counted = (
        scores.join(revenue, on="id", how="left")
        .group_by(band=pl.col("band").fill_null(NO_BAND))
        .agg(accounts=pl.len().cast(pl.Int64), mrr=pl.col("mrr").sum() if mrr in here.columns else pl.lit(None))
    )
    order = pl.DataFrame({"band": [*bands, NO_BAND]}, schema={"band": pl.String})
    table = order.join(counted, on="band", how="left", maintain_order="left").with_columns(
        pl.col("accounts").fill_null(0), pl.col("mrr").cast(pl.Float64)
    )
    total = max(1, scores.height)
    return table.filter((pl.col("band") != NO_BAND) | (pl.col("accounts") > 0)).select(
        "band", "accounts", share=pl.col("accounts") / total, mrr=pl.col("mrr")
    )


def plan_counts(changes: pl.DataFrame) -> pl.DataFrame:
    """Return one row a side, field and verdict with its number of rows: side, field, partner, verdict, rows."""
    return (
        changes.group_by("side", "field", "partner", "verdict")
        .agg(rows=pl.len().cast(pl.Int64))
        .sort("side", "field", "verdict", descending=[True, False, False])
    )


def biggest_changes(changes: pl.DataFrame, limit: int) -> pl.DataFrame:
    """Return the `limit` rows that change most: numbers by relative size first, then whatever overwrites a value.

    The size of a numeric change is |after - before| / max(|before|, |after|), 1 when one of them is null.
    """
    before = pl.when(pl.col("side") == "there").then("there").otherwise("here")
    numeric = pl.col("type").is_in([*NUMBER_TYPES, "int"])
    old, new = (each.cast(pl.Float64, strict=False) for each in (before, pl.col("after")))
    size = ((new - old).abs() / pl.max_horizontal(old.abs(), new.abs())).fill_nan(0.0).fill_null(1.0)
    return (
        changes.with_columns(
            _size=pl.when(numeric).then(size).otherwise(pl.when(before.is_null()).then(0.5).otherwise(0.75))
        )
        .sort("_size", "seq", descending=[True, False])
        .head(limit)
        .drop("_size")
    )


def examples(changes: pl.DataFrame, limit: int) -> pl.DataFrame:
    """Return up to `limit` rows that show the plan's variety: the first row of each field, then further ones in order."""
    ranked = changes.with_columns(_turn=pl.int_range(pl.len()).over("side", "field", "verdict", order_by="seq"))
    return ranked.sort("_turn", "seq").head(limit).drop("_turn").sort("seq")


def readable(changes: pl.DataFrame) -> pl.DataFrame:
    """Return the columns a person reads, in reading order, with the value before and the value after beside each other."""
    where = pl.when(pl.col("side") == "there").then(pl.lit("Salesforce")).otherwise(pl.lit("Here"))
    before = pl.when(pl.col("side") == "there").then("there").otherwise("here")
    return changes.select(
        pl.col("seq").alias("#"),
        where.alias("Written to"),
        pl.col("name").alias("Record"),
        pl.col("field").alias("Field"),
        before.alias("Before"),
        pl.col("after").alias("After"),
        pl.col("verdict").alias("Verdict"),
        pl.col("reason").alias("Why"),
    )
