"""The history of records: each field that was changed, from what to what, by whom and when. Append-only.

SQLite keeps it by itself, through triggers on the writing connection, so whatever changes a record is in it: a save, a
merge, a cascade, an undelete. A trigger costs only the updates that name its field. New records are in the log of
changes (`database.CHANGE_LOG`); the sample company an org begins with is in neither.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from toolkit.demo_org.database import CHANGE_LOG, Database
from toolkit.demo_org.schema import Field, Schema, SObject

HISTORY = "_history"
_STAMPS = ("SystemModstamp", "LastModifiedById")
_SYSTEM_FIELDS_THAT_TELL = frozenset({"IsDeleted", "MasterRecordId"})

Stored = str | int | float | None


@dataclass(frozen=True)
class FieldChange:
    """One field of one record that was changed, with the stored values before and after."""

    field: str
    before: Stored
    after: Stored


@dataclass(frozen=True)
class Save:
    """One save of one record: what kind it was (create, update, delete, ...) and what it changed."""

    number: int
    kind: str
    object: str
    record: str
    at: str
    by: str
    changes: tuple[FieldChange, ...]


def keep_history(database: Database, schema: Schema) -> None:
    """Keep the history of every object from now on. Call it again when the schema has got new fields."""
    with database.writing() as connection:
        connection.execute(
            f"CREATE TABLE IF NOT EXISTS {HISTORY} (number INTEGER PRIMARY KEY, record TEXT NOT NULL, "
            "field TEXT NOT NULL, before, after, at TEXT NOT NULL, by TEXT)"
        )
        connection.execute(f"CREATE INDEX IF NOT EXISTS {HISTORY}_record ON {HISTORY} (record)")
        for sobject in schema:
            if all(sobject.field(name) for name in _STAMPS):
                for field in sobject.fields:
                    if field.stored and (field.updateable or field.name in _SYSTEM_FIELDS_THAT_TELL):
                        connection.execute(_trigger(sobject, field))


def history_of(connection: sqlite3.Connection, record_id: str, most: int) -> list[Save]:
    """Return the latest changes of one record, newest first: one `Save` a moment and user, of kind ``update``."""
    rows = connection.execute(
        f"SELECT number, field, before, after, at, coalesce(by, '') FROM {HISTORY} WHERE record = ? "
        "ORDER BY number DESC LIMIT ?",
        (record_id, most),
    )
    saves: list[Save] = []
    for number, field, before, after, at, by in rows:
        change = FieldChange(field, before, after)
        if saves and (saves[-1].at, saves[-1].by) == (at, by):
            last = saves.pop()
            saves.append(Save(number, last.kind, "", record_id, at, by, (change, *last.changes)))
        else:
            saves.append(Save(number, "update", "", record_id, at, by, (change,)))
    return saves


def latest_saves(connection: sqlite3.Connection, most: int, before: int | None = None) -> list[Save]:
    """Return the latest saves of all records, newest first, or those older than number `before`."""
    found = connection.execute(
        f"SELECT number, kind, object, record, at, by FROM {CHANGE_LOG} WHERE number < ? ORDER BY number DESC LIMIT ?",
        (2**62 if before is None else before, most),
    ).fetchall()
    return [
        Save(number, kind, name, record, at, by, _changes_of(connection, (record, at, by)))
        for number, kind, name, record, at, by in found
    ]


def last_number(connection: sqlite3.Connection) -> int:
    """Return the number of the latest save; it grows with every one."""
    return int(connection.execute(f"SELECT coalesce(max(number), 0) FROM {CHANGE_LOG}").fetchone()[0])


def objects_saved_since(connection: sqlite3.Connection, number: int) -> set[str]:
    """Return the names of the objects in which a record was saved after the save of that number."""
    return {
        row[0] for row in connection.execute(f"SELECT DISTINCT object FROM {CHANGE_LOG} WHERE number > ?", (number,))
    }


def _changes_of(connection: sqlite3.Connection, save: Sequence[str]) -> tuple[FieldChange, ...]:
    statement = f"SELECT field, before, after FROM {HISTORY} WHERE record = ? AND at = ? AND by = ? ORDER BY number"
    return tuple(FieldChange(*row) for row in connection.execute(statement, save))


def _trigger(sobject: SObject, field: Field) -> str:
    # Temporary: it belongs to the one connection that writes, and readers need not parse it.
    return (
        f'CREATE TEMP TRIGGER IF NOT EXISTS "{HISTORY}_{sobject.name}_{field.name}" '
        f'AFTER UPDATE OF "{field.name}" ON main."{sobject.name}" '
        f'WHEN OLD."{field.name}" IS NOT NEW."{field.name}" COLLATE BINARY BEGIN '
        f"INSERT INTO {HISTORY} (record, field, before, after, at, by) VALUES "
        f'(NEW.Id, \'{field.name}\', OLD."{field.name}", NEW."{field.name}", '
        "NEW.SystemModstamp, NEW.LastModifiedById); "
        "END"
    )
