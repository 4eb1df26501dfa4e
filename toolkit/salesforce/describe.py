"""What the org's objects and fields are, as describe tells it, kept until asked to look again.

A field that the integration user may not see is simply absent: to this package it does not exist.
"""

import base64
import binascii
import difflib
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from toolkit.compounds import COMPOUND_TYPES, MOST_DECIMALS, PARTS
from toolkit.errors import NotFoundError, RequestError
from toolkit.salesforce.soql import name as api_name
from toolkit.salesforce.wire import Wire

SUGGESTIONS = 5
MOST_TARGETS = 5
"""Of a reference to more kinds of record (the 80 that a task may be about) the kinds are not looked up one by one."""


@dataclass(frozen=True)
class FieldDescribe:
    """One field in describe's terms. ``picklist_values`` are the active values' API names.

    What may be written is ``createable`` and ``updateable``, never ``calculated``: many system fields are read-only
    without being calculated. The digits left of the decimal point are ``precision - scale``. ``html`` marks a rich text
    area. ``components`` are the fields that an address or a place is made of, by part (`toolkit.compounds`); a part is
    missing where the user may not see it. ``allowed`` are the values of a dependent picklist for each value of the
    field ``controller_name``, both active and not.
    """

    name: str
    label: str = ""
    type: str = "string"
    length: int = 0
    precision: int = 0
    scale: int = 0
    digits: int = 0
    nillable: bool = True
    createable: bool = True
    updateable: bool = True
    unique: bool = False
    external_id: bool = False
    restricted_picklist: bool = False
    picklist_values: tuple[str, ...] = ()
    reference_to: tuple[str, ...] = ()
    relationship_name: str | None = None
    calculated: bool = False
    custom: bool = False
    defaulted_on_create: bool = False
    id_lookup: bool = False
    compound_field_name: str | None = None
    filterable: bool = True
    html: bool = False
    controller_name: str | None = None
    components: Mapping[str, "FieldDescribe"] = field(default_factory=dict, repr=False, compare=False)
    allowed: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def written_fields(self) -> tuple["FieldDescribe", ...]:
        """The fields that a write of this one sets: its components if it is a compound, else itself."""
        return tuple(self.components.values()) if self.type in COMPOUND_TYPES else (self,)

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> "FieldDescribe":
        """Return the field of one entry of describe's ``fields``."""
        return cls(
            name=body["name"],
            label=body.get("label") or body["name"],
            type=body["type"],
            length=body.get("length") or 0,
            precision=body.get("precision") or 0,
            scale=body.get("scale") or 0,
            digits=body.get("digits") or 0,
            nillable=bool(body.get("nillable")),
            createable=bool(body.get("createable")),
            updateable=bool(body.get("updateable")),
            unique=bool(body.get("unique")),
            external_id=bool(body.get("externalId")),
            restricted_picklist=bool(body.get("restrictedPicklist")),
            picklist_values=tuple(each["value"] for each in body.get("picklistValues") or () if each.get("active")),
            reference_to=tuple(body.get("referenceTo") or ()),
            relationship_name=body.get("relationshipName"),
            calculated=bool(body.get("calculated")),
            custom=bool(body.get("custom")),
            defaulted_on_create=bool(body.get("defaultedOnCreate")),
            id_lookup=bool(body.get("idLookup")),
            compound_field_name=body.get("compoundFieldName"),
            filterable=body.get("filterable") is not False,
            html=bool(body.get("htmlFormatted")) and body["type"] == "textarea",
            controller_name=body.get("controllerName") if body.get("dependentPicklist") else None,
        )


