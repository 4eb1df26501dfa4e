"""What a view is given: the snapshot, what it is narrowed to, and the way to another place of the dashboard."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property

import polars as pl

from dashboards import theme
from dashboards.address import Place
from dashboards.data import Snapshot
from dashboards.filters import Filters, narrow
from toolkit.revenue import Measure

Go = Callable[..., None]
"""``go("accounts", band="Red")``: open a view with a pick; the common filters stay."""


def nowhere(view: str, **pick: str) -> None:
    """Go nowhere; for a view that is only looked at."""


@dataclass(frozen=True)
class Scene:
    """A snapshot as one reader looks at it. `pick` is what was picked in the view, `go` opens another place."""

    snapshot: Snapshot
    filters: Filters = field(default_factory=Filters)
    pick: Mapping[str, str] = field(default_factory=dict)
    go: Go = nowhere
    dark: bool = False

    @cached_property
    def accounts(self) -> pl.DataFrame:
        """The accounts that pass the common filters, those most in need of attention first."""
        return narrow(self.snapshot.accounts, self.filters)

    @property
    def measure(self) -> Measure:
        """The column of agreements that recurring revenue is told by."""
        return "arr" if self.filters.arr else "mrr"

    def days(self, usual: int) -> int:
        """Return the days that the view looks at: what the reader chose, or the view's usual period."""
        return self.filters.days or usual

    def since(self, usual: int) -> str:
        """Return the first day of the period that ends now, as a person reads it."""
        return theme.day(self.snapshot.now - timedelta(days=self.days(usual)))

    def revenue(self, monthly: float | None) -> str:
        """Return an account's monthly revenue as the reader wants it told, with its unit: ``$1.2K MRR``."""
        return f"{self.amount(monthly)} {self.filters.money}"

    def amount(self, monthly: float | None) -> str:
        """Return an account's monthly revenue as the reader wants it told: of a month, or of a year."""
        return self.snapshot.money(self.filters.recurring(monthly))

    def link(self, view: str, **pick: str) -> str:
        """Return the address of a place, with the common filters as they are: for an anchor."""
        return Place(view, self.filters, pick).query

    def account_link(self, account_id: str | None, name: str | None) -> str:
        """Return an anchor to an account's page, escaped; the name alone where there is no account."""
        if account_id is None or not account_id:
            return theme.text(name)
        return f'<a href="{theme.text(self.link("account", id=account_id))}">{theme.text(name or account_id)}</a>'
