"""SELECT: the columns a row has, where each stands in the row that SQLite gives, and how it reads.

A row begins with what the reader does not see: the record's own id and the ids of the parents on the way, from which
the ``attributes`` are made and by which a missing parent is known.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.schema import NUMBER_TYPES, Field
from toolkit.demo_org.soql import complaints
from toolkit.demo_org.soql.parser import AGGREGATES
from toolkit.demo_org.soql.sources import Reached, Sources
from toolkit.demo_org.soql.tree import Call, Comparison, Every, FieldsOf, Path, Selected, Statement

MOST_ROWS_OF_ALL_FIELDS = 200
ADDRESS_PARTS = (*("City", "Country", "GeocodeAccuracy", "Latitude", "Longitude", "PostalCode", "State", "Street"),)
_UNAGGREGATED = frozenset({"boolean", "multipicklist", "address"})
_SUMMED = NUMBER_TYPES | {"int"}


@dataclass(frozen=True)
class Column:
    """One column of the result.

    `names` is the path of keys in JSON (one of them where nothing is nested), `index` the place in the row, `reading`
    how the stored value is turned into the answer: plain, boolean, datetime, number, address, label or formatted.
    `function` is the aggregate or rendering function in capitals, if any.
    """

    names: tuple[str, ...]
    field: Field
    index: int
    reading: str = "plain"
    function: str | None = None

    @property
    def header(self) -> str:
        """The column's name in CSV."""
        return ".".join(self.names)


@dataclass(frozen=True)
class Parent:
    """A parent object on the way to a column: where its id stands in the row and what it is called."""

    names: tuple[str, ...]
    entity: str
    id_index: int


@dataclass
class Selection:
    """What a SELECT list comes to: the SQL expressions of the row and the columns over them."""

    expressions: list[str] = field(default_factory=list)
    columns: list[Column] = field(default_factory=list)
    parents: dict[tuple[str, ...], Parent] = field(default_factory=dict)

    def place(self, sql: str) -> int:
        """Return where an expression stands in the row, adding it if it is not there yet."""
        if sql not in self.expressions:
            self.expressions.append(sql)
        return self.expressions.index(sql)


def is_aggregate(statement: Statement) -> bool:
    """Return whether the statement gives groups instead of records."""
    return bool(statement.grouped) or any(_aggregate(each.expression) for each in statement.selected)


def select_records(statement: Statement, sources: Sources) -> Selection:
    """Return the selection of a statement that gives records."""
    selection = Selection()
    selection.place(sources.root.id_sql)
    seen: set[tuple[str, ...]] = set()
    for names, path, item in _expanded(statement, sources):
        column = _record_column(path, item, sources, selection)
        if column.names in seen:
            raise complaints.plain(f"duplicate field selected: {'.'.join(names)}", "INVALID_FIELD")
        seen.add(column.names)
        selection.columns.append(column)
    return selection


def select_groups(statement: Statement, sources: Sources) -> Selection:
    """Return the selection of a statement that gives groups; raises Refusal for a field that is not grouped."""
    selection = Selection()
    grouped = {sources.reach(path).names for path in statement.grouped}
    unnamed = 0
    for item in statement.selected:
        if isinstance(item.expression, FieldsOf):
            raise complaints.plain("The SOQL FIELDS function is not supported in a query that is grouped.")
        call = _aggregate(item.expression)
        if call is None:
            name, column = _grouped_column(item, grouped, sources, selection)
        else:
            name = item.alias or f"expr{unnamed}"
            unnamed += item.alias is None
            column = _aggregate_column(name, item.expression, call, sources, selection)
        if any(name.lower() == each.names[0].lower() for each in selection.columns):
            raise complaints.plain(f"duplicate alias: {name}")
        selection.columns.append(column)
    return selection


def aggregate_sql(call: Call, sources: Sources) -> tuple[str, Reached]:
    """Return the SQL of an aggregate function of a field, and the field."""
    if not isinstance(call.argument, Path) or call.function not in AGGREGATES:
        raise complaints.unexpected(sources.text, call.position, call.function.lower())
    reached = sources.reach(call.argument)
    kind, function = reached.field.type, call.function
    allowed = reached.field.filterable and kind not in _UNAGGREGATED
    if function in ("SUM", "AVG"):
        allowed = allowed and kind in _SUMMED
    if function in ("MIN", "MAX"):  # picklists have their own order; not built yet
        allowed = allowed and kind != "picklist"
    if not allowed:
        message = f"field {reached.field.name} does not support aggregate operator {function}"
        raise complaints.at(sources.text, call.position, message, "MALFORMED_QUERY")
    if function == "COUNT_DISTINCT":
        return f"count(DISTINCT {reached.sql})", reached
    return f"{function.lower()}({reached.sql})", reached


def _expanded(statement: Statement, sources: Sources) -> Iterable[tuple[tuple[str, ...], Path, Selected]]:
    """Yield each selected path, FIELDS() replaced by the fields it stands for, with its words as written."""
    for item in statement.selected:
        if item.alias is not None and not (isinstance(item.expression, Call) and item.expression.function == "FORMAT"):
            raise complaints.plain("only aggregate expressions use field aliasing")
        if isinstance(item.expression, FieldsOf):
            for each in _fields_of(item.expression, statement, sources):
                path = Path((each.name,), item.expression.position)
                yield path.parts, path, Selected(path, None)
            continue
        path = _path_of(item.expression, sources)
        yield path.parts, path, item


