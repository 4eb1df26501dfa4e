"""How tests look at a page: a figure by its label, the cells of a column, what a view's panes say."""

import re

import panel as pn
from playwright.sync_api import Locator, Page


def figure(page: Page, label: str) -> Locator:
    """Return the figure of the card with that label."""
    return page.locator(".figure-card").filter(has_text=re.compile(rf"^\W*{re.escape(label)}")).locator(".figure")


def card(page: Page, label: str) -> Locator:
    """Return the button that opens the list behind the figure with that label."""
    return page.get_by_role("button", name=re.compile(rf"^\W*{re.escape(label)}"))


def cells(page: Page, field: str) -> Locator:
    """Return a column's cells of all tables that are in sight."""
    return page.locator(f".tabulator-row .tabulator-cell[tabulator-field={field}]")


def words(view: pn.viewable.Viewable) -> str:
    """Return everything that a view says in HTML."""
    return " ".join(pane.object for pane in view.select(pn.pane.HTML))


def tables(view: pn.viewable.Viewable) -> list[pn.widgets.Tabulator]:
    """Return a view's tables."""
    return list(view.select(pn.widgets.Tabulator))


ON_A_PHONE = 342
"""Pixels that a table has in a window 400 wide."""


def rows_of(chart: pn.pane.Vega) -> list[dict]:
    """Return the rows that a chart draws."""
    found = chart.object.get("datasets") or {"inline": chart.object["data"]["values"]}
    return max(found.values(), key=len)


def kept(table: pn.widgets.Tabulator) -> dict[str, int]:
    """Return the columns of a table that stay however narrow the window is, and how wide each is at least."""
    return {each["field"]: each["minWidth"] for each in table._configuration["columns"] if not each["responsive"]}
