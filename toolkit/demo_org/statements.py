"""Writing rows as they are: the SQL of it, the stamps, and what the org writes of its own accord."""

from collections.abc import Mapping, Sequence

from toolkit.demo_org.database import Database
from toolkit.demo_org.ids import make_id
from toolkit.demo_org.schema import SObject
from toolkit.demo_org.validation import Stored, default_value


def insert_sql(sobject: SObject, names: Sequence[str]) -> str:
    """Return the statement that inserts a row with these columns."""
    columns = ", ".join(f'"{name}"' for name in names)
    return f'INSERT INTO "{sobject.name}" ({columns}) VALUES ({", ".join("?" * len(names))})'


def update_sql(sobject: SObject, names: Sequence[str]) -> str:
    """Return the statement that sets these columns of the row whose id comes last."""
    assignments = ", ".join(f'"{name}" = ?' for name in names)
    return f'UPDATE "{sobject.name}" SET {assignments} WHERE Id = ?'


def stamps(sobject: SObject, at: str, user_id: str, *, creating: bool) -> dict[str, Stored]:
    """Return who and when, for as much of it as the object keeps."""
    found: dict[str, Stored] = {"LastModifiedDate": at, "LastModifiedById": user_id, "SystemModstamp": at}
    if creating:
        found = {"CreatedDate": at, "CreatedById": user_id, **found}
    return {name: value for name, value in found.items() if sobject.field(name)}


def defaults(sobject: SObject, names: Sequence[str], user_id: str) -> dict[str, Stored]:
    """Return the fields a new record gets a value in without being given one, with the values."""
    found = {
        each.name: default_value(each, user_id) for each in sobject.fields if each.stored and each.name not in names
    }
    return {name: value for name, value in found.items() if value is not None}


def make_record(
    database: Database, sobject: SObject, values: Mapping[str, Stored], at: str, user_id: str, record_id: str = ""
) -> str:
    """Write a new record as the org itself does, without checks, and return its id. Call it inside `writing`."""
    made = record_id or make_id(sobject.key_prefix, database.next_numbers(sobject, 1)[0])
    row = {
        **defaults(sobject, tuple(values), user_id),
        **values,
        "Id": made,
        **stamps(sobject, at, user_id, creating=True),
    }
    database.connection.execute(insert_sql(sobject, tuple(row)), list(row.values()))
    database.log_changes(sobject.name, "create", [made], at, user_id)
    return made


def change_records(
    database: Database,
    sobject: SObject,
    record_ids: Sequence[str],
    values: Mapping[str, Stored],
    at: str,
    user_id: str,
    kind: str = "update",
) -> None:
    """Set the same values on records as the org itself does, without checks. Call it inside `writing`."""
    if not record_ids:
        return
    row = {**values, **stamps(sobject, at, user_id, creating=False)}
    statement = update_sql(sobject, tuple(row))
    database.connection.executemany(statement, [[*row.values(), record_id] for record_id in record_ids])
    database.log_changes(sobject.name, kind, record_ids, at, user_id)
