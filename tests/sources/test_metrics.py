"""Every aggregate, its window's bounds, its filters and what it says when there is nothing to say."""

from datetime import date, timedelta

import polars as pl
import pytest

from toolkit.config.sources import Metric, Source
from toolkit.errors import InputError, NotFoundError
from toolkit.sources.metrics import measure
from toolkit.sources.tables import SourceTable

DAY = date(2026, 11, 2)


def ago(days):
    return DAY - timedelta(days=days)


ACCOUNTS = SourceTable(
    "accounts",
    Source(path="accounts.csv", key="external_id"),
    pl.DataFrame(
        {
            "id": ["A", "B", "C"],
            "seats": [10, 0, None],
            "renewal_date": [ago(-30), ago(12), None],
            "active": [True, False, None],
            "plan": ["pro", "basic", None],
        }
    ),
)
EVENTS = SourceTable(
    "events",
    Source(path="events.csv", account="external_id", date="day"),
    pl.DataFrame(
        [
            ("A", ago(-1), 1000.0, "low", 1),  # tomorrow: never counts
            ("A", ago(0), 8.0, "low", 2),
            ("A", ago(0), 4.0, "high", 1),
            ("A", ago(27), None, "urgent", 1),
            ("A", ago(27), 6.0, "urgent", 2),
            ("A", ago(28), 20.0, "low", 1),
            ("A", ago(55), 4.0, "low", 1),
            ("A", ago(56), 5000.0, "low", 1),
            ("A", None, 7.0, "low", 1),
            ("B", ago(30), 5.0, None, 1),
            ("Z", ago(1), 1.0, "low", 1),  # nobody's
        ],
        schema={"id": pl.String, "day": pl.Date, "x": pl.Float64, "severity": pl.String, "y": pl.Int64},
        orient="row",
    ),
)
SOURCES = {"accounts": ACCOUNTS, "events": EVENTS}


def measured(source="events", as_of=DAY, **metric):
    frame = measure({"m": Metric(source=source, **metric)}, SOURCES, as_of)
    assert frame["id"].to_list() == ["A", "B", "C"]
    return frame["m"].to_list()


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        # the window is as_of - 28 < day <= as_of: day 27 is in, day 28 is not, tomorrow is not
        ({"aggregate": "count", "window_days": 28}, [4, 0, 0]),
        ({"aggregate": "count", "column": "x", "window_days": 28}, [3, 0, 0]),
        ({"aggregate": "sum", "column": "x", "window_days": 28}, [18, None, None]),
        ({"aggregate": "mean", "column": "x", "window_days": 28}, [6, None, None]),
        ({"aggregate": "min", "column": "x", "window_days": 28}, [4, None, None]),
        ({"aggregate": "max", "column": "x", "window_days": 28}, [8, None, None]),
        ({"aggregate": "last", "column": "x", "window_days": 28}, [4, None, None]),
        ({"aggregate": "distinct", "column": "severity", "window_days": 28}, [3, 0, 0]),
        ({"aggregate": "ratio", "column": "x", "per": "y", "window_days": 28}, [18 / 5, None, None]),
        # 8 + 4 + 6 = 18 against 20 + 4 = 24; B fell silent; C was never there
        ({"aggregate": "change", "column": "x", "window_days": 28}, [-25, -100, None]),
        # without a window all that is not in the future, and what has no date
        ({"aggregate": "count"}, [9 - 1 + 0, 1, 0]),
        ({"aggregate": "last", "column": "x"}, [4, 5, None]),
        ({"aggregate": "sum", "column": "y"}, [10, 1, None]),
        ({"aggregate": "min", "column": "day"}, [ago(56), ago(30), None]),
        ({"aggregate": "last", "column": "day"}, [ago(0), ago(30), None]),
        ({"aggregate": "days_since", "column": "day"}, [0, 30, None]),
        ({"aggregate": "days_since", "column": "day", "where": {"severity": "urgent"}}, [27, None, None]),
        ({"aggregate": "count", "window_days": 28, "where": {"severity": ["urgent", "high"]}}, [3, 0, 0]),
        ({"aggregate": "count", "where": {"severity": ""}}, [0, 1, 0]),
        ({"aggregate": "count", "where": {"y": 2}}, [2, 0, 0]),
        ({"aggregate": "count", "where": {"y": 2, "severity": "low"}}, [1, 0, 0]),
        ({"aggregate": "last", "column": "x", "per": "seats"}, [0.4, None, None]),
    ],
)
def test_HLT_1_metrics_of_events(metric, expected):
    assert measured(**metric) == [
        each if each is None or isinstance(each, date) else pytest.approx(each) for each in expected
    ]


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ({"column": "seats"}, [10, 0, None]),
        ({"column": "active"}, [1, 0, None]),
        ({"column": "renewal_date"}, [ago(-30), ago(12), None]),
        ({"column": "renewal_date", "aggregate": "days_until"}, [30, -12, None]),
        ({"column": "renewal_date", "aggregate": "days_since"}, [None, 12, None]),
        ({"aggregate": "count", "where": {"active": True}}, [1, 0, 0]),
        ({"aggregate": "count", "where": {"plan": ["pro", "basic"]}}, [1, 1, 0]),
    ],
)
def test_HLT_1_metrics_of_the_accounts_file(metric, expected):
    assert measured(source="accounts", **metric) == expected


