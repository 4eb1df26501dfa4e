"""What the views are built of: escaped HTML, cards, figures that open lists, charts, and tables that render no HTML."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import altair as alt
import pandas as pd
import panel as pn
import panel_material_ui as pmui
import polars as pl
from bokeh.models import DateFormatter, HTMLTemplateFormatter, NumberFormatter, StringFormatter

from dashboards import theme

PICKED = "picked"
GAP = 16
"""Pixels between cards, and between a page's edge and its cards."""


def html(markup: str, **settings: Any) -> pn.pane.HTML:
    """Return `markup` as a pane. Whoever writes the markup escapes what it takes from data with `theme.text`."""
    return pn.pane.HTML(
        markup, **{"stylesheets": [theme.STYLES], "sizing_mode": "stretch_width", "margin": 0} | settings
    )


def stack(*objects: Any, **styles: str) -> pn.Column:
    """Return the objects below each other, as wide as there is room, with CSS `styles` (underscores for hyphens)."""
    # No higher than what it stands in, says Panel: what is higher than the window would lie over what follows.
    css = {"max-height": "none"} | {name.replace("_", "-"): value for name, value in styles.items()}
    # Panel's column holds a button for scrolling, which would take a gap or a grid cell of its own.
    sheet = ".scroll-button { display: none !important; }"
    return pn.Column(*objects, sizing_mode="stretch_width", margin=0, styles=css, stylesheets=[sheet])


def page(*objects: Any) -> pn.Column:
    """Return a view's cards below each other."""
    return stack(*objects, gap=f"{GAP}px")


def grid(*objects: Any, smallest: int, most: int) -> pn.Column:
    """Return the objects beside each other, equally wide: at most `most` a row, none narrower than `smallest` px."""
    width = f"max(min({smallest}px, 100%), calc((100% - {(most - 1) * GAP}px) / {most}))"
    return stack(
        *objects, display="grid", gap=f"{GAP}px", grid_template_columns=f"repeat(auto-fit, minmax({width}, 1fr))"
    )


def card(*objects: Any) -> pn.Column:
    """Return the objects on a sheet of paper."""
    return stack(
        *objects,
        align_self="stretch",
        background="var(--panel-surface-color)",
        border="1px solid color-mix(in srgb, var(--panel-on-surface-color) 13%, var(--panel-surface-color))",
        border_radius="10px",
        padding="18px clamp(12px, 1.6vw, 20px)",
        gap="12px",
    )


def bar(*objects: Any) -> pn.Column:
    """Return the objects beside each other in a line that wraps, the first as wide as it can be."""
    for first in objects[:1]:
        first.param.update(sizing_mode=None, styles={"flex": "1 1 260px", "min-width": "0"})
    return stack(*objects, display="flex", flex_direction="row", flex_wrap="wrap", align_items="center", gap="8px 12px")


def heading(title: str, about: str = "") -> pn.pane.HTML:
    """Return a card's title with one quiet line below it. Both are escaped."""
    quiet = f'<p class="quiet">{theme.text(about)}</p>' if about else ""
    return html(f"<h3>{theme.text(title)}</h3>{quiet}")


def figure_card(
    label: str, figure: str, *about: str, tone: str | None = None, on_click: Callable[[], None] | None = None
) -> pn.viewable.Viewable:
    """Return a card with one figure; with `on_click` it is a button that opens the list behind the figure.

    `tone` draws the coloured edge that marks a band. Everything is escaped.
    """
    edge = f"border-left:4px solid {tone};" if tone else ""
    dot = f'<span class="dot" style="--tone:{tone}"></span>' if tone else ""
    hint = '<span class="go" aria-hidden="true">›</span>' if on_click else ""
    lines = "".join(f'<div class="quiet">{theme.text(line)}</div>' for line in about)
    markup = (
        f'<div class="figure-card" style="{edge}"><div class="label">{dot}{theme.text(label)}{hint}</div>'
        f'<div class="figure">{theme.text(figure)}</div>{lines}</div>'
    )
    pane = html(markup, styles={"height": "100%"})
    if on_click is None:
        return pane
    return pmui.Clickable(
        pane,
        on_click=lambda _: on_click(),
        sizing_mode="stretch_width",
        margin=0,
        sx={"borderRadius": "10px", "height": "100%"},
        styles={"height": "100%"},
        stylesheets=[":host > div { height: 100%; }"],
    )


