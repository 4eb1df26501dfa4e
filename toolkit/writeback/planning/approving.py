"""Whether a plan may still be committed: its age, and the approval of a second person.

An approval is of a digest, so of exactly the rows that the second person saw. Who made a plan cannot approve it, and
nobody approves for somebody else. Unattended jobs need none: they are appointed in the mapping file.
"""

from datetime import UTC, datetime, timedelta

import polars as pl

from toolkit.config.models import Access, Writeback
from toolkit.errors import PlanError
from toolkit.frames import APPROVALS, UTC_TIME, conform
from toolkit.writeback.planning.plan import Plan

EVERYBODY = "*"


def expires_at(created_at: datetime, writeback: Writeback) -> datetime | None:
    """Return when a plan made at `created_at` becomes too old to commit, or None when plans do not expire."""
    hours = writeback.plans_expire_hours
    return None if hours is None else created_at + timedelta(hours=hours)


def refuse_expired(plan: Plan, writeback: Writeback, now: datetime) -> None:
    """Raise PlanError when the plan is older than ``plans_expire_hours`` allows, by the setting as it is now."""
    end = expires_at(plan.created_at, writeback)
    if end is not None and now >= end:
        made = plan.created_at.astimezone(UTC)
        raise PlanError(
            f"Plan {plan.plan_id} was made on {made:%Y-%m-%d at %H:%M} (UTC) and is too old to commit; nothing was "
            "written.",
            hint="Plan again and look at what is to change now: `cs-toolkit plan`. How long a plan holds says "
            f"writeback.plans_expire_hours in the mapping file ({writeback.plans_expire_hours}).",
        )


def approval(plan: Plan, person: str, at: datetime, note: str = "") -> pl.DataFrame:
    """Return the approval (`APPROVALS`, one row) of a plan by a person. Raises PlanError for one's own plan."""
    if not plan.made_by or _same(person, plan.made_by):
        whose = "its own maker" if plan.made_by else "anybody, because nobody knows who made it"
        raise PlanError(
            f"Plan {plan.plan_id} cannot be approved by {whose}: {person}.",
            hint="Let somebody else look at it and approve it; who may says [access] approve in the mapping file."
            if plan.made_by
            else "Plan again, and let somebody else approve the new plan.",
        )
    row = {"plan_id": plan.plan_id, "digest": plan.digest, "person": person, "at": at.astimezone(UTC), "note": note}
    return conform(pl.DataFrame([row], schema_overrides={"at": UTC_TIME}), APPROVALS)


def approvers(plan: Plan, approvals: pl.DataFrame, access: Access) -> list[str]:
    """Return who approved exactly these rows, may approve by the mapping file, and did not make the plan."""
    mine = approvals.filter((pl.col("plan_id") == plan.plan_id) & (pl.col("digest") == plan.digest))
    return mine.with_columns(made_by=pl.lit(plan.made_by)).filter(may_approve(access))["person"].sort().to_list()


def may_approve(access: Access) -> pl.Expr:
    """Return whether the approval of ``person`` counts for a plan of ``made_by``, by who may approve today."""
    another = _folded(pl.col("person")) != _folded(pl.col("made_by"))
    return another & (pl.lit(EVERYBODY in access.approve) | pl.col("person").is_in(list(access.approve)))


def refuse_unapproved(plan: Plan, approvals: pl.DataFrame, writeback: Writeback, access: Access) -> None:
    """Raise PlanError when the mapping file asks for a second person's approval and the plan has none."""
    if not writeback.approval or approvers(plan, approvals, access):
        return
    raise PlanError(
        f"Plan {plan.plan_id} was made by {plan.made_by or 'nobody knows whom'} and nobody else has approved it; "
        "nothing was written.",
        hint="writeback.approval asks for a second person. It is kept: let somebody else look at it and run "
        f"`cs-toolkit approve {plan.plan_id}` (or ws.approve(plan)); then commit it.",
    )


def _same(one: str, other: str) -> bool:
    return bool(pl.select(_folded(pl.lit(one)) == _folded(pl.lit(other))).item())


def _folded(name: pl.Expr) -> pl.Expr:
    """A person's name without what only spells it otherwise: case, width, blanks around it, characters nobody sees."""
    return name.str.normalize("NFKC").str.replace_all(r"\p{Cf}", "").str.strip_chars().str.to_lowercase()
