"""List views over REST: which there are, what each asks, and what it shows."""

from datetime import datetime
from itertools import islice

from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.listviews import ListView
from toolkit.demo_org.schema import Field, SObject
from toolkit.demo_org.soql import json_renderer
from toolkit.demo_org.state import OrgState
from toolkit.demo_org.web.describe import find_object
from toolkit.demo_org.web.routing import Route
from toolkit.demo_org.web.wire import Answer, Call, not_found

HIDDEN_COLUMNS = ("Id", "CreatedDate", "LastModifiedDate", "SystemModstamp")
DEFAULT_ROWS = 25
MAX_ROWS = 2_000

_OPERATORS = {
    "equals": "=",
    "notEquals": "!=",
    "lessThan": "<",
    "lessThanOrEqualTo": "<=",
    "greaterThan": ">",
    "greaterThanOrEqualTo": ">=",
    "like": "LIKE",
    "in": "IN",
    "notIn": "NOT IN",
}
_DIRECTIONS = {"ASC": "ascending", "DESC": "descending"}
_ORDER_LABELS = {"picklist": ("Low to High", "High to Low"), "phone": ("9-0", "0-9"), "double": ("9-0", "0-9")}


def listing(org: OrgState, call: Call, sobject: str) -> Answer:
    """GET /sobjects/X/listviews: the list views of an object."""
    found = find_object(org, call, sobject)
    views = [each for each in org.list_views if each.sobject == found.name]
    limit, offset = _window(call, DEFAULT_ROWS * 4)
    shown = views[offset : offset + limit]
    following = offset + len(shown)
    more = following < len(views)
    return Answer(
        200,
        {
            "done": not more,
            "listviews": [_basic(call, each) for each in shown],
            "nextRecordsUrl": f"{_root(call, found.name)}?offset={following}&limit={limit}" if more else None,
            "size": len(shown),
            "sobjectType": found.name,
        },
    )


def recent(org: OrgState, call: Call, sobject: str) -> Answer:
    """GET /sobjects/X/listviews/recent: the list views somebody opened, of which this org keeps no count: all."""
    return listing(org, call, sobject)


def basic(org: OrgState, call: Call, sobject: str, view_id: str) -> Answer:
    """GET /sobjects/X/listviews/ID: where a list view's parts are."""
    return Answer(200, _basic(call, _find(org, call, sobject, view_id)))


def describe(org: OrgState, call: Call, sobject: str, view_id: str) -> Answer:
    """GET /sobjects/X/listviews/ID/describe: columns, order, filter, scope, and the whole as SOQL."""
    view = _find(org, call, sobject, view_id)
    return Answer(
        200,
        {
            "columns": _columns(org, view),
            "id": view.id,
            "orderBy": [_order(*_sorting(view)), _order("Id", "ASC")],
            "query": soql(org, view),
            "scope": view.scope,
            "sobjectType": view.sobject,
            "whereCondition": _where(view),
        },
    )


def results(org: OrgState, call: Call, sobject: str, view_id: str) -> Answer:
    """GET /sobjects/X/listviews/ID/results?limit=&offset=: the rows a person would see."""
    view = _find(org, call, sobject, view_id)
    limit, offset = _window(call, DEFAULT_ROWS)
    columns = _columns(org, view)
    with org.query(soql(org, view), org.access(call.user_id)) as (prepared, rows):
        page = list(islice(rows, offset, offset + limit + 1))
        records = list(map(json_renderer(prepared, call.version), page[:limit]))
    paths = [str(column["fieldNameOrPath"]) for column in columns]
    shown = [
        {"columns": [{"fieldNameOrPath": path, "value": _shown(_value(record, path))} for path in paths]}
        for record in records
    ]
    return Answer(
        200,
        {
            "columns": columns,
            "developerName": view.developer_name,
            "done": len(page) <= limit,
            "id": view.id,
            "label": view.label,
            "records": shown,
            "size": len(shown),
        },
    )


def soql(org: OrgState, view: ListView) -> str:
    """Return a list view as one SOQL statement, with labels for picklists as Salesforce writes it."""
    items = ", ".join(str(column["selectListItem"]) for column in _columns(org, view))
    scope = f" USING SCOPE {view.scope}" if view.scope else ""
    terms = [
        f"{each.field} {_OPERATORS[each.operator]} {_values(each.operator, each.values)}" for each in view.conditions
    ]
    where = " WHERE " + " AND ".join(terms) if terms else ""
    path, direction = _sorting(view)
    order = f" ORDER BY {path} {direction} NULLS FIRST, Id ASC NULLS FIRST"
    return f"SELECT {items} FROM {view.sobject}{scope}{where}{order}"