def picked() -> alt.Parameter:
    """Return the selection by which a mark of a chart opens the list behind it; the rows number themselves as ``n``."""
    return alt.selection_point(name=PICKED, fields=["n"], on="click", toggle=False)


def chart(
    base: alt.TopLevelMixin, *, dark: bool, height: int, label: str, open_list: Callable[[int], None] | None = None
) -> pn.pane.Vega:
    """Return an Altair chart as wide as its card and `height` pixels high with all its axes and its legend.

    `label` describes it to those who cannot see it. `open_list` is called with the ``n`` of a mark that is clicked, in
    a chart that has `picked` among its parameters.
    """
    sized = base.properties(
        description=label, width="container", height=height, autosize=alt.AutoSizeParams(type="fit", contains="padding")
    )
    drawn = theme.chart(sized, dark=dark).to_dict()
    drawn["$schema"] = (
        "https://vega.github.io/schema/vega-lite/v6.json"  # a name, never fetched; Panel ships another 6.x
    )
    pane = pn.pane.Vega(drawn, sizing_mode="stretch_width", height=height, margin=0)
    if open_list is not None:
        pane.selection.param.watch(
            lambda event: open_list(int(event.new[0]["n"])) if event.new and "n" in event.new[0] else None, PICKED
        )
    return pane


def amounts(symbol: str) -> str:
    """Return the Vega expression by which an axis tells amounts: ``$1.2K``."""
    # Vega writes thousands as k and billions as G.
    short = "replace(upper(format(abs(datum.value), '.3~s')), 'G', 'B')"
    return f"datum.value == 0 ? '0' : (datum.value < 0 ? '-' : '') + '{symbol}' + {short}"


def account_name(id_column: str = "id") -> HTMLTemplateFormatter:
    """Return a formatter that shows an account's name as a link to its page, by the row's `id_column`; escaped."""
    link = f'<a href="?view=account&id=<%= encodeURIComponent({id_column}) %>"><%- value || {id_column} %></a>'
    return HTMLTemplateFormatter(template=f"<% if ({id_column}) {{ %>{link}<% }} else {{ %><%- value %><% }} %>")


def chip(tone_column: str) -> HTMLTemplateFormatter:
    """Return a formatter that shows a cell as a chip in the colour of the row's `tone_column`; the text is escaped."""
    return HTMLTemplateFormatter(template=f'<span class="chip" style="--tone:<%- {tone_column} %>"><%- value %></span>')


def meter(text_column: str, tone_column: str, part_column: str) -> HTMLTemplateFormatter:
    """Return a formatter that shows the row's `text_column` beside a bar filled to its `part_column` (0-100)."""
    bar = f'<i style="--tone:<%- {tone_column} %>;--part:<%- {part_column} %>%"></i>'
    return HTMLTemplateFormatter(template=f'<span class="meter"><b><%- {text_column} %></b>{bar}</span>')


def said(text_column: str) -> HTMLTemplateFormatter:
    """Return a formatter that shows the row's `text_column` for a figure, so that sorting still goes by the figure."""
    return HTMLTemplateFormatter(template=f"<%- {text_column} %>")


def nothing(said: str) -> pn.pane.HTML:
    """Return a quiet line in the place of a table or a chart that would be empty."""
    return html(f'<p class="quiet" style="padding:24px 0;text-align:center">{theme.text(said)}</p>')


def screen(title: str, about: str, next_step: str, *commands: str) -> pn.Column:
    """Return a whole page's state: what is the case, and what to do next as commands. Everything is escaped."""
    listed = "".join(f"<p><code>{theme.text(command)}</code></p>" for command in commands)
    return card(
        html(
            f'<div class="screen"><h2>{theme.text(title)}</h2><p class="quiet">{theme.text(about)}</p>'
            f"<p class='next'>{theme.text(next_step)}</p>{listed}</div>",
        )
    )


def notice(
    kind: Literal["info", "warning", "error"], title: str, said: str, command: str = "", *, about: str = ""
) -> pn.pane.HTML:
    """Return a banner of one title, a sentence and perhaps a command to run. Everything is escaped."""
    step = (
        f"<p>{theme.text(about)} <code>{theme.text(command)}</code></p>"
        if about
        else f"<p><code>{theme.text(command)}</code></p>"
    )
    role = "status" if kind == "info" else "alert"
    return html(
        f'<div class="notice {kind}" role="{role}"><h3>{theme.text(title)}</h3><p>{theme.text(said)}</p>'
        f"{step if command else ''}</div>",
    )


