"""Functions of single values: labels, formats, distances, and literals of time and currency."""

from collections.abc import Callable
from typing import Any

import pytest

from toolkit.demo_org.database import Database
from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.soql import Query, check_bulk, execute

Ask = Callable[..., list[dict[str, Any]]]
Found = Callable[..., str]
Ready = Callable[..., Query]

ROME, MILAN = "GEOLOCATION(41.9, 12.5)", "GEOLOCATION(45.5, 9.2)"


@pytest.mark.parametrize(
    ("condition", "letters"),
    [
        # labels of picklists: Grade__c one is First, two is Second
        ("toLabel(Grade__c) = 'first'", "A"),
        ("tolabel(Grade__c) IN ('First', 'Second')", "AZ"),
        ("toLabel(Grade__c) LIKE 'S%'", "Z"),
        ("toLabel(Grade__c) != 'First'", "ZEPL"),
        ("toLabel(Grade__c) = null", "EPL"),
        ("toLabel(Grade__c) = 'one'", ""),
        ("toLabel(Type) = 'prospect' AND toLabel(Grade__c) > 'a'", "Z"),
        ("toLabel(Name) = 'acme'", "A"),
        # distances: Acme is in Rome, zeta in Milan, about 480 km apart
        (f"DISTANCE(BillingAddress, {ROME}, 'km') < 1", "A"),
        (f"DISTANCE(BillingAddress, {ROME}, 'km') < 500", "AZ"),
        (f"DISTANCE(BillingAddress, {ROME}, 'km') > 400", "Z"),
        (f"DISTANCE(BillingAddress, {ROME}, 'mi') > 400", ""),
        ("distance(billingaddress, geolocation(-41.9, -12.5), 'MI') > 5000", "AZ"),
        (f"DISTANCE(Site__c, {ROME}, 'km') < 800", "A"),
        ("DISTANCE(Site__c, BillingAddress, 'km') > 100", "A"),
        (f"(NOT DISTANCE(BillingAddress, {ROME}, 'km') < 1)", "ZEPL"),
        (f"DISTANCE(Parent.BillingAddress, {ROME}, 'km') < 1", "Z"),
        # times of day
        ("Opens_At__c = 08:30:00.000Z", "A"),
        ("Opens_At__c = 08:30:00Z", "A"),
        ("Opens_At__c = 08:30:00", "A"),
        ("Opens_At__c > 08:30:00.000Z", "Z"),
        ("Opens_At__c >= 08:30:00.000Z", "AZ"),
        ("Opens_At__c IN (10:00:00.000Z, 11:00:00.000Z)", "Z"),
        ("Opens_At__c != 10:00:00.000Z", "AEPL"),
        ("Opens_At__c = null", "EPL"),
        # amounts in the org's currency
        ("AnnualRevenue > USD250.4", "AZ"),
        ("AnnualRevenue = usd1000", "A"),
        ("AnnualRevenue < USD-1", "E"),
        ("AnnualRevenue IN (USD1000, USD250.50)", "AZ"),
        # multi-select picklists
        ("Tags__c INCLUDES ('a')", "A"),
        ("Tags__c INCLUDES ('b;a;b')", "A"),
        ("Tags__c INCLUDES ('a;c')", ""),
        ("Tags__c INCLUDES ('a', 'c')", "AZ"),
        ("Tags__c INCLUDES ('A;B', 'x')", "A"),
        ("Tags__c EXCLUDES ('a;b')", "ZEPL"),
        ("Tags__c EXCLUDES ('a;c')", "AZEPL"),
        ("Tags__c EXCLUDES ('a', 'c')", "EPL"),
        ("(NOT Tags__c INCLUDES ('a'))", "ZEPL"),
        ("Tags__c = 'A;B'", "A"),
        ("Tags__c = 'b;a'", ""),
        ("Tags__c != 'c'", "AEPL"),
        ("Tags__c IN ('c', 'a;b')", "AZ"),
        ("Tags__c = null", "EPL"),
        ("Tags__c != null", "AZ"),
    ],
)
def test_a_condition_finds(found: Found, condition: str, letters: str) -> None:
    assert found(f"WHERE {condition}") == letters


@pytest.mark.parametrize(
    ("clause", "letters"),
    [
        (f"ORDER BY DISTANCE(BillingAddress, {MILAN}, 'km') NULLS LAST", "ZAEPL"),
        (f"ORDER BY DISTANCE(BillingAddress, {MILAN}, 'mi') DESC NULLS LAST", "AZEPL"),
        (f"ORDER BY DISTANCE(BillingAddress, {ROME}, 'km'), Name", "PLEAZ"),
        ("ORDER BY Opens_At__c DESC NULLS LAST LIMIT 2", "ZA"),
    ],
)
def test_rows_come_in_order(found: Found, clause: str, letters: str) -> None:
    assert found(clause) == letters


