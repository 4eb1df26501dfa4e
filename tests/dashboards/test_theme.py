"""Formats that a person reads, and colours that follow the bands' order."""

from datetime import UTC, date, datetime, timedelta

import pytest

from dashboards import theme

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (None, "–"),
        (0, "$0"),
        (840.4, "$840"),
        (999.6, "$1.00K"),
        (9_040, "$9.04K"),
        (53_600, "$53.6K"),
        (500_000, "$500K"),
        (999_900, "$1.00M"),
        (1_987_654, "$1.99M"),
        (2.4e9, "$2.40B"),
        (-12_345, "-$12.3K"),
    ],
)
def test_DSH_2_amounts_have_three_digits_that_count(amount, shown):
    assert theme.money(amount) == shown


@pytest.mark.parametrize(
    ("minutes", "said"),
    [(0, "just now"), (25, "25 min ago"), (60, "1 h ago"), (47 * 60, "47 h ago"), (6 * 24 * 60, "6 days ago")],
)
def test_ages_are_said_as_a_person_would(minutes, said):
    assert theme.age(NOW - timedelta(minutes=minutes), NOW) == said


def test_what_never_happened_is_never():
    assert theme.age(None, NOW) == "never"


def test_days_shares_and_durations():
    assert theme.day(date(2026, 11, 2)) == "2 Nov 2026"
    assert [theme.share(value) for value in (None, 0.0, 0.001, 0.137, 1.0)] == ["–", "0%", "<1%", "14%", "100%"]
    assert [theme.duration(value) for value in (None, 0.42, 12.4, 185)] == ["–", "0.4 s", "12 s", "3 min 5 s"]


def test_text_from_elsewhere_is_escaped():
    assert theme.text("<script>alert('x')</script>") == "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;"


def test_bands_take_their_colours_by_their_place():
    assert list(theme.band_colors(["Red", "Yellow", "Green"]).values()) == ["#D6453D", "#EFAE2B", "#2E9E6B"]
    seven = theme.band_colors(list("ABCDEFG"))
    assert seven["A"] == "#B3261E"
    assert seven["G"] == "#2E9E6B"
