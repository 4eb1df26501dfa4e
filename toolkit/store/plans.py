"""Saved plans: what was shown, row by row, under the id it was shown with."""

import json
from collections.abc import Mapping
from typing import Any

import polars as pl

from toolkit.errors import NotFoundError
from toolkit.frames import CHANGES, UTC_TIME, FrameSpec, conform
from toolkit.store.database import Database
from toolkit.store.tables import insert_rows, read_rows

WAITING = FrameSpec("changes", {"plan_id": pl.String, **CHANGES.schema}, ("plan_id", "seq"))
KEPT_PLANS = 10
"""So many plans are kept, the newest; what an older one changed stays in the journal."""
AT_ONCE = ("edit", "add", "view", "sync")
"""Purposes of plans that are committed as they are made. As many of them are kept beside the others: edits all day push
out no plan that waits for a review."""


def save_plan(database: Database, meta: Mapping[str, Any], changes: pl.DataFrame) -> None:
    """Keep a plan under ``meta["plan_id"]``; `meta` holds what JSON can, text for times."""
    plan_id = meta["plan_id"]
    rows = conform(changes, CHANGES).select(pl.lit(plan_id).alias("plan_id"), pl.all())
    at_once = f"coalesce(json_extract(meta, '$.purpose'), '') IN ({', '.join('?' * len(AT_ONCE))})"
    old = f"plan_id IN (SELECT plan_id FROM plans WHERE {{}} {at_once} ORDER BY number DESC LIMIT -1 OFFSET ?)"
    with database.transaction() as db:
        for table in ("changes", "plans"):
            db.table(table).delete_where("plan_id = ?", [plan_id])
        db.table("plans").insert({"plan_id": plan_id, "meta": json.dumps(dict(meta))})
        insert_rows(db, "changes", rows)
        for kind in ("", "NOT"):
            for table in ("changes", "plans"):
                db.table(table).delete_where(old.format(kind), [*AT_ONCE, KEPT_PLANS])


def plan(database: Database, plan_id: str) -> tuple[dict[str, Any], pl.DataFrame]:
    """Return the meta and the changes of a plan. Raises NotFoundError naming the plans there are."""
    rows = database.query("SELECT meta FROM plans WHERE plan_id = ?", (plan_id,))
    if not rows:
        known = ", ".join(meta["plan_id"] for meta in plans(database)) or "none"
        raise NotFoundError(
            f'there is no plan "{plan_id}"; kept are: {known}', hint="make a new one: `cs-toolkit plan`"
        )
    return json.loads(rows[0][0]), read_rows(database, CHANGES, {"plan_id": plan_id})


def latest_plan(database: Database) -> tuple[dict[str, Any], pl.DataFrame] | None:
    """Return the meta and the changes of the newest plan, or None when there is none."""
    newest = plans(database)[-1:]
    return plan(database, newest[0]["plan_id"]) if newest else None


def plans(database: Database) -> list[dict[str, Any]]:
    """Return the meta of every plan that is kept, the newest last."""
    return [json.loads(meta) for (meta,) in database.query("SELECT meta FROM plans ORDER BY number")]


def plan_counts(database: Database) -> pl.DataFrame:
    """Return ``plan_id, verdict, rows``: how many rows of each verdict the kept plans have."""
    rows = database.query("SELECT plan_id, verdict, count(*) FROM changes GROUP BY plan_id, verdict ORDER BY 1, 2")
    return pl.DataFrame(rows, schema={"plan_id": pl.String, "verdict": pl.String, "rows": pl.Int64}, orient="row")


def waiting(database: Database) -> pl.DataFrame:
    """Return the conflicts and held rows of every plan that is kept: `CHANGES`, and whose they are.

    The other columns: ``number`` (plans are numbered as they are made), ``plan_id``, ``created_at`` and ``purpose``.
    """
    kept = database.query("SELECT number, plan_id, meta FROM plans ORDER BY number")
    told = [
        {"number": number, "plan_id": plan_id, "created_at": meta["created_at"], "purpose": meta.get("purpose", "plan")}
        for number, plan_id, text in kept
        for meta in [json.loads(text)]
    ]
    schema = {"number": pl.Int64, "plan_id": pl.String, "created_at": pl.String, "purpose": pl.String}
    metas = pl.DataFrame(told, schema=schema).with_columns(
        pl.col("created_at").str.to_datetime(time_zone="UTC").cast(UTC_TIME)
    )
    tail = " WHERE verdict IN ('conflict', 'held')"
    rows = read_rows(database, WAITING, {}, table="changes", tail=tail)
    return rows.join(metas, on="plan_id", how="inner", maintain_order="left")
