"""Records with their children in one call: composite/tree. All are made, or none.

    POST /composite/tree/Account
    {"records": [{"attributes": {"type": "Account", "referenceId": "a1"}, "Name": "...",
                  "Contacts": {"records": [{"attributes": {"type": "Contact", "referenceId": "c1"}, ...}]}}]}

Parents are saved before their children, a level at a time, and answered in that order.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.records import Outcome, Saved
from toolkit.demo_org.schema import ChildRelationship, Schema, SObject
from toolkit.demo_org.state import OrgState
from toolkit.demo_org.web.describe import find_object
from toolkit.demo_org.web.routing import Route
from toolkit.demo_org.web.wire import Answer, Call
from toolkit.demo_org.web.writes import save

MOST_RECORDS = 200
MOST_TYPES = 5
DEEPEST = 5


@dataclass
class _Node:
    reference: str
    sobject: SObject
    values: dict[str, object]
    parent: "_Node | None" = None
    parent_field: str = ""
    outcome: Outcome | None = None


def create(org: OrgState, call: Call, sobject: str) -> Answer:
    """POST /composite/tree/X: make all records, children with their parent's id."""
    schema = org.visible(org.access(call.user_id))
    levels = _levels(schema, find_object(org, call, sobject), call.json_object())
    nodes = [node for level in levels for node in level]
    _check(nodes)
    try:
        with org.database.writing():
            for level in levels:
                _save(org, call, level)
    except _UndoneError:
        failed = [node for node in nodes if isinstance(node.outcome, list)]
        results = [{"referenceId": node.reference, "errors": _errors(node.outcome)} for node in failed]
        return Answer(400, {"hasErrors": True, "results": results})
    made = [{"referenceId": node.reference, "id": _id(node)} for node in nodes]
    return Answer(201, {"hasErrors": False, "results": made})


class _UndoneError(Exception):
    """Raised inside the transaction to undo it."""


def _levels(schema: Schema, sobject: SObject, body: Mapping[str, object]) -> list[list[_Node]]:
    level = [_node(each, sobject, None, None) for each in _records(body)]
    levels = []
    while level:
        levels.append(level)
        level = [child for node in level for child in _children(schema, node)]
        if len(levels) > DEEPEST:
            raise Refusal(400, "LIMIT_EXCEEDED", f"The tree is deeper than {DEEPEST} levels")
    return levels


def _records(given: object) -> list[dict[str, object]]:
    records = given.get("records") if isinstance(given, dict) else None
    if not isinstance(records, list) or not records or not all(isinstance(each, dict) for each in records):
        raise Refusal(400, "JSON_PARSER_ERROR", "records must be specified at [line:1, column:1]")
    return records


def _node(
    given: dict[str, object], sobject: SObject, parent: _Node | None, relationship: ChildRelationship | None
) -> _Node:
    attributes = given.get("attributes")
    attributes = attributes if isinstance(attributes, dict) else {}
    if str(attributes.get("type", "")).lower() != sobject.name.lower():
        text = f"Include an entity type in each record: {sobject.name} is expected here"
        raise Refusal(400, "INVALID_INPUT", text)
    reference = attributes.get("referenceId")
    if not isinstance(reference, str) or not reference:
        raise Refusal(400, "INVALID_INPUT", "Include a reference ID in each record")
    values = {name: value for name, value in given.items() if name != "attributes"}
    return _Node(reference, sobject, values, parent, "" if relationship is None else relationship.field)


def _children(schema: Schema, node: _Node) -> Iterator[_Node]:
    named = {each.name.lower(): each for each in node.sobject.child_relationships if each.name}
    for name in [each for each, value in node.values.items() if isinstance(value, dict) and "records" in value]:
        relationship = named.get(name.lower())
        child = None if relationship is None else schema.get(relationship.child)
        if relationship is None or child is None:
            raise Refusal(400, "INVALID_FIELD", f"No such column '{name}' on sobject of type {node.sobject.name}")
        for each in _records(node.values.pop(name)):
            yield _node(each, child, node, relationship)


def _check(nodes: list[_Node]) -> None:
    if len(nodes) > MOST_RECORDS:
        raise Refusal(400, "LIMIT_EXCEEDED", f"The tree has more than {MOST_RECORDS} records")
    if len({node.sobject.name for node in nodes}) > MOST_TYPES:
        raise Refusal(400, "LIMIT_EXCEEDED", f"The tree has records of more than {MOST_TYPES} types")
    references = [node.reference for node in nodes]
    repeated = next((each for each in references if references.count(each) > 1), None)
    if repeated is not None:
        raise Refusal(400, "INVALID_INPUT", f"Duplicate reference ID: {repeated}")


def _save(org: OrgState, call: Call, level: list[_Node]) -> None:
    for _, group in groupby(level, key=lambda node: node.sobject.name):
        nodes = list(group)
        for node in nodes:
            if node.parent is not None:
                node.values[node.parent_field] = _id(node.parent)
        rows = [node.values for node in nodes]
        name = nodes[0].sobject.name
        for node, outcome in zip(nodes, save(org, call, "insert", name, rows), strict=True):
            node.outcome = outcome
    if any(isinstance(node.outcome, list) for node in level):
        raise _UndoneError


def _id(node: _Node) -> str:
    return node.outcome.id if isinstance(node.outcome, Saved) else ""


def _errors(outcome: Outcome | None) -> list[dict[str, object]]:
    refusals = outcome if isinstance(outcome, list) else []
    return [{"statusCode": each.code, "message": each.message, "fields": list(each.fields or ())} for each in refusals]


ROUTES = [Route("composite/tree/{sobject}", {"POST": create}, since=34)]
"""What `toolkit.demo_org.web.resources` routes to this module."""
