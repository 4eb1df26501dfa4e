"""Task. Whether it is closed follows from its status, and its account from what it is about."""

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
from toolkit.demo_org.schema import ChildRelationship, Field, PicklistValue, SObject

STATUSES = ("Not Started", "In Progress", "Completed", "Waiting on someone else", "Deferred")
CLOSED_STATUS = "Completed"
SUBJECTS = ("Call", "Email", "Send Letter", "Send Quote", "Other")
WHAT_OBJECTS = ("Account", "Campaign", "Case", "Contract", "Opportunity")
WHO_OBJECTS = ("Contact", "Lead")


def task() -> SObject:
    """Return the Task object."""
    return SObject(
        "Task",
        "Task",
        "Tasks",
        "00T",
        _fields(),
        child_relationships=(
            ChildRelationship("ContentDocumentLink", "LinkedEntityId", "ContentDocumentLinks", cascade_delete=True),
            ChildRelationship("EmailMessage", "ActivityId", "EmailMessages"),
        ),
        mergeable=True,
        scopes=(("everything", "All tasks"), ("mine", "My tasks")),
    )


def _fields() -> tuple[Field, ...]:
    return (
        record_id("Activity"),
        reference("WhoId", "Name ID", WHO_OBJECTS, "Who"),
        reference("WhatId", "Related To ID", WHAT_OBJECTS, "What"),
        subject(SUBJECTS),
        date("ActivityDate", "Due Date Only", permissionable=False),
        picklist("Status", "Status", STATUSES, length=255, default="Not Started", nillable=False, permissionable=False),
        picklist(
            "Priority",
            "Priority",
            ("High", "Normal", "Low"),
            length=255,
            default="Normal",
            nillable=False,
            permissionable=False,
        ),
        system(checkbox("IsHighPriority", "High Priority")),
        owner("Assigned To ID", ("Group", "User")),
        text_area("Description", "Description", 32000),
        deleted(),
        system(reference("AccountId", "Account ID", "Account", "Account")),
        system(checkbox("IsClosed", "Closed")),
        *audit_fields(),
        system(checkbox("IsArchived", "Archived")),
        whole_number("CallDurationInSeconds", "Call Duration"),
        picklist("CallType", "Call Type", ("Internal", "Inbound", "Outbound"), length=40, restricted_picklist=True),
        text("CallDisposition", "Call Result", 255),
        text("CallObject", "Call Object Identifier", 255),
        moment("ReminderDateTime", "Reminder Date/Time", permissionable=False),
        checkbox("IsReminderSet", "Reminder Set", permissionable=False),
        picklist(
            "TaskSubtype",
            "Task Subtype",
            ("Task", "Email", "Call"),
            length=40,
            restricted_picklist=True,
            updateable=False,
        ),
        system(moment("CompletedDateTime", "Completed Date/Time")),
    )


def subject(suggestions: tuple[str, ...]) -> Field:
    """Return the Subject of an activity: free text with suggestions."""
    return Field(
        "Subject",
        "Subject",
        "combobox",
        255,
        name_field=True,
        permissionable=False,
        groupable=False,
        picklist=tuple(PicklistValue(each, each) for each in suggestions),
    )
