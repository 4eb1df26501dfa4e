"""The revenue page: the waterfall, retention on both bases and the bridge between them, one-time fees apart."""

from dataclasses import replace
from datetime import date

import panel as pn
import polars as pl
import pytest
from playwright.sync_api import expect

from dashboards import theme
from dashboards.filters import Filters, of_accounts
from dashboards.reader import Reader
from dashboards.views import revenue
from dashboards.views.scene import Scene
from tests.dashboards.looking import card, cells, figure, rows_of, tables, words
from toolkit.revenue import bridge, monthly, one_time_fees, retention, waterfall

START, END = date(2025, 11, 1), date(2026, 11, 1)

# Panel hands tables to Bokeh, which uses a keyword that pandas 3.1 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword in DataFrame.reset_index:DeprecationWarning")


@pytest.fixture(scope="module")
def snapshot(company_folder):
    return Reader(company_folder).snapshot()


@pytest.fixture(scope="module")
def retained(snapshot):
    return retention(snapshot.agreements, monthly(snapshot.agreements, END), START, END)


def test_DSH_4_a_period_is_of_whole_months_and_ends_with_this_one():
    assert revenue.span(date(2026, 11, 22), 365) == revenue.Span(date(2025, 11, 1), date(2026, 11, 1))
    assert revenue.span(date(2026, 1, 31), 30) == revenue.Span(date(2025, 12, 1), date(2026, 1, 1))
    assert revenue.span(date(2026, 3, 1), 90) == revenue.Span(date(2025, 12, 1), date(2026, 3, 1))


def test_DSH_4_both_rates_stand_on_both_bases_and_the_bridge_leads_from_one_to_the_other(snapshot, retained):
    said = words(revenue.view(Scene(snapshot)))
    row = retained.row(0, named=True)
    assert len({row["grr"], row["grr_renewing"], row["nrr"], row["nrr_renewing"]}) == 4
    for rate in ("grr", "nrr", "grr_renewing", "nrr_renewing"):
        assert f'<div class="figure">{theme.rate(row[rate])}</div>' in said
    steps = bridge(retained).filter((pl.col("rate") == "nrr") & (pl.col("step") == "not up for renewal"))
    assert f"<td>{theme.points(steps['value'][0])}</td>" in said


@pytest.mark.parametrize("arr", [False, True])
def test_DSH_4_the_waterfall_and_its_months_are_those_of_the_revenue_functions(snapshot, arr):
    measure = "arr" if arr else "mrr"
    mrr = monthly(snapshot.agreements, END)
    whole = waterfall(mrr, START, END, measure=measure).row(0, named=True)
    view = revenue.view(Scene(snapshot, Filters(arr=arr)))
    bars = {row["step"]: row for row in rows_of(next(iter(view.select(pn.pane.Vega))))}
    assert bars["Start"]["high"] == whole["start"]
    assert bars["End"]["high"] == whole["end"]
    assert bars["Churn"]["high"] - bars["Churn"]["low"] == pytest.approx(-whole["churn"])
    months = next(table for table in tables(view) if "month" in table.titles and "churn" in table.titles)
    assert months.value["churn"].sum() == pytest.approx(whole["churn"])
    assert len(months.value) == 12


def test_DSH_4_one_time_fees_stand_apart(snapshot):
    fees = one_time_fees(snapshot.agreements).filter(pl.col("month").is_between(START, END))
    said = words(revenue.view(Scene(snapshot)))
    assert f'<div class="figure">{snapshot.money(fees["one_time"].sum())}</div>' in said
    assert "in no recurring figure" in said


def test_DSH_4_currencies_are_never_added_and_what_is_left_out_is_said(snapshot):
    euros = pl.when(pl.int_range(pl.len()) % 3 == 0).then(pl.lit("EUR")).otherwise("currency").alias("currency")
    mixed = replace(snapshot, agreements=snapshot.agreements.with_columns(euros), kept={})
    said = words(revenue.view(Scene(mixed)))
    left = mixed.agreements.filter(pl.col("currency") == "EUR").height
    assert f"In USD; {left} agreements are in EUR" in said
    only = monthly(mixed.agreements.filter(pl.col("currency") == "EUR"), END).filter(pl.col("month") == END)
    assert theme.money(only["mrr"].sum(), "€") in words(revenue.view(Scene(mixed, pick={"currency": "EUR"})))


def test_DSH_4_the_list_behind_a_step_adds_up_to_it_and_keeps_to_the_filters(snapshot):
    filters = Filters(("Enterprise",))
    scene = Scene(snapshot, filters, {"list": "upgrade"})
    own = of_accounts(snapshot.agreements, scene.accounts)
    whole = waterfall(monthly(own, END), START, END).row(0, named=True)
    listed = tables(revenue.view(scene))[0].value
    assert listed["upgrade"].sum() == pytest.approx(whole["upgrade"])
    names = set(scene.accounts["name"])
    assert set(listed["account"]) <= names


def test_DSH_4_a_reader_switches_to_arr_and_opens_the_accounts_that_churned(window, company_url, snapshot, retained):
    page = window.open(f"{company_url}?view=revenue")
    row = retained.row(0, named=True)
    expect(figure(page, "Gross retention, all revenue")).to_have_text(theme.rate(row["grr"]))
    now = monthly(snapshot.agreements, END).filter(pl.col("month") == END)
    expect(figure(page, "MRR now")).to_have_text(snapshot.money(now["mrr"].sum()))
    page.get_by_role("button", name="ARR").click()
    expect(figure(page, "ARR now")).to_have_text(snapshot.money(now["arr"].sum()))
    card(page, "Gross retention, renewing").click()
    expect(page.get_by_role("heading", name="Gross retention, renewing")).to_be_visible()
    page.wait_for_url("**list=grr_renewing**")
    cells(page, "account").first.click()
    expect(page.get_by_role("link", name="‹ Revenue")).to_be_visible()


def test_DSH_4_a_bar_of_the_waterfall_opens_its_list(window, company_url):
    page = window.open(f"{company_url}?view=revenue")
    chart = page.locator("canvas, svg.marks").first
    chart.wait_for()
    box = chart.bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.94, box["y"] + box["height"] * 0.8)
    expect(page.get_by_role("heading", name="End", exact=True)).to_be_visible()
    page.wait_for_url("**list=end**")
