"""Child subqueries: what they hold, how they nest, where they end."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from toolkit.demo_org.database import Database
from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.ids import make_id
from toolkit.demo_org.schema import Schema
from toolkit.demo_org.soql import Query, check_bulk, execute, json_renderer, to_json, total

Ask = Callable[..., list[dict[str, Any]]]
Ready = Callable[..., Query]
BASE = "/services/data/v66.0/sobjects"
ACME, ZETA, CARA = make_id("001", 1), make_id("001", 2), make_id("003", 1)


def _nested(levels: int) -> str:
    inner = "SELECT Name FROM ChildAccounts"
    for _ in range(levels - 1):
        inner = f"SELECT Name, ({inner}) FROM ChildAccounts"
    return f"SELECT Name, ({inner}) FROM Account"


def _shown(records: list[dict[str, Any]], child: str, field: str) -> dict[str, Any]:
    """Return the children of each record by the record's name: a list of one field, or None."""
    return {
        each["Name"]: each[child] and [child_record[field] for child_record in each[child]["records"]]
        for each in records
    }


def test_children_are_a_result_of_their_own_and_null_where_there_are_none(ask: Ask) -> None:
    acme, zeta, *others = ask("SELECT Name, (SELECT LastName, Owner.Alias FROM Contacts) FROM Account")
    assert list(acme) == ["attributes", "Name", "Contacts"]
    assert list(acme["Contacts"].items())[:2] == [("totalSize", 1), ("done", True)]
    assert acme["Contacts"]["records"] == [
        {
            "attributes": {"type": "Contact", "url": f"{BASE}/Contact/{CARA}"},
            "LastName": "Cara",
            "Owner": {"attributes": {"type": "User", "url": f"{BASE}/User/{make_id('005', 1)}"}, "Alias": "ann"},
        }
    ]
    assert zeta["Contacts"]["records"][0]["LastName"] == "Dan"
    assert all(each["Contacts"] is None for each in others)


@pytest.mark.parametrize(
    ("subquery", "children"),
    [
        ("SELECT LastName FROM Contacts", {"Acme": ["Cara"], "zeta 'Ltd'": ["Dan"]}),
        ("SELECT LastName FROM contacts", {"Acme": ["Cara"], "zeta 'Ltd'": ["Dan"]}),
        ("SELECT LastName FROM Account.Contacts", {"Acme": ["Cara"], "zeta 'Ltd'": ["Dan"]}),
        ("SELECT Contact.LastName FROM Account.Contacts", {"Acme": ["Cara"], "zeta 'Ltd'": ["Dan"]}),
        ("SELECT c.LastName FROM Contacts c WHERE c.LastName = 'Dan'", {"Acme": None, "zeta 'Ltd'": ["Dan"]}),
        ("SELECT LastName FROM Contacts AS c ORDER BY c.LastName", {"Acme": ["Cara"], "zeta 'Ltd'": ["Dan"]}),
        ("SELECT LastName FROM Contacts WHERE Owner.Alias = 'ann'", {"Acme": ["Cara"], "zeta 'Ltd'": None}),
        ("SELECT LastName FROM Contacts WHERE Account.Name = 'acme'", {"Acme": ["Cara"], "zeta 'Ltd'": None}),
        ("SELECT LastName FROM Contacts LIMIT 0", {"Acme": None, "zeta 'Ltd'": None}),
        (
            "SELECT LastName FROM Contacts WHERE AccountId IN (SELECT AccountId FROM Opportunity)",
            {"Acme": None, "zeta 'Ltd'": None},
        ),
    ],
)
def test_a_subquery_finds(ask: Ask, subquery: str, children: dict[str, Any]) -> None:
    records = ask(f"SELECT Name, ({subquery}) FROM Account WHERE Type != null AND Owner.Alias != null LIMIT 2")
    assert _shown(records, "Contacts", "LastName") == children


def test_a_subquery_may_name_the_alias_of_its_parent(ask: Ask) -> None:
    records = ask("SELECT a.Name, (SELECT LastName FROM a.Contacts) FROM Account a WHERE a.Name = 'Acme'")
    assert _shown(records, "Contacts", "LastName") == {"Acme": ["Cara"]}


def test_children_keep_their_order_and_limit(family: Ask) -> None:
    soql = "SELECT Name, (SELECT LastName FROM Contacts ORDER BY LastName DESC LIMIT 3) FROM Account"
    assert _shown(family(soql), "Contacts", "LastName") == {"Root": ["c4", "c3", "c2"]}
    soql = "SELECT Name, (SELECT LastName FROM Contacts ORDER BY LastName LIMIT 2 OFFSET 1) FROM Account LIMIT 1"
    assert _shown(family(soql), "Contacts", "LastName") == {"Root": ["c1", "c2"]}


