"""The Metadata API, as far as clients list, read and change custom fields with it.

Operations: describeMetadata, listMetadata, readMetadata (CustomField, CustomObject with its fields), and
createMetadata, updateMetadata and deleteMetadata of custom fields. Every other type or operation is a fault.
"""

from collections.abc import Callable, Mapping
from xml.etree import ElementTree as ET

from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.metadata import CustomField
from toolkit.demo_org.state import OrgState
from toolkit.demo_org.web import soap
from toolkit.demo_org.web.bulk_common import stamp
from toolkit.demo_org.web.soap import XSI, SoapCall, SoapFault, element, elements
from toolkit.demo_org.web.wire import Answer, Call
from toolkit.demo_org.web.xml_form import child_text, is_nil, local

MOST_COMPONENTS = 10
MOST_QUERIES = 3
TYPES = ("CustomObject", "CustomField")
_WHOLE_NUMBERS = frozenset({"length", "precision", "scale", "visibleLines", "startingNumber"})
Change = Callable[[OrgState, str, Mapping[str, object]], object]
_REPEATED = frozenset({"value"})


def answer(org: OrgState, call: Call, version: str) -> Answer:
    """Answer a call of the Metadata API."""
    return soap.answer(org, call, "m", version, OPERATIONS)


def describe_metadata(call: SoapCall) -> str:
    """The types there are: objects, with fields as their parts."""
    _checked(call)
    described = (
        f"<metadataObjects>{element('childXmlNames', 'CustomField')}"
        + elements(directoryName="objects", inFolder=False, metaFile=False, suffix="object", xmlName="CustomObject")
        + "</metadataObjects>"
    )
    rest = elements(organizationNamespace="", partialSaveAllowed=True, testRequired=False)
    return f"<result>{described}{rest}</result>"


def list_metadata(call: SoapCall) -> str:
    """Every component of the types asked for."""
    org = _checked(call)
    queries = [each for each in call.operation if local(each) == "queries"]
    if len(queries) > MOST_QUERIES:
        raise SoapFault("LIMIT_EXCEEDED", f"List Metadata is limited to {MOST_QUERIES} queries")
    found = []
    for query in queries:
        kind = _kind(child_text(query, "type"))
        if kind == "CustomField":
            found += [
                (each.full_name, each.id, kind, each.sobject, each.field.namespace) for each in org.metadata.fields()
            ]
        else:
            found += [(each.name, "", kind, each.name, None) for each in org.schema]
    return "".join(f"<result>{_file(org, *each)}</result>" for each in found)


def read_metadata(call: SoapCall) -> str:
    """The definitions of components by full name; one that is not there is empty."""
    org = _checked(call)
    kind = _kind(child_text(call.operation, "type"))
    names = [(each.text or "").strip() for each in call.operation if local(each) == "fullNames"]
    _check_count(names)
    read = _read_field if kind == "CustomField" else _read_object
    records = "".join(f'<records xsi:type="{kind}">{read(org, name)}</records>' for name in names)
    return f"<result>{records}</result>"


def create_metadata(call: SoapCall) -> str:
    """New custom fields."""
    return _each_field(call, lambda org, name, given: org.metadata.create_field(name, given))


def update_metadata(call: SoapCall) -> str:
    """Custom fields with another definition."""
    return _each_field(call, lambda org, name, given: org.metadata.change_field(name, given))


def delete_metadata(call: SoapCall) -> str:
    """Custom fields no more."""
    org = _checked(call)
    if _kind(child_text(call.operation, "type")) != "CustomField":
        raise SoapFault("INVALID_TYPE", "Only CustomField can be deleted here")
    names = [(each.text or "").strip() for each in call.operation if local(each) == "fullNames"]
    _check_count(names)
    return "".join(_saved(org, name, lambda org, name, _: org.metadata.delete_field(name), {}) for name in names)


def _checked(call: SoapCall) -> OrgState:
    """Return the org, once the session of the call is known to be good."""
    _ = call.session
    return call.org


