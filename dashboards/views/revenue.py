"""Recurring revenue (DSH-4): how it moved month by month, what was retained on both bases in use, one-time fees apart.

Every figure comes from `toolkit.revenue`, where its rule is stated. Amounts of one currency are shown at a time.
"""

from dataclasses import dataclass
from datetime import date

import panel as pn
import panel_material_ui as pmui

from dashboards import theme
from dashboards.filters import of_accounts
from dashboards.views import parts, revenue_charts, revenue_lists, states
from dashboards.views.revenue_figures import Figures, figures
from dashboards.views.scene import Scene

DAYS = 365
"""The usual period, in days; a period is of whole months."""


@dataclass(frozen=True)
class Span:
    """The months that are compared, both by their first day."""

    start: date
    end: date

    def __str__(self) -> str:
        return f"{self.start:%b %Y} to {self.end:%b %Y}"


def span(today: date, days: int) -> Span:
    """Return the period of as many whole months as `days` are, at least one, that ends with the month of `today`."""
    months = max(1, round(days / 30.4375))
    end = today.replace(day=1)
    first = end.year * 12 + end.month - 1 - months
    return Span(date(first // 12, first % 12 + 1, 1), end)


def view(scene: Scene) -> pn.Column:
    """Return the page; what is picked (a step, a month, a rate) opens its list of accounts."""
    agreements = scene.snapshot.agreements
    if agreements is None or agreements.is_empty():
        said = "How recurring revenue moved and what was retained is not known without them."
        return parts.page(states.missing(scene.snapshot, "agreement", said))
    months = span(scene.snapshot.now.date(), scene.days(DAYS))
    currency = scene.pick.get("currency")
    told = scene.snapshot.once(
        ("revenue", months, scene.filters, currency),
        lambda: figures(
            of_accounts(agreements, scene.accounts), months.start, months.end, arr=scene.filters.arr, currency=currency
        ),
    )
    if told.whole is None:
        said = f"No agreement of these accounts was in force in {months}."
        return parts.page(parts.card(_head(scene, told, months), parts.nothing(said)))
    return parts.page(
        parts.card(_head(scene, told, months)),
        parts.grid(*_cards(scene, told, months), smallest=150, most=3),
        *revenue_lists.opened(scene, told),
        parts.grid(revenue_charts.waterfall_card(scene, told), revenue_charts.bridge_card(told), smallest=420, most=2),
        revenue_charts.months_card(scene, told),
        *([] if scene.pick.get("list") == "fees" else [revenue_lists.fees_card(scene, told)]),
    )


def _head(scene: Scene, told: Figures, months: Span) -> pn.Column:
    left = theme.plural(told.left.height, "agreement is", "agreements are")
    others = ", ".join(code or "no currency" for code in told.currencies if code != told.currency)
    said = f"In {told.currency}" if told.currency else "In the only currency of the org"
    if told.left.height:
        said += f"; {left} in {others}, which is never added without a rate, and left out here"
    head = parts.heading(
        f"{scene.filters.money}, {months}", f"{said}. Of a month counts what is in force on its first day."
    )
    if len(told.currencies) < 2:
        return parts.bar(head)
    choice = pmui.RadioButtonGroup(
        label="Currency", options=list(told.currencies), value=told.currency, size="small", margin=0
    )
    choice.param.watch(lambda event: scene.go("revenue", currency=event.new), "value")
    return parts.bar(head, choice)


def _cards(scene: Scene, told: Figures, months: Span) -> list[pn.viewable.Viewable]:
    whole, kept = told.whole or {}, told.retained or {}
    pick = told.pick
    change = (whole["end"] - whole["start"]) / whole["start"] if whole["start"] else None
    grown = f"{change:+.0%} since {months.start:%b %Y}" if change is not None else f"nothing in {months.start:%b %Y}"

    def rate_card(label: str, rate: str, about: str) -> pn.viewable.Viewable:
        return parts.figure_card(
            label,
            theme.rate(kept.get(rate)),
            about,
            on_click=lambda: scene.go("revenue", **pick, list=rate),
        )

    up = theme.money(kept.get("renewing"), told.symbol(scene.snapshot.symbol))
    return [
        parts.figure_card(
            f"{scene.filters.money} now",
            theme.money(whole["end"], told.symbol(scene.snapshot.symbol)),
            grown,
            on_click=lambda: scene.go("revenue", **pick, list="end"),
        ),
        rate_card("Net retention, all revenue", "nrr", "NRR: what customers of then pay now"),
        rate_card("Gross retention, all revenue", "grr", "GRR: without what they added"),
        parts.figure_card(
            "One-time fees",
            theme.money(float(told.fees["one_time"].sum() or 0), told.symbol(scene.snapshot.symbol)),
            "in the period, in no recurring figure",
            on_click=lambda: scene.go("revenue", **pick, list="fees"),
        ),
        rate_card("Net retention, renewing", "nrr_renewing", f"of {up} that came up for renewal"),
        rate_card("Gross retention, renewing", "grr_renewing", f"of {up} that came up for renewal"),
    ]
