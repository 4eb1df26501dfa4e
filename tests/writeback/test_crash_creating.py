"""kill -9, and connections that break, in the middle of creating: no record twice, none lost."""

import time

import polars as pl
import pytest

from tests.writeback import killing
from tests.writeback.many import Desk
from toolkit.errors import SalesforceError
from toolkit.writeback.committing.settling import FOUND, IN_JOB, NOT_WRITTEN

MADE = {"Account": 2, "Contact": 2, "Event": 3, "Task": 1}
"""How many records of each object are created, whatever happens on the way."""


def laid(desk, bulk=False):
    return Desk.laid(desk.demo_org, desk.org, desk.store, bulk_from=1 if bulk else 2000)


def made(desk):
    return {sobject: len(desk.made_by_us(sobject, "CreatedDate")) for sobject in MADE}


def finish(desk, plan):
    """Settle, plan and commit again: in the end every record is there once, linked, and both sides agree."""
    settled = desk.resume(plan.plan_id)
    assert desk.store.open_commits() == []
    assert settled.held == 0, settled.results.filter(pl.col("state") == "held")
    assert settled.written + settled.failed == plan.writes
    there = settled.results.filter((pl.col("state") == "written") & (pl.col("operation") == "create"))
    assert there["there_id"].null_count() == 0
    desk.pull()
    desk.match()
    again = desk.plan()
    assert again.writes == settled.failed
    done = desk.commit(again)
    assert (done.held, done.failed) == (0, 0), done.results.filter(pl.col("state") != "written")
    assert made(desk) == MADE
    desk.pull()
    desk.match()
    assert desk.plan().changes.is_empty()
    assert desk.link("meeting", "m-2") != desk.link("meeting", "m-3")
    return settled


def test_BEY_6_killed_before_any_record_was_created(desk):
    desk = laid(desk)
    plan = desk.plan()
    desk.demo_org.faults.inject("slow", seconds=1, times=5, match="/query")  # what it asks before it writes
    killing.killed_when(desk, killing.commit, lambda: desk.store.open_commits() == [plan.plan_id])
    desk.demo_org.faults.clear()
    assert made(desk) == dict.fromkeys(MADE, 0)
    settled = finish(desk, plan)
    assert set(settled.results["code"]) == {NOT_WRITTEN, "REFERENCE_NOT_CREATED"}


@pytest.mark.parametrize("sobject", ["Account", "Event"])
def test_BEY_6_killed_while_waiting_for_the_ids_of_new_records(desk, sobject):
    desk = laid(desk)
    plan = desk.plan()
    calls = {"Account": 1, "Contact": 2, "Task": 3, "Event": 4}[sobject]  # the objects' order, calls before meetings
    desk.demo_org.faults.inject("slow", seconds=1, times=calls, match="composite/sobjects")
    killing.killed_when(desk, killing.commit, lambda: not desk.demo_org.faults.waiting())
    assert made(desk)[sobject] == 0
    time.sleep(2)  # the org finishes what it was asked, though nobody listens
    settled = finish(desk, plan)
    assert FOUND in settled.results["code"].to_list()


def test_BEY_6_killed_while_a_bulk_job_creates_is_settled_from_the_job(desk):
    desk = laid(desk, bulk=True)
    plan = desk.plan()
    desk.demo_org.faults.inject("slow_job", seconds=2)
    before = len(desk.demo_org.requests)
    closed = lambda: any(call[0] == "PATCH" and "/jobs/ingest/" in call[1] for call in desk.demo_org.requests[before:])  # noqa: E731
    killing.killed_when(desk, killing.commit, closed)
    assert desk.store.journal(plan.plan_id).filter(pl.col("code") == IN_JOB).height == 1
    settled = finish(desk, plan)
    accounts = settled.results.filter((pl.col("object") == "account") & (pl.col("operation") == "create"))
    assert accounts["state"].unique().to_list() == ["written"]
    assert accounts["code"].null_count() == accounts.height  # the job said so, nothing had to be guessed


@pytest.mark.parametrize("object_name", ["account", "contact", "call", "meeting"])
@pytest.mark.parametrize("when", ["response", "request"])
def test_BEY_6_a_connection_that_breaks_creates_nothing_twice(desk, when, object_name):
    desk = laid(desk)
    plan = desk.plan()
    before = ["account", "contact", "call", "meeting"].index(object_name)

    calls_before = [0, 2, 3, 4][before]  # accounts are created, then changed; contacts; calls

    def progress(_done, _total):
        written = sum("composite/sobjects" in call[1] for call in desk.demo_org.requests[begun:])
        if written == calls_before and not desk.demo_org.faults.waiting():
            desk.demo_org.faults.inject("drop", times=50, match="composite/sobjects", of=when)

    begun = len(desk.demo_org.requests)
    if not before:
        progress(0, 0)
    with pytest.raises(SalesforceError):
        desk.commit(plan, progress=progress)
    desk.demo_org.faults.clear()
    settled = finish(desk, plan)
    found = settled.results.filter(pl.col("code") == FOUND)["object"].unique().to_list()
    assert (object_name in found) == (when == "response")


def test_BEY_6_what_an_automation_changed_on_the_way_is_recognised_all_the_same(desk):
    desk = laid(desk)
    plan = desk.plan()
    desk.demo_org.faults.inject("drop", times=50, match="composite/sobjects", of="response")
    with pytest.raises(SalesforceError):
        desk.commit(plan)
    desk.demo_org.faults.clear()
    for row in desk.made_by_us("Account", "Name"):
        desk.demo_org.edit("Account", row["Id"], {"Name": row["Name"].upper()})
    settled = desk.resume(plan.plan_id)
    assert "account" in settled.results.filter(pl.col("code") == FOUND)["object"].to_list()
    desk.pull()
    again = desk.plan()
    renamed = again.changes.filter(pl.col("field") == "name")
    assert renamed.select("side", "verdict").unique().rows() == [("here", "write")]  # they changed it, so it comes in
    desk.commit(again)
    assert made(desk) == MADE


def test_BEY_6_a_record_that_arrives_after_it_was_given_up_is_found_before_it_is_created_again(desk):
    desk = laid(desk)
    plan = desk.plan()
    desk.demo_org.faults.inject("drop", times=50, match="composite/sobjects", of="request")
    with pytest.raises(SalesforceError):
        desk.commit(plan)
    desk.demo_org.faults.clear()
    assert desk.resume(plan.plan_id).failed == plan.writes
    late = pl.DataFrame({"Name": ["Nieuwe Zaak “BV”"], "Product_Id__c": ["N-1"], "CS_Stage__c": ["Onboarding"]})
    late = late.with_columns(CS_MRR__c=pl.lit("99.5"))
    types = {"CS_MRR__c": "double"}
    (record,) = desk.org.write("Account", "insert", late, types)["id"]  # the request that hung is worked on at last
    done = desk.commit(desk.plan())
    assert (done.held, done.failed) == (0, 0)
    assert desk.link("account", "N-1") == record
    assert made(desk) == MADE
