"""How a query would be run: the plans that ``GET /query?explain=`` answers, best first.

A plan goes through an index where a condition that every row has to satisfy is on an indexed field; the other plan
reads the whole table. The costs are relative: below 1 an index is worth its while.
"""

import sqlite3

from toolkit.demo_org.schema import Field
from toolkit.demo_org.soql.prepared import Query
from toolkit.demo_org.soql.running import total

INDEXED = frozenset({"Id", "Name", "CreatedDate", "SystemModstamp", "Email"})
WORTH_AN_INDEX = 0.3
"""An index is worth its while if it finds no more than this share of an object's records."""


def explain(query: Query, connection: sqlite3.Connection) -> dict[str, object]:
    """Return the plans of a query, the cheapest first, without running it."""
    records = int(connection.execute(f'SELECT count(*) FROM "{query.sobject.name}"').fetchone()[0])
    found = records if query.is_aggregate or query.is_count else total(query, connection)
    indexed = [field.name for field in query.filtered if _is_indexed(field)]
    unindexed = [field.name for field in query.filtered if not _is_indexed(field)]
    if query.sobject.field("IsDeleted") and not query.all_rows:
        unindexed.append("IsDeleted")
    notes: list[dict[str, object]] = [
        {
            "description": "Not considering filter for optimization because unindexed",
            "fields": [name],
            "tableEnumOrId": query.sobject.name,
        }
        for name in unindexed
    ]
    plans = [_plan(query, "TableScan", [], found, records, 1.0 + min(1.0, found / max(1, records)), notes)]
    if indexed:
        cost = found / max(1.0, WORTH_AN_INDEX * records)
        plans.append(_plan(query, "Index", indexed, found, records, cost, notes))
    return {"plans": sorted(plans, key=lambda plan: float(str(plan["relativeCost"]))), "sourceQuery": query.soql}


def _plan(
    query: Query,
    operation: str,
    fields: list[str],
    found: int,
    records: int,
    cost: float,
    notes: list[dict[str, object]],
) -> dict[str, object]:
    return {
        "cardinality": found,
        "fields": fields,
        "leadingOperationType": operation,
        "notes": notes,
        "relativeCost": round(cost, 3),
        "sobjectCardinality": records,
        "sobjectType": query.sobject.name,
    }


def _is_indexed(field: Field) -> bool:
    return field.name in INDEXED or field.type == "reference" or field.external_id or field.unique
