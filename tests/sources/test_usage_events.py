"""Usage events counted per account and period, with the same digits wherever they are counted."""

from datetime import UTC, date, datetime, timedelta
from random import Random

import duckdb
import polars as pl
import pytest

from toolkit.config import parse
from toolkit.config.sources import Metric, Source
from toolkit.errors import SourceError
from toolkit.sources.metrics import measure
from toolkit.sources.reading import read_source, read_sources

CSV = (
    "account,at,user,event\n"
    "P-1,2026-10-26T00:00:00Z,ann,login\n"  # a Monday
    "P-1,2026-11-01T23:30:00Z,ann,login\n"  # the Sunday of the same week; in Berlin already the next
    "P-1,2026-11-01T10:00:00Z,bob,export\n"
    "P-1,2026-11-02T09:00:00Z,,login\n"
    "P-2,2026-10-31T10:00:00Z,ann,\n"
    "007,2026-10-31T10:00:00Z,eve,login\n"
)


def events(**given):
    return Source(**{"path": "events.csv", "kind": "events", "account": "account", "at": "at", "user": "user",
                     "event": "event", **given})  # fmt: skip


@pytest.fixture
def read(tmp_path):
    def read_it(content=CSV, **given):
        (tmp_path / "events.csv").write_text(content)
        return read_source(tmp_path, events(**given), name="usage")

    return read_it


def test_events_are_counted_per_account_and_week_from_monday_to_sunday(read):
    table = read()
    assert table.records.columns == ["id", "period_start", "period_end", "events", "active_users", "distinct_events"]
    assert table.records.rows() == [
        ("007", date(2026, 10, 26), date(2026, 11, 1), 1, 1, 1),
        ("P-1", date(2026, 10, 26), date(2026, 11, 1), 3, 2, 2),
        ("P-1", date(2026, 11, 2), date(2026, 11, 8), 1, 0, 1),
        ("P-2", date(2026, 10, 26), date(2026, 11, 1), 1, 1, 0),
    ]
    assert table.read == 6


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        ("day", [(date(2026, 10, 26), date(2026, 10, 26), 1), (date(2026, 11, 1), date(2026, 11, 1), 2),
                 (date(2026, 11, 2), date(2026, 11, 2), 1)]),
        ("month", [(date(2026, 10, 1), date(2026, 10, 31), 1), (date(2026, 11, 1), date(2026, 11, 30), 3)]),
    ],
)  # fmt: skip
def test_days_and_months_are_periods_too(read, period, expected):
    rows = read(period=period).records.filter(pl.col("id") == "P-1")
    assert rows.select("period_start", "period_end", "events").rows() == expected


def test_the_day_begins_at_midnight_in_the_zone_of_the_source(read):
    berlin = read(time_zone="Europe/Berlin").records.filter(pl.col("id") == "P-1")
    assert berlin["events"].to_list() == [2, 2]
    naive = CSV.replace("Z,", ",").replace("T", " ")
    in_berlin = read(naive, time_zone="Europe/Berlin").records.filter(pl.col("id") == "P-1")
    assert in_berlin["events"].to_list() == [3, 1]
    with pytest.raises(SourceError, match="add time_zone"):
        read(naive)


def test_events_need_neither_users_nor_names_and_may_be_days(read):
    table = read("account,at\nP-1,2026-11-01\nP-1,2026-11-02\n", user=None, event=None)
    assert table.records.columns == ["id", "period_start", "period_end", "events"]
    assert table.records["events"].to_list() == [1, 1]


def test_events_without_account_or_time_are_skips_and_bad_times_are_faults(read):
    table = read(CSV + ",2026-11-02T09:00:00Z,ann,login\nP-1,,ann,login\n")
    assert sorted(table.skips["reason"]) == [
        '"account" is blank, so the row belongs to no account',
        '"at" is blank in 1 events, so they have no time',
    ]
    bad = CSV + "P-1,yesterday,ann,login\n"
    with pytest.raises(SourceError, match='line 8, column "at": "yesterday" is not a time'):
        read(bad)
    assert read(bad, on_error="reject", max_rejected=0.5).rejected == 1
    with pytest.raises(SourceError, match='column "who": is missing'):
        read(user="who")


