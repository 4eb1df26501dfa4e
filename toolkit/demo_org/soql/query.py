"""From the text of a query to one parametrised SQLite SELECT."""

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from toolkit.demo_org.schema import Schema, SObject
from toolkit.demo_org.soql import complaints
from toolkit.demo_org.soql.conditions import UPPER_FUNCTION, Terms, present_records, where
from toolkit.demo_org.soql.parser import parse
from toolkit.demo_org.soql.selection import (
    Column,
    Parent,
    Selection,
    aggregate_sql,
    is_aggregate,
    select_groups,
    select_records,
)
from toolkit.demo_org.soql.semijoins import check_semijoins, semijoin
from toolkit.demo_org.soql.sources import Reached, Reader, Sources, sources_of
from toolkit.demo_org.soql.tree import Call, Sorting, Statement, Within

NULLS_FIRST_ASCENDING = True
NULLS_FIRST_DESCENDING = True
"""Where nulls go if the statement does not say. Salesforce's guide says first and makes no difference for DESC."""

LONG_TEXT = 255

_TEXTUAL = frozenset({"string", "textarea", "email", "phone", "url", "combobox", "encryptedstring"})
_UNSORTED = frozenset({"multipicklist", "address"})


@dataclass(frozen=True, eq=False)
class Query:
    """A query that is ready to run, and what its rows hold. Two queries are equal only if they are the same one."""

    soql: str
    sobject: SObject
    columns: tuple[Column, ...]
    parents: tuple[Parent, ...]
    is_count: bool  # SELECT count(): the answer is one number
    is_aggregate: bool  # the rows are groups, not records
    sql: str
    total_sql: str  # how many rows there are in all
    params: tuple[object, ...]
    limit: int | None
    offset: int | None
    all_rows: bool
    zone: tzinfo  # the user's
    noted: str | None  # FOR VIEW or FOR REFERENCE
    key_prefixes: dict[str, str]  # the object of each id prefix, for parents of several types

    @property
    def long_text_columns(self) -> int:
        """How many of the columns hold long text, which makes for smaller pages."""
        return sum(column.field.type == "textarea" and column.field.length > LONG_TEXT for column in self.columns)


def prepare(
    soql: str,
    schema: Schema,
    access: Reader,
    now: datetime,
    *,
    all_rows: bool = False,
    zone: tzinfo = UTC,
) -> Query:
    """Return the query that `soql` asks for, as this user may ask it; raises Refusal with Salesforce's error.

    `now` and `zone`, the user's time zone, are what relative date literals count from. With `all_rows` deleted and
    archived records are there too (queryAll).
    """
    statement = parse(soql)
    sources = sources_of(statement.origin, soql, schema, access)
    check_semijoins(statement)
    counting = _counts_records(statement)
    grouping = is_aggregate(statement) and not counting
    selection = Selection(["1"]) if counting else _selected(statement, sources, grouping=grouping)
    params: list[object] = []
    conditions = _conditions(statement, sources, params, now, zone, all_rows=all_rows)
    grouped = _grouped(statement, sources)
    ordered = _ordered(statement, sources, grouping=grouping, counting=counting)
    bounds = _bounds(statement, params)
    rows = f"FROM {sources.sql}{conditions}{grouped}"
    sql = f"SELECT {', '.join(selection.expressions)} {rows}{ordered}{bounds}"
    total = f"SELECT count(*) FROM ({sql if grouping else f'SELECT 1 {rows}{bounds}'})"
    return Query(
        soql=soql,
        sobject=sources.sobject,
        columns=tuple(selection.columns),
        parents=tuple(selection.parents.values()),
        is_count=counting,
        is_aggregate=grouping,
        sql=total if counting else sql,
        total_sql=total,
        params=tuple(params),
        limit=statement.limit,
        offset=statement.offset,
        all_rows=all_rows,
        zone=zone,
        noted=statement.noted,
        key_prefixes={each.key_prefix: each.name for each in schema},
    )


def _counts_records(statement: Statement) -> bool:
    counts = [
        each.expression
        for each in statement.selected
        if isinstance(each.expression, Call) and each.expression.argument is None
    ]
    if counts and (len(statement.selected) > 1 or statement.grouped or statement.sorted_by):
        raise complaints.unexpected(statement.text, counts[0].position, "COUNT()")
    return bool(counts)


def _selected(statement: Statement, sources: Sources, *, grouping: bool) -> Selection:
    if not grouping:
        return select_records(statement, sources)
    if not statement.grouped and (statement.limit is not None or statement.sorted_by):
        clause = "ORDER BY" if statement.sorted_by else "LIMIT"
        raise complaints.plain(f"Non-grouped query that uses overall aggregate functions cannot also use {clause}")
    return select_groups(statement, sources)


