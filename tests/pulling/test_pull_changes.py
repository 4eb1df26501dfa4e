"""Pulls that follow another: what they see of a record's life, and what that costs."""

from datetime import timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from toolkit import frames
from toolkit.config import FieldMapping, ObjectMapping, Scope
from toolkit.pulling.pull import pull
from toolkit.store import Store

ACTIVE = "SELECT Id, Name FROM Account WHERE Type LIKE 'Customer%' AND Active__c = TRUE ORDER BY Id"
VIEW = 'the list view "Active Customers"'


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path) as store:
        yield store


@pytest.fixture
def mapping(settings) -> ObjectMapping:
    return settings.objects["account"]


def account(*there, **scope) -> ObjectMapping:
    fields = tuple(FieldMapping(here=each.lower(), there=each, direction="input") for each in there)
    return ObjectMapping(scope=Scope(**scope), fields=fields).named("account")


def a_contact(**scope) -> ObjectMapping:
    field = FieldMapping(here="email", there="Email", direction="input")
    return ObjectMapping(sobject="Contact", scope=Scope(**scope), fields=(field,)).named("contact")


def ids(store, name="account") -> list[str]:
    return store.records("there", name)["id"].to_list()


def reasons(store, name="account") -> dict[str, str]:
    found = store.read(frames.SKIPS, within={"object": name, "side": "there"})
    return dict(found.select("id", "reason").rows())


def as_if_pulled_anew(org, mapping, store, **options):
    """What a first pull of today would give."""
    with Store.open(store.folder / "anew") as anew:
        for side, name in (("there", "account"),):
            kept = store.records(side, name)
            if kept is not None and mapping.object != name:
                anew.save_records(side, name, kept)
        pull(org, mapping, anew, full=True, **options)
        return anew.records("there", mapping.object)


def test_CC_10_what_was_added_changed_and_removed_is_seen_in_one_pull(demo_org, org, store, mapping):
    pull(org, mapping, store)
    first, second, third, *_ = ids(store)
    demo_org.edit("Account", first, {"Phone": "+1 555 0100"})
    demo_org.edit("Account", second, {"Type": "Former Customer"})
    demo_org.merge("Account", first, [third])
    added = demo_org.rows("SELECT Id FROM Account WHERE Type = 'Prospect' LIMIT 1") or demo_org.rows(
        "SELECT Id FROM Account WHERE Active__c = FALSE LIMIT 1"
    )
    demo_org.edit("Account", added[0]["Id"], {"Type": "Customer - Direct", "Active__c": True})
    result = pull(org, mapping, store)
    assert (result.full, result.left) == (False, 2)
    assert ids(store) == [row["Id"] for row in demo_org.rows(ACTIVE)]
    assert added[0]["Id"] in ids(store)
    assert reasons(store)[second] == f"no longer in {VIEW}"
    assert_frame_equal(store.records("there", "account"), as_if_pulled_anew(org, mapping, store))


def test_CSU_14_a_merged_account_is_named_with_the_one_it_was_merged_into(demo_org, org, store, mapping):
    pull(org, mapping, store)
    survivor, loser, *_ = ids(store)
    name = demo_org.rows(f"SELECT Name FROM Account WHERE Id = '{survivor}'")[0]["Name"]
    demo_org.merge("Account", survivor, [loser])
    assert pull(org, mapping, store).left == 1
    assert reasons(store) == {loser: f'merged into "{name}" ({survivor}) in Salesforce'}
    assert pull(org, mapping, store).left == 0
    assert reasons(store)[loser].startswith("merged into")


def test_a_deleted_record_is_gone_and_back_when_it_is_undeleted(demo_org, org, store):
    everything = account("Phone")
    plain = demo_org.rows("SELECT Id FROM Account WHERE Type = 'Prospect' ORDER BY Id LIMIT 1")
    gone = plain[0]["Id"] if plain else None
    pull(org, everything, store)
    before = store.records("there", "account")
    gone = gone or before["id"][-1]
    demo_org.delete("Account", gone)
    assert pull(org, everything, store).left == 1
    assert reasons(store) == {gone: "deleted in Salesforce"}
    demo_org.undelete(gone)
    result = pull(org, everything, store)
    assert (result.full, result.changed, result.left) == (False, 1, 0)
    assert reasons(store) == {}
    assert ids(store) == before["id"].to_list()


def test_a_pull_with_nothing_new_costs_one_call_and_those_that_find_the_list_view(demo_org, org, store, mapping):
    pull(org, mapping, store)
    calls = len(demo_org.calls)
    pull(org, mapping, store)
    assert [path.rpartition("v66.0/")[2].partition("/")[0] for _, path, _ in demo_org.calls[calls:]] == [
        "sobjects",
        "sobjects",
        "composite",
    ]
    everything = account("Phone")
    pull(org, everything, store, accept_shrinking=True)
    calls = len(demo_org.calls)
    pull(org, everything, store)
    assert len(demo_org.calls) - calls == 1