def test_a_distance_is_a_number_with_a_name(ask: Ask) -> None:
    soql = (
        f"SELECT Name, DISTANCE(BillingAddress, {MILAN}, 'km'), DISTANCE(BillingAddress, {MILAN}, 'mi') miles, "
        f"DISTANCE(Site__c, {MILAN}, 'km') FROM Account WHERE Name IN ('Acme', 'Lost')"
    )
    acme, lost = ask(soql)
    assert list(acme) == ["attributes", "Name", "expr0", "miles", "expr1"]
    assert acme["expr0"] == pytest.approx(480.5, abs=1.5)
    assert acme["miles"] == pytest.approx(acme["expr0"] / 1.609344)
    assert (lost["expr0"], lost["miles"]) == (None, None)


def test_a_geolocation_is_one_value_of_its_parts(ask: Ask) -> None:
    acme, *others = ask("SELECT Site__c FROM Account")
    assert acme["Site__c"] == {"latitude": 48.2, "longitude": 16.4}
    assert all(each["Site__c"] is None for each in others)


def test_a_function_may_have_an_alias_beside_its_field(ask: Ask) -> None:
    soql = (
        "SELECT Grade__c, toLabel(Grade__c) grade, AnnualRevenue, FORMAT(AnnualRevenue) amount, FORMAT(Opens_At__c) "
        "FROM Account WHERE Name = 'Acme'"
    )
    (acme,) = ask(soql)
    assert list(acme)[1:] == ["Grade__c", "grade", "AnnualRevenue", "amount", "Opens_At__c"]
    assert acme["Opens_At__c"] == "8:30 AM"
    assert (acme["Grade__c"], acme["grade"], acme["AnnualRevenue"], acme["amount"]) == (
        "one",
        "First",
        1000.0,
        "$1,000",
    )


def test_the_functions_are_there_on_every_connection(ready: Ready, database: Database) -> None:
    query = ready(f"SELECT Id FROM Account WHERE DISTANCE(BillingAddress, {ROME}, 'km') < 1 AND Name >= 'a'")
    for _ in range(3):
        with database.reading() as one, database.reading() as other:
            assert len(list(execute(query, one))) == len(list(execute(query, other))) == 1


