"""What was changed or deleted between two moments: getUpdated and getDeleted.

Seconds do not count: both moments are cut to the minute, as Salesforce cuts them.
"""

import re
from datetime import UTC, datetime, timedelta
from itertools import islice

from toolkit.demo_org.clock import to_stamp
from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.schema import SObject
from toolkit.demo_org.soql import json_renderer
from toolkit.demo_org.state import OrgState
from toolkit.demo_org.web.bulk_common import rest_time
from toolkit.demo_org.web.describe import find_object
from toolkit.demo_org.web.routing import Route
from toolkit.demo_org.web.wire import Answer, Call

UPDATED_DAYS = 30
DELETED_DAYS = 15
MOST_IDS = 600_000

_OFFSET = re.compile(r"([+-]\d\d)(\d\d)$")


def updated(org: OrgState, call: Call, sobject: str) -> Answer:
    """GET /sobjects/X/updated/?start=&end=: the ids of the records that were made or changed."""
    found = find_object(org, call, sobject)
    start, end = _window(org, call, UPDATED_DAYS)
    rows = _rows(org, call, found, f"SELECT Id FROM {found.name} WHERE {_between(start, end)}")
    return Answer(200, {"ids": [row["Id"] for row in rows], "latestDateCovered": rest_time(_covered(org, end))})


def deleted(org: OrgState, call: Call, sobject: str) -> Answer:
    """GET /sobjects/X/deleted/?start=&end=: the records that were put into the recycle bin."""
    found = find_object(org, call, sobject)
    start, end = _window(org, call, DELETED_DAYS)
    rows = []
    if found.field("IsDeleted") is not None:
        terms = f"IsDeleted = TRUE AND {_between(start, end)}"
        rows = _rows(org, call, found, f"SELECT Id, SystemModstamp FROM {found.name} WHERE {terms}")
    return Answer(
        200,
        {
            "deletedRecords": [{"id": row["Id"], "deletedDate": row["SystemModstamp"]} for row in rows],
            "earliestDateAvailable": rest_time(org.clock.now() - timedelta(days=DELETED_DAYS)),
            "latestDateCovered": rest_time(_covered(org, end)),
        },
    )


def _rows(org: OrgState, call: Call, found: SObject, soql: str) -> list[dict[str, object]]:
    gone_too = "IsDeleted" in soql
    if found.field("SystemModstamp") is None:
        raise Refusal(400, "INVALID_TYPE", f"{found.name} is not replicateable")
    with org.query(soql, org.access(call.user_id), all_rows=gone_too) as (prepared, rows):
        found_rows = list(map(json_renderer(prepared, call.version), islice(rows, MOST_IDS + 1)))
    if len(found_rows) > MOST_IDS:
        raise Refusal(400, "EXCEEDED_ID_LIMIT", f"More than {MOST_IDS} records were changed; ask for a shorter time")
    return found_rows


def _between(start: datetime, end: datetime) -> str:
    return f"SystemModstamp >= {to_stamp(start)} AND SystemModstamp < {to_stamp(end)}"


def _covered(org: OrgState, end: datetime) -> datetime:
    return min(end, org.clock.now().replace(second=0))


def _window(org: OrgState, call: Call, most_days: int) -> tuple[datetime, datetime]:
    start, end = (_moment(name, call.query.get(name, "")) for name in ("start", "end"))
    if end - start < timedelta(minutes=1):
        raise Refusal(400, "INVALID_REPLICATION_DATE", "The end date must be at least one minute after the start date")
    if start < org.clock.now() - timedelta(days=most_days):
        raise Refusal(400, "INVALID_REPLICATION_DATE", "startDate before org replication enabled date")
    return start, end


def _moment(name: str, given: str) -> datetime:
    # A plus sign that was not escaped arrives as a blank.
    try:
        moment = datetime.fromisoformat(_OFFSET.sub(r"\1:\2", given.replace(" ", "+")))
    except ValueError:
        raise Refusal(400, "INVALID_REPLICATION_DATE", f"Invalid {name} date: {given}") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).replace(second=0, microsecond=0)


ROUTES = [
    Route("sobjects/{sobject}/updated", {"GET": updated}),
    Route("sobjects/{sobject}/deleted", {"GET": deleted}),
]
