"""Finding many records at once: which ids exist, and which records have which values.

The values travel as one JSON array, so that the statement is the same however many there are.
"""

import json
import sqlite3
from collections.abc import Iterable

from toolkit.demo_org.schema import Field, SObject


def existing(connection: sqlite3.Connection, sobject: SObject, record_ids: Iterable[str]) -> dict[str, bool]:
    """Return those of the 18-character ids that are records of the object, and whether each is deleted."""
    deleted = "IsDeleted" if sobject.field("IsDeleted") else "0"
    statement = f'SELECT Id, {deleted} FROM "{sobject.name}" WHERE Id IN (SELECT value FROM json_each(?))'
    return {row[0]: bool(row[1]) for row in connection.execute(statement, (json.dumps(list(record_ids)),))}


def count(connection: sqlite3.Connection, sobject: SObject) -> tuple[int, int]:
    """Return how many records an object has, and how many more are in the recycle bin."""
    whole = int(connection.execute(f'SELECT count(*) FROM "{sobject.name}"').fetchone()[0])
    if sobject.field("IsDeleted") is None:
        return whole, 0
    gone = int(connection.execute(f'SELECT count(*) FROM "{sobject.name}" WHERE IsDeleted = 1').fetchone()[0])
    return whole - gone, gone


def find_ids(
    connection: sqlite3.Connection, sobject: SObject, field: Field, values: Iterable[str]
) -> dict[str, list[str]]:
    """Return the ids of the records, not deleted, that have one of these values in a field, by the value in lower case.

    Values compare as the field does: without regard to case unless it is case-sensitive.
    """
    present = " AND IsDeleted = 0" if sobject.field("IsDeleted") else ""
    statement = (
        f'SELECT "{field.name}", Id FROM "{sobject.name}" '
        f'WHERE "{field.name}" IN (SELECT value FROM json_each(?)){present} ORDER BY Id'
    )
    found: dict[str, list[str]] = {}
    for value, record_id in connection.execute(statement, (json.dumps(list(values)),)):
        found.setdefault(key_text(value).lower(), []).append(record_id)
    return found


def key_text(value: object) -> str:
    """Return the text of an external id, empty where it is none; a number, however it is sent, is one text."""
    if isinstance(value, float | int) and not isinstance(value, bool):
        return f"{value:.15g}"
    return value.strip() if isinstance(value, str) else ""


def records_of(
    connection: sqlite3.Connection, sobject: SObject, record_ids: Iterable[str | None]
) -> dict[str, dict[str, str | int | float | None]]:
    """Return all stored values of these records, deleted ones too, by id."""
    statement = f'SELECT * FROM "{sobject.name}" WHERE Id IN (SELECT value FROM json_each(?))'
    cursor = connection.execute(statement, (json.dumps(list(record_ids)),))
    names = [column[0] for column in cursor.description]
    records = (dict(zip(names, row, strict=True)) for row in cursor)
    return {str(record["Id"]): record for record in records}
