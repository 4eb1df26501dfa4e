"""Load the customer's side: read its sources, work out the metrics, and bring the records here up to date.

What the sources are is `toolkit.importing.sources`, what becomes of a value is `toolkit.importing.records_here`; this
reads, calls them and keeps the result.
"""

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import polars as pl

from toolkit import frames
from toolkit.config import ObjectMapping, Settings, Source
from toolkit.importing.metrics import measure
from toolkit.importing.records_here import here_records, made_here
from toolkit.importing.sources import read_sources
from toolkit.importing.tables import SourceTable
from toolkit.store import Store

ACCOUNT = "account"


@dataclass(frozen=True)
class Loaded:
    """What a load did: rows ``read``, accounts ``written``, rows left out, and accounts ``gone`` from their file."""

    read: int
    written: int
    skipped: int
    files: int
    gone: int
    strangers: int
    path: str

    def __str__(self) -> str:
        text = f"{self.written:,} accounts, from {self.read:,} rows of {self.files} files"
        if self.gone:
            text += f"; {self.gone:,} accounts are no longer in {self.path}"
        if self.skipped:
            text += f"; rows of {self.strangers:,} other ids belong to no account and were left out"
        return text


def load_sources(folder: Path, settings: Settings, store: Store, as_of: date) -> Loaded:
    """Read every source of the mapping file, relative to `folder`, and keep what comes of it; see `Loaded`.

    Metrics are of every account here, also of those that an import made. Raises SourceError for the first source that
    cannot be read; nothing is kept then.
    """
    sources = read_sources(folder, settings)
    rows = {name: sources.tables[source].records for name in settings.objects if (source := settings.source_of(name))}
    before = store.records("here", ACCOUNT)
    accounts = _accounts(rows.get(ACCOUNT), store)
    tables = dict(sources.tables)
    path = "no file"
    if (source := settings.account_source) is not None:
        path = settings.sources[source].path or source
        tables[source] = replace(tables[source], records=accounts)
    else:
        tables[ACCOUNT] = SourceTable(ACCOUNT, Source(path=path, key=frames.RECORD_KEY), accounts)
    metrics = measure(settings.metrics, tables, as_of)
    for name, mapping in settings.objects.items():
        if name in rows or name == ACCOUNT:
            _keep(store, name, rows.get(name), metrics if name == ACCOUNT else None, mapping)
    store.save_records("metrics", ACCOUNT, metrics)
    store.write(frames.SKIPS, sources.skips, within={"side": "here", "object": ACCOUNT})
    gone = 0 if before is None else before.join(accounts, on=frames.RECORD_KEY, how="anti").height
    read = sum(table.records.height for table in sources.tables.values())
    strangers = sources.skips["id"].n_unique()
    return Loaded(read, accounts.height, sources.skips.height, len(sources.tables), gone, strangers, path)


def _accounts(rows: pl.DataFrame | None, store: Store) -> pl.DataFrame:
    """Return the accounts of the file, and below them those that were made here, with the file's columns."""
    made = made_here(store.records("source", ACCOUNT), store.records("here", ACCOUNT))
    if rows is None:
        return made
    fresh = made.join(rows, on=frames.RECORD_KEY, how="anti")
    shared = [name for name in rows.columns if name in fresh.columns]
    return pl.concat([rows, fresh.select(shared)], how="diagonal_relaxed")


def _keep(
    store: Store, name: str, rows: pl.DataFrame | None, metrics: pl.DataFrame | None, mapping: ObjectMapping
) -> None:
    scores = store.read(frames.SCORES) if name == ACCOUNT else None
    scores = None if scores is None or scores.is_empty() else scores
    old_rows, old_here = store.records("source", name), store.records("here", name)
    store.save_records("here", name, here_records(rows, old_rows, old_here, metrics, scores, mapping))
    if rows is not None:
        store.save_records("source", name, rows)
