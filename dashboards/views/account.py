"""Everything about one account (DSH-7): its facts, its score explained, its past, its fields, its people, its papers.

The fields of the mapping file are shown in the configured order, only those that are visible (CSU-16, CSU-17); those
beyond the five that lists show are in the Salesforce Account module as well (CSU-19).
"""

from datetime import date
from typing import Any

import altair as alt
import panel as pn
import polars as pl

from dashboards import columns, theme
from dashboards.data import Details, Snapshot
from dashboards.views import account_lineage, account_lists, parts
from dashboards.views.explanation import explanation
from dashboards.views.scene import Scene
from toolkit.config.objects import FieldMapping

MOST_BELOW = 12
"""So many accounts below this one are named; the others are in the list."""


def view(scene: Scene, details: Details, *, back: tuple[str, str]) -> pn.Column:
    """Return the page of the account that the pick's ``id`` names; `back` is the label and the address to return to."""
    account_id = scene.pick.get("id", "")
    found = scene.snapshot.here.filter(pl.col("id") == account_id)
    if found.is_empty():
        about = f'No account here has the id "{account_id}". It may have left the customer\'s files.'
        return parts.page(_back(back), parts.screen("This account is not here", about, "Look for it in the list:"))
    here = found.row(0, named=True)
    listed = scene.snapshot.accounts.filter(pl.col("id") == account_id)
    account = here | (
        listed.row(0, named=True) if listed.height else dict.fromkeys(scene.snapshot.accounts.columns[1:])
    )
    account["name"] = here.get("name") or account_id
    return parts.page(
        _head(scene, account, here, back),
        parts.grid(
            parts.card(*explanation(scene.snapshot, account_id, dark=scene.dark), *_history(scene, details)),
            _module(scene.snapshot, here, details),
            smallest=420,
            most=2,
        ),
        *account_lists.lists(scene, account_id),
        *account_lineage.lineage(scene, account_id, details),
    )


def _back(back: tuple[str, str]) -> pn.pane.HTML:
    label, query = back
    return parts.html(f'<p class="back"><a href="{theme.text(query)}">‹ {theme.text(label)}</a></p>')


def _head(scene: Scene, account: dict[str, Any], here: dict[str, Any], back: tuple[str, str]) -> pn.Column:
    snapshot = scene.snapshot
    figure, tone = snapshot.figure(account["shown"]), snapshot.tone(account["band"])
    told = f'<span class="figure">{theme.text(figure)}</span><span class="quiet">of {snapshot.top:g}</span>'
    chips = f'<span class="chip" style="--tone:{tone}">{theme.text(account["band"])}</span>' if account["band"] else ""
    listed = "".join(
        f"<div><dt>{theme.text(label)}</dt><dd>{value}</dd></div>" for label, value in _facts(scene, account, here)
    )
    return parts.card(
        _back(back),
        parts.html(
            f'<h2 class="name">{theme.text(account["name"])}</h2>{_gone(here)}'
            f'<p class="score">{told}{chips}</p><dl class="facts">{listed}</dl>{_below(scene, account["id"])}'
        ),
    )


def _facts(scene: Scene, account: dict[str, Any], here: dict[str, Any]) -> list[tuple[str, str]]:
    # label and escaped value; the five configured fields first, each once
    own = {column.field: (column.title, columns.said(here.get(column.field))) for column in scene.snapshot.columns}
    for name in ("name", "health_score", "health_band"):
        own.pop(name, None)  # said above already
    now = scene.snapshot.now
    usual = {
        "mrr": (scene.filters.money, scene.amount(account["mrr"])),
        "renewal_date": ("Renewal", _due(account["renewal_date"], now.date())),
        "touched": (
            "Last touch",
            theme.age(account["touched_at"], now) if scene.snapshot.interactions is not None else None,
        ),
        "csm": ("CSM", account["csm"]),
        "segment": ("Segment", account["segment"]),
        "stage": ("Stage", account["stage"]),
        "coverage": ("Data coverage", theme.share(account["coverage"])),
    }
    facts = [(label, theme.text(value)) for label, value in (own | usual).values() if value is not None]
    if account["parent_id"]:
        name = _name_of(scene.snapshot, account["parent_id"])
        facts.append(("Parent", scene.account_link(account["parent_id"], name)))
    return facts


def _due(day: date | None, today: date) -> str:
    if day is None:
        return theme.NO_VALUE
    left = (day - today).days
    told = f"in {theme.plural(left, 'day')}" if left >= 0 else f"{theme.plural(-left, 'day')} ago"
    return f"{theme.day(day)} ({told})"