def test_children_read_as_their_types(family: Ask) -> None:
    fields = "Name, AnnualRevenue, NumberOfEmployees, Active__c, CreatedDate, BillingAddress"
    (root,) = family(f"SELECT Name, (SELECT {fields} FROM ChildAccounts) FROM Account WHERE Name = 'Root'", deep=True)
    (child,) = root["ChildAccounts"]["records"]
    assert (child["AnnualRevenue"], child["NumberOfEmployees"], child["Active__c"]) == (0.1 + 0.2, 7, True)
    assert isinstance(child["NumberOfEmployees"], int)
    assert child["CreatedDate"] == "2026-11-01T00:00:00.000+0000"
    assert child["BillingAddress"]["city"] == 'Ro"me\\'


def test_five_levels_nest_since_version_58(family: Ask, ready: Ready) -> None:
    (root,) = [each for each in family(_nested(4), deep=True) if each["Name"] == "Root"]
    names = []
    while root:
        names.append(root["Name"])
        below = root.get("ChildAccounts")
        root = below["records"][0] if below else None
    assert names == ["Root", "Level 1", "Level 2", "Level 3", "Level 4"]
    ready(_nested(4), version=58.0)
    ready(_nested(1), version=57.0)
    for levels, version in ((5, 66.0), (2, 57.0)):
        with pytest.raises(Refusal) as refused:
            ready(_nested(levels), version=version)
        assert refused.value.code == "MALFORMED_QUERY"


def test_query_all_brings_deleted_children(family: Ask) -> None:
    soql = "SELECT Name, (SELECT LastName FROM Contacts WHERE IsDeleted = true) FROM Account"
    assert _shown(family(soql), "Contacts", "LastName") == {"Root": None}
    assert _shown(family(soql, all_rows=True), "Contacts", "LastName") == {"Root": ["gone"]}


def test_values_of_a_subquery_do_not_get_mixed_up_with_those_outside(family: Ask) -> None:
    soql = (
        "SELECT Name, (SELECT LastName FROM Contacts WHERE LastName IN ('c1', 'c3') ORDER BY LastName LIMIT 5), "
        "(SELECT Name FROM ChildAccounts WHERE Name LIKE 'Level%') FROM Account WHERE Name = 'Root' LIMIT 7"
    )
    (root,) = family(soql, deep=True)
    assert _shown([root], "Contacts", "LastName") == {"Root": ["c1", "c3"]}
    assert _shown([root], "ChildAccounts", "Name") == {"Root": ["Level 1"]}


def test_all_fields_of_a_wide_object_come_as_children(ask: Ask) -> None:
    acme = ask("SELECT Name, (SELECT FIELDS(ALL) FROM ChildAccounts LIMIT 200) FROM Account WHERE Name = 'Acme'")[0]
    (child,) = acme["ChildAccounts"]["records"]
    (same,) = ask(f"SELECT FIELDS(ALL) FROM Account WHERE Id = '{ZETA}' LIMIT 1")
    assert child == same


def test_the_total_does_not_count_children(family_database: Database, ready: Ready) -> None:
    query = ready("SELECT Id, (SELECT Id FROM Contacts WHERE LastName != 'x') FROM Account WHERE Name = 'Root'")
    assert total(query, family_database.connection) == 1


def test_a_pager_cuts_long_lists_of_children(ready: Ready, family_database: Database) -> None:
    query = ready("SELECT Id, (SELECT LastName FROM Contacts) FROM Account WHERE Name = 'Root'")
    (row,) = execute(query, family_database.connection)
    handed = []

    def pager(child: Query, rows: list[Any]) -> tuple[int, str | None]:
        handed.append((child, rows))
        return 2, "/services/data/v66.0/query/LOCATOR-2"

    contacts = json_renderer(query, 66.0, pager)(row)["Contacts"]
    assert list(contacts) == ["totalSize", "done", "nextRecordsUrl", "records"]
    assert (contacts["totalSize"], contacts["done"], len(contacts["records"])) == (5, False, 2)
    ((child, rows),) = handed
    assert [to_json(child, each, 66.0)["LastName"] for each in rows[2:]] == ["c2", "c3", "c4"]
    assert to_json(query, row, 66.0)["Contacts"]["done"] is True


