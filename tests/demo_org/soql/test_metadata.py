"""``columns=true`` and ``explain``: what a query's columns are, and how it would be run."""

from collections.abc import Callable
from typing import Any

import pytest

from toolkit.demo_org.database import Database
from toolkit.demo_org.ids import make_id
from toolkit.demo_org.soql import Query, column_metadata, explain

Ready = Callable[..., Query]
KEYS = [
    *("aggregate", "apexType", "booleanType", "columnName", "custom", "displayName", "foreignKeyName", "insertable"),
    *("joinColumns", "numberType", "textType", "updatable"),
]


def columns_of(metadata: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Return name, shown name, type, aggregate, foreign key and the names of the columns within, of each column."""
    return [
        (
            *(each["columnName"], each["displayName"], each["apexType"], each["aggregate"], each["foreignKeyName"]),
            [inner["columnName"] for inner in each["joinColumns"]],
        )
        for each in metadata["columnMetadata"]
    ]


def test_fields_are_columns(ready: Ready) -> None:
    soql = "SELECT Id, Name, AnnualRevenue, NumberOfEmployees, Active__c, CreatedDate, CS_Renewal_Date__c FROM Account"
    metadata = column_metadata(ready(soql))
    assert list(metadata) == ["columnMetadata", "entityName", "groupBy", "idSelected", "keyPrefix"]
    assert (metadata["entityName"], metadata["groupBy"], metadata["idSelected"]) == ("Account", False, True)
    assert metadata["keyPrefix"] == "001"
    columns: Any = metadata["columnMetadata"]
    assert all(list(each) == KEYS for each in columns)
    assert [each["apexType"] for each in columns] == [
        *("Id", "String", "Double", "Integer", "Boolean", "Datetime", "Date"),
    ]
    record_id, name, amount, number, truth, *_ = columns
    assert (record_id["insertable"], record_id["updatable"], record_id["textType"]) == (False, False, False)
    assert (name["insertable"], name["updatable"], name["textType"]) == (True, True, True)
    assert (amount["numberType"], number["numberType"], truth["booleanType"]) == (True, True, True)
    assert (truth["custom"], name["custom"]) == (True, False)


def test_parents_children_and_functions_hold_their_columns(ready: Ready) -> None:
    soql = (
        "SELECT Owner.Name, Name, Owner.Manager.Alias, Parent.Name, (SELECT LastName, Account.Name FROM Contacts), "
        "Owner.Alias FROM Account"
    )
    metadata = column_metadata(ready(soql))
    assert columns_of(metadata) == [
        ("Owner", "Owner", "User", False, "OwnerId", ["Name", "Manager", "Alias"]),
        ("Name", "Name", "String", False, None, []),
        ("Parent", "Parent", "Account", False, "ParentId", ["Name"]),
        ("Contacts", "Contacts", "Contact", True, None, ["LastName", "Account"]),
    ]
    assert metadata["idSelected"] is False


def test_functions_are_named_by_their_alias(ready: Ready) -> None:
    soql = (
        "SELECT Type, AVG(AnnualRevenue), COUNT(Id) n, CALENDAR_YEAR(CreatedDate) FROM Account "
        "GROUP BY Type, CALENDAR_YEAR(CreatedDate)"
    )
    metadata = column_metadata(ready(soql))
    assert metadata["groupBy"] is True
    assert columns_of(metadata) == [
        ("Type", "Type", "String", False, None, []),
        ("expr0", "avg(AnnualRevenue)", "Double", True, None, []),
        ("n", "count(Id)", "Integer", True, None, []),
        ("expr1", "calendar_year(CreatedDate)", "Integer", True, None, []),
    ]


@pytest.mark.parametrize(
    ("soql", "columns"),
    [
        ("SELECT COUNT() FROM Account", []),
        ("SELECT toLabel(Type) t FROM Account", [("t", "t", "String", False, None, [])]),
        (
            "SELECT TYPEOF What WHEN Account THEN Name, Phone ELSE Id END FROM Task",
            [("What", "What", "SObject", False, "WhatId", ["Name", "Phone", "Id"])],
        ),
    ],
)
def test_other_columns(ready: Ready, soql: str, columns: list[tuple[Any, ...]]) -> None:
    assert columns_of(column_metadata(ready(soql))) == columns


@pytest.mark.parametrize(
    ("condition", "operation", "fields", "cardinality"),
    [
        ("", "TableScan", [], 5),
        ("WHERE BillingCity = 'Rome'", "TableScan", [], 1),
        ("WHERE Name = 'Acme'", "Index", ["Name"], 1),
        (f"WHERE OwnerId = '{make_id('005', 2)}' AND Type = 'Prospect'", "Index", ["OwnerId"], 2),
        ("WHERE Name != 'Acme'", "TableScan", [], 4),
        ("WHERE Name = 'Acme' OR BillingCity = 'Rome'", "TableScan", [], 1),
    ],
)
def test_a_plan_says_how_records_are_found(
    ready: Ready, database: Database, condition: str, operation: str, fields: list[str], cardinality: int
) -> None:
    soql = f"SELECT Id FROM Account {condition}"
    answer = explain(ready(soql), database.connection)
    plans: Any = answer["plans"]
    assert list(plans[0]) == [
        *("cardinality", "fields", "leadingOperationType", "notes", "relativeCost", "sobjectCardinality"),
        "sobjectType",
    ]
    best = plans[0]
    assert (best["leadingOperationType"], best["fields"]) == (operation, fields)
    assert (best["cardinality"], best["sobjectCardinality"], best["sobjectType"]) == (cardinality, 6, "Account")
    assert [plan["relativeCost"] for plan in plans] == sorted(plan["relativeCost"] for plan in plans)
    assert {"IsDeleted"} <= {field for note in best["notes"] for field in note["fields"]}
    assert answer["sourceQuery"] == soql
