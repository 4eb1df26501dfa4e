"""Contract. It starts as a draft, and its end follows from its start and its term."""

from toolkit.demo_org.objects.fields import (
    address,
    audit_fields,
    date,
    deleted,
    moment,
    owner,
    picklist,
    read_only,
    record_id,
    reference,
    system,
    text,
    text_area,
    viewed_fields,
    whole_number,
)
from toolkit.demo_org.schema import ChildRelationship, Field, SObject

STATUS_CODES = {"In Approval Process": "InApproval", "Activated": "Activated", "Draft": "Draft"}
NOTICES = ("15", "30", "45", "60", "90", "120")


def contract() -> SObject:
    """Return the Contract object."""
    return SObject(
        "Contract",
        "Contract",
        "Contracts",
        "800",
        _fields(),
        child_relationships=(
            ChildRelationship("ContentDocumentLink", "LinkedEntityId", "ContentDocumentLinks", cascade_delete=True),
            ChildRelationship("EmailMessage", "RelatedToId", "Emails"),
            ChildRelationship("Event", "WhatId", "Events", cascade_delete=True),
            ChildRelationship("Note", "ParentId", "Notes", cascade_delete=True),
            ChildRelationship("Task", "WhatId", "Tasks", cascade_delete=True),
        ),
        guarded=True,
        scopes=(("everything", "All contracts"), ("mine", "My contracts")),
    )


def _fields() -> tuple[Field, ...]:
    return (
        record_id("Contract"),
        reference("AccountId", "Account ID", "Account", "Account", nillable=False, permissionable=False),
        picklist("OwnerExpirationNotice", "Owner Expiration Notice", NOTICES, length=40),
        date("StartDate", "Contract Start Date"),
        read_only(date("EndDate", "Contract End Date")),
        *address("Billing"),
        whole_number("ContractTerm", "Contract Term"),
        owner(),
        picklist("Status", "Status", STATUS_CODES, length=40, default="Draft", nillable=False, permissionable=False),
        reference("CompanySignedId", "Company Signed By ID", "User", "CompanySigned"),
        date("CompanySignedDate", "Company Signed Date"),
        reference("CustomerSignedId", "Customer Signed By ID", "Contact", "CustomerSigned"),
        text("CustomerSignedTitle", "Customer Signed Title", 40),
        date("CustomerSignedDate", "Customer Signed Date"),
        text_area("SpecialTerms", "Special Terms", 4000),
        system(reference("ActivatedById", "Activated By ID", "User", "ActivatedBy")),
        system(moment("ActivatedDate", "Activated Date")),
        system(
            picklist(
                "StatusCode",
                "Status Category",
                STATUS_CODES.values(),
                length=40,
                nillable=False,
                restricted_picklist=True,
            )
        ),
        text_area("Description", "Description", 32000),
        deleted(),
        system(
            text(
                "ContractNumber",
                "Contract Number",
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
        system(moment("LastApprovedDate", "Last Approved Date")),
        *audit_fields(),
        system(date("LastActivityDate", "Last Activity")),
        *viewed_fields(),
    )
