"""What the Bulk API refuses in a query that REST would answer."""

from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.soql.query import Query

COMPOUND_REFUSED = "Selecting compound data not supported in Bulk Query"
AGGREGATE_REFUSED = "Aggregate Relationships not supported in Bulk Query"
OFFSET_REFUSED = "Bulk queries do not support OFFSET"


def check_bulk(query: Query) -> None:
    """Raise Refusal (API_ERROR) for what a bulk query may not have: compound fields, aggregates, GROUP BY, OFFSET."""
    if query.is_count or query.is_aggregate:
        raise Refusal(400, "API_ERROR", AGGREGATE_REFUSED)
    if query.offset is not None:
        raise Refusal(400, "API_ERROR", OFFSET_REFUSED)
    if any(column.field.type == "address" for column in query.columns):
        raise Refusal(400, "API_ERROR", COMPOUND_REFUSED)
