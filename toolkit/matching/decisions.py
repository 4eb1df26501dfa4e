"""What people said about two records, the same or not, as matching obeys it (BEY-11)."""

import polars as pl

from toolkit.frames import LINKS, PAIR_DECISIONS, conform

SAME, DIFFERENT = "same", "different"
BY_DECISION = "decided"
"""The rule of a link that a person made."""

_PAIR = ["object", "here_id", "there_id"]


def same(decisions: pl.DataFrame, here: pl.Series, there: pl.Series) -> pl.DataFrame:
    """Return the links (`frames.LINKS`) of the pairs that a person said are the same, where both records are there.

    Of two decisions about one record the later one counts.
    """
    if decisions.is_empty():
        return LINKS.empty()
    told = decisions.filter(
        (pl.col("verdict") == SAME)
        & pl.col("here_id").is_in(here.implode())
        & pl.col("there_id").is_in(there.implode())
    )
    told = told.sort("decided_at", "here_id", "there_id", descending=[True, False, False])
    for side in ("here_id", "there_id"):
        told = told.unique(side, keep="first", maintain_order=True)
    return told.select(
        "object",
        "here_id",
        "there_id",
        rule=pl.lit(BY_DECISION),
        value=pl.lit(None, pl.String),
        linked_at="decided_at",
        decided_by="decided_by",
    ).select(list(LINKS.schema))


def different(decisions: pl.DataFrame) -> pl.DataFrame:
    """Return here_id, there_id, decided_by and decided_at of the pairs that a person said are not the same."""
    apart = decisions.filter(pl.col("verdict") == DIFFERENT)
    return apart.select("here_id", "there_id", "decided_by", "decided_at")


def with_decisions(decisions: pl.DataFrame, new: pl.DataFrame, *, instead: bool) -> pl.DataFrame:
    """Return the decisions with new ones, each of which replaces what was said before about the same two records.

    With `instead`, earlier decisions that a record is the same as another one than now end as well.
    """
    new = new.unique(_PAIR, keep="last", maintain_order=True)
    kept = decisions.join(new, on=_PAIR, how="anti")
    if instead:
        for side in ("here_id", "there_id"):
            again = new.filter(pl.col("verdict") == SAME)
            met = kept.join(again, on=["object", side], how="semi").filter(pl.col("verdict") == SAME)
            kept = kept.join(met, on=_PAIR, how="anti")
    return conform(pl.concat([kept, new]), PAIR_DECISIONS)
