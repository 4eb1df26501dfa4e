"""Why an account has the score it has: what every measure gave of what it could, and what would turn it."""

import altair as alt
import panel as pn
import polars as pl

from dashboards import theme
from dashboards.data import Snapshot
from dashboards.views import parts
from toolkit.health.explain import Driver, Explanation, explain


def explanation(snapshot: Snapshot, account_id: str, *, dark: bool) -> list[pn.viewable.Viewable]:
    """Return why an account has its score, as panes below each other."""
    if snapshot.profile is None or snapshot.scores.filter(pl.col("id") == account_id).is_empty():
        return [parts.heading("How the score is made up"), parts.nothing("This account was not scored yet.")]
    told = explain(snapshot.scores, snapshot.contributions, snapshot.profile, account_id)
    return _measures(snapshot, told, dark)


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
