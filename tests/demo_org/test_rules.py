from datetime import UTC, date, datetime

import pytest

from toolkit.demo_org.access import Access
from toolkit.demo_org.clock import Clock
from toolkit.demo_org.company import seed
from toolkit.demo_org.database import Database
from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.ids import make_id
from toolkit.demo_org.metadata import Metadata
from toolkit.demo_org.objects import standard_schema
from toolkit.demo_org.records import Records
from toolkit.demo_org.rules import DuplicateRule

USER = make_id("005", 3)
ACCESS = Access.for_user(USER)


class Org:
    """An org with its users, and no records."""

    def __init__(self, database, schema):
        self.records = Records(database, schema, Clock(datetime(2026, 11, 2, 8, tzinfo=UTC)))
        seed(self.records, accounts=0, seed=1, today=date(2026, 11, 2))
        self.metadata = Metadata(database, schema, self.records.rules, self.records.clock)

    def create(self, sobject, **values):
        return self.records.create(sobject, values, ACCESS)

    def update(self, sobject, record_id, **values):
        self.records.update(sobject, record_id, values, ACCESS)

    def value(self, sobject, record_id, *names):
        found = self.records.get(sobject, record_id, ACCESS, names)
        return found[names[0]] if len(names) == 1 else tuple(found.values())

    def ask(self, sql, *params):
        return self.records.database.connection.execute(sql, params).fetchall()


@pytest.fixture
def org():
    schema = standard_schema()
    with Database(None, schema) as database:
        yield Org(database, schema)


@pytest.fixture
def acme(org):
    return org.create("Account", Name="Acme", Industry="Banking", NumberOfEmployees=50)


def refusal(call, *arguments, **more):
    with pytest.raises(Refusal) as caught:
        call(*arguments, **more)
    return caught.value


# --- validation rules


@pytest.mark.parametrize(
    ("formula", "values", "refused"),
    [
        ("ISBLANK(Phone)", {}, True),
        ("ISBLANK(Phone)", {"Phone": "1"}, False),
        ("ISCHANGED(Industry)", {"Industry": "Energy"}, True),
        ("ISCHANGED(Industry)", {"Industry": "Banking"}, False),
        ("NumberOfEmployees < PRIORVALUE(NumberOfEmployees)", {"NumberOfEmployees": 40}, True),
        ("NumberOfEmployees < PRIORVALUE(NumberOfEmployees)", {"NumberOfEmployees": 60}, False),
        ('NOT(REGEX(BillingPostalCode, "[0-9]{5}"))', {"BillingPostalCode": "1234"}, True),
        ('NOT(REGEX(BillingPostalCode, "[0-9]{5}"))', {"BillingPostalCode": "12345"}, False),
        ("CS_Renewal_Date__c < TODAY()", {"CS_Renewal_Date__c": "2026-11-01"}, True),
        ("CS_Renewal_Date__c < TODAY()", {"CS_Renewal_Date__c": "2026-11-02"}, False),
        ('AND(Active__c, ISPICKVAL(Type, "Prospect"))', {"Active__c": True, "Type": "Prospect"}, True),
        ('Owner.Username <> $User.Username || CONTAINS(Name, "x")', {}, False),
        ("ISNEW()", {}, False),
    ],
)
def test_a_record_is_refused_when_a_rule_s_formula_is_true(org, acme, formula, values, refused):
    org.metadata.add_validation_rule("Account", "Rule", formula, "Not like this")
    if refused:
        found = refusal(org.update, "Account", acme, Description="x", **values)
        assert (found.status, found.code, found.message) == (400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", "Not like this")
        assert found.fields == ()
    else:
        org.update("Account", acme, Description="x", **values)


def test_a_rule_may_blame_a_field_and_several_rules_speak_at_once(org):
    org.metadata.add_validation_rule("Account", "A", "ISBLANK(Phone)", "Phone?", field="phone")
    org.metadata.add_validation_rule("Account", "B", "ISBLANK(Site)", "Site?")
    outcome = org.records.save_many(
        "insert", "Account", [{"Name": "x"}, {"Name": "y", "Phone": "1", "Site": "s"}], ACCESS
    )
    assert [(each.message, each.fields) for each in outcome[0]] == [("Phone?", ("Phone",)), ("Site?", ())]
    assert outcome[1].created


def test_a_rule_can_be_turned_off_and_on_and_removed(org):
    org.metadata.add_validation_rule("Account", "Rule", "TRUE", "No", active=False)
    org.create("Account", Name="a")
    org.metadata.switch_rule("account", "rule", True)
    assert refusal(org.create, "Account", Name="b").message == "No"
    org.metadata.remove_rule("Account", "Rule")
    org.create("Account", Name="c")
    assert refusal(org.metadata.switch_rule, "Account", "Rule", True).code == "NOT_FOUND"


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("Nope__c = 1", "Field Nope__c does not exist. Check spelling."),
        ("Owner.Nope = 1", "Field Owner.Nope does not exist. Check spelling."),
        ("BillingAddress = 1", "Field BillingAddress does not exist. Check spelling."),
        ("LEN(", "Syntax error. Formula ends too soon"),
    ],
)
def test_a_rule_whose_formula_cannot_be_is_not_saved(org, formula, message):
    refused = refusal(org.metadata.add_validation_rule, "Account", "R", formula, "No")
    assert (refused.code, refused.message) == ("FIELD_INTEGRITY_EXCEPTION", message)


