"""Organization: the one record about the org itself."""

from dataclasses import replace

from toolkit.demo_org.objects.fields import (
    address,
    audit_fields,
    checkbox,
    email,
    moment,
    phone,
    picklist,
    record_id,
    system,
    text,
    url,
    whole_number,
)
from toolkit.demo_org.schema import Field, PicklistValue, SObject

ORGANIZATION_TYPES = ("Developer Edition", "Enterprise Edition", "Unlimited Edition")


def organization() -> SObject:
    """Return the Organization object."""
    return SObject(
        "Organization",
        "Organization",
        "Organizations",
        "00D",
        _fields(),
        createable=False,
        deletable=False,
        layoutable=False,
        feed_enabled=False,
        scopes=(("everything", "All organizations"),),
    )


_PREFERENCES = (
    "RequireOpportunityProducts",
    "TransactionSecurityPolicy",
    "TerminateOldestSession",
    "ConsentManagementEnabled",
    "AutoSelectIndividualOnMerge",
    "LightningLoginEnabled",
    "OnlyLLPermUserAllowed",
)
_ACCESS = {
    "Account": ("Edit", "Edit"),
    "Contact": ("ControlledByParent", "Controlled By Parent"),
    "Opportunity": ("Edit", "Edit"),
    "Lead": ("ReadEditTransfer", "Read/Write/Transfer"),
    "Case": ("ReadEditTransfer", "Read/Write/Transfer"),
    "Calendar": ("HideDetailsInsert", "Hide Details and Add Events"),
    "Pricebook": ("ReadSelect", "Use"),
    "Campaign": ("All", "All"),
}
"""What everybody may do with the records of others: this org shares all of them. API name and label."""


def _fields() -> tuple[Field, ...]:
    created, created_by, changed, changed_by, stamp = audit_fields()
    return (
        record_id("Organization"),
        text("Name", "Name", 80, required=True, name_field=True, createable=False),
        text("Division", "Division", 80, createable=False),
        *address("", ""),
        phone("Phone", "Phone", createable=False),
        phone("Fax", "Fax", createable=False),
        text("PrimaryContact", "Primary Contact", 80, createable=False),
        picklist("DefaultLocaleSidKey", "Locale", ("en_US", "en_GB", "de_DE"), length=40, createable=False),
        picklist("TimeZoneSidKey", "Time Zone", ("UTC", "Europe/Berlin"), length=40, createable=False),
        picklist("LanguageLocaleKey", "Language", ("en_US", "de"), length=40, createable=False),
        checkbox("ReceivesInfoEmails", "Info Emails", createable=False, permissionable=False),
        checkbox("ReceivesAdminInfoEmails", "Info Emails Admin", createable=False, permissionable=False),
        *(checkbox(f"Preferences{name}", name, createable=False, permissionable=False) for name in _PREFERENCES),
        system(whole_number("FiscalYearStartMonth", "Fiscal Year Starts In")),
        system(checkbox("UsesStartDateAsFiscalYearName", "Fiscal Year Name by Start")),
        *(_sharing(name, *level) for name, level in _ACCESS.items()),
        system(url("DelegatedAuthenticationServiceUrl", "Delegated Authentication URL")),
        stamp,
        system(email("ComplianceBccEmail", "Compliance BCC Email")),
        system(picklist("UiSkin", "UI Skin", ("Theme3",), length=40, default="Theme3")),
        system(text("SignupCountryIsoCode", "Signup Country", 2)),
        system(moment("TrialExpirationDate", "Trial Expiration Date")),
        system(whole_number("NumKnowledgeService", "Knowledge Licenses")),
        system(picklist("OrganizationType", "Edition", ORGANIZATION_TYPES, length=40)),
        system(text("NamespacePrefix", "Namespace Prefix", 15)),
        system(text("InstanceName", "Instance Name", 5)),
        system(checkbox("IsSandbox", "Is Sandbox")),
        system(picklist("WebToCaseDefaultOrigin", "Web to Cases Default Origin", ("Web",), length=40, default="Web")),
        system(whole_number("MonthlyPageViewsUsed", "Monthly Page Views Used", 9)),
        system(whole_number("MonthlyPageViewsEntitlement", "Monthly Page Views Allowed", 9)),
        system(checkbox("IsReadOnly", "Is Read Only")),
        created,
        created_by,
        changed,
        changed_by,
    )


def _sharing(name: str, level: str, label: str) -> Field:
    values = (PicklistValue(level, label),)
    field = picklist(f"Default{name}Access", f"Default {name} Access", (), length=40, default=level)
    return system(replace(field, picklist=values))