def _kind(given: str | None) -> str:
    kind = (given or "").strip()
    if kind not in TYPES:
        raise SoapFault("INVALID_TYPE", f"This type of metadata is not available for this organization: {kind}")
    return kind


def _check_count(components: list[str] | list[ET.Element]) -> None:
    if len(components) > MOST_COMPONENTS:
        raise SoapFault("LIMIT_EXCEEDED", f"record limit reached. cannot submit more than {MOST_COMPONENTS} records")


def _file(org: OrgState, full_name: str, record_id: str, kind: str, sobject: str, namespace: str | None) -> str:
    user, at = org.people.user(org.integration_user_id), stamp(org.metadata_stamp[1])
    return elements(
        createdById=user["Id"],
        createdByName=user["Name"],
        createdDate=at,
        fileName=f"objects/{sobject}.object",
        fullName=full_name,
        id=record_id,
        lastModifiedById=user["Id"],
        lastModifiedByName=user["Name"],
        lastModifiedDate=at,
        manageableState="installed" if namespace else "unmanaged",
        namespacePrefix=namespace or "",
        type=kind,
    )


def _read_field(org: OrgState, full_name: str) -> str:
    known = org.metadata.field(full_name)
    return "" if known is None else element("fullName", known.full_name) + _definition(known)


def _read_object(org: OrgState, name: str) -> str:
    sobject = org.schema.get(name)
    if sobject is None:
        return ""
    fields = [each for each in org.metadata.fields() if each.sobject == sobject.name]
    inner = "".join(f"<fields>{element('fullName', each.field.name)}{_definition(each)}</fields>" for each in fields)
    return element("fullName", sobject.name) + inner + elements(label=sobject.label, pluralLabel=sobject.label_plural)


def _definition(known: CustomField) -> str:
    return _nested(dict(sorted(known.metadata.items())))


def _nested(values: Mapping[str, object]) -> str:
    return "".join(
        f"<{name}>{_nested(each)}</{name}>" if isinstance(each, dict) else element(name, each)
        for name, value in values.items()
        for each in (value if isinstance(value, list) else [value])
    )


def _each_field(call: SoapCall, change: Change) -> str:
    org = _checked(call)
    components = [each for each in call.operation if local(each) == "metadata"]
    _check_count(components)
    answered = []
    for each in components:
        kind = each.get(f"{{{XSI}}}type", "").rpartition(":")[2]
        if kind != "CustomField":
            raise SoapFault("INVALID_TYPE", f"Only CustomField can be changed here, not {kind or 'nothing'}")
        definition = _given(each)
        name = str(definition.pop("fullName", ""))
        answered.append(_saved(org, name, change, definition))
    return "".join(answered)


def _saved(org: OrgState, name: str, change: Change, definition: Mapping[str, object]) -> str:
    try:
        change(org, name, definition)
    except Refusal as refusal:
        fields = "".join(element("fields", each) for each in refusal.fields or ())
        error = f"<errors>{fields}{elements(message=refusal.message, statusCode=refusal.code)}</errors>"
        return f"<result>{error}{elements(fullName=name, success=False)}</result>"
    return f"<result>{elements(fullName=name, success=True)}</result>"


def _given(component: ET.Element) -> dict[str, object]:
    """Return a definition as the Tooling API has it, with its texts made into what they mean."""
    found: dict[str, object] = {}
    for each in component:
        name = local(each)
        value: object = _given(each) if len(each) else _meaning(name, each.text or "")
        if is_nil(each):
            continue
        if name in _REPEATED and len(each):
            kept = found.setdefault(name, [])
            if isinstance(kept, list):
                kept.append(value)
        else:
            found[name] = value
    return found


def _meaning(name: str, text: str) -> object:
    if name in _WHOLE_NUMBERS and text.isdigit():
        return int(text)
    return {"true": True, "false": False}.get(text, text) if name != "defaultValue" else text


OPERATIONS = {
    "describeMetadata": describe_metadata,
    "listMetadata": list_metadata,
    "readMetadata": read_metadata,
    "createMetadata": create_metadata,
    "updateMetadata": update_metadata,
    "deleteMetadata": delete_metadata,
}