def test_no_ids_are_compared_while_the_numbers_add_up(demo_org, org, store, mapping):
    pull(org, mapping, store)
    demo_org.edit("Account", ids(store)[0], {"Phone": "1"})
    demo_org.edit("Account", ids(store)[1], {"Type": "Former Customer"})
    calls = len(demo_org.calls)
    pull(org, mapping, store)
    queries = [path for _, path, _ in demo_org.calls[calls:] if "query" in path]
    assert len(queries) <= 3, "the ids that changed, and what became of the one that left"


def test_what_an_earlier_pull_missed_is_mended_when_the_numbers_differ(demo_org, org, store):
    everything = account("Phone")
    pull(org, everything, store)
    whole = store.records("there", "account")
    store.save_records("there", "account", whole.head(50))
    store.set_watermark("account", store.watermark("account") + timedelta(days=1))
    result = pull(org, everything, store)
    assert (result.full, result.changed) == (False, 10)
    assert_frame_equal(store.records("there", "account"), whole)
    contact = demo_org.rows("SELECT Id FROM Contact LIMIT 1")[0]["Id"]  # an id that is no account's
    ghost = whole.head(1).with_columns(id=pl.lit(contact))
    store.save_records("there", "account", pl.concat([ghost, whole]).sort("id"))
    assert pull(org, everything, store).left == 1
    assert_frame_equal(store.records("there", "account"), whole)


def test_a_scope_of_relative_dates_is_compared_each_time(demo_org, org, store):
    lately = account("Phone", filter="CreatedDate >= LAST_N_DAYS:400 or Name != 'x'")
    assert pull(org, lately, store).records == 60
    recent = account("Phone", filter="LastModifiedDate = LAST_N_DAYS:10")
    demo_org.edit("Account", ids(store)[0], {"Phone": "1"})
    first = pull(org, recent, store, accept_shrinking=True)
    demo_org.pass_time(11 * 24 * 3600)
    later = pull(org, recent, store, accept_shrinking=True)
    assert first.records > later.records, "nobody touched what left"


def test_the_scope_of_the_mapping_can_be_another_one(demo_org, org, store):
    pull(org, account("Phone", list_view="Active Customers"), store)
    other = account("Phone", filter="Type does not contain 'Customer'")
    result = pull(org, other, store, accept_shrinking=True)
    assert not result.full
    assert ids(store) == [
        row["Id"] for row in demo_org.rows("SELECT Id FROM Account WHERE (NOT Type LIKE '%Customer%') ORDER BY Id")
    ]
    assert set(reasons(store).values()) == {"no longer in Type does not contain 'Customer'"}


def test_VIT_14_only_what_is_mapped_is_read(org, store):
    pull(org, account(), store)
    assert set(store.records("there", "account").columns) <= {"id", "SystemModstamp", "Name", "Website"}
    pull(org, account("Phone"), store)
    assert "Phone" in store.records("there", "account").columns
    pull(org, account(), store)
    assert "Phone" not in store.records("there", "account").columns


def test_CSU_13_the_record_id_of_18_characters_is_the_key(demo_org, org, store, mapping):
    pull(org, mapping, store)
    assert {len(each) for each in ids(store)} == {18}
    short = {each[:15] for each in ids(store)}
    found = org.by_ids("Account", short, ["Id"])["Id"].to_list()
    assert found == ids(store), "ids of 15 characters find the same records"


def test_names_with_html_and_formulas_pass_through_as_they_are(demo_org, org, store, mapping):
    pull(org, mapping, store)
    names = ["<script>alert('x')</script>", '=HYPERLINK("http://x","y")', "a\tb, \"c\" 'd' \\", "Ünï ☃ 名"]
    for each, name in zip(ids(store), names, strict=False):
        demo_org.edit("Account", each, {"Name": name})
    pull(org, mapping, store)
    assert store.records("there", "account")["Name"].head(4).to_list() == names
    in_bulk = org.records("Account", ["Id", "Name"], via="bulk")
    assert set(names) <= set(in_bulk["Name"])


# -- records of the accounts in scope ---------------------------------------------------------------------------------


def contacts_in_scope(demo_org) -> list[str]:
    accounts = {row["Id"] for row in demo_org.rows(ACTIVE)}
    rows = demo_org.rows("SELECT Id, AccountId FROM Contact ORDER BY Id")
    return [row["Id"] for row in rows if row["AccountId"] in accounts]


