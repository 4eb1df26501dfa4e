"""The XML forms of the REST API: answers as XML, records sent as XML, and a reader that takes no tricks.

A list is its element repeated, null is ``xsi:nil``, a record's ``attributes`` become XML attributes. Documents with a
DOCTYPE are refused, so that no entity can be declared.
"""

import re
from collections.abc import Iterable
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.web.wire import Answer

XML_TYPE = "application/xml;charset=UTF-8"
XML_HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
XSI = "http://www.w3.org/2001/XMLSchema-instance"

_NIL = f"{{{XSI}}}nil"
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_DEEPEST = 100


class BadXmlError(Exception):
    """A document that is not well-formed, or that declares a DOCTYPE."""


def xml_answer(status: int, root: str, body: object, headers: dict[str, str] | None = None) -> Answer:
    """Return an answer whose body is XML under the element `root`."""
    return Answer(status, raw=to_xml(root, body), headers=headers or {}, content_type=XML_TYPE)


def to_xml(root: str, body: object) -> bytes:
    """Return JSON-like data as an XML document; a list under the root becomes elements of its singular."""
    if isinstance(body, list | tuple):
        inner = "".join(_element(root.removesuffix("s"), each) for each in body)
        return f"{XML_HEAD}<{root}>{inner}</{root}>".encode()
    return f"{XML_HEAD}{_element(root, body, namespace=True)}".encode()


def parse_xml(document: bytes) -> ET.Element:
    """Return the root of a document. Raises BadXmlError."""
    if b"<!DOCTYPE" in document or b"<!ENTITY" in document:
        raise BadXmlError("DOCTYPE is not allowed")
    try:
        root = ET.fromstring(document)  # noqa: S314 - there is no DOCTYPE, so no entities
    except (ET.ParseError, ValueError, LookupError) as problem:
        raise BadXmlError(str(problem)) from problem
    level, deep = [root], 0
    while level:
        level, deep = [child for each in level for child in each], deep + 1
        if deep > _DEEPEST:
            raise BadXmlError("The document is nested too deep")
    return root


def local(element: ET.Element) -> str:
    """Return an element's name without its namespace."""
    return element.tag.rpartition("}")[2]


def child_text(element: ET.Element, name: str) -> str | None:
    """Return the text of the first child of that local name, or None."""
    return next((each.text or "" for each in element if local(each) == name), None)


def is_nil(element: ET.Element) -> bool:
    """Return whether an element says that its value is null."""
    return element.get(_NIL) in ("true", "1")


def record_from_xml(document: bytes) -> dict[str, object]:
    """Return a record sent as XML: texts by field, and nested records. Raises Refusal."""
    try:
        return _record(parse_xml(document))
    except BadXmlError as bad:
        raise Refusal(400, "XML_PARSER_ERROR", f"Invalid XML: {bad}") from bad


def escaped(value: str) -> str:
    """Return text as XML character data, with what XML cannot carry taken out."""
    return escape(_NOT_XML.sub("", value))


def _record(element: ET.Element) -> dict[str, object]:
    return {local(each): None if is_nil(each) else _record(each) if len(each) else each.text or "" for each in element}


def _element(name: str, value: object, *, namespace: bool = False) -> str:
    if value is None:
        return f'<{name} xmlns:xsi="{XSI}" xsi:nil="true"/>'
    if isinstance(value, list | tuple):
        return "".join(_element(name, each) for each in value)
    if isinstance(value, dict):
        shown = value.get("attributes")
        attributes = "".join(_attributes(shown)) if isinstance(shown, dict) else ""
        members = ((key, each) for key, each in value.items() if key != "attributes" or not attributes)
        own = f' xmlns:xsi="{XSI}"' if namespace and None in value.values() else ""
        inner = "".join(_element(key, each) for key, each in members)
        return f"<{name}{own}{attributes}>{inner}</{name}>"
    return f"<{name}>{escaped(_text(value))}</{name}>"


def _attributes(shown: dict[str, object]) -> Iterable[str]:
    return (f" {name}={quoteattr(_NOT_XML.sub('', str(value)))}" for name, value in shown.items())


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
