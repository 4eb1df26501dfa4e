"""Statements as clients write them: each is answered; damaged, each is answered or refused, and never anything else."""

import json
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toolkit.demo_org.database import Database
from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.soql import Query, execute, json_renderer, total
from toolkit.demo_org.soql.lexer import tokens
from toolkit.demo_org.soql.parser import parse

Ready = Callable[..., Query]

ANSWERED = (
    # fields and names
    "SELECT Id FROM Account",
    "select id from account",
    "SELECT   Id,Name ,\tType\nFROM\r\nAccount",
    "SELECT Id, IsDeleted, CreatedById, CreatedDate, LastModifiedById, SystemModstamp FROM Contact",
    "SELECT Account.Id, Account.Name FROM Account",
    "SELECT a.Id, a.Owner.Name FROM Account a",
    "SELECT Account.Owner.Manager.Name FROM Contact",
    "SELECT u.Name, m.Name FROM User u, u.Manager m",
    "SELECT CreatedBy.Name, LastModifiedBy.Profile.Name FROM Opportunity",
    "SELECT Name, InstanceName, IsSandbox, OrganizationType, NamespacePrefix FROM Organization",
    "SELECT Id, Name FROM Profile WHERE Name = 'System Administrator'",
    "SELECT BillingAddress, ShippingAddress FROM Account",
    "SELECT FIELDS(STANDARD) FROM Opportunity",
    "SELECT FIELDS(ALL) FROM Contact ORDER BY Id LIMIT 200",
    "SELECT fields(custom) FROM Account LIMIT 1",
    "SELECT count() FROM User",
    "SELECT COUNT() total FROM User WHERE IsActive = TRUE LIMIT 10",
    "SELECT Id last_one FROM Account GROUP BY Id",
    # conditions
    "SELECT Id FROM Account WHERE Name = 'O\\'Neil \\\\ \\\"Co\\\" \\n\\t\\u00e4'",
    "SELECT Id FROM Account WHERE Name = ''",
    "SELECT Id FROM Account WHERE (NOT Type = 'x')",
    "SELECT Id FROM Account WHERE NOT Type = 'x'",
    "SELECT Id FROM Account WHERE NOT(Type = 'x')",
    "SELECT Id FROM Account WHERE NOT (NOT (Type = 'x'))",
    "SELECT Id FROM Account WHERE Name='a'OR Name='b'",
    "SELECT Id FROM Account WHERE ((Name = 'a'))",
    "SELECT Id FROM Account WHERE (Name = 'a' OR Name = 'b') AND (Type = 'c' OR (Type = 'd' AND Industry != null))",
    "SELECT Id FROM Account WHERE Name LIKE '%a_b%' AND Name LIKE '\\%\\_'",
    "SELECT Id FROM Account WHERE Name IN ('a','b') AND Type NOT IN ('c')",
    "SELECT Id FROM Account WHERE Name not in ('a', null)",
    "SELECT Id FROM Account WHERE Name > 'a' AND Name <= 'Z' AND Name <> 'b'",
    "SELECT Id FROM Account WHERE AnnualRevenue > -1.5e3 AND AnnualRevenue < +2000. AND NumberOfEmployees >= .5",
    "SELECT Id FROM Account WHERE AnnualRevenue IN (1, 2.5, 3)",
    "SELECT Id FROM Account WHERE IsDeleted = false AND IsDeleted != TRUE",
    "SELECT Id FROM Account WHERE OwnerId = '005dM0000000001' OR OwnerId = '005dM0000000001QAA'",
    "SELECT Id FROM Account WHERE Owner.Name LIKE 'A%' AND Parent.Owner.IsActive = true AND Parent.ParentId = null",
    "SELECT Id FROM Opportunity WHERE Account.Owner.Manager.Profile.Name = 'x'",
    "SELECT Id FROM Opportunity WHERE Amount > USD5000.01 OR Amount < USD-500",
    "SELECT Id FROM Opportunity WHERE IsClosed = FALSE AND CloseDate < NEXT_N_YEARS:5",
    "SELECT Id FROM Task WHERE WhatId != null AND What.Type = 'Account' AND Who.Name LIKE 'x%'",
    "SELECT Id FROM Event WHERE What.Name = 'a' OR Owner.Name = 'b'",
    # moments
    "SELECT Id FROM Account WHERE CreatedDate > 2026-01-01T00:00:00Z",
    "SELECT Id FROM Account WHERE CreatedDate > 2026-01-01T00:00:00.000Z",
    "SELECT Id FROM Account WHERE CreatedDate > 2026-01-01T00:00:00.000+0000",
    "SELECT Id FROM Account WHERE CreatedDate > 2026-01-01T00:00:00+01:00",
    "SELECT Id FROM Account WHERE CreatedDate > 2026-01-01T00:00:00-0800",
    "SELECT Id FROM Account WHERE CreatedDate > 2026-01-01t00:00:00z",
    "SELECT Id FROM Account WHERE CreatedDate = TODAY AND LastModifiedDate >= LAST_N_DAYS:30",
    "SELECT Id FROM Account WHERE CreatedDate IN (TODAY, LAST_N_DAYS:4, NEXT_WEEK)",
    "SELECT Id FROM Account WHERE CreatedDate NOT IN (YESTERDAY)",
    "SELECT Id FROM Account WHERE CreatedDate = LAST_N_DAYS : 4",
    "SELECT Id FROM Opportunity WHERE CloseDate = THIS_FISCAL_QUARTER OR CloseDate = N_FISCAL_QUARTERS_AGO:2",
    "SELECT Id FROM Opportunity WHERE CloseDate >= 2026-01-01 AND CloseDate <= NEXT_90_DAYS",
    "SELECT Id FROM Opportunity WHERE CALENDAR_YEAR(CloseDate) = 2026 AND DAY_IN_WEEK(CloseDate) NOT IN (1, 7)",
    "SELECT Id FROM Account WHERE DAY_ONLY(convertTimezone(CreatedDate)) = YESTERDAY",
    # semi-joins
    "SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Opportunity WHERE StageName = 'Closed Won')",
    "SELECT Id FROM Account WHERE Id NOT IN (SELECT AccountId FROM Contact) AND Name != null",
    "SELECT Id FROM Contact WHERE AccountId IN (SELECT Id FROM Account WHERE Type = 'Prospect')",
    (
        "SELECT Id FROM Contact WHERE AccountId IN (SELECT Id FROM Account) AND Id NOT "
        "IN (SELECT ContactId FROM Opportunity)"
    ),
    "SELECT Id FROM Task WHERE WhatId IN (SELECT Id FROM Account)",
    "SELECT Id FROM Opportunity WHERE OwnerId IN (SELECT Id FROM User WHERE Profile.Name LIKE '%x%')",
    # order and bounds
    "SELECT Id FROM Account ORDER BY Name",
    "SELECT Id FROM Account ORDER BY Name ASC NULLS LAST, CreatedDate DESC NULLS FIRST, Owner.Name",
    "SELECT Id FROM Account ORDER BY Type, Industry DESC LIMIT 10 OFFSET 2000",
    "SELECT Id FROM Account LIMIT 0",
    "SELECT Id FROM Account LIMIT 50000",
    "SELECT Id FROM Account OFFSET 1",
    "SELECT Id FROM Account ORDER BY DISTANCE(BillingAddress, GEOLOCATION(37.775, -122.418), 'mi') DESC LIMIT 10",
    # children
    "SELECT Id, (SELECT Id FROM Contacts) FROM Account",
    (
        "SELECT Id, (SELECT LastName, Account.Owner.Name FROM Contacts c WHERE "
        "c.CreatedBy.Alias = 'x' ORDER BY LastName) FROM Account"
    ),
    (
        "SELECT Name, (SELECT Amount FROM Opportunities WHERE IsWon = true LIMIT 1), "
        "(SELECT Id FROM Contacts) FROM Account"
    ),
    "SELECT Name, (SELECT Subject, Who.Name FROM Tasks ORDER BY ActivityDate DESC LIMIT 5) FROM Account",
    "SELECT Name, (SELECT Id FROM Events), (SELECT Id FROM Tasks), (SELECT Id FROM Contracts) FROM Account LIMIT 1",
    "SELECT Account.Name, (SELECT Contact.LastName FROM Account.Contacts) FROM Account",
    "SELECT Name, (SELECT toLabel(StageName), FORMAT(Amount) a FROM Opportunities) FROM Account",
    "SELECT Name, (SELECT TYPEOF What WHEN Account THEN Phone END FROM Tasks) FROM Account",
    "SELECT Name, (SELECT Name FROM Users) FROM Profile",
    "SELECT Name, (SELECT Name FROM ManagedUsers) FROM User",
    "SELECT Name, (SELECT FIELDS(STANDARD) FROM Contacts) FROM Account",
    # groups
    "SELECT Type, COUNT(Id) FROM Account GROUP BY Type",
    "SELECT Type t, COUNT(Id)cnt FROM Account GROUP BY Type",
    (
        "SELECT Industry, Type, COUNT(Id), MAX(CreatedDate), MIN(Name) FROM Account "
        "GROUP BY Industry, Type ORDER BY COUNT(Id) DESC"
    ),
    "SELECT Account.Name, SUM(Amount) FROM Opportunity GROUP BY Account.Name HAVING SUM(Amount) > 10",
    "SELECT StageName, AVG(Amount) avg FROM Opportunity GROUP BY StageName HAVING AVG(Amount) > 1 AND COUNT(Id) > 0",
    "SELECT StageName, COUNT(Id) FROM Opportunity GROUP BY ROLLUP(StageName)",
    (
        "SELECT Type, Industry, GROUPING(Type) a, GROUPING(Industry) b, COUNT(Id) FROM "
        "Account GROUP BY CUBE(Type, Industry)"
    ),
    "SELECT CALENDAR_YEAR(CloseDate), SUM(Amount) FROM Opportunity GROUP BY CALENDAR_YEAR(CloseDate)",
    (
        "SELECT WEEK_IN_YEAR(CloseDate), SUM(Amount) FROM Opportunity GROUP BY WEEK_IN_YEAR(CloseDate) "
        "ORDER BY WEEK_IN_YEAR(CloseDate) DESC NULLS LAST, SUM(Amount) ASC NULLS LAST"
    ),
    (
        "SELECT FISCAL_YEAR(CloseDate) y, FISCAL_QUARTER(CloseDate) q FROM Opportunity "
        "GROUP BY FISCAL_YEAR(CloseDate), FISCAL_QUARTER(CloseDate)"
    ),
    (
        "SELECT HOUR_IN_DAY(convertTimezone(CreatedDate)), COUNT(Id) FROM Account GROUP "
        "BY HOUR_IN_DAY(convertTimezone(CreatedDate))"
    ),
    "SELECT OwnerId, COUNT_DISTINCT(AccountId) FROM Opportunity WHERE IsWon = true GROUP BY OwnerId LIMIT 5 OFFSET 1",
    "SELECT COUNT(Id), COUNT_DISTINCT(Type), SUM(AnnualRevenue), AVG(NumberOfEmployees), MIN(CreatedDate) FROM Account",
    "SELECT FORMAT(MIN(CloseDate)) Amt FROM Opportunity",
    "SELECT Name n, MAX(Amount) max FROM Opportunity GROUP BY Name",
    (
        "SELECT StageName FROM Opportunity GROUP BY StageName HAVING COUNT(Id) > 0 AND "
        "(StageName LIKE 'a%' OR StageName = null)"
    ),
    "SELECT What.Type, COUNT(Id) FROM Task GROUP BY What.Type",
    # the rest
    "SELECT toLabel(Type), toLabel(Industry) ind FROM Account WHERE toLabel(Type) LIKE 'Cust%'",
    "SELECT FORMAT(Amount) a, Amount, FORMAT(CloseDate) FROM Opportunity",
    (
        "SELECT TYPEOF What WHEN Account THEN Phone, NumberOfEmployees WHEN Opportunity "
        "THEN Amount, CloseDate ELSE Name, Email END FROM Event"
    ),
    "SELECT Id FROM Account USING SCOPE mine WHERE Type = 'x' WITH SECURITY_ENFORCED ORDER BY Name LIMIT 1 FOR VIEW",
    "SELECT Id FROM Contact USING SCOPE mru ORDER BY Name ASC",
    "SELECT Id FROM Contact FOR REFERENCE",
    "SELECT Id FROM Account UPDATE VIEWSTAT",
    "SELECT Id FROM Account WITH USER_MODE",
    "/* why */ SELECT Id /* inline\ncomment */ FROM Account WHERE Website = 'https://example.com/*' // the end",
)


