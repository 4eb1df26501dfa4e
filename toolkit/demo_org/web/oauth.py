"""Logging in: the OAuth 2.0 token endpoint, revocation, and who a token belongs to.

Grants: ``client_credentials`` (the app's run-as user) and ``refresh_token``, with the client's id and secret in the
form or in a Basic header. Errors are OAuth's ``{"error", "error_description"}`` with status 400, in Salesforce's words.
"""

import base64
import hashlib
import hmac
import time
from urllib.parse import parse_qsl, unquote

from toolkit.demo_org.state import OrgState
from toolkit.demo_org.web.wire import Answer, Call

NO_STORE = {"Cache-Control": "no-cache, no-store", "Pragma": "no-cache", "Expires": "Thu, 01 Jan 1970 00:00:00 GMT"}
SCOPE = "api id refresh_token"


def token(org: OrgState, call: Call) -> Answer:
    """POST /services/oauth2/token: a new session for a client that proves who it is."""
    if call.method != "POST":
        return _error("invalid_request", "must use HTTP POST")
    form = _form(call)
    grant = form.get("grant_type")
    if not grant:
        return _error("invalid_request", "missing required parameter: grant_type")
    if grant not in ("client_credentials", "refresh_token"):
        return _error("unsupported_grant_type", "grant type not supported")
    client_id, secret = _client(call, form)
    if client_id != org.client_id:
        return _error("invalid_client_id", "client identifier invalid")
    if not (secret is None and grant == "refresh_token") and not _same(secret or "", org.client_secret):
        return _error("invalid_client", "invalid client credentials")
    if grant == "refresh_token":
        if not form.get("refresh_token"):
            return _error("invalid_request", "missing required parameter: refresh_token")
        if not _same(form["refresh_token"], org.refresh_token):
            return _error("invalid_grant", "expired access/refresh token")
    session = org.sessions.open(org.integration_user_id)
    return Answer(200, _token_body(org, session.token, session.user_id), dict(NO_STORE))


def revoke(org: OrgState, call: Call) -> Answer:
    """POST or GET /services/oauth2/revoke: end the session of a token."""
    given = _form(call).get("token") or call.query.get("token", "")
    if org.sessions.end(given):
        return Answer(200, raw=b"", headers=dict(NO_STORE))
    return (
        _error("unsupported_token_type", "this token type is not supported")
        if not given
        else _error("invalid_token", "invalid token: " + given[:3] + "...")
    )


def userinfo(org: OrgState, call: Call) -> Answer:
    """GET /services/oauth2/userinfo: the OpenID Connect claims of the token's user."""
    user_id = _token_user(org, call)
    if user_id is None:
        return _bad_token(call)
    user = org.user(user_id)
    return Answer(
        200,
        {
            "sub": f"{org.url}/id/{org.org_id}/{user_id}",
            "user_id": user_id,
            "organization_id": org.org_id,
            "preferred_username": user["Username"],
            "nickname": user["Alias"],
            "name": user["Name"],
            "email": user["Email"],
            "email_verified": True,
            "given_name": user["FirstName"],
            "family_name": user["LastName"],
            "zoneinfo": "GMT",
            "photos": {},
            "profile": f"{org.url}/{user_id}",
            "picture": None,
            "urls": _urls(org),
            "active": True,
            "user_type": "STANDARD",
            "language": "en_US",
            "locale": "en_US",
            "utcOffset": 0,
            "updated_at": user["LastModifiedDate"],
        },
    )


def identity(org: OrgState, call: Call, org_id: str, user_id: str) -> Answer:
    """GET /id/{org}/{user}: the identity URL that the token answer names."""
    asking = _token_user(org, call)
    if asking is None:
        return _bad_token(call)
    if org_id[:15] != org.org_id[:15] or user_id[:15] != asking[:15]:
        return Answer(403, raw=b"Bad_Id", content_type="text/html;charset=UTF-8")
    user = org.user(asking)
    return Answer(
        200,
        {
            "id": f"{org.url}/id/{org.org_id}/{asking}",
            "asserted_user": True,
            "user_id": asking,
            "organization_id": org.org_id,
            "username": user["Username"],
            "nick_name": user["Alias"],
            "display_name": user["Name"],
            "email": user["Email"],
            "email_verified": True,
            "first_name": user["FirstName"],
            "last_name": user["LastName"],
            "timezone": "GMT",
            "photos": {},
            "addr_street": None,
            "addr_city": None,
            "addr_state": None,
            "addr_country": None,
            "addr_zip": None,
            "mobile_phone": None,
            "mobile_phone_verified": False,
            "status": {"created_date": None, "body": None},
            "urls": _urls(org),
            "active": True,
            "user_type": "STANDARD",
            "language": "en_US",
            "locale": "en_US",
            "utcOffset": 0,
            "last_modified_date": user["LastModifiedDate"],
            "is_app_installed": True,
        },
    )


def _token_body(org: OrgState, access_token: str, user_id: str) -> dict[str, object]:
    identity_url = f"{org.url}/id/{org.org_id}/{user_id}"
    issued_at = str(int(time.time() * 1000))
    digest = hmac.new(org.client_secret.encode(), (identity_url + issued_at).encode(), hashlib.sha256).digest()
    return {
        "access_token": access_token,
        "signature": base64.b64encode(digest).decode(),
        "scope": SCOPE,
        "instance_url": org.url,
        "id": identity_url,
        "token_type": "Bearer",
        "issued_at": issued_at,
    }


def _client(call: Call, form: dict[str, str]) -> tuple[str, str | None]:
    # A Basic header counts where the form names no client.
    scheme, _, credentials = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic" and "client_id" not in form:
        try:
            name, _, secret = base64.b64decode(credentials, validate=True).decode().partition(":")
        except ValueError:
            return "", None
        return unquote(name), unquote(secret)
    return form.get("client_id", ""), form.get("client_secret")


def _form(call: Call) -> dict[str, str]:
    content_type = call.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type not in ("", "application/x-www-form-urlencoded"):
        return {}
    return dict(parse_qsl(call.body.decode("utf-8", "replace"), keep_blank_values=True))


def _token_user(org: OrgState, call: Call) -> str | None:
    given = bearer(call) or call.query.get("oauth_token") or _form(call).get("access_token", "")
    session = org.sessions.find(given)
    return None if session is None else session.user_id


def bearer(call: Call) -> str | None:
    """Return the token of an Authorization header (``Bearer`` or ``OAuth``), or None when there is no such header."""
    scheme, _, given = call.headers.get("authorization", "").partition(" ")
    return given.strip() if scheme.lower() in ("bearer", "oauth") and given.strip() else None


def _bad_token(call: Call) -> Answer:
    given = bearer(call) or call.query.get("oauth_token")
    return Answer(
        403, raw=b"Bad_OAuth_Token" if given else b"Missing_OAuth_Token", content_type="text/html;charset=UTF-8"
    )


def _urls(org: OrgState) -> dict[str, str]:
    root = f"{org.url}/services/data/v{{version}}/"
    return {
        "rest": root,
        "sobjects": root + "sobjects/",
        "query": root + "query/",
        "profile": f"{org.url}/{org.integration_user_id}",
        "custom_domain": org.url,
    }


def _error(code: str, text: str) -> Answer:
    return Answer(400, {"error": code, "error_description": text}, dict(NO_STORE))


def _same(given: str, kept: str) -> bool:
    return hmac.compare_digest(given.encode(), kept.encode())
