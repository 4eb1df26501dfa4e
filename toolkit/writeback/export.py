"""A plan as a file: CSV for people and their spreadsheets, Parquet for keeping and handing over.

A value that a spreadsheet would run as a formula is written with an apostrophe before it, as is one that begins with an
apostrophe; reading takes exactly one away again, so nothing is lost.
"""

import json
from pathlib import Path

import polars as pl

from toolkit.errors import InputError
from toolkit.frames import CHANGES, conform
from toolkit.writeback.plan import Plan

_RISKY = r"^[=+\-@\t\r']"
_NUMBER = r"^-?\d+(\.\d+)?$"
_META = "cs-toolkit-plan"


def write_csv(plan: Plan, path: Path) -> None:
    """Write the plan's rows to a CSV file, UTF-8 with a byte order mark so that Excel reads it as such."""
    safe_cells(plan.changes).write_csv(path, include_bom=True)


def read_csv(path: Path) -> pl.DataFrame:
    """Return the rows (`CHANGES`) of a file of `write_csv`. Raises InputError when it is no such file."""
    try:
        raw = pl.read_csv(path, infer_schema=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError(f"{path} cannot be read: {error}", hint="Export the plan again.") from error
    missing = [name for name in CHANGES.schema if name not in raw.columns]
    if missing:
        raise InputError(f"{path} is no exported plan: it has no column {missing[0]}.", hint="Export the plan again.")
    return conform(raw.with_columns(pl.col(pl.String).str.replace("^'", "")), CHANGES)


def safe_cells(frame: pl.DataFrame) -> pl.DataFrame:
    """Return `frame` with text that no spreadsheet takes for a formula; plain negative numbers stay as they are."""
    text = pl.col(pl.String)
    risky = text.str.contains(_RISKY) & ~text.str.contains(_NUMBER)
    return frame.with_columns(pl.when(risky).then(pl.lit("'") + text).otherwise(text).name.keep())


def write_parquet(plan: Plan, path: Path) -> None:
    """Write the whole plan to a Parquet file, its digest included."""
    plan.changes.write_parquet(path, metadata={_META: json.dumps(plan.meta())})


def read_parquet(path: Path) -> Plan:
    """Return the plan of a file of `write_parquet`.

    Raises DigestError when a row was tampered with, InputError when the file is not an exported plan.
    """
    try:
        changes, meta = pl.read_parquet(path), pl.read_parquet_metadata(path).get(_META)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError(f"{path} cannot be read: {error}", hint="Export the plan again.") from error
    if meta is None:
        raise InputError(f"{path} is no exported plan.", hint="Export one from the plan review, or with write_parquet.")
    return Plan.load(json.loads(meta), changes)
