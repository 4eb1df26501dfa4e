"""What goes over the wire: a request as the handlers see it, their answer, and Salesforce's two ways of printing JSON.

Handlers are plain functions `(org, call, **parts) -> Answer`; they run in worker threads and know nothing of ASGI. The
composite resources call other handlers with a `Call` of their own making. Compact JSON is msgspec's; the pretty form,
which a client asks for with ``X-PrettyPrint: 1``, is what Java's Jackson prints and what live orgs were recorded with.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from json.encoder import encode_basestring
from pathlib import Path

import msgspec

from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.web.json_errors import parser_error
from toolkit.demo_org.web.sessions import Session

JSON_TYPE = "application/json;charset=UTF-8"
NOT_FOUND_TEXT = "The requested resource does not exist"
CODE_FIRST = frozenset({"NOT_FOUND"})
"""Error codes whose body prints errorCode before message; all the others print message first."""

_encoder = msgspec.json.Encoder()


@dataclass(frozen=True)
class Call:
    """One API request. `path` has no doubled or trailing slashes, header names are lower-case, and `version` is 0 for
    what lies outside /services/data.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    upload: Path | None = None  # where the body is, when it is a Bulk upload: a file to be taken or left
    version: float = 0.0
    session: Session | None = None
    inner: bool = False  # a subrequest of a composite call

    @property
    def user_id(self) -> str:
        """The user whose session this is; only for handlers behind the session check."""
        if self.session is None:
            raise Refusal(401, "INVALID_SESSION_ID", "Session expired or invalid")
        return self.session.user_id

    @property
    def base(self) -> str:
        """The versioned root of this call's resources, ``/services/data/v66.0``."""
        return f"/services/data/v{self.version:.1f}"

    @property
    def pretty(self) -> bool:
        """Whether the client asked for JSON to be printed with line breaks."""
        return self.headers.get("x-prettyprint") == "1"

    def json(self) -> object:
        """Return the parsed body. Raises JSON_PARSER_ERROR, or UNSUPPORTED_MEDIA_TYPE by its type."""
        if "json" not in self.headers.get("content-type", "json").lower():
            raise Refusal(415, "UNSUPPORTED_MEDIA_TYPE", "Unsupported Media Type")
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
            raise parser_error(self.body) from problem

    def json_object(self) -> dict[str, object]:
        """Return the parsed body, which has to be a JSON object."""
        parsed = self.json()
        if not isinstance(parsed, dict):
            kind = "START_ARRAY" if isinstance(parsed, list) else "scalar value"
            raise Refusal(
                400, "JSON_PARSER_ERROR", f"Cannot deserialize instance of sobject from {kind} at [line:1, column:1]"
            )
        return parsed

    def flag(self, name: str) -> bool:
        """Return whether a query parameter is ``true`` in any case."""
        return self.query.get(name, "").lower() == "true"


@dataclass
class Answer:
    """What a handler answers: JSON (`body`), raw bytes (`raw`), or bytes in pieces (`pieces`)."""

    status: int = 200
    body: object = None
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    pieces: Iterator[bytes] | None = None
    content_type: str = JSON_TYPE

    @property
    def empty(self) -> bool:
        """Whether nothing but headers is sent."""
        return self.status in (204, 304) or (self.raw == b"" and self.pieces is None)


def refusal_answer(*refusals: Refusal) -> Answer:
    """Return the answer Salesforce gives for one or several errors: a JSON array, with the status of the first."""
    return Answer(refusals[0].status, [error_entry(refusal) for refusal in refusals])


def error_entry(refusal: Refusal) -> dict[str, object]:
    """Return one entry of an error body, in the key order of its kind."""
    if refusal.details:
        return {**refusal.details, "errorCode": refusal.code, "message": refusal.message}
    entry: dict[str, object] = (
        {"errorCode": refusal.code, "message": refusal.message}
        if refusal.code in CODE_FIRST
        else {"message": refusal.message, "errorCode": refusal.code}
    )
    if refusal.fields is not None:
        entry["fields"] = list(refusal.fields)
    return entry


def not_found() -> Refusal:
    """Return the refusal for anything that is not there."""
    return Refusal(404, "NOT_FOUND", NOT_FOUND_TEXT)


def encode(body: object, *, pretty: bool) -> bytes:
    """Return `body` as JSON bytes, compact or as Jackson prints it."""
    return _pretty(body, "\n").encode() if pretty else _encoder.encode(body)


def _pretty(value: object, margin: str) -> str:
    # Objects open a line a member, arrays stay on the line: "[ {" and "}, {".
    if isinstance(value, dict):
        if not value:
            return "{ }"
        inner = margin + "  "
        return "{" + inner + ("," + inner).join(_members(value, inner)) + margin + "}"
    if isinstance(value, list | tuple):
        return "[ " + ", ".join([_pretty(each, margin) for each in value]) + " ]" if value else "[ ]"
    return _scalar(value)


def _members(members: dict[str, object], margin: str) -> list[str]:
    printed = []
    for name, value in members.items():
        if type(value) is str:
            text = encode_basestring(value)
        elif value is None:
            text = "null"
        elif isinstance(value, dict | list | tuple):
            text = _pretty(value, margin)
        else:
            text = _scalar(value)
        printed.append(f'"{name}" : {text}')
    return printed


def _scalar(value: object) -> str:
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, str):
        return str(encode_basestring(value))
    if isinstance(value, int | float):
        return repr(value)
    return _encoder.encode(value).decode()
