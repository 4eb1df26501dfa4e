"""Rows of a query as JSON records and as the CSV of the Bulk API.

What can be worked out once for a query is: `json_renderer` and `csv_renderer` give functions of a row, and keep them.
Datetimes are stored as CSV shows them and end in ``+0000`` in JSON; numbers with decimals always have a point.
"""

import json
from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any

from toolkit.demo_org.soql.formats import double_text, formatted, labelled
from toolkit.demo_org.soql.query import Query
from toolkit.demo_org.soql.selection import Column, Parent

Row = tuple[Any, ...]
Record = dict[str, Any]


def to_json(query: Query, row: Row, version: float | str) -> Record:
    """Return a row as the record of a REST answer: ``attributes`` first, then the fields in SELECT order.

    `version` is that of the path, ``66.0``. The row of a ``count()`` has no record.
    """
    return json_renderer(query, version)(row)


def csv_header(query: Query) -> str:
    """Return the header line of a query's CSV, without a line end."""
    return ",".join(f'"{column.header}"' for column in query.columns)


def to_csv(query: Query, row: Row) -> str:
    """Return a row as a line of CSV, every value in quotes and null as nothing, without a line end."""
    return csv_renderer(query)(row)


@lru_cache(maxsize=128)
def json_renderer(query: Query, version: float | str) -> Callable[[Row], Record]:
    """Return the function that makes a record of a row of this query."""
    if query.is_aggregate:
        return _record_of(query, query.columns, lambda _: {"type": "AggregateResult"}, {})
    url = f"/services/data/v{version}/sobjects/"
    return _object_renderer(query, Parent((), query.sobject.name, 0), url)


@lru_cache(maxsize=128)
def csv_renderer(query: Query) -> Callable[[Row], str]:
    """Return the function that makes a CSV line of a row of this query."""
    pick = _picker([column.index for column in query.columns])
    conversions = [
        (place, convert) for place, column in enumerate(query.columns) if (convert := _csv_reading(query, column))
    ]
    quotes_between = 2 * (len(query.columns) - 1)

    def line(row: Row) -> str:
        cells = ["" if cell is None else cell for cell in pick(row)]
        for place, convert in conversions:
            if (cell := cells[place]) != "":
                cells[place] = convert(cell)
        joined = '","'.join(cells)
        if joined.count('"') != quotes_between:
            joined = '","'.join([cell.replace('"', '""') for cell in cells])
        return f'"{joined}"'

    return line


def _object_renderer(query: Query, parent: Parent, url: str) -> Callable[[Row], Record]:
    """Return the renderer of the record itself or of one of its parents, with the parents nested in it."""
    depth = len(parent.names)
    columns = [column for column in query.columns if column.names[:depth] == parent.names]
    parents = {each.names: each for each in query.parents}
    nested = {}
    for column in columns:
        key, names = column.names[depth], column.names[: depth + 1]
        if len(column.names) > depth + 1 and key not in nested:
            nested[key] = (parents[names].id_index, _object_renderer(query, parents[names], url))
    return _record_of(query, columns, _attributes(query, parent, url), nested, depth)


def _record_of(
    query: Query,
    columns: Sequence[Column],
    attributes: Callable[[Row], Record],
    nested: dict[str, tuple[int, Callable[[Row], Record]]],
    depth: int = 0,
) -> Callable[[Row], Record]:
    """Return a renderer of the keys at `depth` of the columns' names, in order; `nested` ones have their own."""
    places: dict[str, int] = {}
    conversions: list[tuple[str, Callable[[Any], Any]]] = []
    for column in columns:
        key = column.names[depth]
        if key in nested:
            places.setdefault(key, nested[key][0])
            continue
        places[key] = column.index
        if convert := _json_reading(query, column):
            conversions.append((key, convert))
    labels, pick = tuple(places), _picker(list(places.values()))
    children = [(key, render) for key, (_, render) in nested.items()]

    def record(row: Row) -> Record:
        made: Record = {"attributes": attributes(row)}
        made.update(zip(labels, pick(row), strict=True))
        for key, convert in conversions:
            if (value := made[key]) is not None:
                made[key] = convert(value)
        for key, render in children:
            if made[key] is not None:
                made[key] = render(row)
        return made

    return record


def _attributes(query: Query, parent: Parent, url: str) -> Callable[[Row], Record]:
    index, entity, objects = parent.id_index, parent.entity, query.key_prefixes
    if entity in objects.values():
        start = f"{url}{entity}/"
        return lambda row: {"type": entity, "url": start + row[index]}
    # A parent of one of several types: its id says which.
    return lambda row: {"type": entity, "url": f"{url}{objects[row[index][:3]]}/{row[index]}"}


def _picker(indices: list[int]) -> Callable[[Row], Sequence[Any]]:
    if len(indices) == 1 or indices == list(range(indices[0], indices[0] + len(indices))):
        return itemgetter(slice(indices[0], indices[0] + len(indices)))
    return itemgetter(*indices)


def _json_reading(query: Query, column: Column) -> Callable[[Any], Any] | None:
    match column.reading:
        case "boolean":
            return bool
        case "datetime":
            return _json_moment
        case "address":
            return json.loads
        case "formatted":
            return formatted(column.field, query.zone)
        case "label":
            return labelled(column.field)
    return None


def _json_moment(stored: str) -> str:
    return stored[:-1] + "+0000"


def _csv_reading(query: Query, column: Column) -> Callable[[Any], str] | None:
    match column.reading:
        case "number":
            return double_text
        case "boolean":
            return _truth
        case "formatted":
            return formatted(column.field, query.zone)
        case "label":
            return labelled(column.field)
    return str if column.field.type == "int" else None


def _truth(stored: object) -> str:
    return "true" if stored else "false"
