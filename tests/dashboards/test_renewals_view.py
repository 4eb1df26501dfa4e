"""The renewals page: what comes up, what is overdue, until when notice can be given."""

from datetime import timedelta

import panel as pn
import polars as pl
import pytest
from playwright.sync_api import expect

from dashboards.filters import Filters
from dashboards.reader import Reader
from dashboards.views import renewals
from dashboards.views.scene import Scene
from tests.dashboards.looking import card, cells, figure, rows_of, tables, words
from toolkit.revenue import renewals as worked_out

# Panel hands tables to Bokeh, which uses a keyword that pandas 3.1 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword in DataFrame.reset_index:DeprecationWarning")


@pytest.fixture(scope="module")
def snapshot(company_folder):
    return Reader(company_folder).snapshot()


def test_DSH_3_the_list_has_the_next_90_days_overdue_first(snapshot):
    today = snapshot.now.date()
    (table,) = tables(renewals.view(Scene(snapshot)))
    due = worked_out(snapshot.agreements, today)
    assert len(table.value) == due.height
    overdue = due["overdue"].sum()
    assert 0 < overdue < due.height
    assert set(table.value["action_text"][:overdue]) == {"Overdue"}
    coming = [each.date() for each in table.value["renewal_date"][overdue:]]
    assert coming == sorted(coming)
    assert coming[0] > today
    assert coming[-1] <= today + timedelta(days=90)


def test_DSH_3_bubbles_are_by_day_score_and_revenue_and_the_period_widens_them(snapshot):
    bubbles, calendar = renewals.view(Scene(snapshot)).select(pn.pane.Vega)
    rows = rows_of(bubbles)
    some = rows[0]
    agreed = snapshot.agreements.join(
        snapshot.accounts.select(account_id="id", account="name", shown="shown"), on="account_id"
    )
    found = agreed.filter((pl.col("account") == some["account"]) & (pl.col("mrr") == some["revenue"]))
    assert some["day"] in [(end + timedelta(days=1)).isoformat() for end in found["end"]]
    assert some["shown"] in found["shown"].to_list()
    assert {row["kind"] for row in rows_of(calendar)} == {"Renewal", "Last day of notice"}
    wider, _ = renewals.view(Scene(snapshot, Filters(days=365))).select(pn.pane.Vega)
    assert len(rows_of(wider)) > len(rows)


def test_DSH_3_each_figure_is_as_long_as_the_list_it_opens(snapshot):
    counts = renewals.upcoming(Scene(snapshot))["action"].value_counts()
    for action, number in counts.iter_rows():
        (table,) = tables(renewals.view(Scene(snapshot, pick={"action": action})))
        assert len(table.value) == number
    weeks = rows_of(list(renewals.view(Scene(snapshot)).select(pn.pane.Vega))[1])
    for week in weeks[:6]:
        by = "notice" if week["kind"] == "Last day of notice" else "renewal"
        (table,) = tables(renewals.view(Scene(snapshot, pick={"week": week["week"], "by": by})))
        assert len(table.value) == week["agreements"]


def test_DSH_3_without_agreements_the_page_says_what_to_add(tmp_path, fill_store):
    fill_store(tmp_path, accounts=20, objects=False)
    said = words(renewals.view(Scene(Reader(tmp_path).snapshot())))
    assert "[objects.agreement]" in said
    assert "cs-toolkit import --workspace" in said


def test_DSH_3_a_reader_sees_what_is_overdue_and_opens_its_account(window, company_url, snapshot):
    page = window.open(f"{company_url}?view=renewals")
    due = renewals.upcoming(Scene(snapshot))
    overdue = due.filter(pl.col("overdue"))
    expect(figure(page, "Overdue")).to_have_text(str(overdue.height))
    card(page, "Overdue").click()
    expect(cells(page, "account")).to_have_text(overdue["account"].to_list())
    page.wait_for_url("**action=overdue**")
    cells(page, "account").first.click()
    expect(page.get_by_role("heading", name=overdue["account"][0])).to_be_visible()
    page.get_by_role("link", name="‹ Renewals").click()
    expect(cells(page, "account")).to_have_text(overdue["account"].to_list())
