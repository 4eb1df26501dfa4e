"""GROUP BY, ROLLUP, CUBE, GROUPING, HAVING and date functions, over a handful of opportunities."""

from collections.abc import Callable, Iterator
from datetime import UTC, timedelta, timezone, tzinfo
from itertools import chain, combinations
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toolkit.demo_org.database import Database
from toolkit.demo_org.ids import make_id
from toolkit.demo_org.schema import Schema
from toolkit.demo_org.soql import Query, execute, to_json, total
from toolkit.demo_org.soql.dates import Calendar

Ready = Callable[..., Query]
Rows = Callable[..., list[tuple[Any, ...]]]

ANN, BOB = make_id("005", 1), make_id("005", 2)
SALES: tuple[tuple[str, str | None, float | None, str, str, str], ...] = (
    ("n1", "Prospecting", 100.0, "2026-01-01", "2026-01-01T00:30:00.000Z", ANN),
    ("n2", "Closed Won", 200.0, "2026-03-31", "2026-03-31T23:30:00.000Z", ANN),
    ("n3", "Closed Won", None, "2026-12-31", "2025-12-31T23:59:59.000Z", BOB),
    ("n4", "Prospecting", 50.5, "2025-02-28", "2025-02-28T12:00:00.000Z", BOB),
    ("n5", None, -10.0, "2024-02-29", "2024-02-29T00:00:00.000Z", BOB),
    ("n6", "Closed Lost", 0.0, "2026-07-08", "2026-07-08T06:00:00.000Z", ANN),
)


@pytest.fixture(scope="module")
def sales(schema: Schema) -> Iterator[Database]:
    with Database(None, schema) as database:
        with database.writing() as connection:
            for user, name in ((ANN, "Ann"), (BOB, "Bob")):
                connection.execute('INSERT INTO "User" (Id, Name) VALUES (?, ?)', (user, name))
            for number, record in enumerate(SALES):
                connection.execute(
                    'INSERT INTO "Opportunity" (Id, Name, StageName, Amount, CloseDate, CreatedDate, OwnerId) '
                    "VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (make_id("006", number + 1), *record),
                )
        yield database


@pytest.fixture(scope="module")
def rows(ready: Ready, sales: Database) -> Rows:
    """Return the values of each row, without the attributes."""

    def asked(soql: str, **how: Any) -> list[tuple[Any, ...]]:
        query = ready(soql, **how)
        records = [to_json(query, row, 66.0) for row in execute(query, sales.connection)]
        assert all(each["attributes"] == {"type": "AggregateResult"} for each in records)
        return [tuple(each.values())[1:] for each in records]

    return asked


# -- date functions


@pytest.mark.parametrize(
    ("function", "values"),
    [
        ("CALENDAR_YEAR(CloseDate)", [2026, 2026, 2026, 2025, 2024, 2026]),
        ("calendar_quarter(CloseDate)", [1, 1, 4, 1, 1, 3]),
        ("CALENDAR_MONTH(CloseDate)", [1, 3, 12, 2, 2, 7]),
        ("DAY_IN_MONTH(CloseDate)", [1, 31, 31, 28, 29, 8]),
        ("DAY_IN_WEEK(CloseDate)", [5, 3, 5, 6, 5, 4]),
        ("DAY_IN_YEAR(CloseDate)", [1, 90, 365, 59, 60, 189]),
        ("WEEK_IN_MONTH(CloseDate)", [1, 5, 5, 4, 5, 2]),
        ("WEEK_IN_YEAR(CloseDate)", [1, 13, 53, 9, 9, 27]),
        ("FISCAL_YEAR(CloseDate)", [2026, 2026, 2026, 2025, 2024, 2026]),
        ("FISCAL_QUARTER(CloseDate)", [1, 1, 4, 1, 1, 3]),
        ("FISCAL_MONTH(CloseDate)", [1, 3, 12, 2, 2, 7]),
        ("CALENDAR_YEAR(CreatedDate)", [2026, 2026, 2025, 2025, 2024, 2026]),
        ("HOUR_IN_DAY(CreatedDate)", [0, 23, 23, 12, 0, 6]),
        (
            "DAY_ONLY(CreatedDate)",
            ["2026-01-01", "2026-03-31", "2025-12-31", "2025-02-28", "2024-02-29", "2026-07-08"],
        ),
        ("HOUR_IN_DAY(convertTimezone(CreatedDate))", [0, 23, 23, 12, 0, 6]),
    ],
)
def test_a_date_function_gives(rows: Rows, function: str, values: list[Any]) -> None:
    soql = f"SELECT {function} part, MIN(Name) FROM Opportunity GROUP BY Name, {function} ORDER BY Name"
    assert [row[0] for row in rows(soql)] == values


