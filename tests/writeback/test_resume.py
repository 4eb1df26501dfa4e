"""After a commit was cut off and people went on working: what `resume` leaves is what is so now."""

import polars as pl
import pytest

from tests.writeback.desk import Desk
from toolkit.errors import SalesforceError
from toolkit.workspace import Workspace
from toolkit.writeback.committing.commit import resume

SCORE = "CS_Health_Score__c"
REACH = {
    "the job's results are out of reach": {"kind": "status", "status": 503, "times": 99, "match": "Results"},
    "the org is gone after the work": {"kind": "drop", "times": 99, "match": "composite/sobjects$|/query", "skip": 1},
}


def cut_off(desk, kind, **fault):
    plan = desk.plan()
    desk.demo_org.faults.inject(kind, **fault)
    with pytest.raises(SalesforceError):
        desk.commit(plan)
    desk.demo_org.faults.clear()
    return plan.plan_id


def kept(desk, record):
    return desk.store.records("there", "account").filter(pl.col("id") == record)[SCORE][0]


def row_of(commit, record):
    (row,) = commit.results.filter((pl.col("there_id") == record) & (pl.col("field") == SCORE)).to_dicts()
    return row


@pytest.mark.parametrize("fault", REACH.values(), ids=REACH)
def test_BEY_6_what_was_edited_after_it_was_written_is_what_is_kept(desk, fault):
    desk = Desk.laid(desk.demo_org, desk.org, desk.store, bulk_from=1 if "Results" in fault["match"] else 2000)
    record = desk.sides().links["there_id"][3]
    desk.demo_org.edit("Account", record, {SCORE: 7.7})
    desk.pull()
    commit_id = cut_off(desk, **fault)
    assert desk.in_org(SCORE)[record] != (7.7,)
    desk.demo_org.edit("Account", record, {SCORE: 1.1})
    settled = resume(commit_id, desk.org, desk.store, objects=[desk.sides()])
    assert kept(desk, record) == 1.1
    assert row_of(settled, record)["before"] == "7.7"  # which was overwritten, and is known from nowhere else
    again = desk.plan().rows("write").filter(pl.col("side") == "there")
    assert again.select("there_id", "there").rows() == [(record, "1.1")]


def test_BEY_6_resume_leaves_alone_what_was_settled_before_and_pulled_since(desk):
    plan = desk.plan()

    def ctrl_c(_done, _total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):  # Salesforce has answered; what goes here is still open
        desk.commit(plan, progress=ctrl_c)
    record = desk.sides().links["there_id"][3]
    desk.demo_org.edit("Account", record, {SCORE: 1.1})
    desk.pull()
    settled = resume(plan.plan_id, desk.org, desk.store, objects=[desk.sides()])
    assert row_of(settled, record)["state"] == "written"
    assert kept(desk, record) == 1.1


def test_BEY_5_an_undo_tells_what_salesforce_holds_also_of_what_was_written_here():
    with Workspace.demo(accounts=12) as workspace:
        for step in (workspace.pull, workspace.load, workspace.match, workspace.score):
            step()
        plan = workspace.plan()
        workspace.commit(plan, confirm=plan.digest)
        taken_back = workspace.undo().rows("write").filter(pl.col("side") == "here")
        planned = plan.rows("write").filter(pl.col("side") == "here")
        assert taken_back["there"].to_list() == planned["there"].to_list() != [None] * planned.height
