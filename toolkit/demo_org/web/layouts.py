"""What a client needs to draw the org: layouts, compact layouts, tabs, theme, and what was looked at last.

The org has one page layout and one compact layout an object, in which every field stands that the user may see.
"""

from toolkit.demo_org.describe import describe_object
from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.ids import make_id
from toolkit.demo_org.schema import MASTER_RECORD_TYPE_ID, SObject
from toolkit.demo_org.state import OrgState
from toolkit.demo_org.web.describe import find_object
from toolkit.demo_org.web.routing import Route
from toolkit.demo_org.web.wire import Answer, Call, not_found

LAYOUT_PREFIX, COMPACT_PREFIX = "00h", "0AH"
COMPACT_FIELDS = 5
DEFAULT_RECENT = 200
MOST_RECENT = 2_000
TABS = ("Account", "Contact", "Opportunity", "Contract", "Task", "Event", "Case")

Described = dict[str, object]


def layouts(org: OrgState, call: Call, sobject: str) -> Answer:
    """GET /sobjects/X/describe/layouts: the page layout, and which record types have it."""
    found = _layoutable(org, call, sobject)
    fields = _fields(org, call, found)
    items = [_item(each) for each in fields]
    layout_id = make_id(LAYOUT_PREFIX, _number(org, found))
    layout = {
        "buttonLayoutSection": None,
        "detailLayoutSections": [_section("Information", items)],
        "editLayoutSections": [_section("Information", [each for each in items if each["editableForUpdate"]])],
        "feedView": None,
        "highlightsPanelLayoutSection": None,
        "id": layout_id,
        "multirowEditLayoutSections": [],
        "offlineLinks": [],
        "quickActionList": None,
        "relatedContent": None,
        "relatedLists": [],
        "saveOptions": [],
    }
    return Answer(
        200,
        {
            "layouts": [layout],
            "recordTypeMappings": [_mapping(each, call, found, layout_id) for each in _record_types(found)],
            "recordTypeSelectorRequired": [len(found.record_types) > 1],
        },
    )


def quick_actions(org: OrgState, call: Call, sobject: str | None = None) -> Answer:
    """GET /quickActions or /sobjects/X/quickActions: this org has none."""
    if sobject is not None:
        find_object(org, call, sobject)
    return Answer(200, [])


def layout_of(org: OrgState, call: Call, sobject: str, record_type: str) -> Answer:
    """GET /sobjects/X/describe/layouts/RECORDTYPE: the page layout of one record type."""
    found = _layoutable(org, call, sobject)
    if record_type[:15] not in [each[0][:15] for each in _record_types(found)]:
        raise not_found()
    body = layouts(org, call, sobject).body
    listed = body.get("layouts") if isinstance(body, dict) else None
    return Answer(200, listed[0] if isinstance(listed, list) else None)


def compact_layouts(org: OrgState, call: Call, sobject: str) -> Answer:
    """GET /sobjects/X/describe/compactLayouts: the few fields that stand for a record."""
    found = _layoutable(org, call, sobject)
    return Answer(200, _compact(org, call, found))


def compact_layouts_of(org: OrgState, call: Call) -> Answer:
    """GET /compactLayouts?q=Account,Contact: the same for several objects."""
    names = [each.strip() for each in call.query.get("q", "").split(",") if each.strip()]
    return Answer(
        200, {find_object(org, call, each).name: _compact(org, call, find_object(org, call, each)) for each in names}
    )


def approval_layouts(org: OrgState, call: Call, sobject: str) -> Answer:
    """GET /sobjects/X/describe/approvalLayouts: there are none."""
    _layoutable(org, call, sobject)
    return Answer(200, {"approvalLayouts": []})


def tabs(org: OrgState, call: Call) -> Answer:
    """GET /tabs: one tab an object that people work with."""
    visible = org.visible(org.access(call.user_id))
    found = [each for name in TABS if (each := visible.get(name)) is not None]
    return Answer(200, [_tab(org, each) for each in found])


def theme(_org: OrgState, _call: Call) -> Answer:
    """GET /theme: this org has no icons of its own."""
    return Answer(200, {"themeItems": []})


def recent(org: OrgState, call: Call) -> Answer:
    """GET /recent?limit=: the records looked at last (FOR VIEW), the latest first."""
    limit = call.query.get("limit", str(DEFAULT_RECENT))
    if not limit.isdigit() or not 1 <= int(limit) <= MOST_RECENT:
        raise Refusal(400, "INVALID_QUERY_SCOPE", f"limit must be between 1 and {MOST_RECENT}")
    found: list[tuple[str, dict[str, object]]] = []
    for sobject in org.visible(org.access(call.user_id)):
        if sobject.field("LastViewedDate") is None or sobject.name_column is None or not sobject.layoutable:
            continue
        soql = (
            f"SELECT Id, {sobject.name_column}, LastViewedDate FROM {sobject.name} WHERE LastViewedDate != null "
            f"ORDER BY LastViewedDate DESC LIMIT {limit}"
        )
        found += [(str(record.pop("LastViewedDate")), record) for record in org.look(soql)]
    found.sort(key=lambda each: each[0], reverse=True)
    return Answer(200, [_of_version(record, call) for _, record in found[: int(limit)]])


