"""Money in whole hundredths, and currencies that are never added."""

import polars as pl
import pytest

from tests.revenue.samples import agreed
from toolkit.errors import InputError
from toolkit.revenue import cents, currencies, in_one_currency, money

MIXED = agreed(
    {"account_id": "A", "start": "2026-01-01", "mrr": 100, "currency": "EUR", "one_time": 10},
    {"account_id": "B", "start": "2026-01-01", "mrr": 33.33, "currency": "USD", "name": "<b>Umbrella</b>"},
    {"account_id": "C", "start": "2026-01-01", "mrr": 50, "currency": "EUR"},
)


def test_hundredths_are_rounded_half_away_from_zero_and_read_back_as_the_decimal():
    amounts = pl.DataFrame({"amount": [2.675, 1.005, 0.1 + 0.2, -2.675, 0.0, 1e12, None]})
    assert amounts.select(cents(pl.col("amount"))).to_series().to_list() == [268, 101, 30, -268, 0, 10**14, None]
    every = pl.DataFrame({"hundredths": range(0, 1_000_000, 7)})
    read = every.select("hundredths", money=money(pl.col("hundredths")))
    assert [value for _, value in read.rows()] == [float(f"{n // 100}.{n % 100:02d}") for n in every["hundredths"]]
    assert read.select((cents(pl.col("money")) == pl.col("hundredths")).all()).item()


def test_mixed_currencies_without_rates_are_an_error_that_names_them():
    assert currencies(MIXED) == ("EUR", "USD")
    with pytest.raises(InputError, match=r"several currencies \(EUR, USD\), which cannot be added") as caught:
        in_one_currency(MIXED)
    assert "rates" in caught.value.hint


def test_without_a_rate_the_others_are_left_out_with_the_reason():
    found = in_one_currency(MIXED, "EUR")
    assert found.agreements["account_id"].to_list() == ["A", "C"]
    assert found.skips.select("id", "name", "rule", "reason").rows() == [
        ("A2", "<b>Umbrella</b>", "one currency (DSH-4)", "in USD; there is no rate into EUR, so it is not added")
    ]


def test_with_rates_each_amount_is_converted_and_rounded_by_itself():
    found = in_one_currency(MIXED, "EUR", {"USD": 0.92})
    assert found.skips.is_empty()
    assert found.agreements.select("mrr", "arr", "one_time", "currency").rows() == [
        (100.0, 1200.0, 10.0, "EUR"), (30.66, 367.96, None, "EUR"), (50.0, 600.0, None, "EUR"),
    ]  # fmt: skip


def test_one_currency_needs_no_rates_and_a_bad_rate_is_refused():
    one = MIXED.filter(currency="EUR")
    assert in_one_currency(one).agreements.equals(one)
    assert in_one_currency(agreed()).currency == ""
    for rate in (0, -1, float("nan"), float("inf")):
        with pytest.raises(InputError, match="rate of USD"):
            in_one_currency(MIXED, "EUR", {"USD": rate})
