"""The text of a filter: read, written back, and told what is wrong with it."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.config import parse
from toolkit.config.filters import (
    BARE,
    COUNTED_DATES,
    LISTED,
    OPERATORS,
    RELATIVE_DATES,
    AllOf,
    AnyOf,
    Condition,
    Not,
    Relative,
    all_of,
    any_of,
    conditions,
    parse_filter,
    to_text,
)
from toolkit.errors import ConfigError, InputError

texts = st.text(max_size=12)
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
relatives = st.builds(Relative, st.sampled_from(RELATIVE_DATES)) | st.builds(
    Relative, st.sampled_from(COUNTED_DATES), st.integers(1, 9_999)
)
values = texts | numbers | st.booleans() | st.dates() | st.datetimes(timezones=st.just(UTC)) | relatives
words = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,8}(__c)?(\.[A-Za-z][A-Za-z0-9_]{0,8}){0,2}", fullmatch=True)
paths = words.filter(lambda path: path.lower() not in ("and", "or", "not", "true", "false", "null"))


@st.composite
def one_condition(draw):
    operator = draw(st.sampled_from(OPERATORS))
    least, most = (0, 0) if operator in BARE else (1, 3) if operator in LISTED else (1, 1)
    return Condition(draw(paths), operator, tuple(draw(st.lists(values, min_size=least, max_size=most))))


def several(inner):
    return st.lists(inner, min_size=2, max_size=3).map(tuple)


trees = st.recursive(
    one_condition(),
    lambda inner: st.builds(AllOf, several(inner)) | st.builds(AnyOf, several(inner)) | st.builds(Not, inner),
    max_leaves=6,
)


@settings(deadline=None, derandomize=True)
@given(trees)
def test_VIT_11_a_filter_is_the_same_after_it_was_written_and_read(tree):
    assert parse_filter(to_text(tree)) == tree


@settings(deadline=None, derandomize=True)
@given(st.text(alphabet="ab =<>!()'\"\\,.0123-TZ_\n", max_size=40) | st.text(max_size=30))
def test_any_text_is_read_or_refused_in_words(text):
    try:
        tree = parse_filter(text)
    except InputError as error:
        said = error.message
    else:
        assert parse_filter(to_text(tree)) == tree
        return
    assert "the filter cannot be read at character" in said


def test_VIT_11_the_example_of_the_requirement():
    tree = parse_filter("Type contains 'Customer' and (Industry = 'Energy' or AnnualRevenue > 1000000)")
    energy = Condition("Industry", "=", ("Energy",))
    large = Condition("AnnualRevenue", ">", (1_000_000,))
    assert tree == AllOf((Condition("Type", "contains", ("Customer",)), AnyOf((energy, large))))
    assert [each.path for each in conditions(tree)] == ["Type", "Industry", "AnnualRevenue"]


@pytest.mark.parametrize("operator", OPERATORS)
def test_every_operator_is_read_in_any_case_and_spacing(operator):
    value = "" if operator in BARE else " ('A', 'B')" if operator in LISTED else " 'A'"
    found = parse_filter(f"  Owner.Name   {'   '.join(operator.upper().split())}{value}  ")
    assert isinstance(found, Condition)
    assert (found.path, found.operator) == ("Owner.Name", operator)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'it\\'s \\\\ \\n'", "it's \\ \n"),
        ('"two \\"quotes\\" and it\'s"', 'two "quotes" and it\'s'),
        ("-1.5e3", -1500.0),
        ("1000000", 1_000_000),
        ("TRUE", True),
        ("2026-11-02", date(2026, 11, 2)),
        ("2026-11-02T08:00:00Z", datetime(2026, 11, 2, 8, tzinfo=UTC)),
        ("2026-11-02T09:00:00+01:00", datetime(2026, 11, 2, 8, tzinfo=UTC)),
        ("last_n_days:30", Relative("LAST_N_DAYS", 30)),
        ("THIS_MONTH", Relative("THIS_MONTH")),
    ],
)
def test_values_are_read_by_their_form(text, value):
    found = parse_filter(f"Field__c = {text}")
    assert isinstance(found, Condition)
    assert found.values == (value,)
    assert type(found.values[0]) is type(value)


def test_null_as_in_soql_is_an_empty_field():
    assert parse_filter("Industry = null or Industry <> NULL") == AnyOf(
        (Condition("Industry", "is empty"), Condition("Industry", "is not empty"))
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "at character 1: the filter ends too early; valid is a field such as Industry"),
        (
            "Type contians 'x'",
            'at character 6, after "Type": "contians" does not belong here; did you mean "contains"?',
        ),
        ("Type is blank", '"is" does not belong here'),
        ("Type =", 'at character 7, after "Type =": the filter ends too early; valid is a text in quotes'),
        ("Type = Customer", '"Customer" does not belong here; valid is a text in quotes'),
        ("Type = 'Customer", "the quote ' is not closed"),
        ("Type in 'Customer'", 'valid is "(" and a list of values'),
        ("Type in ('A' 'B')", 'valid is "," or ")"'),
        ("(Type = 'A'", 'the filter ends too early; valid is ")", "and" or "or"'),
        ("Type = 'A')", '")" does not belong here; valid is "and", "or" or the end'),
        ("A = 1 and B = 2 or C = 3", "valid is parentheses around what belongs together"),
        ("Zip = 0123", "0123 begins with a zero; a number that is a text, like a postal code, needs quotes"),
        ("Since > LAST_N_DAYS", "LAST_N_DAYS needs a number, such as LAST_N_DAYS:30"),
        ("Since > LAST_N_DAY:3", 'did you mean "LAST_N_DAYS"?'),
        ("Since > 2026-13-01", "month must be in 1..12"),
        ("Since > 2026-11-02T08:00:00", "has no zone; write 2026-11-02T08:00:00Z for UTC"),
        ("Type = 'a\\qb'", '"\\q" is no escape'),
        ("Type ~ 'a'", '"~" has no meaning here'),
        ("(" * 60 + "A = 1" + ")" * 60, "nested too deeply"),
        ("not " * 60 + "A = 1", "nested too deeply"),
    ],
)
def test_a_fault_shows_its_place_and_what_is_valid(text, said):
    with pytest.raises(InputError) as caught:
        parse_filter(text)
    assert said in caught.value.message
    assert "a filter reads like" in caught.value.hint


def test_a_faulty_filter_is_a_fault_of_the_mapping_file_like_every_other():
    text = (
        '[objects.account]\nmatch = ["id = Id"]\n\n[objects.account.scope]\n'
        "filter = \"Type contians 'Customer'\"\n\n[workspace]\nnam = 1\n"
    )
    with pytest.raises(ConfigError) as caught:
        parse(text)
    places = {fault.place: fault for fault in caught.value.faults}
    assert places["objects.account.scope.filter"].line == 5
    assert 'did you mean "contains"?' in places["objects.account.scope.filter"].message
    assert "workspace.nam" in places


def test_builders_get_no_groups_of_one():
    one = Condition("Type", "is empty")
    assert (all_of([]), all_of([one]), any_of([one])) == (None, one, one)
    assert all_of([one, one]) == AllOf((one, one))
    with pytest.raises(ValueError, match="two filters or more"):
        AnyOf((one,))
    with pytest.raises(ValueError, match="does not take 0 values"):
        Condition("Type", "=")
