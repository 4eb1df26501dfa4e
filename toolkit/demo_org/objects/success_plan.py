"""Success_Plan__c, the custom object that the sample company made for itself."""

from dataclasses import replace

from toolkit.demo_org.objects.fields import (
    audit_fields,
    date,
    deleted,
    percent,
    picklist,
    read_only,
    record_id,
    reference,
    system,
    text,
    text_area,
)
from toolkit.demo_org.schema import Field, SObject

STATUSES = ("Draft", "Active", "Achieved", "Missed")


def success_plan() -> SObject:
    """Return the Success_Plan__c object, the detail of an account."""
    return SObject(
        "Success_Plan__c",
        "Success Plan",
        "Success Plans",
        "a00",
        (
            record_id("Record"),
            deleted(),
            system(
                text(
                    "Name",
                    "Plan Number",
                    80,
                    nillable=False,
                    auto_number=True,
                    number_format="SP-{00000}",
                    name_field=True,
                    id_lookup=True,
                    defaulted_on_create=True,
                )
            ),
            *audit_fields(),
            reference(
                "Account__c",
                "Account",
                "Account",
                "Account__r",
                nillable=False,
                updateable=False,
                permissionable=False,
                cascade_delete=True,
            ),
            text("Objective__c", "Objective", 120),
            picklist("Status__c", "Status", STATUSES, default="Draft", restricted_picklist=True),
            date("Target_Date__c", "Target Date"),
            percent("Progress__c", "Progress", 5, 1),
            text_area("Notes__c", "Notes", 4000),
            replace(
                read_only(Field("Complete__c", "Complete", "boolean", nillable=False, default=False)),
                calculated=True,
                formula='AND(ISPICKVAL(Status__c, "Achieved"), Progress__c >= 1)',
            ),
        ),
        guarded=True,
        scopes=(("everything", "All success plans"),),
    )