@pytest.mark.parametrize("soql", ANSWERED)
def test_a_statement_is_answered(ready: Ready, database: Database, soql: str) -> None:
    query = ready(soql)
    rows = list(execute(query, database.connection))
    if query.is_count:
        assert rows == [(total(query, database.connection),)]
        return
    assert len(rows) == total(query, database.connection)
    records = [json_renderer(query, 66.0)(row) for row in rows]
    assert all(next(iter(record)) == "attributes" for record in records)
    json.dumps(records)


def _damaged(soql: str, at: int, kind: str, word: str) -> str:
    pieces = [token.text for token in tokens(soql)[:-1]]
    place = at % len(pieces)
    if kind == "cut":
        return " ".join(pieces[:place])
    if kind == "drop":
        return " ".join(pieces[:place] + pieces[place + 1 :])
    if kind == "repeat":
        return " ".join(pieces[: place + 1] + pieces[place:])
    if kind == "swap":
        return " ".join([*pieces[:place], *reversed(pieces[place : place + 2]), *pieces[place + 2 :]])
    return " ".join([*pieces[:place], word, *pieces[place + 1 :]])


@given(
    st.sampled_from(ANSWERED),
    st.integers(0, 60),
    st.sampled_from(["cut", "drop", "repeat", "swap", "replace"]),
    st.sampled_from(["(", ")", ",", "'x'", "1", "Name", "FROM", "SELECT", "AND", "null", "TODAY", "COUNT(Id)", "."]),
)
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_statement_is_answered_or_refused(
    ready: Ready, database: Database, soql: str, at: int, kind: str, word: str
) -> None:
    try:
        query = ready(_damaged(soql, at, kind, word))
    except Refusal:
        return
    rows = list(execute(query, database.connection))
    assert len(rows) == total(query, database.connection) or query.is_count


