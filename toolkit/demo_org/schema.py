"""What an sObject and a field are: the metadata that storage, describe, SOQL and validation are all bound to.

The objects themselves are declared in `toolkit.demo_org.objects`, one a file. A `Schema` is the set of them an org
has; look-ups are case-insensitive, as Salesforce's are.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

TEXT_TYPES = frozenset(
    {"string", "textarea", "email", "phone", "url", "picklist", "multipicklist", "combobox", "encryptedstring"}
)
NUMBER_TYPES = frozenset({"double", "currency", "percent"})
ID_TYPES = frozenset({"id", "reference"})
MASTER_RECORD_TYPE_ID = "012000000000000AAA"


@dataclass(frozen=True)
class PicklistValue:
    """One entry of a picklist. ``value`` is the API name, which is what queries and writes use."""

    value: str
    label: str
    active: bool = True
    default: bool = False
    valid_for: str | None = None


@dataclass(frozen=True)
class Field:
    """One field, in the terms of describe. Defaults are those of a plain custom text field."""

    name: str
    label: str
    type: str = "string"
    length: int = 0
    precision: int = 0
    scale: int = 0
    digits: int = 0
    nillable: bool = True
    createable: bool = True
    updateable: bool = True
    defaulted_on_create: bool = False
    unique: bool = False
    case_sensitive: bool = False
    external_id: bool = False
    id_lookup: bool = False
    restricted_picklist: bool = False
    picklist: tuple[PicklistValue, ...] = ()
    controller_name: str | None = None
    reference_to: tuple[str, ...] = ()
    relationship_name: str | None = None
    compound_field_name: str | None = None
    extra_type_info: str | None = None
    default: object = None
    calculated: bool = False
    formula: str | None = None
    name_field: bool = False
    auto_number: bool = False
    permissionable: bool = True
    filterable: bool = True
    sortable: bool = True
    groupable: bool = True
    help_text: str | None = None
    stored: bool = True  # False for compound fields, which are put together from their components when read

    @property
    def custom(self) -> bool:
        """Whether the field is a custom one, by its suffix."""
        return self.name.endswith(("__c", "__pc"))

    @property
    def required_on_create(self) -> bool:
        """Whether a create without this field is refused."""
        return self.createable and not self.nillable and not self.defaulted_on_create


@dataclass(frozen=True)
class ChildRelationship:
    """A field of another object that refers to this one."""

    child: str
    field: str
    name: str | None
    cascade_delete: bool = False
    restricted_delete: bool = False


@dataclass(frozen=True)
class SObject:
    """One object: its names, its key prefix, its fields in describe order, and what may be done with it."""

    name: str
    label: str
    label_plural: str
    key_prefix: str
    fields: tuple[Field, ...]
    child_relationships: tuple[ChildRelationship, ...] = ()
    createable: bool = True
    updateable: bool = True
    deletable: bool = True
    layoutable: bool = True
    mergeable: bool = False
    feed_enabled: bool = True
    scopes: tuple[tuple[str, str], ...] = field(default=())  # (name, label) of supportedScopes

    @cached_property
    def _by_name(self) -> dict[str, Field]:
        return {each.name.lower(): each for each in self.fields}

    @cached_property
    def _by_relationship(self) -> dict[str, Field]:
        return {each.relationship_name.lower(): each for each in self.fields if each.relationship_name}

    def field(self, name: str) -> Field | None:
        """Return the field of that API name in any case, or None."""
        return self._by_name.get(name.lower())

    def relationship(self, name: str) -> Field | None:
        """Return the reference field that a parent path such as ``Owner`` goes through, or None."""
        return self._by_relationship.get(name.lower())

    def with_fields(self, *fields: Field) -> "SObject":
        """Return this object with more fields at the end."""
        return replace(self, fields=(*self.fields, *fields))


class Schema:
    """The objects of an org."""

    def __init__(self, objects: Iterable[SObject]) -> None:
        self._objects = {each.name.lower(): each for each in objects}

    def get(self, name: str) -> SObject | None:
        """Return the object of that API name in any case, or None."""
        return self._objects.get(name.lower())

    def by_prefix(self, record_id: str) -> SObject | None:
        """Return the object whose records have ids like this one, or None."""
        return next((each for each in self if each.key_prefix == record_id[:3]), None)

    def replace(self, changed: SObject) -> None:
        """Put a changed object in the place of the one of the same name."""
        self._objects[changed.name.lower()] = changed

    def __iter__(self) -> Iterator[SObject]:
        return iter(sorted(self._objects.values(), key=lambda each: each.name))
