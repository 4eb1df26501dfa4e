"""Duplicate rules as a client meets them: the refusal with what was found, and the header that saves all the same."""

import pytest

RULE = "Standard_Contact_Duplicate_Rule"
ALLOW = {"Sforce-Duplicate-Rule-Header": "allowSave=true"}


@pytest.fixture
def twin(api, web_org):
    web_org.switch_rule("Contact", RULE, active=False)
    values = {"LastName": "Twin", "FirstName": "A", "Email": "twin@demo.example"}
    api.post("/sobjects/Contact", values)
    web_org.switch_rule("Contact", RULE, active=True)
    yield values
    web_org.switch_rule("Contact", RULE, active=False)


def test_a_duplicate_is_refused_with_what_was_found(api, twin):
    answer = api.post("/sobjects/Contact", twin)
    assert answer.status_code == 400, answer.text
    error = answer.json()[0]
    assert list(error) == ["duplicateResult", "errorCode", "message"]
    assert error["errorCode"] == "DUPLICATES_DETECTED"
    assert error["duplicateResult"]["duplicateRule"] == RULE
    assert list(error["duplicateResult"]) == [
        *("allowSave", "duplicateRule", "duplicateRuleEntityType", "errorMessage", "matchResults"),
    ]


def test_who_has_seen_the_duplicate_may_save_it(api, twin):
    assert api.post("/sobjects/Contact", twin, headers=ALLOW).status_code == 201
    records = [{"attributes": {"type": "Contact"}, **twin}]
    assert api.post("/composite/sobjects", {"records": records}).json()[0]["success"] is False
    assert api.post("/composite/sobjects", {"records": records}, headers=ALLOW).json()[0]["success"] is True
