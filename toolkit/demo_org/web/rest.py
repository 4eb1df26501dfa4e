"""One record at a time: the sObject resources of the REST API."""

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.ids import to_18
from toolkit.demo_org.records import SeveralMatches
from toolkit.demo_org.schema import Field, SObject
from toolkit.demo_org.state import OrgState
from toolkit.demo_org.web import describe
from toolkit.demo_org.web.describe import find_object
from toolkit.demo_org.web.routing import Route
from toolkit.demo_org.web.wire import Answer, Call, not_found
from toolkit.demo_org.web.writes import allows_duplicates, check_lock

FIRST_WITH_CREATED = 46
"""From this version on an upsert that changes a record answers 200 with a body; before it, 204 without one."""


def create(org: OrgState, call: Call, sobject: str) -> Answer:
    """POST /sobjects/X: a new record."""
    found = find_object(org, sobject)
    check_lock(org, call.path)
    record_id = org.records.create(found.name, _values(call), org.access(call.user_id), allows_duplicates(call))
    return Answer(201, {"id": record_id, "success": True, "errors": []}, _location(call, found, record_id))


def read(org: OrgState, call: Call, sobject: str, record_id: str) -> Answer:
    """GET /sobjects/X/ID?fields=: a record, whole or in part."""
    return _record(org, call, find_object(org, sobject), record_id)


def update(org: OrgState, call: Call, sobject: str, record_id: str) -> Answer:
    """PATCH /sobjects/X/ID: change a record."""
    found = find_object(org, sobject)
    access = org.access(call.user_id)
    _check_unmodified(call, lambda: org.records.get(found.name, record_id, access))
    check_lock(org, call.path)
    org.records.update(found.name, record_id, _values(call), access, allows_duplicates(call))
    return Answer(204)


def delete(org: OrgState, call: Call, sobject: str, record_id: str) -> Answer:
    """DELETE /sobjects/X/ID: put a record into the recycle bin."""
    found = find_object(org, sobject)
    check_lock(org, call.path)
    org.records.delete(found.name, record_id, org.access(call.user_id))
    return Answer(204)


def read_by(org: OrgState, call: Call, sobject: str, field: str, value: str) -> Answer:
    """GET /sobjects/X/FIELD/VALUE: a record by an external id; or /X/ID/RELATIONSHIP: the record it refers to."""
    found = find_object(org, sobject)
    if len(field) in (15, 18) and field.startswith(found.key_prefix) and found.field(field) is None:
        return _related(org, call, found, field, value)
    key = _external(org, call, found, field)
    if key.type == "id":
        return _record(org, call, found, value)
    ids = org.records.find(found.name, key.name, value)
    if not ids:
        raise not_found()
    return _record(org, call, found, ids[0]) if len(ids) == 1 else _several(call, found, ids)


def upsert(org: OrgState, call: Call, sobject: str, field: str, value: str) -> Answer:
    """PATCH /sobjects/X/FIELD/VALUE: change the record with this external id, or make it."""
    found = find_object(org, sobject)
    check_lock(org, call.path)
    access = org.access(call.user_id)
    try:
        record_id, created = org.records.upsert(
            found.name,
            field,
            value,
            _values(call),
            access,
            update_only=call.flag("updateOnly"),
            allow_duplicates=allows_duplicates(call),
        )
    except SeveralMatches as several:
        return _several(call, found, list(several.ids))
    body: dict[str, object] = {"id": record_id, "success": True, "errors": []}
    if call.version >= FIRST_WITH_CREATED:
        return Answer(201 if created else 200, body | {"created": created}, _location(call, found, record_id))
    return Answer(201, body, _location(call, found, record_id)) if created else Answer(204)


def delete_by(org: OrgState, call: Call, sobject: str, field: str, value: str) -> Answer:
    """DELETE /sobjects/X/FIELD/VALUE: put the record with this external id into the recycle bin."""
    found = find_object(org, sobject)
    ids = org.records.find(found.name, _external(org, call, found, field).name, value)
    if not ids:
        raise not_found()
    return delete(org, call, sobject, ids[0]) if len(ids) == 1 else _several(call, found, ids)


def _record(org: OrgState, call: Call, found: SObject, record_id: str) -> Answer:
    access = org.access(call.user_id)
    asked = [name.strip() for name in call.query.get("fields", "").split(",") if name.strip()]
    values = org.records.get(found.name, record_id, access, asked or None)
    if asked and "Id" not in values:
        values["Id"] = to_18(record_id)
    headers = {}
    changed_at = _changed_at(values)
    if changed_at is not None:
        headers["Last-Modified"] = format_datetime(changed_at, usegmt=True)
        since = _moment(call.headers.get("if-modified-since"))
        if since is not None and changed_at <= since:
            return Answer(304, None, headers)
    url = f"{call.base}/sobjects/{found.name}/{to_18(record_id)}"
    return Answer(200, {"attributes": {"type": found.name, "url": url}, **values}, headers)


def _related(org: OrgState, call: Call, found: SObject, record_id: str, relationship: str) -> Answer:
    reference = found.relationship(relationship)
    if reference is None:
        raise not_found()
    values = org.records.get(found.name, record_id, org.access(call.user_id), [reference.name])
    target = values[reference.name]
    parent = None if target is None else org.schema.by_prefix(str(target))
    if parent is None:
        raise not_found()
    return _record(org, call, parent, str(target))


def _external(org: OrgState, call: Call, found: SObject, name: str) -> Field:
    field = found.field(name)
    readable = field is not None and org.access(call.user_id).readable(found.name, field.name)
    if field is None or not readable or not (field.external_id or field.id_lookup):
        text = f"Provided external ID field does not exist or is not accessible: {name}"
        raise Refusal(404, "NOT_FOUND", text)
    return field


def _values(call: Call) -> dict[str, object]:
    return {name: value for name, value in call.json_object().items() if name != "attributes"}


def _location(call: Call, found: SObject, record_id: str) -> dict[str, str]:
    return {"Location": f"{call.base}/sobjects/{found.name}/{record_id}"}


def _several(call: Call, found: SObject, ids: list[str]) -> Answer:
    return Answer(300, [f"{call.base}/sobjects/{found.name}/{record_id}" for record_id in ids])


def _check_unmodified(call: Call, current: Callable[[], dict[str, object]]) -> None:
    limit = _moment(call.headers.get("if-unmodified-since"))
    if limit is None:
        return
    changed_at = _changed_at(current())
    if changed_at is not None and changed_at > limit:
        raise Refusal(412, "PRECONDITION_FAILED", "The record was changed since the given time")


def _changed_at(values: dict[str, object]) -> datetime | None:
    stamp = values.get("LastModifiedDate")
    return None if stamp is None else datetime.strptime(str(stamp), "%Y-%m-%dT%H:%M:%S.%f%z").astimezone(UTC)


def _moment(header: str | None) -> datetime | None:
    try:
        return None if header is None else parsedate_to_datetime(header).astimezone(UTC)
    except ValueError:
        return None


ROUTES = [
    Route("sobjects", {"GET": describe.every_object}),
    Route("sobjects/{sobject}", {"GET": describe.short_object, "POST": create}),
    Route("sobjects/{sobject}/describe", {"GET": describe.one_object}),
    Route("sobjects/{sobject}/Id", {"POST": create}),
    Route("sobjects/{sobject}/{record_id}", {"GET": read, "PATCH": update, "DELETE": delete}),
    Route("sobjects/{sobject}/{field}/{value}", {"GET": read_by, "PATCH": upsert, "DELETE": delete_by}),
]
