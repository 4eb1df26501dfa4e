"""Person accounts: what Account and Contact gain in an org where an account may be a person.

Such an account and the contact that is its twin are two records of one person. The account shows the contact's fields
under names with ``Person`` before or ``__pc`` behind; `MIRRORED` says which is which.
"""

from dataclasses import replace

from toolkit.demo_org.objects.fields import checkbox, reference, system
from toolkit.demo_org.objects.record_types import PERSON_ACCOUNT, RECORD_TYPES, record_type_field
from toolkit.demo_org.schema import ChildRelationship, Field, SObject

_NAME_PARTS = ("LastName", "FirstName", "Salutation")
_SHARED = ("Phone", "Fax", "Description", "OwnerId")
_PERSON_FIELDS = (
    *(
        f"{kind}{part}"
        for kind in ("Mailing", "Other")
        for part in (
            *("Street", "City", "State", "PostalCode", "Country"),
            *("Latitude", "Longitude", "GeocodeAccuracy", "Address"),
        )
    ),
    *("MobilePhone", "HomePhone", "OtherPhone", "AssistantPhone", "Email", "Title", "Department", "AssistantName"),
    *("LeadSource", "Birthdate", "EmailBouncedReason", "EmailBouncedDate"),
)
PERSON_ONLY = (*_NAME_PARTS, *(f"Person{name}" for name in _PERSON_FIELDS if not name.endswith("Address")))
"""The fields of an account that only a person has a value in, custom ones aside."""

MIRRORED = {name: name for name in (*_NAME_PARTS, *_SHARED)} | {
    f"Person{name}": name for name in _PERSON_FIELDS if not name.endswith("Address")
}
"""Which field of the contact each field of the account is; custom ones (``X__pc`` is ``X__c``) come on top."""


def with_person_accounts(account: SObject, contact: SObject) -> tuple[SObject, SObject]:
    """Return Account and Contact as they are in an org with person accounts."""
    is_person = system(checkbox("IsPersonAccount", "Is Person Account"))
    name = next(each for each in account.fields if each.name == "Name")
    fields: list[Field] = []
    for each in account.fields:
        fields.append(replace(each, nillable=True, permissionable=False) if each is name else each)
        if each is name:
            fields.extend(_name_part(contact, part) for part in _NAME_PARTS)
        if each.name == "Type":
            fields.append(record_type_field())
    fields.append(system(reference("PersonContactId", "Contact ID", "Contact", "PersonContact")))
    fields.append(is_person)
    fields.extend(_mirror(contact, each) for each in _PERSON_FIELDS)
    fields.extend(person_mirror(each) for each in contact.fields if each.custom)
    types = tuple(RECORD_TYPES["Account"])
    person = replace(account, fields=tuple(fields), record_types=types)
    twin = replace(
        contact,
        fields=(*contact.fields, is_person),
        child_relationships=(
            *contact.child_relationships,
            ChildRelationship("Account", "PersonContactId", None),
        ),
    )
    return person, twin


def person_mirror(field: Field) -> Field:
    """Return the account's ``__pc`` field for a custom field of the contact."""
    relationship = None if field.relationship_name is None else f"{field.relationship_name.removesuffix('__r')}__pr"
    name = f"{field.name.removesuffix('__c')}__pc"
    return replace(field, name=name, relationship_name=relationship, unique=False, external_id=False)


def is_person_type(record_type_id: object) -> bool:
    """Return whether accounts of this record type are persons."""
    return record_type_id == PERSON_ACCOUNT.id


def _name_part(contact: SObject, name: str) -> Field:
    found = contact.field(name)
    assert found is not None
    is_name = name != "Salutation"
    return replace(
        found, extra_type_info="switchablepersonname", compound_field_name="Name", nillable=True, name_field=is_name
    )


def _mirror(contact: SObject, name: str) -> Field:
    found = contact.field(name)
    assert found is not None
    compound = found.compound_field_name
    return replace(
        found,
        name=f"Person{name}",
        label=found.label.removeprefix("Contact "),
        compound_field_name=None if compound is None else f"Person{compound}",
        id_lookup=False,
    )
