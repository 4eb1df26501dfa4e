import threading
from datetime import UTC, date, datetime

import pytest

from toolkit.demo_org.access import Access
from toolkit.demo_org.clock import Clock
from toolkit.demo_org.company import seed
from toolkit.demo_org.database import CHANGE_LOG, Database
from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.ids import make_id
from toolkit.demo_org.objects import standard_schema
from toolkit.demo_org.records import Records, RowRefusal, Saved, SeveralMatches

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)
USER = make_id("005", 3)
ACCESS = Access.for_user(USER)
NOBODY = make_id("001", 99_999)


@pytest.fixture
def records():
    """An org with its users and nothing else."""
    schema = standard_schema()
    with Database(None, schema) as database:
        opened = Records(database, schema, Clock(NOW))
        seed(opened, accounts=0, seed=1, today=date(2026, 11, 2))
        yield opened


@pytest.fixture
def acme(records):
    return records.create("Account", {"Name": "Acme", "Product_Id__c": "P-1"}, ACCESS)


def value(records, sobject, record_id, *names):
    record = records.get(sobject, record_id, ACCESS, names)
    return tuple(record.values()) if len(names) > 1 else record[names[0]]


def refusal(call, *arguments, **more):
    with pytest.raises(Refusal) as caught:
        call(*arguments, **more)
    return caught.value


def codes(outcomes):
    return [outcome[0].code if isinstance(outcome, list) else "" for outcome in outcomes]


# --- one record


def test_a_new_record_is_stamped_and_owned(records, acme):
    record = records.get("account", acme[:15], ACCESS)
    assert record["Id"] == acme
    assert record["CreatedDate"] == record["SystemModstamp"] == "2026-11-02T08:00:01.000+0000"
    assert record["OwnerId"] == record["CreatedById"] == record["LastModifiedById"] == USER
    assert record["IsDeleted"] is False
    assert record["BillingAddress"] is None
    assert list(record) == [each.name for each in records.schema.get("Account").fields]


def test_a_change_moves_the_modification_stamps_only(records, acme):
    other = Access.for_user(make_id("005", 4))
    records.update("Account", acme, {"Phone": "1"}, other)
    assert value(records, "Account", acme, "CreatedDate", "LastModifiedDate", "SystemModstamp", "LastModifiedById") == (
        "2026-11-02T08:00:01.000+0000",
        "2026-11-02T08:00:02.000+0000",
        "2026-11-02T08:00:02.000+0000",
        other.user_id,
    )


def test_numbers_read_as_decimals_and_addresses_as_one(records):
    values = {"Name": "A", "CS_MRR__c": 3, "NumberOfEmployees": 5, "BillingCity": "Porto", "BillingLatitude": 41.1}
    record = records.get("Account", records.create("Account", values, ACCESS), ACCESS)
    assert repr(record["CS_MRR__c"]) == "3.0"
    assert repr(record["NumberOfEmployees"]) == "5"
    assert record["BillingAddress"]["city"] == "Porto"
    assert set(record["BillingAddress"]) == {
        *("city", "country", "geocodeAccuracy", "latitude", "longitude", "postalCode", "state", "street")
    }


def test_an_unknown_or_deleted_record_is_not_found(records, acme):
    records.delete("Account", acme, ACCESS)
    for missing in (acme, NOBODY, "nonsense"):
        assert (refusal(records.get, "Account", missing, ACCESS).status) == 404
    assert refusal(records.get, "Nothing", acme, ACCESS).code == "NOT_FOUND"
    assert refusal(records.get, "Account", make_id("001", 1), ACCESS, ["X"]).code == "INVALID_FIELD"


def test_changing_what_is_gone_or_was_never_there(records, acme):
    records.delete("Account", acme, ACCESS)
    gone = refusal(records.update, "Account", acme, {"Phone": "1"}, ACCESS)
    assert (gone.status, gone.code, gone.message, gone.fields) == (404, "ENTITY_IS_DELETED", "entity is deleted", ())
    assert refusal(records.delete, "Account", acme, ACCESS).code == "ENTITY_IS_DELETED"
    assert refusal(records.update, "Account", NOBODY, {"Phone": "1"}, ACCESS).code == "NOT_FOUND"
    wrong = refusal(records.update, "Account", USER, {"Phone": "1"}, ACCESS)
    assert wrong.message == f"Account ID: id value of incorrect type: {USER}"
    assert wrong.code == "MALFORMED_ID"


