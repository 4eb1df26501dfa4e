"""Records and metadata over the partner SOAP API: the operations that REST has too, in SOAP's form.

Each asks the REST resource of the same meaning and says its answer in XML. A record is ``sf:type``, ``sf:Id`` and its
fields; a list of children is a query result of its own. What a client sends is text, converted as Bulk's cells are.
"""

import re
from collections.abc import Iterable
from itertools import groupby
from xml.etree import ElementTree as ET

from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.records import Outcome, Saved
from toolkit.demo_org.web import resources
from toolkit.demo_org.web.soap import SoapCall, SoapFault, element, elements
from toolkit.demo_org.web.wire import Call
from toolkit.demo_org.web.writes import save_rows
from toolkit.demo_org.web.xml_form import child_text, is_nil, local

RECORDS = 'xmlns:sf="urn:sobject.partner.soap.sforce.com"'
MOST_ROWS = 200
MOST_DESCRIBED = 100

_FAULTS = {
    "INVALID_FIELD": "InvalidFieldFault",
    "INVALID_QUERY_LOCATOR": "InvalidQueryLocatorFault",
    "INVALID_TYPE": "InvalidSObjectFault",
    "MALFORMED_ID": "InvalidIdFault",
    "MALFORMED_QUERY": "MalformedQueryFault",
}
_URLS = {"uiDetailTemplate": "urlDetail", "uiEditTemplate": "urlEdit", "uiNewRecord": "urlNew"}
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})\+0000")


def query(call: SoapCall) -> str:
    """The first page of a query."""
    return _queried(_rest(call, "query", q=_needed(call, "queryString")))


def query_all(call: SoapCall) -> str:
    """The first page of a query that brings what lies in the recycle bin too."""
    return _queried(_rest(call, "queryAll", q=_needed(call, "queryString")))


def query_more(call: SoapCall) -> str:
    """A further page of a query."""
    return _queried(_rest(call, f"query/{_needed(call, 'queryLocator')}"))


def retrieve(call: SoapCall) -> str:
    """Records by id, each null that is not there."""
    path = f"composite/sobjects/{_needed(call, 'sObjectType')}"
    found = _rest(call, path, ids=",".join(_texts(call, "ids")), fields=_needed(call, "fieldList"))
    records = found if isinstance(found, list) else []
    return "".join(_record("result", each, RECORDS) for each in records)


def search(call: SoapCall) -> str:
    """The records that a SOSL statement finds."""
    found = _rest(call, "search", q=_needed(call, "searchString"))
    records = found["searchRecords"] if isinstance(found, dict) else found
    listed = records if isinstance(records, list) else []
    return f"<result {RECORDS}>{''.join(_sought(each) for each in listed)}</result>"


def create(call: SoapCall) -> str:
    """Make records."""
    return "".join(_saved(call, "insert"))


def update(call: SoapCall) -> str:
    """Change records."""
    return "".join(_saved(call, "update"))


def upsert(call: SoapCall) -> str:
    """Change the records that have an external id, and make those that are not there."""
    return "".join(_saved(call, "upsert", _needed(call, "externalIDFieldName")))


def describe_global(call: SoapCall) -> str:
    """Every object of the org."""
    return _plain("result", _rest(call, "sobjects"))


def describe_objects(call: SoapCall) -> str:
    """One or several objects whole."""
    names = _texts(call, "sObjectType")
    if len(names) > MOST_DESCRIBED:
        raise SoapFault("EXCEEDED_MAX_TYPES_LIMIT", f"cannot describe more than {MOST_DESCRIBED} objects at once")
    return "".join(_described(_rest(call, f"sobjects/{name}/describe")) for name in names)


def get_updated(call: SoapCall) -> str:
    """The ids of the records that were made or changed between two moments."""
    return _plain("result", _changes(call, "updated"))


def get_deleted(call: SoapCall) -> str:
    """The records that were put into the recycle bin between two moments."""
    return _plain("result", _changes(call, "deleted"))


def errors(reasons: Iterable[Refusal]) -> str:
    """Return the reasons why a record was not saved, as elements of its result."""
    return "".join(
        "<errors>"
        + "".join(element("fields", name) for name in each.fields or ())
        + elements(message=each.message, statusCode=each.code)
        + "</errors>"
        for each in reasons
    )


def _changes(call: SoapCall, which: str) -> object:
    path = f"sobjects/{_needed(call, 'sObjectType')}/{which}"
    return _rest(call, path, start=_needed(call, "startDate"), end=_needed(call, "endDate"))


def _rest(call: SoapCall, path: str, **parameters: str) -> object:
    url = f"/services/data/v{call.version:.1f}/{path}"
    asked = Call("GET", url, parameters, version=call.version, session=call.session)
    try:
        return resources.answer(call.org, asked, path).body
    except Refusal as refusal:
        raise SoapFault(refusal.code, refusal.message, _FAULTS.get(refusal.code, "UnexpectedErrorFault")) from refusal


