"""The demo org as an object: started in a thread, stopped again, and looked into by tests and demonstrations.

`DemoOrg` is for Python; `serve` runs one in the foreground until it is interrupted.
"""

import asyncio
import logging
import shutil
import signal
import socket
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from toolkit.demo_org.access import Access
from toolkit.demo_org.certificates import server_context
from toolkit.demo_org.faults import Faults
from toolkit.demo_org.merging import Merged
from toolkit.demo_org.metadata import Metadata
from toolkit.demo_org.rules import DuplicateRule
from toolkit.demo_org.state import OrgState
from toolkit.demo_org.web.app import ABORT_KEY, build_app
from toolkit.demo_org.web.heads import HeadTransport
from toolkit.demo_org.web.people import DEMO_PASSWORD, DEMO_SECURITY_TOKEN

HOST = "127.0.0.1"
WORKERS = 12
IDLE_SECONDS = 120
"""How long a connection may wait for its next request: a client that pauses must not find it closed when it goes on."""
STOP_SECONDS = 5.0
"""How long the end waits for answers that are being worked on."""


class DemoOrg:
    """A running demo org. Make one with `start`; use it as a context manager or call `stop`.

    ``url`` is where it answers, ``ca_file`` the certificate a client has to trust, ``client_id``, ``client_secret`` and
    ``refresh_token`` what it logs in with, ``password`` and ``security_token`` those of every user, ``control_token``
    what the HTTP controls under ``/__demo__/`` ask for. ``faults`` makes things go wrong (see
    `toolkit.demo_org.faults`).
    """

    def __init__(self, state: OrgState, server: "_Server", folder: Path | None, ca_file: Path) -> None:
        self._state = state
        self._server = server
        self._folder = folder
        self._stopped = False
        self.ca_file = ca_file
        self.url = state.url
        self.client_id = state.client_id
        self.client_secret = state.client_secret
        self.refresh_token = state.refresh_token
        self.control_token = state.control_token
        self.password = DEMO_PASSWORD
        self.security_token = DEMO_SECURITY_TOKEN
        self.org_id = state.org_id
        self.user_id = state.integration_user_id

    @classmethod
    def start(
        cls,
        accounts: int = 500,
        seed: int = 1,
        now: datetime | None = None,
        db: Path | None = None,
        port: int = 0,
        *,
        person_accounts: bool = False,
    ) -> "DemoOrg":
        """Start an org of that many accounts and return it once it answers.

        With `now` its clock stands still but for one second a write; without, it is the real one. With `db` it lives in
        that file and goes on where it was left (`accounts`, `seed` and `person_accounts` then count only the first
        time), and the CA's certificate is ``ca.pem`` beside it; without, it is gone when it stops. `port` 0 takes a
        free one. With `person_accounts` an account may be a person, with a contact for a twin.
        Raises OSError when the port is taken, FileFormatError when another version of this code made the file.
        """
        listener = _listen(port)
        try:
            state = OrgState(accounts, seed, now, db, person_accounts=person_accounts)
            state.url = f"https://{HOST}:{listener.getsockname()[1]}"
            folder = Path(tempfile.mkdtemp(prefix="demo-org-ca-")) if db is None else None
            ca_file = (folder or Path(db or ".").parent) / "ca.pem"
        except BaseException:
            listener.close()
            raise
        org = cls(state, _Server(state, listener, ca_file), folder, ca_file)
        org._server.begin()
        return org

    @property
    def faults(self) -> Faults:
        """The faults of this org, to be planned."""
        return self._state.faults

    @property
    def calls(self) -> list[tuple[str, str, int]]:
        """The API calls made so far: method, path and status. Logins are in `requests`, not here."""
        return list(self._state.calls)

    @property
    def requests(self) -> list[tuple[str, str, int]]:
        """Every request so far, API calls and logins alike: method, path and status."""
        return list(self._state.requests)

    def rows(self, soql: str) -> list[dict[str, object]]:
        """Return the records of a query, without rights or wire: for tests to look inside. Raises Refusal."""
        return self._state.look(soql)

    def edit(self, sobject: str, record_id: str, values: Mapping[str, object]) -> None:
        """Change a record as somebody working in the CRM, not the integration user. Raises Refusal."""
        self._state.edit(sobject, record_id, values)

    def change_app(self, client_id: str, **settings: object) -> None:
        """Change a registered app, or register one; the settings are those of `toolkit.demo_org.web.apps.App`.

        ``keys=[pem]`` registers the certificate or public key that a jwt-bearer login is checked with.
        """
        self._state.apps.change(client_id, **settings)

    def allow_password_flow(self, allowed: bool = True) -> None:
        """Switch the username-password flow of connected apps on or off; an org begins with it off."""
        self._state.apps.password_flow = allowed

    def pass_time(self, seconds: float) -> None:
        """Move a clock that stands still on, so that sessions end and relative dates shift."""
        self._state.clock.advance(timedelta(seconds=seconds))

    def remove_field(self, sobject: str, field: str) -> None:
        """Take a field out of the org's schema. Raises KeyError when there is none."""
        self._state.remove_field(sobject, field)

    def set_access(self, sobject: str, field: str, *, read: bool, edit: bool) -> None:
        """Set what the integration user may do with a field."""
        self._state.set_access(sobject, field, read=read, edit=edit)

    def set_cursor_lifetime(self, seconds: float) -> None:
        """Set after how many idle seconds a query's cursor is forgotten, and its locators with it."""
        self._state.cursors.lifetime = seconds

    def drop_list_view(self, name: str) -> None:
        """Delete a list view, by label or developer name. Raises KeyError when there is none."""
        self._state.drop_list_view(name)

    def change_list_view(self, name: str, **changes: object) -> None:
        """Change a list view, found by label or developer name: ``conditions``, ``scope``, ``columns`` and so on."""
        self._state.change_list_view(name, **changes)

    @property
    def metadata(self) -> Metadata:
        """The org's custom fields, objects and rules, to be changed as an administrator would."""
        return self._state.metadata

    def add_validation_rule(
        self, sobject: str, name: str, formula: str, message: str, *, field: str | None = None, active: bool = True
    ) -> str:
        """Refuse records for which a formula is true, with a message; return the rule's id. Raises Refusal."""
        return self._state.metadata.add_validation_rule(sobject, name, formula, message, field, active)

    def add_duplicate_rule(self, sobject: str, name: str, fields: Sequence[str], *, blocks: bool = False) -> None:
        """Refuse records that agree with another in all these fields. Raises Refusal."""
        self._state.metadata.add_duplicate_rule(DuplicateRule(sobject, name, tuple(fields), blocks=blocks))

    def switch_rule(self, sobject: str, name: str, *, active: bool) -> None:
        """Turn a validation or duplicate rule on or off. Raises Refusal when there is none."""
        self._state.metadata.switch_rule(sobject, name, active)

    def delete(self, sobject: str, record_id: str) -> None:
        """Put a record into the recycle bin, as somebody working in the CRM. Raises Refusal."""
        self._state.records.delete(sobject, record_id, Access.for_user(self._state.crm_user_id()))

    def undelete(self, *record_ids: str) -> None:
        """Bring records back from the recycle bin. Raises Refusal for the first that cannot be."""
        outcomes = self._state.records.undelete(record_ids, Access.for_user(self._state.crm_user_id()))
        for outcome in outcomes:
            if isinstance(outcome, list):
                raise outcome[0]

    def merge(self, sobject: str, into: str, ids: Sequence[str], values: Mapping[str, object] | None = None) -> Merged:
        """Merge up to two records into a third, which takes on `values`, as somebody in the CRM. Raises Refusal."""
        access = Access.for_user(self._state.crm_user_id())
        return self._state.records.merge(sobject, into, ids, access, values)

    def stop(self) -> None:
        """Close every connection, end the threads, and remove what is temporary. May be called again."""
        if self._stopped:
            return
        self._stopped = True
        self._state.ending.set()
        self._server.end()
        self._state.close()
        if self._folder is not None:
            shutil.rmtree(self._folder)

    def __enter__(self) -> "DemoOrg":
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()


