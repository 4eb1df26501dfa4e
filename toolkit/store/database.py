"""The SQLite file: connections, transactions, and SQLite's errors in the toolkit's words.

Writers and readers may be in different processes: the file is in WAL mode, a reader sees the state of the last commit
and never waits. Each thread has a connection of its own.
"""

import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlite_utils

from toolkit.errors import StepMissingError, StoreError, StoreInUseError
from toolkit.store.schema import VERSION, check_version, migrate, stored_version

BUSY_SECONDS = 30.0
"""How long a writer waits for another process's transaction."""


class Database:
    """One SQLite file. Every write happens in `transaction`, every read through `query`."""

    def __init__(self, path: Path, *, read_only: bool) -> None:
        self.path = path
        self.read_only = read_only
        self._local = threading.local()
        self._opened: list[sqlite3.Connection] = []
        self._closed = False
        if read_only and not path.exists():
            raise StepMissingError(f"there is no store at {path} yet", hint="run the first step: `cs-toolkit pull`")
        with translated(path):
            self._prepare()

    def query(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return all rows of a SELECT."""
        with translated(self.path):
            return self._connection().execute(sql, values).fetchall()

    @contextmanager
    def transaction(self, *, durable: bool = False) -> Iterator[sqlite_utils.Database]:
        """Hold a write transaction: all of it is kept, or nothing when the block raises or the process dies.

        Small writes go through sqlite-utils' tables; ``conn`` is there for many rows at once.

        With `durable` it is on the disk when the block has ended, also if the machine loses power in the next moment;
        without, it survives the end of the process but the newest may be lost with the power.
        """
        if self.read_only:
            raise StoreError(
                "the store was opened for reading only", hint="open it without read_only=True to change it"
            )
        with translated(self.path):
            connection = self._connection()
            connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield sqlite_utils.Database(connection)
                connection.execute("UPDATE counters SET value = value + 1 WHERE name = 'version'")
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Close every connection, whichever thread opened it."""
        self._closed = True
        while self._opened:
            self._opened.pop().close()
        self._local = threading.local()

    def _connection(self) -> sqlite3.Connection:
        if self._closed:
            raise StoreError("the store is closed", hint="open it again with Store.open(folder)")
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._connect()
            self._opened.append(connection)
        return connection

    def _connect(self) -> sqlite3.Connection:
        # check_same_thread is off only so that `close` may close what other threads opened.
        connection = sqlite3.connect(
            f"{self.path.resolve().as_uri()}?mode={'ro' if self.read_only else 'rwc'}",
            uri=True,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        connection.execute("PRAGMA cache_size = -65536")
        return connection

    def _prepare(self) -> None:
        connection = self._connection()
        version = stored_version(connection)
        check_version(version)
        if version == VERSION:
            return
        if self.read_only:
            self.close()
            raise StoreError(
                f"the store at {self.path} was made by an older version of the toolkit",
                hint="run any step that writes, such as `cs-toolkit pull`: it brings the store up to date",
            )
        _use_wal(connection)
        connection.execute("BEGIN IMMEDIATE")
        try:
            migrate(connection)
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise


def _use_wal(connection: sqlite3.Connection) -> None:
    # SQLite does not wait here for another process that is doing the same, so we do.
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn SQLite's errors about the file at `path` into StoreError and StoreInUseError."""
    try:
        yield
    except sqlite3.OperationalError as error:
        text = str(error)
        if "locked" in text or "busy" in text:
            raise StoreInUseError(
                f"another process is writing to the store at {path} ({BUSY_SECONDS:.0f} s waited)",
                hint="wait until the other run has ended, then try again",
            ) from error
        hints = {
            "unable to open": "check that the folder exists and that you may write to it",
            "readonly": "check that you may write to the folder and to the files in it",
            "full": "free some space on the disk; nothing was changed",
        }
        hint = next((hint for start, hint in hints.items() if start in text), "check the disk and the folder's rights")
        raise StoreError(f"the store at {path} could not be used: {text}", hint=hint) from error
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError | sqlite3.InterfaceError):
            raise  # a fault of the program, not of the file
        raise StoreError(
            f"the store at {path} is damaged: {error}",
            hint="restore it from a backup, or move it away and start again with a pull (links and history are in it)",
        ) from error
