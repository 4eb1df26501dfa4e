"""Rows of a query as JSON records and as the CSV of the Bulk API.

What can be worked out once for a query is: `json_renderer` and `csv_renderer` give functions of a row, and keep them.
Datetimes are stored as CSV shows them and end in ``+0000`` in JSON; numbers with decimals always have a point.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Any

from toolkit.demo_org.schema import masked
from toolkit.demo_org.soql.formats import double_text, formatted, labelled
from toolkit.demo_org.soql.prepared import Column, Parent, Query
from toolkit.demo_org.soql.sources import NAME_OBJECT

Row = Sequence[Any]
Record = dict[str, Any]
Pager = Callable[[Query, list[Row]], tuple[int, str | None]]
"""Says of the rows of a child subquery how many to show, and where the others are to be had (``nextRecordsUrl``)."""


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


def json_renderer(query: Query, version: float | str, pager: Pager | None = None) -> Callable[[Row], Record]:
    """Return the function that makes a record of a row of this query.

    Without a `pager` a record has all its children, however many there are.
    """
    if pager is None or not query.has_children:
        return _plain_renderer(query, version)
    return _object_renderer(query, Parent((), query.sobject.name, 0), _Wire(version, pager))


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


@dataclass(frozen=True)
class _Wire:
    """What records are rendered for: an API version, and who cuts long lists of children into pages."""

    version: float | str
    pager: Pager | None = None

    @property
    def url(self) -> str:
        return f"/services/data/v{self.version}/sobjects/"


@lru_cache(maxsize=128)
def _plain_renderer(query: Query, version: float | str) -> Callable[[Row], Record]:
    if query.is_aggregate:
        return _record_of(query, query.columns, lambda _: {"type": "AggregateResult"}, {}, _Wire(version))
    return _object_renderer(query, Parent((), query.sobject.name, 0), _Wire(version))


def _object_renderer(query: Query, parent: Parent, wire: _Wire) -> Callable[[Row], Record]:
    """Return the renderer of the record itself or of one of its parents, with the parents nested in it."""
    depth = len(parent.names)
    columns = [column for column in query.columns if column.names[:depth] == parent.names]
    parents = {each.names: each for each in query.parents}
    nested = {}
    for column in columns:
        key, names = column.names[depth], column.names[: depth + 1]
        if len(column.names) > depth + 1 and key not in nested:
            nested[key] = (parents[names].id_index, _object_renderer(query, parents[names], wire))
    return _record_of(query, columns, _attributes(query, parent, wire.url), nested, wire, depth)


def _record_of(
    query: Query,
    columns: Sequence[Column],
    attributes: Callable[[Row], Record],
    nested: dict[str, tuple[int, Callable[[Row], Record]]],
    wire: _Wire,
    depth: int = 0,
) -> Callable[[Row], Record]:
    """Return a renderer of the keys at `depth` of the columns' names, in order; `nested` ones have their own."""
    places: dict[str, int] = {}
    conversions: list[tuple[str, Callable[[Any], Any]]] = []
    parents: list[tuple[str, Callable[[Row], Record | None]]] = []  # these read more of the row than their own cell
    for column in columns:
        key = column.names[depth]
        if key in nested:
            places.setdefault(key, nested[key][0])
            continue
        places[key] = column.index
        if column.choices:
            parents.append((key, _chooser(query, column, wire)))
        elif convert := _json_reading(query, column, wire):
            conversions.append((key, convert))
    labels, pick = tuple(places), _picker(list(places.values()))
    parents += [(key, render) for key, (_, render) in nested.items()]

    def record(row: Row) -> Record:
        made: Record = {"attributes": attributes(row)}
        made.update(zip(labels, pick(row), strict=True))
        for key, convert in conversions:
            if (value := made[key]) is not None:
                made[key] = convert(value)
        for key, render in parents:
            if made[key] is not None:
                made[key] = render(row)
        return made

    return record


def _chooser(query: Query, column: Column, wire: _Wire) -> Callable[[Row], Record | None]:
    """Return the renderer of a TYPEOF: by the parent's id, the branch that reads its fields; null without a branch."""
    index, objects = column.index, query.key_prefixes
    branches: dict[str | None, Callable[[Row], Record]] = {
        entity: _object_renderer(branch, Parent((), entity or NAME_OBJECT, index), wire)
        for entity, branch in column.choices
    }
    otherwise = branches.get(None)

    def render(row: Row) -> Record | None:
        branch = branches.get(objects.get(row[index][:3]), otherwise)
        return None if branch is None else branch(row)

    return render


def _children(child: Query, wire: _Wire) -> Callable[[Any], Record | None]:
    """Return what makes the result of a child subquery out of its rows; null where there are none."""
    if wire.pager is None:
        render = _plain_renderer(child, wire.version)
    else:
        render = _object_renderer(child, Parent((), child.sobject.name, 0), wire)

    def result(stored: Any) -> Record | None:
        rows = json.loads(stored) if isinstance(stored, str) else stored
        if not rows:
            return None
        shown, more = (len(rows), None) if wire.pager is None else wire.pager(child, rows)
        answer: Record = {"totalSize": len(rows), "done": more is None}
        if more is not None:
            answer["nextRecordsUrl"] = more
        answer["records"] = [render(row) for row in rows[:shown]]
        return answer

    return result


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


def _json_reading(query: Query, column: Column, wire: _Wire) -> Callable[[Any], Any] | None:
    if column.child is not None:
        return _children(column.child, wire)
    match column.reading:
        case "boolean":
            return bool
        case "datetime":
            return _json_moment
        case "address" | "location":
            return json.loads
        case "encryptedstring":
            return masked
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
        case "encryptedstring":
            return masked
        case "formatted":
            return formatted(column.field, query.zone)
        case "label":
            return labelled(column.field)
    return str if column.field.type == "int" else None


def _truth(stored: object) -> str:
    return "true" if stored else "false"
