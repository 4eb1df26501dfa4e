"""The figures of the revenue page, each from `toolkit.revenue`, for one currency and one period."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import polars as pl

from dashboards import theme
from toolkit.revenue import (
    Measure,
    bridge,
    currencies,
    in_one_currency,
    monthly,
    movements,
    one_time_fees,
    retention,
    waterfall,
)

STEPS = {
    "start": "Start",
    "new": "New",
    "reactivation": "Came back",
    "upgrade": "Upgrade",
    "downgrade": "Downgrade",
    "churn": "Churn",
    "end": "End",
}


@dataclass(frozen=True)
class Figures:
    """What agreements of one currency come to from one month to another; `left` are those that it leaves out."""

    agreements: pl.DataFrame
    left: pl.DataFrame
    currency: str
    currencies: tuple[str, ...]
    start: date
    end: date
    measure: Measure

    @cached_property
    def monthly(self) -> pl.DataFrame:
        """`frames.MRR` until the last month."""
        return monthly(self.agreements, self.end)

    @cached_property
    def whole(self) -> dict[str, Any] | None:
        """The waterfall of the whole period by step, or None when no revenue was in force."""
        return next(waterfall(self.monthly, self.start, self.end, measure=self.measure).iter_rows(named=True), None)

    @cached_property
    def months(self) -> pl.DataFrame:
        """The waterfall month by month."""
        return movements(self.monthly, self.start, self.end, measure=self.measure)

    @cached_property
    def retained(self) -> dict[str, Any] | None:
        """The one row of `retention`, or None when there was no revenue at the start."""
        return next(self._retention().iter_rows(named=True), None)

    @cached_property
    def bridge(self) -> pl.DataFrame:
        """The way from the renewing basis to that of all revenue: rate, position, step, value."""
        return bridge(self._retention())

    @cached_property
    def fees(self) -> pl.DataFrame:
        """One-time fees of the period: account_id, currency, month, one_time."""
        return one_time_fees(self.agreements).filter(pl.col("month").is_between(self.start, self.end))

    def by_account(self, month: date | None = None) -> pl.DataFrame:
        """Return the waterfall of each account, of the whole period or of one month: account_id and `STEPS`."""
        groups = self._groups()
        if month is None:
            found = waterfall(self.monthly, self.start, self.end, measure=self.measure, groups=groups)
        else:
            before = month.replace(year=month.year - (month.month == 1), month=(month.month - 2) % 12 + 1)
            found = waterfall(self.monthly, before, month, measure=self.measure, groups=groups)
        return found.select(account_id="account", **{step: pl.col(step) for step in STEPS})

    def retained_by_account(self) -> pl.DataFrame:
        """Return what each account with revenue at the start kept, by the columns of `retention`."""
        found = retention(
            self.agreements, self.monthly, self.start, self.end, measure=self.measure, groups=self._groups()
        )
        return found.rename({"account": "account_id"})

    def symbol(self, usual: str) -> str:
        """Return how amounts are written: by their currency, or as the accounts' own where the org has only one."""
        return theme.symbol_of(self.currency) or usual

    @property
    def pick(self) -> dict[str, str]:
        """What keeps the chosen currency when something else is picked."""
        return {"currency": self.currency} if len(self.currencies) > 1 else {}

    def _retention(self) -> pl.DataFrame:
        return retention(self.agreements, self.monthly, self.start, self.end, measure=self.measure)

    def _groups(self) -> pl.DataFrame:
        return self.agreements.select("account_id", account="account_id").unique()


def figures(agreements: pl.DataFrame, start: date, end: date, *, arr: bool, currency: str | None) -> Figures:
    """Return the figures of `agreements` in `currency`; in the one that most agreements have when it is not said."""
    found = currencies(agreements)
    chosen = currency if currency in found else (found[0] if found else "")
    one = in_one_currency(agreements, chosen)
    return Figures(one.agreements, one.skips, chosen, found, start, end, "arr" if arr else "mrr")
