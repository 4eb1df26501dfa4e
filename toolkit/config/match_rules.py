"""The rules of ``match``: which values of both sides, read in which way, say that two records are one.

    external_id = Product_Id__c                              ids: blanks around them and case do not count
    domain(website) = domain(Website)                        the domain that somebody registered, of a website or e-mail
    email(email) = email(Email)                              one address, however it is written
    phone(phone, DE) = phone(Phone, DE)                      E.164; the country of numbers that name none
    name(name) = name(Name) and country = BillingCountry     every part must agree
    email(contact_email) = email(Contacts.Email)             through a contact to its account (CC-11)

Only the grammar is here; `toolkit.matching` reads the values.
"""

import re
from typing import Literal, get_args

from pydantic import model_serializer, model_validator

from toolkit.config.terms import FieldPath, Model, Word

Normaliser = Literal["id", "domain", "email", "phone", "name"]
NORMALISERS: tuple[Normaliser, ...] = get_args(Normaliser)
"""The ways in which a rule may read values; a value without one is read as an id."""

CONTACTS = "Contacts"
"""What ``Contacts.Email`` begins with: the contacts of an account, on either side."""

_AND = re.compile(r"\s+and\s+", re.IGNORECASE)
_CALL = re.compile(r"^(?P<normaliser>\w+)\s*\(\s*(?P<inner>[^()]*?)\s*\)$")
_WORD = re.compile(r"^[A-Za-z][A-Za-z0-9_]*$")
_PATH = re.compile(r"^[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*){0,5}$")
_REGION = re.compile(r"^[A-Z]{2}$")
_EXAMPLE = 'must read "column here = Salesforce field", for example "external_id = Product_Id__c"'


class Operand(Model):
    """One side of a part: a column here or a Salesforce field, and how its values are read."""

    field: FieldPath
    normaliser: Normaliser | None = None
    region: str | None = None

    @property
    def of_contacts(self) -> str | None:
        """The field of the account's contacts that is meant, ``Email`` of ``Contacts.Email``, or None."""
        first, dot, rest = self.field.partition(".")
        return rest if dot and first.lower() == CONTACTS.lower() else None

    def __str__(self) -> str:
        if self.normaliser is None:
            return self.field
        return f"{self.normaliser}({self.field}{f', {self.region}' if self.region else ''})"


class MatchPart(Model):
    """Two values that must agree: ``name(name) = name(Name)``."""

    here: Operand
    there: Operand

    @property
    def of_contacts(self) -> bool:
        """Whether either side looks at the contacts of an account instead of the account."""
        return self.here.of_contacts is not None or self.there.of_contacts is not None

    def __str__(self) -> str:
        return f"{self.here} = {self.there}"


class MatchRule(Model):
    """One or more parts that must all agree: ``"name(name) = name(Name) and country = BillingCountry"``.

    Written as text in the mapping file. `MatchRule(here=..., there=...)` is the plain rule of two fields.
    """

    parts: tuple[MatchPart, ...]

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, given: object) -> object:
        if isinstance(given, dict) and set(given) == {"here", "there"}:
            given = f"{given['here']} = {given['there']}"
        return {"parts": _parts_of(given)} if isinstance(given, str) else given

    @model_serializer
    def __str__(self) -> str:
        return " and ".join(map(str, self.parts))

    @property
    def of_contacts(self) -> bool:
        """Whether the rule goes through contacts to their account (CC-11)."""
        return any(part.of_contacts for part in self.parts)

    @property
    def here_columns(self) -> tuple[Word, ...]:
        """The columns of the record here that are compared."""
        return tuple(part.here.field for part in self.parts if part.here.of_contacts is None)

    @property
    def there_paths(self) -> tuple[FieldPath, ...]:
        """The fields of the record in Salesforce that are compared."""
        return tuple(part.there.field for part in self.parts if part.there.of_contacts is None)

    @property
    def carried(self) -> tuple[tuple[Word, FieldPath], ...]:
        """The column here and the field there of each part that hold the same thing: what one holds suits the other.

        A domain is not carried: one side may hold a website, the other an e-mail address.
        """
        same = [part for part in self.parts if not part.of_contacts and part.here.normaliser != "domain"]
        return tuple((part.here.field, part.there.field) for part in same)


def _parts_of(text: str) -> list[dict[str, dict[str, str | None]]]:
    """Return the parts of a rule. Raises ValueError with every fault, each with its part where there are several."""
    pieces = _AND.split(text.strip())
    parts: list[dict[str, dict[str, str | None]]] = []
    faults: list[str] = []
    for number, piece in enumerate(pieces, start=1):
        where = f"part {number}, " if len(pieces) > 1 else ""
        here, equals, there = (each.strip() for each in piece.partition("="))
        if not (here and equals and there) or "=" in there:
            faults.append(f'{where}"{piece}", {_EXAMPLE}' if where else _EXAMPLE)
            continue
        sides = {"here": _operand(here), "there": _operand(there)}
        found = [*_operand_faults(sides["here"], "here"), *_operand_faults(sides["there"], "there")]
        found += [] if found else _pair_faults(sides)
        faults += [f"{where}{fault}" for fault in found]
        parts.append(sides)
    if (
        not faults
        and len(parts) > 1
        and any(_looks_at_contacts(side["field"]) for part in parts for side in part.values())
    ):
        faults.append(f"a rule through {CONTACTS} has one part only: it compares lists of values")
    if faults:
        raise ValueError("; ".join(faults))
    return parts


def _operand(text: str) -> dict[str, str | None]:
    called = _CALL.match(text)
    if called is None:
        return {"field": text, "normaliser": None, "region": None}
    field, comma, region = (each.strip() for each in called["inner"].partition(","))
    return {"field": field, "normaliser": called["normaliser"], "region": region if comma else None}


def _operand_faults(side: dict[str, str | None], name: str) -> list[str]:
    field, normaliser, region = side["field"] or "", side["normaliser"], side["region"]
    faults = []
    if normaliser is not None and normaliser not in NORMALISERS:
        near = next(
            (each for each in NORMALISERS if normaliser.lower() == each or normaliser[:3].lower() == each[:3]), None
        )
        guess = f'; did you mean "{near}"?' if near else ""
        faults.append(f'"{normaliser}(...)" is unknown; valid is {", ".join(NORMALISERS)}{guess}')
    if region is not None and (normaliser != "phone" or not _REGION.match(region)):
        faults.append(
            f'"{region}" in {normaliser}({field}, {region}): only phone takes a country, of two letters ("DE")'
        )
    column = name == "here" and not _looks_at_contacts(field)
    if not (_WORD if column else _PATH).match(field):
        wanted = "a column here" if column else 'a Salesforce field such as "Website" or "Owner.Name"'
        faults.append(f'"{field}" is not {wanted}; {_EXAMPLE}')
    return faults


def _pair_faults(sides: dict[str, dict[str, str | None]]) -> list[str]:
    here, there = sides["here"], sides["there"]
    if (here["normaliser"] or "id") != (there["normaliser"] or "id"):
        one, other = (f"{side['normaliser'] or 'id'}({side['field']})" for side in (here, there))
        return [f"{one} and {other} are never equal: write the same word on both sides"]
    return []


def _looks_at_contacts(field: str | None) -> bool:
    return (field or "").lower().startswith(f"{CONTACTS.lower()}.")
