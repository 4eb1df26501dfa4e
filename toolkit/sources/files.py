"""The customer's files and tables, opened: whatever kind they are, they become columns and the place of each row.

What a value means is `toolkit.sources.column_types`; here is only what depends on the kind of file.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import polars as pl
from polars.exceptions import PolarsError

from toolkit.config.sources import WORKBOOKS, Source
from toolkit.errors import SourceError
from toolkit.sources.csv_files import csv_columns, require_even, usable_header
from toolkit.sources.databases import database_columns
from toolkit.sources.rejects import CELLS, LINE
from toolkit.sources.workbooks import is_panic, workbook_columns

PARQUET = (".parquet", ".pq")
READABLE = (".csv", ".tsv", ".txt", *PARQUET, *WORKBOOKS)
"""The endings of files that can be read."""

Anything = TypeVar("Anything")


@dataclass(frozen=True)
class Raw:
    """The columns of a source with `LINE` last, what it is called in messages, what `LINE` counts, and the rows that
    are none (`CELLS`).
    """

    columns: pl.DataFrame
    file: str
    place: str
    faults: pl.DataFrame = field(default_factory=CELLS.empty)


def raw_columns(folder: Path, source: Source) -> Raw:
    """Read the file, sheet, table or query that the source names, its path relative to `folder`.

    Raises SourceError for what is missing, empty or unreadable.
    """
    if source.path is None:
        return Raw(_usable(database_columns(folder, source), source.label), source.label, "row")
    path = folder / source.path
    kind = path.suffix.lower()
    if kind not in READABLE:
        raise SourceError(
            f"{path.name} is of no kind that can be read.", hint="Give a .csv, a .parquet or an .xlsx file."
        )
    content = _looked(path, path.read_bytes)
    if kind in PARQUET:
        return Raw(_usable(_parquet(content, path.name), path.name), path.name, "row")
    if kind in WORKBOOKS:
        file = path.name if source.sheet is None else f'{path.name}, sheet "{source.sheet}"'
        return Raw(workbook_columns(content, file, source), file, "row")
    columns, ragged = csv_columns(content, path.name, source.encoding)
    if source.on_error == "stop":
        require_even(ragged, columns.width - 1, path.name)
    return Raw(columns, path.name, "line", ragged)


def parquet_scan(folder: Path, source: Source) -> pl.LazyFrame | None:
    """Return a Parquet file of the source to be read in pieces, or None when the source is no Parquet file.

    Raises SourceError when it cannot be read.
    """
    path = folder / (source.path or "")
    if source.path is None or path.suffix.lower() not in PARQUET:
        return None
    _looked(path, path.stat)
    return opened(lambda: pl.scan_parquet(path), path.name)


def _looked(path: Path, read: Callable[[], Anything]) -> Anything:
    """Return what `read` makes of a file. Raises SourceError that names the files beside it when it is not there."""
    try:
        return read()
    except OSError:
        folder = path.parent
        if not folder.is_dir():
            raise SourceError(
                f"{path.name} cannot be read: there is no folder {folder}.", hint="Mend its path."
            ) from None
        files = sorted(each.name for each in folder.iterdir() if each.suffix.lower() in READABLE)
        raise SourceError(
            f"{path.name} is not in {folder}.",
            hint=f"Could it be one of these? {', '.join(files)}." if files else "No file that can be read is there.",
        ) from None


def _parquet(content: bytes, file: str) -> pl.DataFrame:
    if not content:
        raise SourceError(f"{file} is empty.", hint="Export it again.")
    return opened(lambda: pl.read_parquet(content), file)


def opened(read: Callable[[], Anything], file: str) -> Anything:
    """Return what `read` makes of a Parquet file. Raises SourceError when it is damaged."""
    try:
        return read()
    except (PolarsError, OSError):
        pass
    except BaseException as error:
        if not is_panic(error):
            raise
    raise SourceError(f"{file} is not a readable Parquet file; it may have been cut off.", hint="Export it again.")


def _usable(frame: pl.DataFrame, file: str) -> pl.DataFrame:
    """Return a typed frame with its rows numbered and its text trimmed. Raises SourceError for lists and bytes."""
    nested = [name for name, dtype in frame.schema.items() if dtype.is_nested() or dtype in (pl.Object, pl.Binary)]
    if nested:
        raise SourceError(
            f"{file}: the columns {', '.join(nested)} hold lists or bytes.", hint="Export plain columns only."
        )
    usable_header(frame.columns, file)
    text = pl.col(pl.String).str.strip_chars()
    trimmed = frame.with_columns(pl.when(text != "").then(text)) if pl.String in frame.dtypes else frame
    return trimmed.with_row_index(LINE, 1).select(*frame.columns, LINE)
