"""The demo org's own HTTP controls, below ``/__demo__/``, for programs that cannot call it in Python.

Each call carries the org's control token in the header ``X-Demo-Control``. Nothing here exists in Salesforce.

    POST /__demo__/faults            {"kind": ..., "times": ..., "match": ..., options of the kind}
    DELETE /__demo__/faults          forget what has not happened yet
    POST /__demo__/expire-sessions
    POST /__demo__/expire-cursors
    POST /__demo__/daily-limit       {"maximum": ..., "used": ...}
    POST /__demo__/remove-field      {"sobject": ..., "field": ...}
    POST /__demo__/access            {"sobject": ..., "field": ..., "read": ..., "edit": ...}
    POST /__demo__/drop-list-view    {"name": ...}
    POST /__demo__/edit              {"sobject": ..., "id": ..., "values": {...}}
    GET  /__demo__/calls             the API calls so far
"""

import hmac
from collections.abc import Callable

from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.state import OrgState
from toolkit.demo_org.web.wire import Answer, Call, not_found


def answer(org: OrgState, call: Call, rest: str) -> Answer:
    """Answer a control call. Raises a Refusal when the token is wrong or there is no such control."""
    if not hmac.compare_digest(call.headers.get("x-demo-control", "").encode(), org.control_token.encode()):
        raise Refusal(401, "INVALID_SESSION_ID", "The control token is missing or wrong")
    if (call.method, rest) == ("GET", "calls"):
        return Answer(200, [{"method": method, "path": path, "status": status} for method, path, status in org.calls])
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


def _inject(org: OrgState, details: dict[str, object]) -> None:
    org.faults.inject(**details)  # type: ignore[arg-type]


def _set_limit(org: OrgState, details: dict[str, object]) -> None:
    org.faults.set_daily_limit(int(str(details["maximum"])), int(str(details["used"])))


def _set_access(org: OrgState, details: dict[str, object]) -> None:
    sobject, field = str(details["sobject"]), str(details["field"])
    org.set_access(sobject, field, read=bool(details["read"]), edit=bool(details["edit"]))


def _edit(org: OrgState, details: dict[str, object]) -> None:
    values = details["values"]
    if not isinstance(values, dict):
        raise TypeError("values has to be an object")
    org.edit(str(details["sobject"]), str(details["id"]), values)


_CONTROLS: dict[str, Callable[[OrgState, dict[str, object]], None]] = {
    "faults": _inject,
    "expire-sessions": lambda org, _: org.faults.expire_sessions(),
    "expire-cursors": lambda org, _: org.faults.expire_cursors(),
    "daily-limit": _set_limit,
    "remove-field": lambda org, details: org.remove_field(str(details["sobject"]), str(details["field"])),
    "access": _set_access,
    "drop-list-view": lambda org, details: org.drop_list_view(str(details["name"])),
    "edit": _edit,
}
