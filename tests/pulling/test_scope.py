"""Scopes: what they say in words and in SOQL, and that an org understands them."""

import pytest

from toolkit.config import ObjectMapping, Scope
from toolkit.config.filters import parse_filter
from toolkit.config.objects import Picklist
from toolkit.errors import InputError, NotFoundError
from toolkit.pulling.conditions import is_volatile, operators_of, to_soql, unknown_values
from toolkit.pulling.scope import (
    ResolvedScope,
    default_view,
    identifying_fields,
    keeps_to_won,
    resolve_scope,
    view_is_volatile,
)


def account(**scope) -> ObjectMapping:
    return ObjectMapping(scope=Scope(**scope)).named("account")


def an_object(name, sobject, **settings) -> ObjectMapping:
    return ObjectMapping(sobject=sobject, **settings).named(name)


def ids(org, sobject, scope) -> set[str]:
    return set(org.records(sobject, ["Id"], scope.where, scope.using)["Id"])


def found(demo_org, soql) -> set[str]:
    return {row["Id"] for row in demo_org.rows(soql)}


FILTERS = {
    "Type contains 'ustomer'": "Type LIKE '%ustomer%'",
    "Type does not contain 'ustomer'": "Type = null OR (NOT Type LIKE '%ustomer%')",
    "Name starts with 'A' or Name ends with 's'": "(Name LIKE 'A%') OR (Name LIKE '%s')",
    "Industry in ('Energy', 'Retail')": "Industry IN ('Energy','Retail')",
    "Industry not in ('Energy', 'Retail')": "Industry = null OR Industry NOT IN ('Energy','Retail')",
    "Industry != 'Energy' and AnnualRevenue >= 1000000.5": (
        "(Industry = null OR Industry != 'Energy') AND (AnnualRevenue >= 1000000.5)"
    ),
    "Website is empty or Website is not empty": "(Website = null) OR (Website != null)",
    "not (Active__c = true)": "NOT (Active__c = true)",
    "CS_Renewal_Date__c < 2027-01-01": "CS_Renewal_Date__c < 2027-01-01",
    "CreatedDate >= LAST_N_DAYS:30": "CreatedDate >= LAST_N_DAYS:30",
    "CreatedDate = 2026-11-02": "(CreatedDate >= 2026-11-02T00:00:00Z AND CreatedDate < 2026-11-03T00:00:00Z)",
    "CreatedDate > 2026-11-01": "CreatedDate >= 2026-11-02T00:00:00Z",
    "CreatedDate <= 2026-11-02T08:00:00Z": "CreatedDate <= 2026-11-02T08:00:00Z",
    "owner.name = 'it\\'s'": "Owner.Name = 'it\\'s'",
}


@pytest.mark.parametrize(("text", "soql"), FILTERS.items())
def test_VIT_11_a_filter_is_soql_that_the_org_understands(org, text, soql):
    assert to_soql(parse_filter(text), org.describe("Account")) == soql
    org.count("Account", soql)


def test_VIT_11_what_contains_looks_for_is_text_and_no_pattern(demo_org, org):
    accounts = [row["Id"] for row in demo_org.rows("SELECT Id FROM Account ORDER BY Id LIMIT 4")]
    for each, name in zip(accounts, ["100% Wool", "100 Wool", "snake_case\\", "O'Neil"], strict=True):
        demo_org.edit("Account", each, {"Name": name})
    for text, wanted in {"'0%'": 0, "'e_c'": 2, "'e\\\\'": 2, "'O\\'N'": 3}.items():
        where = to_soql(parse_filter(f"Name contains {text}"), org.describe("Account"))
        assert set(org.records("Account", ["Id"], where)["Id"]) == {accounts[wanted]}