def _gone(here: dict[str, Any]) -> str:
    said = [(here.get("churned_on"), "Churned on {}."), (here.get("archived_on"), "Archived on {}: no list shows it.")]
    words = " ".join(text.format(theme.day(day)) for day, text in said if day is not None)
    return f'<p class="quiet">{theme.text(words)}</p>' if words else ""


def _below(scene: Scene, account_id: str) -> str:
    below = scene.snapshot.accounts.filter(pl.col("parent_id") == account_id).sort("name", "id")
    if below.is_empty():
        return ""
    rows = below.head(MOST_BELOW).select("id", "name").iter_rows()
    named = ", ".join(scene.account_link(id_, name) for id_, name in rows)
    more = f" and {below.height - MOST_BELOW} more" if below.height > MOST_BELOW else ""
    return f'<p class="quiet below">Below it: {named}{more}</p>'


def _name_of(snapshot: Snapshot, account_id: str) -> str:
    found = snapshot.here.filter(pl.col("id") == account_id)
    return found["name"][0] if found.height and "name" in found.columns and found["name"][0] else account_id


def _history(scene: Scene, details: Details) -> list[pn.viewable.Viewable]:
    past = details.history.drop_nulls("shown").unique("as_of", keep="last", maintain_order=True).sort("as_of")
    head = parts.heading("The score over time", "Each day on which it was scored.")
    if past.height < 2:
        when = f", of {theme.day(past['as_of'][0])}" if past.height else ""
        return [head, parts.nothing(f"There is {'one score' if past.height else 'no score'} so far{when}.")]
    top = scene.snapshot.top
    rows = [
        {
            "at": row["as_of"].isoformat(),
            "day": theme.day(row["as_of"]),
            "score": row["shown"],
            "band": row["band"],
            "tone": scene.snapshot.tone(row["band"]),
        }
        for row in past.iter_rows(named=True)
    ]
    base = alt.Chart(alt.InlineData(rows)).encode(
        x=alt.X(
            "at:T",
            title=None,
            scale=alt.Scale(type="utc"),
            axis=alt.Axis(grid=False, tickCount=4, format="%-d %b %Y"),
        ),
        y=alt.Y("score:Q", title=None, scale=alt.Scale(domain=[0, top]), axis=alt.Axis(tickCount=4, domain=False)),
    )
    points = base.mark_point(size=60, filled=True, opacity=1).encode(
        color=alt.Color("tone:N", scale=None),
        tooltip=[
            alt.Tooltip("day:N", title="Day"),
            alt.Tooltip("score:Q", title="Score"),
            alt.Tooltip("band:N", title="Band"),
        ],
    )
    drawn = base.mark_line(color=theme.NOT_SCORED, strokeWidth=2) + points
    first, last = rows[0], rows[-1]
    label = f"The score went from {first['score']} on {first['at']} to {last['score']} on {last['at']}"
    return [head, parts.chart(drawn, dark=scene.dark, height=170, label=label)]


def _module(snapshot: Snapshot, here: dict[str, Any], details: Details) -> pn.Column:
    # CSU-16, CSU-17, CSU-19: every visible field, in the configured order, with its value on both sides
    mapping = snapshot.settings.objects.get("account") if snapshot.settings else None
    fields = mapping.visible_fields if mapping else ()
    rows = "".join(_field(field, here, details) for field in fields)
    hidden = len(mapping.fields) - len(fields) if mapping else 0
    left = f" {theme.plural(hidden, 'field is', 'fields are')} not visible." if hidden else ""
    told = "" if details.there else " No record in Salesforce is linked, so only this side is known."
    return parts.card(
        parts.heading("Salesforce Account", f"The mapped fields, in the order of the mapping file.{left}{told}"),
        parts.html(
            '<table class="fields"><thead><tr><th scope="col">Field</th><th scope="col">Here</th>'
            f'<th scope="col">In Salesforce</th></tr></thead><tbody>{rows}</tbody></table>'
        ),
    )


def _field(field: FieldMapping, here: dict[str, Any], details: Details) -> str:
    ours, theirs = (columns.said(value) for value in (here.get(field.here), details.there.get(field.reads)))
    way = theme.text(f"{field.there} · {columns.way(field)}")
    return (
        f'<tr data-field="{theme.text(field.here)}"><th scope="row">{theme.text(columns.title(field.here))}'
        f'<div class="quiet">{way}</div></th><td>{theme.text(ours)}</td><td>{theme.text(theirs)}</td></tr>'
    )
