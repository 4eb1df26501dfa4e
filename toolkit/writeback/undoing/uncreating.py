"""Taking back what a commit created: the record is deleted, where it is still as it was made (BEY-5).

A record that anybody changed since, or that others hang on by now, is somebody's record: it is held. What is deleted
goes to Salesforce's recycle bin, from where it can be restored for 15 days; of a record here the journal keeps it all.
"""

from collections.abc import Sequence

import polars as pl

from toolkit.errors import NotFoundError
from toolkit.frames import CHANGES, RECORD_KEY
from toolkit.values import to_text
from toolkit.writeback.committing.settling import UNDO
from toolkit.writeback.planning.creating import in_order
from toolkit.writeback.planning.operations import CREATE, DELETE
from toolkit.writeback.planning.sentences import sentence, shown
from toolkit.writeback.planning.sides import Sides
from toolkit.writeback.undoing.whole_records import as_texts

STAMP = "SystemModstamp"
CHANGED_BY = "LastModifiedById"
"""What is read of a record before it is deleted, besides what was written."""
HANGING = {"there_id": pl.String, "sobject": pl.String, "id": pl.String}
"""A record that was created, and a record that refers to it: of which Salesforce object, and its id."""
EVERY_DIGIT = 15

_COLUMNS = tuple(name for name in CHANGES.schema if name != "seq")
_NOTHING = pl.lit(None, dtype=pl.String)
_BIN = "created by that commit and unchanged since; it goes to the recycle bin of Salesforce for 15 days"


def uncreated(
    written: pl.DataFrame, objects: Sequence[Sides], hanging: pl.DataFrame, user_id: str | None
) -> pl.DataFrame:
    """Return the rows (`CHANGES` without seq) that delete what journal rows created, on both sides, one row a record.

    `objects` hold what was created as it is now, `hanging` (`HANGING`) which records belong to it. `user_id` is the
    integration user.
    """
    parts = [CHANGES.empty().select(_COLUMNS)]
    for sides in reversed(in_order(objects)):
        mine = written.filter((pl.col("object") == sides.object) & (pl.col("operation") == CREATE))
        there, here = (mine.filter(pl.col("side") == side) for side in ("there", "here"))
        if there.height:
            going = pl.concat(parts).filter(pl.col("verdict") == "write")["there_id"].drop_nulls()
            stay = hanging.filter(~pl.col("id").is_in(going.implode())).unique("there_id", keep="first")
            parts.append(_there(there, sides, user_id, stay))
        if here.height:
            stays = parts[-1].filter(pl.col("verdict") != "write") if there.height else CHANGES.empty()
            parts.append(_here(here, sides, stays["here_id"]))
    return pl.concat(parts)


def _there(rows: pl.DataFrame, sides: Sides, user_id: str | None, hanging: pl.DataFrame) -> pl.DataFrame:
    there = sides.there
    stamp = to_text(pl.col(STAMP), there.schema[STAMP], "datetime")
    found = there.select(there_id=RECORD_KEY, _stamp=stamp, _by=pl.col(CHANGED_BY))
    others = pl.col("_by").ne_missing(pl.lit(user_id))
    why = (
        pl.when(pl.col("_stamp").is_null())
        .then(pl.lit("the record is gone or out of view"))
        .when(pl.col("_field").is_not_null())
        .then(sentence("changed since: ", pl.col("_field"), " is ", shown(pl.col("_now")), "; the commit had written ",
                       shown(pl.col("after"))))
        .when(others)
        .then(sentence("somebody else changed it since: ", pl.col("_by")))
        .when(pl.col("_what").is_not_null())
        .then(sentence("the ", pl.col("_what"), " ", pl.col("_id"), " belongs to it by now; it might go with it"))
    )  # fmt: skip
    differing = _differing(rows, _cells(rows, sides, there, "there_id"), "there_id")
    records = rows.unique("there_id", keep="first", maintain_order=True).drop("after")
    return (
        records.join(found, on="there_id", how="left", maintain_order="left")
        .join(differing, on="there_id", how="left", maintain_order="left")
        .join(hanging.select("there_id", _what="sobject", _id="id"), on="there_id", how="left", maintain_order="left")
        .select(_deletion(STAMP, "id", "datetime", pl.col("_stamp"), why, _BIN))
    )


def _here(rows: pl.DataFrame, sides: Sides, stays: pl.Series) -> pl.DataFrame:
    present = pl.col("here_id").is_in(sides.here[RECORD_KEY].implode())
    why = (
        pl.when(~present)
        .then(pl.lit("the record is no longer here"))
        .when(pl.col("here_id").is_in(stays.implode()))
        .then(pl.lit("it is not deleted in Salesforce, so it stays here as well"))
        .when(pl.col("_field").is_not_null())
        .then(sentence("changed here since: ", pl.col("_field"), " is ", shown(pl.col("_now"))))
    )
    differing = _differing(rows, _cells(rows, sides, sides.here, "here_id"), "here_id")
    records = rows.unique("here_id", keep="first", maintain_order=True).drop("after")
    joined = records.join(differing, on="here_id", how="left", maintain_order="left").join(
        as_texts(sides.here), on="here_id", how="left", maintain_order="left"
    )
    return joined.select(
        _deletion(RECORD_KEY, "Id", "string", pl.col("record"), why, "added by that commit and unchanged since")
    )


def _deletion(field: str, partner: str, kind: str, now: pl.Expr, why: pl.Expr, reason: str) -> list[pl.Expr]:
    there = pl.col("side") == "there"
    given = {
        "side": pl.col("side"),
        "object": pl.col("object"),
        "here_id": pl.col("here_id"),
        "there_id": pl.col("there_id"),
        "name": pl.col("name"),
        "operation": pl.lit(DELETE),
        "field": pl.lit(field),
        "partner": pl.lit(partner),
        "type": pl.lit(kind),
        "base": _NOTHING,
        "here": pl.when(~there).then(now),
        "there": pl.when(there).then(now),
        "after": _NOTHING,
        "rule": pl.lit(UNDO),
        "verdict": pl.when(why.is_null()).then(pl.lit("write")).otherwise(pl.lit("held")),
        "reason": pl.coalesce(why, pl.lit(reason)),
    }
    return [value.alias(name) for name, value in given.items()]


def _cells(rows: pl.DataFrame, sides: Sides, frame: pl.DataFrame, key: str) -> pl.DataFrame:
    """What the written fields hold now: the id column `key`, field, and ``_now`` as text."""
    parts = [pl.DataFrame(schema={key: pl.String, "field": pl.String, "_now": pl.String})]
    for name, partner, kind in rows.select("field", "partner", "type").unique().iter_rows():
        path, column = (name, sides.reads(name)) if key == "there_id" else (partner, name)
        if column in frame.columns:
            text = to_text(pl.col(column), frame.schema[column], kind, _scale(sides, path))
            parts.append(frame.select(pl.col(RECORD_KEY).alias(key), field=pl.lit(name), _now=text))
    return pl.concat(parts)


def _differing(rows: pl.DataFrame, now: pl.DataFrame, key: str) -> pl.DataFrame:
    """Of each record that holds something else than was written, the first such field: its value now and then."""
    found = rows.join(now, on=[key, "field"], how="left").filter(pl.col("_now").ne_missing(pl.col("after")))
    return (
        found.sort("field").unique(key, keep="first", maintain_order=True).select(key, "_now", "after", _field="field")
    )


def _scale(sides: Sides, path: str | None) -> int:
    try:
        return sides.describe.field(path or "").scale
    except NotFoundError:
        return EVERY_DIGIT
