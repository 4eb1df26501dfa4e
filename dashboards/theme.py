"""How the dashboard looks: its colours, its number formats, its style sheet and the Altair theme of its charts.

Formats return plain text; whatever came from Salesforce or a file reaches a page through `text`, which escapes it.
Colours of bands go by their place in the profile, worst first, so that renamed bands keep a sensible colour; a band is
always named beside its colour, because one reader in twelve does not tell red from green.
"""

import html
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import altair as alt

NO_VALUE = "–"
CURRENCIES = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "CHF": "CHF "}

PRIMARY = "#3056D3"
HEADER = "#16233F"
NOT_SCORED = "#98A2B3"
_RAMPS = {
    1: ("#2E9E6B",),
    2: ("#D6453D", "#2E9E6B"),
    3: ("#D6453D", "#EFAE2B", "#2E9E6B"),
    4: ("#D6453D", "#EFAE2B", "#8CBF4B", "#2E9E6B"),
    5: ("#B3261E", "#E2683C", "#EFAE2B", "#8CBF4B", "#2E9E6B"),
}
VERDICT_COLORS = {
    "write": PRIMARY,
    "conflict": "#D6453D",
    "held": "#EFAE2B",
    "refused": "#8A4FBF",
    "excluded": NOT_SCORED,
}


def band_colors(bands: Sequence[str]) -> dict[str, str]:
    """Return a colour a band; `bands` are ordered from the worst to the best."""
    ramp = _RAMPS[min(max(len(bands), 1), max(_RAMPS))]
    last = max(len(bands) - 1, 1)
    return {band: ramp[round(place * (len(ramp) - 1) / last)] for place, band in enumerate(bands)}


def text(value: object) -> str:
    """Return `value` escaped for HTML, an en dash for null."""
    return html.escape(str(value)) if value is not None and value != "" else NO_VALUE


def count(value: int | None) -> str:
    """Return 12345 as ``12,345``."""
    return f"{value:,}" if value is not None else NO_VALUE


def plural(number: int, one: str, many: str | None = None) -> str:
    """Return ``1 account`` or ``1,204 accounts``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def money(value: float | None, symbol: str = "$") -> str:
    """Return an amount short enough for a card, three digits that count: ``$840``, ``$21.2K``, ``$1.24M``."""
    if value is None:
        return NO_VALUE
    sign, size = ("-" if value < 0 else ""), abs(value)
    for limit, suffix in ((1e9, "B"), (1e6, "M"), (1e3, "K")):
        if size >= limit * 0.9995:
            scaled = size / limit
            return f"{sign}{symbol}{scaled:.{2 if scaled < 9.995 else 1 if scaled < 99.95 else 0}f}{suffix}"
    return f"{sign}{symbol}{size:,.0f}"


def exact(value: float | None, symbol: str = "$") -> str:
    """Return an amount to the hundredth: ``€1,234.50``; an en dash for null."""
    if value is None:
        return NO_VALUE
    sign, size = ("-" if value < 0 else ""), abs(value)
    told = f"{size:,.0f}" if float(size).is_integer() else f"{size:,.2f}"
    return f"{sign}{symbol}{told}"


def symbol_of(currency: str) -> str:
    """Return how a currency is written before an amount: ``€`` for EUR, ``SEK `` for SEK, nothing for none."""
    return CURRENCIES.get(currency, f"{currency} " if currency else "")


def share(value: float | None) -> str:
    """Return 0.137 as ``14%``; what is there but rounds to nothing is ``<1%``."""
    if value is None:
        return NO_VALUE
    return "<1%" if 0 < value < 0.005 else f"{value:.0%}"


def rate(value: float | None) -> str:
    """Return 1.043 as ``104.3%``, for rates of which a tenth matters."""
    return f"{value:.1%}" if value is not None else NO_VALUE


def points(value: float | None) -> str:
    """Return what is added to a rate: 0.012 is ``+1.2 pts``."""
    return f"{value * 100:+.1f} pts" if value is not None else NO_VALUE


def day(value: date | datetime | None) -> str:
    """Return ``2 Nov 2026``."""
    return f"{value.day} {value:%b %Y}" if value is not None else NO_VALUE


def moment(value: datetime | None) -> str:
    """Return ``2 Nov 2026, 08:00 UTC``."""
    return f"{day(value)}, {value:%H:%M} UTC" if value is not None else NO_VALUE


def age(then: datetime | None, now: datetime) -> str:
    """Return how long ago `then` was, as a person says it: ``just now``, ``25 min ago``, ``6 days ago``."""
    if then is None:
        return "never"
    minutes = int((now - then).total_seconds() // 60)
    if minutes < 1:
        return "just now"
    if minutes < 60:
        return f"{minutes} min ago"
    if minutes < 48 * 60:
        return f"{minutes // 60} h ago"
    return f"{minutes // (24 * 60)} days ago"


def duration(seconds: float | None) -> str:
    """Return how long something took: ``0.4 s``, ``12 s``, ``3 min 5 s``."""
    if seconds is None:
        return NO_VALUE
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60)} s"


def chart(base: alt.TopLevelMixin, *, dark: bool) -> alt.TopLevelMixin:
    """Return `base` with the dashboard's fonts, quiet axes and a transparent ground, for a light or a dark page."""
    ink, quiet, line = ("#E6EAF2", "#A3ACBD", "#2E3746") if dark else ("#1D2739", "#5B667A", "#E3E7EE")
    font = "Roboto, Helvetica, Arial, sans-serif"
    return (
        base.configure(background="transparent", font=font, padding={"left": 0, "right": 4, "top": 4, "bottom": 6})
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=quiet,
            titleColor=quiet,
            gridColor=line,
            domainColor=line,
            tickColor=line,
            labelFontSize=12,
            titleFontSize=12,
            titleFontWeight="normal",
            labelPadding=6,
            titlePadding=10,
        )
        .configure_legend(
            labelColor=ink, titleColor=quiet, labelFontSize=12, titleFontWeight="normal", symbolType="square"
        )
        .configure_text(color=ink, fontSize=12)
    )


