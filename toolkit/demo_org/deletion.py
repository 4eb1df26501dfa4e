"""Deleting: a record goes to the recycle bin, and its child relationships decide what happens to those who refer to it.

Children go with it, or keep it from going, or lose their reference to it.
"""

import sqlite3

from toolkit.demo_org.database import Database
from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.schema import ChildRelationship, Schema, SObject

_BLOCKING_CONTRACTS = " AND StatusCode = 'Activated'"


def delete_record(database: Database, schema: Schema, sobject: SObject, record_id: str, at: str, user_id: str) -> None:
    """Move a record and all that goes with it to the recycle bin. Call it inside `Database.writing`.

    Raises ENTITY_IS_DELETED when it is there already and DELETE_FAILED when a record that refers to it forbids it.
    """
    connection = database.connection
    stamps = "IsDeleted = 1, LastModifiedDate = ?, LastModifiedById = ?, SystemModstamp = ?"
    changed = connection.execute(
        f'UPDATE "{sobject.name}" SET {stamps} WHERE Id = ? AND IsDeleted = 0', (at, user_id, at, record_id)
    ).rowcount
    if not changed:
        raise Refusal(404, "ENTITY_IS_DELETED", "entity is deleted", ())
    database.log_changes(sobject.name, "delete", [record_id], at, user_id)
    for relationship in sobject.child_relationships:
        child = schema.get(relationship.child)
        field = None if child is None else child.field(relationship.field)
        if child is None or field is None or child.field("IsDeleted") is None:
            continue
        if relationship.restricted_delete and _blockers(connection, relationship, record_id):
            raise _forbidden(connection, sobject, child, record_id)
        if relationship.cascade_delete:
            for child_id in _children(connection, relationship, record_id):
                delete_record(database, schema, child, child_id, at, user_id)
        elif field.createable:  # what the org fills in by itself, such as the account of a task, stays
            _let_go(database, relationship, _children(connection, relationship, record_id), at, user_id)


def _children(connection: sqlite3.Connection, relationship: ChildRelationship, record_id: str) -> list[str]:
    statement = f'SELECT Id FROM "{relationship.child}" WHERE "{relationship.field}" = ? AND IsDeleted = 0'
    return [row[0] for row in connection.execute(statement, (record_id,))]


def _blockers(connection: sqlite3.Connection, relationship: ChildRelationship, record_id: str) -> bool:
    # Where both are described, cascade and restricted, drafts go along and only what is in force blocks.
    in_force = _BLOCKING_CONTRACTS if relationship.cascade_delete else ""
    statement = f'SELECT 1 FROM "{relationship.child}" WHERE "{relationship.field}" = ? AND IsDeleted = 0{in_force}'
    return connection.execute(statement, (record_id,)).fetchone() is not None


def _forbidden(connection: sqlite3.Connection, sobject: SObject, child: SObject, record_id: str) -> Refusal:
    row = connection.execute(f'SELECT Name FROM "{sobject.name}" WHERE Id = ?', (record_id,)).fetchone()
    message = (
        f"Your attempt to delete {row[0]} could not be completed because it is associated with the following "
        f"{child.label_plural.lower()}."
    )
    return Refusal(400, "DELETE_FAILED", message, ())


def _let_go(database: Database, relationship: ChildRelationship, children: list[str], at: str, user_id: str) -> None:
    if not children:
        return
    database.connection.executemany(
        f'UPDATE "{relationship.child}" SET "{relationship.field}" = NULL, LastModifiedDate = ?, LastModifiedById = ?, '
        "SystemModstamp = ? WHERE Id = ?",
        [(at, user_id, at, child_id) for child_id in children],
    )
    database.log_changes(relationship.child, "update", children, at, user_id)
