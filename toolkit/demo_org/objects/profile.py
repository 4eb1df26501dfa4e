"""Profile: which kind of user somebody is."""

from toolkit.demo_org.objects.fields import audit_fields, picklist, record_id, system, text
from toolkit.demo_org.objects.user import USER_TYPES
from toolkit.demo_org.schema import ChildRelationship, SObject


def profile() -> SObject:
    """Return the Profile object."""
    return SObject(
        "Profile",
        "Profile",
        "Profiles",
        "00e",
        (
            record_id("Profile"),
            system(text("Name", "Name", 255, nillable=False, name_field=True)),
            system(picklist("UserType", "User Type", USER_TYPES, length=40, restricted_picklist=True)),
            system(text("Description", "Description", 255)),
            *audit_fields(),
        ),
        child_relationships=(ChildRelationship("User", "ProfileId", "Users"),),
        createable=False,
        updateable=False,
        deletable=False,
        layoutable=False,
        feed_enabled=False,
        scopes=(("everything", "All profiles"),),
    )
