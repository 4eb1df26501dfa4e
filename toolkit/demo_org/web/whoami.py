"""Whose token it is: userinfo, the identity URL, and the org's OpenID Connect configuration."""

from datetime import datetime
from zoneinfo import ZoneInfo

from toolkit.demo_org.state import OrgState
from toolkit.demo_org.web import oauth
from toolkit.demo_org.web.wire import Answer, Call
from toolkit.demo_org.web.xml_form import xml_answer


def userinfo(org: OrgState, call: Call) -> Answer:
    """GET or POST /services/oauth2/userinfo: the OpenID Connect claims of the token's user."""
    user_id = _token_user(org, call)
    if user_id is None:
        return _bad_token(call)
    user = org.people.user(user_id)
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
            "zoneinfo": user["TimeZoneSidKey"],
            "photos": _photos(org),
            "profile": f"{org.url}/{user_id}",
            "picture": f"{org.url}/profilephoto/005/F",
            "address": {"country": user["Country"]} if user["Country"] else {},
            "urls": _urls(org, user_id),
            "active": user["IsActive"],
            "user_type": "STANDARD",
            "language": user["LanguageLocaleKey"],
            "locale": user["LocaleSidKey"],
            "utcOffset": _offset(org, str(user["TimeZoneSidKey"])),
            "updated_at": user["LastModifiedDate"],
        },
    )


def identity(org: OrgState, call: Call, org_id: str, user_id: str) -> Answer:
    """GET /id/{org}/{user}[?format=json|xml]: the identity URL that the token answer names."""
    asking = _token_user(org, call)
    if asking is None:
        return _bad_token(call)
    if org_id[:15] != org.org_id[:15] or user_id[:15] != asking[:15]:
        return _text(403, "Bad_Id")
    body = _identity(org, asking)
    asked = call.query.get("format", "").lower()
    wants_xml = asked == "xml" or (not asked and call.headers.get("accept", "").startswith("application/xml"))
    return xml_answer(200, "user", body) if wants_xml else Answer(200, body)


def configuration(org: OrgState, _call: Call) -> Answer:
    """GET /.well-known/openid-configuration: where everything is."""
    oauth2 = f"{org.url}/services/oauth2"
    return Answer(
        200,
        {
            "issuer": org.url,
            "authorization_endpoint": f"{oauth2}/authorize",
            "token_endpoint": f"{oauth2}/token",
            "revocation_endpoint": f"{oauth2}/revoke",
            "userinfo_endpoint": f"{oauth2}/userinfo",
            "jwks_uri": f"{org.url}/id/keys",
            "introspection_endpoint": f"{oauth2}/introspect",
            "scopes_supported": list(org.app.scopes),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "display_values_supported": ["page"],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
            "claims_supported": ["active", "email", "email_verified", "family_name", "given_name", "name", "sub"],
            "code_challenge_methods_supported": ["S256"],
        },
    )


def _identity(org: OrgState, user_id: str) -> dict[str, object]:
    user = org.people.user(user_id)
    return {
        "id": f"{org.url}/id/{org.org_id}/{user_id}",
        "asserted_user": True,
        "user_id": user_id,
        "organization_id": org.org_id,
        "username": user["Username"],
        "nick_name": user["Alias"],
        "display_name": user["Name"],
        "email": user["Email"],
        "email_verified": True,
        "first_name": user["FirstName"],
        "last_name": user["LastName"],
        "timezone": user["TimeZoneSidKey"],
        "photos": _photos(org),
        "addr_street": user["Street"],
        "addr_city": user["City"],
        "addr_state": user["State"],
        "addr_country": user["Country"],
        "addr_zip": user["PostalCode"],
        "mobile_phone": user["MobilePhone"],
        "mobile_phone_verified": False,
        "status": {"created_date": None, "body": None},
        "urls": _urls(org, user_id),
        "active": user["IsActive"],
        "user_type": "STANDARD",
        "language": user["LanguageLocaleKey"],
        "locale": user["LocaleSidKey"],
        "utcOffset": _offset(org, str(user["TimeZoneSidKey"])),
        "last_modified_date": user["LastModifiedDate"],
        "is_app_installed": True,
    }


def _token_user(org: OrgState, call: Call) -> str | None:
    session = org.sessions.find(_given(call))
    return None if session is None else session.user_id


def _given(call: Call) -> str:
    named = call.query.get("oauth_token") or call.query.get("access_token")
    return oauth.bearer(call) or named or oauth.form(call).get("access_token", "")


def _bad_token(call: Call) -> Answer:
    return _text(403, "Bad_OAuth_Token" if _given(call) else "Missing_OAuth_Token")


def _text(status: int, text: str) -> Answer:
    return Answer(status, raw=text.encode(), content_type="text/html;charset=UTF-8")


def _offset(org: OrgState, zone: str) -> int:
    # Milliseconds from UTC outside of summer time, as recorded.
    return int(ZoneInfo(zone).utcoffset(datetime(org.clock.now().year, 1, 1)).total_seconds() * 1_000)  # type: ignore[union-attr]  # noqa: DTZ001


def _photos(org: OrgState) -> dict[str, str]:
    return {"picture": f"{org.url}/profilephoto/005/F", "thumbnail": f"{org.url}/profilephoto/005/T"}


def _urls(org: OrgState, user_id: str) -> dict[str, str]:
    soap = {"enterprise": "c", "metadata": "m", "partner": "u"}
    urls = {name: f"{org.url}/services/Soap/{letter}/{{version}}/{org.org_id[:15]}" for name, letter in soap.items()}
    root = f"{org.url}/services/data/v{{version}}/"
    urls["rest"] = root
    urls |= {name: f"{root}{name}/" for name in ("sobjects", "search", "query", "recent")}
    urls |= {"tooling_rest": f"{root}tooling/", "profile": f"{org.url}/{user_id}"}
    urls |= {name: f"{root}chatter/{name}" for name in ("feeds", "groups", "users")}
    return urls | {"feed_items": f"{root}chatter/feed-items", "custom_domain": org.url}
