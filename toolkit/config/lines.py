"""Find the line of every key and list entry of a TOML text.

The standard library's parser says what a file holds but not where. This walk says only where; it is run on texts that
already parsed, so it needs no error handling of its own.
"""

import re
from collections.abc import Mapping

Place = tuple[str | int, ...]
"""The way to a value from the top of the file: keys, and numbers for list entries."""

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)+")
_KEY = re.compile(r"""[ \t]*(?:"(?P<basic>(?:[^"\\]|\\.)*)"|'(?P<literal>[^']*)'|(?P<bare>[A-Za-z0-9_-]+))[ \t]*""")
_STRING = re.compile(
    r'''"""(?:[^\\]|\\.)*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*\'''',
    re.DOTALL,
)
_OTHER = re.compile(r"[^,\]}#\n]+")


def line_numbers(text: str) -> dict[Place, int]:
    """Return the line, from 1, on which each key, table and list entry of `text` begins."""
    return _Walk(text).lines


def line_of(place: Place, lines: Mapping[Place, int]) -> int | None:
    """Return the line of `place`, or of the nearest table around it that is in the file."""
    while place and place not in lines:
        place = place[:-1]
    return lines.get(place)


class _Walk:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[Place, int] = {}
        self.lengths: dict[Place, int] = {}  # of the arrays of tables met so far
        table: Place = ()
        while self._skip_blank() and self.at < len(text):
            if text[self.at] == "[":
                table = self._header()
            else:
                self._pair(table)

    def _skip_blank(self) -> bool:
        found = _BLANK.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return True

    def _mark(self, place: Place) -> None:
        self.lines.setdefault(place, self.text.count("\n", 0, self.at) + 1)

    def _header(self) -> Place:
        is_list = self.text.startswith("[[", self.at)
        start = self.at
        self.at += 2 if is_list else 1
        keys = self._keys()
        self.at, after = start, self.text.index("]", self.at) + (2 if is_list else 1)
        place: Place = ()
        for key in keys[:-1]:
            place = self._newest((*place, key))
        place = (*place, keys[-1])
        self._mark(place)
        if is_list:
            self.lengths[place] = self.lengths.get(place, 0) + 1
            place = self._newest(place)
            self._mark(place)
        self.at = after
        return place

    def _newest(self, place: Place) -> Place:
        return (*place, self.lengths[place] - 1) if place in self.lengths else place

    def _keys(self) -> list[str]:
        keys = []
        while found := _KEY.match(self.text, self.at):
            self.at = found.end()
            keys.append(next(part for part in found.groups() if part is not None))
            if not self.text.startswith(".", self.at):
                break
            self.at += 1
        return keys

    def _pair(self, table: Place) -> None:
        start = self.at
        keys = self._keys()
        after, self.at = self.at, start
        place = table
        for key in keys:
            place = (*place, key)
            self._mark(place)
        self.at = after + 1  # the equals sign
        self._value(place)

    def _value(self, place: Place) -> None:
        self._skip_blank()
        opening = self.text[self.at]
        if opening == "[":
            self._entries(place, "]")
        elif opening == "{":
            self._entries(place, "}")
        else:
            found = _STRING.match(self.text, self.at) or _OTHER.match(self.text, self.at)
            self.at = found.end() if found else self.at + 1

    def _entries(self, place: Place, closing: str) -> None:
        self.at += 1
        number = 0
        while self._skip_blank() and self.text[self.at] != closing:
            if self.text[self.at] == ",":
                self.at += 1
            elif closing == "}":
                self._pair(place)
            else:
                self._mark((*place, number))
                self._value((*place, number))
                number += 1
        self.at += 1
