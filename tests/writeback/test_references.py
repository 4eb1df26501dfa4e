"""References kept by a value: the owner by name or e-mail, resolved to ids on the wire, and refused when unclear."""

from dataclasses import replace

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tests.writeback.desk import NOW
from tests.writeback.samples import mapped, sides
from tests.writeback.test_kinds import ask, laid
from toolkit.demo_org import DemoOrg
from toolkit.errors import PreflightError
from toolkit.salesforce.describe import FieldDescribe, ObjectDescribe
from toolkit.writeback.planning.lookups import with_lookups
from toolkit.writeback.planning.merge import merge, new_base
from toolkit.writeback.planning.plan import make_plan
from toolkit.writeback.planning.references import LOOKUP, resolved, wanted
from toolkit.writeback.planning.sides import pair
from toolkit.writeback.undoing.plan_undo import plan_undo

USERS = ObjectDescribe("User", "User", {"Name": FieldDescribe("Name", length=121)}, key_prefix="005")
ACCOUNT = {
    "Name": FieldDescribe("Name", "Account Name", length=255),
    "Product_Id__c": FieldDescribe("Product_Id__c"),
    "OwnerId": FieldDescribe("OwnerId", "Owner ID", "reference", length=18, nillable=False, reference_to=("User",),
                             relationship_name="Owner"),
    "CSM__c": FieldDescribe("CSM__c", "CSM", "reference", length=18, reference_to=("User",),
                            relationship_name="CSM__r"),
}  # fmt: skip
OWNER = mapped("owner", "OwnerId", "two_way", by="Name", on_conflict="toolkit_wins")
CSM = mapped("csm", "CSM__c", "two_way", by="Name", on_conflict="toolkit_wins")
ADA, BOB, EVE = (f"005dM00000000{number:02}AAA" for number in (1, 2, 3))


def owned(here, there, users=(), field=OWNER, base=None):
    """Sides of accounts whose owner has these names here and there; `users` are (name, id, active)."""
    known = None if base is None else [{pair(field): each} for each in base]
    given = sides([field], [{field.here: each} for each in here], [{field.reads: each} for each in there], known)
    rows = [(name, key, "User", active) for name, key, active in users]
    describe = ObjectDescribe("Account", "Account", ACCOUNT, look_up=lambda _: USERS)
    return replace(given, describe=describe, lookups={field.reads: pl.DataFrame(rows, schema=LOOKUP, orient="row")})


def judged(given):
    return make_plan([given], org_id="00D000000000001AAA", created_at=NOW).changes


def test_VIT_3_a_plan_shows_the_name_and_salesforce_is_sent_the_id():
    given = owned(["Ada Lovelace"], ["Bob Bobson"], [("Ada Lovelace", ADA, True)])
    (row,) = (changes := judged(given)).to_dicts()
    assert (row["field"], row["partner"], row["type"]) == ("OwnerId", "owner", "string")
    assert (row["here"], row["there"], row["after"], row["verdict"]) == (
        "Ada Lovelace",
        "Bob Bobson",
        "Ada Lovelace",
        "write",
    )
    (sent,) = resolved(changes, given).to_dicts()
    assert (sent["after"], sent["type"], sent["field"]) == (ADA, "reference", "OwnerId")
    assert_frame_equal(resolved(changes, replace(given, object="contact")), changes)


@pytest.mark.parametrize(
    ("users", "field", "reason"),
    [
        ((), OWNER, "no record in Salesforce has the Name 'Ada', which Owner ID (OwnerId) would refer to"),
        ([("Ada", ADA, True), ("ADA", BOB, True)], OWNER,
         f"2 records in Salesforce have the Name 'Ada', so it is not known which one is meant: {ADA}, {BOB}"),
        ([("Ada", ADA, False)], OWNER, "'Ada' is an inactive user, who cannot own records"),
        ([("Ada", ADA, False), ("Ada", BOB, False)], CSM,
         f"2 records in Salesforce have the Name 'Ada', so it is not known which one is meant: {ADA}, {BOB}"),
    ],
)  # fmt: skip
def test_BEY_4_a_name_that_nobody_or_several_have_is_refused(users, field, reason):
    (row,) = judged(owned(["Ada"], ["Bob"], users, field)).to_dicts()
    assert (row["verdict"], row["reason"]) == ("refused", reason)


@pytest.mark.parametrize(
    ("users", "field", "meant"),
    [
        ([("Ada", ADA, True), ("Ada", BOB, False)], OWNER, ADA),
        ([("ada ", BOB, True)], OWNER, BOB),
        ([("Ada", EVE, False)], CSM, EVE),
        ([("Ada", ADA, True), ("Ada", ADA, True)], CSM, ADA),
    ],
)
def test_of_namesakes_the_active_one_is_meant_whatever_the_case(users, field, meant):
    given = owned(["Ada"], ["Bob"], users, field)
    assert judged(given)["verdict"].to_list() == ["write"]
    assert resolved(judged(given), given)["after"].to_list() == [meant]


def test_names_that_differ_in_case_alone_are_one_value():
    given = owned(["ada lovelace", None, "Bob"], ["Ada Lovelace", None, "Eve"])
    assert merge(given)["here"].to_list() == ["Bob"]
    assert new_base(given)[pair(OWNER)].to_list() == ["ada lovelace", None, None]
    assert {path: values.to_list() for path, values in wanted(given).items()} == {"Owner.Name": ["Bob"]}


