"""The recurring kinds of field, with what every field of the kind has in common.

The rules (which types can be grouped, which lengths count, what a system field allows) are those that the describes of
live orgs follow without exception.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from toolkit.demo_org.schema import Field, PicklistValue

GEOCODE_ACCURACIES = (
    *("Address", "NearAddress", "Block", "Street", "ExtendedZip", "Zip"),
    *("Neighborhood", "City", "County", "State", "Unknown"),
)


def record_id(label: str) -> Field:
    """Return the Id field; `label` is the object's label."""
    return Field(
        "Id",
        f"{label} ID",
        "id",
        length=18,
        nillable=False,
        createable=False,
        updateable=False,
        defaulted_on_create=True,
        id_lookup=True,
        permissionable=False,
    )


def text(name: str, label: str, length: int, *, required: bool = False, **more: Any) -> Field:
    """Return a one-line text field."""
    return _field(Field(name, label, "string", length, nillable=not required, permissionable=not required), more)


def text_area(name: str, label: str, length: int = 255, **more: Any) -> Field:
    """Return a text field of several lines; above 255 characters it cannot be filtered, sorted or grouped."""
    short = length <= 255
    return _field(
        Field(
            name,
            label,
            "textarea",
            length,
            extra_type_info="plaintextarea",
            filterable=short,
            sortable=short,
            groupable=short,
        ),
        more,
    )


def rich_text(name: str, label: str, length: int = 32_768, **more: Any) -> Field:
    """Return a text area whose text is HTML."""
    return text_area(name, label, length, extra_type_info="richtextarea", **more)


def encrypted(name: str, label: str, length: int = 175, **more: Any) -> Field:
    """Return a text field that is read masked and cannot be filtered, sorted or grouped."""
    field = Field(name, label, "encryptedstring", length, filterable=False, sortable=False, groupable=False)
    return _field(field, more)


def time_of_day(name: str, label: str, **more: Any) -> Field:
    """Return a field for a time of day, which has no time zone."""
    return _field(Field(name, label, "time", groupable=False), more)


def geolocation(name: str, label: str, scale: int) -> tuple[Field, ...]:
    """Return the coordinates of a custom geolocation and, last, the compound field that reads as both."""
    start = name.removesuffix("c")
    parts = (
        number(f"{start}Latitude__s", f"{label} (Latitude)", scale + 3, scale),
        number(f"{start}Longitude__s", f"{label} (Longitude)", scale + 3, scale),
    )
    whole = Field(
        name,
        label,
        "location",
        scale=scale,
        createable=False,
        updateable=False,
        sortable=False,
        groupable=False,
        stored=False,
    )
    return (*(replace(part, compound_field_name=name, permissionable=False) for part in parts), whole)


def email(name: str, label: str, **more: Any) -> Field:
    """Return an e-mail field."""
    return _field(Field(name, label, "email", 80), more)


def phone(name: str, label: str, **more: Any) -> Field:
    """Return a phone field."""
    return _field(Field(name, label, "phone", 40), more)


def url(name: str, label: str, **more: Any) -> Field:
    """Return a web address field."""
    return _field(Field(name, label, "url", 255), more)


def picklist(
    name: str, label: str, values: Iterable[str], *, length: int = 255, default: str | None = None, **more: Any
) -> Field:
    """Return a picklist whose labels are its values; one with a default is filled on create."""
    entries = tuple(PicklistValue(value, value, default=value == default) for value in values)
    field = Field(
        name, label, "picklist", length, picklist=entries, default=default, defaulted_on_create=default is not None
    )
    return _field(field, more)


def number(name: str, label: str, precision: int, scale: int, **more: Any) -> Field:
    """Return a number field of `precision` digits in all, `scale` of them decimals."""
    return _field(Field(name, label, "double", precision=precision, scale=scale, groupable=False), more)


def currency(name: str, label: str, precision: int = 18, scale: int = 2, **more: Any) -> Field:
    """Return a currency field."""
    return _field(Field(name, label, "currency", precision=precision, scale=scale, groupable=False), more)


def percent(name: str, label: str, precision: int, scale: int, **more: Any) -> Field:
    """Return a percent field."""
    return _field(Field(name, label, "percent", precision=precision, scale=scale, groupable=False), more)


