from datetime import UTC, date, datetime

import pytest

from toolkit.demo_org.formula import FormulaError, compile_formula, from_stored, to_stored
from toolkit.demo_org.schema import Field

NOW = datetime(2026, 11, 2, 8, 30, tzinfo=UTC)
FIELDS = {
    "Name": Field("Name", "Name", length=80),
    "Stage__c": Field("Stage__c", "Stage", "picklist", length=255),
    "Amount": Field("Amount", "Amount", "currency", precision=18, scale=2),
    "Share": Field("Share", "Share", "percent", precision=5, scale=1),
    "Empty": Field("Empty", "Empty", "double", precision=5, scale=1),
    "Blank": Field("Blank", "Blank", length=40),
    "Active": Field("Active", "Active", "boolean"),
    "Day": Field("Day", "Day", "date"),
    "At": Field("At", "At", "datetime"),
    "Owner.Name": Field("Name", "Name", length=80),
}
NEW = {
    "Name": "Acme & Sons",
    "Stage__c": "Won",
    "Amount": 1250.5,
    "Share": 50.0,
    "Active": 1,
    "Day": "2026-01-31",
    "At": "2026-10-31T12:00:00.000Z",
    "Owner.Name": "Ana",
}
OLD = {**NEW, "Stage__c": "Open"}


class Record:
    now = NOW

    def __init__(self, is_new=False):
        self.is_new = is_new

    def value(self, path):
        return from_stored(FIELDS[".".join(path)], NEW.get(".".join(path)))

    def prior(self, path):
        return from_stored(FIELDS[".".join(path)], OLD.get(".".join(path)))


def find(path):
    return FIELDS.get(".".join(path))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3 ^ 2", 19.0),
        ("-(2 - 5) / 2", 1.5),
        ("1 / 0", None),
        ('"a" & "b" & TEXT(3)', "ab3"),
        ('"say \\"hi\\""', 'say "hi"'),
        ("Amount * Share", 625.25),
        ("Amount + Empty", None),
        ("ISBLANK(Empty) && ISBLANK(Blank)", True),
        ('Blank = ""', True),
        ('Blank <> "x"', True),
        ("Empty < 5", None),
        ("NOT(Empty < 5)", True),
        ('AND(ISPICKVAL(Stage__c, "Won"), Active)', True),
        ('OR(FALSE, Name = "acme & sons")', False),
        ("IF(Amount > 1000, \"big\", 1 / 0)", "big"),
        ('CASE(TEXT(Stage__c), "Open", 1, "Won", 2, 3)', 2.0),
        ('CASE(Stage__c, "A", 1, 3)', 3.0),
        ("LEN(Name)", 11.0),
        ("LEN(Blank)", 0.0),
        ('CONTAINS(Name, "&") && BEGINS(Name, "Acme")', True),
        ('REGEX("AB-123", "[A-Z]{2}-\\d{3}")', True),
        ('REGEX("AB-123x", "[A-Z]{2}-\\\\d{3}")', False),
        ('LEFT(Name, 4) & RIGHT(Name, 4) & MID(Name, 6, 1)', "AcmeSons&"),
        ('SUBSTITUTE(UPPER(Name), "ACME", "X")', "X & SONS"),
        ('FIND("&", Name)', 6.0),
        ('LPAD("7", 3, "0") & RPAD("7", 2, "-")', "0077-"),
        ('VALUE("1,250.5") + 1', 1251.5),
        ('VALUE("x")', None),
        ('INCLUDES("a;b;c", "b")', True),
        ("ROUND(2.675, 2)", 2.68),
        ("MOD(7, 3) + MAX(1, 5, 2) + MIN(4, 2)", 8.0),
        ("CEILING(1.2) + FLOOR(1.8) + ABS(-2)", 5.0),
        ("TODAY()", date(2026, 11, 2)),
        ("TODAY() - Day", 275.0),
        ("Day + 1", date(2026, 2, 1)),
        ("ADDMONTHS(Day, 1)", date(2026, 2, 28)),
        ("DATE(2026, 2, 30)", None),
        ("YEAR(Day) * 100 + MONTH(Day) + DAY(Day) + WEEKDAY(Day)", 202639.0),
        ("ROUND(NOW() - At, 3)", 1.854),
        ("DATEVALUE(At)", date(2026, 10, 31)),
        ("ISCHANGED(Stage__c)", True),
        ("ISCHANGED(Name)", False),
        ("PRIORVALUE(Stage__c)", "Open"),
        ("ISNEW()", False),
        ("BLANKVALUE(Empty, 7)", 7.0),
        ("Owner.Name", "Ana"),
        ("/* a note */ 1 = 1.0", True),
        ("1 <= 1 && 2 >= 3 || 4 != 5", True),
        ("NULL", None),
    ],
)  # fmt: skip
def test_a_formula_comes_to(text, expected):
    assert compile_formula(text, find).value(Record()) == expected


def test_a_new_record_has_not_changed_and_its_prior_value_is_its_value():
    new = Record(is_new=True)
    assert compile_formula("ISNEW() && NOT(ISCHANGED(Stage__c))", find).holds(new)
    assert compile_formula("PRIORVALUE(Stage__c)", find).value(new) == "Won"


def test_blank_numbers_count_as_zero_where_asked_for_but_are_still_blank():
    assert compile_formula("Amount + Empty", find, blank_as_zero=True).value(Record()) == 1250.5
    assert compile_formula("ISBLANK(Empty)", find, blank_as_zero=True).value(Record()) is True


def test_a_formula_tells_which_fields_it_reads():
    assert compile_formula("Amount > 0 || Owner.Name = Name || Amount < 9", find).fields == (
        ("Amount",),
        ("Owner", "Name"),
        ("Name",),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Enter a formula"),
        ("1 +", "Syntax error. Formula ends too soon"),
        ("(1", "Syntax error. Missing ')'"),
        ("1 2", "Syntax error. Extra 2"),
        ("a ? b", "Syntax error. Found '?'"),
        ("Nothing__c = 1", "Field Nothing__c does not exist. Check spelling."),
        ("FOO(1)", "Unknown function FOO. Check spelling."),
        ("LEN()", "Incorrect number of parameters for function 'LEN()'. Expected 1, received 0"),
        ("IF(TRUE, 1)", "Incorrect number of parameters for function 'IF()'. Expected 3, received 2"),
        ("ISCHANGED(1)", "Incorrect argument type for function 'ISCHANGED()'."),
        ("(" * 900 + "1", "Formula is too deeply nested"),
        ("-" * 900 + "1", "Formula is too deeply nested"),
    ],
)
def test_a_formula_that_cannot_be_saved(text, message):
    with pytest.raises(FormulaError) as caught:
        compile_formula(text, find)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("field", "value", "stored"),
    [
        ("Share", 0.5, 50.0),
        ("Amount", 2.345, 2.35),
        ("Amount", "text", None),
        ("Active", True, 1),
        ("Active", None, 0),
        ("Day", date(2026, 1, 2), "2026-01-02"),
        ("At", NOW, "2026-11-02T08:30:00.000Z"),
        ("Name", 3.0, "3"),
        ("Name", "", None),
    ],
)
def test_a_result_is_kept_as_its_field_keeps_values(field, value, stored):
    assert to_stored(FIELDS[field], value) == stored
