"""TYPEOF, and lookups that may point at several objects."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from toolkit.demo_org.access import Access
from toolkit.demo_org.database import Database
from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.ids import make_id
from toolkit.demo_org.schema import Field, Schema, SObject
from toolkit.demo_org.soql import Query, check_bulk, execute, prepare, to_json

Ready = Callable[..., Query]
Ask = Callable[..., list[dict[str, Any]]]
BASE = "/services/data/v66.0/sobjects"
ANN, ACME, DEAL, PAPER = make_id("005", 1), make_id("001", 1), make_id("006", 1), make_id("800", 1)


@pytest.fixture(scope="module")
def ask_tasks(schema: Schema, ready: Ready) -> Iterator[Ask]:
    """Four tasks: about an account, about an opportunity, about a contract, about nothing."""
    with Database(None, schema) as database:
        with database.writing() as connection:
            for statement, *values in (
                ('INSERT INTO "User" (Id, Name, Alias) VALUES (?, ?, ?)', ANN, "Ann Lee", "ann"),
                ('INSERT INTO "Account" (Id, Name, Phone, OwnerId) VALUES (?, ?, ?, ?)', ACME, "Acme", "123", ANN),
                ('INSERT INTO "Opportunity" (Id, Name, Amount) VALUES (?, ?, ?)', DEAL, "Deal", 5.0),
                ('INSERT INTO "Contract" (Id, ContractNumber) VALUES (?, ?)', PAPER, "00000100"),
            ):
                connection.execute(statement, values)
            for number, about in enumerate((ACME, DEAL, PAPER, None)):
                connection.execute(
                    'INSERT INTO "Task" (Id, Subject, WhatId) VALUES (?, ?, ?)',
                    (make_id("00T", number + 1), f"t{number}", about),
                )

        def asked(soql: str, **how: Any) -> list[dict[str, Any]]:
            query = ready(soql, **how)
            return [to_json(query, row, 66.0) for row in execute(query, database.connection)]

        yield asked


def test_fields_depend_on_the_type(ask_tasks: Ask) -> None:
    soql = (
        "SELECT Subject, TYPEOF What WHEN Account THEN Name, Phone, Owner.Alias WHEN Opportunity THEN Amount, Name "
        "ELSE Id, Name END, Priority FROM Task ORDER BY Subject"
    )
    account, deal, contract, nothing = ask_tasks(soql)
    assert list(account) == ["attributes", "Subject", "What", "Priority"]
    owner = {"attributes": {"type": "User", "url": f"{BASE}/User/{ANN}"}, "Alias": "ann"}
    assert account["What"] == {
        "attributes": {"type": "Account", "url": f"{BASE}/Account/{ACME}"},
        "Name": "Acme",
        "Phone": "123",
        "Owner": owner,
    }
    attributes = {"type": "Opportunity", "url": f"{BASE}/Opportunity/{DEAL}"}
    assert list(deal["What"].items()) == [("attributes", attributes), ("Amount", 5.0), ("Name", "Deal")]
    attributes = {"type": "Name", "url": f"{BASE}/Contract/{PAPER}"}
    assert contract["What"] == {"attributes": attributes, "Id": PAPER, "Name": "00000100"}
    assert nothing["What"] is None


def test_without_else_other_types_are_null(ask_tasks: Ask) -> None:
    found = ask_tasks("SELECT TYPEOF What WHEN Opportunity THEN Amount END FROM Task ORDER BY Subject")
    assert [each["What"] and each["What"]["Amount"] for each in found] == [None, 5.0, None, None]


def test_keywords_and_names_have_no_case(ask_tasks: Ask) -> None:
    found = ask_tasks("select typeof what when ACCOUNT then name else NAME end from task order by subject")
    assert [each["What"] and each["What"]["Name"] for each in found] == ["Acme", "Deal", "00000100", None]


@pytest.mark.parametrize(
    ("condition", "subjects"),
    [
        ("What.Type = 'Account'", ["t0"]),
        ("What.Type IN ('Account', 'opportunity')", ["t0", "t1"]),
        ("What.Type != 'Account'", ["t1", "t2", "t3"]),
        ("What.Type = null", ["t3"]),
        ("What.Name = 'acme'", ["t0"]),
        ("What.Name LIKE '000%'", ["t2"]),
        (f"What.Id = '{DEAL}'", ["t1"]),
        ("What.Name = null", ["t3"]),
        ("What.Phone = '123'", ["t0"]),
    ],
)
def test_a_polymorphic_parent_filters(ask_tasks: Ask, condition: str, subjects: list[str]) -> None:
    assert [each["Subject"] for each in ask_tasks(f"SELECT Subject FROM Task WHERE {condition}")] == subjects


def test_a_polymorphic_parent_sorts_and_groups(ask_tasks: Ask) -> None:
    found = ask_tasks("SELECT Subject FROM Task ORDER BY What.Name DESC, Subject")
    assert [each["Subject"] for each in found] == ["t3", "t1", "t0", "t2"]
    found = ask_tasks("SELECT What.Type, COUNT(Id) n FROM Task GROUP BY What.Type ORDER BY What.Type")
    assert [(each["Type"], each["n"]) for each in found] == [
        *((None, 1), ("Account", 1), ("Contract", 1), ("Opportunity", 1)),
    ]


@pytest.mark.parametrize(
    ("soql", "code", "message"),
    [
        ("SELECT TYPEOF Account WHEN Account THEN Name END FROM Task", "MALFORMED_QUERY", "polymorphic relationship"),
        ("SELECT TYPEOF Nope WHEN Account THEN Name END FROM Task", "INVALID_FIELD", "relationship 'Nope'"),
        ("SELECT TYPEOF What WHEN Nope THEN Name END FROM Task", "INVALID_TYPE", "sObject type 'Nope'"),
        ("SELECT TYPEOF What WHEN User THEN Name END FROM Task", "MALFORMED_QUERY", "Object type 'User'"),
        ("SELECT TYPEOF What WHEN Account THEN Nope END FROM Task", "INVALID_FIELD", "'Nope' on entity 'Account'"),
        ("SELECT TYPEOF What WHEN Account THEN Name ELSE Amount END FROM Task", "INVALID_FIELD", "on entity 'Name'"),
        ("SELECT What.Name, TYPEOF What WHEN Account THEN Name END FROM Task", "INVALID_FIELD", "duplicate field"),
        ("SELECT TYPEOF What WHEN Account THEN Name END, What.Name FROM Task", "INVALID_FIELD", "duplicate field"),
        ("SELECT COUNT(), TYPEOF What WHEN Account THEN Name END FROM Task", "MALFORMED_QUERY", "COUNT()"),
        ("SELECT TYPEOF What THEN Name END FROM Task", "MALFORMED_QUERY", "unexpected token: 'THEN'"),
        ("SELECT TYPEOF What WHEN Account Name END FROM Task", "MALFORMED_QUERY", "unexpected token: 'Name'"),
        ("SELECT TYPEOF What WHEN Account THEN Name FROM Task", "MALFORMED_QUERY", "unexpected token: 'FROM'"),
        ("SELECT TYPEOF What WHEN Account THEN COUNT(Id) END FROM Task", "MALFORMED_QUERY", "unexpected token: '('"),
        ("SELECT TYPEOF What ELSE Name END FROM Task", "MALFORMED_QUERY", "unexpected token: 'ELSE'"),
        ("SELECT Id FROM Task WHERE TYPEOF What = 'Account'", "MALFORMED_QUERY", "unexpected token: 'What'"),
        ("SELECT What.Amount FROM Task", "INVALID_FIELD", "No such column 'Amount' on entity 'Name'"),
        ("SELECT What.Owner.Name FROM Task", "INVALID_FIELD", "Didn't understand relationship 'Owner'"),
    ],
)
def test_typeof_has_limits(ready: Ready, soql: str, code: str, message: str) -> None:
    with pytest.raises(Refusal) as refused:
        ready(soql)
    assert (refused.value.code, message in refused.value.message) == (code, True), refused.value.message


def test_typeof_is_there_since_version_46_and_not_in_bulk(ready: Ready) -> None:
    soql = "SELECT TYPEOF What WHEN Account THEN Name END FROM Task"
    query = ready(soql, version=46.0)
    with pytest.raises(Refusal) as refused:
        ready(soql, version=45.0)
    assert refused.value.message.endswith("unexpected token: 'TYPEOF'")
    with pytest.raises(Refusal) as refused:
        check_bulk(query)
    assert refused.value.code == "API_ERROR"


def test_typeof_may_be_the_name_of_a_field(ready: Ready) -> None:
    with pytest.raises(Refusal) as refused:
        ready("SELECT TypeOf FROM Task")
    assert refused.value.code == "INVALID_FIELD"


def test_the_lookup_may_be_a_parents(access: Access) -> None:
    name, key = Field("Name", "Name", name_field=True), Field("Id", "ID", "id", 18)
    about = Field("AboutId", "About", "reference", reference_to=("Dog", "Cat"), relationship_name="About")
    note = Field("NoteId", "Note", "reference", reference_to=("Memo",), relationship_name="Note")
    animals = (Field("Age__c", "Age", "int"),)
    objects = Schema(
        SObject(entity, entity, entity, prefix, (key, name, *more))
        for entity, prefix, more in (
            *(("Dog", "a01", animals), ("Cat", "a02", animals)),
            *(("Memo", "a03", (about,)), ("Line", "a04", (note,))),
        )
    )
    with Database(None, objects) as database:
        with database.writing() as connection:
            for entity, values in (
                ("Dog", (make_id("a01", 1), "Rex", 7)),
                ("Memo", (make_id("a03", 1), "memo", make_id("a01", 1))),
                ("Line", (make_id("a04", 1), "line", make_id("a03", 1))),
                ("Line", (make_id("a04", 2), "alone", None)),
            ):
                connection.execute(f'INSERT INTO "{entity}" VALUES (?, ?, ?)', values)
        soql = "SELECT Note.Name, TYPEOF Note.About WHEN Dog THEN Age__c ELSE Name END FROM Line ORDER BY Name DESC"
        query = prepare(soql, objects, access, datetime(2026, 11, 4, tzinfo=UTC))
        line, alone = [to_json(query, row, 66.0) for row in execute(query, database.connection)]
    assert (line["Note"]["Name"], line["Note"]["About"]["Age__c"]) == ("memo", 7)
    assert line["Note"]["About"]["attributes"]["type"] == "Dog"
    assert alone["Note"] is None
    type_of = "TYPEOF Note.About WHEN Dog THEN Name END"
    for twice in (f"Note.About.Name, {type_of}", f"{type_of}, Note.About.Id", f"{type_of}, {type_of}"):
        with pytest.raises(Refusal) as refused:
            prepare(f"SELECT {twice} FROM Line", objects, access, datetime(2026, 11, 4, tzinfo=UTC))
        assert "duplicate field selected" in refused.value.message
