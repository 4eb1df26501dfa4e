"""Edits at once on the wire: a value a person changes is on both sides with one commit, or it is refused with words."""

import polars as pl
import pytest

from tests.writeback.many import NOW, Desk, settings_of
from tests.writeback.samples import mapped
from toolkit.errors import EditRefused, NotFoundError
from toolkit.writeback.planning.editing import manual_id, plan_edit


@pytest.fixture
def many(desk):
    """A desk at which both sides agree on everything."""
    laid = Desk.laid(desk.demo_org, desk.org, desk.store)
    laid.commit(laid.plan())
    return laid


def in_org(desk, record, field):
    sobject = {"001": "Account", "003": "Contact", "00U": "Event", "00T": "Task"}[record[:3]]
    (row,) = desk.demo_org.rows(f"SELECT {field} FROM {sobject} WHERE Id = '{record}'")
    return row[field]


def other_stage(desk, here_id):
    return "Growth" if desk.here("account")[here_id]["stage"] != "Growth" else "Adoption"


def first(desk, name="account"):
    return desk.store.records("here", name)["id"].sort()[5]


def test_VIT_15_an_edit_is_written_on_both_sides_at_once(many):
    here_id = first(many)
    record, stage = many.link("account", here_id), other_stage(many, first(many))
    done = many.edit("account", here_id, stage=stage)
    assert done.results.select("side", "field", "state").sort("side").rows() == [
        ("here", "stage", "written"),
        ("there", "CS_Stage__c", "written"),
    ]
    assert many.here("account")[here_id]["stage"] == stage == in_org(many, record, "CS_Stage__c")
    assert many.plan().changes.is_empty()


def test_VIT_3_what_is_changed_here_is_changed_in_salesforce_of_any_object(many):
    kick_off = many.link("meeting", "m-1")
    many.edit("meeting", "m-1", subject="Kick-off, moved", body=None)
    assert in_org(many, kick_off, "Subject") == "Kick-off, moved"
    assert in_org(many, kick_off, "Description") is None
    many.edit("contact", "ada@new.test", title="CEO")
    assert in_org(many, many.link("contact", "ada@new.test"), "Title") == "CEO"


def test_BEY_5_undo_of_an_edit_gives_both_sides_back(many):
    here_id = first(many)
    record, before = many.link("account", here_id), many.here("account")[here_id]["stage"]
    done = many.edit("account", here_id, stage=other_stage(many, here_id))
    undo = many.undo(done.commit_id)
    assert undo.changes.select("side", "verdict").rows() == [("here", "write"), ("there", "write")]
    many.commit(undo)
    assert many.here("account")[here_id]["stage"] == before == in_org(many, record, "CS_Stage__c")
    assert many.plan().changes.is_empty()


def test_BEY_5_undo_of_an_edit_that_somebody_overwrote_leaves_both_sides(many):
    here_id = first(many)
    done = many.edit("account", here_id, stage="Growth" if other_stage(many, here_id) == "Growth" else "Adoption")
    many.demo_org.edit("Account", many.link("account", here_id), {"CS_Stage__c": "Churned"})
    assert many.undo(done.commit_id).changes["verdict"].to_list() == ["held", "held"]


def refused(desk, name, here_id, /, **values):
    commits, calls = desk.store.commits().height, len(desk.demo_org.calls)
    with pytest.raises(EditRefused) as caught:
        desk.edit(name, here_id, **values)
    assert desk.store.commits().height == commits
    assert not [call for call in desk.demo_org.calls[calls:] if "composite/sobjects" in call[1]]
    return str(caught.value)


def test_CSU_4_a_field_that_is_not_editable_is_refused_with_words(many):
    message = refused(many, "account", first(many), mrr=5.0)
    assert "mrr may not be edited" in message
    assert "editable = true" in message
    with pytest.raises(NotFoundError, match="no mapped field 'colour'; editable are: name, stage, industry"):
        many.edit("account", first(many), colour="red")


def test_VIT_15_a_field_that_only_comes_in_is_refused_by_direction_and_by_mode(many):
    assert "comes from Salesforce only" in refused(many, "account", first(many), industry="Media")
    many.settings = settings_of(2000, account={"mode": "input"})
    assert "mode input" in refused(many, "account", first(many), stage="Growth")


def test_VIT_15_a_value_that_does_not_fit_is_refused_with_what_would(many):
    assert "'Bogus' is not a value of Customer Stage" in refused(many, "account", first(many), stage="Bogus")
    assert "256 characters" in refused(many, "account", first(many), name="x" * 256)
    assert "may not be empty" in refused(many, "account", first(many), name=None)
    assert "not a time" in refused(many, "meeting", "m-1", at="tomorrow")


def test_VIT_15_what_changed_in_salesforce_since_the_pull_is_held_on_both_sides_and_told(many):
    here_id = first(many)
    record, before = many.link("account", here_id), many.here("account")[here_id]["stage"]
    many.demo_org.edit("Account", record, {"CS_Stage__c": "Churned"})
    with pytest.raises(EditRefused, match=r"changed in Salesforce since the plan, from .* to 'Churned'"):
        many.edit("account", here_id, stage=other_stage(many, here_id))
    assert many.here("account")[here_id]["stage"] == before
    assert in_org(many, record, "CS_Stage__c") == "Churned"
    many.pull()
    (row,) = many.plan().changes.to_dicts()
    assert (row["side"], row["verdict"], row["after"]) == ("here", "write", "Churned")
    assert "Salesforce do not agree" in refused(many, "account", here_id, stage="Growth")  # pulled, and not taken over


