"""Reads records with SOQL over REST, page by page, into frames typed by describe.

Pages are asked for in the order of Id. When Salesforce has dropped the result meanwhile (INVALID_QUERY_LOCATOR),
reading goes on behind the last Id it gave. A statement too long for an address travels in the body of a composite
request, which counts as one call all the same.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import quote

import msgspec
import polars as pl

from toolkit import values
from toolkit.compounds import COMPOUND_TYPES, PARTS, assembled, compound_text
from toolkit.errors import InputError, RequestError
from toolkit.salesforce.composite import Subanswer, Subrequest, composite
from toolkit.salesforce.describe import ObjectDescribe
from toolkit.salesforce.soql import LONGEST_STATEMENT, both, in_lists, literal, select
from toolkit.salesforce.wire import Wire

Progress = Callable[[int, int | None], None]

LONGEST_ADDRESS = 12_000
"""Bytes of a query's address; Salesforce takes 16,384 with the headers."""

IDS_PER_CALL = 2_000
"""Ids asked for in one call: as many as a page holds."""

RESUMES = 20
"""How often reading goes on after the result pages were dropped, for one result."""

_ANY_TYPES = frozenset({"anyType", "complexvalue", "json"})
_JSON_DATETIME = "%Y-%m-%dT%H:%M:%S%.f%z"


@dataclass(frozen=True)
class Page:
    """One page of a result: its records as JSON objects, and the size of the whole result."""

    records: list[dict[str, Any]]
    total: int


@dataclass(frozen=True)
class Column:
    """A column to read: its name in the frame, the field path as the org spells it, and the field's type."""

    name: str
    path: str
    type: str
    parts: tuple[tuple[str, str], ...] = ()
    """Of a compound whose every part the user may see: each part with the path of its component."""

    @property
    def compound(self) -> bool:
        """Whether the value is an address or a location, which REST gives as a JSON object and Bulk in parts only."""
        return self.type in COMPOUND_TYPES

    @property
    def only_rest(self) -> bool:
        """Whether Bulk cannot read the value: a compound of which a part is hidden, or kept in other parts."""
        return self.compound and not self.parts


def columns_of(describe: ObjectDescribe, fields: Sequence[str]) -> list[Column]:
    """Return the columns for field paths. Raises NotFoundError for a field that is not there, InputError for none."""
    if not fields:
        raise InputError("No fields are given", hint="name at least one field, for example Id")
    repeated = sorted({each for each in fields if [one.lower() for one in fields].count(each.lower()) > 1})
    if repeated:
        raise InputError(f"Fields are given twice: {', '.join(repeated)}", hint="name each field once")
    return [_column(describe, field) for field in fields]


def in_parts(columns: Sequence[Column]) -> list[Column]:
    """Return what Bulk selects for these columns, each path once and named by it: components instead of compounds.

    Raises InputError for a compound that cannot be put together.
    """
    hidden = [each.path for each in columns if each.only_rest]
    if hidden:
        raise InputError(
            f"Bulk does not read compound fields, and this user does not see every part of {', '.join(hidden)}",
            hint="read through REST, or make every part visible to the integration user in field-level security",
        )
    found: dict[str, Column] = {}
    for each in columns:
        for path, kind in [(path, "string") for _, path in each.parts] or [(each.path, each.type)]:
            found.setdefault(path, Column(path, path, kind))
    return list(found.values())


def from_parts(columns: Sequence[Column], selected: pl.DataFrame) -> pl.DataFrame:
    """Return the typed columns out of text columns named by path, as `in_parts` selects them."""
    made = []
    for each in columns:
        if each.compound:
            value = assembled({part: pl.col(path) for part, path in each.parts}, each.type)
        else:
            value = values.text_to_column(pl.col(each.path), each.type)
        made.append(value.alias(each.name))
    return selected.select(made)