def test_SKA_19_contacts_follow_their_accounts_in_and_out_of_the_scope(demo_org, org, store, mapping):
    contact = a_contact()
    scope = pull(org, mapping, store).resolved
    first = pull(org, contact, store, accounts=mapping, accounts_scope=scope)
    assert ids(store, "contact") == contacts_in_scope(demo_org)
    assert first.scope == f"all of Contact of the accounts in {VIEW}"
    owner = {row["AccountId"] for row in demo_org.rows("SELECT AccountId FROM Contact WHERE AccountId != null")}
    out = next(each for each in ids(store) if each in owner)
    away = next(
        row["Id"]
        for row in demo_org.rows("SELECT Id FROM Account WHERE Active__c = FALSE OR Type = 'Prospect' ORDER BY Id")
        if row["Id"] in owner
    )
    demo_org.edit("Account", out, {"Type": "Former Customer"})
    demo_org.edit("Account", away, {"Type": "Customer - Direct", "Active__c": True})
    pull(org, mapping, store)
    result = pull(org, contact, store, accounts=mapping)
    assert not result.full
    assert result.left >= 1
    assert ids(store, "contact") == contacts_in_scope(demo_org)
    assert_frame_equal(store.records("there", "contact"), as_if_pulled_anew(org, contact, store, accounts=mapping))
    version = store.version
    assert pull(org, contact, store, accounts=mapping).changed == 0
    assert store.version == version


def test_a_contact_that_moves_to_an_account_out_of_scope_leaves(demo_org, org, store, mapping):
    contact = a_contact()
    pull(org, mapping, store)
    pull(org, contact, store, accounts=mapping)
    moved = ids(store, "contact")[0]
    outside = next(row["Id"] for row in demo_org.rows("SELECT Id FROM Account") if row["Id"] not in ids(store))
    demo_org.edit("Contact", moved, {"AccountId": outside})
    assert pull(org, contact, store, accounts=mapping).left == 1
    assert moved not in ids(store, "contact")


@pytest.mark.parametrize(
    ("name", "sobject", "path"), [("call", "Task", "AccountId"), ("email", "EmailMessage", "RelatedToId")]
)
def test_VIT_1_activities_are_kept_by_the_accounts_that_were_pulled(demo_org, org, store, mapping, name, sobject, path):
    activity = ObjectMapping(sobject=sobject, name="Subject").named(name)
    pull(org, mapping, store)
    pull(org, activity, store, accounts=mapping)

    def wanted() -> list[str]:
        accounts = set(ids(store))
        calls = " WHERE TaskSubtype = 'Call'" if sobject == "Task" else ""
        rows = demo_org.rows(f"SELECT Id, {path} FROM {sobject}{calls} ORDER BY Id")
        return [row["Id"] for row in rows if row[path] in accounts]

    assert ids(store, name) == wanted()
    assert wanted()
    of_one = store.records("there", name)[path][0]
    demo_org.edit("Account", of_one, {"Type": "Former Customer"})
    pull(org, mapping, store)
    result = pull(org, activity, store, accounts=mapping)
    assert (result.full, result.left >= 1) == (False, True)
    assert ids(store, name) == wanted()
    demo_org.edit("Account", of_one, {"Type": "Customer - Direct"})
    pull(org, mapping, store)
    pull(org, activity, store, accounts=mapping)
    assert ids(store, name) == wanted()
    demo_org.delete(sobject, ids(store, name)[0])
    assert pull(org, activity, store, accounts=mapping).left == 1
    assert ids(store, name) == wanted()


def test_SKA_25_opportunities_that_are_won_later_are_read_then(demo_org, org, store, mapping):
    won = ObjectMapping(sobject="Opportunity").named("agreement")
    pull(org, mapping, store)
    pull(org, won, store, accounts=mapping)
    before = ids(store, "agreement")
    accounts = set(ids(store))
    rows = demo_org.rows("SELECT Id, AccountId FROM Opportunity WHERE IsClosed = FALSE ORDER BY Id")
    late = next(row["Id"] for row in rows if row["AccountId"] in accounts)
    demo_org.edit("Opportunity", late, {"StageName": "Closed Won"})
    assert pull(org, won, store, accounts=mapping).changed == 1
    assert set(ids(store, "agreement")) == {*before, late}


def test_VIT_5_a_custom_object_is_pulled_as_the_customer(demo_org, org, store):
    field = FieldMapping(here="objective", there="Objective__c", direction="input")
    mapping = ObjectMapping(sobject="Success_Plan__c", fields=(field,)).named("account")
    pull(org, mapping, store)
    assert ids(store) == [row["Id"] for row in demo_org.rows("SELECT Id FROM Success_Plan__c ORDER BY Id")]
    demo_org.edit("Success_Plan__c", ids(store)[0], {"Objective__c": "Another"})
    assert pull(org, mapping, store).changed == 1
