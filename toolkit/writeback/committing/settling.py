"""What becomes of a row that a commit means to write: how it begins, and what it is settled as.

A row begins as ``intended`` and ends as ``written``, ``failed`` (Salesforce said no, or the run stopped before) or
``held`` (what the plan was made for is no longer so). Frames in, frames out.
"""

import polars as pl

from toolkit.frames import JOURNAL, conform
from toolkit.writeback.planning.plan import Plan
from toolkit.writeback.planning.rule_names import ADD as ADD
from toolkit.writeback.planning.rule_names import EDIT as EDIT
from toolkit.writeback.planning.rule_names import UNDO as UNDO
from toolkit.writeback.planning.sentences import sentence, shown
from toolkit.writeback.planning.sides import Sides

ALREADY = "ALREADY_SO"
CHANGED = "CHANGED_SINCE_PLAN"
GONE = "RECORD_GONE"
HIDDEN = "FIELD_GONE"
UNLINKED = "NO_LONGER_LINKED"
UNMAPPED = "NO_LONGER_MAPPED"
FOUND = "FOUND_AFTER_INTERRUPTION"
NOT_WRITTEN = "NOT_WRITTEN"
IN_JOB = "BULK_JOB"
"""The code of an intended row whose message is the id of the Bulk job that carries it and the rows after it."""


def intended(plan: Plan) -> pl.DataFrame:
    """Return the journal (`JOURNAL`) of a plan's writes before anything has happened."""
    nothing = pl.lit(None, dtype=pl.String)
    before = pl.when(pl.col("side") == "there").then("there").otherwise("here")
    undo = pl.col("rule") == UNDO  # it gives back what was agreed before, too, so that the next plan is the one before
    # What an edit here agrees on, its other half says, if it has one.
    alone = (pl.col("rule") == EDIT) & (pl.col("side") == "here")
    return conform(
        plan.rows("write").with_columns(
            commit_id=pl.lit(plan.plan_id),
            before=before,
            state=pl.lit("intended"),
            code=nothing,
            message=nothing,
            base=pl.when(undo).then(before).otherwise("base"),
            agreed=pl.when(undo | alone).then("base").otherwise("after"),
        ),
        JOURNAL,
    )


def outdated(rows: pl.DataFrame, plan: Plan, sides: Sides) -> pl.DataFrame:
    """Return those journal rows of a plan, settled as ``held``, that nobody would plan today.

    Their two records are no longer linked, or their two fields no longer mapped that way: what was meant for one record
    or field must not land in another. What takes a commit back is never outdated: it puts right just such rows.
    """
    linked = sides.links.filter(pl.col("object") == sides.object).select("here_id", "there_id", linked=True)
    both = [(field.here, field.there, field) for field in sides.mapping.fields]
    ways = [("there", there, here) for here, there, field in both if field.writes_there]
    ways += [("here", here, there) for here, there, field in both if field.writes_here]
    schema = {"side": pl.String, "field": pl.String, "partner": pl.String}
    mapped = pl.DataFrame(ways, schema=schema, orient="row").with_columns(mapped=True)
    by_hand = (pl.col("rule") == EDIT) & (pl.col("side") == "here")  # goes with its other half, or stands alone
    undo = plan.changes.filter((pl.col("rule") == UNDO) | by_hand).select("seq")
    return (
        rows.join(undo, on="seq", how="anti", maintain_order="left")
        .join(linked, on=["here_id", "there_id"], how="left", maintain_order="left")
        .join(mapped, on=list(schema), how="left", maintain_order="left")
        .filter(pl.col("linked").is_null() | pl.col("mapped").is_null())
        .with_columns(
            state=pl.lit("held"),
            code=pl.when(pl.col("linked").is_null()).then(pl.lit(UNLINKED)).otherwise(pl.lit(UNMAPPED)),
            message=pl.when(pl.col("linked").is_null())
            .then(sentence(pl.col("here_id"), " is no longer linked to ", pl.col("there_id"), "; plan again"))
            .otherwise(pl.lit("the mapping file no longer writes this field; plan again")),
        )
        .select(rows.columns)
    )


def compared(rows: pl.DataFrame, after_interruption: bool = False) -> pl.DataFrame:
    """Return journal rows with their state by what their side holds ``now`` (null when not ``found``).

    A row stays ``intended`` when it still holds what the plan was made for. After an interruption that means that it
    was never written: it is ``failed``, and the next plan has it again. A row whose field is ``hidden`` is held.
    ``before`` becomes what is there now where that is another value; not after an interruption, when what stood there
    may have been overwritten, and be known from nowhere else.
    """
    now, found, hidden = pl.col("now"), pl.col("found"), pl.col("hidden")
    done, waiting = now.eq_missing(pl.col("after")), now.eq_missing(pl.col("before"))
    where = pl.when(pl.col("side") == "there").then(pl.lit("in Salesforce")).otherwise(pl.lit("here"))
    was, is_now = shown(pl.col("before")), shown(now)
    moved = sentence("changed ", where, " since the plan, from ", was, " to ", is_now, "; plan again to decide")
    cases = [
        (hidden, "held", HIDDEN, pl.lit("the field is gone, or hidden from the integration user; check the mapping")),
        (~found, "held", GONE, pl.lit("the record is deleted, or no longer visible")),
        (done, *_DONE[after_interruption]),
        (waiting, *_WAITING[after_interruption]),
    ]
    state, code, message = pl.lit("held"), pl.lit(CHANGED), moved
    for when, case_state, case_code, case_message in reversed(cases):
        state = pl.when(when).then(pl.lit(case_state)).otherwise(state)
        code = pl.when(when).then(pl.lit(case_code)).otherwise(code)
        message = pl.when(when).then(case_message).otherwise(message)
    kept = hidden | ~found | done | waiting | pl.lit(after_interruption)
    return rows.with_columns(
        state=state, code=code, message=message, before=pl.when(kept).then(pl.col("before")).otherwise(now)
    )


_DONE = {
    False: ("written", ALREADY, pl.lit("held this value already; no call was needed")),
    True: ("written", FOUND, pl.lit("found written after the run was interrupted")),
}
_WAITING = {
    False: ("intended", None, pl.lit(None, dtype=pl.String)),
    True: ("failed", NOT_WRITTEN, pl.lit("the run was interrupted before this was written; plan again")),
}
"""State, code and message by whether a run was interrupted."""
