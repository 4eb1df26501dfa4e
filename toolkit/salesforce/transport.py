"""Sends one HTTP request and repeats it when that is safe and useful; knows nothing of sessions or of what is asked.

A request that was refused at the door (429, 503, a row lock on the whole request, too many at once) is repeated
whatever it was. One whose fate is unknown (a dropped connection, a timeout, 500, 502, 504) is repeated only when doing
it twice equals doing it once. Waits grow by doubling, with jitter; `Retry-After` is obeyed up to `LONGEST_WAIT`.
"""

import logging
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from toolkit.errors import InputError, RequestError, SalesforceError, UnavailableError
from toolkit.salesforce.refusals import refusal
from toolkit.salesforce.scrub import Scrubber

log = logging.getLogger("toolkit.salesforce")

TRIES = 5
FIRST_WAIT = 0.5
LONGEST_WAIT = 60.0
USER_AGENT = "cs-toolkit"

_NEVER_TAKEN_IN = frozenset({420, 429, 503})
_FATE_UNKNOWN = frozenset({500, 502, 504})

Headers = Mapping[str, str]
Refuse = Callable[[str, int, bytes, Callable[[str], str]], SalesforceError]


class Transport:
    """A session of connections with timeouts, repeats and typed errors. Safe to use from several threads."""

    def __init__(
        self,
        *,
        ca_file: Path | None,
        timeout: tuple[float, float],
        sleep: Callable[[float], None],
        jitter: Callable[[], float],
    ) -> None:
        self.session = _open_session(ca_file)
        self.scrub = Scrubber()
        self.sleep = sleep
        self._timeout = timeout
        self._jitter = jitter

    def exchange(
        self,
        method: str,
        url: str,
        *,
        headers: Callable[[], Headers],
        heard: Callable[[requests.Response], None],
        repeatable: bool,
        tries: int = TRIES,
        content: Mapping[str, Any],
        refuse: Refuse = refusal,
    ) -> requests.Response:
        """Return the answer to a request when its status is below 300; raise a typed error otherwise.

        `headers` is asked before every try and may refuse it by raising, `heard` is told of every answer. `content` is
        what `requests` takes as params, data or json. `refuse` makes the error of an answer that says no.
        """
        doing = f"{method} {urlsplit(url).path}"

        def once() -> requests.Response:
            response = self._send(doing, method, url, headers(), content, repeatable)
            heard(response)
            if response.status_code < 300:
                return response
            raise self._refused(response, refuse(doing, response.status_code, response.content, self.scrub), repeatable)

        retrying = Retrying(
            stop=stop_after_attempt(tries),
            retry=retry_if_exception_type(_Again),
            wait=self._wait,
            sleep=self.sleep,
            before_sleep=lambda state: self._log_wait(method, url, state),
            reraise=True,
        )
        try:
            return retrying(once)
        except _Again as again:
            failure = again.error
        raise failure

    def pause(self, attempt: int) -> None:
        """Sleep as long as before try number `attempt` + 1, for a caller that repeats on its own."""
        self.sleep(self._backoff(attempt))

    def _send(
        self, doing: str, method: str, url: str, headers: Headers, content: Mapping[str, Any], repeatable: bool
    ) -> requests.Response:
        started = time.monotonic()
        try:
            response = self.session.request(
                method, url, headers=dict(headers), timeout=self._timeout, allow_redirects=False, **content
            )
        except requests.RequestException as error:
            failure = _network_failure(doing, urlsplit(url).netloc, error, repeatable)
        else:
            elapsed = 1000 * (time.monotonic() - started)
            log.debug("%s -> %s, %d bytes, %.0f ms", doing, response.status_code, len(response.content), elapsed)
            if not _ends_within_its_headers(response):
                return response
            failure = _broken_off(doing, urlsplit(url).netloc, timed_out=False, repeatable=repeatable)
        raise failure  # outside the except block: what `requests` raised holds the request and its token

    def _refused(self, response: requests.Response, error: SalesforceError, repeatable: bool) -> Exception:
        status = response.status_code
        if not (refused_at_the_door(error) or (repeatable and status in _FATE_UNKNOWN)):
            return error
        after = _retry_after(response)
        if after is not None and after > LONGEST_WAIT:
            error.hint = f"the org asks to come back in {after:.0f} seconds: run the step again then"
            return error
        return _Again(error, after)

    def _wait(self, state: RetryCallState) -> float:
        again = state.outcome.exception() if state.outcome else None
        asked = again.after if isinstance(again, _Again) else None
        return max(asked or 0.0, self._backoff(state.attempt_number))

    def _backoff(self, attempt: int) -> float:
        # Half of the wait is chance, so that many clients that failed together do not come back together.
        longest: float = min(LONGEST_WAIT, FIRST_WAIT * 2**attempt)
        return longest * (1 + self._jitter()) / 2

    def _log_wait(self, method: str, url: str, state: RetryCallState) -> None:
        again = state.outcome.exception() if state.outcome else None
        code = (again.error.code or again.error.status) if isinstance(again, _Again) else ""
        wait = state.next_action.sleep if state.next_action else 0.0
        log.warning("%s %s: %s, trying again in %.1f s", method, urlsplit(url).path, code, wait)


class _Again(Exception):  # noqa: N818 - not an error yet
    """A try failed in a way that another try may cure. Never leaves this module."""

    def __init__(self, error: SalesforceError, after: float | None = None) -> None:
        super().__init__()
        self.error = error
        self.after = after