def test_what_says_not_keeps_records_without_a_value(demo_org, org):
    one, other = (row["Id"] for row in demo_org.rows("SELECT Id FROM Account ORDER BY Id LIMIT 2"))
    demo_org.edit("Account", one, {"Industry": None, "Site": None})
    demo_org.edit("Account", other, {"Industry": "Energy", "Site": "Energy"})
    for text in ("Industry != 'Energy'", "Industry not in ('Energy')", "Site does not contain 'Energy'"):
        where = to_soql(parse_filter(text), org.describe("Account"))
        kept = set(org.records("Account", ["Id"], where)["Id"])
        assert one in kept, text
        assert other not in kept, text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Industri = 'x'", "did you mean Industry"),
        ("Owner.Nam = 'x'", "did you mean Name"),
        ("AnnualRevenue contains '5'", 'of type currency, which "contains" is not for'),
        ("AnnualRevenue > 'much'", "cannot be compared with 'much'"),
        ("Type = true", "cannot be compared with true"),
        ("Active__c is empty", "valid is =, !="),
        ("CreatedDate = 'yesterday'", "valid is a time such as"),
        ("OwnerId = 'Anna'", "valid is a record id in quotes"),
        ("Type includes ('A')", 'which "includes" is not for'),
        ("BillingAddress = 'x'", "which Salesforce cannot filter by"),
        ("Description contains 'x'", "which Salesforce cannot filter by"),
    ],
)
def test_VIT_11_a_filter_that_does_not_fit_its_field_says_what_does(org, text, said):
    with pytest.raises((InputError, NotFoundError)) as caught:
        to_soql(parse_filter(text), org.describe("Account"))
    assert said in str(caught.value)


def test_values_that_a_picklist_does_not_have_are_told_and_no_error(org):
    describe = org.describe("Account")
    (sentence,) = unknown_values(parse_filter("Industry in ('Enrgy', 'Energy') and Name = 'x'"), describe)
    assert sentence.startswith('Account.Industry has no value "Enrgy"; did you mean "Energy"?; valid is ')
    mapping = account(filter="Industry = 'Enrgy'")
    assert sentence in resolve_scope(mapping, describe).advice


def test_a_widget_can_ask_for_the_operators_of_a_field(org):
    describe = org.describe("Account")
    assert operators_of(describe.field("Active__c")) == ("=", "!=")
    assert "contains" in operators_of(describe.field("Type"))
    assert operators_of(describe.field("BillingAddress")) == ()


def test_CC_6_a_picklist_and_several_of_its_values_say_who_is_a_customer(demo_org, org):
    values = ("Customer - Direct", "Customer - Channel")
    resolved = resolve_scope(account(picklist=Picklist(field="type", values=values)), org.describe("Account"))
    assert resolved.label == 'Type is "Customer - Direct" or "Customer - Channel"'
    assert resolved.where == "Type IN ('Customer - Direct','Customer - Channel')"
    assert not resolved.volatile
    wanted = found(demo_org, "SELECT Id FROM Account WHERE Type LIKE 'Customer%'")
    assert 0 < len(wanted) < 60
    assert ids(org, "Account", resolved) == wanted


def test_CC_3_only_a_picklist_identifies_customers(org):
    describe = org.describe("Account")
    with pytest.raises(InputError, match=r"field of type string, and the scope's picklist must be one \(CC-3\)") as no:
        resolve_scope(account(picklist=Picklist(field="Name", values=("x",))), describe)
    assert "CS_Stage__c" in no.value.hint
    with pytest.raises(InputError, match='CS_Stage__c has no value "Grown"; did you mean "Growth"'):
        resolve_scope(account(picklist=Picklist(field="CS_Stage__c", values=("Grown",))), describe)
    unrestricted = resolve_scope(account(picklist=Picklist(field="Type", values=("Customer",))), describe)
    assert any('Type has no value "Customer"' in sentence for sentence in unrestricted.advice)


def test_CC_17_a_field_of_several_values_is_in_scope_with_one_of_them(demo_org, org):
    choices = [{"fullName": each, "label": each} for each in ("Core", "Plus", "Labs")]
    definition = {"label": "Products", "type": "MultiselectPicklist", "visibleLines": 3}
    definition["valueSet"] = {"valueSetDefinition": {"value": choices}}
    demo_org.metadata.create_field("Account.Products__c", definition)
    demo_org.set_access("Account", "Products__c", read=True, edit=True)
    one, other = (row["Id"] for row in demo_org.rows("SELECT Id FROM Account ORDER BY Id LIMIT 2"))
    demo_org.edit("Account", one, {"Products__c": "Core;Labs"})
    demo_org.edit("Account", other, {"Products__c": "Plus"})
    describe = org.describe("Account", refresh=True)
    resolved = resolve_scope(account(picklist=Picklist(field="Products__c", values=("Labs", "Core"))), describe)
    assert resolved.where == "Products__c INCLUDES ('Labs','Core')"
    assert ids(org, "Account", resolved) == {one}
    excluded = resolve_scope(account(filter="Products__c excludes ('Core;Labs')"), describe)
    assert ids(org, "Account", excluded) == found(demo_org, "SELECT Id FROM Account") - {one}


