"""The dashboard as a CS leader meets it: the real server, a real Chromium, a real store.

Every test also holds that no request leaves the machine and that nothing reaches the console as an error (`window`).
"""

import re
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from playwright.sync_api import Page, expect

from dashboards.filters import Filters, narrow
from dashboards.reader import Reader
from dashboards.theme import count
from tests.dashboards.looking import cells, figure
from toolkit.frames import SCORES
from toolkit.store import Store

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)


@pytest.fixture(scope="module")
def snapshot(company_folder):
    return Reader(company_folder).snapshot()


def type_filter(page: Page, words: str) -> None:
    field = page.locator(".tabulator-col[tabulator-field=name] input")
    field.fill(words)
    field.press("Enter")


def test_DSH_2_cards_show_counts_and_revenue_and_follow_the_segment_filter(window, company_url, snapshot):
    page = window.open(company_url)
    for shown in (snapshot.accounts, narrow(snapshot.accounts, Filters(("Enterprise",)))):
        expect(figure(page, "Accounts")).to_have_text(count(shown.height))
        for band in ("Red", "Yellow", "Green"):
            expect(figure(page, band)).to_have_text(count(shown.filter(pl.col("band") == band).height))
        expect(figure(page, "Recurring revenue")).to_have_text(snapshot.money(shown["mrr"].sum()))
        if shown is snapshot.accounts:
            page.get_by_label("Enterprise", exact=True).check()
    page.get_by_role("button", name="Clear filters").click()
    expect(figure(page, "Accounts")).to_have_text("300")


def test_DSH_2_a_band_opens_the_list_behind_it(window, company_url, snapshot):
    page = window.open(company_url)
    page.get_by_role("button", name=re.compile("Yellow")).click()
    yellow = snapshot.accounts.filter(pl.col("band") == "Yellow")
    expect(cells(page, "name").first).to_have_text(yellow["name"][0])
    expect(page.get_by_text(f"{yellow.height} accounts")).to_be_visible()
    assert set(cells(page, "band").all_inner_texts()) == {"Yellow"}
    page.wait_for_url("**band=Yellow**")
    page.get_by_role("button", name="Band: Yellow").click()
    expect(page.get_by_text("300 accounts")).to_be_visible()


def test_CARD_5_accounts_are_listed_in_order_of_attention_and_explain_themselves(window, company_url, snapshot):
    page = window.open(f"{company_url}?view=accounts", ready=".tabulator-row")
    expect(cells(page, "name").first).to_have_text(snapshot.accounts["name"][0])
    assert cells(page, "name").all_inner_texts() == snapshot.accounts["name"].head(15).to_list()
    cells(page, "csm").nth(1).click()
    second = snapshot.accounts.row(1, named=True)
    expect(page.get_by_role("heading", name=second["name"])).to_be_visible()
    expect(page.get_by_text("How the score is made up")).to_be_visible()
    page.get_by_role("link", name="‹ Accounts").click()
    expect(page.get_by_text("How the score is made up")).to_be_hidden()
    expect(cells(page, "name").first).to_have_text(snapshot.accounts["name"][0])


def test_CARD_5_the_table_turns_pages_sorts_and_filters_on_the_server(window, company_url, snapshot):
    page = window.open(f"{company_url}?view=accounts", ready=".tabulator-row")
    page.locator(".tabulator-page", has_text="Next").click()
    expect(cells(page, "name").first).to_have_text(snapshot.accounts["name"][15])
    page.locator(".tabulator-col[tabulator-field=mrr] .tabulator-col-title").click()
    least = snapshot.accounts.sort("mrr")["mrr"][0]
    page.locator(".tabulator-page", has_text="First").click()
    expect(cells(page, "mrr").first).to_have_text(snapshot.money(least))
    name = snapshot.accounts.filter(pl.col("name").str.contains("Quoted"))["name"][0]
    type_filter(page, "quoted")
    expect(cells(page, "name")).to_have_text([name])


def test_names_from_salesforce_are_text_and_never_markup(window, company_url, snapshot):
    page = window.open(f"{company_url}?view=accounts", ready=".tabulator-row")
    for start in ("<script>", "<img"):
        name = snapshot.accounts.filter(pl.col("name").str.starts_with(start))["name"][0]
        type_filter(page, start)
        expect(cells(page, "name")).to_have_text([name])
        cells(page, "name").first.click()
        expect(page.get_by_role("heading", name=name)).to_be_visible()
        page.get_by_role("link", name="‹ Accounts").click()
        expect(cells(page, "name").first).to_be_visible()
    page.get_by_role("tab", name="Pending plan").click()
    expect(page.get_by_text("Digest of all rows")).to_be_visible()
    type_filter(page, "<script>")
    expect(cells(page, "name").first).to_contain_text("<script>")
    assert page.evaluate("window.pwned") is None


