"""Where an account's values come from and go to: its link, what the pending plan would do, what commits did."""

import panel as pn
import polars as pl

from dashboards import theme
from dashboards.data import Details, Snapshot, with_account
from dashboards.views import parts, plan
from dashboards.views.scene import Scene

PENDING = {
    "field": "Field",
    "where": "Written to",
    "before": "Before",
    "after": "After",
    "verdict_text": "Verdict",
    "reason": "Why",
}
DONE = {
    "commit_id": "Commit",
    "name": "Record",
    "field": "Field",
    "where": "Written to",
    "before": "Before",
    "after": "After",
    "state": "State",
}
STATE_TONES = {"written": "#2E9E6B", "failed": "#D6453D", "held": "#EFAE2B", "intended": "#EFAE2B"}


def lineage(scene: Scene, account_id: str, details: Details) -> list[pn.viewable.Viewable]:
    """Return the cards of what is pending for an account and of what the journal knows of it."""
    return [_pending(scene.snapshot, account_id), _journal(details)]


def _pending(snapshot: Snapshot, account_id: str) -> pn.Column:
    newest = snapshot.plan
    head = "Pending"
    if newest is None or not newest.pending:
        return parts.card(parts.heading(head), parts.nothing("No plan waits to be committed."))
    made = newest.plan
    rows = with_account(made.changes, snapshot).filter(pl.col("_account") == account_id)
    if rows.is_empty():
        return parts.card(parts.heading(head), parts.nothing("The pending plan has nothing to write for this account."))
    before = pl.when(pl.col("side") == "there").then("there").otherwise("here")
    shown = rows.select(
        "field",
        pl.col("side").replace_strict(plan.SIDES, default="?").alias("where"),
        before.alias("before"),
        "after",
        pl.col("verdict")
        .replace({verdict: label for verdict, (label, _) in plan.VERDICTS.items()})
        .alias("verdict_text"),
        pl.coalesce("reason", "rule").alias("reason"),
        pl.col("verdict").replace_strict(theme.VERDICT_COLORS, default=theme.NOT_SCORED).alias("tone"),
    )
    table = parts.table(
        shown,
        PENDING,
        formatters={"verdict_text": parts.chip("tone")},
        widths={"field": 160, "reason": 160, "verdict_text": 96},
        give_way=("reason", "where", "before"),
        rows=10,
    )
    made_at = theme.age(made.created_at, snapshot.now)
    about = f"{theme.plural(rows.height, 'row')} of the plan {made.plan_id}, made {made_at}"
    return parts.card(parts.heading(head, about), table)


def _journal(details: Details) -> pn.Column:
    written = details.journal.sort("commit_id", "seq")
    head: list[pn.viewable.Viewable] = [
        parts.heading("Lineage", "Which record in Salesforce this is, and what commits wrote on either side."),
        parts.html(f'<p class="said">{_link(details)}</p>'),
    ]
    if written.is_empty():
        return parts.card(*head, parts.nothing("No commit has written anything of this account."))
    shown = written.with_columns(
        where=pl.col("side").replace_strict(plan.SIDES, default="?"),
        state=pl.col("state").replace(plan.WORDS),
        tone=pl.col("state").replace_strict(STATE_TONES, default=theme.NOT_SCORED),
    )
    table = parts.table(
        shown.select(*DONE, "tone"),
        DONE,
        formatters={"state": parts.chip("tone")},
        widths={"field": 160, "name": 130, "commit_id": 110},
        filters=("field",),
        give_way=("commit_id", "where", "name", "before"),
        rows=10,
    )
    return parts.card(*head, table)


def _link(details: Details) -> str:
    # Escaped: what matched is text from Salesforce or a file.
    if details.links.height:
        link = details.links.row(0, named=True)
        value = f", both have “{theme.text(link['value'])}”" if link["value"] else ""
        return (
            f"Linked to <code>{theme.text(link['there_id'])}</code> on {theme.text(theme.day(link['linked_at']))} by "
            f"{theme.text(link['decided_by'])}: {theme.text(link['rule'])}{value}."
        )
    if details.mismatches.height:
        cause = details.mismatches.row(0, named=True)
        return f"Not linked to a record in Salesforce: {theme.text(cause['reason'])}."
    return "Not linked to a record in Salesforce."
