"""Campaign, in simple form: what marketing did, which a deal may have come from."""

from toolkit.demo_org.objects.fields import (
    audit_fields,
    checkbox,
    currency,
    date,
    deleted,
    number,
    owner,
    percent,
    picklist,
    record_id,
    reference,
    system,
    text,
    text_area,
    viewed_fields,
)
from toolkit.demo_org.schema import ChildRelationship, SObject

TYPES = ("Conference", "Webinar", "Trade Show", "Partners", "Email", "Advertisement", "Other")
STATUSES = ("Planned", "In Progress", "Completed", "Aborted")


def campaign() -> SObject:
    """Return the Campaign object."""
    return SObject(
        "Campaign",
        "Campaign",
        "Campaigns",
        "701",
        (
            record_id("Campaign"),
            deleted(),
            text("Name", "Name", 80, required=True, name_field=True),
            reference("ParentId", "Parent Campaign ID", "Campaign", "Parent"),
            picklist("Type", "Type", TYPES, length=40),
            picklist("Status", "Status", STATUSES, length=40, default="Planned"),
            date("StartDate", "Start Date"),
            date("EndDate", "End Date"),
            currency("ExpectedRevenue", "Expected Revenue", 18, 0),
            currency("BudgetedCost", "Budgeted Cost", 18, 0),
            currency("ActualCost", "Actual Cost", 18, 0),
            percent("ExpectedResponse", "Expected Response (%)", 10, 2),
            number("NumberSent", "Num Sent", 18, 0),
            checkbox("IsActive", "Active"),
            text_area("Description", "Description", 32000),
            owner(),
            *audit_fields(),
            system(date("LastActivityDate", "Last Activity")),
            *viewed_fields(),
        ),
        child_relationships=(
            ChildRelationship("Campaign", "ParentId", "ChildCampaigns"),
            ChildRelationship("ContentDocumentLink", "LinkedEntityId", "ContentDocumentLinks", cascade_delete=True),
            ChildRelationship("EmailMessage", "RelatedToId", "Emails"),
            ChildRelationship("Event", "WhatId", "Events", cascade_delete=True),
            ChildRelationship("Opportunity", "CampaignId", "Opportunities"),
            ChildRelationship("Task", "WhatId", "Tasks", cascade_delete=True),
        ),
        guarded=True,
        scopes=(("everything", "All campaigns"), ("mine", "My campaigns")),
    )
