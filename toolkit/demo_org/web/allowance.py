"""The org's daily allowance of API calls: what ``Sforce-Limit-Info`` and the limits resource report."""

import threading

from toolkit.demo_org.errors import Refusal

DEFAULT_DAILY_MAXIMUM = 15_000


class Allowance:
    """Counts API calls against the daily maximum."""

    def __init__(self, maximum: int = DEFAULT_DAILY_MAXIMUM) -> None:
        self._lock = threading.Lock()
        self.maximum = maximum
        self.used = 0

    def set(self, maximum: int, used: int) -> None:
        """Set both figures."""
        with self._lock:
            self.maximum, self.used = maximum, used

    def use_up(self) -> None:
        """Let every call of the day count as made."""
        with self._lock:
            self.used = max(self.used, self.maximum)

    def spend(self) -> None:
        """Count one call. Raises REQUEST_LIMIT_EXCEEDED when none is left; a refused call is not counted."""
        with self._lock:
            if self.used >= self.maximum:
                raise Refusal(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
            self.used += 1

    def header(self) -> str:
        """Return the value of Sforce-Limit-Info."""
        with self._lock:
            return f"api-usage={self.used}/{self.maximum}"
