"""The wide record frames: Parquet files that a row in SQLite points at.

A snapshot is replaced in one step. The new file is written and flushed to the disk, the row is swapped in a
transaction, and only then the old file goes; whoever is killed in between leaves either the old records or the new,
and at most a file that nothing points at, which the next opening removes. Because all of it happens inside SQLite's
write transaction, no other process can take a file that is being written for such a leftover.
"""

import os
import re
from pathlib import Path

import polars as pl
import sqlite_utils

from toolkit.errors import StoreError
from toolkit.store.database import Database

_SAFE = re.compile(r"^[A-Za-z0-9_]+$")
_HINTS = {
    "there": "pull everything again (`cs-toolkit pull --full`)",
    "metrics": "load the customer's files again (`cs-toolkit pull`)",
    "source": "load the customer's files again (`cs-toolkit pull`)",
    "here": "load the customer's files again (`cs-toolkit pull`)",
    "scope": "pull everything again (`cs-toolkit pull --full`)",
    "derived": "import again (`cs-toolkit import`)",
    "base": "restore the file from a backup; without it, every difference in a two-way field has to be decided by hand",
}


class Snapshots:
    """The Parquet files of a store, in its folder ``snapshots``."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder

    def save(self, side: str, name: str, frame: pl.DataFrame) -> None:
        """Replace the snapshot of `side` and `name` by `frame`, or leave it as it was."""
        self._folder.mkdir(parents=True, exist_ok=True)
        # Durable: if the power took the swap of the row but not the removal of the old file, nothing would be left.
        with self._database.transaction(durable=True) as db:
            path, old = self._next_file(db, side, name)
            size = _write_durably(path, frame)
            row = {"side": side, "object": name, "file": path.name, "rows": frame.height, "bytes": size}
            db.table("snapshots").insert(row, replace=True)
        if old is not None:
            old.unlink(missing_ok=True)

    def adopt(self, side: str, name: str, file: Path, rows: int) -> None:
        """Replace the snapshot of `side` and `name` by a Parquet file of so many rows, which is moved into the store.

        The file has to be on the same disk, and whole.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        _flush(file)
        size = file.stat().st_size
        with self._database.transaction(durable=True) as db:
            path, old = self._next_file(db, side, name)
            file.replace(path)
            _flush_folder(self._folder)
            row = {"side": side, "object": name, "file": path.name, "rows": rows, "bytes": size}
            db.table("snapshots").insert(row, replace=True)
        if old is not None:
            old.unlink(missing_ok=True)

    def scan(self, side: str, name: str) -> pl.LazyFrame | None:
        """Return the snapshot unread, or None when there is none; it may be read until the next one is saved.

        Raises StoreError when its file is missing, or its beginning or end is damaged.
        """
        query = "SELECT file, bytes FROM snapshots WHERE side = ? AND object = ?"
        rows = self._database.query(query, (side, name))
        if not rows:
            return None
        path = self._folder / rows[0][0]
        try:
            if path.stat().st_size != rows[0][1]:
                raise _unreadable(side, name, path, "is damaged (not as long as it was written)")
            frame = pl.scan_parquet(path)
            frame.collect_schema()
        except FileNotFoundError:
            raise _unreadable(side, name, path, "is missing") from None
        except (pl.exceptions.PolarsError, OSError) as error:
            raise _unreadable(side, name, path, f"is damaged ({error})") from error
        return frame

    def rows(self, side: str, name: str) -> int:
        """Return how many records a snapshot has; 0 when there is none."""
        found = self._database.query("SELECT rows FROM snapshots WHERE side = ? AND object = ?", (side, name))
        return int(found[0][0]) if found else 0

    def read(self, side: str, name: str) -> pl.DataFrame | None:
        """Return the snapshot, or None when there is none. Raises StoreError when its file is missing or damaged."""
        query = "SELECT file, rows, bytes FROM snapshots WHERE side = ? AND object = ?"
        seen = None
        while rows := self._database.query(query, (side, name)):
            file, height, size = rows[0]
            path = self._folder / file
            try:
                frame = pl.read_parquet(path, memory_map=False) if path.stat().st_size == size else None
            except FileNotFoundError:
                # Another process may have put a newer one in its place since we asked which file it is.
                if file == seen:
                    raise _unreadable(side, name, path, "is missing") from None
                seen = file
            except (pl.exceptions.PolarsError, OSError) as error:
                raise _unreadable(side, name, path, f"is damaged ({error})") from error
            else:
                if frame is None or frame.height != height:
                    raise _unreadable(side, name, path, "is damaged (not as long as it was written)")
                return frame
        return None

    def sweep(self) -> None:
        """Remove the files that no row points at: what a killed process left behind."""
        query = "SELECT file FROM snapshots"
        if not self._leftovers(self._database.query(query)):
            return
        with self._database.transaction() as db:
            for path in self._leftovers(db.execute(query).fetchall()):
                path.unlink(missing_ok=True)

    def _next_file(self, db: sqlite_utils.Database, side: str, name: str) -> tuple[Path, Path | None]:
        """The file of a snapshot that is about to be saved, and that of the one it replaces."""
        if not _SAFE.match(side) or not _SAFE.match(name):
            raise ValueError(f"not a name for a snapshot: {side!r}, {name!r}")
        old = db.execute("SELECT file FROM snapshots WHERE side = ? AND object = ?", (side, name)).fetchone()
        number = db.execute("SELECT value FROM counters WHERE name = 'version'").fetchone()[0] + 1
        return self._folder / f"{side}.{name}.{number:08d}.parquet", self._folder / old[0] if old else None

    def _leftovers(self, rows: list[tuple[str, ...]]) -> list[Path]:
        kept = {file for (file,) in rows}
        files = self._folder.iterdir() if self._folder.exists() else ()
        return [path for path in files if path.name not in kept and path.suffix in (".parquet", ".part")]


def _write_durably(path: Path, frame: pl.DataFrame) -> int:
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        frame.write_parquet(file, compression="zstd", compression_level=1)
        file.flush()
        os.fsync(file.fileno())
        size = file.tell()
    part.replace(path)
    _flush_folder(path.parent)
    return size


def _flush(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _flush_folder(path: Path) -> None:
    if os.name == "posix":  # the new name itself has to reach the disk; only POSIX can flush a folder
        folder = os.open(path, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _unreadable(side: str, name: str, path: Path, what: str) -> StoreError:
    return StoreError(f'the snapshot of the {side} records of "{name}", {path}, {what}', hint=_HINTS.get(side, ""))
