"""The org's clock: real time, or a time that stands still except for one tick a write, so that runs repeat exactly."""

import threading
from datetime import UTC, date, datetime, timedelta

ONE_SECOND = timedelta(seconds=1)


class Clock:
    """Tells the org's time, in UTC and whole seconds.

    With `start` the time is that, plus one `tick` for each `advance()`; without it the time is the real one and
    `advance()` does nothing. `Records` advances the clock once for each write it is asked for.
    """

    def __init__(self, start: datetime | None = None, tick: timedelta = ONE_SECOND) -> None:
        self._now = None if start is None else start.astimezone(UTC).replace(microsecond=0)
        self._tick = tick
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """Return the present moment."""
        return self._now if self._now is not None else datetime.now(UTC).replace(microsecond=0)

    def today(self) -> date:
        """Return the present day, in UTC."""
        return self.now().date()

    def stamp(self) -> str:
        """Return the present moment in the form datetimes are stored in."""
        return to_stamp(self.now())

    def advance(self, by: timedelta | None = None) -> None:
        """Move a clock that was given a start on by one tick, or by `by`."""
        with self._lock:
            if self._now is not None:
                self._now += self._tick if by is None else by


def to_stamp(moment: datetime) -> str:
    """Return a moment as stored text, ``2026-05-01T07:25:37.000Z``, which sorts by time."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