@pytest.mark.parametrize(
    ("soql", "code", "message"),
    [
        ("SELECT Id, (SELECT Id FROM Nope) FROM Account", "INVALID_TYPE", "'Nope' in FROM part of query call"),
        ("SELECT Id, (SELECT Id FROM Contact) FROM Account", "INVALID_TYPE", "'Contact' in FROM part of query call"),
        ("SELECT Id, (SELECT Id FROM Contact.Accounts) FROM Account", "INVALID_TYPE", "must be a child of its outer"),
        ("SELECT Id, (SELECT Nope FROM Contacts) FROM Account", "INVALID_FIELD", "'Nope' on entity 'Contact'"),
        ("SELECT Id, (SELECT Name FROM Accounts) FROM User", "INVALID_TYPE", "relationship 'Accounts'"),
        ("SELECT Id, (SELECT COUNT(Id) FROM Contacts) FROM Account", "MALFORMED_QUERY", "only root queries support"),
        ("SELECT Id, (SELECT COUNT() FROM Contacts) FROM Account", "MALFORMED_QUERY", "only root queries support"),
        (
            "SELECT Id, (SELECT LastName FROM Contacts GROUP BY LastName) FROM Account",
            "MALFORMED_QUERY",
            "only root queries support aggregate expressions",
        ),
        ("SELECT Id, (SELECT Id FROM Contacts OFFSET 1) FROM Account", "MALFORMED_QUERY", "LIMIT 1"),
        ("SELECT Id, (SELECT Id FROM Contacts FOR VIEW) FROM Account", "MALFORMED_QUERY", "unexpected token: 'FOR'"),
        ("SELECT Id, (SELECT Id FROM Contacts USING SCOPE mine) FROM Account", "MALFORMED_QUERY", "'USING'"),
        (
            "SELECT Id, (SELECT Id FROM Contacts), (SELECT LastName FROM Contacts) FROM Account",
            "INVALID_FIELD",
            "duplicate field selected: Contacts",
        ),
        ("SELECT COUNT(Id), (SELECT Id FROM Contacts) FROM Account", "MALFORMED_QUERY", "unexpected token: '('"),
        ("SELECT Type, (SELECT Id FROM Contacts) FROM Account GROUP BY Type", "MALFORMED_QUERY", "unexpected token"),
        ("SELECT Id, (SELECT Id FROM Contacts FROM Account", "MALFORMED_QUERY", "unexpected token: 'FROM'"),
        ("SELECT Id, (SELECT Id FROM Contacts)", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
        ("SELECT Id, (Id FROM Contacts) FROM Account", "MALFORMED_QUERY", "unexpected token: 'Id'"),
        ("SELECT Id FROM Account WHERE (SELECT Id FROM Contacts) = 1", "MALFORMED_QUERY", "unexpected token: 'SELECT'"),
    ],
)
def test_a_subquery_has_limits(ready: Ready, soql: str, code: str, message: str) -> None:
    with pytest.raises(Refusal) as refused:
        ready(soql)
    assert (refused.value.code, message in refused.value.message) == (code, True), refused.value.message


def test_an_unknown_child_relationship_is_pointed_at(ready: Ready) -> None:
    with pytest.raises(Refusal) as refused:
        ready("SELECT Id, (SELECT Id FROM Kids) FROM Account")
    assert refused.value.message == (
        "\nSELECT Id, (SELECT Id FROM Kids) FROM Account\n                           "
        "^\nERROR at Row:1:Column:28\nDidn't understand "
        "relationship 'Kids' in FROM part of query call. If you are attempting to use a custom relationship, be sure "
        "to append the '__r' after the custom relationship name. Please reference your WSDL or the describe call for "
        "the appropriate names."
    )


def test_a_relationship_over_a_hidden_field_is_not_there(ready: Ready) -> None:
    with pytest.raises(Refusal) as refused:
        ready("SELECT Id, (SELECT Id FROM Customer_Success_Accounts__r) FROM User")
    assert refused.value.code == "INVALID_TYPE"


def test_twenty_subqueries_and_no_more(ready: Ready) -> None:
    many = ", ".join(["(SELECT Id FROM Contacts)"] * 21)
    with pytest.raises(Refusal) as refused:
        ready(f"SELECT Id, {many} FROM Account")
    assert "exceeds 20" in refused.value.message


def test_bulk_has_no_subqueries(ready: Ready) -> None:
    with pytest.raises(Refusal) as refused:
        check_bulk(ready("SELECT Id, (SELECT Id FROM Contacts) FROM Account"))
    assert refused.value.message == "Aggregate Relationships not supported in Bulk Query"


@pytest.fixture(scope="module")
def family_database(schema: Schema) -> Iterator[Database]:
    """An account with four generations of children below it, five contacts, and one deleted one."""
    with Database(None, schema) as database:
        with database.writing() as connection:
            for level, name in enumerate(("Root", "Level 1", "Level 2", "Level 3", "Level 4")):
                values = (make_id("001", level + 1), name, make_id("001", level) if level else None, 0.1 + 0.2)
                connection.execute(
                    'INSERT INTO "Account" (Id, Name, ParentId, AnnualRevenue, NumberOfEmployees, Active__c, '
                    "CreatedDate, BillingCity) VALUES (?, ?, ?, ?, 7, 1, '2026-11-01T00:00:00.000Z', 'Ro\"me\\')",
                    values,
                )
            for number in range(5):
                connection.execute(
                    'INSERT INTO "Contact" (Id, LastName, AccountId) VALUES (?, ?, ?)',
                    (make_id("003", number + 1), f"c{number}", make_id("001", 1)),
                )
            connection.execute(
                'INSERT INTO "Contact" (Id, LastName, AccountId, IsDeleted) VALUES (?, ?, ?, 1)',
                (make_id("003", 9), "gone", make_id("001", 1)),
            )
        yield database


@pytest.fixture(scope="module")
def family(ready: Ready, family_database: Database) -> Ask:
    """Return what asks this database; without `deep` only the account at the top is looked at."""

    def asked(soql: str, *, deep: bool = False, **how: Any) -> list[dict[str, Any]]:
        query = ready(soql, **how)
        records = [to_json(query, row, 66.0) for row in execute(query, family_database.connection)]
        return records if deep else [each for each in records if each["Name"] == "Root"]

    return asked
