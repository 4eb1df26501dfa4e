"""Conflicts decided by key and by button; the next plan carries them out."""

import polars as pl
import pytest

from toolkit.errors import ToolkitError
from toolkit.widgets.decisions import Decisions


@pytest.fixture
def conflicting(ws):
    """A workspace in which two accounts have another stage on either side than both had agreed on."""
    plan = ws.plan()
    ws.commit(plan, confirm=plan.digest)
    changed = ws.links().join(ws.here().filter(stage="Growth"), left_on="here_id", right_on="id")["there_id"][:2]
    for there_id in changed:
        ws.demo_org.edit("Account", there_id, {"CS_Stage__c": "Onboarding"})
    ws.pull()
    here = ws.here().join(ws.links().filter(pl.col("there_id").is_in(changed.implode())), left_on="id",
                          right_on="here_id", how="semi")["id"]  # fmt: skip
    stage = pl.when(pl.col("id").is_in(here.implode())).then(pl.lit("At Risk")).otherwise("stage").alias("stage")
    ws.store.save_records("here", "account", ws.here().with_columns(stage))
    ws.plan()
    return ws


@pytest.fixture
def decisions(conflicting) -> Decisions:
    return Decisions(conflicting)


def test_BEY_2_what_both_sides_changed_is_shown_side_by_side(decisions):
    waiting = decisions.open_rows.filter(pair="stage = CS_Stage__c", here="At Risk", base="Growth").to_dicts()
    assert len(waiting) == 2
    assert {(row["base"], row["there"]) for row in waiting} == {("Growth", "Onboarding")}
    assert decisions.grid.chosen == decisions.open_rows["row"][0]


def test_BEY_2_a_key_decides_goes_on_and_the_next_plan_carries_it_out(conflicting, decisions):
    first, second = decisions.open_rows.filter(here="At Risk", base="Growth")["row"].to_list()
    for row, key in ((first, "there"), (second, "leave")):
        decisions.grid._receive(None, {"kind": "act", "name": key, "row": row}, None)
        assert decisions.grid.message == ""
    assert decisions.grid.chosen not in (first, second)
    told = decisions.rows.filter(pl.col("row").is_in([first, second]))
    assert dict(told.select("row", "choice").iter_rows()) == {first: "there", second: "leave"}
    assert set(told["decided_by"]) == {conflicting.person()}
    made = conflicting.plan()
    decided = made.changes.filter(rule="decided", verdict="write")
    assert (decided["side"].to_list(), decided["after"].to_list()) == (["here"], ["Onboarding"])
    assert conflicting.person() in decided["reason"][0]


def test_all_that_is_shown_is_decided_with_a_note_and_taken_back(conflicting, decisions):
    decisions.filters.choose(pair="stage = CS_Stage__c")
    decisions.note.value = "as agreed with sales"
    (ours, *_) = [each for each in decisions.children[2].children if getattr(each, "description", "").endswith("ours")]
    ours.click()
    shown = decisions.rows.filter(pair="stage = CS_Stage__c")
    assert set(shown["choice"]) == {"here"}
    assert set(shown["note"]) == {"as agreed with sales"}
    decisions.decide(shown["row"].to_list(), "open")
    assert decisions.rows.filter(pair="stage = CS_Stage__c")["choice"].null_count() == shown.height
    assert decisions.summary().endswith("0 decided")


def test_a_row_that_waits_no_more_is_said_in_words(decisions):
    with pytest.raises(ToolkitError):
        decisions.decide(["nothing:1"], "here")
    assert "To decide" in decisions.html()
