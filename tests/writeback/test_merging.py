"""Merges in Salesforce by plan: what is shown, what is written, what is held, and what a crash leaves."""

import polars as pl
import pytest

from tests.writeback.structure import commit, opened, read, row, states
from toolkit.errors import InputError, NotFoundError, SalesforceError
from toolkit.writeback.committing.settling import ALREADY, CHANGED, FOUND, GONE, NOT_WRITTEN
from toolkit.writeback.restructuring.merging import Merging


@pytest.fixture
def ws(tmp_path):
    with opened(tmp_path / "w") as workspace:
        read(workspace)
        yield workspace


@pytest.fixture
def pair(ws):
    """Two linked accounts of Salesforce and their ids here: a survivor and a loser."""
    links = ws.links().head(2)
    return links["there_id"].to_list(), links["here_id"].to_list()


def planned(ws, pair, fields=("Phone", "Industry", "Product_Id__c")):
    (survivor, loser), _ = pair
    return ws.plan_merge("account", survivor, [loser], fields=dict.fromkeys(fields, loser))


def values(ws, record, *fields):
    (found,) = ws.demo_org.rows(f"SELECT {', '.join(fields)} FROM Account WHERE Id = '{record}'")
    return tuple(found[name] for name in fields)


def test_BEY_9_a_merge_shows_every_value_and_everything_that_moves(ws, pair):
    (survivor, loser), (kept, left) = pair
    plan = planned(ws, pair)
    going = row(plan.changes, operation="merge")
    assert (going["there_id"], going["after"], going["here_id"], going["partner"]) == (loser, survivor, left, None)
    contacts = len(ws.demo_org.rows(f"SELECT Id FROM Contact WHERE AccountId = '{loser}'"))
    assert f"{contacts} Contact" in going["reason"]
    assert f"{left} here is left without a partner" in going["reason"]
    phone = row(plan.changes, field="Phone")
    assert (phone["there"], phone["after"]) == (values(ws, survivor, "Phone")[0], values(ws, loser, "Phone")[0])
    assert phone["here_id"] == kept
    assert [each.requirement for each in plan.irreversible] == ["BEY-5"]
    assert "undo: 1 merged record cannot be parted again" in str(plan)
    assert {each.requirement for each in plan.findings} == {"BEY-9"}
    assert values(ws, loser, "MasterRecordId") == (None,)  # nothing was done


def test_BEY_9_committed_the_survivor_has_the_values_and_the_link_of_the_loser_ends(ws, pair):
    (survivor, loser), (kept, left) = pair
    wanted = values(ws, loser, "Phone", "Industry", "Product_Id__c")
    plan = planned(ws, pair)
    done = commit(ws, plan)
    assert states(done.results) == {"written": 4}
    assert done.api_calls == plan.cost.calls  # BEY-7
    assert values(ws, survivor, "Phone", "Industry", "Product_Id__c") == wanted
    assert ws.org.fates("Account", [loser]).row(0) == (loser, True, survivor)
    links = dict(ws.links().select("here_id", "there_id").iter_rows())
    assert links[kept] == survivor
    assert left not in links
    there = ws.there()
    assert loser not in there["id"].to_list()
    assert row(there, id=survivor)["Product_Id__c"] == wanted[2]
    assert not ws.demo_org.rows(f"SELECT Id FROM Contact WHERE AccountId = '{loser}'")


def test_BEY_9_a_survivor_without_a_partner_inherits_the_losers(ws, pair):
    (_, loser), (_, left) = pair
    (stranger,) = ws.org.write("Account", "insert", pl.DataFrame({"Name": ["Twin"]}), {})["id"]
    plan = ws.plan_merge("account", stranger, [loser])
    assert f"{left} here is linked to the survivor" in row(plan.changes, operation="merge")["reason"]
    commit(ws, plan)
    link = row(ws.links(), here_id=left)
    assert (link["there_id"], link["rule"]) == (stranger, "merged")
    assert row(ws.here(), id=left)["there_id"] == stranger


