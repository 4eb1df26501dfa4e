"""A very small org to ask questions of: two users, six accounts (one deleted), three contacts, two tasks."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, tzinfo
from typing import Any

import pytest

from toolkit.demo_org.access import Access, FieldSecurity
from toolkit.demo_org.database import Database
from toolkit.demo_org.ids import make_id
from toolkit.demo_org.objects import standard_schema
from toolkit.demo_org.schema import Field, PicklistValue, Schema
from toolkit.demo_org.soql import Query, execute, prepare, to_json
from toolkit.demo_org.soql.dates import USUAL, Calendar

NOW = datetime(2026, 11, 4, 8, 30, tzinfo=UTC)  # a Wednesday
ANN, BOB = make_id("005", 1), make_id("005", 2)
ACME, ZETA, AERGER, PERCENT, LOST, GONE = (make_id("001", number) for number in range(1, 7))
CARA, DAN, EVE = (make_id("003", number) for number in range(1, 4))
CALL, MEETING = make_id("00T", 1), make_id("00T", 2)
LETTERS = {ACME: "A", ZETA: "Z", AERGER: "E", PERCENT: "P", LOST: "L", GONE: "G"}

ACCOUNTS: tuple[dict[str, Any], ...] = (
    {
        "Id": ACME,
        "Name": "Acme",
        "Type": "Customer - Direct",
        "AnnualRevenue": 1000,
        "NumberOfEmployees": 10,
        "OwnerId": ANN,
        "Active__c": 1,
        "Tags__c": "a;b",
        "Code__c": "abc",
        "Grade__c": "one",
        "CS_Renewal_Date__c": "2026-11-04",
        "CreatedDate": "2026-11-04T00:00:00.000Z",
        "BillingCity": "Rome",
        "BillingLatitude": 41.9,
        "BillingLongitude": 12.5,
        "Site__Latitude__s": 48.2,
        "Site__Longitude__s": 16.4,
        "Opens_At__c": "08:30:00.000Z",
    },
    {
        "Id": ZETA,
        "Name": "zeta 'Ltd'",
        "Type": "Prospect",
        "AnnualRevenue": 250.5,
        "NumberOfEmployees": 0,
        "OwnerId": BOB,
        "Tags__c": "c",
        "BillingLatitude": 45.5,
        "BillingLongitude": 9.2,
        "Opens_At__c": "10:00:00.000Z",
        "Code__c": "ABC",
        "Grade__c": "two",
        "ParentId": ACME,
        "CS_Renewal_Date__c": "2026-11-03",
        "CreatedDate": "2026-11-03T23:59:59.000Z",
    },
    {
        "Id": AERGER,
        "Name": "Ärger & Söhne",
        "AnnualRevenue": -5,
        "OwnerId": ANN,
        "Active__c": 1,
        "CS_Renewal_Date__c": "2026-10-31",
        "CreatedDate": "2026-10-31T12:00:00.000Z",
        "ParentId": ZETA,
    },
    {
        "Id": PERCENT,
        "Name": "100%_real\\",
        "OwnerId": BOB,
        "Type": "Prospect",
        "CreatedDate": "2025-12-31T23:00:00.000Z",
    },
    {"Id": LOST, "Name": "Lost", "CreatedDate": "2024-02-29T00:00:00.000Z", "CS_Renewal_Date__c": "2027-01-01"},
    {"Id": GONE, "Name": "Acme gone", "IsDeleted": 1, "CreatedDate": "2026-11-04T01:00:00.000Z", "OwnerId": ANN},
)
OTHERS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("User", {"Id": ANN, "Name": "Ann Lee", "Alias": "ann", "IsActive": 1}),
    ("User", {"Id": BOB, "Name": "Bob Ray", "Alias": "bob", "ManagerId": ANN}),
    ("Contact", {"Id": CARA, "LastName": "Cara", "AccountId": ACME, "OwnerId": ANN}),
    ("Contact", {"Id": DAN, "LastName": "Dan", "AccountId": ZETA, "OwnerId": BOB}),
    ("Contact", {"Id": EVE, "LastName": "Eve", "OwnerId": BOB}),
    ("Task", {"Id": CALL, "Subject": "Call", "WhatId": ACME, "WhoId": CARA, "OwnerId": ANN}),
    ("Task", {"Id": MEETING, "Subject": "Old", "OwnerId": ANN, "IsArchived": 1}),
)

Ask = Callable[..., list[dict[str, Any]]]


@pytest.fixture(scope="session")
def schema() -> Schema:
    made = standard_schema()
    account = made.get("Account")
    assert account is not None
    grades = (PicklistValue("two", "Second"), PicklistValue("one", "First"))
    made.replace(
        account.with_fields(
            Field("Tags__c", "Tags", "multipicklist", sortable=False, groupable=False),
            Field("Code__c", "Code", "string", 20, case_sensitive=True),
            Field("Grade__c", "Grade", "picklist", 20, picklist=grades),
            Field("Opens_At__c", "Opens at", "time"),
            Field("Site__Latitude__s", "Site (Latitude)", "double", precision=18, scale=15),
            Field("Site__Longitude__s", "Site (Longitude)", "double", precision=18, scale=15),
            Field("Site__c", "Site", "location", sortable=False, groupable=False, stored=False),
        )
    )
    return made


@pytest.fixture(scope="session")
def access() -> Access:
    security = FieldSecurity()
    security.limit(ANN, "Account", "Hidden_Notes__c", read=False, edit=False)
    security.limit(ANN, "Account", "CSM__c", read=False, edit=False)
    return Access.for_user(ANN, security)


@pytest.fixture(scope="session")
def database(schema: Schema) -> Iterator[Database]:
    with Database(None, schema) as database:
        with database.writing() as connection:
            for name, record in (*(("Account", each) for each in ACCOUNTS), *OTHERS):
                columns, marks = ", ".join(record), ", ".join("?" * len(record))
                connection.execute(f'INSERT INTO "{name}" ({columns}) VALUES ({marks})', list(record.values()))
        yield database


@pytest.fixture(scope="session")
def ready(schema: Schema, access: Access) -> Callable[..., Query]:
    def prepared(
        soql: str,
        *,
        all_rows: bool = False,
        zone: tzinfo = UTC,
        calendar: Calendar = USUAL,
        version: float = 66.0,
    ) -> Query:
        return prepare(soql, schema, access, NOW, all_rows=all_rows, zone=zone, calendar=calendar, version=version)

    return prepared


@pytest.fixture(scope="session")
def ask(ready: Callable[..., Query], database: Database) -> Ask:
    def asked(soql: str, **how: Any) -> list[dict[str, Any]]:
        query = ready(soql, **how)
        with database.reading() as connection:
            return [to_json(query, row, 66.0) for row in execute(query, connection)]

    return asked


@pytest.fixture(scope="session")
def found(ready: Callable[..., Query], database: Database) -> Callable[..., str]:
    """Return the letters of the accounts that match a condition: A Z E P L and the deleted G."""

    def letters(condition: str, **how: Any) -> str:
        query = ready(f"SELECT Id FROM Account {condition}", **how)
        with database.reading() as connection:
            return "".join(LETTERS[str(row[0])] for row in execute(query, connection))

    return letters
