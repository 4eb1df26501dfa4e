"""The charts of the revenue page: the waterfall, the bridge between both bases of retention, and the months."""

from typing import Any

import altair as alt
import panel as pn
import polars as pl

from dashboards import theme
from dashboards.views import parts
from dashboards.views.revenue_figures import STEPS, Figures
from dashboards.views.scene import Scene
from toolkit.revenue import MOVEMENTS

GAIN, LOSS, LEVEL = "#2E9E6B", "#D6453D", "#3056D3"
TONES = {
    "start": LEVEL,
    "new": "#1B7F79",
    "reactivation": "#4FA8A0",
    "upgrade": GAIN,
    "downgrade": "#EFAE2B",
    "churn": LOSS,
    "end": LEVEL,
}
SHORT = {
    "start": "Start",
    "new": "New",
    "reactivation": "Back",
    "upgrade": "Up",
    "downgrade": "Down",
    "churn": "Churn",
    "end": "End",
}
"""What the bars are called on an axis, also on a phone."""
SAID = {
    "renewing contracts": "Of what came up for renewal",
    "not up for renewal": "What was not up for renewal was kept",
    "growth outside renewals": "Growth outside renewals",
    "all contracts": "Of all revenue at the start",
}


def moved(amount: float | None, symbol: str) -> str:
    """Return an amount of a table of movements, in which a dot stands for what did not move."""
    return theme.money(amount, symbol) if amount else "·"


def waterfall_card(scene: Scene, told: Figures) -> pn.Column:
    """Return the waterfall of the period; a bar opens the accounts that moved so."""
    symbol, steps = told.symbol(scene.snapshot.symbol), list(STEPS)
    rows = _bars(told, symbol)
    base = alt.Chart(alt.InlineData(rows)).encode(
        x=alt.X("short:N", sort=list(SHORT.values()), title=None, axis=alt.Axis(labelAngle=0, ticks=False)),
        tooltip=[alt.Tooltip("step:N", title="Step"), alt.Tooltip("said:N", title=scene.filters.money)],
    )
    bars = (
        base.mark_bar(cursor="pointer", width={"band": 0.7}, cornerRadius=2)
        .add_params(parts.picked())
        .encode(
            y=alt.Y("low:Q", title=None, axis=alt.Axis(labelExpr=parts.amounts(symbol), tickCount=4, domain=False)),
            y2="high:Q",
            color=alt.Color("tone:N", scale=None),
        )
    )
    labels = base.mark_text(dy=-8, fontSize=11).encode(y="high:Q", text="said:N")
    between = ", ".join(f"{row['step']} {row['said']}" for row in rows[1:-1])
    chart = parts.chart(
        bars + labels,
        dark=scene.dark,
        height=300,
        label=f"Revenue went from {rows[0]['said']} to {rows[-1]['said']}; {between}",
        open_list=lambda n: scene.go("revenue", **told.pick, list=steps[n]),
    )
    about = "Each account's net movement, month by month. Choose a bar to see its accounts."
    return parts.card(parts.heading(f"{scene.filters.money} waterfall", about), chart)


def _bars(told: Figures, symbol: str) -> list[dict[str, Any]]:
    # Each bar floats where the one before it ended.
    whole = told.whole or {}
    rows, level = [], 0.0
    for n, (step, label) in enumerate(STEPS.items()):
        amount = whole[step]
        stands = step in ("start", "end")
        low, level = (0.0, amount) if stands else (level, level + amount)
        said = theme.money(amount, symbol)
        rows.append(
            {
                "n": n,
                "step": label,
                "short": SHORT[step],
                "low": min(low, level),
                "high": max(low, level),
                "tone": TONES[step],
                "said": f"+{said}" if amount > 0 and not stands else said,
            }
        )
    return rows


