"""SELECT: what records, groups and CSV lines look like."""

from collections.abc import Callable
from datetime import timedelta, timezone
from typing import Any

import pytest

from toolkit.demo_org.database import Database
from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.ids import make_id
from toolkit.demo_org.soql import Query, check_bulk, csv_header, execute, to_csv, total

Ask = Callable[..., list[dict[str, Any]]]
Ready = Callable[..., Query]
ANN, ACME, LOST, CALL = make_id("005", 1), make_id("001", 1), make_id("001", 5), make_id("00T", 1)
BASE = "/services/data/v66.0/sobjects"


def test_a_record_starts_with_its_attributes_and_keeps_the_order_of_select(ask: Ask) -> None:
    (record,) = ask("select name, ID, annualrevenue, numberofemployees, active__c FROM account WHERE Name = 'Acme'")
    assert list(record.items()) == [
        ("attributes", {"type": "Account", "url": f"{BASE}/Account/{ACME}"}),
        *[("Name", "Acme"), ("Id", ACME), ("AnnualRevenue", 1000.0), ("NumberOfEmployees", 10), ("Active__c", True)],
    ]
    assert isinstance(record["AnnualRevenue"], float)
    assert isinstance(record["NumberOfEmployees"], int)


def test_datetimes_end_in_plus_0000_and_dates_stay(ask: Ask) -> None:
    (record,) = ask("SELECT CreatedDate, CS_Renewal_Date__c FROM Account WHERE Name = 'Acme'")
    assert record["CreatedDate"] == "2026-11-04T00:00:00.000+0000"
    assert record["CS_Renewal_Date__c"] == "2026-11-04"


def test_parents_are_nested_once_with_their_own_attributes_and_null_when_missing(ask: Ask) -> None:
    fields = "Parent.Owner.Name, Name, Parent.Name, Owner.IsActive"
    zeta, lost = ask(f"SELECT {fields} FROM Account WHERE Name LIKE 'zeta%' OR Name = 'Lost'")
    assert list(zeta) == ["attributes", "Parent", "Name", "Owner"]
    owner = {"attributes": {"type": "User", "url": f"{BASE}/User/{ANN}"}, "Name": "Ann Lee"}
    parent = {"attributes": {"type": "Account", "url": f"{BASE}/Account/{ACME}"}, "Owner": owner, "Name": "Acme"}
    assert zeta["Parent"] == parent
    assert zeta["Owner"]["IsActive"] is False
    assert (lost["Parent"], lost["Owner"]) == (None, None)


def test_a_lookup_to_several_objects_reads_as_a_name(ask: Ask) -> None:
    (task,) = ask("SELECT What.Name, What.Type, Who.Id FROM Task WHERE What.Type IN ('Account')")
    attributes = {"type": "Name", "url": f"{BASE}/Account/{ACME}"}
    assert task["What"] == {"attributes": attributes, "Name": "Acme", "Type": "Account"}
    assert task["Who"]["Id"] == make_id("003", 1)


def test_an_address_is_one_value_of_its_parts(ask: Ask) -> None:
    acme, zeta, *others = ask("SELECT BillingAddress FROM Account")
    assert (zeta["BillingAddress"]["city"], zeta["BillingAddress"]["latitude"]) == (None, 45.5)
    assert acme["BillingAddress"]["city"] == "Rome"
    assert list(acme["BillingAddress"]) == [
        *("city", "country", "geocodeAccuracy", "latitude", "longitude", "postalCode", "state", "street"),
    ]
    assert all(each["BillingAddress"] is None for each in others)


@pytest.mark.parametrize(
    "soql",
    [
        "SELECT a.Name FROM Account a WHERE a.Name = 'Acme' ORDER BY a.Name",
        "SELECT Account.Name FROM Account WHERE Account.Name = 'Acme'",
        "SELECT\n  Name\nFROM   Account AS a\tWHERE a.Name='Acme'",
        "SELECT Name FROM Account, Account.Owner o WHERE o.Alias = 'ann' AND Active__c = true AND Name < 'b'",
    ],
)
def test_aliases_and_the_objects_name_may_start_a_path(ask: Ask, soql: str) -> None:
    assert [each["Name"] for each in ask(soql)] == ["Acme"]


def test_labels_and_formatted_values(ask: Ask) -> None:
    soql = (
        "SELECT toLabel(Grade__c), FORMAT(AnnualRevenue) Amt, FORMAT(CreatedDate), format(CS_Renewal_Date__c), "
        "FORMAT(NumberOfEmployees) FROM Account WHERE Name = 'Acme'"
    )
    (record,) = ask(soql, zone=timezone(timedelta(hours=-8)))
    assert record["Grade__c"] == "First"
    assert record["Amt"] == "$1,000"
    assert record["CreatedDate"] == "11/3/2026, 4:00 PM"
    assert record["CS_Renewal_Date__c"] == "11/4/2026"
    assert record["NumberOfEmployees"] == "10"


def test_fields_stands_for_all_the_user_may_see(ask: Ask, schema: Any) -> None:
    (record,) = ask("SELECT FIELDS(ALL) FROM Account WHERE Name = 'Acme' LIMIT 200")
    names = [field.name for field in schema.get("Account").fields if field.name not in ("Hidden_Notes__c", "CSM__c")]
    assert list(record) == ["attributes", *names]
    (record,) = ask("SELECT Name, FIELDS(CUSTOM) FROM Account LIMIT 1")
    assert all(name.endswith(("__c", "__s")) for name in list(record)[2:])
    (by_id,) = ask(f"SELECT FIELDS(CUSTOM) FROM Account WHERE Name = 'Acme' AND Id IN ('{ACME}')")
    assert by_id["Code__c"] == "abc"
    (record,) = ask("SELECT FIELDS(STANDARD) FROM Account WHERE Name = 'Acme'")
    assert record["BillingCity"] == "Rome"


