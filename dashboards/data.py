"""What the dashboard shows, read from a workspace's folder: read-only, and read anew only when something has changed.

A `Snapshot` is everything the views need at one moment, as frames and a few plain values. The folder's mapping file
says how scores are read (bands, scale), when the next push is due, and whether the clock is pinned. The org is never
asked: a leader who looks costs no API call.
"""

import shlex
import threading
from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal

import polars as pl

from dashboards import theme
from toolkit.config import HealthProfile, Settings, load
from toolkit.errors import ToolkitError
from toolkit.frames import CONTRIBUTIONS, JOURNAL, RUNS, SCORES
from toolkit.health.attention import attention_order
from toolkit.schedule import next_time
from toolkit.store import Store
from toolkit.store.store import FILE_NAME
from toolkit.summaries import NO_BAND
from toolkit.writeback.plan import Plan

MAPPING_FILE = "workspace.toml"
RECENT_RUNS = 200

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
}
"""The columns of `Snapshot.accounts`, one row an account, most in need of attention first."""


@dataclass(frozen=True)
class Filters:
    """What the reader narrowed the page to. Empty means everything."""

    segments: tuple[str, ...] = ()
    csms: tuple[str, ...] = ()
    band: str | None = None
    field: str | None = None
    verdict: str | None = None


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

    @property
    def pending(self) -> bool:
        """Whether the plan waits for somebody to commit it."""
        return self.outcome is None and not self.overtaken


@dataclass(frozen=True)
class Snapshot:
    """Everything the views need. ``state`` is ``ready`` when there are scores to show; ``broken`` says why in
    ``problem`` and what to do in ``remedy``."""

    folder: Path
    now: datetime
    state: Literal["ready", "no_store", "empty", "broken"] = "ready"
    problem: str = ""
    remedy: str = ""
    settings: Settings | None = None
    accounts: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=ACCOUNTS))
    scores: pl.DataFrame = field(default_factory=SCORES.empty)
    contributions: pl.DataFrame = field(default_factory=CONTRIBUTIONS.empty)
    runs: pl.DataFrame = field(default_factory=RUNS.empty)
    open_journal: pl.DataFrame = field(default_factory=JOURNAL.empty)
    plan: NewestPlan | None = None
    symbol: str = "$"
    scored_as_of: date | None = None
    version: Hashable = None

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


def narrow(accounts: pl.DataFrame, filters: Filters) -> pl.DataFrame:
    """Return the accounts that pass the segment, CSM and band filters, in their order."""
    kept = accounts
    for column, wanted in (("segment", filters.segments), ("csm", filters.csms)):
        if wanted:
            kept = kept.filter(pl.col(column).is_in(list(wanted)))
    return kept.filter(pl.col("band") == filters.band) if filters.band is not None else kept


def narrow_changes(changes: pl.DataFrame, snapshot: Snapshot, filters: Filters) -> pl.DataFrame:
    """Return the changes of the accounts that pass the segment and CSM filters; without a filter, all of them."""
    if not (filters.segments or filters.csms):
        return changes
    accounts = narrow(snapshot.accounts, Filters(filters.segments, filters.csms))
    return changes.join(accounts.select(here_id="id"), on="here_id", how="semi")


def may_view(settings: Settings | None, user: str | None) -> bool:
    """Return whether the mapping file's [access] lets `user` look (CAT-1)."""
    return settings is None or "*" in settings.access.view or (user is not None and user in settings.access.view)