def test_BEY_9_many_merges_are_one_plan(ws):
    ids = ws.links()["there_id"].to_list()
    plan = ws.plan_merges("account", [Merging(ids[0], (ids[1], ids[2])), Merging(ids[3], (ids[4],))])
    assert commit(ws, plan).written == 3
    assert sorted(ws.org.fates("Account", ids[1:5])["MasterRecordId"].drop_nulls()) == sorted([ids[0], ids[0], ids[3]])


@pytest.mark.parametrize(
    ("merge", "message"),
    [
        (lambda a, b, c: Merging(a, (a,)), "merged already"),
        (lambda a, b, c: Merging(a, ()), "One or two records"),
        (lambda a, b, c: Merging(a, (b, c, b)), "One or two records"),
        (lambda a, b, c: Merging(a, ("003000000000001AAA",)), "is no id of Account"),
        (lambda a, b, c: Merging(a, (b,), {"Phone": c}), "which is not merged"),
        (lambda a, b, c: Merging(a, (b,), {"CreatedDate": b}), "cannot be written"),
    ],
)
def test_BEY_9_a_merge_that_salesforce_does_not_know_is_refused_with_the_reason(ws, merge, message):
    with pytest.raises(InputError, match=message):
        ws.plan_merges("account", [merge(*ws.links()["there_id"].to_list()[:3])])


def test_BEY_9_a_record_that_is_gone_cannot_be_planned(ws, pair):
    (survivor, loser), _ = pair
    ws.org.soap.merge("Account", survivor, [loser])
    with pytest.raises(NotFoundError, match=loser):
        planned(ws, pair)


def test_BEY_3_a_record_that_moved_since_the_plan_is_not_merged(ws, pair):
    (_, loser), (_, left) = pair
    plan = planned(ws, pair)
    ws.demo_org.edit("Account", loser, {"Description": "wait, this is another customer"})
    results = commit(ws, plan).results
    assert states(results) == {"held": 4}
    assert row(results, operation="merge")["code"] == CHANGED
    assert values(ws, loser, "MasterRecordId") == (None,)
    assert left in ws.links()["here_id"].to_list()


def test_BEY_3_a_chosen_value_that_moved_since_holds_the_merge_it_belongs_to(ws, pair):
    (survivor, loser), _ = pair
    plan = planned(ws, pair)
    ws.demo_org.edit("Account", survivor, {"Phone": "+1 new"})
    results = commit(ws, plan).results
    assert states(results) == {"held": 4}
    assert values(ws, survivor, "Phone") == ("+1 new",)
    assert values(ws, loser, "MasterRecordId") == (None,)


def test_BEY_9_merged_by_somebody_else_meanwhile_is_settled_without_a_call(ws, pair):
    (survivor, loser), (_, left) = pair
    plan = planned(ws, pair, ["Industry"])
    ws.org.soap.merge("Account", survivor, [loser])
    results = commit(ws, plan).results
    assert row(results, operation="merge")["code"] == ALREADY
    assert row(results, field="Industry")["state"] == "written"
    assert left not in ws.links()["here_id"].to_list()


def test_BEY_9_merged_into_another_is_held_and_said(ws):
    first, second, third = ws.links()["there_id"].to_list()[:3]
    plan = ws.plan_merge("account", first, [second])
    ws.org.soap.merge("Account", third, [second])
    (held,) = commit(ws, plan).results.to_dicts()
    assert (held["state"], held["code"], held["message"]) == ("held", GONE, f"it was merged into {third}")


