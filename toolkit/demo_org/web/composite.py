"""Several requests in one call: composite and composite/batch. Either counts as one API call.

A later subrequest of a composite may use what an earlier one answered: ``@{ref.records[0].Id}``.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

import msgspec

from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.records import RowRefusal
from toolkit.demo_org.state import OrgState
from toolkit.demo_org.web.versions import parse_version
from toolkit.demo_org.web.wire import Answer, Call, not_found, refusal_answer

MOST_SUBREQUESTS = 25
MOST_QUERIES = 5
SHOWN_HEADERS = ("ETag", "Last-Modified", "Location")

_REFERENCE = re.compile(r"@\{(\w+)((?:\.\w+|\[\d+\])*)\}")
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")
_COSTLY = re.compile(r"/(query|queryAll|composite/sobjects)(/|$)", re.IGNORECASE)

Inner = Callable[[OrgState, Call, str], Answer]
"""How a subrequest is answered: the router of all resources."""


def composite(inner: Inner, org: OrgState, call: Call) -> Answer:
    """POST /composite: subrequests one after the other, each with its own status."""
    body = call.json_object()
    requests = _requests(body, "compositeRequest")
    if body.get("allOrNone") is True and any(_method(each) != "GET" for each in requests):
        text = "allOrNone is supported for GET subrequests only in this organization"
        raise Refusal(400, "INVALID_INPUT", text)
    costly = sum(bool(_COSTLY.search(urlsplit(str(each.get("url", ""))).path)) for each in requests)
    if costly > MOST_QUERIES:
        text = f"The number of query and collection subrequests exceeds the limit of {MOST_QUERIES}"
        raise Refusal(400, "LIMIT_EXCEEDED", text)
    answered: dict[str, object] = {}
    entries = []
    for each in requests:
        reference = str(each.get("referenceId", ""))
        answer = _answer(inner, org, call, each, answered)
        answered[reference] = answer.body
        shown = {name: value for name, value in answer.headers.items() if name in SHOWN_HEADERS}
        entries.append(
            {"body": answer.body, "httpHeaders": shown, "httpStatusCode": answer.status, "referenceId": reference}
        )
    return Answer(200, {"compositeResponse": entries})


def batch(inner: Inner, org: OrgState, call: Call) -> Answer:
    """POST /composite/batch: independent subrequests; their URLs begin at the version."""
    body = call.json_object()
    halting = body.get("haltOnError") is True
    results: list[dict[str, object]] = []
    failed = False
    for each in _requests(body, "batchRequests"):
        if failed and halting:
            halted = [{"errorCode": "BATCH_PROCESSING_HALTED", "message": "Batch processing halted by request"}]
            results.append({"statusCode": 412, "result": halted})
            continue
        answer = _answer(inner, org, call, each, {})
        failed = failed or answer.status >= 400
        results.append({"statusCode": answer.status, "result": answer.body})
    return Answer(200, {"hasErrors": failed, "results": results})


def _requests(body: dict[str, object], name: str) -> list[dict[str, object]]:
    given = body.get(name)
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        raise Refusal(400, "JSON_PARSER_ERROR", f"{name} must be specified at [line:1, column:1]")
    if len(given) > MOST_SUBREQUESTS:
        text = f"The number of subrequests in the request exceeds the limit of {MOST_SUBREQUESTS}"
        raise Refusal(400, "LIMIT_EXCEEDED", text)
    return given


def _method(request: dict[str, object]) -> str:
    return str(request.get("method", "GET")).upper()


def _answer(inner: Inner, org: OrgState, call: Call, request: dict[str, object], answered: dict[str, object]) -> Answer:
    try:
        asked = _inner_call(call, request, answered)
        version, rest = asked.path.removeprefix("/services/data/").split("/", 1)
        if rest.lower().startswith(("jobs", "composite/batch")) or rest.lower() == "composite":
            raise not_found()
        return inner(org, replace(asked, version=parse_version(version)), rest)
    except RowRefusal as refused:
        return refusal_answer(*refused.reasons)
    except Refusal as refusal:
        return refusal_answer(refusal)


def _inner_call(call: Call, request: dict[str, object], answered: dict[str, object]) -> Call:
    url = urlsplit(str(_filled(str(request.get("url", "")), answered)))
    path = "/" + "/".join(part for part in url.path.split("/") if part)
    if not path.startswith("/services/data/"):
        path = "/services/data" + path
    if path.count("/") < 4:
        path += "/"
    sent = request.get("body", request.get("richInput"))
    given = request.get("httpHeaders")
    headers = {str(name).lower(): str(value) for name, value in given.items()} if isinstance(given, dict) else {}
    body = b"" if sent is None else msgspec.json.encode(_filled(sent, answered))
    query = dict(parse_qsl(url.query, keep_blank_values=True))
    return replace(call, method=_method(request), path=path, query=query, headers=headers, body=body, inner=True)


def _filled(value: object, answered: dict[str, object]) -> object:
    """Return a value with its references to earlier answers replaced."""
    if isinstance(value, dict):
        return {name: _filled(each, answered) for name, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, answered) for each in value]
    if isinstance(value, str) and "@{" in value:
        return _REFERENCE.sub(lambda match: _referred(match.group(1), match.group(2), answered), value)
    return value


def _referred(reference: str, steps: str, answered: dict[str, object]) -> str:
    value = answered.get(reference)
    for name, index in _STEP.findall(steps):
        if name and isinstance(value, dict):
            value = value.get(name)
        elif index and isinstance(value, list) and int(index) < len(value):
            value = value[int(index)]
        else:
            value = None
    if value is None:
        text = f"Invalid reference specified. No value for {reference}{steps} found in {reference}"
        raise Refusal(400, "PROCESSING_HALTED", text)
    return str(value)
