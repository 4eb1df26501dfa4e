"""The accounts in order of attention, and why one of them has the score it has."""

from collections.abc import Callable
from typing import Any

import altair as alt
import panel as pn
import panel_material_ui as pmui
import polars as pl

from dashboards import theme
from dashboards.data import Filters, Snapshot, narrow
from dashboards.views import parts
from toolkit.health.explain import Driver, Explanation, explain

TITLES = {
    "place": "#",
    "name": "Account",
    "band": "Band",
    "score": "Score",
    "driver": "What pulls it down",
    "mrr": "MRR",
    "renewal_date": "Renewal",
    "csm": "CSM",
    "segment": "Segment",
}
WIDTHS = {
    "place": 46,
    "name": 140,
    "band": 78,
    "score": 98,
    "driver": 210,
    "mrr": 84,
    "renewal_date": 108,
    "csm": 120,
    "segment": 110,
}


def view(
    snapshot: Snapshot, filters: Filters, *, choose: Callable[[str | None], None], clear_band: Callable[[], None]
) -> pn.Column:
    """Return the accounts that pass `filters`, those most in need of attention first.

    `choose` is called with an account's id when its row is selected (None when none is any more), `clear_band` when the
    band filter is dropped.
    """
    accounts = narrow(snapshot.accounts, filters)
    about = f"{theme.plural(accounts.height, 'account')} · {snapshot.money(float(accounts['mrr'].sum() or 0))} MRR"
    head: list[pn.viewable.Viewable] = [
        parts.heading("Accounts in order of attention", f"{about} · choose one to see why it has its score")
    ]
    if filters.band is not None:
        drop = pmui.Button(
            label=f"Band: {filters.band}", end_icon="close", variant="outlined", size="small", margin=0, align="center"
        )
        drop.on_click(lambda _: clear_band())
        head.append(drop)
    table = (
        account_table(snapshot, accounts, choose)
        if accounts.height
        else parts.nothing("No account passes these filters.")
    )
    return parts.page(parts.card(parts.bar(*head), table))


def account_table(
    snapshot: Snapshot, accounts: pl.DataFrame, choose: Callable[[str | None], None]
) -> pn.widgets.Tabulator:
    """Return the table of `accounts`, in their order; columns sort by the figure behind what they show."""
    shown = accounts.with_columns(
        tone=snapshot.tones(),
        part=pl.col("score").fill_null(0.0).round(1),
        score_text=pl.col("shown").map_elements(snapshot.figure, return_dtype=pl.String, skip_nulls=False),
        mrr_text=pl.col("mrr").map_elements(snapshot.money, return_dtype=pl.String, skip_nulls=False),
    )
    ids = accounts["id"].to_list()
    return parts.table(
        shown.select(*TITLES, "tone", "part", "score_text", "mrr_text"),
        TITLES,
        formatters={
            "band": parts.chip("tone"),
            "score": parts.meter("score_text", "tone", "part"),
            "mrr": parts.said("mrr_text"),
            "renewal_date": parts.DAY,
        },
        widths=WIDTHS,
        right=("place", "mrr"),
        filters=("name", "band", "driver", "csm", "segment"),
        give_way=("segment", "csm", "place", "renewal_date", "driver", "mrr"),
        choose=lambda row: choose(None if row is None else ids[row]),
    )


def explanation(snapshot: Snapshot, account_id: str, *, dark: bool) -> pn.Column:
    """Return why an account has its score: its facts, what every measure gave of what it could, what would turn it."""
    account = snapshot.accounts.row(by_predicate=pl.col("id") == account_id, named=True)
    if snapshot.profile is None or snapshot.scores.filter(pl.col("id") == account_id).is_empty():
        return parts.stack(
            _facts(snapshot, account), parts.nothing("This account was not scored yet."), padding="16px 20px"
        )
    told = explain(snapshot.scores, snapshot.contributions, snapshot.profile, account_id)
    return parts.stack(_facts(snapshot, account), *_measures(snapshot, told, dark), padding="16px 20px", gap="16px")


