"""The addresses of the window: the page, its files, and the JSON its script asks for.

GET  /                            the page
GET  /__window__/files/NAME       its script and style
GET  /__window__/pulse            objects with counts, latest calls, faults: asked again and again
GET  /__window__/records          a page of records        GET /__window__/record   one record with its history
GET  /__window__/changes          the latest saves of all records
POST /__window__/edit, merge, delete, undelete             what a CRM user does
POST /__window__/fault, action                             faults: switch one, end sessions and the like
"""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.state import OrgState
from toolkit.demo_org.window.acting import Actor
from toolkit.demo_org.window.guard import PAGE_HEADERS, Guard
from toolkit.demo_org.window.looking import Looker
from toolkit.demo_org.window.switches import Switchboard

FILES = Path(__file__).parent / "static"
FILE_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
TOKEN_MARK = "{{token}}"  # noqa: S105 - where the page's file has the token
MOST_BYTES = 1_000_000

Given = Mapping[str, object]
Reply = Callable[[Given], object]


def window_routes(org: OrgState, workers: ThreadPoolExecutor) -> list[Route]:
    """Return the routes of the window; what they do runs in `workers`."""
    window = _Window(org, workers)
    return [
        Route("/", window.page),
        Route("/__window__/files/{name}", window.file),
        Route("/__window__/{call}", window.call, methods=["GET", "POST"]),
    ]


class _Window:
    def __init__(self, org: OrgState, workers: ThreadPoolExecutor) -> None:
        self._org = org
        self._workers = workers
        self._guard = Guard()
        looker, actor, board = Looker(org), Actor(org), Switchboard(org.faults)
        self._calls: dict[tuple[str, str], Reply] = {
            ("GET", "pulse"): lambda given: {**looker.pulse(_whole(given, "after")), "faults": board.states()},
            ("GET", "records"): looker.records,
            ("GET", "record"): lambda given: looker.record(str(given["object"]), str(given["id"])),
            ("GET", "changes"): lambda given: looker.changes(_whole(given, "before") or None),
            ("POST", "edit"): actor.edit,
            ("POST", "merge"): actor.merge,
            ("POST", "delete"): actor.delete,
            ("POST", "undelete"): actor.undelete,
            ("POST", "fault"): board.switch,
            ("POST", "action"): board.act,
        }

    async def page(self, request: Request) -> Response:
        """Answer with the page, the token in it."""
        if not self._guard.may_open(request.headers, self._org.url):
            return _plain("This page is only given under the org's own address.", 403)
        text = (FILES / "page.html").read_text("utf-8").replace(TOKEN_MARK, self._guard.token)
        return Response(text, media_type="text/html", headers=PAGE_HEADERS)

    async def file(self, request: Request) -> Response:
        """Answer with one of the page's own files."""
        path = FILES / request.path_params["name"]
        if path.parent != FILES or path.suffix not in FILE_TYPES or not path.is_file():
            return _plain("There is no such file.", 404)
        return Response(path.read_bytes(), media_type=FILE_TYPES[path.suffix], headers=PAGE_HEADERS)

    async def call(self, request: Request) -> Response:
        """Answer the page's script with JSON: what it asked for, or the org's no as ``refused``, or an ``error``."""
        if not self._guard.may_call(request.headers, self._org.url):
            return _json({"error": "This window belongs to an org that is no longer running. Reload the page."}, 403)
        reply = self._calls.get((request.method, request.path_params["call"]))
        if reply is None:
            return _json({"error": "There is no such call."}, 404)
        try:
            given = await _given(request)
            answer = await asyncio.get_running_loop().run_in_executor(self._workers, reply, given)
        except Refusal as refusal:
            return _json({"refused": f"{refusal.code}: {refusal.message}"}, 200)
        except (KeyError, ValueError) as problem:
            return _json({"error": f"{type(problem).__name__}: {problem}"}, 400)
        except ClientDisconnect:
            return _plain("", 400)
        return _json(answer, 200)


async def _given(request: Request) -> Given:
    if request.method == "GET":
        return dict(request.query_params)
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BYTES:
            raise ValueError("this is too much")
    try:
        return msgspec.json.decode(bytes(body), type=dict[str, object])
    except (msgspec.MsgspecError, UnicodeDecodeError) as problem:
        raise ValueError(str(problem)) from problem


def _whole(given: Given, name: str) -> int:
    return int(str(given.get(name) or 0))


def _json(body: object, status: int) -> Response:
    return Response(msgspec.json.encode(body), status, media_type="application/json", headers=PAGE_HEADERS)


def _plain(text: str, status: int) -> Response:
    return Response(text, status, media_type="text/plain", headers=PAGE_HEADERS)
