"""Custom fields in the form of the Tooling and Metadata APIs: out of ``{"FullName", "Metadata"}`` and back into it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from toolkit.demo_org.completion import compile_for
from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.formula import FormulaError
from toolkit.demo_org.objects import fields as make
from toolkit.demo_org.picklists import valid_for
from toolkit.demo_org.schema import Field, PicklistValue, Schema, SObject

MOST_DIGITS = 18
_NAME = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*__c")
_NUMBER_FORMAT = re.compile(r"[^{}]*\{0+\}[^{}]*")

Definition = Mapping[str, Any]


def field_from(schema: Schema, sobject: SObject, name: str, metadata: Definition) -> Field:
    """Return the field that a definition describes. Raises FIELD_INTEGRITY_EXCEPTION for one that cannot be."""
    if _NAME.fullmatch(name) is None or len(name) > 43:
        raise wrong(f"{name} is not a name for a custom field", "FullName")
    if not str(metadata.get("label") or "").strip():
        raise wrong("Required fields are missing: [label]", "Metadata")
    kind = str(metadata.get("type"))
    if kind not in _KINDS:
        raise wrong(f"Unknown field type: {kind}", "Metadata")
    field = _KINDS[kind](schema, sobject, name, metadata)
    required = metadata.get("required") is True or kind == "MasterDetail"
    field = replace(
        field,
        help_text=metadata.get("inlineHelpText"),
        unique=metadata.get("unique") is True,
        external_id=metadata.get("externalId") is True,
        id_lookup=metadata.get("externalId") is True,
        case_sensitive=metadata.get("unique") is True and metadata.get("caseSensitive") is True,
        nillable=field.nillable and not required,
        permissionable=field.permissionable and not required,
    )
    if metadata.get("formula"):
        return _formula(schema, sobject, field, str(metadata["formula"]))
    if metadata.get("defaultValue") not in (None, "") and kind != "Checkbox":
        text = str(metadata["defaultValue"])
        _check_formula(schema, sobject, text)
        field = replace(field, default_formula=text, defaulted_on_create=True)
    return field


def components_of(field: Field, metadata: Definition) -> tuple[Field, ...]:
    """Return the fields that a new custom field is made of; only a geolocation is made of any."""
    if field.type != "location":
        return ()
    return make.geolocation(field.name, field.label, _whole(metadata, "scale", 0, 15))[:-1]


def definition_of(field: Field) -> dict[str, object]:
    """Return the Metadata of a custom field, as reading it back gives it."""
    kind = _kind_of(field)
    found: dict[str, object] = {
        "label": field.label,
        "type": kind,
        "required": not field.nillable and field.type != "boolean" and kind != "MasterDetail",
        "externalId": field.external_id,
        "unique": field.unique or None,
        "caseSensitive": field.case_sensitive or None,
        "inlineHelpText": field.help_text,
        "defaultValue": str(field.default).lower() if field.type == "boolean" else field.default_formula,
        "formula": field.formula,
        "length": field.length if kind in _WITH_LENGTH else None,
        "precision": field.precision if kind in _NUMBERS else None,
        "scale": field.scale if kind in _NUMBERS or kind == "Location" else None,
        "displayFormat": field.number_format,
        "referenceTo": field.reference_to[0] if field.reference_to else None,
        "relationshipName": (field.relationship_name or "").removesuffix("__r") or None,
        "valueSet": _value_set(field) if field.picklist else None,
    }
    return {name: value for name, value in found.items() if value is not None}


def wrong(message: str, *names: str) -> Refusal:
    """Return the refusal of a definition that cannot be."""
    return Refusal(400, "FIELD_INTEGRITY_EXCEPTION", message, names)


def _text(_schema: Schema, _sobject: SObject, name: str, metadata: Definition) -> Field:
    return make.text(name, str(metadata["label"]), _whole(metadata, "length", 1, 255))


def _long_text(_schema: Schema, _sobject: SObject, name: str, metadata: Definition) -> Field:
    length = 255 if metadata["type"] == "TextArea" else _whole(metadata, "length", 256, 131_072)
    return make.text_area(name, str(metadata["label"]), length)


def _rich_text(_schema: Schema, _sobject: SObject, name: str, metadata: Definition) -> Field:
    return make.rich_text(name, str(metadata["label"]), _whole(metadata, "length", 256, 131_072))


def _encrypted(_schema: Schema, _sobject: SObject, name: str, metadata: Definition) -> Field:
    return make.encrypted(name, str(metadata["label"]), _whole(metadata, "length", 1, 175))


def _location(_schema: Schema, _sobject: SObject, name: str, metadata: Definition) -> Field:
    return make.geolocation(name, str(metadata["label"]), _whole(metadata, "scale", 0, 15))[-1]


def _number(_schema: Schema, _sobject: SObject, name: str, metadata: Definition) -> Field:
    precision = _whole(metadata, "precision", 1, MOST_DIGITS)
    scale = _whole(metadata, "scale", 0, precision)
    return _NUMBERS[str(metadata["type"])](name, str(metadata["label"]), precision, scale)


def _simple(_schema: Schema, _sobject: SObject, name: str, metadata: Definition) -> Field:
    return _SIMPLE[str(metadata["type"])](name, str(metadata["label"]))


def _checkbox(_schema: Schema, _sobject: SObject, name: str, metadata: Definition) -> Field:
    default = str(metadata.get("defaultValue", "false")).lower() == "true"
    return make.checkbox(name, str(metadata["label"]), default=default)


def _picklist(_schema: Schema, sobject: SObject, name: str, metadata: Definition) -> Field:
    value_set = metadata.get("valueSet") or {}
    given = (value_set.get("valueSetDefinition") or {}).get("value") or []
    if not given:
        raise wrong("A picklist needs at least one value", "Metadata")
    entries = [
        PicklistValue(
            str(each["fullName"]),
            str(each.get("label") or each["fullName"]),
            active=each.get("isActive", True) is not False,
            default=each.get("default") is True,
        )
        for each in given
    ]
    if len({entry.value.lower() for entry in entries}) < len(entries):
        raise wrong("Picklist values must be unique", "Metadata")
    controller = sobject.field(str(value_set.get("controllingField") or ""))
    if controller is not None:
        entries = _controlled(entries, controller, value_set.get("valueSettings") or [])
    several = metadata["type"] == "MultiselectPicklist"
    return Field(
        name,
        str(metadata["label"]),
        "multipicklist" if several else "picklist",
        4099 if several else 255,
        precision=_whole({"visibleLines": 4, **metadata}, "visibleLines", 1, 10) if several else 0,
        picklist=tuple(entries),
        default=next((entry.value for entry in entries if entry.default), None),
        defaulted_on_create=any(entry.default for entry in entries),
        restricted_picklist=value_set.get("restricted") is True,
        controller_name=None if controller is None else controller.name,
        groupable=not several,
        sortable=not several,
    )


def _controlled(entries: list[PicklistValue], controller: Field, settings: list[Definition]) -> list[PicklistValue]:
    places = {"false": 0, "true": 1} if controller.type == "boolean" else {}
    places |= {entry.value.lower(): place for place, entry in enumerate(controller.picklist)}
    fitting: dict[str, list[int]] = {}
    for each in settings:
        wanted = [places[str(value).lower()] for value in each["controllingFieldValue"] if str(value).lower() in places]
        fitting.setdefault(str(each["valueName"]), []).extend(wanted)
    return [replace(entry, valid_for=valid_for(fitting.get(entry.value, []), len(places))) for entry in entries]


def _lookup(schema: Schema, _sobject: SObject, name: str, metadata: Definition) -> Field:
    target = schema.get(str(metadata.get("referenceTo") or ""))
    if target is None:
        raise wrong(f"referenceTo: unknown object {metadata.get('referenceTo')}", "Metadata")
    master = metadata["type"] == "MasterDetail"
    relationship = f"{name.removesuffix('__c')}__r"
    return make.reference(
        name, str(metadata["label"]), target.name, relationship, cascade_delete=master, updateable=not master
    )


def _auto_number(_schema: Schema, _sobject: SObject, name: str, metadata: Definition) -> Field:
    form = str(metadata.get("displayFormat") or "{0}")
    if _NUMBER_FORMAT.fullmatch(form) is None:
        raise wrong(f"displayFormat: {form} has no place for the number", "Metadata")
    field = make.text(name, str(metadata["label"]), 30, auto_number=True, number_format=form, defaulted_on_create=True)
    return make.read_only(field)


def _formula(schema: Schema, sobject: SObject, field: Field, text: str) -> Field:
    _check_formula(schema, sobject, text)
    length = 1300 if field.type == "string" else field.length
    read_only = make.read_only(replace(field, length=length, nillable=field.type != "boolean", permissionable=True))
    return replace(read_only, calculated=True, formula=text, defaulted_on_create=False, unique=False, external_id=False)


def _check_formula(schema: Schema, sobject: SObject, text: str) -> None:
    try:
        compile_for(schema, sobject, text)
    except FormulaError as problem:
        raise wrong(str(problem), "Metadata") from None


def _whole(metadata: Definition, name: str, fewest: int, most: int) -> int:
    given = metadata.get(name)
    if isinstance(given, bool) or not isinstance(given, int) or not fewest <= given <= most:
        raise wrong(f"{name}: must be a whole number between {fewest} and {most}", "Metadata")
    return given


def _kind_of(field: Field) -> str:
    if field.auto_number:
        return "AutoNumber"
    if field.type == "reference":
        return "MasterDetail" if field.cascade_delete else "Lookup"
    if field.extra_type_info == "richtextarea":
        return "Html"
    if field.type == "textarea":
        return "TextArea" if field.length <= 255 else "LongTextArea"
    return _TYPE_KINDS.get(field.type, "Text")


def _value_set(field: Field) -> dict[str, object]:
    values = [
        {"fullName": each.value, "label": each.label, "default": each.default, "isActive": each.active}
        for each in field.picklist
    ]
    found: dict[str, object] = {
        "restricted": field.restricted_picklist,
        "valueSetDefinition": {"sorted": False, "value": values},
    }
    return found | ({"controllingField": field.controller_name} if field.controller_name else {})


_NUMBERS: dict[str, Callable[..., Field]] = {
    "Number": make.number,
    "Currency": make.currency,
    "Percent": make.percent,
}
_SIMPLE: dict[str, Callable[..., Field]] = {
    "Date": make.date,
    "DateTime": make.moment,
    "Email": make.email,
    "Phone": make.phone,
    "Url": make.url,
    "Time": make.time_of_day,
}
_WITH_LENGTH = frozenset({"Text", "LongTextArea", "Html", "EncryptedText"})
_TYPE_KINDS = {
    "boolean": "Checkbox",
    "double": "Number",
    "currency": "Currency",
    "percent": "Percent",
    "date": "Date",
    "datetime": "DateTime",
    "email": "Email",
    "phone": "Phone",
    "url": "Url",
    "picklist": "Picklist",
    "multipicklist": "MultiselectPicklist",
    "time": "Time",
    "encryptedstring": "EncryptedText",
    "location": "Location",
}
_KINDS: dict[str, Callable[[Schema, SObject, str, Definition], Field]] = {
    "Text": _text,
    "TextArea": _long_text,
    "LongTextArea": _long_text,
    "Html": _rich_text,
    "EncryptedText": _encrypted,
    "Location": _location,
    "Checkbox": _checkbox,
    "Picklist": _picklist,
    "MultiselectPicklist": _picklist,
    "Lookup": _lookup,
    "MasterDetail": _lookup,
    "AutoNumber": _auto_number,
    **dict.fromkeys(_NUMBERS, _number),
    **dict.fromkeys(_SIMPLE, _simple),
}
