"""Recurring revenue by month: the snapshot on the first day, and what follows from it."""

from datetime import date

import pytest

from tests.revenue.samples import agreed
from toolkit.frames import MRR
from toolkit.revenue import monthly, one_time_fees

LAST = date(2026, 12, 1)


def months(*rows, last=LAST) -> dict[str, float]:
    """The revenue of account A by month, "2026-01", without the months of zero."""
    found = monthly(agreed(*rows), last).filter(account_id="A")
    return {f"{month:%Y-%m}": mrr for month, mrr in found.select("month", "mrr").rows() if mrr}


def span(first: str, last: str, mrr: float) -> dict[str, float]:
    """The same revenue in each month from one to another of 2026."""
    return {f"2026-{month:02d}": mrr for month in range(int(first), int(last) + 1)}


def test_DSH_4_what_starts_within_a_month_first_counts_in_the_next():
    assert months(("A", "2026-03-15", "2026-06-14", 100)) == span("04", "06", 100)
    assert months(("A", "2026-03-01", "2026-05-31", 100)) == span("03", "05", 100)
    assert months(("A", "2026-03-02", "2026-06-01", 100)) == span("04", "06", 100), "the last day is the first of June"


def test_an_agreement_on_no_first_of_a_month_is_in_no_month():
    assert monthly(agreed(("A", "2026-03-02", "2026-03-31", 100)), LAST).is_empty()


def test_without_an_end_it_counts_until_the_last_month_asked_for():
    assert months(("A", "2026-09-01", None, 100)) == span("09", "12", 100)
    assert months(("A", "2026-09-01", None, 100), last=date(2026, 10, 20)) == span("09", "10", 100)


def test_a_renewal_on_the_next_day_leaves_no_gap_and_a_later_one_does():
    first = ("A", "2026-01-01", "2026-03-31", 100)
    assert months(first, ("A", "2026-04-01", "2026-06-30", 120)) == {**span("01", "03", 100), **span("04", "06", 120)}
    late = monthly(agreed(first, ("A", "2026-04-02", "2026-06-30", 100)), date(2026, 6, 1))
    assert late["mrr"].to_list() == [100, 100, 100, 0, 100, 100], "no revenue on the first of April"


def test_days_without_an_agreement_within_a_month_are_no_gap():
    assert months(("A", "2026-01-01", "2026-03-10", 100), ("A", "2026-03-25", "2026-06-30", 100)) == span(
        "01", "06", 100
    )


def test_agreements_that_overlap_add_up_also_of_one_plan():
    plan = {"account_id": "A", "plan": "Pro", "end": "2026-06-30"}
    found = months({**plan, "start": "2026-01-01", "mrr": 100}, {**plan, "start": "2026-05-01", "mrr": 30})
    assert found == {**span("01", "04", 100), **span("05", "06", 130)}


@pytest.mark.parametrize("price", [100, 150, 80], ids=["renewal", "upgrade", "downgrade"])
def test_what_ends_on_the_day_another_starts_hands_over_on_that_day(price):
    """CRMs that write the anniversary as the end: on 2026-04-01 one ends and the next starts."""
    rows = [("A", "2025-04-01", "2026-04-01", 100), ("A", "2026-04-01", "2026-07-01", price)]
    found = months(*rows, last=date(2026, 8, 1))
    assert {month: mrr for month, mrr in found.items() if month >= "2026"} == {
        **span("01", "03", 100),
        **span("04", "07", price),
    }


def test_a_handover_is_of_the_same_account_only_and_never_of_what_runs_on():
    assert months(("A", "2026-01-01", "2026-03-01", 100), ("B", "2026-03-01", None, 50)) == span("01", "03", 100)
    both = months(("A", "2026-01-01", "2026-06-30", 100), ("A", "2026-03-01", "2026-06-30", 20))
    assert both == {**span("01", "02", 100), **span("03", "06", 120)}


def test_one_day_is_enough_when_it_is_the_first_of_a_month():
    assert months(("A", "2026-03-01", "2026-03-01", 100)) == span("03", "03", 100)


@pytest.mark.parametrize(
    ("start", "end", "first", "last"),
    [
        ("2024-02-29", "2025-02-27", "2024-03-01", "2025-02-01"),
        ("2024-02-01", "2024-02-29", "2024-02-01", "2024-02-01"),
        ("2026-01-31", "2026-02-27", "2026-02-01", "2026-02-01"),
    ],
)
def test_leap_days_and_ends_of_months(start, end, first, last):
    found = monthly(agreed(("A", start, end, 10)), LAST).filter(mrr=10.0)
    assert (found["month"].min(), found["month"].max()) == (date.fromisoformat(first), date.fromisoformat(last))


def test_SKA_31_what_renews_by_itself_runs_on_until_something_follows():
    tacit = {"account_id": "A", "start": "2025-01-01", "end": "2025-12-31", "mrr": 100, "tacit": True}
    assert months(tacit)["2026-12"] == 100
    assert "2026-01" not in months({**tacit, "tacit": False})
    followed = months(tacit, ("A", "2026-03-01", None, 130))
    assert [followed[f"2026-{month:02d}"] for month in (1, 2, 3, 12)] == [100, 100, 130, 130]


def test_each_currency_is_for_itself_and_both_are_never_added():
    found = monthly(
        agreed(
            ("A", "2026-11-01", None, 100), {"account_id": "A", "start": "2026-11-01", "mrr": 70, "currency": "EUR"}
        ),
        LAST,
    )
    assert found.select("currency", "mrr").unique().sort("currency").rows() == [("", 100.0), ("EUR", 70.0)]


def test_arr_is_added_by_itself_and_not_twelve_times_rounded_months():
    row = {"account_id": "A", "start": "2026-12-01", "mrr": 8.33, "arr": 100}
    assert monthly(agreed(row, row | {"id": "second"}), LAST).select("mrr", "arr").rows() == [(16.66, 200.0)]


def test_nothing_gives_nothing_and_zero_is_no_customer():
    assert monthly(agreed(), LAST).equals(MRR.empty())
    assert monthly(agreed(("A", "2026-01-01", None, 0)), LAST).is_empty()


def test_SKA_28_one_time_fees_are_apart_in_the_month_of_their_start():
    rows = [
        {"account_id": "A", "start": "2026-03-15", "mrr": 10, "one_time": 500.25},
        {"account_id": "A", "start": "2026-03-20", "mrr": 0, "one_time": 0.1},
        {"account_id": "A", "start": "2026-04-20", "mrr": 0, "one_time": 0},
    ]
    found = agreed(*rows)
    assert one_time_fees(found).rows() == [("A", "", date(2026, 3, 1), 500.35)]
    assert set(monthly(found, LAST)["mrr"]) == {10.0}
