"""The people of the org as logging in sees them: who may, with which password, and what is said about them."""

import hmac
from collections.abc import Callable

DEMO_PASSWORD = "demo-password-1"  # noqa: S105 - it opens a demo on loopback and is printed in the manual
DEMO_SECURITY_TOKEN = "DemoSecurityToken"  # noqa: S105
_FIELDS = (
    "Id, Username, Alias, Name, Email, FirstName, LastName, IsActive, ProfileId, TimeZoneSidKey, LocaleSidKey, "
    "LanguageLocaleKey, Street, City, State, Country, PostalCode, MobilePhone, LastModifiedDate"
)

Look = Callable[[str], list[dict[str, object]]]
"""How the people are found: SOQL, asked by someone who may see everything."""


class People:
    """The users of an org. All have the same password and security token."""

    def __init__(self, look: Look) -> None:
        self._look = look

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
        given = password.encode()
        right = [DEMO_PASSWORD.encode(), (DEMO_PASSWORD + DEMO_SECURITY_TOKEN).encode()]
        if not any(hmac.compare_digest(given, each) for each in right):
            return None
        return self.active(username)