def statement(org: OrgState, view_id: str) -> str | None:
    """Return the SOQL of the list view with this id, or None when there is none."""
    return next((soql(org, view) for view in org.list_views if view_id in (view.id, view.id[:15])), None)


def _values(operator: str, values: tuple[str, ...]) -> str:
    return f"({', '.join(values)})" if operator in ("in", "notIn") else values[0]


def _find(org: OrgState, call: Call, sobject: str, view_id: str) -> ListView:
    found = find_object(org, call, sobject)
    for view in org.list_views:
        if view.sobject == found.name and view_id in (view.id, view.id[:15], view.developer_name):
            return view
    raise not_found()


def _window(call: Call, default: int) -> tuple[int, int]:
    limit, offset = call.query.get("limit", str(default)), call.query.get("offset", "0")
    if not (limit.isdigit() and offset.isdigit() and 1 <= int(limit) <= MAX_ROWS):
        raise Refusal(400, "INVALID_QUERY_SCOPE", f"limit must be between 1 and {MAX_ROWS}")
    return int(limit), int(offset)


def _root(call: Call, sobject: str) -> str:
    return f"{call.base}/sobjects/{sobject}/listviews"


def _basic(call: Call, view: ListView) -> dict[str, object]:
    url = f"{_root(call, view.sobject)}/{view.id}"
    return {
        "describeUrl": f"{url}/describe",
        "developerName": view.developer_name,
        "id": view.id,
        "label": view.label,
        "resultsUrl": f"{url}/results",
        "soqlCompatible": True,
        "url": url,
    }


def _columns(org: OrgState, view: ListView) -> list[dict[str, object]]:
    sobject = org.schema.get(view.sobject)
    if sobject is None:
        raise not_found()
    columns: list[dict[str, object]] = []
    for path in (*view.columns, *HIDDEN_COLUMNS):
        field = _field(org, sobject, path)
        if field is None:
            continue  # a field that was removed is no longer a column
        hidden = path in HIDDEN_COLUMNS
        ascending, descending = (None, None) if hidden else _ORDER_LABELS.get(field.type, ("Z-A", "A-Z"))
        sorted_path, direction = _sorting(view)
        sorts = path == sorted_path
        item = f"toLabel({path})" if field.type in ("picklist", "multipicklist") else path
        columns.append(
            {
                "ascendingLabel": ascending,
                "descendingLabel": descending,
                "fieldNameOrPath": path,
                "hidden": hidden,
                "label": field.label,
                "selectListItem": item,
                "sortDirection": _DIRECTIONS[direction] if sorts else None,
                "sortIndex": 0 if sorts else None,
                "sortable": not hidden,
                "type": field.type,
            }
        )
    return columns


def _field(org: OrgState, sobject: SObject, path: str) -> Field | None:
    *parents, name = path.split(".")
    for parent in parents:
        reference = sobject.relationship(parent)
        target = None if reference is None else org.schema.get(reference.reference_to[0])
        if target is None:
            return None
        sobject = target
    return sobject.field(name)


def _order(path: str, direction: str) -> dict[str, object]:
    return {"fieldNameOrPath": path, "nullsPosition": "first", "sortDirection": _DIRECTIONS[direction]}


def _sorting(view: ListView) -> tuple[str, str]:
    path, _, direction = view.order_by.partition(" ")
    return path, "DESC" if direction.strip().upper() == "DESC" else "ASC"


def _where(view: ListView) -> dict[str, object]:
    conditions = [
        {"field": each.field, "operator": each.operator, "values": list(each.values)} for each in view.conditions
    ]
    return dict(conditions[0]) if len(conditions) == 1 else {"conditions": conditions, "conjunction": "and"}


def _value(record: dict[str, object], path: str) -> object:
    value: object = record
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _shown(value: object) -> str | None:
    # People see text: true, 3.0, and times as Java prints them.
    if value is None or isinstance(value, str):
        if value is not None and len(value) == len("2026-05-01T07:25:37.000+0000") and value.endswith("+0000"):
            return datetime.strptime(value, "%Y-%m-%dT%H:%M:%S.%f%z").strftime("%a %b %d %H:%M:%S GMT %Y")
        return value
    return str(value).lower() if isinstance(value, bool) else str(value)


ROUTES = [
    Route("sobjects/{sobject}/listviews", {"GET": listing}, since=32),
    Route("sobjects/{sobject}/listviews/recent", {"GET": recent}),
    Route("sobjects/{sobject}/listviews/{view_id}", {"GET": basic}),
    Route("sobjects/{sobject}/listviews/{view_id}/describe", {"GET": describe}, since=32),
    Route("sobjects/{sobject}/listviews/{view_id}/results", {"GET": results}, since=32),
]
