"""Explanations: what drives a score, and a change that turns the colour because it really does."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.config.health import HealthProfile
from toolkit.errors import NotFoundError
from toolkit.health.explain import explain
from toolkit.health.score import score
from toolkit.health.turns import Step, plain

DAY = date(2026, 11, 2)
PROFILE = HealthProfile.model_validate(
    {
        "bands": [{"name": "Red", "from": 0}, {"name": "Yellow", "from": 50}, {"name": "Green", "from": 75}],
        "measures": [
            {"name": "Seats in use", "metric": "seats", "group": "Usage", "weight": 50, "missing": "worst",
             "rule": {"kind": "linear", "points": [[0.1, 0], [0.4, 50], [0.8, 100]]}},
            {"name": "Urgent tickets", "metric": "tickets", "group": "Support", "weight": 30,
             "rule": {"kind": "steps", "points": [[0, 100], [1, 80], [2, 50], [4, 20], [6, 0]]}},
            {"name": "Champion seen", "metric": "silence", "group": "Contacts", "weight": 20, "missing": "neutral",
             "rule": {"kind": "linear", "points": [[7, 100], [30, 70], [90, 0]]}},
        ],
    }
)  # fmt: skip
METRICS = {"seats": "Seats in use", "tickets": "Urgent tickets", "silence": "Champion seen"}


def scored(**values):
    row = {"id": ["P-1"]} | {name: [value] for name, value in values.items()}
    return score(pl.DataFrame(row, schema={"id": pl.String} | dict.fromkeys(values, pl.Float64)), PROFILE, DAY)


def explained(**values):
    done = scored(**values)
    return explain(done.scores, done.contributions, PROFILE, "P-1")


def test_BEY_12_an_explanation_reads_like_one():
    found = explained(seats=0.4, tickets=2.0, silence=None)
    assert found.text == (
        "5.0 of 10, Yellow; 80 % of the weight is known. "
        "Costs most: Seats in use (0.4) loses 25.0 of 50.0 points; Urgent tickets (2) loses 15.0 of 30.0 points; "
        "Champion seen (not known) loses 10.0 of 20.0 points. "
        "Not known: Champion seen. "
        "It would turn Green: Seats in use from 0.4 to 0.8. "
        "It would turn Red: Seats in use from 0.4 to 0.393."
    )


def test_BEY_12_what_is_earned_adds_up_to_the_score_and_what_is_lost_to_the_rest():
    found = explained(seats=0.2, tickets=5.0, silence=80.0)
    assert sum(driver.earned for driver in found.drivers) == pytest.approx(found.score)
    assert sum(driver.lost for driver in found.drivers) == pytest.approx(100 - found.score)
    assert [driver.measure for driver in found.down] == ["Seats in use", "Urgent tickets", "Champion seen"]


def test_BEY_12_a_colour_that_takes_several_measures_says_so():
    found = explained(seats=0.1, tickets=6.0, silence=90.0)
    assert found.band == "Red"
    assert found.worse is None
    assert str(found.better) == "would turn Yellow: Seats in use from 0.1 to 0.8"
    middling = explained(seats=0.45, tickets=2.0, silence=60.0)
    assert str(middling.better) == (
        "would turn Green: Seats in use from 0.45 to 0.8 and Urgent tickets from 2 to below 2"
    )


def test_BEY_12_without_a_score_there_is_no_turn_but_a_reason():
    found = explained(seats=None, tickets=None, silence=5.0)
    assert found.score is None
    assert found.better is None
    assert found.sentences[0] == "No score: 20 % of the weight is known, 50 % is needed."
    assert "Not known: Seats in use, Urgent tickets." in found.sentences


VALUES = {"seats": st.floats(0, 1.2), "tickets": st.integers(0, 9), "silence": st.floats(0, 200)}


@settings(max_examples=150, deadline=None)
@given(st.fixed_dictionaries({name: st.one_of(st.none(), each) for name, each in VALUES.items()}))
def test_BEY_12_the_change_that_turns_the_colour_does_turn_it(values):
    found = explained(**values)
    columns = {name: metric for metric, name in METRICS.items()}
    for turn in filter(None, (found.better, found.worse)):
        changed = dict(values)
        for step in turn.steps:
            changed[columns[step.measure]] = step.to - 1e-6 if step.below else step.to
        assert scored(**changed).scores["band"].to_list() == [turn.band]
    if found.band == "Green":
        assert found.better is None
    if found.band == "Red":
        assert found.worse is None


def test_BEY_12_an_unknown_account_is_said_to_be_unknown():
    done = scored(seats=0.4, tickets=2.0, silence=1.0)
    with pytest.raises(NotFoundError, match="P-9"):
        explain(done.scores, done.contributions, PROFILE, "P-9")


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.0, "0"), (-0.0001, "0"), (12.0, "12"), (0.1254, "0.125"), (1234.56, "1234.6"), (120.0, "120")],
)
def test_numbers_read_as_people_write_them(value, expected):
    assert plain(value) == expected


def test_a_step_that_is_tiny_is_told_with_digits_enough_to_see_it():
    assert str(Step("Seats in use", 0.34961, 0.35, 10.0, 12.0)) == "Seats in use from 0.34961 to 0.35"
    assert str(Step("Seats in use", 0.2, 0.35, 10.0, 12.0)) == "Seats in use from 0.2 to 0.35"
