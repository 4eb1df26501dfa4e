"""The consent page: where a person logs in and says whether an app may act for them.

``/services/oauth2/authorize`` begins the web server flow; ``/setup/connect`` is where the code of a device is typed.
The answer form carries a seal of what was asked, so that no other page can answer in a person's place.
"""

import hashlib
import hmac
from html import escape
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from toolkit.demo_org.state import OrgState
from toolkit.demo_org.web import oauth
from toolkit.demo_org.web.apps import App
from toolkit.demo_org.web.grants import DENIED, OAuthError, scope_for
from toolkit.demo_org.web.pages import ANSWER_BUTTONS, field, hidden, page, problem
from toolkit.demo_org.web.tokens import Consent, Device
from toolkit.demo_org.web.wire import Answer, Call

WRONG_LOGIN = "Please check your username and password."
_MEANINGS = {
    "api": "Manage user data via APIs",
    "web": "Manage user data via Web browsers",
    "full": "Full access",
    "id": "Access the identity URL service",
    "refresh_token": "Perform requests at any time",
    "offline_access": "Perform requests at any time",
    "openid": "Access unique user identifiers",
}


def authorize(org: OrgState, call: Call) -> Answer:
    """GET or POST /services/oauth2/authorize: ask a person, and send the browser back with their answer."""
    form = oauth.form(call)
    asked = dict(parse_qsl(form["asked"], keep_blank_values=True)) if "asked" in form else {**call.query, **form}
    app = org.apps.find(asked.get("client_id", ""))
    if app is None:
        return _impossible("invalid_client_id", "client identifier invalid")
    redirect_uri = asked.get("redirect_uri", "")
    if redirect_uri not in app.redirect_uris:
        return _impossible("redirect_uri_mismatch", "redirect_uri must match configuration")
    state = {"state": asked["state"]} if "state" in asked else {}
    try:
        scope = _checked(app, asked)
        if "answer" in form:
            return _answered(org, app, form, asked, scope, state)
    except OAuthError as error:
        return _back(redirect_uri, {"error": error.code, "error_description": error.text} | state)
    return _ask(org, app, asked, scope, None)


def connect(org: OrgState, call: Call) -> Answer:
    """GET or POST /setup/connect: a person types the code that their device shows."""
    form = oauth.form(call)
    if call.method != "POST":
        return _ask_device(call.query.get("user_code", ""), None)
    device = org.tokens.device_of_user_code(form.get("user_code", ""))
    if device is None:
        return _ask_device(form.get("user_code", ""), "The code is wrong or too old.")
    if form.get("answer") != "allow":
        device.denied = True
        return page("Access denied", "<p>The device was told no. You may close this page.</p>")
    return _connected(org, device, form)


def _checked(app: App, asked: dict[str, str]) -> str:
    if asked.get("response_type") != "code":
        raise OAuthError("unsupported_response_type", "response type must be code")
    if asked.get("code_challenge_method", "S256") != "S256":
        raise OAuthError("invalid_request", "invalid code challenge method")
    if app.pkce_required and not asked.get("code_challenge"):
        raise OAuthError("invalid_request", "missing required code challenge")
    return scope_for(app, asked.get("scope", ""))


def _answered(
    org: OrgState, app: App, form: dict[str, str], asked: dict[str, str], scope: str, state: dict[str, str]
) -> Answer:
    if not hmac.compare_digest(form.get("seal", ""), _seal(org, form["asked"])):
        return _impossible("invalid_request", "the form was not made by this org")
    if form["answer"] != "allow":
        raise OAuthError("access_denied", DENIED)
    user_id = org.people.check_password(form.get("username", ""), form.get("password", ""))
    if user_id is None:
        return _ask(org, app, asked | {"login_hint": form.get("username", "")}, scope, WRONG_LOGIN)
    if app.approval == "admin" and not app.admits(form["username"]):
        raise OAuthError("OAUTH_APPROVAL_ERROR_GENERIC", "user is not admin approved to access this app")
    redirect_uri = asked["redirect_uri"]
    challenge = asked.get("code_challenge") or None
    consent = Consent(app.client_id, user_id, scope, redirect_uri, challenge, asked.get("nonce"))
    return _back(redirect_uri, {"code": org.tokens.issue_code(consent)} | state)


def _ask(org: OrgState, app: App, asked: dict[str, str], scope: str, wrong: str | None) -> Answer:
    request = urlencode({name: value for name, value in asked.items() if name != "login_hint"})
    meanings = dict.fromkeys(_MEANINGS.get(each, each) for each in scope.split())
    inner = (
        f"{problem(wrong)}<p><strong>{escape(app.label)}</strong> is asking to:</p>"
        f"<ul>{''.join(f'<li>{escape(each)}</li>' for each in meanings)}</ul>"
        f'<form method="post" action="/services/oauth2/authorize">'
        f"{hidden('asked', request)}{hidden('seal', _seal(org, request))}"
        f"{field('username', 'Username', asked.get('login_hint', ''))}{field('password', 'Password', kind='password')}"
        f"{ANSWER_BUTTONS}</form>"
        f'<p class="hint">This is a demo org on this machine: every user has the password it was started with.</p>'
    )
    return page("Allow access?", inner)


def _ask_device(user_code: str, wrong: str | None) -> Answer:
    inner = (
        f'{problem(wrong)}<form method="post" action="/setup/connect">'
        f"{field('user_code', 'Code', user_code)}{field('username', 'Username')}"
        f"{field('password', 'Password', kind='password')}{ANSWER_BUTTONS}</form>"
    )
    return page("Connect a device", inner)


def _connected(org: OrgState, device: Device, form: dict[str, str]) -> Answer:
    user_id = org.people.check_password(form.get("username", ""), form.get("password", ""))
    if user_id is None:
        return _ask_device(device.user_code, WRONG_LOGIN)
    app = org.apps.find(device.client_id)
    if app is None or (app.approval == "admin" and not app.admits(form["username"])):
        return _ask_device(device.user_code, "You are not admin approved to access this app.")
    device.consent = Consent(device.client_id, user_id, device.scope)
    return page("You're connected", "<p>Your device is logging in. You may close this page.</p>")


def _seal(org: OrgState, asked: str) -> str:
    return hmac.new(org.control_token.encode(), asked.encode(), hashlib.sha256).hexdigest()


def _back(redirect_uri: str, added: dict[str, str]) -> Answer:
    parts = urlsplit(redirect_uri)
    query = "&".join([*([parts.query] if parts.query else []), urlencode(added, quote_via=quote)])
    location = urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))
    return Answer(302, raw=b"", headers={"Location": location, "Cache-Control": "no-store"})


def _impossible(code: str, text: str) -> Answer:
    # Never sent to the redirect address: it is not known to belong to the app.
    return page("Access not possible", problem(f"error={code}&error_description={text}"), status=400)
