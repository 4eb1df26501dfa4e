"""The recycle bin after the deletion: bringing records back, and removing them for good.

Records stay for 15 days of the org's clock; then they are gone, as they are at once when they are hard-deleted.
"""

from datetime import datetime, timedelta

from toolkit.demo_org.clock import to_stamp
from toolkit.demo_org.database import Database
from toolkit.demo_org.deletion import BIN, LOST, delete_record
from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.lookups import existing, find_ids, records_of
from toolkit.demo_org.schema import Schema, SObject
from toolkit.demo_org.statements import change_records

BIN_DAYS = 15


def undelete_record(
    database: Database, schema: Schema, _sobject: SObject, record_id: str, at: str, user_id: str
) -> None:
    """Bring a record and what went with it back from the bin. Call it inside `Database.writing`.

    Raises UNDELETE_FAILED when it is not in the bin or what it needs is gone, and DUPLICATE_VALUE when a unique value
    of it has been taken since.
    """
    connection = database.connection
    found = connection.execute(f"SELECT root FROM {BIN} WHERE record = ?", (record_id,)).fetchone()
    if found is None:
        raise Refusal(400, "UNDELETE_FAILED", "Entity is not in the recycle bin", ())
    rows = connection.execute(
        f"SELECT record, object FROM {BIN} WHERE record = ? OR root = ? ORDER BY record = ? DESC, rowid",
        (record_id, record_id, record_id),
    ).fetchall()
    coming = {each for each, _ in rows}
    for each, name in rows:
        its_object = schema.get(name)
        if its_object is not None:
            _restore(database, schema, its_object, each, coming, at, user_id)
    for name, child, field, value in connection.execute(
        f"SELECT object, record, field, value FROM {LOST} WHERE root = ?", (record_id,)
    ).fetchall():
        child_object = schema.get(name)
        if child_object is not None and child_object.field(field) is not None:
            _give_back(database, child_object, child, field, value, at, user_id)
    connection.execute(f"DELETE FROM {LOST} WHERE root = ?", (record_id,))


def remove_for_good(
    database: Database, schema: Schema, sobject: SObject, record_id: str, at: str, user_id: str
) -> None:
    """Remove a record, in the bin or not, and what goes with it, past the bin. Call it inside `Database.writing`."""
    connection = database.connection
    known = existing(connection, sobject, [record_id])
    if record_id not in known:
        raise Refusal(404, "ENTITY_IS_DELETED", "entity is deleted", ())
    if not known[record_id]:
        delete_record(database, schema, sobject, record_id, at, user_id)
    if sobject.has_bin:
        _empty(database, schema, f"record = '{record_id}' OR root = '{record_id}'")


def remove_from_bin(
    database: Database, schema: Schema, _sobject: SObject, record_id: str, _at: str, _user_id: str
) -> None:
    """Remove a record that lies in the bin, and what went with it. Raises Refusal when it does not lie there."""
    rows = database.connection.execute(f"SELECT 1 FROM {BIN} WHERE record = ?", (record_id,))
    if rows.fetchone() is None:
        raise Refusal(400, "INVALID_ID_FIELD", "Invalid record id; no recycle bin entry found", ())
    _empty(database, schema, f"record = '{record_id}' OR root = '{record_id}'")


def purge(database: Database, schema: Schema, now: datetime) -> int:
    """Remove for good what has been in the bin for longer than `BIN_DAYS`; return how many records that was."""
    oldest = to_stamp(now - timedelta(days=BIN_DAYS))
    with database.writing() as connection:
        if connection.execute(f"SELECT 1 FROM {BIN} WHERE at < ? LIMIT 1", (oldest,)).fetchone() is None:
            return 0
        return _empty(database, schema, f"at < '{oldest}'")


def _empty(database: Database, schema: Schema, term: str) -> int:
    connection = database.connection
    rows = connection.execute(f"SELECT record, object FROM {BIN} WHERE {term}").fetchall()
    for record_id, name in rows:
        if schema.get(name) is not None:
            connection.execute(f'DELETE FROM "{name}" WHERE Id = ? AND IsDeleted = 1', (record_id,))
        connection.execute(f"DELETE FROM {LOST} WHERE root = ?", (record_id,))
    connection.execute(f"DELETE FROM {BIN} WHERE {term}")
    return len(rows)


def _restore(
    database: Database, schema: Schema, sobject: SObject, record_id: str, coming: set[str], at: str, user_id: str
) -> None:
    connection = database.connection
    record = records_of(connection, sobject, [record_id]).get(record_id)
    if record is None:
        raise Refusal(400, "UNDELETE_FAILED", "Entity is not in the recycle bin", ())
    for unique in (each for each in sobject.fields if each.unique and record.get(each.name) is not None):
        value = str(record[unique.name])
        holders = find_ids(connection, sobject, unique, [value]).get(value.lower())
        if holders:
            text = f"duplicate value found: {unique.name} duplicates value on record with id: {holders[0][:15]}"
            raise Refusal(400, "DUPLICATE_VALUE", text, ())
    values: dict[str, str | int | float | None] = {"IsDeleted": 0}
    if sobject.field("MasterRecordId"):
        values["MasterRecordId"] = None
    for field in sobject.fields:
        parent = record.get(field.name) if field.type == "reference" and field.stored else None
        if parent is None or not field.createable or parent in coming or _is_there(database, schema, str(parent)):
            continue
        if not field.nillable:
            text = f"{field.label}: the record it belongs to is deleted"
            raise Refusal(400, "UNDELETE_FAILED", text, (field.name,))
        values[field.name] = None
    change_records(database, sobject, [record_id], values, at, user_id, kind="undelete")
    connection.execute(f"DELETE FROM {BIN} WHERE record = ?", (record_id,))


def _is_there(database: Database, schema: Schema, record_id: str) -> bool:
    sobject = schema.by_prefix(record_id)
    return sobject is not None and existing(database.connection, sobject, [record_id]).get(record_id) is False


def _give_back(
    database: Database, child: SObject, record_id: str, field: str, value: str, at: str, user_id: str
) -> None:
    statement = f'SELECT 1 FROM "{child.name}" WHERE Id = ? AND "{field}" IS NULL'
    if database.connection.execute(statement, (record_id,)).fetchone() is not None:
        change_records(database, child, [record_id], {field: value}, at, user_id)
