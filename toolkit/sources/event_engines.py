"""Where usage events are decides who counts them: polars, DuckDB, or Spark where the data already lives there.

A file is read and judged like every other source; a Parquet file whose times are times is counted in pieces, without
ever being in memory as a whole. Events in DuckDB (``duckdb:///file.duckdb``, or ``duckdb://`` with a query over files)
or in Spark (``sc://host``, ``spark://host:7077``, ``spark://local``) are counted there, and only the counts come here.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import polars as pl

from toolkit.config.sources import Source
from toolkit.errors import SourceError
from toolkit.sources.databases import answered, database_url, duckdb_connection, optional, statement
from toolkit.sources.files import opened, parquet_scan
from toolkit.sources.usage_events import ACCOUNT, AT, EVENT, USER, incomplete, per_period


@dataclass(frozen=True)
class Counted:
    """Events per account and period, as `per_period` returns them, and the single row of `incomplete`."""

    counts: pl.DataFrame
    incomplete: pl.DataFrame


def counted_where_they_are(folder: Path, source: Source) -> Counted | None:
    """Return the events of a source counted by an engine that does not bring them here, or None when none can.

    Raises SourceError for missing columns and for times that are none or, without a `time_zone`, have no zone.
    """
    if source.path is not None:
        return _in_pieces(folder, source)
    url = database_url(source)
    engine = {"duckdb": _duckdb, "sc": _spark, "spark": _spark}.get(urlsplit(url).scheme)
    if engine is None:
        return None
    parts: list[pl.DataFrame] = []

    def ask() -> pl.DataFrame:
        parts.extend(engine(url, folder, source))
        return parts[0]

    answered(ask, source, url)
    return Counted(*parts)


def counted(events: pl.DataFrame, source: Source) -> Counted:
    """Return events that were read, with the columns `ACCOUNT`, `AT` (Date or UTC), `USER`, `EVENT`, counted here."""
    frame = events.lazy().with_columns(_on_clocks(events.schema[AT], source))
    return Counted(*pl.collect_all([per_period(frame, source.period or "week"), incomplete(frame)]))


def event_columns(source: Source) -> dict[str, str]:
    """Return the columns of the source that events need, by what they are called here."""
    named = {ACCOUNT: source.account, AT: source.at, USER: source.user, EVENT: source.event}
    return {ours: column for ours, column in named.items() if column is not None}


def _in_pieces(folder: Path, source: Source) -> Counted | None:
    scan = parquet_scan(folder, source)
    if scan is None:
        return None
    try:
        schema = scan.collect_schema()
    except (pl.exceptions.PolarsError, OSError):
        return None  # read like any other file, which says what is wrong with it
    columns = event_columns(source)
    at = schema.get(columns[AT])
    naive = isinstance(at, pl.Datetime) and at.time_zone is None and source.time_zone is None
    if not set(columns.values()) <= set(schema) or at is None or not at.is_temporal() or at == pl.Time or naive:
        return None
    text = [
        pl.col(column).cast(pl.String).str.strip_chars().alias(ours) for ours, column in columns.items() if ours != AT
    ]
    blank = [pl.when(pl.col(ours) != "").then(ours).alias(ours) for ours in columns if ours != AT]
    frame = scan.select(pl.col(columns[AT]).alias(AT), *text).with_columns(*blank, _on_clocks(at, source))
    queries = [per_period(frame, source.period or "week"), incomplete(frame)]
    return Counted(*opened(lambda: pl.collect_all(queries, engine="streaming"), source.label))


def _on_clocks(dtype: pl.DataType, source: Source) -> pl.Expr:
    """Return `AT` on the clocks of the source's zone, UTC when it names none, without a zone."""
    at = pl.col(AT)
    if isinstance(dtype, pl.Datetime) and dtype.time_zone is not None:
        at = at.dt.convert_time_zone(source.time_zone or "UTC").dt.replace_time_zone(None)
    return at.cast(pl.Datetime("us"))