def whole_number(name: str, label: str, digits: int = 8, **more: Any) -> Field:
    """Return an integer field, which only standard fields can be."""
    return _field(Field(name, label, "int", digits=digits), more)


def checkbox(name: str, label: str, **more: Any) -> Field:
    """Return a checkbox, never null and false unless told."""
    return _field(Field(name, label, "boolean", nillable=False, defaulted_on_create=True, default=False), more)


def date(name: str, label: str, **more: Any) -> Field:
    """Return a date field."""
    return _field(Field(name, label, "date"), more)


def moment(name: str, label: str, **more: Any) -> Field:
    """Return a datetime field."""
    return _field(Field(name, label, "datetime", groupable=False), more)


def reference(name: str, label: str, to: str | tuple[str, ...], relationship: str | None, **more: Any) -> Field:
    """Return a lookup to one object, or to any of several."""
    targets = (to,) if isinstance(to, str) else to
    field = Field(name, label, "reference", length=18, reference_to=targets, relationship_name=relationship)
    return _field(field, more)


def owner(label: str = "Owner ID", to: tuple[str, ...] = ("User",)) -> Field:
    """Return OwnerId, which is the creating user unless told."""
    return reference("OwnerId", label, to, "Owner", nillable=False, defaulted_on_create=True, permissionable=False)


def read_only(field: Field) -> Field:
    """Return the field as one that only the org itself sets."""
    return replace(field, createable=False, updateable=False)


def system(field: Field) -> Field:
    """Return the field as one that only the org itself sets and that everybody may see."""
    return replace(field, createable=False, updateable=False, permissionable=False)


def deleted() -> Field:
    """Return IsDeleted."""
    return system(checkbox("IsDeleted", "Deleted"))


def audit_fields() -> tuple[Field, ...]:
    """Return the fields that say who made and last changed a record, and when."""
    always: dict[str, Any] = {"nillable": False, "defaulted_on_create": True}
    return tuple(
        system(each)
        for each in (
            moment("CreatedDate", "Created Date", **always),
            reference("CreatedById", "Created By ID", "User", "CreatedBy", **always),
            moment("LastModifiedDate", "Last Modified Date", **always),
            reference("LastModifiedById", "Last Modified By ID", "User", "LastModifiedBy", **always),
            moment("SystemModstamp", "System Modstamp", **always),
        )
    )


def viewed_fields() -> tuple[Field, ...]:
    """Return the fields that say when a user last looked at a record."""
    return (
        system(moment("LastViewedDate", "Last Viewed Date")),
        system(moment("LastReferencedDate", "Last Referenced Date")),
    )


def address(prefix: str, label: str | None = None) -> tuple[Field, ...]:
    """Return the parts of an address and, last, the compound field that reads as all of them."""
    start = f"{prefix} " if label is None else label
    compound = f"{prefix}Address"
    parts = (
        text_area(f"{prefix}Street", f"{start}Street"),
        text(f"{prefix}City", f"{start}City", 40),
        text(f"{prefix}State", f"{start}State/Province", 80),
        text(f"{prefix}PostalCode", f"{start}Zip/Postal Code", 20),
        text(f"{prefix}Country", f"{start}Country", 80),
        number(f"{prefix}Latitude", f"{start}Latitude", 18, 15),
        number(f"{prefix}Longitude", f"{start}Longitude", 18, 15),
        picklist(
            f"{prefix}GeocodeAccuracy",
            f"{start}Geocode Accuracy",
            GEOCODE_ACCURACIES,
            length=40,
            restricted_picklist=True,
        ),
    )
    whole = Field(
        compound,
        f"{start}Address",
        "address",
        createable=False,
        updateable=False,
        sortable=False,
        groupable=False,
        stored=False,
    )
    return (*(replace(part, compound_field_name=compound) for part in parts), whole)


def person_name(name_label: str = "Full Name", last_length: int = 80) -> tuple[Field, ...]:
    """Return the parts of a person's name and the name itself, which the org puts together."""
    part: dict[str, Any] = {"compound_field_name": "Name", "extra_type_info": "personname", "permissionable": False}
    return (
        text("LastName", "Last Name", last_length, required=True, **part),
        text("FirstName", "First Name", 40, **part),
        system(text("Name", name_label, 121, nillable=False, extra_type_info="personname", name_field=True)),
    )


def _field(field: Field, more: dict[str, Any]) -> Field:
    return replace(field, **more) if more else field