def with_id(columns: Sequence[Column]) -> list[Column]:
    """Return the columns with Id among them."""
    return [*columns] if any(each.path == "Id" for each in columns) else [Column("Id", "Id", "id"), *columns]


def count(wire: Wire, sobject: str, where: str | None, scope: str | None) -> int:
    """Return how many records there are."""
    return int(_first(wire, select(["count()"], sobject, where=where, scope=scope))["totalSize"])


def pages(wire: Wire, columns: Sequence[Column], sobject: str, where: str | None, scope: str | None) -> Iterator[Page]:
    """Yield the records page by page, ordered by Id; `columns` hold Id. A page is asked for when it is wanted."""
    paths = [each.path for each in columns]
    statement = partial(select, paths, sobject, scope=scope, order_by="Id")
    body = _first(wire, statement(where=where))
    total, last = int(body["totalSize"]), ""
    resumes = 0
    while True:
        if body["records"]:
            last = body["records"][-1]["Id"]
        yield Page(body["records"], total)
        if body.get("done", True) or not body.get("nextRecordsUrl"):
            return
        try:
            body = wire.query_more(body["nextRecordsUrl"], identifier_is_url=True)
        except RequestError as error:
            resumes += 1
            if error.code != "INVALID_QUERY_LOCATOR" or resumes > RESUMES:
                raise
            body = _first(wire, statement(where=both(where, f"Id > {literal(last)}")))


def pages_by_id(
    wire: Wire, columns: Sequence[Column], sobject: str, ids: Sequence[str], *, deleted_too: bool = False
) -> Iterator[Page]:
    """Yield the records with these ids, in one call for every `IDS_PER_CALL` of them, plus one for every short page.

    `deleted_too` also looks into the recycle bin.
    """
    paths = [each.path for each in columns]
    room = LONGEST_STATEMENT - len(select(paths, sobject, where="Id IN ()"))
    for chunk in in_lists(ids, room, IDS_PER_CALL):
        body = _first(wire, select(paths, sobject, where=f"Id IN {literal(chunk)}"), deleted_too=deleted_too)
        yield Page(body["records"], len(ids))
        while not body.get("done", True):
            body = wire.query_more(body["nextRecordsUrl"], identifier_is_url=True)
            yield Page(body["records"], len(ids))


def calls_for_ids(number: int) -> int:
    """Return how many calls reading `number` records by id takes."""
    return math.ceil(number / IDS_PER_CALL)