def _facts(snapshot: Snapshot, account: dict[str, Any]) -> pn.pane.HTML:
    facts = {
        "MRR": snapshot.money(account["mrr"]),
        "Renewal": theme.day(account["renewal_date"]),
        "CSM": account["csm"],
        "Segment": account["segment"],
        "Stage": account["stage"],
        "Coverage": theme.share(account["coverage"]),
    }
    listed = "".join(f"<dt>{theme.text(label)}</dt><dd>{theme.text(value)}</dd>" for label, value in facts.items())
    figure, tone = snapshot.figure(account["shown"]), snapshot.tone(account["band"])
    return parts.html(
        f'<h2 class="name">{theme.text(account["name"])}</h2>'
        f'<p class="score"><span class="figure">{theme.text(figure)}</span>'
        f'<span class="quiet">of {snapshot.top:g}</span>'
        f'<span class="chip" style="--tone:{tone}">{theme.text(account["band"])}</span></p><dl>{listed}</dl>',
    )


def _measures(snapshot: Snapshot, told: Explanation, dark: bool) -> list[pn.viewable.Viewable]:
    counted = sorted((each for each in told.drivers if each.weight > 0), key=lambda each: -each.lost)
    if not counted:
        return [parts.nothing("No measure of the health profile has a value for this account.")]
    turns = [f"It {turn}." for turn in (told.better, told.worse) if turn is not None]
    listed = "".join(f"<li>{theme.text(turn)}</li>" for turn in turns)
    unknown = f"Not known: {', '.join(told.unknown)}." if told.unknown else ""
    return [
        parts.heading(
            "How the score is made up",
            "A bar is as long as the measure's weight and filled by what was earned. What costs most comes first.",
        ),
        parts.chart(
            _bars(snapshot, counted, dark),
            dark=dark,
            height=46 * len(counted),
            label=f"What each measure earned of its weight; {counted[0].measure} costs the most",
        ),
        *(
            [
                parts.html(
                    f"<h3>What would turn it</h3><ul>{listed}</ul>",
                )
            ]
            if turns
            else []
        ),
        *([parts.html(f'<p class="quiet">{theme.text(unknown)}</p>')] if unknown else []),
    ]


def _bars(snapshot: Snapshot, drivers: list[Driver], dark: bool) -> alt.LayerChart:
    scale = snapshot.top  # weights and points are parts of 1 and 100, shown on the profile's scale
    rows = [
        {
            "measure": each.measure,
            "earned": each.earned * scale / 100,
            "most": each.weight * scale,
            "tone": snapshot.tone(snapshot.band_of(each.points)),
            "said": f"{each.earned * scale / 100:.1f} of {each.weight * scale:.1f}",
            "value": snapshot.value_of(each.measure, each.value),
            "title": f"{each.measure}: {snapshot.value_of(each.measure, each.value)}",
        }
        for each in drivers
    ]
    ink = theme.palette(dark=dark)
    longest = alt.Scale(domain=[0, max(row["most"] for row in rows)])
    base = alt.Chart(alt.InlineData(rows)).encode(
        y=alt.Y("measure:N", sort=[row["measure"] for row in rows], axis=None, scale=alt.Scale(padding=0)),
        tooltip=[
            alt.Tooltip("measure:N", title="Measure"),
            alt.Tooltip("value:N", title="Value"),
            alt.Tooltip("said:N", title="Earned"),
        ],
    )
    track = base.mark_bar(size=8, cornerRadius=4, yOffset=10, color=ink["track"])
    filled = base.mark_bar(size=8, cornerRadius=4, yOffset=10)
    words = base.mark_text(align="left", dy=-8, fontSize=13, limit=270)
    figures = base.mark_text(align="right", dy=-8, color=ink["quiet"])
    return alt.layer(
        track.encode(x=alt.X("most:Q", scale=longest, axis=None)),
        filled.encode(x=alt.X("earned:Q", scale=longest, axis=None), color=alt.Color("tone:N", scale=None)),
        words.encode(x=alt.value(0), text="title:N"),
        figures.encode(x=alt.value("width"), text="said:N"),
    )
