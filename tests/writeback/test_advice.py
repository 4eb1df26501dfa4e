"""The recipe that an admin without the field is given, line by line."""

import pytest

from tests.writeback.samples import object_mapping
from toolkit.config import FieldMapping, parse, preset_text
from toolkit.salesforce.describe import ObjectDescribe
from toolkit.writeback.planning.advice import field_type, recipe
from toolkit.writeback.planning.preflight import check_targets

FIELD = FieldMapping(here="health_score", there="CS_Health_Score__c", direction="output")


@pytest.fixture(scope="module")
def profile():
    return parse(preset_text("demo")).health.profile


@pytest.fixture(scope="module")
def steps(profile):
    return recipe("Account", FIELD, profile, None)


def test_CAT_9_the_toolkit_does_not_create_the_field_and_says_who_does(steps):
    assert steps.startswith("The toolkit does not create fields unasked; a Salesforce admin does")


def test_CAT_10_the_recipe_begins_where_fields_are_made(steps):
    assert "Setup > Objects and Fields > Object Manager > Account > Fields & Relationships > New" in steps


def test_CAT_11_CAT_13_the_type_is_number_with_length_2_and_1_decimal(steps, profile):
    assert field_type(FIELD, profile, None) == "Number, Length 2, Decimal Places 1"
    assert "Field type: Number, Length 2, Decimal Places 1" in steps


def test_CAT_13_a_0_to_100_profile_asks_for_length_3(profile):
    wide = profile.model_copy(update={"scale": "0-100"})
    assert field_type(FIELD, wide, None) == "Number, Length 3, Decimal Places 1"


def test_CAT_12_the_label_is_one_that_people_understand(steps):
    assert '"CS Health Score"' in steps


def test_CAT_14_the_field_name_keeps_to_the_label(steps):
    assert "Field name: CS_Health_Score, in keeping with the label; its API name is then CS_Health_Score__c" in steps


def test_CAT_15_existing_report_types_are_ticked(steps):
    assert 'Tick "Add this field to existing custom report types that contain this entity"' in steps


def test_CAT_16_the_integration_user_needs_visible(steps):
    assert "the integration user needs Visible, not Read-Only" in steps


def test_CAT_17_read_only_for_everybody_else_is_advised(steps):
    assert "Tick Read-Only for everybody else" in steps


def test_CAT_20_CAT_21_the_last_step_is_to_refresh_and_map(steps):
    assert steps.splitlines()[-2].strip().startswith("9. Refresh the fields here and map the field")


def test_BEY_15_the_recipe_says_that_a_plan_can_do_it(steps):
    assert "ws.plan_fields()" in steps.splitlines()[-1]


def test_VIT_18_a_missing_field_is_an_error_that_carries_the_recipe(profile):
    mapping = object_mapping(FIELD)
    found = check_targets("account", mapping, ObjectDescribe("Account", "Account", {}), profile)
    finding = next(each for each in found if "CS_Health_Score__c" in each.message)
    assert (finding.severity, finding.requirement) == ("error", "CAT-9")
    assert "Object Manager" in finding.hint
