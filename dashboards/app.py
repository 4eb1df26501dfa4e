"""The dashboard itself: the page, its tabs and filters, who may look, and the web server.

Nothing is loaded from elsewhere: every script, style sheet and font comes from this server. The store is read, never
written, and Salesforce is never asked.
"""

import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import panel as pn
import panel_material_ui as pmui
import param
from bokeh.util.warnings import BokehUserWarning

from dashboards import theme
from dashboards.data import Filters, Reader, may_view
from dashboards.views import attention, health, parts, plan, runs, states

TABS = {"health": "Health", "accounts": "Accounts", "plan": "Pending plan", "runs": "Runs"}
NARROW = 900
"""Below this width in pixels the filters are closed until they are asked for."""
FEW = 5
"""So many choices stand open as boxes; more are in a list that drops down."""
LOOK_EVERY = 3000
"""Milliseconds between looks at whether the store has changed."""


def serve(folder: Path, port: int, show: bool = False, address: str = "127.0.0.1", origins: Sequence[str] = ()) -> None:
    """Serve the dashboard of the workspace in `folder` until the process is told to stop.

    `show` opens a browser. `origins` are further ``host:port`` under which people reach the page, for example through a
    proxy; ``localhost`` and `address` are always allowed.
    """
    # Panel hands Bokeh a list that changed together with the models in it; Bokeh applies it and remarks on it.
    warnings.filterwarnings("ignore", message="reference already known", category=BokehUserWarning)
    pn.extension("tabulator", "vega", notifications=False)
    reader = Reader(folder)
    allowed = list(dict.fromkeys([f"{address}:{port}", f"localhost:{port}", f"127.0.0.1:{port}", *origins]))
    pn.serve(
        lambda: Board(reader, pn.state.user).page,
        port=port,
        address=address,
        websocket_origin=allowed,
        show=show,
        title="Customer success",
    )