class Reader:
    """Reads the workspace in a folder. One serves every session; the frames are kept until the store has changed."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder).resolve()
        self._guard = threading.Lock()
        self._kept: tuple[Hashable, Snapshot] | None = None

    def version(self) -> Hashable:
        """Return a value that changes whenever what is shown may have changed; costs well under a millisecond."""
        stamps = [_stamp(self.folder / name) for name in (MAPPING_FILE, FILE_NAME)]
        try:
            with Store.open(self.folder, read_only=True) as store:
                return (*stamps, store.version)
        except ToolkitError as error:
            return (*stamps, str(error))

    def snapshot(self) -> Snapshot:
        """Return what is to be shown now. Never raises: what cannot be read becomes a snapshot that says so."""
        with self._guard:
            version = self.version()
            if self._kept is None or self._kept[0] != version:
                self._kept = (version, _read(self.folder))
            kept = self._kept[1]
        return replace(kept, now=_now(kept.settings), version=version)


def _read(folder: Path) -> Snapshot:
    bare = Snapshot(folder, datetime.now(UTC), state="no_store")
    if not (folder / MAPPING_FILE).exists() or not (folder / FILE_NAME).exists():
        return bare
    try:
        settings = load(folder / MAPPING_FILE)
        now = _now(settings)
        with Store.open(folder, read_only=True) as store:
            return _read_store(replace(bare, settings=settings, now=now), store)
    except ToolkitError as error:
        return replace(bare, state="broken", problem=error.message, remedy=error.hint)


def _read_store(bare: Snapshot, store: Store) -> Snapshot:
    scores, contributions, here = store.read(SCORES), store.read(CONTRIBUTIONS), store.records("here", "account")
    accounts = bare.accounts
    if here is not None and bare.profile is not None:
        accounts = account_rows(scores, contributions, here, bare.profile, bare.now.date())
    journal = store.journal()
    return replace(
        bare,
        state="ready" if scores.height and accounts.height else "empty",
        accounts=accounts,
        scores=scores,
        contributions=contributions,
        runs=store.runs(RECENT_RUNS),
        open_journal=journal.filter(pl.col("state") == "intended"),
        plan=_newest_plan(store),
        symbol=_symbol(here),
        scored_as_of=scores["as_of"].max(),
    )


def _newest_plan(store: Store) -> NewestPlan | None:
    kept = store.latest_plan()
    if kept is None:
        return None
    plan = Plan.load(*kept)
    commits = {row["commit_id"]: row for row in store.commits().iter_rows(named=True)}
    if plan.plan_id not in commits:
        return NewestPlan(plan, overtaken=plan.parent != next(reversed(commits), None))
    counts = {state: commits[plan.plan_id][state] for state in ("intended", "written", "failed", "held")}
    return NewestPlan(plan, counts, unwritten=store.journal(plan.plan_id).filter(pl.col("state") != "written"))


def account_rows(
    scores: pl.DataFrame, contributions: pl.DataFrame, here: pl.DataFrame, profile: HealthProfile, as_of: date
) -> pl.DataFrame:
    """Return `ACCOUNTS`: the customer's accounts with their scores, in order of attention, those never scored last."""
    order = attention_order(scores, here, profile, as_of)
    facts = {
        name: pl.col(name) if name in here.columns else pl.lit(None) for name in ("name", "segment", "csm", "stage")
    }
    never = here.join(scores, on="id", how="anti").select("id", *(["mrr"] if "mrr" in here.columns else []))
    rows = (
        pl.concat([order.select("id", "mrr", "renewal", "band", "score", "shown"), never], how="diagonal_relaxed")
        .join(here.select("id", **facts), on="id", how="left", maintain_order="left")
        .join(_drivers(contributions), on="id", how="left", maintain_order="left")
        .join(scores.select("id", "coverage"), on="id", how="left", maintain_order="left")
        .with_row_index("place", offset=1)
        .with_columns(pl.col("band").fill_null(NO_BAND), renewal_date=pl.col("renewal"))
    )
    return rows.select(pl.col(name).cast(dtype) for name, dtype in ACCOUNTS.items())


def _drivers(contributions: pl.DataFrame) -> pl.DataFrame:
    # id, driver: the one or two measures that cost an account the most, at least one point of 100 each.
    lost = pl.col("weight") * 100 - pl.col("contribution")
    costly = (
        contributions.with_columns(lost=lost)
        .filter(pl.col("lost") >= 1)
        .sort("lost", "measure", descending=[True, False])
    )
    return costly.group_by("id", maintain_order=True).agg(driver=pl.col("measure").head(2).str.join(" · "))


def _symbol(here: pl.DataFrame | None) -> str:
    # Amounts in several currencies are not added up under one sign.
    codes = here["currency"].drop_nulls().unique().to_list() if here is not None and "currency" in here.columns else []
    return theme.CURRENCIES.get(codes[0], codes[0] + " ") if len(codes) == 1 else "$" if not codes else "¤"


def _now(settings: Settings | None) -> datetime:
    pinned = settings.workspace.as_of if settings else None
    return pinned.astimezone(UTC) if pinned else datetime.now(UTC)


def _stamp(path: Path) -> tuple[int, int] | None:
    # The inode tells a store that was made anew from the one before it.
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_ino, stat.st_mtime_ns if path.suffix == ".toml" else 0
