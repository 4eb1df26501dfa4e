"""Where a value came from, in a notebook."""

import pytest

from toolkit.widgets import Lineage


@pytest.fixture
def committed(ws):
    plan = ws.plan()
    ws.commit(plan, confirm=plan.digest)
    return ws


def test_BEY_14_each_step_of_a_value_is_shown_the_newest_first(committed):
    there_id = committed.links()["there_id"][0]
    shown = Lineage(committed, "account", there_id, "CS_MRR__c", side="there")
    assert shown.frame["event"].to_list()[0] == "written"
    assert "accounts.csv" in shown.html()
    assert "from here mrr" in shown.summary()


def test_BEY_14_another_value_is_looked_at_and_one_that_there_is_not_is_said_in_words(committed):
    here_id = committed.links()["here_id"][0]
    shown = Lineage(committed, "account", here_id, "health_score")
    shown.field.value = "nothing_like_it"
    assert "nothing_like_it" in shown.message.text
    assert shown.steps.value == ""  # nothing of another value is left below what was asked for
    shown.field.value = "segment"
    assert shown.message.text == ""
    assert "segment" in shown.steps.value
