"""Two plans beside each other: what only one of them would change, and what they would make of the same value."""

import polars as pl

from toolkit.frames import FrameSpec, conform
from toolkit.writeback.planning.operations import CHANGING

COMPARISON = FrameSpec(
    "comparison",
    {
        "row": pl.UInt32,  # from 1, in the order of the plans
        "change": pl.String,  # only_a | only_b | value | verdict
        "side": pl.String,
        "object": pl.String,
        "here_id": pl.String,
        "there_id": pl.String,
        "name": pl.String,
        "field": pl.String,
        "partner": pl.String,
        "after_a": pl.String,
        "after_b": pl.String,
        "verdict_a": pl.String,
        "verdict_b": pl.String,
        "seq_a": pl.UInt32,
        "seq_b": pl.UInt32,
    },
    ("row",),
    "The rows in which two plans differ.",
)
_TOLD = ("side", "name", "field", "partner", "after", "verdict", "seq")
_SAME = ["here_id", "field", "side", "object", "there_id", "operation", "partner", "after", "verdict"]
_KEY = ["object", "here_id", "there_id", "_does", "_here", "_there", "_nth"]


def compared(a: pl.DataFrame, b: pl.DataFrame) -> pl.DataFrame:
    """Return the rows (`COMPARISON`) in which the changes (`CHANGES`) of two plans differ.

    A row of one is that of the other when it is about the same pair of fields of the same record, whichever side it
    would write. ``verdict``: it is written in one and waits, or is left out, in the other; ``value``: another value, or
    another side, would be written. What is told is that of `b` where both have the row.
    """
    one, other = _keyed(_unlike(a, b), "_a"), _keyed(_unlike(b, a), "_b")
    both = one.join(other, on=_KEY, how="full", coalesce=True, nulls_equal=True)
    moved = pl.col("after_a").ne_missing(pl.col("after_b")) | pl.col("side_a").ne_missing(pl.col("side_b"))
    kind = (
        pl.when(pl.col("seq_b").is_null())
        .then(pl.lit("only_a"))
        .when(pl.col("seq_a").is_null())
        .then(pl.lit("only_b"))
        .when(pl.col("verdict_a") != pl.col("verdict_b"))
        .then(pl.lit("verdict"))
        .when(moved)
        .then(pl.lit("value"))
    )
    told = [pl.when(pl.col("seq_b").is_null()).then(f"{name}_a").otherwise(f"{name}_b").alias(name)
            for name in ("side", "name", "field", "partner")]  # fmt: skip
    differing = both.with_columns(change=kind).drop_nulls("change").with_columns(told)
    in_order = differing.sort(pl.coalesce("seq_b", "seq_a"), "change", "seq_a")
    return conform(in_order.with_columns(row=pl.int_range(1, pl.len() + 1)), COMPARISON)


def _unlike(rows: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """The rows that are not the same among the others."""
    return rows.join(others, on=_SAME, how="anti", nulls_equal=True, maintain_order="left")


def _keyed(changes: pl.DataFrame, suffix: str) -> pl.DataFrame:
    """The rows with what they are about: the record, what is done to it, and the two fields, here before there."""
    there = pl.col("side") == "there"
    keyed = changes.with_columns(
        _does=pl.when(pl.col("operation").is_in(CHANGING)).then(pl.lit("change")).otherwise("operation"),
        _here=pl.when(there).then("partner").otherwise("field"),
        _there=pl.when(there).then("field").otherwise("partner"),
    )
    numbered = keyed.with_columns(_nth=pl.int_range(pl.len()).over(_KEY[:-1], order_by=["side", "seq"]))
    return numbered.select(*_KEY, *(pl.col(name).alias(name + suffix) for name in _TOLD))
