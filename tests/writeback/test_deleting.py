"""Deletes by plan, and the way back: what hangs on a record, both sides, crashes, and the recycle bin."""

from datetime import date

import polars as pl
import pytest

from tests.writeback.structure import commit, opened, read, row, states
from toolkit.errors import NotFoundError, SalesforceError
from toolkit.writeback.committing.settling import ALREADY, CHANGED, FOUND, NOT_WRITTEN, UNLINKED


@pytest.fixture
def ws(tmp_path):
    with opened(tmp_path / "w") as workspace:
        read(workspace)
        yield workspace


@pytest.fixture
def one(ws):
    """A linked account without cases and contracts, which would keep it: its id here, and there."""
    here_id, record = ws.links().select("here_id", "there_id").row(0)
    other = ws.links()["there_id"][1]
    for sobject in ("Case", "Contract"):
        for each in ws.demo_org.rows(f"SELECT Id FROM {sobject} WHERE AccountId = '{record}'"):
            ws.demo_org.edit(sobject, each["Id"], {"AccountId": other})
    return here_id, record


def contacts(ws, record):
    return len(ws.demo_org.rows(f"SELECT Id FROM Contact WHERE AccountId = '{record}'"))


def is_there(ws, record):
    return bool(ws.demo_org.rows(f"SELECT Id FROM Account WHERE Id = '{record}'"))


def linked(ws, here_id):
    return ws.links().filter(here_id=here_id)["there_id"].to_list()


def test_BEY_1_what_would_go_along_is_shown_and_held_until_it_is_meant(ws, one):
    here_id, record = one
    (held,) = ws.plan_delete("account", [here_id]).changes.to_dicts()
    assert held["verdict"] == "held"
    assert f"{contacts(ws, record)} Contact" in held["reason"]
    plan = ws.plan_delete("account", [here_id], cascade=True)
    (goes,) = plan.changes.to_dicts()
    assert (goes["verdict"], goes["there_id"]) == ("write", record)
    assert f"with {contacts(ws, record)} Contact" in goes["reason"]
    assert "15 days" in plan.irreversible[0].message


@pytest.mark.parametrize("side", ["there", "both"])
def test_BEY_3_what_came_to_a_record_since_the_plan_does_not_go_with_it_unseen(ws, one, side):
    here_id, record = one
    plan = ws.plan_delete("account", [here_id], cascade=True, side=side)
    before = contacts(ws, record)
    ws.org.write("Contact", "insert", pl.DataFrame({"AccountId": [record], "LastName": ["Late"]}), {})
    done = commit(ws, plan)
    assert set(done.results["state"]) == {"held"}
    assert f"now it goes to the recycle bin for 15 days, with {before + 1} Contact" in " ".join(done.results["message"])
    assert is_there(ws, record)
    assert here_id in ws.here()["id"]
    assert contacts(ws, record) == before + 1
    again = commit(ws, ws.plan_delete("account", [here_id], cascade=True, side=side))
    assert set(again.results["state"]) == {"written"}
    assert not is_there(ws, record)


def test_BEY_1_what_salesforce_would_not_delete_is_refused(ws, one):
    here_id, record = one
    ws.org.write("Case", "insert", pl.DataFrame({"AccountId": [record], "Subject": ["Help"]}), {})
    (refused,) = ws.plan_delete("account", [here_id], cascade=True).changes.to_dicts()
    assert (refused["verdict"], refused["reason"]) == (
        "refused",
        "Salesforce does not delete it while these belong to it: 1 Case",
    )
    assert refused["side"] == "there"


def test_BEY_1_without_a_partner_or_unknown(ws):
    links = ws.links()
    alone = ws.here().join(links, left_on="id", right_on="here_id", how="anti")["id"][0]
    (held,) = ws.plan_delete("account", [alone]).changes.to_dicts()
    assert (held["verdict"], held["reason"]) == ("held", "it has no partner in Salesforce")
    with pytest.raises(NotFoundError, match="P-none"):
        ws.plan_delete("account", ["P-none"])


def test_BEY_1_what_the_mapping_would_bring_back_is_told(ws, one):
    here_id, _ = one
    assert ws.plan_delete("account", [here_id]).findings == ()
    ws.edit_object("account", {"create_there": True, "create": True})
    for side, said in (("there", "the next plan creates"), ("here", "the next import brings")):
        (finding,) = ws.plan_delete("account", [here_id], side=side).findings
        assert finding.message.startswith(said)
    assert ws.plan_delete("account", [here_id], side="both").findings == ()