def test_a_refused_record_says_all_its_reasons_and_is_not_saved(records, acme):
    bad = {"CS_Health_Score__c": 100, "CS_Health_Band__c": "Purple", "Phone": "1"}
    refused = refusal(records.update, "Account", acme, bad, ACCESS)
    assert isinstance(refused, RowRefusal)
    assert [each.code for each in refused.reasons] == [
        "NUMBER_OUTSIDE_VALID_RANGE",
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
    ]
    assert refused.code == "NUMBER_OUTSIDE_VALID_RANGE"
    assert value(records, "Account", acme, "Phone") is None


def test_the_id_may_not_be_in_the_body(records, acme):
    assert refusal(records.update, "Account", acme, {"Id": acme}, ACCESS).code == "INVALID_FIELD"
    assert refusal(records.create, "Account", {"Name": "A", "Id": acme}, ACCESS).code == "INVALID_FIELD"


def test_what_an_object_does_not_allow(records):
    assert refusal(records.create, "Organization", {"Name": "A"}, ACCESS).code == "INVALID_TYPE_FOR_OPERATION"
    assert refusal(records.delete, "User", USER, ACCESS).code == "INVALID_TYPE_FOR_OPERATION"


# --- unique values and upserts


def test_BEY_4_a_unique_value_may_be_there_once_in_any_case(records, acme):
    refused = refusal(records.create, "Account", {"Name": "B", "Product_Id__c": "p-1"}, ACCESS)
    assert refused.code == "DUPLICATE_VALUE"
    assert refused.message == f"duplicate value found: Product_Id__c duplicates value on record with id: {acme[:15]}"
    records.update("Account", acme, {"Product_Id__c": "p-1"}, ACCESS)
    records.delete("Account", acme, ACCESS)
    records.create("Account", {"Name": "B", "Product_Id__c": "P-1"}, ACCESS)


def test_a_unique_value_twice_in_one_request(records):
    rows = [{"Name": name, "Product_Id__c": "P-9"} for name in "AB"]
    first, second = records.save_many("insert", "Account", rows, ACCESS)
    assert isinstance(first, Saved)
    assert second[0].code == "DUPLICATE_VALUE"
    assert first.id[:15] in second[0].message


def test_an_upsert_changes_the_match_in_any_case_or_makes_a_record(records, acme):
    assert records.upsert("Account", "product_id__C", " p-1 ", {"Phone": "1"}, ACCESS) == (acme, False)
    assert value(records, "Account", acme, "Phone", "Product_Id__c") == ("1", "P-1")
    made, created = records.upsert("Account", "Product_Id__c", "P-2", {"Name": "B"}, ACCESS)
    assert created is True
    assert value(records, "Account", made, "Product_Id__c") == "P-2"


def test_an_upsert_that_may_only_update(records):
    refused = refusal(records.upsert, "Account", "Product_Id__c", "P-2", {"Name": "B"}, ACCESS, update_only=True)
    assert (refused.status, refused.code) == (404, "NOT_FOUND")


def test_an_upsert_by_a_field_that_is_no_key_or_with_the_key_in_the_body(records, acme):
    refused = refusal(records.upsert, "Account", "Phone", "1", {"Name": "B"}, ACCESS)
    assert refused.message == "Provided external ID field does not exist or is not accessible: Phone"
    refused = refusal(records.upsert, "Account", "Product_Id__c", "P-1", {"Product_Id__c": "P-1"}, ACCESS)
    assert refused.message == "The Product_Id__c field should not be specified in the sobject data."


def test_an_upsert_that_meets_several(records):
    for _ in range(2):
        records.create("Contact", {"LastName": "A", "Email": "a@b.example"}, ACCESS)
    refused = refusal(records.upsert, "Contact", "Email", "A@B.example", {"LastName": "B"}, ACCESS)
    assert isinstance(refused, SeveralMatches)
    assert (refused.status, len(refused.ids)) == (300, 2)


