"""The ASGI application: from bytes to a handler and back.

Reads a request, lets a worker thread answer it (so that a slow one holds up nobody), and sends the answer with the
headers Salesforce sends. Around the handlers it does what is the same for every resource: forgiving slashes, session
check, daily allowance, request size, planned faults, gzip, both JSON forms, and the log of calls.
"""

import asyncio
import itertools
import logging
import re
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.faults import Planned
from toolkit.demo_org.state import OrgState
from toolkit.demo_org.web import mishaps
from toolkit.demo_org.web.dispatch import dispatch
from toolkit.demo_org.web.jobs import MAX_UPLOAD
from toolkit.demo_org.web.reading import MAX_BODY, read_body
from toolkit.demo_org.web.wire import Answer, Call, encode, refusal_answer
from toolkit.demo_org.window import window_routes

MAX_HEADER_BYTES = 16_384
"""Request line and headers together; more is answered with 414."""
GZIP_FROM = 1_024
GZIP_LEVEL = 1
ALL_BUT_THE_LAST = -2
"""Where a drop fault cuts an answer of which only the last byte, or the end of its pieces, is lacking."""
ABORT_KEY = "toolkit.demo_org.abort"
"""Where the server puts, into the ASGI scope, the function that cuts the connection, after it sent its bytes if any."""

Abort = Callable[..., None]

_UPLOAD = re.compile(r"/services/data/v[\d.]+/jobs/ingest/\w+/batches", re.IGNORECASE)

logger = logging.getLogger("toolkit.demo_org")

