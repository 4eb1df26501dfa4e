"""A preset is fitted to the org: nothing that the org lacks stays switched on, and nothing is lost from the text."""

import pytest

from toolkit.config import PRESETS, parse, preset_text
from toolkit.config.fitting import fit
from toolkit.salesforce.describe import FieldDescribe, ObjectDescribe

PRESET = """\
[objects.account]
sobject = "Account"
match = ["external_id = Product_Id__c"]
id = "Nowhere__c"

# What the score is called.
[[objects.account.fields]]
here = "a"
there = "health_score"
direction = "input"

# The owner.
[[objects.account.fields]]
here = "b"
there = "Gone__c"
direction = "input"
order = 3

[schedule]
pull = "0 * * * *"
"""


def described(*fields: FieldDescribe) -> dict[str, ObjectDescribe]:
    return {"account": ObjectDescribe("Account", "Account", {field.name: field for field in fields})}


ORG = described(
    FieldDescribe("Id", type="id", updateable=False),
    FieldDescribe("Name", label="Account Name"),
    FieldDescribe("Product_Id__c", label="Product Id"),
    FieldDescribe("CS_Health_Score__c", label="Health Score", type="double"),
    FieldDescribe("Type", label="Type\n# [evil]", type="picklist", picklist_values=("Customer", "Prospect")),
)


def test_a_field_by_another_spelling_is_taken_and_one_that_is_missing_is_switched_off():
    fitted = fit(PRESET, ORG)
    settings = parse(fitted.text)
    assert [(field.here, field.there) for field in settings.objects["account"].fields] == [("a", "CS_Health_Score__c")]
    assert settings.objects["account"].id is None
    assert '# there = "Gone__c"' in fitted.text
    assert "# order = 3" in fitted.text
    assert "# The owner." in fitted.text
    assert len(fitted.notes) == 3
    assert settings.schedule.pull == "0 * * * *"


def test_what_else_the_org_has_is_listed_as_comments_only():
    fitted = fit(PRESET, ORG)
    assert "#   Name: Account Name, string" in fitted.text
    assert "#   Type: Type # [evil], picklist (Customer, Prospect)" in fitted.text
    assert "CS_Health_Score__c: " not in fitted.text


def test_a_name_that_fits_two_fields_is_not_guessed():
    two = described(*ORG["account"].fields.values(), FieldDescribe("Health_Score__c", label="Old", type="double"))
    assert '# there = "health_score"' in fit(PRESET, two).text


@pytest.mark.parametrize("name", PRESETS)
def test_an_org_without_any_custom_field_leaves_a_file_whose_faults_name_what_to_decide(name):
    text = preset_text(name)
    fields = [FieldDescribe(each) for each in ("Id", "Name", "Type", "Website", "Email", "AccountId", "ParentId")]
    describes = {each: described(*fields)["account"] for each in parse(text).objects}
    fitted = fit(text, describes)
    assert "__c" not in "".join(line for line in fitted.text.splitlines() if not line.startswith("#"))
    kept = [line.lstrip("# ") for line in fitted.text.splitlines() if line.strip()]
    assert all(line.lstrip("# ") in kept for line in text.splitlines() if line.strip()), "nothing of the preset is lost"
