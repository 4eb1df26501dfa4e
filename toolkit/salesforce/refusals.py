"""Turns an answer that says no into a typed error with a hint: the one place that knows Salesforce's error codes.

Bodies come as `[{"message", "errorCode", "fields"}]` from the data API, as `{"error", "error_description"}` from OAuth,
as HTML or nothing at all from the edge. Codes decide first, the HTTP status where there is no code.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec
import polars as pl

from toolkit.errors import (
    AccessError,
    LimitError,
    LoginError,
    RequestError,
    SalesforceError,
    SessionError,
    UnavailableError,
)

EXPIRED_CODES = frozenset({"INVALID_SESSION_ID", "INVALID_AUTH_HEADER", "Bad_OAuth_Token"})
"""The codes that a renewed session may cure."""

CONCURRENCY = re.compile("Concurrent")
"""In the message of REQUEST_LIMIT_EXCEEDED: too many requests at once, not the daily allowance."""

_TRANSIENT_CODES = ("UNABLE_TO_LOCK_ROW", "SERVER_UNAVAILABLE", "REQUEST_RUNNING_TOO_LONG")
_TRANSIENT_TEXT = "(?i)UNABLE_TO_LOCK_ROW|unable to obtain exclusive access"

_ACCESS = "ask the Salesforce admin to grant this to the integration user (permission set or profile)"
_LATER = "nothing is wrong with the request: wait a little and run the step again"

_BY_CODE: dict[str, tuple[type[SalesforceError], str]] = {
    "INVALID_SESSION_ID": (SessionError, "the session ended: connect again"),
    "INVALID_AUTH_HEADER": (SessionError, "the access token is not one: hand over the token alone, without 'Bearer'"),
    "Bad_OAuth_Token": (SessionError, "the session ended: connect again"),
    "Missing_OAuth_Token": (SessionError, "no access token was sent: connect again"),
    "REQUEST_LIMIT_EXCEEDED": (
        LimitError,
        "the org's API allowance of 24 hours is used up: wait, or see Setup > Company Information > API Requests",
    ),
    "LIMIT_EXCEEDED": (LimitError, "an allowance of the org is used up: see Setup > Company Information"),
    "EXCEEDED_QUOTA": (
        LimitError,
        "the org's daily allowance of Bulk jobs is used up: wait, or use fewer, larger jobs",
    ),
    "STORAGE_LIMIT_EXCEEDED": (LimitError, "the org's storage is full: the admin has to free some"),
    "API_DISABLED_FOR_ORG": (
        AccessError,
        "the edition or the user has no API access: ask the admin for 'API Enabled' on the integration user",
    ),
    "API_CURRENTLY_DISABLED": (AccessError, "the user has no API access: ask the admin for 'API Enabled'"),
    "FUNCTIONALITY_NOT_ENABLED": (AccessError, "the org does not have this feature switched on"),
    "INSUFFICIENT_ACCESS": (AccessError, _ACCESS),
    "INSUFFICIENT_ACCESS_OR_READONLY": (AccessError, _ACCESS),
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": (AccessError, _ACCESS),
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": (AccessError, "an automation in the org refused this: ask the admin"),
    "INVALID_FIELD_FOR_INSERT_UPDATE": (
        AccessError,
        "the field is read-only for the integration user: make it visible and not read-only in field-level security",
    ),
    "INVALID_TYPE": (RequestError, "check the object's API name; the integration user may lack access to the object"),
    "INVALIDENTITY": (RequestError, "this object is not available in the Bulk API: read or write it with REST"),
    "INVALID_FIELD": (
        RequestError,
        "check the field's API name; a field the integration user may not see looks like one that does not exist",
    ),
    "MALFORMED_QUERY": (RequestError, "check the query's text, in a list view's filter or a where argument"),
    "INVALID_QUERY_LOCATOR": (RequestError, "the result pages have expired: run the query again"),
    "INVALID_QUERY_SCOPE": (RequestError, "this object does not know the scope: see supportedScopes in its describe"),
    "UNSUPPORTED_API_VERSION": (RequestError, "set api_version to one the org still serves, see /services/data"),
    "NOT_FOUND": (RequestError, "check the API version, the object's name and the record's id"),
    "ENTITY_IS_DELETED": (RequestError, "the record is in the recycle bin: restore it or leave it out"),
    "INVALID_QUERY_FILTER_OPERATOR": (RequestError, "a value in the filter does not fit its field, often a broken id"),
    "MALFORMED_ID": (RequestError, "an id is not one of this object: ids have 15 or 18 letters and digits"),
    "JSON_PARSER_ERROR": (RequestError, "a value has the wrong type for its field"),
    "QUERY_TIMEOUT": (UnavailableError, "the query ran too long: filter by an indexed field, or read through Bulk"),
    "UNABLE_TO_LOCK_ROW": (UnavailableError, "somebody else was saving the same records: run the step again"),
    "SERVER_UNAVAILABLE": (UnavailableError, _LATER),
    "UNKNOWN_EXCEPTION": (UnavailableError, "Salesforce failed inside: run the step again, or tell its support"),
}

_BY_STATUS: dict[int, tuple[type[SalesforceError], str]] = {
    401: (SessionError, "the session ended: connect again"),
    403: (AccessError, _ACCESS),
    404: (RequestError, "check the address, the API version and the object's name"),
    414: (RequestError, "the request's address is too long: ask for fewer fields or a shorter filter"),
    420: (UnavailableError, _LATER),
    429: (UnavailableError, _LATER),
    431: (RequestError, "the request's address is too long: ask for fewer fields or a shorter filter"),
    500: (UnavailableError, "Salesforce failed inside: run the step again, or tell its support"),
    502: (UnavailableError, _LATER),
    503: (UnavailableError, _LATER),
    504: (UnavailableError, _LATER),
}

_REDIRECTED = "the org lives elsewhere: use the address it points to as login_url"


@dataclass(frozen=True)
class Said:
    """What an error body said: its code, its text and the fields it blames."""

    code: str
    message: str
    fields: tuple[str, ...] = ()


def refusal(doing: str, status: int, body: bytes, scrub: Callable[[str], str]) -> SalesforceError:
    """Return the error for an answer of `status` with `body` to what `doing` names."""
    return error_for(doing, status, said(status, body), scrub)


def error_for(doing: str, status: int, what: Said, scrub: Callable[[str], str]) -> SalesforceError:
    """Return the error for what an answer said."""
    if what.code == "REQUEST_LIMIT_EXCEEDED" and (status == 429 or CONCURRENCY.search(what.message)):
        kind: type[SalesforceError] = UnavailableError
        hint = "the org is busy with too many requests at once: run the step again"
    elif what.code in _BY_CODE:
        kind, hint = _BY_CODE[what.code]
    elif 300 <= status < 400:
        kind, hint = RequestError, _REDIRECTED
    else:
        kind, hint = _BY_STATUS.get(status, (RequestError, "see the message; the request was refused as it is"))
    label = what.code or f"HTTP {status}"
    return kind(
        scrub(f"{doing}: {what.message} ({label})"), hint=hint, code=what.code, status=status, fields=what.fields
    )


def said(status: int, body: bytes) -> Said:
    """Return what an error body says, whatever its form."""
    try:
        parsed = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        text = body.decode("utf-8", "replace").strip()
        if text in ("Bad_OAuth_Token", "Missing_OAuth_Token"):
            return Said(text, "the access token was refused")
        return Said("", _from_text(status, text))
    entries = parsed if isinstance(parsed, list) else [parsed]
    return together([entry for entry in entries if isinstance(entry, dict)], status)


def transient(code: pl.Expr, message: pl.Expr) -> pl.Expr:
    """Return whether a row was refused for a reason that passes: somebody was saving it, or its parent, at the moment.

    An automation that met the lock gives another code, with the lock's in its message.
    """
    return code.is_in(_TRANSIENT_CODES).fill_null(value=False) | message.str.contains(_TRANSIENT_TEXT).fill_null(
        value=False
    )


def together(entries: Sequence[dict[str, object]], status: int = 0) -> Said:
    """Return several error entries as one: the first one's code, all texts, all fields."""
    if not entries:
        return Said("", f"refused with HTTP status {status} and no reason")
    codes = [str(entry.get("errorCode") or entry.get("statusCode") or entry.get("error") or "") for entry in entries]
    texts = [str(entry.get("message") or entry.get("error_description") or "").strip() for entry in entries]
    fields: list[str] = []
    for entry in entries:
        blamed = entry.get("fields")
        fields += [str(name) for name in blamed] if isinstance(blamed, list) else []
    return Said(codes[0], "; ".join(filter(None, texts)) or "no reason was given", tuple(dict.fromkeys(fields)))


