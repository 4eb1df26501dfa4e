"""The customer's own files, CSV or Parquet, read into typed frames: the one place where they are opened.

Whatever is wrong with a file is said with the file's name, the line and column, and what to do; nothing is mended in
silence. A row without an account id is left out and recorded as a skip. Ids are trimmed and stay text, so ``00123``
keeps its zeros.
"""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from polars.exceptions import PolarsError

from toolkit.config.models import HEALTH_FIELDS, Settings
from toolkit.config.sources import Metric, Source
from toolkit.errors import Fault, SourceError
from toolkit.frames import RECORD_KEY, SKIPS, conform
from toolkit.importing.column_types import Need, typed_columns
from toolkit.importing.csv_files import LINE, SHOWN, csv_columns, listed
from toolkit.importing.tables import SourceTable

READABLE = {".csv": "line", ".tsv": "line", ".txt": "line", ".parquet": "row", ".pq": "row"}
"""The endings of files that can be read, and what their records are counted in."""


@dataclass(frozen=True)
class Sources:
    """Every source of a mapping file by name, and the rows of all of them that were left out (`frames.SKIPS`)."""

    tables: Mapping[str, SourceTable]
    skips: pl.DataFrame


def read_sources(folder: Path, settings: Settings) -> Sources:
    """Read every source that the mapping file names, its paths relative to `folder`.

    Rows of a file with many rows an account whose account is not in the accounts file belong to nobody: they stay out
    of every metric, and each such id is a skip. Raises SourceError for the first file that cannot be read.
    """
    tables = {
        name: read_source(folder / source.path, source, name=name, needs=column_needs(name, settings))
        for name, source in settings.sources.items()
    }
    accounts = tables.get(settings.account_source or "")
    skips = [table.skips for table in tables.values()]
    if accounts is not None:
        skips += [_strangers(table, accounts) for table in tables.values() if table is not accounts]
    return Sources(tables, conform(pl.concat([SKIPS.empty(), *skips]), SKIPS))


def read_source(
    path: Path, source: Source, *, name: str = "accounts", needs: Mapping[str, Need] | None = None
) -> SourceTable:
    """Return the records of one file, in the file's order, with the account's id as `id` in front of its columns.

    `needs` says what columns are used for, see `column_needs`. Raises SourceError for a file that is missing, empty or
    unreadable, for missing columns, for values that are not the number or date they are needed as, and, where the file
    has one row an account, for ids that occur twice.
    """
    place = READABLE.get(path.suffix.lower())
    if place is None:
        raise SourceError(f"{path.name} is of no kind that can be read.", hint="Give a .csv or a .parquet file.")
    content = _content(path)
    raw = csv_columns(content, path.name) if place == "line" else _parquet_columns(content, path.name)
    wanted = _wanted(source, needs or {})
    _require_columns(raw, wanted, path.name)
    typed, faults = typed_columns(raw, wanted, place)
    if faults:
        raise SourceError(
            f"{path.name} holds values that are not what they are used as.",
            hint="Mend these values, or leave them blank where nothing is known.",
            faults=listed(faults),
        )
    identified = _identified(typed, source.id_column, path.name)
    kept = identified.filter(pl.col(RECORD_KEY).is_not_null())
    if source.key is not None:
        _require_unique(kept, source.key, path.name, place)
    return SourceTable(name, source, kept.drop(LINE), _blank_ids(identified, name, source, path.name, place))


def column_needs(name: str, settings: Settings) -> dict[str, Need]:
    """Return what the mapping file uses each column of a source for: the columns that must be there, and as what."""
    kinds: dict[str, Need] = {"count": "any", "distinct": "any", "days_since": "date", "days_until": "date"}
    kinds |= {"last": "figure", "min": "figure", "max": "figure"}
    needs: dict[str, Need] = {}
    for metric in settings.metrics.values():
        if metric.source == name:
            needs = _all_as("any", metric.where) | needs
        if metric.source == name and metric.column is not None:
            needs[metric.column] = kinds.get(metric.aggregate, "number")
        if metric.per is not None and name == _home_of_divisor(metric, settings):
            needs[metric.per] = "number"
    mapping = settings.objects.get("account")
    if mapping is not None and name == settings.account_source:
        computed = {*HEALTH_FIELDS, *settings.metrics}
        sent = {field.here for field in mapping.fields if field.direction == "output"} - computed
        needs = _all_as("any", sorted(sent)) | needs
        needs |= {rule.here: "text" for rule in mapping.match}
    return needs


def _home_of_divisor(metric: Metric, settings: Settings) -> str | None:
    """Return the source that holds the column a metric is divided by, or None when it is divided by a metric."""
    if metric.aggregate == "ratio":
        return metric.source
    return None if metric.per in settings.metrics else settings.account_source


def _all_as(need: Need, columns: Iterable[str]) -> dict[str, Need]:
    return dict.fromkeys(columns, need)


