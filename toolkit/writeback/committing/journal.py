"""The journal of one commit, on the disk: the rows that are intended, and durable notes of what became of them.

What is on the disk is kept in memory as well, so that a large journal is not read again and again; whoever holds the
store's lock is the only one to change it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from toolkit.store import Store
from toolkit.writeback.committing.settling import IN_JOB


@dataclass(frozen=True)
class Ledger:
    """The journal of one commit."""

    store: Store
    commit_id: str
    _known: list[pl.DataFrame] = field(default_factory=list, repr=False)
    """The rows as they were when they were read or intended last, none before that; then what was noted since."""

    def intend(self, rows: pl.DataFrame, meta: Mapping[str, Any]) -> None:
        """Note durably the rows (`JOURNAL`) that are about to be written."""
        self.store.intend(rows, meta)
        self._known[:] = [rows]

    def rows(self) -> pl.DataFrame:
        """Return every row of the commit (`JOURNAL`). Raises NotFoundError when there is no such commit."""
        rows, *notes = self._known or [self.store.journal(self.commit_id)]
        for each in _together(notes):
            rows = rows.update(each, on="seq", include_nulls=True)
        self._known[:] = [rows]
        return rows

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
            self._note(rows.select(columns), links, unlinked)

    def sent_in_job(self, rows: pl.DataFrame, job_id: str) -> None:
        """Note durably, before it is uploaded, which Bulk job carries rows; a later run can then ask for it."""
        self._note(rows.select(pl.col("seq").min(), code=pl.lit(IN_JOB), message=pl.lit(job_id)))

    def _note(
        self, updates: pl.DataFrame, links: pl.DataFrame | None = None, unlinked: pl.DataFrame | None = None
    ) -> None:
        known = self._known[:]
        self._known.clear()  # should it not be noted, nobody goes by what is remembered
        self.store.settle(self.commit_id, updates, links, unlinked)
        self._known[:] = [*known, updates] if known else []


def _together(notes: list[pl.DataFrame]) -> list[pl.DataFrame]:
    """Notes in their order, those of the same columns that follow each other in one; the last of a row counts."""
    found: list[list[pl.DataFrame]] = []
    for each in notes:
        if found and found[-1][0].columns == each.columns:
            found[-1].append(each)
        else:
            found.append([each])
    return [pl.concat(each, how="vertical_relaxed").unique("seq", keep="last") for each in found]
