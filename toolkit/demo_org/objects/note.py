"""Note: a plain note below a record, the form that came before ContentNote."""

from toolkit.demo_org.objects.fields import (
    audit_fields,
    checkbox,
    deleted,
    owner,
    record_id,
    reference,
    text,
    text_area,
)
from toolkit.demo_org.schema import SObject

PARENT_OBJECTS = ("Account", "Contact", "Contract", "Opportunity")


def note() -> SObject:
    """Return the Note object."""
    return SObject(
        "Note",
        "Note",
        "Notes",
        "002",
        (
            record_id("Note"),
            deleted(),
            reference(
                "ParentId",
                "Parent ID",
                PARENT_OBJECTS,
                "Parent",
                nillable=False,
                updateable=False,
                permissionable=False,
            ),
            text("Title", "Title", 80, required=True, name_field=True),
            checkbox("IsPrivate", "Private", permissionable=False),
            text_area("Body", "Body", 32000, permissionable=False),
            owner(),
            *audit_fields(),
        ),
        layoutable=False,
        feed_enabled=False,
        scopes=(("everything", "All notes"),),
    )
