"""Undo: a plan made from the journal of a commit, which puts back what was there before (BEY-5).

Only fields that still hold what the commit wrote are put back. Whatever was changed since is somebody's later wish: it
is held, and listed. What both sides had agreed on before comes back as well: the next plan after an undo is the plan
before the commit. What it created is deleted (`toolkit.writeback.undoing.uncreating`), what it deleted comes back
(`undoing.undeleting`); a value that was changed on both sides at once comes back on both or on neither. A
merge cannot be undone: it is held, and says so. An undo is a commit like any other, and can be undone itself.
"""

from collections.abc import Sequence

import polars as pl

from toolkit.frames import RECORD_KEY
from toolkit.salesforce.describe import FieldDescribe
from toolkit.values import to_text
from toolkit.writeback.committing.settling import ALREADY, UNDO
from toolkit.writeback.planning.merge import MERGED_COLUMNS
from toolkit.writeback.planning.operations import CHANGING, MERGE
from toolkit.writeback.planning.sentences import sentence, shown
from toolkit.writeback.planning.sides import Sides
from toolkit.writeback.undoing.uncreating import HANGING, uncreated
from toolkit.writeback.undoing.undeleting import FATES, deleted_again, undeleted


def undo_plan(
    journal: pl.DataFrame,
    objects: Sequence[Sides],
    *,
    hanging: pl.DataFrame | None = None,
    user_id: str | None = None,
    fates: pl.DataFrame | None = None,
    restored: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Return the changes (`CHANGES` without seq) that take back the written rows of `journal` (`JOURNAL`).

    The sides' ``here`` and ``there`` say what each holds now; ``there`` should be read afresh. A field that holds its
    old value already gives no row. To take back what was created, ``there`` holds SystemModstamp and LastModifiedById
    too, `hanging` (`HANGING`) is what belongs to it, and `user_id` is the integration user. To bring back what was
    deleted, `fates` (`FATES`) tells what became of it; `restored` is as `deleted_again` wants it. What was done to the
    org's fields is not looked at, see `toolkit.writeback.undoing.uncreating_fields`.
    """
    # What held the value already was not written by the commit, so it is not its to take back.
    written = journal.filter((pl.col("state") == "written") & pl.col("code").ne_missing(ALREADY))
    by_name = {sides.object: sides for sides in objects}
    nobody = pl.DataFrame(schema=HANGING)
    parts = [
        uncreated(written, objects, nobody if hanging is None else hanging, user_id),
        undeleted(written, objects, pl.DataFrame(schema=FATES) if fates is None else fates),
        _merged(written),
    ]
    if restored is not None:
        parts.append(deleted_again(written, objects, restored, user_id))
    changed = written.filter(pl.col("operation").is_in(CHANGING))
    for (name, side, field, partner), rows in changed.partition_by(
        "object", "side", "field", "partner", as_dict=True
    ).items():
        parts.append(_undone(rows, by_name[str(name)], str(side), str(field), str(partner or "")))
    return _both_or_neither(pl.concat(parts).select(MERGED_COLUMNS))


def _merged(written: pl.DataFrame) -> pl.DataFrame:
    """The rows of merges, held: what belonged to a record that was merged belongs to the survivor for good."""
    nothing = pl.lit(None, dtype=pl.String)
    why = sentence("a merge cannot be undone; what belonged to it belongs to ", pl.col("after"), " now. Salesforce's "
                   "recycle bin has the record for 15 days, without what belonged to it")  # fmt: skip
    said = {"here": nothing, "there": pl.col("after"), "after": nothing, "base": nothing, "rule": pl.lit(UNDO),
            "verdict": pl.lit("held"), "reason": why}  # fmt: skip
    return written.filter(pl.col("operation") == MERGE).select(
        [said.get(name, pl.col(name)).alias(name) for name in MERGED_COLUMNS]
    )


def _both_or_neither(changes: pl.DataFrame) -> pl.DataFrame:
    """Hold a row here when the other half of an edit, the same field there, is held."""
    there = changes.filter((pl.col("side") == "there") & (pl.col("verdict") == "held"))
    halves = there.select("object", "here_id", field="partner", partner="field", side=pl.lit("here"), _held=True)
    keys = ["object", "here_id", "field", "partner", "side"]
    found = changes.join(halves, on=keys, how="left", maintain_order="left")
    stays = pl.col("_held").is_not_null() & (pl.col("verdict") == "write")
    why = pl.lit("not given back in Salesforce, so it stays here as well; see the reason there")
    return found.with_columns(
        verdict=pl.when(stays).then(pl.lit("held")).otherwise("verdict"),
        reason=pl.when(stays).then(why).otherwise("reason"),
    ).drop("_held")


def _undone(rows: pl.DataFrame, sides: Sides, side: str, field: str, partner: str) -> pl.DataFrame:
    here_name, there_path = (partner, field) if side == "there" else (field, partner)
    kind = str(rows["type"][0])
    found = (
        rows.join(held_now(sides, sides.here, here_name, there_path, "here", kind), on="here_id", how="left")
        .join(held_now(sides, sides.there, sides.reads(there_path), there_path, "there"), on="there_id", how="left")
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


def held_now(
    sides: Sides, frame: pl.DataFrame, column: str, there_path: str, side: str, kind: str = "string"
) -> pl.DataFrame:
    """Return what a side holds now: its id column, the text in a column named after the side, and that it exists.

    `kind` is the type of a column here that no field of Salesforce is mapped to.
    """
    if column in frame.columns:
        field = FieldDescribe("", type=kind)
        if there_path:
            field = sides.fields.get(there_path) or sides.describe.field(there_path)
        text = to_text(pl.col(column), frame.schema[column], field.type, field.scale)
    else:
        text = pl.lit(None, dtype=pl.String)
    return frame.select(pl.col(RECORD_KEY).alias(f"{side}_id"), text.alias(side), pl.lit(True).alias(f"_{side}"))
