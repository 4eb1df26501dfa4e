"""A preview says what an import then does, to the record, because it is the same result."""

from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.config.objects import ObjectMapping
from toolkit.frames import LINKS
from toolkit.importing.preview import preview, preview_fields
from toolkit.importing.records import import_object

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)
MAPPING = ObjectMapping.model_validate(
    {
        "create": True,
        "left_scope": "churn",
        "hierarchy": {"levels": 2},
        "exclude": {"name_over": 20},
        "fields": [
            {"here": "name", "there": "Name", "direction": "input", "order": 1},
            {"here": "plan", "there": "Plan__c", "direction": "two_way", "default": "Basic"},
            {"here": "empty", "there": "Empty__c", "direction": "input"},
            {"here": "unread", "there": "Unread__c", "direction": "input", "visible": False},
            {"here": "score", "there": "Score__c", "direction": "output"},
        ],
    }
).named("account")


def accounts(*ids):
    return pl.DataFrame(
        {
            "id": ids,
            "Name": [f"N{each}" if each != "L" else "x" * 21 for each in ids],
            "Plan__c": ["Pro" if each in "AB" else None for each in ids],
            "Empty__c": [None] * len(ids),
            "ParentId": [{"B": "A", "C": "B"}.get(each) for each in ids],
        },
        schema=dict.fromkeys(("id", "Name", "Plan__c", "Empty__c", "ParentId"), pl.String),
    )


def imported(there, done=None):
    here, links = (None, LINKS.empty()) if done is None else (done.here, done.links)
    return import_object(MAPPING, there, here, links, NOW)


def test_the_preview_tells_each_outcome_with_an_example_and_a_reason():
    done = imported(accounts("A", "D", "L"), imported(accounts("A", "B")))
    assert preview(done).rows() == [
        ("created", "", 1, "ND", None),
        ("unchanged", "", 1, "NA", None),
        ("churned", "left_scope (SKA-12)", 1, "NB",
         "its record B is no longer in scope, or deleted: a churner since 2026-11-02"),
        ("skipped", "name_over (CC-15)", 1, "x" * 21, "its name has 21 characters; at most 20 are taken"),
        ("noted", "left_scope (SKA-12)", 1, "NB",
         "its record B is no longer in scope, or deleted: a churner since 2026-11-02"),
    ]  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(st.sets(st.sampled_from("ABCDL")), st.sets(st.sampled_from("ABCDL")))
def test_the_counts_of_a_preview_are_what_the_import_then_did(first, second):
    before = imported(accounts(*sorted(first)))
    there = accounts(*sorted(second))
    done = imported(there, before)
    counted = dict(preview(done).filter(pl.col("outcome") != "noted").group_by("outcome").agg(pl.sum("records")).rows())
    old, new = set(before.here["id"]), set(done.here["id"])
    assert counted.get("created", 0) == len(new - old)
    churned = [frame.filter(pl.col("churned_on").is_not_null())["id"].to_list() for frame in (before.here, done.here)]
    assert counted.get("churned", 0) == len(set(churned[1]) - set(churned[0]))
    assert counted.get("skipped", 0) == len(second & {"L"})
    changed = done.here.join(before.here, on=done.here.columns, how="anti", nulls_equal=True)
    touched = set(changed["id"]) & set(done.links["here_id"]) - (new - old)
    assert counted.get("updated", 0) + counted.get("returned", 0) == len(touched)
    assert sum(counted.values()) == len(second) + len(old - second)


def test_the_fields_are_told_with_samples_and_a_light():
    there = accounts("A", "B", "D", "L")
    told = preview_fields(imported(there), MAPPING, there)
    assert told.select("here", "there", "filled", "different", "samples", "light").rows() == [
        ("name", "Name", 1.0, 3, "NA, NB, ND", "ok"),
        ("empty", "Empty__c", 0.0, 0, "", "warning"),
        ("plan", "Plan__c", pytest.approx(2 / 3), 1, "Pro", "ok"),
        ("unread", "Unread__c", None, 0, "", "error"),
    ]
    assert told["note"].to_list() == [
        "", "no record has a value", "1 new record without one gets 'Basic'", "it was not read yet: pull again",
    ]  # fmt: skip


def test_a_preview_of_nothing_is_empty():
    nothing = accounts()
    assert preview(imported(nothing)).is_empty()
    assert preview_fields(imported(nothing), MAPPING, nothing)["filled"].to_list() == [None] * 4
