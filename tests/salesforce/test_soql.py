"""SOQL text: literals, names, statements, and lists cut to size."""

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from toolkit.errors import InputError
from toolkit.salesforce import soql


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (7, "7"),
        (1e-7, "0.0000001"),
        (1e21, "1000000000000000000000"),
        (Decimal("9.5E8"), "950000000"),
        ('O\'Hara \\ "x"\n', "'O\\'Hara \\\\ \\\"x\\\"\\n'"),
        ("' OR Name != '", "'\\' OR Name != \\''"),
        (date(2026, 5, 24), "2026-05-24"),
        (datetime(2026, 5, 24, 9, tzinfo=timezone(timedelta(hours=2))), "2026-05-24T07:00:00Z"),
        (["a", "b'"], "('a','b\\'')"),
    ],
)
def test_a_value_becomes_a_literal(value, text):
    assert soql.literal(value) == text


@pytest.mark.parametrize("value", [[], float("nan"), float("inf"), datetime(2026, 5, 24)])
def test_what_soql_cannot_say_is_refused(value):
    with pytest.raises(InputError):
        soql.literal(value)


@pytest.mark.parametrize("text", ["", "Name;", "Na me", "1Name", "Name)--", "Näme", "Owner.Name"])
def test_what_is_no_api_name_is_refused(text):
    with pytest.raises(InputError):
        soql.name(text)


@pytest.mark.parametrize("text", ["", "Owner.", ".Name", "a.b.c.d.e.f.g", "Owner..Name", "Owner.Name FROM X"])
def test_what_is_no_field_path_is_refused(text):
    with pytest.raises(InputError):
        soql.path(text)


def test_a_statement_has_its_clauses_in_order():
    text = soql.select(["Id", "Owner.Name"], "Account", where="Type != null", scope="mine", order_by="Id")
    assert text == "SELECT Id, Owner.Name FROM Account USING SCOPE mine WHERE Type != null ORDER BY Id"


def test_two_conditions_are_kept_apart_by_parentheses():
    assert soql.both("A = 1 OR B = 2", "C = 3") == "(A = 1 OR B = 2) AND (C = 3)"
    assert soql.both(None, "C = 3") == "(C = 3)"
    assert soql.both("", None) is None


def test_lists_keep_to_their_room_and_number():
    values = [f"{number:018d}" for number in range(1000)]
    chunks = list(soql.in_lists(values, room=420, most=15))
    assert [value for chunk in chunks for value in chunk] == values
    assert max(map(len, chunks)) == 15
    assert len(next(soql.in_lists(values, room=210, most=2000))) == 10
    assert list(soql.in_lists([], 10, 10)) == []
