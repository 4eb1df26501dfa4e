"""The API allowance: what the org has left, what this connection has spent, and the cap it may not pass."""

import re
import threading
from dataclasses import dataclass

from toolkit.errors import LimitError

_USAGE = re.compile(r"(?<!-)\bapi-usage=(\d+)/(\d+)")


@dataclass(frozen=True)
class Budget:
    """The org's daily API requests and how many of them this connection made.

    ``daily_max`` and ``daily_used`` are what the org said last, None before its first answer. ``spent`` counts every
    request this connection sent to the data API, repeated ones too; logins are free. ``cap`` is the value of ``spent``
    at which the connection's own limit is reached.
    """

    daily_max: int | None
    daily_used: int | None
    spent: int
    cap: int | None = None

    @property
    def left(self) -> int | None:
        """Return how many requests the org still allows today, or None when it has not said."""
        if self.daily_max is None or self.daily_used is None:
            return None
        return max(0, self.daily_max - self.daily_used)


class Meter:
    """Counts requests, from several threads at once."""

    def __init__(self, cap: int | None) -> None:
        self._lock = threading.Lock()
        self._allowed = cap
        self._cap = cap
        self._spent = 0
        self._usage: tuple[int, int] | None = None

    def spend(self) -> None:
        """Count one request that is about to be sent. Raises LimitError instead when the cap is reached."""
        with self._lock:
            if self._cap is not None and self._spent >= self._cap:
                raise LimitError(
                    f"The cap of {self._allowed} API calls is reached; nothing more was sent",
                    hint="raise max_calls (max_api_calls in the mapping file), or work on fewer records at once",
                    code="MAX_CALLS",
                )
            self._spent += 1

    def renew(self) -> None:
        """Let as many requests be sent again as the cap allows, counted from now."""
        with self._lock:
            self._cap = None if self._allowed is None else self._spent + self._allowed

    def hear(self, header: str | None) -> None:
        """Take note of a `Sforce-Limit-Info` header, for example ``api-usage=22/15000``."""
        match = _USAGE.search(header or "")
        if match:
            with self._lock:
                self._usage = (int(match[1]), int(match[2]))

    def budget(self) -> Budget:
        """Return how things stand."""
        with self._lock:
            used, most = self._usage or (None, None)
            return Budget(daily_max=most, daily_used=used, spent=self._spent, cap=self._cap)
