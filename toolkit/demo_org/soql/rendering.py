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
        return _group_renderer(query.columns)
    url = f"/services/data/v{version}/sobjects/"
    own = _Own(query.sobject.name, url, query.key_prefixes)
    parents = {parent.names: parent for parent in query.parents}
    return _object_renderer(query.columns, parents, (), Parent((), query.sobject.name, 0), own)


@lru_cache(maxsize=128)
def csv_renderer(query: Query) -> Callable[[Row], str]:
    """Return the function that makes a CSV line of a row of this query."""
    pick = _picker([column.index for column in query.columns])
    conversions = [(place, convert) for place, column in enumerate(query.columns) if (convert := _csv_reading(column))]
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


class _Own:
    """What the ``attributes`` of a record are made of."""

    def __init__(self, root: str, url: str, key_prefixes: dict[str, str]) -> None:
        self.root = root
        self.url = url
        self.key_prefixes = key_prefixes


def _object_renderer(
    columns: Sequence[Column],
    parents: dict[tuple[str, ...], Parent],
    names: tuple[str, ...],
    parent: Parent,
    own: _Own,
) -> Callable[[Row], Record]:
    """Return the renderer of the object at the end of `names`, with those nested in it."""
    depth = len(names)
    inside = [column for column in columns if column.names[:depth] == names]
    keys: dict[str, int] = {}
    conversions: list[tuple[str, Callable[[Any], Any]]] = []
    nested: list[tuple[str, Callable[[Row], Record]]] = []
    for column in inside:
        key = column.names[depth]
        if key in keys:
            continue
        if len(column.names) == depth + 1:
            keys[key] = column.index
            if convert := _JSON_READINGS.get(column.reading, _special)(column):
                conversions.append((key, convert))
        else:
            child = parents[(*names, key)]
            keys[key] = child.id_index
            nested.append((key, _object_renderer(columns, parents, child.names, child, own)))
    pick = _picker(list(keys.values()))
    labels = tuple(keys)
    attributes = _attributes(parent, own)

    def record(row: Row) -> Record:
        made: Record = {"attributes": attributes(row)}
        made.update(zip(labels, pick(row), strict=True))
        for key, convert in conversions:
            if (value := made[key]) is not None:
                made[key] = convert(value)
        for key, render in nested:
            if made[key] is not None:
                made[key] = render(row)
        return made

    return record


def _attributes(parent: Parent, own: _Own) -> Callable[[Row], Record]:
    index, entity = parent.id_index, parent.entity
    if entity in own.key_prefixes.values():
        start = f"{own.url}{entity}/"
        return lambda row: {"type": entity, "url": start + row[index]}
    prefixes, url = own.key_prefixes, own.url  # a parent of one of several types: its id says which
    return lambda row: {"type": entity, "url": f"{url}{prefixes[row[index][:3]]}/{row[index]}"}


def _group_renderer(columns: Sequence[Column]) -> Callable[[Row], Record]:
    labels = tuple(column.names[0] for column in columns)
    pick = _picker([column.index for column in columns])
    readings = [(column.names[0], _JSON_READINGS.get(column.reading, _special)(column)) for column in columns]
    conversions = [(label, convert) for label, convert in readings if convert]

    def record(row: Row) -> Record:
        made: Record = {"attributes": {"type": "AggregateResult"}}
        made.update(zip(labels, pick(row), strict=True))
        for key, convert in conversions:
            if (value := made[key]) is not None:
                made[key] = convert(value)
        return made

    return record


def _picker(indices: list[int]) -> Callable[[Row], Sequence[Any]]:
    if len(indices) == 1:
        only = indices[0]
        return lambda row: (row[only],)
    if indices == list(range(indices[0], indices[0] + len(indices))):
        return itemgetter(slice(indices[0], indices[0] + len(indices)))
    return itemgetter(*indices)


def _special(column: Column) -> Callable[[Any], Any] | None:
    if column.reading == "formatted":
        return formatted(column.field)
    return labelled(column.field)


_JSON_READINGS: dict[str, Callable[[Column], Callable[[Any], Any] | None]] = {
    "plain": lambda _: None,
    "number": lambda _: None,
    "boolean": lambda _: bool,
    "datetime": lambda _: _json_moment,
    "address": lambda _: json.loads,
}


def _json_moment(stored: str) -> str:
    return stored[:-1] + "+0000"


def _csv_reading(column: Column) -> Callable[[Any], str] | None:
    if column.reading == "number":
        return double_text
    if column.reading == "boolean":
        return lambda stored: "true" if stored else "false"
    if column.reading in ("formatted", "label"):
        return _special(column)
    return str if column.field.type == "int" else None
