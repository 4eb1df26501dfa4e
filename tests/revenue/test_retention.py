"""Gross and net retention on both bases, worked out by hand, and the bridge between them."""

from datetime import date

import polars as pl
import pytest

from tests.revenue.samples import agreed
from toolkit.revenue import bridge, monthly, retention

START, END = date(2026, 1, 1), date(2027, 1, 1)

COMPANY = agreed(
    # up for renewal within the year: 100 renewed flat, 200 renewed at 260, 300 at 240, 400 lost
    ("flat", "2025-07-01", "2026-06-30", 100),
    ("flat", "2026-07-01", "2027-06-30", 100),
    ("up", "2025-07-01", "2026-06-30", 200),
    ("up", "2026-07-01", "2027-06-30", 260),
    ("down", "2025-07-01", "2026-06-30", 300),
    ("down", "2026-07-01", "2027-06-30", 240),
    ("lost", "2025-07-01", "2026-06-30", 400),
    # three years: not up for renewal; one adds 50 on the way
    ("long", "2025-07-01", "2028-06-30", 600),
    ("adds", "2025-07-01", "2028-06-30", 400),
    ("adds", "2026-03-01", "2028-06-30", 50),
    # won since: in neither basis
    ("won", "2026-05-01", None, 999),
)


def rates(agreements, **options) -> dict[str, float]:
    (row,) = retention(agreements, monthly(agreements, END), START, END, **options).to_dicts()
    return row


def test_DSH_4_grr_and_nrr_of_all_revenue_compare_the_same_customers():
    found = rates(COMPANY)
    assert (found["start"], found["end"]) == (2000, 1650)
    assert (found["upgrade"], found["downgrade"], found["churn"]) == (110, -60, -400)
    assert found["grr"] == (2000 - 60 - 400) / 2000
    assert found["nrr"] == 1650 / 2000
    assert (found["accounts"], found["kept_accounts"], found["renewing_accounts"]) == (6, 5, 4)


def test_DSH_4_grr_and_nrr_of_renewing_revenue_divide_by_what_was_up():
    found = rates(COMPANY)
    assert (found["renewing"], found["running"], found["growth"]) == (1000, 1000, 50)
    assert found["grr_renewing"] == (100 + 200 + 240) / 1000
    assert found["nrr_renewing"] == (100 + 260 + 240) / 1000


def test_DSH_4_the_bridge_leads_from_one_basis_to_the_other_exactly():
    steps = bridge(retention(COMPANY, monthly(COMPANY, END), START, END))
    told = {rate: steps.filter(rate=rate)["value"].to_list() for rate in ("grr", "nrr")}
    assert told["grr"] == pytest.approx([0.54, 0.23, 0.77])
    assert told["nrr"] == pytest.approx([0.60, 0.20, 0.025, 0.825])
    for rate, values in told.items():
        assert sum(values[:-1]) == pytest.approx(values[-1], abs=1e-12)
        assert values[-1] == rates(COMPANY)[rate]
    assert steps.filter(rate="nrr")["step"].to_list()[1:3] == ["not up for renewal", "growth outside renewals"]


def test_growth_of_one_never_hides_the_loss_of_another_in_grr():
    found = rates(
        agreed(
            ("up", "2025-07-01", "2026-06-30", 100),
            ("up", "2026-07-01", None, 500),
            ("lost", "2025-07-01", "2026-06-30", 100),
        )
    )
    assert (found["grr"], found["nrr"]) == (0.5, 2.5)


def test_a_customer_who_left_and_came_back_counts_with_what_is_paid_at_the_end():
    found = rates(agreed(("A", "2025-01-01", "2026-03-31", 100), ("A", "2026-09-01", None, 80)))
    assert (found["grr"], found["nrr"], found["churn"]) == (0.8, 0.8, 0)


def test_each_term_of_what_renews_by_itself_was_up_for_renewal():
    tacit = {"account_id": "A", "start": "2023-07-01", "end": "2024-06-30", "mrr": 100, "tacit": True}
    found = rates(agreed(tacit))
    assert (found["renewing"], found["grr_renewing"], found["nrr"]) == (100, 1, 1)
    assert rates(agreed({**tacit, "end": "2026-12-31"}))["renewing"] == 100, "the last day of the period is within"
    assert rates(agreed({**tacit, "end": "2027-01-31"}))["renewing"] == 0


def test_a_term_of_several_years_that_renewed_by_itself_before_was_not_up_for_renewal():
    tacit = {"account_id": "A", "start": "2023-01-01", "end": "2025-12-31", "mrr": 100, "tacit": True}
    found = rates(agreed(tacit))
    assert (found["renewing"], found["running"], found["grr_renewing"]) == (0, 100, None), "its term is to 2028-12-31"


def test_an_end_on_the_very_day_of_the_snapshot_is_handed_over_and_still_adds_up():
    found = rates(agreed(("A", "2026-01-01", "2027-01-01", 100), ("A", "2027-01-01", None, 40)))
    assert (found["renewing"], found["renewed"], found["grr"], found["nrr_renewing"]) == (100, 40, 0.4, 0.4)


def test_where_nothing_was_up_for_renewal_that_basis_has_no_rate():
    found = retention(COMPANY, monthly(COMPANY, END), START, END, groups=_plan_of(long="multi-year", adds="multi-year"))
    multi = found.filter(plan="multi-year")
    assert multi.select("grr", "nrr", "grr_renewing", "nrr_renewing").rows() == [(1.0, 1.05, None, None)]
    assert bridge(multi).filter(rate="nrr")["value"].to_list() == [None, None, None, 1.05]


def test_groups_split_the_money_without_a_rest():
    mrr = monthly(COMPANY, END)
    parts = retention(COMPANY, mrr, START, END, groups=_plan_of(flat="a", up="a", down="b"))
    whole = retention(COMPANY, mrr, START, END)
    assert parts["plan"].to_list() == ["a", "b", None]
    for name in ("start", "end", "renewing", "renewed", "kept", "growth", "accounts"):
        assert parts[name].sum() == whole[name][0]


def test_arr_gives_the_same_rates_and_no_revenue_at_the_start_gives_no_rows():
    assert rates(COMPANY, measure="arr")["nrr"] == rates(COMPANY)["nrr"]
    only_new = agreed(("A", "2026-05-01", None, 1))
    assert retention(only_new, monthly(only_new, END), START, END).is_empty()
    assert bridge(retention(only_new, monthly(only_new, END), START, END)).is_empty()


def _plan_of(**plans: str) -> pl.DataFrame:
    return pl.DataFrame({"account_id": list(plans), "plan": list(plans.values())})