def fields_from_json(bodies: Sequence[Mapping[str, Any]]) -> dict[str, FieldDescribe]:
    """Return the fields of describe's ``fields`` by name, each knowing its components and its controlling values."""
    fields = {each["name"]: FieldDescribe.from_json(each) for each in bodies}
    values = {each["name"]: _controlling_values(each) for each in bodies}
    for body in bodies:
        known = fields[body["name"]]
        if known.type in COMPOUND_TYPES:
            components = _components(known, fields.values())
            scale = max((each.scale for each in components.values()), default=0) or MOST_DECIMALS
            fields[known.name] = replace(known, components=components, scale=scale)
        elif known.controller_name in values:
            allowed = _allowed(body.get("picklistValues") or (), values[known.controller_name])
            fields[known.name] = replace(known, allowed=allowed)
    return fields


def _components(whole: FieldDescribe, fields: Iterable[FieldDescribe]) -> dict[str, FieldDescribe]:
    # BillingAddress has BillingCity, Address has City, Place__c has Place__Latitude__s.
    start = whole.name.removesuffix("__c") + "__" if whole.custom else whole.name.removesuffix("Address")
    found = {}
    for each in fields:
        if each.compound_field_name == whole.name and each.name.startswith(start):
            part = each.name.removeprefix(start).removesuffix("__s")
            found[part[:1].lower() + part[1:]] = each
    return {part: found[part] for part in PARTS[whole.type] if part in found}


def _controlling_values(body: Mapping[str, Any]) -> list[str]:
    if body["type"] == "boolean":
        return ["false", "true"]
    return [each["value"] for each in body.get("picklistValues") or ()]


