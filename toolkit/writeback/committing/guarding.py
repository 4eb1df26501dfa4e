"""What stands between a plan and its commit: every reason for which nothing is written at all.

The plan is the one that was confirmed, for this org, young enough, not committed before, and nothing is open; it
changes no more than the brakes allow; and whoever writes to a production org has typed its name. Who may commit, and
who has to approve, the workspace knows.
"""

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from toolkit.config.models import Settings
from toolkit.errors import DigestError, PlanError
from toolkit.salesforce import Org
from toolkit.store import Store
from toolkit.writeback.planning.approving import refuse_expired
from toolkit.writeback.planning.braking import refuse_braked
from toolkit.writeback.planning.plan import Plan
from toolkit.writeback.planning.sides import Sides


def refuse_plan(plan: Plan, confirm: str, org: Org, store: Store) -> None:
    """Raise DigestError or PlanError when `plan` is not what was confirmed, or not to be written in this org now."""
    if confirm != plan.digest:
        raise DigestError(
            f"The digest {confirm[:12]!r} is not that of plan {plan.plan_id}; nothing was written.",
            hint="Confirm with the digest of the plan you looked at (`plan.digest`), or plan again.",
        )
    plan.check()
    if plan.org_id != org.org_id:
        raise PlanError(
            f"Plan {plan.plan_id} was made for {plan.org_name or 'the org'} ({plan.org_id}), not for {org.org_id}.",
            hint="Connect to the org the plan was made for, or plan again in this one.",
        )
    open_commits = store.open_commits()
    if open_commits:
        raise PlanError(
            f"Commit {open_commits[0]} was interrupted and is not settled; nothing was written.",
            hint="Settle it first: `cs-toolkit resume`. Then plan again.",
        )
    if plan.plan_id in store.commits()["commit_id"]:
        raise PlanError(
            f"Plan {plan.plan_id} was committed already; nothing was written again.",
            hint="Plan again to see what is left to do: `cs-toolkit plan`.",
        )


def refuse_unsynced(rows: pl.DataFrame, objects: Sequence[Sides], what: str) -> None:
    """Raise PlanError when some of these rows, of `what`, are of objects that are not synced any more."""
    gone = sorted(set(rows["object"]) - {sides.object for sides in objects})
    if gone:
        raise PlanError(
            f"{what} is about records of {', '.join(gone)}, which the mapping file does not sync any more; nothing was "
            "written.",
            hint=f"Give {', '.join(f'objects.{name}' for name in gone)} its mode back, or plan again without it.",
        )


def refuse_by_settings(
    plan: Plan, settings: Settings, objects: Sequence[Sides], now: datetime, *, accept: bool
) -> None:
    """Raise PlanError for a plan that is too old, BrakeError for one over the brakes unless `accept` is said."""
    refuse_expired(plan, settings.writeback, now)
    refuse_braked(plan.changes, objects, settings, accept=accept)


def refuse_production(org: Org, org_name: str | None) -> None:
    """Raise PlanError when the org is no sandbox and `org_name` is not its name, as whoever commits has to type it."""
    found = org.organization
    name = found.name or org.org_id
    if found.is_sandbox or (org_name or "").strip() == name:
        return
    given = f", not {org_name.strip()!r}" if org_name and org_name.strip() else ""
    raise PlanError(
        f"This is the production org {name!r}: it is written to only once its name was typed{given}. "
        "Nothing was written.",
        hint=f'Commit with org_name="{name}" (`cs-toolkit commit --org-name "{name}"`). For jobs that run unattended, '
        f'and for edits, write production = "{name}" under [writeback] in the mapping file.',
    )
