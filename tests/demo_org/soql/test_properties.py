"""What holds for every statement: tokens lose nothing, strings come back, WHERE agrees with Python, nothing breaks."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toolkit.demo_org.access import Access
from toolkit.demo_org.database import Database
from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.ids import make_id
from toolkit.demo_org.schema import Schema
from toolkit.demo_org.soql import check_bulk, column_metadata, execute, explain, json_renderer, prepare, to_csv, total
from toolkit.demo_org.soql.lexer import Kind, string_value, tokens

NOW = datetime(2026, 11, 4, tzinfo=UTC)
ANYBODY = Access.for_user(make_id("005", 1))
RUNS = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

PATHS = st.sampled_from(
    [
        *("Id", "Name", "Type", "AnnualRevenue", "NumberOfEmployees", "Active__c", "CreatedDate", "CS_Renewal_Date__c"),
        *("Owner.Name", "Parent.Parent.Name", "Parent.Owner.IsActive", "OwnerId", "Tags__c", "Code__c", "Grade__c"),
        *("BillingAddress", "Description", "Nope", "Account.Name", "CSM__r.Name", "Parent.BillingAddress"),
    ]
)
ITEMS = PATHS | st.sampled_from(
    [
        *(
            "COUNT()",
            "COUNT(Id)",
            "MAX(Name)",
            "AVG(NumberOfEmployees) a",
            "toLabel(Grade__c)",
            "FORMAT(AnnualRevenue)",
        ),
        *("FORMAT(CreatedDate) f", "FIELDS(STANDARD)", "FORMAT(SUM(AnnualRevenue))", "toLabel(Tags__c)", "Name n"),
        *("(SELECT LastName FROM Contacts)", "(SELECT Id, (SELECT Id FROM Contacts LIMIT 1) FROM ChildAccounts)"),
        *("CALENDAR_YEAR(CreatedDate)", "GROUPING(Type)", "MIN(Grade__c)", "Site__c", "convertCurrency(AnnualRevenue)"),
        *("DISTANCE(Site__c, GEOLOCATION(1, 2), 'km')", "TYPEOF Owner WHEN User THEN Name END", "FIELDS(ALL)"),
        *("DAY_ONLY(convertTimezone(CreatedDate)) d", "(SELECT Subject, What.Name FROM Tasks WHERE IsClosed = false)"),
    ]
)
VALUES = st.sampled_from(
    [
        *("'x'", "'Ü%'", "''", "null", "true", "1", "-2.5", "TODAY", "LAST_N_WEEKS:3", "2026-11-04", "'a;b'"),
        *("2026-11-04T00:00:00Z", "'001dM0000000001'", "'001dM0000000001QAA'", "THIS_FISCAL_YEAR"),
        *("USD5", "EUR-2.5", "10:00:00Z", "LAST_90_DAYS", "N_DAYS_AGO:2"),
    ]
)
LEFTS = PATHS | st.sampled_from(
    [
        *("toLabel(Grade__c)", "CALENDAR_MONTH(CreatedDate)", "DAY_ONLY(convertTimezone(CreatedDate))", "COUNT(Id)"),
        *("DISTANCE(Site__c, BillingAddress, 'mi')", "HOUR_IN_DAY(CS_Renewal_Date__c)", "GROUPING(Type)"),
        *("MAX(Name)", "SUM(AnnualRevenue)"),
    ]
)
COMPARISONS = st.builds(
    "{} {} {}".format, LEFTS, st.sampled_from(["=", "!=", "<", "<=", ">", ">=", "LIKE"]), VALUES
) | st.builds(
    lambda path, operator, values: f"{path} {operator} ({', '.join(values)})",
    LEFTS,
    st.sampled_from(["IN", "NOT IN", "INCLUDES", "EXCLUDES"]),
    st.lists(VALUES, min_size=1, max_size=3),
)
CLAUSES = st.tuples(
    st.just("") | st.just(" USING SCOPE mine"),
    st.just("")
    | COMPARISONS.map(" WHERE {}".format)
    | st.builds(" WHERE NOT ({} {} {})".format, COMPARISONS, st.sampled_from(["AND", "OR"]), COMPARISONS),
    st.just("") | st.just(" WITH USER_MODE"),
    st.just("")
    | LEFTS.map(" GROUP BY {}".format)
    | st.builds(" GROUP BY {}({}, {})".format, st.sampled_from(["ROLLUP", "CUBE"]), LEFTS, LEFTS)
    | st.builds(" GROUP BY {} HAVING {}".format, LEFTS, COMPARISONS),
    st.just("") | st.builds(" ORDER BY {}{}".format, ITEMS, st.sampled_from(["", " DESC", " ASC NULLS LAST"])),
    st.just("") | st.just(" LIMIT 3"),
    st.just("") | st.just(" OFFSET 1"),
    st.just("") | st.sampled_from([" FOR VIEW", " FOR REFERENCE UPDATE TRACKING"]),
).map("".join)
STATEMENTS = st.builds(
    lambda items, clauses: f"SELECT {', '.join(items)} FROM Account{clauses}",
    st.lists(ITEMS, min_size=1, max_size=4),
    CLAUSES,
)


def _readable(text: str) -> bool:
    return tokens(text)[-1].kind is Kind.END


@given(STATEMENTS | st.text("ab1'\\\\ .,()<>=!:-+TZ\n", max_size=40).filter(_readable))
@RUNS
def test_tokens_lose_nothing_but_blanks(text: str) -> None:
    *found, end = tokens(text)
    rebuilt = ""
    for token in found:
        assert not text[len(rebuilt) : token.position].strip()
        rebuilt = text[: token.position] + token.text
    assert text.startswith(rebuilt)
    assert not text[len(rebuilt) :].strip()
    assert (end.kind, end.position) == (Kind.END, len(text))


@given(st.text(max_size=60).filter(lambda text: not set(text) & set("\ud800\udfff")))
@RUNS
def test_a_string_comes_back_as_it_was_written(text: str) -> None:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    token, end = tokens(f"'{escaped}'")
    assert end.kind is Kind.END
    assert string_value(token, "") == text


@given(STATEMENTS)
@RUNS
def test_any_statement_is_answered_or_refused(schema: Schema, database: Database, soql: str) -> None:
    try:
        query = prepare(soql, schema, ANYBODY, NOW)
    except Refusal:
        return
    rows = list(execute(query, database.connection))
    if query.is_count:
        return
    assert len(rows) == total(query, database.connection)
    assert all("attributes" in json_renderer(query, 66.0)(row) for row in rows)
    assert column_metadata(query)["columnMetadata"]
    assert explain(query, database.connection)["plans"]
    try:
        check_bulk(query)
    except Refusal:
        return
    assert all(to_csv(query, row).startswith('"') for row in rows)


# -- WHERE against a plain reading of the rules


@dataclass(frozen=True)
class Term:
    """A condition as SOQL and as a question about a record."""

    soql: str
    holds: Callable[[dict[str, Any]], bool]


RECORDS: tuple[dict[str, Any], ...] = tuple(
    {"Id": make_id("001", 100 + number), "Name": name, "AnnualRevenue": amount, "Active__c": active, "Type": kind}
    for number, (name, amount, active, kind) in enumerate(
        (name, amount, active, kind)
        for name in ("a", "B", "Ä", "ab")
        for amount in (None, 0.0, 1.5)
        for active in (0, 1)
        for kind in (None, "x", "Y")
    )
)

TEXTS = st.sampled_from(["a", "A", "b", "ä", "x", "y", "Ab"])


def _text_is(field: str, value: str) -> Term:
    return Term(f"{field} = '{value}'", lambda record: (record[field] or "").lower() == value.lower())


def _text_is_not(field: str, value: str) -> Term:
    return Term(f"{field} != '{value}'", lambda record: (record[field] or "").lower() != value.lower())


def _one_of(field: str, values: list[str], negated: bool) -> Term:
    lowered = {value.lower() for value in values}
    listed = ", ".join(f"'{value}'" for value in values)
    word = "NOT IN" if negated else "IN"
    return Term(f"{field} {word} ({listed})", lambda record: ((record[field] or "").lower() in lowered) != negated)


def _amount(operator: str, value: float) -> Term:
    compare: dict[str, Callable[[float], bool]] = {
        "=": lambda amount: amount == value,
        "<": lambda amount: amount < value,
        "<=": lambda amount: amount <= value,
        ">": lambda amount: amount > value,
        ">=": lambda amount: amount >= value,
    }
    question = compare[operator]
    return Term(
        f"AnnualRevenue {operator} {value}",
        lambda record: record["AnnualRevenue"] is not None and question(record["AnnualRevenue"]),
    )


def _is_null(field: str, negated: bool) -> Term:
    return Term(f"{field} {'!=' if negated else '='} null", lambda record: (record[field] is None) != negated)


def _starts(field: str, value: str) -> Term:
    return Term(f"{field} LIKE '{value}%'", lambda record: (record[field] or "").lower().startswith(value.lower()))


def _joined(joint: str, terms: list[Term]) -> Term:
    every = all if joint == "AND" else any
    soql = f" {joint} ".join(f"({term.soql})" for term in terms)
    return Term(soql, lambda record: every(term.holds(record) for term in terms))


FIELDS = st.sampled_from(["Name", "Type"])
SIMPLE = (
    st.builds(_text_is, FIELDS, TEXTS)
    | st.builds(_text_is_not, FIELDS, TEXTS)
    | st.builds(_one_of, FIELDS, st.lists(TEXTS, min_size=1, max_size=3), st.booleans())
    | st.builds(_amount, st.sampled_from(["=", "<", "<=", ">", ">="]), st.sampled_from([-1.0, 0.0, 1.5]))
    | st.builds(_is_null, st.sampled_from(["Type", "AnnualRevenue"]), st.booleans())
    | st.builds(_starts, FIELDS, TEXTS)
    | st.booleans().map(lambda truth: Term(f"Active__c = {truth}", lambda record: bool(record["Active__c"]) == truth))
)
CONDITIONS = st.recursive(
    SIMPLE,
    lambda inner: (
        st.builds(_joined, st.sampled_from(["AND", "OR"]), st.lists(inner, min_size=2, max_size=3))
        | inner.map(lambda term: Term(f"NOT ({term.soql})", lambda record: not term.holds(record)))
    ),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def records(schema: Schema) -> Iterator[Database]:
    with Database(None, schema) as database:
        with database.writing() as connection:
            for record in RECORDS:
                connection.execute(
                    'INSERT INTO "Account" (Id, Name, AnnualRevenue, Active__c, Type) VALUES (?, ?, ?, ?, ?)',
                    list(record.values()),
                )
        yield database


@given(CONDITIONS)
@RUNS
def test_where_agrees_with_a_plain_reading_of_the_rules(schema: Schema, records: Database, condition: Term) -> None:
    query = prepare(f"SELECT Id FROM Account WHERE {condition.soql}", schema, ANYBODY, NOW)
    found = [row[0] for row in execute(query, records.connection)]
    assert found == [record["Id"] for record in RECORDS if condition.holds(record)]


# -- nulls, and the types that the conditions above leave out


RICH: tuple[dict[str, Any], ...] = tuple(
    {
        "Id": make_id("001", 500 + number),
        "CS_Renewal_Date__c": day,
        "Tags__c": tags,
        "NumberOfEmployees": people,
        "Grade__c": grade,
        "Name": name,
    }
    for number, (day, tags, people, grade, name) in enumerate(
        (day, tags, people, grade, name)
        for day in (None, "2026-11-03", "2026-11-04")
        for tags in (None, "a;b", "b;c")
        for people in (None, 0, 7)
        for grade in (None, "one", "two", "unlisted")
        for name in ("b", "Ab", "\u00e4")
    )
)


def _chosen(groups: list[list[str]], negated: bool) -> Term:
    listed = ", ".join(f"'{';'.join(group)}'" for group in groups)
    word = "EXCLUDES" if negated else "INCLUDES"

    def holds(record: dict[str, Any]) -> bool:
        chosen = set((record["Tags__c"] or "").split(";"))
        return any(set(group) <= chosen for group in groups) != negated

    return Term(f"Tags__c {word} ({listed})", holds)


def _day(operator: str, day: str) -> Term:
    questions: dict[str, Callable[[Any], bool]] = {
        "=": lambda value: value == day,
        "!=": lambda value: value != day,
        "<": lambda value: value is not None and value < day,
        "<=": lambda value: value is not None and value <= day,
        ">": lambda value: value is not None and value > day,
        ">=": lambda value: value is not None and value >= day,
    }
    return Term(
        f"CS_Renewal_Date__c {operator} {day}", lambda record: questions[operator](record["CS_Renewal_Date__c"])
    )


def _part(function: str, start: int, stop: int, numbers: list[int], negated: bool) -> Term:
    word = "NOT IN" if negated else "IN"
    soql = f"{function}(CS_Renewal_Date__c) {word} ({', '.join(map(str, numbers))})"

    def holds(record: dict[str, Any]) -> bool:
        day = record["CS_Renewal_Date__c"]
        return (day is not None and int(day[start:stop]) in numbers) != negated

    return Term(soql, holds)


def _people(numbers: list[int], with_null: bool, negated: bool) -> Term:
    values: list[int | None] = [*numbers, *([None] if with_null else [])]
    listed = ", ".join("null" if value is None else str(value) for value in values)
    word = "NOT IN" if negated else "IN"
    return Term(
        f"NumberOfEmployees {word} ({listed})", lambda record: (record["NumberOfEmployees"] in values) != negated
    )


NUMBERS = st.lists(st.integers(0, 8), min_size=1, max_size=3)
RICH_TERMS = (
    st.builds(_chosen, st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=2), min_size=1), st.booleans())
    | st.builds(_day, st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), st.sampled_from(["2026-11-03", "2026-11-04"]))
    | st.builds(_people, NUMBERS, st.booleans(), st.booleans())
    | st.builds(_part, st.just("DAY_IN_MONTH"), st.just(8), st.just(10), NUMBERS, st.booleans())
    | st.builds(_part, st.just("CALENDAR_MONTH"), st.just(5), st.just(7), NUMBERS, st.booleans())
)
RICH_CONDITIONS = st.recursive(
    RICH_TERMS,
    lambda inner: (
        st.builds(_joined, st.sampled_from(["AND", "OR"]), st.lists(inner, min_size=2, max_size=3))
        | inner.map(lambda term: Term(f"NOT ({term.soql})", lambda record: not term.holds(record)))
    ),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def rich(schema: Schema) -> Iterator[Database]:
    with Database(None, schema) as database:
        with database.writing() as connection:
            for record in RICH:
                columns, marks = ", ".join(record), ", ".join("?" * len(record))
                connection.execute(f'INSERT INTO "Account" ({columns}) VALUES ({marks})', list(record.values()))
        yield database


@given(RICH_CONDITIONS)
@RUNS
def test_where_agrees_on_nulls_of_every_type(schema: Schema, rich: Database, condition: Term) -> None:
    query = prepare(f"SELECT Id FROM Account WHERE {condition.soql}", schema, ANYBODY, NOW)
    found = [row[0] for row in execute(query, rich.connection)]
    assert found == [record["Id"] for record in RICH if condition.holds(record)]


# -- ORDER BY against sorted()


GRADES = ("two", "one")  # the picklist's own order


def _sort_value(field: str, value: Any) -> Any:
    if field == "Grade__c":
        return GRADES.index(value) if value in GRADES else len(GRADES)
    return value.upper() if field == "Name" else value


def _ordered(records: list[dict[str, Any]], field: str, descending: bool, nulls_last: bool) -> list[dict[str, Any]]:
    nulls = [record for record in records if record[field] is None]
    others = [record for record in records if record[field] is not None]
    others.sort(key=lambda record: _sort_value(field, record[field]), reverse=descending)
    return others + nulls if nulls_last else nulls + others


SORTINGS = st.lists(
    st.tuples(
        st.sampled_from(["Name", "Grade__c", "NumberOfEmployees", "CS_Renewal_Date__c"]),
        st.booleans(),
        st.sampled_from(["", " NULLS FIRST", " NULLS LAST"]),
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda sorting: sorting[0],
)


@given(SORTINGS, st.integers(0, 30), st.integers(0, 10))
@RUNS
def test_order_by_agrees_with_sorting(
    schema: Schema, rich: Database, sortings: list[tuple[str, bool, str]], limit: int, offset: int
) -> None:
    clauses = ", ".join(f"{field}{' DESC' if descending else ''}{nulls}" for field, descending, nulls in sortings)
    soql = f"SELECT Id FROM Account ORDER BY {clauses}, Id LIMIT {limit} OFFSET {offset}"
    expected = sorted(RICH, key=lambda record: record["Id"])
    for field, descending, nulls in reversed(sortings):
        expected = _ordered(expected, field, descending, nulls == " NULLS LAST")
    found = [row[0] for row in execute(prepare(soql, schema, ANYBODY, NOW), rich.connection)]
    assert found == [record["Id"] for record in expected][offset : offset + limit]
