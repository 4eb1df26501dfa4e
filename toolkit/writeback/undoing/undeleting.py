"""Taking back a deletion: the record comes out of Salesforce's recycle bin, or out of the journal here (BEY-5).

A record keeps its id in the bin, and comes back with what went with it; its link comes back as well. After 15 days, or
when somebody emptied the bin, it is gone for good: then it is held, and said. Frames in, frames out.
"""

from collections.abc import Sequence

import polars as pl

from toolkit.frames import CHANGES, RECORD_KEY
from toolkit.writeback.planning.operations import DELETE, UNDELETE
from toolkit.writeback.planning.rule_names import UNDO
from toolkit.writeback.planning.sentences import sentence
from toolkit.writeback.planning.sides import Sides
from toolkit.writeback.undoing.uncreating import CHANGED_BY, STAMP
from toolkit.writeback.undoing.whole_records import as_texts, changed_since

FATES = {"there_id": pl.String, "deleted": pl.Boolean, "master": pl.String}
"""What became of a record there: whether it is in the bin, and what it was merged into. Gone for good: not in it."""
_COLUMNS = tuple(name for name in CHANGES.schema if name != "seq")
_NOTHING = pl.lit(None, dtype=pl.String)


def undeleted(written: pl.DataFrame, objects: Sequence[Sides], fates: pl.DataFrame) -> pl.DataFrame:
    """Return the rows (`CHANGES` without seq) that bring back what journal rows deleted, on both sides."""
    parts = [CHANGES.empty().select(_COLUMNS)]
    for sides in objects:
        mine = written.filter((pl.col("object") == sides.object) & (pl.col("operation") == DELETE))
        there, here = (mine.filter(pl.col("side") == side) for side in ("there", "here"))
        if there.height:
            parts.append(_there(there, sides, fates))
        if here.height:
            parts.append(_here(here, sides, parts[-1] if there.height else parts[0]))
    return pl.concat(parts)


def deleted_again(
    written: pl.DataFrame, objects: Sequence[Sides], now: pl.DataFrame, user_id: str | None
) -> pl.DataFrame:
    """Return the rows that delete again what journal rows had taken out of the bin, where nobody changed it since.

    `now` are these records there: there_id, `STAMP` as text, and who changed them last.
    """
    parts = [CHANGES.empty().select(_COLUMNS)]
    for sides in objects:
        mine = written.filter((pl.col("object") == sides.object) & (pl.col("operation") == UNDELETE))
        there = mine.filter(pl.col("side") == "there").join(now, on="there_id", how="left", maintain_order="left")
        others = pl.col(CHANGED_BY).ne_missing(pl.lit(user_id))
        why = (
            pl.when(pl.col(STAMP).is_null())
            .then(pl.lit("the record is gone or out of view"))
            .when(others)
            .then(sentence("somebody else changed it since: ", pl.col(CHANGED_BY)))
        )
        said = "restored by that commit and unchanged since; it goes to the recycle bin of Salesforce for 15 days"
        away = there.select(_row(DELETE, STAMP, "id", "datetime", why, pl.lit(said), there=pl.col(STAMP)))
        kept = mine.filter(pl.col("side") == "here")
        moved = changed_since(kept.select("here_id", record="after").drop_nulls(), sides.here)
        here = kept.join(as_texts(sides.here), on="here_id", how="left", maintain_order="left")
        stays = pl.col("here_id").is_in(away.filter(pl.col("verdict") == "held")["here_id"].implode())
        why_here = (
            pl.when(stays)
            .then(pl.lit("it is not deleted in Salesforce, so it stays here as well"))
            .when(pl.col("record").is_null())
            .then(pl.lit("the record is no longer here"))
            .when(pl.col("here_id").is_in(moved.implode()))
            .then(pl.lit("changed here since"))
        )
        said = "restored by that commit and unchanged since"
        parts += [away, here.select(_row(DELETE, RECORD_KEY, "Id", "string", why_here, pl.lit(said),
                                         here=pl.col("record")))]  # fmt: skip
    return pl.concat(parts)


def _there(rows: pl.DataFrame, sides: Sides, fates: pl.DataFrame) -> pl.DataFrame:
    links = sides.links.filter(pl.col("object") == sides.object)
    now = links.select("here_id", _linked="there_id")
    other = links.select("there_id", _other="here_id")
    why = (
        pl.when(pl.col("deleted").is_null())
        .then(pl.lit("it is no longer in Salesforce's recycle bin, so nothing brings it back"))
        .when(pl.col("master").is_not_null())
        .then(sentence("it was merged into ", pl.col("master"), " since"))
        .when(pl.col("_linked").is_not_null() & (pl.col("_linked") != pl.col("there_id")))
        .then(sentence("its record here is linked to ", pl.col("_linked"), " by now"))
        .when(pl.col("_other").is_not_null() & pl.col("_other").ne_missing(pl.col("here_id")))
        .then(sentence("it is linked to ", pl.col("_other"), " here by now"))
    )
    reason = (
        pl.when(pl.col("deleted"))
        .then(pl.lit("comes out of Salesforce's recycle bin, with what went with it"))
        .otherwise(pl.lit("somebody restored it in Salesforce already; it is linked again"))
    )
    return (
        rows.join(fates, on="there_id", how="left", maintain_order="left")
        .join(now, on="here_id", how="left", maintain_order="left")
        .join(other, on="there_id", how="left", maintain_order="left")
        .select(
            _row(
                UNDELETE,
                "IsDeleted",
                None,
                "boolean",
                why,
                reason,
                there=pl.col("deleted").cast(pl.String),
                after=pl.lit("false"),
            )
        )
    )


def _here(rows: pl.DataFrame, sides: Sides, there: pl.DataFrame) -> pl.DataFrame:
    stays = there.filter(pl.col("verdict") == "held")["here_id"].drop_nulls()
    why = (
        pl.when(pl.col("here_id").is_in(sides.here[RECORD_KEY].implode()))
        .then(pl.lit("there is a record with this id here again"))
        .when(pl.col("before").is_null())
        .then(pl.lit("what it held was not kept"))
        .when(pl.col("here_id").is_in(stays.implode()))
        .then(pl.lit("it does not come back in Salesforce, so it does not here; see its row there"))
    )
    said = pl.lit("comes back as the journal kept it")
    return rows.select(_row(UNDELETE, RECORD_KEY, None, "string", why, said, after=pl.col("before")))


def _row(
    operation: str,
    field: str,
    partner: str | None,
    kind: str,
    why: pl.Expr,
    reason: pl.Expr,
    *,
    here: pl.Expr = _NOTHING,
    there: pl.Expr = _NOTHING,
    after: pl.Expr = _NOTHING,
) -> list[pl.Expr]:
    given = {
        "operation": pl.lit(operation),
        "field": pl.lit(field),
        "partner": pl.lit(partner, dtype=pl.String),
        "type": pl.lit(kind),
        "base": _NOTHING,
        "here": here,
        "there": there,
        "after": after,
        "rule": pl.lit(UNDO),
        "verdict": pl.when(why.is_null()).then(pl.lit("write")).otherwise(pl.lit("held")),
        "reason": pl.coalesce(why, reason),
    }
    return [given.get(name, pl.col(name)).alias(name) for name in _COLUMNS]
