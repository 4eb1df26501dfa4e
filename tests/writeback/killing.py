"""A desk's deed in a process of its own, killed -9: at a chosen boundary, after some seconds, or when something is so.

A boundary is where the state of the world changes: before a transaction of the store, before it is kept, and when
Salesforce has answered a call. Between two of them nothing durable happens, so killing at each is killing everywhere.
The processes are forked from one that has loaded most of what they need, which makes them cheap.
"""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import requests

from tests.writeback import desk as one
from tests.writeback import many
from toolkit.config.models import Settings
from toolkit.salesforce import Credentials, Org, connect
from toolkit.store import Store
from toolkit.workspace import Workspace
from toolkit.writeback.planning.plan import Plan

PATIENCE = 60.0

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["sqlite_utils", "toolkit.demo_org", "toolkit.config", "toolkit.salesforce"])
"""What takes long to load, and starts none of polars' threads, which no fork would inherit."""

AnyDesk = one.Desk | many.Desk | Workspace
Deed = Callable[[AnyDesk], object]


@dataclass(frozen=True)
class Address:
    """Where another process finds the org and the store of a desk, or a workspace."""

    kind: type
    url: str
    ca_file: Path
    client_id: str
    client_secret: str
    store: Path
    settings: Any

    @classmethod
    def of(cls, desk: AnyDesk) -> "Address":
        org = desk.demo_org
        known = (org.url, org.ca_file, org.client_id, org.client_secret)
        kind, folder = (Elsewhere, desk.folder) if isinstance(desk, Workspace) else (type(desk), desk.store.folder)
        return cls(kind, *known, folder, desk.settings)

    def desk(self) -> AnyDesk:
        org = connect(
            login="client_credentials",
            login_url=self.url,
            credentials=Credentials(client_id=self.client_id, client_secret=self.client_secret),
            ca_file=self.ca_file,
            sleep=lambda seconds: time.sleep(min(seconds, 0.05)),
        )
        if self.kind is Elsewhere:
            return Elsewhere(self.store, org, self.settings)
        return self.kind(None, org, Store.open(self.store), self.settings)


class Elsewhere(Workspace):
    """A workspace as another process opens it."""

    def __init__(self, folder: Path, org: Org, settings: Settings) -> None:
        super().__init__(folder)
        self.settings = settings
        self.__dict__["org"] = org  # in place of what its mapping file names


def commit_accepted(workspace: Workspace) -> None:
    """Commit the latest plan of a workspace, over its brakes if need be."""
    plan = Plan.load(*workspace.store.latest_plan())
    workspace.commit(plan, confirm=plan.digest, accept=True)


def commit(desk: AnyDesk) -> None:
    """Commit the latest plan of the store."""
    desk.commit(Plan.load(*desk.store.latest_plan()))


def resume(desk: AnyDesk) -> None:
    """Settle what was left open."""
    for commit_id in desk.store.open_commits():
        desk.resume(commit_id)


def killed_at(desk: AnyDesk, deed: Deed, boundary: int) -> bool:
    """Do a deed in another process that dies at its `boundary`-th boundary; return whether it got as far as that."""
    process, ready = _started(desk, deed, boundary)
    process.join(PATIENCE)
    ready.close()
    return _ended(process)


def killed_after(desk: AnyDesk, deed: Deed, seconds: float) -> bool:
    """Do a deed in another process that is killed so long after it began; return whether it was still at it."""
    process, ready = _started(desk, deed, 0)
    ready.recv()
    process.join(seconds)
    process.kill()
    process.join(PATIENCE)
    ready.close()
    return _ended(process)


def killed_when(desk: AnyDesk, deed: Deed, so: Callable[[], object]) -> None:
    """Do a deed in another process that is killed as soon as something is so, which must be before it has ended."""
    process, ready = _started(desk, deed, 0)
    deadline = time.monotonic() + PATIENCE
    while not so():
        assert process.is_alive(), "the deed ended before it could be killed"
        assert time.monotonic() < deadline, "the moment to kill it never came"
        time.sleep(0.01)
    process.kill()
    process.join(PATIENCE)
    ready.close()
    assert _ended(process)


def seconds_of(desk: AnyDesk, deed: Deed) -> float:
    """Do a deed in another process, to its end, and return how long it took."""
    process, ready = _started(desk, deed, 0)
    ready.recv()
    began = time.monotonic()
    process.join(PATIENCE)
    ready.close()
    assert not _ended(process)
    return time.monotonic() - began


def _started(desk: AnyDesk, deed: Deed, boundary: int) -> tuple[multiprocessing.Process, Connection]:
    mine, its = FORKS.Pipe()
    process = FORKS.Process(target=_do, args=(Address.of(desk), deed, boundary, its), daemon=True)
    process.start()
    its.close()
    return process, mine


def _ended(process: multiprocessing.Process) -> bool:
    assert process.exitcode in (0, -signal.SIGKILL), process.exitcode
    return process.exitcode != 0


def _do(address: Address, deed: Deed, boundary: int, ready: Connection) -> None:
    desk = address.desk()
    passed = _Boundaries(boundary)
    desk.store._database._connection().set_trace_callback(passed.said)
    desk.org._wire.transport.session.hooks["response"].append(passed.heard)
    ready.send("ready")
    deed(desk)


class _Boundaries:
    """Counts boundaries, and ends this process at one of them."""

    def __init__(self, last: int) -> None:
        self._left = last

    def said(self, statement: str) -> None:
        if statement.startswith(("BEGIN", "COMMIT")):
            self._pass()

    def heard(self, response: requests.Response, **_: object) -> requests.Response:
        self._pass()
        return response

    def _pass(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
