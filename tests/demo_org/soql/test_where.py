"""WHERE: which accounts each condition finds (A Acme, Z zeta, E Ärger, P 100%_real, L Lost; G is deleted)."""

from collections.abc import Callable
from datetime import timedelta, timezone

import pytest

from toolkit.demo_org.database import Database
from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.ids import make_id
from toolkit.demo_org.soql import Query, execute
from toolkit.demo_org.soql.lexer import string_value, tokens

Found = Callable[..., str]
ANN15, ACME15, ACME18 = make_id("005", 1)[:15], make_id("001", 1)[:15], make_id("001", 1)


@pytest.mark.parametrize(
    ("condition", "letters"),
    [
        ("", "AZEPL"),
        # text: no case, not even beyond ASCII; '' is null
        ("Name = 'ACME'", "A"),
        ("Name = 'Zeta \\'ltd\\''", "Z"),
        ("Name = 'ärger & söhne'", "E"),
        ("Name = 'ÄRGER \\u0026 SÖHNE'", "E"),
        ("Name != 'acme'", "ZEPL"),
        ("Name <> 'acme'", "ZEPL"),
        ("Name > 'm'", "ZE"),
        ("Name < 'b'", "AP"),
        ("Name >= 'LOST' AND Name <= 'lost'", "L"),
        ("BillingCity = ''", "ZEPL"),
        ("BillingCity != ''", "A"),
        ("Code__c = 'abc'", "A"),
        ("Code__c LIKE 'AB_'", "Z"),
        # null
        ("Type = null", "EL"),
        ("Type != null", "AZP"),
        ("Type != 'Prospect'", "AEL"),
        ("Type NOT IN ('Prospect')", "AEL"),
        ("Type NOT IN ('Prospect', null)", "A"),
        ("Type IN ('prospect', null)", "ZEPL"),
        ("(NOT Type = 'Prospect')", "AEL"),
        ("NOT (Type = 'Prospect' OR Name = 'Acme')", "EL"),
        ("NOT (NOT Name LIKE 'a%')", "A"),
        # booleans are never null
        ("Active__c = true", "AE"),
        ("Active__c = FALSE", "ZPL"),
        ("Active__c = null", "ZPL"),
        ("Active__c != null", "AE"),
        ("Active__c != true", "ZPL"),
        # numbers
        ("AnnualRevenue = 250.5", "Z"),
        ("AnnualRevenue > -5", "AZ"),
        ("AnnualRevenue >= -5.0", "AZE"),
        ("AnnualRevenue != 1000", "ZEPL"),
        ("NOT AnnualRevenue > 0", "EPL"),
        ("NumberOfEmployees IN (0, 10)", "AZ"),
        ("NumberOfEmployees < 1e1", "Z"),
        # LIKE
        ("Name LIKE 'AC%'", "A"),
        ("Name LIKE '%R%'", "EP"),
        ("Name LIKE '%ÖHN_'", "E"),
        ("Name LIKE '%\\%%'", "P"),
        ("Name LIKE '100%\\_real\\\\'", "P"),
        ("Name LIKE '%l\\\\'", "P"),
        ("Name LIKE 'Acm\\_'", ""),
        ("Name LIKE ''", ""),
        ("(NOT Name LIKE '%e%')", "L"),
        ("Type LIKE 'cust%'", "A"),
        # ids of either length
        (f"Id = '{ACME15}'", "A"),
        (f"Id = '{ACME18}'", "A"),
        (f"OwnerId IN ('{ANN15}')", "AE"),
        (f"OwnerId != '{ANN15}'", "ZPL"),
        (f"Id > '{ACME18}'", "ZEPL"),
        ("OwnerId = ''", "L"),
        # multi-select picklists
        ("Tags__c INCLUDES ('B;a')", "A"),
        ("Tags__c INCLUDES ('a;c', 'C')", "Z"),
        ("Tags__c EXCLUDES ('a')", "ZEPL"),
        ("Tags__c = 'a;b'", "A"),
        # parents
        ("Owner.Name = 'ann lee'", "AE"),
        ("Owner.Name = null", "L"),
        ("Owner.Name != 'Ann Lee'", "ZPL"),
        ("Owner.Manager.Alias = 'ann'", "ZP"),
        ("Account.Owner.Alias = 'bob'", "ZP"),
        ("Parent.Parent.Owner.Name LIKE 'Ann%'", "E"),
        ("Owner.IsActive = false", "ZPL"),
        # joining
        ("Active__c = true AND (Name LIKE 'a%' OR Name LIKE 'ä%')", "AE"),
        ("(Name = 'Acme' AND Active__c = false) OR Name = 'Lost'", "L"),
        ("IsDeleted = true", ""),
    ],
)
def test_a_condition_finds(found: Found, condition: str, letters: str) -> None:
    assert found(f"WHERE {condition}" if condition else "") == letters


