"""The waterfall: every movement has its name, and they add up."""

from datetime import date

import polars as pl
import pytest

from tests.revenue.samples import agreed, cents_of
from toolkit.errors import InputError
from toolkit.revenue import MOVEMENTS, monthly, movements, waterfall

JANUARY, DECEMBER = date(2026, 1, 1), date(2026, 12, 1)

COMPANY = agreed(
    ("stays", "2025-01-01", None, 100.10),
    ("grows", "2025-01-01", "2026-05-31", 200.20),
    ("grows", "2026-06-01", None, 250.50),
    ("shrinks", "2025-01-01", "2026-05-31", 300.30),
    ("shrinks", "2026-06-01", None, 180.05),
    ("leaves", "2025-01-01", "2026-07-31", 400.40),
    ("comes", "2026-03-10", None, 50.05),
    ("returns", "2025-01-01", "2025-06-30", 70.07),
    ("returns", "2026-09-01", None, 60.06),
    ("pauses", "2025-01-01", "2026-03-31", 10.01),
    ("pauses", "2026-06-01", None, 12.02),
)


def figures(frame: pl.DataFrame) -> dict[str, float]:
    return frame.select("start", *MOVEMENTS, "end").to_dicts()[0]


def test_DSH_4_the_waterfall_names_every_movement_and_adds_up():
    found = waterfall(monthly(COMPANY, DECEMBER), JANUARY, DECEMBER)
    assert figures(found) == {
        "start": 1011.01,
        "new": 50.05,
        "reactivation": 72.08,
        "upgrade": 50.30,
        "downgrade": -120.25,
        "churn": -410.41,
        "end": 652.78,
    }
    ((start, *moved, end),) = cents_of(found, "start", *MOVEMENTS, "end")
    assert start + sum(moved) == end


def test_DSH_4_month_by_month_each_starts_where_the_one_before_ended():
    found = movements(monthly(COMPANY, DECEMBER), JANUARY, DECEMBER)
    assert found["month"].to_list() == [date(2026, month, 1) for month in range(2, 13)]
    assert found["start"].to_list()[1:] == found["end"].to_list()[:-1]
    assert found.filter(month=date(2026, 4, 1)).select("new", "churn").rows() == [(50.05, -10.01)]
    for start, *moved, end in cents_of(found, "start", *MOVEMENTS, "end"):
        assert start + sum(moved) == end


def test_DSH_4_mrr_or_arr():
    mrr = monthly(COMPANY, DECEMBER)
    assert waterfall(mrr, JANUARY, DECEMBER, measure="arr")["end"][0] == pytest.approx(652.78 * 12)


def test_growth_of_one_plan_and_a_cut_of_another_are_one_net_movement():
    row = {"account_id": "A", "plan": "One", "start": "2025-01-01", "end": "2026-05-31", "mrr": 100}
    changed = agreed(
        row, row | {"id": "2", "plan": "Two"}, ("A", "2026-06-01", None, 150), ("A", "2026-06-01", None, 70)
    )
    assert figures(waterfall(monthly(changed, DECEMBER), JANUARY, DECEMBER))["upgrade"] == 20
    assert figures(waterfall(monthly(changed, DECEMBER), JANUARY, DECEMBER))["downgrade"] == 0


def test_groups_break_it_down_and_add_up_to_the_whole():
    accounts = COMPANY["account_id"].unique().sort()
    groups = pl.DataFrame({"account_id": accounts, "csm": ["Ada", "Bo", "Ada", "Bo", None, "Ada", "Ada"]})
    mrr = monthly(COMPANY, DECEMBER)
    parts = waterfall(mrr, JANUARY, DECEMBER, groups=groups.filter(pl.col("account_id") != "comes"))
    assert parts["csm"].to_list() == ["Ada", "Bo", None], "accounts without a group are there, last"
    names = ("start", *MOVEMENTS, "end")
    summed = tuple(map(sum, zip(*cents_of(parts, *names), strict=True)))
    assert summed == cents_of(waterfall(mrr, JANUARY, DECEMBER), *names)[0]
    assert movements(mrr, JANUARY, DECEMBER, groups=groups).height == 3 * 11, "every month for every group"


def test_an_account_twice_in_the_groups_is_refused():
    groups = pl.DataFrame({"account_id": ["stays", "stays"], "csm": ["Ada", "Bo"]})
    with pytest.raises(InputError, match="account stays more than once"):
        waterfall(monthly(COMPANY, DECEMBER), JANUARY, DECEMBER, groups=groups)


def test_a_period_that_is_not_covered_is_refused():
    mrr = monthly(COMPANY, date(2026, 6, 30))
    with pytest.raises(InputError, match="until 2026-06, which is before 2026-12"):
        waterfall(mrr, JANUARY, DECEMBER)
    with pytest.raises(InputError, match="before it starts"):
        waterfall(mrr, DECEMBER, JANUARY)


def test_a_month_by_itself_stands_still_and_nothing_gives_no_rows():
    one = figures(waterfall(monthly(COMPANY, DECEMBER), JANUARY, JANUARY))
    assert (one["start"], one["end"], sum(one[name] for name in MOVEMENTS)) == (1011.01, 1011.01, 0)
    assert waterfall(monthly(agreed(), DECEMBER), JANUARY, DECEMBER).is_empty()


def test_currencies_have_a_row_each():
    rows = agreed(("A", "2026-03-01", None, 5), {"account_id": "A", "start": "2025-01-01", "mrr": 7, "currency": "USD"})
    found = waterfall(monthly(rows, DECEMBER), JANUARY, DECEMBER)
    assert found.select("currency", "start", "new", "end").rows() == [("", 0, 5, 5), ("USD", 7, 0, 7)]