def _needed(call: SoapCall, name: str) -> str:
    text = (child_text(call.operation, name) or "").strip()
    if not text:
        raise SoapFault("MISSING_ARGUMENT", f"{name} must be specified")
    return text


def _texts(call: SoapCall, name: str) -> list[str]:
    return [(each.text or "").strip() for each in call.operation if local(each) == name]


def _queried(page: object) -> str:
    return _query_result("result", page, f'{RECORDS} xsi:type="QueryResult"')


def _query_result(name: str, page: object, attributes: str) -> str:
    known = page if isinstance(page, dict) else {}
    following = known.get("nextRecordsUrl")
    locator = None if following is None else str(following).rpartition("/")[2]
    records = "".join(_record("records", each) for each in known.get("records", ()))
    head = elements(done=known.get("done", True), queryLocator=locator)
    return f"<{name} {attributes}>{head}{records}{element('size', known.get('totalSize', 0))}</{name}>"


def _record(name: str, record: object, namespace: str = "") -> str:
    if not isinstance(record, dict):
        return element(name, None)
    kind = record.get("attributes", {}).get("type")
    inner = "".join(_field(each, value) for each, value in record.items() if each not in ("attributes", "Id"))
    head = element("sf:type", kind) + element("sf:Id", record.get("Id"))
    declared = f" {namespace}" if namespace else ""
    return f'<{name}{declared} xsi:type="sf:sObject">{head}{inner}</{name}>'


def _field(name: str, value: object) -> str:
    if isinstance(value, dict) and "records" in value:
        return _query_result(f"sf:{name}", value, 'xsi:type="QueryResult"')
    if isinstance(value, dict) and "attributes" in value:
        return _record(f"sf:{name}", value)
    if isinstance(value, dict):
        parts = "".join(element(key, part) for key, part in value.items())
        return f"<sf:{name}>{parts}</sf:{name}>"
    return element(f"sf:{name}", _spoken(value))


def _sought(record: object) -> str:
    return f"<searchRecords>{_record('record', record)}</searchRecords>"


def _spoken(value: object) -> object:
    # SOAP writes a moment with Z where REST writes an offset.
    return _MOMENT.sub(r"\1Z", value) if isinstance(value, str) and _MOMENT.fullmatch(value) else value


def _plain(name: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return "".join(_plain(name, each) for each in value)
    if isinstance(value, dict):
        return f"<{name}>{''.join(_plain(key, each) for key, each in value.items() if key != 'urls')}</{name}>"
    return element(name, _spoken(value))


def _described(described: object) -> str:
    known = described if isinstance(described, dict) else {}
    urls = known.get("urls", {})
    return _plain("result", known | {ours: urls.get(theirs) for theirs, ours in _URLS.items()})


def _saved(call: SoapCall, operation: str, external_id: str | None = None) -> Iterable[str]:
    given = [each for each in call.operation if local(each) == "sObjects"]
    if len(given) > MOST_ROWS:
        raise SoapFault("EXCEEDED_ID_LIMIT", f"record limit reached. cannot submit more than {MOST_ROWS} records")
    access = call.org.access(call.session.user_id)
    path = f"/services/Soap/{call.api}/{call.version:.1f}"
    for kind, rows in groupby(given, key=_type):
        values = [_values(each) for each in rows]
        sobject = call.org.schema.get(kind)
        outcomes: list[Outcome]
        if sobject is None:
            unknown = Refusal(400, "INVALID_TYPE", f"sObject type '{kind}' is not supported.", ())
            outcomes = [[unknown] for _ in values]
        else:
            outcomes = save_rows(call.org, path, operation, sobject.name, values, access, external_id, text=True)
        for outcome in outcomes:
            yield _outcome(outcome, told=operation == "upsert")


def _type(given: ET.Element) -> str:
    return (child_text(given, "type") or "").strip()


def _values(given: ET.Element) -> dict[str, object]:
    values: dict[str, object] = {}
    for each in given:
        name = local(each)
        if name == "fieldsToNull":
            values[(each.text or "").strip()] = None
        elif name != "type" and not (name == "Id" and (is_nil(each) or not each.text)):
            values[name] = None if is_nil(each) else _values(each) if len(each) else each.text or None
    return values


def _outcome(outcome: Outcome, *, told: bool) -> str:
    if isinstance(outcome, Saved):
        created = element("created", outcome.created) if told else ""
        return f"<result>{created}{elements(id=outcome.id, success=True)}</result>"
    created = elements(created=False) if told else ""
    return f"<result>{created}{errors(outcome)}{elements(id=None, success=False)}</result>"


OPERATIONS = {
    "query": query,
    "queryAll": query_all,
    "queryMore": query_more,
    "retrieve": retrieve,
    "search": search,
    "create": create,
    "update": update,
    "upsert": upsert,
    "describeGlobal": describe_global,
    "describeSObject": describe_objects,
    "describeSObjects": describe_objects,
    "getUpdated": get_updated,
    "getDeleted": get_deleted,
}
"""The operations of the partner API here; the enterprise API's records have another form."""
