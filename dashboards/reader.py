"""Reads a workspace's folder for the dashboard: read-only, and anew only when something has changed.

The org is never asked: a leader who looks costs no API call.
"""

import threading
from collections.abc import Hashable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from dashboards import theme
from dashboards.columns import Column, configured, plain
from dashboards.data import ACCOUNTS, Details, NewestPlan, Snapshot
from dashboards.quality import RECORDS, Quality, read_quality, read_records
from toolkit.config import HealthProfile, ObjectMapping, Settings, load
from toolkit.engagement import last_touches
from toolkit.errors import ToolkitError
from toolkit.frames import APPROVALS, CONTACT_ACCOUNTS, CONTRIBUTIONS, JOURNAL, LINKS, MISMATCHES, SCORES, SKIPS
from toolkit.health.attention import attention_order
from toolkit.store import Store
from toolkit.store.store import FILE_NAME
from toolkit.summaries import NO_BAND
from toolkit.writeback.planning.plan import Plan

MAPPING_FILE = "workspace.toml"
RECENT_RUNS = 500
RECENT_COMMITS = 50
MOST_CONTACTS = 20
"""So many records of one account are looked up in the journal."""


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

    def commit(self, commit_id: str) -> pl.DataFrame:
        """Return the journal rows of a commit (`JOURNAL`); none of one that the store does not know."""
        try:
            with Store.open(self.folder, read_only=True) as store:
                return store.read(JOURNAL, within={"commit_id": commit_id})
        except ToolkitError:
            return JOURNAL.empty()

    def details(self, snapshot: Snapshot, account_id: str) -> Details:
        """Return what is read of one account alone: its past, its links and its part of the journal."""
        contacts = snapshot.contacts
        own = contacts.filter(pl.col("account_id") == account_id)["id"].to_list() if contacts is not None else []
        records = [("account", account_id), *((snapshot.mapped("contact")[0].object, each) for each in own)]
        try:
            with Store.open(self.folder, read_only=True) as store:
                return _details(store, records)
        except ToolkitError:
            return Details()  # the page's banner says what is the matter with the store

    def quality(self, snapshot: Snapshot) -> Quality:
        """Return the quality of the data, worked out once as long as the store stays as it is."""
        return snapshot.once("quality", lambda: self._quality(snapshot))

    def _quality(self, snapshot: Snapshot) -> Quality:
        try:
            with Store.open(self.folder, read_only=True) as store:
                return read_quality(store, snapshot.settings) if snapshot.settings is not None else Quality()
        except ToolkitError:
            return Quality()  # the page's banner says what is the matter with the store

    def records(self, snapshot: Snapshot, object_name: str, side: str, column: str, value: str) -> pl.DataFrame:
        """Return the records of a side without a value in a column, or with `value` those that hold it."""
        if snapshot.settings is None:
            return pl.DataFrame(schema=RECORDS)
        try:
            with Store.open(self.folder, read_only=True) as store:
                return read_records(store, snapshot.settings, object_name, side, column, value)
        except ToolkitError:
            return pl.DataFrame(schema=RECORDS)


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
    objects = _objects(bare, store)
    accounts, columns = bare.accounts, bare.columns
    if here is not None:
        columns = configured(_mapping(bare.settings), here, tuple(ACCOUNTS))
        accounts = account_rows(
            scores, contributions, here, bare.profile, bare.now, columns=columns, interactions=objects["interactions"]
        )
    return replace(
        bare,
        state="ready" if accounts.height and (scores.height or bare.profile is None) else "empty",
        accounts=accounts,
        columns=columns,
        here=here if here is not None else bare.here,
        scores=scores,
        contributions=contributions,
        runs=store.runs(RECENT_RUNS),
        open_journal=store.read(JOURNAL, within={"state": "intended"}),
        tallies=store.tallies(RECENT_COMMITS),
        unwritten=store.unwritten(RECENT_COMMITS),
        skips=store.read(SKIPS),
        plan=_newest_plan(store),
        symbol=_symbol(here),
        scored_as_of=scores["as_of"].max(),
        **objects,
    )


def _objects(bare: Snapshot, store: Store) -> dict[str, pl.DataFrame | None]:
    # What belongs to accounts; a workspace has any of them only when its mapping file maps the object.
    frames: dict[str, pl.DataFrame | None] = {
        name: store.records("derived", name) for name in ("agreements", "interactions", "members")
    }
    for name in ("agreements", "interactions"):
        if not bare.mapped(name.removesuffix("s")):
            frames[name] = None
    contacts = [store.records("here", mapping.object) for mapping in bare.mapped("contact")]
    found = [frame for frame in contacts if frame is not None]
    frames["relations"] = store.records("derived", CONTACT_ACCOUNTS.name)
    frames["contacts"] = _unarchived(pl.concat(found, how="diagonal_relaxed")) if found else None
    frames["activity"] = store.records("here", "member") if frames["members"] is not None else None
    if frames["activity"] is None and frames["members"] is not None:
        frames["activity"] = store.records("source", "member")
    return frames