def _conditions(
    statement: Statement, sources: Sources, params: list[object], now: datetime, zone: tzinfo, *, all_rows: bool
) -> str:
    parts = present_records(sources, all_rows=all_rows)
    if statement.scope is not None and _scope(statement, sources) == "mine":
        parts.append(f"{sources.root.tables[0].column('OwnerId')} = ?")
        params.append(sources.reader.user_id)
    if statement.where is not None:

        def inner(within: Within, left: Reached) -> str:
            return semijoin(within, left, terms, all_rows=all_rows)

        terms = Terms(sources, now, zone, inner, params)
        parts.append(where(statement.where, terms))
    return f" WHERE {' AND '.join(parts)}" if parts else ""


def _scope(statement: Statement, sources: Sources) -> str:
    name, position = statement.scope or ("everything", 0)
    scope = name.lower()
    if scope == "everything" or (scope == "mine" and sources.sobject.field("OwnerId") is not None):
        return scope
    message = f"Query scope '{name}' is not supported for {sources.sobject.name}"
    raise complaints.at(sources.text, position, message, "INVALID_QUERY_SCOPE")


def _grouped(statement: Statement, sources: Sources) -> str:
    parts = []
    for path in statement.grouped:
        reached = sources.reach(path)
        if not reached.field.groupable or reached.field.type == "address":
            raise complaints.cannot_be(sources.text, path.position, reached.field.name, "grouped")
        parts.append(reached.sql)
    return f" GROUP BY {', '.join(parts)}" if parts else ""


def _ordered(statement: Statement, sources: Sources, *, grouping: bool, counting: bool) -> str:
    if counting:
        return ""
    grouped = {sources.reach(path).names for path in statement.grouped}
    parts = [_sorting(each, sources, grouped if grouping else None) for each in statement.sorted_by]
    if not grouping:  # the same rows in the same order every time
        parts.append(f"{sources.root.tables[0].alias}.rowid")
    return f" ORDER BY {', '.join(parts)}" if parts else ""


def _sorting(sorting: Sorting, sources: Sources, grouped: set[tuple[str, ...]] | None) -> str:
    expression = sorting.expression
    direction = "DESC" if sorting.descending else "ASC"
    if isinstance(expression, Call):
        if grouped is None:
            raise complaints.unexpected(sources.text, expression.position, expression.function.lower())
        sql, _ = aggregate_sql(expression, sources)
        return f"{sql} {direction} NULLS {_nulls(sorting, through_parent=False)}"
    reached = sources.reach(expression)
    if grouped is not None and reached.names not in grouped:
        message = f"Ordered field must be grouped or aggregated: {reached.field.name}"
        raise complaints.at(sources.text, expression.position, message, "MALFORMED_QUERY")
    if not reached.field.sortable or reached.field.type in _UNSORTED:
        raise complaints.cannot_be(sources.text, expression.position, reached.field.name, "sorted")
    nulls = _nulls(sorting, through_parent=bool(reached.source.names))
    return f"{_sort_key(reached)} {direction} NULLS {nulls}"


def _nulls(sorting: Sorting, *, through_parent: bool) -> str:
    """FIRST or LAST; NULLS LAST is ignored for a parent's field, as in Salesforce."""
    if sorting.nulls is not None and not through_parent:
        return sorting.nulls
    first = NULLS_FIRST_DESCENDING if sorting.descending else NULLS_FIRST_ASCENDING
    return "FIRST" if first else "LAST"


def _sort_key(reached: Reached) -> str:
    kind = reached.field.type
    if kind == "boolean":
        return f"ifnull({reached.sql}, 0)"
    if kind == "picklist":
        ranks = " ".join(f"WHEN {_quoted(each.value)} THEN {rank}" for rank, each in enumerate(reached.field.picklist))
        unlisted = f"WHEN NULL THEN NULL ELSE {len(reached.field.picklist)}"
        return f"CASE WHEN {reached.sql} IS NULL THEN NULL ELSE CASE {reached.sql} {ranks} {unlisted} END END"
    return f"{UPPER_FUNCTION}({reached.sql})" if kind in _TEXTUAL else reached.sql


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _bounds(statement: Statement, params: list[object]) -> str:
    if statement.limit is None and statement.offset is None:
        return ""
    params += [-1 if statement.limit is None else min(statement.limit, 2**62), statement.offset or 0]
    return " LIMIT ? OFFSET ?"
