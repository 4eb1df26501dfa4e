"""From the mapping file's [connection] to a connected org, and what a person wants to know of it."""

from dataclasses import dataclass
from pathlib import Path

from toolkit.config import Settings
from toolkit.demo_workspace import DemoConnection
from toolkit.salesforce import Credentials, Org, connect


@dataclass(frozen=True)
class ConnectionCard:
    """Which org this is, as whom we are there, and what is left of its API allowance today."""

    org_name: str
    org_id: str
    url: str
    username: str
    api_version: str
    is_sandbox: bool
    daily_max: int
    daily_used: int
    login: str


def connect_org(settings: Settings, folder: Path, demo: DemoConnection | None) -> Org:
    """Log in as the mapping file says and return the org; `demo` is the running demo org where it says ``demo``.

    Credentials come from the environment (``CS_TOOLKIT_CLIENT_ID`` and so on). Raises LoginError, UnavailableError, and
    InputError for an address that cannot be used.
    """
    given = settings.connection
    ca_file: Path | None
    if demo is not None:
        login, url, ca_file = "client_credentials", demo.url, demo.ca_file
        credentials = Credentials(client_id=demo.client_id, client_secret=demo.client_secret)
    else:
        login, url = given.login, given.login_url or ""
        ca_file = folder / given.ca_file if given.ca_file else None
        credentials = Credentials.from_environment()
    return connect(
        login=login,
        login_url=url,
        credentials=credentials,
        ca_file=ca_file,
        api_version=given.api_version,
        max_calls=settings.writeback.max_api_calls,
    )


def card_of(org: Org, login: str) -> ConnectionCard:
    """Return the card of a connected org; `login` is the mapping file's word for how we came in."""
    organization, username, budget = org.organization, org.username, org.budget
    return ConnectionCard(
        org_name=organization.name,
        org_id=org.org_id,
        url=org.url,
        username=username,
        api_version=org.api_version,
        is_sandbox=organization.is_sandbox,
        daily_max=budget.daily_max or 0,
        daily_used=budget.daily_used or 0,
        login=login,
    )