def test_a_metric_can_be_divided_by_another_metric():
    metrics = {
        "calls": Metric(source="events", aggregate="count", window_days=28),
        "value": Metric(source="events", aggregate="sum", column="x", window_days=28, per="calls"),
        "turned": Metric(source="events", aggregate="count", per="value"),
    }
    frame = measure(metrics, SOURCES, DAY)
    assert frame.columns == ["id", "calls", "value", "turned"]
    assert frame["value"].to_list() == [4.5, None, None]
    assert frame["turned"].to_list()[0] == pytest.approx(8 / 18)  # by the value before it was divided


def test_a_late_source_says_nothing_of_any_account():
    later = DAY + timedelta(days=29)
    assert measured(as_of=later, aggregate="change", column="x", window_days=28) == [None, None, None]


def test_HLT_1_yesterday_is_measured_with_what_yesterday_knew():
    assert measured(as_of=ago(1), aggregate="last", column="x") == [6, 5, None]


def test_metrics_do_not_depend_on_the_order_of_accounts_and_are_of_declared_types():
    metrics = {
        "n": Metric(source="events", aggregate="count"),
        "due": Metric(source="accounts", column="renewal_date"),
        "late": Metric(source="events", aggregate="change", column="x", window_days=1),
    }
    shuffled = {"accounts": SourceTable("accounts", ACCOUNTS.source, ACCOUNTS.records.reverse()), "events": EVENTS}
    frame = measure(metrics, SOURCES, DAY)
    assert frame.equals(measure(metrics, shuffled, DAY))
    assert frame.schema == {"id": pl.String, "n": pl.Float64, "due": pl.Date, "late": pl.Float64}


def test_without_an_accounts_file_the_accounts_are_those_of_the_events():
    frame = measure({"n": Metric(source="events", aggregate="count")}, {"events": EVENTS}, DAY)
    assert frame["id"].to_list() == ["A", "B", "Z"]


def test_no_rows_at_all():
    empty = SourceTable("events", EVENTS.source, EVENTS.records.clear())
    metrics = {
        "n": Metric(source="events", aggregate="count"),
        "c": Metric(source="events", aggregate="change", column="x", window_days=7),
        "l": Metric(source="events", column="x"),
    }
    frame = measure(metrics, {"accounts": ACCOUNTS, "events": empty}, DAY)
    assert frame.rows() == [("A", 0, None, None), ("B", 0, None, None), ("C", 0, None, None)]


@pytest.mark.parametrize(
    ("metric", "error", "said"),
    [
        ({"source": "usage", "column": "x"}, NotFoundError, "Sources are: accounts, events"),
        ({"source": "events", "column": "users"}, NotFoundError, '(?s)no column "users".*id, day, x, severity, y'),
        ({"source": "events", "column": "x", "where": {"kind": "a"}}, NotFoundError, 'no column "kind"'),
        ({"source": "events", "column": "x", "per": "licences"}, NotFoundError, '"licences" to divide by'),
        ({"source": "events", "column": "severity"}, InputError, '"last" cannot be taken of column "severity"'),
        ({"source": "events", "column": "day", "aggregate": "mean"}, InputError, '"mean" cannot be taken'),
        ({"source": "events", "column": "x", "aggregate": "days_since"}, InputError, '"days_since" cannot be taken'),
        ({"source": "accounts", "aggregate": "count", "window_days": 7}, InputError, "names no date column"),
    ],
)
def test_a_metric_that_cannot_be_measured_says_why(metric, error, said):
    with pytest.raises(error, match=said):
        measure({"m": Metric(**metric)}, SOURCES, DAY)
