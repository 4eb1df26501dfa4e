"""What has been read of a large result and is not yet whole: Parquet parts on the disk, and where the reading stands.

A part is written before the note that counts it, so that whoever is killed in between reads at most one part again.
Parts belong to one question; asked another, or when one is damaged, they begin anew.
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl

from toolkit.frames import RECORD_KEY

_NOTE = "note.json"


@dataclass
class _Part:
    file: str
    bytes: int
    rows: int
    first: str
    last: str


@dataclass
class _Note:
    """What is known of a reading. ``anchor`` is the org's latest stamp when it began, ``bookmark`` where it goes on."""

    question: str
    anchor: str | None = None
    bookmark: dict[str, Any] | None = None
    received: int = 0
    complete: bool = False
    parts: list[_Part] = field(default_factory=list)


class Parts:
    """The parts of one reading, in a folder of its own."""

    def __init__(self, folder: Path, question: str) -> None:
        self._folder = folder
        self._note = _read_note(folder, question)
        self.resumed = self._note.bookmark is not None or self._note.complete
        if not self.resumed:
            self.clear()

    @property
    def anchor(self) -> str | None:
        """The org's latest stamp when the reading began, as text."""
        return self._note.anchor

    @property
    def bookmark(self) -> Mapping[str, Any] | None:
        """Where the reading goes on, or None at its beginning."""
        return self._note.bookmark

    @property
    def complete(self) -> bool:
        """Whether all has been read."""
        return self._note.complete

    @property
    def received(self) -> int:
        """How many records Salesforce has sent."""
        return self._note.received

    @property
    def rows(self) -> int:
        """How many records are kept."""
        return sum(part.rows for part in self._note.parts)

    def clear(self, anchor: str | None = None) -> None:
        """Forget what was read, and begin."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        self._note = _Note(self._note.question, anchor)
        self._write_note()

    def add(self, frame: pl.DataFrame, received: int, bookmark: Mapping[str, Any] | None, *, complete: bool) -> None:
        """Keep records of which `received` came; `bookmark` says where reading goes on."""
        if frame.height:
            sorted_frame = frame if frame[RECORD_KEY].is_sorted() else frame.sort(RECORD_KEY)
            path = self._folder / f"part-{len(self._note.parts):06d}.parquet"
            sorted_frame.write_parquet(path, compression="lz4", statistics=False)
            first, last = sorted_frame[RECORD_KEY][0], sorted_frame[RECORD_KEY][-1]
            self._note.parts.append(_Part(path.name, path.stat().st_size, frame.height, first, last))
        self._note.received += received
        self._note.bookmark = dict(bookmark) if bookmark else None
        self._note.complete = complete
        self._write_note()

    def frame(self, schema: Mapping[str, pl.DataType]) -> pl.LazyFrame:
        """Return all that was kept, unread, sorted by id.

        Parts that follow each other, as Salesforce sends them, are only strung together; others are sorted, which
        needs memory for all of them.
        """
        parts = sorted(self._note.parts, key=lambda part: part.first)
        scans = [pl.scan_parquet(self._folder / part.file) for part in parts]
        if not scans:
            return pl.LazyFrame(schema=dict(schema))
        apart = all(before.last < after.first for before, after in pairwise(parts))
        return pl.concat(scans) if apart else pl.concat(scans).sort(RECORD_KEY)

    def remove(self) -> None:
        """Remove everything, when it is kept elsewhere."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _write_note(self) -> None:
        path = self._folder / f"{_NOTE}.new"
        with path.open("w", encoding="utf-8") as file:
            json.dump(asdict(self._note), file)
        path.replace(self._folder / _NOTE)


def _read_note(folder: Path, question: str) -> _Note:
    """What an earlier run noted of the same question, if all that it counts is there: power may have been lost."""
    try:
        kept = json.loads((folder / _NOTE).read_text("utf-8"))
        note = _Note(**{**kept, "parts": [_Part(**part) for part in kept["parts"]]})
        whole = all((folder / part.file).stat().st_size == part.bytes for part in note.parts)
        for part in note.parts:
            pl.scan_parquet(folder / part.file).collect_schema()
    except (OSError, ValueError, TypeError, KeyError, pl.exceptions.PolarsError):
        return _Note(question)
    return note if whole and note.question == question else _Note(question)
