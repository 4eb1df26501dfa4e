"""The tables a query reads: the object of FROM and, by LEFT JOIN, each parent its paths go through.

A path is resolved from the object outwards. A lookup that may point at several objects (Task.What, Task.Who) joins each
of them the org has; then only the fields of Salesforce's Name object can be read, and the first parent there is
answers.
"""

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Protocol

from toolkit.demo_org.schema import Field, Schema, SObject
from toolkit.demo_org.soql import complaints
from toolkit.demo_org.soql.tree import Origin, Path

MOST_LEVELS = 5
MOST_RELATIONSHIPS = 55
NAME_OBJECT = "Name"

_NAME_FIELDS = {
    name.lower(): name
    for name in (
        *("Id", "Name", "Type", "Email", "Phone", "Title", "FirstName", "LastName", "Username", "ProfileId"),
        *("UserRoleId", "IsActive", "Alias"),
    )
}


class Reader(Protocol):
    """Whoever asks: their user id, and which objects and fields they may see."""

    user_id: str

    def readable(self, sobject_name: str, field_name: str) -> bool:
        """Return whether this user may see the field."""

    def may(self, right: str, sobject: SObject) -> bool:
        """Return whether this user has a right, such as Read, on the object."""


@dataclass(frozen=True)
class Table:
    """One object under the name it has in the SQL statement."""

    alias: str
    sobject: SObject

    def column(self, name: str) -> str:
        """Return the SQL of a column."""
        return f'{self.alias}."{name}"'


@dataclass(frozen=True)
class Source:
    """The object at the end of a chain of relationships; several tables where the lookup may point at several."""

    names: tuple[str, ...]  # the relationships that lead here, as the org spells them
    tables: tuple[Table, ...]
    polymorphic: bool = False

    @property
    def entity(self) -> str:
        """The object's name, as error texts and ``attributes.type`` give it."""
        return NAME_OBJECT if self.polymorphic else self.tables[0].sobject.name

    @property
    def id_sql(self) -> str:
        """The SQL of the record's id, null where there is no such record."""
        return _first_of([table.column("Id") for table in self.tables])


@dataclass(frozen=True)
class Reached:
    """A field at the end of a path."""

    field: Field
    sql: str
    source: Source

    @property
    def names(self) -> tuple[str, ...]:
        """The path as the org spells it."""
        return (*self.source.names, self.field.name)