def test_DSH_10_CAT_23_the_pending_plan_shows_rows_digest_cost_and_the_expected_drift(window, company_url, snapshot):
    page = window.open(company_url)
    page.get_by_role("tab", name="Pending plan").click()
    made = snapshot.plan.plan
    expect(page.get_by_text(made.digest)).to_be_visible()
    expect(page.get_by_text(f"cs-toolkit commit {made.plan_id}")).to_be_visible()
    expect(page.get_by_text("This is expected, not an error")).to_be_visible()
    expect(figure(page, "To write")).to_have_text(count(made.writes))
    page.get_by_role("button", name=re.compile("Conflicts")).click()
    conflicts = made.rows("conflict")
    expect(cells(page, "verdict_text").first).to_have_text("Conflicts")
    expect(page.get_by_text(f"{conflicts.height} rows, biggest change first")).to_be_visible()
    expect(cells(page, "reason").first).to_have_text("both sides changed since the last sync")


def test_CARD_4_choosing_a_field_of_the_plan_shows_its_rows(window, company_url, snapshot):
    page = window.open(f"{company_url}?view=plan", ready=".tabulator-row")
    page.locator(".tabulator-cell[tabulator-field=field]", has_text="CS_MRR__c").first.click()
    rows = snapshot.plan.plan.changes.filter(pl.col("field") == "CS_MRR__c").height
    expect(page.get_by_text(f"{rows} rows, biggest change first")).to_be_visible()


def test_the_dark_page_keeps_its_charts_readable(window, company_url):
    page = window.open(company_url)
    page.get_by_label("Toggle theme").click()
    expect(page.locator(".mui-dark").first).to_be_visible()
    expect(page.locator("canvas, svg.marks").first).to_be_visible()


def test_on_a_phone_the_filters_start_closed_and_nothing_is_cut_off(window, company_url):
    window.page.set_viewport_size({"width": 390, "height": 844})
    page = window.open(company_url)
    expect(page.get_by_role("combobox", name="CSM")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.get_by_label("Open drawer").click()
    expect(page.get_by_role("combobox", name="CSM")).to_be_visible()


def test_no_store_then_an_empty_one_then_scores_each_have_their_screen(serve_folder, window, tmp_path, fill_store):
    folder = tmp_path / "workspace"
    page = window.open(serve_folder(folder), ready=".screen")
    expect(page.get_by_text("There is no workspace here yet")).to_be_visible()
    fill_store(folder, accounts=20)
    expect(figure(page, "Accounts")).to_have_text("20", timeout=20_000)
    with Store.open(folder) as store:
        store.write(SCORES, SCORES.empty())
    page.get_by_role("button", name="Newer data: show it").click()
    expect(page.get_by_text("No account has a score yet")).to_be_visible()


def test_a_cut_off_commit_and_a_failed_run_are_told_above_every_view(
    serve_folder, window, tmp_path, fill_store, plan_maker
):
    fill_store(tmp_path, accounts=20)
    with Store.open(tmp_path) as store:
        store.intend(plan_maker.intended("c-1", store.latest_plan()[1].head(7)))
        run = store.start_run("pull", "account", NOW - timedelta(minutes=5))
        store.end_run(run, at=NOW - timedelta(minutes=4), status="failed", note="the org did not answer")
    page = window.open(serve_folder(tmp_path))
    for tab in ("Accounts", "Runs"):
        page.get_by_role("tab", name=tab).click()
        expect(page.get_by_text("7 changes are left open")).to_be_visible()
        expect(page.get_by_text("cs-toolkit resume")).to_be_visible()
        expect(page.get_by_text("The last pull failed 4 min ago")).to_be_visible()


def test_CAT_1_somebody_who_is_not_named_sees_nothing(serve_folder, window, tmp_path, fill_store):
    fill_store(tmp_path, accounts=20)
    mapping = tmp_path / "workspace.toml"
    mapping.write_text(mapping.read_text().replace('view = ["*"]', 'view = ["ada"]'))
    page = window.open(serve_folder(tmp_path), ready=".screen")
    expect(page.get_by_text("You may not look at this workspace")).to_be_visible()
    expect(page.get_by_role("tab")).to_have_count(0)
