from datetime import UTC, date, datetime

import pytest

from toolkit.demo_org.access import Access
from toolkit.demo_org.clock import Clock
from toolkit.demo_org.company import seed
from toolkit.demo_org.database import Database
from toolkit.demo_org.describe import describe_object
from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.ids import make_id
from toolkit.demo_org.metadata import Metadata
from toolkit.demo_org.objects import standard_schema
from toolkit.demo_org.records import Records
from toolkit.demo_org.state import OrgState

ACCESS = Access.for_user(make_id("005", 3))
BUSINESS, PERSON = make_id("012", 5), make_id("012", 6)


@pytest.fixture
def records():
    schema = standard_schema(person_accounts=True)
    with Database(None, schema) as database:
        opened = Records(database, schema, Clock(datetime(2026, 11, 2, 8, tzinfo=UTC)))
        seed(opened, accounts=0, seed=1, today=date(2026, 11, 2))
        yield opened


@pytest.fixture
def ada(records):
    return records.create(
        "Account", {"RecordTypeId": PERSON, "FirstName": "Ada", "LastName": "Ito", "PersonEmail": "a@b.example"}, ACCESS
    )


def value(records, sobject, record_id, *names):
    found = records.get(sobject, record_id, ACCESS, names)
    return found[names[0]] if len(names) == 1 else tuple(found.values())


def refusal(call, *arguments, **more):
    with pytest.raises(Refusal) as caught:
        call(*arguments, **more)
    return caught.value


def test_a_business_org_has_none_of_it():
    schema = standard_schema()
    for name in ("IsPersonAccount", "PersonContactId", "PersonEmail", "LastName", "RecordTypeId"):
        assert schema.get("Account").field(name) is None
    assert schema.get("Contact").field("IsPersonAccount") is None


def test_account_describes_the_person_s_fields(records):
    described = describe_object(records.schema.get("Account"), records.schema, ACCESS, 66.0, "https://x")
    fields = {each["name"]: each for each in described["fields"]}
    assert [fields["IsPersonAccount"][key] for key in ("type", "createable", "updateable")] == ["boolean", False, False]
    assert fields["LastName"]["extraTypeInfo"] == "switchablepersonname"
    assert fields["PersonContactId"]["referenceTo"] == ["Contact"]
    assert fields["PersonMailingCity"]["compoundFieldName"] == "PersonMailingAddress"
    assert [each["developerName"] for each in described["recordTypeInfos"]] == ["Business", "PersonAccount", "Master"]


def test_a_person_account_has_a_contact_for_a_twin(records, ada):
    name, is_person, contact, kind = value(
        records, "Account", ada, "Name", "IsPersonAccount", "PersonContactId", "RecordTypeId"
    )
    assert (name, is_person, kind) == ("Ada Ito", True, PERSON)
    assert value(records, "Contact", contact, "Name", "Email", "AccountId", "IsPersonAccount") == (
        "Ada Ito",
        "a@b.example",
        ada,
        True,
    )


def test_a_change_of_either_is_a_change_of_both(records, ada):
    contact = value(records, "Account", ada, "PersonContactId")
    records.update("Account", ada, {"LastName": "Ueda", "PersonMailingCity": "Osaka"}, ACCESS)
    assert value(records, "Contact", contact, "Name", "MailingCity") == ("Ada Ueda", "Osaka")
    records.update("Contact", contact, {"FirstName": "Eda", "Email": "e@b.example"}, ACCESS)
    assert value(records, "Account", ada, "Name", "PersonEmail") == ("Eda Ueda", "e@b.example")


@pytest.mark.parametrize(
    ("values", "code", "fields"),
    [
        ({"RecordTypeId": PERSON, "Name": "Ada Ito", "LastName": "Ito"}, "INVALID_FIELD_FOR_INSERT_UPDATE", ("Name",)),
        ({"RecordTypeId": PERSON, "FirstName": "Ada"}, "REQUIRED_FIELD_MISSING", ("LastName",)),
        ({"Phone": "1"}, "REQUIRED_FIELD_MISSING", ("Name",)),
        (
            {"RecordTypeId": BUSINESS, "Name": "Acme", "PersonEmail": "a@b.example"},
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            ("PersonEmail",),
        ),
    ],
)
def test_an_account_is_either_a_person_or_a_company(records, values, code, fields):
    refused = refusal(records.create, "Account", values, ACCESS)
    assert (refused.code, set(fields) <= set(refused.fields)) == (code, True)


def test_without_a_record_type_the_name_decides(records):
    person = records.create("Account", {"LastName": "Ito"}, ACCESS)
    company = records.create("Account", {"Name": "Acme"}, ACCESS)
    assert value(records, "Account", person, "IsPersonAccount", "RecordTypeId") == (True, PERSON)
    assert value(records, "Account", company, "IsPersonAccount", "RecordTypeId") == (False, BUSINESS)
    assert value(records, "Account", company, "PersonContactId") is None


def test_a_person_s_name_is_not_written_as_one(records, ada):
    assert refusal(records.update, "Account", ada, {"Name": "X"}, ACCESS).fields == ("Name",)


def test_the_twin_stays_with_its_account(records, ada):
    contact = value(records, "Account", ada, "PersonContactId")
    other = records.create("Account", {"Name": "Acme"}, ACCESS)
    assert refusal(records.update, "Contact", contact, {"AccountId": other}, ACCESS).fields == ("AccountId",)
    assert refusal(records.delete, "Contact", contact, ACCESS).code == "DELETE_FAILED"
    records.delete("Account", ada, ACCESS)
    assert refusal(records.get, "Contact", contact, ACCESS).code == "NOT_FOUND"
    records.undelete([ada], ACCESS)
    assert value(records, "Contact", contact, "AccountId") == ada


def test_merging_persons_merges_their_twins(records, ada):
    other = records.create("Account", {"LastName": "Ito", "FirstName": "A."}, ACCESS)
    twins = [value(records, "Account", each, "PersonContactId") for each in (ada, other)]
    records.merge("Account", ada, [other], ACCESS)
    assert value(records, "Contact", twins[0], "Name") == "Ada Ito"
    statement = "SELECT IsDeleted, MasterRecordId FROM Contact WHERE Id = ?"
    assert records.database.connection.execute(statement, (twins[1],)).fetchone() == (1, twins[0])
    company = records.create("Account", {"Name": "Acme"}, ACCESS)
    assert refusal(records.merge, "Account", ada, [company], ACCESS).code == "MERGE_FAILED"


def test_a_custom_field_of_the_contact_is_one_of_the_account_too(records, ada):
    metadata = Metadata(records.database, records.schema, records.rules, records.clock)
    metadata.create_field("Contact.Mood__c", {"label": "Mood", "type": "Text", "length": 20})
    records.update("Account", ada, {"Mood__pc": "good"}, ACCESS)
    assert value(records, "Contact", value(records, "Account", ada, "PersonContactId"), "Mood__c") == "good"


def test_an_org_stays_what_it_was_made(tmp_path):
    path = tmp_path / "org.sqlite"
    now = datetime(2026, 11, 2, 8, tzinfo=UTC)
    OrgState(2, 1, now, path, person_accounts=True).close()
    again = OrgState(2, 1, now, path)
    try:
        assert again.schema.get("Account").field("IsPersonAccount") is not None
        assert {each["IsPersonAccount"] for each in again.look("SELECT IsPersonAccount FROM Account")} >= {False}
    finally:
        again.close()
