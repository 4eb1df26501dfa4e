"""The journal of a commit, in its own terms: what is intended, and how rows are settled.

A row begins as ``intended``, on the disk before anything is sent, and ends as ``written``, ``failed`` (Salesforce said
no, or the run stopped before) or ``held`` (the value was not what the plan was made for).
"""

from dataclasses import dataclass

import polars as pl

from toolkit.frames import JOURNAL, conform
from toolkit.store import Store
from toolkit.writeback.plan import Plan
from toolkit.writeback.sentences import sentence, shown

ALREADY = "ALREADY_SO"
CHANGED = "CHANGED_SINCE_PLAN"
GONE = "RECORD_GONE"
FOUND = "FOUND_AFTER_INTERRUPTION"
NOT_WRITTEN = "NOT_WRITTEN"
IN_JOB = "BULK_JOB"
"""The code of an intended row whose message is the id of the Bulk job that carries it and the rows after it."""


@dataclass(frozen=True)
class Ledger:
    """The journal of one commit."""

    store: Store
    commit_id: str

    def rows(self) -> pl.DataFrame:
        """Return every row of the commit (`JOURNAL`)."""
        return self.store.journal(self.commit_id)

    def settle(self, rows: pl.DataFrame) -> None:
        """Note durably what became of rows: seq, state, code, message, and before where it is given."""
        columns = [name for name in ("seq", "state", "code", "message", "before") if name in rows.columns]
        if rows.height:
            self.store.settle(self.commit_id, rows.select(columns))

    def sent_in_job(self, rows: pl.DataFrame, job_id: str) -> None:
        """Note durably, before it is uploaded, which Bulk job carries rows; a later run can then ask for it."""
        first = rows.select(pl.col("seq").min(), code=pl.lit(IN_JOB), message=pl.lit(job_id))
        self.store.settle(self.commit_id, first)


def intended(plan: Plan) -> pl.DataFrame:
    """Return the journal (`JOURNAL`) of a plan's writes before anything has happened."""
    nothing = pl.lit(None, dtype=pl.String)
    before = pl.when(pl.col("side") == "there").then("there").otherwise("here")
    return conform(
        plan.rows("write").with_columns(
            commit_id=pl.lit(plan.plan_id), before=before, state=pl.lit("intended"), code=nothing, message=nothing
        ),
        JOURNAL,
    )


def compared(rows: pl.DataFrame, after_interruption: bool = False) -> pl.DataFrame:
    """Return journal rows with their state by what their side holds ``now`` (null when not ``found``).

    A row stays ``intended`` when it still holds what the plan was made for. After an interruption that means that it
    was never written: it is ``failed``, and the next plan has it again.
    """
    now, found = pl.col("now"), pl.col("found")
    done = found & now.eq_missing(pl.col("after"))
    waiting = found & now.eq_missing(pl.col("before"))
    where = pl.when(pl.col("side") == "there").then(pl.lit("in Salesforce")).otherwise(pl.lit("here"))
    was, is_now = shown(pl.col("before")), shown(now)
    held = sentence("changed ", where, " since the plan, from ", was, " to ", is_now, "; plan again to decide")
    cases = [(done, *_DONE[after_interruption]), (waiting, *_WAITING[after_interruption])]
    state, code, message = pl.lit("held"), pl.lit(CHANGED), held
    state, code, message = (
        pl.when(found).then(value).otherwise(pl.lit(gone))
        for value, gone in [(state, "held"), (code, GONE), (message, "the record is deleted, or no longer visible")]
    )
    for when, case_state, case_code, case_message in reversed(cases):
        state = pl.when(when).then(pl.lit(case_state)).otherwise(state)
        code = pl.when(when).then(pl.lit(case_code)).otherwise(code)
        message = pl.when(when).then(pl.lit(case_message)).otherwise(message)
    return rows.with_columns(
        state=state,
        code=code,
        message=message,
        before=pl.when(done | waiting | ~found).then(pl.col("before")).otherwise(now),
    )


_DONE = {
    False: ("written", ALREADY, "held this value already; no call was needed"),
    True: ("written", FOUND, "found written after the run was interrupted"),
}
_WAITING = {
    False: ("intended", None, None),
    True: ("failed", NOT_WRITTEN, "the run was interrupted before this was written; plan again"),
}
"""State, code and message by whether a run was interrupted."""
