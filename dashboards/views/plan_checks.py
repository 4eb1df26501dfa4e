"""What a pending plan is, what stands before its commit (age, brakes, approvals), and what it would cost."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import panel as pn

from dashboards import theme
from dashboards.data import NewestPlan, Snapshot
from dashboards.views import parts
from toolkit.writeback.planning.approving import approvers, expires_at
from toolkit.writeback.planning.cost import Part
from toolkit.writeback.planning.irreversible import irreversible
from toolkit.writeback.planning.plan import Plan

TONES = {"stop": "#D6453D", "wait": "#EFAE2B", "ok": "#2E9E6B", "know": theme.NOT_SCORED}
WORDS = {"stop": "stops it", "wait": "waits", "ok": "done", "know": "to know"}
SOON = timedelta(hours=12)
"""A plan that expires within this time is said to."""
WAYS = {"collections": "REST collections", "composite": "REST, five collections a call", "bulk": "Bulk API 2.0"}
DEEDS = {
    "update": "change",
    "create": "create",
    "delete": "delete",
    "merge": "merge",
    "undelete": "take out of the bin",
}


@dataclass(frozen=True)
class Check:
    """One thing that stands before a commit, or is good to know: how it stands, what it is, and a command."""

    state: str
    said: str
    command: str = ""


def identity(snapshot: Snapshot, newest: NewestPlan) -> pn.Column:
    """Return the card that says which plan this is, whose, how old, and how exactly it is committed."""
    plan = newest.plan
    made = f"made by {plan.made_by} " if plan.made_by else "made "
    told = [plan.org_name, f"{made}{theme.age(plan.created_at, snapshot.now)} ({theme.moment(plan.created_at)})"]
    told.append(theme.plural(plan.changes.height, "row"))
    if plan.made_of:
        told.append(f"made of plan {plan.made_of}")
    if plan.writes:
        accept = ["--accept-mass-change"] if plan.brakes else []
        commit = snapshot.command("commit", plan.plan_id, *accept)
        step = f"<p>To commit exactly these rows, and nothing else:</p><p><code>{theme.text(commit)}</code></p>"
    else:
        step = "<p>None of these rows can be written as it stands; the reasons are below.</p>"
    title = "Pending plan" if plan.purpose in ("", "plan") else f"Pending plan: {plan.purpose}"
    return parts.card(
        parts.html(
            f'<div class="plan"><h3>{theme.text(title)}</h3><p class="quiet">{theme.text(" · ".join(told))}</p>{step}'
            f'<p class="quiet">Digest of all rows: <code class="digest">{theme.text(plan.digest)}</code></p></div>'
        )
    )


def standing(snapshot: Snapshot, newest: NewestPlan) -> pn.Column:
    """Return the cards beside each other: what stands before the commit, and what it would spend."""
    items = "".join(map(_item, checks(snapshot, newest)))
    return parts.grid(
        parts.card(parts.heading("Before a commit"), parts.html(f'<ul class="checks">{items}</ul>')),
        _cost(newest.plan),
        smallest=340,
        most=2,
    )


def checks(snapshot: Snapshot, newest: NewestPlan) -> list[Check]:
    """Return everything that stands before the commit of a pending plan, what stops it first."""
    plan = newest.plan
    found = [Check("stop", f"Brake: {brake}. Commit it only if that is meant.") for brake in plan.brakes]
    found += [*_age(snapshot, plan), *_approval(snapshot, newest), *_open_rows(snapshot, plan)]
    remarks = (*plan.findings, *irreversible(plan.changes))
    found += [Check("wait" if each.severity == "warning" else "know", f"{each}: {each.hint}") for each in remarks]
    order = list(TONES)
    return sorted(found, key=lambda check: order.index(check.state))


def _item(check: Check) -> str:
    command = f"<p><code>{theme.text(check.command)}</code></p>" if check.command else ""
    chip = f'<span class="chip" style="--tone:{TONES[check.state]}">{WORDS[check.state]}</span>'
    return f"<li>{chip}<div>{theme.text(check.said)}{command}</div></li>"


def _age(snapshot: Snapshot, plan: Plan) -> Iterator[Check]:
    end = expires_at(plan.created_at, snapshot.settings.writeback) if snapshot.settings else plan.expires_at
    if end is None:
        return
    if end <= snapshot.now:
        yield Check("stop", f"It expired on {theme.moment(end)}. Make it again.", snapshot.command("plan"))
    else:
        yield Check("wait" if end - snapshot.now < SOON else "know", f"It may be committed until {theme.moment(end)}.")


def _approval(snapshot: Snapshot, newest: NewestPlan) -> Iterator[Check]:
    settings, plan = snapshot.settings, newest.plan
    who = approvers(plan, newest.approvals, settings.access) if settings else []
    if who:
        yield Check("ok", f"Approved by {', '.join(who)}.")
    elif settings and settings.writeback.approval:
        maker = f" other than {plan.made_by}" if plan.made_by else ""
        yield Check("stop", f"Nobody{maker} has approved it yet.", snapshot.command("approve", plan.plan_id))


def _open_rows(snapshot: Snapshot, plan: Plan) -> Iterator[Check]:
    waiting = plan.count("conflict")
    if waiting:
        rows = theme.plural(waiting, "conflict waits", "conflicts wait")
        yield Check("wait", f"{rows} for a decision and will not be written.", snapshot.command("decide"))
    if plan.cost.left is not None and plan.cost.calls > plan.cost.left:
        yield Check("stop", f"It needs {plan.cost.calls:,} API calls; {plan.cost.left:,} were left.")


def _cost(plan: Plan) -> pn.Column:
    cost = plan.cost
    left = f", {theme.count(cost.left)} were left when it was made" if cost.left is not None else ""
    about = f"{theme.plural(cost.calls, 'API call')}{left}."
    if not cost.parts:
        return parts.card(parts.heading("Cost", about), parts.nothing("Nothing is written in Salesforce."))
    head = "".join(f'<th scope="col">{label}</th>' for label in ("Object", "Records", "Way", "Calls", "Sent"))
    body = "".join(_part(part) for part in cost.parts)
    table = f'<table class="sync"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    return parts.card(parts.heading("Cost", about), parts.html(f'<div class="fits">{table}</div>'))


def _part(part: Part) -> str:
    deed = DEEDS.get(part.operation, part.operation.replace("_", " "))
    calls = part.read_calls + part.write_calls
    return (
        f'<tr><th scope="row">{theme.text(part.object)}, {theme.text(deed)}</th>'
        f'<td data-label="Records">{part.records:,}</td><td data-label="Way">{WAYS.get(part.via, part.via)}</td>'
        f'<td data-label="Calls">{calls:,}</td><td data-label="Sent">{_size(part.bytes)}</td></tr>'
    )


def _size(size: int) -> str:
    return f"{size / 1e6:,.1f} MB" if size >= 1e5 else f"{max(1, round(size / 1e3)):,} kB"
