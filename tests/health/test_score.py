"""Scores: they add up, share out what is missing, and are not given on too little."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.config.health import HealthProfile
from toolkit.errors import InputError, NotFoundError
from toolkit.health.attention import attention_order
from toolkit.health.distribution import histogram
from toolkit.health.score import score
from toolkit.health.whatif import what_if

DAY = date(2026, 11, 2)
BANDS = [{"name": "Red", "from": 0}, {"name": "Yellow", "from": 50}, {"name": "Green", "from": 75}]
UP = {"kind": "linear", "points": [[0, 0], [100, 100]]}


def measure(name, weight, missing="share", rule=UP, group="g"):
    return {"name": name, "metric": name, "group": group, "weight": weight, "rule": rule, "missing": missing}


def profile(*measures, **changes):
    return HealthProfile.model_validate({"bands": BANDS, "measures": list(measures)} | changes)


THREE = (measure("a", 50), measure("b", 30, "neutral"), measure("c", 20, "worst"))


def metrics(**columns):
    size = len(next(iter(columns.values())))
    ids = [f"P-{number}" for number in range(size)]
    return pl.DataFrame({"id": ids} | columns, schema={"id": pl.String} | dict.fromkeys(columns, pl.Float64))


def test_HLT_4_a_score_is_the_weighted_mean_of_its_points():
    scored = score(metrics(a=[80.0], b=[50.0], c=[20.0]), profile(*THREE), DAY)
    assert scored.scores.drop("version").rows(named=True) == [
        {
            "id": "P-0", "profile": "default", "score": pytest.approx(59.0), "shown": 5.9, "band": "Yellow",
            "coverage": 1.0, "as_of": DAY,
        }
    ]  # fmt: skip
    assert scored.skips.is_empty()


@pytest.mark.parametrize(
    ("a", "b", "c", "expected", "coverage"),
    [
        (None, 50.0, 20.0, (0.6 * 50 + 0.4 * 20), 0.5),  # shared: 30 and 20 become 60 and 40 %
        (80.0, None, 20.0, 59.0, 0.7),  # neutral: 50 points
        (80.0, 50.0, None, 55.0, 0.8),  # worst: no points
        (80.0, None, None, 55.0, 0.5),
        (80.0, float("nan"), 20.0, 59.0, 0.7),  # what is not a number is not known
    ],
)
def test_HLT_5_missing_data_is_shared_out_neutral_or_worst(a, b, c, expected, coverage):
    row = score(metrics(a=[a], b=[b], c=[c]), profile(*THREE), DAY).scores.row(0, named=True)
    assert row["score"] == pytest.approx(expected)
    assert row["coverage"] == pytest.approx(coverage)


def test_HLT_5_no_score_below_the_minimum_coverage_and_the_reason_is_recorded():
    scored = score(metrics(a=[None, 90.0], b=[50.0, 50.0], c=[None, None]), profile(*THREE), DAY)
    assert scored.scores["score"].to_list() == [None, pytest.approx(60.0)]
    assert scored.scores["band"].to_list() == [None, "Yellow"]
    assert scored.scores["coverage"].to_list() == [pytest.approx(0.3), pytest.approx(0.8)]
    assert scored.skips.select("id", "reason").rows() == [
        ("P-0", "no score: 30 % of the weight has a value, 50 % is needed; not known: a, c")
    ]
    unscored = scored.contributions.filter(pl.col("id") == "P-0")
    assert unscored["contribution"].to_list() == [None, None, None]
    assert unscored["value"].to_list() == [None, 50.0, None]


def test_HLT_5_exactly_the_minimum_coverage_is_enough():
    made = profile(measure("a", 0.1), measure("b", 0.2), measure("c", 0.3), min_coverage=0.5)
    assert score(metrics(a=[10.0], b=[10.0], c=[None]), made, DAY).scores["score"].to_list() == [pytest.approx(10.0)]


def test_HLT_5_nothing_known_at_all_is_no_score_even_without_a_minimum():
    made = profile(measure("a", 1), measure("b", 1), min_coverage=0)
    assert score(metrics(a=[None], b=[None]), made, DAY).scores["score"].to_list() == [None]


VALUES = st.one_of(st.none(), st.floats(-50, 150))
MISSING = st.sampled_from(["share", "neutral", "worst"])
WEIGHTS = st.floats(0.01, 1000)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(VALUES, VALUES, VALUES), min_size=1, max_size=8), st.tuples(MISSING, MISSING, MISSING),
       st.tuples(WEIGHTS, WEIGHTS, WEIGHTS), st.floats(0, 1))  # fmt: skip
def test_BEY_12_contributions_add_up_to_the_score_and_weights_to_one(rows, missing, weights, least):
    names = ("a", "b", "c")
    made = profile(*map(measure, names, weights, missing), min_coverage=least)
    frame = metrics(**{name: [row[at] for row in rows] for at, name in enumerate(names)})
    scored = score(frame, made, DAY)
    sums = scored.contributions.group_by("id").agg(pl.col("contribution", "weight").sum()).sort("id")
    for row, total, weight in zip(
        scored.scores.iter_rows(named=True), sums["contribution"], sums["weight"], strict=True
    ):
        if row["score"] is None:
            assert row["id"] in scored.skips["id"]
        else:
            assert total == pytest.approx(row["score"], abs=1e-9)
            assert weight == pytest.approx(1)
            assert -1e-9 <= row["score"] <= 100 + 1e-9
            assert row["coverage"] >= least - 1e-9


def test_HLT_1_a_boolean_metric_counts_as_one_or_zero():
    frame = pl.DataFrame({"id": ["A", "B"], "a": [True, False]})
    made = profile(measure("a", 1, rule={"kind": "steps", "points": [[0, 0], [1, 100]]}))
    assert score(frame, made, DAY).scores["score"].to_list() == [100.0, 0.0]


def test_HLT_1_a_measure_of_an_unknown_metric_or_of_a_date_is_refused():
    with pytest.raises(NotFoundError, match=r'(?s)no metric "b".*Metrics are: a'):
        score(metrics(a=[1.0]), profile(measure("b", 1)), DAY)
    dates = pl.DataFrame({"id": ["A"], "a": [DAY]})
    with pytest.raises(InputError, match=r"(?s)not a number.*days_since"):
        score(dates, profile(measure("a", 1)), DAY)


def test_scores_do_not_depend_on_the_order_of_accounts():
    frame = metrics(a=[10.0, None, 70.0, 99.9], b=[1.0, 2.0, None, None], c=[5.0, 6.0, 7.0, None])
    made = profile(*THREE)
    assert score(frame, made, DAY).scores.equals(score(frame.reverse(), made, DAY).scores)
    assert score(frame, made, DAY).contributions.equals(score(frame.reverse(), made, DAY).contributions)


def test_a_company_without_accounts_has_no_scores():
    scored = score(metrics(a=[], b=[], c=[]), profile(*THREE), DAY)
    assert scored.scores.is_empty()
    assert scored.contributions.is_empty()


def test_HLT_12_a_changed_profile_beside_the_current_one():
    frame = metrics(a=[80.0, None], b=[20.0, 20.0])
    now = profile(measure("a", 1), measure("b", 1), min_coverage=0.6)
    then = profile(measure("a", 3), measure("b", 1), min_coverage=0.6)
    assert what_if(frame, now, then, DAY).rows() == [
        ("P-0", 5.0, "Yellow", 6.5, "Yellow", pytest.approx(15.0), False),
        ("P-1", None, None, None, None, None, False),
    ]


def test_DSH_2_the_histogram_has_every_bar_and_its_colour():
    frame = metrics(a=[0.0, 49.0, 50.0, 100.0, None])
    bars = histogram(score(frame, profile(measure("a", 1)), DAY).scores, profile(measure("a", 1)), bars=4)
    assert bars.rows() == [(0.0, 2.5, "Red", 1), (2.5, 5.0, "Red", 1), (5.0, 7.5, "Yellow", 1), (7.5, 10.0, "Green", 1)]


def test_DSH_1_accounts_stand_in_order_of_attention():
    frame = metrics(a=[20.0, 20.0, 40.0, 60.0, 90.0, None, 10.0, 10.0])
    made = profile(measure("a", 1))
    here = pl.DataFrame(
        {
            "id": [f"P-{number}" for number in range(8)],
            "mrr": [100, 900, 900, 5000, 9000, 10, None, None],
            "renewal_date": [DAY, DAY, DAY, DAY, DAY, DAY, date(2027, 1, 1), date(2026, 10, 1)],
        }
    )
    order = attention_order(score(frame, made, DAY).scores, here, made, DAY)
    assert order["id"].to_list() == ["P-1", "P-2", "P-0", "P-7", "P-6", "P-3", "P-5", "P-4"]
    assert order["rank"].to_list() == list(range(1, 9))
    assert order["at_stake"].to_list()[:3] == [pytest.approx(720), pytest.approx(540), pytest.approx(80)]
    assert order["days_to_renewal"].to_list()[3:5] == [-32, 60]


def test_DSH_1_attention_needs_neither_revenue_nor_renewals():
    frame = metrics(a=[90.0, 20.0])
    made = profile(measure("a", 1))
    order = attention_order(score(frame, made, DAY).scores, frame, made, DAY)
    assert order["id"].to_list() == ["P-1", "P-0"]