# --- duplicate rules


@pytest.fixture
def watched(org, acme):
    org.metadata.add_duplicate_rule(DuplicateRule("Account", "Same_Name", ("Name",)))
    return acme


def test_a_duplicate_is_refused_with_the_records_it_is_like(org, watched):
    refused = refusal(org.create, "Account", Name="ACME")
    assert (refused.code, refused.message) == ("DUPLICATES_DETECTED", "Use one of these records?")
    outcome = org.records.save_many("insert", "Account", [{"Name": "acme"}], ACCESS)[0]
    result = outcome[0].details["duplicateResult"]
    assert (result["allowSave"], result["duplicateRule"], result["duplicateRuleEntityType"]) == (
        True,
        "Same_Name",
        "Account",
    )
    matches = result["matchResults"][0]
    assert (matches["size"], matches["matchEngine"]) == (1, "ExactMatchEngine")
    assert matches["matchRecords"][0]["record"]["Id"] == watched


def test_who_has_seen_the_duplicates_may_save_unless_the_rule_blocks(org, watched):
    saved = org.records.save_many("insert", "Account", [{"Name": "Acme"}], ACCESS, allow_duplicates=True)
    assert saved[0].created
    org.metadata.add_duplicate_rule(DuplicateRule("Account", "Same_Name", ("Name",), blocks=True))
    refused = org.records.save_many("insert", "Account", [{"Name": "Acme"}], ACCESS, allow_duplicates=True)[0]
    assert refused[0].details["duplicateResult"]["allowSave"] is False


def test_blank_is_like_nothing_and_a_change_elsewhere_is_not_looked_at(org, watched):
    org.metadata.add_duplicate_rule(DuplicateRule("Account", "Same_Site", ("Site", "Name")))
    org.update("Account", watched, Phone="1")
    org.create("Account", Name="Other")
    other = org.create("Account", Name="Third")
    assert refusal(org.update, "Account", other, Name="acme").code == "DUPLICATES_DETECTED"


def test_the_standard_rules_are_there_and_off(org):
    org.create("Contact", LastName="A", Email="a@b.example")
    org.create("Contact", LastName="B", Email="a@b.example")
    org.metadata.switch_rule("Contact", "Standard_Contact_Duplicate_Rule", True)
    assert refusal(org.create, "Contact", LastName="C", Email="A@B.example").code == "DUPLICATES_DETECTED"


# --- picklists that depend on something


@pytest.fixture
def dependent(org):
    org.metadata.create_field(
        "Account.Sub_Industry__c",
        {
            "label": "Sub-Industry",
            "type": "Picklist",
            "valueSet": {
                "restricted": True,
                "controllingField": "Industry",
                "valueSetDefinition": {"value": [{"fullName": "Retail bank"}, {"fullName": "Solar"}]},
                "valueSettings": [
                    {"controllingFieldValue": ["Banking", "Finance"], "valueName": "Retail bank"},
                    {"controllingFieldValue": ["Energy"], "valueName": "Solar"},
                ],
            },
        },
    )


@pytest.mark.parametrize(
    ("industry", "value", "fits"),
    [
        ("Banking", "Retail bank", True),
        ("Energy", "Retail bank", False),
        ("Energy", "Solar", True),
        (None, "Solar", False),
    ],
)
def test_a_dependent_value_has_to_go_with_the_controlling_one(org, dependent, industry, value, fits):
    values = {"Name": "x", "Industry": industry, "Sub_Industry__c": value}
    if fits:
        org.create("Account", **values)
    else:
        assert refusal(org.create, "Account", **values).code == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"


