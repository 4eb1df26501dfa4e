"""What an sObject and a field are: the metadata that storage, describe, SOQL and validation are all bound to.

The objects themselves are declared in `toolkit.demo_org.objects`, one a file. A `Schema` is the set of them an org
has; look-ups are case-insensitive, as Salesforce's are.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

TEXT_TYPES = frozenset(
    {"string", "textarea", "email", "phone", "url", "picklist", "multipicklist", "combobox", "encryptedstring"}
)
NUMBER_TYPES = frozenset({"double", "currency", "percent"})
ID_TYPES = frozenset({"id", "reference"})
MASK = "*"
"""What every character of encrypted text reads as; nobody in the demo org has View Encrypted Data."""
MASTER_RECORD_TYPE_ID = "012000000000000AAA"


def masked(text: str) -> str:
    """Return encrypted text as it is read."""
    return MASK * len(text)


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
    default_formula: str | None = None
    calculated: bool = False
    formula: str | None = None
    name_field: bool = False
    auto_number: bool = False
    number_format: str | None = None  # of an auto-number, such as "SP-{00000}"
    cascade_delete: bool = False  # of a master-detail: the record goes with its master
    permissionable: bool = True
    filterable: bool = True
    sortable: bool = True
    groupable: bool = True
    help_text: str | None = None
    stored: bool = True  # False for compound fields, which are put together from their components when read

    @property
    def custom(self) -> bool:
        """Whether the field is a custom one, by its suffix."""
        return self.name.endswith(("__c", "__pc", "__s"))

    @property
    def namespace(self) -> str | None:
        """The prefix of the package a custom field came with (``Pack__Score__c``: Pack), or None."""
        packaged = self.name.endswith(("__c", "__pc")) and self.name.count("__") > 1
        return self.name.partition("__")[0] if packaged else None

    @property
    def developer_name(self) -> str:
        """The name without the suffix of a custom field and without the prefix of its package."""
        name = self.name.removesuffix("__c").removesuffix("__pc")
        return name if self.namespace is None else name.removeprefix(f"{self.namespace}__")

    @property
    def polymorphic(self) -> bool:
        """Whether the field may refer to records of several objects."""
        return len(self.reference_to) > 1

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
class RecordType:
    """One record type of an object: a kind of record, with the picklist values that records of it may take.

    A picklist that ``picklists`` does not name has all its values. ``person`` marks the kind that makes an account a
    person.
    """

    id: str
    developer_name: str
    name: str
    description: str = ""
    default: bool = False
    person: bool = False
    picklists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class SObject:
    """One object: its names, its key prefix, its fields in describe order, and what may be done with it.

    ``guarded`` objects are those that a user needs an ObjectPermissions row for. ``filtered_by`` are the lookups of
    which a query has to name one, and ``unique_together`` the fields that no two records may agree in.
    """

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
    guarded: bool = False
    record_types: tuple[RecordType, ...] = ()
    filtered_by: tuple[str, ...] = ()
    unique_together: tuple[str, ...] = ()
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

    @cached_property
    def name_column(self) -> str | None:
        """The API name of the field that names a record, or None."""
        return next((each.name for each in self.fields if each.name_field and each.stored), None)

    @property
    def custom(self) -> bool:
        """Whether the object is a custom one, by its suffix."""
        return self.name.endswith("__c")

    @property
    def has_bin(self) -> bool:
        """Whether deleted records go to the recycle bin first."""
        return self.field("IsDeleted") is not None

    def record_type(self, record_type_id: str) -> RecordType | None:
        """Return the record type of that 18-character id, or None."""
        return next((each for each in self.record_types if each.id == record_type_id), None)

    def with_fields(self, *fields: Field) -> "SObject":
        """Return this object with more fields at the end."""
        return replace(self, fields=(*self.fields, *fields))


class Schema:
    """The objects of an org."""

    def __init__(self, objects: Iterable[SObject]) -> None:
        self._objects = {each.name.lower(): each for each in objects}
        self._by_prefix: dict[str, str] = {}
        self._in_order: list[SObject] = []
        self._index()

    def get(self, name: str) -> SObject | None:
        """Return the object of that API name in any case, or None."""
        return self._objects.get(name.lower())

    def by_prefix(self, record_id: str) -> SObject | None:
        """Return the object whose records have ids like this one, or None.

        Where two objects show the same records (a note is also a document), it is the first by name.
        """
        name = self._by_prefix.get(record_id[:3])
        return None if name is None else self._objects[name]

    def replace(self, changed: SObject) -> None:
        """Put a changed object in the place of the one of the same name, or add a new one."""
        self._objects[changed.name.lower()] = changed
        self._index()

    def remove(self, name: str) -> None:
        """Take an object out. Raises KeyError when there is none."""
        del self._objects[name.lower()]
        self._index()

    def children_of(self, sobject: SObject) -> tuple[ChildRelationship, ...]:
        """Return the relationships of an object's children that there are in this schema."""
        return tuple(
            each
            for each in sobject.child_relationships
            if (child := self.get(each.child)) is not None and child.field(each.field) is not None
        )

    def __iter__(self) -> Iterator[SObject]:
        return iter(self._in_order)

    def _index(self) -> None:
        self._in_order = sorted(self._objects.values(), key=lambda each: each.name)
        self._by_prefix = {}
        for each in self._in_order:
            self._by_prefix.setdefault(each.key_prefix, each.name.lower())