@pytest.mark.parametrize(
    ("condition", "letters"),
    [
        ("CS_Renewal_Date__c = 2026-11-04", "A"),
        ("CS_Renewal_Date__c < 2026-11-04", "ZE"),
        ("CS_Renewal_Date__c = TODAY", "A"),
        ("CS_Renewal_Date__c = yesterday", "Z"),
        ("CS_Renewal_Date__c != TODAY", "ZEPL"),
        ("CS_Renewal_Date__c > TODAY", "L"),
        ("CS_Renewal_Date__c >= TODAY", "AL"),
        ("CS_Renewal_Date__c <= YESTERDAY", "ZE"),
        ("CS_Renewal_Date__c = THIS_WEEK", "AZ"),
        ("CS_Renewal_Date__c = LAST_MONTH", "E"),
        ("CS_Renewal_Date__c IN (TODAY, LAST_MONTH)", "AE"),
        ("CS_Renewal_Date__c NOT IN (TODAY, LAST_MONTH)", "ZPL"),
        ("CS_Renewal_Date__c = NEXT_YEAR", "L"),
        ("CS_Renewal_Date__c = LAST_N_DAYS:1", "AZ"),
        ("CreatedDate = 2026-11-03T23:59:59Z", "Z"),
        ("CreatedDate = 2026-11-04T00:59:59+01:00", "Z"),
        ("CreatedDate = 2026-11-03T23:59:59.000+0000", "Z"),
        ("CreatedDate >= 2026-11-03T23:59:59.001Z", "A"),
        ("CreatedDate = TODAY", "A"),
        ("CreatedDate < TODAY", "ZEPL"),
        ("CreatedDate = LAST_YEAR", "P"),
        ("CreatedDate < LAST_YEAR", "L"),
    ],
)
def test_a_date_condition_finds(found: Found, condition: str, letters: str) -> None:
    assert found(f"WHERE {condition}") == letters


def test_days_are_days_of_the_users_time_zone(found: Found) -> None:
    west = timezone(timedelta(hours=-8))
    assert found("WHERE CreatedDate = TODAY", zone=west) == ""
    assert found("WHERE CreatedDate = YESTERDAY", zone=west) == "AZ"


@pytest.mark.parametrize(
    ("statement", "letters"),
    [
        ("Id IN (SELECT AccountId FROM Contact)", "AZ"),
        ("Id NOT IN (SELECT AccountId FROM Contact)", "EPL"),
        ("Id IN (SELECT AccountId FROM Contact WHERE Owner.Alias = 'BOB') AND Type = 'Prospect'", "Z"),
        ("Id IN (SELECT AccountId FROM Contact WHERE LastName LIKE 'c%') AND OwnerId IN (SELECT Id FROM User)", "A"),
    ],
)
def test_a_semijoin_finds(found: Found, statement: str, letters: str) -> None:
    assert found(f"WHERE {statement}") == letters


def test_query_all_brings_deleted_and_archived_records(
    found: Found, ask: Callable[..., list[dict[str, object]]]
) -> None:
    assert found("WHERE Name LIKE 'Acme%'") == "A"
    assert found("WHERE Name LIKE 'Acme%'", all_rows=True) == "AG"
    assert found("WHERE IsDeleted = true", all_rows=True) == "G"
    assert len(ask("SELECT Id FROM Task")) == 1
    assert len(ask("SELECT Id FROM Task", all_rows=True)) == 2


