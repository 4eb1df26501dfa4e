"""Describe over REST: all objects, one object in short, one object in full; each can be asked for only if changed."""

from collections.abc import Callable

from toolkit.demo_org.describe import describe_global, describe_object
from toolkit.demo_org.schema import SObject
from toolkit.demo_org.state import OrgState
from toolkit.demo_org.web.conditions import headers_of, is_known
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
    found = find_object(org, call, sobject)
    return _if_changed(org, call, lambda: _full(org, call, found))


def short_object(org: OrgState, call: Call, sobject: str) -> Answer:
    """GET /sobjects/X: the short describe and recent items (this org keeps none)."""
    found = find_object(org, call, sobject)
    full = _full(org, call, found)
    short = {name: value for name, value in full.items() if name not in _SHORT_LEFT_OUT}
    return Answer(200, {"objectDescribe": short, "recentItems": []})


def find_object(org: OrgState, call: Call, name: str) -> SObject:
    """Return the object of that name in any case. Raises NOT_FOUND, also when the caller may not read it."""
    found = org.schema.get(name)
    if found is None or not org.access(call.user_id).may("Read", found):
        raise not_found()
    return found


def _full(org: OrgState, call: Call, found: SObject) -> dict[str, object]:
    return describe_object(found, org.schema, org.access(call.user_id), call.version, org.url)


def _if_changed(org: OrgState, call: Call, body: Callable[[], dict[str, object]]) -> Answer:
    # The mark covers the whole org's metadata, as live orgs answer the same one for every object.
    mark, changed_at = org.metadata_stamp
    headers = headers_of(call, mark, changed_at)
    return Answer(304, None, headers) if is_known(call, mark, changed_at) else Answer(200, body(), headers)
