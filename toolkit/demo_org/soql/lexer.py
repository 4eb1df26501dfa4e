"""Cutting a SOQL statement into tokens, each with its place in the statement."""

import re
from dataclasses import dataclass
from enum import Enum

from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.soql import complaints

LONGEST_STATEMENT = 100_000
LONGEST_STRING = 4_000


class Kind(Enum):
    """What a token is."""

    NAME = "name"
    STRING = "string"
    NUMBER = "number"
    DATE = "date"
    DATETIME = "datetime"
    TIME = "time"
    CURRENCY = "currency"
    SYMBOL = "symbol"
    UNREADABLE = "unreadable"
    END = "end"


@dataclass(frozen=True)
class Token:
    """One token: what it is, its text as written, and where it starts."""

    kind: Kind
    text: str
    position: int

    def is_word(self, *words: str) -> bool:
        """Whether this is one of these keywords (given in capitals), in any case."""
        return self.kind is Kind.NAME and self.text.upper() in words

    def is_symbol(self, *symbols: str) -> bool:
        """Whether this is one of these symbols."""
        return self.kind is Kind.SYMBOL and self.text in symbols


_TOKEN = re.compile(
    r"""
      (?P<blank>(?:\s+|//[^\n]*|/\*.*?\*/)+)
    | (?P<currency>[A-Za-z]{3}(?:-\d+(?:\.\d+)?|\d+\.\d+)(?![A-Za-z0-9_]))
    | (?P<name>[A-Za-z][A-Za-z0-9_]*)
    | (?P<datetime>\d{4}-\d{2}-\d{2}[Tt][0-9:.]+(?:[Zz]|[+-]\d{2}:?\d{2})?)
    | (?P<date>\d{4}-\d{2}-\d{2})
    | (?P<time>\d{2}:\d{2}:\d{2}(?:\.\d+)?[Zz]?)
    | (?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)
    | (?P<string>'(?:[^'\\]|\\.)*')
    | (?P<symbol><=|>=|!=|<>|[=<>(),.:])
    """,
    re.VERBOSE | re.DOTALL,
)


def tokens(text: str) -> list[Token]:
    """Return the tokens of a statement, the last of them ``Kind.END``, or ``Kind.UNREADABLE`` where none can follow.

    Comments, ``/* */`` and ``//`` to the end of the line, count as blanks. Raises Refusal for too long a statement.
    """
    if len(text) > LONGEST_STATEMENT:
        raise complaints.plain("SOQL statements cannot be longer than 100000 characters.")
    found: list[Token] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            return [*found, Token(Kind.UNREADABLE, text[position], position)]
        if match.lastgroup != "blank":
            found.append(Token(Kind(match.lastgroup), match.group(), position))
        position = match.end()
    return [*found, Token(Kind.END, complaints.END_OF_STATEMENT, len(text))]


def whole_characters(text: str) -> str:
    """Return a text with the halves of characters put together; a half alone becomes the replacement character."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def unreadable(token: Token, text: str) -> Refusal:
    """Return the refusal of a character that no token begins with."""
    if token.text == "'":
        return complaints.unexpected(text, token.position, "'")
    row = text.count("\n", 0, token.position) + 1
    column = token.position - (text.rfind("\n", 0, token.position) + 1)
    return complaints.syntax(text, token.position, f"line {row}:{column} unexpected token: '{token.text}'")


_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\"}
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)


def string_value(token: Token, text: str) -> str:
    """Return what a string token stands for, its escapes resolved; raises Refusal at an escape SOQL does not have."""

    def resolve(match: re.Match[str]) -> str:
        escape = match.group(1)
        if len(escape) > 1:
            return chr(int(escape[1:], 16))
        if escape not in _ESCAPES:
            raise _bad_escape(token, match.group(), text)
        return _ESCAPES[escape]

    return _checked(_ESCAPE.sub(resolve, token.text[1:-1]))


def like_pattern(token: Token, text: str) -> str:
    r"""Return the pattern a LIKE string stands for, in SQL's terms with ``\`` as the escape character.

    Only here ``\_`` and ``\%`` are escapes; they stay escaped, and so does a backslash that stands for itself.
    """

    def resolve(match: re.Match[str]) -> str:
        escape = match.group(1)
        if escape in ("_", "%", "\\"):
            return "\\" + escape
        if len(escape) > 1:
            return _escaped_for_like(chr(int(escape[1:], 16)))
        if escape not in _ESCAPES:
            raise _bad_escape(token, match.group(), text)
        return _ESCAPES[escape]

    return _checked(_ESCAPE.sub(resolve, token.text[1:-1]))


def _escaped_for_like(character: str) -> str:
    return "\\\\" if character == "\\" else character


def _checked(value: str) -> str:
    value = whole_characters(value)
    if len(value) > LONGEST_STRING:
        raise complaints.plain(f"Filter value is too long: {len(value)} characters (maximum {LONGEST_STRING}).")
    return value


def _bad_escape(token: Token, escape: str, text: str) -> Refusal:
    return complaints.syntax(
        text,
        token.position,
        f"Invalid string literal {token.text}. Illegal character sequence '{escape}' in string literal.",
    )
