"""Sessions: the access tokens the org has given out, whose they are, and when they end.

A token looks as Salesforce's do, ``00D...!...``. Sessions are kept with the org's other state, so that a token outlives
a restart of an org that has a file. They end by the org's clock, some time after they were last used.
"""

import json
import secrets
import string
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from toolkit.demo_org.database import Database

TOKEN_LETTERS = string.ascii_letters + string.digits + "._"
TOKEN_LENGTH = 96
DEFAULT_LIFETIME = 2 * 60 * 60.0


@dataclass(frozen=True)
class Session:
    """One login: its token, its user, the app it was made through ("" for none), and when it began and was last used
    (seconds since the epoch, by the org's clock).
    """

    token: str
    user_id: str
    client_id: str
    scope: str
    began_at: float
    used_at: float


class Sessions:
    """The open sessions of an org. Each ends `lifetime` seconds after it was last used; `now` tells the time."""

    def __init__(
        self, database: Database, org_id: str, now: Callable[[], float], lifetime: float = DEFAULT_LIFETIME
    ) -> None:
        self._database = database
        self._org_id = org_id
        self._now = now
        self._lock = threading.Lock()
        self._keeping = threading.Lock()
        self.lifetime = lifetime
        stored = json.loads(database.fact("sessions") or "{}")
        self._open = {token: _restored(token, kept, now()) for token, kept in stored.items()}

    def open(self, user_id: str, client_id: str = "", scope: str = "api") -> Session:
        """Begin a session of this user and return it."""
        letters = "".join(secrets.choice(TOKEN_LETTERS) for _ in range(TOKEN_LENGTH))
        now = self._now()
        session = Session(f"{self._org_id[:15]}!{letters}", user_id, client_id, scope, now, now)
        with self._lock:
            self._open[session.token] = session
        self._keep()
        return session

    def find(self, token: str) -> Session | None:
        """Return the open session of this token and note that it was used, or None."""
        now = self._now()
        with self._lock:
            session = self._open.get(token)
            if session is None:
                return None
            if now - session.used_at > self.lifetime:
                del self._open[token]
                return None
            self._open[token] = replace(session, used_at=now)
            return session

    def end(self, token: str) -> bool:
        """End one session; return whether there was one."""
        with self._lock:
            ended = self._open.pop(token, None) is not None
        self._keep()
        return ended

    def end_all(self) -> None:
        """End every session, as an administrator's password reset would."""
        self._end_where(lambda _: True)

    def end_of(self, user_id: str, client_id: str) -> None:
        """End the sessions a user has through one app."""
        self._end_where(lambda each: (each.user_id, each.client_id) == (user_id, client_id))

    def _end_where(self, chosen: Callable[[Session], bool]) -> None:
        with self._lock:
            self._open = {token: each for token, each in self._open.items() if not chosen(each)}
        self._keep()

    def _keep(self) -> None:
        # Under a lock of its own: whoever only looks for a session does not wait until the database is free.
        with self._keeping:
            with self._lock:
                kept = {token: [each.user_id, each.client_id, each.scope] for token, each in self._open.items()}
            self._database.keep_fact("sessions", json.dumps(kept))


def _restored(token: str, kept: list[str] | str, now: float) -> Session:
    user_id, client_id, scope = (kept, "", "api") if isinstance(kept, str) else kept
    return Session(token, user_id, client_id, scope, now, now)
