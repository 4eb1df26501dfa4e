"""Scales, rounding, colours and the field a score must fit."""

from decimal import ROUND_HALF_UP, Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.config.health import HealthProfile
from toolkit.health.profile import band, fits, least_points, shown, smallest_number, version

MEASURE = {
    "name": "Use",
    "metric": "use",
    "group": "Usage",
    "weight": 1,
    "rule": {"kind": "linear", "points": [[0, 0], [100, 100]]},
}
BANDS = [{"name": "Red", "from": 0}, {"name": "Yellow", "from": 50}, {"name": "Green", "from": 75}]


def profile(**changes):
    return HealthProfile.model_validate({"bands": BANDS, "measures": [MEASURE]} | changes)


def shown_as(points, **changes):
    made = profile(**changes)
    frame = pl.DataFrame({"score": points}, schema={"score": pl.Float64})
    return frame.select(shown(pl.col("score"), made))["score"].to_list()


def bands_of(points, **changes):
    made = profile(**changes)
    frame = pl.DataFrame({"score": points}, schema={"score": pl.Float64})
    return frame.select(band(shown(pl.col("score"), made), made).alias("band"))["band"].to_list()


@pytest.mark.parametrize(
    ("scale", "decimals", "points", "expected"),
    [
        ("0-10", 1, 72.5, 7.3),
        ("0-10", 1, 72.4999, 7.2),
        ("0-10", 1, 72.49999999999999, 7.3),  # a half on paper, short of it as a sum of floats
        ("0-10", 1, 0.0, 0.0),
        ("0-10", 1, 100.0, 10.0),
        ("0-10", 0, 65.0, 7.0),
        ("0-10", 2, 64.55, 6.46),
        ("0-100", 0, 0.5, 1.0),
        ("0-100", 1, 33.35, 33.4),
        ("0-100", 0, 99.49, 99.0),
    ],
)
def test_HLT_4_a_score_is_shown_on_its_scale_rounded_half_up(scale, decimals, points, expected):
    assert shown_as([points], scale=scale, decimals=decimals) == [expected]


@given(st.integers(0, 10_000), st.sampled_from([("0-10", 1), ("0-10", 2), ("0-100", 0), ("0-100", 1)]))
def test_HLT_4_rounding_is_that_of_decimal_arithmetic(hundredths, scale_and_decimals):
    scale, decimals = scale_and_decimals
    points = Decimal(hundredths) / 100
    top = Decimal(scale.split("-")[1])
    expected = (points * top / 100).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    assert shown_as([float(points)], scale=scale, decimals=decimals) == [float(expected)]


def test_HLT_4_no_score_shows_nothing_and_has_no_colour():
    assert shown_as([None]) == [None]
    assert bands_of([None]) == [None]


def test_HLT_4_a_bound_belongs_to_the_band_it_opens_and_the_colour_is_that_of_the_number_shown():
    assert bands_of([0.0, 49.4, 49.5, 50.0, 74.4, 74.96, 75.0, 100.0]) == [
        "Red", "Red", "Yellow", "Yellow", "Yellow", "Green", "Green", "Green",
    ]  # fmt: skip


@given(st.floats(0, 100, allow_nan=False), st.sampled_from([("0-10", 0), ("0-10", 1), ("0-100", 0), ("0-100", 2)]))
def test_HLT_4_the_least_points_of_a_band_are_where_it_begins(points, scale_and_decimals):
    scale, decimals = scale_and_decimals
    made = profile(scale=scale, decimals=decimals)
    found = bands_of([points], scale=scale, decimals=decimals)[0]
    reached = [each.name for each in made.bands if points >= least_points(each, made) - 1e-9]
    assert found == reached[-1]


def test_CAT_13_a_0_to_10_score_fits_length_2_decimals_1():
    assert fits(profile(), precision=3, scale=1)
    assert smallest_number(profile()) == (2, 1)


def test_CAT_13_a_0_to_100_score_does_not_fit_and_the_message_says_the_range():
    fit = fits(profile(scale="0-100"), precision=3, scale=1, field="CS_Health_Score__c")
    assert not fit
    assert fit.message == (
        "A score of 0-100 does not fit: CS_Health_Score__c holds 0-99.9, and the best score is 100. "
        "A score of 0-10 fits."
    )


@pytest.mark.parametrize(
    ("scale", "decimals", "precision", "field_scale", "fitting"),
    [
        ("0-10", 1, 3, 1, True),
        ("0-10", 1, 2, 1, False),  # up to 9.9: a perfect score would be refused
        ("0-10", 2, 3, 1, False),  # a decimal would be lost
        ("0-10", 0, 2, 0, True),
        ("0-10", 1, 18, 2, True),
        ("0-100", 1, 4, 1, True),
        ("0-100", 0, 2, 0, False),
        ("0-100", 0, 3, 0, True),
    ],
)
def test_HLT_4_the_field_must_hold_the_best_score_with_its_decimals(scale, decimals, precision, field_scale, fitting):
    fit = fits(profile(scale=scale, decimals=decimals), precision, field_scale)
    assert bool(fit) is fitting
    assert (fit.message == "") is fitting


def test_HLT_4_the_smallest_field_that_fits_does_fit():
    for scale, decimals in [("0-10", 0), ("0-10", 1), ("0-100", 0), ("0-100", 2)]:
        made = profile(scale=scale, decimals=decimals)
        length, places = smallest_number(made)
        assert fits(made, length + places, places)
        assert not fits(made, length + places - 1, places)


def test_BEY_12_a_profile_has_a_version_that_changes_with_it():
    assert version(profile()) == version(profile())
    assert version(profile()) != version(profile(decimals=0))
    assert version(profile()) != version(profile(measures=[MEASURE | {"weight": 2}]))
    assert len(version(profile())) == 12
