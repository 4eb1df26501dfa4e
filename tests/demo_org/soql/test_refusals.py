"""What is refused: the code, the text, and the place it points at."""

from collections.abc import Callable

import pytest

from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.soql import Query

Ready = Callable[..., Query]
WSDL = "Please reference your WSDL or the describe call for the appropriate names."


def refusal(ready: Ready, soql: str) -> Refusal:
    with pytest.raises(Refusal) as refused:
        ready(soql)
    assert refused.value.status == 400
    assert refused.value.fields is None
    return refused.value


def test_an_unknown_object_is_invalid_type(ready: Ready) -> None:
    refused = refusal(ready, "select count() from XYZZY")
    assert refused.code == "INVALID_TYPE"
    assert refused.message == (
        "\nselect count() from XYZZY\n                    ^\nERROR at Row:1:Column:21\nsObject type 'XYZZY' is not "
        "supported. If you are attempting to use a custom object, be sure to append the '__c' after the entity name. "
        + WSDL
    )


@pytest.mark.parametrize("field", ["Naem", "Hidden_Notes__c", "hidden_notes__C", "Foo__c", "IsPersonAccount"])
def test_an_unknown_field_and_a_hidden_one_are_refused_alike(ready: Ready, field: str) -> None:
    refused = refusal(ready, f"SELECT {field} FROM Account")
    assert refused.code == "INVALID_FIELD"
    assert refused.message == (
        f"\nSELECT {field} FROM Account\n       ^\nERROR at Row:1:Column:8\nNo such column '{field}' on entity "
        "'Account'. If you are attempting to use a custom field, be sure to append the '__c' after the custom field "
        f"name. {WSDL}"
    )


@pytest.mark.parametrize("path", ["Foo.Name", "OwnerId.Name", "CSM__r.Name", "CSM__c.Name"])
def test_an_unknown_relationship_and_one_through_a_hidden_lookup_are_refused_alike(ready: Ready, path: str) -> None:
    refused = refusal(ready, f"SELECT Id, {path} FROM Account")
    assert refused.code == "INVALID_FIELD"
    assert f"Column:12\nDidn't understand relationship '{path.split('.')[0]}' in field path." in refused.message


def test_the_context_is_a_window_of_whole_words(ready: Ready) -> None:
    refused = refusal(ready, "select Id, AccountNumber from Account where AccountNumber = 3999")
    assert refused.message == (
        "\nAccountNumber from Account where AccountNumber = 3999\n                                 ^\n"
        "ERROR at Row:1:Column:45\n"
        "value of filter criterion for field 'AccountNumber' must be of type string and should be enclosed in quotes"
    )
    refused = refusal(ready, "SELECT Id\nFROM Account\nWHERE Nope = 1")
    assert "\nSELECT Id FROM Account WHERE Nope = 1\n" in refused.message
    assert "ERROR at Row:3:Column:7\n" in refused.message


@pytest.mark.parametrize(
    ("soql", "token"),
    [
        ("SELECT Id, FROM Account", "FROM"),
        ("SELECT FROM Account", "SELECT FROM"),
        ("SELECTId FROM Account", "SELECTId"),
        ("", "<EOF>"),
        ("SELECT Id", "<EOF>"),
        ("SELECT Id FROM", "<EOF>"),
        ("SELECT Id FROM Account WHERE", "<EOF>"),
        ("SELECT Id FROM Account LIMIT", "<EOF>"),
        ("SELECT Id FROM Account LIMIT -1", "-1"),
        ("SELECT Id FROM Account LIMIT 1.5", "1.5"),
        ("SELECT Id FROM Account LIMIT a", "a"),
        ("SELECT Id FROM Account WHERE Id = foo", "foo"),
        ('SELECT Id FROM Account WHERE Name = "x"', None),
        ("SELECT Id FROM Account WHERE Name = 'x", "'"),
        ("SELECT Id FROM Account WHERE Name = '''", "'"),
        ("SELECT Id FROM Account WHERE Name = 'a' AND Name = 'b' OR Name = 'c'", "OR"),
        ("SELECT Id FROM Account WHERE Name = 'a' AND NOT Name = 'b'", "NOT"),
        ("SELECT Id FROM Account WHERE Name IN ()", "Name IN ()"),
        ("SELECT Id FROM Account WHERE Name LIKE NULL", "NULL"),
        ("SELECT Id FROM Account WHERE (Name = 'a'", "<EOF>"),
        ("SELECT Id FROM Account WHERE Name = 'a')", ")"),
        ("SELECT Contact..FirstName FROM Contact", "."),
        ("SELECT Id FROM Account USING everything", "everything"),
        ("SELECT Id FROM Account HAVING COUNT(Id) > 1", "HAVING"),
        ("SELECT Id FROM Account WHERE CreatedDate = LAST_N_DAYS: x", "x"),
        ("SELECT COUNT(), Id FROM Account", "COUNT()"),
        ("SELECT FORMAT(FORMAT(Name)) FROM Account", "("),
        ("SELECT Id FROM Account ORDER BY toLabel(Type)", "tolabel"),
        ("SELECT Id FROM Account;", None),
        ("SELECT Id FROM Account WHERE " + "(" * 5000, "("),
    ],
)
def test_what_cannot_be_read_is_malformed(ready: Ready, soql: str, token: str | None) -> None:
    refused = refusal(ready, soql)
    assert refused.code == "MALFORMED_QUERY"
    assert "unexpected token: '" in refused.message
    if token is not None:
        assert refused.message.endswith(f"unexpected token: '{token}'")


