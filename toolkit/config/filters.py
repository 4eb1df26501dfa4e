"""The text of a scope's filter: ``Type contains 'Customer' and (Industry = 'Energy' or AnnualRevenue > 1000000)``.

It is the one form of a filter: what a person types into the mapping file, what a widget builds and what is kept. Here
it is read into a tree and written back; what a condition means to an org is in `toolkit.pulling.conditions`.

A condition is a field, an operator and a value. Texts stand in quotes, single or double, with a backslash before a
quote, a backslash or n, r, t; numbers, true, false, dates (2026-11-02), times (2026-11-02T08:00:00Z) and relative dates
(LAST_N_DAYS:30, THIS_MONTH) do not. Conditions are joined by ``and`` or by ``or``; where both occur, parentheses say
what belongs together, so that nobody has to know which of them binds tighter.
"""

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, get_args

from toolkit.errors import InputError

Operator = Literal[
    "=", "!=", "<", "<=", ">", ">=",
    "contains", "does not contain", "starts with", "ends with",
    "in", "not in", "includes", "excludes", "is empty", "is not empty",
]  # fmt: skip
OPERATORS: tuple[Operator, ...] = get_args(Operator)
LISTED = frozenset({"in", "not in", "includes", "excludes"})
"""Operators whose value is a list in parentheses."""
BARE = frozenset({"is empty", "is not empty"})
"""Operators without a value."""

RELATIVE_DATES = (
    "TODAY", "YESTERDAY", "TOMORROW", "LAST_90_DAYS", "NEXT_90_DAYS",
    *(f"{which}_{unit}" for which in ("LAST", "THIS", "NEXT")
      for unit in ("WEEK", "MONTH", "QUARTER", "YEAR", "FISCAL_QUARTER", "FISCAL_YEAR")),
)  # fmt: skip
"""Relative dates that stand alone; their meaning, in the user's time zone, is Salesforce's."""
_UNITS = ("DAYS", "WEEKS", "MONTHS", "QUARTERS", "YEARS", "FISCAL_QUARTERS", "FISCAL_YEARS")
COUNTED_DATES = (
    *(f"{which}_N_{unit}" for which in ("LAST", "NEXT") for unit in _UNITS),
    *(f"N_{unit}_AGO" for unit in _UNITS),
)
"""Relative dates with a number behind a colon: ``LAST_N_DAYS:30``."""


@dataclass(frozen=True)
class Relative:
    """A relative date: one of `RELATIVE_DATES`, or one of `COUNTED_DATES` with its number."""

    word: str
    number: int | None = None

    def __post_init__(self) -> None:
        known = RELATIVE_DATES if self.number is None else COUNTED_DATES
        if self.word not in known or (self.number is not None and self.number < 1):
            raise ValueError(f"not a relative date: {self}")

    def __str__(self) -> str:
        return self.word if self.number is None else f"{self.word}:{self.number}"


Value = str | bool | int | float | date | datetime | Relative


@dataclass(frozen=True)
class Condition:
    """One field compared with a value. ``values`` has one entry, more for `LISTED` operators, none for `BARE`."""

    path: str
    operator: Operator
    values: tuple[Value, ...] = ()

    def __post_init__(self) -> None:
        most = 0 if self.operator in BARE else len(self.values) if self.operator in LISTED else 1
        if len(self.values) != (most or self.operator in LISTED):
            raise ValueError(f"{self.operator} does not take {len(self.values)} values")
        if not _PATH.fullmatch(self.path):
            raise ValueError(f"not a field path: {self.path!r}")


@dataclass(frozen=True)
class AllOf:
    """Two or more filters that all have to hold."""

    terms: "tuple[Condition | AllOf | AnyOf | Not, ...]"

    def __post_init__(self) -> None:
        _check_group(self.terms)


@dataclass(frozen=True)
class AnyOf:
    """Two or more filters of which one has to hold."""

    terms: "tuple[Condition | AllOf | AnyOf | Not, ...]"

    def __post_init__(self) -> None:
        _check_group(self.terms)


@dataclass(frozen=True)
class Not:
    """A filter that must not hold."""

    term: "Condition | AllOf | AnyOf | Not"


Tree = Condition | AllOf | AnyOf | Not


def parse_filter(text: str) -> Tree:
    """Return what the text of a filter says.

    Raises InputError, which names the place in the text, what stands there, and what would be valid.
    """
    reader = _Reader(text)
    tree = reader.group()
    reader.end()
    return tree


def to_text(tree: Tree) -> str:
    """Return the text of a filter; `parse_filter` gives the same tree for it."""
    match tree:
        case AllOf():
            return " and ".join(_inner(term) for term in tree.terms)
        case AnyOf():
            return " or ".join(_inner(term) for term in tree.terms)
        case Not():
            return f"not ({to_text(tree.term)})"
    values = ", ".join(map(value_text, tree.values))
    return f"{tree.path} {tree.operator} {f'({values})' if tree.operator in LISTED else values}".rstrip(" ")