def test_the_controlling_value_cannot_be_changed_from_under_it(org, dependent):
    made = org.create("Account", Name="x", Industry="Energy", Sub_Industry__c="Solar")
    assert refusal(org.update, "Account", made, Industry="Banking").fields == ("Sub_Industry__c",)
    org.update("Account", made, Industry="Banking", Sub_Industry__c=None)


DEAL = {"Name": "D", "StageName": "Prospecting", "CloseDate": "2026-12-01"}


def test_a_record_type_has_to_be_one_of_the_object(org):
    new_business, support = make_id("012", 1), make_id("012", 4)
    made = org.create("Opportunity", **DEAL, RecordTypeId=new_business[:15])
    assert org.value("Opportunity", made, "RecordTypeId") == new_business
    assert refusal(org.create, "Opportunity", **DEAL, RecordTypeId=support).code == "INVALID_CROSS_REFERENCE_KEY"


def test_record_types_are_records(org):
    rows = org.ask("SELECT SobjectType, DeveloperName FROM RecordType ORDER BY Id")
    assert rows == [
        ("Opportunity", "New_Business"),
        ("Opportunity", "Renewal"),
        ("Opportunity", "Expansion"),
        ("Case", "Support"),
    ]


# --- owners, parents, unique values within one call


def test_an_inactive_user_cannot_be_given_a_record(org, acme):
    org.records.update("User", make_id("005", 5), {"IsActive": False}, ACCESS)
    assert refusal(org.update, "Account", acme, OwnerId=make_id("005", 5)).code == "INACTIVE_OWNER_OR_USER"
    org.update("Account", acme, CSM__c=make_id("005", 5))


def test_two_rows_of_one_call_cannot_make_a_circle(org, acme):
    other = org.create("Account", Name="B")
    rows = [{"Id": acme, "ParentId": other}, {"Id": other, "ParentId": acme}]
    saved, refused = org.records.save_many("update", "Account", rows, ACCESS)
    assert saved.id == acme
    assert refused[0].code == "CIRCULAR_DEPENDENCY"


def test_two_records_may_swap_a_unique_value_in_one_call(org):
    a = org.create("Account", Name="A", Product_Id__c="P-1")
    b = org.create("Account", Name="B", Product_Id__c="P-2")
    rows = [{"Id": a, "Product_Id__c": "p-2"}, {"Id": b, "Product_Id__c": "P-1"}]
    assert [each.id for each in org.records.save_many("update", "Account", rows, ACCESS)] == [a, b]


def test_a_value_is_not_free_when_its_holder_is_refused(org):
    a = org.create("Account", Name="A", Product_Id__c="P-1")
    b = org.create("Account", Name="B")
    rows = [{"Id": b, "Product_Id__c": "P-1"}, {"Id": a, "Product_Id__c": "P-9", "Name": None}]
    taken, missing = org.records.save_many("update", "Account", rows, ACCESS)
    assert (taken[0].code, missing[0].code) == ("DUPLICATE_VALUE", "REQUIRED_FIELD_MISSING")


def test_a_value_is_not_free_when_its_holder_meets_another_taken_one(org):
    a, b, c = (org.create("Account", Name=name, Product_Id__c=f"P-{name}") for name in "ABC")
    rows = [{"Id": c, "Product_Id__c": "P-B"}, {"Id": b, "Product_Id__c": "P-A"}]
    assert [each[0].code for each in org.records.save_many("update", "Account", rows, ACCESS)] == [
        "DUPLICATE_VALUE"
    ] * 2
    assert org.value("Account", a, "Product_Id__c") == "P-A"


# --- what follows from a save


def relations(org, contact):
    statement = (
        "SELECT AccountId, IsDirect FROM AccountContactRelation WHERE ContactId = ? AND IsDeleted = 0 ORDER BY Id"
    )
    return org.ask(statement, contact)


def test_the_direct_relation_follows_the_contacts_account(org, acme):
    other = org.create("Account", Name="B")
    contact = org.create("Contact", LastName="Ito", AccountId=acme)
    assert relations(org, contact) == [(acme, 1)]
    org.update("Contact", contact, AccountId=other)
    assert relations(org, contact) == [(other, 1)]
    org.update("Contact", contact, AccountId=None)
    assert relations(org, contact) == []


def test_an_indirect_relation_becomes_direct_when_the_contact_moves_there(org, acme):
    other = org.create("Account", Name="B")
    contact = org.create("Contact", LastName="Ito", AccountId=acme)
    org.create("AccountContactRelation", ContactId=contact, AccountId=other, Roles="Evaluator;Influencer")
    org.update("Contact", contact, AccountId=other)
    assert relations(org, contact) == [(other, 1)]