def test_an_upsert_by_id(records, acme):
    assert records.upsert("Account", "Id", acme[:15], {"Phone": "2"}, ACCESS) == (acme, False)
    made, created = records.upsert("Account", "Id", "", {"Name": "B"}, ACCESS)
    assert created is True
    assert made != acme


# --- references


def test_BEY_4_a_reference_must_be_of_the_right_object_and_exist(records, acme):
    wrong = refusal(records.update, "Account", acme, {"CSM__c": acme}, ACCESS)
    assert (wrong.code, wrong.fields) == ("FIELD_INTEGRITY_EXCEPTION", ("CSM__c",))
    assert wrong.message == f"Customer Success Manager: id value of incorrect type: {acme}"
    missing = refusal(records.create, "Contact", {"LastName": "A", "AccountId": NOBODY}, ACCESS)
    assert (missing.code, missing.message) == ("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
    records.delete("Account", acme, ACCESS)
    gone = refusal(records.create, "Contact", {"LastName": "A", "AccountId": acme}, ACCESS)
    assert gone.code == "INVALID_CROSS_REFERENCE_KEY"


def test_a_parent_named_by_its_external_id(records, acme):
    contact = records.create("Contact", {"LastName": "A", "Account": {"Product_Id__c": "p-1"}}, ACCESS)
    assert value(records, "Contact", contact, "AccountId") == acme
    refused = refusal(records.create, "Contact", {"LastName": "A", "Account": {"Product_Id__c": "P-7"}}, ACCESS)
    assert refused.message == "Foreign key external ID: P-7 not found for field Product_Id__c in entity Account"


def test_an_account_cannot_be_above_itself(records, acme):
    child = records.create("Account", {"Name": "Child", "ParentId": acme}, ACCESS)
    assert refusal(records.update, "Account", acme, {"ParentId": child}, ACCESS).code == "CIRCULAR_DEPENDENCY"
    assert refusal(records.update, "Account", acme, {"ParentId": acme}, ACCESS).code == "CIRCULAR_DEPENDENCY"


# --- deleting


def test_a_deleted_account_takes_its_children_along_and_lets_go_of_others(records, acme):
    child = records.create("Account", {"Name": "Child", "ParentId": acme}, ACCESS)
    contact = records.create("Contact", {"LastName": "A", "AccountId": acme}, ACCESS)
    task = records.create("Task", {"WhoId": contact}, ACCESS)
    draft = records.create("Contract", {"AccountId": acme}, ACCESS)
    records.delete("Account", acme, ACCESS)
    for sobject, record_id in (("Contact", contact), ("Task", task), ("Contract", draft)):
        assert refusal(records.update, sobject, record_id, {}, ACCESS).code == "ENTITY_IS_DELETED"
    assert value(records, "Account", child, "ParentId") is None
    assert records.find("Account", "Product_Id__c", "P-1") == []


def test_who_reported_to_a_deleted_contact_reports_to_nobody(records):
    boss = records.create("Contact", {"LastName": "Boss"}, ACCESS)
    report = records.create("Contact", {"LastName": "Report", "ReportsToId": boss}, ACCESS)
    records.delete("Contact", boss, ACCESS)
    assert value(records, "Contact", report, "ReportsToId", "SystemModstamp") == (None, "2026-11-02T08:00:03.000+0000")


def test_an_activated_contract_keeps_its_account(records, acme):
    contract = records.create("Contract", {"AccountId": acme}, ACCESS)
    records.update("Contract", contract, {"Status": "Activated"}, ACCESS)
    refused = refusal(records.delete, "Account", acme, ACCESS)
    assert refused.code == "DELETE_FAILED"
    assert refused.message == (
        "Your attempt to delete Acme could not be completed because it is associated with the following contracts."
    )
    assert value(records, "Account", acme, "IsDeleted") is False


# --- many records


def test_one_bad_row_does_not_stop_the_others(records, acme):
    deleted = records.create("Account", {"Name": "Gone"}, ACCESS)
    records.delete("Account", deleted, ACCESS)
    rows = [
        {"Id": acme[:15], "Phone": "1"},
        {"Id": acme, "CS_Health_Score__c": 100},
        {"Id": NOBODY, "Phone": "1"},
        {"Id": deleted, "Phone": "1"},
        {"Id": USER, "Phone": "1"},
        {"Phone": "1"},
        {"id": acme, "Locked": 1},
        {"Id": acme, "Fax": "2"},
    ]
    outcomes = records.save_many("update", "Account", rows, ACCESS)
    assert codes(outcomes) == [
        "",
        "NUMBER_OUTSIDE_VALID_RANGE",
        "INVALID_CROSS_REFERENCE_KEY",
        "ENTITY_IS_DELETED",
        "MALFORMED_ID",
        "MISSING_ARGUMENT",
        "INVALID_FIELD",
        "",
    ]
    assert outcomes[0] == Saved(acme, created=False)
    assert value(records, "Account", acme, "Phone", "Fax") == ("1", "2")


def test_all_or_none_undoes_everything(records, acme):
    rows = [{"Id": acme, "Phone": "1"}, {"Id": acme, "CS_Health_Score__c": 100}]
    outcomes = records.save_many("update", "Account", rows, ACCESS, all_or_none=True)
    assert codes(outcomes) == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "NUMBER_OUTSIDE_VALID_RANGE"]
    assert value(records, "Account", acme, "Phone") is None


