"""How well both sides are kept in agreement, as frames: what each object's last runs read and wrote, and what failed.

Pure: a snapshot in, frames and plain values out. The lists behind the figures are `dashboards.views.sync_lists`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from dashboards.data import Snapshot
from toolkit.schedule import next_time
from toolkit.workspace.view import JOB
from toolkit.writeback.committing.remedies import remedy
from toolkit.writeback.planning.operations import CHANGING, CREATE, DELETE, MERGE

DAY = timedelta(hours=24)
BY_HAND = ("edit", "add", "view")
"""Steps that write single records while somebody works; a sync is anything else."""
DEEDS = {"created": (CREATE,), "updated": CHANGING, "deleted": (DELETE, MERGE)}
"""What became of records in Salesforce, by operation."""

OBJECTS = {
    "object": pl.String,
    "read_at": pl.Datetime("ms", "UTC"),  # when it was last read without fault
    "read_failed": pl.String,  # why the newest reading failed, null when it did not
    "read": pl.Int64,  # rows that came in by the last reading
    "skipped": pl.Int64,  # records that are left out now
    "wrote_at": pl.Datetime("ms", "UTC"),
    "commit_id": pl.String,  # the last sync that wrote to it
    "taken_over": pl.Int64,  # records that it changed here
    **dict.fromkeys(DEEDS, pl.Int64),  # and in Salesforce
    "held": pl.Int64,  # records with values that were held back, or failed, and are still not written
    "failed": pl.Int64,
}
"""The columns of `objects`."""


def objects(snapshot: Snapshot) -> pl.DataFrame:
    """Return one row an object that is synced, in the order they depend on each other (`OBJECTS`)."""
    names = list(snapshot.settings.active_objects) if snapshot.settings else []
    listed = pl.DataFrame({"object": names}, schema={"object": pl.String})
    parts = (_reads(snapshot), _left_out(snapshot), _writes(snapshot), _not_written(snapshot))
    for part in parts:
        listed = listed.join(part, on="object", how="left", maintain_order="left")
    waiting = pl.when(pl.col("commit_id").is_not_null()).then(pl.col("held", "failed").fill_null(0))
    counted = listed.with_columns(waiting, pl.col("skipped").fill_null(0))
    return counted.select(pl.col(name).cast(dtype) for name, dtype in OBJECTS.items())


def error_kinds(snapshot: Snapshot) -> pl.DataFrame:
    """Return the kinds of error that keep rows from being written, those that failed and most rows first.

    Columns: state (failed, held), object, code, rows, records, message (the first one's own words), remedy.
    """
    bad = snapshot.unwritten.with_columns(pl.col("code").fill_null(""), _record=pl.coalesce("here_id", "there_id"))
    return (
        bad.group_by("state", "object", "code")
        .agg(
            rows=pl.len().cast(pl.Int64), records=pl.col("_record").n_unique().cast(pl.Int64),
            message=pl.col("message").sort_by("seq").first(),
        )
        .with_columns(remedy=pl.when(pl.col("state") == "failed").then(remedy("code")))
        .sort("state", "rows", "object", "code", descending=[False, True, False, False])
    )  # fmt: skip


@dataclass(frozen=True)
class Allowance:
    """What was spent of the org's API calls in the last 24 hours, and what is left as far as the store knows.

    ``left`` is what Salesforce said when the newest plan was made, less what was spent since; None when it never said.
    """

    used: int
    left: int | None
    told_at: datetime | None


def allowance(snapshot: Snapshot) -> Allowance:
    """Return the API calls of the last 24 hours and what is left of them."""
    spent = calls_of_a_day(snapshot)
    newest = snapshot.plan.plan if snapshot.plan else None
    if newest is None or newest.cost.left is None:
        return Allowance(spent["api_calls"].sum(), None, None)
    since = spent.filter(pl.col("started_at") > newest.created_at)["api_calls"].sum()
    return Allowance(spent["api_calls"].sum(), max(0, newest.cost.left - since), newest.created_at)


def calls_of_a_day(snapshot: Snapshot) -> pl.DataFrame:
    """Return the runs of the last 24 hours that spent API calls; a job's own row repeats those of its steps."""
    spent = snapshot.runs.filter((pl.col("started_at") > snapshot.now - DAY) & (pl.col("api_calls") > 0))
    return spent.filter(~pl.col("step").str.ends_with(JOB.format("")))


def jobs(snapshot: Snapshot) -> list[dict[str, Any]]:
    """Return the appointed jobs, the next one first: name, cron, next, last, status, note."""
    appointed = snapshot.settings.schedule.model_dump(exclude_none=True) if snapshot.settings else {}
    found = []
    for name, cron in appointed.items():
        last = snapshot.runs.filter(pl.col("step") == JOB.format(name)).sort("run_id").tail(1).to_dicts()
        ran = last[0] if last else {}
        found.append(
            {
                "name": name,
                "cron": cron,
                "next": next_time(cron, snapshot.now),
                "last": ran.get("started_at"),
                "status": ran.get("status"),
                "note": ran.get("note"),
            }
        )
    return sorted(found, key=lambda each: (each["next"], each["name"]))


def _reads(snapshot: Snapshot) -> pl.DataFrame:
    reads = snapshot.runs.filter(pl.col("step") == "pull").sort("run_id")
    done = reads.filter(pl.col("status") == "done").group_by("object").agg(pl.col("ended_at", "read").last())
    newest = reads.group_by("object").agg(pl.col("status", "note").last())
    failed = newest.filter(pl.col("status") == "failed").select("object", read_failed="note")
    return done.join(failed, on="object", how="full", coalesce=True).rename({"ended_at": "read_at"})


def _left_out(snapshot: Snapshot) -> pl.DataFrame:
    return snapshot.skips.group_by("object").agg(skipped=pl.len().cast(pl.Int64))


def _writes(snapshot: Snapshot) -> pl.DataFrame:
    """Return of each object the newest sync that wrote to it, and what it did there; hand edits when there was none."""
    told = snapshot.tallies.with_row_index("_place")
    steps = snapshot.runs.select("step", commit_id=pl.col("note").str.extract(r"^Commit (\w+):")).drop_nulls()
    by_hand = steps.filter(pl.col("step").is_in(BY_HAND)).select("commit_id", _by_hand=pl.lit(value=True)).unique()
    ranked = told.join(by_hand, on="commit_id", how="left").with_columns(pl.col("_by_hand").fill_null(value=False))
    newest = ranked.sort("_by_hand", "_place").group_by("object").agg(pl.col("commit_id").first())
    mine = told.join(newest, on=["object", "commit_id"], how="semi").filter(pl.col("state") == "written")
    there = pl.col("side") == "there"
    counts = {
        name: pl.col("records").filter(there & pl.col("operation").is_in(operations)).sum()
        for name, operations in DEEDS.items()
    }
    counted = mine.group_by("object").agg(taken_over=pl.col("records").filter(~there).sum(), **counts)
    at = told.group_by("object", "commit_id").agg(wrote_at=pl.col("at").first())
    return newest.join(at, on=["object", "commit_id"], how="left").join(counted, on="object", how="left")


def _not_written(snapshot: Snapshot) -> pl.DataFrame:
    record = pl.coalesce("here_id", "there_id")
    return snapshot.unwritten.group_by("object").agg(
        **{state: record.filter(pl.col("state") == state).n_unique() for state in ("held", "failed")}
    )
