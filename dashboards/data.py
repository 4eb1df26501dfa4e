"""What the dashboard shows at one moment, as frames and a few plain values, and how each is told.

A `Snapshot` is everything the views need. The folder's mapping file says how scores are read (bands, scale), when the
next push is due, and whether the clock is pinned. How it is read is in `dashboards.reader`.
"""

import shlex
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal, TypeVar

import polars as pl

from dashboards import theme
from dashboards.columns import Column
from dashboards.filters import Filters, narrow
from toolkit.config import HealthProfile, ObjectMapping, Settings
from toolkit.frames import (
    APPROVALS,
    CONTRIBUTIONS,
    JOURNAL,
    LINKS,
    MISMATCHES,
    RUNS,
    SCORES,
    SKIPS,
)
from toolkit.schedule import next_time
from toolkit.store.tallies import TALLIES
from toolkit.summaries import NO_BAND
from toolkit.writeback.planning.plan import Plan

T = TypeVar("T")

MOST_KEPT = 24
"""So many results that take long to work out are kept, of all readers together."""

ACCOUNTS = {
    "id": pl.String,
    "place": pl.Int64,  # 1 needs attention most
    "name": pl.String,
    "segment": pl.String,
    "csm": pl.String,
    "stage": pl.String,
    "mrr": pl.Float64,
    "renewal_date": pl.Date,
    "score": pl.Float64,  # 0-100
    "shown": pl.Float64,  # on the profile's scale
    "band": pl.String,  # NO_BAND for an account without a score
    "coverage": pl.Float64,
    "driver": pl.String,  # in words, what costs the account most
    "touched_at": pl.Datetime("ms", "UTC"),  # the last interaction that has taken place
    "parent_id": pl.String,
    "churned_on": pl.Date,
}
"""The columns of `Snapshot.accounts`, one row an account, most in need of attention first; after them come the
configured columns that are none of these. Archived accounts are left out."""


@dataclass(frozen=True)
class NewestPlan:
    """The newest plan, and what became of it.

    ``outcome`` counts its rows by state (intended, written, failed, held) once it was committed, and is None while it
    waits; ``overtaken`` says that another commit was made since, so that it may not be committed any more.
    """

    plan: Plan
    outcome: dict[str, int] | None = None
    overtaken: bool = False
    unwritten: pl.DataFrame = field(default_factory=JOURNAL.empty)
    approvals: pl.DataFrame = field(default_factory=APPROVALS.empty)

    @property
    def pending(self) -> bool:
        """Whether the plan waits for somebody to commit it."""
        return self.outcome is None and not self.overtaken


