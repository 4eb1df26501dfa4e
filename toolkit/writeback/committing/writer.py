"""What a commit does to one object, on either side, and how an interrupted commit is settled.

A value that is changed on both sides at once, as an edit is, is written here only when Salesforce has it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import polars as pl

from toolkit.errors import NotFoundError
from toolkit.frames import LINKS
from toolkit.salesforce import Org
from toolkit.salesforce.collections import Operation
from toolkit.writeback.committing.journal import Ledger
from toolkit.writeback.committing.sending import Sender, answered, apply_here, now_here, now_there, types_of, wide
from toolkit.writeback.committing.settling import IN_JOB, NOT_WRITTEN, compared
from toolkit.writeback.committing.whole import Creator, create_here, delete_here, delete_there
from toolkit.writeback.planning.cost import Cost
from toolkit.writeback.planning.nesting import levels
from toolkit.writeback.planning.operations import CHANGING, CREATE, DELETE
from toolkit.writeback.planning.references import resolved
from toolkit.writeback.planning.sides import Sides


@dataclass(frozen=True)
class Writer:
    """Everything that writing needs: the org, the journal, the way, the time, the objects, and whom to tell."""

    org: Org
    ledger: Ledger
    cost: Cost
    at: str
    objects: Sequence[Sides]
    tell: Callable[[int], None]

    def create(self, rows: pl.DataFrame, sides: Sides) -> None:
        """Create the records of journal rows: here first, where they are safe, then in Salesforce."""
        here, there = _by_side(rows)
        if here.height:
            create_here(here, self.as_kept(sides), self._sender(sides, CREATE))
        for level in levels(there) if there.height else ():  # parents have an id before their children are sent
            self._creator(sides).create(level)

    def change(self, rows: pl.DataFrame, sides: Sides) -> None:
        """Change the records of journal rows: in Salesforce first, then here."""
        here, there = _by_side(rows)
        if there.height:
            self._sender(sides).send(there, sides)
        if here.height:
            here = self._agreed_there(here)
            apply_here(here, sides, self.ledger)
            self.tell(here["here_id"].n_unique())

    def delete(self, rows: pl.DataFrame, sides: Sides) -> None:
        """Delete the records of journal rows: in Salesforce first, then here."""
        here, there = _by_side(rows)
        if there.height:
            delete_there(there, sides, self._sender(sides, DELETE))
        if here.height:
            delete_here(here, self.as_kept(sides), self._sender(sides, DELETE))

    def settle_left_over(self, sides: Sides) -> pl.DataFrame | None:
        """Settle what an interrupted commit left open of an object; return what Salesforce held where that was read."""
        here, there = (self._open(sides, side, CHANGING) for side in ("here", "there"))
        self._settle_jobs(sides)
        self._settle_whole(sides)
        now = now_there(self.org, there, sides) if there.height else None
        if now is not None:
            still_open = self._open(sides, "there", CHANGING).select("seq")
            self.ledger.settle(compared(now.join(still_open, on="seq", how="semi"), after_interruption=True))
        pairs = here.join(_written_there(self.ledger), on=_PAIR, how="semi", maintain_order="left")
        apply_here(pairs, self.as_kept(sides), self.ledger)  # the other half of what is in Salesforce by now
        rest = here.join(pairs, on="seq", how="anti", maintain_order="left")
        if rest.height:
            self.ledger.settle(compared(now_here(rest, self.as_kept(sides)), after_interruption=True))
        return now

    def as_kept(self, sides: Sides) -> Sides:
        """Return the sides with the records here and the links as the store holds them now."""
        store = self.ledger.store
        here = store.records("here", sides.object)
        return replace(sides, here=sides.here if here is None else here, links=store.read(LINKS))

    # -- inner -------------------------------------------------------------------------------------------------------

    def _sender(self, sides: Sides, operation: str = "update") -> Sender:
        return Sender(self.org, self.ledger, self.cost.via(sides.object, operation), self.tell)

    def _creator(self, sides: Sides) -> Creator:
        objects = [self.as_kept(each) for each in self.objects]
        return Creator(self._sender(sides, CREATE), self.as_kept(sides), objects, self.at)

    def _agreed_there(self, here: pl.DataFrame) -> pl.DataFrame:
        """Return the rows that may be written here; the other half of what was not written there is held."""
        journal = self.ledger.rows()
        both = _halves(journal.filter(pl.col("state") != "written"))
        waiting = here.join(both, on=_PAIR, how="semi", maintain_order="left")
        why = pl.lit("not written in Salesforce, so it stays as it was here as well; see the reason there")
        self.ledger.settle(waiting.with_columns(state=pl.lit("held"), code=pl.lit(NOT_WRITTEN), message=why))
        return here.join(waiting, on="seq", how="anti", maintain_order="left")

    def _open(self, sides: Sides, side: str, operations: Sequence[str]) -> pl.DataFrame:
        mine = (pl.col("object") == sides.object) & (pl.col("side") == side) & (pl.col("state") == "intended")
        return self.ledger.rows().filter(mine & pl.col("operation").is_in(operations))

    def _settle_jobs(self, sides: Sides) -> None:
        there = self._open(sides, "there", (*CHANGING, CREATE, DELETE))
        for job_id, operation in there.filter(pl.col("code") == IN_JOB).select("message", "operation").iter_rows():
            try:
                if operation == CREATE:
                    new = there.filter(pl.col("operation") == CREATE)
                    self._creator(sides).settle_job(new, job_id)
                else:
                    self._settle_job(sides, job_id, delete=operation == DELETE)
            except NotFoundError:
                continue  # never handed over, or collected and deleted before: reading the records tells

    def _settle_job(self, sides: Sides, job_id: str, *, delete: bool) -> None:
        rows = self._open(sides, "there", (DELETE,) if delete else CHANGING)
        ready = resolved(rows, sides)
        table = rows.select(Id="there_id") if delete else wide(ready)
        operation: Operation = "delete" if delete else "update"
        results = self.org.collect(job_id, sides.mapping.sobject, operation, table, types_of(ready), sparse=True)
        told = answered(rows, results)
        gone = told.filter(pl.col("state") == "written") if delete else None
        self.ledger.settle(told, unlinked=gone)
        self.org.forget(job_id)

    def _settle_whole(self, sides: Sides) -> None:
        new_here, new_there = (self._open(sides, side, (CREATE,)) for side in ("here", "there"))
        if new_here.height:
            known = self.as_kept(sides).here["id"].implode()
            made = pl.col("here_id").is_in(known)
            why = pl.lit("the run was interrupted before this was created")
            self.ledger.settle(
                new_here.with_columns(
                    state=pl.when(made).then(pl.lit("written")).otherwise(pl.lit("failed")),
                    code=pl.when(made).then(None).otherwise(pl.lit(NOT_WRITTEN)),
                    message=pl.when(made).then(None).otherwise(why),
                )
            )
        if new_there.height:
            self._creator(sides).settle_left_over(new_there)
        gone_here, gone_there = (self._open(sides, side, (DELETE,)) for side in ("here", "there"))
        if gone_there.height:
            delete_there(gone_there, sides, self._sender(sides, DELETE), after_interruption=True)
        if gone_here.height:
            delete_here(gone_here, self.as_kept(sides), self._sender(sides, DELETE))


_PAIR = ["object", "here_id", "field", "partner"]


def _halves(journal: pl.DataFrame) -> pl.DataFrame:
    """The rows there, with the fields named as the row here of the same pair names them."""
    there = journal.filter((pl.col("side") == "there") & pl.col("operation").is_in(CHANGING))
    return there.select("object", "here_id", field="partner", partner="field")


def _written_there(ledger: Ledger) -> pl.DataFrame:
    return _halves(ledger.rows().filter(pl.col("state") == "written"))


def _by_side(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    return rows.filter(pl.col("side") == "here"), rows.filter(pl.col("side") == "there")