def _mapping(settings: Settings | None) -> ObjectMapping | None:
    return settings.objects.get("account") if settings else None


def _unarchived(records: pl.DataFrame) -> pl.DataFrame:
    return records.filter(pl.col("archived_on").is_null()) if "archived_on" in records.columns else records


def _details(store: Store, records: list[tuple[str, str]]) -> Details:
    account_id = records[0][1]
    links = store.read(LINKS, within={"object": "account", "here_id": account_id})
    there = store.records("there", "account") if links.height else None
    partner = there.filter(pl.col("id") == links["there_id"][0]) if there is not None else LINKS.empty()
    parts = [store.read(JOURNAL, within={"object": name, "here_id": each}) for name, each in records[:MOST_CONTACTS]]
    return Details(
        history=store.score_history(account_id),
        links=links,
        mismatches=store.read(MISMATCHES, within={"object": "account", "id": account_id}),
        journal=pl.concat(parts),
        there=partner.row(0, named=True) if partner.height else {},
    )


def _newest_plan(store: Store) -> NewestPlan | None:
    kept = store.latest_plan()
    if kept is None:
        return None
    plan = Plan.load(*kept)
    commits = {row["commit_id"]: row for row in store.commits().iter_rows(named=True)}
    if plan.plan_id not in commits:
        approvals = store.read(APPROVALS, within={"plan_id": plan.plan_id})
        return NewestPlan(plan, overtaken=plan.parent != next(reversed(commits), None), approvals=approvals)
    counts = {state: commits[plan.plan_id][state] for state in ("intended", "written", "failed", "held")}
    return NewestPlan(plan, counts, unwritten=store.journal(plan.plan_id).filter(pl.col("state") != "written"))


def account_rows(
    scores: pl.DataFrame,
    contributions: pl.DataFrame,
    here: pl.DataFrame,
    profile: HealthProfile | None,
    now: datetime,
    *,
    columns: tuple[Column, ...] = (),
    interactions: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Return `ACCOUNTS` and the configured `columns`: the accounts with their scores, in order of attention.

    Those never scored are last, those of most revenue first; archived ones are left out. Without a `profile` no
    account is scored.
    """
    kept = _unarchived(here)
    scored = scores.join(kept, on="id", how="semi")
    order = attention_order(scored, kept, profile, now.date()) if profile is not None else _NO_ORDER
    names = ("name", "segment", "csm", "stage", "parent_id", "churned_on")
    facts = {name: pl.col(name) if name in kept.columns else pl.lit(None) for name in names}
    more = {column.name: plain(kept, column.field) for column in columns if column.name not in ACCOUNTS}
    mrr = pl.col("mrr").cast(pl.Float64, strict=False) if "mrr" in kept.columns else pl.lit(None, pl.Float64)
    renewal = pl.col("renewal_date") if kept.schema.get("renewal_date") == pl.Date else pl.lit(None, pl.Date)
    never = kept.join(order, on="id", how="anti").select("id", mrr=mrr, renewal=renewal)
    never = never.sort("mrr", "id", descending=[True, False], nulls_last=True)
    touched = last_touches(interactions, now) if interactions is not None else _NO_TOUCH
    rows = (
        pl.concat([order.select("id", "mrr", "renewal", "band", "score", "shown"), never], how="diagonal_relaxed")
        .join(kept.select("id", **facts, **more), on="id", how="left", maintain_order="left")
        .join(_drivers(contributions), on="id", how="left", maintain_order="left")
        .join(scores.select("id", "coverage"), on="id", how="left", maintain_order="left")
        .join(touched.select(id="account_id", touched_at="touched_at"), on="id", how="left", maintain_order="left")
        .with_row_index("place", offset=1)
        .with_columns(pl.col("band").fill_null(NO_BAND), renewal_date=pl.col("renewal"))
    )
    return rows.select(*(pl.col(name).cast(dtype) for name, dtype in ACCOUNTS.items()), *more)


_NO_ORDER = pl.DataFrame(
    schema={name: ACCOUNTS.get(name, pl.Date) for name in ("id", "mrr", "renewal", "band", "score", "shown")}
)
_NO_TOUCH = pl.DataFrame(schema={"account_id": pl.String, "touched_at": ACCOUNTS["touched_at"]})


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
