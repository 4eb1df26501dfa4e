"""Event. It has a start and an end or a length; the org works out whichever is missing."""

from toolkit.demo_org.objects.fields import (
    audit_fields,
    checkbox,
    date,
    deleted,
    moment,
    owner,
    picklist,
    record_id,
    reference,
    system,
    text,
    text_area,
    whole_number,
)
from toolkit.demo_org.objects.task import WHAT_OBJECTS, WHO_OBJECTS, subject
from toolkit.demo_org.schema import ChildRelationship, Field, SObject

SUBJECTS = ("Call", "Email", "Meeting", "Send Letter/Quote", "Other")


def event() -> SObject:
    """Return the Event object."""
    return SObject(
        "Event",
        "Event",
        "Events",
        "00U",
        _fields(),
        child_relationships=(
            ChildRelationship("ContentDocumentLink", "LinkedEntityId", "ContentDocumentLinks", cascade_delete=True),
        ),
        feed_enabled=False,
        scopes=(("everything", "All events"), ("mine", "My events")),
    )


def _fields() -> tuple[Field, ...]:
    return (
        record_id("Activity"),
        reference("WhoId", "Name ID", WHO_OBJECTS, "Who"),
        reference("WhatId", "Related To ID", WHAT_OBJECTS, "What"),
        subject(SUBJECTS),
        text("Location", "Location", 255),
        checkbox("IsAllDayEvent", "All-Day Event"),
        moment("ActivityDateTime", "Due Date Time", permissionable=False),
        date("ActivityDate", "Due Date Only", permissionable=False),
        whole_number("DurationInMinutes", "Duration", permissionable=False),
        moment("StartDateTime", "Start Date Time", permissionable=False),
        moment("EndDateTime", "End Date Time", permissionable=False),
        system(date("EndDate", "End Date")),
        text_area("Description", "Description", 32000),
        system(reference("AccountId", "Account ID", "Account", "Account")),
        owner("Assigned To ID"),
        checkbox("IsPrivate", "Private", permissionable=False),
        picklist(
            "ShowAs",
            "Show Time As",
            ("Busy", "OutOfOffice", "Free"),
            length=40,
            default="Busy",
            restricted_picklist=True,
            permissionable=False,
        ),
        deleted(),
        *audit_fields(),
        system(checkbox("IsArchived", "Archived")),
        moment("ReminderDateTime", "Reminder Date/Time", permissionable=False),
        checkbox("IsReminderSet", "Reminder Set", permissionable=False),
    )
