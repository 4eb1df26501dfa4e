"""The journal of one commit, on the disk: the rows that are intended, and durable notes of what became of them."""

from dataclasses import dataclass

import polars as pl

from toolkit.store import Store
from toolkit.writeback.settling import IN_JOB


@dataclass(frozen=True)
class Ledger:
    """The journal of one commit."""

    store: Store
    commit_id: str

    def rows(self) -> pl.DataFrame:
        """Return every row of the commit (`JOURNAL`)."""
        return self.store.journal(self.commit_id)

    def settle(
        self,
        rows: pl.DataFrame,
        also: tuple[str, ...] = (),
        links: pl.DataFrame | None = None,
        unlinked: pl.DataFrame | None = None,
    ) -> None:
        """Note durably what became of rows: seq, state, code, message, and before where it is given.

        `also` names further columns that are noted. `links` of new records come, those of `unlinked` go, with it.
        """
        columns = [name for name in ("seq", "state", "code", "message", "before", *also) if name in rows.columns]
        if rows.height:
            self.store.settle(self.commit_id, rows.select(columns), links, unlinked)

    def sent_in_job(self, rows: pl.DataFrame, job_id: str) -> None:
        """Note durably, before it is uploaded, which Bulk job carries rows; a later run can then ask for it."""
        first = rows.select(pl.col("seq").min(), code=pl.lit(IN_JOB), message=pl.lit(job_id))
        self.store.settle(self.commit_id, first)
