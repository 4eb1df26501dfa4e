"""The people of the org as logging in sees them: who may, with which password, and what is said about them."""

import hashlib
import hmac
import json
from collections.abc import Callable

from toolkit.demo_org.database import Database

DEMO_PASSWORD = "demo-password-1"  # noqa: S105 - it opens a demo on loopback and is printed in the manual
DEMO_SECURITY_TOKEN = "DemoSecurityToken"  # noqa: S105
_FIELDS = (
    "Id, Username, Alias, Name, Email, FirstName, LastName, IsActive, ProfileId, TimeZoneSidKey, LocaleSidKey, "
    "LanguageLocaleKey, Street, City, State, Country, PostalCode, MobilePhone, LastModifiedDate"
)

Look = Callable[[str], list[dict[str, object]]]
"""How the people are found: SOQL, asked by someone who may see everything."""


class People:
    """The users of an org. All have the same security token, and the same password until theirs is changed."""

    def __init__(self, look: Look, database: Database) -> None:
        self._look = look
        self._database = database

    def user(self, user_id: str) -> dict[str, object]:
        """Return the fields of a user that login answers carry."""
        return self._look(f"SELECT {_FIELDS} FROM User WHERE Id = '{user_id}'")[0]

    def active(self, username: str) -> str | None:
        """Return the id of the active user of this name, or None."""
        literal = username.replace("\\", "\\\\").replace("'", "\\'")
        if not username or len(username) > 80 or not username.isprintable():
            return None
        found = self._look(f"SELECT Id FROM User WHERE Username = '{literal}' AND IsActive = TRUE")
        return str(found[0]["Id"]) if found else None

    def is_active(self, user_id: str) -> bool:
        """Return whether a user may log in."""
        return bool(self._look(f"SELECT Id FROM User WHERE Id = '{user_id}' AND IsActive = TRUE"))

    def check_password(self, username: str, password: str) -> str | None:
        """Return the id of the active user with this name and password, or None.

        The security token may follow the password, as it has to outside a company's trusted network, or be left out.
        """
        user_id = self.active(username)
        if user_id is None:
            return None
        changed = self._changed().get(user_id)
        right = _digest(user_id, DEMO_PASSWORD) if changed is None else changed[0]
        known = [_digest(user_id, each) for each in (password, password.removesuffix(DEMO_SECURITY_TOKEN))]
        return user_id if any(hmac.compare_digest(each, right) for each in known) else None

    def set_password(self, user_id: str, password: str, *, expired: bool) -> None:
        """Give a user a password of their own; one that is `expired` is to be changed at the next login."""
        with self._database.writing():
            changed = {**self._changed(), user_id: (_digest(user_id, password), expired)}
            self._database.keep_fact("passwords", json.dumps(changed))

    def is_expired(self, user_id: str) -> bool:
        """Return whether a user has to change their password."""
        changed = self._changed().get(user_id)
        return changed is not None and changed[1]

    def _changed(self) -> dict[str, tuple[str, bool]]:
        kept = json.loads(self._database.fact("passwords") or "{}")
        return {user_id: (str(digest), bool(expired)) for user_id, (digest, expired) in kept.items()}


def _digest(user_id: str, password: str) -> str:
    return hashlib.pbkdf2_hmac("sha256", password.encode(), user_id.encode(), 1_000).hex()