@pytest.mark.parametrize(
    ("zone", "function", "values"),
    [
        (timezone(timedelta(hours=-8)), "HOUR_IN_DAY(convertTimezone(CreatedDate))", [16, 15, 15, 4, 16, 22]),
        (
            timezone(timedelta(hours=-8)),
            "CALENDAR_YEAR(convertTimezone(CreatedDate))",
            [2025, 2026, 2025, 2025, 2024, 2026],
        ),
        (timezone(timedelta(hours=9)), "DAY_IN_MONTH(convertTimezone(CreatedDate))", [1, 1, 1, 28, 29, 8]),
        (timezone(timedelta(hours=9)), "DAY_IN_MONTH(CreatedDate)", [1, 31, 31, 28, 29, 8]),
        (UTC, "HOUR_IN_DAY(convertTimezone(CreatedDate))", [0, 23, 23, 12, 0, 6]),
        (ZoneInfo("Europe/Berlin"), "HOUR_IN_DAY(convertTimezone(CreatedDate))", [1, 1, 0, 13, 1, 8]),
    ],
)
def test_convert_timezone_reads_the_users_clock(rows: Rows, zone: tzinfo, function: str, values: list[int]) -> None:
    soql = f"SELECT {function} part FROM Opportunity GROUP BY Name, {function} ORDER BY Name"
    assert [row[0] for row in rows(soql, zone=zone)] == values


@pytest.mark.parametrize(
    ("starts", "years", "quarters", "months"),
    [
        (1, [2026, 2026, 2026, 2025, 2024, 2026], [1, 1, 4, 1, 1, 3], [1, 3, 12, 2, 2, 7]),
        (2, [2026, 2027, 2027, 2026, 2025, 2027], [4, 1, 4, 1, 1, 2], [12, 2, 11, 1, 1, 6]),
        (7, [2026, 2026, 2027, 2025, 2024, 2027], [3, 3, 2, 3, 3, 1], [7, 9, 6, 8, 8, 1]),
    ],
)
def test_the_fiscal_year_starts_in_the_orgs_month(
    rows: Rows, starts: int, years: list[int], quarters: list[int], months: list[int]
) -> None:
    functions = "FISCAL_YEAR(CloseDate), FISCAL_QUARTER(CloseDate), FISCAL_MONTH(CloseDate)"
    soql = f"SELECT {functions} FROM Opportunity GROUP BY Name, {functions} ORDER BY Name"
    found = rows(soql, calendar=Calendar(fiscal_year_starts_in=starts))
    assert found == list(zip(years, quarters, months, strict=True))


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ("CALENDAR_YEAR(CloseDate) = 2026", ["n1", "n2", "n3", "n6"]),
        ("CALENDAR_MONTH(CloseDate) IN (1, 7)", ["n1", "n6"]),
        ("CALENDAR_MONTH(CloseDate) NOT IN (1, 7)", ["n2", "n3", "n4", "n5"]),
        ("HOUR_IN_DAY(CreatedDate) >= 12 AND Amount > USD40", ["n2", "n4"]),
        ("DAY_ONLY(CreatedDate) = 2026-03-31", ["n2"]),
        ("DAY_ONLY(CreatedDate) < LAST_YEAR", ["n5"]),
        ("(NOT CALENDAR_YEAR(CloseDate) = 2026)", ["n4", "n5"]),
        ("WEEK_IN_YEAR(CloseDate) = 1 OR WEEK_IN_YEAR(CloseDate) = 53", ["n1", "n3"]),
    ],
)
def test_date_functions_filter(ready: Ready, sales: Database, condition: str, names: list[str]) -> None:
    query = ready(f"SELECT Name FROM Opportunity WHERE {condition} ORDER BY Name")
    assert [to_json(query, row, 66.0)["Name"] for row in execute(query, sales.connection)] == names


# -- names, order, HAVING


def test_functions_without_an_alias_are_named_in_turn(ready: Ready, sales: Database) -> None:
    query = ready(
        "SELECT CALENDAR_YEAR(CloseDate), COUNT(Id), StageName, SUM(Amount) s, Owner.Name, MAX(Amount), "
        "toLabel(Owner.Alias) FROM Opportunity GROUP BY CALENDAR_YEAR(CloseDate), StageName, Owner.Name, Owner.Alias"
    )
    assert [column.header for column in query.columns] == [
        *("expr0", "expr1", "StageName", "s", "Name", "expr2", "Alias"),
    ]
    assert total(query, sales.connection) == 6


