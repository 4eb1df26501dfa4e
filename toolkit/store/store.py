"""The store: everything a workspace keeps, behind one door.

Everything transactional is SQLite; the wide record frames are Parquet snapshots beside it. Nobody above the store sees
the difference. Every public method is one transaction: after it the change is there as a whole, or not at all.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import polars as pl

from toolkit.frames import SCORES, FrameSpec, conform
from toolkit.store import journal, plans, runs, tallies
from toolkit.store.database import Database
from toolkit.store.lock import RunLock
from toolkit.store.snapshots import Snapshots
from toolkit.store.tables import insert_rows, read_rows, replace_rows

Side = Literal["here", "there", "base", "source", "metrics", "derived", "scope"]
"""Whose wide records: ours, Salesforce's, what both agreed on at the last sync, a file as it was read, the metrics,
what is worked out over several objects, and the accounts to whose records an object's last pull kept."""

FILE_NAME = "store.sqlite"


class Store:
    """What a workspace keeps. Open it with `Store.open`; it may be used from several threads.

    A writer holds `lock` for the length of a step. Readers need no lock and never wait; they may be other processes.
    """

    def __init__(self, folder: Path, *, read_only: bool) -> None:
        self.folder = folder
        self.read_only = read_only
        self._database = Database(folder / FILE_NAME, read_only=read_only)
        self._snapshots = Snapshots(self._database, folder / "snapshots")
        self._lock = RunLock(folder)
        if not read_only:
            self._snapshots.sweep()

    @classmethod
    def open(cls, folder: Path | str, *, read_only: bool = False) -> Self:
        """Open the store in `folder`, making it when there is none.

        Raises StepMissingError when it is to be read only and there is none, StoreError when it is damaged, cannot be
        used, or was made by a newer version of the toolkit.
        """
        folder = Path(folder)
        if not read_only:
            folder.mkdir(parents=True, exist_ok=True)
        return cls(folder, read_only=read_only)

    def close(self) -> None:
        """Close the store's files."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def version(self) -> int:
        """A number that grows with every change, by whichever process; what was read at one version is still true."""
        return int(self._database.query("SELECT value FROM counters WHERE name = 'version'")[0][0])

    @contextmanager
    def lock(self, step: str, *, wait: float = 0) -> Iterator[None]:
        """Hold the workspace for a step. Runs that a killed process left open are marked as failed.

        Raises StoreInUseError, naming the other run's step, process and start, when it is held for `wait` seconds.
        """
        with self._lock.hold(step, wait) as first:
            if first:
                runs.close_abandoned(self._database)
            yield

    # -- wide records ------------------------------------------------------------------------------------------------

    def save_records(self, side: Side, name: str, frame: pl.DataFrame) -> None:
        """Replace the records of one side of the object (or source) `name` by `frame`."""
        self._snapshots.save(side, name, frame)

    def records(self, side: Side, name: str) -> pl.DataFrame | None:
        """Return the records as they were saved, or None when there are none.

        Raises StoreError when their file is missing or damaged; the hint says how to get them again.
        """
        return self._snapshots.read(side, name)

    def adopt_records(self, side: Side, name: str, file: Path, rows: int) -> None:
        """Replace the records of one side of `name` by a Parquet file of so many rows, which is moved into the store.

        For frames too large for memory. The file is best written into the folder that `incoming` gives.
        """
        self._snapshots.adopt(side, name, file, rows)

    def scan_records(self, side: Side, name: str) -> pl.LazyFrame | None:
        """Return the records unread, or None when there are none; for frames too large for memory.

        It may be read until the records are saved anew. Raises StoreError like `records`.
        """
        return self._snapshots.scan(side, name)

    def count_records(self, side: Side, name: str) -> int:
        """Return how many records there are, 0 when none were saved."""
        return self._snapshots.rows(side, name)

    def incoming(self, name: str) -> Path:
        """Return the folder for what is being read of an object and is not yet whole; it outlives a killed process."""
        folder = self.folder / "incoming" / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def pulled(self, name: str) -> tuple[str, dict[str, str]] | None:
        """Return the scope of the object's last pull and the Salesforce type of each field it read, or None."""
        rows = self._database.query("SELECT scope, fields FROM pulls WHERE object = ?", (name,))
        return (rows[0][0], json.loads(rows[0][1])) if rows else None

    def set_pulled(self, name: str, scope: str, fields: Mapping[str, str]) -> None:
        """Note the scope of the object's last pull, and the Salesforce type of each field it read."""
        with self._database.transaction() as db:
            row = {"object": name, "scope": scope, "fields": json.dumps(dict(sorted(fields.items())))}
            db.table("pulls").insert(row, replace=True)

    def watermark(self, name: str) -> datetime | None:
        """Return the time up to which the object's changes in Salesforce have been read, or None."""
        rows = self._database.query("SELECT at FROM watermarks WHERE object = ?", (name,))
        return datetime.fromisoformat(rows[0][0]) if rows else None

    def set_watermark(self, name: str, at: datetime | None) -> None:
        """Note the time up to which changes have been read; None forgets it."""
        with self._database.transaction() as db:
            db.table("watermarks").delete_where("object = ?", [name])
            if at is not None:
                db.table("watermarks").insert({"object": name, "at": runs.as_text(at)})

    # -- frames of a declared shape ----------------------------------------------------------------------------------

    def write(self, spec: FrameSpec, frame: pl.DataFrame, within: Mapping[str, str] | None = None) -> None:
        """Replace the table of `spec` by `frame`; with `within`, only the rows whose columns have those values.

        Raises FrameError when the frame is not what the spec says.
        """
        with self._database.transaction() as db:
            replace_rows(db, spec, frame, within or {})

    def read(self, spec: FrameSpec, within: Mapping[str, str] | None = None) -> pl.DataFrame:
        """Return the table of `spec`, or its rows whose columns have the values of `within`; empty when none are."""
        return read_rows(self._database, spec, within or {})

    def append_scores(self, scores: pl.DataFrame) -> None:
        """Add scores (`SCORES`) to the history; of one account, day and profile version the last is kept."""
        rows = conform(scores, SCORES)
        with self._database.transaction() as db:
            insert_rows(db, "score_history", rows, or_replace=True)

    def score_history(self, account: str | None = None) -> pl.DataFrame:
        """Return all scores (columns of `SCORES`) ever given, or an account's, by id and then by day."""
        within = {} if account is None else {"id": account}
        return read_rows(self._database, SCORES, within, table="score_history").sort(
            "id", "as_of", "profile", "version"
        )

    # -- plans -------------------------------------------------------------------------------------------------------

    def save_plan(self, meta: Mapping[str, Any], changes: pl.DataFrame) -> None:
        """Keep a plan: `meta` (JSON values, with ``plan_id``) and its `CHANGES`. The newest few plans are kept."""
        plans.save_plan(self._database, meta, changes)

    def plan(self, plan_id: str) -> tuple[dict[str, Any], pl.DataFrame]:
        """Return a plan's meta and changes. Raises NotFoundError naming the plans there are."""
        return plans.plan(self._database, plan_id)

    def latest_plan(self) -> tuple[dict[str, Any], pl.DataFrame] | None:
        """Return the newest plan's meta and changes, or None when there is none."""
        return plans.latest_plan(self._database)

    def plans(self) -> list[dict[str, Any]]:
        """Return the meta of every plan that is kept, the newest last."""
        return plans.plans(self._database)

    def plan_counts(self) -> pl.DataFrame:
        """Return ``plan_id, verdict, rows`` of the plans that are kept."""
        return plans.plan_counts(self._database)

    def waiting(self) -> pl.DataFrame:
        """Return the conflicts and held rows of the plans that are kept, and whose they are: `toolkit.store.plans`."""
        return plans.waiting(self._database)

    # -- journal -----------------------------------------------------------------------------------------------------

    def intend(self, rows: pl.DataFrame, meta: Mapping[str, Any] | None = None) -> None:
        """Put rows (`JOURNAL`) on the disk before they are written anywhere; `meta` is remembered of their commit."""
        journal.intend(self._database, rows, meta)

    def settle(
        self,
        commit_id: str,
        updates: pl.DataFrame,
        links: pl.DataFrame | None = None,
        unlinked: pl.DataFrame | None = None,
    ) -> None:
        """Note what became of rows: ``seq`` and any of ``state``, ``code``, ``message``, ``before``, ``there_id``, ...

        With it, in one step, `links` (`LINKS`) are kept, and those of `unlinked` (object, here_id) are forgotten.
        """
        journal.settle(self._database, commit_id, updates, links, unlinked)

    def journal(self, commit_id: str | None = None) -> pl.DataFrame:
        """Return the `JOURNAL` rows of a commit, or of all, the oldest commit first.

        Raises NotFoundError naming the commits there are.
        """
        return journal.journal(self._database, commit_id)

    def commits(self) -> pl.DataFrame:
        """Return ``commit_id, rows, intended, written, failed, held``, one row a commit, the oldest first."""
        return journal.commits(self._database)

    def commit_meta(self, commit_id: str) -> dict[str, Any]:
        """Return what `intend` was given to remember of a commit."""
        return journal.commit_meta(self._database, commit_id)

    def open_commits(self) -> list[str]:
        """Return the commits that were cut off: rows never settled, or kept records never brought up to date."""
        return journal.open_commits(self._database)

    def caught_up(self, commit_id: str, *, up: bool = True) -> None:
        """Note whether the kept records know of every row of a commit that was settled so far."""
        journal.caught_up(self._database, commit_id, up=up)

    def tallies(self, newest: int) -> pl.DataFrame:
        """Return what the `newest` commits did, counted (`toolkit.store.tallies.TALLIES`), the newest first."""
        return tallies.tallies(self._database, newest)

    def unwritten(self, newest: int) -> pl.DataFrame:
        """Return the `JOURNAL` rows of the `newest` commits that failed or were held, and were not written since."""
        return tallies.unwritten(self._database, newest)

    # -- runs --------------------------------------------------------------------------------------------------------

    def start_run(self, step: str, name: str, at: datetime) -> int:
        """Note that a step has begun and return its ``run_id``."""
        return runs.start_run(self._database, step, name, at)

    def end_run(
        self,
        run_id: int,
        *,
        at: datetime,
        status: Literal["done", "failed"] = "done",
        read: int = 0,
        written: int = 0,
        skipped: int = 0,
        held: int = 0,
        failed: int = 0,
        api_calls: int = 0,
        note: str = "",
    ) -> None:
        """Note how a step ended and what it did."""
        counts = dict(zip(runs.COUNTS, (read, written, skipped, held, failed, api_calls), strict=True))
        runs.end_run(self._database, run_id, at=at, status=status, counts=counts, note=note)

    def runs(self, limit: int | None = None) -> pl.DataFrame:
        """Return the `RUNS`, or the newest `limit` of them, in the order they began."""
        return runs.runs(self._database, limit)
