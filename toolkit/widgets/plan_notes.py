"""What a reviewer has to know of a plan beside its rows: brakes, what cannot be undone, its age, who approved it."""

from collections.abc import Sequence
from datetime import datetime
from html import escape

from toolkit.config.models import Writeback
from toolkit.widgets.twin import MUTED, SIGNS
from toolkit.writeback.planning.approving import expires_at
from toolkit.writeback.planning.finding import Finding
from toolkit.writeback.planning.irreversible import irreversible
from toolkit.writeback.planning.plan import Plan

TONES = {"error": "error", "warning": "warning", "info": "planned"}
BOLD = ";font-weight:600"
FINDINGS = 12
"""So many findings are listed before it is said how many more there are."""


def notes_html(plan: Plan, writeback: Writeback, approved_by: Sequence[str], now: datetime) -> str:
    """Return the notes as static HTML, what stops a commit first; nothing when there is nothing to say."""
    notes = [("error", f"Brake: {brake}") for brake in plan.brakes]
    notes += [*_age(plan, writeback, now), *_approval(plan, writeback, approved_by)]
    notes += [_told(finding) for finding in _findings(plan)]
    lines = "".join(
        f'<div style="padding:2px 0{BOLD if tone == "error" else ""}"><span aria-hidden="true">{SIGNS[tone]}</span> '
        f"{escape(text)}</div>"
        for tone, text in notes
    )
    more = len(plan.findings) + len(irreversible(plan.changes)) - FINDINGS
    rest = f'<div style="{MUTED}">And {more} more findings.</div>' if more > 0 else ""
    return f'<div style="line-height:1.5;margin:4px 0 8px">{lines}{rest}</div>' if lines else ""


def identity_html(plan: Plan) -> str:
    """Return the line that says which plan this is: what for, whose, made of which."""
    told = [plan.purpose[:1].upper() + plan.purpose[1:]] if plan.purpose not in ("", "plan") else ["Plan"]
    told[0] += f" {plan.plan_id}"
    told += [f"made of plan {plan.made_of}"] if plan.made_of else []
    return f'<div style="{MUTED};margin:2px 0 6px">{escape(", ".join(told))}</div>'


def _findings(plan: Plan) -> list[Finding]:
    order = list(TONES)
    return sorted((*plan.findings, *irreversible(plan.changes)), key=lambda each: order.index(each.severity))[:FINDINGS]


def _told(finding: Finding) -> tuple[str, str]:
    return TONES[finding.severity], f"{finding}. {finding.hint}" if finding.hint else str(finding)


def _age(plan: Plan, writeback: Writeback, now: datetime) -> list[tuple[str, str]]:
    end = expires_at(plan.created_at, writeback)
    if end is None or end > now:
        return []
    return [("error", f"It expired on {end:%Y-%m-%d at %H:%M} (UTC): make it again.")]


def _approval(plan: Plan, writeback: Writeback, approved_by: Sequence[str]) -> list[tuple[str, str]]:
    if approved_by:
        return [("ok", f"Approved by {', '.join(approved_by)}.")]
    if not writeback.approval:
        return []
    return [("error", f"It needs the approval of somebody other than {plan.made_by or 'its maker'}.")]
