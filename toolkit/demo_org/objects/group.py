"""Group and UserRole: queues that may own records, and where a user stands in the hierarchy."""

from toolkit.demo_org.objects.fields import (
    audit_fields,
    checkbox,
    email,
    moment,
    owner,
    picklist,
    record_id,
    reference,
    system,
    text,
)
from toolkit.demo_org.schema import ChildRelationship, SObject


def group() -> SObject:
    """Return the Group object."""
    return SObject(
        "Group",
        "Group",
        "Group",
        "00G",
        (
            record_id("Group"),
            text("Name", "Name", 40, required=True, name_field=True),
            text("DeveloperName", "Developer Name", 80),
            picklist(
                "Type",
                "Type",
                ("Regular", "Queue", "Role", "RoleAndSubordinates", "Organization"),
                length=40,
                default="Regular",
                nillable=False,
                updateable=False,
                restricted_picklist=True,
                permissionable=False,
            ),
            email("Email", "Email"),
            owner(),
            checkbox("DoesSendEmailToMembers", "Send Email to Members"),
            checkbox("DoesIncludeBosses", "Include Bosses", default=True),
            *audit_fields(),
        ),
        layoutable=False,
        feed_enabled=False,
        scopes=(("everything", "All groups"),),
    )


def user_role() -> SObject:
    """Return the UserRole object."""
    return SObject(
        "UserRole",
        "Role",
        "Role",
        "00E",
        (
            record_id("Role"),
            text("Name", "Name", 80, required=True, name_field=True),
            reference("ParentRoleId", "Parent Role ID", "UserRole", None),
            text("RollupDescription", "Description", 80),
            text("DeveloperName", "Developer Name", 80),
            system(moment("LastModifiedDate", "Last Modified Date", nillable=False, defaulted_on_create=True)),
            system(
                reference(
                    "LastModifiedById",
                    "Last Modified By ID",
                    "User",
                    "LastModifiedBy",
                    nillable=False,
                    defaulted_on_create=True,
                )
            ),
            system(moment("SystemModstamp", "System Modstamp", nillable=False, defaulted_on_create=True)),
        ),
        child_relationships=(ChildRelationship("User", "UserRoleId", "Users"),),
        layoutable=False,
        feed_enabled=False,
        scopes=(("everything", "All roles"),),
    )
