"""From the text of a query to one parametrised SQLite SELECT."""

from datetime import UTC, datetime, tzinfo

from toolkit.demo_org.schema import Field, Schema
from toolkit.demo_org.soql import complaints
from toolkit.demo_org.soql.binding import bound
from toolkit.demo_org.soql.children import inner_columns
from toolkit.demo_org.soql.conditions import NEGATIVE, Terms, present_records, where
from toolkit.demo_org.soql.dates import USUAL, Calendar
from toolkit.demo_org.soql.groups import groups_sql
from toolkit.demo_org.soql.lexer import whole_characters
from toolkit.demo_org.soql.ordering import order_by, sort_keys, sorting_of_records
from toolkit.demo_org.soql.parser import parse
from toolkit.demo_org.soql.prepared import Query
from toolkit.demo_org.soql.restrictions import check_statement
from toolkit.demo_org.soql.scopes import scope_conditions
from toolkit.demo_org.soql.selection import Selection, is_aggregate, select_records
from toolkit.demo_org.soql.semijoins import check_semijoins, semijoin
from toolkit.demo_org.soql.setting import LATEST_VERSION, Setting
from toolkit.demo_org.soql.sources import Reader, Sources, sources_of
from toolkit.demo_org.soql.tree import Call, Path, Statement, comparisons


def prepare(
    soql: str,
    schema: Schema,
    access: Reader,
    now: datetime,
    *,
    all_rows: bool = False,
    zone: tzinfo = UTC,
    calendar: Calendar = USUAL,
    version: float = LATEST_VERSION,
) -> Query:
    """Return the query that `soql` asks for, as this user may ask it; raises Refusal with Salesforce's error.

    `now`, `zone` and `calendar`, the user's time zone and weeks, are what relative date literals count from. With
    `all_rows` deleted and archived records are there too (queryAll). `version` is that of the API.
    """
    setting = Setting(now, zone, calendar, version, all_rows)
    statement = parse(whole_characters(soql))
    sources = sources_of(statement.origin, statement.text, schema, access)
    check_statement(statement, sources)
    check_semijoins(statement)
    if _counts_records(statement):
        return _count(statement, sources, setting)
    return _groups(statement, sources, setting) if is_aggregate(statement) else _records(statement, sources, setting)


def _count(statement: Statement, sources: Sources, setting: Setting) -> Query:
    params: list[object] = []
    conditions = _conditions(statement, sources, setting, params)
    bounds = _bounds(statement, params)
    sql = f"SELECT count(*) FROM (SELECT 1 FROM {sources.sql}{conditions}{bounds})"
    return _query(statement, sources, setting, Selection(), sql, params, sql, params, is_count=True)


def _records(statement: Statement, sources: Sources, setting: Setting) -> Query:
    selection = Selection()
    select_records(statement, sources, setting, inner_columns(statement, sources, setting), selection)
    params: list[object] = []
    conditions = _conditions(statement, sources, setting, params)
    keys = sort_keys(statement, sources, sorting_of_records(sources, setting))
    ordered = order_by(keys, f"{sources.root.tables[0].alias}.rowid")  # the same order every time
    bounds = _bounds(statement, params)
    rows = f"FROM {sources.sql}{conditions}"
    sql = f"SELECT {', '.join(selection.expressions)} {rows}{ordered}{bounds}"
    total = f"SELECT count(*) FROM (SELECT 1 {rows}{bounds})"
    return _query(statement, sources, setting, selection, sql, [*selection.params, *params], total, params)


def _groups(statement: Statement, sources: Sources, setting: Setting) -> Query:
    if not statement.grouping.expressions and (statement.limit is not None or statement.sorted_by):
        clause = "ORDER BY" if statement.sorted_by else "LIMIT"
        raise complaints.plain(f"Non-grouped query that uses overall aggregate functions cannot also use {clause}")

    def conditions(params: list[object]) -> str:
        return _conditions(statement, sources, setting, params)

    selection, sql, params = groups_sql(statement, sources, setting, conditions)
    sql += _bounds(statement, params)
    total = f"SELECT count(*) FROM ({sql})"
    return _query(statement, sources, setting, selection, sql, params, total, params, is_aggregate=True)


def _query(
    statement: Statement,
    sources: Sources,
    setting: Setting,
    selection: Selection,
    sql: str,
    params: list[object],
    total_sql: str,
    total_params: list[object],
    *,
    is_count: bool = False,
    is_aggregate: bool = False,
) -> Query:
    return Query(
        soql=statement.text,
        sobject=sources.sobject,
        columns=tuple(selection.columns),
        parents=tuple(selection.parents.values()),
        key_prefixes=sources.key_prefixes,
        zone=setting.zone,
        is_count=is_count,
        is_aggregate=is_aggregate,
        is_grouped=bool(statement.grouping.expressions),
        sql=sql,
        params=tuple(params),
        total_sql=total_sql,
        total_params=tuple(total_params),
        limit=statement.limit,
        offset=statement.offset,
        all_rows=setting.all_rows,
        noted=frozenset(each.name for each in statement.noted),
        filtered=_filtered(statement, sources),
    )


def _counts_records(statement: Statement) -> bool:
    counts = [
        each.expression
        for each in statement.selected
        if isinstance(each.expression, Call) and not each.expression.arguments
    ]
    if counts and (len(statement.selected) > 1 or statement.grouping.expressions or statement.sorted_by):
        raise complaints.unexpected(statement.text, counts[0].position, "COUNT()")
    return bool(counts)


def _conditions(statement: Statement, sources: Sources, setting: Setting, params: list[object]) -> str:
    parts = present_records(sources, all_rows=setting.all_rows)
    parts += scope_conditions(statement, sources, params)
    if statement.where is not None:
        terms = Terms(sources, setting, params, lambda each: bound(each, sources, setting), semijoin)
        parts.append(where(statement.where, terms))
    return f" WHERE {' AND '.join(parts)}" if parts else ""


def _bounds(statement: Statement, params: list[object]) -> str:
    if statement.limit is None and statement.offset is None:
        return ""
    params += [-1 if statement.limit is None else min(statement.limit, 2**62), statement.offset or 0]
    return " LIMIT ? OFFSET ?"


def _filtered(statement: Statement, sources: Sources) -> tuple[Field, ...]:
    """Return the object's own fields that every row has to satisfy a condition on, and one that an index answers."""
    lefts = [each.left for each in comparisons(statement.where) if each.operator not in NEGATIVE]
    reached = [sources.reach(left) for left in lefts if isinstance(left, Path)]
    return tuple(dict.fromkeys(each.field for each in reached if not each.source.names))
