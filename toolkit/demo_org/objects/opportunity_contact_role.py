"""OpportunityContactRole: the part a contact plays in a deal; one of them may be the primary one."""

from toolkit.demo_org.objects.account_contact_relation import ROLES
from toolkit.demo_org.objects.fields import audit_fields, checkbox, deleted, picklist, record_id, reference
from toolkit.demo_org.schema import SObject


def opportunity_contact_role() -> SObject:
    """Return the OpportunityContactRole object."""
    return SObject(
        "OpportunityContactRole",
        "Opportunity Contact Role",
        "Opportunity Contact Role",
        "00K",
        (
            record_id("Contact Role"),
            reference(
                "OpportunityId",
                "Opportunity ID",
                "Opportunity",
                "Opportunity",
                nillable=False,
                updateable=False,
                permissionable=False,
            ),
            reference("ContactId", "Contact ID", "Contact", "Contact", nillable=False, permissionable=False),
            picklist("Role", "Role", ROLES, length=40, permissionable=False),
            checkbox("IsPrimary", "Primary", permissionable=False),
            *audit_fields(),
            deleted(),
        ),
        feed_enabled=False,
        scopes=(("everything", "All opportunity contact roles"),),
    )
