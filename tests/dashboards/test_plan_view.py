"""The pending plan: whose it is, what stands before its commit, what it costs."""

from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest

from dashboards.data import NewestPlan
from dashboards.reader import Reader
from dashboards.views import plan, plan_checks
from dashboards.views.scene import Scene
from tests.dashboards.looking import ON_A_PHONE, kept, tables, words
from tests.dashboards.samples import NOW
from toolkit.config.models import Writeback
from toolkit.frames import APPROVALS, UTC_TIME, conform
from toolkit.writeback.planning.braking import Brake
from toolkit.writeback.planning.finding import Finding

# Panel hands tables to Bokeh, which uses a keyword that pandas 3.1 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword in DataFrame.reset_index:DeprecationWarning")


@pytest.fixture
def snapshot(company_folder):
    return Reader(company_folder).snapshot()


def with_plan(snapshot, approvals: pl.DataFrame | None = None, writeback: Writeback | None = None, **facts):
    """The snapshot with its pending plan changed, its approvals, and other [writeback] settings."""
    newest = NewestPlan(replace(snapshot.plan.plan, **facts), approvals=approvals if approvals is not None
                        else APPROVALS.empty())  # fmt: skip
    settings = snapshot.settings.model_copy(update={"writeback": writeback or Writeback()})
    return replace(snapshot, plan=newest, settings=settings)


def checks(snapshot) -> dict[str, list[str]]:
    found = plan_checks.checks(snapshot, snapshot.plan)
    return {state: [check.said for check in found if check.state == state] for state in plan_checks.TONES}


def test_DSH_10_a_plan_says_who_made_it_when_of_what_and_how_it_is_committed(snapshot):
    shown = with_plan(snapshot, made_by="ada", made_of="0" * 12, purpose="undo 123456789abc")
    told = words(plan.view(Scene(shown)))
    for said in ("made by ada", f"made of plan {'0' * 12}", "Pending plan: undo 123456789abc", shown.plan.plan.digest):
        assert said in told
    assert f"cs-toolkit commit {shown.plan.plan.plan_id} " in told


def test_DSH_10_brakes_stop_a_plan_and_its_command_says_that_it_is_meant(snapshot):
    brake = Brake("cleared", "there", "account", "CS_MRR__c", 120, 290, 0.2)
    shown = with_plan(snapshot, brakes=(brake,), findings=(Finding("info", "X-1", "here", "a remark", "look"),))
    told = checks(shown)
    assert told["stop"] == [f"Brake: {brake}. Commit it only if that is meant."]
    assert "here: a remark: look" in told["know"]
    assert "--accept-mass-change" in words(plan.view(Scene(shown)))
    assert "--accept-mass-change" not in words(plan.view(Scene(with_plan(snapshot))))


def test_DSH_10_a_plan_that_is_too_old_or_not_approved_is_stopped_with_the_command_that_helps(snapshot):
    asked = Writeback(approval=True, plans_expire_hours=24)
    fresh = with_plan(snapshot, writeback=asked, made_by="ada")
    assert checks(fresh)["stop"] == ["Nobody other than ada has approved it yet."]
    assert f"cs-toolkit approve {fresh.plan.plan.plan_id}" in words(plan.view(Scene(fresh)))
    old = with_plan(snapshot, writeback=asked, made_by="ada", created_at=NOW - timedelta(hours=25))
    assert any(said.startswith("It expired on 2 Nov 2026, 07:00 UTC") for said in checks(old)["stop"])


def test_DSH_10_approvals_of_others_are_named_and_those_of_the_maker_do_not_count(snapshot):
    made = snapshot.plan.plan
    rows = [
        {"plan_id": made.plan_id, "digest": made.digest, "person": person, "at": NOW, "note": ""}
        for person in ("ada", "ben")
    ]
    approvals = conform(pl.DataFrame(rows, schema_overrides={"at": UTC_TIME}), APPROVALS)
    told = checks(with_plan(snapshot, approvals, Writeback(approval=True), made_by="ada"))
    assert told["ok"] == ["Approved by ben."]
    assert told["stop"] == []


def test_DSH_10_the_cost_is_told_by_object_and_way_and_the_conflicts_wait(snapshot):
    told = words(plan.view(Scene(with_plan(snapshot))))
    (part,) = snapshot.plan.plan.cost.parts
    assert f'<td data-label="Records">{part.records:,}</td>' in told
    conflicts = snapshot.plan.plan.count("conflict")
    assert f"{conflicts} conflicts wait for a decision" in told
    assert "cs-toolkit decide" in told


def test_DSH_10_what_a_reviewer_left_out_is_counted_and_listed(snapshot):
    made = snapshot.plan.plan
    left = made.rows("write")["seq"].to_list()[:3]
    shown = with_plan(snapshot)
    shown = replace(shown, plan=NewestPlan(made.without(left, "ada")))
    assert "Left out" in words(plan.view(Scene(shown)))
    assert "Left out" not in words(plan.view(Scene(with_plan(snapshot))))


def test_DSH_10_a_change_keeps_its_record_its_field_and_its_value_however_narrow_the_window_is(snapshot):
    changes = tables(plan.view(Scene(with_plan(snapshot))))[-1]
    assert list(kept(changes)) == ["name", "field", "after"]
    assert sum(kept(changes).values()) <= ON_A_PHONE
