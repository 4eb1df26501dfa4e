"""Undo: a plan made from the journal of a commit, which puts back what was there before (BEY-5).

Only fields that still hold what the commit wrote are put back. Whatever was changed since is somebody's later wish: it
is held, and listed. What both sides had agreed on before comes back as well: the next plan after an undo is the plan
before the commit.
"""

from collections.abc import Sequence

import polars as pl

from toolkit.frames import CHANGES, RECORD_KEY
from toolkit.values import to_text
from toolkit.writeback.merge import MERGED_COLUMNS
from toolkit.writeback.sentences import sentence, shown
from toolkit.writeback.settling import ALREADY, UNDO
from toolkit.writeback.sides import Sides


def undo_plan(journal: pl.DataFrame, objects: Sequence[Sides]) -> pl.DataFrame:
    """Return the changes (`CHANGES` without seq) that take back the written rows of `journal` (`JOURNAL`).

    The sides' ``here`` and ``there`` say what each holds now; ``there`` should be read afresh. A field that holds its
    old value already gives no row.
    """
    # What held the value already was not written by the commit, so it is not its to take back.
    written = journal.filter((pl.col("state") == "written") & pl.col("code").ne_missing(ALREADY))
    by_name = {sides.object: sides for sides in objects}
    parts = [CHANGES.empty().select(MERGED_COLUMNS)]
    for (name, side, field, partner), rows in written.partition_by(
        "object", "side", "field", "partner", as_dict=True
    ).items():
        parts.append(_undone(rows, by_name[str(name)], str(side), str(field), str(partner)))
    return pl.concat(parts)


def _undone(rows: pl.DataFrame, sides: Sides, side: str, field: str, partner: str) -> pl.DataFrame:
    here_name, there_path = (partner, field) if side == "there" else (field, partner)
    found = (
        rows.join(_now(sides, sides.here, here_name, there_path, "here"), on="here_id", how="left")
        .join(_now(sides, sides.there, there_path, there_path, "there"), on="there_id", how="left")
        .with_columns(pl.col(side).alias("now"))
    )
    present = pl.col("_here" if side == "here" else "_there").fill_null(False)
    ours = present & pl.col("now").eq_missing(pl.col("after"))
    back_already = present & pl.col("now").eq_missing(pl.col("before"))
    wrote, now, before = shown(pl.col("after")), shown(pl.col("now")), shown(pl.col("before"))
    held_reason = (
        pl.when(present)
        .then(sentence("changed since to ", now, "; the commit had written ", wrote))
        .otherwise(pl.lit("the record is gone or out of view"))
    )
    return found.filter(~back_already).select(
        "side",
        "object",
        "here_id",
        "there_id",
        "name",
        pl.when(pl.col("before").is_null()).then(pl.lit("clear")).otherwise(pl.lit("update")).alias("operation"),
        "field",
        "partner",
        "type",
        "base",
        "here",
        "there",
        pl.col("before").alias("after"),
        pl.lit(UNDO).alias("rule"),
        pl.when(ours).then(pl.lit("write")).otherwise(pl.lit("held")).alias("verdict"),
        pl.when(ours)
        .then(sentence("puts back ", before, " in place of ", wrote))
        .otherwise(held_reason)
        .alias("reason"),
    )


def _now(sides: Sides, frame: pl.DataFrame, column: str, there_path: str, side: str) -> pl.DataFrame:
    """What a side holds now: its id column, the text in a column named after the side, and that the record exists."""
    if column in frame.columns:
        field = sides.describe.field(there_path)
        text = to_text(pl.col(column), frame.schema[column], field.type, field.scale)
    else:
        text = pl.lit(None, dtype=pl.String)
    return frame.select(pl.col(RECORD_KEY).alias(f"{side}_id"), text.alias(side), pl.lit(True).alias(f"_{side}"))