def test_a_reference_is_cleared_where_it_may_be_empty():
    here, there, base = [None], ["Bob"], ["Bob"]
    (row,) = judged(cleared := owned(here, there, (), CSM, base)).to_dicts()
    assert (row["verdict"], row["operation"]) == ("write", "clear")
    assert resolved(judged(cleared), cleared)["after"].to_list() == [None]
    (row,) = judged(owned(here, there, (), OWNER, base)).to_dicts()
    assert (row["verdict"], row["reason"]) == ("refused", "Owner ID (OwnerId) may not be empty")


def test_a_name_that_was_not_looked_up_is_refused():
    (row,) = judged(replace(owned(["Ada"], ["Bob"]), lookups={})).to_dicts()
    assert row["verdict"] == "refused"
    assert "Owner.Name was not looked up" in row["reason"]


@pytest.mark.parametrize(
    ("field", "said"),
    [
        (mapped("owner", "Name", "output", by="Name"), "is of type string; by = "),
        (mapped("owner", "OwnerId", "output", by="Emial"), 'by = "Emial": User has no field Emial'),
    ],
)
def test_VIT_18_what_cannot_be_kept_by_a_value_is_said(field, said):
    given = owned(["Ada"], ["Bob"], (), OWNER)
    mapping = given.mapping.model_copy(update={"fields": (field,)})
    with pytest.raises(PreflightError) as refused:
        judged(replace(given, mapping=mapping))
    assert said in str(refused.value.findings)


@pytest.fixture(scope="module")
def company():
    with DemoOrg.start(accounts=12, seed=1, now=NOW) as org:
        yield org


def active_users(company):
    rows = company.rows("SELECT Id, Name, Email, Username FROM User WHERE IsActive = true ORDER BY Id")
    return [row for row in rows if [each["Name"] for each in rows].count(row["Name"]) == 1]


@pytest.mark.parametrize("bulk_from", [2000, 1], ids=["collections", "bulk"])
def test_CSU_8_owners_by_name_and_managers_by_email_go_both_ways(company, tmp_path, bulk_from):
    ada, bob = active_users(company)[:2]
    fields = [
        OWNER,
        mapped("csm", "CSM__c", "two_way", by="Email", on_conflict="toolkit_wins"),
        mapped("parent", "ParentId", "two_way", by="Product_Id__c", on_conflict="toolkit_wins"),
    ]
    parent = company.rows("SELECT Id, Product_Id__c FROM Account WHERE Product_Id__c != null ORDER BY Id LIMIT 1")[0]
    first, second = (ada, bob) if bulk_from > 1 else (bob, ada)
    here = {"owner": first["Name"], "csm": second["Email"].upper(), "parent": None}
    desk = laid(company, tmp_path, fields, here, bulk_from)
    children = desk.here().with_columns(
        parent=pl.when(pl.int_range(pl.len()) == pl.len() - 1).then(pl.lit(parent["Product_Id__c"]))
    )
    desk.store.save_records("here", "account", children)
    calls = len(company.calls)
    plan = planned(desk)
    assert len(company.calls) - calls <= 8
    assert plan.count("refused") == 0, plan.rows("refused")["reason"].to_list()
    assert set(plan.changes.filter(field="CSM__c")["here"]) <= {second["Email"].upper()}
    assert set(plan.changes.filter(field="CSM__c")["after"]) <= {second["Email"]}
    done = desk.commit(plan)
    assert (done.written, done.failed, done.held) == (plan.writes, 0, 0), done.results.to_dicts()
    rows = company.rows("SELECT OwnerId, CSM__c, ParentId FROM Account ORDER BY Id")
    assert {(row["OwnerId"], row["CSM__c"]) for row in rows} == {(first["Id"], second["Id"])}
    assert rows[-1]["ParentId"] == parent["Id"]
    assert desk.plan().changes.is_empty()
    desk.pull()
    assert desk.plan().changes.is_empty()
    saved = ask(company, "PATCH", f"sobjects/Account/{desk.store.records('there', 'account')['id'][3]}",
                {"OwnerId": second["Id"]})  # fmt: skip
    assert saved.status_code == 204, saved.text
    desk.pull()
    (row,) = desk.plan().changes.to_dicts()
    assert (row["side"], row["field"], row["after"]) == ("here", "owner", second["Name"])


def planned(desk):
    return make_plan(
        [with_lookups(desk.org, desk.sides())],
        org_id=desk.org.org_id,
        created_at=NOW,
        parent=desk.parent(),
        writeback=desk.settings.writeback,
    )


def test_BEY_4_who_is_unknown_to_the_org_is_refused_before_any_write(company, tmp_path):
    desk = laid(company, tmp_path, [OWNER], {"owner": "Nobody O'Known"})
    plan = planned(desk)
    assert plan.writes == 0
    assert set(plan.changes["reason"].str.contains("no record in Salesforce has the Name 'Nobody O'Known'")) == {True}


def test_BEY_5_the_undo_of_a_change_of_owner_gives_the_record_back(tmp_path):
    with DemoOrg.start(accounts=8, seed=2, now=NOW) as company:
        before = company.rows("SELECT Id, OwnerId FROM Account ORDER BY Id")
        desk = laid(company, tmp_path, [OWNER], {"owner": active_users(company)[2]["Name"]})
        done = desk.commit(planned(desk))
        assert done.written > 0
        undo = plan_undo(
            done.commit_id, desk.org, desk.store, objects=[desk.sides()], org_name="Demo", created_at=NOW,
            parent=desk.parent(), bulk_from=2000,
        )  # fmt: skip
        assert desk.commit(undo).written == done.written
        assert company.rows("SELECT Id, OwnerId FROM Account ORDER BY Id") == before
