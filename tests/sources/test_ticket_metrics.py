"""Support tickets as metrics: how many are open, how long the first answer took, how satisfied people are."""

from datetime import date

import pytest
from pydantic import ValidationError

from toolkit.config import parse
from toolkit.config.sources import Metric
from toolkit.errors import SourceError
from toolkit.sources.metrics import measure
from toolkit.sources.reading import read_sources

MAPPING = """
[objects.account]
match = ["external_id = Product_Id__c"]

[sources.accounts]
path = "accounts.csv"
key = "external_id"

[sources.tickets]
path = "tickets.csv"
account = "account"
date = "opened_at"
time_zone = "Europe/Berlin"

[metrics.open_tickets]
source = "tickets"
column = "closed_on"
aggregate = "open"

[metrics.open_urgent]
source = "tickets"
column = "closed_on"
aggregate = "open"
window_days = 30
where = { severity = "urgent" }

[metrics.first_response]
source = "tickets"
column = "answered_at"
since = "opened_at"
unit = "hours"
aggregate = "median"
window_days = 90

[metrics.slowest]
source = "tickets"
column = "closed_on"
since = "opened_at"
unit = "days"
aggregate = "max"

[metrics.csat]
source = "tickets"
column = "csat"
aggregate = "mean"
window_days = 90

[metrics.last_ticket]
source = "tickets"
column = "opened_at"
aggregate = "days_since"
"""
TICKETS = (
    "account,opened_at,answered_at,closed_on,severity,csat\n"
    "P-1,2026-10-01 09:00,2026-10-01 10:00,2026-10-04,low,5\n"
    "P-1,2026-10-02 09:00,2026-10-02 12:00,,low,3\n"
    "P-1,2026-10-25 01:00,2026-10-25 05:00,2026-11-10,urgent,\n"  # the clocks went back: five hours
    "P-1,2026-11-01 09:00,2026-11-02 21:00,,urgent,\n"
    "P-2,2026-07-01 09:00,,,urgent,\n"
)


@pytest.fixture
def measured(tmp_path):
    (tmp_path / "accounts.csv").write_text("external_id\nP-1\nP-2\nP-3\n")
    (tmp_path / "tickets.csv").write_text(TICKETS)
    settings = parse(MAPPING)
    sources = read_sources(tmp_path, settings)

    def measured_it(name, as_of=date(2026, 11, 2)):
        return measure({name: settings.metrics[name]}, sources.tables, as_of)[name].to_list()

    return measured_it


def test_open_tickets_are_those_not_closed_on_the_day_that_is_measured(measured):
    assert measured("open_tickets") == [3.0, 1.0, 0.0]
    assert measured("open_tickets", date(2026, 11, 10)) == [2.0, 1.0, 0.0]
    assert measured("open_tickets", date(2026, 10, 3)) == [2.0, 1.0, 0.0]
    assert measured("open_urgent") == [2.0, 0.0, 0.0]


def test_the_first_response_is_the_time_from_one_column_to_another_once_it_came(measured):
    assert measured("first_response") == [4.0, None, None]  # of 1, 3, 5 and 36 hours
    assert measured("first_response", date(2026, 11, 1)) == [3.0, None, None]  # the last was not answered yet
    assert measured("slowest") == [pytest.approx(2 + 17 / 24), None, None]  # opened at 07:00, closed at 00:00 UTC


def test_satisfaction_is_the_mean_of_the_answers_and_times_have_days(measured):
    assert measured("csat") == [4.0, None, None]
    assert measured("last_ticket") == [1.0, 124.0, None]


def test_a_time_that_is_measured_must_be_one(tmp_path, measured):
    (tmp_path / "tickets.csv").write_text(TICKETS + "P-2,2026-07-01 09:00,later,,low,\n")
    with pytest.raises(SourceError, match='line 7, column "answered_at": "later" is not a time'):
        read_sources(tmp_path, parse(MAPPING))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"aggregate": "count", "since": "a", "unit": "hours"}, '"since" is for last, sum, mean'),
        ({"aggregate": "mean", "since": "a"}, '"since" and its "unit"'),
        ({"aggregate": "mean", "unit": "days"}, '"since" and its "unit"'),
        ({"aggregate": "open", "column": None}, 'aggregate "open" needs a "column"'),
    ],
)
def test_a_metric_that_does_not_hold_together_is_refused(given, said):
    with pytest.raises(ValidationError, match=said):
        Metric(**{"source": "tickets", "column": "b", **given})
