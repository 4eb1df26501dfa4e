"""The static twin of a widget: the same content as plain HTML, for a reader without a kernel.

It is what a saved notebook shows on a code host or in an e-mail, and what the notebook tests compare. It has no ids,
no scripts and no colours that fail on a dark page; every text from a record is escaped. It still reads well where a
page strips its styles.
"""

from collections.abc import Collection, Mapping
from html import escape
from typing import Any

import polars as pl

LINE = "border-bottom:1px solid #8884"
ONE_LINE = 40
"""Text up to this many characters is not broken into lines; longer text gets the room for some words a line."""
MUTED = "opacity:.7"
TABLE = "border-collapse:collapse;font-size:13px;line-height:1.4;margin:0"
SIGNS = {"ok": "●", "planned": "○", "warning": "▲", "error": "■"}
"""The sign before a value that is good or bad, by tone: told by its shape, never by its colour alone."""


class StaticTwin:
    """Adds the static twin to what a widget gives a notebook. Mixed in before the widget's own class."""

    def html(self) -> str:
        """Return the content as static HTML."""
        raise NotImplementedError

    def summary(self) -> str:
        """Return the content in a line of plain text."""
        raise NotImplementedError

    def _repr_mimebundle_(self, **options: Any) -> Any:
        live = super()._repr_mimebundle_(**options)  # type: ignore[misc]
        data, *metadata = live if isinstance(live, tuple) else (live,)
        bundle = {**(data or {}), "text/plain": self.summary(), "text/html": self.html()}
        return (bundle, *metadata) if metadata else bundle


def table_html(
    frame: pl.DataFrame,
    *,
    right: Collection[str] = (),
    total: int | None = None,
    bars: Mapping[str, pl.Series] | None = None,
) -> str:
    """Return `frame` as an HTML table: columns in `right` are aligned right, long text is broken, null is a dash.

    `total` is the number of rows there are when `frame` holds only some of them. `bars` gives columns the shares (0 to
    1) that a bar behind each value fills.
    """
    bars = bars or {}
    columns = [_cells(frame.get_column(name), name in right, bars.get(name)) for name in frame.columns]
    head = "".join(_cell("th", name, name in right) for name in frame.columns)
    rows = "".join(f'<tr style="{LINE}">{"".join(cells)}</tr>' for cells in zip(*columns, strict=True))
    more = ""
    if total is not None and total > frame.height:
        more = f'<p style="{MUTED};margin:6px 0 0">{frame.height:,} of {total:,} rows.</p>'
    return (
        f'<div style="overflow-x:auto"><table cellpadding="5" style="{TABLE}">'
        f'<thead><tr style="{LINE}">{head}</tr></thead><tbody>{rows}</tbody></table></div>{more}'
    )


def facts_html(title: str, facts: Mapping[str, object]) -> str:
    """Return a small card of names and values under a title."""
    rows = "".join(
        f'<tr style="background:none"><td style="padding:2px 24px 2px 0;text-align:left;{MUTED}">{escape(name)}</td>'
        f'<td style="padding:2px 0;text-align:left">{escape(shown(value))}</td></tr>'
        for name, value in facts.items()
    )
    return (
        '<div style="border:1px solid #8886;border-radius:6px;padding:10px 16px;display:inline-block">'
        f'<div style="font-weight:600;margin-bottom:4px">{escape(title)}</div>'
        f'<table style="{TABLE}">{rows}</table></div>'
    )


def figures_html(figures: Mapping[str, object]) -> str:
    """Return a strip of large figures, each with its name above it."""
    names = "".join(
        f'<th scope="col" style="padding:0 32px 0 0;text-align:left;font-weight:normal;font-size:12px;{MUTED}">'
        f"{escape(name)}</th>"
        for name in figures
    )
    values = "".join(
        f'<td style="padding:0 32px 4px 0;text-align:left;font-size:20px;line-height:1.3">{escape(shown(value))}</td>'
        for value in figures.values()
    )
    return f'<table style="{TABLE}"><thead><tr>{names}</tr></thead><tbody><tr>{values}</tr></tbody></table>'


def plural(count: int, noun: str, several: str = "") -> str:
    """Return a count with its noun: ``1 field``, ``1,200 fields``."""
    return f"{count:,} {noun if count == 1 else several or noun + 's'}"


def shown(value: object, decimals: int = 2) -> str:
    """Return a value as people write it: thousands apart, yes and no, a dash for nothing."""
    if value is None:
        return "—"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.{decimals}f}"
    return str(value)


def _cells(column: pl.Series, right: bool, shares: pl.Series | None) -> list[str]:
    decimals = _decimals(column) if column.dtype.is_float() else 0
    filled = shares if shares is not None else pl.repeat(None, column.len(), eager=True)
    return [_cell("td", shown(value, decimals), right, share) for value, share in zip(column, filled, strict=True)]


def _cell(tag: str, text: str, right: bool, share: float | None = None) -> str:
    together = ";white-space:nowrap" if len(text) <= ONE_LINE else ";min-width:200px"
    style = f"text-align:{'right' if right else 'left'}{together}{'' if share is None else _bar(share)}"
    return f'<{tag} style="{style}">{escape(text)}</{tag}>'


def _bar(share: float) -> str:
    end = f"{max(0.0, min(1.0, share)) * 100:.0f}%"
    return f";min-width:120px;background:linear-gradient(90deg,#4a90d955 {end},transparent {end})"


def _decimals(column: pl.Series) -> int:
    """Return how many decimals a column of numbers needs, two at most, so that they stand under each other."""
    known = column.drop_nulls()
    if known.is_empty() or float(known.abs().max()) >= 1000:  # type: ignore[arg-type]
        return 0
    return next(digits for digits in (0, 1, 2) if digits == 2 or (known.round(digits) == known.round(2)).all())