def _allowed(entries: Sequence[Mapping[str, Any]], controlling: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Decode validFor: a bit for each controlling value, the first one the highest bit of the first byte."""
    allowed: dict[str, list[str]] = {each: [] for each in controlling}
    for entry in entries:
        try:
            bits = base64.b64decode(entry.get("validFor") or "")
        except binascii.Error:
            continue
        for place, each in enumerate(controlling):
            if place // 8 < len(bits) and bits[place // 8] & (0x80 >> place % 8):
                allowed[each].append(entry["value"])
    return {each: tuple(values) for each, values in allowed.items()}


@dataclass(frozen=True)
class ChildRelationship:
    """The field of another object that refers to this one, and what a deletion does to those records.

    They go too (``cascades``), keep the record from being deleted (``restricts``), or lose their reference.
    """

    sobject: str
    field: str
    cascades: bool = False
    restricts: bool = False

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> "ChildRelationship":
        """Return the relationship of one entry of describe's ``childRelationships``."""
        cascades, restricts = bool(body.get("cascadeDelete")), bool(body.get("restrictedDelete"))
        return cls(body["childSObject"], body["field"], cascades, restricts)


@dataclass(frozen=True)
class ObjectDescribe:
    """One object: its names, its fields by API name, in the org's order, and who refers to it."""

    name: str
    label: str
    fields: Mapping[str, FieldDescribe]
    key_prefix: str | None = None
    scopes: tuple[str, ...] = ()
    children: tuple[ChildRelationship, ...] = field(default=(), repr=False, compare=False)
    look_up: Callable[[str], "ObjectDescribe"] | None = field(default=None, repr=False, compare=False)

    def field(self, path: str) -> FieldDescribe:
        """Return the field that `path` leads to, `Name` or `Owner.Name`, in any case.

        Of a reference to several objects the first one that has the field counts. Raises NotFoundError, which names
        the fields that come near.
        """
        return self._resolve(path)[1]

    def path(self, path: str) -> str:
        """Return `path` as the org spells it. Raises NotFoundError like `field`."""
        return self._resolve(path)[0]

    def key_prefixes(self, field: FieldDescribe) -> tuple[str, ...]:
        """Return the first three characters of the ids that a reference takes; none when they are not known."""
        if self.look_up is None or len(field.reference_to) > MOST_TARGETS:
            return ()
        try:
            prefixes = [self.look_up(target).key_prefix for target in field.reference_to]
        except NotFoundError:
            return ()
        return tuple(each for each in prefixes if each) if all(prefixes) else ()

    def _resolve(self, path: str) -> tuple[str, FieldDescribe]:
        first, _, rest = path.partition(".")
        if not rest:
            found = next((each for each in self.fields.values() if each.name.lower() == first.lower()), None)
            if found is None:
                raise self._no_such("field", first, self.fields)
            return found.name, found
        relationships = {each.relationship_name: each for each in self.fields.values() if each.relationship_name}
        through = next((each for name, each in relationships.items() if name.lower() == first.lower()), None)
        if through is None or self.look_up is None:
            raise self._no_such("relationship", first, relationships)
        missing: NotFoundError | None = None
        for target in through.reference_to:
            try:
                spelled, found = self.look_up(target)._resolve(rest)
            except NotFoundError as error:
                missing = missing or error
            else:
                return f"{through.relationship_name}.{spelled}", found
        raise missing or self._no_such("relationship", first, relationships)

    def _no_such(self, what: str, name: str, existing: Iterable[str]) -> NotFoundError:
        return NotFoundError(
            f"{self.name} has no {what} {name}{near(name, existing)}",
            hint=(
                "check the API name; a new field must be visible to the integration user in field-level security, "
                "and is seen after a refresh of the fields"
            ),
        )


class Describes:
    """Asks the org for describes and remembers them. Safe to use from several threads."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._lock = threading.RLock()
        self._objects: dict[str, ObjectDescribe] = {}

    def get(self, sobject: str, refresh: bool = False) -> ObjectDescribe:
        """Return the describe of an object; `refresh` asks the org again, also for the objects it refers to.

        Raises NotFoundError when the org has no such object for this user; it names those that come near.
        """
        with self._lock:
            if refresh:
                self._objects.clear()
            known = self._objects.get(sobject.lower())
            if known is None:
                known = self._ask(sobject)
                self._objects[sobject.lower()] = known  # also under the name it was asked by
            return known

    def knows(self, sobject: str) -> bool:
        """Return whether an object is remembered, so that asking for it costs nothing."""
        with self._lock:
            return sobject.lower() in self._objects

    def learn(self, body: Mapping[str, Any]) -> ObjectDescribe:
        """Remember an object by the body of its describe, however that was asked for, and return it."""
        known = ObjectDescribe(
            name=body["name"],
            label=body.get("label") or body["name"],
            fields=fields_from_json(body["fields"]),
            key_prefix=body.get("keyPrefix"),
            scopes=tuple(each["name"] for each in body.get("supportedScopes") or ()),
            children=tuple(map(ChildRelationship.from_json, body.get("childRelationships") or ())),
            look_up=self.get,
        )
        with self._lock:
            self._objects[known.name.lower()] = known
        return known

    def missing(self, sobject: str) -> NotFoundError:
        """Return the error that there is no such object, naming those that come near."""
        listed = self._wire.describe() or {}
        names = [each["name"] for each in listed.get("sobjects", ())]
        return NotFoundError(
            f"The org has no object {sobject}{near(sobject, names)}",
            hint="check the API name; the integration user may lack access to the object",
        )

    def _ask(self, sobject: str) -> ObjectDescribe:
        try:
            body = self._wire.json("GET", f"sobjects/{api_name(sobject)}/describe")
        except RequestError as error:
            if error.code not in ("NOT_FOUND", "INVALID_TYPE"):
                raise
        else:
            return self.learn(body)
        raise self.missing(sobject)


def near(wanted: str, existing: Iterable[str]) -> str:
    """Return "; did you mean A, B?" with the names that come near, or "; there are A, B, ..." when none does."""
    names = {each.lower(): each for each in existing}
    if not names:
        return "; there are none"
    close = difflib.get_close_matches(wanted.lower(), names, n=SUGGESTIONS, cutoff=0.6)
    close += [each for each in names if wanted.lower() in each and each not in close][: SUGGESTIONS - len(close)]
    if close:
        return f"; did you mean {', '.join(names[each] for each in close)}?"
    some = [names[each] for each in sorted(names)][: 2 * SUGGESTIONS]
    return f"; there are {', '.join(some)}{', ...' if len(names) > len(some) else ''}"
