"""The dashboard itself: the page, its tabs and filters, who may look, and the web server.

Nothing is loaded from elsewhere: every script, style sheet and font comes from this server. The store is read, never
written, and Salesforce is never asked.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import panel as pn
import panel_material_ui as pmui
import param
import polars as pl
from bokeh.util.warnings import BokehUserWarning

from dashboards import theme
from dashboards.address import Address, Place, place
from dashboards.data import may_view
from dashboards.filters import Filters
from dashboards.reader import Reader
from dashboards.sidebar import sidebar
from dashboards.views import (
    account,
    attention,
    engagement,
    health,
    parts,
    plan,
    quality,
    renewals,
    revenue,
    runs,
    states,
    sync,
    sync_lists,
)
from dashboards.views.scene import Scene

TABS: dict[str, tuple[str, Callable[[Scene], pn.viewable.Viewable]]] = {
    "health": ("Health", health.view),
    "accounts": ("Accounts", attention.view),
    "renewals": ("Renewals", renewals.view),
    "revenue": ("Revenue", revenue.view),
    "engagement": ("Engagement", engagement.view),
    "plan": ("Pending plan", plan.view),
    sync.VIEW: ("Sync health", sync.view),
    quality.VIEW: ("Data quality", quality.view),
    "runs": ("Runs", runs.view),
}
ACCOUNT = "account"
"""The view of one account; it has no tab and is reached from every list."""
VIEWS = [*TABS, ACCOUNT]
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


class Board:
    """One reader's page. Where it is is in the address, so that a view can be sent to a colleague and Back works."""

    def __init__(self, reader: Reader, user: str | None) -> None:
        self._reader = reader
        self._user = user
        self._snapshot = reader.snapshot()
        asked = pn.state.location.search if pn.state.location is not None else ""
        self._place = place(asked, VIEWS, "health")
        self._list = self._place if self._place.view in TABS else Place("accounts", self._place.filters)
        self._address = Address(self._place.query, follow=self._follow)
        self._body = parts.page()
        self._filters = parts.stack()
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
            *((label, pn.Spacer(height=0)) for label, _ in TABS.values()), active=self._tab(), margin=0
        )
        self.page = self._make_page()
        self._tabs.param.watch(self._turned, "active")
        self._address.param.watch(self._travelled, "query")
        self.page.param.watch(lambda _: self._show(), "dark_theme")
        self._fill_filters()
        self._show()
        pn.state.add_periodic_callback(self._look, period=LOOK_EVERY)

    def _make_page(self) -> pmui.Page:
        content = parts.stack(
            self._tabs, self._body, self._address, padding="8px clamp(12px, 2vw, 24px) 32px", gap="12px"
        )
        page = pmui.Page(
            title=self._title(),
            main=[content],
            sidebar=[self._filters],
            header=[self._newer],
            sidebar_width=280,
            sidebar_open="Mobi" not in (pn.state.headers or {}).get("User-Agent", ""),
            sidebar_resizable=False,
            theme_config=theme.PAGE_THEME,
            sx=theme.PAGE_SX,
            meta_name="Customer success",
        )

        self._address.param.watch(lambda event: page.param.update(sidebar_open=not event.new), "narrow")
        return page

    def _title(self) -> str:
        return self._snapshot.name if may_view(self._snapshot.settings, self._user) else "Customer success"

    def _tab(self) -> int:
        return list(TABS).index(self._place.view) if self._place.view in TABS else len(TABS)

    # -- what changes ------------------------------------------------------------------------------------------------

    def _go(self, view: str, **pick: str) -> None:
        self._move(Place(view, self._place.filters, pick))

    def _follow(self, query: str) -> None:
        self._go_to(place(query, VIEWS, "health"))

    def _go_to(self, target: Place) -> None:
        self._move(replace(target, filters=self._place.filters if target.filters == Filters() else target.filters))

    def _move(self, target: Place) -> None:
        if target != self._place:
            self._settle(target)
            self._address.query = target.query

    def _travelled(self, event: param.parameterized.Event) -> None:
        if event.new != self._place.query:  # the reader went back or forward
            self._settle(place(event.new, VIEWS, "health"))

    def _turned(self, event: param.parameterized.Event) -> None:
        if event.new < len(TABS) and event.new != self._tab():
            self._go(list(TABS)[event.new])

    def _filter(self, filters: Filters) -> None:
        self._settle(replace(self._place, filters=filters), keep_controls=filters != Filters())
        self._address.query = self._place.query

    def _settle(self, target: Place, *, keep_controls: bool = False) -> None:
        refill = target.filters != self._place.filters and not keep_controls
        self._place = target
        if target.view in TABS:
            self._list = target
        self._tabs.active = self._tab()
        if refill:
            self._fill_filters()
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
        fresh = [] if snapshot.state in ("no_store", "broken") else [states.freshness(snapshot, self._place.view)]
        self._body[:] = [*fresh, *states.banners(snapshot), *shown]

    def _open_view(self) -> pn.viewable.Viewable:
        scene = Scene(self._snapshot, self._place.filters, self._place.pick, self._go, self.page.dark_theme)
        if self._place.view == ACCOUNT:
            chosen = self._place.pick.get("id", "")
            back = (TABS[self._list.view][0], replace(self._list, filters=self._place.filters).query)
            return account.view(scene, self._reader.details(self._snapshot, chosen), back=back)
        if self._place.view == sync.VIEW:
            wanted = sync_lists.wanted_commits(scene)
            return sync.view(scene, pl.concat(map(self._reader.commit, wanted)) if wanted else None)
        if self._place.view == quality.VIEW:
            listed = partial(self._reader.records, self._snapshot)
            return quality.view(scene, self._reader.quality(self._snapshot), listed)
        return TABS[self._place.view][1](scene)

    def _fill_filters(self) -> None:
        snapshot = self._snapshot
        ready = snapshot.state == "ready" and may_view(snapshot.settings, self._user)
        self._filters[:] = [sidebar(snapshot, self._place.filters, self._filter)] if ready else []