def value_text(value: Value) -> str:
    """Return a value as it stands in a filter."""
    match value:
        case str():
            return "'" + value.translate(_ESCAPES) + "'"
        case bool():
            return "true" if value else "false"
        case datetime():
            if value.tzinfo is None:
                raise ValueError(f"the time {value} has no zone")
            return value.isoformat().replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case _:
            return str(value)


def all_of(terms: Sequence[Tree]) -> Tree | None:
    """Return the filter that all `terms` hold: the only one as it is, None for none. For builders of filters."""
    return AllOf(tuple(terms)) if len(terms) > 1 else next(iter(terms), None)


def any_of(terms: Sequence[Tree]) -> Tree | None:
    """Return the filter that one of `terms` holds: the only one as it is, None for none. For builders of filters."""
    return AnyOf(tuple(terms)) if len(terms) > 1 else next(iter(terms), None)


def conditions(tree: Tree) -> Iterator[Condition]:
    """Yield every condition of a filter, from left to right."""
    match tree:
        case Condition():
            yield tree
        case Not():
            yield from conditions(tree.term)
        case AllOf() | AnyOf():
            for term in tree.terms:
                yield from conditions(term)


_ESCAPES = str.maketrans({"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t"})
_UNESCAPED = {"\\": "\\", "'": "'", '"': '"', "n": "\n", "r": "\r", "t": "\t"}
_PATH = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*){0,5}")
_TOKEN = re.compile(
    r"""(?P<text>'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")
    |(?P<time>\d{4}-\d{2}-\d{2}T[0-9:.]+(?:Z|[+-]\d{2}:?\d{2})?)
    |(?P<date>\d{4}-\d{2}-\d{2}(?![\w:.-]))
    |(?P<number>[+-]?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w.:-]))
    |(?P<word>[A-Za-z][\w.]*(?::\d+)?)
    |(?P<sign><=|>=|!=|<>|==|[=<>(),])""",
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_PHRASES = {tuple(words.split()): words for words in OPERATORS} | {("<>",): "!=", ("==",): "="}
_LONGEST_FIRST = sorted(_PHRASES, key=len, reverse=True)
_JOINERS = ("and", "or")
_KEYWORDS = frozenset({"and", "or", "not", "true", "false", "null"})
_VALUES = "a text in quotes, a number, true, false, a date such as 2026-11-02 or LAST_N_DAYS:30"


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    at: int

    @property
    def word(self) -> str:
        return self.text.lower() if self.kind in ("word", "sign") else ""


class _Reader:
    """Goes through the words of a filter from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = list(_tokens(text))
        self.at = 0
        self.depth = 0

    def group(self) -> Tree:
        """Read terms up to a closing parenthesis or the end: one, or several with the same word between them."""
        terms, joiner = [self.term()], self.peek().word
        while (found := self.peek().word) in _JOINERS:
            if found != joiner:
                raise self.fault(
                    f'"{joiner}" and "{found}" stand side by side', "parentheses around what belongs together"
                )
            self.at += 1
            terms.append(self.term())
        if len(terms) == 1:
            return terms[0]
        return AllOf(tuple(terms)) if joiner == "and" else AnyOf(tuple(terms))

    def term(self) -> Tree:
        token = self.peek()
        if token.word not in ("not", "("):
            return self.condition()
        self.depth += 1
        if self.depth > _DEEPEST:
            raise self.fault("the filter is nested too deeply", f"at most {_DEEPEST} levels")
        self.at += 1
        if token.word == "not":
            inner: Tree = Not(self.term())
        else:
            inner = self.group()
            self.expect(")", '")", "and" or "or"')
        self.depth -= 1
        return inner

    def condition(self) -> Condition:
        token = self.peek()
        if token.kind != "word" or token.word in _KEYWORDS or not _PATH.fullmatch(token.text):
            raise self.fault(_found(token), 'a field such as Industry or Owner.Name, "not" or "("')
        self.at += 1
        operator = self.operator()
        if operator in ("=", "!=") and self.peek().word == "null":  # as SOQL writes it
            self.at += 1
            return Condition(token.text, "is empty" if operator == "=" else "is not empty")
        if operator in BARE:
            return Condition(token.text, operator)
        if operator not in LISTED:
            return Condition(token.text, operator, (self.value(),))
        self.expect("(", '"(" and a list of values')
        values = [self.value()]
        while self.peek().word == ",":
            self.at += 1
            values.append(self.value())
        self.expect(")", '"," or ")"')
        return Condition(token.text, operator, tuple(values))

    def operator(self) -> Operator:
        for phrase in _LONGEST_FIRST:
            ahead = self.tokens[self.at : self.at + len(phrase)]
            if tuple(each.word for each in ahead) == phrase:
                self.at += len(phrase)
                return _PHRASES[phrase]
        given = " ".join(each.word for each in self.tokens[self.at : self.at + 2])
        near = [match for one in (given, self.peek().word) for match in difflib.get_close_matches(one, OPERATORS, n=1)]
        raise self.fault(f"{_found(self.peek())}{_meant(near)}", f"an operator: {', '.join(OPERATORS)}")

    def value(self) -> Value:
        token = self.peek()
        try:
            found = _value_of(token)
        except ValueError as error:
            raise self.fault(str(error), _VALUES) from None
        if found is None:
            upper = token.text.upper().partition(":")[0]
            near = difflib.get_close_matches(upper, (*RELATIVE_DATES, *COUNTED_DATES), n=1, cutoff=0.75)
            raise self.fault(f"{_found(token)}{_meant(near)}", _VALUES)
        self.at += 1
        return found

    def expect(self, sign: str, valid: str) -> None:
        if self.peek().word != sign:
            raise self.fault(_found(self.peek()), valid)
        self.at += 1

    def end(self) -> None:
        if self.peek().kind != "end":
            raise self.fault(_found(self.peek()), '"and", "or" or the end')

    def peek(self) -> _Token:
        return self.tokens[self.at]

    def fault(self, what: str, valid: str) -> InputError:
        return _fault(self.text, self.peek().at, what, valid)


_DEEPEST = 50
"""Levels of parentheses and of "not": far more than anybody reads."""


def _check_group(terms: tuple[Tree, ...]) -> None:
    if len(terms) < 2:
        raise ValueError("a group has two filters or more")


def _inner(tree: Tree) -> str:
    return to_text(tree) if isinstance(tree, Condition | Not) else f"({to_text(tree)})"


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        found = _TOKEN.match(text, at)
        if found is None:
            raise _fault(text, at, *_unreadable(text, at))
        yield _Token(str(found.lastgroup), found.group(), at)
        at = found.end()
    yield _Token("end", "", len(text))


def _unreadable(text: str, at: int) -> tuple[str, str]:
    if text[at] in "'\"":
        return f"the quote {text[at]} is not closed", f"a second {text[at]} at the end of the text"
    if text[at].isdigit() or text[at] in "+-.":
        word = re.match(r"\S+", text[at:])
        return f'"{word.group() if word else text[at]}" is neither a number nor a date', _VALUES
    return f'"{text[at]}" has no meaning here', "a field, an operator, a value or parentheses"


def _value_of(token: _Token) -> Value | None:
    """The value that a token is, None when it is none; ValueError says what is wrong with one."""
    match token.kind:
        case "text":
            return _unquoted(token.text)
        case "date":
            return date.fromisoformat(token.text)
        case "time":
            moment = datetime.fromisoformat(token.text)
            if moment.tzinfo is None:
                raise ValueError(f"the time {token.text} has no zone; write {token.text}Z for UTC")
            return moment
        case "number":
            return _number(token.text)
    if token.word in ("true", "false"):
        return token.word == "true"
    word, _, number = token.text.upper().partition(":")
    if word in COUNTED_DATES and not number:
        raise ValueError(f"{word} needs a number, such as {word}:30")
    if token.kind == "word" and word in (COUNTED_DATES if number else RELATIVE_DATES):
        return Relative(word, int(number) if number else None)
    return None


def _number(text: str) -> int | float:
    if re.match(r"[+-]?0\d", text):
        raise ValueError(f"{text} begins with a zero; a number that is a text, like a postal code, needs quotes")
    value = int(text) if re.fullmatch(r"[+-]?\d+", text) else float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError(f"{text} is too large a number")
    return value


def _unquoted(quoted: str) -> str:
    def plain(escape: re.Match[str]) -> str:
        if escape[1] not in _UNESCAPED:
            raise ValueError(f'"{escape[0]}" is no escape; write \\\\ for a backslash')
        return _UNESCAPED[escape[1]]

    return re.sub(r"\\(.)", plain, quoted[1:-1], flags=re.DOTALL)


def _found(token: _Token) -> str:
    if token.kind == "end":
        return "the filter ends too early"
    shown = token.text if len(token.text) <= 40 else token.text[:37] + "..."
    return f'"{shown}" does not belong here' if token.kind != "text" else f"{shown} does not belong here"


def _meant(near: Sequence[str]) -> str:
    return f'; did you mean "{near[0]}"?' if near else ""


def _fault(text: str, at: int, what: str, valid: str) -> InputError:
    before = text[max(0, at - 30) : at].lstrip()
    place = f"at character {at + 1}" + (f', after "{before.rstrip()}"' if before.strip() else "")
    return InputError(f"the filter cannot be read {place}: {what}; valid is {valid}", hint=_HINT)


_HINT = "a filter reads like: Type contains 'Customer' and (Industry = 'Energy' or AnnualRevenue > 1000000)"