def _duckdb(url: str, folder: Path, source: Source) -> list[pl.DataFrame]:
    connection = duckdb_connection(url, folder)
    try:
        rows = connection.sql(statement(source))
        types = dict(zip(rows.columns, map(str, rows.types), strict=True))
        columns = event_columns(source)
        _require(columns, types, source)
        zone = (source.time_zone or "UTC").replace("'", "''")
        quoted = {ours: '"' + column.replace('"', '""') + '"' for ours, column in columns.items()}
        clock = _DUCKDB_CLOCKS.get(types[columns[AT]])
        _require_time(clock, types[columns[AT]], source)
        text = [f"nullif(trim(CAST({quoted[ours]} AS VARCHAR)), '') AS \"{ours}\"" for ours in columns if ours != AT]
        at = str(clock).format(column=quoted[AT], zone=zone)
        events = rows.project(", ".join([f'CAST({at} AS TIMESTAMP) AS "{AT}"', *text]))
        return [pl.DataFrame(query) for query in (per_period(events, source.period or "week"), incomplete(events))]
    finally:
        connection.close()


_DUCKDB_CLOCKS = {
    "TIMESTAMP WITH TIME ZONE": "timezone('{zone}', {column})",
    **dict.fromkeys(["TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "DATE"], "{column}"),
}
"""How a column of each type is brought onto the clocks of a zone; one without a zone is on them already."""


def _spark(url: str, folder: Path, source: Source) -> list[pl.DataFrame]:  # noqa: ARG001 - Spark has files of its own
    optional("pyspark", "spark")
    session = optional("pyspark.sql", "spark").SparkSession.builder
    master = "local[*]" if urlsplit(url).hostname == "local" else url
    placed = session.remote(url) if urlsplit(url).scheme == "sc" else session.master(master)
    spark = placed.config("spark.sql.session.timeZone", source.time_zone or "UTC").getOrCreate()
    rows = spark.sql(statement(source))
    types, columns = dict(rows.dtypes), event_columns(source)
    _require(columns, types, source)
    kind = types[columns[AT]]
    clock = {"timestamp": "timestamp", "timestamp_ntz": "timestamp_ntz", "date": "date"}.get(kind)
    _require_time(clock if kind != "timestamp_ntz" or source.time_zone else None, kind, source)
    quoted = {ours: "`" + column.replace("`", "``") + "`" for ours, column in columns.items()}
    text = [f"nullif(trim(CAST({quoted[ours]} AS STRING)), '') AS {ours}" for ours in columns if ours != AT]
    events = rows.selectExpr(f"CAST({quoted[AT]} AS TIMESTAMP) AS {AT}", *text)
    return [_of_spark(query) for query in (per_period(events, source.period or "week"), incomplete(events))]


def _of_spark(query: Any) -> pl.DataFrame:
    rows = query.collect()
    return pl.DataFrame([tuple(row) for row in rows], schema=query.columns, orient="row", infer_schema_length=None)


def _require(columns: dict[str, str], types: dict[str, str], source: Source) -> None:
    missing = [column for column in columns.values() if column not in types]
    if missing:
        raise SourceError(
            f"{source.label} has no column {', '.join(missing)}. It has: {', '.join(types)}.",
            hint="Change its name in the mapping file, or in the query.",
        )


def _require_time(clock: str | None, kind: str, source: Source) -> None:
    if clock is None:
        raise SourceError(
            f'{source.label}: the column "{source.at}" holds {kind}, which is no time.',
            hint="Cast it in the query: cast(at as timestamp).",
        )
    naive = kind.upper().startswith("TIMESTAMP") and "ZONE" not in kind.upper() and kind != "timestamp"
    if naive and source.time_zone is None:
        raise SourceError(
            f'{source.label}: the times in the column "{source.at}" have no zone.',
            hint='Say where these clocks are: add time_zone = "UTC", or "Europe/Berlin", to the source.',
        )
