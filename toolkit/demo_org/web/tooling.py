"""The Tooling API, as far as custom fields and validation rules need it.

    GET  tooling/query?q=                     CustomField, ValidationRule, EntityDefinition, FieldDefinition and data
    GET  tooling/sobjects[/X[/describe]]
    POST tooling/sobjects/CustomField         {"FullName": "Account.Health__c", "Metadata": {"label": ..., ...}}
    GET, PATCH, DELETE tooling/sobjects/CustomField/ID        and the same with ValidationRule

A field that was made is invisible to everybody until FieldPermissions open it. FullName and Metadata can be selected
only where the result is one row.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from toolkit.demo_org.describe import describe_object
from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.schema import Schema, SObject
from toolkit.demo_org.soql import execute, json_renderer, prepare
from toolkit.demo_org.state import OrgState
from toolkit.demo_org.web.routing import Route
from toolkit.demo_org.web.tooling_objects import (
    field_record,
    rule_metadata,
    rule_record,
    tooling_schema,
    tooling_tables,
)
from toolkit.demo_org.web.wire import Answer, Call, not_found

_SELECT = re.compile(r"\s*SELECT\s+(.*?)\s+FROM\s+(\w+)\b(.*)", re.IGNORECASE | re.DOTALL)
_WHOLE = {"metadata": "Metadata", "fullname": "FullName"}
_OWN = frozenset({"customfield", "validationrule"})
_QUERIED = _OWN | {"installedsubscriberpackage", "subscriberpackage"}


@dataclass(frozen=True)
class _Piece:
    """One piece of metadata: what is stored about it, and its whole definition."""

    record: Mapping[str, object]
    full_name: str
    metadata: Mapping[str, object]


def resources(_org: OrgState, call: Call) -> Answer:
    """GET /tooling: what there is below it."""
    return Answer(200, {name: f"{call.base}/tooling/{name}" for name in ("query", "sobjects")})


def query(org: OrgState, call: Call) -> Answer:
    """GET /tooling/query?q=: a query of metadata."""
    soql = call.query.get("q")
    if soql is None:
        raise Refusal(400, "MALFORMED_QUERY", "A query string has to be specified")
    match = _SELECT.match(soql)
    own = match is not None and match.group(2).lower() in _QUERIED
    name, total, records = _own_records(org, call, soql) if own else _records(org, call, soql)
    return Answer(
        200,
        {
            "size": len(records),
            "totalSize": total,
            "done": True,
            "queryLocator": None,
            "entityTypeName": name if records else None,
            "records": [_addressed(each) for each in records],
        },
    )


def listing(org: OrgState, call: Call) -> Answer:
    """GET /tooling/sobjects: the objects of this API."""
    described = [_described(org, call, each) for each in tooling_schema()]
    kept = ("name", "label", "labelPlural", "keyPrefix", "custom", "queryable", "createable", "updateable", "urls")
    sobjects = [{name: each[name] for name in kept} for each in described]
    return Answer(200, {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": sobjects})


def describe(org: OrgState, call: Call, sobject: str) -> Answer:
    """GET /tooling/sobjects/X/describe."""
    found = tooling_schema().get(sobject) or org.schema.get(sobject)
    if found is None:
        raise not_found()
    return Answer(200, _described(org, call, found))


def create(org: OrgState, call: Call, sobject: str) -> Answer:
    """POST /tooling/sobjects/CustomField or ValidationRule: something new."""
    _check_right(org, call)
    body = call.json_object()
    full_name, metadata = body.get("FullName"), body.get("Metadata")
    if not isinstance(full_name, str) or "." not in full_name or not isinstance(metadata, dict):
        missing = [name for name in ("FullName", "Metadata") if not body.get(name)] or ["FullName"]
        text = f"Required fields are missing: [{', '.join(missing)}]"
        raise Refusal(400, "REQUIRED_FIELD_MISSING", text, missing)
    made = _maker(sobject)(org, full_name, metadata)
    headers = {"Location": f"{call.base}/tooling/sobjects/{sobject}/{made}"}
    return Answer(201, {"id": made, "success": True, "errors": [], "warnings": [], "infos": []}, headers)


def read(org: OrgState, call: Call, sobject: str, record_id: str) -> Answer:
    """GET /tooling/sobjects/X/ID: all about one piece of metadata."""
    piece = _piece(org, sobject, record_id)
    url = f"{call.base}/tooling/sobjects/{_name(sobject)}/{piece.record['Id']}"
    whole = {"FullName": piece.full_name, "Metadata": piece.metadata}
    return Answer(200, {"attributes": {"type": _name(sobject), "url": url}, **piece.record, **whole})


def update(org: OrgState, call: Call, sobject: str, record_id: str) -> Answer:
    """PATCH /tooling/sobjects/X/ID: another definition."""
    _check_right(org, call)
    piece = _piece(org, sobject, record_id)
    metadata = call.json_object().get("Metadata")
    if not isinstance(metadata, dict):
        raise Refusal(400, "REQUIRED_FIELD_MISSING", "Required fields are missing: [Metadata]", ("Metadata",))
    if sobject.lower() == "customfield":
        org.metadata.change_field(piece.full_name, metadata)
    else:
        _set_rule(org, piece.full_name, {**piece.metadata, **metadata})
    return Answer(204)


def delete(org: OrgState, call: Call, sobject: str, record_id: str) -> Answer:
    """DELETE /tooling/sobjects/X/ID."""
    _check_right(org, call)
    piece = _piece(org, sobject, record_id)
    if sobject.lower() == "customfield":
        org.metadata.delete_field(piece.full_name)
    else:
        org.metadata.remove_rule(*piece.full_name.split(".", 1))
    return Answer(204)


def _check_right(org: OrgState, call: Call) -> None:
    if not org.access(call.user_id).has_right("CustomizeApplication"):
        message = "insufficient access rights on cross-reference id"
        raise Refusal(403, "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", message, ())


def _records(org: OrgState, call: Call, soql: str) -> tuple[str, int, list[dict[str, object]]]:
    with org.query(soql, org.access(call.user_id), version=call.version) as (prepared, rows):
        if prepared.is_count:
            return prepared.sobject.name, int(str(next(rows)[0])), []
        records = list(map(json_renderer(prepared, call.version), rows))
    return prepared.sobject.name, len(records), records


def _own_records(org: OrgState, call: Call, soql: str) -> tuple[str, int, list[dict[str, object]]]:
    asked, plain = _without_whole(soql)
    with tooling_tables(org) as (schema, tables):
        access = org.access("")
        prepared = prepare(plain, schema, access, org.clock.now(), version=call.version)
        rows = execute(prepared, tables.connection)
        if prepared.is_count:
            return prepared.sobject.name, int(str(next(rows)[0])), []
        records = list(map(json_renderer(prepared, call.version), rows))
    name = prepared.sobject.name
    if not set(asked) & set(_WHOLE.values()):
        return name, len(records), records
    if len(records) > 1:
        text = (
            "When retrieving results with Metadata or FullName fields, the query qualifications must specify no more "
            f"than one row for retrieval. Result size: {len(records)}"
        )
        raise Refusal(400, "MALFORMED_QUERY", text)
    return name, len(records), [_with_whole(org, name, each, asked) for each in records]


def _without_whole(soql: str) -> tuple[list[str], str]:
    """Return the names selected, and the statement without those that are no columns but with Id."""
    match = _SELECT.match(soql)
    if match is None or "(" in match.group(1):
        return [], soql
    asked = [_WHOLE.get(name.strip().lower(), name.strip()) for name in match.group(1).split(",")]
    plain = [name for name in asked if name not in _WHOLE.values()]
    if len(plain) == len(asked):
        return asked, soql
    columns = plain if "id" in (name.lower() for name in plain) else ["Id", *plain]
    return asked, f"SELECT {', '.join(columns)} FROM {match.group(2)}{match.group(3)}"


def _with_whole(org: OrgState, name: str, record: dict[str, object], asked: list[str]) -> dict[str, object]:
    piece = _piece(org, name, str(record["Id"]))
    whole = {"FullName": piece.full_name, "Metadata": piece.metadata}
    named = {key.lower(): value for key, value in record.items()} | {key.lower(): each for key, each in whole.items()}
    spelled = {key.lower(): key for key in record} | {key.lower(): key for key in whole}
    found = {spelled[key.lower()]: named[key.lower()] for key in asked if key.lower() in named}
    return {"attributes": record["attributes"], **found}


def _addressed(record: dict[str, object]) -> dict[str, object]:
    attributes = record.get("attributes")
    if isinstance(attributes, dict) and "url" in attributes:
        url = str(attributes["url"]).replace("/sobjects/", "/tooling/sobjects/", 1)
        return {**record, "attributes": {**attributes, "url": url}}
    return record


def _described(org: OrgState, call: Call, found: SObject) -> dict[str, object]:
    described = describe_object(found, Schema([found]), org.access(call.user_id), call.version, org.url)
    urls = described["urls"]
    if isinstance(urls, dict):
        described["urls"] = {
            name: str(url).replace("/sobjects/", "/tooling/sobjects/", 1) for name, url in urls.items()
        }
    return described


def _name(sobject: str) -> str:
    found = tooling_schema().get(sobject)
    if found is None or sobject.lower() not in _OWN:
        raise not_found()
    return found.name


def _maker(sobject: str) -> Callable[[OrgState, str, Mapping[str, object]], str]:
    return {"CustomField": _make_field, "ValidationRule": _set_rule}[_name(sobject)]


def _make_field(org: OrgState, full_name: str, metadata: Mapping[str, object]) -> str:
    return org.metadata.create_field(full_name, metadata)


def _set_rule(org: OrgState, full_name: str, metadata: Mapping[str, object]) -> str:
    sobject, _, name = full_name.partition(".")
    field = metadata.get("errorDisplayField")
    return org.metadata.add_validation_rule(
        sobject,
        name,
        str(metadata.get("errorConditionFormula", "")),
        str(metadata.get("errorMessage", "")),
        None if field is None else str(field),
        metadata.get("active", True) is True,
    )


def _piece(org: OrgState, sobject: str, record_id: str) -> _Piece:
    if _name(sobject) == "CustomField":
        known = org.metadata.field(record_id)
        if known is None:
            raise not_found()
        return _Piece(field_record(known), known.full_name, known.metadata)
    for rule in org.metadata.validation_rules():
        if record_id in (rule.id, rule.id[:15]):
            return _Piece(rule_record(rule), f"{rule.sobject}.{rule.name}", rule_metadata(rule))
    raise not_found()


ROUTES = [
    Route("tooling", {"GET": resources}),
    Route("tooling/query", {"GET": query}),
    Route("tooling/sobjects", {"GET": listing}),
    Route("tooling/sobjects/{sobject}", {"POST": create}),
    Route("tooling/sobjects/{sobject}/describe", {"GET": describe}),
    Route("tooling/sobjects/{sobject}/{record_id}", {"GET": read, "PATCH": update, "DELETE": delete}),
]