def test_the_later_of_two_rows_for_one_record_wins(records, acme):
    rows = [{"Id": acme, "Phone": "1"}, {"Id": acme, "Fax": "1", "Phone": "2"}, {"Id": acme, "Phone": "3"}]
    records.save_many("update", "Account", rows, ACCESS)
    assert value(records, "Account", acme, "Phone", "Fax") == ("3", "1")


def test_upserts_of_a_csv_file(records, acme):
    rows = [
        {"Product_Id__c": "p-1", "CS_Health_Score__c": "7.25", "Active__c": "true", "CSM__r.Username": ""},
        {"Product_Id__c": "P-3", "Name": "New", "CSM__r.Username": "admin@demo.example"},
        {"Product_Id__c": "P-4", "Name": "Twice"},
        {"Product_Id__c": "p-4", "Name": "Twice"},
        {"Product_Id__c": "", "Name": "Keyless"},
        {"Product_Id__c": "P-5"},
        {"Product_Id__c": "p-1 ", "Phone": "1"},
    ]
    outcomes = records.save_many("upsert", "Account", rows[:6], ACCESS, external_id="Product_Id__c", text=True)
    assert codes(outcomes) == [
        *("", "", "DUPLICATE_VALUE", "DUPLICATE_VALUE", "MISSING_ARGUMENT", "REQUIRED_FIELD_MISSING")
    ]
    assert [each.created for each in outcomes[:2]] == [False, True]
    assert value(records, "Account", acme, "CS_Health_Score__c", "Active__c") == (7.3, True)
    assert value(records, "Account", outcomes[1].id, "CSM__c") == make_id("005", 1)


def test_deleting_many(records, acme):
    outcomes = records.save_many("delete", "Account", [{"Id": acme}, {"Id": acme}, {"Id": "x"}], ACCESS)
    assert codes(outcomes) == ["", "ENTITY_IS_DELETED", "MALFORMED_ID"]


def test_an_operation_that_does_not_exist(records):
    assert refusal(records.save_many, "merge", "Account", [], ACCESS).code == "INVALID_OPERATION"


def test_saving_from_two_threads_at_once(records):
    def create(letter):
        rows = [{"Name": f"{letter}{number}"} for number in range(200)]
        ids.extend(each.id for each in records.save_many("insert", "Account", rows, ACCESS))

    ids = []
    threads = [threading.Thread(target=create, args=(letter,)) for letter in "ABCD"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(ids)) == 800


def test_20_000_updates_are_checked_and_written_in_a_few_seconds(records):
    made = records.save_many("insert", "Account", [{"Name": f"A{n}"} for n in range(20_000)], ACCESS)
    rows = [{"Id": each.id, "CS_Health_Score__c": "7.25", "CS_Health_Band__c": "Green"} for each in made]
    saved = records.save_many("update", "Account", rows, ACCESS, text=True)
    assert all(isinstance(each, Saved) for each in saved)


# --- the log of changes and what the org works out


