"""Working formula fields out again for records that are there already."""

from collections.abc import Mapping, Sequence

from toolkit.demo_org.completion import Draft, make_completion
from toolkit.demo_org.database import Database
from toolkit.demo_org.formula import to_stored
from toolkit.demo_org.lookups import records_of
from toolkit.demo_org.rules import Rules
from toolkit.demo_org.schema import Schema, SObject
from toolkit.demo_org.validation import Stored

CHUNK = 2_000


def recalculate(database: Database, schema: Schema, sobject: SObject, names: Sequence[str], at: str) -> None:
    """Work these formula fields of all records of an object out. No stamp moves, as in Salesforce."""
    formulas = [each for each in make_completion(schema, sobject, Rules()).formulas if each[0].name in names]

    def look_up(record_id: str) -> Mapping[str, Stored]:
        parent = schema.by_prefix(record_id)
        return {} if parent is None else records_of(database.connection, parent, [record_id]).get(record_id, {})

    with database.writing() as connection:
        ids = [row[0] for row in connection.execute(f'SELECT Id FROM "{sobject.name}"')]
        for start in range(0, len(ids), CHUNK):
            for record_id, record in records_of(connection, sobject, ids[start : start + CHUNK]).items():
                draft = Draft(sobject, schema, record, record, frozenset(), False, at, "", look_up, lambda _: None)
                for field, formula in formulas:
                    value = to_stored(field, formula.value(draft))
                    statement = f'UPDATE "{sobject.name}" SET "{field.name}" = ? WHERE Id = ?'
                    connection.execute(statement, (value, record_id))
