"""Queries over REST: query, queryAll and the pages that follow a first one, of records and of their children.

With ``explain`` instead of ``q`` the answer is how the query, or the list view of that id, would be run, with
``columns=true`` what its columns are.
"""

import re
from collections.abc import Sequence
from itertools import islice

from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.soql import Query, column_metadata, explain, json_renderer, stamp, stamped_fields
from toolkit.demo_org.state import OrgState
from toolkit.demo_org.web import listviews
from toolkit.demo_org.web.routing import Route
from toolkit.demo_org.web.wire import Answer, Call

MAX_PAGE = 2_000
MIN_PAGE = 200
LONG_TEXT_PAGE = 200
"""With two or more long text fields selected a page holds no more than this."""

_BATCH_SIZE = re.compile(r"batchSize\s*=\s*(\d+)", re.IGNORECASE)


def query(org: OrgState, call: Call) -> Answer:
    """GET /query?q=...: the first page of a query."""
    return _first_page(org, call, all_rows=False)


def query_all(org: OrgState, call: Call) -> Answer:
    """GET /queryAll?q=...: the same, with what lies in the recycle bin."""
    return _first_page(org, call, all_rows=True)


def query_more(org: OrgState, call: Call, locator: str) -> Answer:
    """GET /query/LOCATOR: a further page. Pages can be read again."""
    cursor, offset = org.cursors.find(locator, call.user_id)
    size = _short(org, call, cursor.batch_size)
    rows = cursor.rows(offset, size)
    records = _records(org, call, cursor.query, rows, size)
    following = offset + len(rows)
    more = cursor.locator(following) if following < cursor.total else None
    return _page(call, cursor.total, records, more)


def _first_page(org: OrgState, call: Call, *, all_rows: bool) -> Answer:
    soql, explained = call.query.get("q"), call.query.get("explain")
    access = org.access(call.user_id)
    if explained is not None:
        with org.database.reading() as connection:
            statement = listviews.statement(org, explained) or explained
            plans = explain(org.prepare(statement, access, all_rows=all_rows, version=call.version), connection)
        return Answer(200, plans)
    if soql is None:
        raise Refusal(400, "MALFORMED_QUERY", "A query string has to be specified")
    if call.query.get("columns", "").lower() == "true":
        return Answer(200, column_metadata(org.prepare(soql, access, all_rows=all_rows, version=call.version)))
    with org.query(soql, access, all_rows=all_rows, version=call.version) as (prepared, rows):
        if prepared.is_count:
            return _page(call, int(str(next(rows)[0])), [], None)
        batch_size = _batch_size(call, prepared)
        size = _short(org, call, batch_size)
        first = list(islice(rows, size + 1))
        if len(first) > size:
            cursor = org.cursors.open(prepared, call.user_id, batch_size, first, rows)
    records = _records(org, call, prepared, first[:size], size)
    if len(first) <= size:
        return _page(call, len(first), records, None)
    return _page(call, cursor.total, records, cursor.locator(size))


def _records(
    org: OrgState, call: Call, prepared: Query, rows: Sequence[tuple[object, ...]], size: int
) -> list[dict[str, object]]:
    """Return the records of a page; children beyond `size` are set aside, each list with a locator of its own."""

    def pager(child: Query, children: list[Sequence[object]]) -> tuple[int, str | None]:
        if len(children) <= size:
            return len(children), None
        aside = org.cursors.open(child, call.user_id, size, [tuple(each) for each in children], (), of_children=True)
        return size, f"{call.base}/query/{aside.locator(size)}"

    records = list(map(json_renderer(prepared, call.version, pager), rows))
    if stamped_fields(prepared):
        with org.database.writing() as connection:
            stamp(prepared, rows, connection, org.clock.stamp())
    return records


def _page(call: Call, total: int, records: list[dict[str, object]], locator: str | None) -> Answer:
    page: dict[str, object] = {"totalSize": total, "done": locator is None}
    if locator is not None:
        page["nextRecordsUrl"] = f"{call.base}/query/{locator}"
    page["records"] = records
    return Answer(200, page)


def _batch_size(call: Call, prepared: Query) -> int:
    asked = _BATCH_SIZE.search(call.headers.get("sforce-query-options", ""))
    size = MAX_PAGE if asked is None else min(MAX_PAGE, max(MIN_PAGE, int(asked.group(1))))
    return min(size, LONG_TEXT_PAGE) if prepared.long_text_columns >= 2 else size


def _short(org: OrgState, call: Call, size: int) -> int:
    planned = org.faults.take("short_page", call.path, call.method)
    return size if planned is None else min(size, max(1, int(planned.number("size"))))


ROUTES = [
    Route("query", {"GET": query}),
    Route("queryAll", {"GET": query_all}),
    Route("query/{locator}", {"GET": query_more}),
    Route("queryAll/{locator}", {"GET": query_more}),
]