# -- groups


def test_count_is_one_number(ready: Ready, database: Database) -> None:
    for soql, number in (("select count() from Account", 5), ("SELECT COUNT() FROM Account LIMIT 2", 2)):
        query = ready(soql)
        assert query.is_count
        assert list(execute(query, database.connection)) == [(number,)]
        assert total(query, database.connection) == number


def test_groups_carry_aliases_and_expr_names(ask: Ask) -> None:
    rows = ask(
        "SELECT Owner.Name, COUNT(Id), SUM(AnnualRevenue) sum, AVG(NumberOfEmployees), COUNT_DISTINCT(Type) t "
        "FROM Account GROUP BY Owner.Name ORDER BY COUNT(Id) DESC, Owner.Name"
    )
    assert rows == [
        {
            "attributes": {"type": "AggregateResult"},
            "Name": name,
            "expr0": count,
            "sum": sum_,
            "expr1": average,
            "t": types,
        }
        for name, count, sum_, average, types in (
            ("Ann Lee", 2, 995.0, 10.0, 1),
            ("Bob Ray", 2, 250.5, 0.0, 1),
            (None, 1, None, None, 0),
        )
    ]


def test_aggregates_without_groups_give_one_row(ask: Ask, ready: Ready, database: Database) -> None:
    soql = "SELECT MIN(Name), MAX(CS_Renewal_Date__c) latest, COUNT(Type), FORMAT(SUM(AnnualRevenue)) s FROM Account"
    (row,) = ask(soql)
    assert list(row.values())[1:] == ["100%_real\\", "2027-01-01", 3, "$1,246"]
    assert total(ready(soql), database.connection) == 1


def test_more_than_2000_groups_are_refused(ready: Ready, database: Database) -> None:
    with database.writing() as connection:
        connection.executemany(
            'INSERT INTO "Contract" (Id, ContractNumber) VALUES (?, ?)',
            [(make_id("800", number), f"{number:08d}") for number in range(1, 2002)],
        )
    query = ready("SELECT Id, COUNT(ContractNumber) FROM Contract GROUP BY Id")
    with pytest.raises(Refusal) as refused:
        list(execute(query, database.connection))
    assert refused.value.code == "EXCEEDED_ID_LIMIT"
    limited = ready("SELECT Id, COUNT(ContractNumber) FROM Contract GROUP BY Id LIMIT 2000")
    assert len(list(execute(limited, database.connection))) == 2000


# -- CSV and totals


def test_csv_quotes_every_value_and_names_paths(ready: Ready, database: Database) -> None:
    query = ready(
        "SELECT Name, Owner.Name, AnnualRevenue, NumberOfEmployees, Active__c, CreatedDate FROM Account LIMIT 2"
    )
    lines = [to_csv(query, row) for row in execute(query, database.connection)]
    assert csv_header(query) == '"Name","Owner.Name","AnnualRevenue","NumberOfEmployees","Active__c","CreatedDate"'
    assert lines == [
        '"Acme","Ann Lee","1000.0","10","true","2026-11-04T00:00:00.000Z"',
        '"zeta \'Ltd\'","Bob Ray","250.5","0","false","2026-11-03T23:59:59.000Z"',
    ]


def test_csv_doubles_quotes_and_writes_null_as_nothing(ready: Ready, database: Database) -> None:
    with database.writing() as connection:
        connection.execute(
            'INSERT INTO "Opportunity" (Id, Name, Amount) VALUES (?, ?, ?)', (make_id("006", 1), 'a "b"\n,c', 1e16)
        )
    query = ready("SELECT Name, Amount, CloseDate FROM Opportunity")
    (line,) = [to_csv(query, row) for row in execute(query, database.connection)]
    assert line == '"a ""b""\n,c","1.0E16",""'


def test_the_total_regards_where_limit_and_offset(ready: Ready, database: Database) -> None:
    for soql, number in (
        ("SELECT Id FROM Account", 5),
        ("SELECT Id, Owner.Name FROM Account WHERE Owner.Alias = 'bob' ORDER BY Name", 2),
        ("SELECT Id FROM Account LIMIT 3 OFFSET 4", 1),
        ("SELECT Type, COUNT(Id) FROM Account GROUP BY Type", 3),
    ):
        assert total(ready(soql), database.connection) == number


@pytest.mark.parametrize(
    ("soql", "message"),
    [
        ("SELECT BillingAddress FROM Account", "Selecting compound data not supported in Bulk Query"),
        ("SELECT COUNT() FROM Account", "Aggregate Relationships not supported in Bulk Query"),
        ("SELECT Type FROM Account GROUP BY Type", "Aggregate Relationships not supported in Bulk Query"),
        ("SELECT Id FROM Account OFFSET 1", "Bulk queries do not support OFFSET"),
    ],
)
def test_bulk_refuses_what_rest_answers(ready: Ready, soql: str, message: str) -> None:
    with pytest.raises(Refusal) as refused:
        check_bulk(ready(soql))
    assert (refused.value.code, refused.value.message) == ("API_ERROR", message)
    check_bulk(ready("SELECT Id, Owner.Name FROM Account LIMIT 5"))


def test_a_large_result_is_read_as_it_is_asked_for(ready: Ready, database: Database) -> None:
    rows = execute(ready("SELECT Id FROM Account"), database.connection)
    assert next(rows)[0] == ACME
    assert sum(1 for _ in rows) == 4