def test_BEY_5_deleted_on_both_sides_undone_and_undone_again(ws, one):
    here_id, record = one
    before, children = ws.here().filter(id=here_id), contacts(ws, record)
    plan = ws.plan_delete("account", [here_id], side="both", cascade=True)
    done = commit(ws, plan)
    assert states(done.results) == {"written": 2}
    assert (is_there(ws, record), contacts(ws, record), linked(ws, here_id)) == (False, 0, [])
    assert ws.here().filter(id=here_id).is_empty()
    undo = ws.undo()
    assert set(undo.changes["operation"]) == {"undelete"}
    back = commit(ws, undo)
    assert states(back.results) == {"written": 2}
    assert back.api_calls == undo.cost.calls  # BEY-7
    assert (is_there(ws, record), contacts(ws, record), linked(ws, here_id)) == (True, children, [record])
    assert ws.here().filter(id=here_id).select(before.columns).equals(before)
    assert record in ws.there()["id"].to_list()
    ws.pull()
    ws.match()
    assert linked(ws, here_id) == [record]
    again = ws.undo(back.commit_id)  # an undo of an undo
    assert set(again.changes["operation"]) == {"delete"}
    commit(ws, again)
    assert (is_there(ws, record), ws.here().filter(id=here_id).height) == (False, 0)


def test_BEY_5_restored_by_somebody_else_it_is_only_linked_again(ws, one):
    here_id, record = one
    commit(ws, ws.plan_delete("account", [here_id], cascade=True))
    ws.org.soap.undelete([record])
    results = commit(ws, ws.undo()).results
    assert row(results, operation="undelete")["code"] == ALREADY
    assert linked(ws, here_id) == [record]


def test_BEY_5_what_left_the_recycle_bin_is_held_and_said(ws, one):
    here_id, _ = one
    commit(ws, ws.plan_delete("account", [here_id], side="both", cascade=True))
    undo = ws.undo()
    ws.demo_org.pass_time(16 * 24 * 3600)
    results = commit(ws, undo).results
    failed = row(results, side="there")
    assert (failed["state"], failed["code"]) == ("failed", "UNDELETE_FAILED")
    assert "recycle bin" in failed["message"]
    assert row(results, side="here")["state"] == "held"  # a record here alone would be created there anew
    gone = ws.undo(undo.parent)
    assert "no longer in Salesforce's recycle bin" in row(gone.changes, side="there")["reason"]
    assert gone.writes == 0


def test_BEY_3_a_record_that_changed_since_the_plan_is_not_deleted(ws, one):
    here_id, record = one
    plan = ws.plan_delete("account", [here_id], side="both", cascade=True)
    ws.demo_org.edit("Account", record, {"Description": "still ours"})
    assert states(commit(ws, plan).results) == {"held": 2}
    assert is_there(ws, record)
    plan = ws.plan_delete("account", [here_id], side="here")
    here = ws.here()
    ws.store.save_records("here", "account", here.with_columns(plan=pl.lit("another")))
    (held,) = commit(ws, plan).results.to_dicts()
    assert (held["state"], held["code"]) == ("held", CHANGED)


def test_BEY_6_a_locked_record_fails_with_what_to_do(ws, one):
    here_id, record = one
    plan = ws.plan_delete("account", [here_id], cascade=True)
    ws.demo_org.faults.inject("lock_row", times=20, rows=1, match="composite/sobjects")
    (failed,) = commit(ws, plan).results.to_dicts()
    assert (failed["state"], failed["code"]) == ("failed", "UNABLE_TO_LOCK_ROW")
    assert is_there(ws, record)


@pytest.mark.parametrize("when", ["request", "response"])
def test_BEY_6_an_undelete_that_was_cut_off_is_settled_by_the_bin(ws, one, when):
    here_id, record = one
    before = ws.here().filter(id=here_id)
    commit(ws, ws.plan_delete("account", [here_id], side="both", cascade=True))
    deleted = ws.last_commit()
    ws.demo_org.faults.inject("drop", match="Soap", of=when)
    with pytest.raises(SalesforceError):
        commit(ws, ws.undo())
    (settled,) = ws.resume()
    there = row(settled.results, side="there")
    expected = ("written", FOUND) if when == "response" else ("failed", NOT_WRITTEN)
    assert (there["state"], there["code"]) == expected
    assert row(settled.results, side="here")["state"] == ("written" if when == "response" else "held")
    if when == "request":
        commit(ws, ws.undo(deleted))
    assert linked(ws, here_id) == [record]
    assert ws.here().filter(id=here_id).select(before.columns).equals(before)


