"""The words of a formula."""

import re
from dataclasses import dataclass


class FormulaError(ValueError):
    """A formula that cannot be saved, in the words of Salesforce's editor."""


@dataclass(frozen=True, slots=True)
class Token:
    """One word: its kind (number, text, name, sign, end) and what it says."""

    kind: str
    text: str


_TOKEN = re.compile(
    r"""(?P<blank>\s+|/\*.*?\*/)
      | (?P<number>\d+(?:\.\d*)?|\.\d+)
      | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<name>\$?[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)
      | (?P<sign>&&|\|\||==|!=|<>|<=|>=|[-+*/^&=<>!(),])""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


def tokens(text: str) -> list[Token]:
    """Return the words of a formula, the last of kind ``end``. Raises FormulaError for what is no word."""
    found = []
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise FormulaError(f"Syntax error. Found '{text[place]}'")
        place = match.end()
        kind = str(match.lastgroup)
        if kind == "text":
            found.append(Token(kind, _ESCAPED.sub(_unescape, match.group()[1:-1])))
        elif kind != "blank":
            found.append(Token(kind, match.group()))
    return [*found, Token("end", "")]


def _unescape(match: re.Match[str]) -> str:
    # A backslash before anything else stays, so that regular expressions need none doubled.
    escaped = match.group(1)
    return _ESCAPES.get(escaped, escaped if escaped in "\"'\\" else match.group())
