"""The demo workspace: a folder with a mapping file, the customer's side as files, and an org of its own on loopback.

The folder is made from a seed and a size, so it is the same on every machine. Its org runs inside the process that
opens the workspace, unless another process already serves it (``org.json`` says so): then that one is used, which is
how JupyterLab and the command line look at the same org at the same time.
"""

import json
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from filelock import FileLock, Timeout

from toolkit.config import Settings, load, preset_text
from toolkit.demo_org import DemoOrg
from toolkit.demo_org.company.files import write_customer_side
from toolkit.demo_org.database import FileFormatError
from toolkit.errors import InputError, StoreInUseError

AS_OF = datetime(2026, 11, 2, 8, tzinfo=UTC)
"""The demo's present. Pinned, so that the sample data never grows old and two runs give the same bytes."""

MAPPING_FILE = "workspace.toml"
ACCOUNTS, SEED = 500, 1
"""The size and the seed of a demo that says neither."""
CUSTOMER_FILES = ("accounts.csv", "usage.parquet", "contacts.csv", "tickets.csv")
OWN_FILES = (MAPPING_FILE, *CUSTOMER_FILES, "ca.pem")
OWN_PATTERNS = ("store.*", "org.*", "snapshots", "notebooks")
"""What --fresh removes: only what the demo itself wrote, never the folder."""

MADE_HERE = "org.demo"
"""The file that says that the customer's files of a folder were written by the demo, and may go with it."""


@dataclass(frozen=True)
class DemoConnection:
    """Where a demo org answers and how to log in. ``org`` is None when another process serves it."""

    url: str
    ca_file: Path
    client_id: str
    client_secret: str
    org: DemoOrg | None = None


def create_demo(folder: Path, accounts: int | None = None, seed: int | None = None, *, fresh: bool = False) -> None:
    """Make `folder` a demo workspace of that size, or leave it as it is when it is one already.

    What is not said is as it was in the folder, or 500 accounts of seed 1. A mapping file without any of the demo's
    files, as `cs-toolkit init` leaves it, is given them. Raises InputError when `folder` is no folder, holds another
    workspace, or a demo of another size or seed and not `fresh`.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file, not a folder.", hint="Name a folder with --workspace.")
    mapping = folder / MAPPING_FILE
    if mapping.exists():
        settings = load(mapping)
        if settings.connection.login != "demo":
            raise InputError(
                f"{folder} holds a workspace of a real org, not a demo.",
                hint="Choose another folder with --workspace.",
            )
        if not fresh:
            _refuse_another_demo(folder, settings, accounts, seed)
            if not any((folder / name).exists() for name in CUSTOMER_FILES):
                _write_customer_side(folder, settings.demo.accounts, settings.demo.seed)
            return
        _refuse_files_of_somebody(folder)
        accounts, seed = accounts or settings.demo.accounts, seed if seed is not None else settings.demo.seed
        remove(folder)
    accounts, seed = accounts or ACCOUNTS, SEED if seed is None else seed
    folder.mkdir(parents=True, exist_ok=True)
    _write_customer_side(folder, accounts, seed)
    mapping.write_text(demo_mapping(accounts, seed), "utf-8")


def _write_customer_side(folder: Path, accounts: int, seed: int) -> None:
    write_customer_side(folder, accounts=accounts, seed=seed, today=AS_OF.date())
    (folder / MADE_HERE).write_text("The demo wrote the customer's files here; --fresh removes them.\n", "utf-8")


def _refuse_files_of_somebody(folder: Path) -> None:
    theirs = [name for name in CUSTOMER_FILES if (folder / name).exists()]
    if theirs and not (folder / MADE_HERE).exists():
        raise InputError(
            f"{', '.join(theirs)} in {folder} were not made by the demo; --fresh would delete them.",
            hint="Move them away, or choose another folder with --workspace.",
        )


def demo_mapping(accounts: int, seed: int) -> str:
    """Return the text of the demo's mapping file for an org of that size and seed."""
    return preset_text("demo").replace("accounts = 500", f"accounts = {accounts}").replace("seed = 1", f"seed = {seed}")


def remove(folder: Path) -> None:
    """Remove what a demo wrote into `folder`, and nothing else."""
    if served(folder):
        raise StoreInUseError(
            f"The demo org of {folder} is being served by another process.", hint="Stop that process, then try again."
        )
    with _held(folder, "org.lock"), _held(folder, "store.lock"):
        found = [each for pattern in OWN_PATTERNS for each in folder.glob(pattern) if each.suffix != ".lock"]
        for path in [*(folder / name for name in OWN_FILES), *found]:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)


@contextmanager
def _held(folder: Path, name: str) -> Iterator[None]:
    """Hold a lock file of `folder`. Raises StoreInUseError when another process does."""
    lock = FileLock(folder / name, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise StoreInUseError(
            f"Another process has the demo org of {folder} open.",
            hint="Wait until it is done, or serve the org for everybody with: cs-toolkit demo --serve",
        ) from None
    try:
        yield
    finally:
        lock.release()


def _refuse_another_demo(folder: Path, settings: Settings, accounts: int | None, seed: int | None) -> None:
    demo = settings.demo
    if accounts not in (None, demo.accounts) or seed not in (None, demo.seed):
        raise InputError(
            f"{folder} holds a demo of {demo.accounts} accounts and seed {demo.seed}, another than you ask for.",
            hint="Add --fresh to start over with the new size, or choose another folder with --workspace.",
        )


@contextmanager
def demo_org_of(folder: Path, settings: Settings, *, in_memory: bool = False) -> Iterator[DemoConnection]:
    """Give the running demo org of a workspace: the one another process serves, or one inside this process.

    Raises StoreInUseError when another process has the org open without serving it, InputError when another version
    of the program made its file.
    """
    running = served(folder)
    if running is not None:
        yield running
        return
    with _held(folder, "org.lock"):
        demo = settings.demo
        database = None if in_memory else folder / "org.sqlite"
        try:
            org = DemoOrg.start(accounts=demo.accounts, seed=demo.seed, now=AS_OF, db=database)
        except FileFormatError:
            raise InputError(
                f"{database} holds a demo org that another version of cs-toolkit made.",
                hint="Start over with: cs-toolkit demo --fresh",
            ) from None
        with org:
            yield DemoConnection(org.url, org.ca_file, org.client_id, org.client_secret, org)


@contextmanager
def announced(folder: Path, connection: DemoConnection) -> Iterator[None]:
    """Tell other processes, for as long as this lasts, that this one serves the folder's demo org."""
    note = folder / "org.json"
    facts = {
        "url": connection.url, "ca_file": str(connection.ca_file), "client_id": connection.client_id,
        "client_secret": connection.client_secret, "pid": os.getpid(),
    }  # fmt: skip
    note.write_text(json.dumps(facts), "utf-8")
    try:
        yield
    finally:
        note.unlink(missing_ok=True)


def served(folder: Path) -> DemoConnection | None:
    """Return the demo org that another process serves for `folder`, or None. A note of a dead process is ignored."""
    note = folder / "org.json"
    if not note.exists():
        return None
    facts = json.loads(note.read_text("utf-8"))
    if facts["pid"] == os.getpid() or not _answers(facts["url"]):
        return None
    return DemoConnection(facts["url"], Path(facts["ca_file"]), facts["client_id"], facts["client_secret"])


def _answers(url: str) -> bool:
    address = urlsplit(url)
    try:
        with socket.create_connection((address.hostname or "127.0.0.1", address.port or 443), timeout=1):
            return True
    except OSError:
        return False
