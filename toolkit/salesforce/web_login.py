"""Log in as a person: a browser window asks for name and password, and Salesforce sends the answer to this machine.

This is the authorization code flow with PKCE (RFC 7636) and a redirect to loopback (RFC 8252). The password is typed
into Salesforce's own page and never seen here. The window is opened by whoever calls; nothing is kept on disk.
"""

import base64
import hashlib
import secrets
import threading
from collections.abc import Callable
from html import escape
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

from toolkit.errors import LoginError, StoreInUseError
from toolkit.salesforce.login import Credentials, Grant, ask, granted, require
from toolkit.salesforce.transport import Transport, require_https

CALLBACK_PORT = 1717
CALLBACK_PATH = "/OauthRedirect"
"""Where Salesforce sends the browser back to: the address that Salesforce's own command line uses, too. The connected
app has to list ``http://localhost:1717/OauthRedirect`` among its callback URLs."""

MINUTES = 5.0

OpenPage = Callable[[str], object]


def web_log_in(
    transport: Transport,
    login_url: str,
    credentials: Credentials,
    open_page: OpenPage,
    *,
    port: int = CALLBACK_PORT,
    wait: float = MINUTES * 60,
) -> Grant:
    """Let a person log in at `login_url` and return the grant; a refresh token is put into `credentials`.

    `open_page` is given the address to show. Raises LoginError when the person says no, answers nothing within `wait`
    seconds, or the answer was not asked for here, and StoreInUseError when another program listens on `port`.
    """
    host = require_https(login_url, "login_url")
    require("web", credentials)
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(64)
    transport.scrub.learn(credentials.client_secret, verifier)
    with _listening(port) as callback:
        open_page(f"{host}/services/oauth2/authorize?{urlencode(_question(credentials, callback, state, verifier))}")
        answer = callback.wait_for_answer(wait)
    code = _code(answer, state)
    transport.scrub.learn(code)
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "client_id": credentials.client_id,
        "client_secret": credentials.client_secret,
        "redirect_uri": callback.address,
        "code_verifier": verifier,
    }
    given = ask(transport, host, {name: value for name, value in form.items() if value})
    return granted(transport, host, given, credentials)


def _question(credentials: Credentials, callback: "_Callback", state: str, verifier: str) -> dict[str, str]:
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    return {
        "response_type": "code",
        "client_id": credentials.client_id or "",
        "redirect_uri": callback.address,
        "state": state,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }


def _code(answer: dict[str, str] | None, state: str) -> str:
    if answer is None:
        raise LoginError(
            f"Nobody logged in within {MINUTES:.0f} minutes", hint="connect again and answer in the window that opens"
        )
    if not secrets.compare_digest(answer.get("state", ""), state):
        raise LoginError("The answer does not belong to this login", hint="close old login windows and connect again")
    if "code" not in answer:
        said = answer.get("error_description") or answer.get("error") or "no code came back"
        raise LoginError(
            f"Salesforce did not let us in: {said}",
            hint="connect again and choose Allow; ask an admin when the app is blocked for you (SKA-3)",
            code=answer.get("error", ""),
        )
    return answer["code"]


class _Callback(HTTPServer):
    """Listens on loopback for the one answer."""

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Page)
        self.address = f"http://localhost:{self.server_port}{CALLBACK_PATH}"
        self._answer: dict[str, str] | None = None
        self._answered = threading.Event()
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def take(self, answer: dict[str, str]) -> None:
        """Keep the first answer."""
        if not self._answered.is_set():
            self._answer = answer
            self._answered.set()

    def wait_for_answer(self, seconds: float) -> dict[str, str] | None:
        """Return the answer, or None when none came in time."""
        self._answered.wait(seconds)
        return self._answer

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


class _Page(BaseHTTPRequestHandler):
    """What the browser shows when it comes back. Writes no log: the address holds the code."""

    server: _Callback

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path != CALLBACK_PATH:
            self.send_error(404)
            return
        answer = {name: values[0] for name, values in parse_qs(parts.query).items()}
        said = "You are logged in." if "code" in answer else f"Not logged in: {answer.get('error', 'no code')}."
        body = f"<!doctype html><title>cs-toolkit</title><p>{escape(said)} You can close this window.".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.server.take(answer)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _listening(port: int) -> _Callback:
    try:
        return _Callback(port)
    except OSError:
        raise StoreInUseError(
            f"Port {port} on this machine is taken, so Salesforce cannot send the login's answer here.",
            hint="close the other login (Salesforce's command line uses the same port), then connect again",
        ) from None
