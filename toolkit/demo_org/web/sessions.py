"""Sessions: the access tokens the org has given out, whose they are, and when they end.

A token looks as Salesforce's do, ``00D...!...``. Sessions are kept with the org's other state, so that a token outlives
a restart of an org that has a file.
"""

import json
import secrets
import string
import threading
import time
from dataclasses import dataclass

from toolkit.demo_org.database import Database

TOKEN_LETTERS = string.ascii_letters + string.digits + "._"
TOKEN_LENGTH = 96
DEFAULT_LIFETIME = 2 * 60 * 60.0


@dataclass(frozen=True)
class Session:
    """One login: its token, its user, and when it was last used (seconds since the epoch)."""

    token: str
    user_id: str
    used_at: float


class Sessions:
    """The open sessions of an org. Each ends `lifetime` seconds after it was last used."""

    def __init__(self, database: Database, org_id: str, lifetime: float = DEFAULT_LIFETIME) -> None:
        self._database = database
        self._org_id = org_id
        self._lock = threading.Lock()
        self.lifetime = lifetime
        stored = json.loads(database.fact("sessions") or "{}")
        self._open = {token: Session(token, user_id, time.time()) for token, user_id in stored.items()}

    def open(self, user_id: str) -> Session:
        """Begin a session of this user and return it."""
        letters = "".join(secrets.choice(TOKEN_LETTERS) for _ in range(TOKEN_LENGTH))
        session = Session(f"{self._org_id[:15]}!{letters}", user_id, time.time())
        with self._lock:
            self._open[session.token] = session
            self._keep()
        return session

    def find(self, token: str) -> Session | None:
        """Return the open session of this token and note that it was used, or None."""
        now = time.time()
        with self._lock:
            session = self._open.get(token)
            if session is None:
                return None
            if now - session.used_at > self.lifetime:
                del self._open[token]
                return None
            self._open[token] = Session(token, session.user_id, now)
            return session

    def end(self, token: str) -> bool:
        """End one session; return whether there was one."""
        with self._lock:
            ended = self._open.pop(token, None) is not None
            self._keep()
        return ended

    def end_all(self) -> None:
        """End every session, as an administrator's password reset would."""
        with self._lock:
            self._open.clear()
            self._keep()

    def _keep(self) -> None:
        self._database.keep_fact("sessions", json.dumps({token: each.user_id for token, each in self._open.items()}))
