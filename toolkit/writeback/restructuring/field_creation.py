"""What a Salesforce field should be that holds a column of ours: its definition, as the product guides recommend it.

A definition is a dict in the form of Salesforce's Metadata API, with ``fullName``. Numbers count differently there and
in Setup: Setup's Length is the digits left of the point, the API's ``precision`` all of them, so that Length 2 with 1
decimal place (CAT-13) is precision 3, scale 1. Pure; whether the org has the field is not known here.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from toolkit.config.health import HealthProfile
from toolkit.config.objects import FieldMapping

Definition = Mapping[str, Any]

WIDEST, DECIMALS = 18, 2
"""Digits of a number of which only its type is known, and its decimals."""
TEXT_LENGTH, LONG_TEXT_LENGTH = 255, 32_768
MOST_VALUES = 100
LONGEST_NAME, LONGEST_LABEL, LONGEST_HELP = 40, 40, 510

_NAME = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*__c")
_DESCRIBED = {
    "Number": "double",
    "Currency": "currency",
    "Percent": "percent",
    "Picklist": "picklist",
    "MultiselectPicklist": "multipicklist",
    "Checkbox": "boolean",
    "Date": "date",
    "DateTime": "datetime",
    "Time": "time",
    "Text": "string",
    "TextArea": "textarea",
    "LongTextArea": "textarea",
    "Html": "textarea",
    "Email": "email",
    "Phone": "phone",
    "Url": "url",
    "Lookup": "reference",
}
_HELP = {
    "health_score": "Health score of the customer",
    "health_band": "Health of the customer as a colour",
    "health_coverage": "Share of the health score's weight that had data, from 0 to 1",
    "health_as_of": "Day as of which the health score was worked out",
}
_SHAPE = ("type", "precision", "scale", "length", "referenceTo")


def definition_of(
    sobject: str,
    field: FieldMapping,
    profile: HealthProfile | None,
    dtype: pl.DataType | None,
    *,
    values: Sequence[str] = (),
    longest: int = 0,
) -> dict[str, Any] | None:
    """Return the recommended definition of the field `field.there` of `sobject`, or None when nobody knows what it is.

    `dtype` is the type of the column here, `values` those that a list holds, `longest` the characters of the longest
    text. A score gets Number with the digits of its profile (CAT-11, CAT-13), a band a restricted picklist of the
    profile's bands, coverage 0.00 to 1.00, dates, booleans and texts their own type (VIT-20).
    """
    shape = _shape_of(field, profile, dtype, values, longest)
    if shape is None:
        return None
    said = _HELP.get(field.here, f"{_words(field.here).capitalize()}, from the customer success toolkit")
    kept = "Overwritten by the next sync: do not edit (CAT-18)." if field.direction == "output" else ""
    return {
        "fullName": f"{sobject}.{field.there}",
        "label": label_of(field.there),
        "inlineHelpText": f"{said}. {kept}".strip()[:LONGEST_HELP],
        "required": False,
        **shape,
    }


def label_of(name: str) -> str:
    """Return the label that people understand (CAT-12) and that the name keeps to (CAT-14): "CS Health Score"."""
    return _words(name.removesuffix("__c"))[:LONGEST_LABEL]


def type_of(definition: Definition) -> str:
    """Return the type that describe gives a field of this definition."""
    return _DESCRIBED.get(str(definition.get("type")), str(definition.get("type", "")).lower())


def in_words(definition: Definition) -> str:
    """Return a definition as Setup asks for it: "Number, Length 2, Decimal Places 1"."""
    kind = definition.get("type")
    if kind in ("Number", "Currency", "Percent"):
        length, decimals = definition["precision"] - definition["scale"], definition["scale"]
        return f"{kind}, Length {length}, Decimal Places {decimals}"
    if kind in ("Text", "LongTextArea"):
        return f"{'Text' if kind == 'Text' else 'Text Area (Long)'}, Length {definition['length']}"
    if kind in ("Picklist", "MultiselectPicklist"):
        several = "" if kind == "Picklist" else " (Multi-Select)"
        only = ", restricted to these" if _restricted(definition) else ""
        return f"Picklist{several} with the values {', '.join(_values(definition))}{only}"
    return f"Lookup to {definition.get('referenceTo')}" if kind == "Lookup" else str(kind)


def name_fault(name: str) -> str | None:
    """Return why no custom field can be made with this API name, or None."""
    if "." in name:
        return f"{name} is a field of another object, which is not mapped here"
    if not name.endswith("__c"):
        return f"{name} does not end in __c: a standard field cannot be created; check the spelling"
    if "__" in name.removesuffix("__c"):
        return f"{name} belongs to the package {name.partition('__')[0]}: install or update that"
    if _NAME.fullmatch(name) is None or len(name.removesuffix("__c")) > LONGEST_NAME:
        return f"{name} is no name for a field: letters, digits and single underscores, {LONGEST_NAME} at most"
    return None


def same_shape(one: Definition, other: Definition) -> bool:
    """Return whether two definitions hold the same values: of one type and size, with the same list of values."""
    shape = all(one.get(key) == other.get(key) for key in _SHAPE if one.get(key) is not None)
    return shape and (not _values(one) or set(_values(one)) == set(_values(other)))


def unchanged(given: Definition, now: Definition) -> str | None:
    """Return what of a definition is no longer as it was given, in words, or None; what is not told is as it was."""
    if not same_shape(given, now):
        return f"it is now {in_words(now)}" if now.get("type") in _DESCRIBED else "its type or its size"
    changed = [key for key in ("label", "inlineHelpText") if now.get(key) is not None and now[key] != given.get(key)]
    return f"its {'label' if changed[0] == 'label' else 'help text'} is now {now[changed[0]]!r}" if changed else None


def as_text(definition: Mapping[str, Any]) -> str:
    """Return a definition, or a permission, in its canonical form: JSON with sorted keys."""
    return json.dumps(definition, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _shape_of(
    field: FieldMapping, profile: HealthProfile | None, dtype: pl.DataType | None, values: Sequence[str], longest: int
) -> dict[str, Any] | None:
    if field.by is not None:
        return {"type": "Lookup", "referenceTo": "User", "relationshipName": field.there.removesuffix("__c")}
    if field.here == "health_score":
        return _number(len(str(int(profile.top))) if profile else 2, profile.decimals if profile else 1)
    if field.here == "health_band":
        return _picklist("Picklist", [band.name for band in profile.bands] if profile else ["Green", "Yellow", "Red"])
    if field.here == "health_coverage":
        return _number(1, 2)
    if field.here == "health_as_of":
        return {"type": "Date"}
    if dtype is None or dtype == pl.Null:
        return None
    return _of_column(dtype, values, longest)


def _of_column(dtype: pl.DataType, values: Sequence[str], longest: int) -> dict[str, Any] | None:
    if isinstance(dtype, pl.Datetime):
        return {"type": "DateTime"}
    if dtype == pl.Date:
        return {"type": "Date"}
    if dtype == pl.Time:
        return {"type": "Time"}
    if dtype == pl.Boolean:
        return {"type": "Checkbox", "defaultValue": "false"}
    if dtype.is_numeric():
        return _number(WIDEST if dtype.is_integer() else WIDEST - DECIMALS, 0 if dtype.is_integer() else DECIMALS)
    if isinstance(dtype, pl.List | pl.Array):
        return _picklist("MultiselectPicklist", sorted(values)) if 0 < len(values) <= MOST_VALUES else None
    if isinstance(dtype, pl.Struct | pl.Duration) or dtype == pl.Binary:
        return None
    if longest > TEXT_LENGTH:
        return {"type": "LongTextArea", "length": LONG_TEXT_LENGTH, "visibleLines": 3}
    return {"type": "Text", "length": TEXT_LENGTH}


def _number(length: int, decimals: int) -> dict[str, Any]:
    return {"type": "Number", "precision": length + decimals, "scale": decimals}


def _picklist(kind: str, values: Sequence[str]) -> dict[str, Any]:
    entries = [{"fullName": each, "label": each, "default": False} for each in values]
    value_set = {"restricted": True, "valueSetDefinition": {"sorted": False, "value": entries}}
    return {"type": kind, "valueSet": value_set, **({} if kind == "Picklist" else {"visibleLines": 4})}


def _restricted(definition: Definition) -> bool:
    return bool((definition.get("valueSet") or {}).get("restricted"))


def _values(definition: Definition) -> list[str]:
    listed = ((definition.get("valueSet") or {}).get("valueSetDefinition") or {}).get("value") or []
    return [str(each.get("fullName") or each.get("valueName")) for each in listed]


def _words(name: str) -> str:
    return re.sub(r"_+", " ", name).strip()