def _from_text(status: int, text: str) -> str:
    if not text:
        return f"answered with HTTP status {status} and no body"
    plain = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", text)).strip()
    return f"answered with HTTP status {status}: {plain[:200]}"


_LOGIN_HINTS: tuple[tuple[str, str, str], ...] = (  # code, a part of the description, hint
    ("invalid_client_id", "", "the client id (consumer key) is unknown to this org: copy it from the app's settings"),
    ("invalid_client", "", "the client secret (consumer secret) is wrong: copy it again from the app's settings"),
    ("invalid_grant", "no client credentials user", "set 'Run As' under Client Credentials Flow in the app's policies"),
    (
        "invalid_grant",
        "not supported on this domain",
        "use the My Domain address (https://<name>.my.salesforce.com) as login_url",
    ),
    (
        "invalid_grant",
        "expired access/refresh token",
        "the refresh token was revoked or has expired: authorise the app again",
    ),
    ("invalid_grant", "hasn't approved", "pre-authorise the user for the app, by a permission set or profile"),
    ("invalid_grant", "", "check the credentials, and that the app and its user are allowed to log in this way"),
    ("invalid_app_access", "", "the admin has to approve the user for this app: Manage > Profiles or Permission Sets"),
    ("unsupported_grant_type", "", "switch this OAuth flow on in the app's settings, or choose another login"),
    ("unauthorized_client", "", "switch this OAuth flow on in the app's settings, or choose another login"),
    ("inactive_user", "", "the user is switched off in Salesforce"),
    ("inactive_org", "", "the org is locked, closed or suspended"),
    ("rate_limit_exceeded", "", "too many logins in a short time: wait a few minutes"),
    ("invalid_request", "", "a part of the login is missing: check client id and secret"),
)


def login_refusal(doing: str, status: int, body: bytes, scrub: Callable[[str], str]) -> SalesforceError:
    """Return the error for a login that was refused, or that the edge did not let through."""
    what = said(status, body)
    if status >= 420 and not what.code:
        return error_for(doing, status, what, scrub)
    if 300 <= status < 400:
        hint = _REDIRECTED
    else:
        hint = next(
            (hint for code, part, hint in _LOGIN_HINTS if code == what.code and part in what.message.lower()),
            "check that login_url is the address of a Salesforce org",
        )
    label = what.code or f"HTTP {status}"
    return LoginError(scrub(f"Login: {what.message} ({label})"), hint=hint, code=what.code, status=status)