def _of_version(record: dict[str, object], call: Call) -> dict[str, object]:
    attributes = record["attributes"]
    if isinstance(attributes, dict):
        url = f"{call.base}/sobjects/{attributes['type']}/{record['Id']}"
        return {**record, "attributes": {**attributes, "url": url}}
    return record


def _layoutable(org: OrgState, call: Call, name: str) -> SObject:
    found = find_object(org, call, name)
    if not found.layoutable:
        raise not_found()
    return found


def _number(org: OrgState, sobject: SObject) -> int:
    return 1 + [each.name for each in org.schema].index(sobject.name)


def _fields(org: OrgState, call: Call, found: SObject) -> list[Described]:
    described = describe_object(found, org.schema, org.access(call.user_id), call.version, org.url)["fields"]
    return described if isinstance(described, list) else []


def _item(field: Described) -> Described:
    component = {
        "components": [],
        "details": field,
        "displayLines": 1,
        "tabOrder": 0,
        "type": "Field",
        "value": field["name"],
    }
    return {
        "editableForNew": field["createable"],
        "editableForUpdate": field["updateable"],
        "label": field["label"],
        "layoutComponents": [component],
        "placeholder": False,
        "required": field["createable"] and not field["nillable"] and not field["defaultedOnCreate"],
    }


def _section(heading: str, items: list[Described]) -> Described:
    rows = [{"layoutItems": items[at : at + 2], "numItems": 2} for at in range(0, len(items), 2)]
    return {
        "collapsed": False,
        "columns": 2,
        "heading": heading,
        "layoutRows": rows,
        "rows": len(rows),
        "tabOrder": "LeftToRight",
        "useCollapsibleSection": False,
        "useHeading": True,
    }


def _record_types(found: SObject) -> list[tuple[str, str, str]]:
    master = (MASTER_RECORD_TYPE_ID, "Master", "Master")
    return [*((each.id, each.name, each.developer_name) for each in found.record_types), master]


def _mapping(record_type: tuple[str, str, str], call: Call, found: SObject, layout_id: str) -> Described:
    record_type_id, name, developer_name = record_type
    is_master = record_type_id == MASTER_RECORD_TYPE_ID
    return {
        "active": True,
        "available": True,
        "defaultRecordTypeMapping": is_master,
        "developerName": developer_name,
        "layoutId": layout_id,
        "master": is_master,
        "name": name,
        "picklistsForRecordType": [],
        "recordTypeId": record_type_id,
        "urls": {"layout": f"{call.base}/sobjects/{found.name}/describe/layouts/{record_type_id}"},
    }


def _compact(org: OrgState, call: Call, found: SObject) -> Described:
    layout_id = make_id(COMPACT_PREFIX, _number(org, found))
    fields = _fields(org, call, found)
    named = [each for each in fields if each["nameField"]] + [
        each for each in fields if each["updateable"] and not each["nameField"]
    ]
    layout = {
        "actions": [],
        "fieldItems": [_item(each) for each in named[:COMPACT_FIELDS]],
        "id": layout_id,
        "imageItems": [],
        "label": f"{found.label} Compact Layout",
        "name": f"{found.name}_Compact_Layout",
        "objectType": found.name,
    }
    return {
        "compactLayouts": [layout],
        "defaultCompactLayoutId": layout_id,
        "recordTypeCompactLayoutMappings": [
            {
                "available": True,
                "compactLayoutId": layout_id,
                "compactLayoutName": layout["name"],
                "recordTypeId": record_type_id,
                "recordTypeName": name,
                "urls": {
                    "compactLayout": f"{call.base}/sobjects/{found.name}/describe/compactLayouts/{record_type_id}"
                },
            }
            for record_type_id, name, _ in _record_types(found)
        ],
        "urls": {"primary": f"{call.base}/sobjects/{found.name}/describe/compactLayouts/primary"},
    }


def _tab(org: OrgState, sobject: SObject) -> Described:
    return {
        "colors": [],
        "custom": sobject.custom,
        "iconUrl": None,
        "icons": [],
        "label": sobject.label_plural,
        "miniIconUrl": None,
        "name": f"standard-{sobject.name}",
        "sobjectName": sobject.name,
        "url": f"{org.url}/{sobject.key_prefix}/o",
    }


ROUTES = [
    Route("recent", {"GET": recent}),
    Route("quickActions", {"GET": quick_actions}),
    Route("sobjects/{sobject}/quickActions", {"GET": quick_actions}),
    Route("tabs", {"GET": tabs}),
    Route("theme", {"GET": theme}),
    Route("compactLayouts", {"GET": compact_layouts_of}),
    Route("sobjects/{sobject}/describe/layouts", {"GET": layouts}),
    Route("sobjects/{sobject}/describe/layouts/{record_type}", {"GET": layout_of}),
    Route("sobjects/{sobject}/describe/compactLayouts", {"GET": compact_layouts}),
    Route("sobjects/{sobject}/describe/approvalLayouts", {"GET": approval_layouts}),
]
"""What `toolkit.demo_org.web.resources` routes to this module."""
