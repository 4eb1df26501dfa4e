"""The filters beside every view: segment, CSM, parent, period, MRR or ARR, and the five configured columns (CSU-18)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import panel as pn
import panel_material_ui as pmui
import polars as pl

from dashboards import theme
from dashboards.columns import Column
from dashboards.data import Snapshot
from dashboards.filters import NOT_SET, Condition, Filters, as_text
from dashboards.views import parts
from toolkit.summaries import NO_BAND

FEW = 5
"""So many choices stand open as boxes; more are in a list that drops down."""
MANY = 60
"""A column with more different values than this is asked for by a part of its text."""
PERIODS = {"As each view has it": None, "30 days": 30, "90 days": 90, "180 days": 180, "1 year": 365, "2 years": 730}
EVERY = "All accounts"
SHARED = {"segment", "csm"}

Change = Callable[[Filters], None]


def sidebar(snapshot: Snapshot, filters: Filters, change: Change) -> pn.Column:
    """Return the filters' controls, set to `filters`. `change` is called with new filters when the reader sets one."""
    now = [filters]

    def put(**settings: Any) -> None:
        now[0] = replace(now[0], **settings)
        change(now[0])

    def condition(column: str) -> Condition:
        return dict(now[0].columns).get(column, Condition())

    def put_column(column: str, **settings: Any) -> None:
        kept = dict(now[0].columns) | {column: replace(condition(column), **settings)}
        put(columns=tuple((name, each) for name, each in kept.items() if each))

    controls = [
        _several("Segment", _values(snapshot, "segment"), filters.segments, lambda chosen: put(segments=chosen)),
        _several("CSM", _values(snapshot, "csm"), filters.csms, lambda chosen: put(csms=chosen)),
        *_parent(snapshot, filters, lambda parent: put(parent=parent)),
        _period(filters, lambda days: put(days=days)),
        _money(filters, lambda arr: put(arr=arr)),
    ]
    for column in snapshot.columns:
        if column.name not in SHARED and column.name in snapshot.accounts.columns:
            controls += _column(snapshot, column, condition(column.name), put_column)
    clear = pmui.Button(label="Clear filters", variant="text", size="small", margin=0)
    clear.on_click(lambda _: change(Filters()))
    return parts.stack(parts.html("<h3>Filters</h3>"), *controls, clear, padding="20px", gap="14px")


def _several(
    label: str, options: list[str], chosen: tuple[str, ...], put: Callable[[tuple[str, ...]], None]
) -> pn.widgets.Widget:
    kind = pmui.CheckBoxGroup if len(options) <= FEW else pmui.MultiChoice
    kept = [value for value in chosen if value in options]
    control = kind(label=label, options=options, value=kept, sizing_mode="stretch_width", margin=0)
    control.param.watch(lambda event: put(tuple(event.new)), "value")
    return control


def _values(snapshot: Snapshot, column: str) -> list[str]:
    return snapshot.accounts[column].drop_nulls().unique().sort().to_list()


def _parent(snapshot: Snapshot, filters: Filters, put: Callable[[str | None], None]) -> list[pn.widgets.Widget]:
    # Only accounts that have others below them are offered; without any there is nothing to choose.
    accounts = snapshot.accounts
    parents = accounts.filter(pl.col("id").is_in(accounts["parent_id"].drop_nulls().unique().implode()))
    if parents.is_empty() and filters.parent is None:
        return []
    twice = pl.col("name").is_null() | pl.col("name").is_duplicated()
    named = parents.with_columns(
        _said=pl.when(twice).then(pl.concat_str(pl.col("name").fill_null(""), pl.lit(" "), "id")).otherwise("name")
    )
    options = {EVERY: ""} | dict(named.sort("_said").select("_said", "id").iter_rows())
    if filters.parent and filters.parent not in options.values():
        options[filters.parent] = filters.parent
    kind = pmui.AutocompleteInput if len(options) > MANY else pmui.Select
    control = kind(
        label="Parent and all below it",
        options=options,
        value=filters.parent or "",
        sizing_mode="stretch_width",
        margin=0,
        size="small",
    )
    control.param.watch(lambda event: put(event.new or None), "value")
    return [control]


def _period(filters: Filters, put: Callable[[int | None], None]) -> pn.widgets.Widget:
    options = {label: days or 0 for label, days in PERIODS.items()}
    if filters.days and filters.days not in options.values():
        options[f"{filters.days} days"] = filters.days
    control = pmui.Select(
        label="Period", options=options, value=filters.days or 0, sizing_mode="stretch_width", margin=0, size="small"
    )
    control.param.watch(lambda event: put(event.new or None), "value")
    return control


def _money(filters: Filters, put: Callable[[bool], None]) -> pn.widgets.Widget:
    control = pmui.RadioButtonGroup(
        label="Recurring revenue", options=["MRR", "ARR"], value=filters.money, margin=0, size="small"
    )
    control.param.watch(lambda event: put(event.new == "ARR"), "value")
    return control


def _column(
    snapshot: Snapshot, column: Column, condition: Condition, put: Callable[..., None]
) -> list[pn.viewable.Viewable]:
    values = snapshot.accounts[column.name]
    if column.kind in ("number", "day", "time"):
        return [_range(column, condition, put)]
    texts = values.to_frame().select(as_text(column.name, values.dtype).unique().sort()).to_series()
    options = [*texts.drop_nulls().to_list(), *([NOT_SET] if texts.null_count() else [])]
    if column.name == "band":  # worst first, as everywhere
        options = [band for band in (*snapshot.band_names, NO_BAND) if band in options]
    if len(options) <= MANY and options != [NOT_SET]:
        return [_several(column.title, options, condition.values, lambda chosen: put(column.name, values=chosen))]
    control = pmui.TextInput(
        label=f"{column.title} contains",
        value=condition.has,
        size="small",
        sizing_mode="stretch_width",
        margin=0,
    )
    control.param.watch(lambda event: put(column.name, has=event.new.strip()), "value")
    return [control]


def _range(column: Column, condition: Condition, put: Callable[..., None]) -> pn.Column:
    ends = []
    for end, label in (("low", "from"), ("high", "to")):
        said: str = getattr(condition, end)
        if column.kind == "number":
            control = pmui.TextInput(label=label, value=said, size="small", placeholder="any", margin=0)
        else:
            control = pmui.DatePicker(label=label, value=_day(said), size="small", margin=0, clearable=True)
        control.sizing_mode = "stretch_width"
        control.param.watch(lambda event, end=end: put(column.name, **{end: _written(event.new)}), "value")
        ends.append(control)
    return parts.stack(
        parts.html(f'<div class="label">{theme.text(column.title)}</div>'),
        parts.grid(*ends, smallest=90, most=2),
        gap="8px",
    )


def _written(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value or "").strip().replace(",", ".")


def _day(said: str) -> date | None:
    try:
        return date.fromisoformat(said)
    except ValueError:
        return None