@dataclass(frozen=True)
class Snapshot:
    """Everything the views need. ``state`` is ``ready`` when there are scores to show; ``broken`` says why in
    ``problem`` and what to do in ``remedy``.

    ``tallies`` counts what the newest commits did, ``unwritten`` are their rows that failed or were held and were not
    written since, and ``skips`` are the records that are left out (`frames.SKIPS`).

    ``here`` has the wide records of the accounts, with archived ones; ``contacts`` those of contacts, and ``relations``
    the accounts that each has to do with (`frames.CONTACT_ACCOUNTS`). ``agreements``, ``interactions`` and ``members``
    are `frames.AGREEMENTS`, `INTERACTIONS` and `MEMBERS`, and ``activity`` the members' own records; each is None where
    the workspace has no such object, or has not imported it yet.
    """

    folder: Path
    now: datetime
    state: Literal["ready", "no_store", "empty", "broken"] = "ready"
    problem: str = ""
    remedy: str = ""
    settings: Settings | None = None
    accounts: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=ACCOUNTS))
    scores: pl.DataFrame = field(default_factory=SCORES.empty)
    contributions: pl.DataFrame = field(default_factory=CONTRIBUTIONS.empty)
    here: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema={"id": pl.String}))
    columns: tuple[Column, ...] = ()
    contacts: pl.DataFrame | None = None
    relations: pl.DataFrame | None = None
    agreements: pl.DataFrame | None = None
    interactions: pl.DataFrame | None = None
    members: pl.DataFrame | None = None
    activity: pl.DataFrame | None = None
    runs: pl.DataFrame = field(default_factory=RUNS.empty)
    open_journal: pl.DataFrame = field(default_factory=JOURNAL.empty)
    tallies: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=TALLIES))
    unwritten: pl.DataFrame = field(default_factory=JOURNAL.empty)
    skips: pl.DataFrame = field(default_factory=SKIPS.empty)
    plan: NewestPlan | None = None
    symbol: str = "$"
    scored_as_of: date | None = None
    version: Hashable = None
    kept: dict[Hashable, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def name(self) -> str:
        """The workspace's name."""
        return self.settings.workspace.name if self.settings else self.folder.name

    @property
    def profile(self) -> HealthProfile | None:
        """The health profile that the scores were given by."""
        return self.settings.health.profile if self.settings else None

    @property
    def band_names(self) -> list[str]:
        """The bands' names, worst first."""
        return [band.name for band in self.profile.bands] if self.profile else []

    @property
    def top(self) -> float:
        """The upper end of the scale that scores are shown on."""
        return self.profile.top if self.profile else 100.0

    @property
    def pulled_at(self) -> datetime | None:
        """When Salesforce was last read without fault."""
        pulls = self.runs.filter((pl.col("step") == "pull") & (pl.col("status") == "done"))
        return pulls["ended_at"].max()

    @property
    def next_push(self) -> datetime | None:
        """When the next scheduled push of health is due."""
        cron = self.settings.schedule.push_health if self.settings else None
        return next_time(cron, self.now) if cron else None

    @property
    def last_failure(self) -> dict[str, Any] | None:
        """The newest run, if it failed."""
        newest = self.runs.sort("run_id", descending=True).head(1)
        return newest.row(0, named=True) if newest.height and newest["status"][0] == "failed" else None

    def mapped(self, role: str) -> tuple[ObjectMapping, ...]:
        """Return the objects of the mapping file that act as `role` and are not disabled."""
        objects = self.settings.active_objects.values() if self.settings else ()
        return tuple(mapping for mapping in objects if mapping.acts_as == role)

    def read_at(self, role: str) -> datetime | None:
        """Return when the objects of a role were last read from Salesforce without fault."""
        names = [mapping.object for mapping in self.mapped(role)]
        done = self.runs.filter((pl.col("step") == "pull") & (pl.col("status") == "done"))
        return done.filter(pl.col("object").is_in(names))["ended_at"].max()

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what `make` returns, worked out only once for each `key` as long as the store stays as it is.

        What was worked out belongs to this snapshot: one that is made from it with other frames needs ``kept={}``.
        """
        if key not in self.kept:
            if len(self.kept) >= MOST_KEPT:
                self.kept.clear()
            self.kept[key] = make()
        found: T = self.kept[key]
        return found

    def tone(self, band: str | None) -> str:
        """Return a band's colour."""
        return theme.band_colors(self.band_names).get(band or NO_BAND, theme.NOT_SCORED)

    def tones(self) -> pl.Expr:
        """Return an expression: the colour of the column ``band``."""
        return pl.col("band").replace_strict(theme.band_colors(self.band_names), default=theme.NOT_SCORED)

    def band_of(self, points: float | None) -> str | None:
        """Return the band that `points` (0-100) fall into."""
        if self.profile is None or points is None:
            return None
        return [band.name for band in self.profile.bands if band.start <= points][-1]

    def figure(self, shown: float | None) -> str:
        """Return a score that is on the scale already, with the profile's decimals."""
        return f"{shown:.{self.profile.decimals if self.profile else 1}f}" if shown is not None else theme.NO_VALUE

    def on_scale(self, score: float | None) -> str:
        """Return a score of 0-100 on the profile's scale."""
        return self.figure(score * self.top / 100 if score is not None else None)

    def symbol_of(self, currency: str) -> str:
        """Return how an agreement's currency is written; as the accounts' own where the org has only one."""
        return theme.symbol_of(currency) or self.symbol

    def money(self, value: float | None) -> str:
        """Return an amount in the accounts' currency."""
        return theme.money(value, self.symbol)

    def value_of(self, measure: str, value: float | None) -> str:
        """Return a measure's value as a person says it: days, a change in per cent, or a plain number."""
        if value is None:
            return "no data"
        metrics = [each.metric for each in self.profile.measures if each.name == measure] if self.profile else []
        metric = self.settings.metrics.get(metrics[0]) if self.settings and metrics else None
        if metric and metric.aggregate in ("days_since", "days_until"):
            return theme.plural(round(value), "day")
        if metric and metric.aggregate == "change":
            return f"{value:+.0f}%"
        if metric and metric.per:
            return f"{value:.0%}"
        return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}"

    def command(self, step: str, *arguments: str) -> str:
        """Return the command line that runs a step on this workspace."""
        return shlex.join(["cs-toolkit", step, *arguments, "--workspace", str(self.folder)])


@dataclass(frozen=True)
class Details:
    """What is read of one account alone: its scores over time, its links, and what the journal knows of it."""

    history: pl.DataFrame = field(default_factory=SCORES.empty)
    links: pl.DataFrame = field(default_factory=LINKS.empty)
    mismatches: pl.DataFrame = field(default_factory=MISMATCHES.empty)
    journal: pl.DataFrame = field(default_factory=JOURNAL.empty)
    there: dict[str, Any] = field(default_factory=dict)


def narrow_changes(changes: pl.DataFrame, snapshot: Snapshot, filters: Filters) -> pl.DataFrame:
    """Return the changes of the accounts that pass the filters; without a filter, all of them.

    Changes of other objects follow the account that their record belongs to.
    """
    if not filters.narrows:
        return changes
    accounts = narrow(snapshot.accounts, filters).select(_account="id")
    return with_account(changes, snapshot).join(accounts, on="_account", how="semi").drop("_account")


def with_account(changes: pl.DataFrame, snapshot: Snapshot) -> pl.DataFrame:
    """Return the changes with the column ``_account``: the id of the account that each row's record belongs to."""
    owners = [
        frame.select(object=pl.lit(name), here_id="id", _owner="account_id")
        for name, frame in (("contact", snapshot.contacts), ("agreement", snapshot.agreements))
        if frame is not None and "account_id" in frame.columns
    ]
    if snapshot.interactions is not None:
        owners.append(snapshot.interactions.select("object", here_id="id", _owner="account_id"))
    if not owners:
        return changes.with_columns(_account="here_id")
    owned = changes.join(
        pl.concat(owners).unique(["object", "here_id"]), on=["object", "here_id"], how="left", maintain_order="left"
    )
    account = pl.when(pl.col("object") == "account").then("here_id").otherwise("_owner")
    return owned.with_columns(_account=account).drop("_owner")


def may_view(settings: Settings | None, user: str | None) -> bool:
    """Return whether the mapping file's [access] lets `user` look (CAT-1)."""
    return settings is None or "*" in settings.access.view or (user is not None and user in settings.access.view)
