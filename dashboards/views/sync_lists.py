"""The lists behind the numbers of the sync's health: runs, records left out, and what a sync did value by value."""

from collections.abc import Mapping

import panel as pn
import polars as pl

from dashboards import syncing, theme
from dashboards.views import parts, runs
from dashboards.views.scene import Scene
from toolkit.writeback.planning.operations import CREATE

LISTS = {
    "read": "Readings of Salesforce",
    "skipped": "Left out before matching",
    "taken_over": "Taken over from Salesforce",
    "created": "Created in Salesforce",
    "updated": "Updated in Salesforce",
    "deleted": "Deleted or merged in Salesforce",
    "written": "Written by the last sync of each object",
    "held": "Held back",
    "failed": "Failed",
    "api": "API calls of the last 24 hours",
}
WORDS = {"intended": "left open", "written": "written", "failed": "failed", "held": "held back"}
TONES = {"written": "#2E9E6B", "failed": "#D6453D", "held": "#EFAE2B", "intended": "#EFAE2B"}
VALUES = {
    "object": "Object",
    "name": "Record",
    "field": "Field",
    "before": "Before",
    "after": "After",
    "state": "State",
    "reason": "Why",
}
SKIPPED = {"object": "Object", "name": "Record", "id": "Id", "rule": "Rule", "reason": "Why"}


def asked(scene: Scene, commit: pl.DataFrame | None) -> pn.viewable.Viewable | None:
    """Return the card of the list that was picked, or None when none was."""
    wanted = scene.pick.get("list", "")
    if wanted not in LISTS:
        return None
    limits = [scene.pick[name] for name in ("object", "code") if scene.pick.get(name)]
    table, rows = _list(scene, wanted, commit)
    head = [parts.heading(LISTS[wanted], theme.plural(rows, "row")), parts.dropping(
        "Only " + ", ".join(limits) if limits else "Close the list", lambda: scene.go("sync"))]  # fmt: skip
    return parts.card(parts.bar(*head), table if rows else parts.nothing("There is nothing in this list."))


def wanted_commits(scene: Scene) -> list[str]:
    """Return the commits whose journal the picked list is made of."""
    if scene.pick.get("list") not in ("taken_over", *syncing.DEEDS, "written"):
        return []
    rows = _of_object(syncing.objects(scene.snapshot), scene.pick)
    return rows["commit_id"].drop_nulls().unique().sort().to_list()


def _list(scene: Scene, wanted: str, commit: pl.DataFrame | None) -> tuple[pn.viewable.Viewable, int]:
    snapshot = scene.snapshot
    if wanted == "read":
        found = _of_object(snapshot.runs.filter(pl.col("step") == "pull"), scene.pick)
        return runs.table(snapshot, found), found.height
    if wanted == "api":
        found = syncing.calls_of_a_day(snapshot)
        return runs.table(snapshot, found), found.height
    if wanted == "skipped":
        found = _of_object(snapshot.skips, scene.pick)
        return _skipped(found), found.height
    if wanted in ("held", "failed"):
        found = _of_object(snapshot.unwritten.filter(pl.col("state") == wanted), scene.pick)
        if scene.pick.get("code"):
            found = found.filter(pl.col("code").fill_null("") == scene.pick["code"])
        return _values(found), found.height
    found = _done(scene, wanted, commit)
    return _values(found), found.height


def _done(scene: Scene, wanted: str, commit: pl.DataFrame | None) -> pl.DataFrame:
    """Return what the last sync of each object wrote, of the operations that the list is about."""
    if commit is None:
        return scene.snapshot.unwritten.clear()
    last = syncing.objects(scene.snapshot).select("object", "commit_id").drop_nulls()
    rows = _of_object(commit.join(last, on=["object", "commit_id"], how="semi"), scene.pick)
    rows = rows.filter(pl.col("state") == "written")
    if wanted == "taken_over":
        return rows.filter(pl.col("side") == "here")
    operations = [each for name, each in syncing.DEEDS.items() if wanted in (name, "written")]
    return rows.filter(
        (pl.col("side") == "there") & pl.col("operation").is_in([op for each in operations for op in each])
    )


def _of_object(rows: pl.DataFrame, pick: Mapping[str, str]) -> pl.DataFrame:
    return rows.filter(pl.col("object") == pick["object"]) if pick.get("object") else rows


def _values(rows: pl.DataFrame) -> pn.viewable.Viewable:
    new = pl.col("operation") == CREATE
    shown = rows.with_columns(
        before=pl.when(new).then(pl.lit(None, pl.String)).otherwise("before"),
        state=pl.col("state").replace(WORDS),
        tone=pl.col("state").replace_strict(TONES, default=theme.NOT_SCORED),
        reason=pl.coalesce("message", "code"),
    )
    return parts.table(
        shown.select(*VALUES, "tone"),
        VALUES,
        formatters={"state": parts.chip("tone")},
        widths={"object": 90, "name": 96, "field": 148, "before": 90, "after": 90, "state": 90, "reason": 200},
        filters=("name", "field"),
        wrap=("reason",),
        give_way=("object", "before", "after", "reason"),
        rows=10,
    )


def _skipped(rows: pl.DataFrame) -> pn.viewable.Viewable:
    return parts.table(
        rows.select(*SKIPPED),
        SKIPPED,
        widths={"name": 130, "id": 150, "rule": 150, "reason": 200},
        filters=("name", "reason"),
        wrap=("reason",),
        give_way=("id", "object", "rule"),
        rows=10,
    )
