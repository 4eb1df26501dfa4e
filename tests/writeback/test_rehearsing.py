"""A rehearsal: the org says what it would say, validation rules and all, and nothing is saved."""

import polars as pl
import pytest

from tests.writeback.many import Desk
from toolkit.errors import PlanError, RequestError
from toolkit.salesforce.rehearsals import make_sure
from toolkit.workspace import Workspace
from toolkit.writeback.committing.rehearsing import FAILS, MOST_RECORDS, NOT_TRIED, RESULTS, SAVED, rehearse


@pytest.fixture(scope="module")
def ws(tmp_path_factory):
    with Workspace.demo(tmp_path_factory.mktemp("ws") / "demo", accounts=30) as workspace:
        for step in (workspace.pull, workspace.load, workspace.match, workspace.score):
            step()
        yield workspace


def everything(demo_org, sobject):
    """Every record of an object, with when it was last changed: the deleted ones too."""
    with demo_org._state.database.reading() as connection:
        return connection.execute(f'SELECT * FROM "{sobject}" ORDER BY Id').fetchall()


def test_BEY_4_a_rehearsal_finds_what_a_validation_rule_refuses_and_saves_nothing(ws):
    plan = ws.plan()
    before = everything(ws.demo_org, "Account")
    band = plan.rows("write").filter(pl.col("field") == "CS_Health_Band__c")["after"][0]
    ws.demo_org.add_validation_rule("Account", "NoBand", f'ISPICKVAL(CS_Health_Band__c, "{band}")', "Not this band")
    rehearsal = ws.rehearse(plan)
    ws.demo_org.switch_rule("Account", "NoBand", active=False)
    assert dict(rehearsal.results.schema) == RESULTS
    there = plan.rows("write").filter(pl.col("side") == "there")
    assert sorted(rehearsal.results["there_id"]) == sorted(there["there_id"].unique())
    refused = there.filter((pl.col("field") == "CS_Health_Band__c") & (pl.col("after") == band))["there_id"]
    assert sorted(rehearsal.failures["there_id"]) == sorted(refused)
    assert set(rehearsal.failures["code"]) == {"FIELD_CUSTOM_VALIDATION_EXCEPTION"}
    assert rehearsal.failures["message"].str.starts_with("Not this band; a validation rule").all()
    assert rehearsal.results.filter(pl.col("would") == SAVED)["message"].null_count() > 0
    assert not rehearsal.passed
    assert "nothing was saved" in str(rehearsal)
    assert everything(ws.demo_org, "Account") == before  # SystemModstamp and all


def test_BEY_4_what_the_rehearsal_says_is_what_the_commit_meets(ws):
    ws.demo_org.add_validation_rule("Account", "Late", "CS_Health_Score__c > 8", "Too good")
    plan = ws.plan()
    rehearsal = ws.rehearse(plan)
    done = ws.commit(plan, confirm=plan.digest)
    ws.demo_org.switch_rule("Account", "Late", active=False)
    failed = done.results.filter(pl.col("state") == "failed")
    assert sorted(failed["there_id"].unique()) == sorted(rehearsal.failures["there_id"])
    assert set(failed["message"]) == set(rehearsal.failures["message"]) != set()


@pytest.fixture
def many(desk):
    return Desk.laid(desk.demo_org, desk.org, desk.store)


def test_BEY_4_new_records_are_rehearsed(many):
    plan = many.plan()
    many.demo_org.add_validation_rule("Account", "NoLtd", 'CONTAINS(Name, "Second")', "No seconds")
    before = {sobject: everything(many.demo_org, sobject) for sobject in ("Account", "Contact", "Event", "Task")}
    accounts = rehearse(plan, many.org, objects=many.sides(), object_name="account").results
    made = accounts.filter(pl.col("operation") == "create").sort("here_id")
    assert made.select("here_id", "would", "code").rows() == [
        ("N-1", SAVED, None), ("N-2", FAILS, "FIELD_CUSTOM_VALIDATION_EXCEPTION"),
    ]  # fmt: skip
    assert accounts.filter(pl.col("operation") == "update")["would"].unique().to_list() == [SAVED]
    people = rehearse(plan, many.org, objects=many.sides(), object_name="contact").results
    new = people.filter(pl.col("operation") == "create").sort("here_id").select("here_id", "would").rows()
    assert new == [("ada@new.test", NOT_TRIED), ("bo@new.test", SAVED)]  # Ada's account is new itself
    assert rehearse(plan, many.org, objects=many.sides(), object_name="call").passed
    assert {sobject: everything(many.demo_org, sobject) for sobject in before} == before


