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
    values = (step, name, as_text(at), "running", *(0 for _ in COUNTS), "")
    columns = ", ".join(("step", "object", "started_at", "status", *COUNTS, "note"))
    with database.transaction() as connection:
        marks = ", ".join("?" * len(values))
        run_id = connection.execute(f"INSERT INTO runs ({columns}) VALUES ({marks})", values).lastrowid
    return run_id or 0


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
    assignments = ", ".join(f"{name} = ?" for name in ("ended_at", "status", *counts, "note"))
    values = (as_text(at), status, *counts.values(), note, run_id)
    with database.transaction() as connection:
        connection.execute(f"UPDATE runs SET {assignments} WHERE run_id = ?", values)


def runs(database: Database, limit: int | None) -> pl.DataFrame:
    """Return the newest `limit` runs, in the order they began."""
    tail = "" if limit is None else f" ORDER BY run_id DESC LIMIT {int(limit)}"
    return read_rows(database, RUNS, {}, tail=tail)


def close_abandoned(database: Database) -> None:
    """Mark runs as failed that never ended: whoever calls this holds the lock, so nobody can be running them."""
    if not database.query("SELECT 1 FROM runs WHERE status = 'running' LIMIT 1"):
        return
    with database.transaction() as connection:
        connection.execute(
            "UPDATE runs SET status = 'failed', note = 'stopped before it ended' WHERE status = 'running'"
        )
