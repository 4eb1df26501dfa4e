"""Faults on demand: what goes wrong in an org, made to go wrong at a chosen call.

A fault waits until a call matches it (by a regular expression on the path, and optionally the method), lets `skip`
such calls pass, acts, and is gone after it acted `times` times. The kinds and what they take:

    status      answer `status` (429, 503, 500 ...) before anything is done; `body` True (Salesforce's JSON, with
                another `code` and `text` if need be), False (none) or a text (sent as HTML); `retry_after` seconds;
                `holding` asks for a text in what was sent, `larger` for more bytes than that
    drop        close the connection: `of` "response" (the call is done, then cut after `after` bytes of its body;
                0 sends not even headers, -1 half of them, -2 all but the last byte) or "request" (cut once `after`
                bytes of the upload were read; nothing is done)
    garble      the answer comes whole and is not: its body, or its file, ends in the middle
    slow        answer `seconds` later
    edit        somebody in the CRM sets `values` of the record `id` of `sobject` just before the call
    delete      somebody in the CRM deletes the record `id` of `sobject` just before the call
    merge       somebody in the CRM merges the record `id` of `sobject` into the record `into` just before the call
    validation_rule  an administrator adds the rule `name` (`formula`, `message`) to `sobject` just before the call
    readonly_field   an administrator makes `field` of `sobject` read-only for the integration user just before the call
    remove_field     an administrator deletes `field` of `sobject` just before the call
    use_up_limit     the last API call of the day is used up just before the call
    expire_session   the session of the call ends just before it
    lock_row    refuse the first `rows` records of a write with UNABLE_TO_LOCK_ROW; the others are saved
    short_page  a query page holds at most `size` records
    job_failed  a Bulk job ends as Failed with `message`, `rows` of its rows saved
    job_aborted somebody in the CRM aborts a Bulk job, `rows` of its rows saved
    slow_job    a Bulk job stays InProgress for `seconds`
"""

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

CONTROLS = "/__demo__/"
KINDS: dict[str, dict[str, object]] = {
    "status": {
        "status": 503,
        "body": True,
        "retry_after": None,
        "code": None,
        "text": None,
        "holding": "",
        "larger": 0,
    },
    "drop": {"of": "response", "after": 0},
    "garble": {},
    "slow": {"seconds": 1.0},
    "edit": {"sobject": "Account", "id": "", "values": {}},
    "delete": {"sobject": "Account", "id": ""},
    "merge": {"sobject": "Account", "id": "", "into": ""},
    "validation_rule": {"sobject": "Account", "name": "Rule", "formula": "TRUE", "message": "Not now."},
    "readonly_field": {"sobject": "Account", "field": ""},
    "remove_field": {"sobject": "Account", "field": ""},
    "use_up_limit": {},
    "expire_session": {},
    "lock_row": {"rows": 1},
    "short_page": {"size": 200},
    "job_failed": {"message": "InternalServerError : An unexpected error occurred. Please try again.", "rows": 0},
    "job_aborted": {"rows": 0},
    "slow_job": {"seconds": 1.0},
}
"""Every kind of fault with its options and their defaults."""


@dataclass
class Planned:
    """A fault that waits for its calls."""

    kind: str
    times: int
    match: re.Pattern[str]
    method: str | None = None
    options: dict[str, object] = field(default_factory=dict)
    skip: int = 0

    def text(self, name: str) -> str:
        """Return an option that is text."""
        return str(self.options[name])

    def number(self, name: str) -> float:
        """Return a numeric option."""
        value = self.options[name]
        return float(value) if isinstance(value, int | float) else 0.0

    def fits(self, sent: bytes) -> bool:
        """Return whether a call's body holds what the fault asks for."""
        holding = str(self.options.get("holding", "")).encode()
        return holding in sent and (not self.number("larger") or len(sent) > self.number("larger"))


class Faults:
    """The faults planned for an org. The functions are how it ends sessions, forgets cursors and sets its allowance."""

    def __init__(
        self,
        end_sessions: Callable[[], None],
        forget_cursors: Callable[[], None],
        limit: Callable[[int, int], None],
    ) -> None:
        self._end_sessions = end_sessions
        self._forget_cursors = forget_cursors
        self._limit = limit
        self._lock = threading.Lock()
        self._planned: list[Planned] = []

    def inject(
        self, kind: str, times: int = 1, match: str = "", method: str | None = None, skip: int = 0, **options: object
    ) -> Planned:
        """Plan a fault of one of `KINDS` for the next `times` calls whose path `match` is found in, and return it.

        The first `skip` of those calls are let through. Raises ValueError for a kind or an option that does not exist.
        """
        if kind not in KINDS:
            raise ValueError(f"no fault of kind {kind!r}; there are {', '.join(KINDS)}")
        unknown = sorted(set(options) - set(KINDS[kind]))
        if unknown:
            raise ValueError(f"a {kind} fault takes {', '.join(KINDS[kind])}, not {', '.join(unknown)}")
        planned = Planned(kind, times, re.compile(match), method, {**KINDS[kind], **options}, skip)
        with self._lock:
            self._planned.append(planned)
        return planned

    def cancel(self, planned: Planned) -> None:
        """Take back a fault, if it still waits."""
        with self._lock:
            self._planned = [each for each in self._planned if each is not planned]

    def left(self, planned: Planned) -> int:
        """Return how often a fault will still happen."""
        with self._lock:
            return planned.times if any(each is planned for each in self._planned) else 0

    def expire_sessions(self) -> None:
        """End every session now: the next call of each client is answered with INVALID_SESSION_ID."""
        self._end_sessions()

    def expire_cursors(self) -> None:
        """Forget every open query cursor: asking for a next page is answered with INVALID_QUERY_LOCATOR."""
        self._forget_cursors()

    def set_daily_limit(self, maximum: int, used: int) -> None:
        """Set the daily allowance of API calls and how many of them count as used."""
        self._limit(maximum, used)

    def clear(self) -> None:
        """Forget every fault that has not happened yet."""
        with self._lock:
            self._planned.clear()

    def waiting(self) -> list[tuple[str, int]]:
        """Return the kinds that still wait, with how often each will happen."""
        with self._lock:
            return [(each.kind, each.times) for each in self._planned]

    def take(
        self, kind: str, path: str, method: str = "", sent: bytes | None = None, **having: object
    ) -> Planned | None:
        """Return the first fault of this kind for this call, one use of it spent, or None.

        `sent` is the body of a call whose faults may ask for something in it. `having` names options that must have
        these values. The org's own controls are never hit.
        """
        if path.startswith(CONTROLS):
            return None
        with self._lock:
            for each in self._planned:
                if (
                    each.kind == kind
                    and each.match.search(path)
                    and each.method in (None, method)
                    and all(each.options[name] == value for name, value in having.items())
                    and (sent is None or each.fits(sent))
                ):
                    if each.skip > 0:
                        each.skip -= 1
                        continue
                    each.times -= 1
                    if each.times <= 0:
                        self._planned = [other for other in self._planned if other is not each]
                    return each
        return None
