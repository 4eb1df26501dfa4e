"""What keeps a plan from being committed at all, and two processes from committing at once."""

import time
from datetime import timedelta

import polars as pl
import pytest

from tests.writeback.desk import NOW
from tests.writeback.elsewhere import committing
from toolkit.errors import BrakeError, PlanError, StoreInUseError
from toolkit.workspace import Workspace
from toolkit.writeback.committing.commit import commit, resume
from toolkit.writeback.committing.settling import intended
from toolkit.writeback.undoing.plan_undo import plan_undo

PRODUCTION = "UPDATE Organization SET IsSandbox = 0, OrganizationType = 'Enterprise Edition'"


def make_production(demo_org):
    with demo_org._state.database.writing() as connection:
        connection.execute(PRODUCTION)


def run(desk, plan, **more):
    return commit(
        plan, plan.digest, desk.org, desk.store, desk.settings, objects=[desk.sides()], **{"now": NOW, **more}
    )


@pytest.fixture
def production(desk):
    """The desk, at an org that is no sandbox."""
    make_production(desk.demo_org)
    del desk.org.__dict__["organization"]
    assert not desk.org.organization.is_sandbox
    return desk


@pytest.mark.parametrize("typed", [None, "", "halvard", "Halvard Cloud Ltd"])
def test_BEY_8_a_production_org_is_not_written_to_before_its_name_was_typed(production, typed):
    before = production.in_org("CS_Health_Score__c")
    name = production.org.organization.name
    with pytest.raises(PlanError, match="production org") as refused:
        run(production, production.plan(), org_name=typed)
    assert f'org_name="{name}"' in refused.value.hint
    assert production.store.commits().is_empty()
    assert production.in_org("CS_Health_Score__c") == before


def test_BEY_8_a_production_org_is_written_to_once_its_name_was_typed(production):
    plan = production.plan()
    assert run(production, plan, org_name=f" {production.org.organization.name} ").written == plan.writes


def test_BEY_8_what_stays_here_asks_for_no_name(production):
    plan = production.plan()
    assert run(production, plan, org_name=production.org.organization.name).written == plan.writes
    production.demo_org.edit("Account", production.sides().links["there_id"][0], {"Industry": "Media"})
    production.pull()
    plan = production.plan()
    assert plan.rows("write")["side"].to_list() == ["here"]
    assert run(production, plan).written == 1


def test_BEY_1_a_plan_that_is_too_old_is_not_committed(desk):
    plan = desk.plan()
    hours = desk.settings.writeback.plans_expire_hours
    with pytest.raises(PlanError, match="too old"):
        run(desk, plan, now=NOW + timedelta(hours=hours, seconds=1))
    assert desk.store.commits().is_empty()
    assert run(desk, plan, now=NOW + timedelta(hours=hours, seconds=-1)).written == plan.writes


def test_BEY_8_a_plan_over_the_brakes_is_committed_only_when_it_is_meant(desk):
    run(desk, desk.plan())
    emptied = desk.here().with_columns(segment=pl.lit(None, dtype=pl.String))
    desk.store.save_records("here", "account", emptied)
    plan = desk.plan()
    commits = desk.store.commits().height
    with pytest.raises(BrakeError):
        run(desk, plan)
    assert desk.store.commits().height == commits
    assert run(desk, plan, accept=True).written == plan.writes


def test_BEY_6_only_one_process_commits(desk):
    plan = desk.plan()
    desk.demo_org.faults.inject("slow", seconds=3, match="composite/sobjects", method="PATCH")
    with committing(desk) as other:
        deadline = time.monotonic() + 60
        while desk.demo_org.faults.waiting():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        with pytest.raises(StoreInUseError, match=f"step commit, process {other.pid}"):
            run(desk, plan)
        with pytest.raises(StoreInUseError, match="step commit"):
            resume(plan.plan_id, desk.org, desk.store, objects=[desk.sides()])
        out, _ = other.communicate(timeout=60)
    assert f"{plan.writes:,} written" in out
    with pytest.raises(PlanError, match="committed already"):
        run(desk, plan)
    patches = [call for call in desk.demo_org.calls if call[0] == "PATCH"]
    assert len(patches) == 1


def test_BEY_8_a_job_writes_to_a_production_org_that_the_mapping_file_names(tmp_path):
    with Workspace.demo(tmp_path / "demo", accounts=10) as ws:
        name = ws.org.organization.name
        make_production(ws.demo_org)
        del ws.org.__dict__["organization"]
        ws.job("pull")
        with pytest.raises(PlanError, match="production org"):
            ws.job("push_health")
        named = ws.settings.writeback.model_copy(update={"production": name})
        ws.settings = ws.settings.model_copy(update={"writeback": named})
        assert "written" in ws.job("push_health")


def test_BEY_6_a_plan_of_an_object_that_is_not_synced_any_more_is_not_begun(desk):
    plan = desk.plan()
    with pytest.raises(PlanError, match="account, which the mapping file does not sync") as refused:
        commit(plan, plan.digest, desk.org, desk.store, desk.settings, objects=[], now=NOW)
    assert "objects.account" in refused.value.hint
    assert desk.store.commits().is_empty()
    done = run(desk, plan)
    with pytest.raises(PlanError, match=f"take back of commit {done.commit_id} is about records of account"):
        plan_undo(done.commit_id, desk.org, desk.store, objects=[], org_name="", created_at=NOW, parent=None,
                  bulk_from=2000)  # fmt: skip


def test_BEY_6_what_is_open_of_an_object_that_is_not_synced_any_more_is_told_not_passed_over(desk):
    plan = desk.plan()
    desk.store.intend(intended(plan), {"at": NOW.isoformat()})
    with pytest.raises(PlanError, match=f"What is open of commit {plan.plan_id}"):
        resume(plan.plan_id, desk.org, desk.store, objects=[])
    assert resume(plan.plan_id, desk.org, desk.store, objects=[desk.sides()]).failed == plan.writes
