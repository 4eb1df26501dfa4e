"""Rows of the sample company: their stamps, and writing them straight into the tables."""

from collections.abc import Sequence
from datetime import date
from functools import lru_cache

from toolkit.demo_org.database import Database
from toolkit.demo_org.ids import make_id
from toolkit.demo_org.schema import Schema
from toolkit.demo_org.validation import Stored

Row = dict[str, Stored]


def stamps(created: str, changed: str, by: str) -> Row:
    """Return the fields that say who made and last changed a record, and when."""
    return {
        "CreatedDate": created,
        "CreatedById": by,
        "LastModifiedDate": changed,
        "LastModifiedById": by,
        "SystemModstamp": changed,
    }


@lru_cache(maxsize=8192)
def stamp_of(day: date) -> str:
    """Return nine in the morning of a day, as datetimes are stored."""
    return f"{day.isoformat()}T09:00:00.000Z"


def write_rows(database: Database, sobject_name: str, rows: Sequence[Row]) -> None:
    """Write rows that all have the same columns."""
    if not rows:
        return
    names = list(rows[0])
    columns = ", ".join(f'"{name}"' for name in names)
    statement = f'INSERT INTO "{sobject_name}" ({columns}) VALUES ({", ".join("?" * len(names))})'
    database.connection.executemany(statement, [tuple(row.values()) for row in rows])


def new_ids(database: Database, schema: Schema, sobject_name: str, count: int) -> list[str]:
    """Return ids for so many new records."""
    if not count:
        return []
    sobject = schema.get(sobject_name)
    assert sobject is not None
    return [make_id(sobject.key_prefix, number) for number in database.next_numbers(sobject, count)]
