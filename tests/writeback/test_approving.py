"""How long a plan holds, and the approval of a second person, as pure rules."""

from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest

from tests.writeback.samples import NOW
from tests.writeback.test_plan import some_plan
from toolkit.config.models import Access, Writeback
from toolkit.errors import PlanError
from toolkit.frames import APPROVALS
from toolkit.writeback.planning.approving import approval, approvers, expires_at, refuse_expired, refuse_unapproved

ASKED, ANYBODY = Writeback(approval=True), Access()


def made(by="ada", **options):
    return replace(some_plan(**options), made_by=by)


def test_BEY_1_a_plan_expires_after_the_hours_of_the_mapping_file():
    plan, hours = made(), timedelta(hours=72)
    assert expires_at(NOW, Writeback()) == NOW + hours
    refuse_expired(plan, Writeback(), NOW + hours - timedelta(seconds=1))
    with pytest.raises(PlanError, match=r"was made on 2026-11-02 at 08:00 \(UTC\) and is too old") as caught:
        refuse_expired(plan, Writeback(), NOW + hours)
    assert "cs-toolkit plan" in caught.value.hint
    refuse_expired(plan, Writeback(plans_expire_hours=None), NOW + 1000 * hours)
    assert expires_at(NOW, Writeback(plans_expire_hours=None)) is None
    lying = replace(plan, expires_at=NOW + 1000 * hours)  # what a file says of itself counts for nothing
    with pytest.raises(PlanError):
        refuse_expired(lying, Writeback(), NOW + hours)


def test_CAT_1_nobody_approves_a_plan_of_their_own():
    for person in ("ada", "ADA", " ada ", "a\u200bda", "ａｄａ"):  # however it is spelled
        with pytest.raises(PlanError, match="cannot be approved by its own maker"):
            approval(made(), person, NOW)
    with pytest.raises(PlanError, match="nobody knows who made it"):
        approval(made(by=""), "bob", NOW)
    assert approval(made(), "bob", NOW, "fine").select("person", "note").row(0) == ("bob", "fine")


def test_CAT_1_an_approval_is_of_exactly_these_rows():
    plan = made()
    given = approval(plan, "bob", NOW)
    refuse_unapproved(plan, given, ASKED, ANYBODY)
    refuse_unapproved(plan, APPROVALS.empty(), Writeback(), ANYBODY)
    other = replace(plan.without([1], "ada"), made_by="ada")
    forged = given.with_columns(plan_id=pl.lit(other.plan_id))
    for approvals in (APPROVALS.empty(), given, forged):
        with pytest.raises(PlanError, match=f"Plan {other.plan_id} was made by ada and nobody else") as caught:
            refuse_unapproved(other, approvals, ASKED, ANYBODY)
    assert f"cs-toolkit approve {other.plan_id}" in caught.value.hint


def test_CAT_1_the_approval_of_who_made_it_or_may_not_approve_does_not_count():
    plan, given = made(), approval(made(), "bob", NOW)
    assert approvers(plan, given, ANYBODY) == ["bob"]
    assert approvers(plan, given, Access(approve=("cleo",))) == []
    assert approvers(plan, given, Access(approve=("bob",))) == ["bob"]
    assert approvers(replace(plan, made_by="bob"), given, ANYBODY) == []  # made again, by the one who had approved it
