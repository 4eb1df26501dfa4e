"""Deleted records brought back by a commit: out of Salesforce's recycle bin, and out of the journal here.

Taking a record out of the bin twice does no harm, and whether it lies there can be asked, so that nothing is in doubt
after a crash. What comes back is linked again with it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import polars as pl

from toolkit.frames import LINKS, RECORD_KEY
from toolkit.salesforce import Org
from toolkit.writeback.committing.journal import Ledger
from toolkit.writeback.committing.recognising import new_links
from toolkit.writeback.committing.sending import answered
from toolkit.writeback.committing.settling import ALREADY, FOUND, GONE, NOT_WRITTEN
from toolkit.writeback.committing.whole import EXISTS
from toolkit.writeback.planning.operations import UNDELETE
from toolkit.writeback.planning.sentences import sentence
from toolkit.writeback.planning.sides import Sides
from toolkit.writeback.undoing.undeleting import FATES
from toolkit.writeback.undoing.whole_records import changed_since, from_texts, together

RESTORED = "restored"
"""The rule of a link that came back with its record."""
_NONE = pl.lit(None, dtype=pl.String)


def fates_of(org: Org, sobject: str, ids: Sequence[str]) -> pl.DataFrame:
    """Return what became of records there (`FATES`); those that are gone for good are left out."""
    if not ids:
        return pl.DataFrame(schema=FATES)
    found = org.fates(sobject, ids)
    return found.select(there_id="Id", deleted="IsDeleted", master="MasterRecordId").cast(FATES)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Restorer:
    """Brings back records of one object. ``at`` is the time of the commit, ``tell`` counts records."""

    org: Org
    ledger: Ledger
    sides: Sides
    at: str
    tell: Callable[[int], None]

    def carry_out(self, rows: pl.DataFrame) -> None:
        """Bring back what journal rows say, in Salesforce, then here, and settle each row."""
        there, here = (rows.filter(pl.col("side") == side) for side in ("there", "here"))
        if there.height:
            judged = self._judged(there, after_interruption=False)
            self._settle(judged.filter(pl.col("state") != "intended"))
            todo = judged.filter(pl.col("state") == "intended")
            if todo.height:
                ids = todo["there_id"].unique(maintain_order=True).to_list()
                self.org.soap.undelete(ids, lambda results: self._settle(answered(todo, results)))
        if here.height:
            self._return_here(here)

    def settle_left_over(self) -> None:
        """Settle what an interrupted commit left open, by what the org and the store have. Brings nothing back."""
        mine = (pl.col("object") == self.sides.object) & (pl.col("state") == "intended")
        rows = self.ledger.rows().filter(mine & (pl.col("operation") == UNDELETE))
        there, here = (rows.filter(pl.col("side") == side) for side in ("there", "here"))
        if there.height:
            self._settle(self._judged(there, after_interruption=True))
        if here.height:
            self._return_here(here)  # it is safe here, and belongs to what is back there

    # -- inner -------------------------------------------------------------------------------------------------------

    def _judged(self, rows: pl.DataFrame, *, after_interruption: bool) -> pl.DataFrame:
        fates = fates_of(self.org, self.sides.mapping.sobject, rows["there_id"].unique().sort().to_list())
        found = rows.join(fates, on="there_id", how="left", maintain_order="left")
        waiting = pl.lit("the run was interrupted before this was restored; plan again")
        done = "found restored after the run was interrupted" if after_interruption else "was restored already"
        cases = [
            (pl.col("deleted").is_null(), "held", GONE,
             pl.lit("it is no longer in Salesforce's recycle bin, so nothing brings it back")),
            (pl.col("master").is_not_null(), "held", GONE, sentence("it was merged into ", pl.col("master"))),
            (~pl.col("deleted"), "written", FOUND if after_interruption else ALREADY, pl.lit(done)),
        ]  # fmt: skip
        state = pl.lit("failed" if after_interruption else "intended")
        code = pl.lit(NOT_WRITTEN if after_interruption else None, dtype=pl.String)
        message = waiting if after_interruption else _NONE
        for when, case_state, case_code, case_message in reversed(cases):
            state = pl.when(when).then(pl.lit(case_state)).otherwise(state)
            code = pl.when(when).then(pl.lit(case_code)).otherwise(code)
            message = pl.when(when).then(case_message).otherwise(message)
        return found.with_columns(state=state, code=code, message=message).select(rows.columns)

    def _settle(self, rows: pl.DataFrame) -> None:
        """Settle rows of Salesforce; the link comes back with the record, unless either is linked by now."""
        back = rows.filter((pl.col("state") == "written") & pl.col("here_id").is_not_null())
        known = self.ledger.store.read(LINKS).filter(pl.col("object") == self.sides.object)
        free = back.join(known, on="here_id", how="anti").join(known, on="there_id", how="anti")
        links = new_links(free, self.at).with_columns(rule=pl.lit(RESTORED)) if free.height else None
        self.ledger.settle(rows, links=links)
        self.tell(rows["there_id"].n_unique())

    def _return_here(self, rows: pl.DataFrame) -> None:
        """Put records here back as the journal kept them, unless they stay deleted there, or the id is taken."""
        store = self.ledger.store
        here = store.records("here", self.sides.object)
        here = self.sides.here if here is None else here
        there = self.ledger.rows().filter(
            (pl.col("object") == self.sides.object) & (pl.col("side") == "there") & (pl.col("operation") == UNDELETE)
        )
        away = there.filter(pl.col("state") != "written")["here_id"].drop_nulls()
        moved = changed_since(rows.select("here_id", record="after"), here)
        gone = pl.col("here_id").is_in(away.implode())
        taken, same = (pl.col("here_id").is_in(here[RECORD_KEY].implode()), ~pl.col("here_id").is_in(moved.implode()))
        judged = rows.with_columns(
            state=pl.when(gone | (taken & ~same)).then(pl.lit("held")).otherwise(pl.lit("written")),
            code=pl.when(gone).then(pl.lit(NOT_WRITTEN)).when(taken & ~same).then(pl.lit(EXISTS))
            .when(taken).then(pl.lit(ALREADY)),
            message=pl.when(gone).then(pl.lit("it did not come back in Salesforce, so it does not here; see its row"))
            .when(taken & ~same).then(pl.lit("there is a record with this id here already")),
        )  # fmt: skip
        new = judged.filter((pl.col("state") == "written") & ~taken)
        if new.height:
            back = together(here, from_texts(new["after"], here)).sort(RECORD_KEY)
            store.save_records("here", self.sides.object, back)
        self.ledger.settle(judged)
        self.tell(rows["here_id"].n_unique())