def _fields_of(fields_of: FieldsOf, statement: Statement, sources: Sources) -> list[Field]:
    if fields_of.group != "STANDARD" and not _is_bounded(statement):
        raise complaints.plain(f"The SOQL FIELDS function must have a LIMIT of at most {MOST_ROWS_OF_ALL_FIELDS}")
    wanted = {"ALL": (True, False), "STANDARD": (False,), "CUSTOM": (True,)}[fields_of.group]
    found = [each for each in sources.fields() if each.custom in wanted]
    if not found:
        raise complaints.plain("'FIELDS(...)' expansion function must result in at least one field being selected.")
    return found


def _is_bounded(statement: Statement) -> bool:
    """Whether there can be no more than 200 rows: by LIMIT, or because the ids are listed."""
    if statement.limit is not None and statement.limit <= MOST_ROWS_OF_ALL_FIELDS:
        return True
    terms = statement.where.terms if isinstance(statement.where, Every) else (statement.where,)
    return any(
        isinstance(term, Comparison)
        and str(term.left).lower() == "id"
        and term.operator in ("=", "IN")
        and len(term.values) <= MOST_ROWS_OF_ALL_FIELDS
        for term in terms
    )


def _path_of(expression: Path | Call, sources: Sources) -> Path:
    if isinstance(expression, Path):
        return expression
    if isinstance(expression.argument, Path):
        return expression.argument
    raise complaints.unexpected(sources.text, expression.position, expression.function.lower())


def _record_column(path: Path, item: Selected, sources: Sources, selection: Selection) -> Column:
    reached = sources.reach(path)
    for depth in range(1, len(reached.source.names) + 1):
        names = reached.source.names[:depth]
        if names not in selection.parents:
            parent = sources.parent(names)
            selection.parents[names] = Parent(names, parent.entity, selection.place(parent.id_sql))
    function = item.expression.function if isinstance(item.expression, Call) else None
    names = (item.alias,) if item.alias else reached.names
    sql = _address_sql(reached, sources) if reached.field.type == "address" else reached.sql
    return Column(names, reached.field, selection.place(sql), _reading(reached.field, function), function)


def _grouped_column(
    item: Selected, grouped: set[tuple[str, ...]], sources: Sources, selection: Selection
) -> tuple[str, Column]:
    expression = item.expression
    if isinstance(expression, FieldsOf):
        raise complaints.plain("The SOQL FIELDS function is not supported in a query that is grouped.")
    reached = sources.reach(_path_of(expression, sources))
    if reached.names not in grouped:
        raise _ungrouped(sources.text, expression.position, reached)
    name = item.alias or reached.field.name
    function = expression.function if isinstance(expression, Call) else None
    index = selection.place(reached.sql)
    return name, Column((name,), reached.field, index, _reading(reached.field, function), function)


def _ungrouped(text: str, position: int, reached: Reached) -> Refusal:
    message = f"Field must be grouped or aggregated: {reached.field.name}"
    return complaints.at(text, position, message, "MALFORMED_QUERY")


def _aggregate_column(
    name: str, expression: Path | Call | FieldsOf, call: Call, sources: Sources, selection: Selection
) -> Column:
    sql, reached = aggregate_sql(call, sources)
    counts = call.function in ("COUNT", "COUNT_DISTINCT")
    answer = Field(name, name, "int") if counts else reached.field
    if call.function == "AVG":
        answer = Field(name, name, "double", scale=max(reached.field.scale, 2))
    formatted = isinstance(expression, Call) and expression is not call
    reading = "formatted" if formatted else _reading(answer, None)
    return Column((name,), answer, selection.place(sql), reading, call.function)


def _aggregate(expression: Path | Call | FieldsOf) -> Call | None:
    """Return the aggregate function of a SELECT item, looking through FORMAT(), or None."""
    if not isinstance(expression, Call):
        return None
    if isinstance(expression.argument, Call):
        return _aggregate(expression.argument)
    return expression if expression.function in AGGREGATES else None


def _reading(field_: Field, function: str | None) -> str:
    if function == "FORMAT":
        return "formatted"
    if function == "TOLABEL" and field_.picklist:
        return "label"
    if field_.type in NUMBER_TYPES:
        return "number"
    return field_.type if field_.type in ("boolean", "datetime", "address") else "plain"


def _address_sql(reached: Reached, sources: Sources) -> str:
    """Return the SQL of an address as JSON text, null where every part of it is."""
    table = reached.source.tables[0]
    prefix = reached.field.name.removesuffix("Address")
    parts: dict[str, str] = {}
    for part in ADDRESS_PARTS:
        component = table.sobject.field(prefix + part)
        seen = component is not None and sources.reader.readable(table.sobject.name, component.name)
        parts[part[0].lower() + part[1:]] = table.column(prefix + part) if seen else "NULL"
    pairs = ", ".join(f"'{key}', {sql}" for key, sql in parts.items())
    return f"CASE WHEN coalesce({', '.join(parts.values())}) IS NOT NULL THEN json_object({pairs}) END"