def serve(
    port: int = 0,
    accounts: int = 500,
    seed: int = 1,
    db: Path | None = None,
    now: datetime | None = None,
    ready: Callable[[DemoOrg], None] = lambda _: None,
) -> None:
    """Run an org in the foreground until SIGINT or SIGTERM; `ready` is called once it answers. Main thread only."""
    ended = threading.Event()
    previous = {each: signal.signal(each, lambda *_: ended.set()) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        with DemoOrg.start(accounts, seed, now, db, port) as org:
            ready(org)
            ended.wait()
    finally:
        for each, handler in previous.items():
            signal.signal(each, handler)


def _listen(port: int) -> socket.socket:
    # The protocol is named because asyncio turns Nagle's algorithm off only then; with it every answer takes 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen()
    except OSError:
        listener.close()
        raise
    return listener


class _Protocol(HttpToolsProtocol):
    """Uvicorn's protocol, which also hands the application a way to cut the connection, and prints heads its way."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope[ABORT_KEY] = partial(_cut, self.transport)  # type: ignore[literal-required]

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        if not isinstance(self.cycle.transport, HeadTransport):
            self.cycle.transport = HeadTransport(self.transport)


def _cut(transport: asyncio.Transport, first: bytes = b"") -> None:
    if first:
        transport.write(first)
    transport.abort()


class _Server(uvicorn.Server):
    """A uvicorn server in a thread of its own, which stops without waiting for clients that keep a connection open."""

    def __init__(self, state: OrgState, listener: socket.socket, ca_file: Path) -> None:
        self._workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="demo-org")
        config = uvicorn.Config(
            build_app(state, self._workers),
            http=_Protocol,
            ws="none",
            loop="asyncio",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=IDLE_SECONDS,
        )
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        config.load()
        config.ssl = server_context(state.database, ca_file)
        super().__init__(config)
        self._listener = listener
        self._running = threading.Event()
        self._ended = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._serve_listener, name="demo-org-server", daemon=True)

    def begin(self) -> None:
        """Start the thread and wait until the org answers."""
        self._thread.start()
        self._running.wait()
        if not self.started:
            raise OSError("the demo org could not begin to answer")

    def end(self) -> None:
        """Stop answering and wait for the threads to end."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()
        self._workers.shutdown(cancel_futures=True)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._loop = asyncio.get_running_loop()
        self._running.set()

    async def main_loop(self) -> None:
        # Uvicorn's own loop looks ten times a second whether it is to end; this one is told.
        while not self._ended.is_set():
            await self.on_tick(0)  # which renews the Date header
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), timeout=1)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # A polite TLS goodbye would wait for the client's, which an idle client never sends.
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        while self.server_state.connections:
            for connection in list(self.server_state.connections):
                connection.transport.abort()
            await asyncio.sleep(0)
        if self.server_state.tasks:
            await asyncio.wait(self.server_state.tasks, timeout=STOP_SECONDS)

    def _serve_listener(self) -> None:
        try:
            self.run(sockets=[self._listener])
        finally:
            self._running.set()
