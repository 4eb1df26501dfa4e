"""The common filters and the five configured columns: what passes, what is offered, and what a reader sees of them."""

from datetime import date

import panel as pn
import polars as pl
import pytest
from playwright.sync_api import expect

from dashboards.columns import configured
from dashboards.data import ACCOUNTS
from dashboards.filters import NOT_SET, Condition, Filters, family, narrow
from dashboards.reader import Reader
from dashboards.sidebar import sidebar
from dashboards.views import attention, health, renewals
from dashboards.views.scene import Scene
from tests.dashboards.looking import cells, rows_of, tables
from toolkit.config import parse, preset_text

# Panel hands tables to Bokeh, which uses a keyword that pandas 3.1 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword in DataFrame.reset_index:DeprecationWarning")


@pytest.fixture(scope="module")
def snapshot(company_folder):
    return Reader(company_folder).snapshot()


def test_CSU_18_the_first_five_by_order_then_alphabetically_are_the_configured_columns(snapshot):
    mapping = parse(preset_text("demo")).objects["account"]
    assert [each.field for each in configured(mapping, snapshot.here, tuple(ACCOUNTS))] == [
        "name",
        "health_score",
        "health_band",
        "stage",
        "account_owner",
    ]
    unordered = tuple(
        each.model_copy(update={"order": None, "visible": each.here != "active_users"}) for each in mapping.fields
    )
    by_name = configured(mapping.model_copy(update={"fields": unordered}), snapshot.here, tuple(ACCOUNTS))
    assert [each.field for each in by_name] == sorted(each.here for each in unordered if each.visible)[:5]


def test_CSU_18_lists_show_the_configured_columns_and_the_sidebar_filters_by_them(snapshot):
    (accounts,) = tables(attention.view(Scene(snapshot)))
    assert {"stage", "account_owner"} <= set(accounts.titles)
    assert {"stage", "account_owner"} <= set(tables(renewals.view(Scene(snapshot)))[0].titles)
    asked = []
    controls = {
        control.label: control
        for control in sidebar(snapshot, Filters(), asked.append).select()
        if hasattr(control, "label")
    }
    controls["Stage"].value = ["At Risk"]
    controls["Account owner"].value = ["Mo Blake"]
    controls["from"].value = "2,5"
    kept = narrow(snapshot.accounts, asked[-1])
    assert set(kept["stage"]) == {"At Risk"}
    assert set(kept["account_owner"]) == {"Mo Blake"}
    assert kept["shown"].min() >= 2.5


def test_a_condition_is_on_values_text_numbers_days_and_truths():
    frame = pl.DataFrame(
        {
            "id": ["a", "b", "c"],
            "text": ["Bank (x)", "bakery", None],
            "size": [1, 20, None],
            "day": [date(2026, 1, 1), date(2026, 6, 1), None],
            "good": [True, False, None],
        }
    )
    for column, condition, ids in (
        ("text", Condition(("bakery", NOT_SET)), ["b", "c"]),
        ("text", Condition(has="K (X"), ["a"]),
        ("size", Condition(low="2"), ["b"]),
        ("size", Condition(high="1"), ["a"]),
        ("size", Condition(low="many"), ["a", "b", "c"]),
        ("day", Condition(low="2026-01-01", high="2026-05-31"), ["a"]),
        ("good", Condition(("Yes", NOT_SET)), ["a", "c"]),
    ):
        assert narrow(frame, Filters(columns=((column, condition),)))["id"].to_list() == ids


def test_DSH_2_a_bar_of_a_chart_opens_as_many_accounts_as_it_counts(snapshot):
    opened = []
    view = health.view(Scene(snapshot, go=lambda view, **pick: opened.append((view, pick))))
    for chart in view.select(pn.pane.Vega):
        rows = rows_of(chart)
        for row in rows[::3]:
            chart.selection.picked = [{"n": row["n"]}]
            chart.selection.picked = []
            place, pick = opened.pop()
            assert place == "accounts"
            kept = narrow(snapshot.accounts, Filters(), pick)
            counted = row.get("accounts", round(row.get("share", 0) * snapshot.accounts.height))
            if row.get("what") != "Revenue":
                assert kept.height == counted


def test_a_parent_keeps_all_levels_below_it_and_a_circle_ends():
    frame = pl.DataFrame({"id": ["a", "b", "c", "d"], "parent_id": [None, "a", "b", None]})
    assert narrow(frame, Filters(parent="a"))["id"].to_list() == ["a", "b", "c"]
    circle = pl.DataFrame({"id": ["a", "b"], "parent_id": ["b", "a"]})
    assert sorted(family(circle, "a")) == ["a", "b"]


def test_CSU_18_a_reader_filters_by_a_configured_column_and_goes_back(window, company_url, snapshot):
    page = window.open(f"{company_url}?view=accounts", ready=".tabulator-row")
    page.get_by_label("Onboarding", exact=True).check()
    left = snapshot.accounts.filter(pl.col("stage") == "Onboarding")
    expect(page.get_by_text(f"{left.height} accounts")).to_be_visible()
    assert set(cells(page, "stage").all_inner_texts()) == {"Onboarding"}
    page.get_by_role("button", name="ARR").click()
    expect(cells(page, "mrr").first).to_have_text(snapshot.money(left["mrr"][0] * 12))
    page.wait_for_url("**money=arr**")
    page.go_back()
    expect(cells(page, "mrr").first).to_have_text(snapshot.money(left["mrr"][0]))
    page.go_back()
    expect(page.get_by_text("300 accounts")).to_be_visible()
    expect(page.get_by_label("Onboarding", exact=True)).not_to_be_checked()
