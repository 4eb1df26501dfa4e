"""Deleting records by plan: what goes, what hangs on it, and why some of it stays (BEY-1, BEY-5).

What is deleted in Salesforce goes to its recycle bin for 15 days, with what it takes along. What is deleted here is
kept whole in the journal. Both come back by undoing the commit. Frames in, frames out.
"""

import polars as pl

from toolkit.frames import CHANGES, RECORD_KEY
from toolkit.values import to_text
from toolkit.writeback.planning.creating import creates_there
from toolkit.writeback.planning.finding import Finding
from toolkit.writeback.planning.operations import DELETE
from toolkit.writeback.planning.rule_names import DELETE as BY_PLAN
from toolkit.writeback.planning.sentences import sentence
from toolkit.writeback.planning.sides import Sides
from toolkit.writeback.undoing.hanging import counted
from toolkit.writeback.undoing.uncreating import STAMP
from toolkit.writeback.undoing.whole_records import as_texts

_COLUMNS = tuple(name for name in CHANGES.schema if name != "seq")
_NOTHING = pl.lit(None, dtype=pl.String)
BIN_DAYS = 15
"""So long Salesforce keeps what was deleted."""
GOES = f"goes to the recycle bin for {BIN_DAYS} days"
"""How the reason of a row begins that says what a deletion does to others."""


def deletions_there(
    sides: Sides, ids: pl.Series, now: pl.DataFrame, hanging: pl.DataFrame, *, cascade: bool
) -> pl.DataFrame:
    """Return the rows (`CHANGES` without seq) that delete in Salesforce the partners of records here.

    `now` are these records as they are (``id``, their name, `STAMP`), `hanging` (`DEPENDENTS`) what refers to them.
    What Salesforce would not delete is refused; what would take others along is held, unless `cascade` says so.
    """
    mine = sides.links.filter(pl.col("object") == sides.object).select("here_id", "there_id")
    stamp = to_text(pl.col(STAMP), now.schema[STAMP], "datetime")
    name = sides.mapping.name
    shown = pl.col(name).cast(pl.String) if name in now.columns else _NOTHING
    found = now.select(there_id=RECORD_KEY, name=shown, _stamp=stamp)
    why = _why_not(cascade=cascade)
    verdict = (
        pl.when(why.is_null())
        .then(pl.lit("write"))
        .when(pl.col("_blocked").is_not_null())
        .then(pl.lit("refused"))
        .otherwise(pl.lit("held"))
    )
    records = (
        pl.DataFrame({"here_id": ids}, schema={"here_id": pl.String})
        .join(mine, on="here_id", how="left", maintain_order="left")
        .join(found, on="there_id", how="left", maintain_order="left")
    )
    return (
        _with_hanging(records, hanging)
        .select(_row(sides, "there", STAMP, "id", "datetime", there=pl.col("_stamp"), verdict=verdict,
                     reason=pl.coalesce(why, _what_goes())))
    )  # fmt: skip


def _why_not(*, cascade: bool) -> pl.Expr:
    """Why a record there is not deleted, or null."""
    return (
        pl.when(pl.col("there_id").is_null())
        .then(pl.lit("it has no partner in Salesforce"))
        .when(pl.col("_stamp").is_null())
        .then(pl.lit("the record in Salesforce is gone, or no longer visible"))
        .when(pl.col("_blocked").is_not_null())
        .then(sentence("Salesforce does not delete it while these belong to it: ", pl.col("_blocked")))
        .when(pl.col("_along").is_not_null() & pl.lit(not cascade))
        .then(sentence("these would go with it: ", pl.col("_along"), "; say cascade to delete them, too"))
    )


def _what_goes() -> pl.Expr:
    """What a deletion there takes along, and what it leaves without a reference."""
    return sentence(
        GOES,
        pl.when(pl.col("_along").is_null()).then(pl.lit("")).otherwise(sentence(", with ", pl.col("_along"))),
        pl.when(pl.col("_lose").is_null()).then(pl.lit("")).otherwise(
            sentence("; these lose their reference to it: ", pl.col("_lose"))),
    )  # fmt: skip


