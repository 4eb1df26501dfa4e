"""What a login hands out besides sessions: authorization codes, refresh tokens and device codes.

Codes live in memory and by the real time, for they are exchanged within minutes by a client that knows no other;
refresh tokens are kept with the org's other state.
"""

import json
import secrets
import threading
import time
from dataclasses import dataclass

from toolkit.demo_org.database import Database

CODE_SECONDS = 15 * 60.0
DEVICE_SECONDS = 10 * 60.0
DEVICE_INTERVAL = 5
REFRESH_PREFIX = "5Aep861"
_USER_CODE_LETTERS = "BCDFGHJKLMNPQRSTVWXZ23456789"


@dataclass(frozen=True)
class Consent:
    """What a user said yes to: which app may act for them, and for what."""

    client_id: str
    user_id: str
    scope: str
    redirect_uri: str = ""
    challenge: str | None = None  # PKCE, S256
    nonce: str | None = None


@dataclass
class Device:
    """A device that waits for its user to type a code somewhere else. ``consent`` comes when they do."""

    client_id: str
    scope: str
    user_code: str
    until: float
    consent: Consent | None = None
    denied: bool = False
    polled_at: float = 0.0


class Tokens:
    """The codes and refresh tokens of an org that can still be used."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._keeping = threading.Lock()
        self._codes: dict[str, tuple[Consent, float]] = {}
        self._devices: dict[str, Device] = {}
        stored = json.loads(database.fact("refresh_tokens") or "{}")
        self._refresh = {token: Consent(*parts) for token, parts in stored.items()}

    def issue_code(self, consent: Consent) -> str:
        """Return an authorization code, which can be exchanged once."""
        code = "aPrx" + secrets.token_urlsafe(48)
        with self._lock:
            self._codes[code] = consent, time.time() + CODE_SECONDS
        return code

    def spend_code(self, code: str) -> Consent | None:
        """Return what an authorization code stands for, or None when it is unknown, used or too old."""
        with self._lock:
            consent, until = self._codes.pop(code, (None, 0.0))
        return consent if time.time() < until else None

    def issue_refresh(self, consent: Consent, token: str | None = None) -> str:
        """Return a new refresh token, or keep the one given."""
        given = token or REFRESH_PREFIX + secrets.token_urlsafe(48)
        with self._lock:
            self._refresh[given] = consent
        self._keep()
        return given

    def refresh(self, token: str) -> Consent | None:
        """Return what a refresh token stands for, or None."""
        with self._lock:
            return self._refresh.get(token)

    def revoke_refresh(self, token: str) -> Consent | None:
        """Make a refresh token useless; return what it stood for, or None."""
        with self._lock:
            consent = self._refresh.pop(token, None)
        self._keep()
        return consent

    def revoke_all(self) -> None:
        """Make every refresh token useless, as an administrator can."""
        with self._lock:
            self._refresh.clear()
        self._keep()

    def approved(self, client_id: str, user_id: str) -> bool:
        """Return whether this user once said yes to this app and has not taken it back."""
        with self._lock:
            return any(each.client_id == client_id and each.user_id == user_id for each in self._refresh.values())

    def begin_device(self, client_id: str, scope: str) -> tuple[str, Device]:
        """Return the code a device polls with, and what it waits for."""
        user_code = "".join(secrets.choice(_USER_CODE_LETTERS) for _ in range(8))
        device = Device(client_id, scope, user_code, time.time() + DEVICE_SECONDS)
        code = secrets.token_urlsafe(32)
        with self._lock:
            self._devices[code] = device
        return code, device

    def device(self, code: str) -> Device | None:
        """Return the device that polls with this code, or None."""
        with self._lock:
            device = self._devices.get(code)
        return device if device is not None and time.time() < device.until else None

    def device_of_user_code(self, user_code: str) -> Device | None:
        """Return the device whose user types this code, or None."""
        with self._lock:
            waiting = [each for each in self._devices.values() if each.user_code == user_code.strip().upper()]
        return next((each for each in waiting if time.time() < each.until and each.consent is None), None)

    def end_device(self, code: str) -> None:
        """Forget a device that has its tokens."""
        with self._lock:
            self._devices.pop(code, None)

    def _keep(self) -> None:
        with self._keeping:
            with self._lock:
                kept = {token: [each.client_id, each.user_id, each.scope] for token, each in self._refresh.items()}
            self._database.keep_fact("refresh_tokens", json.dumps(kept))
