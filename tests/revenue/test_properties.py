"""What holds for whatever agreements there are."""

from datetime import date, timedelta
from random import Random

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from tests.revenue.samples import agreed, cents_of
from toolkit.revenue import MOVEMENTS, bridge, monthly, movements, renewals, retention, waterfall

START, END = date(2025, 1, 1), date(2026, 1, 1)
RUNS = settings(max_examples=80, deadline=None, derandomize=True)
EDGES = [date(2025, month, day) for month in (1, 2, 6, 7, 12) for day in (1, 2, 15, 28)]
DAYS = st.one_of(st.dates(date(2023, 12, 1), date(2026, 2, 28)), st.sampled_from(EDGES))
HUNDREDTHS = st.one_of(st.integers(0, 500), st.integers(0, 10**14), st.sampled_from([1, 10, 33, 3333]))


@st.composite
def one(draw, tacit=None) -> dict[str, object]:
    start = draw(DAYS)
    length = draw(st.one_of(st.none(), st.integers(0, 800), st.sampled_from([27, 30, 31, 364, 365, 366])))
    amount = draw(HUNDREDTHS)
    return {
        "account_id": draw(st.sampled_from("ABC")),
        "plan": draw(st.sampled_from([None, "Pro", "Basic"])),
        "currency": draw(st.sampled_from(["", "EUR"])),
        "start": start,
        "end": None if length is None else start + timedelta(days=length),
        "tacit": draw(st.booleans()) if tacit is None else tacit,
        "mrr": float(f"{amount // 100}.{amount % 100:02d}"),
    }


def some(tacit=None):
    return st.lists(one(tacit), max_size=9)


@RUNS
@given(some())
def test_DSH_4_the_waterfall_always_adds_up(rows):
    mrr = monthly(agreed(*rows), END)
    for measure in ("mrr", "arr"):
        for found in (waterfall(mrr, START, END, measure=measure), movements(mrr, START, END, measure=measure)):
            for start, *moved, end in cents_of(found, "start", *MOVEMENTS, "end"):
                assert start + sum(moved) == end
            assert found.select((pl.col("new", "reactivation", "upgrade") >= 0).all()).unpivot()["value"].all()
            assert found.select((pl.col("downgrade", "churn") <= 0).all()).unpivot()["value"].all()


@RUNS
@given(some())
def test_DSH_4_the_ends_of_the_waterfall_are_what_is_in_force_on_those_days(rows):
    """Against a plain count by hand, where no agreement ends on a first of a month (that is when one hands over)."""
    rows = [row | {"tacit": False} for row in rows if row["end"] is None or row["end"].day != 1]
    found = waterfall(monthly(agreed(*rows), END), START, END)
    for name, at in (("start", START), ("end", END)):
        for currency in ("", "EUR"):
            wanted = sum(
                round(row["mrr"] * 100)
                for row in rows
                if row["currency"] == currency and row["start"] <= at and (row["end"] is None or row["end"] >= at)
            )
            assert sum(value for (value,) in cents_of(found.filter(currency=currency), name)) == wanted


@RUNS
@given(some())
def test_DSH_4_grr_is_at_most_100_percent_and_at_most_nrr_on_both_bases(rows):
    agreements = agreed(*rows)
    found = retention(agreements, monthly(agreements, END), START, END)
    for row in found.to_dicts():
        assert 0 <= row["grr"] <= 1
        assert row["grr"] <= row["nrr"]
        if row["grr_renewing"] is not None:
            assert 0 <= row["grr_renewing"] <= 1
            assert row["grr_renewing"] <= row["nrr_renewing"]
    names = ("start", "upgrade", "downgrade", "churn", "end", "renewing", "kept", "renewed", "running", "growth")
    for start, upgrade, downgrade, churn, end, renewing, kept, renewed, running, growth in cents_of(found, *names):
        assert start + upgrade + downgrade + churn == end
        assert renewing + running == start
        assert renewed + running + growth == end
        assert kept + running == start + downgrade + churn
        assert min(renewing, kept, renewed, running, growth) >= 0
    summed = bridge(found).filter(pl.col("value").is_not_null().all().over("currency", "rate"))
    for _, steps in summed.partition_by("currency", "rate", as_dict=True).items():
        *way, whole = steps["value"]
        assert abs(sum(way) - whole) <= 1e-9 * max(1, *map(abs, way))


@RUNS
@given(some(), st.integers(0, 10**6))
def test_the_order_of_rows_never_matters(rows, seed):
    agreements = agreed(*rows)
    mixed = agreements.sample(fraction=1, shuffle=True, seed=seed)
    mrr = monthly(agreements, END)
    assert_frame_equal(monthly(mixed, END), mrr)
    shuffled = mrr.sample(fraction=1, shuffle=True, seed=seed)
    assert_frame_equal(waterfall(shuffled, START, END), waterfall(mrr, START, END))
    assert_frame_equal(retention(mixed, shuffled, START, END), retention(agreements, mrr, START, END))
    assert_frame_equal(renewals(mixed, END), renewals(agreements, END))


@RUNS
@given(some(tacit=False), st.integers(0, 10**6))
def test_two_consecutive_agreements_are_the_same_as_one(rows, seed):
    """Every figure but what was up for renewal: the end of the first of the two is a renewal."""
    random = Random(seed)
    halves = [half for row in rows for half in _split(row, random)]
    whole, split = agreed(*rows), agreed(*halves)
    assert_frame_equal(monthly(split, END), monthly(whole, END))
    mrr = monthly(whole, END)
    bases = ["start", "end", "upgrade", "downgrade", "churn", "grr", "nrr"]
    assert_frame_equal(retention(split, mrr, START, END).select(bases), retention(whole, mrr, START, END).select(bases))


@RUNS
@given(one(tacit=True), st.integers(0, 10**6))
def test_two_consecutive_tacit_agreements_are_the_same_as_one(row, seed):
    assert_frame_equal(monthly(agreed(*_split(row, Random(seed))), END), monthly(agreed(row), END))


def _split(row: dict[str, object], random: Random) -> list[dict[str, object]]:
    """The agreement in two, the second from the day after the first ends; as it is when it has a single day."""
    last = row["end"] or row["start"] + timedelta(days=500)
    days = (last - row["start"]).days
    if not days:
        return [row]
    turn = row["start"] + timedelta(days=random.randrange(days))
    return [row | {"end": turn}, row | {"start": turn + timedelta(days=1)}]
