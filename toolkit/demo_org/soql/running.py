"""Running a prepared query on a SQLite connection."""

import sqlite3
from collections.abc import Iterator

from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.soql import sql_functions
from toolkit.demo_org.soql.prepared import Query

ROWS_AT_A_TIME = 1000
MOST_GROUPS = 2000
BEYOND_SQLITE = ("too", "at most", "overflow")  # too many columns, at most 64 tables, parser stack overflow
TOO_COMPLICATED = "Query is either selecting too many fields or the filter conditions are too complicated."


def execute(query: Query, connection: sqlite3.Connection) -> Iterator[tuple[object, ...]]:
    """Run the query and return its rows, which are read as they are asked for.

    For ``count()`` there is one row of one number. Raises Refusal where there are more groups than one answer holds.
    """
    cursor = _run(query.sql, query.params, connection)
    return iter(_groups(cursor)) if query.is_aggregate else _rows(cursor)


def total(query: Query, connection: sqlite3.Connection) -> int:
    """Return how many rows the query has in all, its LIMIT and OFFSET regarded."""
    return int(_run(query.total_sql, query.total_params, connection).fetchone()[0])


def _run(sql: str, params: tuple[object, ...], connection: sqlite3.Connection) -> sqlite3.Cursor:
    try:
        return connection.execute(sql, params)
    except (sqlite3.OperationalError, sqlite3.DataError) as error:
        if str(error).startswith(f"no such function: {sql_functions.PREFIX}"):  # the first time on this connection
            sql_functions.install(connection)
            return _run(sql, params, connection)
        if any(sign in str(error) for sign in BEYOND_SQLITE):
            raise Refusal(400, "QUERY_TOO_COMPLICATED", TOO_COMPLICATED) from error
        raise


def _rows(cursor: sqlite3.Cursor) -> Iterator[tuple[object, ...]]:
    while rows := cursor.fetchmany(ROWS_AT_A_TIME):
        yield from rows


def _groups(cursor: sqlite3.Cursor) -> list[tuple[object, ...]]:
    groups = cursor.fetchmany(MOST_GROUPS + 1)
    if len(groups) > MOST_GROUPS:
        message = "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a single batch"
        raise Refusal(400, "EXCEEDED_ID_LIMIT", message)
    return groups