def test_CC_2_CC_5_the_fields_that_may_identify_a_customer_are_offered_likely_ones_first(org):
    offered = [each.name for each in identifying_fields(org.describe("Account"))]
    assert offered[0] == "Type"
    assert "CS_Stage__c" in offered
    assert "Name" not in offered


def test_SKA_9_a_list_view_says_who_takes_part_and_all_that_is_given_must_hold(demo_org, org):
    mapping = account(list_view="Active Customers", filter="Industry = 'Energy' or Industry is empty")
    resolved = resolve_scope(mapping, org.describe("Account"), org.list_view("Account", "Active Customers"))
    assert resolved.label == "the list view \"Active Customers\", Industry = 'Energy' or Industry is empty"
    wanted = found(
        demo_org,
        "SELECT Id FROM Account WHERE Type LIKE 'Customer%' AND Active__c = TRUE AND "
        "(Industry = 'Energy' OR Industry = null)",
    )
    assert wanted
    assert ids(org, "Account", resolved) == wanted


def test_SKA_10_the_view_to_begin_with_is_all_accounts(org):
    assert default_view(org.list_views("Account")).label == "All Accounts"
    assert default_view(org.list_views("Contact"), "Contacts").label == "All Contacts"
    assert default_view([]) is None


def test_SKA_11_who_relies_on_a_view_is_told_to_guard_it(org):
    view = org.list_view("Account", "Active Customers")
    (sentence,) = resolve_scope(account(list_view="Active Customers"), org.describe("Account"), view).advice
    assert 'can change what "Active Customers" shows' in sentence
    assert "let only an administrator edit it (SKA-11)" in sentence


def test_VIT_1_VIT_13_everything_takes_part_when_nothing_is_said_with_a_warning(org):
    resolved = resolve_scope(account(), org.describe("Account"))
    assert (resolved.everything, resolved.where, resolved.label) == (True, None, "all of Account")
    assert any("VIT-13" in sentence for sentence in resolved.advice)
    assert not resolve_scope(account(filter="Type contains 'Customer'"), org.describe("Account")).advice


@pytest.fixture
def active(org) -> tuple[ResolvedScope, ObjectMapping]:
    mapping = account(list_view="Active Customers")
    view = org.list_view("Account", "Active Customers")
    return resolve_scope(mapping, org.describe("Account"), view), mapping


ACTIVE = "SELECT Id FROM Account WHERE Type LIKE 'Customer%' AND Active__c = TRUE"


def test_SKA_19_contacts_are_those_of_the_accounts_in_scope(demo_org, org, active):
    resolved = resolve_scope(an_object("contact", "Contact"), org.describe("Contact"), None, *active)
    assert resolved.label == 'all of Contact of the accounts in the list view "Active Customers"'
    assert resolved.accounts.in_soql
    assert resolved.countable
    assert not resolved.volatile
    wanted = found(demo_org, f"SELECT Id FROM Contact WHERE AccountId IN ({ACTIVE})")
    assert 0 < len(wanted) < len(demo_org.rows("SELECT Id FROM Contact"))
    assert ids(org, "Contact", resolved) == wanted
    everybody = an_object("contact", "Contact", scope=Scope(of_accounts=False))
    assert resolve_scope(everybody, org.describe("Contact"), None, *active).everything


def test_SKA_20_a_view_or_a_filter_keeps_to_some_of_these_contacts(demo_org, org, active):
    some = an_object("contact", "Contact", scope=Scope(list_view="All Contacts", filter="Title contains 'a'"))
    view = org.list_view("Contact", "All Contacts")
    resolved = resolve_scope(some, org.describe("Contact"), view, *active)
    wanted = found(demo_org, f"SELECT Id FROM Contact WHERE Title LIKE '%a%' AND AccountId IN ({ACTIVE})")
    assert wanted
    assert ids(org, "Contact", resolved) == wanted


