"""What the Bulk API refuses in a query that REST would answer."""

from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.soql.prepared import Query

COMPOUND_REFUSED = "Selecting compound data not supported in Bulk Query"
AGGREGATE_REFUSED = "Aggregate Relationships not supported in Bulk Query"
TYPEOF_REFUSED = "TYPEOF is not supported in Bulk Query"
OFFSET_REFUSED = "Bulk queries do not support OFFSET"


def check_bulk(query: Query) -> None:
    """Raise Refusal (API_ERROR) for what a bulk query may not have.

    That is compound fields, child subqueries, TYPEOF, aggregates, GROUP BY and OFFSET.
    """
    if query.is_count or query.is_aggregate or query.has_children:
        raise Refusal(400, "API_ERROR", AGGREGATE_REFUSED)
    if query.offset is not None:
        raise Refusal(400, "API_ERROR", OFFSET_REFUSED)
    if any(column.choices for column in query.columns):
        raise Refusal(400, "API_ERROR", TYPEOF_REFUSED)
    if any(column.field.type in ("address", "location") for column in query.columns):
        raise Refusal(400, "API_ERROR", COMPOUND_REFUSED)
