"""Deleting: a record goes to the recycle bin, and its child relationships decide what happens to those who refer to it.

Children go with it, or keep it from going, or lose their reference to it. The bin remembers what went with what and
which references were lost, so that `toolkit.demo_org.recycling` can bring it all back. An object without IsDeleted has
no bin: its records are gone at once.
"""

import sqlite3

from toolkit.demo_org.database import Database
from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.schema import ChildRelationship, Schema, SObject
from toolkit.demo_org.statements import change_records

BIN = "_bin"
LOST = "_lost"

_BLOCKING_CONTRACTS = " AND StatusCode = 'Activated'"


def prepare_bin(database: Database) -> None:
    """Make the tables of the recycle bin if they are not there yet."""
    with database.writing() as connection:
        connection.execute(
            f"CREATE TABLE IF NOT EXISTS {BIN} (record TEXT PRIMARY KEY, object TEXT NOT NULL, at TEXT NOT NULL, "
            "root TEXT NOT NULL)"
        )
        connection.execute(
            f"CREATE TABLE IF NOT EXISTS {LOST} (root TEXT NOT NULL, object TEXT NOT NULL, record TEXT NOT NULL, "
            "field TEXT NOT NULL, value TEXT NOT NULL)"
        )
        connection.execute(f"CREATE INDEX IF NOT EXISTS {BIN}_root ON {BIN} (root)")
        connection.execute(f"CREATE INDEX IF NOT EXISTS {LOST}_root ON {LOST} (root)")


def delete_record(database: Database, schema: Schema, sobject: SObject, record_id: str, at: str, user_id: str) -> None:
    """Move a record and all that goes with it to the recycle bin. Call it inside `Database.writing`.

    Raises ENTITY_IS_DELETED when it is there already and DELETE_FAILED when a record that refers to it forbids it.
    """
    if sobject.name == "AccountContactRelation" and _is_direct(database.connection, record_id):
        message = "You can't delete a direct account-contact relationship. Change the contact's account instead."
        raise Refusal(400, "DELETE_FAILED", message, ())
    if sobject.name == "Contact" and sobject.field("IsPersonAccount") and _is_twin(database.connection, record_id):
        raise Refusal(400, "DELETE_FAILED", "Delete the person account instead of its contact.", ())
    _Deletion(database, schema, record_id, at, user_id).delete(sobject, record_id)


def _is_direct(connection: sqlite3.Connection, record_id: str) -> bool:
    statement = "SELECT 1 FROM AccountContactRelation WHERE Id = ? AND IsDeleted = 0"
    return connection.execute(f"{statement} AND IsDirect = 1", (record_id,)).fetchone() is not None


def _is_twin(connection: sqlite3.Connection, record_id: str) -> bool:
    statement = "SELECT 1 FROM Contact WHERE Id = ? AND IsPersonAccount = 1 AND IsDeleted = 0"
    return connection.execute(statement, (record_id,)).fetchone() is not None


class _Deletion:
    """One deletion with all that follows from it; `root` is the record it began with."""

    def __init__(self, database: Database, schema: Schema, root: str, at: str, user_id: str) -> None:
        self._database = database
        self._connection = database.connection
        self._schema = schema
        self._root = root
        self._at = at
        self._user_id = user_id

    def delete(self, sobject: SObject, record_id: str) -> None:
        """Move one record to the bin, then see to those who refer to it."""
        if sobject.has_bin:
            self._to_bin(sobject, record_id)
        else:
            self._remove(sobject, record_id)
        for relationship in self._schema.children_of(sobject):
            self._see_to(sobject, relationship, record_id)
        twin = _TWINS.get(sobject.name)
        if twin is not None:
            self._delete_twin(twin, record_id)

    def _to_bin(self, sobject: SObject, record_id: str) -> None:
        statement = f'SELECT 1 FROM "{sobject.name}" WHERE Id = ? AND IsDeleted = 0'
        if self._connection.execute(statement, (record_id,)).fetchone() is None:
            raise Refusal(404, "ENTITY_IS_DELETED", "entity is deleted", ())
        changes = (self._database, sobject, [record_id], {"IsDeleted": 1}, self._at, self._user_id)
        change_records(*changes, kind="delete")
        self._connection.execute(
            f"INSERT OR REPLACE INTO {BIN} VALUES (?, ?, ?, ?)", (record_id, sobject.name, self._at, self._root)
        )

    def _remove(self, sobject: SObject, record_id: str) -> None:
        if not self._connection.execute(f'DELETE FROM "{sobject.name}" WHERE Id = ?', (record_id,)).rowcount:
            raise Refusal(404, "ENTITY_IS_DELETED", "entity is deleted", ())
        self._database.log_changes(sobject.name, "delete", [record_id], self._at, self._user_id)

    def _see_to(self, sobject: SObject, relationship: ChildRelationship, record_id: str) -> None:
        child = self._schema.get(relationship.child)
        field = None if child is None else child.field(relationship.field)
        if child is None or field is None:
            return
        if relationship.restricted_delete and self._is_blocked(child, relationship, record_id):
            raise self._forbidden(sobject, child, record_id)
        children = self._children(child, relationship.field, record_id)
        if relationship.cascade_delete:
            for child_id in children:
                self.delete(child, child_id)
        elif field.createable and children:  # what the org fills in by itself, such as the account of a task, stays
            self._let_go(child, relationship.field, children, record_id)

    def _delete_twin(self, twin_name: str, record_id: str) -> None:
        # A note and its document, a person account and its contact: neither is there without the other.
        twin = self._schema.get(twin_name)
        if twin is None:
            return
        statement = f'SELECT 1 FROM "{twin.name}" WHERE Id = ? AND IsDeleted = 0'
        if self._connection.execute(statement, (record_id,)).fetchone() is not None:
            self.delete(twin, record_id)

    def _children(self, child: SObject, field_name: str, record_id: str) -> list[str]:
        alive = " AND IsDeleted = 0" if child.has_bin else ""
        statement = f'SELECT Id FROM "{child.name}" WHERE "{field_name}" = ?{alive}'
        return [row[0] for row in self._connection.execute(statement, (record_id,))]

    def _is_blocked(self, child: SObject, relationship: ChildRelationship, record_id: str) -> bool:
        # Where both are described, cascade and restricted, drafts go along and only what is in force blocks.
        in_force = _BLOCKING_CONTRACTS if relationship.cascade_delete else ""
        alive = " AND IsDeleted = 0" if child.has_bin else ""
        statement = f'SELECT 1 FROM "{child.name}" WHERE "{relationship.field}" = ?{alive}{in_force}'
        return self._connection.execute(statement, (record_id,)).fetchone() is not None

    def _forbidden(self, sobject: SObject, child: SObject, record_id: str) -> Refusal:
        statement = f'SELECT "{sobject.name_column or "Id"}" FROM "{sobject.name}" WHERE Id = ?'
        row = self._connection.execute(statement, (record_id,)).fetchone()
        message = (
            f"Your attempt to delete {row[0]} could not be completed because it is associated with the following "
            f"{child.label_plural.lower()}."
        )
        return Refusal(400, "DELETE_FAILED", message, ())

    def _let_go(self, child: SObject, field_name: str, children: list[str], record_id: str) -> None:
        change_records(self._database, child, children, {field_name: None}, self._at, self._user_id)
        self._connection.executemany(
            f"INSERT INTO {LOST} VALUES (?, ?, ?, ?, ?)",
            [(self._root, child.name, each, field_name, record_id) for each in children],
        )


_TWINS = {"ContentNote": "ContentDocument", "ContentDocument": "ContentNote"}