def test_every_change_is_logged_in_order(records, acme):
    records.update("Account", acme, {"Phone": "1"}, ACCESS)
    records.delete("Account", acme, ACCESS)
    rows = records.database.connection.execute(f"SELECT object, record, kind, at, by FROM {CHANGE_LOG} ORDER BY number")
    assert rows.fetchall() == [
        ("Account", acme, "create", "2026-11-02T08:00:01.000Z", USER),
        ("Account", acme, "update", "2026-11-02T08:00:02.000Z", USER),
        ("Account", acme, "delete", "2026-11-02T08:00:03.000Z", USER),
    ]


def test_a_person_s_name_is_put_together(records):
    contact = records.create("Contact", {"FirstName": "Zoë", "LastName": "Ito", "Salutation": "Dr."}, ACCESS)
    assert value(records, "Contact", contact, "Name") == "Zoë Ito"
    records.update("Contact", contact, {"LastName": "Sato"}, ACCESS)
    assert value(records, "Contact", contact, "Name") == "Zoë Sato"
    assert refusal(records.update, "Contact", contact, {"Name": "X"}, ACCESS).code == "INVALID_FIELD_FOR_INSERT_UPDATE"


def test_an_opportunity_s_stage_decides(records):
    values = {"Name": "Deal", "StageName": "Proposal/Price Quote", "CloseDate": "2026-11-30", "Amount": 1000}
    deal = records.create("Opportunity", values, ACCESS)
    asked = ("Probability", "ExpectedRevenue", "IsClosed", "IsWon", "ForecastCategory", "Fiscal")
    assert value(records, "Opportunity", deal, *asked) == (75.0, 750.0, False, False, "BestCase", "2026 4")
    records.update("Opportunity", deal, {"Probability": 60}, ACCESS)
    assert value(records, "Opportunity", deal, "Probability", "ExpectedRevenue") == (60.0, 600.0)
    records.update("Opportunity", deal, {"StageName": "Closed Won"}, ACCESS)
    assert value(records, "Opportunity", deal, *asked) == (100.0, 1000.0, True, True, "Closed", "2026 4")


def test_a_contract_starts_as_a_draft_and_ends_by_its_term(records, acme):
    values = {"AccountId": acme, "StartDate": "2024-02-29", "ContractTerm": 12}
    refused = refusal(records.create, "Contract", {**values, "Status": "Activated"}, ACCESS)
    assert refused.code == "FAILED_ACTIVATION"
    contract = records.create("Contract", values, ACCESS)
    assert value(records, "Contract", contract, "Status", "StatusCode", "EndDate") == ("Draft", "Draft", "2025-02-27")
    records.update("Contract", contract, {"Status": "Activated"}, ACCESS)
    assert value(records, "Contract", contract, "StatusCode", "ActivatedById") == ("Activated", USER)
    assert refusal(records.create, "Contract", {}, ACCESS).message == "Required fields are missing: [AccountId]"


def test_a_task_knows_its_account_and_when_it_was_done(records, acme):
    contact = records.create("Contact", {"LastName": "A", "AccountId": acme}, ACCESS)
    task = records.create("Task", {"WhoId": contact, "Subject": "Anything", "Priority": "High"}, ACCESS)
    assert value(records, "Task", task, "AccountId", "Status", "IsClosed", "IsHighPriority") == (
        *(acme, "Not Started", False, True),
    )
    records.update("Task", task, {"Status": "Completed"}, ACCESS)
    assert value(records, "Task", task, "IsClosed", "CompletedDateTime") == (True, "2026-11-02T08:00:04.000+0000")


def test_an_event_needs_a_start_and_a_length(records):
    start = {"StartDateTime": "2026-11-05T09:00:00Z"}
    assert refusal(records.create, "Event", {}, ACCESS).code == "REQUIRED_FIELD_MISSING"
    assert refusal(records.create, "Event", start, ACCESS).fields == ("DurationInMinutes",)
    event = records.create("Event", {**start, "DurationInMinutes": 90}, ACCESS)
    assert value(records, "Event", event, "EndDateTime", "ActivityDate") == (
        *("2026-11-05T10:30:00.000+0000", "2026-11-05"),
    )
    records.update("Event", event, {"EndDateTime": "2026-11-05T10:00:00Z"}, ACCESS)
    assert value(records, "Event", event, "DurationInMinutes") == 60
