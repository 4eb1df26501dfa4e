"""Which Salesforce fields say when an interaction was, what it was about, and who took part, where nothing is mapped.

Only names of fields and the conditions that tell one kind from another; what is made of them is in
`toolkit.importing.interactions`.
"""

from collections.abc import Mapping

_CALENDAR = ("Subject", "Description", "OwnerId", "AccountId", "WhoId", "WhatId")

_PATHS: Mapping[str, tuple[str, ...]] = {
    "Event": (*_CALENDAR, "StartDateTime", "ActivityDate", "IsAllDayEvent", "DurationInMinutes"),
    "Task": (*_CALENDAR, "ActivityDate", "CompletedDateTime", "CreatedDate", "CallDurationInSeconds", "TaskSubtype"),
    "EmailMessage": (
        *("Subject", "TextBody", "MessageDate", "CreatedDate", "CreatedById", "RelatedToId", "ParentId"),
        *("ActivityId", "Incoming", "FromAddress", "ToAddress"),
    ),
    "Note": ("Title", "Body", "OwnerId", "ParentId", "CreatedDate"),
    "ContentNote": ("Title", "TextPreview", "OwnerId", "CreatedDate"),
}
"""Standard object -> what is read of it. An object that is not here has no fields that every org has."""

_SUBTYPES = {"email": "Email", "call": "Call"}


def standard_paths(sobject: str, kind: str | None) -> tuple[str, ...]:
    """Return the fields that an interaction of this object is made of; none for what is no interaction (None)."""
    return () if kind is None else _PATHS.get(sobject, ())


def kind_condition(sobject: str, kind: str | None) -> str | None:
    """Return, as SOQL, which records of an object are of a kind, or None when all are.

    A Task is an e-mail or a call by its subtype (SKA-32); of meetings and notes it has none, so every Task is taken.
    """
    subtype = _SUBTYPES.get(kind or "")
    return f"TaskSubtype = '{subtype}'" if sobject == "Task" and subtype else None
