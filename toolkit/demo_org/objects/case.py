"""Case: a question or complaint of a customer. It is closed by its status."""

from toolkit.demo_org.objects.fields import (
    audit_fields,
    checkbox,
    deleted,
    email,
    moment,
    owner,
    phone,
    picklist,
    read_only,
    record_id,
    reference,
    system,
    text,
    text_area,
    viewed_fields,
)
from toolkit.demo_org.objects.record_types import RECORD_TYPES, record_type_field
from toolkit.demo_org.schema import ChildRelationship, Field, SObject

STATUSES = ("New", "Working", "Escalated", "Closed")
CLOSED_STATUS = "Closed"
TYPES = ("Mechanical", "Electrical", "Electronic", "Structural", "Other")
REASONS = (
    "Installation",
    "Equipment Complexity",
    "Performance",
    "Breakdown",
    "Equipment Design",
    "Feedback",
    "Other",
)


def case() -> SObject:
    """Return the Case object."""
    return SObject(
        "Case",
        "Case",
        "Cases",
        "500",
        _fields(),
        child_relationships=(
            ChildRelationship("Case", "MasterRecordId", None),
            ChildRelationship("Case", "ParentId", "Cases"),
            ChildRelationship("ContentDocumentLink", "LinkedEntityId", "ContentDocumentLinks", cascade_delete=True),
            ChildRelationship("EmailMessage", "ParentId", "EmailMessages", cascade_delete=True),
            ChildRelationship("EmailMessage", "RelatedToId", None),
            ChildRelationship("Event", "WhatId", "Events", cascade_delete=True),
            ChildRelationship("Task", "WhatId", "Tasks", cascade_delete=True),
        ),
        guarded=True,
        record_types=RECORD_TYPES["Case"],
        scopes=(("everything", "All cases"), ("mine", "My cases"), ("team", "My team's cases")),
    )


def _fields() -> tuple[Field, ...]:
    return (
        record_id("Case"),
        deleted(),
        system(reference("MasterRecordId", "Master Record ID", "Case", "MasterRecord")),
        system(
            text(
                "CaseNumber",
                "Case Number",
                30,
                nillable=False,
                auto_number=True,
                number_format="{00000000}",
                name_field=True,
                id_lookup=True,
                defaulted_on_create=True,
                groupable=False,
            )
        ),
        reference("ContactId", "Contact ID", "Contact", "Contact"),
        reference("AccountId", "Account ID", "Account", "Account"),
        reference("ParentId", "Parent Case ID", "Case", "Parent"),
        text("SuppliedName", "Name", 80),
        email("SuppliedEmail", "Email Address"),
        text("SuppliedPhone", "Phone", 40),
        text("SuppliedCompany", "Company", 80),
        picklist("Type", "Case Type", TYPES, length=40),
        picklist("Status", "Status", STATUSES, length=40, default="New", permissionable=False),
        picklist("Reason", "Case Reason", REASONS, length=40),
        picklist("Origin", "Case Origin", ("Phone", "Email", "Web"), length=40),
        text("Subject", "Subject", 255),
        picklist("Priority", "Priority", ("High", "Medium", "Low"), length=40, default="Medium"),
        text_area("Description", "Description", 32000),
        system(checkbox("IsClosed", "Closed")),
        read_only(moment("ClosedDate", "Closed Date")),
        checkbox("IsEscalated", "Escalated"),
        record_type_field(),
        owner(to=("Group", "User")),
        *audit_fields(),
        system(phone("ContactPhone", "Contact Phone")),
        system(phone("ContactMobile", "Contact Mobile")),
        system(email("ContactEmail", "Contact Email")),
        system(phone("ContactFax", "Contact Fax")),
        text_area("Comments", "Internal Comments", 4000, permissionable=False),
        *viewed_fields(),
    )
