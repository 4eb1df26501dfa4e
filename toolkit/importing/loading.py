"""Load the customer's side: read its sources, work out the metrics, and bring the records here up to date.

What the sources are is `toolkit.sources.reading`, what becomes of a value is `toolkit.importing.records_here`; this
reads, calls them and keeps the result.
"""

import difflib
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import polars as pl

from toolkit import frames
from toolkit.config import ObjectMapping, Settings, Source
from toolkit.config.sources import MEMBER
from toolkit.errors import BrakeError
from toolkit.importing.records_here import here_records, made_here, still_agreed
from toolkit.sources.metrics import measure
from toolkit.sources.reading import read_sources
from toolkit.sources.tables import SOURCE_COLUMNS, Sources, SourceTable, drift
from toolkit.store import Store

ACCOUNT = "account"


@dataclass(frozen=True)
class Loaded:
    """What a load did: rows ``read``, accounts ``written``, rows left out, and accounts ``gone`` from their file.

    ``strangers`` are the ids of accounts nobody knows, ``rejected`` the rows with a fault; both are left out.
    ``changed`` says which columns came, went or hold something else than before; ``advice`` which ones are not there
    and nobody misses yet.
    """

    read: int
    written: int
    skipped: int
    files: int
    gone: int
    strangers: int
    rejected: int
    path: str
    changed: tuple[str, ...]
    advice: tuple[str, ...] = ()

    def __str__(self) -> str:
        text = f"{self.written:,} accounts, from {self.read:,} rows of {self.files} files"
        if self.gone:
            text += f"; {self.gone:,} accounts are no longer in {self.path or 'any file'}"
        if self.strangers:
            text += f"; rows of {self.strangers:,} other ids belong to no account and were left out"
        if self.rejected:
            text += f"; {self.rejected:,} rows with faults were left out"
        return "; ".join([text, *self.changed])


def load_sources(
    folder: Path, settings: Settings, store: Store, as_of: date, *, accept_shrinking: bool = False
) -> Loaded:
    """Read every source of the mapping file, relative to `folder`, and keep what comes of it; see `Loaded`.

    Metrics are of every account here, also of those that an import made. Raises SourceError for the first source that
    cannot be read, BrakeError when a source of records lost more of them than [brakes] allow, unless
    `accept_shrinking` (BEY-8); nothing is kept then.
    """
    before = store.records("here", ACCOUNT)
    made = made_here(store.records("source", ACCOUNT), before)
    sources = read_sources(folder, settings, made[frames.RECORD_KEY] if made.height else None)
    if not accept_shrinking:
        _stop_if_shrunken(settings, sources, store)
    accounts = _accounts(sources.accounts, made)
    metrics = measure(settings.metrics, _measured(sources, settings, accounts), as_of)
    for name, mapping in settings.objects.items():
        rows = sources.records(name)
        if rows is not None or name == ACCOUNT:
            _keep(store, name, rows, metrics if name == ACCOUNT else None, mapping)
    store.save_records("metrics", ACCOUNT, metrics)
    members = sources.records(MEMBER)
    if members is not None:
        store.save_records("source", MEMBER, members)
    _keep_skips(store, sources.skips)
    return Loaded(
        read=sum(table.read for table in sources.tables.values()),
        written=accounts.height,
        skipped=sources.skips.height,
        files=len(sources.tables),
        gone=0 if before is None else before.join(accounts, on=frames.RECORD_KEY, how="anti").height,
        strangers=sources.skips.filter(pl.col("rule").str.contains(": account is in "))["id"].n_unique(),
        rejected=sum(table.rejected for table in sources.tables.values()),
        path=settings.sources[settings.account_source].label if settings.account_source else "",
        changed=_drift(store, sources),
        advice=_said_by_nobody(sources, settings, store.records("here", ACCOUNT)),
    )