@dataclass
class Sources:
    """The tables of one SELECT. Joins are added as paths are resolved."""

    text: str
    schema: Schema
    reader: Reader
    root: Source
    prefix: str
    aliases: dict[str, Path] = field(default_factory=dict)
    joins: list[str] = field(default_factory=list)
    _reached: dict[tuple[str, ...], Source] = field(default_factory=dict)

    @property
    def sobject(self) -> SObject:
        """The object of FROM."""
        return self.root.tables[0].sobject

    @cached_property
    def key_prefixes(self) -> dict[str, str]:
        """The object of each id prefix."""
        return {each.key_prefix: each.name for each in self.schema}

    @property
    def sql(self) -> str:
        """The FROM clause."""
        table = self.root.tables[0]
        return " ".join([f'"{table.sobject.name}" AS {table.alias}', *self.joins])

    def reach(self, path: Path) -> Reached:
        """Return the field that `path` leads to; raises Refusal (INVALID_FIELD) where it leads nowhere."""
        *relationships, name = self._from_root(path)
        return self._field(self._parents(self.root, relationships, path), name, path)

    def reach_from(self, source: Source, path: Path) -> Reached:
        """Return the field that `path` leads to, counted from a parent instead of from the object of FROM."""
        *relationships, name = path.parts
        return self._field(self._parents(source, relationships, path), name, path)

    def reach_source(self, path: Path) -> Source:
        """Return the parent that a path of relationships alone leads to, such as ``What`` or ``Parent.Owner``."""
        return self._parents(self.root, list(self._from_root(path)), path)

    def parent(self, names: tuple[str, ...]) -> Source:
        """Return the parent that a resolved path went through, by the relationships that lead to it."""
        return self._reached[names]

    def fields(self) -> list[Field]:
        """Return the fields of the object of FROM that the user may see, in describe order."""
        return [each for each in self.sobject.fields if self.reader.readable(self.sobject.name, each.name)]

    def _from_root(self, path: Path) -> tuple[str, ...]:
        first = path.parts[0].lower()
        if len(path.parts) == 1:
            return path.parts
        if first in self.aliases:
            return (*self.aliases[first].parts, *path.parts[1:])
        if first == self.sobject.name.lower() and self.sobject.relationship(first) is None:
            return path.parts[1:]
        return path.parts

    def _parents(self, source: Source, relationships: list[str], path: Path) -> Source:
        if len(relationships) > MOST_LEVELS:
            raise complaints.no_such_relationship(self.text, path.position, relationships[MOST_LEVELS])
        for relationship in relationships:
            source = self._parent(source, relationship, path)
        return source

    def _parent(self, source: Source, relationship: str, path: Path) -> Source:
        table = source.tables[0]
        reference = None if source.polymorphic else table.sobject.relationship(relationship)
        if (
            reference is None
            or reference.relationship_name is None
            or not self.reader.readable(table.sobject.name, reference.name)
        ):
            raise complaints.no_such_relationship(self.text, path.position, relationship)
        names = (*source.names, reference.relationship_name)
        if names not in self._reached:
            self._reached[names] = self._joined(names, table, reference, path)
        return self._reached[names]

    def _joined(self, names: tuple[str, ...], table: Table, reference: Field, path: Path) -> Source:
        if len(self._reached) >= MOST_RELATIONSHIPS:
            raise complaints.plain(f"The number of relationships in the query exceeds {MOST_RELATIONSHIPS}.")
        tables = []
        for target in reference.reference_to:
            parent = self.schema.get(target)
            if parent is None or not self.reader.may("Read", parent):
                continue
            joined = Table(f"{self.prefix}{len(self.joins) + 1}", parent)
            self.joins.append(
                f'LEFT JOIN "{parent.name}" AS {joined.alias} ON {joined.column("Id")} = {table.column(reference.name)}'
            )
            tables.append(joined)
        if not tables:
            raise complaints.no_such_relationship(self.text, path.position, names[-1])
        return Source(names, tuple(tables), polymorphic=len(reference.reference_to) > 1)

    def _field(self, source: Source, name: str, path: Path) -> Reached:
        if source.polymorphic:
            return self._name_field(source, name, path)
        table = source.tables[0]
        found = table.sobject.field(name)
        if found is None or not self.reader.readable(table.sobject.name, found.name):
            raise complaints.no_such_field(self.text, path.position, name, table.sobject.name)
        return Reached(found, table.column(found.name), source)

    def _name_field(self, source: Source, name: str, path: Path) -> Reached:
        spelled = _NAME_FIELDS.get(name.lower())
        if spelled is None:
            raise complaints.no_such_field(self.text, path.position, name, NAME_OBJECT)
        if spelled == "Type":
            return Reached(Field("Type", "Type", length=40), _type_of(source.tables), source)
        having = [
            (table, found)
            for table in source.tables
            if (found := _named(table.sobject, spelled)) is not None
            and self.reader.readable(table.sobject.name, found.name)
        ]
        if not having:  # a field of every name, but of none of these objects
            return Reached(Field(spelled, spelled), "NULL", source)
        field = replace(having[0][1], name=spelled)
        return Reached(field, _first_of([table.column(found.name) for table, found in having]), source)


def sources_of(origin: Origin, text: str, schema: Schema, reader: Reader, prefix: str = "t") -> Sources:
    """Return the tables of a FROM clause; raises Refusal (INVALID_TYPE) for an object the user does not see.

    `prefix` keeps the names in an inner SELECT apart from those of the outer one.
    """
    sobject = schema.get(origin.name)
    if sobject is None or not reader.may("Read", sobject):
        raise complaints.no_such_object(text, origin.position, origin.name)
    return sources_for(sobject, origin, text, schema, reader, prefix)


def sources_for(sobject: SObject, origin: Origin, text: str, schema: Schema, reader: Reader, prefix: str) -> Sources:
    """Return the tables of a FROM clause that stands for this object, under the aliases it gives."""
    sources = Sources(text, schema, reader, Source((), (Table(f"{prefix}0", sobject),)), prefix)
    if origin.alias:
        sources.aliases[origin.alias.lower()] = Path((), origin.position)
    for path, alias in origin.others:
        whole = Path((*path.parts, "Id"), path.position)
        names = sources.reach(whole).names[:-1]
        sources.aliases[alias.lower()] = Path(names, path.position)
    return sources


def _named(sobject: SObject, name: str) -> Field | None:
    """Return the field that Salesforce's Name object has under this name; the name of a case is its number."""
    found = sobject.field(name)
    if found is None and name == "Name":
        return next((each for each in sobject.fields if each.name_field), None)
    return found


def _first_of(columns: list[str]) -> str:
    return columns[0] if len(columns) == 1 else f"coalesce({', '.join(columns)})"


def _type_of(tables: tuple[Table, ...]) -> str:
    cases = " ".join(f"WHEN {table.column('Id')} IS NOT NULL THEN '{table.sobject.name}'" for table in tables)
    return f"CASE {cases} END"
