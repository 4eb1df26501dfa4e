"""How the window puts things to a person: which objects, columns and fields come first, and values as text."""

from collections.abc import Mapping

from toolkit.demo_org.database import stored_fields
from toolkit.demo_org.schema import NUMBER_TYPES, Field, SObject

LIST_COLUMNS = {
    "Account": ("CS_Health_Score__c", "CS_Health_Band__c", "CS_Stage__c"),
    "Contact": ("AccountId", "Email"),
    "Opportunity": ("AccountId", "StageName", "Amount", "CloseDate"),
    "Contract": ("AccountId", "Status", "StartDate", "EndDate"),
    "Task": ("WhatId", "Status", "ActivityDate", "OwnerId"),
    "Event": ("WhatId", "StartDateTime", "OwnerId"),
    "User": ("Username", "Title", "IsActive"),
}
"""What a list shows between the name and when it was changed; other objects show their first fields."""
OTHER_COLUMNS = 4
LAST_COLUMNS = {"LastModifiedDate": "Last changed", "LastModifiedById": "By"}
SYSTEM_FIELDS = frozenset(
    {"Id", "IsDeleted", "MasterRecordId", "CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById",
     "SystemModstamp", "LastActivityDate", "LastViewedDate", "LastReferencedDate", "PhotoUrl"}
)  # fmt: skip
SETUP = frozenset(
    {"EntityDefinition", "FieldDefinition", "FieldPermissions", "Group", "ListView", "ObjectPermissions",
     "Organization", "PermissionSet", "PermissionSetAssignment", "PermissionSetGroup", "PermissionSetLicense",
     "PermissionSetLicenseAssign", "Profile", "RecordType", "UserRole"}
)  # fmt: skip
"""Objects about the org itself, which a person looks at last."""


def prominence(sobject: SObject) -> tuple[int, str]:
    """Order objects for a person: those an admin looks for first, then by name."""
    known = list(LIST_COLUMNS)
    return (known.index(sobject.name) if sobject.name in known else len(known), sobject.label_plural)


def list_columns(sobject: SObject) -> list[Field]:
    """Return the columns of an object's list: its name, what tells most, and who changed it when."""
    name = name_field(sobject)
    stored = [each for each in stored_fields(sobject) if each is not name]
    chosen = LIST_COLUMNS.get(sobject.name)
    if chosen is None:
        plain = [each for each in stored if each.name not in SYSTEM_FIELDS and each.type != "textarea"]
        middle = plain[:OTHER_COLUMNS]
    else:
        middle = [each for each in stored if each.name in chosen]
        middle.sort(key=lambda each: chosen.index(each.name))
    last = [each for each in stored if each.name in LAST_COLUMNS]
    return [name, *middle, *last]


def name_field(sobject: SObject) -> Field:
    """Return the field that names a record, or its id."""
    return next((each for each in sobject.fields if each.name_field and each.stored), id_field(sobject))


def default_sort(sobject: SObject) -> Field:
    """Return the field a list is sorted by unless somebody asks otherwise: the latest change."""
    return sobject.field("SystemModstamp") or id_field(sobject)


def id_field(sobject: SObject) -> Field:
    """Return an object's id field."""
    return next(each for each in sobject.fields if each.type == "id")


def importance(field: Field) -> int:
    """Order a record's fields for a person: its name, what the company made for itself, the rest."""
    return 0 if field.name_field else 1 if field.custom else 2


def label_of(field: Field) -> str:
    """Return a field's label; one that refers to a record is labelled as that record."""
    return field.label.removesuffix(" ID") if field.type == "reference" else field.label


def is_number(field: Field) -> bool:
    """Return whether a field's values stand to the right."""
    return field.type in NUMBER_TYPES or field.type == "int"


def shown(field: Field, value: object, linked: Mapping[str, str]) -> str:
    """Return a stored value as a person reads it; nothing is empty text."""
    if value is None:
        return ""
    if field.type == "boolean":
        return "Yes" if value else "No"
    if field.type == "datetime":
        return moment_text(str(value))
    if field.type == "reference":
        return linked.get(str(value), str(value))
    if isinstance(value, float):
        return f"{value:,.{field.scale}f}"
    if isinstance(value, int):
        return f"{value:,}"
    return str(value)


def editable_value(field: Field, value: object) -> object:
    """Return a stored value as an input takes it."""
    if field.type == "boolean":
        return bool(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def moment_text(stamp: str) -> str:
    """Return a stored moment without its T, thousandths and Z."""
    return stamp[:19].replace("T", " ")