def test_BEY_4_deletions_are_rehearsed(many):
    done = many.commit(many.plan())
    plan = many.undo(done.commit_id)
    before = everything(many.demo_org, "Event")
    rehearsal = rehearse(plan, many.org, objects=many.sides(), object_name="meeting")
    assert set(rehearsal.results["operation"]) == {"delete"}
    assert rehearsal.passed
    assert everything(many.demo_org, "Event") == before


def test_BEY_4_a_production_org_is_not_rehearsed_in(ws):
    plan = ws.plan()
    with ws.demo_org._state.database.writing() as connection:
        connection.execute("UPDATE Organization SET IsSandbox = 0")
    known = ws.org.__dict__.pop("organization")
    calls = len(ws.demo_org.calls)
    with pytest.raises(PlanError, match="production org"):
        ws.rehearse(plan)
    assert not [call for call in ws.demo_org.calls[calls:] if "composite" in call[1]]
    with ws.demo_org._state.database.writing() as connection:
        connection.execute("UPDATE Organization SET IsSandbox = 1")
    ws.org.__dict__["organization"] = known


@pytest.mark.parametrize("demo_org", [{"accounts": 400}], indirect=True)
def test_BEY_4_more_than_200_records_are_not_rehearsed(desk):
    plan = desk.plan()
    with pytest.raises(PlanError, match=f"at most {MOST_RECORDS} are rehearsed"):
        rehearse(plan, desk.org, objects=[desk.sides()])
    some = plan.rows("write").filter(pl.col("side") == "there")["there_id"].unique().sort()[MOST_RECORDS:]
    fewer = plan.without(plan.changes.filter(pl.col("there_id").is_in(some.implode()))["seq"].to_list(), "somebody")
    before = everything(desk.demo_org, "Account")
    calls = len(desk.demo_org.calls)
    rehearsal = rehearse(fewer, desk.org, objects=[desk.sides()])
    assert rehearsal.results.height == MOST_RECORDS
    assert rehearsal.passed
    assert rehearsal.api_calls == len(desk.demo_org.calls) - calls == 2  # 199 and the one that must fail; 1 and that
    assert everything(desk.demo_org, "Account") == before


def test_BEY_4_an_object_is_named_where_there_are_several(many):
    plan = many.plan()
    with pytest.raises(PlanError, match="account, call, contact, meeting"):
        rehearse(plan, many.org, objects=many.sides())
    with pytest.raises(PlanError, match="writes nothing there of user"):
        rehearse(plan, many.org, objects=many.sides(), object_name="user")


def test_BEY_4_a_call_that_is_refused_as_a_whole_is_rehearsed_in_halves(desk):
    plan = desk.plan()
    victim = plan.rows("write").filter(pl.col("side") == "there")["there_id"][7]
    desk.demo_org.faults.inject("status", times=99, status=400, code="JSON_PARSER_ERROR", text="no", match="composite",
                                holding=victim)  # fmt: skip
    rehearsal = rehearse(plan, desk.org, objects=[desk.sides()])
    assert rehearsal.failures.select("there_id", "code").rows() == [(victim, "JSON_PARSER_ERROR")]


def test_BEY_4_an_org_that_saves_a_rehearsal_is_told_on():
    with pytest.raises(RequestError, match="was saved: 1 records, 001A among them"):
        make_sure([{"success": False, "errors": []}, {"success": True, "id": "001A", "errors": []}])
    make_sure([{"success": False, "errors": []}])