_STANDARD_HEADERS = (
    (b"strict-transport-security", b"max-age=63072000; includeSubDomains"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-robots-tag", b"none"),
    (b"cache-control", b"no-cache,must-revalidate,max-age=0,no-store,private"),
    (b"vary", b"Accept-Encoding"),
    (b"server", b"sfdcedge"),
)
_COOKIES = (
    (b"set-cookie", b"BrowserId=demoOrgBrowserId; path=/; secure"),
    (b"set-cookie", b"CookieConsentPolicy=0:1; path=/; secure"),
    (b"set-cookie", b"LSKey-c$CookieConsentPolicy=0:1; path=/; secure"),
)


def build_app(org: OrgState, workers: ThreadPoolExecutor) -> Starlette:
    """Return the application that serves this org; its handlers run in `workers`."""
    return Starlette(routes=[*window_routes(org, workers), Route("/{path:path}", _Endpoint(org, workers))])


@dataclass
class _Sent:
    """An answer made into what is sent."""

    status: int
    headers: list[tuple[bytes, bytes]]
    first: bytes
    pieces: Iterator[bytes] | None = None
    cut: Planned | None = None  # a drop fault: how much of the body to send before the connection is cut


class _Endpoint:
    """One ASGI endpoint for every path: the resources have their own router."""

    def __init__(self, org: OrgState, workers: ThreadPoolExecutor) -> None:
        self._org = org
        self._workers = workers
        self._numbers = itertools.count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        abort: Abort = scope[ABORT_KEY]
        call = _call(request)
        upload = call.method == "PUT" and _UPLOAD.fullmatch(call.path) is not None
        cut = self._org.faults.take("drop", call.path, call.method, of="request")
        try:
            if cut is not None:
                await _read(request, at_most=int(cut.number("after")))
                abort()
                return
            received = await read_body(
                request.stream(),
                call.headers.get("content-encoding", ""),
                limit=MAX_UPLOAD if upload else MAX_BODY,
                folder=self._org.jobs.folder if upload else None,
            )
        except ClientDisconnect:
            return
        call = replace(call, body=received.body, upload=received.file)
        loop = asyncio.get_running_loop()
        sent = await loop.run_in_executor(self._workers, self._work, call, _header_bytes(scope), received.problem)
        await self._send(sent, send, abort)

    async def _send(self, sent: _Sent, send: Send, abort: Abort) -> None:
        loop = asyncio.get_running_loop()
        if sent.cut is not None and sent.cut.number("after") in (0, -1):
            abort(b"" if sent.cut.number("after") == 0 else _half_a_head(sent))
            return
        await send({"type": "http.response.start", "status": sent.status, "headers": sent.headers})
        if sent.cut is None and sent.pieces is None:
            await send({"type": "http.response.body", "body": sent.first, "more_body": False})
            return
        room = None if sent.cut is None else int(sent.cut.number("after"))
        if room == ALL_BUT_THE_LAST:
            room = max(0, len(sent.first) - 1) if sent.pieces is None else ALL_BUT_THE_LAST
        piece: bytes | None = sent.first
        while piece is not None:
            if room is not None and room >= 0:
                piece = piece[:room]
                room -= len(piece)
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            if room == 0:
                await asyncio.sleep(0)
                abort()
                return
            piece = None if sent.pieces is None else await loop.run_in_executor(self._workers, next, sent.pieces, None)
        if room == ALL_BUT_THE_LAST:  # of pieces, what tells that there are no more
            await asyncio.sleep(0)
            abort()
            return
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _work(self, call: Call, header_bytes: int, problem: Refusal | None) -> _Sent:
        began = time.monotonic()
        if header_bytes > MAX_HEADER_BYTES:
            answer = Answer(414, raw=_URI_TOO_LONG, content_type="text/html")
        else:
            answer = self._answer(call) if problem is None else refusal_answer(problem)
        if call.upload is not None:
            call.upload.unlink(missing_ok=True)  # the job it was for has taken it, or nobody wants it
        elapsed = 1000 * (time.monotonic() - began)
        self._org.log(call.method, call.path, answer.status, elapsed, call.query.get("q", ""))
        sent = self._pack(call, answer)
        sent.cut = self._org.faults.take("drop", call.path, call.method, of="response")
        return sent

    def _answer(self, call: Call) -> Answer:
        try:
            mishaps.before(self._org, call)
            return mishaps.instead(self._org, call) or dispatch(self._org, call)
        except Refusal as refusal:
            return refusal_answer(refusal)
        except Exception:  # a fault of the demo org itself: the client gets Salesforce's 500, the log the reason
            logger.exception("%s %s", call.method, call.path)
            return refusal_answer(Refusal(500, *mishaps.STATUS_TEXTS[500]))

    def _pack(self, call: Call, answer: Answer) -> _Sent:
        headers = self._headers(answer)
        gzipped = "gzip" in call.headers.get("accept-encoding", "").lower()
        pieces = answer.pieces
        if pieces is not None:
            pieces = mishaps.garbled_file(self._org, call, pieces)
            if gzipped:
                headers.append((b"content-encoding", b"gzip"))
                pieces = _gzip(pieces)
            return _Sent(answer.status, headers, b"", None if call.method == "HEAD" else pieces)
        if answer.empty:
            body = b""
        else:
            body = answer.raw if answer.raw is not None else encode(answer.body, pretty=call.pretty)
            body = mishaps.garbled(self._org, call, body)
        if gzipped and len(body) >= GZIP_FROM:
            headers.append((b"content-encoding", b"gzip"))
            body = b"".join(_gzip(iter((body,))))
        if answer.status not in (204, 304):
            headers.append((b"content-length", str(len(body)).encode()))
        return _Sent(answer.status, headers, b"" if call.method == "HEAD" else body)

    def _headers(self, answer: Answer) -> list[tuple[bytes, bytes]]:
        number = f"{next(self._numbers):032x}".encode()
        own = [(name.encode(), value.encode("latin-1")) for name, value in answer.headers.items()]
        named = {name.lower() for name, _ in own}
        standard = [each for each in _STANDARD_HEADERS if each[0] not in named]
        headers = [*standard, *_COOKIES, *own, (b"x-sfdc-request-id", number), (b"x-request-id", number)]
        if not answer.empty or answer.raw is not None:
            headers.append((b"content-type", answer.content_type.encode()))
        return headers


def _half_a_head(sent: _Sent) -> bytes:
    """The status line and the first headers of an answer, the last of them cut short."""
    lines = [b"HTTP/1.1 %d X" % sent.status, *(b"%s: %s" % header for header in sent.headers)]
    head = b"\r\n".join(lines)
    return head[: len(head) // 2]


_URI_TOO_LONG = b"<h1>Bad Message 414</h1><pre>reason: URI Too Long</pre>"


def _call(request: Request) -> Call:
    path = "/" + "/".join(part for part in request.scope["raw_path"].decode("latin-1").split("/") if part)
    query = dict(parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True))
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in request.scope["headers"]}
    method = request.method
    override = query.pop("_HttpMethod", None)
    if method == "POST" and override:
        method = override.upper()
    return Call(method, path, query, headers)


async def _read(request: Request, at_most: int) -> None:
    read = 0
    async for piece in request.stream():
        read += len(piece)
        if read >= at_most:
            break


def _header_bytes(scope: Scope) -> int:
    line = len(scope["raw_path"]) + len(scope["query_string"]) + len(scope["method"]) + len(" ? HTTP/1.1\r\n")
    return line + sum(len(name) + len(value) + 4 for name, value in scope["headers"])


def _gzip(pieces: Iterator[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    for piece in pieces:
        packed = packer.compress(piece)
        if packed:
            yield packed
    yield packer.flush()