def _wanted(source: Source, needs: Mapping[str, Need]) -> dict[str, Need]:
    wanted = dict(needs)
    if source.date is not None:
        wanted[source.date] = "date"
    wanted[source.id_column] = "text"
    return wanted


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        folder = path.parent
        if not folder.is_dir():
            raise SourceError(
                f"{path.name} cannot be read: there is no folder {folder}.", hint="Mend its path."
            ) from None
        files = sorted(each.name for each in folder.iterdir() if each.suffix.lower() in READABLE)
        raise SourceError(
            f"{path.name} is not in {folder}.",
            hint=f"Could it be one of these? {', '.join(files)}." if files else "No CSV or Parquet file is there.",
        ) from None


def _parquet_columns(content: bytes, file: str) -> pl.DataFrame:
    if not content:
        raise SourceError(f"{file} is empty.", hint="Export it again.")
    try:
        frame = pl.read_parquet(content)
    except (PolarsError, OSError):
        raise SourceError(
            f"{file} is not a readable Parquet file; it may have been cut off.", hint="Export it again."
        ) from None
    nested = [name for name, dtype in frame.schema.items() if dtype.is_nested() or dtype in (pl.Object, pl.Binary)]
    if nested:
        raise SourceError(
            f"{file}: the columns {', '.join(nested)} hold lists or bytes.", hint="Export plain columns only."
        )
    text = pl.col(pl.String).str.strip_chars()
    trimmed = frame.with_columns(pl.when(text != "").then(text)) if pl.String in frame.dtypes else frame
    return trimmed.with_row_index(LINE, 1).select(*frame.columns, LINE)


def _require_columns(raw: pl.DataFrame, wanted: Mapping[str, Need], file: str) -> None:
    columns = raw.drop(LINE).columns
    missing = [name for name in wanted if name not in columns]
    if not missing:
        return
    faults = []
    for name in missing:
        near = difflib.get_close_matches(name.lower(), [column.lower() for column in columns], 1)
        meant = next((column for column in columns if near and column.lower() == near[0]), None)
        faults.append(Fault(f'column "{name}"', f'is missing; is it now called "{meant}"?' if meant else "is missing"))
    raise SourceError(
        f"{file} lacks columns that the mapping file uses. It has: {', '.join(columns)}.",
        hint="Rename the column in the file, or change its name in the mapping file.",
        faults=listed(faults),
    )


def _identified(typed: pl.DataFrame, id_column: str, file: str) -> pl.DataFrame:
    if RECORD_KEY in typed.columns and id_column != RECORD_KEY:
        raise SourceError(
            f'{file} has a column "{RECORD_KEY}", but "{id_column}" is the account\'s id.',
            hint=f'Rename the column "{RECORD_KEY}" in the file, or name it as the id in the mapping file.',
        )
    ids = pl.when(pl.col(id_column) != "").then(pl.col(id_column)).alias(RECORD_KEY)
    return typed.select(ids, pl.exclude(RECORD_KEY))


def _require_unique(records: pl.DataFrame, key: str, file: str, place: str) -> None:
    repeated = records.filter(pl.col(RECORD_KEY).is_duplicated())
    if repeated.is_empty():
        return
    lines = repeated.group_by(RECORD_KEY, maintain_order=True).agg(pl.col(LINE))
    faults = [
        Fault(f'{key} "{each}"', f"occurs on {place}s {', '.join(map(str, numbers[:SHOWN]))}")
        for each, numbers in lines.head(SHOWN).iter_rows()
    ]
    raise SourceError(
        f'{file}: {lines.height} values of "{key}" occur more than once, so it is not clear which row is the account.',
        hint="Keep one row for each account.",
        faults=listed(faults, lines.height),
    )


def _blank_ids(identified: pl.DataFrame, name: str, source: Source, file: str, place: str) -> pl.DataFrame:
    blank = identified.filter(pl.col(RECORD_KEY).is_null())
    return conform(
        blank.select(
            pl.lit("account").alias("object"),
            pl.lit("here").alias("side"),
            (pl.lit(f"{file} {place} ") + pl.col(LINE).cast(pl.String)).alias("id"),
            pl.lit(None, pl.String).alias("name"),
            pl.lit(f"{name}: {source.id_column} is given").alias("rule"),
            pl.lit(f'"{source.id_column}" is blank, so the row belongs to no account').alias("reason"),
        ),
        SKIPS,
    )


def _strangers(table: SourceTable, accounts: SourceTable) -> pl.DataFrame:
    unknown = table.records.join(accounts.records, on=RECORD_KEY, how="anti").group_by(RECORD_KEY).agg(rows=pl.len())
    return conform(
        unknown.select(
            pl.lit("account").alias("object"),
            pl.lit("here").alias("side"),
            pl.col(RECORD_KEY),
            pl.lit(None, pl.String).alias("name"),
            pl.lit(f"{table.name}: account is in {accounts.name}").alias("rule"),
            pl.format("its {} rows were left out: the id is not in {}", "rows", pl.lit(accounts.source.path)).alias(
                "reason"
            ),
        ),
        SKIPS,
    )
