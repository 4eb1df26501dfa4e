"""The faults a person may switch on in the window: each a switch that goes off by itself once it has happened."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from toolkit.demo_org.faults import Faults, Planned

MOST_TIMES = 1_000


@dataclass(frozen=True)
class Switch:
    """A fault in a person's words. `match` is a pattern of the path, `times` how often it happens once switched on."""

    name: str
    label: str
    tells: str
    kind: str
    times: int = 1
    match: str = "^/services/data/"
    method: str | None = None
    options: Mapping[str, object] = field(default_factory=dict)


SWITCHES = (
    Switch(
        "unavailable",
        "503 Server Unavailable",
        "Calls are turned away before anything is done, to be tried again.",
        "status",
        times=2,
        options={"status": 503},
    ),
    Switch(
        "too_many",
        "429 Too many requests",
        "Calls are turned away with Retry-After: 2 seconds.",
        "status",
        times=2,
        options={"status": 429, "retry_after": 2},
    ),
    Switch(
        "html",
        "A maintenance page",
        "HTML with status 503 where JSON was expected.",
        "status",
        options={"status": 503, "body": "<html><body><h1>Down for maintenance</h1></body></html>"},
    ),
    Switch(
        "server_error",
        "500 UNKNOWN_EXCEPTION",
        "The org itself fails; whether the call was carried out is not known.",
        "status",
        options={"status": 500},
    ),
    Switch(
        "cut_answer",
        "The answer is lost",
        "A POST is carried out and the connection cut before the answer.",
        "drop",
        method="POST",
        options={"of": "response", "after": 0},
    ),
    Switch(
        "cut_request",
        "The request is lost",
        "A POST is cut while it is being sent; nothing is done.",
        "drop",
        method="POST",
        options={"of": "request", "after": 1},
    ),
    Switch("slow", "A slow answer", "Calls wait five seconds first.", "slow", options={"seconds": 5.0}),
    Switch(
        "lock_row",
        "UNABLE_TO_LOCK_ROW",
        "The first three records of a write are held by somebody else.",
        "lock_row",
        options={"rows": 3},
    ),
    Switch("short_page", "Short pages", "Query pages hold 200 records at most.", "short_page", times=10),
    Switch("job_failed", "A Bulk job fails", "The next Bulk job ends as Failed.", "job_failed", match=""),
    Switch(
        "slow_job",
        "A slow Bulk job",
        "The next Bulk job stays InProgress for ten seconds.",
        "slow_job",
        match="",
        options={"seconds": 10.0},
    ),
)
"""Every switch, in the order they are shown."""


class Switchboard:
    """The switches of an org and the faults that were planned by them."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._planned: dict[str, Planned] = {}
        self._actions: dict[str, Callable[[], None]] = {
            "expire_sessions": faults.expire_sessions,
            "expire_cursors": faults.expire_cursors,
            "use_up_limit": lambda: faults.set_daily_limit(15_000, 15_000),
            "restore_limit": lambda: faults.set_daily_limit(15_000, 0),
        }

    def states(self) -> list[dict[str, object]]:
        """Return every switch with how often its fault will still happen; 0 is off."""
        return [
            {"name": each.name, "label": each.label, "tells": each.tells, "times": each.times, "left": self._left(each)}
            for each in SWITCHES
        ]

    def switch(self, given: Mapping[str, object]) -> list[dict[str, object]]:
        """Switch ``name`` ``on`` (for ``times`` calls) or off. Raises KeyError or ValueError."""
        name, wanted = given["name"], given["on"]
        switch = next((each for each in SWITCHES if each.name == name), None)
        if switch is None:
            raise ValueError(f"there is no fault {name!r}")
        planned = self._planned.pop(switch.name, None)
        if planned is not None:
            self._faults.cancel(planned)
        if wanted is True:
            times = int(str(given.get("times", switch.times)))
            if not 1 <= times <= MOST_TIMES:
                raise ValueError(f"a fault happens 1 to {MOST_TIMES} times")
            self._planned[switch.name] = self._faults.inject(
                switch.kind, times, switch.match, switch.method, 0, **switch.options
            )
        return self.states()

    def act(self, given: Mapping[str, object]) -> list[dict[str, object]]:
        """Do ``name`` at once. Raises ValueError for what there is not."""
        action = self._actions.get(str(given["name"]))
        if action is None:
            raise ValueError(f"there is no action {given['name']!r}")
        action()
        return self.states()

    def _left(self, switch: Switch) -> int:
        planned = self._planned.get(switch.name)
        return 0 if planned is None else self._faults.left(planned)
