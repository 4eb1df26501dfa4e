"""The API versions the org speaks and the resources of one version."""

import re

from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.state import OrgState
from toolkit.demo_org.web.wire import Answer, Call, not_found

FIRST_LISTED = 31
FIRST_SPOKEN = 26
"""Versions below the first listed one still answer, as old clients expect, down to this one."""
FIRST_RETIRED = 7
LATEST = 66

_VERSION = re.compile(r"v(\d{1,3})\.0")
_SEASONS = ("Summer", "Winter", "Spring")


def list_versions(_org: OrgState, _call: Call) -> Answer:
    """GET /services/data: every version, oldest first. Needs no session."""
    return Answer(
        200,
        [
            {"label": label(each), "url": f"/services/data/v{each}.0", "version": f"{each}.0"}
            for each in range(FIRST_LISTED, LATEST + 1)
        ],
    )


def label(version: int) -> str:
    """Return the release name of a version: 31 is Summer '14, 66 is Spring '26. 42's apostrophe is typographic."""
    years, season = divmod(version - FIRST_LISTED, 3)
    year = 14 + years + (1 if season else 0)
    return f"{_SEASONS[season]} {'’' if version == 42 else chr(39)}{year}"


def parse_version(segment: str) -> float:
    """Return the version a path names. Raises 410 for retired versions and 404 for unknown ones."""
    match = _VERSION.fullmatch(segment)
    if match is None:
        raise not_found()
    number = int(match.group(1))
    if FIRST_RETIRED <= number < FIRST_SPOKEN:
        raise Refusal(410, "UNSUPPORTED_API_VERSION", f"The requested API version {number}.0 has been retired")
    if number > LATEST or number < FIRST_RETIRED:
        raise not_found()
    return float(number)


def resources(org: OrgState, call: Call) -> Answer:
    """GET /services/data/vXX.X: what there is below a version."""
    names = (
        *("tooling", "search", "query", "queryAll", "parameterizedSearch", "sobjects", "composite", "jobs"),
        *("limits", "recent", "compactLayouts", "tabs", "theme"),
    )
    listed = {name: f"{call.base}/{name}" for name in names}
    return Answer(200, {**listed, "identity": f"{org.url}/id/{org.org_id}/{call.user_id}"})
