from datetime import UTC, date, datetime, timedelta

import pytest

from toolkit.demo_org.access import Access
from toolkit.demo_org.clock import Clock
from toolkit.demo_org.company import seed
from toolkit.demo_org.database import Database
from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.ids import make_id
from toolkit.demo_org.objects import standard_schema
from toolkit.demo_org.permissions import Permissions
from toolkit.demo_org.records import Records, Saved

USER = make_id("005", 3)
ACCESS = Access.for_user(USER)


@pytest.fixture
def records():
    schema = standard_schema()
    with Database(None, schema) as database:
        opened = Records(database, schema, Clock(datetime(2026, 11, 2, 8, tzinfo=UTC)))
        seed(opened, accounts=0, seed=1, today=date(2026, 11, 2))
        yield opened


@pytest.fixture
def family(records):
    """An account with a contact, a deal with a role, a draft contract, a task, and a subsidiary."""
    made = {"Account": records.create("Account", {"Name": "Acme", "Product_Id__c": "P-1"}, ACCESS)}
    about = {"AccountId": made["Account"]}
    made["Contact"] = records.create("Contact", {"LastName": "Ito", **about}, ACCESS)
    deal = {"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2026-12-01", **about}
    made["Opportunity"] = records.create("Opportunity", deal, ACCESS)
    role = {"OpportunityId": made["Opportunity"], "ContactId": made["Contact"]}
    made["OpportunityContactRole"] = records.create("OpportunityContactRole", role, ACCESS)
    made["Contract"] = records.create("Contract", about, ACCESS)
    made["Task"] = records.create("Task", {"WhatId": made["Account"]}, ACCESS)
    made["Child"] = records.create("Account", {"Name": "Acme Sub", "ParentId": made["Account"]}, ACCESS)
    return made


def row(records, sobject, record_id):
    cursor = records.database.connection.execute(f'SELECT * FROM "{sobject}" WHERE Id = ?', (record_id,))
    found = cursor.fetchone()
    return None if found is None else dict(zip((each[0] for each in cursor.description), found, strict=True))


def refusal(call, *arguments, **more):
    with pytest.raises(Refusal) as caught:
        call(*arguments, **more)
    return caught.value


def log(records, record_id):
    statement = "SELECT kind FROM _changes WHERE record = ? ORDER BY number"
    return [kind for (kind,) in records.database.connection.execute(statement, (record_id,))]


GOES_ALONG = ("Account", "Contact", "Opportunity", "OpportunityContactRole", "Contract", "Task")


def test_an_undeleted_record_brings_back_what_went_with_it_and_the_references_it_lost(records, family):
    records.delete("Account", family["Account"], ACCESS)
    assert [row(records, name, family[name])["IsDeleted"] for name in GOES_ALONG] == [1] * 6
    assert row(records, "Account", family["Child"])["ParentId"] is None
    assert records.undelete([family["Account"][:15]], ACCESS) == [Saved(family["Account"], created=False)]
    assert [row(records, name, family[name])["IsDeleted"] for name in GOES_ALONG] == [0] * 6
    assert row(records, "Account", family["Child"])["ParentId"] == family["Account"]
    assert log(records, family["Contact"]) == ["create", "delete", "undelete"]


def test_what_was_deleted_before_stays_deleted(records, family):
    records.delete("Task", family["Task"], ACCESS)
    records.delete("Account", family["Account"], ACCESS)
    records.undelete([family["Account"]], ACCESS)
    assert row(records, "Task", family["Task"])["IsDeleted"] == 1


def test_a_part_can_be_brought_back_alone_without_what_is_still_gone(records, family):
    records.delete("Account", family["Account"], ACCESS)
    assert records.undelete([family["Contact"]], ACCESS) == [Saved(family["Contact"], created=False)]
    assert row(records, "Contact", family["Contact"])["AccountId"] is None
    outcome = records.undelete([family["Contract"]], ACCESS)[0]
    assert outcome[0].code == "UNDELETE_FAILED"


def test_only_what_is_in_the_bin_can_be_undeleted(records, family):
    outcomes = records.undelete([family["Account"], make_id("001", 999), "nonsense"], ACCESS)
    assert [each[0].code for each in outcomes] == ["UNDELETE_FAILED", "UNDELETE_FAILED", "MALFORMED_ID"]


def test_a_unique_value_that_was_taken_since_keeps_a_record_in_the_bin(records, family):
    records.delete("Account", family["Account"], ACCESS)
    other = records.create("Account", {"Name": "New", "Product_Id__c": "p-1"}, ACCESS)
    outcome = records.undelete([family["Account"]], ACCESS)[0]
    assert (outcome[0].code, other[:15] in outcome[0].message) == ("DUPLICATE_VALUE", True)
    assert row(records, "Account", family["Account"])["IsDeleted"] == 1


def test_the_bin_is_emptied_after_15_days_of_the_orgs_clock(records, family):
    records.delete("Account", family["Account"], ACCESS)
    records.clock.advance(timedelta(days=15))
    assert records.purge() == 0
    records.clock.advance(timedelta(minutes=1))
    assert records.purge() == 7  # the direct relation of the contact went along too
    assert row(records, "Account", family["Account"]) is None
    assert row(records, "Account", family["Child"]) is not None
    assert records.undelete([family["Account"]], ACCESS)[0][0].code == "UNDELETE_FAILED"


def test_a_hard_delete_leaves_nothing_behind(records, family):
    assert records.hard_delete("Account", [family["Account"]], ACCESS) == [Saved(family["Account"], created=False)]
    assert [row(records, name, family[name]) for name in GOES_ALONG] == [None] * 6
    assert records.hard_delete("Account", [family["Account"]], ACCESS)[0][0].code == "ENTITY_IS_DELETED"


