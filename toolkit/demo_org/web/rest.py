"""One record at a time: the sObject resources of the REST API."""

import zlib
from dataclasses import replace
from datetime import UTC, datetime

from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.ids import to_18
from toolkit.demo_org.records import SeveralMatches
from toolkit.demo_org.schema import NUMBER_TYPES, Field, SObject
from toolkit.demo_org.state import OrgState
from toolkit.demo_org.web import describe
from toolkit.demo_org.web.conditions import check_unchanged, headers_of, is_known
from toolkit.demo_org.web.describe import find_object
from toolkit.demo_org.web.query import query
from toolkit.demo_org.web.routing import Route
from toolkit.demo_org.web.wire import Answer, Call, not_found
from toolkit.demo_org.web.writes import allows_duplicates, check_lock
from toolkit.demo_org.web.xml_form import record_from_xml

MARKED = frozenset({"Account"})
"""The objects whose records have an ETag."""
FIRST_WITH_CREATED = 46
"""From this version on an upsert that changes a record answers 200 with a body; before it, 204 without one."""


def create(org: OrgState, call: Call, sobject: str) -> Answer:
    """POST /sobjects/X: a new record."""
    found = find_object(org, call, sobject)
    check_lock(org, call.path)
    record_id = org.records.create(found.name, _values(call, found), org.access(call.user_id), allows_duplicates(call))
    return Answer(201, {"id": record_id, "success": True, "errors": []}, _location(call, found, record_id))


def read(org: OrgState, call: Call, sobject: str, record_id: str) -> Answer:
    """GET /sobjects/X/ID?fields=: a record, whole or in part."""
    return _record(org, call, find_object(org, call, sobject), record_id)


def update(org: OrgState, call: Call, sobject: str, record_id: str) -> Answer:
    """PATCH /sobjects/X/ID: change a record."""
    found = find_object(org, call, sobject)
    access = org.access(call.user_id)
    _check_unchanged(org, call, found, record_id)
    check_lock(org, call.path)
    org.records.update(found.name, record_id, _values(call, found), access, allows_duplicates(call))
    return Answer(204)


def delete(org: OrgState, call: Call, sobject: str, record_id: str) -> Answer:
    """DELETE /sobjects/X/ID: put a record into the recycle bin."""
    found = find_object(org, call, sobject)
    _check_unchanged(org, call, found, record_id)
    check_lock(org, call.path)
    org.records.delete(found.name, record_id, org.access(call.user_id))
    return Answer(204)


def read_by(org: OrgState, call: Call, sobject: str, field: str, value: str) -> Answer:
    """GET /sobjects/X/FIELD/VALUE: a record by an external id; or /X/ID/RELATIONSHIP: the record it refers to."""
    found = find_object(org, call, sobject)
    if _is_record(found, field):
        return _related(org, call, found, field, value)
    key = _external(org, call, found, field)
    if key.type == "id":
        return _record(org, call, found, value)
    ids = org.records.find(found.name, key.name, value)
    if not ids:
        raise not_found()
    return _record(org, call, found, ids[0]) if len(ids) == 1 else _several(call, found, ids)


