"""The demo org's own HTTP controls, below ``/__demo__/``, for programs that cannot call it in Python.

Each call carries the org's control token in the header ``X-Demo-Control``. Nothing here exists in Salesforce.

Faults (see `toolkit.demo_org.faults` for the kinds):

    POST /__demo__/faults            {"kind": ..., "times": ..., "match": ..., "method": ..., options of the kind}
    GET  /__demo__/faults            what has not happened yet; DELETE forgets it
    POST /__demo__/expire-sessions, expire-cursors, revoke-refresh-tokens
    POST /__demo__/daily-limit       {"maximum": ..., "used": ...}
    POST /__demo__/pass-time         {"seconds": ...}

What people do in the CRM:

    POST /__demo__/edit              {"sobject": ..., "id": ..., "values": {...}}
    POST /__demo__/delete            {"sobject": ..., "id": ...}
    POST /__demo__/undelete          {"id": ...}
    POST /__demo__/merge             {"sobject": ..., "into": ..., "ids": [...], "values": {...}}

What administrators do:

    POST /__demo__/remove-field      {"sobject": ..., "field": ...}
    POST /__demo__/access            {"sobject": ..., "field": ..., "read": ..., "edit": ...}
    POST /__demo__/drop-list-view    {"name": ...}
    POST /__demo__/change-list-view  {"name": ..., "conditions": [[field, operator, [values]]], "scope": ...}
    POST /__demo__/validation-rule   {"sobject": ..., "name": ..., "formula": ..., "message": ..., "field": ...}
    POST /__demo__/switch-rule       {"sobject": ..., "name": ..., "active": ...}
    POST /__demo__/app               {"client_id": ..., settings of `toolkit.demo_org.web.apps.App`}
    POST /__demo__/password-flow     {"allowed": ...}

And GET /__demo__/calls, the API calls so far.
"""

import hmac
from collections.abc import Callable
from datetime import timedelta

from toolkit.demo_org.access import Access
from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.listviews import Condition
from toolkit.demo_org.rules import ValidationRule
from toolkit.demo_org.state import OrgState
from toolkit.demo_org.web.wire import Answer, Call, not_found

Details = dict[str, object]


def answer(org: OrgState, call: Call, rest: str) -> Answer:
    """Answer a control call. Raises a Refusal when the token is wrong or there is no such control."""
    if not hmac.compare_digest(call.headers.get("x-demo-control", "").encode(), org.control_token.encode()):
        raise Refusal(401, "INVALID_SESSION_ID", "The control token is missing or wrong")
    if (call.method, rest) == ("GET", "calls"):
        return Answer(200, [{"method": method, "path": path, "status": status} for method, path, status in org.calls])
    if (call.method, rest) == ("GET", "faults"):
        return Answer(200, [{"kind": kind, "times": times} for kind, times in org.faults.waiting()])
    if (call.method, rest) == ("DELETE", "faults"):
        org.faults.clear()
        return Answer(204)
    control = _CONTROLS.get(rest) if call.method == "POST" else None
    if control is None:
        raise not_found()
    details = call.json_object() if call.body else {}
    try:
        control(org, details)
    except (KeyError, TypeError, ValueError) as problem:
        raise Refusal(400, "INVALID_ARGUMENT", f"{type(problem).__name__}: {problem}") from problem
    return Answer(204)


def _inject(org: OrgState, details: Details) -> None:
    org.faults.inject(**details)  # type: ignore[arg-type]


def _set_limit(org: OrgState, details: Details) -> None:
    org.faults.set_daily_limit(int(str(details["maximum"])), int(str(details["used"])))


def _set_access(org: OrgState, details: Details) -> None:
    sobject, field = str(details["sobject"]), str(details["field"])
    org.set_access(sobject, field, read=bool(details["read"]), edit=bool(details["edit"]))


def _edit(org: OrgState, details: Details) -> None:
    org.edit(str(details["sobject"]), str(details["id"]), _object(details["values"]))


def _delete(org: OrgState, details: Details) -> None:
    org.records.delete(str(details["sobject"]), str(details["id"]), _crm_user(org))


def _undelete(org: OrgState, details: Details) -> None:
    outcome = org.records.undelete([str(details["id"])], _crm_user(org))[0]
    if isinstance(outcome, list):
        raise outcome[0]


def _merge(org: OrgState, details: Details) -> None:
    losers = [str(each) for each in _list(details["ids"])]
    values = _object(details.get("values", {}))
    org.records.merge(str(details["sobject"]), str(details["into"]), losers, _crm_user(org), values)


def _change_list_view(org: OrgState, details: Details) -> None:
    changes: Details = {name: value for name, value in details.items() if name in ("scope", "label")}
    if "conditions" in details:
        rows = [_list(each) for each in _list(details["conditions"])]
        changes["conditions"] = tuple(
            Condition(str(field), str(operator), tuple(map(str, _list(values)))) for field, operator, values in rows
        )
    org.change_list_view(str(details["name"]), **changes)


def _add_rule(org: OrgState, details: Details) -> None:
    org.records.rules.set(ValidationRule(**details))  # type: ignore[arg-type]


def _switch_rule(org: OrgState, details: Details) -> None:
    org.records.rules.switch(str(details["sobject"]), str(details["name"]), active=bool(details["active"]))


def _change_app(org: OrgState, details: Details) -> None:
    org.apps.change(**details)  # type: ignore[arg-type]


def _set_password_flow(org: OrgState, details: Details) -> None:
    org.apps.password_flow = bool(details["allowed"])


def _pass_time(org: OrgState, details: Details) -> None:
    org.clock.advance(timedelta(seconds=float(str(details["seconds"]))))


def _crm_user(org: OrgState) -> Access:
    return Access.for_user(org.crm_user_id())


def _object(given: object) -> Details:
    if not isinstance(given, dict):
        raise TypeError("an object of values is expected")
    return given


def _list(given: object) -> list[object]:
    if not isinstance(given, list):
        raise TypeError("a list is expected")
    return given


_CONTROLS: dict[str, Callable[[OrgState, Details], None]] = {
    "faults": _inject,
    "expire-sessions": lambda org, _: org.faults.expire_sessions(),
    "expire-cursors": lambda org, _: org.faults.expire_cursors(),
    "revoke-refresh-tokens": lambda org, _: org.tokens.revoke_all(),
    "daily-limit": _set_limit,
    "pass-time": _pass_time,
    "edit": _edit,
    "delete": _delete,
    "undelete": _undelete,
    "merge": _merge,
    "remove-field": lambda org, details: org.remove_field(str(details["sobject"]), str(details["field"])),
    "access": _set_access,
    "drop-list-view": lambda org, details: org.drop_list_view(str(details["name"])),
    "change-list-view": _change_list_view,
    "validation-rule": _add_rule,
    "switch-rule": _switch_rule,
    "app": _change_app,
    "password-flow": _set_password_flow,
}