def test_VIT_15_an_edit_before_the_first_plan_is_no_conflict(desk):
    fresh = Desk.laid(desk.demo_org, desk.org, desk.store)
    here_id = first(fresh)
    assert fresh.store.records("base", "account") is None
    stage = other_stage(fresh, here_id)
    fresh.edit("account", here_id, stage=stage)
    assert in_org(fresh, fresh.link("account", here_id), "CS_Stage__c") == stage


def test_VIT_15_a_record_that_salesforce_has_not_yet_is_edited_here(desk):
    fresh = Desk.laid(desk.demo_org, desk.org, desk.store)
    done = fresh.edit("account", "N-1", stage="Growth")
    assert done.results.select("side", "state").rows() == [("here", "written")]
    fresh.commit(fresh.plan())
    assert in_org(fresh, fresh.link("account", "N-1"), "CS_Stage__c") == "Growth"
    assert fresh.plan().changes.is_empty()


def test_BEY_2_a_value_taken_away_that_salesforce_keeps_stays_away_here_and_says_so(many):
    fields = [mapped("title", "Title", "two_way", editable=True, nulls="keep")]
    many.settings = settings_of(2000, contact={"fields": fields})
    record = many.link("contact", "ada@new.test")
    plan = plan_edit(many.sides(), "contact", "ada@new.test", {"title": None}, **many.made())
    said = "edited here from 'CTO' to nothing; Salesforce keeps its value (nulls = \"keep\")"
    assert plan.changes.select("side", "reason").rows() == [("here", said)]
    assert many.commit(plan).written == 1
    assert in_org(many, record, "Title") == "CTO"
    assert many.plan().changes.rows() == []
    many.demo_org.edit("Contact", record, {"Title": "CEO"})
    many.pull()
    assert many.plan().changes.select("side", "here", "after", "rule").rows() == [("here", None, "CEO", "two_way")]


def test_BEY_6_an_edit_that_was_interrupted_is_finished_on_both_sides_at_once(many):
    here_id = first(many)
    stage = other_stage(many, here_id)
    plan = plan_edit(many.sides(), "account", here_id, {"stage": stage}, **many.made())

    def ctrl_c(_done, _total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as stopped:  # Salesforce has it; here it is still the old value
        many.commit(plan, progress=ctrl_c)
    assert "interrupted and is settled: 2 written" in stopped.value.__notes__[0]
    assert many.here("account")[here_id]["stage"] == stage
    settled = many.resume(plan.plan_id)
    assert settled.results["state"].unique().to_list() == ["written"]
    assert many.plan().changes.is_empty()


def test_SKA_33_an_interaction_entered_by_hand_is_here_and_in_salesforce_at_once(many):
    account = first(many)
    done = many.add("meeting", account_id=account, subject="Café, “later”", minutes=15, contact_id="ada@new.test")
    here_id = manual_id("meeting", {"account_id": account, "subject": "Café, “later”", "minutes": 15,
                                    "contact_id": "ada@new.test"}, NOW)  # fmt: skip
    row = many.here("meeting")[here_id]
    assert (row["origin"], row["at"], row["subject"], row["minutes"]) == ("manual", NOW, "Café, “later”", 15)
    record = many.link("meeting", here_id)
    assert in_org(many, record, "Subject") == "Café, “later”"
    assert in_org(many, record, "WhatId") == many.link("account", account)
    assert in_org(many, record, "WhoId") == many.link("contact", "ada@new.test")
    assert many.plan().changes.is_empty()
    many.match()
    assert many.plan().changes.is_empty()
    with pytest.raises(EditRefused, match="entered already"):
        many.add("meeting", account_id=account, subject="Café, “later”", minutes=15, contact_id="ada@new.test")
    undo = many.undo(done.commit_id)
    assert undo.changes["operation"].unique().to_list() == ["delete"]
    many.commit(undo)
    assert here_id not in many.here("meeting")
    assert many.link("meeting", here_id) is None
    assert not many.demo_org.rows(f"SELECT Id FROM Event WHERE Id = '{record}'")


def test_SKA_6_an_object_that_only_goes_out_is_entered_and_created(many):
    many.add("call", account_id=first(many), subject="Rang", body="They were out")
    (call,) = [row for row in many.made_by_us("Task", "Subject", "TaskSubtype") if row["Subject"] == "Rang"]
    assert call["TaskSubtype"] == "Call"


def test_SKA_33_an_entry_that_makes_no_sense_is_refused_with_words(many):
    for values, message in (
        ({"subject": "x"}, "account_id is missing"),
        ({"subject": "x", "account_id": "nobody"}, "There is no account 'nobody' here"),
        ({"account_id": first(many), "colour": "red"}, "meeting has no colour; it has subject"),
        ({"account_id": first(many), "subject": "x"}, "has a length"),
        ({"account_id": first(many), "subject": "x" * 256, "minutes": 30}, "256 characters"),
    ):
        with pytest.raises(EditRefused, match=message):
            many.add("meeting", **values)


def test_SKA_33_an_entry_that_salesforce_refuses_stays_here_and_is_told(many):
    many.demo_org.set_access("Event", "Subject", read=True, edit=False)
    with pytest.raises(EditRefused, match="Not everything was written in Salesforce"):
        many.add("meeting", account_id=first(many), subject="Kept", minutes=1)
    assert "Kept" in [row["subject"] for row in many.here("meeting").values()]


def test_SKA_33_of_an_account_that_is_not_in_salesforce_the_entry_waits_here(desk):
    fresh = Desk.laid(desk.demo_org, desk.org, desk.store)
    done = fresh.add("meeting", account_id="N-2", subject="First visit", minutes=20)
    assert done.results["side"].unique().to_list() == ["here"]
    fresh.match()
    created = fresh.commit(fresh.plan()).results.filter(pl.col("after") == "First visit")
    assert created.select("state", "side").rows() == [("written", "there")]
