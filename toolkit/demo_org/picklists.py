"""Picklists that depend on something: on another field's value, or on the record type.

Which values of a dependent picklist go with which values of its controlling field is a bitmap on each value: bit n,
counted from the left, stands for the controlling field's n-th value. A checkbox controls with false and true.
"""

import base64
import binascii
from collections.abc import Iterable, Mapping

from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.schema import Field, PicklistValue, RecordType, SObject

Stored = str | int | float | None


def valid_for(places: Iterable[int], count: int) -> str:
    """Return the bitmap of a value that goes with the controlling values at these places, of so many in all."""
    bits = bytearray(-(-max(count, 1) // 8))
    for place in places:
        bits[place >> 3] |= 0x80 >> (place & 7)
    return base64.b64encode(bytes(bits)).decode()


def goes_with(entry: PicklistValue, place: int) -> bool:
    """Return whether a value of a dependent picklist goes with the controlling value at `place`."""
    try:
        bits = base64.b64decode(entry.valid_for or "", validate=True)
    except binascii.Error:
        return False
    return place >> 3 < len(bits) and bool(bits[place >> 3] & (0x80 >> (place & 7)))


def controlled_fields(sobject: SObject) -> list[tuple[Field, Field]]:
    """Return the restricted dependent picklists of an object, each with the field that controls it."""
    pairs = []
    for field in sobject.fields:
        controller = sobject.field(field.controller_name or "")
        if controller is not None and field.restricted_picklist:
            pairs.append((field, controller))
    return pairs


def check_dependent(field: Field, controller: Field, record: Mapping[str, Stored]) -> Refusal | None:
    """Return the refusal of a value that does not go with the controlling field's, or None."""
    value = record.get(field.name)
    if value is None:
        return None
    place = _place(controller, record.get(controller.name))
    fitting = {entry.value for entry in field.picklist if place is not None and goes_with(entry, place)}
    return next((_bad(field, one) for one in _ones(field, value) if one not in fitting), None)


def check_record_type(
    sobject: SObject, record_type: RecordType, record: Mapping[str, Stored], changed: Iterable[str]
) -> list[Refusal]:
    """Return the refusals of values that this kind of record may not take. Unrestricted picklists take any."""
    refusals: list[Refusal] = []
    for name in changed:
        field = sobject.field(name)
        allowed = None if field is None else record_type.picklists.get(field.name)
        if field is None or allowed is None or not field.restricted_picklist:
            continue
        refusals.extend(_bad(field, one) for one in _ones(field, record.get(field.name)) if one not in allowed)
    return refusals


def _place(controller: Field, value: Stored) -> int | None:
    if controller.type == "boolean":
        return int(bool(value))
    return next((place for place, entry in enumerate(controller.picklist) if entry.value == value), None)


def _ones(field: Field, value: Stored) -> list[str]:
    if value is None:
        return []
    return str(value).split(";") if field.type == "multipicklist" else [str(value)]


def _bad(field: Field, value: str) -> Refusal:
    message = f"{field.label}: bad value for restricted picklist field: {value}"
    return Refusal(400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, (field.name,))
