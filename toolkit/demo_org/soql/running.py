"""Running a prepared query on a SQLite connection."""

import sqlite3
from collections.abc import Iterator

from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.soql.conditions import UPPER_FUNCTION, upper
from toolkit.demo_org.soql.query import Query

ROWS_AT_A_TIME = 1000
MOST_GROUPS = 2000
TOO_COMPLICATED = "Query is either selecting too many fields or the filter conditions are too complicated."


def execute(query: Query, connection: sqlite3.Connection) -> Iterator[tuple[object, ...]]:
    """Run the query and return its rows, which are read as they are asked for.

    For ``count()`` there is one row of one number. Raises Refusal where there are more groups than one answer holds.
    """
    cursor = _run(query.sql, query, connection)
    return iter(_groups(cursor)) if query.is_aggregate else _rows(cursor)


def total(query: Query, connection: sqlite3.Connection) -> int:
    """Return how many rows the query has in all, its LIMIT and OFFSET regarded."""
    return int(_run(query.total_sql, query, connection).fetchone()[0])


def _run(sql: str, query: Query, connection: sqlite3.Connection) -> sqlite3.Cursor:
    try:
        return connection.execute(sql, query.params)
    except (sqlite3.OperationalError, sqlite3.DataError) as error:
        if UPPER_FUNCTION in str(error):  # the first time on this connection
            connection.create_function(UPPER_FUNCTION, 1, _upper, deterministic=True)
            return _run(sql, query, connection)
        if "too" in str(error):  # too many columns, too long, too deep: beyond what SQLite takes
            raise Refusal(400, "QUERY_TOO_COMPLICATED", TOO_COMPLICATED) from error
        raise


def _upper(text: str | None) -> str | None:
    return None if text is None else upper(text)


def _rows(cursor: sqlite3.Cursor) -> Iterator[tuple[object, ...]]:
    while rows := cursor.fetchmany(ROWS_AT_A_TIME):
        yield from rows


def _groups(cursor: sqlite3.Cursor) -> list[tuple[object, ...]]:
    groups = cursor.fetchmany(MOST_GROUPS + 1)
    if len(groups) > MOST_GROUPS:
        message = "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a single batch"
        raise Refusal(400, "EXCEEDED_ID_LIMIT", message)
    return groups