def dropping(label: str, drop: Callable[[], None]) -> pn.viewable.Viewable:
    """Return the button that says what a list is limited to, and gives it up."""
    button = pmui.Button(
        label=label,
        end_icon="close",
        variant="outlined",
        size="small",
        margin=0,
        align="center",
        sx={"maxWidth": "100%"},
    )
    button.on_click(lambda _: drop())
    return button


def told(column: str, words: Callable[[Any], str]) -> pl.Expr:
    """Return an expression: a column's values as `words` tells them, also nulls; for what a table shows."""
    return pl.col(column).map_elements(words, return_dtype=pl.String, skip_nulls=False)


WHOLE = NumberFormatter(format="0,0", null_format=theme.NO_VALUE, nan_format=theme.NO_VALUE)
PLAIN = StringFormatter(null_format=theme.NO_VALUE, nan_format=theme.NO_VALUE)
NUMBER = NumberFormatter(format="0,0.[00]", null_format=theme.NO_VALUE, nan_format=theme.NO_VALUE)
DAY = DateFormatter(format="%d %b %Y", null_format=theme.NO_VALUE, nan_format=theme.NO_VALUE)


def table(
    frame: pl.DataFrame,
    titles: Mapping[str, str],
    *,
    formatters: Mapping[str, Any] | None = None,
    widths: Mapping[str, int] | None = None,
    right: Sequence[str] = (),
    filters: Sequence[str] = (),
    give_way: Sequence[str] = (),
    wrap: Sequence[str] = (),
    rows: int = 15,
    choose: Callable[[int | None], None] | None = None,
) -> pn.widgets.Tabulator:
    """Return a table of the columns of `titles`; what else `frame` holds is at hand for formatters but not shown.

    Sorting, paging and header filters (on `filters`) happen on the server, so that size does not matter. `widths` are
    the narrowest a column gets; the account's name grows most. Where space is short, columns hide in the order of
    `give_way`. Text of the columns of `wrap` runs over several lines. `choose` is called with the place in `frame` of
    the row that is selected, or with None when none is any more. No cell renders its value as HTML.
    """
    hidden = [name for name in frame.columns if name not in titles]
    patience = {name: len(give_way) - place for place, name in enumerate(give_way)}  # Tabulator hides the highest first
    columns = [
        {
            "field": name,
            "minWidth": width,
            "widthGrow": width / _GROWS.get(name, 100),
            "responsive": patience.get(name, 0),
        }
        for name in titles
        for width in [(widths or {}).get(name, 80)]
    ]
    shown = pn.widgets.Tabulator(
        _to_pandas(frame.select(*titles, *hidden)),
        titles=dict(titles),
        hidden_columns=hidden,
        formatters=dict.fromkeys(titles, PLAIN) | dict(formatters or {}),
        text_align=dict.fromkeys(right, "right"),
        header_align=dict.fromkeys(right, "right"),
        header_filters={name: {"type": "input", "func": "like", "placeholder": "Filter"} for name in filters},
        configuration={"columns": columns, "responsiveLayout": "hide"},
        pagination="remote" if frame.height > rows else None,
        page_size=rows,
        layout="fit_columns",
        show_index=False,
        disabled=True,
        selectable=1 if choose else False,
        sizing_mode="stretch_width",
        margin=0,
        stylesheets=[theme.TABLE_STYLES, *map(_wrapping, wrap)],
    )
    if choose is not None:
        shown.param.watch(lambda event: choose(event.new[0] if event.new else None), "selection")
    return shown


_GROWS = {"name": 40, "account": 40}


def _wrapping(column: str) -> str:
    # Tabulator measures rows before the font has loaded; left to themselves they are as high as their text.
    return (
        ":host, .tabulator, .tabulator-tableholder, .tabulator-row, .tabulator-row .tabulator-cell"
        " { height: auto !important; max-height: none !important; }"
        ".tabulator-row .tabulator-cell { vertical-align: top !important; }"
        f".tabulator-cell[tabulator-field={column}] {{ white-space: normal !important; }}"
    )


def _to_pandas(frame: pl.DataFrame) -> pd.DataFrame:
    # polars' own way needs pyarrow (170 MB); column by column costs 0.2 s for 100,000 rows.
    return pd.DataFrame(
        {
            series.name: pd.to_datetime(pd.Series(series.to_list(), dtype="object"))
            if series.dtype == pl.Date
            else (series.dt.timestamp("ms") if isinstance(series.dtype, pl.Datetime) else series).to_list()
            for series in frame
        }
    )
