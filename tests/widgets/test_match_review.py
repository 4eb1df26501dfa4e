from collections.abc import Iterator
from html import escape

import pytest

from toolkit import Workspace
from toolkit.config.match_rules import MatchRule
from toolkit.errors import PermissionDenied
from toolkit.widgets import MatchReview


@pytest.fixture
def ws() -> Iterator[Workspace]:
    """A demo workspace whose rule pairs nobody: every record waits for a person."""
    with Workspace.demo(accounts=20) as workspace:
        mapping = workspace.settings.objects["account"]
        nobody = mapping.model_copy(update={"match": (MatchRule(here="external_id", there="Phone"),)})
        workspace.settings.objects["account"] = nobody
        for step in (workspace.pull, workspace.load, workspace.match):
            step()
        yield workspace


def press(review: MatchReview, kind: str) -> None:
    review._receive(review, {"kind": kind}, None)


def test_BEY_11_two_records_stand_side_by_side_with_the_evidence_and_the_runner_up(ws):
    review = MatchReview(ws)
    pair = ws.suggestions().row(0, named=True)
    assert (review.pair["here"], review.pair["there"]) == (pair["here_id"], pair["there_id"])
    assert review.pair["evidence"][0] == pair["evidence"].split("; ")[0]
    assert "next best" in review.pair["evidence"][-1] or "no other" in review.pair["evidence"][-1]
    website = next(line for line in review.pair["lines"] if "Website" in line["field"])
    assert ["https://www.", True] in website["there"]
    assert website["agrees"] == "alike"
    assert "<mark>https://www.</mark>" in review.html()
    assert escape(pair["here_name"]) in review.html()


def test_BEY_11_what_is_accepted_is_linked_and_what_is_rejected_is_never_asked_again(ws):
    review = MatchReview(ws)
    queue = ws.suggestions()
    first, second = (queue.row(n, named=True) for n in (0, 1))
    press(review, "accept")
    assert ws.links().filter(here_id=first["here_id"])["there_id"].to_list() == [first["there_id"]]
    assert "linked" in review.said
    assert review.pair["here"] == second["here_id"]
    press(review, "reject")
    assert ws.links().filter(here_id=second["here_id"]).is_empty()
    ws.match()
    again = MatchReview(ws).queue.pairs
    for row in (first, second):
        assert again.filter(here_id=row["here_id"], there_id=row["there_id"]).is_empty()
    assert ws.links().filter(here_id=first["here_id"]).height == 1
    decided = ws.pair_decisions("account").sort("verdict")
    assert decided["verdict"].to_list() == ["different", "same"]
    assert second["evidence"] in decided["evidence"].to_list()


def test_a_pair_is_skipped_or_turned_to_without_a_decision(ws):
    review = MatchReview(ws)
    total = review.pair["total"]
    assert total > 2
    press(review, "next")
    assert review.pair["position"] == 2
    press(review, "previous")
    press(review, "previous")
    assert review.pair["position"] == total
    press(review, "skip")
    assert review.pair["total"] == total - 1
    press(review, "anything")
    assert ws.pair_decisions("account").is_empty()
    while review.pair["total"]:
        press(review, "skip")
    press(review, "accept")
    assert "lines" not in review.pair
    assert review.html().startswith("<p")
    assert "0 suggested pairs" in review.summary()


def test_what_a_person_may_not_decide_is_told_below_the_pair(ws):
    ws.settings = ws.settings.model_copy(
        update={"access": ws.settings.access.model_copy(update={"edit": ["somebody else"]})}
    )
    review = MatchReview(ws)
    press(review, "accept")
    assert "edit" in review.message or "may" in review.message
    assert ws.pair_decisions("account").is_empty()
    with pytest.raises(PermissionDenied):
        review.accept()
