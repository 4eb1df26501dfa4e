"""What the columns of a query are: the answer to ``GET /query?columns=true``, which clients draw tables from.

A parent is one column that holds the columns of its fields, and so is a child subquery; a function is a column named
by its alias.
"""

from collections.abc import Sequence

from toolkit.demo_org.schema import ID_TYPES, NUMBER_TYPES, TEXT_TYPES, Field
from toolkit.demo_org.soql.expressions import AGGREGATES, DATE_FUNCTIONS
from toolkit.demo_org.soql.prepared import Column, Query

_AGGREGATING = AGGREGATES | DATE_FUNCTIONS | {"GROUPING", "DISTANCE"}
_APEX_TYPES = {"boolean": "Boolean", "int": "Integer", "date": "Date", "datetime": "Datetime", "time": "Time"}


def column_metadata(query: Query) -> dict[str, object]:
    """Return what the columns of a query are, as Salesforce's undocumented ``columns=true`` answers."""
    return {
        "columnMetadata": _listed(query, query.columns, ()),
        "entityName": query.sobject.name,
        "groupBy": query.is_grouped,
        "idSelected": any(column.names == ("Id",) for column in query.columns),
        "keyPrefix": query.sobject.key_prefix,
    }


def _listed(query: Query, columns: Sequence[Column], parent: tuple[str, ...]) -> list[dict[str, object]]:
    """Return the columns below a parent, those of a further parent put together where the first of them stands."""
    depth, listed = len(parent), []
    seen: set[str] = set()
    for column in columns:
        name = column.names[depth]
        if len(column.names) == depth + 1:
            listed.append(_column(query, column))
        elif name not in seen:
            seen.add(name)
            below = [each for each in columns if len(each.names) > depth + 1 and each.names[depth] == name]
            entity = next(each.entity for each in query.parents if each.names == (*parent, name))
            join = _listed(query, below, (*parent, name))
            listed.append(_entry(name, entity, foreign_key=_foreign_key(query, parent, name), join=join))
    return listed


def _column(query: Query, column: Column) -> dict[str, object]:
    name = column.names[-1]
    if column.child is not None:
        join = _listed(column.child, column.child.columns, ())
        return _entry(name, column.child.sobject.name, aggregate=True, join=join)
    if column.choices:
        join = [each for _, branch in column.choices for each in _listed(branch, branch.columns, ())]
        return _entry(name, "SObject", foreign_key=_foreign_key(query, (), name), join=join)
    if column.function in _AGGREGATING:
        function, _, rest = column.written.partition("(")
        return _entry(name, _apex_type(column.field), column.field, aggregate=True, shown=f"{function.lower()}({rest}")
    return _entry(name, _apex_type(column.field), column.field)


def _entry(
    name: str,
    apex_type: str,
    field: Field | None = None,
    *,
    aggregate: bool = False,
    shown: str | None = None,
    foreign_key: str | None = None,
    join: Sequence[dict[str, object]] = (),
) -> dict[str, object]:
    kind = field.type if field else ""
    stored = field is not None and not aggregate
    return {
        "aggregate": aggregate,
        "apexType": apex_type,
        "booleanType": kind == "boolean",
        "columnName": name,
        "custom": name.endswith(("__c", "__r", "__pc")),
        "displayName": shown or name,
        "foreignKeyName": foreign_key,
        "insertable": stored and field is not None and field.createable,
        "joinColumns": list(join),
        "numberType": kind == "int" or kind in NUMBER_TYPES,
        "textType": kind in TEXT_TYPES,
        "updatable": stored and field is not None and field.updateable,
    }


def _foreign_key(query: Query, parent: tuple[str, ...], name: str) -> str:
    reference = query.sobject.relationship(name) if not parent else None
    if reference is not None:
        return reference.name
    return f"{name.removesuffix('__r')}__c" if name.endswith("__r") else f"{name}Id"


def _apex_type(field: Field) -> str:
    if field.type in ID_TYPES:
        return "Id"
    return "Double" if field.type in NUMBER_TYPES else _APEX_TYPES.get(field.type, "String")
