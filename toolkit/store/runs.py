"""One row a step that ran: when, how it ended, what it read, wrote, left out and spent."""

from datetime import UTC, datetime
from typing import Literal

import polars as pl

from toolkit.frames import RUNS
from toolkit.store.database import Database
from toolkit.store.tables import read_rows

COUNTS = ("read", "written", "skipped", "held", "failed", "api_calls")


def as_text(at: datetime) -> str:
    """Return a time with a zone as the store writes it. Raises ValueError for one without."""
    if at.tzinfo is None:
        raise ValueError(f"a time without a zone: {at}")
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def start_run(database: Database, step: str, name: str, at: datetime) -> int:
    """Note that a step has begun and return the id of its row."""
    begun = {"step": step, "object": name, "started_at": as_text(at), "status": "running", "note": ""}
    with database.transaction() as db:
        return int(db.table("runs").insert(begun | dict.fromkeys(COUNTS, 0)).last_pk or 0)


def end_run(
    database: Database,
    run_id: int,
    *,
    at: datetime,
    status: Literal["done", "failed"],
    counts: dict[str, int],
    note: str,
) -> None:
    """Note how a step ended."""
    with database.transaction() as db:
        db.table("runs").update(run_id, {"ended_at": as_text(at), "status": status, **counts, "note": note})


def runs(database: Database, limit: int | None) -> pl.DataFrame:
    """Return the newest `limit` runs, in the order they began."""
    tail = "" if limit is None else f" ORDER BY run_id DESC LIMIT {int(limit)}"
    return read_rows(database, RUNS, {}, tail=tail)


def close_abandoned(database: Database) -> None:
    """Mark runs as failed that never ended: whoever calls this holds the lock, so nobody can be running them."""
    if not database.query("SELECT 1 FROM runs WHERE status = 'running' LIMIT 1"):
        return
    with database.transaction() as db:
        db.execute("UPDATE runs SET status = 'failed', note = 'stopped before it ended' WHERE status = 'running'")
