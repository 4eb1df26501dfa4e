"""The apps that may log in to the org: what an administrator registers, and what each may do.

Keys of an app that signs its logins (jwt-bearer) are kept as PEM, a certificate or a bare public key. Apps and the
org's login settings are kept with the org's other state.
"""

import json
from dataclasses import asdict, dataclass, fields, replace

from toolkit.demo_org.database import Database

EVERYBODY = "*"
LOOPBACK_REDIRECTS = (
    "http://localhost:1717/OauthRedirect",
    "http://127.0.0.1:1717/OauthRedirect",
    "https://login.salesforce.com/services/oauth2/success",
)
"""Where command-line clients listen by default, and Salesforce's own page that shows the code."""
DEFAULT_SCOPES = ("api", "id", "web", "full", "refresh_token", "offline_access", "openid", "profile", "email")


@dataclass(frozen=True)
class App:
    """One registered app.

    ``external`` says that it is an external client app, which has no username-password flow. ``run_as`` is the user of
    its client_credentials flow. With ``approval`` ``admin`` only the users in ``approved`` may use it without being
    asked; with ``self`` so may everybody who once said yes on the consent page.
    """

    client_id: str
    client_secret: str
    label: str
    external: bool = True
    redirect_uris: tuple[str, ...] = LOOPBACK_REDIRECTS
    scopes: tuple[str, ...] = DEFAULT_SCOPES
    run_as: str | None = None
    approval: str = "self"
    approved: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    pkce_required: bool = False
    secret_required: bool = True
    rotates_refresh_tokens: bool = False

    def admits(self, username: str) -> bool:
        """Return whether an administrator approved this user for the app."""
        return EVERYBODY in self.approved or username.lower() in (each.lower() for each in self.approved)


class Apps:
    """The registered apps and whether the org allows logins with a username and password at all."""

    def __init__(self, database: Database, *defaults: App) -> None:
        self._database = database
        kept = json.loads(database.fact("apps") or "[]")
        self._apps = {each.client_id: each for each in defaults} | {each["client_id"]: _app(each) for each in kept}
        self._password_flow = database.fact("password_flow") == "true"

    @property
    def password_flow(self) -> bool:
        """Whether connected apps may use the username-password flow; new orgs have it off."""
        return self._password_flow

    @password_flow.setter
    def password_flow(self, allowed: bool) -> None:
        self._password_flow = allowed
        self._database.keep_fact("password_flow", "true" if allowed else "false")

    def find(self, client_id: str) -> App | None:
        """Return the app of this consumer key, or None."""
        return self._apps.get(client_id)

    def change(self, client_id: str, **changes: object) -> App:
        """Change an app, or register a new one (which then needs ``client_secret`` and ``label``).

        Raises TypeError for a setting that does not exist or is missing.
        """
        known = {each.name for each in fields(App)}
        if set(changes) - known:
            raise TypeError(f"an app has {', '.join(sorted(known))}, not {', '.join(sorted(set(changes) - known))}")
        current = self._apps.get(client_id)
        given = _tuples(changes)
        app = App(client_id, **given) if current is None else replace(current, **given)  # type: ignore[arg-type]
        self._apps[client_id] = app
        self._database.keep_fact("apps", json.dumps([asdict(each) for each in self._apps.values()]))
        return app


def _app(kept: dict[str, object]) -> App:
    return App(**_tuples(kept))  # type: ignore[arg-type]


def _tuples(given: dict[str, object]) -> dict[str, object]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
