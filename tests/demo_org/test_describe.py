import pytest

from toolkit.demo_org.access import Access, FieldSecurity
from toolkit.demo_org.describe import describe_global, describe_object
from toolkit.demo_org.objects import standard_schema

SCHEMA = standard_schema()
ALL = Access.for_user("005dM0000000001QAA")
URL = "https://127.0.0.1:1"
COUNTED_ONCE = {("Case", "Comments"), ("Opportunity", "Fiscal")}
"""Texts whose length in bytes live orgs give as their length."""

PRODUCT_NUMBERS = {
    "ClientSuccess__ClientSuccess_SuccessScore__c": (3, 0, True),
    "Catalyst_Health_Score__c": (3, 1, True),
    "Vitally_Health_Score__c": (4, 1, True),
    "Vitally_NPS__c": (3, 0, True),
    "Skalin_Health_Score__c": (3, 0, True),
    "Skalin_Pulse__c": (1, 0, True),
}
AGREEMENT_FIELDS = {
    "Plan__c": "string",
    "Contract_Start__c": "date",
    "Term_Months__c": "double",
    "Notice_Days__c": "double",
    "Auto_Renew__c": "boolean",
    "Setup_Fee__c": "currency",
}


def described(name, access=ALL):
    return describe_object(SCHEMA.get(name), SCHEMA, access, 66.0, URL)


def field_of(name, field, access=ALL):
    return next((each for each in described(name, access)["fields"] if each["name"] == field), None)


@pytest.mark.parametrize("name", [each.name for each in SCHEMA])
def test_an_object_has_45_keys_and_each_field_57(name):
    description = described(name)
    assert len(description) == 45
    assert {len(each) for each in description["fields"]} == {57}
    assert description["sobjectDescribeOption"] == "FULL"
    assert description["recordTypeInfos"][-1]["recordTypeId"] == "012000000000000AAA"


def test_the_global_describe_has_28_keys_an_object():
    every = describe_global(SCHEMA, ALL, 66.0)
    assert (every["encoding"], every["maxBatchSize"]) == ("UTF-8", 200)
    assert {len(each) for each in every["sobjects"]} == {28}
    prefixes = {each["name"]: each["keyPrefix"] for each in every["sobjects"]}
    assert prefixes["Account"] == "001"
    assert prefixes["Contract"] == "800"
    assert all(each["urls"]["describe"].startswith("/services/data/v66.0/") for each in every["sobjects"])


def test_the_rules_that_follow_from_a_type_hold_for_every_field():
    for sobject in SCHEMA:
        for each in described(sobject.name)["fields"]:
            kind = each["type"]
            if kind in ("id", "reference"):
                assert (each["length"], each["byteLength"], each["soapType"]) == (18, 18, "tns:ID")
            elif kind == "boolean" and not each["calculated"]:
                assert (each["nillable"], each["aggregatable"], each["defaultedOnCreate"]) == (False, False, True)
                assert each["defaultValue"] in (True, False)
            elif kind in ("double", "currency", "percent"):
                assert (each["groupable"], each["aggregatable"], each["digits"]) == (False, True, 0)
                assert each["precision"] >= each["scale"]
            elif kind == "int":
                assert (each["precision"], each["scale"]) == (0, 0)
                assert each["digits"] in (8, 9)
            elif kind == "datetime":
                assert each["groupable"] is False
            elif kind == "address":
                assert each["queryByDistance"] is True
                assert (each["createable"], each["updateable"]) == (False, False)
            elif kind == "boolean":
                assert each["createable"] is False
            elif kind == "multipicklist":
                assert (each["groupable"], each["sortable"], each["aggregatable"]) == (False, False, False)
            elif kind == "base64":
                assert each["soapType"] == "xsd:base64Binary"
            else:
                single = (sobject.name, each["name"]) in COUNTED_ONCE
                assert each["byteLength"] == (1 if single else 3) * each["length"] or each["referenceTo"]


def test_a_long_text_is_neither_filtered_nor_sorted_by():
    long = [
        each
        for sobject in SCHEMA
        for each in described(sobject.name)["fields"]
        if each["type"] == "textarea" and each["length"] > 255 and (sobject.name, each["name"]) != ("Case", "Comments")
    ]
    assert long
    for each in long:
        able = [each[key] for key in ("filterable", "sortable", "groupable", "aggregatable")]
        assert able == [False] * 4


def test_CAT_13_a_0_to_10_score_field_is_precision_3_scale_1():
    score = field_of("Account", "CS_Health_Score__c")
    assert (score["type"], score["precision"], score["scale"], score["custom"]) == ("double", 3, 1, True)


def test_the_external_id_is_unique_and_regardless_of_case():
    key = field_of("Account", "Product_Id__c")
    assert (key["externalId"], key["unique"], key["caseSensitive"], key["idLookup"]) == (True, True, False, True)


