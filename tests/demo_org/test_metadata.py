from datetime import UTC, datetime

import pytest

from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.state import OrgState

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)
RESTRICTED = {"restricted": True, "valueSetDefinition": {"value": [{"fullName": "A"}]}}
THIRDS = {"type": "Number", "precision": 5, "scale": 2, "formula": "NumberOfEmployees / 3"}
SCORE = {"label": "Risk", "type": "Number", "precision": 3, "scale": 1}


@pytest.fixture
def org():
    state = OrgState(3, 1, NOW, None)
    yield state
    state.close()


@pytest.fixture
def access(org):
    return org.access(org.integration_user_id)


def refusal(call, *arguments, **more):
    with pytest.raises(Refusal) as caught:
        call(*arguments, **more)
    return caught.value


def account(org):
    return str(org.look("SELECT Id FROM Account ORDER BY Id LIMIT 1")[0]["Id"])


def profile_set(org):
    soql = "SELECT Id FROM PermissionSet WHERE Profile.Name = 'Integration User' AND IsOwnedByProfile = TRUE"
    return str(org.look(soql)[0]["Id"])


def grant(org, parent, field="Account.Risk__c", **rights):
    values = {"ParentId": parent, "SobjectType": field.partition(".")[0], "Field": field}
    values |= {"PermissionsRead": True, "PermissionsEdit": True, **rights}
    return org.records.create("FieldPermissions", values, org.access(""))


# --- custom fields and who may see them


def test_a_new_field_is_invisible_to_everybody_until_it_is_granted(org, access):
    made = org.metadata.create_field("Account.Risk__c", SCORE)
    assert made.startswith("00N")
    assert not access.readable("Account", "Risk__c")
    assert refusal(org.records.update, "Account", account(org), {"Risk__c": 1}, access).code == "INVALID_FIELD"
    grant(org, profile_set(org))
    assert access.editable("Account", "Risk__c")
    org.records.update("Account", account(org), {"Risk__c": 7.25}, access)
    assert org.records.get("Account", account(org), access, ["Risk__c"]) == {"Risk__c": 7.3}


def test_a_permission_set_that_is_assigned_opens_a_field_and_one_taken_away_closes_it(org, access):
    org.metadata.create_field("Account.Risk__c", SCORE)
    everyone = org.access("")
    parent = org.records.create("PermissionSet", {"Name": "Risk", "Label": "Risk"}, everyone)
    row = grant(org, parent, PermissionsEdit=False)
    assert not access.readable("Account", "Risk__c")
    pair = {"PermissionSetId": parent, "AssigneeId": org.integration_user_id}
    assignment = org.records.create("PermissionSetAssignment", pair, everyone)
    assert access.readable("Account", "Risk__c")
    assert not access.editable("Account", "Risk__c")
    org.records.update("FieldPermissions", row, {"PermissionsEdit": True}, everyone)
    assert access.editable("Account", "Risk__c")
    assert refusal(org.records.create, "PermissionSetAssignment", pair, everyone).code == "DUPLICATE_VALUE"
    org.records.delete("PermissionSetAssignment", assignment, everyone)
    assert not access.readable("Account", "Risk__c")


def test_an_assignment_is_active_and_comes_from_no_group_and_there_are_no_licenses(org):
    columns = "PermissionSetGroupId, ExpirationDate, IsActive, IsRevoked"
    (row,) = org.look(f"SELECT {columns} FROM PermissionSetAssignment")
    assert [row[each.strip()] for each in columns.split(",")] == [None, None, True, False]
    assert org.look("SELECT Id, AssigneeId, PermissionSetLicenseId FROM PermissionSetLicenseAssign") == []


