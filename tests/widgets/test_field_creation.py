"""The fields that Salesforce lacks: what they would be, who may see them, and the plan that creates them."""

import pytest

from toolkit.widgets import FieldCreation


def without_fields(ws):
    """The workspace with an org that lacks two mapped fields."""
    _ = ws.org
    for field in ("CS_Segment__c", "CS_MRR__c"):
        ws.demo_org.remove_field("Account", field)
    ws.refresh_fields()
    return ws


@pytest.fixture
def lacking(connected):
    connected.load()
    return without_fields(connected)


def test_a_field_of_which_nobody_knows_what_it_would_hold_says_so(connected):
    assert "load the sources first" in FieldCreation(without_fields(connected)).html()


def test_BEY_15_definitions_and_who_may_see_them_are_shown_before_anything_is_made(lacking):
    shown = FieldCreation(lacking, readers=["Standard User"])
    told = shown.html()
    for words in ("CS_Segment__c", "Text (length 255)", "CS_MRR__c", "Number (precision 18, scale 2)", "Standard User"):
        assert words in told
    assert shown.summary() == "2 fields to create, 2 groups to see them"
    assert "CS_MRR__c" not in lacking.fields()["field"]


def test_BEY_15_the_reviewed_plan_creates_them_and_none_is_left(lacking):
    shown = FieldCreation(lacking)
    shown.review.reviewed.value = True
    shown.review.commit_button.click()
    assert shown.review.outcome is not None
    assert shown.review.outcome.failed == 0
    shown.refresh()
    assert {"CS_Segment__c", "CS_MRR__c"} <= set(lacking.fields()["field"])
    assert "Every mapped field is there already" in shown.html()
    assert shown.review.layout.display == "none"
