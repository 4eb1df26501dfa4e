"""The CSM comes from a lookup to User; what goes to Salesforce may be text."""

from datetime import UTC, datetime

import polars as pl
import pytest

from toolkit.config.objects import ObjectMapping
from toolkit.frames import LINKS, MISMATCHES
from toolkit.importing.records import import_object
from toolkit.importing.users import check_users
from toolkit.salesforce.describe import FieldDescribe, ObjectDescribe
from toolkit.writeback.planning.merge import merge
from toolkit.writeback.planning.sides import Sides

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)

USER = ObjectDescribe("User", "User", {each: FieldDescribe(each) for each in ("Id", "Name", "Email")})
FIELDS = (
    FieldDescribe("CSM__c", type="reference", reference_to=("User",), relationship_name="CSM__r"),
    FieldDescribe("OwnerId", type="reference", reference_to=("User",), relationship_name="Owner"),
    FieldDescribe("Buddy__c", type="reference", reference_to=("Contact",), relationship_name="Buddy__r"),
    FieldDescribe("CSM_Name__c", type="string"),
    FieldDescribe("ParentId", type="reference", reference_to=("Account",), relationship_name="Parent"),
)
OBJECTS = {"User": USER, "Contact": USER}
ACCOUNT = ObjectDescribe("Account", "Account", {each.name: each for each in FIELDS}, look_up=lambda name: OBJECTS[name])
OBJECTS["Account"] = ACCOUNT


def findings(there, here="csm", direction="input", **more):
    field = {"here": here, "there": there, "direction": direction, **more}
    return check_users("account", ObjectMapping.model_validate({"fields": [field]}).named("account"), ACCOUNT)


@pytest.mark.parametrize("field", [{"there": "CSM__c", "by": "Name"}, {"there": "CSM__r.Name"}, {"there": "CSM__c"}])
def test_SKA_16_a_lookup_to_user_is_what_a_csm_comes_from(field):
    assert findings(**field) == ()


@pytest.mark.parametrize("there", ["CSM__r.Email", "Parent.CSM__r.Name", "Parent.CSM__c"])
def test_SKA_16_any_way_to_a_user_will_do(there):
    assert findings(there) == ()


@pytest.mark.parametrize(
    ("there", "what"),
    [("CSM_Name__c", "of type string"), ("Buddy__r.Name", "a lookup to Contact"), ("Buddy__c", "a lookup to Contact")],
)
def test_SKA_16_anything_else_is_an_error_that_says_what_to_do(there, what):
    (found,) = findings(there)
    assert (found.severity, found.requirement) == ("error", "SKA-16")
    assert found.message.endswith(what)
    assert "Lookup(User)" in found.hint
    assert found.place == f"objects.account.fields[0] (csm -> {there})"


@pytest.mark.parametrize("there", ["Owner.Name", "OwnerId"])
def test_SKA_16_the_account_owner_is_usually_not_the_csm_and_that_is_said(there):
    (found,) = findings(there)
    assert found.severity == "info"


def test_CSU_6_the_csm_that_goes_to_salesforce_may_be_text():
    assert findings("CSM_Name__c", direction="output") == ()


def test_CSU_6_the_assigned_csm_is_written_to_salesforce_by_name_and_never_read_from_it():
    field = {"here": "csm", "there": "CSM_Name__c", "direction": "output"}
    mapping = ObjectMapping.model_validate({"create": True, "fields": [field]}).named("account")
    there = pl.DataFrame({"id": ["001A", "001B"], "CSM_Name__c": ["Old", "Other"]})
    here = pl.DataFrame({"id": ["001A"], "csm": ["Cara"]})
    links = pl.DataFrame([("account", "001A", "001A", "a person", None, NOW, "Ada")], schema=LINKS.schema, orient="row")
    done = import_object(mapping, there, here, links, NOW)
    assert done.here.select("id", "csm").rows() == [("001A", "Cara"), ("001B", None)]
    sides = Sides("account", mapping, ACCOUNT, done.links, done.here, there.with_columns(Name=pl.lit("Acme")))
    changes = merge(sides).filter(pl.col("verdict") == "write")
    assert changes.select("side", "here_id", "field", "after").rows() == [("there", "001A", "CSM_Name__c", "Cara")]


def test_SKA_16_other_columns_and_missing_fields_are_for_others_to_judge():
    assert findings("CSM_Name__c", here="sales_rep") == ()
    assert findings("Nothing__c") == ()
    assert findings("Nothing__r.Name") == ()


def test_CSU_8_users_come_here_by_name_whether_or_not_records_are_created():
    fields = [{"here": each.lower(), "there": each, "direction": "input"} for each in ("Name", "Email")]
    mapping = ObjectMapping.model_validate({"sobject": "User", "mode": "input", "fields": fields}).named("user")
    there = pl.DataFrame({"id": ["005A"], "Name": ["Rita Rep"], "Email": ["rita@us.example"]})
    done = import_object(mapping, there, None, LINKS.empty(), NOW, mismatches=MISMATCHES.empty())
    assert done.here.select("id", "name", "email").rows() == [("005A", "Rita Rep", "rita@us.example")]