def test_a_direct_relation_cannot_be_deleted_nor_one_made_twice(org, acme):
    contact = org.create("Contact", LastName="Ito", AccountId=acme)
    ((direct,),) = org.ask("SELECT Id FROM AccountContactRelation")
    assert refusal(org.records.delete, "AccountContactRelation", direct, ACCESS).code == "DELETE_FAILED"
    again = refusal(org.create, "AccountContactRelation", ContactId=contact, AccountId=acme)
    assert again.code == "DUPLICATE_VALUE"


def test_a_deal_has_one_primary_contact(org):
    deal = org.create("Opportunity", **DEAL)
    contacts = [org.create("Contact", LastName=name) for name in "AB"]
    first, second = (
        org.create("OpportunityContactRole", OpportunityId=deal, ContactId=each, IsPrimary=True) for each in contacts
    )
    assert org.value("OpportunityContactRole", first, "IsPrimary") is False
    assert org.value("OpportunityContactRole", second, "IsPrimary") is True


def test_a_note_is_a_document_linked_to_its_owner(org, acme):
    note = org.create("ContentNote", Title="Kick-off", Content="PGI+SGVsbG88L2I+IHlvdQ==")
    assert org.value("ContentNote", note, "TextPreview", "ContentSize", "FileType") == ("Hello you", 16, "SNOTE")
    assert org.value("ContentDocument", note, "Title") == "Kick-off"
    org.create("ContentDocumentLink", ContentDocumentId=note, LinkedEntityId=acme)
    links = org.ask("SELECT LinkedEntityId, ShareType FROM ContentDocumentLink WHERE ContentDocumentId = ?", note)
    assert sorted(links) == sorted([(USER, "I"), (acme, "V")])
    org.update("ContentNote", note, Title="Start")
    assert org.value("ContentDocument", note, "Title") == "Start"
    org.records.delete("ContentDocument", note, ACCESS)
    assert org.ask("SELECT IsDeleted FROM ContentNote") == [(1,)]
    assert refusal(org.create, "ContentNote", Title="x", Content="not base64!").fields == ("Content",)


def test_a_case_is_numbered_closed_by_its_status_and_knows_its_contact(org, acme):
    contact = org.create("Contact", LastName="Ito", AccountId=acme, Email="ito@acme.example")
    case = org.create("Case", Subject="Help", ContactId=contact)
    assert org.value("Case", case, "CaseNumber", "Status", "IsClosed", "AccountId", "ContactEmail") == (
        "00000001",
        "New",
        False,
        acme,
        "ito@acme.example",
    )
    org.update("Case", case, Status="Closed")
    assert org.value("Case", case, "IsClosed", "ClosedDate") == (True, "2026-11-02T08:00:04.000+0000")


def test_an_email_cannot_be_rewritten_once_it_is_sent(org, acme):
    draft = org.create("EmailMessage", Subject="Hi", Status="5", RelatedToId=acme)
    org.update("EmailMessage", draft, Subject="Hello", Status="3")
    assert refusal(org.update, "EmailMessage", draft, Subject="Ho").code == "INSUFFICIENT_ACCESS_OR_READONLY"
    org.update("EmailMessage", draft, IsExternallyVisible=True)


def test_a_formula_field_is_worked_out_and_an_auto_number_counts(org, acme):
    plan = org.create("Success_Plan__c", Account__c=acme, Progress__c=100, Status__c="Achieved")
    assert org.value("Success_Plan__c", plan, "Name", "Complete__c") == ("SP-00001", True)
    org.update("Success_Plan__c", plan, Progress__c=99)
    assert org.value("Success_Plan__c", plan, "Complete__c") is False
    refused = refusal(org.update, "Success_Plan__c", plan, Complete__c=True)
    assert refused.code == "INVALID_FIELD_FOR_INSERT_UPDATE"
    org.records.delete("Account", acme, ACCESS)
    assert org.ask("SELECT IsDeleted FROM Success_Plan__c") == [(1,)]


def test_a_task_may_belong_to_a_queue_and_be_with_a_lead(org):
    ((queue,),) = org.ask("SELECT Id FROM \"Group\" WHERE Type = 'Queue'")
    lead = org.create("Lead", LastName="Doe", Company="New Co")
    task = org.create("Task", WhoId=lead, OwnerId=queue)
    assert org.value("Task", task, "WhoId", "OwnerId") == (lead, queue)
    wrong = refusal(org.create, "Account", Name="x", OwnerId=queue)
    assert wrong.code == "FIELD_INTEGRITY_EXCEPTION"
