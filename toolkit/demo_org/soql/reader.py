"""The tokens of a statement, read one after the other: what every rule of the grammar is made of."""

from collections.abc import Callable
from typing import TypeVar

from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.soql import complaints
from toolkit.demo_org.soql.lexer import Kind, Token, tokens, unreadable
from toolkit.demo_org.soql.tree import Path

DEEPEST_NESTING = 100

T = TypeVar("T")

RESERVED = frozenset(
    {
        *("AND", "ASC", "DESC", "EXCLUDES", "FIRST", "FROM", "GROUP", "HAVING", "IN", "INCLUDES", "LAST", "LIKE"),
        *("LIMIT", "NOT", "NULL", "NULLS", "OR", "SELECT", "USING", "WHERE", "WITH"),
    }
)
"""What may not be an alias."""


class TokenReader:
    """A place among the tokens of a statement. Each method reads on from there, or raises Refusal (MALFORMED_QUERY)."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self._tokens = tokens(text)
        self._depth = 0

    @property
    def now(self) -> Token:
        """The token to read."""
        return self._tokens[self.at]

    @property
    def next(self) -> Token:
        """The token after it."""
        return self._tokens[min(self.at + 1, len(self._tokens) - 1)]

    def unexpected(self) -> Refusal:
        """Return the refusal of the token to read."""
        if self.now.kind is Kind.UNREADABLE:
            return unreadable(self.now, self.text)
        if self.now.is_symbol(":"):
            return complaints.syntax(self.text, self.now.position, "Bind variables only allowed in Apex code")
        return complaints.unexpected(self.text, self.now.position, self.now.text)

    def written_since(self, start: int) -> str:
        """Return the text of the tokens read since the `start`-th, as the statement has it."""
        first, last = self._tokens[start], self._tokens[self.at - 1]
        return self.text[first.position : last.position + len(last.text)]

    def path(self) -> Path:
        """Read a field, perhaps by way of parents."""
        first = self.name()
        parts = [first.text]
        while self.now.is_symbol("."):
            self.at += 1
            parts.append(self.name().text)
        return Path(tuple(parts), first.position)

    def name(self) -> Token:
        """Read a name."""
        token = self.now
        if token.kind is not Kind.NAME or token.is_word(*RESERVED - {"FIRST", "LAST", "GROUP"}):
            raise self.unexpected()
        self.at += 1
        return token

    def whole_number(self) -> int:
        """Read a number without sign or decimals."""
        token = self.now
        if token.kind is not Kind.NUMBER or not token.text.isdigit():
            raise self.unexpected()
        self.at += 1
        return int(token.text)

    def one_of(self, *words: str) -> Token:
        """Read one of these keywords."""
        token = self.now
        if not token.is_word(*words):
            raise self.unexpected()
        self.at += 1
        return token

    def listed(self, rule: Callable[[], T]) -> list[T]:
        """Read what `rule` reads, once or more, with commas between."""
        found = [rule()]
        while self.now.is_symbol(","):
            self.at += 1
            found.append(rule())
        return found

    def deeper(self, rule: Callable[[], T]) -> T:
        """Read what `rule` reads one level further down; there is an end to how far down one may go."""
        if self._depth > DEEPEST_NESTING:
            raise self.unexpected()
        self._depth += 1
        found = rule()
        self._depth -= 1
        return found

    def taken(self, word: str) -> bool:
        """Read a keyword if it is there, and return whether it was."""
        if not self.now.is_word(word):
            return False
        self.at += 1
        return True

    def word(self, word: str) -> None:
        """Read a keyword that has to be there."""
        if not self.taken(word):
            raise self.unexpected()

    def symbol(self, symbol: str) -> None:
        """Read a symbol that has to be there."""
        if not self.now.is_symbol(symbol):
            raise self.unexpected()
        self.at += 1
