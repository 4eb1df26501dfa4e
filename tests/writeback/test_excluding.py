"""Rows left out of a plan by a reviewer: a new digest, and nothing left half done."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.writeback.samples import NOW, mapped, sides
from toolkit.errors import DigestError, InputError
from toolkit.frames import CHANGES, conform
from toolkit.writeback.planning.digest import digest_of
from toolkit.writeback.planning.excluding import BELONGS, excluded, hanging
from toolkit.writeback.planning.plan import Plan, make_plan

FIELDS = [
    mapped("health_score", "CS_Health_Score__c", "output"),
    mapped("segment", "CS_Segment__c", "output"),
    mapped("stage", "CS_Stage__c", "two_way"),
]


def some_plan(count=3):
    given_ = sides(
        FIELDS,
        [{"health_score": n + 0.5, "segment": "SMB", "stage": None} for n in range(count)],
        [{"CS_Health_Score__c": None, "CS_Segment__c": None, "CS_Stage__c": "Growth"} for _ in range(count)],
    )
    return make_plan([given_], org_id="00D", created_at=NOW)


def rows(*given_):
    """Rows of a plan that are all to be written: side, object, here_id, there_id, operation, field, partner, after."""
    names = ["side", "object", "here_id", "there_id", "operation", "field", "partner", "after"]
    frame = pl.DataFrame(list(given_), schema=dict.fromkeys(names, pl.String), orient="row")
    others = [pl.lit(None, dtype=pl.String).alias(name) for name in ("name", "base", "here", "there", "rule")]
    others.append(pl.when(pl.col("field").str.ends_with("Id")).then(pl.lit("reference")).alias("type"))
    numbered = frame.with_columns(
        *others, seq=pl.int_range(1, pl.len() + 1), verdict=pl.lit("write"), reason=pl.lit("x")
    )
    return conform(numbered, CHANGES)


def out(changes, *seqs, belongs=None):
    return excluded(changes, seqs, "ada", belongs).filter(verdict="excluded")["seq"].to_list()


def test_BEY_1_a_plan_with_rows_left_out_is_a_new_plan_with_its_own_digest():
    plan = some_plan()
    thinner = plan.without([4, 5], "ada")
    assert (thinner.made_of, thinner.made_by, thinner.parent) == (plan.plan_id, "ada", plan.parent)
    assert thinner.digest == digest_of(thinner.changes, "00D", None) != plan.digest
    assert (thinner.writes, thinner.count("excluded")) == (plan.writes - 2, 2)
    assert thinner.rows("excluded")["reason"].unique().to_list() == ["left out by ada"]
    assert "2 excluded" in str(thinner)
    again = Plan.load(thinner.meta(), thinner.changes)
    assert (again.made_by, again.made_of, again.digest) == ("ada", plan.plan_id, thinner.digest)
    put_back = thinner.changes.with_columns(verdict=pl.lit("write"))
    with pytest.raises(DigestError):
        Plan.load(thinner.meta(), put_back)


def test_BEY_1_what_is_left_out_costs_nothing():
    plan = some_plan(1)
    there = plan.changes.filter(side="there")["seq"]
    assert plan.cost.calls == 2
    assert plan.without(there, "ada").cost.calls == 0


def test_BEY_1_a_row_that_is_not_there_or_would_not_be_written_cannot_be_left_out():
    plan = some_plan()
    with pytest.raises(InputError, match="The plan has no row 99, 100"):
        plan.without([1, 99, 100], "ada")
    thinner = plan.without([1], "ada")
    with pytest.raises(InputError, match="nothing to leave out"):
        thinner.without([1], "ada")


def test_BEY_1_a_new_record_is_left_out_whole_and_with_it_what_refers_to_it_at_any_depth():
    changes = rows(
        ("there", "account", "P-1", None, "create", "Name", "name", "Mother"),
        ("there", "account", "P-1", None, "create", "Phone", "phone", "1"),
        ("there", "account", "P-2", None, "create", "Name", "name", "Daughter"),
        ("there", "account", "P-2", None, "create", "ParentId", "parent_id", "{account:P-1}"),
        ("there", "contact", "C-1", None, "create", "LastName", "name", "Doe"),
        ("there", "contact", "C-1", None, "create", "AccountId", "account_id", "{account:P-2}"),
        ("there", "contact", "C-2", None, "create", "AccountId", "account_id", "001"),
        ("there", "contact", "C-3", "003", "update", "AccountId", "account_id", "{account:P-1}"),
        ("there", "contact", "C-3", "003", "update", "Phone", "phone", "{account:P-1}"),  # somebody's odd number
    )
    assert out(changes, 2) == [1, 2, 3, 4, 5, 6, 8]
    reasons = excluded(changes, [2], "ada")["reason"].to_list()
    assert (reasons[1], reasons[0]) == ("left out by ada", "left out by ada, with what it belongs to")
    assert out(changes, 6) == [5, 6]
    assert out(changes, 9) == [9]


def test_BEY_1_a_value_of_both_sides_is_left_out_on_both():
    changes = rows(
        ("here", "account", "P-1", "001", "update", "stage", "CS_Stage__c", "Growth"),
        ("there", "account", "P-1", "001", "clear", "CS_Stage__c", "stage", None),
        ("there", "account", "P-2", "002", "update", "CS_Stage__c", "stage", "Growth"),
    )
    assert out(changes, 1) == out(changes, 2) == [1, 2]


def test_BEY_1_what_a_kept_record_hangs_from_is_not_deleted_either():
    changes = rows(
        ("there", "account", "P-1", "001", "delete", None, None, None),
        ("there", "account", "P-2", "002", "delete", None, None, None),
        ("there", "contact", "C-1", "003", "delete", None, None, None),
        ("there", "account", "P-9", "009", "merge", None, None, "001"),
    )
    here = {
        "account": pl.DataFrame({"id": ["P-1", "P-2"], "parent_id": ["P-2", None]}),
        "contact": pl.DataFrame({"id": ["C-1"], "account_id": ["P-1"]}),
    }
    belongs = hanging(here, {"account": "account", "contact": "contact"})
    assert belongs.rows() == [("account", "P-1", "account", "P-2"), ("contact", "C-1", "account", "P-1")]
    assert out(changes, 3, belongs=belongs) == [1, 2, 3]
    assert out(changes, 2, belongs=belongs) == [2]
    assert out(changes, 4, belongs=belongs) == [4]
    assert hanging({}, {}).schema == BELONGS


def test_BEY_1_who_sees_a_field_is_left_out_with_the_field():
    changes = rows(
        ("there", "account", None, None, "create_field", "CS_Score__c", "score", "{}"),
        ("there", "account", None, None, "grant_field", "CS_Score__c", "score", "{}"),
        ("there", "account", None, None, "create_field", "CS_Band__c", "band", "{}"),
    )
    assert out(changes, 1) == [1, 2]
    assert out(changes, 2) == [2]


@given(st.sets(st.integers(1, 9), min_size=1))
def test_BEY_1_leaving_out_changes_nothing_but_verdict_and_reason_and_never_twice(seqs):
    plan = some_plan()
    thinner = plan.without(seqs, "ada")
    own = ["verdict", "reason"]
    assert thinner.changes.drop(own).equals(plan.changes.drop(own))
    assert set(thinner.rows("excluded")["seq"]) == seqs
    kept = thinner.changes.filter(~pl.col("seq").is_in(list(seqs)))
    assert kept.equals(plan.changes.filter(~pl.col("seq").is_in(list(seqs))))
    assert plan.without(seqs, "ada").digest == thinner.digest
    assert plan.without(seqs, "bob").digest != thinner.digest
