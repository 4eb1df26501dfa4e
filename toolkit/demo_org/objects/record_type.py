"""RecordType and ListView: what the org keeps as metadata and also shows as records."""

from toolkit.demo_org.objects.fields import audit_fields, checkbox, picklist, record_id, system, text, viewed_fields
from toolkit.demo_org.schema import SObject


def record_type() -> SObject:
    """Return the RecordType object."""
    return SObject(
        "RecordType",
        "Record Type",
        "Record Types",
        "012",
        (
            record_id("Record Type"),
            system(text("Name", "Name", 80, nillable=False, name_field=True)),
            system(text("DeveloperName", "Record Type Name", 80, nillable=False)),
            system(text("NamespacePrefix", "Namespace Prefix", 15)),
            system(text("Description", "Description", 255)),
            system(picklist("SobjectType", "SObject Type Name", (), length=40, nillable=False)),
            system(checkbox("IsActive", "Active")),
            system(checkbox("IsPersonType", "Is Person Type")),
            *audit_fields(),
        ),
        createable=False,
        updateable=False,
        deletable=False,
        layoutable=False,
        feed_enabled=False,
        scopes=(("everything", "All record types"),),
    )


def list_view() -> SObject:
    """Return the ListView object."""
    return SObject(
        "ListView",
        "List View",
        "List Views",
        "00B",
        (
            record_id("List View"),
            system(text("Name", "View Name", 40, nillable=False, name_field=True)),
            system(text("DeveloperName", "View Unique Name", 80, nillable=False)),
            system(text("NamespacePrefix", "Namespace Prefix", 15)),
            system(picklist("SobjectType", "Sobject Type", (), length=40, nillable=False)),
            system(checkbox("IsSoqlCompatible", "Is SOQL Compatible")),
            *audit_fields(),
            *viewed_fields(),
        ),
        createable=False,
        updateable=False,
        deletable=False,
        layoutable=False,
        feed_enabled=False,
        scopes=(("everything", "All list views"),),
    )
