"""Where the org's records live: one SQLite table an object, one column a stored field.

Text compares without regard to case unless the field says otherwise, as Salesforce's does; ids compare exactly.
Booleans are 0 or 1, datetimes ``YYYY-MM-DDTHH:MM:SS.000Z``, dates ``YYYY-MM-DD``. Beside the objects there is an
append-only log of changes, which later answers "what changed between two moments".

One connection writes, under a lock; any number of others read at the same time (write-ahead log). Without a path the
file lies in a private temporary folder that goes with the database.
"""

import sqlite3
import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from toolkit.demo_org.ids import number_of
from toolkit.demo_org.schema import ID_TYPES, NUMBER_TYPES, Field, Schema, SObject

CHANGE_LOG = "_changes"
FILE_FORMAT = 2
"""The version of what a file holds, kept in its header. Raise it when the standard objects change."""


class FileFormatError(Exception):
    """A file holds an org that another version of this code made."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} holds a demo org that another version of this program made. Delete the file, or start over with "
            "--fresh where that is offered."
        )


class Database:
    """The tables of an org. Close it, or use it as a context manager. Raises FileFormatError for another's file."""

    def __init__(self, path: Path | None, schema: Schema) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="demo-org-") if path is None else None
        self.path = Path(self._folder.name) / "org.sqlite" if self._folder else Path(path or "")
        self._lock = threading.RLock()  # the writer's
        self._pool_lock = threading.Lock()
        self._writer: int | None = None  # the thread that is inside a transaction
        self._idle: list[sqlite3.Connection] = []
        self._last_numbers: dict[str, int] = {}
        self.connection = self._connect()
        self._check_format()
        if self._folder:
            self.connection.execute("PRAGMA synchronous = OFF")
        self.prepare(schema)

    def prepare(self, schema: Schema) -> None:
        """Create the tables, columns and indexes of `schema` that are not there yet."""
        with self.writing() as connection:
            connection.execute(
                f"CREATE TABLE IF NOT EXISTS {CHANGE_LOG} (number INTEGER PRIMARY KEY, record TEXT NOT NULL, "
                "object TEXT NOT NULL, kind TEXT NOT NULL, at TEXT NOT NULL, by TEXT NOT NULL)"
            )
            connection.execute(f"PRAGMA user_version = {FILE_FORMAT}")
            connection.execute("CREATE TABLE IF NOT EXISTS _facts (name TEXT PRIMARY KEY, value TEXT NOT NULL)")
            for sobject in schema:
                _prepare_table(connection, sobject)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Yield the writing connection inside a transaction: kept on leaving, undone on an exception.

        Inside a transaction of the same thread it is a savepoint of that one.
        """
        with self._lock:
            nested = self.connection.in_transaction
            self.connection.execute("SAVEPOINT step" if nested else "BEGIN IMMEDIATE")
            self._writer = threading.get_ident()
            try:
                yield self.connection
            except BaseException:
                if nested:
                    self.connection.execute("ROLLBACK TO step")
                    self.connection.execute("RELEASE step")
                else:
                    self.connection.execute("ROLLBACK")
                raise
            else:
                self.connection.execute("RELEASE step" if nested else "COMMIT")
            finally:
                self._writer = self._writer if nested else None

    @contextmanager
    def loading(self, schema: Schema) -> Iterator[None]:
        """Do without the indexes of the objects while much is written; they are made again on leaving."""
        with self.writing() as connection:
            for name, _, _ in _indexes(schema):
                connection.execute(f'DROP INDEX IF EXISTS "{name}"')
        try:
            yield
        finally:
            self.prepare(schema)

    def empty(self, schema: Schema) -> None:
        """Remove every record of every object, such as those of a beginning that was cut off."""
        with self.writing() as connection:
            for sobject in schema:
                connection.execute(f'DELETE FROM "{sobject.name}"')
        self._last_numbers.clear()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection for reading, for the calling thread alone until it leaves.

        Inside a transaction of the same thread it is that one's, so that what was written in it is seen.
        """
        if self._writer == threading.get_ident():
            yield self.connection
            return
        connection = self._borrow()
        try:
            yield connection
        finally:
            with self._pool_lock:
                self._idle.append(connection)

    def next_numbers(self, sobject: SObject, count: int) -> range:
        """Return `count` numbers for new records of an object; each is given out once."""
        with self._lock:
            if sobject.name not in self._last_numbers:
                last = self.connection.execute(f'SELECT max(Id) FROM "{sobject.name}"').fetchone()[0]
                self._last_numbers[sobject.name] = number_of(last) if last else 0
            first = self._last_numbers[sobject.name] + 1
            self._last_numbers[sobject.name] += count
            return range(first, first + count)

    def log_changes(self, object_name: str, kind: str, record_ids: Iterable[str], at: str, by: str) -> None:
        """Append changes to the log; `kind` is create, update or delete. Call it inside `writing`."""
        self.connection.executemany(
            f"INSERT INTO {CHANGE_LOG} (record, object, kind, at, by) VALUES (?, ?, ?, ?, ?)",
            [(record_id, object_name, kind, at, by) for record_id in record_ids],
        )

    def fact(self, name: str) -> str | None:
        """Return a fact about this database that was kept with `keep_fact`, or None."""
        row = self.connection.execute("SELECT value FROM _facts WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def keep_fact(self, name: str, value: str) -> None:
        """Keep a fact about this database, such as what it was seeded with."""
        with self.writing() as connection:
            connection.execute("INSERT OR REPLACE INTO _facts VALUES (?, ?)", (name, value))

    def close(self) -> None:
        """Close every connection, and remove the file if it is a temporary one."""
        with self._lock:
            for connection in (*self._idle, self.connection):
                connection.close()
            self._idle.clear()
        if self._folder:
            self._folder.cleanup()

    def __enter__(self) -> "Database":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _check_format(self) -> None:
        found = self.connection.execute("PRAGMA user_version").fetchone()[0]
        is_new = self.connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is None
        if not is_new and found != FILE_FORMAT:
            self.connection.close()
            raise FileFormatError(self.path)

    def _borrow(self) -> sqlite3.Connection:
        with self._pool_lock:
            if self._idle:
                return self._idle.pop()
        connection = self._connect()
        connection.execute("PRAGMA query_only = ON")
        return connection

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, isolation_level=None, check_same_thread=False, cached_statements=512, timeout=30
        )
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA cache_size = -65536")
        connection.execute("PRAGMA temp_store = MEMORY")
        return connection


