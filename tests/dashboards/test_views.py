"""The views as functions: a snapshot and filters in, panes out."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import panel as pn
import polars as pl
import pytest

from dashboards.filters import Filters
from dashboards.reader import Reader
from dashboards.views import attention, health, plan, runs, states
from dashboards.views.account import view as page_of
from dashboards.views.explanation import explanation
from dashboards.views.scene import Scene
from tests.dashboards.looking import tables, words
from toolkit.store import Store
from toolkit.workspace import Workspace

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)

# Panel hands tables to Bokeh, which uses a keyword that pandas 3.1 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword in DataFrame.reset_index:DeprecationWarning")


@pytest.fixture(scope="module")
def snapshot(company_folder):
    return Reader(company_folder).snapshot()


def test_DSH_2_bands_are_counted_by_accounts_and_by_revenue(snapshot):
    accounts = snapshot.accounts
    table = health.bands(snapshot, accounts)
    assert table["band"].to_list() == ["Red", "Yellow", "Green", "No score"]
    assert table["accounts"].sum() == accounts.height
    assert table["mrr"].sum() == pytest.approx(accounts["mrr"].sum())
    red = accounts.filter(pl.col("band") == "Red")
    assert table.row(0, named=True) | {"tone": ""} == {
        "band": "Red",
        "accounts": red.height,
        "mrr": pytest.approx(red["mrr"].sum()),
        "share": pytest.approx(red.height / accounts.height),
        "mrr_share": pytest.approx(red["mrr"].sum() / accounts["mrr"].sum()),
        "tone": "",
    }


def test_DSH_2_a_band_without_accounts_stays_listed_and_no_score_only_when_needed(snapshot):
    green = snapshot.accounts.filter(pl.col("band") == "Green")
    assert health.bands(snapshot, green)["accounts"].to_list() == [0, 0, green.height]


@pytest.mark.parametrize("dark", [False, True])
def test_DSH_2_the_page_has_its_charts_described_in_words(snapshot, dark):
    view = health.view(Scene(snapshot, dark=dark))
    charts = list(view.select(pn.pane.Vega))
    assert len(charts) == 4
    assert all(chart.object["description"] for chart in charts)


def test_DSH_2_no_accounts_at_all_still_make_a_page(snapshot):
    view = health.view(Scene(snapshot, Filters(("no such segment",))))
    assert '<div class="figure">0</div>' in words(view)


def test_CARD_5_the_list_is_in_order_and_a_chosen_row_is_told(snapshot):
    chosen = []
    scene = Scene(snapshot, pick={"band": "Red"}, go=lambda view, **pick: chosen.append((view, pick)))
    view = attention.view(scene)
    (table,) = tables(view)
    red = snapshot.accounts.filter(pl.col("band") == "Red")
    assert table.value["name"].tolist() == red["name"].to_list()
    assert table.pagination == "remote"
    table.selection = [2]
    table.selection = []
    assert chosen == [("account", {"id": red["id"][2]})]


def test_CARD_5_an_empty_list_says_so(snapshot):
    view = attention.view(Scene(snapshot, Filters(csms=("nobody",))))
    assert "No account passes these filters." in words(view)


def test_the_explanation_adds_up_to_the_score_and_escapes_names(snapshot):
    account = snapshot.accounts.filter(pl.col("name").str.starts_with("<script>")).row(0, named=True)
    details = Reader(snapshot.folder).details(snapshot, account["id"])
    page = page_of(Scene(snapshot, pick={"id": account["id"]}), details, back=("Accounts", "?view=accounts"))
    assert "<script>" not in words(page)
    assert "&lt;script&gt;" in words(page)
    view = pn.Column(*explanation(snapshot, account["id"], dark=False))
    (chart,) = view.select(pn.pane.Vega)
    (rows,) = chart.object["datasets"].values()
    assert sum(row["earned"] for row in rows) == pytest.approx(account["score"] / 10)


def test_the_explanation_of_an_account_without_a_score_says_why(snapshot):
    account = snapshot.accounts.filter(pl.col("band") == "No score").row(0, named=True)
    assert "Not known:" in words(pn.Column(*explanation(snapshot, account["id"], dark=True)))


def test_DSH_10_the_plan_shows_its_counts_its_rows_and_how_to_commit_it(snapshot):
    made = snapshot.plan.plan
    view = plan.view(Scene(snapshot))
    said = words(view)
    assert made.digest in said
    assert f"cs-toolkit commit {made.plan_id} --workspace" in said
    assert "3 API calls" in said
    fields, changes = tables(view)
    assert fields.value.set_index("field").loc["CS_Health_Score__c", "write"] == snapshot.scores["shown"].count()
    assert len(changes.value) == made.changes.height


def test_DSH_10_a_verdict_limits_the_rows_and_reasons_are_shown(snapshot):
    view = plan.view(Scene(snapshot, pick={"verdict": "refused"}))
    changes = tables(view)[0]
    refused = snapshot.plan.plan.rows("refused")
    assert changes.value["reason"].tolist() == refused["reason"].to_list()


def test_CAT_23_drift_until_the_next_sync_is_expected_and_not_an_error(snapshot):
    said = words(plan.view(Scene(snapshot)))
    assert "until the next sync, 3 Nov 2026, 02:00 UTC" in said
    assert "This is expected, not an error" in said
    assert 'class="notice info"' in said


def test_DSH_10_no_plan_an_empty_plan_and_a_committed_plan_each_say_so(snapshot, tmp_path, fill_store, plan_maker):
    assert "No plan yet" in words(plan.view(Scene(replace(snapshot, plan=None))))

    fill_store(tmp_path, accounts=20)
    with Store.open(tmp_path) as store:
        changes = store.latest_plan()[1]
        made = plan_maker.plan_of(changes.clear())
        store.save_plan(made.meta(), made.changes)
    assert "Both sides agree" in words(plan.view(Scene(Reader(tmp_path).snapshot())))

    with Store.open(tmp_path) as store:
        made = plan_maker.plan_of(changes)
        store.save_plan(made.meta(), made.changes)
        rows = plan_maker.intended(made.plan_id, made.rows("write"))
        store.intend(rows)
        told = rows.select("seq", state=pl.lit("written"))
        told = told.with_columns(
            pl.when(pl.int_range(pl.len()) < 2).then(pl.lit("failed")).otherwise("state").alias("state")
        )
        store.settle(made.plan_id, told)
    view = plan.view(Scene(Reader(tmp_path).snapshot()))
    assert "Nothing is pending" in words(view)
    assert f"{rows.height - 2:,} written, 2 failed" in words(view)
    assert len(tables(view)[0].value) == 2


def test_CARD_5_runs_are_listed_newest_first(snapshot):
    (table,) = tables(runs.view(Scene(snapshot)))
    assert table.value["step"].tolist() == [*["pull"] * 4, "plan", "pull", "score", "match", "load", "pull"]
    assert table.value["object"].tolist()[:5] == ["call", "meeting", "agreement", "contact", "account"]
    assert table.value["when_text"].tolist()[4:7] == ["44 min ago", "45 min ago", "6 h ago"]


def test_a_half_finished_commit_and_a_failed_run_have_their_next_step(tmp_path, fill_store, plan_maker):
    fill_store(tmp_path, accounts=20)
    with Store.open(tmp_path) as store:
        changes = store.latest_plan()[1]
        store.intend(plan_maker.intended("c-1", changes.filter(pl.col("verdict") == "write")))
        run = store.start_run("pull", "account", NOW - timedelta(minutes=5))
        store.end_run(run, at=NOW - timedelta(minutes=4), status="failed", note="the org <b>did not</b> answer")
    snapshot = Reader(tmp_path).snapshot()
    said = " ".join(pane.object for pane in states.banners(snapshot))
    assert "A commit did not finish" in said
    assert "cs-toolkit resume --workspace" in said
    assert "The last pull failed 4 min ago" in said
    assert "the org &lt;b&gt;did not&lt;/b&gt; answer" in said
    assert len(tables(runs.view(Scene(snapshot)))) == 2


def test_CARD_4_the_steps_of_a_workspace_are_what_the_dashboard_shows(tmp_path):
    with Workspace.demo(tmp_path / "demo", accounts=60) as ws:
        for step in (ws.pull, ws.load, ws.match, ws.score):
            step()
        made = ws.plan()
        reader = Reader(tmp_path / "demo")
        snapshot = reader.snapshot()
        assert snapshot.accounts["id"].sort().to_list() == ws.here()["id"].sort().to_list()
        assert made.digest in words(plan.view(Scene(snapshot)))
        first = explanation(snapshot, snapshot.accounts["id"][0], dark=False)
        assert "How the score is made up" in words(pn.Column(*first))
        ws.commit(made, confirm=made.digest)
        assert f"{made.writes:,} written" in words(plan.view(Scene(reader.snapshot())))
        assert snapshot.problem == ""
