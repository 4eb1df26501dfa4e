"""Saved plans: what was shown, row by row, under the id it was shown with."""

import json
from collections.abc import Mapping
from typing import Any

import polars as pl

from toolkit.errors import NotFoundError
from toolkit.frames import CHANGES, conform
from toolkit.store.database import Database
from toolkit.store.tables import insert_rows, read_rows

KEPT_PLANS = 10
"""So many plans are kept, the newest; what an older one changed stays in the journal."""


def save_plan(database: Database, meta: Mapping[str, Any], changes: pl.DataFrame) -> None:
    """Keep a plan under ``meta["plan_id"]``; `meta` holds what JSON can, text for times."""
    plan_id = meta["plan_id"]
    rows = conform(changes, CHANGES).select(pl.lit(plan_id).alias("plan_id"), pl.all())
    old = "plan_id IN (SELECT plan_id FROM plans ORDER BY number DESC LIMIT -1 OFFSET ?)"
    with database.transaction() as db:
        for table in ("changes", "plans"):
            db.table(table).delete_where("plan_id = ?", [plan_id])
        db.table("plans").insert({"plan_id": plan_id, "meta": json.dumps(dict(meta))})
        insert_rows(db, "changes", rows)
        for table in ("changes", "plans"):
            db.table(table).delete_where(old, [KEPT_PLANS])


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
