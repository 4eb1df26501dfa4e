"""FOR VIEW and FOR REFERENCE: the records of a query count as looked at, or as looked at from another record.

Salesforce keeps this for each user; here a record remembers the last one. Nothing else about it changes.
"""

import json
import sqlite3
from collections.abc import Sequence

from toolkit.demo_org.soql.prepared import Query

_STAMPED = {"VIEW": ("LastViewedDate", "LastReferencedDate"), "REFERENCE": ("LastReferencedDate",)}


def stamped_fields(query: Query) -> list[str]:
    """Return the fields that running the query sets on its records."""
    names = dict.fromkeys(name for noted in sorted(query.noted, reverse=True) for name in _STAMPED.get(noted, ()))
    return [] if query.is_aggregate or query.is_count else [each for each in names if query.sobject.field(each)]


def stamp(query: Query, rows: Sequence[Sequence[object]], connection: sqlite3.Connection, at: str) -> None:
    """Note that these rows of the query were shown at a moment, as the statement asks."""
    names = stamped_fields(query)
    if names and rows:
        assigned = ", ".join(f'"{name}" = ?' for name in names)
        ids = json.dumps([row[0] for row in rows])
        connection.execute(
            f'UPDATE "{query.sobject.name}" SET {assigned} WHERE Id IN (SELECT value FROM json_each(?))',
            [*([at] * len(names)), ids],
        )
