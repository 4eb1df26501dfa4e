"""User: whoever works in the org, people and the integration user alike. Users are deactivated, never deleted."""

from typing import Any

from toolkit.demo_org.objects.fields import (
    address,
    audit_fields,
    checkbox,
    email,
    moment,
    person_name,
    phone,
    picklist,
    record_id,
    reference,
    system,
    text,
    viewed_fields,
)
from toolkit.demo_org.schema import ChildRelationship, Field, SObject

TIME_ZONES = ("UTC", "Europe/London", "Europe/Berlin", "America/New_York", "America/Los_Angeles", "Asia/Tokyo")
LOCALES = ("en_US", "en_GB", "de_DE", "fr_FR", "ja_JP")
LANGUAGES = ("en_US", "de", "fr", "ja")
USER_TYPES = ("Standard", "CsnOnly", "AutomatedProcess")


def user() -> SObject:
    """Return the User object."""
    return SObject(
        "User",
        "User",
        "Users",
        "005",
        _fields(),
        child_relationships=(
            ChildRelationship("Account", "CSM__c", "Customer_Success_Accounts__r"),
            ChildRelationship("Account", "OwnerId", None),
            ChildRelationship("ContentDocumentLink", "LinkedEntityId", "ContentDocumentLinks", cascade_delete=True),
            ChildRelationship("PermissionSetAssignment", "AssigneeId", "PermissionSetAssignments"),
            ChildRelationship("User", "ManagerId", "ManagedUsers"),
        ),
        deletable=False,
        scopes=(("everything", "All users"),),
    )


def _fields() -> tuple[Field, ...]:
    setting: dict[str, Any] = {"length": 40, "nillable": False, "restricted_picklist": True, "permissionable": False}
    return (
        record_id("User"),
        text("Username", "Username", 80, required=True, id_lookup=True, unique=True),
        *person_name(),
        text("CompanyName", "Company Name", 80),
        text("Division", "Division", 80),
        text("Department", "Department", 80),
        text("Title", "Title", 80),
        *address("", ""),
        email("Email", "Email", nillable=False, permissionable=False, id_lookup=True),
        phone("Phone", "Phone"),
        phone("MobilePhone", "Mobile"),
        text("Alias", "Alias", 8, required=True),
        text("CommunityNickname", "Nickname", 40),
        checkbox("IsActive", "Active", permissionable=False),
        picklist("TimeZoneSidKey", "Time Zone", TIME_ZONES, default="UTC", **setting),
        picklist("LocaleSidKey", "Locale", LOCALES, default="en_US", **setting),
        picklist("EmailEncodingKey", "Email Encoding", ("UTF-8",), default="UTF-8", **setting),
        reference("UserRoleId", "Role ID", "UserRole", "UserRole", permissionable=False),
        reference("ProfileId", "Profile ID", "Profile", "Profile", nillable=False, permissionable=False),
        system(picklist("UserType", "User Type", USER_TYPES, length=40, restricted_picklist=True, default="Standard")),
        picklist("LanguageLocaleKey", "Language", LANGUAGES, default="en_US", **setting),
        text("EmployeeNumber", "Employee Number", 20),
        reference("ManagerId", "Manager ID", "User", "Manager"),
        system(moment("LastLoginDate", "Last Login")),
        *audit_fields(),
        text("FederationIdentifier", "SAML Federation ID", 512, permissionable=False),
        *viewed_fields(),
    )
