"""The rules of a single field in the merge: what an empty value does, what stands in for it, which edit is newer."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.writeback.samples import mapped, replaced, sides
from toolkit.writeback.planning.merge import merge, new_base
from toolkit.writeback.planning.sides import CHANGED_AT, EDITED_AT, pair

NOTHING = None
EARLY, LATE = datetime(2026, 11, 1, 8, tzinfo=UTC), datetime(2026, 11, 2, 8, tzinfo=UTC)


def one(field, base, here, there):
    return sides([field], [{field.here: here}], [{field.there: there}], [{pair(field): base}])


def segment(direction, **options):
    return mapped("segment", "CS_Segment__c", direction, **options)


KEPT = {
    # direction, base, here, there -> side and value written, or nothing to do
    ("output", None, None, "b"): NOTHING,
    ("output", "x", None, "x"): NOTHING,
    ("output", "x", None, "b"): NOTHING,
    ("output", "x", "a", None): ("there", "a"),
    ("output", "x", "a", "x"): ("there", "a"),
    ("input", "x", "x", None): NOTHING,
    ("input", "x", "a", None): NOTHING,
    ("input", None, None, "b"): ("here", "b"),
    ("two_way", "x", None, "x"): NOTHING,
    ("two_way", "x", "x", None): NOTHING,
    ("two_way", None, "a", None): ("there", "a"),
    ("two_way", None, None, "b"): ("here", "b"),
    ("two_way", "x", None, "b"): ("here", "b"),
    ("two_way", "x", "a", None): ("there", "a"),
    ("two_way", "x", "a", "x"): ("there", "a"),
}


@pytest.mark.parametrize(("case", "expected"), KEPT.items(), ids=str)
def test_BEY_2_an_empty_value_that_is_kept_never_clears_the_other_side(case, expected):
    direction, base, here, there = case
    rows = merge(one(segment(direction, nulls="keep"), base, here, there)).to_dicts()
    assert [(row["side"], row["after"]) for row in rows] == ([] if expected is NOTHING else [expected])
    assert {row["verdict"] for row in rows} <= {"write"}


@given(
    base=st.sampled_from([None, "x", "y"]), here=st.sampled_from([None, "x", "y"]),
    there=st.sampled_from([None, "x", "y"]), direction=st.sampled_from(["input", "output", "two_way"]),
    rule=st.sampled_from(["hold", "newest_wins", None]),
)  # fmt: skip
def test_with_keep_no_cell_is_ever_cleared(base, here, there, direction, rule):
    options = {"on_conflict": rule} if rule else {}
    rows = merge(one(segment(direction, nulls="keep", **options), base, here, there))
    assert "clear" not in rows["operation"].to_list()
    assert rows.filter(verdict="write")["after"].null_count() == 0


@pytest.mark.parametrize(
    ("direction", "base", "here", "there", "expected"),
    [
        ("output", None, None, None, ("there", "SMB")),
        ("output", "x", None, "x", ("there", "SMB")),
        ("output", None, None, "SMB", NOTHING),
        ("output", None, "a", None, ("there", "a")),
        ("input", None, None, None, ("here", "SMB")),
        ("input", "x", "x", None, ("here", "SMB")),
        ("input", None, None, "b", ("here", "b")),
        ("two_way", None, None, None, ("there", "SMB")),
        ("two_way", "a", "a", None, ("here", None)),
        ("two_way", "SMB", None, "SMB", NOTHING),
    ],
)
def test_a_default_stands_in_for_a_value_that_the_source_lacks(direction, base, here, there, expected):
    rows = merge(one(segment(direction, default="SMB"), base, here, there)).to_dicts()
    assert [(row["side"], row["after"]) for row in rows] == ([] if expected is NOTHING else [expected])
    if expected and expected[1] == "SMB":
        where = "in Salesforce" if direction == "input" else "here"
        assert rows[0]["reason"].endswith(f"; there is no value {where}, so it is the field's default")


@pytest.mark.parametrize(
    ("there", "default", "text"),
    [
        ("CS_Health_Score__c", 5, "5"),
        ("CS_Active__c", True, "true"),
        ("CS_Renewal_Date__c", "2027-01-01", "2027-01-01"),
    ],
)
def test_a_default_has_the_form_of_its_field(there, default, text):
    field = mapped("value", there, "output", default=default)
    assert merge(one(field, None, None, None))["after"].to_list() == [text]


def test_a_default_that_was_written_is_agreed_and_planned_no_more():
    written = one(segment("two_way", default="SMB"), None, None, "SMB")
    base = new_base(written)
    assert base[pair(segment("two_way"))].to_list() == ["SMB"]
    assert merge(replaced(written, base=base)).is_empty()


def clash(rule, edited, changed, direction="two_way"):
    given = one(segment(direction, on_conflict=rule), "x", "a", "b")
    here = given.here.with_columns(pl.lit(edited, dtype=pl.Datetime("ms", "UTC")).alias(EDITED_AT))
    there = given.there.with_columns(pl.lit(changed, dtype=pl.Datetime("ms", "UTC")).alias(CHANGED_AT))
    (row,) = merge(replaced(given, here=here, there=there)).to_dicts()
    return row


@pytest.mark.parametrize(
    ("edited", "changed", "side", "rule", "verdict", "after", "said"),
    [
        (LATE, EARLY, "there", "newest_wins", "write", "a", "the edit here is newer, the value in Salesforce is lost"),
        (EARLY, LATE, "here", "newest_wins", "write", "b", "Salesforce is newer, the value here is lost"),
        (None, LATE, "there", "hold", "conflict", None, "which side is newer is not known; somebody has to decide"),
        (EARLY, None, "there", "hold", "conflict", None, "which side is newer is not known; somebody has to decide"),
        (LATE, LATE, "there", "hold", "conflict", None, "which side is newer is not known; somebody has to decide"),
    ],
)
def test_BEY_2_the_newest_value_wins_where_both_times_are_known(edited, changed, side, rule, verdict, after, said):
    row = clash("newest_wins", edited, changed)
    assert (row["side"], row["rule"], row["verdict"], row["after"]) == (side, rule, verdict, after)
    assert row["reason"].startswith("changed from 'x' to 'a' here and to 'b' in Salesforce; edited here at ")
    assert row["reason"].endswith(said)
    for moment in (edited, changed):
        assert ("an unknown time" if moment is None else moment.strftime("%Y-%m-%d %H:%M:%S")) in row["reason"]


def test_BEY_2_without_the_columns_of_times_the_newest_value_is_not_guessed():
    given = one(segment("two_way", on_conflict="newest_wins"), "x", "a", "b")
    assert merge(given)["verdict"].to_list() == ["conflict"]
    naive = given.here.with_columns(pl.lit(LATE.replace(tzinfo=None)).alias(EDITED_AT))
    there = given.there.with_columns(pl.lit(LATE - timedelta(hours=1)).alias(CHANGED_AT))
    assert merge(replaced(given, here=naive, there=there))["verdict"].to_list() == ["conflict"]


@pytest.mark.parametrize("direction", ["input", "output"])
def test_in_a_field_that_goes_one_way_the_newest_value_is_held(direction):
    row = clash("newest_wins", LATE, LATE - timedelta(hours=1), direction)
    assert (row["verdict"], row["rule"]) == ("conflict", "hold")
