"""The OAuth flows: how each kind of client proves that it may act for a user.

A flow is a function of the org, the app and the form that was sent; it returns what is granted or raises `OAuthError`
in Salesforce's words. Assertions and codes are judged by the real time, which is the only one the client knows.
"""

import base64
import binascii
import hashlib
import hmac
import math
import time
from dataclasses import dataclass, replace

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from cryptography.x509 import load_pem_x509_certificate

from toolkit.demo_org.state import OrgState
from toolkit.demo_org.web.apps import App
from toolkit.demo_org.web.tokens import DEVICE_INTERVAL, DEVICE_SECONDS, Consent

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
REFRESHING = frozenset({"refresh_token", "offline_access"})
"""Scopes that come with a refresh token; ``full`` does not."""
POLL_LEEWAY = 1.0
"""How many seconds too early a device may ask: clocks and timers are not exact."""
LOGIN_HOSTS = ("https://login.salesforce.com", "https://test.salesforce.com")
DENIED = "end-user denied authorization"


class OAuthError(Exception):
    """OAuth's no: an error code and Salesforce's description of it."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


@dataclass(frozen=True)
class Granted:
    """What a flow grants: a session of this user for this app, and with some flows a refresh token."""

    app: App
    user_id: str
    scope: str
    refresh_token: str | None = None
    nonce: str | None = None


def authorization_code(org: OrgState, app: App, form: dict[str, str]) -> Granted:
    """The web server flow's second half: a code from the consent page becomes a session."""
    consent = org.tokens.spend_code(needed(form, "code"))
    if consent is None or consent.client_id != app.client_id:
        raise OAuthError("invalid_grant", "expired authorization code")
    if needed(form, "redirect_uri") != consent.redirect_uri:
        raise OAuthError("redirect_uri_mismatch", "redirect_uri must match configuration")
    if consent.challenge is not None and not _answers(form.get("code_verifier", ""), consent.challenge):
        raise OAuthError("invalid_grant", "invalid code verifier")
    return _with_refresh(org, app, consent)


def client_credentials(org: OrgState, app: App, _form: dict[str, str]) -> Granted:
    """A session of the app's own user."""
    user_id = None if app.run_as is None else org.people.active(app.run_as)
    if user_id is None:
        raise OAuthError("invalid_grant", "no client credentials user enabled")
    return Granted(app, user_id, _spoken(app.scopes, refresh=False))


def password(org: OrgState, app: App, form: dict[str, str]) -> Granted:
    """The username-password flow: only for connected apps, and only where the org allows it."""
    given = org.people.check_password(form.get("username", ""), form.get("password", ""))
    if app.external or not org.apps.password_flow or given is None:
        raise OAuthError("invalid_grant", "authentication failure")
    return Granted(app, given, _spoken(app.scopes, refresh=False))


def refresh_token(org: OrgState, app: App, form: dict[str, str]) -> Granted:
    """A new session by refresh token, which goes on being good unless the app rotates its tokens."""
    given = needed(form, "refresh_token")
    consent = org.tokens.refresh(given)
    if consent is None or consent.client_id != app.client_id:
        raise OAuthError("invalid_grant", "expired access/refresh token")
    if not org.people.is_active(consent.user_id):
        raise OAuthError("invalid_grant", "inactive user")
    granted = Granted(app, consent.user_id, consent.scope)
    if not app.rotates_refresh_tokens:
        return granted
    if org.tokens.revoke_refresh(given) is None:  # somebody else was faster
        raise OAuthError("invalid_grant", "expired access/refresh token")
    return replace(granted, refresh_token=org.tokens.issue_refresh(consent))


def jwt_bearer(org: OrgState, form: dict[str, str]) -> Granted:
    """A session by an assertion that is signed with one of the app's registered keys."""
    signed, signature, claims = _parts(needed(form, "assertion"))
    app = org.apps.find(str(claims.get("iss", "")))
    if app is None:
        raise OAuthError("invalid_client_id", "client identifier invalid")
    if not any(_verifies(key, signature, signed) for key in app.keys):
        raise OAuthError("invalid_grant", "invalid assertion")
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if not {str(each).removesuffix("/services/oauth2/token") for each in audiences} & {*LOGIN_HOSTS, org.url}:
        raise OAuthError("invalid_grant", "invalid assertion")
    if _seconds(claims.get("exp")) <= time.time():
        raise OAuthError("invalid_grant", "invalid assertion")
    username = str(claims.get("sub") or claims.get("prn") or "")
    user_id = org.people.active(username)
    if user_id is None:
        raise OAuthError("invalid_grant", "user hasn't approved this consumer")
    if not app.admits(username):
        if app.approval == "admin":
            raise OAuthError("invalid_app_access", "user is not admin approved to access this app")
        if not org.tokens.approved(app.client_id, user_id):
            raise OAuthError("invalid_grant", "user hasn't approved this consumer")
    return Granted(app, user_id, _spoken(app.scopes, refresh=False))


