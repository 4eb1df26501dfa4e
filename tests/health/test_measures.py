"""Point rules and missing values, one by one."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.config.health import Measure, Rule
from toolkit.health.measures import counted_weight, measure_points, nearest_value, points_at, rule_points, worst_points

LINEAR = Rule(kind="linear", points=((0.1, 0), (0.4, 50), (0.8, 100)))
FALLING = Rule(kind="linear", points=((7, 100), (30, 70), (90, 0)))
STEPS = Rule(kind="steps", points=((0, 100), (1, 80), (2, 50), (4, 20), (6, 0)))
HILL = Rule(kind="linear", points=((0, 20), (50, 90), (100, 40)))


def points(values, rule):
    return pl.DataFrame({"x": values}, schema={"x": pl.Float64}).select(x=rule_points(pl.col("x"), rule))["x"].to_list()


@pytest.mark.parametrize(
    ("value", "expected"),
    [(-5, 0), (0.1, 0), (0.25, 25), (0.4, 50), (0.6, 75), (0.8, 100), (3, 100), (None, None)],
)
def test_HLT_2_linear_runs_straight_between_its_points_and_is_level_outside(value, expected):
    assert points([value], LINEAR) == [pytest.approx(expected)]


@pytest.mark.parametrize(("value", "expected"), [(0, 100), (7, 100), (30, 70), (60, 35), (90, 0), (400, 0)])
def test_HLT_2_a_linear_rule_may_fall(value, expected):
    assert points([value], FALLING) == [pytest.approx(expected)]


@pytest.mark.parametrize(
    ("value", "expected"), [(-1, 100), (0, 100), (0.9, 100), (1, 80), (2, 50), (3.99, 50), (4, 20), (6, 0), (99, 0)]
)
def test_HLT_2_a_bound_belongs_to_the_step_it_opens(value, expected):
    assert points([value], STEPS) == [expected]


@given(st.floats(-1e6, 1e6), st.sampled_from([LINEAR, FALLING, STEPS, HILL]))
def test_HLT_2_points_never_leave_the_rules_own_range(value, rule):
    heights = [height for _, height in rule.points]
    assert min(heights) - 1e-9 <= points_at(value, rule) <= max(heights) + 1e-9


@pytest.mark.parametrize(
    ("missing", "points", "weight"), [("share", None, 0.0), ("neutral", 50.0, 3.0), ("worst", 10.0, 3.0)]
)
def test_HLT_5_a_missing_value_counts_as_its_measure_says(missing, points, weight):
    rule = Rule(kind="linear", points=((0, 10), (1, 90)))
    measure = Measure(name="M", metric="m", group="g", weight=3, rule=rule, missing=missing)
    frame = pl.DataFrame({"m": [None, 1.0]}, schema={"m": pl.Float64})
    got = frame.select(p=measure_points(measure, pl.col("m")), w=counted_weight(measure, pl.col("m")))
    assert got.rows() == [(points, weight), (90.0, 3.0)]
    assert worst_points(rule) == 10


@pytest.mark.parametrize(
    ("value", "target", "rule", "rising", "expected"),
    [
        (0.2, 50, LINEAR, True, (0.4, True)),
        (0.2, 75, LINEAR, True, (0.6, True)),
        (0.7, 50, LINEAR, False, (0.4, True)),
        (80, 70, FALLING, True, (30, True)),
        (5, 50, STEPS, True, (4, False)),  # fewer than four tickets
        (0, 80, STEPS, False, (1, True)),
        (90, 80, HILL, True, (60, True)),  # back to the nearer side of the hill
        (0, 95, HILL, True, None),
    ],
)
def test_BEY_12_the_nearest_value_that_reaches_so_many_points(value, target, rule, rising, expected):
    found = nearest_value(value, target, rule, rising=rising)
    assert found == (None if expected is None else (pytest.approx(expected[0]), expected[1]))
