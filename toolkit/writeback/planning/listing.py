"""The plans that are kept, one row each: what they would do, who made and approved them, whether they still hold."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import polars as pl

from toolkit.config.models import Access, Writeback
from toolkit.frames import UTC_TIME, FrameSpec, conform
from toolkit.writeback.planning.approving import expires_at, may_approve

PLANS = FrameSpec(
    "plans",
    {
        "number": pl.Int64,  # from 1, the newest first
        "plan_id": pl.String,
        "created_at": UTC_TIME,
        "made_by": pl.String,
        "purpose": pl.String,
        "made_of": pl.String,  # the plan from which rows were left out, or null
        "writes": pl.Int64,
        "conflicts": pl.Int64,
        "held": pl.Int64,
        "refused": pl.Int64,
        "excluded": pl.Int64,
        "brakes": pl.Int64,
        "state": pl.String,  # pending | committed | overtaken (by a commit) | expired
        "approvals": pl.Int64,
        "approved_by": pl.String,
        "expires_at": UTC_TIME,
    },
    ("number",),
    "The plans that are kept.",
)
_COUNTED = {"write": "writes", "conflict": "conflicts", "held": "held", "refused": "refused", "excluded": "excluded"}


def listed(
    metas: Sequence[Mapping[str, Any]],
    counts: pl.DataFrame,
    approvals: pl.DataFrame,
    commits: Sequence[str],
    *,
    writeback: Writeback,
    access: Access,
    now: datetime,
) -> pl.DataFrame:
    """Return the kept plans (`PLANS`), the newest first.

    `metas` is what the store keeps of them, the newest last; `counts` has ``plan_id, verdict, rows``; `commits` are the
    ids of all commits, the newest last. When a plan expires is worked out by the settings as they are now.
    """
    last = commits[-1] if commits else None
    rows = [
        {
            "plan_id": meta["plan_id"],
            "digest": meta["digest"],
            "created_at": created,
            "made_by": meta.get("made_by", ""),
            "purpose": meta.get("purpose", "plan"),
            "made_of": meta.get("made_of"),
            "brakes": len(meta.get("brakes", ())),
            "expires_at": end,
            "state": _state(meta, commits, last, expired=end is not None and now >= end),
        }
        for meta in reversed(metas)
        for created in [datetime.fromisoformat(meta["created_at"]).astimezone(UTC)]
        for end in [expires_at(created, writeback)]
    ]
    times = {"created_at": UTC_TIME, "expires_at": UTC_TIME}
    texts = dict.fromkeys(("plan_id", "digest", "made_by", "purpose", "made_of", "state"), pl.String)
    told = pl.DataFrame(rows, schema={**texts, **times, "brakes": pl.Int64})
    wide = [
        counts.filter(verdict=verdict).select("plan_id", pl.col("rows").alias(name))
        for verdict, name in _COUNTED.items()
    ]
    for each in wide:
        told = told.join(each, on="plan_id", how="left", maintain_order="left")
    told = told.join(_approved(told, approvals, access), on="plan_id", how="left", maintain_order="left")
    filled = [pl.col(name).fill_null(0) for name in (*_COUNTED.values(), "approvals")]
    return conform(told.with_columns(*filled, number=pl.int_range(1, pl.len() + 1)), PLANS)


def _approved(plans: pl.DataFrame, approvals: pl.DataFrame, access: Access) -> pl.DataFrame:
    """The approvals that count, by plan: plan_id, approvals, approved_by."""
    mine = approvals.join(plans.select("plan_id", "digest", "made_by"), on=["plan_id", "digest"], how="inner")
    counting = mine.filter(may_approve(access))
    return counting.group_by("plan_id").agg(
        approvals=pl.len().cast(pl.Int64), approved_by=pl.col("person").sort().str.join(", ")
    )


def _state(meta: Mapping[str, Any], commits: Sequence[str], last: str | None, *, expired: bool) -> str:
    if meta["plan_id"] in commits:
        return "committed"
    if expired:
        return "expired"
    return "pending" if meta["parent"] == last else "overtaken"
