"""Several requests in one call: the one door to ``POST /composite``, which counts as one API call.

A call takes 25 subrequests, of which five may be queries or collections; longer lists are cut into as few calls as
keep their order. Each subrequest has an answer of its own: what one is refused for says nothing of the others. A body
that holds ``@{``, which Salesforce would take for a reference to another answer, goes as a request of its own. This
module knows nothing of what is asked.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from toolkit.errors import AccessError, RequestError, SalesforceError, UnavailableError
from toolkit.salesforce.refusals import error_for, together
from toolkit.salesforce.transport import TRIES, refused_at_the_door
from toolkit.salesforce.wire import Wire

REQUESTS_PER_CALL = 25
COSTLY_PER_CALL = 5
"""Queries and collections, together, that one call takes."""

_COSTLY = ("query", "queryAll", "composite/sobjects")
_READS = frozenset({"GET", "HEAD"})
_REFERENCE = b"@{"


@dataclass(frozen=True)
class Subrequest:
    """One request of several. ``path`` is relative to the API version, ``sobjects/Account/describe``.

    ``params`` are what follows the question mark. ``repeatable`` says that doing it twice equals doing it once; reads
    are by themselves.
    """

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    repeatable: bool | None = None

    @property
    def costly(self) -> bool:
        """Whether it is one of those of which a call takes only five."""
        return any(self.path == each or self.path.startswith(f"{each}/") for each in _COSTLY)

    @property
    def alone(self) -> bool:
        """Whether it has to go by itself: something in its body reads like a reference to another answer."""
        return self.body is not None and _REFERENCE in msgspec.json.encode(self.body)

    @property
    def address(self) -> str:
        """The path with what follows the question mark."""
        # Commas stay as they are: Salesforce's own examples write lists of ids and of fields with them.
        query = urlencode(self.params, safe=",", quote_via=quote)
        return f"{self.path}?{query}" if query else self.path

    @property
    def may_repeat(self) -> bool:
        """Whether it may be sent again when nobody knows what became of it."""
        return self.method in _READS if self.repeatable is None else self.repeatable


@dataclass(frozen=True)
class Subanswer:
    """What one subrequest was answered. ``error`` is the error that a request of its own would have raised, or None.

    ``headers`` are those that Salesforce shows of an answer inside: ``ETag``, ``Last-Modified``, ``Location``.
    """

    status: int
    body: Any
    headers: Mapping[str, str]
    error: SalesforceError | None = None

    def taken(self) -> Any:
        """Return the body. Raises the error of a subrequest that was refused."""
        if self.error is not None:
            raise self.error
        return self.body


def composite(wire: Wire, requests: Sequence[Subrequest], *, all_or_none: bool = False) -> list[Subanswer]:
    """Send requests in as few calls as they fit in and return the answer to each, in their order.

    With `all_or_none` they are done as a whole or not at all, and have to fit in one call. A subrequest that was
    refused at the door, by a lock or a busy org, is else sent again a few times, together with the others of its kind.
    Raises SalesforceError when a whole call was refused, ValueError when what is one whole does not fit.
    """
    if all_or_none:
        if calls_for(requests) > 1 or any(each.alone for each in requests):
            raise ValueError(f"{len(requests)} subrequests do not fit in one call that is done as a whole")
        return list(_send(wire, requests, all_or_none=True))
    answers = _sent(wire, requests)
    for attempt in range(1, TRIES):
        again = [place for place, each in enumerate(answers) if each.error and refused_at_the_door(each.error)]
        if not again:
            break
        wire.transport.pause(attempt)
        for place, answer in zip(again, _sent(wire, [requests[place] for place in again]), strict=True):
            answers[place] = answer
    return answers


def calls_for(requests: Sequence[Subrequest]) -> int:
    """Return how many API calls `composite` takes for these requests."""
    return sum(1 for _ in _calls(requests))


def _calls(requests: Sequence[Subrequest]) -> Iterator[list[Subrequest]]:
    """Cut requests into calls, in their order; one that goes alone is a call of its own."""
    call: list[Subrequest] = []
    for each in requests:
        full = len(call) == REQUESTS_PER_CALL or (each.costly and sum(one.costly for one in call) == COSTLY_PER_CALL)
        if call and (full or each.alone or call[0].alone):
            yield call
            call = []
        call.append(each)
    if call:
        yield call


def _sent(wire: Wire, requests: Sequence[Subrequest]) -> list[Subanswer]:
    sent: list[Subanswer] = []
    for call in _calls(requests):
        sent += [_by_itself(wire, call[0])] if call[0].alone else _send(wire, call, all_or_none=False)
    return sent


def _send(wire: Wire, call: Sequence[Subrequest], *, all_or_none: bool) -> list[Subanswer]:
    inner = [_entry(wire, number, each) for number, each in enumerate(call)]
    body = {"allOrNone": all_or_none, "compositeRequest": inner}
    outer = wire.json("POST", "composite", json=body, repeatable=all(each.may_repeat for each in call))
    told = {each["referenceId"]: each for each in outer["compositeResponse"]}
    return [_answer(wire, each, told.get(f"ref{number}")) for number, each in enumerate(call)]


def _entry(wire: Wire, number: int, request: Subrequest) -> dict[str, Any]:
    url = f"{wire.version_path}/{request.address}"
    entry: dict[str, Any] = {"method": request.method, "url": url, "referenceId": f"ref{number}"}
    if request.headers:
        entry["httpHeaders"] = dict(request.headers)
    if request.body is not None:
        entry["body"] = request.body
    return entry


def _answer(wire: Wire, request: Subrequest, entry: Mapping[str, Any] | None) -> Subanswer:
    doing = f"{request.method} {request.path} in composite"
    if entry is None:
        lost = UnavailableError(f"{doing}: the answer does not tell of it", hint="run the step again", code="NO_ANSWER")
        return Subanswer(0, None, {}, lost)
    status, body = int(entry["httpStatusCode"]), entry.get("body")
    error = None
    if status >= 400:
        said = [each for each in (body if isinstance(body, list) else [body]) if isinstance(each, dict)]
        error = error_for(doing, status, together(said, status), wire.transport.scrub)
    return Subanswer(status, body, entry.get("httpHeaders") or {}, error)


def _by_itself(wire: Wire, request: Subrequest) -> Subanswer:
    try:
        response = wire.call(
            request.method, request.address, repeatable=request.may_repeat, headers=request.headers, json=request.body
        )
    except (RequestError, AccessError) as error:
        return Subanswer(error.status or 0, None, {}, error)
    return Subanswer(response.status_code, wire.parse_result_to_json(response), response.headers)