def test_scope_mine_is_what_the_user_owns(found: Found) -> None:
    assert found("USING SCOPE mine") == "AE"
    assert found("USING SCOPE Mine WHERE Name = 'Acme'") == "A"
    assert found("USING SCOPE everything") == "AZEPL"


def test_thousands_of_terms_and_values_are_no_trouble(found: Found) -> None:
    many = " OR ".join(["Name = 'Acme'"] * 5000)
    assert found(f"WHERE {many}") == "A"
    numbers = ",".join(["1"] * 40_000)
    assert found(f"WHERE NumberOfEmployees IN ({numbers},10)") == "A"
    names = ",".join(["'x'"] * 2000)
    assert found(f"WHERE Name IN ({names},'ACME')") == "A"


@pytest.mark.parametrize(
    ("clause", "letters"),
    [
        ("ORDER BY Name", "PALZE"),
        ("ORDER BY Name DESC", "EZLAP"),
        ("ORDER BY AnnualRevenue", "PLEZA"),
        ("ORDER BY AnnualRevenue NULLS LAST", "EZAPL"),
        ("ORDER BY AnnualRevenue DESC", "PLAZE"),
        ("ORDER BY AnnualRevenue DESC NULLS LAST", "AZEPL"),
        ("ORDER BY Grade__c NULLS LAST", "ZAEPL"),  # by the picklist's order: two, one
        ("ORDER BY Active__c DESC, Name ASC", "AEPLZ"),
        ("ORDER BY Owner.Name NULLS LAST, Name", "LAEPZ"),  # NULLS LAST is ignored for a parent's field
        ("LIMIT 2", "AZ"),
        ("LIMIT 2 OFFSET 2", "EP"),
        ("OFFSET 4", "L"),
        ("ORDER BY Name LIMIT 0", ""),
        ("WHERE Name = 'Acme' LIMIT 1 FOR VIEW", "A"),
        ("FOR REFERENCE", "AZEPL"),
    ],
)
def test_rows_come_in_order(found: Found, clause: str, letters: str) -> None:
    assert found(clause) == letters


@pytest.mark.parametrize("depth", [2, 9, 25, 40])
def test_conditions_may_be_nested(found: Found, depth: int) -> None:
    either = both = "Name = 'Acme'"
    for _ in range(depth):
        either = f"(Name = 'Lost' OR {either})"
        both = f"(Name != 'Lost' AND (Type = null OR {both}))"
    assert found(f"WHERE {either}") == "AL"
    assert found(f"WHERE {'NOT (' * depth}Name = 'Acme'{')' * depth}") == ("ZEPL" if depth % 2 else "A")
    if depth < 25:
        assert found(f"WHERE {both}") == "AE"


def test_conditions_nested_beyond_reason_are_refused(ready: Callable[..., Query], database: Database) -> None:
    deep = "Name = 'Acme'"
    for _ in range(45):
        deep = f"(NOT (Name = 'Lost' OR {deep}))"
    query = ready(f"SELECT Id FROM Account WHERE {deep}")
    with pytest.raises(Refusal) as refused:
        list(execute(query, database.connection))
    assert refused.value.code == "QUERY_TOO_COMPLICATED"


@pytest.mark.parametrize(
    "condition",
    [
        "Name = '\\ud83d\\ude00'",
        "Name != '\\ud83d' AND Name = 'x'",
        "Name LIKE '%\\udfff'",
        "Name IN ('\\ud83d\\ude00')",
    ],
)
def test_an_escape_may_be_half_a_character(found: Found, condition: str) -> None:
    assert found(f"WHERE {condition}") == ""


def test_half_a_character_in_a_statement_is_shown_as_none(ready: Callable[..., Query]) -> None:
    ready("SELECT Id FROM Account WHERE Name = '\ud83d'")
    with pytest.raises(Refusal) as refused:
        ready("SELECT Id FROM Account \ud83d")
    assert refused.value.message.endswith("unexpected token: '\ufffd'")


def test_two_escapes_are_one_character() -> None:
    token, _ = tokens("'\\ud83d\\ude00'")
    assert string_value(token, "") == "\U0001f600"
