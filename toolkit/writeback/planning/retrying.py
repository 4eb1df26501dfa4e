"""Once more, only what failed: the rows of a commit that Salesforce did not take, judged by what both sides hold today.

A row is tried again when both sides still hold what it was made for. What moved since is held, and listed: the next
plan judges it anew. Records that could not be created are planned as if for the first time.
"""

from collections.abc import Sequence

import polars as pl

from toolkit.frames import CHANGES, MISMATCHES
from toolkit.writeback.planning.creating import creates
from toolkit.writeback.planning.merge import MERGED_COLUMNS
from toolkit.writeback.planning.operations import CHANGING, CREATE, DELETE
from toolkit.writeback.planning.rule_names import ADD, EDIT, RETRY, UNDO
from toolkit.writeback.planning.sentences import sentence, shown
from toolkit.writeback.planning.sides import Sides
from toolkit.writeback.undoing.undo import held_now

_NOTHING = pl.lit(None, dtype=pl.String)


def retried(
    journal: pl.DataFrame,
    planned: pl.DataFrame,
    objects: Sequence[Sides],
    mismatches: pl.DataFrame,
    created: pl.DataFrame,
) -> pl.DataFrame:
    """Return the changes (`CHANGES` without seq) that try the failed rows of a commit again.

    `journal` (`JOURNAL`) is the commit's, `planned` (`CHANGES`) the rows of its plan, empty when that is not kept any
    more. `mismatches` says what has no partner today, `created` (`JOURNAL`) what any commit created.
    """
    failed = journal.filter(pl.col("state") == "failed").join(
        planned.select("seq", "rule"), on="seq", how="left", maintain_order="left"
    )
    by_name = {sides.object: sides for sides in objects}
    changed = failed.filter(pl.col("operation").is_in(CHANGING))
    parts = [
        _again(rows, by_name[str(name)], str(side), str(field), str(partner))
        for (name, side, field, partner), rows in changed.partition_by(
            "object", "side", "field", "partner", as_dict=True
        ).items()
        if str(name) in by_name
    ]
    created_there = (pl.col("operation") == CREATE) & (pl.col("side") == "there")
    new = failed.filter(created_there)
    others = failed.filter(~pl.col("operation").is_in(CHANGING) & ~created_there)
    # A deletion holds what the record was when it was planned: one that changed since is not deleted.
    was = [pl.when((pl.col("operation") == DELETE) & (pl.col("side") == each)).then("before").alias(each)
           for each in ("here", "there")]  # fmt: skip
    others = others.with_columns(was)
    return pl.concat([
        CHANGES.empty().select(MERGED_COLUMNS), *parts, _created_again(new, objects, mismatches, created),
        _row(others, pl.lit(value=True), _NOTHING),
    ])  # fmt: skip


def _again(rows: pl.DataFrame, sides: Sides, side: str, field: str, partner: str) -> pl.DataFrame:
    """The rows of one pair of fields beside what both sides hold now."""
    here_name, there_path = (partner, field) if side == "there" else (field, partner)
    found = rows.join(held_now(sides, sides.here, here_name, there_path, "here"), on="here_id", how="left").join(
        held_now(sides, sides.there, sides.reads(there_path), there_path, "there"), on="there_id", how="left"
    )
    linked = sides.links.filter(object=sides.object).select("here_id", "there_id", _linked=pl.lit(value=True))
    found = found.join(linked, on=["here_id", "there_id"], how="left", maintain_order="left")
    target, source = (pl.col("there"), pl.col("here")) if side == "there" else (pl.col("here"), pl.col("there"))
    present = pl.col(f"_{side}").fill_null(value=False)
    by_hand = pl.col("rule").is_in([EDIT, ADD]).fill_null(value=False)
    own = pl.col("rule").eq_missing(UNDO) | pl.col("partner").is_null()  # the value is no copy of the other side's
    stands = target.eq_missing(pl.col("before"))
    meant = own | source.eq_missing(pl.col("after"))
    where, other = ("in Salesforce", "here") if side == "there" else ("here", "in Salesforce")
    why = (
        pl.when(~present)
        .then(pl.lit("the record is gone or out of view"))
        .when(by_hand)
        .then(pl.lit("it was edited by hand; edit it again"))
        .when(pl.col("_linked").is_null() & ~own)
        .then(pl.lit("the two records are no longer linked"))
        .when(~stands)
        .then(sentence(f"changed {where} since, from ", shown(pl.col("before")), " to ", shown(target)))
        .when(~meant)
        .then(sentence(f"changed {other} since, to ", shown(source), "; it was ", shown(pl.col("after"))))
    )
    return _row(found, why.is_null(), why)


def _row(rows: pl.DataFrame, ready: pl.Expr, why: pl.Expr) -> pl.DataFrame:
    """Failed journal rows as rows of a plan: to be written when they are `ready`, else held for a reason."""
    again = sentence("failed in ", pl.col("commit_id"), ": ", pl.col("message").fill_null("no reason was given"))
    return rows.with_columns(
        # What an undo gives back was agreed before: it stays an undo, so that its base comes back too.
        base=pl.when(pl.col("rule").eq_missing(UNDO)).then("agreed").otherwise("base"),
        rule=pl.coalesce("rule", pl.lit(RETRY)),
        verdict=pl.when(ready).then(pl.lit("write")).otherwise(pl.lit("held")),
        reason=pl.when(ready).then(again).otherwise(sentence(why, "; plan again to decide")),
    ).select(MERGED_COLUMNS)


def _created_again(
    failed: pl.DataFrame, objects: Sequence[Sides], mismatches: pl.DataFrame, created: pl.DataFrame
) -> pl.DataFrame:
    """The rows that create the records again that could not be created, and, held, those of others."""
    ids = failed.select("object", "here_id").unique()
    alone = mismatches.join(ids, left_on=["object", "id"], right_on=["object", "here_id"], how="semi")
    rows = creates(objects, pl.concat([MISMATCHES.empty(), alone]), created)
    rest = failed.join(rows, on=["object", "here_id"], how="anti").with_columns(here=_NOTHING, there=_NOTHING)
    why = pl.lit("the record is gone, linked by now, or not to be created any more")
    return pl.concat([rows.select(MERGED_COLUMNS), _row(rest, pl.lit(value=False), why)])