def test_a_syntax_error_counts_columns_from_zero(ready: Ready) -> None:
    refused = refusal(ready, "SELECT Id, Name, BillingCity, From Account LIMIT 10")
    assert refused.message == (
        "\nSELECT Id, Name, BillingCity, From Account LIMIT 10\n                             ^\n"
        "ERROR at Row:1:Column:30\nunexpected token: 'From'"
    )
    refused = refusal(ready, "select Id from Account where id = $sfid")
    assert refused.message.endswith("ERROR at Row:1:Column:34\nline 1:34 unexpected token: '$'")


@pytest.mark.parametrize(
    ("soql", "code", "message"),
    [
        ("SELECT Id, Name, id FROM Account", "INVALID_FIELD", "duplicate field selected: id"),
        ("SELECT Id, FIELDS(STANDARD) FROM Account", "INVALID_FIELD", "duplicate field selected: Id"),
        ("SELECT Id Name FROM Account", "MALFORMED_QUERY", "only aggregate expressions use field aliasing"),
        ("SELECT Id FROM Account WHERE Id = :x", "MALFORMED_QUERY", "Bind variables only allowed in Apex code"),
        ("SELECT Id FROM Account ALL ROWS", "MALFORMED_QUERY", "ALL ROWS not allowed in this context"),
        ("SELECT Id FROM Account OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset allowed is 2000"),
        ("SELECT FIELDS(ALL) FROM Account", "MALFORMED_QUERY", "must have a LIMIT of at most 200"),
        ("SELECT FIELDS(CUSTOM) FROM Account LIMIT 201", "MALFORMED_QUERY", "must have a LIMIT of at most 200"),
        (
            "SELECT FIELDS(CUSTOM) FROM User LIMIT 1",
            "MALFORMED_QUERY",
            "must result in at least one field being selected.",
        ),
        ("SELECT Id FROM Contract USING SCOPE team", "INVALID_QUERY_SCOPE", "scope 'team' is not supported"),
        ("SELECT Id FROM Account WHERE Id = 'foo'", "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: foo"),
        ("SELECT Id FROM Account WHERE Id = '001dM0000000001AAA'", "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field"),
        ("SELECT Id FROM Account WHERE Id LIKE '001%'", "INVALID_QUERY_FILTER_OPERATOR", "invalid operator"),
        ("SELECT Id FROM Account WHERE AnnualRevenue LIKE '1%'", "INVALID_QUERY_FILTER_OPERATOR", "invalid operator"),
        ("SELECT Id FROM Account WHERE Active__c > true", "INVALID_QUERY_FILTER_OPERATOR", "invalid operator"),
        ("SELECT Id FROM Account WHERE Type INCLUDES ('a')", "INVALID_QUERY_FILTER_OPERATOR", "invalid operator"),
        ("SELECT Id FROM Account WHERE Name > null", "INVALID_QUERY_FILTER_OPERATOR", "invalid operator"),
        ("SELECT Id FROM Account WHERE Description = 'x'", "INVALID_FIELD", "can not be filtered in a query call"),
        ("SELECT Id FROM Account ORDER BY Description", "INVALID_FIELD", "can not be sorted in a query call"),
        (
            "SELECT AnnualRevenue FROM Account GROUP BY AnnualRevenue",
            "INVALID_FIELD",
            "can not be grouped in a query call",
        ),
        ("SELECT Id FROM Account WHERE Name = 'a\\qb'", "MALFORMED_QUERY", "Illegal character sequence '\\q'"),
        ("SELECT Id FROM Account WHERE Name = 'a\\%b'", "MALFORMED_QUERY", "Illegal character sequence '\\%'"),
        ("SELECT Name, COUNT(Id) FROM Account", "MALFORMED_QUERY", "must be grouped or aggregated: Name"),
        (
            "SELECT Type FROM Account GROUP BY Type ORDER BY Name",
            "MALFORMED_QUERY",
            "must be grouped or aggregated: Name",
        ),
        ("SELECT COUNT(Id) n, MAX(Name) N FROM Account", "MALFORMED_QUERY", "duplicate alias: N"),
        ("SELECT SUM(Name) FROM Account", "MALFORMED_QUERY", "field Name does not support aggregate operator SUM"),
        ("SELECT COUNT(Id) FROM Account LIMIT 1", "MALFORMED_QUERY", "cannot also use LIMIT"),
        (
            "SELECT Type, FIELDS(STANDARD) FROM Account GROUP BY Type",
            "MALFORMED_QUERY",
            "FIELDS function is not supported",
        ),
        ("SELECT What.Amount FROM Task", "INVALID_FIELD", "No such column 'Amount' on entity 'Name'"),
        ("SELECT What.Owner.Name FROM Task", "INVALID_FIELD", "relationship 'Owner' in field path"),
    ],
)
def test_what_the_org_does_not_allow_is_refused(ready: Ready, soql: str, code: str, message: str) -> None:
    refused = refusal(ready, soql)
    assert refused.code == code
    assert message in refused.message


