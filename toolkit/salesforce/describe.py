"""What the org's objects and fields are, as describe tells it, kept until asked to look again.

A field that the integration user may not see is simply absent: to this package it does not exist.
"""

import difflib
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from toolkit.errors import NotFoundError, RequestError
from toolkit.salesforce.soql import name as api_name
from toolkit.salesforce.wire import Wire

SUGGESTIONS = 5


@dataclass(frozen=True)
class FieldDescribe:
    """One field in describe's terms. ``picklist_values`` are the active values' API names.

    What may be written is ``createable`` and ``updateable``, never ``calculated``: many system fields are read-only
    without being calculated. The digits left of the decimal point are ``precision - scale``.
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
        )


@dataclass(frozen=True)
class ObjectDescribe:
    """One object: its names and its fields by API name, in the org's order."""

    name: str
    label: str
    fields: Mapping[str, FieldDescribe]
    key_prefix: str | None = None
    scopes: tuple[str, ...] = ()
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
                self._objects[sobject.lower()] = known
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
            return ObjectDescribe(
                name=body["name"],
                label=body.get("label") or body["name"],
                fields={each["name"]: FieldDescribe.from_json(each) for each in body["fields"]},
                key_prefix=body.get("keyPrefix"),
                scopes=tuple(each["name"] for each in body.get("supportedScopes") or ()),
                look_up=self.get,
            )
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
