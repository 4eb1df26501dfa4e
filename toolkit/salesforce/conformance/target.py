"""Which org to ask, and how to log in to it."""

import os
from dataclasses import dataclass
from pathlib import Path

from toolkit.errors import InputError
from toolkit.salesforce.login import Credentials

PREFIX = "CS_TOOLKIT_"


@dataclass(frozen=True)
class Target:
    """An org's address, the kind of login, and what it takes."""

    login: str
    login_url: str
    credentials: Credentials
    ca_file: Path | None = None


def target_from_environment() -> Target:
    """Return the org that the variables CS_TOOLKIT_LOGIN_URL, CS_TOOLKIT_CLIENT_ID, ... name.

    CS_TOOLKIT_LOGIN says how to log in; without it that follows from what there is: an access token, a refresh token,
    or the app's own credentials. CS_TOOLKIT_CA_FILE is only for an org whose certificate no public CA signed. Raises
    InputError when no address is given.
    """
    credentials = Credentials.from_environment(PREFIX)
    address = os.environ.get(f"{PREFIX}LOGIN_URL") or credentials.instance_url
    if not address:
        raise InputError(
            "No org is named", hint=f"set {PREFIX}LOGIN_URL, such as https://your-company.my.salesforce.com"
        )
    follows = "token" if credentials.access_token else "refresh_token" if credentials.refresh_token else None
    login = os.environ.get(f"{PREFIX}LOGIN") or follows or "client_credentials"
    ca_file = os.environ.get(f"{PREFIX}CA_FILE")
    return Target(login, address, credentials, Path(ca_file) if ca_file else None)
