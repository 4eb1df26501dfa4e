"""What the dashboard reads: from real store files, never raising, anew only when something changed."""

from datetime import UTC, datetime

import polars as pl
import pytest

from dashboards.data import may_view, narrow_changes
from dashboards.filters import Filters, narrow
from dashboards.reader import Reader
from toolkit.config import parse, preset_text
from toolkit.frames import SCORES
from toolkit.store import Store

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)


@pytest.fixture(scope="module")
def snapshot(company_folder):
    return Reader(company_folder).snapshot()


def test_DSH_1_accounts_are_in_order_of_attention_worst_band_and_most_revenue_at_stake_first(snapshot):
    accounts = snapshot.accounts
    bands = accounts["band"].to_list()
    assert accounts["place"].to_list() == list(range(1, 301))
    assert [band for at, band in enumerate(bands) if bands.index(band) == at] == ["Red", "Yellow", "No score", "Green"]
    red = accounts.filter(pl.col("band") == "Red").with_columns(stake=pl.col("mrr") * (100 - pl.col("score")))
    assert red["stake"].is_sorted(descending=True)


def test_the_driver_names_the_measures_that_cost_most(snapshot):
    first = snapshot.accounts.row(0, named=True)
    parts = snapshot.contributions.filter(pl.col("id") == first["id"])
    lost = parts.with_columns(lost=pl.col("weight") * 100 - pl.col("contribution")).sort("lost", descending=True)
    assert first["driver"] == " · ".join(lost["measure"][:2])


def test_filters_by_segment_csm_and_band_combine(snapshot):
    accounts = snapshot.accounts
    csm = accounts["csm"][0]
    kept = narrow(accounts, Filters(("Enterprise", "SMB"), (csm,)), {"band": "Red"})
    assert set(kept["segment"]) == {"Enterprise", "SMB"}
    assert set(kept["csm"]) == {csm}
    assert set(kept["band"]) == {"Red"}
    assert narrow(accounts, Filters()).equals(accounts)


def test_DSH_10_filters_limit_the_plan_to_the_accounts_that_pass(snapshot):
    changes = snapshot.plan.plan.changes
    kept = narrow_changes(changes, snapshot, Filters(("Enterprise",)))
    enterprise = set(snapshot.accounts.filter(pl.col("segment") == "Enterprise")["id"])
    assert 0 < kept.height < changes.height
    assert set(kept["here_id"]) <= enterprise
    assert narrow_changes(changes, snapshot, Filters()).equals(changes)


def test_the_clock_is_the_pinned_one_and_freshness_comes_from_the_last_good_pull(snapshot):
    assert snapshot.now == NOW
    assert snapshot.pulled_at == datetime(2026, 11, 2, 7, 15, 1, 700_000, tzinfo=UTC)
    assert snapshot.next_push == datetime(2026, 11, 3, 2, tzinfo=UTC)


def test_values_of_measures_are_said_in_their_unit(snapshot):
    assert snapshot.value_of("Seats in use", 0.42) == "42%"
    assert snapshot.value_of("Usage trend", -12.4) == "-12%"
    assert snapshot.value_of("Champion seen", 1.0) == "1 day"
    assert snapshot.value_of("Urgent tickets", 1200.0) == "1,200"
    assert snapshot.value_of("NPS", None) == "no data"


def test_what_was_read_is_kept_until_the_store_changes(tmp_path, fill_store):
    fill_store(tmp_path, accounts=20)
    reader = Reader(tmp_path)
    first, again = reader.snapshot(), reader.snapshot()
    assert again.accounts is first.accounts
    with Store.open(tmp_path) as store:
        store.write(SCORES, SCORES.empty())
    assert reader.version() != first.version
    assert reader.snapshot().state == "empty"


def test_a_store_that_was_made_anew_is_noticed(tmp_path, fill_store):
    fill_store(tmp_path, accounts=10)
    reader = Reader(tmp_path)
    before = reader.snapshot()
    for path in tmp_path.glob("store.sqlite*"):
        path.unlink()
    assert reader.snapshot().state == "no_store"
    fill_store(tmp_path, accounts=12)
    assert before.accounts.height == 10
    assert reader.snapshot().accounts.height == 12


def test_reading_writes_nothing_and_does_not_wait_for_a_writer(tmp_path, fill_store):
    fill_store(tmp_path, accounts=10)
    reader = Reader(tmp_path)
    with Store.open(tmp_path) as writer, writer.lock("commit"):
        version = writer.version
        assert reader.snapshot().accounts.height == 10
        assert writer.version == version


def test_a_folder_without_a_workspace_is_a_state_of_its_own(tmp_path):
    assert Reader(tmp_path / "nowhere").snapshot().state == "no_store"


def test_a_broken_mapping_file_is_told_with_its_place(tmp_path, fill_store):
    fill_store(tmp_path, accounts=10)
    mapping = tmp_path / "workspace.toml"
    mapping.write_text(mapping.read_text() + '\n[nonsense]\nkey = "x"\n')
    snapshot = Reader(tmp_path).snapshot()
    assert snapshot.state == "broken"
    assert "nonsense" in snapshot.problem
    assert snapshot.remedy


def test_a_plan_whose_rows_were_tampered_with_is_not_shown(tmp_path, fill_store):
    fill_store(tmp_path, accounts=10)
    with Store.open(tmp_path) as store:
        meta, changes = store.latest_plan()
        store.save_plan(meta, changes.with_columns(after=pl.lit("9.9")))
    snapshot = Reader(tmp_path).snapshot()
    assert snapshot.state == "broken"
    assert "not the rows that were reviewed" in snapshot.problem


def test_CAT_1_only_those_named_may_look():
    named = parse(preset_text("demo").replace('view = ["*"]', 'view = ["ada"]'))
    assert may_view(named, "ada")
    assert not may_view(named, "bob")
    assert not may_view(named, None)
    assert may_view(parse(preset_text("demo")), None)