@pytest.mark.parametrize("soql", [soql for soql in ANSWERED if "FROM" in soql.upper()])
def test_a_cut_statement_is_refused_at_its_end(ready: Ready, soql: str) -> None:
    start = soql[: soql.upper().index("FROM")]
    with pytest.raises(Refusal) as refused:
        parse(start)
    assert refused.value.code == "MALFORMED_QUERY"


SYNTAX = (
    ("SELECTName FROM Account", "SELECTName", 0),
    ("SELECT Name FROMAccount", "<EOF>", 23),
    ("SELECT Name FROM Account OFFSET100 WHERE", "<EOF>", 40),
    ("SELECT Name FROM Account ORDER BY Name OFFSET100", "OFFSET100", 39),
    ("SELECT Contact..FirstName FROM Contact", ".", 15),
    ("SELECT Name, FROM Account", "FROM", 13),
    ("SELECT FROM Account", "SELECT FROM", 7),
    ("SELECT Name FROM Account WHERE Name", "<EOF>", 35),
    ("SELECT Name FROM Account WHERE Name =", "<EOF>", 37),
    ("SELECT Name FROM Account WHERE Name = foo", "foo", 38),
    ("SELECT Name FROM Account WHERE = 'x'", "=", 31),
    ("SELECT Name FROM Account WHERE Name == 'x'", "=", 37),
    ("SELECT Name FROM Account WHERE Name = 'a' Name = 'b'", "Name", 42),
    ("SELECT Name FROM Account WHERE Name IS NULL", "IS", 36),
    ("SELECT Name FROM Account WHERE Name NOT LIKE 'a'", "LIKE", 40),
    ("SELECT Name FROM Account WHERE Name = 'a' AND", "<EOF>", 45),
    ("SELECT Name FROM Account WHERE Name = 'a' AND OR Type = 'b'", "OR", 46),
    ("SELECT Name FROM Account WHERE Name = 'a' OR Type = 'b' AND Industry = 'c'", "AND", 56),
    ("SELECT Name FROM Account WHERE (Name = 'a' OR Type = 'b'", "<EOF>", 56),
    ("SELECT Name FROM Account WHERE Name IN 'a'", "'a'", 39),
    ("SELECT Name FROM Account WHERE Name IN ('a' 'b')", "'b'", 44),
    ("SELECT Name FROM Account WHERE Name IN ('a',)", ")", 44),
    ("SELECT Name FROM Account WHERE Name BETWEEN 'a' AND 'b'", "BETWEEN", 36),
    ("SELECT Name FROM Account WHERE Name = Type", "Type", 38),
    ("SELECT Name FROM Account GROUP Name", "Name", 31),
    ("SELECT Name FROM Account GROUP BY", "<EOF>", 33),
    ("SELECT Name FROM Account LIMIT", "<EOF>", 30),
    ("SELECT Name FROM Account LIMIT -10 OFFSET 10", "-10", 31),
    ("SELECT Name FROM Account LIMIT ten", "ten", 31),
    ("SELECT * FROM Account", None, 7),
    ("SELECT Name FROM Account WHERE Name = $x", None, 38),
    ("INSERT INTO Account", "INSERT", 0),
    ("DELETE FROM Account", "DELETE", 0),
    ("", "<EOF>", 0),
    ("   ", "<EOF>", 3),
    ("SELECT some fake text", "fake", None),
)


@pytest.mark.parametrize(("soql", "token", "column"), SYNTAX)
def test_a_syntax_error_tells_token_and_column(soql: str, token: str | None, column: int | None) -> None:
    with pytest.raises(Refusal) as refused:
        parse(soql)
    assert refused.value.code == "MALFORMED_QUERY"
    *_, place, message = refused.value.message.splitlines()
    if column is not None:
        assert place == f"ERROR at Row:1:Column:{max(column, 1)}"
    if token is not None and column is not None:
        assert message == f"unexpected token: '{token}'"
