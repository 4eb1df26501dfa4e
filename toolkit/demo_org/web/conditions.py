"""Conditional requests: what is asked for only if changed (304), and what is done only if unchanged (412)."""

from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.web.wire import Call


def headers_of(call: Call, mark: str | None, changed_at: datetime) -> dict[str, str]:
    """Return ETag (where there is a mark) and Last-Modified. A packed answer has a mark of its own."""
    headers = {"Last-Modified": format_datetime(changed_at.astimezone(UTC), usegmt=True)}
    if mark is None:
        return headers
    packed = "gzip" in call.headers.get("accept-encoding", "").lower() and not call.inner
    return {"ETag": f'"{mark}{"--gzip" if packed else ""}"', **headers}


def is_known(call: Call, mark: str | None, changed_at: datetime) -> bool:
    """Return whether the caller has what they ask for already, by If-None-Match or else If-Modified-Since."""
    tags = call.headers.get("if-none-match")
    if tags is not None and mark is not None:
        return _names(tags, mark)
    since = _moment(call.headers.get("if-modified-since"))
    return since is not None and changed_at <= since


def check_unchanged(call: Call, mark: str | None, changed_at: datetime) -> None:
    """Raise PRECONDITION_FAILED when If-Match or If-Unmodified-Since do not hold."""
    tags = call.headers.get("if-match")
    if tags is not None and mark is not None and not _names(tags, mark):
        raise Refusal(412, "PRECONDITION_FAILED", "The record is not the one that If-Match names")
    limit = _moment(call.headers.get("if-unmodified-since"))
    if limit is not None and changed_at > limit:
        raise Refusal(412, "PRECONDITION_FAILED", "The record was changed since the given time")


def _names(tags: str, mark: str) -> bool:
    given = [tag.strip().removeprefix("W/").strip('"').split("--")[0] for tag in tags.split(",")]
    return mark in given or "*" in given


def _moment(header: str | None) -> datetime | None:
    try:
        return None if header is None else parsedate_to_datetime(header).astimezone(UTC)
    except ValueError:
        return None