@pytest.mark.parametrize("when", ["request", "response"])
def test_BEY_6_a_deletion_that_was_cut_off_is_settled(ws, one, when):
    here_id, record = one
    plan = ws.plan_delete("account", [here_id], side="both", cascade=True)
    ws.demo_org.faults.inject("drop", match="composite/sobjects", method="DELETE", of=when)
    with pytest.raises(SalesforceError):
        commit(ws, plan)
    (settled,) = ws.resume()
    assert row(settled.results, side="there")["state"] == ("written" if when == "response" else "failed")
    assert ws.here().filter(id=here_id).is_empty() == (when == "response")
    assert linked(ws, here_id) == ([] if when == "response" else [record])


def test_BEY_1_a_deletion_that_failed_is_tried_again_and_held_only_when_the_record_changed(ws, one):
    here_id, record = one
    plan = ws.plan_delete("account", [here_id], cascade=True)
    case = ws.demo_org.rows("SELECT Id, AccountId FROM Case")[0]
    ws.demo_org.edit("Case", case["Id"], {"AccountId": record})
    assert states(commit(ws, plan).results) == {"failed": 1}
    ws.demo_org.edit("Case", case["Id"], {"AccountId": case["AccountId"]})
    again = ws.retry()
    assert again.changes["there"].to_list() == plan.changes["there"].to_list()
    ws.demo_org.edit("Account", record, {"Phone": "1"})
    moved = commit(ws, again).results
    assert moved["code"].to_list() == [CHANGED]
    assert is_there(ws, record)

    plan = ws.plan_delete("account", [here_id], cascade=True)
    ws.demo_org.edit("Case", case["Id"], {"AccountId": record})
    commit(ws, plan)
    ws.demo_org.edit("Case", case["Id"], {"AccountId": case["AccountId"]})
    assert states(commit(ws, ws.retry()).results) == {"written": 1}
    assert not is_there(ws, record)


def test_BEY_3_a_record_that_became_the_partner_of_another_since_the_plan_is_not_deleted(ws, one):
    here_id, record = one
    plan = ws.plan_delete("account", [here_id], side="both", cascade=True)
    alone = ws.here().join(ws.links(), left_on="id", right_on="here_id", how="anti")["id"][0]
    ws.decide_pair("account", alone, record, "same", instead=True)
    results = commit(ws, plan).results
    there = row(results, side="there")
    assert (there["state"], there["code"]) == ("held", UNLINKED)
    assert there["message"] == f"{record} is linked to {alone} by now; plan again to decide"
    assert row(results, side="here")["state"] == "held"
    assert is_there(ws, record)
    assert linked(ws, alone) == [record]


def test_BEY_5_after_the_undo_of_a_deletion_the_plan_is_the_one_before(ws, one):
    here_id, _ = one
    commit(ws, ws.plan())
    emptied = pl.when(pl.col("id") == here_id).then(None).otherwise("stage").alias("stage")
    ws.store.save_records("here", "account", ws.here().with_columns(emptied))
    before = ws.plan().changes
    assert before.select("side", "operation").rows() == [("there", "clear")]
    commit(ws, ws.plan_delete("account", [here_id], side="both", cascade=True))
    commit(ws, ws.undo())
    assert ws.plan().changes.equals(before)
    ws.pull(), ws.match()
    assert ws.plan().changes.equals(before)


@pytest.mark.parametrize(
    ("kept", "now", "back"),
    [
        ("33", pl.Int64, 33),  # a column of texts that holds numbers by now
        ("n/a", pl.Int64, "n/a"),
        ("n/a", pl.Date, "n/a"),
        (1.5, pl.Int64, 1.5),
        (5, pl.Date, "5"),
        (7, pl.String, "7"),
        ("2026-05-24", pl.Date, date(2026, 5, 24)),
    ],
)
def test_BEY_5_a_record_comes_back_whole_here_also_where_a_column_holds_another_type_by_now(ws, one, kept, now, back):
    here_id, _ = one
    mine = pl.col("id") == here_id
    ws.store.save_records("here", "account", ws.here().with_columns(seats=pl.lit(kept)))
    commit(ws, ws.plan_delete("account", [here_id], side="both", cascade=True))
    others = ws.here().with_columns(seats=pl.lit(None, dtype=now))
    ws.store.save_records("here", "account", others)
    assert states(commit(ws, ws.undo()).results) == {"written": 2}
    assert ws.here().filter(mine)["seats"].to_list() == [back]
    assert ws.here().filter(~mine)["id"].to_list() == others["id"].to_list()
