"""A custom object out of its definition: what every one has, before it gets fields of its own."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.objects.fields import audit_fields, deleted, owner, record_id, system, text, viewed_fields
from toolkit.demo_org.schema import Field, SObject

_NAME = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*__c")
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def custom_object(name: str, metadata: Mapping[str, Any], taken: Collection[str]) -> SObject:
    """Return a new custom object whose key prefix is none of those taken. Raises FIELD_INTEGRITY_EXCEPTION."""
    label = str(metadata.get("label") or "").strip()
    if _NAME.fullmatch(name) is None or not label:
        message = f"{name} is not a name for a custom object" if label else "Required fields are missing: [label]"
        raise Refusal(400, "FIELD_INTEGRITY_EXCEPTION", message, ("FullName" if label else "Metadata",))
    prefix = next(f"a{first}{second}" for first in _DIGITS for second in _DIGITS if f"a{first}{second}" not in taken)
    return SObject(
        name,
        label,
        str(metadata.get("pluralLabel") or f"{label}s"),
        prefix,
        (
            record_id("Record"),
            owner(),
            deleted(),
            _name_field(metadata.get("nameField") or {}),
            *audit_fields(),
            *viewed_fields(),
        ),
        guarded=True,
        feed_enabled=False,
        scopes=(("everything", f"All {label}"), ("mine", f"My {label}")),
    )


def _name_field(given: Mapping[str, Any]) -> Field:
    label = str(given.get("label") or "Name")
    if given.get("type") != "AutoNumber":
        return text("Name", label, 80, name_field=True, id_lookup=True, permissionable=False)
    return system(
        text(
            "Name",
            label,
            80,
            nillable=False,
            auto_number=True,
            number_format=str(given.get("displayFormat") or "{0}"),
            name_field=True,
            id_lookup=True,
            defaulted_on_create=True,
        )
    )
