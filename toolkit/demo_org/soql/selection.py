"""SELECT: the columns a row has, where each stands in the row that SQLite gives, and how it reads.

A row of a record begins with what the reader does not see: the record's own id and the ids of the parents on the way,
from which the ``attributes`` are made and by which a missing parent is known.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from toolkit.demo_org.schema import NUMBER_TYPES, Field
from toolkit.demo_org.soql import complaints
from toolkit.demo_org.soql.binding import bound, no_currencies
from toolkit.demo_org.soql.expressions import AGGREGATES, DATE_FUNCTIONS
from toolkit.demo_org.soql.fields_of import fields_of
from toolkit.demo_org.soql.geography import components
from toolkit.demo_org.soql.prepared import Column, Parent
from toolkit.demo_org.soql.setting import Setting
from toolkit.demo_org.soql.sources import Reached, Sources
from toolkit.demo_org.soql.tree import Call, Expression, FieldsOf, Nested, Path, Selected, Statement, TypeOf

ADDRESS_PARTS = (*("City", "Country", "GeocodeAccuracy", "Latitude", "Longitude", "PostalCode", "State", "Street"),)
_RENDERED = frozenset({"FORMAT", "TOLABEL"})
_ALIASED = _RENDERED | {"DISTANCE", "CONVERTCURRENCY"}
_PLAIN_READINGS = frozenset({"boolean", "datetime", "address", "location", "encryptedstring"})


@dataclass
class Selection:
    """What a SELECT list comes to: the SQL expressions of the row, their values, and the columns over them."""

    expressions: list[str] = field(default_factory=list)
    params: list[object] = field(default_factory=list)
    columns: list[Column] = field(default_factory=list)
    parents: dict[tuple[str, ...], Parent] = field(default_factory=dict)

    def place(self, sql: str) -> int:
        """Return where an expression stands in the row, adding it if it is not there yet."""
        if sql not in self.expressions:
            self.expressions.append(sql)
        return self.expressions.index(sql)

    def append(self, sql: str, params: tuple[object, ...] = ()) -> int:
        """Add an expression, whether it is there or not, and return where it stands in the row."""
        self.expressions.append(sql)
        self.params += params
        return len(self.expressions) - 1


InnerColumn = Callable[[Nested | TypeOf, Selection], Column]
"""What makes a column of a child subquery or of a TYPEOF."""


def is_aggregate(statement: Statement) -> bool:
    """Return whether the statement gives groups instead of records."""
    return bool(statement.grouping.expressions) or any(_is_aggregate(each.expression) for each in statement.selected)


def select_records(
    statement: Statement, sources: Sources, setting: Setting, inner: InnerColumn, selection: Selection
) -> None:
    """Put the columns of a statement that gives records into `selection`."""
    selection.place(sources.root.id_sql)
    seen: set[tuple[str, ...]] = set()

    def add(column: Column, written: str) -> None:
        names = column.names
        below = column.reading == "typeof" and any(each[: len(names)] == names for each in seen)
        if below or any(names[:depth] in seen for depth in range(1, len(names) + 1)):
            raise complaints.plain(f"duplicate field selected: {written}", "INVALID_FIELD")
        seen.add(column.names)
        selection.columns.append(column)

    for item in statement.selected:
        expression = item.expression
        if item.alias is not None and not (isinstance(expression, Call) and expression.function in _ALIASED):
            raise complaints.plain("only aggregate expressions use field aliasing")
        if isinstance(expression, FieldsOf):
            for each in fields_of(expression, statement, sources, setting):
                path = Path((each.name,), expression.position)
                add(field_column(sources.reach(path), path, selection, sources), each.name)
        elif isinstance(expression, Nested | TypeOf):
            column = inner(expression, selection)
            add(column, column.names[0])
        else:
            add(_record_column(item, expression, sources, setting, selection), _written(expression))


def field_column(
    reached: Reached, expression: Expression, selection: Selection, sources: Sources, *, root: int = 0
) -> Column:
    """Return the column of a field; `root` is how many of its names lead to the object that is shown."""
    add_parents(reached.source.names, selection, sources, root=root)
    function = expression.function if isinstance(expression, Call) else None
    sql = _compound_sql(reached, sources) if reached.field.type in ("address", "location") else reached.sql
    reading = _reading(reached.field, function)
    return Column(
        reached.names[root:], reached.field, selection.place(sql), reading, function, written=_written(expression)
    )


def add_parents(names: tuple[str, ...], selection: Selection, sources: Sources, *, root: int = 0) -> None:
    """Put the parents on a way into the selection, each with its id in the row."""
    for depth in range(root + 1, len(names) + 1):
        if names[root:depth] not in selection.parents:
            parent = sources.parent(names[:depth])
            placed = selection.place(parent.id_sql)
            selection.parents[names[root:depth]] = Parent(names[root:depth], parent.entity, placed)


def select_groups(
    statement: Statement, bind: Callable[[Expression], Reached], sources: Sources, selection: Selection
) -> None:
    """Put the columns of a statement that gives groups into `selection`; `bind` knows what may be said of a group."""
    unnamed = 0
    for item in statement.selected:
        expression = item.expression
        if isinstance(expression, FieldsOf):
            raise complaints.plain("The SOQL FIELDS function is not supported in a query that is grouped.")
        if isinstance(expression, Nested | TypeOf):
            what = "TYPEOF" if isinstance(expression, TypeOf) else "("
            raise complaints.unexpected(sources.text, expression.position, what)
        inner, rendering = _unwrapped(expression, sources)
        reached = bind(inner)
        name = item.alias
        if name is None and isinstance(inner, Call):
            name, unnamed = f"expr{unnamed}", unnamed + 1
        name = name or reached.field.name
        if any(name.lower() == each.names[0].lower() for each in selection.columns):
            raise complaints.plain(f"duplicate alias: {name}")
        function = rendering or (inner.function if isinstance(inner, Call) else None)
        reading = _reading(reached.field, rendering)
        placed, written = selection.append(reached.sql), _written(expression)
        selection.columns.append(Column((name,), reached.field, placed, reading, function, written))


def _record_column(
    item: Selected, expression: Expression, sources: Sources, setting: Setting, selection: Selection
) -> Column:
    if isinstance(expression, Call) and expression.function in DATE_FUNCTIONS:
        reached = bound(expression, sources, setting)
        message = f"Field must be grouped or aggregated: {reached.field.name}"
        raise complaints.at(sources.text, expression.position, message, "MALFORMED_QUERY")
    if isinstance(expression, Call) and expression.function == "DISTANCE":
        reached = bound(expression, sources, setting)
        unnamed = sum(each.function == "DISTANCE" and each.names[0].startswith("expr") for each in selection.columns)
        names = (item.alias or f"expr{unnamed}",)
        placed = selection.place(reached.sql)
        return Column(names, reached.field, placed, "number", "DISTANCE", written=expression.written)
    inner, _ = _unwrapped(expression, sources)
    if isinstance(inner, Call):
        raise complaints.unexpected(sources.text, expression.position, inner.function.lower())
    column = field_column(sources.reach(inner), expression, selection, sources)
    return column if item.alias is None else replace(column, names=(item.alias,))


def _unwrapped(expression: Expression, sources: Sources) -> tuple[Expression, str | None]:
    """Return what FORMAT() or toLabel() is around, and which of them it is."""
    if not isinstance(expression, Call):
        return expression, None
    if expression.function == "CONVERTCURRENCY":
        raise no_currencies(expression, sources)
    inner = expression.arguments[0] if expression.arguments else None
    if expression.function not in _RENDERED or not isinstance(inner, Path | Call):
        return expression, None
    if isinstance(inner, Call) and inner.function == "CONVERTCURRENCY":
        raise no_currencies(inner, sources)
    return inner, expression.function


def _is_aggregate(expression: Expression | FieldsOf | Nested | TypeOf) -> bool:
    if not isinstance(expression, Call):
        return False
    inner = expression.arguments[0] if expression.arguments else None
    return expression.function in AGGREGATES | {"GROUPING"} or (isinstance(inner, Call) and _is_aggregate(inner))


def _written(expression: Expression) -> str:
    return expression.written if isinstance(expression, Call) else str(expression)


def _reading(field_: Field, function: str | None) -> str:
    if function == "FORMAT":
        return "formatted"
    if function == "TOLABEL" and field_.picklist:
        return "label"
    if field_.type in NUMBER_TYPES:
        return "number"
    return field_.type if field_.type in _PLAIN_READINGS else "plain"


def _compound_sql(reached: Reached, sources: Sources) -> str:
    """Return the SQL of an address or a geolocation as JSON text, null where every part of it is."""
    table = reached.source.tables[0]
    prefix = reached.field.name.removesuffix("Address")
    fields = {part[0].lower() + part[1:]: prefix + part for part in ADDRESS_PARTS}
    if reached.field.type == "location":
        names = components(reached)
        fields = {"latitude": names[0], "longitude": names[1]} if names else {}
    parts: dict[str, str] = {}
    for key, name in fields.items():
        component = table.sobject.field(name)
        seen = component is not None and sources.reader.readable(table.sobject.name, component.name)
        parts[key] = table.column(name) if seen else "NULL"
    pairs = ", ".join(f"'{key}', {sql}" for key, sql in parts.items())
    return f"CASE WHEN coalesce({', '.join(parts.values())}, NULL) IS NOT NULL THEN json_object({pairs}) END"
