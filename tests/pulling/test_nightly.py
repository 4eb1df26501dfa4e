"""A night in which nothing happened costs next to nothing, and one in which something did misses none of it."""

from datetime import timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from toolkit import frames
from toolkit.demo_org.listviews import Condition
from toolkit.errors import BrakeError, NotFoundError
from toolkit.workspace import Workspace

DAY = timedelta(days=1).total_seconds()
MOST = 10
"""API calls of a night without news, whatever the size."""


def settled(folder, accounts):
    """A demo workspace whose sides agree, as some nights leave them."""
    with Workspace.demo(folder, accounts=accounts) as ws:
        for job in ("pull", "push_health", "sync"):
            ws.job(job)
        ws.demo_org.pass_time(DAY)
        ws.job("pull")


@pytest.fixture(scope="module", params=[30, 150])
def quiet(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("nights") / "w"
    settled(folder, request.param)
    return folder


@pytest.fixture(scope="module")
def lively(tmp_path_factory):
    """One workspace whose org is changed by one test after the other, each of which pulls what it did."""
    folder = tmp_path_factory.mktemp("lively") / "w"
    settled(folder, 30)
    with Workspace.open(folder) as ws:
        ws.pull()
        yield ws


@pytest.mark.parametrize("job", ["push_health", "pull", "sync"])
def test_BEY_7_CAT_8_a_night_with_nothing_new_costs_at_most_ten_calls_at_any_size(quiet, job):
    with Workspace.open(quiet) as ws:
        used = ws.org.budget.daily_used
        ws.demo_org.pass_time(DAY)
        del ws.org  # as in a fresh process: the job logs in by itself and knows nothing of the org
        ws.job(job)
        assert ws.org.budget.spent == ws.org.budget.daily_used - used  # the org counts, too
        assert ws.org.budget.spent <= MOST
        ran = ws.runs().filter(pl.col("run_id") > ws.runs().filter(step=f"{job} job")["run_id"][-1])
        assert ran.filter(step="pull")["read"].sum() == 0
        assert ws.journal().filter(pl.col("state") == "written").height == ws.store.commits()["written"].sum()


def there_as_read_anew(ws):
    """What a first pull of everything would give, by object."""
    was = {name: ws.there(name) for name in ws.objects}
    ws.pull(full=True, accept_shrinking=True)
    return {name: (was[name], ws.there(name)) for name in ws.objects}


def agrees_with_a_full_pull(ws):
    for was, anew in there_as_read_anew(ws).values():
        assert_frame_equal(was, anew)


def reason(ws, name, record_id):
    return ws.store.read(frames.SKIPS, within={"object": name, "side": "there"}).filter(id=record_id)["reason"].item()


def test_what_happened_to_accounts_and_what_hangs_on_them_is_seen_through_questions_asked_together(lively):
    org = lively.demo_org
    changed, left, survivor, loser, *_ = lively.there()["id"]
    org.edit("Account", changed, {"Phone": "+1 555 0100"})
    org.edit("Account", left, {"Type": "Former Customer"})
    org.merge("Account", survivor, [loser])
    contacts_of_left = lively.there("contact").filter(AccountId=left)["id"].to_list()
    came = org.rows("SELECT Id FROM Account WHERE Active__c = FALSE OR Type = 'Prospect' LIMIT 1")[0]["Id"]
    org.edit("Account", came, {"Type": "Customer - Direct", "Active__c": True})
    lively.pull()
    assert lively.there().filter(id=changed)["Phone"].item() == "+1 555 0100"
    assert not {left, loser} & set(lively.there()["id"])
    assert came in lively.there()["id"]
    assert "merged into" in reason(lively, "account", loser)
    assert contacts_of_left
    assert not set(contacts_of_left) & set(lively.there("contact")["id"])
    org.delete("Account", came)
    lively.pull()
    assert reason(lively, "account", came) == "deleted in Salesforce"
    agrees_with_a_full_pull(lively)


def test_activities_that_go_to_somebody_else_or_to_nobody_leave(lively):
    """Their scope can neither be counted nor said in SOQL: they are kept by their account's id."""
    org = lively.demo_org
    calls, note = lively.there("call")["id"].to_list(), lively.there("note")["id"][0]
    stranger = org.rows("SELECT Id FROM Account WHERE Active__c = FALSE OR Type = 'Prospect' LIMIT 1")[0]["Id"]
    org.edit("Task", calls[0], {"WhatId": stranger, "WhoId": None})
    org.edit("Task", calls[1], {"WhatId": None, "WhoId": None})
    org.delete("Note", note)
    org.delete("Task", calls[2])
    lively.pull()
    assert not set(calls[:3]) & set(lively.there("call")["id"])
    assert note not in lively.there("note")["id"]
    agrees_with_a_full_pull(lively)


def test_a_change_that_shows_late_is_seen_though_its_stamp_is_older_than_the_last_pull(lively):
    """A transaction may run for ten minutes; its stamps are from when it wrote, not from when others see it."""
    org, record = lively.demo_org, lively.there()["id"][0]
    org.pass_time(DAY)
    lively.pull()
    org.pass_time(-600)
    org.edit("Account", record, {"Phone": "+1 555 0101"})
    org.pass_time(600)
    lively.pull()
    assert lively.there().filter(id=record)["Phone"].item() == "+1 555 0101"


def test_BEY_8_a_field_that_went_stops_its_object_and_not_those_before_it(lively):
    record, contacts = lively.there()["id"][0], lively.there("contact")
    lively.demo_org.edit("Account", record, {"Phone": "+1 555 0102"})
    lively.demo_org.remove_field("Contact", "CS_Role__c")
    del lively.org  # as the next night begins: with fresh describes
    with pytest.raises(NotFoundError, match=r"cannot be read from Contact[\s\S]*CS_Role__c"):
        lively.pull()
    assert lively.there().filter(id=record)["Phone"].item() == "+1 555 0102"
    assert_frame_equal(lively.there("contact"), contacts)


def test_BEY_8_a_brake_holds_through_questions_asked_together_and_the_other_objects_stay(lively):
    contacts = lively.there("contact")
    lively.demo_org.change_list_view("Active Customers", conditions=(Condition("Name", "like", ("'A%'",)),))
    with pytest.raises(BrakeError, match="would leave"):
        lively.pull()
    assert_frame_equal(lively.there("contact"), contacts)
    lively.demo_org.drop_list_view("Active Customers")
    with pytest.raises(NotFoundError, match="has no list view"):
        lively.pull()
