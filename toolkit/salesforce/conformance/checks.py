"""What a check is: one request, and what the answer has to be like.

Words in braces in a path, a header or a body, such as ``{account}``, are what earlier answers gave (`keep`). A check
whose words are not known, because the org has no such thing or an earlier check failed, is skipped and says so.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from toolkit.salesforce.conformance.shapes import Entries, OneOf, Only, Text

_WORD = re.compile(r"\{([A-Za-z]\w*)\}")
_PATTERNS = frozenset({"answers", "text_like"})

JSON = "application/json;charset=UTF-8"


@dataclass(frozen=True)
class Check:
    """One request and its expected answer. `path` is below the API version unless it begins with ``/services``."""

    group: str
    name: str
    method: str
    path: str
    status: int | tuple[int, ...] = 200
    shape: Any = Any
    params: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    text: str | None = None  # a body that is no JSON
    form: Mapping[str, str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    answers: Mapping[str, str | None] = field(default_factory=dict)  # header -> pattern; None: it has to be absent
    text_like: str | None = None  # a pattern of the answer's text
    login: bool = True  # whether the session goes along
    keep: Mapping[str, str] = field(default_factory=dict)  # word -> path in the answer, such as "records.0.Id"
    until: tuple[str, ...] = ()  # ask again until the answer's "state" is one of these
    on_login_host: bool = False


def error(code: Any, **more: Any) -> list[Any]:
    """Return the shape of an error answer with this code."""
    return [{"message": str, "errorCode": code, **more}]


class UnknownWord(Exception):  # noqa: N818 - not an error: the check is skipped
    """A word in braces that no answer gave; it reads as that word."""


def filled(check: Check, words: Mapping[str, str]) -> Check:
    """Return the check with its words filled in. Raises UnknownWord."""
    return replace(
        check,
        **{
            each.name: _fill(getattr(check, each.name), words, pattern=each.name in _PATTERNS)
            for each in fields(check)
            if each.name not in ("group", "name", "keep")
        },
    )


def _fill(value: Any, words: Mapping[str, str], *, pattern: bool = False) -> Any:
    def word(found: re.Match[str]) -> str:
        if found[1] not in words:
            raise UnknownWord(found[1])
        return re.escape(words[found[1]]) if pattern else words[found[1]]

    match value:
        case str():
            return _WORD.sub(word, value)
        case Text(text):
            return Text(_fill(text, words, pattern=True))
        case Only(members):
            return Only(_fill(members, words))
        case Entries(shape):
            return Entries(_fill(shape, words))
        case OneOf(shapes=shapes):
            return OneOf(*(_fill(each, words) for each in shapes))
        case dict():
            return {name: _fill(inner, words, pattern=pattern) for name, inner in value.items()}
        case list():
            return [_fill(each, words) for each in value]
    return value
