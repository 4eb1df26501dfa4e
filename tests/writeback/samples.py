"""Small sides of an account for the write-back tests: fields as describe tells them, mappings, frames and links."""

import dataclasses
from datetime import UTC, datetime

import polars as pl

from toolkit.config.objects import FieldMapping, ObjectMapping
from toolkit.frames import LINKS, conform
from toolkit.salesforce.describe import FieldDescribe, ObjectDescribe
from toolkit.writeback.planning.sides import Sides, pair

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)
UNBRAKED = {"max_cleared_share": 1, "max_churned_share": 1, "max_changed_share": 1}
"""Brakes that nothing trips, for tests that write every record."""


FIELDS = {
    each.name: each
    for each in [
        FieldDescribe("Name", "Account Name", length=255, nillable=False),
        FieldDescribe("CS_Health_Score__c", "CS Health Score", "double", precision=3, scale=1),
        FieldDescribe("CS_Health_Band__c", "CS Health Band", "picklist", length=255, restricted_picklist=True,
              picklist_values=("Green", "Yellow", "Red")),
        FieldDescribe("CS_Stage__c", "CS Stage", "picklist", length=255, restricted_picklist=True,
              picklist_values=("Onboarding", "Adoption", "Growth", "At Risk", "Churned")),
        FieldDescribe("CS_Segment__c", "CS Segment", length=40),
        FieldDescribe("CS_Active_Users__c", "CS Active Users", "double", precision=6),
        FieldDescribe("CS_Renewal_Date__c", "CS Renewal Date", "date"),
        FieldDescribe("Product_Id__c", "Product Id", length=40, unique=True),
        FieldDescribe("Locked_Score__c", "Locked Score", "double", precision=3, scale=1, updateable=False),
        FieldDescribe("CS_Seats__c", "CS Seats", "int", digits=8),
        FieldDescribe("CS_Active__c", "CS Active", "boolean", nillable=False),
        FieldDescribe("CS_Email__c", "CS Email", "email", length=80),
        FieldDescribe("CS_Web__c", "CS Web", "url", length=255),
        FieldDescribe("CS_Seen__c", "CS Seen", "datetime"),
        FieldDescribe("CS_Tags__c", "CS Tags", "multipicklist",
              restricted_picklist=True, picklist_values=("A", "B", "C")),
        FieldDescribe("CSM__c", "CSM", "reference", length=18),
    ]
}  # fmt: skip


def mapped(here, there, direction, **options):
    return FieldMapping(here=here, there=there, direction=direction, **options)


def object_mapping(*fields):
    return ObjectMapping(match=["external_id = Product_Id__c"], fields=fields)


def links_of(pairs):
    rows = [
        {"object": "account", "here_id": here, "there_id": there, "rule": "external_id = Product_Id__c",
         "value": here.lower(), "linked_at": NOW, "decided_by": "rule"}
        for here, there in pairs
    ]  # fmt: skip
    return conform(pl.DataFrame(rows, schema=dict(LINKS.schema)), LINKS)


def sides(fields, here, there, base=None, known=None):
    """Sides of records that are linked in order: `here` and `there` are lists of dicts, `base` lists pair values."""
    mapping = object_mapping(*fields)
    here_frame = pl.DataFrame([{"id": f"P-{n:05}", **row} for n, row in enumerate(here, 1)], infer_schema_length=None)
    there_frame = pl.DataFrame([{"id": there_id(n), **row} for n, row in enumerate(there, 1)], infer_schema_length=None)
    base_frame = None
    if base is not None:
        base_frame = pl.DataFrame(
            [{"id": there_id(n), "here_id": f"P-{n:05}", **row} for n, row in enumerate(base, 1)],
            schema={"id": pl.String, "here_id": pl.String, **{pair(each): pl.String for each in fields}},
        )
    known = known or FIELDS
    return Sides(
        "account",
        mapping,
        ObjectDescribe("Account", "Account", known),
        links_of([(f"P-{n:05}", there_id(n)) for n in range(1, len(here) + 1)]),
        here_frame,
        there_frame,
        base_frame,
    )


def replaced(given, **changes):
    """The same sides with some parts changed."""
    return dataclasses.replace(given, **changes)


def there_id(number):
    return f"001dM0000000{number:03}AAA"
