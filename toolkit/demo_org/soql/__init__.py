"""The org's SOQL: a statement is read, bound to the schema and to what the user may see, and run as one SQL SELECT.

    query = prepare("SELECT Name, Owner.Name FROM Account WHERE Type = 'Prospect'", schema, access, now)
    for row in execute(query, connection):
        record = to_json(query, row, "66.0")

What is not supported is refused with Salesforce's own error (`toolkit.demo_org.errors.Refusal`), never answered
wrongly.
"""

from toolkit.demo_org.soql.bulk import check_bulk
from toolkit.demo_org.soql.explaining import explain
from toolkit.demo_org.soql.metadata import column_metadata
from toolkit.demo_org.soql.prepared import Column, Query
from toolkit.demo_org.soql.query import prepare
from toolkit.demo_org.soql.rendering import csv_header, csv_renderer, json_renderer, to_csv, to_json
from toolkit.demo_org.soql.running import execute, total
from toolkit.demo_org.soql.setting import zone_and_calendar
from toolkit.demo_org.soql.viewing import stamp, stamped_fields

__all__ = [
    "Column",
    "Query",
    "check_bulk",
    "column_metadata",
    "csv_header",
    "csv_renderer",
    "execute",
    "explain",
    "json_renderer",
    "prepare",
    "stamp",
    "stamped_fields",
    "to_csv",
    "to_json",
    "total",
    "zone_and_calendar",
]