def palette(*, dark: bool) -> Mapping[str, str]:
    """Return the colours that marks inside a chart need: ``ink``, ``quiet`` and ``track`` (an empty bar)."""
    if dark:
        return {"ink": "#E6EAF2", "quiet": "#A3ACBD", "track": "#2E3746"}
    return {"ink": "#1D2739", "quiet": "#5B667A", "track": "#E9EDF3"}


_SHARED_THEME: dict[str, Any] = {
    "shape": {"borderRadius": 8},
    "typography": {"button": {"textTransform": "none", "fontSize": "14px"}, "body1": {"fontSize": "14px"}},
    "components": {
        "MuiFormLabel": {"styleOverrides": {"root": {"fontSize": "14px"}}},
        "MuiDrawer": {"styleOverrides": {"paper": {"maxWidth": "100vw", "backgroundImage": "none"}}},
    },
}
PAGE_THEME: dict[str, Any] = {
    "light": {
        "palette": {
            "primary": {"main": PRIMARY},
            "background": {"default": "#F4F6FA", "paper": "#FFFFFF"},
            "text": {"primary": "#1D2739", "secondary": "#5B667A"},
            "divider": "#E3E7EE",
        },
        **_SHARED_THEME,
    },
    "dark": {
        "palette": {
            "primary": {"main": "#8FA8FF"},
            "background": {"default": "#0F141D", "paper": "#171E2A"},
            "text": {"primary": "#E6EAF2", "secondary": "#A3ACBD"},
            "divider": "#2E3746",
        },
        **_SHARED_THEME,
    },
}
"""Material theme of the page; both halves are sent, so that the switch needs no reload."""

PAGE_SX: dict[str, Any] = {
    "& .header": {"backgroundColor": HEADER, "backgroundImage": "none", "boxShadow": "none", "color": "#FFFFFF"},
    "& .header .title": {"fontSize": "1.15rem", "fontWeight": 700, "letterSpacing": "0.01em"},
    "& .main": {"backgroundColor": "background.default"},
    "& .main-content": {"scrollbarGutter": "stable"},  # else tables drawn before it scrolls stay too wide
    "& .sidebar": {"backgroundImage": "none", "borderRight": "1px solid", "borderColor": "divider"},
    "& button[aria-label$='contextbar']": {"display": "none"},
}

_SHEETS = Path(__file__).parent / "styles"
STYLES = (_SHEETS / "panes.css").read_text(encoding="utf-8")
"""The style sheet of every HTML pane."""
TABLE_STYLES = (_SHEETS / "tables.css").read_text(encoding="utf-8")
"""The style sheet of every table."""
