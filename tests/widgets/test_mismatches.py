import pytest

from toolkit.config.match_rules import MatchRule
from toolkit.matching.classes import CLASSES
from toolkit.widgets import Mismatches
from toolkit.widgets.mismatches import CALM


def test_CARD_4_every_record_without_a_partner_is_shown_with_the_reason(ws):
    found = ws.mismatches()
    shown = Mismatches(ws)
    assert shown.grid.page["total"] == ws.classes().height > found.height > 0
    assert set(found["reason"]) <= set(shown.frame["reason"])


def test_BEY_10_the_counts_of_the_classes_add_up_to_the_records_of_each_side(ws):
    shown = Mismatches(ws)
    assert shown.classes["here"].sum() == ws.here().height
    assert shown.classes["there"].sum() >= ws.there().height
    for row in shown.overview.page["rows"]:
        shown.choose(row["key"])
        assert shown.grid.page["total"] == int(row["cells"]["here"]) + int(row["cells"]["there"])
        assert CLASSES[row["key"]].fix in shown.message.text
    with pytest.raises(ValueError, match="none of"):
        shown.choose("lost")


def test_BEY_10_a_class_has_its_fix_in_one_step(ws):
    shown = Mismatches(ws)
    alone = shown.frame.filter(shown.frame["class"].is_in([CLASSES["no_key"].title])).height
    shown.review_button.click()
    review = shown._below.children[0]
    review.accept()
    assert shown.frame.filter(shown.frame["class"].is_in([CLASSES["no_key"].title])).height == alone - 1
    shown.match_button.click()
    assert "pairs" in shown.message.text


def test_they_are_narrowed_down_by_side_class_and_search(ws):
    shown = Mismatches(ws)
    shown.filters.choose(side="Salesforce")
    assert {row["cells"]["side"] for row in shown.grid.page["rows"]} == {"Salesforce"}
    shown.filters.choose(**{"side": "Here", "class": "Only here"})
    here = ws.mismatches().filter(side="here", kind="unmatched")
    assert shown.grid.page["total"] == here.height
    shown.grid.find(here["name"][0])
    assert shown.grid.page["rows"][0]["cells"]["id"] == here["id"][0]


def test_before_matching_there_is_nothing_to_show(connected):
    shown = Mismatches(connected)
    assert shown.summary() == "0 records of both sides; 0 want a look"
    assert shown.grid.page["rows"] == []
    assert "<tbody></tbody>" in shown.html()


def test_what_wants_a_look_is_listed_first(ws):
    shown = Mismatches(ws)
    calm = shown.frame["class"].is_in([CLASSES[name].title for name in CALM])
    assert 0 < calm.sum() < calm.len()
    assert calm.to_list() == sorted(calm)


def test_BEY_9_accepted_repairs_are_planned_and_reviewed_in_the_same_place(connected):
    ws = connected
    ws.connection()
    ws.edit_object("account", {"match": (*ws.mapped().match, MatchRule.model_validate("domain = Phone"))})
    customers = ws.demo_org.rows("SELECT Id FROM Account WHERE Type LIKE 'Customer%'")
    stays, goes = sorted(row["Id"] for row in customers)[:2]
    ws.demo_org.edit("Account", goes, {"Product_Id__c": None, "Phone": "+1 212 555 0100"})
    ws.demo_org.edit("Account", stays, {"Phone": "+1 212 555 0100"})
    ws.pull(), ws.load(), ws.match()
    shown = Mismatches(ws)
    assert shown.plan_button.layout.display == "none"
    shown.repairs.choose(shown.repairs.frame.filter(kind="duplicate there")["proposal_id"].item())
    shown.repairs.act("accept")
    assert shown.plan_button.layout.display is None
    shown.plan_button.click()
    review = shown._below.children[0]
    assert review.plan.changes.filter(operation="merge")["there_id"].to_list() == [goes]
    assert "Look at it below" in shown.message.text
    assert shown.review() is shown._below.children[0]