def what_goes(ids: pl.Series, hanging: pl.DataFrame) -> pl.DataFrame:
    """Return ``there_id, goes``: in words, what the deletion of each record in Salesforce does to `hanging`.

    `hanging` (`DEPENDENTS`) is what refers to the records; the words are those of `deletions_there`.
    """
    records = pl.DataFrame({"there_id": ids}, schema={"there_id": pl.String})
    return _with_hanging(records, hanging).select("there_id", goes=_what_goes())


def deletions_here(sides: Sides, ids: pl.Series, there: pl.DataFrame) -> pl.DataFrame:
    """Return the rows that delete records here. One that stays in Salesforce by `there`, the rows there, stays too."""
    stays = there.filter((pl.col("verdict") != "write") & pl.col("there_id").is_not_null())["here_id"]
    held = pl.col("here_id").is_in(stays.implode())
    mine = sides.here.filter(pl.col(RECORD_KEY).is_in(ids.implode()))
    named = mine.select(here_id=RECORD_KEY, name=pl.col("name").cast(pl.String) if "name" in mine.columns else _NOTHING)
    links = sides.links.filter(pl.col("object") == sides.object).select("here_id", "there_id")
    why = pl.lit("it is not deleted in Salesforce, so it stays here as well")
    verdict = pl.when(held).then(pl.lit("held")).otherwise(pl.lit("write"))
    reason = pl.when(held).then(why).otherwise(pl.lit("goes from here; the journal keeps it whole"))
    return (
        named.join(links, on="here_id", how="left", maintain_order="left")
        .join(as_texts(mine), on="here_id", how="left", maintain_order="left")
        .sort("here_id")
        .select(_row(sides, "here", RECORD_KEY, "Id", "string", here=pl.col("record"), verdict=verdict, reason=reason))
    )


def delete_findings(sides: Sides, side: str) -> tuple[Finding, ...]:
    """Return what to know before deleting on one side only: where the mapping brings the record back."""
    mapping, place = sides.mapping, f"objects.{sides.object}"
    if side == "there" and creates_there(mapping):
        message = "the next plan creates these records in Salesforce again, because create_there is on"
    elif side == "here" and mapping.create:
        message = "the next import brings these records back, because create is on"
    else:
        return ()
    return (Finding("warning", "BEY-1", place, message, 'Delete them on both sides: side="both".'),)


def _with_hanging(records: pl.DataFrame, hanging: pl.DataFrame) -> pl.DataFrame:
    """The records with what keeps them, goes along, and loses its reference, in words, null where nothing does."""
    kinds = {
        "_blocked": pl.col("restricts") & ~pl.col("cascades"),
        "_along": pl.col("cascades"),
        "_lose": ~pl.col("restricts") & ~pl.col("cascades"),
    }
    for name, kind in kinds.items():
        records = records.join(_said(hanging.filter(kind), name), on="there_id", how="left", maintain_order="left")
    return records


def _said(hanging: pl.DataFrame, name: str) -> pl.DataFrame:
    return counted(hanging).rename({"said": name})


def _row(
    sides: Sides,
    side: str,
    field: str,
    partner: str,
    kind: str,
    *,
    verdict: pl.Expr,
    reason: pl.Expr,
    here: pl.Expr = _NOTHING,
    there: pl.Expr = _NOTHING,
) -> list[pl.Expr]:
    given = {
        "side": pl.lit(side),
        "object": pl.lit(sides.object),
        "here_id": pl.col("here_id"),
        "there_id": pl.col("there_id"),
        "name": pl.col("name"),
        "operation": pl.lit(DELETE),
        "field": pl.lit(field),
        "partner": pl.lit(partner),
        "type": pl.lit(kind),
        "base": _NOTHING,
        "here": here,
        "there": there,
        "after": _NOTHING,
        "rule": pl.lit(BY_PLAN),
        "verdict": verdict,
        "reason": reason,
    }
    return [given[name].alias(name) for name in _COLUMNS]
