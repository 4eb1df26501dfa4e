"""In which order records of one object are sent: by parent, so that children of one parent are in one batch.

Salesforce locks the parent of a record that it saves, for as long as its batch takes. Batches that run at the same time
and hold children of one parent refuse each other's rows with UNABLE_TO_LOCK_ROW.
"""

import polars as pl

from toolkit.salesforce.describe import ObjectDescribe

USUAL = ("AccountId", "OpportunityId", "ContractId", "CaseId", "ContactId", "WhatId", "WhoId", "ParentId")
"""The standard references whose records are locked, the most crowded first."""
_OWNERS = frozenset({"User", "Group", "Queue", "RecordType", "BusinessHours"})
PARENT = "_parent"


def parent_path(describe: ObjectDescribe) -> str | None:
    """Return the reference by which records of this object share a parent, or None when they have none.

    One of the usual ones, else the object's own: one that every record must have (as master and detail) before others.
    """
    found = {name: each for name, each in describe.fields.items() if each.type == "reference" and each.filterable}
    usual = next((name for name in USUAL if name in found), None)
    if usual:
        return usual
    own = [each for each in found.values() if each.custom and not _OWNERS.issuperset(each.reference_to)]
    return min(own, key=lambda each: (each.nillable, each.name)).name if own else None


def by_parent(table: pl.DataFrame, parent: str | None) -> pl.DataFrame:
    """Return rows with those of one parent, by the column `parent`, one after the other where the first of them stood.

    Rows without a parent stay where they are, and so do all where there is no such column.
    """
    if parent is None or parent not in table.columns:
        return table
    placed = table.with_row_index("_place")
    first = pl.when(pl.col(parent).is_null()).then("_place").otherwise(pl.col("_place").min().over(parent))
    return placed.sort(first, maintain_order=True).drop("_place")