@pytest.mark.parametrize(
    ("soql", "expected"),
    [
        (
            "SELECT StageName, COUNT(Id) FROM Opportunity GROUP BY StageName HAVING COUNT(Id) > 1 ORDER BY StageName",
            [("Prospecting", 2), ("Closed Won", 2)],
        ),
        (
            "SELECT StageName FROM Opportunity GROUP BY StageName HAVING SUM(Amount) > 100 ORDER BY StageName",
            [("Prospecting",), ("Closed Won",)],
        ),
        (
            (
                "SELECT StageName FROM Opportunity GROUP BY StageName HAVING SUM(Amount) > 100 "
                "AND StageName LIKE 'closed%'"
            ),
            [("Closed Won",)],
        ),
        (
            (
                "SELECT StageName FROM Opportunity GROUP BY StageName "
                "HAVING COUNT(Id) = 2 AND (NOT StageName IN ('Closed Won', 'x'))"
            ),
            [("Prospecting",)],
        ),
        ("SELECT StageName s FROM Opportunity GROUP BY StageName HAVING StageName = null", [(None,)]),
        (
            (
                "SELECT CALENDAR_YEAR(CloseDate), COUNT(Id) FROM Opportunity GROUP BY CALENDAR_YEAR(CloseDate) "
                "HAVING CALENDAR_YEAR(CloseDate) < 2026 ORDER BY CALENDAR_YEAR(CloseDate) DESC"
            ),
            [(2025, 1), (2024, 1)],
        ),
        (
            (
                "SELECT Owner.Name, SUM(Amount) FROM Opportunity WHERE Amount != 0 GROUP BY Owner.Name "
                "HAVING MAX(CloseDate) >= 2026-12-31"
            ),
            [("Bob", 40.5)],
        ),
        (
            "SELECT OwnerId FROM Opportunity GROUP BY OwnerId HAVING MIN(CreatedDate) < LAST_YEAR",
            [(BOB,)],
        ),
        (
            (
                "SELECT StageName FROM Opportunity GROUP BY StageName ORDER BY SUM(Amount) DESC "
                "NULLS LAST, StageName LIMIT 2"
            ),
            [("Closed Won",), ("Prospecting",)],
        ),
        (
            (
                "SELECT StageName FROM Opportunity GROUP BY StageName ORDER BY COUNT(Amount), "
                "StageName DESC LIMIT 2 OFFSET 1"
            ),
            [("Closed Lost",), ("Closed Won",)],
        ),
        (
            "SELECT COUNT_DISTINCT(StageName), COUNT(StageName), COUNT(Id), AVG(Amount) FROM Opportunity",
            [(3, 5, 6, 68.1)],
        ),
        ("SELECT MIN(StageName), MAX(StageName) FROM Opportunity", [("Prospecting", "Closed Lost")]),
        ("SELECT MIN(StageName) FROM Opportunity WHERE Name = 'n5'", [(None,)]),
        ("SELECT FORMAT(MAX(Amount)) Amt, FORMAT(MIN(CloseDate)) FROM Opportunity", [("$200.00", "2/29/2024")]),
        ("SELECT COUNT(Id) FROM Opportunity WITH USER_MODE GROUP BY StageName HAVING COUNT(Id) > 1", [(2,), (2,)]),
    ],
)
def test_groups_are_chosen_and_ordered(rows: Rows, soql: str, expected: list[tuple[Any, ...]]) -> None:
    found = rows(soql)
    assert [tuple(round(each, 6) if isinstance(each, float) else each for each in row) for row in found] == expected


# -- ROLLUP and CUBE


def test_a_rollup_sums_up_from_the_right(rows: Rows) -> None:
    soql = (
        "SELECT Owner.Name, CALENDAR_YEAR(CloseDate) y, COUNT(Id) n, GROUPING(Owner.Name) o, SUM(Amount) "
        "FROM Opportunity GROUP BY ROLLUP(Owner.Name, CALENDAR_YEAR(CloseDate))"
    )
    assert rows(soql) == [
        ("Ann", 2026, 3, 0, 300.0),
        ("Ann", None, 3, 0, 300.0),
        ("Bob", 2024, 1, 0, -10.0),
        ("Bob", 2025, 1, 0, 50.5),
        ("Bob", 2026, 1, 0, None),
        ("Bob", None, 3, 0, 40.5),
        (None, None, 6, 1, 340.5),
    ]


