"""Child subqueries: ``SELECT Name, (SELECT LastName FROM Contacts) FROM Account``.

The children of a record come with its row, as one JSON array of their own rows: a correlated SELECT collects them. So
a page of records costs one statement, however deep the subqueries go.
"""

from toolkit.demo_org.schema import ChildRelationship, Field, SObject
from toolkit.demo_org.soql import complaints
from toolkit.demo_org.soql.binding import bound
from toolkit.demo_org.soql.conditions import Terms, present_records, where
from toolkit.demo_org.soql.ordering import order_by, sort_keys, sorting_of_records
from toolkit.demo_org.soql.prepared import Column, Query
from toolkit.demo_org.soql.selection import InnerColumn, Selection, is_aggregate, select_records
from toolkit.demo_org.soql.semijoins import check_semijoins, semijoin
from toolkit.demo_org.soql.setting import Setting
from toolkit.demo_org.soql.sources import Sources, sources_for
from toolkit.demo_org.soql.tree import Nested, Origin, Statement, TypeOf
from toolkit.demo_org.soql.typeof import type_of_column

MOST_SUBQUERIES = 20
DEEPER_SINCE = 58
MOST_DEPTH, MOST_DEPTH_BEFORE = 4, 1
"""How many levels of subqueries there may be below the statement itself."""

COLUMNS_IN_ONE_ARRAY = 100  # SQLite bounds the arguments of a function


def inner_columns(statement: Statement, sources: Sources, setting: Setting, depth: int = 0) -> InnerColumn:
    """Return what makes columns of the child subqueries and TYPEOFs of `statement`, `depth` levels below the first."""

    def column(expression: Nested | TypeOf, selection: Selection) -> Column:
        if isinstance(expression, TypeOf):
            return type_of_column(expression, sources, setting, selection)
        return _child_column(expression, statement, sources, setting, selection, depth + 1)

    return column


def count_subqueries(statement: Statement) -> int:
    """Return how many child subqueries there are, those within others included."""
    nested = [each.expression.statement for each in statement.selected if isinstance(each.expression, Nested)]
    return len(nested) + sum(count_subqueries(each) for each in nested)


def _child_column(
    nested: Nested,
    outer: Statement,
    outer_sources: Sources,
    setting: Setting,
    selection: Selection,
    depth: int,
) -> Column:
    statement = nested.statement
    _check(statement, outer, nested, setting, depth)
    relationship, child = _relationship(statement.origin, outer_sources)
    prefix = f"{outer_sources.prefix}{len(selection.columns)}c"
    sources = sources_for(child, statement.origin, outer.text, outer_sources.schema, outer_sources.reader, prefix)
    rows = Selection()
    inner = inner_columns(statement, sources, setting, depth)
    select_records(statement, sources, setting, inner, rows)
    parent = outer_sources.root.tables[0].column("Id")
    conditions = f"{sources.root.tables[0].column(relationship.field)} = {parent}"
    sql = _sql(statement, sources, setting, rows, conditions)
    query = Query(
        outer.text, child, tuple(rows.columns), tuple(rows.parents.values()), sources.key_prefixes, setting.zone
    )
    name = relationship.name or ""
    placed = selection.append(sql, tuple(rows.params))
    return Column((name,), Field(name, name, "children"), placed, "children", written=name, child=query)


def _check(statement: Statement, outer: Statement, nested: Nested, setting: Setting, depth: int) -> None:
    deepest = MOST_DEPTH if setting.version >= DEEPER_SINCE else MOST_DEPTH_BEFORE
    if depth > deepest:
        message = f"SOQL statements cannot query aggregate relationships more than {deepest} level away from the root"
        raise complaints.at(outer.text, nested.position, f"{message} entity object.", "MALFORMED_QUERY")
    if is_aggregate(statement) or statement.having is not None:
        raise complaints.plain("only root queries support aggregate expressions")
    if statement.offset is not None and outer.limit != 1:
        raise complaints.plain("OFFSET in a subquery is only supported if the parent query has LIMIT 1")
    clauses = (
        ("USING", statement.scope),
        ("WITH", statement.modes),
        ("FOR", statement.noted),
        ("UPDATE", statement.updates),
    )
    for clause, present in clauses:
        if present:
            position = outer.text.upper().find(clause, nested.position)
            raise complaints.unexpected(outer.text, position, clause)
    check_semijoins(statement)


def _relationship(origin: Origin, outer: Sources) -> tuple[ChildRelationship, SObject]:
    *start, name = origin.name.split(".")
    if start and (len(start) > 1 or start[0].lower() not in {outer.sobject.name.lower(), *outer.aliases}):
        message = "First SObject of a nested query must be a child of its outer query."
        raise complaints.at(outer.text, origin.position, message, "INVALID_TYPE")
    for relationship in outer.sobject.child_relationships:
        child = outer.schema.get(relationship.child)
        if relationship.name is None or relationship.name.lower() != name.lower() or child is None:
            continue
        seen = outer.reader.may("Read", child) and outer.reader.readable(child.name, relationship.field)
        if seen and child.field(relationship.field):
            return relationship, child
    raise complaints.no_such_child_relationship(outer.text, origin.position, name)


def _sql(statement: Statement, sources: Sources, setting: Setting, rows: Selection, conditions: str) -> str:
    """Return the SELECT that collects the rows; its values go to the end of ``rows.params``, in order."""
    parts = [conditions, *present_records(sources, all_rows=setting.all_rows)]
    if statement.where is not None:
        terms = Terms(sources, setting, rows.params, lambda each: bound(each, sources, setting), semijoin)
        parts.append(where(statement.where, terms))
    keys = sort_keys(statement, sources, sorting_of_records(sources, setting))
    ordered = order_by(keys, f"{sources.root.tables[0].alias}.rowid")
    bounds = ""
    if statement.limit is not None or statement.offset is not None:
        rows.params += [-1 if statement.limit is None else min(statement.limit, 2**62), statement.offset or 0]
        bounds = " LIMIT ? OFFSET ?"
    listed = ", ".join(f"{sql} AS c{place}" for place, sql in enumerate(rows.expressions))
    readings = {column.index: column.reading for column in rows.columns}
    cells = [_cell(f"c{place}", readings.get(place)) for place in range(len(rows.expressions))]
    return (
        f"(SELECT json_group_array({_array(cells)}) FROM "
        f"(SELECT {listed} FROM {sources.sql} WHERE {' AND '.join(parts)}{ordered}{bounds}))"
    )


def _cell(name: str, reading: str | None) -> str:
    """Return the SQL of a value as JSON has it: rows as they are, numbers with every digit they have."""
    if reading == "children":
        return f"json({name})"
    if reading == "number":
        return f"CASE WHEN {name} IS NOT NULL THEN json(printf('%!.17g', {name})) END"
    return name


def _array(cells: list[str]) -> str:
    if len(cells) <= COLUMNS_IN_ONE_ARRAY:
        return f"json_array({', '.join(cells)})"
    joined = " || ',' || ".join(f"json_quote({cell})" for cell in cells)
    return f"json('[' || {joined} || ']')"