def test_a_hard_delete_takes_what_is_in_the_bin_already(records, family):
    records.delete("Contact", family["Contact"], ACCESS)
    records.hard_delete("Contact", [family["Contact"]], ACCESS)
    assert row(records, "Contact", family["Contact"]) is None


def test_only_who_has_the_right_may_hard_delete(records, family):
    ((user,),) = records.database.connection.execute("SELECT Id FROM User WHERE Username LIKE 'integration%'")
    limited = Access.for_user(user, Permissions(records.database, records.schema))
    assert refusal(records.hard_delete, "Account", [family["Account"]], limited).code == "FEATURENOTENABLED"


@pytest.mark.parametrize("sobject", ["Account", "Contact"])
def test_an_account_or_contact_with_cases_cannot_be_deleted(records, family, sobject):
    records.create("Case", {"Subject": "Help", f"{sobject}Id": family[sobject]}, ACCESS)
    refused = refusal(records.delete, sobject, family[sobject], ACCESS)
    assert refused.code == "DELETE_FAILED"
    assert refused.message.endswith("associated with the following cases.")
    assert row(records, sobject, family[sobject])["IsDeleted"] == 0


# --- merging


@pytest.fixture
def twin(records):
    return records.create("Account", {"Name": "Acme Inc", "Product_Id__c": "P-2", "Phone": "555"}, ACCESS)


def test_the_losers_children_become_the_winners_and_say_so(records, family, twin):
    before = row(records, "Contact", family["Contact"])["SystemModstamp"]
    merged = records.merge("Account", twin, [family["Account"]], ACCESS)
    assert (merged.id, merged.merged) == (twin, (family["Account"],))
    assert {family[name] for name in ("Contact", "Opportunity", "Contract", "Task", "Child")} <= set(merged.related)
    assert row(records, "Contact", family["Contact"])["AccountId"] == twin
    assert row(records, "Contact", family["Contact"])["SystemModstamp"] > before
    assert row(records, "Account", family["Child"])["ParentId"] == twin
    assert row(records, "Task", family["Task"])["AccountId"] == twin


def test_the_loser_lies_in_the_bin_and_names_its_master(records, family, twin):
    records.merge("Account", twin, [family["Account"]], ACCESS)
    loser = row(records, "Account", family["Account"])
    assert (loser["IsDeleted"], loser["MasterRecordId"]) == (1, twin)
    assert log(records, family["Account"])[-1] == "delete"
    assert refusal(records.update, "Account", family["Account"], {"Name": "x"}, ACCESS).code == "ENTITY_IS_DELETED"
    records.undelete([family["Account"]], ACCESS)
    assert row(records, "Account", family["Account"])["MasterRecordId"] is None


def test_the_winner_keeps_its_values_but_for_those_the_call_names(records, family, twin):
    records.merge("Account", twin, [family["Account"]], ACCESS, {"Name": "Acme", "Product_Id__c": "P-1"})
    winner = row(records, "Account", twin)
    assert (winner["Name"], winner["Product_Id__c"], winner["Phone"]) == ("Acme", "P-1", "555")


def test_a_merge_that_is_refused_changes_nothing(records, family, twin):
    assert refusal(records.merge, "Account", twin, [family["Account"]], ACCESS, {"Name": None}).code == (
        "REQUIRED_FIELD_MISSING"
    )
    assert row(records, "Account", family["Account"])["IsDeleted"] == 0
    assert row(records, "Contact", family["Contact"])["AccountId"] == family["Account"]


def test_merging_into_a_subsidiary_leaves_no_circle(records, family):
    records.merge("Account", family["Child"], [family["Account"]], ACCESS)
    assert row(records, "Account", family["Child"])["ParentId"] is None


def test_a_relation_that_both_had_is_there_once(records, family, twin):
    relation = {"AccountId": twin, "ContactId": family["Contact"]}
    records.create("AccountContactRelation", relation, ACCESS)
    records.merge("Account", twin, [family["Account"]], ACCESS)
    rows = records.database.connection.execute(
        "SELECT AccountId, IsDirect FROM AccountContactRelation WHERE ContactId = ? AND IsDeleted = 0",
        (family["Contact"],),
    ).fetchall()
    assert rows == [(twin, 1)]


@pytest.mark.parametrize(
    ("losers", "code"),
    [
        ([], "INVALID_NUMBER_OF_RECORDS"),
        ([make_id("001", 90), make_id("001", 91), make_id("001", 92)], "INVALID_NUMBER_OF_RECORDS"),
        ([make_id("001", 90)], "INVALID_CROSS_REFERENCE_KEY"),
        ([make_id("003", 1)], "MALFORMED_ID"),
    ],
)
def test_what_cannot_be_merged(records, twin, losers, code):
    assert refusal(records.merge, "Account", twin, losers, ACCESS).code == code
    assert refusal(records.merge, "Account", twin, [twin], ACCESS).code == "MERGE_FAILED"


def test_contracts_cannot_be_merged(records, family):
    assert refusal(records.merge, "Contract", family["Contract"], [family["Contract"]], ACCESS).code == (
        "INVALID_TYPE_FOR_OPERATION"
    )


def test_contacts_merge_with_their_roles_and_reports(records, family):
    boss = records.create("Contact", {"LastName": "Boss", "AccountId": family["Account"]}, ACCESS)
    report = records.create("Contact", {"LastName": "Report", "ReportsToId": family["Contact"]}, ACCESS)
    records.merge("Contact", boss, [family["Contact"]], ACCESS)
    assert row(records, "OpportunityContactRole", family["OpportunityContactRole"])["ContactId"] == boss
    assert row(records, "Contact", report)["ReportsToId"] == boss
