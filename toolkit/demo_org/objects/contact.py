"""Contact."""

from dataclasses import replace

from toolkit.demo_org.objects.account import SOURCES
from toolkit.demo_org.objects.fields import (
    address,
    audit_fields,
    checkbox,
    date,
    deleted,
    email,
    moment,
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
)
from toolkit.demo_org.schema import ChildRelationship, Field, SObject

SALUTATIONS = ("Mr.", "Ms.", "Mrs.", "Dr.", "Prof.", "Mx.")
ROLES = ("Champion", "Sponsor", "Key User", "End User")


def contact() -> SObject:
    """Return the Contact object."""
    return SObject(
        "Contact",
        "Contact",
        "Contacts",
        "003",
        _fields(),
        child_relationships=(
            ChildRelationship("AccountContactRelation", "ContactId", "AccountContactRelations", cascade_delete=True),
            ChildRelationship("Case", "ContactId", "Cases", restricted_delete=True),
            ChildRelationship("Contact", "MasterRecordId", None),
            ChildRelationship("Contact", "ReportsToId", None),
            ChildRelationship("ContentDocumentLink", "LinkedEntityId", "ContentDocumentLinks", cascade_delete=True),
            ChildRelationship("Contract", "CustomerSignedId", "ContractsSigned", restricted_delete=True),
            ChildRelationship("Event", "WhoId", "Events", cascade_delete=True),
            ChildRelationship("Note", "ParentId", "Notes", cascade_delete=True),
            ChildRelationship("Opportunity", "ContactId", "Opportunities"),
            ChildRelationship("OpportunityContactRole", "ContactId", "OpportunityContactRoles", cascade_delete=True),
            ChildRelationship("Task", "WhoId", "Tasks", cascade_delete=True),
        ),
        mergeable=True,
        guarded=True,
        scopes=(
            ("everything", "All contacts"),
            ("mine", "My contacts"),
            ("scopingRule", "Filter by scope"),
            ("team", "My team's contacts"),
        ),
    )


def _fields() -> tuple[Field, ...]:
    last_name, first_name, name = person_name()
    salutation = picklist(
        "Salutation",
        "Salutation",
        SALUTATIONS,
        length=40,
        compound_field_name="Name",
        extra_type_info="personname",
        permissionable=False,
    )
    return (
        record_id("Contact"),
        deleted(),
        system(reference("MasterRecordId", "Master Record ID", "Contact", "MasterRecord")),
        reference("AccountId", "Account ID", "Account", "Account"),
        last_name,
        first_name,
        salutation,
        name,
        *address("Other"),
        *address("Mailing"),
        phone("Phone", "Business Phone"),
        phone("Fax", "Business Fax"),
        phone("MobilePhone", "Mobile Phone"),
        phone("HomePhone", "Home Phone"),
        phone("OtherPhone", "Other Phone"),
        phone("AssistantPhone", "Asst. Phone"),
        reference("ReportsToId", "Reports To ID", "Contact", "ReportsTo"),
        email("Email", "Email", id_lookup=True),
        text("Title", "Title", 128),
        text("Department", "Department", 80),
        text("AssistantName", "Assistant's Name", 40),
        picklist("LeadSource", "Lead Source", SOURCES),
        date("Birthdate", "Birthdate"),
        text_area("Description", "Contact Description", 32000),
        owner(),
        *audit_fields(),
        system(date("LastActivityDate", "Last Activity")),
        *viewed_fields(),
        text("EmailBouncedReason", "Email Bounced Reason", 255, permissionable=False),
        moment("EmailBouncedDate", "Email Bounced Date", permissionable=False),
        system(checkbox("IsEmailBounced", "Is Email Bounced")),
        replace(system(url("PhotoUrl", "Photo URL")), extra_type_info="imageurl"),
        picklist("CS_Role__c", "Success Role", ROLES, restricted_picklist=True),
    )
