"""One run at a time: the lock that a step holds while it changes the workspace, and who holds it.

The operating system lets go of the lock when its process ends, however it ends. What is written beside it only tells
others who they are waiting for.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from toolkit.errors import StoreInUseError


class RunLock:
    """The lock of one workspace folder. The thread that holds it may take it again."""

    def __init__(self, folder: Path) -> None:
        self._lock = FileLock(folder / "store.lock")
        self._owner = folder / "store.owner.json"

    @contextmanager
    def hold(self, step: str, wait: float) -> Iterator[bool]:
        """Hold the lock; the value says whether it was taken just now, and not already held further out.

        Raises StoreInUseError, naming the process, its step and since when, after `wait` seconds.
        """
        try:
            self._lock.acquire(timeout=wait, poll_interval=0.05)
        except Timeout:
            raise StoreInUseError(
                f"another run holds this workspace: {self._describe_owner()}",
                hint="wait until it has ended, then try again; if that process hangs, end it and the lock is free",
            ) from None
        first = self._lock.lock_counter == 1
        try:
            if first:
                owner = {"step": step, "pid": os.getpid(), "since": datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")}
                self._owner.write_text(json.dumps(owner), encoding="utf-8")
            yield first
        finally:
            if first:
                self._owner.unlink(missing_ok=True)
            self._lock.release()

    def _describe_owner(self) -> str:
        try:
            owner = json.loads(self._owner.read_text(encoding="utf-8"))
            return f"step {owner['step']}, process {owner['pid']}, since {owner['since']}"
        except (OSError, ValueError, KeyError):
            return "it has only just begun"