@pytest.mark.parametrize(
    ("soql", "code", "message"),
    [
        ("SELECT convertCurrency(AnnualRevenue) FROM Account", "MALFORMED_QUERY", "multiple currencies are enabled"),
        ("SELECT FORMAT(convertCurrency(AnnualRevenue)) a FROM Account", "MALFORMED_QUERY", "multiple currencies"),
        ("SELECT Id FROM Account WHERE convertCurrency(AnnualRevenue) > 1", "MALFORMED_QUERY", "'convertcurrency'"),
        ("SELECT Id FROM Account ORDER BY convertCurrency(AnnualRevenue)", "MALFORMED_QUERY", "'convertcurrency'"),
        ("SELECT Id FROM Account WHERE AnnualRevenue > EUR5", "MALFORMED_QUERY", "Invalid currency: EUR5"),
        ("SELECT Id FROM Account WHERE AnnualRevenue IN (USD5, 6)", "MALFORMED_QUERY", "Invalid currency: USD5"),
        ("SELECT Id FROM Account WHERE NumberOfEmployees = USD5", "INVALID_FIELD", "must be of type int"),
        ("SELECT Id FROM Account WHERE Name = USD5", "INVALID_FIELD", "must be of type string"),
        (
            "SELECT Id FROM Account WHERE Opens_At__c = '08:30:00.000Z'",
            "INVALID_FIELD",
            "of type time and should not be",
        ),
        ("SELECT Id FROM Account WHERE Opens_At__c = 25:00:00.000Z", "MALFORMED_QUERY", "Invalid time: 25:00:00.000Z"),
        ("SELECT Id FROM Account WHERE Opens_At__c LIKE '8%'", "INVALID_QUERY_FILTER_OPERATOR", "invalid operator"),
        ("SELECT Id FROM Account WHERE Name = 08:30:00Z", "INVALID_FIELD", "of type string"),
        (
            f"SELECT Id FROM Account WHERE DISTANCE(Name, {ROME}, 'km') < 1",
            "MALFORMED_QUERY",
            "field of type string: Name",
        ),
        (f"SELECT Id FROM Account WHERE DISTANCE(BillingAddress, {ROME}, 'ly') < 1", "MALFORMED_QUERY", "'mi' or 'km'"),
        (
            f"SELECT Id FROM Account WHERE DISTANCE(BillingAddress, {ROME}, 'km') = 1",
            "INVALID_QUERY_FILTER_OPERATOR",
            "invalid",
        ),
        (
            f"SELECT Id FROM Account WHERE DISTANCE(BillingAddress, {ROME}, 'km') >= 1",
            "INVALID_QUERY_FILTER_OPERATOR",
            "invalid",
        ),
        (
            f"SELECT Id FROM Account WHERE DISTANCE(BillingAddress, {ROME}, 'km') < 'x'",
            "INVALID_FIELD",
            "of type double",
        ),
        (
            "SELECT Id FROM Account WHERE DISTANCE(BillingAddress, GEOLOCATION(91, 0), 'km') < 1",
            "MALFORMED_QUERY",
            "Latitude",
        ),
        (
            "SELECT Id FROM Account WHERE DISTANCE(BillingAddress, GEOLOCATION(0, 181), 'km') < 1",
            "MALFORMED_QUERY",
            "longitude",
        ),
        (
            "SELECT Id FROM Account WHERE DISTANCE(BillingAddress, GEOLOCATION(1), 'km') < 1",
            "MALFORMED_QUERY",
            "unexpected token",
        ),
        (
            "SELECT Id FROM Account WHERE DISTANCE(BillingAddress, 'km') < 1",
            "MALFORMED_QUERY",
            "unexpected token: ''km''",
        ),
        (
            f"SELECT Id FROM Account WHERE DISTANCE({ROME}, BillingAddress, 'km') < 1",
            "MALFORMED_QUERY",
            "'GEOLOCATION'",
        ),
        (f"SELECT Id FROM Account WHERE {ROME} < 1", "MALFORMED_QUERY", "unexpected token: '('"),
        (
            f"SELECT COUNT(Id) FROM Account GROUP BY DISTANCE(BillingAddress, {ROME}, 'km')",
            "MALFORMED_QUERY",
            "'distance'",
        ),
        ("SELECT Id FROM Account WHERE Site__c = null", "INVALID_FIELD", "can not be filtered in a query call"),
        ("SELECT Id FROM Account ORDER BY Site__c", "INVALID_FIELD", "can not be sorted in a query call"),
        ("SELECT Id FROM Account WHERE toLabel(Description) = 'x'", "INVALID_FIELD", "can not be filtered"),
        ("SELECT Id FROM Account WHERE FORMAT(Name) = 'x'", "MALFORMED_QUERY", "unexpected token: 'format'"),
        ("SELECT Id FROM Account WHERE toLabel(Nope) = 'x'", "INVALID_FIELD", "No such column 'Nope'"),
        ("SELECT Id FROM Account WHERE toLabel(toLabel(Type)) = 'x'", "MALFORMED_QUERY", "unexpected token: '('"),
        ("SELECT toLabel(Type), Type FROM Account", "INVALID_FIELD", "duplicate field selected: Type"),
        ("SELECT FORMAT(Name, Type) FROM Account", "MALFORMED_QUERY", "unexpected token: ','"),
        ("SELECT UPPER(Name) FROM Account", "MALFORMED_QUERY", "unexpected token: '('"),
        ("SELECT Id FROM Account WHERE Tags__c INCLUDES (a)", "MALFORMED_QUERY", "unexpected token: 'a'"),
        ("SELECT Id FROM Account WHERE Tags__c INCLUDES (null)", "INVALID_FIELD", "of type string"),
        ("SELECT Id FROM Account WHERE Tags__c LIKE 'a%'", "INVALID_QUERY_FILTER_OPERATOR", "invalid operator"),
        ("SELECT Id FROM Account WHERE Tags__c > 'a'", "INVALID_QUERY_FILTER_OPERATOR", "invalid operator"),
        ("SELECT Id FROM Account ORDER BY Tags__c", "INVALID_FIELD", "can not be sorted in a query call"),
        ("SELECT Tags__c FROM Account GROUP BY Tags__c", "INVALID_FIELD", "can not be grouped in a query call"),
    ],
)
def test_functions_have_limits(ready: Ready, soql: str, code: str, message: str) -> None:
    with pytest.raises(Refusal) as refused:
        ready(soql)
    assert (refused.value.code, message in refused.value.message) == (code, True), refused.value.message


def test_bulk_has_no_compound_geolocation(ready: Ready) -> None:
    with pytest.raises(Refusal) as refused:
        check_bulk(ready("SELECT Site__c FROM Account"))
    assert refused.value.message == "Selecting compound data not supported in Bulk Query"
