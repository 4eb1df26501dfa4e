"""Small sides of an account for the write-back tests: fields as describe tells them, mappings, frames and links."""

from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

from toolkit.config.models import FieldMapping, ObjectMapping
from toolkit.frames import LINKS, conform
from toolkit.writeback.facts import Sides, pair

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)


@dataclass(frozen=True)
class Facts:
    name: str
    label: str = "A field"
    type: str = "string"
    length: int = 0
    precision: int = 0
    scale: int = 0
    digits: int = 0
    nillable: bool = True
    updateable: bool = True
    unique: bool = False
    restricted_picklist: bool = False
    picklist_values: tuple[str, ...] = ()


FACTS = {
    each.name: each
    for each in [
        Facts("Name", "Account Name", length=255, nillable=False),
        Facts("CS_Health_Score__c", "CS Health Score", "double", precision=3, scale=1),
        Facts("CS_Health_Band__c", "CS Health Band", "picklist", 255, restricted_picklist=True,
              picklist_values=("Green", "Yellow", "Red")),
        Facts("CS_Stage__c", "CS Stage", "picklist", 255, restricted_picklist=True,
              picklist_values=("Onboarding", "Adoption", "Growth", "At Risk", "Churned")),
        Facts("CS_Segment__c", "CS Segment", length=40),
        Facts("CS_Active_Users__c", "CS Active Users", "double", precision=6),
        Facts("CS_Renewal_Date__c", "CS Renewal Date", "date"),
        Facts("Product_Id__c", "Product Id", length=40, unique=True),
        Facts("Locked_Score__c", "Locked Score", "double", precision=3, scale=1, updateable=False),
        Facts("CS_Seats__c", "CS Seats", "int", digits=8),
        Facts("CS_Active__c", "CS Active", "boolean", nillable=False),
        Facts("CS_Email__c", "CS Email", "email", 80),
        Facts("CS_Web__c", "CS Web", "url", 255),
        Facts("CS_Seen__c", "CS Seen", "datetime"),
        Facts("CS_Tags__c", "CS Tags", "multipicklist", restricted_picklist=True, picklist_values=("A", "B", "C")),
        Facts("CSM__c", "CSM", "reference", 18),
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


def sides(fields, here, there, base=None, facts=None):
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
    known = facts or FACTS
    return Sides(
        "account",
        mapping,
        {each.there: known[each.there] for each in fields if each.there in known},
        links_of([(f"P-{n:05}", there_id(n)) for n in range(1, len(here) + 1)]),
        here_frame,
        there_frame,
        base_frame,
    )


def there_id(number):
    return f"001dM0000000{number:03}AAA"
