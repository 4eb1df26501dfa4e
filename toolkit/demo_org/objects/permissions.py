"""Who may do what, as records: permission sets, who has them, and the objects and fields they open."""

from toolkit.demo_org.objects.fields import (
    audit_fields,
    checkbox,
    deleted,
    moment,
    picklist,
    record_id,
    reference,
    system,
    text,
)
from toolkit.demo_org.schema import ChildRelationship, Field, SObject

USER_RIGHTS = ("ApiEnabled", "BulkApiHardDelete", "ViewAllData", "ModifyAllData", "CustomizeApplication")
"""The rights that are about no object in particular; each is a checkbox ``Permissions...`` of a permission set."""

OBJECT_RIGHTS = ("Create", "Read", "Edit", "Delete", "ViewAllRecords", "ModifyAllRecords")


def permission_set() -> SObject:
    """Return the PermissionSet object. Each profile owns one of its own, which holds the profile's rights."""
    return SObject(
        "PermissionSet",
        "Permission Set",
        "Permission Sets",
        "0PS",
        (
            record_id("PermissionSet"),
            text("Name", "Permission Set Name", 80, required=True, name_field=True),
            text("Label", "Permission Set Label", 80, required=True),
            reference("ProfileId", "Profile ID", "Profile", "Profile", createable=False, updateable=False),
            system(checkbox("IsOwnedByProfile", "Is Owned By Profile")),
            system(checkbox("IsCustom", "Is Custom")),
            *(checkbox(f"Permissions{right}", right) for right in USER_RIGHTS),
            text("Description", "Description", 255),
            *audit_fields(),
            system(text("NamespacePrefix", "Namespace Prefix", 15)),
            system(picklist("Type", "Type", ("Regular", "Profile"), length=40, restricted_picklist=True)),
        ),
        child_relationships=(
            ChildRelationship("FieldPermissions", "ParentId", "FieldPerms", cascade_delete=True),
            ChildRelationship("ObjectPermissions", "ParentId", "ObjectPerms", cascade_delete=True),
            ChildRelationship("PermissionSetAssignment", "PermissionSetId", "Assignments", cascade_delete=True),
        ),
        layoutable=False,
        feed_enabled=False,
        scopes=(("everything", "All permission sets"),),
    )


def permission_set_assignment() -> SObject:
    """Return the PermissionSetAssignment object. Here no assignment expires, and none comes from a group."""
    return SObject(
        "PermissionSetAssignment",
        "Permission Set Assignment",
        "Permission Set Assignments",
        "0Pa",
        (
            record_id("PermissionSetAssignment"),
            _fixed("PermissionSetId", "PermissionSet ID", "PermissionSet", "PermissionSet"),
            system(
                reference("PermissionSetGroupId", "Permission Set Group ID", "PermissionSetGroup", "PermissionSetGroup")
            ),
            _fixed("AssigneeId", "Assignee ID", "User", "Assignee"),
            system(moment("SystemModstamp", "Date Assigned", nillable=False, defaulted_on_create=True)),
            system(moment("ExpirationDate", "Expires On")),
            system(checkbox("IsActive", "Is Active", default=True)),
            system(checkbox("IsRevoked", "Is Revoked")),
        ),
        updateable=False,
        layoutable=False,
        feed_enabled=False,
        unique_together=("PermissionSetId", "AssigneeId"),
        scopes=(("everything", "All permission set assignments"),),
    )


def permission_set_group() -> SObject:
    """Return the PermissionSetGroup object. This org has no such groups."""
    names = (system(text("DeveloperName", "API Name", 80)), system(text("MasterLabel", "Label", 80, name_field=True)))
    return _empty("PermissionSetGroup", "Permission Set Group", "0PG", *names)


def permission_set_license() -> SObject:
    """Return the PermissionSetLicense object. This org has no such licenses."""
    names = (system(text("DeveloperName", "API Name", 80)), system(text("MasterLabel", "Label", 80, name_field=True)))
    return _empty("PermissionSetLicense", "Permission Set License", "0PL", *names)


def permission_set_license_assign() -> SObject:
    """Return the PermissionSetLicenseAssign object. Where there are no licenses, nobody has one."""
    return _empty(
        "PermissionSetLicenseAssign",
        "Permission Set License Assignment",
        "2LA",
        system(reference("PermissionSetLicenseId", "License ID", "PermissionSetLicense", "PermissionSetLicense")),
        system(reference("AssigneeId", "Assigned To ID", "User", "Assignee")),
    )


def _empty(name: str, label: str, prefix: str, *fields: Field) -> SObject:
    return SObject(
        name,
        label,
        f"{label}s",
        prefix,
        (record_id(name), deleted(), *audit_fields(), *fields),
        createable=False,
        updateable=False,
        deletable=False,
        layoutable=False,
        feed_enabled=False,
        scopes=(("everything", f"All {label.lower()}s"),),
    )


def field_permissions() -> SObject:
    """Return the FieldPermissions object: one row a field that a permission set opens."""
    return SObject(
        "FieldPermissions",
        "Field Permissions",
        "Field Permissions",
        "01k",
        (
            record_id("FieldPermissions"),
            _fixed("ParentId", "Parent ID", "PermissionSet", "Parent"),
            _choice("SobjectType", "SObject Type Name", 40),
            _choice("Field", "Field Name", 255),
            checkbox("PermissionsEdit", "Edit Field", permissionable=False),
            checkbox("PermissionsRead", "Read Field", permissionable=False),
            system(moment("SystemModstamp", "System Modstamp", nillable=False, defaulted_on_create=True)),
        ),
        layoutable=False,
        feed_enabled=False,
        unique_together=("ParentId", "Field"),
        scopes=(("everything", "All field permissions"),),
    )


def object_permissions() -> SObject:
    """Return the ObjectPermissions object: one row an object that a permission set opens."""
    return SObject(
        "ObjectPermissions",
        "Object Permissions",
        "Object Permissions",
        "110",
        (
            record_id("ObjectPermissions"),
            _fixed("ParentId", "Parent ID", "PermissionSet", "Parent"),
            _choice("SobjectType", "SObject Type Name", 40),
            *(checkbox(f"Permissions{right}", right, permissionable=False) for right in OBJECT_RIGHTS),
            *audit_fields(),
        ),
        layoutable=False,
        feed_enabled=False,
        unique_together=("ParentId", "SobjectType"),
        scopes=(("everything", "All object permissions"),),
    )


def _fixed(name: str, label: str, to: str, relationship: str) -> Field:
    return reference(name, label, to, relationship, nillable=False, updateable=False, permissionable=False)


def _choice(name: str, label: str, length: int) -> Field:
    # Its values are the org's objects or fields; toolkit.demo_org.permissions checks them.
    return picklist(name, label, (), length=length, nillable=False, updateable=False, permissionable=False)
