"""The last runs: which step ran when, what it read and wrote, what it left out, and what it spent."""

import panel as pn
import polars as pl

from dashboards import theme
from dashboards.data import Snapshot
from dashboards.views import parts
from dashboards.views.scene import Scene

TITLES = {
    "step": "Step",
    "object": "Object",
    "started_at": "When",
    "status": "Outcome",
    "took": "Took",
    "read": "Read",
    "written": "Written",
    "skipped": "Skipped",
    "held": "Held",
    "failed": "Failed",
    "api_calls": "API calls",
    "note": "Note",
}
WIDTHS = {
    "step": 70,
    "object": 84,
    "started_at": 96,
    "status": 92,
    "took": 76,
    "read": 76,
    "written": 86,
    "skipped": 88,
    "held": 72,
    "failed": 76,
    "api_calls": 92,
    "note": 240,
}
FIGURES = ("read", "written", "skipped", "held", "failed", "api_calls")
STATUS_TONES = {"done": "#2E9E6B", "failed": "#D6453D", "running": theme.PRIMARY}


def view(scene: Scene) -> pn.Column:
    """Return the runs, newest first, and above them whatever a half-finished commit left open."""
    return parts.page(*_open_rows(scene.snapshot), _runs(scene.snapshot))


def table(snapshot: Snapshot, runs: pl.DataFrame) -> pn.viewable.Viewable:
    """Return some runs (`frames.RUNS`) as a table, the newest first."""
    # A pinned clock stands still while a step runs: no duration is known then.
    took = (pl.col("ended_at") - pl.col("started_at")).dt.total_milliseconds().replace(0, None) / 1000
    shown = runs.sort("run_id", descending=True).with_columns(
        when_text=pl.col("started_at").map_elements(lambda at: theme.age(at, snapshot.now), return_dtype=pl.String),
        took=took,
        took_text=took.map_elements(theme.duration, return_dtype=pl.String, skip_nulls=False),
        tone=pl.col("status").replace_strict(STATUS_TONES, default=theme.NOT_SCORED),
        started_at=pl.col("started_at").dt.timestamp("ms"),
        **{name: pl.col(name).replace(0, None) for name in FIGURES},
    )
    return parts.table(
        shown.select(*TITLES, "when_text", "took_text", "tone"),
        TITLES,
        formatters={
            "started_at": parts.said("when_text"),
            "took": parts.said("took_text"),
            "status": parts.chip("tone"),
            **dict.fromkeys(FIGURES, parts.WHOLE),
        },
        widths=WIDTHS,
        right=("took", *FIGURES),
        wrap=("note",),
        give_way=("took", "skipped", "held", "api_calls", "read", "written", "note", "failed"),
    )


def _runs(snapshot: Snapshot) -> pn.Column:
    if snapshot.runs.is_empty():
        return parts.card(parts.heading("Runs"), parts.nothing("No step was run in this workspace yet."))
    about = "The newest first. What was skipped, held or failed is listed, never dropped in silence."
    return parts.card(parts.heading("Runs", about), table(snapshot, snapshot.runs))


def _open_rows(snapshot: Snapshot) -> list[pn.viewable.Viewable]:
    open_rows = snapshot.open_journal
    if open_rows.is_empty():
        return []
    table = parts.table(
        open_rows.with_columns(tone=pl.lit("#EFAE2B")).select(
            "commit_id", "name", "field", "before", "after", "state", "tone"
        ),
        {
            "commit_id": "Commit",
            "name": "Record",
            "field": "Field",
            "before": "Before",
            "after": "After",
            "state": "State",
        },
        formatters={"state": parts.chip("tone")},
        give_way=("commit_id", "before", "field"),
        rows=10,
    )
    return [
        parts.card(
            parts.heading(
                "Left open by a commit that did not finish", "Meant to be written; whether it was is not known yet."
            ),
            table,
        )
    ]
