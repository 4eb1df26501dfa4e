"""Reading what stands between the keywords: fields, functions of fields, values, and the conditions made of them."""

import re
from abc import abstractmethod
from collections.abc import Callable

from toolkit.demo_org.soql import complaints
from toolkit.demo_org.soql.dates import COUNTED_LITERALS, PLAIN_LITERALS
from toolkit.demo_org.soql.lexer import Kind, Token
from toolkit.demo_org.soql.reader import TokenReader
from toolkit.demo_org.soql.tree import (
    Call,
    Comparison,
    Condition,
    Either,
    Every,
    Expression,
    Opposite,
    Path,
    Statement,
    Value,
    Within,
)

AGGREGATES = frozenset({"COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX"})
RENDERINGS = frozenset({"TOLABEL", "FORMAT", "CONVERTCURRENCY"})
DATE_FUNCTIONS = frozenset(
    {
        *("CALENDAR_MONTH", "CALENDAR_QUARTER", "CALENDAR_YEAR", "DAY_IN_MONTH", "DAY_IN_WEEK", "DAY_IN_YEAR"),
        *("DAY_ONLY", "FISCAL_MONTH", "FISCAL_QUARTER", "FISCAL_YEAR", "HOUR_IN_DAY", "WEEK_IN_MONTH", "WEEK_IN_YEAR"),
    }
)
OTHER_FUNCTIONS = frozenset({"DISTANCE", "GROUPING"})
TIME_ZONE_FUNCTION = "CONVERTTIMEZONE"

_FUNCTIONS = AGGREGATES | RENDERINGS | DATE_FUNCTIONS | OTHER_FUNCTIONS
_WITHIN_FORMAT = AGGREGATES | {"CONVERTCURRENCY"}
_COMPARISONS = {"=": "=", "!=": "!=", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_LITERAL_KINDS = {
    Kind.STRING: "string",
    Kind.NUMBER: "number",
    Kind.CURRENCY: "currency",
    Kind.DATE: "date",
    Kind.DATETIME: "datetime",
    Kind.TIME: "time",
}
_WHOLE_CURRENCY = re.compile(r"[A-Za-z]{3}\d+")


class ExpressionReader(TokenReader):
    """Reads expressions and conditions; what reads whole statements knows how to read an inner one."""

    @abstractmethod
    def statement(self) -> Statement:
        """Read a statement within this one."""

    def expression(self) -> Expression:
        """Read a field or a function."""
        is_call = self.now.kind is Kind.NAME and self.next.is_symbol("(")
        return self.call() if is_call else self.path()

    def call(self) -> Call:
        """Read a function that may stand by itself."""
        start, position, function = self.at, self.now.position, self.now.text.upper()
        self.at += 1
        if function not in _FUNCTIONS:
            raise self.unexpected()
        self.symbol("(")
        arguments = self._arguments(function)
        self.symbol(")")
        return Call(function, arguments, position, self.written_since(start))

    def condition(self) -> Condition:
        """Read terms joined with AND or with OR, never both; NOT stands before a single term."""
        if self.taken("NOT"):
            return Opposite(self._term())
        terms = [self._term()]
        if not self.now.is_word("AND", "OR"):
            return terms[0]
        joint = self.now.text.upper()
        while self.now.is_word(joint):
            self.at += 1
            terms.append(self._term())
        return Every(tuple(terms)) if joint == "AND" else Either(tuple(terms))

    # -- functions

    def _arguments(self, function: str) -> tuple[Path | Call | Value, ...]:
        if function == "DISTANCE":
            return self._places()
        if function == "COUNT" and self.now.is_symbol(")"):
            return ()
        if function in AGGREGATES:
            return tuple(self.listed(self.path))
        if self.now.kind is Kind.NAME and self.next.is_symbol("("):
            if function == "FORMAT" and self.now.text.upper() in _WITHIN_FORMAT:
                return (self.call(),)
            if function in DATE_FUNCTIONS and self.now.is_word(TIME_ZONE_FUNCTION):
                return (self._inner_call(self.path),)
        return (self.path(),)

    def _places(self) -> tuple[Path | Call | Value, ...]:
        """``DISTANCE(field, GEOLOCATION(latitude, longitude), 'mi')``: the field comes first."""
        if self.next.is_symbol("("):
            raise self.unexpected()
        first = self.path()
        self.symbol(",")
        second: Path | Call = self._inner_call(self._number) if self.now.is_word("GEOLOCATION") else self.path()
        self.symbol(",")
        if self.now.kind is not Kind.STRING:
            raise self.unexpected()
        return first, second, self._value()

    def _inner_call(self, rule: Callable[[], Path | Value]) -> Call:
        start, position, function = self.at, self.now.position, self.now.text.upper()
        self.at += 1
        self.symbol("(")
        arguments = tuple(self.listed(rule))
        if len(arguments) != (2 if function == "GEOLOCATION" else 1):
            raise self.unexpected()
        self.symbol(")")
        return Call(function, arguments, position, self.written_since(start))

    def _number(self) -> Value:
        if self.now.kind is not Kind.NUMBER:
            raise self.unexpected()
        return self._value()

    # -- conditions

    def _term(self) -> Condition:
        if not self.now.is_symbol("("):
            return self._comparison()
        self.at += 1
        inner = self.deeper(self.condition)
        self.symbol(")")
        return inner

    def _comparison(self) -> Condition:
        start = self.at
        left = self.expression()
        if self.now.kind is Kind.SYMBOL and self.now.text in _COMPARISONS:
            operator = _COMPARISONS[self.now.text]
            self.at += 1
            return Comparison(left, operator, (self._value(),))
        if self.taken("LIKE"):
            if self.now.kind not in (Kind.STRING, Kind.NUMBER):
                raise self.unexpected()
            return Comparison(left, "LIKE", (self._value(),))
        operator = self._list_operator()
        self.symbol("(")
        if self.now.is_word("SELECT") and operator in ("IN", "NOT IN"):
            return self._within(left, negated=operator == "NOT IN")
        if self.now.is_symbol(")"):
            self.at += 1
            written = " ".join(self.written_since(start).split())
            raise complaints.unexpected(self.text, left.position, written)
        values = self.listed(self._value)
        self.symbol(")")
        return Comparison(left, operator, tuple(values))

    def _list_operator(self) -> str:
        if self.taken("NOT"):
            self.word("IN")
            return "NOT IN"
        return self.one_of("IN", "INCLUDES", "EXCLUDES").text.upper()

    def _within(self, left: Expression, *, negated: bool) -> Within:
        position = self.now.position
        if isinstance(left, Call):
            raise self.unexpected()
        inner = self.deeper(self.statement)
        self.symbol(")")
        return Within(left, negated, inner, position)

    # -- values

    def _value(self) -> Value:
        token = self.now
        kind = _LITERAL_KINDS.get(token.kind) or self._kind_of_word(token)
        if kind == "counted":
            self.at += 1
            self.symbol(":")
            return Value("relative", token, self.whole_number())
        self.at += 1
        return Value(kind, token)

    def _kind_of_word(self, token: Token) -> str:
        word = token.text.upper()
        if token.kind is not Kind.NAME:
            raise self.unexpected()
        if word in ("TRUE", "FALSE"):
            return "boolean"
        if word == "NULL":
            return "null"
        if word in PLAIN_LITERALS:
            return "relative"
        if word in COUNTED_LITERALS:
            return "counted"
        if _WHOLE_CURRENCY.fullmatch(word):
            return "currency"
        raise self.unexpected()
