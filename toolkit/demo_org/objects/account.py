"""Account, with the custom fields a customer-success team writes to."""

from dataclasses import replace

from toolkit.demo_org.objects.fields import (
    address,
    audit_fields,
    checkbox,
    currency,
    date,
    deleted,
    number,
    owner,
    phone,
    picklist,
    record_id,
    reference,
    system,
    text,
    text_area,
    url,
    viewed_fields,
    whole_number,
)
from toolkit.demo_org.schema import ChildRelationship, Field, SObject

TYPES = (
    "Prospect",
    "Customer - Direct",
    "Customer - Channel",
    "Former Customer",
    "Channel Partner / Reseller",
    "Technology Partner",
    "Other",
)
INDUSTRIES = (
    "Agriculture",
    "Apparel",
    "Banking",
    "Biotechnology",
    "Chemicals",
    "Communications",
    "Construction",
    "Consulting",
    "Education",
    "Electronics",
    "Energy",
    "Engineering",
    "Entertainment",
    "Environmental",
    "Finance",
    "Food & Beverage",
    "Government",
    "Healthcare",
    "Hospitality",
    "Insurance",
    "Machinery",
    "Manufacturing",
    "Media",
    "Not For Profit",
    "Recreation",
    "Retail",
    "Shipping",
    "Technology",
    "Telecommunications",
    "Transportation",
    "Utilities",
    "Other",
)
STAGES = ("Onboarding", "Adoption", "Growth", "At Risk", "Churned")
BANDS = ("Green", "Yellow", "Red")
SEGMENTS = ("SMB", "Mid-Market", "Enterprise")
SOURCES = ("Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other")


def account() -> SObject:
    """Return the Account object."""
    return SObject(
        "Account",
        "Account",
        "Accounts",
        "001",
        (*_standard_fields(), *_custom_fields(), *_product_fields()),
        child_relationships=(
            ChildRelationship("Account", "MasterRecordId", None),
            ChildRelationship("Account", "ParentId", "ChildAccounts"),
            ChildRelationship("AccountContactRelation", "AccountId", "AccountContactRelations", cascade_delete=True),
            ChildRelationship("Case", "AccountId", "Cases", restricted_delete=True),
            ChildRelationship("Contact", "AccountId", "Contacts", cascade_delete=True),
            ChildRelationship("ContentDocumentLink", "LinkedEntityId", "ContentDocumentLinks", cascade_delete=True),
            ChildRelationship("Contract", "AccountId", "Contracts", cascade_delete=True, restricted_delete=True),
            ChildRelationship("EmailMessage", "RelatedToId", "Emails"),
            ChildRelationship("Event", "AccountId", None),
            ChildRelationship("Event", "WhatId", "Events", cascade_delete=True),
            ChildRelationship("Note", "ParentId", "Notes", cascade_delete=True),
            ChildRelationship("Opportunity", "AccountId", "Opportunities", cascade_delete=True),
            ChildRelationship("Success_Plan__c", "Account__c", "Success_Plans__r", cascade_delete=True),
            ChildRelationship("Task", "AccountId", None),
            ChildRelationship("Task", "WhatId", "Tasks", cascade_delete=True),
        ),
        mergeable=True,
        guarded=True,
        scopes=(
            ("everything", "All accounts"),
            ("mine", "My accounts"),
            ("scopingRule", "Filter by scope"),
            ("team", "My team's accounts"),
        ),
    )


