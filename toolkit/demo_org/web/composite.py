"""Several requests in one call: composite, composite/batch and composite/graph. Each call counts as one API call.

Subrequests are answered one after the other by the same handlers as requests of their own. With ``allOrNone``, and in
every graph, they share a transaction that is undone when one of them fails.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, urlsplit

import msgspec

from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.records import RowRefusal
from toolkit.demo_org.state import OrgState
from toolkit.demo_org.web.references import filled, referred_to
from toolkit.demo_org.web.versions import parse_version
from toolkit.demo_org.web.wire import Answer, Call, not_found, refusal_answer

MOST_SUBREQUESTS = 25
MOST_QUERIES = 5
MOST_GRAPHS = 75
MOST_NODES = 500
DEEPEST_GRAPH = 15
SHOWN_HEADERS = ("ETag", "Last-Modified", "Location")
UNDONE_TEXT = "The transaction was rolled back since another operation in the same transaction failed."
HALTED_TEXT = "Batch processing halted by request"
METHODS = frozenset({"GET", "POST", "PATCH", "PUT", "DELETE", "HEAD"})

_COSTLY = re.compile(r"/(query|queryAll|composite/sobjects)(/|$)", re.IGNORECASE)
_OF_THEIR_OWN = re.compile(r"composite(/(batch|graph|tree).*)?|jobs/.*|async/.*", re.IGNORECASE)
_REFERENCE_ID = re.compile(r"[A-Za-z0-9_]+", re.ASCII)

Inner = Callable[[OrgState, Call, str], Answer]
"""How a subrequest is answered: the router of all resources."""


def listing(_org: OrgState, call: Call) -> Answer:
    """GET /composite: what there is below it."""
    return Answer(200, {name: f"{call.base}/composite/{name}" for name in ("batch", "graph", "sobjects", "tree")})


def composite(inner: Inner, org: OrgState, call: Call) -> Answer:
    """POST /composite: subrequests that may use each other's answers, each with its own status."""
    body = call.json_object()
    requests = _requests(body, "compositeRequest")
    _check_references(requests)
    if len(requests) > MOST_SUBREQUESTS:
        raise _too_many("subrequests", MOST_SUBREQUESTS)
    if sum(bool(_COSTLY.search(urlsplit(str(each.get("url", ""))).path)) for each in requests) > MOST_QUERIES:
        raise _too_many("query and collection subrequests", MOST_QUERIES)
    outcome = _run(inner, org, call, requests, all_or_none=body.get("allOrNone") is True)
    return Answer(200, {"compositeResponse": outcome.entries})


def graph(inner: Inner, org: OrgState, call: Call) -> Answer:
    """POST /composite/graph: several composites at once, each of which is done as a whole or not at all."""
    graphs = _requests(call.json_object(), "graphs")
    named = [(each.get("graphId"), _requests(each, "compositeRequest")) for each in graphs]
    if len(named) > MOST_GRAPHS:
        raise _too_many("graphs", MOST_GRAPHS)
    if sum(len(requests) for _, requests in named) > MOST_NODES:
        raise _too_many("nodes", MOST_NODES)
    if len({str(graph_id) for graph_id, _ in named}) < len(named) or None in (graph_id for graph_id, _ in named):
        raise Refusal(400, "INVALID_INPUT", "Each graph must have a unique graphId")
    for _, requests in named:
        _check_references(requests)
        if _depth(requests) > DEEPEST_GRAPH:
            raise _too_many("levels of a graph", DEEPEST_GRAPH)
    answered = []
    for graph_id, requests in named:
        outcome = _run(inner, org, call, requests, all_or_none=True)
        response = {"compositeResponse": outcome.entries}
        answered.append({"graphId": graph_id, "graphResponse": response, "isSuccessful": outcome.succeeded})
    return Answer(200, {"graphs": answered})


def batch(inner: Inner, org: OrgState, call: Call) -> Answer:
    """POST /composite/batch: independent subrequests; their URLs begin at the version."""
    body = call.json_object()
    requests = _requests(body, "batchRequests")
    if len(requests) > MOST_SUBREQUESTS:
        raise _too_many("subrequests", MOST_SUBREQUESTS)
    results: list[dict[str, object]] = []
    failed = False
    for each in requests:
        if failed and body.get("haltOnError") is True:
            halted = [{"errorCode": "BATCH_PROCESSING_HALTED", "message": HALTED_TEXT}]
            results.append({"statusCode": 412, "result": halted})
            continue
        answer = _answer(inner, org, call, each, {})
        failed = failed or answer.status >= 400
        results.append({"statusCode": answer.status, "result": _shown_body(answer)})
    return Answer(200, {"hasErrors": failed, "results": results})


@dataclass(frozen=True)
class _Outcome:
    entries: list[dict[str, object]]
    succeeded: bool


class _UndoneError(Exception):
    """Raised inside the transaction to undo it."""


