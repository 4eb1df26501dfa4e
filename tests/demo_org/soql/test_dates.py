"""The relative date literals: first and last day of each, seen from Wednesday 2026-11-04."""

from datetime import UTC, date, timedelta, timezone

import pytest

from toolkit.demo_org.soql.dates import days_of, literals, start_of_day

TODAY = date(2026, 11, 4)


@pytest.mark.parametrize(
    ("literal", "count", "first", "last"),
    [
        ("TODAY", None, "2026-11-04", "2026-11-04"),
        ("YESTERDAY", None, "2026-11-03", "2026-11-03"),
        ("TOMORROW", None, "2026-11-05", "2026-11-05"),
        ("THIS_WEEK", None, "2026-11-01", "2026-11-07"),
        ("LAST_WEEK", None, "2026-10-25", "2026-10-31"),
        ("NEXT_WEEK", None, "2026-11-08", "2026-11-14"),
        ("THIS_MONTH", None, "2026-11-01", "2026-11-30"),
        ("LAST_MONTH", None, "2026-10-01", "2026-10-31"),
        ("NEXT_MONTH", None, "2026-12-01", "2026-12-31"),
        ("THIS_QUARTER", None, "2026-10-01", "2026-12-31"),
        ("LAST_QUARTER", None, "2026-07-01", "2026-09-30"),
        ("NEXT_QUARTER", None, "2027-01-01", "2027-03-31"),
        ("THIS_YEAR", None, "2026-01-01", "2026-12-31"),
        ("LAST_YEAR", None, "2025-01-01", "2025-12-31"),
        ("NEXT_YEAR", None, "2027-01-01", "2027-12-31"),
        ("THIS_FISCAL_QUARTER", None, "2026-10-01", "2026-12-31"),
        ("NEXT_FISCAL_YEAR", None, "2027-01-01", "2027-12-31"),
        ("LAST_90_DAYS", None, "2026-08-06", "2026-11-04"),
        ("NEXT_90_DAYS", None, "2026-11-05", "2027-02-02"),
        ("LAST_N_DAYS", 3, "2026-11-01", "2026-11-04"),
        ("LAST_N_DAYS", 0, "2026-11-04", "2026-11-04"),
        ("NEXT_N_DAYS", 3, "2026-11-05", "2026-11-07"),
        ("LAST_N_WEEKS", 2, "2026-10-18", "2026-10-31"),
        ("NEXT_N_WEEKS", 1, "2026-11-08", "2026-11-14"),
        ("LAST_N_MONTHS", 11, "2025-12-01", "2026-10-31"),
        ("NEXT_N_MONTHS", 2, "2026-12-01", "2027-01-31"),
        ("LAST_N_QUARTERS", 2, "2026-04-01", "2026-09-30"),
        ("NEXT_N_YEARS", 2, "2027-01-01", "2028-12-31"),
        ("LAST_N_FISCAL_QUARTERS", 6, "2025-04-01", "2026-09-30"),
        ("N_DAYS_AGO", 3, "2026-11-01", "2026-11-01"),
        ("N_WEEKS_AGO", 1, "2026-10-25", "2026-10-31"),
        ("N_MONTHS_AGO", 2, "2026-09-01", "2026-09-30"),
        ("N_QUARTERS_AGO", 1, "2026-07-01", "2026-09-30"),
        ("N_YEARS_AGO", 1, "2025-01-01", "2025-12-31"),
        ("N_FISCAL_YEARS_AGO", 2, "2024-01-01", "2024-12-31"),
    ],
)
def test_a_literal_is_a_range_of_days(literal: str, count: int | None, first: str, last: str) -> None:
    start, after = days_of(literal, count, TODAY)
    assert (start.isoformat(), (after - timedelta(days=1)).isoformat()) == (first, last)


@pytest.mark.parametrize("literal", list(literals()))
@pytest.mark.parametrize("count", [0, 1, 2_000_000])
def test_every_literal_stays_within_the_calendar(literal: str, count: int) -> None:
    first, after = days_of(literal, count, TODAY)
    assert date(1700, 1, 1) <= first <= after <= date(4000, 12, 31)


def test_a_day_starts_at_midnight_of_the_users_zone() -> None:
    assert start_of_day(TODAY, UTC).isoformat() == "2026-11-04T00:00:00+00:00"
    assert start_of_day(TODAY, timezone(timedelta(hours=9))).isoformat() == "2026-11-03T15:00:00+00:00"
