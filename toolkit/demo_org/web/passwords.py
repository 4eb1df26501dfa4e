"""Passwords over REST: whether a user's has expired, setting it, and having the org make up a new one."""

import secrets
import string

from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.state import OrgState
from toolkit.demo_org.web.routing import Route
from toolkit.demo_org.web.wire import Answer, Call

SHORTEST = 8
MADE_UP_LENGTH = 12


def expiry(org: OrgState, call: Call, user_id: str) -> Answer:
    """GET /sobjects/User/ID/password: whether it has to be changed, as after a reset."""
    return Answer(200, {"isExpired": org.people.is_expired(_user(org, call, user_id))})


def change(org: OrgState, call: Call, user_id: str) -> Answer:
    """POST or PATCH /sobjects/User/ID/password {"NewPassword": ...}. Raises INVALID_NEW_PASSWORD for a weak one."""
    found = _user(org, call, user_id)
    password = call.json_object().get("NewPassword")
    _check(password if isinstance(password, str) else "")
    org.people.set_password(found, str(password), expired=False)
    return Answer(204)


def reset(org: OrgState, call: Call, user_id: str) -> Answer:
    """DELETE /sobjects/User/ID/password: a password made up by the org, which the answer tells."""
    found = _user(org, call, user_id)
    letters = string.ascii_letters + string.digits
    made_up = "".join(secrets.choice(letters) for _ in range(MADE_UP_LENGTH - 2)) + "x7"
    org.people.set_password(found, made_up, expired=True)
    return Answer(200, {"NewPassword": made_up})


def _user(org: OrgState, call: Call, user_id: str) -> str:
    """Return the id of the user. Raises NOT_FOUND; for another than the caller, who may not, a 403."""
    access = org.access(call.user_id)
    found = str(org.records.get("User", user_id, access, ["Id"])["Id"])
    if found != call.user_id and not access.has_right("ModifyAllData"):
        raise Refusal(403, "INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id", ())
    return found


def _check(password: str) -> None:
    if len(password) < SHORTEST or not password.isprintable():
        raise Refusal(400, "INVALID_NEW_PASSWORD", f"Your password must be at least {SHORTEST} characters long")
    if not (any(map(str.isalpha, password)) and any(map(str.isdigit, password))):
        raise Refusal(400, "INVALID_NEW_PASSWORD", "Your password must have a mix of letters and numbers")


ROUTES = [
    Route(
        "sobjects/User/{user_id}/password",
        {"GET": expiry, "POST": change, "PATCH": change, "DELETE": reset},
        since=24,
    )
]
