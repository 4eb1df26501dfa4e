"""Describe: fields, paths, near names, and what is kept."""

import pytest

from toolkit.errors import InputError, NotFoundError


def test_an_object_has_its_fields_in_the_orgs_terms(org):
    account = org.describe("account")
    assert (account.name, account.label, account.key_prefix) == ("Account", "Account", "001")
    score = account.fields["CS_Health_Score__c"]
    assert (score.type, score.precision, score.scale, score.custom) == ("double", 3, 1, True)
    band = account.fields["CS_Health_Band__c"]
    assert band.restricted_picklist
    assert band.picklist_values == ("Green", "Yellow", "Red")
    key = account.fields["Product_Id__c"]
    assert key.external_id
    assert key.unique
    assert key.length == 40
    assert account.fields["OwnerId"].reference_to == ("User",)
    assert not account.fields["LastModifiedDate"].updateable


def test_CAT_16_a_read_only_field_shows_as_such_and_a_hidden_one_not_at_all(org):
    fields = org.describe("Account").fields
    assert not fields["Locked_Score__c"].updateable
    assert "Hidden_Notes__c" not in fields


@pytest.mark.parametrize(
    ("path", "spelled", "type_"),
    [
        ("name", "Name", "string"),
        ("Owner.Name", "Owner.Name", "string"),
        ("csm__r.username", "CSM__r.Username", "string"),
        ("Parent.Owner.IsActive", "Parent.Owner.IsActive", "boolean"),
    ],
)
def test_a_path_leads_to_a_field_in_any_case(org, path, spelled, type_):
    account = org.describe("Account")
    assert account.path(path) == spelled
    assert account.field(path).type == type_


def test_a_path_through_a_reference_to_several_objects_takes_the_first_that_has_it(org):
    assert org.describe("Task").field("Owner.Username").type == "string"


@pytest.mark.parametrize(
    ("path", "suggested"),
    [("CS_Helth_Score__c", "CS_Health_Score__c"), ("Ownr.Name", "Owner"), ("Owner.Nme", "Name"), ("Name.X", "Parent")],
)
def test_an_unknown_field_is_answered_with_those_that_come_near(org, path, suggested):
    with pytest.raises(NotFoundError) as raised:
        org.describe("Account").field(path)
    assert suggested in raised.value.message
    assert "field-level security" in raised.value.hint


def test_an_unknown_object_is_answered_with_those_that_come_near(org):
    with pytest.raises(NotFoundError, match="did you mean Account"):
        org.describe("Acount")


def test_what_cannot_be_an_object_is_not_asked_for(org, calls_of):
    def fails():
        with pytest.raises(InputError):
            org.describe("Account/../User")

    assert not calls_of(fails)


def test_CAT_21_a_describe_is_kept_until_a_refresh(org, demo, calls_of):
    org.describe("Account")
    demo.remove_field("Account", "CS_NPS_Score__c")
    assert not calls_of(lambda: org.describe("Account"))
    assert "CS_NPS_Score__c" in org.describe("Account").fields
    assert "CS_NPS_Score__c" not in org.describe("Account", refresh=True).fields
    assert "CS_NPS_Score__c" not in org.describe("Account").fields