@pytest.mark.parametrize(
    ("field", "rights", "code"),
    [
        ("Account.Nope__c", {}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ("Account.Name", {}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ("Nope.Name", {}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ("Account.Hidden_Notes__c", {"PermissionsRead": False}, "FIELD_INTEGRITY_EXCEPTION"),
        ("Account.Phone", {}, "DUPLICATE_VALUE"),
    ],
)
def test_permissions_are_about_fields_that_can_be_closed_and_are_there_once(org, field, rights, code):
    assert refusal(grant, org, profile_set(org), field, **rights).code == code


def test_set_access_writes_the_same_rows(org, access):
    org.set_access("Account", "Phone", read=True, edit=False)
    assert (access.readable("Account", "Phone"), access.editable("Account", "Phone")) == (True, False)
    rows = org.look("SELECT PermissionsEdit FROM FieldPermissions WHERE Field = 'Account.Phone' AND ParentId = "
                    f"'{profile_set(org)}'")  # fmt: skip
    assert [each["PermissionsEdit"] for each in rows] == [False]
    org.set_access("Account", "Name", read=True, edit=False)
    assert not access.editable("Account", "Name")


def test_object_permissions_close_whole_objects(org, access):
    (row,) = org.look(
        f"SELECT Id FROM ObjectPermissions WHERE SobjectType = 'Case' AND ParentId = '{profile_set(org)}'"
    )
    org.records.update("ObjectPermissions", str(row["Id"]), {"PermissionsDelete": False}, org.access(""))
    case = org.records.create("Case", {"Subject": "x"}, access)
    assert refusal(org.records.delete, "Case", case, access).code == "INSUFFICIENT_ACCESS_OR_READONLY"
    org.records.delete("ObjectPermissions", str(row["Id"]), org.access(""))
    assert refusal(org.records.create, "Case", {"Subject": "x"}, access).status == 403
    assert refusal(org.prepare, "SELECT Id FROM Case", access).code == "INVALID_TYPE"


@pytest.mark.parametrize(
    ("metadata", "kind", "attributes"),
    [
        ({"type": "Text", "length": 40, "unique": True, "externalId": True}, "string", {"length": 40, "unique": True}),
        ({"type": "TextArea"}, "textarea", {"length": 255}),
        ({"type": "LongTextArea", "length": 5000, "visibleLines": 3}, "textarea", {"length": 5000}),
        ({"type": "Number", "precision": 18, "scale": 0}, "double", {"precision": 18, "scale": 0}),
        ({"type": "Currency", "precision": 16, "scale": 2}, "currency", {"precision": 16}),
        ({"type": "Percent", "precision": 5, "scale": 1}, "percent", {"scale": 1}),
        ({"type": "Checkbox", "defaultValue": "true"}, "boolean", {"default": True, "nillable": False}),
        ({"type": "Date"}, "date", {}),
        ({"type": "DateTime"}, "datetime", {}),
        ({"type": "Email"}, "email", {"length": 80}),
        ({"type": "Phone"}, "phone", {}),
        ({"type": "Url"}, "url", {}),
        ({"type": "AutoNumber", "displayFormat": "A-{000}"}, "string", {"auto_number": True, "createable": False}),
        ({"type": "Lookup", "referenceTo": "Contact"}, "reference", {"relationship_name": "New__r"}),
        ({"type": "Text", "length": 10, "required": True}, "string", {"nillable": False, "permissionable": False}),
        (
            {"type": "Picklist", "valueSet": RESTRICTED},
            "picklist",
            {"restricted_picklist": True},
        ),
        (THIRDS, "double", {"calculated": True}),
    ],
)
def test_each_type_of_field_can_be_made_and_read_back(org, metadata, kind, attributes):
    org.metadata.create_field("Account.New__c", {"label": "New", **metadata})
    field = org.schema.get("Account").field("New__c")
    assert (field.type, field.label, field.custom) == (kind, "New", True)
    assert {name: getattr(field, name) for name in attributes} == attributes
    known = org.metadata.field("account.new__c")
    read_back = known.metadata
    assert read_back["type"] == metadata["type"]
    org.metadata.delete_field(known.id[:15])
    org.metadata.create_field("Account.New__c", read_back)
    assert org.schema.get("Account").field("New__c") == field


@pytest.mark.parametrize(
    ("name", "metadata", "code"),
    [
        ("Account.CS_Stage__c", SCORE, "DUPLICATE_DEVELOPER_NAME"),
        ("Account.Name", SCORE, "DUPLICATE_DEVELOPER_NAME"),
        ("Account.Bad", SCORE, "FIELD_INTEGRITY_EXCEPTION"),
        ("Account.Bad__Name__c", SCORE, "FIELD_INTEGRITY_EXCEPTION"),
        ("Nope.X__c", SCORE, "FIELD_INTEGRITY_EXCEPTION"),
        ("Account.X__c", {**SCORE, "label": ""}, "FIELD_INTEGRITY_EXCEPTION"),
        ("Account.X__c", {**SCORE, "precision": 19}, "FIELD_INTEGRITY_EXCEPTION"),
        ("Account.X__c", {**SCORE, "scale": 4}, "FIELD_INTEGRITY_EXCEPTION"),
        ("Account.X__c", {**SCORE, "type": "Nonsense"}, "FIELD_INTEGRITY_EXCEPTION"),
        ("Account.X__c", {"label": "X", "type": "Text"}, "FIELD_INTEGRITY_EXCEPTION"),
        ("Account.X__c", {"label": "X", "type": "Picklist"}, "FIELD_INTEGRITY_EXCEPTION"),
        ("Account.X__c", {"label": "X", "type": "Lookup", "referenceTo": "Nope"}, "FIELD_INTEGRITY_EXCEPTION"),
        ("Account.X__c", {**SCORE, "formula": "Nope__c + 1"}, "FIELD_INTEGRITY_EXCEPTION"),
    ],
)
def test_a_definition_that_cannot_be(org, name, metadata, code):
    assert refusal(org.metadata.create_field, name, metadata).code == code


def test_a_formula_field_has_values_at_once_and_keeps_up(org):
    made = account(org)
    org.edit("Account", made, {"NumberOfEmployees": 10})
    org.metadata.create_field("Account.Thirds__c", {"label": "Thirds", **THIRDS})
    everyone = org.access("")
    assert org.records.get("Account", made, everyone, ["Thirds__c"]) == {"Thirds__c": 3.33}
    org.edit("Account", made, {"NumberOfEmployees": 20})
    assert org.records.get("Account", made, everyone, ["Thirds__c"]) == {"Thirds__c": 6.67}


def test_a_default_is_a_formula_too(org):
    definition = {"label": "Since", "type": "Date", "defaultValue": "TODAY() - 1"}
    org.metadata.create_field("Account.Since__c", definition)
    made = org.records.create("Account", {"Name": "x"}, org.access(""))
    given = org.records.create("Account", {"Name": "x", "Since__c": "2020-01-01"}, org.access(""))
    rows = org.look(f"SELECT Since__c FROM Account WHERE Id IN ('{made}', '{given}') ORDER BY Id")
    assert [each["Since__c"] for each in rows] == ["2026-11-01", "2020-01-01"]


def test_a_field_on_activity_is_on_tasks_and_events(org):
    org.metadata.create_field("Activity.Mood__c", {"label": "Mood", "type": "Text", "length": 20})
    assert all(org.schema.get(name).field("Mood__c") for name in ("Task", "Event"))
    assert [each.full_name for each in org.metadata.fields() if each.sobject == "Activity"] == ["Activity.Mood__c"]


def test_a_lookup_makes_a_child_relationship_and_its_field_can_be_deleted_again(org):
    lookup = {"label": "Partner", "type": "Lookup", "referenceTo": "Account", "relationshipName": "Partners"}
    made = org.metadata.create_field("Contact.Partner__c", lookup)
    children = [each.name for each in org.schema.get("Account").child_relationships if each.field == "Partner__c"]
    assert children == ["Partners__r"]
    org.metadata.delete_field(made)
    assert org.schema.get("Contact").field("Partner__c") is None
    assert not [each for each in org.schema.get("Account").child_relationships if each.field == "Partner__c"]
    assert refusal(org.metadata.delete_field, made).code == "NOT_FOUND"


def test_a_field_can_be_changed_but_not_into_another_kind(org):
    org.metadata.create_field("Account.Risk__c", SCORE)
    org.edit("Account", account(org), {"Risk__c": 9.5})
    org.metadata.change_field("Account.Risk__c", {"label": "Risk score", "precision": 5})
    field = org.schema.get("Account").field("Risk__c")
    assert (field.label, field.precision, field.scale) == ("Risk score", 5, 1)
    refused = refusal(org.metadata.change_field, "Account.Risk__c", {"type": "Text", "length": 10})
    assert refused.code == "FIELD_INTEGRITY_EXCEPTION"
    assert org.look(f"SELECT Risk__c FROM Account WHERE Id = '{account(org)}'")[0]["Risk__c"] == 9.5


def test_field_definitions_keep_in_step(org):
    org.metadata.create_field("Account.Risk__c", SCORE)
    asked = (
        "SELECT QualifiedApiName, DataType, Precision, Scale FROM FieldDefinition "
        "WHERE EntityDefinition.QualifiedApiName = 'Account' AND QualifiedApiName = 'Risk__c'"
    )
    (row,) = org.look(asked)
    assert (row["DataType"], row["Precision"], row["Scale"]) == ("Number(2, 1)", 3, 1)
    org.metadata.delete_field("Account.Risk__c")
    assert org.look(asked) == []


# --- custom objects


def test_a_custom_object_can_be_made_given_fields_filled_and_deleted(org):
    name = {"type": "AutoNumber", "label": "Number", "displayFormat": "R-{0000}"}
    org.metadata.create_object("Risk__c", {"label": "Risk", "pluralLabel": "Risks", "nameField": name})
    master = {"label": "Account", "type": "MasterDetail", "referenceTo": "Account", "relationshipName": "Risks"}
    org.metadata.create_field("Risk__c.Account__c", master)
    everyone = org.access("")
    made = org.records.create("Risk__c", {"Account__c": account(org)}, everyone)
    assert (made[:3], org.records.get("Risk__c", made, everyone, ["Name"])) == ("a01", {"Name": "R-0001"})
    assert refusal(org.records.create, "Risk__c", {}, org.access(org.integration_user_id)).status == 403
    assert org.look(f"SELECT (SELECT Name FROM Risks__r) FROM Account WHERE Id = '{account(org)}'")
    assert refusal(org.metadata.create_object, "risk__c", {"label": "x"}).code == "DUPLICATE_DEVELOPER_NAME"
    org.metadata.delete_object("Risk__c")
    assert org.schema.get("Risk__c") is None
    assert refusal(org.metadata.delete_object, "Account").code == "NOT_FOUND"


def test_what_was_changed_is_still_so_in_the_next_run(tmp_path):
    path = tmp_path / "org.sqlite"
    first = OrgState(2, 1, NOW, path)
    first.metadata.create_field("Account.Risk__c", SCORE)
    first.metadata.create_object("Risk__c", {"label": "Risk"})
    first.metadata.create_field("Contact.Gone__c", SCORE)
    first.metadata.delete_field("Contact.Gone__c")
    first.metadata.add_validation_rule("Account", "No_Nines", "Risk__c = 9", "Not nine", active=True)
    first.remove_field("Account", "CS_Segment__c")
    first.edit("Account", account(first), {"Risk__c": 4})
    grant(first, profile_set(first))
    field_id = first.metadata.field("Account.Risk__c").id
    first.close()
    again = OrgState(2, 1, NOW, path)
    try:
        assert again.metadata.field(field_id).full_name == "Account.Risk__c"
        assert again.access(again.integration_user_id).editable("Account", "Risk__c")
        assert again.look(f"SELECT Risk__c FROM Account WHERE Id = '{account(again)}'")[0]["Risk__c"] == 4.0
        assert again.schema.get("Account").field("CS_Segment__c") is None
        assert again.schema.get("Contact").field("Gone__c") is None
        assert again.schema.get("Risk__c") is not None
        assert refusal(again.edit, "Account", account(again), {"Risk__c": 9}).message == "Not nine"
    finally:
        again.close()
