"""What an answer has to look like: a shape is written as the JSON it stands for, with types and patterns for values.

{"id": ID, "success": True, "errors": []}       these keys with these values; others may be there
Only({"error": str, "error_description": str})  these keys and no others
[{"name": str}]                                 a list, every entry of this shape (an empty shape list: empty)
Entries({"name": "Account"})                    a list with at least one entry of this shape
Text(r"..")                                     text that this pattern matches as a whole
str, int, float, bool, None, Any                a type; float takes integers, too
OneOf(None, str)                                any of these
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Text:
    """Text that a pattern matches as a whole."""

    pattern: str


@dataclass(frozen=True)
class Only:
    """An object with exactly these keys."""

    members: dict[str, Any]


@dataclass(frozen=True)
class Keys:
    """An object with at least these keys, whatever they hold; the names are one text, with blanks between."""

    names: str


@dataclass(frozen=True)
class Entries:
    """A list that has at least one entry of this shape."""

    shape: Any


class OneOf:
    """Any of several shapes."""

    def __init__(self, *shapes: Any) -> None:
        self.shapes = shapes


ID = Text(r"[0-9A-Za-z]{15}[A-Z0-5]{3}")
MOMENT = Text(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000\+0000")


def disagreements(shape: Any, value: Any, place: str = "body") -> Iterator[str]:
    """Yield how a value differs from a shape, in words, each with its place."""
    if shape is Any:
        return
    if isinstance(shape, OneOf):
        if all(any(disagreements(each, value)) for each in shape.shapes):
            yield f"{place} is {_brief(value)}"
    elif isinstance(shape, Text):
        if not isinstance(value, str) or not re.fullmatch(shape.pattern, value, re.DOTALL):
            yield f"{place} is {_brief(value)}, not like {shape.pattern}"
    elif isinstance(shape, dict | Only | Keys):
        yield from _of_object(shape, value, place)
    elif isinstance(shape, list | Entries):
        yield from _of_list(shape, value, place)
    elif isinstance(shape, type):
        if not _is_a(shape, value):
            yield f"{place} is {_brief(value)}, not {shape.__name__}"
    elif value != shape or isinstance(value, bool) != isinstance(shape, bool):
        yield f"{place} is {_brief(value)}, not {_brief(shape)}"


def _of_object(shape: dict[str, Any] | Only | Keys, value: Any, place: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{place} is {_brief(value)}, not an object"
        return
    if isinstance(shape, Keys):
        members: dict[str, Any] = dict.fromkeys(shape.names.split(), Any)
    else:
        members = shape.members if isinstance(shape, Only) else shape
    missing = [name for name in members if name not in value]
    if missing:
        yield f"{place} lacks {', '.join(missing)}"
    surplus = [name for name in value if name not in members]
    if surplus and isinstance(shape, Only):
        yield f"{place} also has {', '.join(surplus)}"
    for name, inner in members.items():
        if name in value:
            yield from disagreements(inner, value[name], f"{place}.{name}")


def _of_list(shape: list[Any] | Entries, value: Any, place: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{place} is {_brief(value)}, not a list"
    elif isinstance(shape, Entries):
        if all(any(disagreements(shape.shape, each)) for each in value):
            yield f"{place} has no entry like {_brief(shape.shape)}"
    elif not shape:
        if value:
            yield f"{place} is not empty"
    elif not value:
        yield f"{place} is empty"
    else:
        for number, each in enumerate(value):
            found = list(disagreements(shape[min(number, len(shape) - 1)], each, f"{place}[{number}]"))
            if found:
                yield from found
                return  # one entry tells enough


def _is_a(wanted: type, value: Any) -> bool:
    if isinstance(value, bool):
        return wanted is bool
    return isinstance(value, int | float if wanted is float else wanted)


def _brief(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
