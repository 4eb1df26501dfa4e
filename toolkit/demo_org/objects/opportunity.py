"""Opportunity. Its stage decides how likely, how forecast, and whether it is closed and won."""

from dataclasses import dataclass

from toolkit.demo_org.objects.account import SOURCES
from toolkit.demo_org.objects.fields import (
    audit_fields,
    checkbox,
    currency,
    date,
    deleted,
    moment,
    number,
    owner,
    percent,
    picklist,
    read_only,
    record_id,
    reference,
    system,
    text,
    text_area,
    viewed_fields,
    whole_number,
)
from toolkit.demo_org.objects.record_types import RECORD_TYPES, record_type_field
from toolkit.demo_org.schema import ChildRelationship, Field, SObject


@dataclass(frozen=True)
class Stage:
    """What an opportunity's stage stands for."""

    name: str
    probability: float
    forecast: str
    forecast_name: str
    closed: bool = False
    won: bool = False


STAGES = (
    Stage("Prospecting", 10, "Pipeline", "Pipeline"),
    Stage("Qualification", 10, "Pipeline", "Pipeline"),
    Stage("Needs Analysis", 20, "Pipeline", "Pipeline"),
    Stage("Value Proposition", 50, "Pipeline", "Pipeline"),
    Stage("Proposal/Price Quote", 75, "BestCase", "Best Case"),
    Stage("Negotiation/Review", 90, "Forecast", "Commit"),
    Stage("Closed Won", 100, "Closed", "Closed", closed=True, won=True),
    Stage("Closed Lost", 0, "Omitted", "Omitted", closed=True),
)
TYPES = (
    "New Customer",
    "Existing Customer - Upgrade",
    "Existing Customer - Replacement",
    "Existing Customer - Downgrade",
)


def opportunity() -> SObject:
    """Return the Opportunity object."""
    return SObject(
        "Opportunity",
        "Opportunity",
        "Opportunities",
        "006",
        _fields(),
        child_relationships=(
            ChildRelationship("ContentDocumentLink", "LinkedEntityId", "ContentDocumentLinks", cascade_delete=True),
            ChildRelationship("EmailMessage", "RelatedToId", "Emails"),
            ChildRelationship("Event", "WhatId", "Events", cascade_delete=True),
            ChildRelationship("Note", "ParentId", "Notes", cascade_delete=True),
            ChildRelationship(
                "OpportunityContactRole", "OpportunityId", "OpportunityContactRoles", cascade_delete=True
            ),
            ChildRelationship("Task", "WhatId", "Tasks", cascade_delete=True),
        ),
        guarded=True,
        record_types=RECORD_TYPES["Opportunity"],
        scopes=(
            ("everything", "All opportunities"),
            ("mine", "My opportunities"),
            ("scopingRule", "Filter by scope"),
            ("team", "My team's opportunities"),
        ),
    )


def _fields() -> tuple[Field, ...]:
    forecasts = dict.fromkeys(stage.forecast for stage in STAGES)
    forecast_names = dict.fromkeys(stage.forecast_name for stage in STAGES)
    return (
        record_id("Opportunity"),
        deleted(),
        reference("AccountId", "Account ID", "Account", "Account"),
        record_type_field(),
        checkbox("IsPrivate", "Private"),
        text("Name", "Name", 120, required=True, name_field=True, id_lookup=True),
        text_area("Description", "Description", 32000),
        picklist("StageName", "Stage", (stage.name for stage in STAGES), nillable=False, permissionable=False),
        currency("Amount", "Amount", 18, 2),
        percent("Probability", "Probability (%)", 3, 0, defaulted_on_create=True),
        read_only(currency("ExpectedRevenue", "Expected Amount", 18, 2)),
        number("TotalOpportunityQuantity", "Quantity", 18, 2),
        date("CloseDate", "Close Date", nillable=False, permissionable=False),
        picklist("Type", "Opportunity Type", TYPES),
        text("NextStep", "Next Step", 255),
        picklist("LeadSource", "Lead Source", SOURCES),
        system(checkbox("IsClosed", "Closed")),
        system(checkbox("IsWon", "Won")),
        system(
            picklist(
                "ForecastCategory", "Forecast Category", forecasts, length=40, nillable=False, restricted_picklist=True
            )
        ),
        picklist(
            "ForecastCategoryName",
            "Forecast Category",
            forecast_names,
            defaulted_on_create=True,
            restricted_picklist=True,
            permissionable=False,
        ),
        reference("CampaignId", "Campaign ID", "Campaign", "Campaign"),
        system(checkbox("HasOpportunityLineItem", "Has Line Item")),
        owner(),
        *audit_fields(),
        system(date("LastActivityDate", "Last Activity")),
        system(moment("LastStageChangeDate", "Last Stage Change Date")),
        system(whole_number("FiscalQuarter", "Fiscal Quarter", compound_field_name="Fiscal")),
        system(whole_number("FiscalYear", "Fiscal Year", compound_field_name="Fiscal")),
        system(text("Fiscal", "Fiscal Period", 6)),
        reference("ContactId", "Contact ID", "Contact", None, updateable=False, permissionable=False),
        *viewed_fields(),
        text("Plan__c", "Plan", 60),
        date("Contract_Start__c", "Contract Start"),
        number("Term_Months__c", "Term (Months)", 3, 0),
        number("Notice_Days__c", "Notice (Days)", 4, 0),
        checkbox("Auto_Renew__c", "Renews Automatically", permissionable=True),
        currency("Setup_Fee__c", "Setup Fee", 18, 2),
    )
