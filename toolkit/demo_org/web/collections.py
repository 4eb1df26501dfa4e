"""Up to 200 records in one call: the sObject Collections resources.

The answer is 200 with one entry a record, in order, however many were refused.
"""

from itertools import groupby

from toolkit.demo_org.access import Access
from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.ids import is_id, to_18
from toolkit.demo_org.records import ROLLED_BACK, Outcome, Saved
from toolkit.demo_org.soql import json_renderer
from toolkit.demo_org.state import OrgState
from toolkit.demo_org.web.describe import find_object
from toolkit.demo_org.web.routing import Route
from toolkit.demo_org.web.wire import Answer, Call
from toolkit.demo_org.web.writes import save

MOST_WRITTEN = 200
MOST_READ = 2_000
MOST_CHUNKS = 10

Row = dict[str, object]


def insert(org: OrgState, call: Call) -> Answer:
    """POST /composite/sobjects: new records, of several objects if need be."""
    return _write(org, call, "insert")


def update(org: OrgState, call: Call) -> Answer:
    """PATCH /composite/sobjects: change the records that each entry's id names."""
    return _write(org, call, "update")


def upsert(org: OrgState, call: Call, sobject: str, field: str) -> Answer:
    """PATCH /composite/sobjects/X/FIELD: change or make the records that each entry's external id names."""
    return _write(org, call, "upsert", find_object(org, call, sobject).name, field)


def delete(org: OrgState, call: Call) -> Answer:
    """DELETE /composite/sobjects?ids=a,b&allOrNone=: put records into the recycle bin."""
    ids = [each.strip() for each in call.query.get("ids", "").split(",") if each.strip()]
    _check_size(len(ids), MOST_WRITTEN)
    typed: list[tuple[str, Row]] = []
    for record_id in ids:
        sobject = org.schema.by_prefix(record_id)
        typed.append((sobject.name if sobject is not None else "", {"Id": record_id}))
    outcomes = _save(org, call, "delete", typed, None, all_or_none=call.flag("allOrNone"))
    return Answer(200, [_entry(each, created=False) for each in outcomes])


def retrieve(org: OrgState, call: Call, sobject: str) -> Answer:
    """GET /composite/sobjects/X?ids=&fields=, or POST {"ids", "fields"}: records by id; null for those not there."""
    if call.method == "POST":
        body = call.json_object()
        ids, fields = _texts(body.get("ids")), _texts(body.get("fields"))
    else:
        ids, fields = call.query.get("ids", "").split(","), call.query.get("fields", "").split(",")
    found = find_object(org, call, sobject)
    ids = [each.strip() for each in ids if each.strip()]
    names = list(dict.fromkeys(each.strip() for each in fields if each.strip()))
    _check_size(len(ids), MOST_READ)
    access = org.access(call.user_id)
    if not names:
        raise Refusal(400, "MISSING_ARGUMENT", "fields must be specified")
    for name in names:
        field = found.field(name)
        if field is None or not access.readable(found.name, field.name):
            raise Refusal(400, "INVALID_FIELD", f"No such column '{name}' on sobject of type {found.name}")
    records = _records(org, call, found.name, [each for each in ids if is_id(each)], names, access)
    return Answer(200, [records.get(to_18(each)) if is_id(each) else None for each in ids])


def _records(
    org: OrgState, call: Call, sobject: str, ids: list[str], names: list[str], access: Access
) -> dict[str, Row]:
    if not ids:
        return {}
    columns = names if any(name.lower() == "id" for name in names) else ["Id", *names]
    listed = ", ".join(f"'{each}'" for each in ids)
    with org.query(f"SELECT {', '.join(columns)} FROM {sobject} WHERE Id IN ({listed})", access) as (prepared, rows):
        records = list(map(json_renderer(prepared, call.version), rows))
    return {str(record["Id"]): record for record in records}


def _write(org: OrgState, call: Call, operation: str, only: str | None = None, external: str | None = None) -> Answer:
    body = call.json_object()
    given = body.get("records")
    if not isinstance(given, list):
        raise Refusal(400, "JSON_PARSER_ERROR", "records must be specified at [line:1, column:1]")
    _check_size(len(given), MOST_WRITTEN)
    typed = [_typed(org, each, only) for each in given]
    outcomes = _save(org, call, operation, typed, external, all_or_none=body.get("allOrNone") is True)
    return Answer(200, [_entry(each, created=operation == "upsert") for each in outcomes])


def _typed(org: OrgState, given: object, only: str | None) -> tuple[str, Row]:
    attributes = given.get("attributes") if isinstance(given, dict) else None
    name = attributes.get("type") if isinstance(attributes, dict) else None
    sobject = org.schema.get(name) if isinstance(name, str) else None
    if not isinstance(given, dict) or sobject is None or only not in (None, sobject.name):
        raise Refusal(400, "INVALID_TYPE", f"sObject type '{name}' is not supported.")
    return sobject.name, {key: value for key, value in given.items() if key != "attributes"}


class _UndoneError(Exception):
    """Raised inside the transaction to undo it."""


def _save(
    org: OrgState, call: Call, operation: str, typed: list[tuple[str, Row]], external: str | None, *, all_or_none: bool
) -> list[Outcome]:
    chunks = [(name, [row for _, row in group]) for name, group in groupby(typed, key=lambda each: each[0])]
    if len(chunks) > MOST_CHUNKS:
        text = (
            f"Cannot have more than {MOST_CHUNKS} chunks in a single operation. "
            "Please rearrange the data to reduce chunking."
        )
        raise Refusal(400, "INVALID_INPUT", text)
    outcomes: list[Outcome] = []
    try:
        with org.database.writing():
            for name, rows in chunks:
                if not name:
                    outcomes += [[_malformed(str(row["Id"]))] for row in rows]
                else:
                    outcomes += save(org, call, operation, name, rows, external)
            if all_or_none and any(isinstance(each, list) for each in outcomes):
                raise _UndoneError  # noqa: TRY301 - leaving the transaction is what undoes it
    except _UndoneError:
        return [each if isinstance(each, list) else [ROLLED_BACK] for each in outcomes]
    return outcomes


def _entry(outcome: Outcome, *, created: bool) -> dict[str, object]:
    if isinstance(outcome, Saved):
        entry: dict[str, object] = {"id": outcome.id, "success": True, "errors": []}
        return entry | {"created": outcome.created} if created else entry
    errors = [{"statusCode": each.code, "message": each.message, "fields": list(each.fields or ())} for each in outcome]
    return {"success": False, "errors": errors}


def _malformed(record_id: str) -> Refusal:
    return Refusal(400, "MALFORMED_ID", f"malformed id {record_id}", ())


def _check_size(count: int, most: int) -> None:
    if count == 0:
        raise Refusal(400, "MISSING_ARGUMENT", "at least one record must be specified")
    if count > most:
        text = f"record limit reached. cannot submit more than {most} records into this operation"
        raise Refusal(400, "EXCEEDED_ID_LIMIT", text)


def _texts(given: object) -> list[str]:
    return [str(each) for each in given] if isinstance(given, list) else []


ROUTES = [
    Route("composite/sobjects", {"POST": insert, "PATCH": update, "DELETE": delete}, since=42),
    Route("composite/sobjects/{sobject}", {"GET": retrieve, "POST": retrieve}, since=42),
    Route("composite/sobjects/{sobject}/{field}", {"PATCH": upsert}, since=42),
]
