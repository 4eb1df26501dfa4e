"""JSON or XML: what a request asks for, by the ending of its path or by Accept, and the XML of an answer.

The composite family, Bulk and Tooling know JSON only.
"""

import re
from dataclasses import replace

from toolkit.demo_org.web.wire import Answer, Call
from toolkit.demo_org.web.xml_form import XML_TYPE, to_xml

_ENDING = re.compile(r"\.(json|xml)$", re.IGNORECASE)
_BY_EXTERNAL_ID = re.compile(r"/services/data/v[\d.]+/sobjects/[^/]+/(?!describe|listviews)[^/]+/.+", re.IGNORECASE)
_JSON_ONLY = re.compile(r"/services/data/v[\d.]+/(composite|jobs|tooling)(/|$)", re.IGNORECASE)
_ROOTS = (
    (r"/services/data", "Versions"),
    (r"/services/data/v[\d.]+", "urls"),
    (r".*/(query|queryAll)(/[^/]+)?", "QueryResult"),
    (r".*/(search|parameterizedSearch)", "SearchResult"),
    (r".*/sobjects", "DescribeGlobal"),
    (r".*/sobjects/[^/]+/describe", "DescribeSObject"),
    (r".*/limits", "LimitsSnapshot"),
    (r".*/recent", "RecentItems"),
)
_COMPILED = tuple((re.compile(pattern, re.IGNORECASE), root) for pattern, root in _ROOTS)


def negotiated(call: Call) -> tuple[Call, bool]:
    """Return the request without a format in its path, and whether it asks for XML."""
    if not call.path.startswith("/services/data"):
        return call, False
    ending = None if _BY_EXTERNAL_ID.fullmatch(call.path) else _ENDING.search(call.path)
    if ending is not None:
        call = replace(call, path=call.path[: ending.start()].rstrip("/"))
    accepted = call.headers.get("accept", "").partition(",")[0].partition(";")[0].strip().lower()
    named = ending.group(1).lower() == "xml" if ending is not None else accepted in ("application/xml", "text/xml")
    return call, named and _JSON_ONLY.match(call.path) is None


def as_xml(call: Call, answer: Answer) -> Answer:
    """Return an answer with its JSON as XML; one that is no JSON stays as it is."""
    if answer.raw is not None or answer.pieces is not None or answer.empty:
        return answer
    return replace(answer, raw=to_xml(_root(call, answer), answer.body), body=None, content_type=XML_TYPE)


def _root(call: Call, answer: Answer) -> str:
    if answer.status >= 400:
        return "Errors"
    body = answer.body
    if isinstance(body, dict) and isinstance(body.get("attributes"), dict):
        return str(body["attributes"].get("type", "Result"))
    if call.method == "GET":
        return next((root for pattern, root in _COMPILED if pattern.fullmatch(call.path)), "Result")
    return "Result"
