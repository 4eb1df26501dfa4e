"""Merging: up to two records become part of a third. What referred to them refers to it, and they go to the bin.

The losers keep ``MasterRecordId``, which is how a reader of deleted records learns where they went. The winner keeps
its own values except where the call names others.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from toolkit.demo_org.database import Database
from toolkit.demo_org.deletion import BIN
from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.lookups import existing, records_of
from toolkit.demo_org.schema import Field, Schema, SObject
from toolkit.demo_org.statements import change_records

MERGEABLE = ("Account", "Contact", "Lead", "Case")
MOST_LOSERS = 2


@dataclass(frozen=True)
class Merged:
    """A merge that was done: the winner, the losers, and the records that now refer to the winner."""

    id: str
    merged: tuple[str, ...]
    related: tuple[str, ...]


def check_merge(database: Database, sobject: SObject, master_id: str, loser_ids: Sequence[str]) -> None:
    """Raise the Refusal of a merge that cannot be."""
    if sobject.name not in MERGEABLE:
        message = f"entity type {sobject.name} does not support merge"
        raise Refusal(400, "INVALID_TYPE_FOR_OPERATION", message)
    if not 1 <= len(set(loser_ids)) == len(loser_ids) <= MOST_LOSERS:
        raise Refusal(400, "INVALID_NUMBER_OF_RECORDS", "You can merge up to two records into a third one", ())
    if master_id in loser_ids:
        raise Refusal(400, "MERGE_FAILED", "A record cannot be merged with itself", ())
    known = existing(database.connection, sobject, [master_id, *loser_ids])
    for each in (master_id, *loser_ids):
        if each not in known:
            raise Refusal(400, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", ())
        if known[each]:
            raise Refusal(404, "ENTITY_IS_DELETED", "entity is deleted", ())
    if sobject.field("IsPersonAccount"):
        records = records_of(database.connection, sobject, [master_id, *loser_ids])
        if len({record["IsPersonAccount"] for record in records.values()}) > 1:
            raise Refusal(400, "MERGE_FAILED", "A person account cannot be merged with a business account", ())


def merge_records(
    database: Database,
    schema: Schema,
    sobject: SObject,
    master_id: str,
    loser_ids: Sequence[str],
    at: str,
    user_id: str,
) -> Merged:
    """Merge checked records. Call it inside `Database.writing`, after the winner's new values have been saved."""
    related: list[str] = []
    for loser_id in loser_ids:
        _let_go_of(database, sobject, master_id, loser_id, at, user_id)
        for child, field in _references(schema, sobject):
            related += _move(database, child, field, loser_id, master_id, at, user_id)
        values: Mapping[str, str | int] = {"IsDeleted": 1, "MasterRecordId": master_id}
        change_records(database, sobject, [loser_id], values, at, user_id, kind="delete")
        statement = f"INSERT OR REPLACE INTO {BIN} VALUES (?, ?, ?, ?)"
        database.connection.execute(statement, (loser_id, sobject.name, at, loser_id))
    _settle_relations(database, schema, sobject, master_id, at, user_id)
    return Merged(master_id, tuple(loser_ids), tuple(dict.fromkeys(related)))


def _references(schema: Schema, sobject: SObject) -> Iterator[tuple[SObject, Field]]:
    for child in schema:
        for field in child.fields:
            refers = field.type == "reference" and field.stored and sobject.name in field.reference_to
            if refers and field.name not in ("MasterRecordId", "PersonContactId"):
                yield child, field


def _let_go_of(database: Database, sobject: SObject, master_id: str, loser_id: str, at: str, user_id: str) -> None:
    """Take the loser from above the winner, so that the winner does not come to be above itself."""
    for field in sobject.fields:
        if field.type == "reference" and field.stored and sobject.name in field.reference_to and field.createable:
            statement = f'SELECT "{field.name}" FROM "{sobject.name}" WHERE Id = ?'
            if database.connection.execute(statement, (master_id,)).fetchone() == (loser_id,):
                above = database.connection.execute(statement, (loser_id,)).fetchone()[0]
                new = None if above == master_id else above
                change_records(database, sobject, [master_id], {field.name: new}, at, user_id)


def _move(
    database: Database, child: SObject, field: Field, loser_id: str, master_id: str, at: str, user_id: str
) -> list[str]:
    alive = " AND IsDeleted = 0" if child.has_bin else ""
    statement = f'SELECT Id FROM "{child.name}" WHERE "{field.name}" = ? AND Id NOT IN (?, ?){alive}'
    moved = [row[0] for row in database.connection.execute(statement, (loser_id, loser_id, master_id))]
    change_records(database, child, moved, {field.name: master_id}, at, user_id)
    return moved


_ONE_EACH = {
    "AccountContactRelation": ("AccountId, ContactId", "IsDirect DESC, Id"),
    "OpportunityContactRole": ("OpportunityId, ContactId, Role", "IsPrimary DESC, Id"),
    "ContentDocumentLink": ("ContentDocumentId, LinkedEntityId", "Id"),
}


def _settle_relations(
    database: Database, schema: Schema, sobject: SObject, master_id: str, at: str, user_id: str
) -> None:
    """Put what the winner now has twice into the bin."""
    for name, (same, order) in _ONE_EACH.items():
        child = schema.get(name)
        field = (
            None if child is None else next((each for each in child.fields if sobject.name in each.reference_to), None)
        )
        if child is None or field is None:
            continue
        statement = (
            f"SELECT Id FROM (SELECT Id, row_number() OVER (PARTITION BY {same} ORDER BY {order}) AS place "
            f'FROM "{name}" WHERE IsDeleted = 0 AND "{field.name}" = ?) WHERE place > 1'
        )
        doubled = [row[0] for row in database.connection.execute(statement, (master_id,))]
        change_records(database, child, doubled, {"IsDeleted": 1}, at, user_id, kind="delete")
