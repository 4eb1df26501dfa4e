"""Which of the org's APIs a path belongs to, and what each asks for before it answers: a session, an allowance."""

from dataclasses import replace

from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.records import RowRefusal
from toolkit.demo_org.state import OrgState
from toolkit.demo_org.web import (
    classic,
    consent,
    control,
    formats,
    id_tokens,
    oauth,
    resources,
    soap_metadata,
    soap_partner,
    versions,
    whoami,
)
from toolkit.demo_org.web.wire import Answer, Call, not_found, refusal_answer

_OAUTH = {
    "authorize": consent.authorize,
    "introspect": oauth.introspect,
    "revoke": oauth.revoke,
    "token": oauth.token,
    "userinfo": whoami.userinfo,
}


def dispatch(org: OrgState, call: Call) -> Answer:
    """Answer a request, in JSON or XML as it asks. Raises Refusal."""
    call, wants_xml = formats.negotiated(call)
    if not wants_xml:
        return _dispatch(org, call)
    try:
        answer = _dispatch(org, call)
    except Refusal as refusal:
        answer = refusal_answer(refusal)
    return formats.as_xml(call, answer)


def _dispatch(org: OrgState, call: Call) -> Answer:
    match call.path.strip("/").split("/"):
        case ["services", "oauth2", name] if name in _OAUTH:
            return _OAUTH[name](org, call)
        case ["setup", "connect"]:
            return consent.connect(org, call)
        case [".well-known", "openid-configuration"]:
            return whoami.configuration(org, call)
        case ["id", "keys"]:
            return id_tokens.keys(org, call)
        case ["id", org_id, user_id]:
            return whoami.identity(org, call, org_id, user_id)
        case ["services", "Soap", "u" | "c" as api, version, *_] if call.method == "POST":
            return soap_partner.answer(org, call, api, version)
        case ["services", "Soap", "m", version, *_] if call.method == "POST":
            return soap_metadata.answer(org, call, version)
        case ["services", "async", version, *rest]:
            return classic.answer(org, call, version, rest)
        case ["services", "data"]:
            return versions.list_versions(org, call)
        case ["services", "data", version, *rest]:
            return _data(org, replace(call, version=versions.parse_version(version)), "/".join(rest))
        case ["__demo__", *rest]:
            return control.answer(org, call, "/".join(rest))
    raise not_found()


def _data(org: OrgState, call: Call, rest: str) -> Answer:
    given = oauth.bearer(call)
    if given is None and call.headers.get("authorization"):
        raise Refusal(401, "INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE")
    session = org.sessions.find(given or "")
    if session is None:
        raise Refusal(401, "INVALID_SESSION_ID", "Session expired or invalid")
    call = replace(call, session=session)
    try:
        org.allowance.spend()
        answer = resources.answer(org, call, rest)
    except RowRefusal as refused:
        answer = refusal_answer(*refused.reasons)
    except Refusal as refusal:
        answer = refusal_answer(refusal)
    answer.headers.setdefault("Sforce-Limit-Info", org.allowance.header())
    return answer