def _standard_fields() -> tuple[Field, ...]:
    return (
        record_id("Account"),
        deleted(),
        system(reference("MasterRecordId", "Master Record ID", "Account", "MasterRecord")),
        text(
            "Name",
            "Account Name",
            255,
            required=True,
            name_field=True,
            compound_field_name="Name",
            extra_type_info="switchablepersonname",
        ),
        picklist("Type", "Account Type", TYPES, length=40),
        reference("ParentId", "Parent Account ID", "Account", "Parent"),
        *address("Billing"),
        *address("Shipping"),
        phone("Phone", "Account Phone"),
        phone("Fax", "Account Fax"),
        text("AccountNumber", "Account Number", 40),
        url("Website", "Website"),
        replace(system(url("PhotoUrl", "Photo URL")), extra_type_info="imageurl"),
        text("Sic", "SIC Code", 20),
        picklist("Industry", "Industry", INDUSTRIES, length=40),
        currency("AnnualRevenue", "Annual Revenue", 18, 0),
        whole_number("NumberOfEmployees", "Employees"),
        picklist("Ownership", "Ownership", ("Public", "Private", "Subsidiary", "Other"), length=40),
        text("TickerSymbol", "Ticker Symbol", 20),
        text_area("Description", "Account Description", 32000),
        picklist("Rating", "Account Rating", ("Hot", "Warm", "Cold"), length=40),
        text("Site", "Account Site", 80),
        owner(),
        *audit_fields(),
        system(date("LastActivityDate", "Last Activity")),
        *viewed_fields(),
        text("Jigsaw", "Data.com Key", 20),
        system(text("JigsawCompanyId", "Jigsaw Company ID", 20)),
        picklist("AccountSource", "Account Source", SOURCES, length=40),
        text("SicDesc", "SIC Description", 80),
    )


def _custom_fields() -> tuple[Field, ...]:
    return (
        text("Product_Id__c", "Product Id", 40, external_id=True, unique=True, id_lookup=True),
        number("CS_Health_Score__c", "Health Score", 3, 1),
        picklist("CS_Health_Band__c", "Health Band", BANDS, restricted_picklist=True),
        picklist("CS_Stage__c", "Customer Stage", STAGES, restricted_picklist=True),
        date("CS_At_Risk_Since__c", "At Risk Since"),
        number("CS_Active_Users__c", "Active Users", 6, 0),
        currency("CS_MRR__c", "Monthly Recurring Revenue", 18, 2),
        date("CS_Renewal_Date__c", "Renewal Date"),
        number("CS_NPS_Score__c", "NPS Score", 3, 0),
        number("CS_NPS_Promoters__c", "NPS Promoters", 5, 0),
        number("CS_NPS_Passives__c", "NPS Passives", 5, 0),
        number("CS_NPS_Detractors__c", "NPS Detractors", 5, 0),
        text("CS_Segment__c", "Success Segment", 40),
        number("CS_Success_Metric__c", "Success Metric", 5, 2),
        reference("CSM__c", "Customer Success Manager", "User", "CSM__r"),
        picklist("Segment__c", "Segment", SEGMENTS),
        checkbox("Active__c", "Active", permissionable=True),
        number("Locked_Score__c", "Locked Score", 3, 1),
        text("Hidden_Notes__c", "Hidden Notes", 255),
        number("Health_Raw__c", "Health Raw", 18, 2),
    )


def _product_fields() -> tuple[Field, ...]:
    """Return the fields that customer-success products write to, as their guides say to make them.

    ClientSuccess brings its own in a package; the others ask for a number of so many digits before the point, one for
    each product's scale: 0 to 10 (Catalyst: two digits and a decimal, CAT-13), 0 to 100 (ClientSuccess, Skalin).
    """
    return (
        number("CS_Pulse__c", "CSM Pulse", 2, 0),
        text("ClientSuccess__ClientSuccess_Assigned_CSM__c", "ClientSuccess Assigned CSM", 80),
        number("ClientSuccess__ClientSuccess_SuccessScore__c", "ClientSuccess SuccessScore", 3, 0),
        number("Catalyst_Health_Score__c", "Catalyst Health Score", 3, 1),
        number("Vitally_Health_Score__c", "Vitally Health Score", 4, 1),
        text("Vitally_Segment__c", "Vitally Segment", 80),
        number("Vitally_NPS__c", "Vitally NPS", 3, 0),
        currency("Vitally_MRR__c", "Vitally MRR", 18, 2),
        date("Vitally_Renewal_Date__c", "Vitally Renewal Date"),
        number("Skalin_Health_Score__c", "Skalin Health Score", 3, 0),
        number("Skalin_Pulse__c", "Skalin Pulse", 1, 0),
    )