def begin_device(org: OrgState, app: App, form: dict[str, str]) -> dict[str, object]:
    """The device flow's first half: a code for the device and one for its user."""
    code, device = org.tokens.begin_device(app.client_id, scope_for(app, form.get("scope", "")))
    return {
        "device_code": code,
        "user_code": device.user_code,
        "verification_uri": f"{org.url}/setup/connect",
        "interval": DEVICE_INTERVAL,
        "expires_in": int(DEVICE_SECONDS),
    }


def device(org: OrgState, app: App, form: dict[str, str]) -> Granted:
    """The device flow's second half: asked again and again until the user has answered."""
    code = needed(form, "code")
    waiting = org.tokens.device(code)
    if waiting is None or waiting.client_id != app.client_id:
        raise OAuthError("invalid_grant", "invalid device code")
    if waiting.denied:
        org.tokens.end_device(code)
        raise OAuthError("access_denied", DENIED)
    now = time.time()
    too_fast, waiting.polled_at = now - waiting.polled_at < DEVICE_INTERVAL - POLL_LEEWAY, now
    if waiting.consent is None:
        raise (
            OAuthError("slow_down", "polling too quickly")
            if too_fast
            else OAuthError("authorization_pending", "Device authorization is pending")
        )
    org.tokens.end_device(code)
    return _with_refresh(org, app, waiting.consent)


def scope_for(app: App, asked: str) -> str:
    """Return the scope a request gets: what it asks for, or all the app has. Raises invalid_scope for anything else."""
    wanted = asked.split() or list(app.scopes)
    if set(wanted) - set(app.scopes):
        raise OAuthError("invalid_scope", "the requested scope is invalid, unknown, or malformed")
    return _spoken(tuple(wanted), refresh=True)


def _with_refresh(org: OrgState, app: App, consent: Consent) -> Granted:
    refreshing = bool(REFRESHING & set(consent.scope.split()))
    token = org.tokens.issue_refresh(consent) if refreshing else None
    return Granted(app, consent.user_id, consent.scope, token, consent.nonce)


def _spoken(scopes: tuple[str, ...], *, refresh: bool) -> str:
    return " ".join(dict.fromkeys(each for each in scopes if refresh or each not in {*REFRESHING, "openid"}))


def needed(form: dict[str, str], name: str) -> str:
    """Return a field of the form. Raises invalid_request when it is missing."""
    given = form.get(name)
    if not given:
        raise OAuthError("invalid_request", f"missing required parameter: {name}")
    return given


def _answers(verifier: str, challenge: str) -> bool:
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    return hmac.compare_digest(digest, challenge)


def _parts(assertion: str) -> tuple[bytes, bytes, dict[str, object]]:
    signed, _, signature = assertion.rpartition(".")
    try:
        header, claims = (msgspec.json.decode(_unpadded(each)) for each in signed.split("."))
        if header["alg"] == "RS256" and isinstance(claims, dict):
            return signed.encode(), _unpadded(signature), claims
    except (ValueError, KeyError, TypeError, binascii.Error, msgspec.DecodeError):
        pass
    raise OAuthError("invalid_grant", "invalid assertion")


def _unpadded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _verifies(pem: str, signature: bytes, signed: bytes) -> bool:
    data = pem.encode()
    key = load_pem_x509_certificate(data).public_key() if "CERTIFICATE" in pem else load_pem_public_key(data)
    if not isinstance(key, RSAPublicKey):
        return False
    try:
        key.verify(signature, signed, PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True


def _seconds(exp: object) -> float:
    # Some clients send text, and Salesforce's own command line milliseconds, so a time far ahead is a good one.
    try:
        seconds = float(str(exp))
    except ValueError:
        return 0.0
    return seconds if math.isfinite(seconds) else 0.0
