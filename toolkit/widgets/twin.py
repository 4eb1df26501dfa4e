"""The static twin of a widget: the same content as plain HTML, for a reader without a kernel.

It is what a saved notebook shows on a code host or in an e-mail, and what the notebook tests compare. It has no ids,
no scripts and no colours that fail on a dark page; every text from a record is escaped.
"""

from collections.abc import Mapping, Set
from html import escape

import polars as pl

CELL = "padding:3px 10px;border-bottom:1px solid #8884;white-space:nowrap"
MUTED = "opacity:.65"


def table_html(frame: pl.DataFrame, *, right: Set[str] = frozenset(), total: int | None = None) -> str:
    """Return `frame` as an HTML table; columns in `right` are aligned right, null is a dash.

    `total` is the number of rows there are when `frame` holds only the first of them.
    """
    head = "".join(_cell("th", name, name in right) for name in frame.columns)
    rows = "".join(
        "<tr>"
        + "".join(_cell("td", value, name in right) for name, value in zip(frame.columns, row, strict=True))
        + "</tr>"
        for row in frame.iter_rows()
    )
    more = (
        f'<p style="{MUTED}">The first {frame.height:,} of {total:,} rows.</p>'
        if total is not None and total > frame.height
        else ""
    )
    return (
        '<div style="overflow-x:auto"><table style="border-collapse:collapse;font-size:13px">'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>{more}"
    )


def facts_html(title: str, facts: Mapping[str, object]) -> str:
    """Return a small card of names and values."""
    rows = "".join(
        f'<tr><td style="{CELL};{MUTED}">{escape(name)}</td><td style="{CELL}">{escape(_text(value))}</td></tr>'
        for name, value in facts.items()
    )
    return (
        f'<div style="border:1px solid #8886;border-radius:6px;padding:10px 14px;display:inline-block"><b>{escape(title)}'
        f'</b><table style="border-collapse:collapse;font-size:13px;margin-top:6px">{rows}</table></div>'
    )


def _cell(tag: str, value: object, right: bool) -> str:
    align = "right" if right else "left"
    return f'<{tag} style="{CELL};text-align:{align}">{escape(_text(value))}</{tag}>'


def _text(value: object) -> str:
    if value is None:
        return "—"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.2f}".rstrip("0").rstrip(".")
    return str(value)
