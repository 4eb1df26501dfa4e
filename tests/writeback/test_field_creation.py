"""What a new field should be, by what it holds: the recommendations of the guides as definitions."""

import polars as pl
import pytest

from toolkit.config import FieldMapping, parse, preset_text
from toolkit.writeback.restructuring.field_creation import (
    as_text,
    definition_of,
    in_words,
    label_of,
    name_fault,
    same_shape,
    type_of,
    unchanged,
)


@pytest.fixture(scope="module")
def profile():
    return parse(preset_text("demo")).health.profile


def defined(profile, here, dtype=None, **options):
    field = FieldMapping(here=here, there="CS_Health_Score__c", direction="output", **options.pop("mapped", {}))
    return definition_of("Account", field, profile, dtype, **options)


def test_CAT_11_CAT_13_a_score_is_a_number_of_precision_3_and_scale_1(profile):
    given = defined(profile, "health_score")
    assert (given["type"], given["precision"], given["scale"]) == ("Number", 3, 1)
    assert in_words(given) == "Number, Length 2, Decimal Places 1"
    wide = defined(profile.model_copy(update={"scale": "0-100"}), "health_score")
    assert (wide["precision"], wide["scale"]) == (4, 1)


def test_CAT_12_CAT_14_the_label_is_clear_and_the_name_keeps_to_it(profile):
    given = defined(profile, "health_score")
    assert given["label"] == label_of("CS_Health_Score__c") == "CS Health Score"
    assert given["fullName"] == "Account.CS_Health_Score__c"


def test_CAT_18_the_help_text_says_that_what_is_typed_is_overwritten(profile):
    assert "Overwritten by the next sync" in defined(profile, "health_score")["inlineHelpText"]


def test_VIT_20_a_band_is_a_restricted_picklist_of_the_profiles_bands(profile):
    given = defined(profile, "health_band")
    values = [each["fullName"] for each in given["valueSet"]["valueSetDefinition"]["value"]]
    assert (given["type"], values) == ("Picklist", [band.name for band in profile.bands])
    assert given["valueSet"]["restricted"] is True


@pytest.mark.parametrize(
    ("here", "dtype", "options", "words", "described"),
    [
        ("health_coverage", None, {}, "Number, Length 1, Decimal Places 2", "double"),
        ("health_as_of", None, {}, "Date", "date"),
        ("seats", pl.Int64(), {}, "Number, Length 18, Decimal Places 0", "double"),
        ("mrr", pl.Float64(), {}, "Number, Length 16, Decimal Places 2", "double"),
        ("signed_on", pl.Date(), {}, "Date", "date"),
        ("seen_at", pl.Datetime("ms", "UTC"), {}, "DateTime", "datetime"),
        ("at", pl.Time(), {}, "Time", "time"),
        ("active", pl.Boolean(), {}, "Checkbox", "boolean"),
        ("plan", pl.String(), {}, "Text, Length 255", "string"),
        ("story", pl.String(), {"longest": 300}, "Text Area (Long), Length 32768", "textarea"),
        (
            "tags",
            pl.List(pl.String),
            {"values": ["b", "a"]},
            "Picklist (Multi-Select) with the values a, b, restricted to these",
            "multipicklist",
        ),
        ("csm", pl.String(), {"mapped": {"by": "Email"}}, "Lookup to User", "reference"),
    ],
)
def test_VIT_20_each_column_gets_a_field_of_its_type(profile, here, dtype, options, words, described):
    given = defined(profile, here, dtype, **options)
    assert (in_words(given), type_of(given)) == (words, described)


def test_BEY_15_nobody_guesses_what_an_unknown_column_holds(profile):
    assert defined(profile, "seats") is None
    assert defined(profile, "place", pl.Struct({"city": pl.String})) is None


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("Industry", "a standard field cannot be created"),
        ("Owner.Name", "a field of another object"),
        ("ClientSuccess__Score__c", "belongs to the package ClientSuccess"),
        ("CS_" + "x" * 40 + "__c", "is no name for a field"),
        ("CS__c", None),
        ("CS_Score__c", None),
    ],
)
def test_BEY_15_names_that_no_field_can_have_are_said_before(name, why):
    assert name_fault(name) is None if why is None else why in name_fault(name)


def test_BEY_15_what_changed_of_a_definition_is_told(profile):
    given = defined(profile, "health_score")
    kept = {key: value for key, value in given.items() if key != "fullName"}
    assert unchanged(given, kept) is None
    assert "label is now 'Mine'" in unchanged(given, {**kept, "label": "Mine"})
    assert "Length 3" in unchanged(given, {**kept, "precision": 4})
    assert not same_shape(given, {**kept, "type": "Text", "length": 3})
    assert as_text({"b": 1, "a": 2}) == '{"a":2,"b":1}'