@pytest.mark.parametrize("when", ["request", "response"])
def test_BEY_6_a_merge_that_was_cut_off_is_known_by_its_master_record(ws, pair, when):
    (survivor, loser), (_, left) = pair
    wanted = values(ws, loser, "Phone", "Product_Id__c")
    plan = planned(ws, pair, ["Phone", "Product_Id__c"])
    ws.demo_org.faults.inject("drop", match="Soap", of=when)
    with pytest.raises(SalesforceError):
        commit(ws, plan)
    (settled,) = ws.resume()
    assert ws.store.open_commits() == []
    going = row(settled.results, operation="merge")
    assert (going["state"], going["code"]) == (("written", FOUND) if when == "response" else ("failed", NOT_WRITTEN))
    assert (left in ws.links()["here_id"].to_list()) == (when == "request")
    assert row(settled.results, field="Phone")["state"] == going["state"]
    unique = row(settled.results, field="Product_Id__c")
    assert (unique["state"], unique["after"]) == ("failed", wanted[1])  # the journal has it, though its record is gone
    if when == "request":
        assert commit(ws, planned(ws, pair, ["Phone", "Product_Id__c"])).failed == 0
        assert values(ws, survivor, "Phone", "Product_Id__c") == wanted


def test_BEY_6_a_refused_merge_fails_with_what_to_do(ws, pair):
    (_, loser), _ = pair
    ws.demo_org.metadata.add_validation_rule("Account", "No_Phone", 'Phone != ""', "no phones, please", None)
    results = commit(ws, planned(ws, pair, ["Phone"])).results
    failed = row(results, operation="merge")
    assert (failed["state"], failed["code"]) == ("failed", "FIELD_CUSTOM_VALIDATION_EXCEPTION")
    assert "no phones, please" in failed["message"]
    assert row(results, field="Phone")["state"] == "failed"
    assert values(ws, loser, "MasterRecordId") == (None,)


def test_BEY_5_a_merge_cannot_be_undone_and_says_so_but_its_values_go_back(ws, pair):
    (survivor, _), _ = pair
    before = values(ws, survivor, "Phone")
    commit(ws, planned(ws, pair, ["Phone"]))
    undo = ws.undo()
    held = row(undo.changes, operation="merge")
    assert held["verdict"] == "held"
    assert "a merge cannot be undone" in held["reason"]
    assert commit(ws, undo).written == 1
    assert values(ws, survivor, "Phone") == before


def test_BEY_5_a_value_given_back_after_a_merge_is_known_at_once(ws, pair):
    (survivor, _), (kept, _) = pair
    commit(ws, ws.plan())
    phone = row(ws.here(), id=kept)["phone"]
    commit(ws, planned(ws, pair, fields=("Phone",)))
    assert row(ws.plan().changes, here_id=kept)["after"] == values(ws, survivor, "Phone")[0] != phone
    commit(ws, ws.undo())
    assert row(ws.there(), id=survivor)["Phone"] == values(ws, survivor, "Phone")[0] == phone
    assert ws.plan().changes.is_empty()  # and nobody brings here what Salesforce does not hold any more


def test_BEY_9_the_survivor_is_chosen_by_a_rule(ws, pair):
    (first, second), (kept, _) = pair
    (stranger,) = ws.org.write("Account", "insert", pl.DataFrame({"Name": ["Twin"]}), {})["id"]
    ids = [stranger, first, second]
    assert ws.survivor("account", ids).id != stranger
    assert "made first" in ws.survivor("account", ids).reason
    linked = ws.survivor("account", [stranger, first], "linked")
    assert (linked.id, linked.reason) == (first, f"linked to {kept} here")
    filled = ws.survivor("account", ids, "most_filled")
    assert filled.ranking["id"][-1] == stranger
    assert filled.ranking["rank"].to_list() == [1, 2, 3]
    children = ws.survivor("account", ids, "most_children").ranking
    assert children["children"].to_list() == sorted(children["children"], reverse=True)
    with pytest.raises(InputError, match="no rule"):
        ws.survivor("account", ids, "best")
    with pytest.raises(NotFoundError):
        ws.survivor("account", [first, "001000000000001AAA"])
