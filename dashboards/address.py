"""Where in the dashboard a reader is, as the address of the page: it can be sent to a colleague, and Back works.

A `Place` is a view, the common filters, and what was picked in the view. `Address` keeps the browser's address bar and
its history in step with it.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode

import panel as pn
import param

from dashboards.filters import Condition, Filters

LONGEST_PERIOD = 3660
"""Days; a longer period that somebody wrote into the address is not taken."""
_PARTS = {"is": "values", "has": "has", "from": "low", "to": "high"}


@dataclass(frozen=True)
class Place:
    """A view, what everything is narrowed to, and what was picked in the view."""

    view: str
    filters: Filters = field(default_factory=Filters)
    pick: Mapping[str, str] = field(default_factory=dict)

    @property
    def query(self) -> str:
        """The place as the query of an address, with its question mark: ``?view=accounts&band=Red``."""
        filters = self.filters
        pairs = [("view", self.view), *self.pick.items()]
        pairs += [("segments", each) for each in filters.segments] + [("csms", each) for each in filters.csms]
        pairs += [("parent", filters.parent)] if filters.parent else []
        pairs += [("period", str(filters.days))] if filters.days else []
        pairs += [("money", "arr")] if filters.arr else []
        for column, condition in filters.columns:
            pairs += [(f"is.{column}", value) for value in condition.values]
            pairs += [(f"{part}.{column}", getattr(condition, _PARTS[part])) for part in ("has", "from", "to")]
        return "?" + urlencode([(name, value) for name, value in pairs if value])


def place(query: str, views: Collection[str], default: str) -> Place:
    """Return the place that a query says; whatever it says that makes no sense is left out."""
    pairs = parse_qsl(query.removeprefix("?"))
    conditions: dict[str, dict[str, tuple[str, ...]]] = {}
    pick: dict[str, str] = {}
    common: dict[str, list[str]] = {name: [] for name in ("view", "segments", "csms", "parent", "period", "money")}
    for name, value in pairs:
        part, dot, column = name.partition(".")
        if dot and part in _PARTS:
            kept = conditions.setdefault(column, {})
            kept[part] = (*kept.get(part, ()), value)
        elif name in common:
            common[name].append(value)
        else:
            pick[name] = value
    period = next(iter(common["period"]), "")
    days = int(period) if period.isdecimal() and len(period) < 5 else 0
    filters = Filters(
        segments=tuple(common["segments"]),
        csms=tuple(common["csms"]),
        parent=next(iter(common["parent"]), None),
        days=days if 0 < days <= LONGEST_PERIOD else None,
        arr="arr" in common["money"],
        columns=tuple((column, _condition(said)) for column, said in conditions.items()),
    )
    view = next(iter(common["view"]), default)
    return Place(view if view in views else default, filters, pick)


def _condition(said: Mapping[str, tuple[str, ...]]) -> Condition:
    has, low, high = (said.get(part, ("",))[-1] for part in ("has", "from", "to"))
    return Condition(said.get("is", ()), has, low, high)


class Address(pn.custom.JSComponent):
    """The browser's address and width. Setting `query` adds to its history; Back and Forward change `query`.

    Links of the page whose address is a query only (``?view=account&id=A-1``) open no new page: `follow` is called.
    """

    query = param.String(default="", doc="The query of the address, with its question mark.")
    narrow = param.Boolean(default=None, allow_None=True, doc="Whether the window is as narrow as a phone's.")
    most = param.Integer(default=899, doc="Pixels; a window that is not wider is narrow.")

    _esm = """
    const inside = (event) => {
      if (event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return null
      const link = event.composedPath().find((each) => each.tagName === "A")
      const href = link && link.getAttribute("href")
      return href && href.startsWith("?") ? href : null
    }
    const upwards = () => {
      for (const each of [document.scrollingElement, ...document.querySelectorAll(".main, main")])
        each && each.scrollTo(0, 0)
    }
    const page = (query) => { const said = new URLSearchParams(query); return said.get("view") + " " + said.get("id") }

    export function render({ model }) {
      let shown = page(model.query)
      const window_ = window.matchMedia(`(max-width: ${model.most}px)`)
      const fit = () => { model.narrow = window_.matches }
      const drawn = () => {  // the page around this does not listen before it is drawn itself
        const idle = (window.Bokeh?.documents ?? []).some((each) => each.is_idle)
        setTimeout(idle ? fit : drawn, 250)
      }
      drawn()
      window_.addEventListener("change", fit)
      const seen = () => { model.query = window.location.search }
      const followed = (event) => {
        const href = inside(event)
        if (href === null) return
        event.preventDefault()
        event.stopPropagation()
        model.send_msg(href)
      }
      window.addEventListener("popstate", seen)
      document.addEventListener("click", followed, true)
      model.on("query", () => {
        if (model.query !== window.location.search)
          window.history.pushState({}, "", window.location.pathname + model.query)
        if (page(model.query) !== shown) upwards()
        shown = page(model.query)
      })
      model.on("remove", () => {
        window.removeEventListener("popstate", seen)
        window_.removeEventListener("change", fit)
        document.removeEventListener("click", followed, true)
      })
      if (model.query !== window.location.search)
        window.history.replaceState({}, "", window.location.pathname + model.query)
      return document.createElement("span")
    }
    """

    def __init__(self, query: str, follow: Callable[[str], None]) -> None:
        super().__init__(query=query, width=0, height=0, margin=0)
        self._follow = follow

    def _handle_msg(self, msg: object) -> None:
        if isinstance(msg, str):
            self._follow(msg)