class Board(param.Parameterized):
    """One reader's page. What is chosen is part of the address, so that a view can be sent to a colleague."""

    view = param.Selector(default="health", objects=list(TABS), doc="The tab that is open.")
    segments = param.List(default=[], doc="The segments to show; none means all.")
    csms = param.List(default=[], doc="The CSMs to show; none means all.")
    band = param.String(default=None, allow_None=True, doc="The band that the list of accounts is limited to.")

    def __init__(self, reader: Reader, user: str | None) -> None:
        super().__init__()
        self._reader = reader
        self._user = user
        self._picked: tuple[str | None, str | None] = (None, None)
        self._snapshot = reader.snapshot()
        if pn.state.location is not None:
            pn.state.location.sync(self, ["view", "segments", "csms", "band"])
        self._body = parts.page()
        self._filters = parts.stack()
        self._explained = parts.stack()
        self._newer = pmui.Button(
            label="Newer data: show it",
            icon="refresh",
            variant="outlined",
            size="small",
            visible=False,
            margin=(0, 16),
            sx={"color": "inherit", "borderColor": "currentColor", "marginLeft": "auto"},
        )
        self._newer.on_click(lambda _: self._refresh())
        self._tabs = pmui.Tabs(
            *((label, pn.Spacer(height=0)) for label in TABS.values()), active=list(TABS).index(self.view), margin=0
        )
        self.page = self._make_page()
        self._tabs.param.watch(lambda event: self.param.update(view=list(TABS)[event.new]), "active")
        self.param.watch(self._moved, ["view", "segments", "csms", "band"])
        self.page.param.watch(lambda _: self._show(), "dark_theme")
        self._fill_filters()
        self._show()
        pn.state.add_periodic_callback(self._look, period=LOOK_EVERY)

    def _make_page(self) -> pmui.Page:
        wide, narrow = pn.Spacer(), pn.Spacer()
        window = pmui.BreakpointSwitcher(
            media_query=f"(min-width: {NARROW}px)", large=wide, small=narrow, height=0, margin=0
        )
        page = pmui.Page(
            title=self._title(),
            main=[parts.stack(self._tabs, self._body, window, padding="8px clamp(12px, 2vw, 24px) 32px", gap="12px")],
            sidebar=[self._filters],
            header=[self._newer],
            contextbar=[self._explained],
            contextbar_width=420,
            contextbar_variant="auto",
            sidebar_width=280,
            sidebar_open="Mobi" not in (pn.state.headers or {}).get("User-Agent", ""),
            sidebar_resizable=False,
            theme_config=theme.PAGE_THEME,
            sx=theme.PAGE_SX,
            meta_name="Customer success",
        )

        def fit(event: param.parameterized.Event) -> None:
            # The first message arrives while the page is still being drawn, when it would not listen yet.
            if pn.state.curdoc is not None:
                pn.state.curdoc.add_timeout_callback(lambda: page.param.update(sidebar_open=event.new is wide), 1000)

        window.param.watch(fit, "current")
        return page

    def _title(self) -> str:
        return self._snapshot.name if may_view(self._snapshot.settings, self._user) else "Customer success"

    # -- what changes ------------------------------------------------------------------------------------------------

    def _moved(self, *events: Any) -> None:
        if any(event.name == "view" for event in events):
            self._tabs.active = list(TABS).index(self.view)
        if any(event.name != "view" for event in events):
            self._close()
        self._show()

    def _look(self) -> None:
        if self._reader.version() == self._snapshot.version:
            return
        if self._snapshot.state == "ready":
            self._newer.visible = True  # what is being read is not pulled from under the reader
        else:
            self._refresh()

    def _refresh(self) -> None:
        self._snapshot = self._reader.snapshot()
        self._newer.visible = False
        self.page.title = self._title()
        self._close()
        self._fill_filters()
        self._show()

    # -- what is shown -----------------------------------------------------------------------------------------------

    def _show(self) -> None:
        snapshot = self._snapshot
        if not may_view(snapshot.settings, self._user):
            self._tabs.visible = False
            self._body[:] = [states.refusal(self._user)]
            return
        screen = states.screen(snapshot)
        self._tabs.visible = screen is None
        shown = [screen] if screen is not None else [self._open_view()]
        fresh = [] if snapshot.state in ("no_store", "broken") else [states.freshness(snapshot)]
        self._body[:] = [*fresh, *states.banners(snapshot), *shown]

    def _open_view(self) -> pn.viewable.Viewable:
        snapshot, dark = self._snapshot, self.page.dark_theme
        filters = Filters(tuple(self.segments), tuple(self.csms))
        if self.view == "accounts":
            return attention.view(
                snapshot,
                replace(filters, band=self.band),
                choose=self._explain,
                clear_band=lambda: self.param.update(band=None),
            )
        if self.view == "plan":
            field, verdict = self._picked
            return plan.view(snapshot, replace(filters, field=field, verdict=verdict), pick=self._pick)
        if self.view == "runs":
            return runs.view(snapshot)
        return health.view(
            snapshot, filters, dark=dark, open_list=lambda band: self.param.update(band=band, view="accounts")
        )

    def _pick(self, field: str | None, verdict: str | None) -> None:
        self._picked = (field, verdict)
        self._show()

    def _explain(self, account_id: str | None) -> None:
        if account_id is None:
            self._close()
            return
        close = pmui.IconButton(
            icon="close",
            size="small",
            margin=0,
            description="Close",
            styles={"position": "absolute", "right": "12px", "top": "12px", "z-index": "1"},
        )
        close.on_click(lambda _: self._unchoose())
        self._explained[:] = [close, attention.explanation(self._snapshot, account_id, dark=self.page.dark_theme)]
        self.page.contextbar_open = True

    def _unchoose(self) -> None:
        self._close()
        for table in self._body.select(pn.widgets.Tabulator):
            table.selection = []

    def _close(self) -> None:
        self.page.contextbar_open = False
        self._explained[:] = []  # a drawer that is shut would still be read out and reached by the keyboard

    def _fill_filters(self) -> None:
        snapshot = self._snapshot
        if snapshot.state != "ready" or not may_view(snapshot.settings, self._user):
            self._filters[:] = []
            return
        choices = {
            name: _choice(label, snapshot.accounts[column].drop_nulls().unique().sort().to_list(), getattr(self, name))
            for name, column, label in (("segments", "segment", "Segment"), ("csms", "csm", "CSM"))
        }
        for name, choice in choices.items():
            choice.param.watch(lambda event, name=name: self.param.update(**{name: event.new}), "value")
        clear = pmui.Button(label="Clear filters", variant="text", size="small", margin=0)

        def cleared(_: Any) -> None:
            for choice in choices.values():
                choice.value = []
            self.band = None

        clear.on_click(cleared)
        self._filters[:] = [
            parts.stack(parts.html("<h3>Filters</h3>"), *choices.values(), clear, padding="20px", gap="12px")
        ]


def _choice(label: str, options: list[str], chosen: list[str]) -> pn.widgets.Widget:
    kind = pmui.CheckBoxGroup if len(options) <= FEW else pmui.MultiChoice
    kept = [value for value in chosen if value in options]
    return kind(label=label, options=options, value=kept, sizing_mode="stretch_width", margin=0)