def _stop_if_shrunken(settings: Settings, sources: Sources, store: Store) -> None:
    """Raise BrakeError when too many records of a source are gone: an export that broke off looks like lost customers.

    Which share is too much, and from how many records on, is the brake of a scope in Salesforce that shrank.
    """
    brakes = settings.brakes
    for name in settings.objects:
        before, now = store.records("source", name), sources.records(name)
        source = settings.source_of(name)
        if before is None or now is None or source is None:
            continue
        gone = before.join(now, on=frames.RECORD_KEY, how="anti").height
        if gone >= brakes.from_records and gone > brakes.max_left_share * before.height:
            raise BrakeError(
                f"{gone:,} of the {before.height:,} records of {settings.sources[source].label} are gone "
                f"({gone / before.height:.0%}); the brake allows {brakes.max_left_share:.0%}. Nothing was changed "
                "(BEY-8)",
                hint="Look whether the file, or the query, is whole. If it is right, load with accept_shrinking=True "
                "(`cs-toolkit pull --accept-shrinking`), or raise brakes.max_left_share in the mapping file",
            )


def _measured(sources: Sources, settings: Settings, accounts: pl.DataFrame) -> dict[str, SourceTable]:
    """Return the tables that metrics look at; the accounts among them are every account here."""
    tables = dict(sources.tables)
    if settings.account_source is None:
        here = Source(path="the accounts here", key=frames.RECORD_KEY)
        return {**tables, ACCOUNT: SourceTable(ACCOUNT, here, accounts)}
    tables[settings.account_source] = replace(tables[settings.account_source], records=accounts)
    return tables


def _keep_skips(store: Store, skips: pl.DataFrame) -> None:
    """Replace what earlier loads left out; the rules of a load begin with the name of their source."""
    others = store.read(frames.SKIPS, within={"side": "here"}).filter(~pl.col("rule").str.contains(r"^\w+: "))
    store.write(frames.SKIPS, pl.concat([others, skips]), within={"side": "here"})


def _drift(store: Store, sources: Sources) -> tuple[str, ...]:
    """Return which columns of the files came, went or hold something else than at the last load, and keep today's."""
    before, now = store.records("derived", SOURCE_COLUMNS.name), sources.columns()
    store.save_records("derived", SOURCE_COLUMNS.name, now)
    return () if before is None else drift(before, now)


def _said_by_nobody(sources: Sources, settings: Settings, here: pl.DataFrame | None) -> tuple[str, ...]:
    """Return which columns that people may fill as well are in no file and empty so far: they may be misspelled."""
    if sources.accounts is None or here is None or settings.account_source is None:
        return ()
    mapping = settings.objects[ACCOUNT]
    used = {field.here for field in mapping.fields}
    absent = [each.here for each in mapping.fields if each.direction == "output" and each.editable]
    absent = [name for name in absent if name not in sources.accounts.columns and _is_empty(here, name)]
    unused = [column for column in sources.accounts.columns if column not in used]
    file = settings.sources[settings.account_source].label
    told = []
    for name in absent:
        near = difflib.get_close_matches(name, unused, 1)
        told.append(
            f'{file} has no column "{name}": nothing goes out until somebody enters it'
            + (f'; is it the column "{near[0]}"?' if near else "; name it in the mapping file as the file does")
        )
    return tuple(told)


def _is_empty(here: pl.DataFrame, name: str) -> bool:
    return name not in here.columns or here[name].null_count() == here.height


def _accounts(rows: pl.DataFrame | None, made: pl.DataFrame) -> pl.DataFrame:
    """Return the accounts of the file, and below them those that were made here, with the file's columns."""
    if rows is None:
        return made
    fresh = made.join(rows, on=frames.RECORD_KEY, how="anti")
    shared = [name for name in rows.columns if name in fresh.columns]
    return pl.concat([rows, fresh.select(shared)], how="diagonal_relaxed") if fresh.height else rows


def _keep(
    store: Store, name: str, rows: pl.DataFrame | None, metrics: pl.DataFrame | None, mapping: ObjectMapping
) -> None:
    scores = store.read(frames.SCORES) if name == ACCOUNT else None
    scores = None if scores is None or scores.is_empty() else scores
    old_rows, old_here = store.records("source", name), store.records("here", name)
    here = here_records(rows, old_rows, old_here, metrics, scores, mapping)
    base = store.records("base", name)
    if base is not None and old_here is not None:
        still = still_agreed(base, here, old_here, rows, old_rows)
        if not still.equals(base):  # first: a load that dies before it has kept the records is simply repeated
            store.save_records("base", name, still)
    store.save_records("here", name, here)
    if rows is not None:
        store.save_records("source", name, rows)
