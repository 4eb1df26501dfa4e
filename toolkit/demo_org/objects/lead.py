"""Lead, in simple form: somebody who may become a customer. Here it is what a task or event may also be with."""

from toolkit.demo_org.objects.account import INDUSTRIES, SOURCES
from toolkit.demo_org.objects.fields import (
    address,
    audit_fields,
    checkbox,
    currency,
    deleted,
    email,
    owner,
    person_name,
    phone,
    picklist,
    record_id,
    reference,
    system,
    text,
    text_area,
    url,
    viewed_fields,
    whole_number,
)
from toolkit.demo_org.schema import ChildRelationship, SObject

STATUSES = ("Open - Not Contacted", "Working - Contacted", "Closed - Converted", "Closed - Not Converted")


def lead() -> SObject:
    """Return the Lead object."""
    return SObject(
        "Lead",
        "Lead",
        "Leads",
        "00Q",
        (
            record_id("Lead"),
            deleted(),
            system(reference("MasterRecordId", "Master Record ID", "Lead", "MasterRecord")),
            *person_name(),
            text("Title", "Title", 128),
            text("Company", "Company", 255, required=True),
            *address("", ""),
            phone("Phone", "Phone"),
            phone("MobilePhone", "Mobile Phone"),
            email("Email", "Email", id_lookup=True),
            url("Website", "Website"),
            text_area("Description", "Description", 32000),
            picklist("LeadSource", "Lead Source", SOURCES),
            picklist("Status", "Status", STATUSES, default=STATUSES[0], nillable=False, permissionable=False),
            picklist("Industry", "Industry", INDUSTRIES),
            currency("AnnualRevenue", "Annual Revenue", 18, 0),
            whole_number("NumberOfEmployees", "Employees"),
            owner(to=("Group", "User")),
            checkbox("IsConverted", "Converted", updateable=False, permissionable=False),
            checkbox("IsUnreadByOwner", "Unread By Owner", default=True, permissionable=False),
            *audit_fields(),
            *viewed_fields(),
        ),
        child_relationships=(
            ChildRelationship("Event", "WhoId", "Events", cascade_delete=True),
            ChildRelationship("Lead", "MasterRecordId", None),
            ChildRelationship("Task", "WhoId", "Tasks", cascade_delete=True),
        ),
        mergeable=True,
        guarded=True,
        scopes=(("everything", "All leads"), ("mine", "My leads"), ("team", "My team's leads")),
    )