def _run(inner: Inner, org: OrgState, call: Call, requests: list[dict[str, object]], *, all_or_none: bool) -> _Outcome:
    answers: list[tuple[str, Answer]] = []
    if not all_or_none:
        failed = _run_each(inner, org, call, requests, answers, stop=False)
        return _Outcome([_entry(*each) for each in answers], not failed)
    try:
        with org.database.writing():
            if _run_each(inner, org, call, requests, answers, stop=True):
                raise _UndoneError  # noqa: TRY301 - leaving the transaction is what undoes it
    except _UndoneError:
        undone = Answer(400, [{"errorCode": "PROCESSING_HALTED", "message": UNDONE_TEXT}])
        blamed = answers[-1][0]
        names = [str(each["referenceId"]) for each in requests]
        return _Outcome([_entry(*answers[-1]) if name == blamed else _entry(name, undone) for name in names], False)
    return _Outcome([_entry(*each) for each in answers], True)


def _run_each(
    inner: Inner,
    org: OrgState,
    call: Call,
    requests: list[dict[str, object]],
    answers: list[tuple[str, Answer]],
    *,
    stop: bool,
) -> bool:
    """Append an answer a subrequest; return whether one of them failed. With `stop` the first failure is the last."""
    answered: dict[str, object] = {}
    failed = False
    for each in requests:
        reference = str(each["referenceId"])
        answer = _answer(inner, org, call, each, answered)
        answers.append((reference, answer))
        answered[reference] = answer.body if answer.status < 400 else None
        failed = failed or answer.status >= 400
        if failed and stop:
            break
    return failed


def _entry(reference: str, answer: Answer) -> dict[str, object]:
    shown = {name: value for name, value in answer.headers.items() if name in SHOWN_HEADERS}
    return {
        "body": _shown_body(answer),
        "httpHeaders": shown,
        "httpStatusCode": answer.status,
        "referenceId": reference,
    }


def _shown_body(answer: Answer) -> object:
    return answer.body if answer.raw is None else answer.raw.decode("utf-8", "replace") or None


def _requests(body: Mapping[str, object], name: str) -> list[dict[str, object]]:
    given = body.get(name)
    if not isinstance(given, list) or not given or not all(isinstance(each, dict) for each in given):
        raise Refusal(400, "JSON_PARSER_ERROR", f"{name} must be specified at [line:1, column:1]")
    return given


def _check_references(requests: list[dict[str, object]]) -> None:
    seen = set()
    for each in requests:
        reference = each.get("referenceId")
        if not isinstance(reference, str) or _REFERENCE_ID.fullmatch(reference) is None:
            text = f"Invalid reference ID '{reference}': it has to be of letters, digits and underscores"
            raise Refusal(400, "INVALID_INPUT", text)
        if reference in seen:
            raise Refusal(400, "INVALID_INPUT", f"Duplicate reference ID: {reference}")
        seen.add(reference)


def _depth(requests: list[dict[str, object]]) -> int:
    depths: dict[str, int] = {}
    for each in requests:
        named = referred_to([each.get("url"), each.get("body")])
        depths[str(each["referenceId"])] = 1 + max((depths.get(name, 0) for name in named), default=0)
    return max(depths.values())


def _too_many(what: str, most: int) -> Refusal:
    return Refusal(400, "LIMIT_EXCEEDED", f"The number of {what} in the request exceeds the limit of {most}")


def _answer(
    inner: Inner, org: OrgState, call: Call, request: dict[str, object], answered: Mapping[str, object]
) -> Answer:
    try:
        asked = _inner_call(call, request, answered)
        version, rest = asked.path.removeprefix("/services/data/").split("/", 1)
        if _OF_THEIR_OWN.fullmatch(rest) and not rest.lower().startswith("composite/sobjects"):
            raise not_found()
        return inner(org, replace(asked, version=parse_version(version)), rest)
    except RowRefusal as refused:
        return refusal_answer(*refused.reasons)
    except Refusal as refusal:
        return refusal_answer(refusal)


def _inner_call(call: Call, request: dict[str, object], answered: Mapping[str, object]) -> Call:
    method = str(request.get("method", "GET")).upper()
    if method not in METHODS:
        raise Refusal(405, "METHOD_NOT_ALLOWED", f"HTTP Method '{method}' not allowed")
    url = urlsplit(str(filled(str(request.get("url", "")), answered)))
    path = "/" + "/".join(part for part in url.path.split("/") if part)
    if not path.startswith("/services/data/"):
        path = "/services/data" + path
    if path.count("/") < 4:
        path += "/"
    sent = request.get("body", request.get("richInput"))
    given = request.get("httpHeaders")
    headers = {str(name).lower(): str(value) for name, value in given.items()} if isinstance(given, dict) else {}
    body = b"" if sent is None else msgspec.json.encode(filled(sent, answered))
    query = dict(parse_qsl(url.query, keep_blank_values=True))
    return replace(call, method=method, path=path, query=query, headers=headers, body=body, inner=True)
