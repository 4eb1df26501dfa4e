"""The OAuth 2.0 token endpoint and what belongs to it: revocation and introspection.

The flows themselves are in `toolkit.demo_org.web.grants`. A refusal is OAuth's ``{"error", "error_description"}`` with
status 400, in Salesforce's words.
"""

import base64
import hashlib
import hmac
import time
from urllib.parse import parse_qsl, unquote

from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.state import OrgState
from toolkit.demo_org.web import grants
from toolkit.demo_org.web.apps import App
from toolkit.demo_org.web.grants import Granted, OAuthError
from toolkit.demo_org.web.id_tokens import id_token
from toolkit.demo_org.web.multipart import form_parts
from toolkit.demo_org.web.wire import Answer, Call

NO_STORE = {"Cache-Control": "no-cache, no-store", "Pragma": "no-cache", "Expires": "Thu, 01 Jan 1970 00:00:00 GMT"}


def token(org: OrgState, call: Call) -> Answer:
    """POST /services/oauth2/token: a new session for a client that proves who it is."""
    if call.method != "POST":
        return refused(OAuthError("invalid_request", "must use HTTP POST"))
    try:
        given = form(call)
        if given.get("response_type") == "device_code":
            return Answer(200, grants.begin_device(org, _app(org, call, given), given), dict(NO_STORE))
        return Answer(200, _body(org, _granted(org, call, given)), dict(NO_STORE))
    except OAuthError as error:
        return refused(error)


def revoke(org: OrgState, call: Call) -> Answer:
    """POST or GET /services/oauth2/revoke: end a session, or a refresh token with every session made by its app."""
    given = form(call).get("token") or call.query.get("token", "")
    if org.sessions.end(given):
        return Answer(200, raw=b"", headers=dict(NO_STORE))
    consent = org.tokens.revoke_refresh(given)
    if consent is not None:
        org.sessions.end_of(consent.user_id, consent.client_id)
        return Answer(200, raw=b"", headers=dict(NO_STORE))
    if not given:
        return refused(OAuthError("unsupported_token_type", "this token type is not supported"))
    return refused(OAuthError("invalid_token", "invalid token: " + given[:3] + "..."))


def introspect(org: OrgState, call: Call) -> Answer:
    """POST /services/oauth2/introspect: whether a token is good, and for what (RFC 7662)."""
    if call.method != "POST":
        return refused(OAuthError("invalid_request", "must use HTTP POST"))
    try:
        given = form(call)
        app = _app(org, call, given)
        _check_secret(app, client_of(call, given)[1], needed=True)
        return Answer(200, _introspected(org, app, grants.needed(given, "token")), dict(NO_STORE))
    except OAuthError as error:
        return refused(error)


def refused(error: OAuthError) -> Answer:
    """Return the answer of a refused request."""
    return Answer(400, {"error": error.code, "error_description": error.text}, dict(NO_STORE))


def form(call: Call) -> dict[str, str]:
    """Return the fields of a form, encoded either way that browsers have; anything else counts as an empty form."""
    given = call.headers.get("content-type", "")
    content_type = given.partition(";")[0].strip().lower()
    if content_type == "multipart/form-data":
        return _multipart(call.body, given)
    if content_type not in ("", "application/x-www-form-urlencoded"):
        return {}
    return dict(parse_qsl(call.body.decode("utf-8", "replace"), keep_blank_values=True))


def _multipart(body: bytes, content_type: str) -> dict[str, str]:
    # Salesforce's own command line sends the device flow like this.
    try:
        parts = form_parts(body, content_type)
    except Refusal:
        return {}
    return {name: value.decode("utf-8", "replace") for name, value in parts.items()}


def client_of(call: Call, given: dict[str, str]) -> tuple[str, str | None]:
    """Return the consumer key and secret a client names; a Basic header counts where the form names no client."""
    scheme, _, credentials = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic" and "client_id" not in given:
        try:
            name, _, secret = base64.b64decode(credentials, validate=True).decode().partition(":")
        except ValueError:
            return "", None
        return unquote(name), unquote(secret)
    return given.get("client_id", ""), given.get("client_secret")


