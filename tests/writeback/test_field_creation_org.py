"""Fields made in an org: by plan, with who may see them, through faults and crashes, and taken back."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.writeback.structure import NEW, commit, opened, read, row, states
from toolkit.config.models import Writeback
from toolkit.errors import NotFoundError, SalesforceError, StepMissingError
from toolkit.writeback.committing.settling import ALREADY, CHANGED, FOUND, NOT_WRITTEN
from toolkit.writeback.restructuring.field_creation_plan import NO_RIGHT, plan_fields
from toolkit.writeback.restructuring.field_creation_run import NOT_SHOWN

SCORE, BAND, COVERAGE, SEATS = (there for _, there in NEW)
ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def ws(tmp_path):
    with opened(tmp_path / "w", NEW) as workspace:
        yield workspace


def made(ws, name=SCORE):
    return ws.org.tooling.fields("Account", [name]).get(name.lower())


def rights(ws, name=SCORE):
    rows = ws.demo_org.rows(
        f"SELECT Parent.Label, PermissionsRead, PermissionsEdit FROM FieldPermissions WHERE Field = 'Account.{name}'"
    )
    return {each["Parent"]["Label"]: (each["PermissionsRead"], each["PermissionsEdit"]) for each in rows}


def test_BEY_15_fields_are_made_granted_seen_and_then_written_to(ws):
    ws.load()
    ws.score()
    plan = ws.plan_fields(readers=["Standard User"])
    kinds = plan.changes.group_by("operation", "verdict").len().sort("operation").rows()
    assert kinds == [("create_field", "write", 4), ("grant_field", "write", 8)]
    shown = row(plan.changes, operation="create_field", field=SCORE)
    assert (shown["partner"], shown["type"], shown["here_id"], shown["there"]) == ("health_score", "double", None, None)
    assert json.loads(shown["after"])["precision"] == 3
    done = commit(ws, plan)
    assert states(done.results) == {"written": 12}
    assert done.api_calls == plan.cost.calls  # BEY-7
    assert rights(ws) == {"Integration User": (True, True), "Standard User": (True, False)}  # CAT-16, CAT-17
    assert {SCORE, BAND, COVERAGE, SEATS} <= set(ws.org.describe("Account").fields)  # CAT-21: no restart is needed
    assert not [each for each in ws.check() if each.severity == "error"]
    read(ws)
    values = commit(ws, ws.plan())
    assert values.failed == 0
    found = ws.demo_org.rows(f"SELECT {SCORE}, {BAND}, {SEATS} FROM Account WHERE {SEATS} != null")
    assert found
    assert ws.plan_fields().changes.is_empty()  # nothing is missing any more


def test_BEY_15_a_plan_of_fields_is_digested_and_compared_like_any_other(ws):
    first, second = ws.plan_fields(), ws.plan_fields()
    assert first.digest == second.digest
    first.check()


def test_CAT_15_CAT_19_CAT_21_what_the_api_cannot_do_is_said(ws):
    told = {each.requirement: each for each in ws.plan_fields("account", [SCORE]).findings}
    assert "custom report types" in told["CAT-15"].message
    assert "page layouts" in told["CAT-19"].message
    assert "once they are there" in told["CAT-21"].message
    assert "nobody but the integration user" in told["CAT-17"].message


def test_BEY_15_a_definition_may_be_overruled(ws):
    asked = {SEATS: {"type": "Number", "precision": 6, "scale": 0, "label": "Seats bought"}}
    plan = ws.plan_fields("account", asked)
    assert row(plan.changes, operation="create_field")["name"] == "Seats bought"
    commit(ws, plan)
    assert (made(ws, SEATS).definition["precision"], made(ws, SEATS).definition["label"]) == (6, "Seats bought")


def test_VIT_19_the_guard_prefix_refuses_before_any_call(ws):
    before = len(ws.demo_org.requests)
    plan = plan_fields(
        ws.org, ws._sides("account", unread=True), fields=[SCORE], writeback=Writeback(guard_prefix="Vitally"),
        profile=ws.settings.health.profile, org_name="", created_at=ws.now(), parent=None,
    )  # fmt: skip
    (refused,) = plan.changes.to_dicts()
    assert (refused["verdict"], "VIT-19" in refused["reason"]) == ("refused", True)
    asked = [call[1] for call in ws.demo_org.requests[before:]]
    assert not [path for path in asked if "tooling" in path]


def test_BEY_15_a_field_that_exists_but_is_hidden_is_only_granted(ws):
    plan = ws.plan_fields("account", [SCORE])
    definition = json.loads(row(plan.changes, operation="create_field")["after"])
    definition.pop("fullName")
    ws.org.tooling.create("Account", SCORE, definition)
    again = ws.plan_fields("account", [SCORE])
    assert again.changes["operation"].to_list() == ["grant_field"]
    assert commit(ws, again).written == 1
    assert SCORE in ws.org.describe("Account").fields


def test_BEY_15_a_name_taken_by_another_type_is_refused(ws):
    ws.org.tooling.create("Account", SCORE, {"label": "Mine", "type": "Text", "length": 20})
    (refused,) = ws.plan_fields("account", [SCORE]).changes.to_dicts()
    assert refused["verdict"] == "refused"
    assert "of another kind: Text, Length 20 in place of Number" in refused["reason"]
    assert "hidden from the integration user" in refused["reason"]


@pytest.mark.parametrize(
    ("definition", "state", "code"),
    [
        ({"label": "CS", "type": "Number", "precision": 3, "scale": 1}, "written", ALREADY),
        ({"label": "CS", "type": "Date"}, "held", CHANGED),
    ],
    ids=["the same", "another"],
)
def test_BEY_15_a_field_made_between_plan_and_commit_is_never_made_twice(ws, definition, state, code):
    plan = ws.plan_fields("account", [SCORE])
    ws.org.tooling.create("Account", SCORE, definition)
    results = commit(ws, plan).results
    assert (row(results, operation="create_field")["state"], row(results, operation="create_field")["code"]) == (
        state,
        code,
    )
    assert row(results, operation="grant_field")["state"] == state
    assert bool(rights(ws)) == (state == "written")


def test_CAT_9_without_the_right_to_customise_the_recipe_is_given(ws):
    (toolkit,) = ws.demo_org.rows("SELECT Id FROM PermissionSet WHERE Name = 'CS_Toolkit'")
    ws.demo_org.edit("PermissionSet", toolkit["Id"], {"PermissionsCustomizeApplication": False})
    plan = ws.plan_fields("account", [SCORE])
    (refused,) = plan.changes.to_dicts()
    assert (refused["verdict"], refused["reason"]) == ("refused", NO_RIGHT)
    assert "Object Manager > Account > Fields & Relationships > New" in plan.findings[0].hint


def test_BEY_15_a_right_that_was_taken_since_fails_the_row_and_says_so(ws):
    plan = ws.plan_fields("account", [SCORE])
    (toolkit,) = ws.demo_org.rows("SELECT Id FROM PermissionSet WHERE Name = 'CS_Toolkit'")
    ws.demo_org.edit("PermissionSet", toolkit["Id"], {"PermissionsCustomizeApplication": False})
    results = commit(ws, plan).results
    failed = row(results, operation="create_field")
    assert (failed["state"], failed["code"]) == ("failed", "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY")
    assert row(results, operation="grant_field")["state"] == "held"
    assert made(ws) is None


def test_BEY_15_a_permission_set_by_name_and_unknown_ones(ws):
    plan = ws.plan_fields("account", [SCORE], permission_set="CS Toolkit")
    assert row(plan.changes, operation="grant_field")["name"] == "CS Toolkit"
    with pytest.raises(NotFoundError, match="Nobody"):
        ws.plan_fields("account", [SCORE], readers=["Nobody"])
    with pytest.raises(NotFoundError, match="Not mapped: CS_No__c"):
        ws.plan_fields("account", ["CS_No__c"])
    warned = ws.plan_fields("account", [SCORE], permission_set="Bulk_Hard_Delete")
    assert "not assigned to the integration user" in warned.findings[-1].message


def test_CAT_21_a_field_that_is_not_shown_yet_is_waited_for_and_told(ws):
    plan = ws.plan_fields("account", [SCORE], permission_set="Bulk_Hard_Delete")  # so the user will never see it
    before = len(ws.demo_org.requests)
    results = commit(ws, plan).results
    assert row(results, operation="create_field")["state"] == "written"
    assert row(results, operation="create_field")["message"] == NOT_SHOWN
    looks = [call for call in ws.demo_org.requests[before:] if call[1].endswith("Account/describe")]
    assert len(looks) == 4  # and no more


@pytest.mark.parametrize("when", ["request", "response"])
@pytest.mark.parametrize("call", ["tooling/sobjects", "composite/sobjects"])
def test_BEY_6_a_connection_that_breaks_leaves_no_doubled_and_no_lost_field(ws, call, when):
    plan = ws.plan_fields("account", [SCORE, BAND])
    ws.demo_org.faults.inject("drop", match=call, method="POST", of=when)
    with pytest.raises(SalesforceError):
        commit(ws, plan)
    assert ws.store.open_commits() == [plan.plan_id]
    (settled,) = ws.resume()
    assert ws.store.open_commits() == []
    codes = settled.results.group_by("operation", "code").len().sort("operation", "code").rows()
    if call.startswith("tooling"):
        lost = row(settled.results, operation="create_field", field=BAND)  # the first one that was on its way
        assert (lost["state"], lost["code"]) == (("written", FOUND) if when == "response" else ("failed", NOT_WRITTEN))
    else:
        grants = ("grant_field", FOUND if when == "response" else NOT_WRITTEN, 2)
        assert grants in codes
    again = ws.plan_fields("account", [SCORE, BAND])
    assert commit(ws, again).failed == 0
    assert rights(ws) == rights(ws, BAND) == {"Integration User": (True, True)}
    assert ws.plan_fields("account", [SCORE, BAND]).changes.is_empty()


def test_BEY_6_killed_while_a_field_is_made(tmp_path):
    with opened(tmp_path / "w", NEW) as ws, ExitStack() as until:
        ws.announce(until)
        plan = ws.plan_fields("account", [SCORE])
        ws.demo_org.faults.inject("slow", match="tooling/sobjects", method="POST", seconds=2)
        program = (
            "import sys; from toolkit.workspace import Workspace; from toolkit.writeback.planning.plan import Plan\n"
            "ws = Workspace.open(sys.argv[1]); plan = Plan.load(*ws.store.latest_plan())\n"
            "ws.commit(plan, confirm=plan.digest)"
        )
        command = [sys.executable, "-c", program, str(ws.folder)]
        with subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}) as process:
            deadline = time.monotonic() + 60
            while ws.demo_org.faults.waiting() and time.monotonic() < deadline:
                assert process.poll() is None, "the commit ended before it could be killed"
                time.sleep(0.02)
            process.send_signal(signal.SIGKILL)
        while made(ws) is None and time.monotonic() < deadline:
            time.sleep(0.1)  # the org finishes what it was asked, though nobody listens
        (settled,) = ws.resume()
        assert row(settled.results, operation="create_field")["code"] == FOUND
        assert row(settled.results, operation="grant_field")["code"] == NOT_WRITTEN
        assert settled.commit_id == plan.plan_id
        assert commit(ws, ws.plan_fields("account", [SCORE])).written == 1


def test_BEY_5_an_undo_takes_back_the_field_with_what_the_toolkit_wrote_and_an_undo_of_that_makes_it_again(ws):
    ws.load()
    commit(ws, ws.plan_fields("account", [SCORE], readers=["Standard User"]))
    fields = ws.last_commit()
    commit(ws, ws.plan_fields("account", [BAND, COVERAGE, SEATS]))
    read(ws)
    commit(ws, ws.plan())
    undo = ws.undo(fields)
    assert undo.changes.select("operation", "verdict").unique().sort("operation").rows() == [
        ("delete_field", "write"),
        ("grant_field", "write"),
    ]
    assert "can come back empty only" in " ".join(each.message for each in undo.irreversible)
    done = commit(ws, undo)
    assert states(done.results) == {"written": 3}
    assert made(ws) is None
    back = ws.undo(done.commit_id)
    assert commit(ws, back).failed == 0
    assert rights(ws) == {"Integration User": (True, True), "Standard User": (True, False)}
    assert made(ws).definition["scale"] == 1


def test_BEY_5_a_field_that_somebody_typed_into_stays_with_the_count(ws):
    commit(ws, ws.plan_fields("account", [COVERAGE, SCORE], readers=["Standard User"]))
    fields = ws.last_commit()
    records = [each["Id"] for each in ws.demo_org.rows("SELECT Id FROM Account LIMIT 2")]
    for record in records:
        ws.demo_org.edit("Account", record, {SCORE: 5.5})
    undo = ws.undo(fields)
    stays = row(undo.changes, operation="delete_field", field=SCORE)
    assert (stays["verdict"], stays["reason"]) == (
        "held",
        "2 records hold values that no commit wrote; they would go with the field",
    )
    held = undo.changes.filter(operation="grant_field", field=SCORE)
    assert held["verdict"].unique().to_list() == ["held"]
    assert row(undo.changes, operation="delete_field", field=COVERAGE)["verdict"] == "write"
    for record in records:
        ws.demo_org.edit("Account", record, {SCORE: None, COVERAGE: 0.5})
    later = commit(ws, undo).results  # now somebody typed into the other one, after the plan
    held = row(later, operation="delete_field", field=COVERAGE)
    assert (held["state"], held["message"]) == ("held", "2 records hold a value by now")
    assert set(later["state"]) == {"held"}
    assert rights(ws, COVERAGE)


def test_BEY_5_a_field_that_was_changed_since_stays(ws):
    commit(ws, ws.plan_fields("account", [SCORE]))
    ws.demo_org.metadata.change_field(f"Account.{SCORE}", {"label": "Renamed"})
    stays = row(ws.undo().changes, operation="delete_field")
    assert (stays["verdict"], stays["reason"]) == ("held", "changed since: its label is now 'Renamed'")


@pytest.mark.parametrize("when", ["request", "response"])
def test_BEY_6_a_deletion_of_a_field_that_was_cut_off_is_settled(ws, when):
    commit(ws, ws.plan_fields("account", [SCORE]))
    undo = ws.undo()
    ws.demo_org.faults.inject("drop", match="tooling/sobjects/CustomField/", method="DELETE", of=when)
    with pytest.raises(SalesforceError):
        commit(ws, undo)
    (settled,) = ws.resume()
    state = row(settled.results, operation="delete_field")
    expected = ("written", FOUND) if when == "response" else ("failed", NOT_WRITTEN)
    assert (state["state"], state["code"]) == expected
    assert (made(ws) is None) == (when == "response")


def test_BEY_15_check_hints_at_the_plan(ws):
    assert "ws.plan_fields()" in next(each.hint for each in ws.check() if SCORE in each.message)


def test_BEY_15_fields_of_tasks_are_made_on_activities(ws):
    ws.org.tooling.create("Task", "CS_Note__c", {"label": "CS Note", "type": "Date"})
    assert set(ws.org.tooling.fields("Event", ["CS_note__c", "CS_None__c"])) == {"cs_note__c"}


@pytest.mark.parametrize("same_type", [True, False])
def test_BEY_15_a_field_that_is_made_again_is_filled_and_clears_nothing_here(tmp_path, same_type):
    with opened(tmp_path / "w") as ws:
        read(ws)
        commit(ws, ws.plan())
        linked = ws.here().join(ws.links(), left_on="id", right_on="here_id")
        stages = linked.select("id", "stage").drop_nulls().sort("id")
        lost = made(ws, "CS_Stage__c")
        ws.org.tooling.delete(lost.id)
        ws.org.describe("Account", refresh=True)
        wanted = {"CS_Stage__c": {} if not same_type else lost.definition}
        again = commit(ws, ws.plan_fields(fields=wanted))
        assert states(again.results) == {"written": 2}
        with pytest.raises(StepMissingError, match="pull"):
            ws.plan()
        ws.pull(accept_retyped=not same_type)
        plan = ws.plan()
        filled = plan.rows("write").filter(field="CS_Stage__c")
        assert filled.select("here_id", "after").sort("here_id").rows() == stages.rows()
        assert plan.changes.filter(operation="clear").is_empty()