def upsert(org: OrgState, call: Call, sobject: str, field: str, value: str) -> Answer:
    """PATCH /sobjects/X/FIELD/VALUE: change the record with this external id, or make it; or a record's parent."""
    found = find_object(org, call, sobject)
    if _is_record(found, field):
        parent, parent_id = _parent(org, call, found, field, value)
        return update(org, call, parent.name, parent_id)
    check_lock(org, call.path)
    access = org.access(call.user_id)
    try:
        record_id, created = org.records.upsert(
            found.name,
            field,
            value,
            _values(call, found),
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
    """DELETE /sobjects/X/FIELD/VALUE: put the record with this external id into the recycle bin; or a parent."""
    found = find_object(org, call, sobject)
    if _is_record(found, field):
        parent, parent_id = _parent(org, call, found, field, value)
        return delete(org, call, parent.name, parent_id)
    ids = org.records.find(found.name, _external(org, call, found, field).name, value)
    if not ids:
        raise not_found()
    return delete(org, call, sobject, ids[0]) if len(ids) == 1 else _several(call, found, ids)


def _record(org: OrgState, call: Call, found: SObject, record_id: str) -> Answer:
    access = org.access(call.user_id)
    asked = _asked(call)
    values = org.records.get(found.name, record_id, access, asked or None)
    if asked and "Id" not in values:
        values["Id"] = to_18(record_id)
    headers = {}
    state = _state(org, call, found, record_id)
    if state is not None:
        check_unchanged(call, *state)
        headers = headers_of(call, *state)
        if is_known(call, *state):
            return Answer(304, None, headers)
    url = f"{call.base}/sobjects/{found.name}/{to_18(record_id)}"
    return Answer(200, {"attributes": {"type": found.name, "url": url}, **values}, headers)


def _is_record(found: SObject, text: str) -> bool:
    return len(text) in (15, 18) and text.startswith(found.key_prefix) and found.field(text) is None


def _related(org: OrgState, call: Call, found: SObject, record_id: str, relationship: str) -> Answer:
    children = next(
        (each for each in org.schema.children_of(found) if (each.name or "").lower() == relationship.lower()), None
    )
    if children is None:
        parent, parent_id = _parent(org, call, found, record_id, relationship)
        return _record(org, call, parent, parent_id)
    org.records.get(found.name, record_id, org.access(call.user_id), ["Id"])
    columns = ", ".join(_asked(call)) or "FIELDS(ALL)"
    limit = "" if _asked(call) else " LIMIT 200"
    soql = f"SELECT {columns} FROM {children.child} WHERE {children.field} = '{to_18(record_id)}'{limit}"
    return query(org, replace(call, query={"q": soql}))


def _parent(org: OrgState, call: Call, found: SObject, record_id: str, relationship: str) -> tuple[SObject, str]:
    reference = found.relationship(relationship)
    if reference is None:
        raise not_found()
    values = org.records.get(found.name, record_id, org.access(call.user_id), [reference.name])
    target = values[reference.name]
    parent = None if target is None else org.visible(org.access(call.user_id)).by_prefix(str(target))
    if parent is None:
        raise not_found()
    return parent, str(target)


def _asked(call: Call) -> list[str]:
    return [name.strip() for name in call.query.get("fields", "").split(",") if name.strip()]


def _external(org: OrgState, call: Call, found: SObject, name: str) -> Field:
    field = found.field(name)
    readable = field is not None and org.access(call.user_id).readable(found.name, field.name)
    if field is None or not readable or not (field.external_id or field.id_lookup):
        text = f"Provided external ID field does not exist or is not accessible: {name}"
        raise Refusal(404, "NOT_FOUND", text)
    return field


def _values(call: Call, found: SObject) -> dict[str, object]:
    content_type = call.headers.get("content-type", "").lower()
    if content_type.startswith(("application/xml", "text/xml")):
        given = record_from_xml(call.body)
        return {name: _typed(found.field(name), value) for name, value in given.items()}
    return {name: value for name, value in call.json_object().items() if name != "attributes"}


def _typed(field: Field | None, value: object) -> object:
    # XML knows only text: what JSON would have as true or 3.0 is made into it, and judged like it.
    if field is None or not isinstance(value, str):
        return value
    if field.type == "boolean":
        return {"true": True, "1": True, "false": False, "0": False}.get(value.strip().lower(), value)
    if field.type in NUMBER_TYPES or field.type == "int":
        try:
            return int(value) if field.type == "int" else float(value)
        except ValueError:
            return value
    return value


def _location(call: Call, found: SObject, record_id: str) -> dict[str, str]:
    return {"Location": f"{call.base}/sobjects/{found.name}/{record_id}"}


def _several(call: Call, found: SObject, ids: list[str]) -> Answer:
    return Answer(300, [f"{call.base}/sobjects/{found.name}/{record_id}" for record_id in ids])


def _check_unchanged(org: OrgState, call: Call, found: SObject, record_id: str) -> None:
    if "if-match" in call.headers or "if-unmodified-since" in call.headers:
        state = _state(org, call, found, record_id)
        if state is not None:
            check_unchanged(call, *state)


def _state(org: OrgState, call: Call, found: SObject, record_id: str) -> tuple[str | None, datetime] | None:
    """Return the mark of a record (which only accounts have) and when it was last changed, where that is kept."""
    if found.field("LastModifiedDate") is None or found.field("SystemModstamp") is None:
        return None
    values = org.records.get(found.name, record_id, org.access(call.user_id), ["LastModifiedDate", "SystemModstamp"])
    changed_at = datetime.strptime(str(values["LastModifiedDate"]), "%Y-%m-%dT%H:%M:%S.%f%z").astimezone(UTC)
    mark = zlib.crc32((to_18(record_id) + str(values["SystemModstamp"])).encode())
    return (f"{mark:08x}" if found.name in MARKED else None), changed_at


ROUTES = [
    Route("sobjects", {"GET": describe.every_object}),
    Route("sobjects/{sobject}", {"GET": describe.short_object, "POST": create}),
    Route("sobjects/{sobject}/describe", {"GET": describe.one_object}),
    Route("sobjects/{sobject}/Id", {"POST": create}),
    Route("sobjects/{sobject}/{record_id}", {"GET": read, "PATCH": update, "DELETE": delete}),
    Route("sobjects/{sobject}/{field}/{value}", {"GET": read_by, "PATCH": upsert, "DELETE": delete_by}),
]