def test_a_lookup_names_its_object_and_its_relationship():
    csm = field_of("Account", "CSM__c")
    assert (csm["referenceTo"], csm["relationshipName"]) == (["User"], "CSM__r")
    what = field_of("Task", "WhatId")
    assert what["polymorphicForeignKey"] is True
    assert what["namePointing"] is True


def test_read_only_is_not_the_same_as_calculated():
    closed = field_of("Opportunity", "IsClosed")
    assert (closed["createable"], closed["updateable"], closed["calculated"]) == (False, False, False)


def test_CAT_16_field_level_security_hides_fields_and_locks_others():
    security = FieldSecurity()
    limited = Access.for_user("005dM0000000002QAA", security)
    security.limit(limited.user_id, "account", "HIDDEN_NOTES__C", read=False, edit=True)
    security.limit(limited.user_id, "Account", "Locked_Score__c", read=True, edit=False)
    assert field_of("Account", "Hidden_Notes__c", limited) is None
    assert field_of("Account", "Hidden_Notes__c") is not None
    locked = field_of("Account", "Locked_Score__c", limited)
    assert (locked["createable"], locked["updateable"]) == (False, False)
    assert field_of("Account", "Locked_Score__c")["updateable"] is True


def test_a_child_whose_lookup_is_hidden_is_hidden_too():
    security = FieldSecurity()
    security.limit("u", "Account", "CSM__c", read=False, edit=False)
    children = described("User", Access.for_user("u", security))["childRelationships"]
    assert ("Account", "CSM__c") not in {(each["childSObject"], each["field"]) for each in children}


def test_child_relationships_say_what_a_delete_does():
    children = {(each["childSObject"], each["field"]): each for each in described("Account")["childRelationships"]}
    assert children["Contact", "AccountId"]["cascadeDelete"] is True
    assert children["Contract", "AccountId"]["restrictedDelete"] is True
    parent = children["Account", "ParentId"]
    assert (parent["cascadeDelete"], parent["restrictedDelete"]) == (False, False)


def test_every_child_relationship_names_a_field_that_refers_back():
    for sobject in SCHEMA:
        for relationship in sobject.child_relationships:
            field = SCHEMA.get(relationship.child).field(relationship.field)
            assert sobject.name in field.reference_to


def test_a_restricted_picklist_lists_its_values():
    band = field_of("Account", "CS_Health_Band__c")
    assert band["restrictedPicklist"] is True
    assert [each["value"] for each in band["picklistValues"]] == ["Green", "Yellow", "Red"]
    assert set(band["picklistValues"][0]) == {"active", "defaultValue", "label", "validFor", "value"}


def test_addresses_come_in_the_order_of_live_orgs():
    urls = list(described("Account")["urls"])
    assert urls[:3] == ["compactLayouts", "rowTemplate", "approvalLayouts"]
    assert urls[-3:] == ["quickActions", "layouts", "sobject"]


def test_a_contact_role_is_found_and_listed_only_with_its_opportunity():
    role = described("OpportunityContactRole")
    assert not any(role[name] for name in ("mruEnabled", "searchable", "searchLayoutable", "undeletable"))
    assert "listviews" not in role["urls"]


def test_the_organization_says_how_records_are_shared_where_live_ones_do():
    names = [field.name for field in SCHEMA.get("Organization").fields]
    assert names.index("DefaultAccountAccess") < names.index("SystemModstamp") < names.index("TrialExpirationDate")
    assert names[-1] == "LastModifiedById"


def test_the_fields_of_each_product_are_there_and_take_its_scale():
    taken = {
        name: (each["precision"], each["scale"], each["updateable"])
        for name in ("CS_Pulse__c", *PRODUCT_NUMBERS)
        if (each := field_of("Account", name))
    }
    assert taken == {"CS_Pulse__c": (2, 0, True), **PRODUCT_NUMBERS}
    text = ("ClientSuccess__ClientSuccess_Assigned_CSM__c", "Vitally_Segment__c")
    assert [field_of("Account", name)["length"] for name in text] == [80, 80]
    assert field_of("Account", "Vitally_MRR__c")["type"] == "currency"
    assert field_of("Account", "Vitally_Renewal_Date__c")["type"] == "date"
    roles = field_of("Contact", "CS_Role__c")["picklistValues"]
    assert [each["value"] for each in roles] == ["Champion", "Sponsor", "Key User", "End User"]
    kinds = {name: field_of("Opportunity", name)["type"] for name in AGREEMENT_FIELDS}
    assert kinds == AGREEMENT_FIELDS


def test_a_field_of_a_package_has_its_prefix_apart():
    field = SCHEMA.get("Account").field("ClientSuccess__ClientSuccess_SuccessScore__c")
    assert (field.namespace, field.developer_name) == ("ClientSuccess", "ClientSuccess_SuccessScore")
    own = SCHEMA.get("Account").field("CS_Pulse__c")
    assert (own.namespace, own.developer_name) == (None, "CS_Pulse")