@pytest.mark.parametrize(
    ("condition", "wanted"),
    [
        ("CreatedDate > '2026-01-01T00:00:00Z'", "of type dateTime and should not be enclosed in quotes"),
        ("CreatedDate > 2026-01-01", "of type dateTime and should not be enclosed in quotes"),
        ("CS_Renewal_Date__c = 2026-01-01T00:00:00Z", "of type date and should not be enclosed in quotes"),
        ("Name = TODAY", "of type string and should be enclosed in quotes"),
        ("Name = true", "of type string and should be enclosed in quotes"),
        ("Name LIKE 5", "of type string and should be enclosed in quotes"),
        ("AnnualRevenue = '5'", "of type currency and should not be enclosed in quotes"),
        ("NumberOfEmployees IN ('5')", "of type int and should not be enclosed in quotes"),
        ("Active__c = 'true'", "of type boolean and should not be enclosed in quotes"),
        ("OwnerId = 5", "of type ID and should be enclosed in quotes"),
        ("AnnualRevenue = TODAY", "of type currency and should not be enclosed in quotes"),
    ],
)
def test_a_value_of_another_type_is_refused(ready: Ready, condition: str, wanted: str) -> None:
    refused = refusal(ready, f"SELECT Id FROM Account WHERE {condition}")
    assert refused.code == "INVALID_FIELD"
    assert refused.message.endswith(wanted)


@pytest.mark.parametrize(
    "literal", ["2020-12-12t12:12:00-25:00", "2020-52-12T12:12:00-05:00", "2020-12-12T12:12:00", "1699-12-31T23:00:00Z"]
)
def test_a_moment_that_does_not_exist_is_refused(ready: Ready, literal: str) -> None:
    refused = refusal(ready, f"SELECT Id FROM Account WHERE SystemModstamp > {literal}")
    assert refused.code == "MALFORMED_QUERY"
    assert refused.message.endswith(f"Invalid datetime: {literal}")


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("Id IN (SELECT ParentId FROM Account)", "should not be on the same object type"),
        ("Id IN (SELECT WhatId FROM Task)", "Entity 'Task' is not supported for semi join inner selects"),
        ("Id IN (SELECT AccountId FROM Contact) OR Name = 'x'", "not allowed with the 'OR' operator"),
        ("NOT Id IN (SELECT AccountId FROM Contact)", "not allowed with the 'OR' operator"),
        ("Name IN (SELECT AccountId FROM Contact)", "should be an id field, cannot use: 'Name'"),
        ("Id IN (SELECT Account.ParentId FROM Contact)", "cannot have more than one level of relationships"),
        ("Id IN (SELECT LastName FROM Contact)", "should be an id field"),
        ("Id IN (SELECT OwnerId FROM Contact)", "should point to the same object type"),
        ("Id IN (SELECT AccountId FROM Contact LIMIT 1)", "unexpected token: 'LIMIT'"),
        ("Id IN (SELECT AccountId, Id FROM Contact)", "unexpected token: 'SELECT'"),
        (
            "Id IN (SELECT AccountId FROM Contact WHERE Id IN (SELECT ContactId FROM Opportunity))",
            "Nesting of semi join",
        ),
        (" AND ".join(["Id IN (SELECT AccountId FROM Contact)"] * 3), "Maximum 2 semi join"),
    ],
)
def test_a_semijoin_has_limits(ready: Ready, condition: str, message: str) -> None:
    refused = refusal(ready, f"SELECT Id FROM Account WHERE {condition}")
    assert refused.code == "MALFORMED_QUERY"
    assert message in refused.message


def test_statements_and_strings_have_a_greatest_length(ready: Ready) -> None:
    refused = refusal(ready, "SELECT Id FROM Account" + " " * 100_000)
    assert (refused.code, refused.message) == (
        "MALFORMED_QUERY",
        "SOQL statements cannot be longer than 100000 characters.",
    )
    assert refusal(ready, f"SELECT Id FROM Account WHERE Name = '{'x' * 4001}'").code == "MALFORMED_QUERY"


def test_a_path_has_five_levels_and_no_more(ready: Ready) -> None:
    ready("SELECT Parent.Parent.Parent.Parent.Owner.Name FROM Account")
    refused = refusal(ready, "SELECT Parent.Parent.Parent.Parent.Parent.Owner.Name FROM Account")
    assert "Didn't understand relationship 'Owner'" in refused.message