@pytest.fixture(scope="module")
def many():
    """Events with every gap that people leave in them, over sixty days and two changes of the clocks."""
    random, start = Random(1), datetime(2026, 9, 20, tzinfo=UTC)
    rows = [
        (
            random.choice(["A", "B ", "0042", None, ""]),
            None if random.random() < 0.01 else start + timedelta(seconds=random.randrange(60 * 86_400)),
            random.choice([None, *(f"u{number}" for number in range(50))]),
            random.choice(["open", "save", None, " share "]),
        )
        for _ in range(5_000)
    ]
    schema = {"account": pl.String, "at": pl.Datetime("us", "UTC"), "user": pl.String, "event": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


@pytest.mark.parametrize("period", ["day", "week", "month"])
@pytest.mark.parametrize("zone", [None, "Europe/Berlin", "America/New_York"])
def test_polars_in_memory_polars_in_pieces_and_duckdb_count_the_same_digits(tmp_path, many, period, zone):
    many.write_parquet(tmp_path / "events.parquet")
    many.write_csv(tmp_path / "events.csv", datetime_format="%Y-%m-%dT%H:%M:%SZ")
    with duckdb.connect(str(tmp_path / "events.duckdb")) as connection:
        connection.execute(f"create table log as from '{tmp_path / 'events.parquet'}'")
    places = [
        {"path": "events.csv"},
        {"path": "events.parquet"},
        {"path": None, "url": "duckdb:///events.duckdb", "table": "log"},
        {"path": None, "url": "duckdb://", "query": "from 'events.parquet'"},
    ]
    tables = [read_source(tmp_path, events(**place, period=period, time_zone=zone)) for place in places]
    assert tables[0].records.height > 5
    for table in tables[1:]:
        assert table.records.equals(tables[0].records)
        assert table.records.schema == tables[0].records.schema
        assert table.read == 5_000
    lost = many.filter(pl.col("account").fill_null("") == "").height
    for table in tables[1:]:
        assert f'"account" is blank in {lost:,} events, so they have no account' in table.skips["reason"].to_list()


@pytest.mark.parametrize(
    "place", [{"path": "e.parquet"}, {"path": None, "url": "duckdb://", "query": "from 'e.parquet'"}]
)
def test_events_elsewhere_are_judged_before_they_are_counted(tmp_path, place):
    naive = pl.DataFrame({"account": [7, 8], "at": [datetime(2026, 11, 1, 23, 30)] * 2, "user": ["a", "b"]})
    naive.write_parquet(tmp_path / "e.parquet")
    with pytest.raises(SourceError, match=r'add time_zone = "UTC"'):
        read_source(tmp_path, events(**place, event=None))
    counted = read_source(tmp_path, events(**place, event=None, time_zone="Europe/Berlin"))
    assert counted.records.select("id", "period_start").rows() == [
        ("7", date(2026, 10, 26)),
        ("8", date(2026, 10, 26)),
    ]
    with pytest.raises(SourceError, match="what"):
        read_source(tmp_path, events(**place, event="what", time_zone="UTC"))
    naive.with_columns(at=pl.lit("soon")).write_parquet(tmp_path / "e.parquet")
    with pytest.raises(SourceError, match=r"is not a time|is no time"):
        read_source(tmp_path, events(**place, event=None))


def test_a_parquet_file_of_events_that_was_cut_off_or_damaged_says_so(tmp_path, many):
    with pytest.raises(SourceError, match=r"events.parquet is not in"):
        read_source(tmp_path, events(path="events.parquet"))
    (tmp_path / "events.parquet").write_bytes(b"PAR1 and nothing")
    with pytest.raises(SourceError, match="may have been cut off"):
        read_source(tmp_path, events(path="events.parquet"))
    many.write_parquet(tmp_path / "events.parquet")
    whole = (tmp_path / "events.parquet").read_bytes()
    (tmp_path / "events.parquet").write_bytes(whole[:1000] + bytes(1000) + whole[2000:])
    with pytest.raises(SourceError, match="may have been cut off"):
        read_source(tmp_path, events(path="events.parquet"))


MAPPING = """
[objects.account]
match = ["external_id = Product_Id__c"]

[sources.accounts]
path = "accounts.csv"
key = "external_id"

[sources.usage]
path = "events.csv"
kind = "events"
account = "account"
at = "at"
user = "user"

[metrics.active_users]
source = "usage"
column = "active_users"
window_days = 28

[metrics.trend]
source = "usage"
column = "events"
aggregate = "change"
window_days = 28
"""


def test_metrics_read_what_was_counted_and_a_week_counts_once_it_is_over(tmp_path):
    (tmp_path / "accounts.csv").write_text("external_id\nP-1\nP-2\n")
    # Ten events a day, by one more user each week: a steady account that grows in users.
    first = date(2026, 8, 31)
    days = [first + timedelta(days=number) for number in range(63)]
    rows = [
        f"{account},{day}T12:00:00Z,u{number % (1 + (day - first).days // 7)}"
        for account in ("P-1", "P-9")
        for day in days
        for number in range(10)
    ]
    (tmp_path / "events.csv").write_text("account,at,user\n" + "\n".join(rows) + "\n")
    settings = parse(MAPPING)
    sources = read_sources(tmp_path, settings)
    assert sources.activities["usage"].records["id"].unique().to_list() == ["P-1"]
    assert sources.skips["reason"].to_list() == ["its 9 rows were left out: the id is not in accounts.csv"]
    for as_of in (date(2026, 11, 1), date(2026, 11, 2), date(2026, 11, 5)):  # a Sunday, a Monday, a Thursday
        assert measure(settings.metrics, sources.tables, as_of).row(0) == ("P-1", 9.0, 0.0)
    assert measure(settings.metrics, sources.tables, date(2026, 10, 31)).row(0) == ("P-1", 8.0, 0.0)


def test_rows_of_weeks_that_name_their_period_have_no_bias_where_the_window_ends(tmp_path):
    weeks = [date(2026, 8, 3) + timedelta(weeks=number) for number in range(13)]  # the last begins on 26 October
    (tmp_path / "usage.csv").write_text("account,week,logins\n" + "".join(f"P-1,{week},70\n" for week in weeks))
    plain = Source(path="usage.csv", account="account", date="week")
    trend = {"trend": Metric(source="usage", column="logins", aggregate="change", window_days=28)}
    for source, change in ((plain, -25.0), (plain.model_copy(update={"period": "week"}), 0.0)):
        table = read_source(tmp_path, source, name="usage")
        assert measure(trend, {"usage": table}, date(2026, 11, 2))["trend"].to_list() == [change]
    (tmp_path / "usage.csv").write_text("account,week,period_end\nP-1,2026-11-02,x\n")
    with pytest.raises(SourceError, match="a name kept for the toolkit"):
        read_source(tmp_path, plain.model_copy(update={"period": "week"}))