def kept_fact(path: Path | None, name: str) -> str | None:
    """Return a fact about the database in a file before it is opened, or None when there is no such file or fact."""
    if path is None or not path.exists() or not path.stat().st_size:
        return None
    with closing(sqlite3.connect(path)) as connection:
        if connection.execute("SELECT 1 FROM sqlite_master WHERE name = '_facts'").fetchone() is None:
            return None
        row = connection.execute("SELECT value FROM _facts WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])


def stored_fields(sobject: SObject) -> Sequence[Field]:
    """Return the fields of an object that have a column, in describe order."""
    return [field for field in sobject.fields if field.stored]


def _prepare_table(connection: sqlite3.Connection, sobject: SObject) -> None:
    fields = stored_fields(sobject)
    columns = ", ".join(_column(field) for field in fields)
    connection.execute(f'CREATE TABLE IF NOT EXISTS "{sobject.name}" ({columns})')
    present = {row[1].lower() for row in connection.execute(f'PRAGMA table_info("{sobject.name}")')}
    for field in fields:
        if field.name.lower() not in present:
            connection.execute(f'ALTER TABLE "{sobject.name}" ADD COLUMN {_column(field)}')
    if sobject.field("IsDeleted") is not None:  # makes the recycle bin, which is small, quick to find and to count
        bin_index = f'CREATE INDEX IF NOT EXISTS "{sobject.name}__bin" ON "{sobject.name}" (IsDeleted)'
        connection.execute(f"{bin_index} WHERE IsDeleted = 1")
    for name, table, column in _indexes([sobject]):
        connection.execute(f'CREATE INDEX IF NOT EXISTS "{name}" ON "{table}" ("{column}")')


def _indexes(sobjects: Iterable[SObject]) -> Iterator[tuple[str, str, str]]:
    """Yield the name, table and column of each index of these objects."""
    for sobject in sobjects:
        for field in stored_fields(sobject):
            if _is_indexed(field):
                yield f"{sobject.name}_{field.name}", sobject.name, field.name


def _column(field: Field) -> str:
    if field.type == "id":
        return f'"{field.name}" TEXT PRIMARY KEY NOT NULL'
    if field.type == "boolean":
        return f'"{field.name}" INTEGER NOT NULL DEFAULT {int(field.default is True)}'
    if field.type == "int":
        return f'"{field.name}" INTEGER'
    if field.type in NUMBER_TYPES:
        return f'"{field.name}" REAL'
    exact = field.case_sensitive or field.type in ID_TYPES or field.type in {"date", "datetime"}
    return f'"{field.name}" TEXT' if exact else f'"{field.name}" TEXT COLLATE NOCASE'


_UNINDEXED_REFERENCES = frozenset({"CreatedById", "LastModifiedById", "MasterRecordId"})


def _is_indexed(field: Field) -> bool:
    if field.type == "reference":
        return field.name not in _UNINDEXED_REFERENCES
    return (
        field.external_id or field.unique or field.name == "SystemModstamp" or (field.id_lookup and field.name != "Id")
    )
