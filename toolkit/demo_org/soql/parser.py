"""Reading a SOQL statement: recursive descent over the tokens, one method a rule of the grammar.

What Salesforce's grammar has and this one does not yet (child subqueries, TYPEOF, HAVING, ROLLUP and CUBE, date
functions, WITH, FOR UPDATE) stops at its first token, so that it is refused and never half understood. Each has its
place: a new kind of `Selected` expression, a new clause method called from `_statement`.
"""

from collections.abc import Callable
from typing import TypeVar

from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.soql import complaints
from toolkit.demo_org.soql.dates import COUNTED_LITERALS, PLAIN_LITERALS
from toolkit.demo_org.soql.lexer import Kind, Token, tokens
from toolkit.demo_org.soql.tree import (
    Call,
    Comparison,
    Condition,
    Either,
    Every,
    FieldsOf,
    Opposite,
    Origin,
    Path,
    Selected,
    Sorting,
    Statement,
    Value,
    Within,
)

AGGREGATES = frozenset({"COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX"})
RENDERINGS = frozenset({"TOLABEL", "FORMAT"})
LARGEST_OFFSET = 2000
DEEPEST_NESTING = 100

T = TypeVar("T")

_NOT_AN_ALIAS = frozenset(
    {
        *("AND", "ASC", "DESC", "EXCLUDES", "FIRST", "FROM", "GROUP", "HAVING", "IN", "INCLUDES", "LAST", "LIKE"),
        *("LIMIT", "NOT", "NULL", "NULLS", "OR", "SELECT", "USING", "WHERE", "WITH"),
    }
)
_CLAUSES = ("USING", "WHERE", "WITH", "GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "FOR", "UPDATE", "ALL")
_COMPARISONS = {"=": "=", "!=": "!=", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}


def parse(text: str) -> Statement:
    """Return what the statement says; raises Refusal (MALFORMED_QUERY) where it is not SOQL."""
    reader = _Reader(text)
    statement = reader.statement()
    if reader.now.kind is not Kind.END:
        raise reader.unexpected()
    return statement


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokens(text)
        self._at = 0
        self._depth = 0

    @property
    def now(self) -> Token:
        return self._tokens[self._at]

    @property
    def _next(self) -> Token:
        return self._tokens[min(self._at + 1, len(self._tokens) - 1)]

    def unexpected(self) -> Refusal:
        if self.now.is_symbol(":"):
            return complaints.syntax(self._text, self.now.position, "Bind variables only allowed in Apex code")
        return complaints.unexpected(self._text, self.now.position, self.now.text)

    def statement(self) -> Statement:
        self._word("SELECT")
        if self.now.is_word("FROM"):
            raise complaints.unexpected(self._text, self.now.position, f"SELECT {self.now.text}")
        selected = self._listed(self._selected)
        if not self.now.is_word("FROM") and self.now.kind is Kind.NAME:
            raise complaints.syntax(self._text, self.now.position, f"missing value at '{self.now.text}'")
        self._word("FROM")
        origin = self._origin()
        scope = self._scope() if self._taken("USING") else None
        where = self._condition() if self._taken("WHERE") else None
        grouped = self._after_by("GROUP", self._path)
        sorted_by = self._after_by("ORDER", self._sorting)
        limit = self._whole_number() if self._taken("LIMIT") else None
        offset = self._offset() if self._taken("OFFSET") else None
        noted = self._noted() if self._taken("FOR") else None
        if self.now.is_word("ALL") and self._next.is_word("ROWS"):
            raise complaints.syntax(self._text, self.now.position, "ALL ROWS not allowed in this context")
        return Statement(
            self._text, tuple(selected), origin, scope, where, tuple(grouped), tuple(sorted_by), limit, offset, noted
        )

    # -- SELECT and FROM

    def _selected(self) -> Selected:
        if self.now.is_word("TYPEOF") and self._next.kind is Kind.NAME:
            raise self.unexpected()
        expression = self._expression()
        alias = self._alias()
        return Selected(expression, alias)

    def _expression(self) -> Path | Call | FieldsOf:
        if self.now.kind is not Kind.NAME or not self._next.is_symbol("("):
            return self._path()
        function = self.now.text.upper()
        position = self.now.position
        if function == "FIELDS":
            return self._fields_of(position)
        return self._call()

    def _call(self) -> Call:
        function, position = self.now.text.upper(), self.now.position
        self._at += 1
        if function not in AGGREGATES | RENDERINGS:
            raise self.unexpected()
        self._symbol("(")
        argument: Path | Call | None = None
        if function == "FORMAT" and self._next.is_symbol("(") and self.now.is_word(*AGGREGATES):
            argument = self._call()
        elif not (function == "COUNT" and self.now.is_symbol(")")):
            argument = self._path()
        self._symbol(")")
        return Call(function, argument, position)

    def _fields_of(self, position: int) -> FieldsOf:
        self._at += 1
        self._symbol("(")
        if not self.now.is_word("ALL", "STANDARD", "CUSTOM"):
            raise self.unexpected()
        group = self.now.text.upper()
        self._at += 1
        self._symbol(")")
        return FieldsOf(group, position)

    def _origin(self) -> Origin:
        name = self._name()
        alias = self._origin_alias()
        others: list[tuple[Path, str]] = []
        while self.now.is_symbol(","):
            self._at += 1
            path = self._path()
            other = self._origin_alias()
            if other is None:
                raise self.unexpected()
            others.append((path, other))
        return Origin(name.text, name.position, alias, tuple(others))

    def _origin_alias(self) -> str | None:
        if self.now.is_word("AS") and self._next.kind is Kind.NAME:
            self._at += 1
        return None if self.now.is_word(*_CLAUSES) else self._alias()

    def _alias(self) -> str | None:
        if self.now.kind is not Kind.NAME or self.now.is_word(*_NOT_AN_ALIAS):
            return None
        alias = self.now.text
        self._at += 1
        return alias

    def _scope(self) -> tuple[str, int]:
        if not self.now.is_word("SCOPE"):
            raise self.unexpected()
        self._at += 1
        name = self._name()
        return name.text, name.position

    # -- WHERE

    def _condition(self) -> Condition:
        """Terms joined with AND or with OR, never both; NOT stands before a single term."""
        if self._taken("NOT"):
            return Opposite(self._term())
        terms = [self._term()]
        if not self.now.is_word("AND", "OR"):
            return terms[0]
        joint = self.now.text.upper()
        while self.now.is_word(joint):
            self._at += 1
            terms.append(self._term())
        return Every(tuple(terms)) if joint == "AND" else Either(tuple(terms))

    def _term(self) -> Condition:
        if not self.now.is_symbol("("):
            return self._comparison()
        self._at += 1
        self._depth += 1
        if self._depth > DEEPEST_NESTING:
            raise self.unexpected()
        inner = self._condition()
        self._depth -= 1
        self._symbol(")")
        return inner

    def _comparison(self) -> Condition:
        start = self._at
        left = self._path()
        if self.now.kind is Kind.SYMBOL and self.now.text in _COMPARISONS:
            operator = _COMPARISONS[self.now.text]
            self._at += 1
            return Comparison(left, operator, (self._value(),))
        if self._taken("LIKE"):
            if self.now.kind not in (Kind.STRING, Kind.NUMBER):
                raise self.unexpected()
            return Comparison(left, "LIKE", (self._value(),))
        operator = self._list_operator()
        self._symbol("(")
        if self.now.is_word("SELECT") and operator in ("IN", "NOT IN"):
            return self._within(left, operator == "NOT IN")
        if self.now.is_symbol(")"):
            first, last = self._tokens[start], self.now
            written = " ".join(self._text[first.position : last.position + 1].split())
            raise complaints.unexpected(self._text, first.position, written)
        values = self._listed(self._value)
        self._symbol(")")
        return Comparison(left, operator, tuple(values))

    def _list_operator(self) -> str:
        if self._taken("NOT"):
            self._word("IN")
            return "NOT IN"
        if not self.now.is_word("IN", "INCLUDES", "EXCLUDES"):
            raise self.unexpected()
        operator = self.now.text.upper()
        self._at += 1
        return operator

    def _within(self, left: Path, negated: bool) -> Within:
        position = self.now.position
        if self._depth > DEEPEST_NESTING:
            raise self.unexpected()
        self._depth += 1
        inner = self.statement()
        self._depth -= 1
        self._symbol(")")
        return Within(left, negated, inner, position)

    def _value(self) -> Value:
        token = self.now
        kinds = {
            Kind.STRING: "string",
            Kind.NUMBER: "number",
            Kind.DATE: "date",
            Kind.DATETIME: "datetime",
        }
        word = token.text.upper()
        if token.kind in kinds:
            kind = kinds[token.kind]
        elif token.is_word("TRUE", "FALSE"):
            kind = "boolean"
        elif token.is_word("NULL"):
            kind = "null"
        elif token.kind is Kind.NAME and word in PLAIN_LITERALS:
            kind = "relative"
        elif token.kind is Kind.NAME and word in COUNTED_LITERALS:
            return self._counted(token)
        else:
            raise self.unexpected()
        self._at += 1
        return Value(kind, token)

    def _counted(self, token: Token) -> Value:
        self._at += 1
        self._symbol(":")
        return Value("relative", token, self._whole_number())

    # -- the clauses after WHERE

    def _sorting(self) -> Sorting:
        is_call = self.now.kind is Kind.NAME and self._next.is_symbol("(")
        expression = self._call() if is_call else self._path()
        descending = self._taken("DESC")
        if not descending:
            self._taken("ASC")
        nulls = None
        if self._taken("NULLS"):
            if not self.now.is_word("FIRST", "LAST"):
                raise self.unexpected()
            nulls = self.now.text.upper()
            self._at += 1
        return Sorting(expression, descending, nulls)

    def _offset(self) -> int:
        offset = self._whole_number()
        if offset > LARGEST_OFFSET:
            raise complaints.plain(
                f"Maximum SOQL offset allowed is {LARGEST_OFFSET}", code="NUMBER_OUTSIDE_VALID_RANGE"
            )
        return offset

    def _noted(self) -> str:
        if not self.now.is_word("VIEW", "REFERENCE"):
            raise self.unexpected()
        noted = self.now.text.upper()
        self._at += 1
        return noted

    # -- what every rule is made of

    def _path(self) -> Path:
        first = self._name()
        parts = [first.text]
        while self.now.is_symbol("."):
            self._at += 1
            parts.append(self._name().text)
        return Path(tuple(parts), first.position)

    def _name(self) -> Token:
        token = self.now
        if token.kind is not Kind.NAME:
            raise self.unexpected()
        if token.is_word(*_NOT_AN_ALIAS - {"FIRST", "LAST", "GROUP"}):
            raise self.unexpected()
        self._at += 1
        return token

    def _whole_number(self) -> int:
        token = self.now
        if token.kind is not Kind.NUMBER or not token.text.isdigit():
            raise self.unexpected()
        self._at += 1
        return int(token.text)

    def _after_by(self, word: str, rule: Callable[[], T]) -> list[T]:
        if not self._taken(word):
            return []
        self._word("BY")
        return self._listed(rule)

    def _listed(self, rule: Callable[[], T]) -> list[T]:
        found = [rule()]
        while self.now.is_symbol(","):
            self._at += 1
            found.append(rule())
        return found

    def _taken(self, word: str) -> bool:
        if not self.now.is_word(word):
            return False
        self._at += 1
        return True

    def _word(self, word: str) -> None:
        if not self._taken(word):
            raise self.unexpected()

    def _symbol(self, symbol: str) -> None:
        if not self.now.is_symbol(symbol):
            raise self.unexpected()
        self._at += 1
