"""Gets an access token: by the app's own credentials, by a refresh token, or by taking one that was handed over.

The login host is whatever the caller says, so that the demo org and a My Domain work alike; simple-salesforce knows
only `*.salesforce.com`. Nothing here is kept on disk.
"""

import os
from dataclasses import dataclass, field
from typing import Any, Literal, NoReturn
from urllib.parse import urlsplit

import msgspec
import requests

from toolkit.errors import InputError, LoginError
from toolkit.salesforce.refusals import login_refusal
from toolkit.salesforce.transport import Transport, require_https

Login = Literal["client_credentials", "refresh_token", "token", "web"]

LOGIN_TRIES = 3
TOKEN_PATH = "/services/oauth2/token"  # noqa: S105 - an address

_NEEDED: dict[str, tuple[str, ...]] = {
    "client_credentials": ("client_id", "client_secret"),
    "refresh_token": ("client_id", "refresh_token"),
    "token": ("access_token",),
    "web": ("client_id",),
}


class Credentials:
    """What a login needs. Printing, formatting or logging it shows which parts are set and never their values."""

    __slots__ = ("access_token", "client_id", "client_secret", "instance_url", "refresh_token")

    def __init__(
        self,
        client_id: str | None = None,
        client_secret: str | None = None,
        refresh_token: str | None = None,
        access_token: str | None = None,
        instance_url: str | None = None,
    ) -> None:
        self.client_id = _clean(client_id)
        self.client_secret = _clean(client_secret)
        self.refresh_token = _clean(refresh_token)
        self.access_token = _clean(access_token)
        self.instance_url = _clean(instance_url)

    @classmethod
    def from_environment(cls, prefix: str = "CS_TOOLKIT_") -> "Credentials":
        """Return the credentials found in the variables `prefix` + CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN, ..."""
        return cls(**{name: os.environ.get(prefix + name.upper()) for name in sorted(cls.__slots__)})

    def __repr__(self) -> str:
        given = ", ".join(f"{name}=***" for name in self.__slots__ if getattr(self, name))
        return f"Credentials({given})"

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __reduce__(self) -> NoReturn:
        raise TypeError("Credentials are not written anywhere: read them from the environment where they are needed")


@dataclass(frozen=True)
class Grant:
    """What a login gave: the token, the org's address, and whose token it is when the login said so."""

    access_token: str = field(repr=False)
    instance_url: str
    identity_url: str = ""

    def __reduce__(self) -> NoReturn:
        raise TypeError("An access token is not written anywhere: connect again instead")


def log_in(transport: Transport, login: str, login_url: str, credentials: Credentials) -> Grant:
    """Return a fresh grant.

    Raises LoginError when the org refuses or credentials are missing, UnavailableError when the host does not answer,
    InputError for a login that does not exist or an address that is not https.
    """
    if login not in _NEEDED or login == "web":
        raise InputError(f"There is no login {login!r}", hint=f"choose one of {', '.join(_NEEDED)}")
    host = require_https(login_url, "login_url")
    require(login, credentials)
    transport.scrub.learn(credentials.client_secret, credentials.refresh_token, credentials.access_token)
    if login == "token":
        instance = require_https(credentials.instance_url or host, "instance_url")
        return Grant(_sendable(credentials.access_token or ""), instance)
    form = {"grant_type": login, "client_id": credentials.client_id, "client_secret": credentials.client_secret}
    if login == "refresh_token":
        form["refresh_token"] = credentials.refresh_token
    return granted(
        transport, host, ask(transport, host, {name: value for name, value in form.items() if value}), credentials
    )


def granted(transport: Transport, host: str, answer: dict[str, Any], credentials: Credentials) -> Grant:
    """Return the grant of a token endpoint's answer; a refresh token in it replaces the one in `credentials`."""
    transport.scrub.learn(answer.get("access_token"), answer.get("refresh_token"))
    if answer.get("refresh_token"):
        credentials.refresh_token = str(answer["refresh_token"])  # with rotation, the old one is dead
    return Grant(
        _sendable(str(answer["access_token"])),
        require_https(str(answer.get("instance_url") or host), "instance_url"),
        str(answer.get("id") or ""),
    )


def ids_of(identity_url: str) -> tuple[str, str]:
    """Return org id and user id of an identity address, `https://host/id/00D.../005...`, or two empty texts."""
    parts = urlsplit(identity_url).path.strip("/").split("/")
    return (parts[1], parts[2]) if len(parts) == 3 and parts[0] == "id" else ("", "")


def ask(transport: Transport, host: str, form: dict[str, Any]) -> dict[str, Any]:
    """Return what the token endpoint answers to a form. Raises LoginError when it refuses."""
    response = transport.exchange(
        "POST",
        host + TOKEN_PATH,
        headers=lambda: {"Accept": "application/json"},
        heard=_nobody,
        repeatable=True,
        tries=LOGIN_TRIES,
        content={"data": form},
        refuse=login_refusal,
    )
    try:
        answer = msgspec.json.decode(response.content, type=dict[str, Any])
    except msgspec.MsgspecError:
        answer = {}
    if not answer.get("access_token"):
        raise LoginError(
            f"Login at {host}: the answer holds no access token",
            hint="check that login_url is the address of a Salesforce org",
            status=response.status_code,
        )
    return answer


def require(login: str, credentials: Credentials) -> None:
    """Raise LoginError, naming the environment variables, when credentials that a login needs are missing."""
    missing = [name for name in _NEEDED[login] if not getattr(credentials, name)]
    if missing:
        variables = ", ".join(f"CS_TOOLKIT_{name.upper()}" for name in missing)
        raise LoginError(
            f"Login by {login} needs {' and '.join(missing)}",
            hint=f"set {variables} in the environment, then connect again",
            code="missing_credentials",
        )


def _sendable(token: str) -> str:
    if not token.isascii() or not token.isprintable() or " " in token:
        raise LoginError(
            "The access token holds blanks or other characters that no token has",
            hint="hand over the token alone, without 'Bearer' and line breaks",
            code="malformed_token",
        )
    return token


def _clean(value: str | None) -> str | None:
    return value.strip() or None if value is not None else None


def _nobody(response: requests.Response) -> None:
    """Take note of nothing: a login carries no allowance."""
