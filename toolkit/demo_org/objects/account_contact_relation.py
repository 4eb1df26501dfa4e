"""AccountContactRelation: which contacts have to do with which accounts, directly or not.

The org keeps one direct relation for each contact that has an account; people add the indirect ones.
"""

from toolkit.demo_org.objects.fields import (
    audit_fields,
    checkbox,
    date,
    deleted,
    picklist,
    record_id,
    reference,
    system,
)
from toolkit.demo_org.schema import SObject

ROLES = (
    "Business User",
    "Decision Maker",
    "Economic Buyer",
    "Economic Decision Maker",
    "Evaluator",
    "Executive Sponsor",
    "Influencer",
    "Technical Buyer",
    "Other",
)


def account_contact_relation() -> SObject:
    """Return the AccountContactRelation object."""
    return SObject(
        "AccountContactRelation",
        "Account Contact Relationship",
        "Account Contact Relationship",
        "07k",
        (
            record_id("Account Contact Relationship"),
            reference(
                "AccountId", "Account ID", "Account", "Account", nillable=False, updateable=False, permissionable=False
            ),
            reference(
                "ContactId", "Contact ID", "Contact", "Contact", nillable=False, updateable=False, permissionable=False
            ),
            picklist("Roles", "Roles", ROLES, length=4099, type="multipicklist", groupable=False, sortable=False),
            system(checkbox("IsDirect", "Direct")),
            checkbox("IsActive", "Active", default=True),
            date("StartDate", "Start Date"),
            date("EndDate", "End Date"),
            *audit_fields(),
            deleted(),
        ),
        layoutable=True,
        feed_enabled=False,
        unique_together=("AccountId", "ContactId"),
        scopes=(("everything", "All account contact relationships"),),
    )