def frame_of(columns: Sequence[Column], records: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Return JSON records as a frame: one typed column a path, null where a parent is missing."""
    data = {each.name: _take(each, records) for each in columns}
    schema = {each.name: _json_dtype(each.type) for each in columns}
    frame = pl.DataFrame(data, schema=schema, strict=False)
    return frame.with_columns(_typed(each) for each in columns)


@dataclass(frozen=True)
class Query:
    """A question for records: `fields` of those of an object that fulfil `where`, or their count with no fields.

    `deleted_too` also asks the recycle bin. `order_by` and `limit` are as in SOQL.
    """

    sobject: str
    fields: tuple[str, ...] = ()
    where: str | None = None
    scope: str | None = None
    order_by: str | None = None
    limit: int | None = None
    deleted_too: bool = False

    @property
    def resource(self) -> str:
        """The resource that answers it."""
        return "queryAll" if self.deleted_too else "query"

    def statement(self, columns: Sequence[Column]) -> str:
        """Return the SOQL that asks for `columns`."""
        paths = [each.path for each in columns] or ["count()"]
        return select(paths, self.sobject, where=self.where, scope=self.scope, order_by=self.order_by, limit=self.limit)


@dataclass(frozen=True)
class Answer:
    """The first page of a query's result. ``total`` counts the whole result, ``following`` leads to the next page."""

    frame: pl.DataFrame
    total: int
    following: str | None
    columns: tuple[Column, ...]

    @classmethod
    def of(cls, columns: Sequence[Column], body: dict[str, Any]) -> "Answer":
        """Return a page of Salesforce's JSON as an answer."""
        following = None if body.get("done", True) else body.get("nextRecordsUrl")
        frame = frame_of(columns, body["records"])
        return cls(frame, int(body["totalSize"]), following, tuple(columns))


def first_pages(wire: Wire, asked: Sequence[tuple[Query, Sequence[Column]]]) -> list[dict[str, Any]]:
    """Return the first page of each query, as Salesforce's JSON, in one call for every five of them."""
    return [each.taken() for each in first_answers(wire, asked)]


def first_answers(wire: Wire, asked: Sequence[tuple[Query, Sequence[Column]]]) -> list[Subanswer]:
    """Return the first page of each query like `first_pages`, or what it was refused for."""
    return composite(wire, [_as_part(query.resource, query.statement(columns)) for query, columns in asked])


def next_page(wire: Wire, address: str) -> dict[str, Any]:
    """Return a later page of a result by the address that the page before it gave."""
    body: dict[str, Any] = wire.query_more(address, identifier_is_url=True)
    return body


def empty_frame(columns: Sequence[Column]) -> pl.DataFrame:
    """Return a frame of no rows with the types of `columns`."""
    return frame_of(columns, [])


def read_statement(wire: Wire, statement: str) -> dict[str, Any]:
    """Return the first page of any statement as Salesforce's JSON, for small results."""
    return _first(wire, statement)


def _column(describe: ObjectDescribe, field: str) -> Column:
    path, facts = describe.path(field), describe.field(field)
    above = path.rpartition(".")[0]
    parts = tuple((part, f"{above}.{each.name}" if above else each.name) for part, each in facts.components.items())
    return Column(field, path, facts.type, parts if len(parts) == len(PARTS.get(facts.type, ())) else ())


def _first(wire: Wire, statement: str, *, deleted_too: bool = False) -> dict[str, Any]:
    if len(statement) > LONGEST_STATEMENT:
        raise InputError(
            f"The query has {len(statement)} characters, Salesforce takes {LONGEST_STATEMENT}",
            hint="ask for fewer fields or a shorter filter",
        )
    if len(quote(statement)) <= LONGEST_ADDRESS:
        body: dict[str, Any] = wire.query(statement, include_deleted=deleted_too)
        return body
    (answer,) = composite(wire, [_as_part("queryAll" if deleted_too else "query", statement)])
    return dict(answer.taken())


def _as_part(resource: str, statement: str) -> Subrequest:
    return Subrequest("GET", resource, {"q": statement})


def _take(column: Column, records: Sequence[Mapping[str, Any]]) -> list[Any]:
    # One list comprehension a column: measured three times as fast as polars' own JSON reader on the same page.
    parents = column.path.split(".")
    leaf = parents.pop()
    found: Sequence[Mapping[str, Any]] = records
    for parent in parents:
        found = [record.get(parent) or {} for record in found]
    taken = [record.get(leaf) for record in found]
    return [_json_text(each) for each in taken] if column.compound or column.type in _ANY_TYPES else taken


def _json_text(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else msgspec.json.encode(value, order="sorted").decode()


def _json_dtype(field_type: str) -> pl.DataType:
    dtype = values.column_dtype(field_type)
    return pl.String() if dtype.is_temporal() or dtype.is_nested() else dtype


def _typed(column: Column) -> pl.Expr:
    taken = pl.col(column.name)
    if column.type in values.DATETIME_TYPES:
        return taken.str.to_datetime(_JSON_DATETIME, time_unit="ms", time_zone="UTC")
    if column.type in values.DATE_TYPES:
        return taken.str.to_date("%Y-%m-%d")
    if column.type in values.TIME_TYPES | values.SEVERAL_TYPES:
        return values.text_to_column(taken, column.type)
    if column.compound:
        return compound_text(taken, column.type)
    return taken