def test_a_cube_sums_up_every_combination(rows: Rows) -> None:
    soql = (
        "SELECT Owner.Name, StageName, GROUPING(Owner.Name) o, GROUPING(StageName) s, COUNT(Id) n FROM Opportunity "
        "WHERE StageName != null GROUP BY CUBE(Owner.Name, StageName) "
        "ORDER BY GROUPING(Owner.Name), GROUPING(StageName), Owner.Name, StageName"
    )
    assert rows(soql) == [
        ("Ann", "Prospecting", 0, 0, 1),
        ("Ann", "Closed Won", 0, 0, 1),
        ("Ann", "Closed Lost", 0, 0, 1),
        ("Bob", "Prospecting", 0, 0, 1),
        ("Bob", "Closed Won", 0, 0, 1),
        ("Ann", None, 0, 1, 3),
        ("Bob", None, 0, 1, 2),
        (None, "Prospecting", 1, 0, 2),
        (None, "Closed Won", 1, 0, 2),
        (None, "Closed Lost", 1, 0, 1),
        (None, None, 1, 1, 5),
    ]


@pytest.mark.parametrize(
    ("clauses", "expected"),
    [
        ("GROUP BY ROLLUP(StageName) HAVING GROUPING(StageName) = 1", [(None, 6)]),
        (
            "GROUP BY ROLLUP(StageName) HAVING GROUPING(StageName) = 0 AND COUNT(Id) = 1 ORDER BY StageName DESC",
            [(None, 1), ("Closed Lost", 1)],
        ),
        ("GROUP BY ROLLUP(StageName) ORDER BY COUNT(Id) DESC LIMIT 1", [(None, 6)]),
        ("WHERE Name = 'nobody' GROUP BY CUBE(StageName)", []),
        ("GROUP BY CUBE(StageName) ORDER BY COUNT(Id) DESC LIMIT 1 OFFSET 4", [("Closed Lost", 1)]),
    ],
)
def test_subtotals_are_filtered_and_ordered(rows: Rows, clauses: str, expected: list[tuple[Any, ...]]) -> None:
    assert rows(f"SELECT StageName, COUNT(Id) FROM Opportunity {clauses}") == expected


KEYS = ("StageName", "OwnerId", "CALENDAR_YEAR(CloseDate)")
VALUES: tuple[dict[str, Any], ...] = tuple(
    {"StageName": stage, "OwnerId": owner, "CALENDAR_YEAR(CloseDate)": int(closes[:4]), "Amount": amount}
    for _, stage, amount, closes, _, owner in SALES
)


def _by_hand(keys: list[str], kind: str) -> list[tuple[Any, ...]]:
    """Return the rows of a ROLLUP or CUBE: for every set of kept keys one row a combination of their values."""
    if kind == "ROLLUP":
        kept_sets = [keys[:length] for length in range(len(keys) + 1)]
    else:
        kept_sets = [list(each) for each in chain.from_iterable(combinations(keys, n) for n in range(len(keys) + 1))]
    made = []
    for kept in kept_sets:
        groups: dict[tuple[Any, ...], list[Any]] = {}
        for value in VALUES:
            key = tuple(value[name] if name in kept else None for name in keys)
            groups.setdefault(key, []).append(value["Amount"])
        for key, amounts in groups.items():
            known = [amount for amount in amounts if amount is not None]
            flags = tuple(int(name not in kept) for name in keys if "(" not in name)
            made.append((*key, *flags, len(amounts), sum(known) if known else None))
    return made


@given(st.lists(st.sampled_from(KEYS), min_size=1, max_size=3, unique=True), st.sampled_from(["ROLLUP", "CUBE"]))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_subtotals_agree_with_grouping_by_hand(rows: Rows, keys: list[str], kind: str) -> None:
    shown = [f"{key} k{place}" for place, key in enumerate(keys)]
    flags = [f"GROUPING({key}) g{place}" for place, key in enumerate(keys) if "(" not in key]
    soql = (
        f"SELECT {', '.join([*shown, *flags])}, COUNT(Id), SUM(Amount) FROM Opportunity "
        f"GROUP BY {kind}({', '.join(keys)})"
    )
    assert sorted(rows(soql), key=repr) == sorted(_by_hand(keys, kind), key=repr)
