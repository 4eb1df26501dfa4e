"""What would be written now: the pending plan, what stands before its commit, field by field and change by change."""

import panel as pn
import polars as pl

from dashboards import theme
from dashboards.data import NewestPlan, Snapshot, narrow_changes, with_account
from dashboards.views import parts, plan_checks
from dashboards.views.scene import Scene
from toolkit.summaries import biggest_changes, plan_counts

WORDS = {"intended": "left open", "written": "written", "failed": "failed", "held": "held back"}
"""What a row of the journal is, in words."""
SIDES = {"there": "Salesforce", "here": "Customer store"}
VERDICTS = {
    "write": ("To write", "ready to be committed"),
    "conflict": ("Conflicts", "a person has to decide"),
    "held": ("Held", "left alone for now"),
    "refused": ("Refused", "Salesforce would say no"),
    "excluded": ("Left out", "a reviewer said so"),
}
FIELD_TITLES = {
    "side": "Written to",
    "field": "Field",
    "partner": "From",
    "write": "Write",
    "conflict": "Conflict",
    "held": "Held",
    "refused": "Refused",
    "excluded": "Left out",
}
CHANGE_TITLES = {
    "name": "Record",
    "field": "Field",
    "before": "Before",
    "after": "After",
    "verdict_text": "Verdict",
    "reason": "Why",
}


def view(scene: Scene) -> pn.Column:
    """Return the pending plan, limited to the accounts that pass the filters and to the picked field and verdict."""
    snapshot = scene.snapshot
    newest = snapshot.plan
    if newest is None:
        about = "Nothing was compared so far, so nobody knows what would be written."
        return parts.page(parts.screen("No plan yet", about, "Make one; it writes nothing:", snapshot.command("plan")))
    if not newest.pending:
        return parts.page(_past(snapshot, newest), *_unwritten(newest))
    plan = newest.plan
    if plan.changes.is_empty():
        about = f"The plan made {theme.age(plan.created_at, snapshot.now)} found nothing to write on either side."
        step = "When new data has come in, compare again:"
        return parts.page(parts.screen("Both sides agree", about, step, snapshot.command("plan")))
    changes = narrow_changes(plan.changes, snapshot, scene.filters)
    cards = parts.grid(*_verdict_cards(scene, changes), smallest=150, most=5)
    about = [plan_checks.standing(snapshot, newest), *_drift(snapshot, changes)]
    lists = [_fields(scene, changes), _changes(scene, changes)]
    if scene.pick:  # what was asked for comes into sight
        return parts.page(cards, *reversed(lists), plan_checks.identity(snapshot, newest), *about)
    return parts.page(plan_checks.identity(snapshot, newest), cards, *about, *lists)


def _past(snapshot: Snapshot, newest: NewestPlan) -> pn.Column:
    step = "See what there is to write now:"
    if newest.outcome is None:
        about = "Another commit was made after this plan, so it may not be committed any more."
        return parts.screen("The plan was overtaken", about, step, snapshot.command("plan"))
    told = ", ".join(f"{theme.count(rows)} {WORDS[state]}" for state, rows in newest.outcome.items() if rows)
    about = f"The newest plan ({newest.plan.plan_id}) was committed: {told or 'nothing to write'}."
    return parts.screen("Nothing is pending", about, step, snapshot.command("plan"))


def _unwritten(newest: NewestPlan) -> list[pn.viewable.Viewable]:
    if newest.unwritten.is_empty():
        return []
    rows = newest.unwritten.with_columns(
        pl.col("state").replace(WORDS),
        reason=pl.coalesce("message", "code"),
        tone=pl.col("state").replace_strict(
            {"failed": theme.VERDICT_COLORS["conflict"]}, default=theme.VERDICT_COLORS["held"]
        ),
    )
    titles = {
        "name": "Record",
        "field": "Field",
        "before": "Before",
        "after": "After",
        "state": "State",
        "reason": "Why",
    }
    table = parts.table(
        rows.select(*titles, "tone"),
        titles,
        formatters={"state": parts.chip("tone")},
        widths={"name": 100, "field": 112, "reason": 120},
        wrap=("reason",),
        give_way=("before", "after", "state"),
    )
    return [parts.card(parts.heading("Not written", "Each with Salesforce's own words where it gave some."), table)]