def bridge_card(told: Figures) -> pn.Column:
    """Return both rates on both bases, and what leads from one basis to the other."""
    head = parts.heading(
        "Retention on both bases, and the bridge between them",
        "Renewing is divided by what came up for renewal, all by everything in force at the start.",
    )
    if told.retained is None:
        return parts.card(head, parts.nothing("There was no revenue at the start of the period."))
    rows = []
    for step, said in SAID.items():
        cells = []
        for rate in ("grr", "nrr"):
            found = told.bridge.filter((pl.col("rate") == rate) & (pl.col("step") == step))
            value = found["value"][0] if found.height else None
            ends = step in ("renewing contracts", "all contracts")
            none = "" if not found.height else "nothing came up" if value is None else None
            cells.append(none if none is not None else theme.rate(value) if ends else theme.points(value))
        strong = ' class="sum"' if step in ("renewing contracts", "all contracts") else ""
        body = "".join(f"<td>{theme.text(cell) if cell else ''}</td>" for cell in cells)
        rows.append(f"<tr{strong}><th scope='row'>{theme.text(said)}</th>{body}</tr>")
    return parts.card(
        head,
        parts.html(
            '<table class="fields bridge"><thead><tr><th scope="col">Step</th><th scope="col">Gross (GRR)</th>'
            f'<th scope="col">Net (NRR)</th></tr></thead><tbody>{"".join(rows)}</tbody></table>'
        ),
    )


def months_card(scene: Scene, told: Figures) -> pn.Column:
    """Return the movements of each month, as bars and as a table; both open the accounts that moved."""
    symbol = told.symbol(scene.snapshot.symbol)
    months = told.months.to_dicts()
    rows = [
        {
            "n": n * len(MOVEMENTS) + place,
            "month": month["month"].isoformat(),
            "when": f"{month['month']:%B %Y}",
            "step": STEPS[step],
            "amount": month[step],
            "said": theme.money(month[step], symbol),
        }
        for n, month in enumerate(months)
        for place, step in enumerate(MOVEMENTS)
        if month[step]
    ]
    head = parts.heading("Month by month", "What was won and lost each month. Choose a month to see its accounts.")
    chart = [_months_chart(scene, told, rows)] if rows else []
    return parts.card(head, *chart, _months_table(scene, told, symbol))


def _months_chart(scene: Scene, told: Figures, rows: list[dict[str, Any]]) -> pn.pane.Vega:
    months, names = told.months["month"].to_list(), list(MOVEMENTS)
    bars = (
        alt.Chart(alt.InlineData(rows))
        .mark_bar(cursor="pointer", width={"band": 0.7})
        .add_params(parts.picked())
        .encode(
            x=alt.X(
                "utcyearmonth(month):O",
                title=None,
                axis=alt.Axis(format="%b %y", labelAngle=0, labelOverlap=True, ticks=False),
            ),
            y=alt.Y(
                "amount:Q",
                title=None,
                axis=alt.Axis(labelExpr=parts.amounts(told.symbol(scene.snapshot.symbol)), tickCount=5, domain=False),
            ),
            color=alt.Color(
                "step:N",
                scale=alt.Scale(domain=[STEPS[step] for step in names], range=[TONES[step] for step in names]),
                legend=alt.Legend(orient="top", title=None, offset=4, direction="horizontal", columns=3),
            ),
            tooltip=[
                alt.Tooltip("when:N", title="Month"),
                alt.Tooltip("step:N", title="Step"),
                alt.Tooltip("said:N", title=scene.filters.money),
            ],
        )
    )

    def open_list(n: int) -> None:
        month, step = months[n // len(names)], names[n % len(names)]
        scene.go("revenue", **told.pick, list=step, month=month.isoformat())

    return parts.chart(
        bars, dark=scene.dark, height=240, label="Revenue won and lost in each month", open_list=open_list
    )


def _months_table(scene: Scene, told: Figures, symbol: str) -> pn.widgets.Tabulator:
    newest_first = told.months.sort("month", descending=True)
    shown = newest_first.with_columns(
        month_text=pl.col("month").dt.strftime("%b %Y"),
        **{f"{step}_text": parts.told(step, lambda amount: moved(amount, symbol)) for step in STEPS},
    )
    titles = {"month": "Month"} | STEPS
    months = newest_first["month"].to_list()
    return parts.table(
        shown.select(*titles, "month_text", *(f"{step}_text" for step in STEPS)),
        titles,
        formatters={"month": parts.said("month_text"), **{step: parts.said(f"{step}_text") for step in STEPS}},
        right=tuple(STEPS),
        widths=dict.fromkeys(STEPS, 88) | {"month": 84},
        give_way=("reactivation", "start", "downgrade", "upgrade", "new", "churn"),
        rows=12,
        choose=lambda row: (
            scene.go("revenue", **told.pick, list="moved", month=months[row].isoformat()) if row is not None else None
        ),
    )
