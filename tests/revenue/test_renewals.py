"""What comes up for renewal, until when notice can be given, what is overdue; and revenue by band."""

from datetime import date

import polars as pl

from tests.revenue.samples import agreed
from toolkit.frames import RENEWALS, SCORES, conform
from toolkit.revenue import monthly, renewals, revenue_by_band, with_runs, with_terms

TODAY = date(2026, 11, 2)
YEAR = {"account_id": "A", "start": "2025-12-01", "end": "2026-11-30", "notice": "2026-08-31", "mrr": 100}


def test_DSH_3_a_renewal_has_its_date_its_notice_and_the_days_left():
    (row,) = renewals(agreed(YEAR), TODAY).to_dicts()
    assert (row["end"], row["renewal_date"], row["days_left"]) == (date(2026, 11, 30), date(2026, 12, 1), 29)
    assert (row["notice"], row["notice_days_left"]) == (date(2026, 8, 31), -63)
    assert (row["tacit"], row["overdue"], row["follow_up"], row["mrr"], row["arr"]) == (False, False, None, 100, 1200)


def test_DSH_3_the_default_is_the_next_90_days():
    ends = ["2026-11-02", "2027-01-30", "2027-01-31"]
    rows = agreed(*(YEAR | {"account_id": end, "end": end} for end in ends))
    assert renewals(rows, TODAY)["account_id"].to_list() == ends[:2]
    assert renewals(rows, TODAY, days=91)["account_id"].to_list() == ends
    assert renewals(agreed(YEAR | {"end": None}), TODAY).equals(RENEWALS.empty()), "an open end never comes up"
    assert renewals(agreed(YEAR | {"start": "2026-11-10"}), TODAY).is_empty(), "it has not begun"


def test_DSH_3_overdue_is_what_ended_and_was_neither_renewed_nor_renews_by_itself():
    ended = YEAR | {"end": "2026-10-31"}
    assert renewals(agreed(ended), TODAY).select("overdue", "days_left").rows() == [(True, -1)]
    assert renewals(agreed(ended | {"end": "2026-11-01"}), TODAY)["days_left"].to_list() == [0]
    assert renewals(agreed(ended, ("A", "2026-11-01", None, 90)), TODAY).is_empty()
    assert renewals(agreed(ended | {"tacit": True}), TODAY).is_empty()
    assert renewals(agreed(ended | {"end": "2026-06-30"}), TODAY).is_empty(), "what ended long ago has left"
    assert renewals(agreed(ended | {"end": "2026-06-30"}), TODAY, overdue_days=365).height == 1


def test_DSH_3_what_renewed_by_itself_is_there_with_its_present_term():
    tacit = {
        "account_id": "A",
        "start": "2023-01-15",
        "end": "2024-01-14",
        "notice": "2023-10-14",
        "mrr": 1,
        "tacit": True,
    }
    (row,) = renewals(agreed(tacit), TODAY).to_dicts()
    assert (row["end"], row["notice"], row["overdue"]) == (date(2027, 1, 14), date(2026, 10, 14), False)


def test_terms_go_on_from_the_first_start_without_drifting():
    rows = agreed(
        {"account_id": "A", "start": "2024-02-29", "end": "2025-02-27", "mrr": 1, "tacit": True},
        {"account_id": "B", "start": "2026-01-31", "end": "2026-02-27", "mrr": 1, "tacit": True},
        {"account_id": "C", "start": "2026-01-01", "end": "2026-01-10", "mrr": 1, "tacit": True},
        {"account_id": "D", "start": "2023-06-15", "end": "2024-06-14", "mrr": 1, "tacit": True},
    )
    ends = {
        "2026-11-02": ["2027-02-27", "2026-11-29", "2026-11-06", "2027-06-14"],
        "2028-02-28": ["2028-02-28", "2028-02-28", "2028-02-29", "2028-06-14"],
        "2028-02-29": ["2029-02-27", "2028-03-30", "2028-02-29", "2028-06-14"],
    }
    for at, wanted in ends.items():
        found = with_terms(with_runs(rows), date.fromisoformat(at))["end"].cast(pl.String).to_list()
        assert found == wanted, at


def test_what_is_followed_is_there_with_its_follow_up():
    early = YEAR | {"start": "2026-11-15", "end": "2027-11-14", "plan": None}
    assert renewals(agreed(YEAR, early), TODAY)["follow_up"].to_list() == ["A2"], "the same plan, in its last 90 days"
    addition = YEAR | {"start": "2026-03-01", "end": "2027-02-28"}
    assert renewals(agreed(YEAR, addition), TODAY)["follow_up"].to_list() == [None], "an addition is no renewal"
    other = early | {"plan": "Other"}
    assert renewals(agreed(YEAR, other), TODAY)["follow_up"].to_list() == [None]
    assert renewals(agreed(YEAR, other | {"start": "2026-11-30"}), TODAY)["follow_up"].to_list() == ["A2"]


def test_revenue_by_band_lists_every_band_and_what_has_no_score():
    rows = agreed(("A", "2026-01-01", None, 100), ("B", "2026-01-01", None, 300), ("C", "2026-01-01", None, 0.01))
    scores = conform(
        pl.DataFrame({"id": ["A", "B"], "band": ["red", "green"]}).with_columns(
            *(pl.lit(None).alias(name) for name in SCORES.schema if name not in ("id", "band"))
        ),
        SCORES,
    )
    month = monthly(rows, TODAY).filter(month=date(2026, 11, 1))
    found = revenue_by_band(month, scores, ["red", "yellow", "green"])
    assert found.select("band", "accounts", "revenue").rows() == [
        ("red", 1, 100.0), ("yellow", 0, 0.0), ("green", 1, 300.0), ("No score", 1, 0.01),
    ]  # fmt: skip
    assert found["share"].sum() == 1
    risk = revenue_by_band(renewals(agreed(YEAR), TODAY), scores, ["red", "yellow", "green"], "arr")
    assert risk.select("band", "revenue").rows() == [("red", 1200.0), ("yellow", 0.0), ("green", 0.0)]