def _verdict_cards(scene: Scene, changes: pl.DataFrame) -> list[pn.viewable.Viewable]:
    cards = []
    for verdict, (label, about) in VERDICTS.items():
        rows = changes.filter(pl.col("verdict") == verdict)
        if verdict == "excluded" and rows.is_empty():
            continue
        there = rows.filter(pl.col("side") == "there").height
        where = f"{theme.count(there)} in Salesforce · {theme.count(rows.height - there)} here"
        cards.append(
            parts.figure_card(
                label,
                theme.count(rows.height),
                where if verdict == "write" else about,
                tone=theme.VERDICT_COLORS[verdict],
                on_click=lambda verdict=verdict: scene.go("plan", verdict=verdict),
            )
        )
    return cards


def _drift(snapshot: Snapshot, changes: pl.DataFrame) -> list[pn.viewable.Viewable]:
    # CAT-23: a nightly push means that both sides differ between two nights. That is not an error and must not look so.
    due = changes.filter((pl.col("verdict") == "write") & (pl.col("side") == "there"))
    if due.is_empty():
        return []
    records = due["there_id"].n_unique()
    when = f"the next sync, {theme.moment(snapshot.next_push)}" if snapshot.next_push else "the next sync"
    return [
        parts.notice(
            "info",
            f"{theme.plural(records, 'record differs', 'records differ')} until {when}",
            "This is expected, not an error: what is worked out here reaches Salesforce at set times. "
            "Both sides will be equal after the next sync.",
        )
    ]


def _fields(scene: Scene, changes: pl.DataFrame) -> pn.Column:
    counts = plan_counts(changes).pivot(
        on="verdict", index=["side", "field", "partner"], values="rows", aggregate_function="sum"
    )
    counts = counts.with_columns(
        pl.lit(0).cast(pl.Int64).alias(name) for name in VERDICTS if name not in counts.columns
    )
    counts = counts.with_columns(pl.col(*VERDICTS).replace(0, None), pl.col("side").replace_strict(SIDES, default="?"))
    known = {name: title for name, title in FIELD_TITLES.items() if name != "excluded" or counts[name].count()}
    counts = counts.select(*known).sort("write", "field", descending=[True, False], nulls_last=True)
    fields = counts["field"].to_list()
    table = parts.table(
        counts,
        known,
        widths={"side": 120, "field": 184, "partner": 130, "write": 70} | dict.fromkeys(list(VERDICTS)[1:], 80),
        right=[name for name in VERDICTS if name in known],
        give_way=("excluded", "partner", "side", "held", "refused"),
        formatters={name: parts.WHOLE for name in VERDICTS if name in known},
        rows=12,
        choose=lambda row: scene.go("plan", field=fields[row]) if row is not None else None,
    )
    return parts.card(parts.heading("By field", "Choose a field to see its rows below."), table)


def _changes(scene: Scene, changes: pl.DataFrame) -> pn.Column:
    field, verdict = scene.pick.get("field"), scene.pick.get("verdict")
    shown = changes.filter(field=field) if field is not None else changes
    shown = shown.filter(verdict=verdict) if verdict is not None else shown
    picked = [each for each in (field, VERDICTS.get(verdict, (verdict,))[0] if verdict else None) if each]
    head: list[pn.viewable.Viewable] = [
        parts.heading("Changes", f"{theme.plural(shown.height, 'row')}, biggest change first")
    ]
    if picked:
        head.append(parts.dropping("Only " + ", ".join(picked), lambda: scene.go("plan")))
    before = pl.when(pl.col("side") == "there").then("there").otherwise("here")
    rows = with_account(biggest_changes(shown, shown.height), scene.snapshot).select(
        "name",
        pl.col("_account").alias("account_id"),
        "field",
        before.alias("before"),
        "after",
        pl.col("verdict").replace({verdict: label for verdict, (label, _) in VERDICTS.items()}).alias("verdict_text"),
        pl.coalesce("reason", "rule").alias("reason"),
        pl.col("verdict").replace_strict(theme.VERDICT_COLORS, default=theme.NOT_SCORED).alias("tone"),
    )
    accounts = rows["account_id"].to_list()
    table = parts.table(
        rows,
        CHANGE_TITLES,
        formatters={"verdict_text": parts.chip("tone"), "name": parts.account_name("account_id")},
        widths={"name": 100, "field": 150, "before": 90, "after": 84, "verdict_text": 100, "reason": 200},
        filters=("name", "field", "verdict_text", "reason"),
        give_way=("reason", "before", "verdict_text"),
        rows=15,
        choose=lambda row: scene.go("account", id=accounts[row]) if row is not None and accounts[row] else None,
    )
    return parts.card(parts.bar(*head), table if rows.height else parts.nothing("No row passes these filters."))