def bearer(call: Call) -> str | None:
    """Return the token of an Authorization header (``Bearer`` or ``OAuth``), or None when there is no such header."""
    scheme, _, given = call.headers.get("authorization", "").partition(" ")
    return given.strip() if scheme.lower() in ("bearer", "oauth") and given.strip() else None


def _granted(org: OrgState, call: Call, given: dict[str, str]) -> Granted:
    grant = given.get("grant_type")
    if not grant:
        raise OAuthError("invalid_request", "missing required parameter: grant_type")
    if grant == grants.JWT_BEARER:
        return grants.jwt_bearer(org, given)
    if grant not in _FLOWS:
        raise OAuthError("unsupported_grant_type", "grant type not supported")
    app = _app(org, call, given)
    needed = grant in ("client_credentials", "password") or (
        grant == "authorization_code" and app.secret_required and "code_verifier" not in given
    )
    _check_secret(app, client_of(call, given)[1], needed=needed)
    if grant == "client_credentials" and call.headers.get("host", "").startswith(("login.", "test.")):
        raise OAuthError("invalid_grant", "request not supported on this domain")
    return _FLOWS[grant](org, app, given)


_FLOWS = {
    "authorization_code": grants.authorization_code,
    "client_credentials": grants.client_credentials,
    "device": grants.device,
    "password": grants.password,
    "refresh_token": grants.refresh_token,
}


def _app(org: OrgState, call: Call, given: dict[str, str]) -> App:
    app = org.apps.find(client_of(call, given)[0])
    if app is None:
        raise OAuthError("invalid_client_id", "client identifier invalid")
    return app


def _check_secret(app: App, secret: str | None, *, needed: bool) -> None:
    if secret is None and not needed:
        return
    if not hmac.compare_digest((secret or "").encode(), app.client_secret.encode()):
        raise OAuthError("invalid_client", "invalid client credentials")


def _body(org: OrgState, granted: Granted) -> dict[str, object]:
    session = org.sessions.open(granted.user_id, granted.app.client_id, granted.scope)
    identity_url = f"{org.url}/id/{org.org_id}/{granted.user_id}"
    issued_at = str(int(time.time() * 1000))
    digest = hmac.new(granted.app.client_secret.encode(), (identity_url + issued_at).encode(), hashlib.sha256).digest()
    body: dict[str, object] = {"access_token": session.token}
    if granted.refresh_token is not None:
        body["refresh_token"] = granted.refresh_token
    body |= {"signature": base64.b64encode(digest).decode(), "scope": granted.scope}
    if "openid" in granted.scope.split():
        body["id_token"] = id_token(org, granted.app.client_id, granted.user_id, granted.nonce)
    return body | {
        "instance_url": org.url,
        "id": identity_url,
        "token_type": "Bearer",
        "issued_at": issued_at,
    }


def _introspected(org: OrgState, app: App, given: str) -> dict[str, object]:
    session = org.sessions.find(given)
    if session is not None and session.client_id == app.client_id:
        began = int(session.began_at)
        return {
            "active": True,
            "scope": session.scope,
            "client_id": app.client_id,
            "username": org.people.user(session.user_id)["Username"],
            "sub": f"{org.url}/id/{org.org_id}/{session.user_id}",
            "token_type": "access_token",
            "exp": int(session.used_at + org.sessions.lifetime),
            "iat": began,
            "nbf": began,
        }
    consent = org.tokens.refresh(given)
    if consent is None or consent.client_id != app.client_id:
        return {"active": False}
    return {
        "active": True,
        "scope": consent.scope,
        "client_id": app.client_id,
        "username": org.people.user(consent.user_id)["Username"],
        "sub": f"{org.url}/id/{org.org_id}/{consent.user_id}",
        "token_type": "refresh_token",
    }
