"""Query cursors: the rows of a query that did not fit on one page, until the client has asked for the rest.

Rows are set aside in blocks in a temporary file, so that the pages of a large result cost no memory and can be read
again and in any order. The locator that a client gets is an 18-character id and the offset of the next row.
"""

import itertools
import marshal
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import IO

from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.ids import checksum, make_id
from toolkit.demo_org.soql import Query

LOCATOR_PREFIX = "0r8"
BLOCK = 500
MEMORY_BYTES = 4_000_000
KEPT_CURSORS = 50
"""The oldest cursor is forgotten when there are more; its locator is then invalid."""
CHILD_MEMORY_BYTES = 250_000
KEPT_CHILD_CURSORS = 400
"""The same for the children of a record, of which a page may have as many lists as it has records."""
LIFETIME = 2 * 24 * 3600.0
"""Seconds after which a cursor that nobody asks is forgotten."""


@dataclass
class Cursor:
    """The rows of one query, the page size it was asked with, and whose it is."""

    id: str
    query: Query
    user_id: str
    batch_size: int
    total: int
    file: IO[bytes]
    offsets: list[int]
    used_at: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def rows(self, start: int, count: int) -> list[tuple[object, ...]]:
        """Return `count` rows from `start` on, fewer at the end."""
        stop = min(start + count, self.total)
        found: list[tuple[object, ...]] = []
        with self.lock:
            for block in range(start // BLOCK, -(-stop // BLOCK)):
                self.file.seek(self.offsets[block])
                found += marshal.load(self.file)  # noqa: S302 - written by this process a moment ago
        skipped = start % BLOCK
        return found[skipped : skipped + stop - start]

    def locator(self, offset: int) -> str:
        """Return the locator of the page that begins at `offset`."""
        return f"{self.id}-{offset}"


class Cursors:
    """The open cursors of an org. ``lifetime`` may be set at any time, in seconds."""

    def __init__(self, lifetime: float = LIFETIME) -> None:
        self.lifetime = lifetime
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._open: OrderedDict[str, Cursor] = OrderedDict()
        self._children: OrderedDict[str, Cursor] = OrderedDict()

    def open(
        self,
        query: Query,
        user_id: str,
        batch_size: int,
        first: list[tuple[object, ...]],
        rest: Iterable[tuple[object, ...]],
        *,
        of_children: bool = False,
    ) -> Cursor:
        """Set a result aside: the rows already read and those still to come."""
        size = CHILD_MEMORY_BYTES if of_children else MEMORY_BYTES
        file = tempfile.SpooledTemporaryFile(max_size=size)  # noqa: SIM115 - it lives as long as the cursor
        rows = itertools.chain(first, rest)
        offsets, total = [], 0
        while block := list(itertools.islice(rows, BLOCK)):
            offsets.append(file.tell())
            marshal.dump(block, file)
            total += len(block)
        with self._lock:
            number = next(self._numbers)
            cursor = Cursor(
                make_id(LOCATOR_PREFIX, number), query, user_id, batch_size, total, file, offsets, time.monotonic()
            )
            kept, most = (self._children, KEPT_CHILD_CURSORS) if of_children else (self._open, KEPT_CURSORS)
            kept[cursor.id] = cursor
            if len(kept) > most:
                _, oldest = kept.popitem(last=False)
                oldest.file.close()
        return cursor

    def find(self, locator: str, user_id: str) -> tuple[Cursor, int]:
        """Return the cursor of a locator and the offset it stands for. Raises INVALID_QUERY_LOCATOR."""
        name, _, offset = locator.partition("-")
        name = name + checksum(name) if len(name) == 15 else name
        with self._lock:
            kept = self._children if name in self._children else self._open
            cursor = kept.get(name)
            if cursor is not None and time.monotonic() - cursor.used_at > self.lifetime:
                kept.pop(name).file.close()
                cursor = None
            if cursor is None or cursor.user_id != user_id or not offset.isdigit() or int(offset) > cursor.total:
                raise Refusal(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
            kept.move_to_end(name)
            cursor.used_at = time.monotonic()
        return cursor, int(offset)

    def close(self) -> None:
        """Forget every cursor."""
        with self._lock:
            for kept in (self._open, self._children):
                for cursor in kept.values():
                    cursor.file.close()
                kept.clear()
