"""TYPEOF: the fields of a parent by what kind of object it is."""

from dataclasses import dataclass

from toolkit.demo_org.schema import Field
from toolkit.demo_org.soql import complaints
from toolkit.demo_org.soql.prepared import Column, Query
from toolkit.demo_org.soql.selection import Selection, add_parents, field_column
from toolkit.demo_org.soql.setting import Setting
from toolkit.demo_org.soql.sources import Source, Sources
from toolkit.demo_org.soql.tree import Choice, Path, TypeOf

FIRST_VERSION = 46


@dataclass(frozen=True)
class _Branch:
    """What one WHEN or the ELSE reads: the fields, counted from a source whose names are not shown."""

    source: Source
    paths: tuple[Path, ...]


def type_of_column(type_of: TypeOf, sources: Sources, setting: Setting, selection: Selection) -> Column:
    """Return the column of a TYPEOF: the parent's id, and for each kind of parent the query that reads its fields."""
    if setting.version < FIRST_VERSION:
        raise complaints.unexpected(sources.text, type_of.position, "TYPEOF")
    source = sources.reach_source(type_of.path)
    if not source.polymorphic:
        message = f"TYPEOF requires a polymorphic relationship: {type_of.path}"
        raise complaints.at(sources.text, type_of.path.position, message, "MALFORMED_QUERY")
    add_parents(source.names[:-1], selection, sources)

    def read(branch: _Branch) -> Query:
        part = Selection(selection.expressions, selection.params)
        root = len(branch.source.names)
        part.columns = [
            field_column(sources.reach_from(branch.source, path), path, part, sources, root=root)
            for path in branch.paths
        ]
        sobject = branch.source.tables[0].sobject
        return Query(
            sources.text, sobject, tuple(part.columns), tuple(part.parents.values()), sources.key_prefixes, setting.zone
        )

    choices: list[tuple[str | None, Query]] = []
    for choice in type_of.choices:
        branch = _branch(choice, source, sources)
        choices.append((branch.source.tables[0].sobject.name, read(branch)))
    if type_of.otherwise:
        choices.append((None, read(_Branch(source, type_of.otherwise))))
    field = Field(source.names[-1], source.names[-1], "reference")
    placed = selection.place(source.id_sql)
    written = f"TYPEOF {type_of.path}"
    return Column(source.names, field, placed, "typeof", written=written, choices=tuple(choices))


def _branch(choice: Choice, source: Source, sources: Sources) -> _Branch:
    for table in source.tables:
        if table.sobject.name.lower() == choice.entity.lower():
            return _Branch(Source((*source.names, f"({table.sobject.name})"), (table,)), choice.paths)
    if sources.schema.get(choice.entity) is None:
        raise complaints.no_such_object(sources.text, choice.position, choice.entity)
    message = f"Object type '{choice.entity}' is not one that the relationship '{source.names[-1]}' can refer to"
    raise complaints.at(sources.text, choice.position, message, "MALFORMED_QUERY")