def test_SKA_25_opportunities_are_the_won_ones_of_the_accounts_unless_a_view_or_the_mapping_says_else(
    demo_org, org, active
):
    describe = org.describe("Opportunity")
    won = resolve_scope(an_object("agreement", "Opportunity"), describe, None, *active)
    wanted = found(demo_org, f"SELECT Id FROM Opportunity WHERE IsWon = TRUE AND AccountId IN ({ACTIVE})")
    assert wanted
    assert ids(org, "Opportunity", won) == wanted
    every = resolve_scope(an_object("agreement", "Opportunity", scope=Scope(won=False)), describe, None, *active)
    assert ids(org, "Opportunity", every) == found(
        demo_org, f"SELECT Id FROM Opportunity WHERE AccountId IN ({ACTIVE})"
    )
    assert not keeps_to_won(an_object("agreement", "Opportunity", scope=Scope(list_view="Any")))
    assert keeps_to_won(an_object("agreement", "Opportunity", scope=Scope(list_view="Any", won=True)))
    contracts = resolve_scope(an_object("agreement", "Contract"), org.describe("Contract"), None, *active)
    assert ids(org, "Contract", contracts) == found(demo_org, f"SELECT Id FROM Contract WHERE AccountId IN ({ACTIVE})")


@pytest.mark.parametrize(
    ("name", "sobject"), [("call", "Task"), ("meeting", "Event"), ("email", "EmailMessage"), ("note", "Note")]
)
def test_where_soql_has_no_semi_join_records_are_kept_by_the_ids_of_the_accounts(org, active, name, sobject):
    resolved = resolve_scope(an_object(name, sobject), org.describe(sobject), None, *active)
    assert not resolved.accounts.in_soql
    assert not resolved.countable
    assert "SELECT" not in resolved.where
    assert any("archives" in sentence for sentence in resolved.advice) is (sobject in ("Task", "Event"))
    org.count(sobject, resolved.where)


def test_a_view_of_my_accounts_cannot_stand_in_a_semi_join(org):
    mapping = account(list_view="My Accounts")
    mine = resolve_scope(mapping, org.describe("Account"), org.list_view("Account", "My Accounts"))
    assert (mine.using, mine.volatile) == ("mine", True)
    contacts = resolve_scope(an_object("contact", "Contact"), org.describe("Contact"), None, mine, mapping)
    assert not contacts.accounts.in_soql
    assert contacts.where == "AccountId != null"


def test_agreements_kept_in_the_account_take_its_scope(demo_org, org, active):
    resolved = resolve_scope(an_object("agreement", "Account"), org.describe("Account"), None, *active)
    assert ids(org, "Account", resolved) == found(demo_org, ACTIVE)


@pytest.mark.parametrize(
    ("text", "volatile"),
    [
        ("Type = 'Customer - Direct'", False),
        ("CreatedDate >= LAST_N_DAYS:30", True),
        ("CreatedDate >= 2026-01-01", False),
        ("Owner.IsActive = true", True),
        ("not (Name = 'LAST_N_DAYS:30')", False),
    ],
)
def test_a_scope_knows_whether_a_record_can_come_and_go_without_a_change(org, text, volatile):
    assert is_volatile(parse_filter(text), org.describe("Account")) is volatile
    assert resolve_scope(account(filter=text), org.describe("Account")).volatile is volatile


@pytest.mark.parametrize(
    ("name", "volatile"), [("Active Customers", False), ("New This Week", True), ("My Accounts", True)]
)
def test_so_does_one_of_a_list_view(org, name, volatile):
    assert view_is_volatile(org.list_view("Account", name)) is volatile


def test_VIT_5_a_custom_object_can_be_the_customer(demo_org, org):
    mapping = an_object("account", "Success_Plan__c", scope=Scope(filter="Name is not empty"))
    resolved = resolve_scope(mapping, org.describe("Success_Plan__c"))
    wanted = found(demo_org, "SELECT Id FROM Success_Plan__c")
    assert wanted
    assert ids(org, "Success_Plan__c", resolved) == wanted
