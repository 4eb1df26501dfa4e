"""Describe over REST: all objects, one object in short, one object in full; each can be asked for only if changed."""

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from toolkit.demo_org.describe import describe_global, describe_object
from toolkit.demo_org.schema import SObject
from toolkit.demo_org.state import OrgState
from toolkit.demo_org.web.wire import Answer, Call, not_found

_SHORT_LEFT_OUT = frozenset(
    {"actionOverrides", "childRelationships", "fields", "namedLayoutInfos", "recordTypeInfos", "supportedScopes"}
)
"""What the full describe has and the short one has not."""


def every_object(org: OrgState, call: Call) -> Answer:
    """GET /sobjects: the global describe."""
    return _if_changed(org, call, lambda: describe_global(org.schema, org.access(call.user_id), call.version))


def one_object(org: OrgState, call: Call, sobject: str) -> Answer:
    """GET /sobjects/X/describe: everything about an object."""
    found = find_object(org, sobject)
    return _if_changed(org, call, lambda: _full(org, call, found))


def short_object(org: OrgState, call: Call, sobject: str) -> Answer:
    """GET /sobjects/X: the short describe and recent items (this org keeps none)."""
    found = find_object(org, sobject)
    full = _full(org, call, found)
    short = {name: value for name, value in full.items() if name not in _SHORT_LEFT_OUT}
    return Answer(200, {"objectDescribe": short, "recentItems": []})


def find_object(org: OrgState, name: str) -> SObject:
    """Return the object of that name in any case. Raises NOT_FOUND."""
    found = org.schema.get(name)
    if found is None:
        raise not_found()
    return found


def _full(org: OrgState, call: Call, found: SObject) -> dict[str, object]:
    return describe_object(found, org.schema, org.access(call.user_id), call.version, org.url)


def _if_changed(org: OrgState, call: Call, body: Callable[[], dict[str, object]]) -> Answer:
    # The mark covers the whole org's metadata, as live orgs answer the same one for every object.
    mark, changed_at = org.metadata_stamp
    suffix = "--gzip" if "gzip" in call.headers.get("accept-encoding", "").lower() and not call.inner else ""
    headers = {
        "ETag": f'"{mark}{suffix}"',
        "Last-Modified": format_datetime(changed_at.astimezone(UTC), usegmt=True),
    }
    if _known(call, mark, changed_at):
        return Answer(304, None, headers)
    return Answer(200, body(), headers)


def _known(call: Call, mark: str, changed_at: datetime) -> bool:
    tags = call.headers.get("if-none-match")
    if tags is not None:
        return any(tag.strip(' "').removeprefix('W/"').split("--")[0] == mark for tag in tags.split(","))
    since = call.headers.get("if-modified-since")
    if since is None:
        return False
    try:
        return changed_at <= parsedate_to_datetime(since).astimezone(UTC)
    except ValueError:
        return False
