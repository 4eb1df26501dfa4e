"""Frames of a declared shape in SQLite tables, and back, type for type.

Dates and times are kept as ISO text (``2026-11-02``, ``2026-11-02T08:00:00.000Z``), so that the file can be read with
any SQLite tool; text of that form sorts by time.
"""

from collections.abc import Mapping
from typing import Any

import polars as pl
import sqlite_utils

from toolkit.frames import FrameSpec, conform
from toolkit.store.database import Database

TIME_FORM = "%Y-%m-%dT%H:%M:%S%.3fZ"
MANY = 1_000


def replace_rows(db: sqlite_utils.Database, spec: FrameSpec, frame: pl.DataFrame, within: Mapping[str, str]) -> None:
    """Replace the rows of the table of `spec` whose columns equal `within` (all rows when it is empty) by `frame`."""
    where, values = _condition(within)
    db.execute(f'DELETE FROM "{spec.name}"{where}', values)
    insert_rows(db, spec.name, conform(frame, spec))


def insert_rows(db: sqlite_utils.Database, table: str, frame: pl.DataFrame, *, or_replace: bool = False) -> None:
    """Add the rows of `frame` to `table`."""
    stored = _stored(frame)
    # Of many rows, what is the same in all of them is said once: that halves the time.
    same = {name for name in stored.columns if stored.height > MANY and _is_constant(stored[name])}
    said = {name: db.conn.execute("SELECT quote(?)", (stored[name][0],)).fetchone()[0] for name in same}
    names = ", ".join(f'"{name}"' for name in stored.columns)
    marks = ", ".join(said.get(name, "?") for name in stored.columns)
    verb = "INSERT OR REPLACE" if or_replace else "INSERT"
    rows = stored.select(name for name in stored.columns if name not in same)
    values = rows.iter_rows() if rows.width else (() for _ in range(stored.height))
    db.conn.executemany(f'{verb} INTO "{table}" ({names}) VALUES ({marks})', values)


def read_rows(
    database: Database,
    spec: FrameSpec,
    within: Mapping[str, str],
    *,
    table: str | None = None,
    tail: str = "",
) -> pl.DataFrame:
    """Return the rows of the table of `spec` whose columns equal `within`, typed, sorted by the spec's key."""
    where, values = _condition(within)
    names = ", ".join(f'"{name}"' for name in spec.schema)
    rows = database.query(f'SELECT {names} FROM "{table or spec.name}"{where}{tail}', values)
    raw = {name: _raw_type(dtype) for name, dtype in spec.schema.items()}
    frame = pl.DataFrame(rows, schema=raw, orient="row")
    return frame.select(_typed(name, dtype) for name, dtype in spec.schema.items()).sort(spec.key)


def _is_constant(column: pl.Series) -> bool:
    return column.eq_missing(column.head(1)).all() if column.dtype != pl.Null else True


def _condition(within: Mapping[str, str]) -> tuple[str, list[Any]]:
    if not within:
        return "", []
    return " WHERE " + " AND ".join(f'"{name}" = ?' for name in within), list(within.values())


def _stored(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(
        pl.col(name).dt.strftime("%Y-%m-%d" if dtype == pl.Date else TIME_FORM)
        for name, dtype in frame.schema.items()
        if dtype in (pl.Date, pl.Datetime)
    )


def _raw_type(dtype: Any) -> pl.DataType:
    if dtype.is_integer() or dtype == pl.Boolean:
        return pl.Int64()
    return pl.Float64() if dtype.is_float() else pl.String()


def _typed(name: str, dtype: Any) -> pl.Expr:
    column = pl.col(name)
    if dtype == pl.Date:
        return column.str.to_date("%Y-%m-%d")
    if dtype == pl.Datetime:
        return column.str.to_datetime("%Y-%m-%dT%H:%M:%S%.fZ", time_unit="ms", time_zone="UTC")
    return column.cast(dtype)
