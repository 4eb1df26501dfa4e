"""Planned faults that concern a call as a whole: what happens before it, instead of it, or to its answer's body."""

from collections.abc import Callable, Iterator

from toolkit.demo_org.access import Access
from toolkit.demo_org.faults import Planned
from toolkit.demo_org.state import OrgState
from toolkit.demo_org.web import oauth
from toolkit.demo_org.web.wire import Answer, Call

STATUS_TEXTS = {
    400: ("QUERY_TIMEOUT", "Your query request was running for too long."),
    401: ("INVALID_SESSION_ID", "Session expired or invalid"),
    403: ("REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded."),
    429: ("REQUEST_LIMIT_EXCEEDED", "Too many requests. Try again later."),
    500: (
        "UNKNOWN_EXCEPTION",
        "An unexpected error occurred. Please include this ErrorId if you contact support: 1-1 (1)",
    ),
    503: ("SERVER_UNAVAILABLE", "Server Unavailable"),
}
"""What Salesforce says with a status when the fault does not."""


def before(org: OrgState, call: Call) -> None:
    """Let happen what was planned to happen just before this call: a delay, a change by somebody else, an end."""
    faults = org.faults
    slow = faults.take("slow", call.path, call.method)
    if slow is not None:
        org.ending.wait(slow.number("seconds"))
    for kind, happens in _MEANWHILE.items():
        planned = faults.take(kind, call.path, call.method)
        if planned is not None:
            happens(org, planned)
    if faults.take("expire_session", call.path, call.method) is not None:
        org.sessions.end(call.headers.get("x-sfdc-session") or oauth.bearer(call) or "")


def instead(org: OrgState, call: Call) -> Answer | None:
    """Return the answer that was planned in the place of the call's own, or None."""
    planned = org.faults.take("status", call.path, call.method, call.body)
    if planned is None:
        return None
    status = int(planned.number("status"))
    retry_after = planned.options["retry_after"]
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    body = planned.options["body"]
    if isinstance(body, str):
        return Answer(status, headers=headers, raw=body.encode(), content_type="text/html;charset=UTF-8")
    if not body:
        return Answer(status, headers=headers, raw=b"")
    code, text = STATUS_TEXTS.get(status, ("UNKNOWN_EXCEPTION", "An unexpected error occurred."))
    said = {"message": planned.options["text"] or text, "errorCode": planned.options["code"] or code}
    return Answer(status, [said], headers)


def garbled(org: OrgState, call: Call, body: bytes) -> bytes:
    """Return the body of an answer, cut in half when that was planned."""
    planned = org.faults.take("garble", call.path, call.method) if body else None
    return body if planned is None else body[: len(body) // 2]


def garbled_file(org: OrgState, call: Call, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Return the pieces of an answer, of which the first half is all there is when that was planned."""
    if org.faults.take("garble", call.path, call.method) is None:
        return pieces
    whole = b"".join(pieces)
    return iter((whole[: len(whole) // 2],))


def _edit(org: OrgState, planned: Planned) -> None:
    values = planned.options["values"]
    org.edit(*_record(planned), values if isinstance(values, dict) else {})


def _delete(org: OrgState, planned: Planned) -> None:
    org.records.delete(*_record(planned), Access.for_user(org.crm_user_id()))


def _merge(org: OrgState, planned: Planned) -> None:
    sobject, record_id = _record(planned)
    org.records.merge(sobject, planned.text("into"), [record_id], Access.for_user(org.crm_user_id()), None)


def _add_rule(org: OrgState, planned: Planned) -> None:
    sobject, name, formula, message = (planned.text(each) for each in ("sobject", "name", "formula", "message"))
    org.metadata.add_validation_rule(sobject, name, formula, message)


_MEANWHILE: dict[str, Callable[[OrgState, Planned], object]] = {
    "edit": _edit,
    "delete": _delete,
    "merge": _merge,
    "validation_rule": _add_rule,
    "readonly_field": lambda org, planned: org.set_access(
        planned.text("sobject"), planned.text("field"), read=True, edit=False
    ),
    "remove_field": lambda org, planned: org.remove_field(planned.text("sobject"), planned.text("field")),
    "use_up_limit": lambda org, _: org.allowance.use_up(),
}
"""What other people do to the org just before a call."""


def _record(planned: Planned) -> tuple[str, str]:
    return planned.text("sobject"), planned.text("id")
