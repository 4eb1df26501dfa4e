"""Organization: the one record about the org itself."""

from toolkit.demo_org.objects.fields import (
    address,
    audit_fields,
    checkbox,
    moment,
    phone,
    picklist,
    record_id,
    system,
    text,
    whole_number,
)
from toolkit.demo_org.schema import Field, SObject

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


def _fields() -> tuple[Field, ...]:
    return (
        record_id("Organization"),
        text("Name", "Name", 80, required=True, name_field=True, createable=False),
        text("Division", "Division", 80, createable=False),
        *address("", ""),
        phone("Phone", "Phone", createable=False),
        text("PrimaryContact", "Primary Contact", 80, createable=False),
        picklist("DefaultLocaleSidKey", "Locale", ("en_US", "en_GB", "de_DE"), length=40, createable=False),
        picklist("TimeZoneSidKey", "Time Zone", ("UTC", "Europe/Berlin"), length=40, createable=False),
        picklist("LanguageLocaleKey", "Language", ("en_US", "de"), length=40, createable=False),
        system(whole_number("FiscalYearStartMonth", "Fiscal Year Starts In")),
        system(picklist("OrganizationType", "Edition", ORGANIZATION_TYPES, length=40)),
        system(text("NamespacePrefix", "Namespace Prefix", 15)),
        system(text("InstanceName", "Instance Name", 5)),
        system(checkbox("IsSandbox", "Is Sandbox")),
        system(moment("TrialExpirationDate", "Trial Expiration Date")),
        system(checkbox("IsReadOnly", "Is Read Only")),
        *audit_fields(),
    )