class _PinnedCa(HTTPAdapter):
    """Verifies certificates against one CA file, whatever REQUESTS_CA_BUNDLE in the environment says."""

    def __init__(self, ca_file: Path) -> None:
        self._ca_file = str(ca_file)
        super().__init__()

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        kwargs["verify"] = self._ca_file
        return super().send(request, *args, **kwargs)


def _open_session(ca_file: Path | None) -> requests.Session:
    if ca_file is not None and not Path(ca_file).is_file():
        raise InputError(f"The CA file {ca_file} does not exist", hint="check ca_file, or leave it out for a real org")
    session = requests.Session()
    session.headers["User-Agent"] = USER_AGENT
    # An own auth function keeps `requests` from replacing our header by an entry of ~/.netrc.
    session.auth = _leave_as_it_is
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.mount("http://", _NoPlainHttp())
    if ca_file is not None:
        session.mount("https://", _PinnedCa(ca_file))
    return session


class _NoPlainHttp(HTTPAdapter):
    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:  # noqa: ARG002
        raise requests.exceptions.InvalidSchema("plain http")


def _leave_as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def require_https(url: str, what: str) -> str:
    """Return `url` without a trailing slash. Raises InputError unless it is an https address of a host alone."""
    parts = urlsplit(url.strip())
    if parts.scheme == "http":
        raise InputError(
            f"{what} {url} is plain http, which would send secrets readable by anybody on the way",
            hint=f"use https://{parts.netloc}",
        )
    if parts.scheme != "https" or not parts.hostname or parts.path.strip("/") or parts.query or "@" in parts.netloc:
        raise InputError(
            f"{what} {_without_user(url)} is not the https address of a host",
            hint="it looks like https://your-company.my.salesforce.com",
        )
    return f"https://{parts.netloc}"


def _without_user(url: str) -> str:
    return url.rpartition("@")[2] if "@" in url else url


def _network_failure(doing: str, host: str, error: requests.RequestException, repeatable: bool) -> Exception:
    reason = _innermost(error)
    if isinstance(error, requests.exceptions.SSLError):
        return UnavailableError(
            f"{doing}: the certificate of {host} is not trusted",
            hint="set ca_file to the CA that signed it; behind a company proxy that is the proxy's CA",
            code="CERTIFICATE",
        )
    if isinstance(error, requests.exceptions.ProxyError):
        return UnavailableError(
            f"{doing}: the proxy does not let us reach {host}", hint="check HTTPS_PROXY and NO_PROXY", code="PROXY"
        )
    if isinstance(reason, NameResolutionError):
        unknown = UnavailableError(
            f"{doing}: there is no host {host}", hint="check login_url and the network", code="UNKNOWN_HOST"
        )
        return _Again(unknown)
    if isinstance(reason, NewConnectionError | ConnectTimeoutError):
        unreachable = UnavailableError(
            f"{doing}: nothing answers at {host}",
            hint="check the address and the port; is the demo org running?",
            code="UNREACHABLE",
        )
        return _Again(unreachable)
    if isinstance(error, ValueError):  # an address, a header or a scheme that `requests` does not take
        return RequestError(f"{doing}: the request could not be sent ({type(error).__name__})", hint="check login_url")
    return _broken_off(doing, host, timed_out=isinstance(error, requests.Timeout), repeatable=repeatable)


def _broken_off(doing: str, host: str, *, timed_out: bool, repeatable: bool) -> Exception:
    what = "did not answer in time" if timed_out else "broke off the connection"
    hint = (
        "run the step again"
        if repeatable
        else "it is not known whether this was carried out: look into the org before doing it again"
    )
    error = UnavailableError(
        f"{doing}: {host} {what}", hint=hint, code="TIMEOUT" if timed_out else "CONNECTION_DROPPED"
    )
    return _Again(error) if repeatable else error


def _ends_within_its_headers(response: requests.Response) -> bool:
    # Python's HTTP client takes a connection that is closed there for an answer without a body.
    framed = "Content-Length" in response.headers or "chunked" in response.headers.get("Transfer-Encoding", "")
    bodiless = response.status_code in (204, 304) or response.request.method == "HEAD"
    return not (framed or bodiless or response.content)


def _innermost(error: BaseException) -> BaseException:
    for each in error.args:
        reason = getattr(each, "reason", each)
        if isinstance(reason, BaseException):
            return reason
    return error


def refused_at_the_door(error: SalesforceError) -> bool:
    """Return whether a request was not taken in at all, so that it may be sent again whatever it was."""
    if error.code == "REQUEST_LIMIT_EXCEEDED":
        return isinstance(error, UnavailableError)  # too many at once, as opposed to too many today
    return error.status in _NEVER_TAKEN_IN or error.code in ("SERVER_UNAVAILABLE", "UNABLE_TO_LOCK_ROW")


def fate_unknown(error: SalesforceError) -> bool:
    """Return whether a request that failed may have been carried out all the same."""
    if not isinstance(error, UnavailableError) or refused_at_the_door(error):
        return False
    return error.status in _FATE_UNKNOWN or error.status < 300


def _retry_after(response: requests.Response) -> float | None:
    value = response.headers.get("Retry-After", "").strip()
    if not value:
        return None
    if value.isdigit():
        return float(value)
    try:
        # Both times are the server's, so a wrong clock here does not matter.
        return max(
            0.0,
            (parsedate_to_datetime(value) - parsedate_to_datetime(response.headers.get("Date", ""))).total_seconds(),
        )
    except (TypeError, ValueError):
        return None
