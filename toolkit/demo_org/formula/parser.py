"""A formula as a tree. Operators bind as in Salesforce: or, and, comparison, joining, sum, product, power, sign."""

from dataclasses import dataclass

from toolkit.demo_org.formula.lexer import FormulaError, Token, tokens

MOST_NESTED = 50
"""How deep a formula may nest."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A number, a text, true, false or null."""

    value: float | str | bool | None


@dataclass(frozen=True, slots=True)
class Reference:
    """A field: of the record, or of a parent by the relationships that lead there."""

    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """A function with its arguments; an operator is one too, by its sign."""

    name: str
    arguments: tuple["Node", ...]


Node = Literal | Reference | Call

_CONSTANTS = {"true": Literal(True), "false": Literal(False), "null": Literal(None)}
_LEVELS: tuple[tuple[tuple[str, ...], dict[str, str]], ...] = (
    (("||",), {}),
    (("&&",), {}),
    (("=", "==", "<>", "!=", "<", "<=", ">", ">="), {"==": "=", "!=": "<>"}),
    (("&",), {}),
    (("+", "-"), {}),
    (("*", "/"), {}),
)


def parse(text: str) -> Node:
    """Return the tree of a formula. Raises FormulaError."""
    parser = _Parser(tokens(text))
    if parser.token.kind == "end":
        raise FormulaError("Enter a formula")
    tree = parser.level(0)
    if parser.token.kind != "end":
        raise FormulaError(f"Syntax error. Extra {parser.token.text}")
    return tree


class _Parser:
    def __init__(self, words: list[Token]) -> None:
        self._words = words
        self._place = 0
        self._depth = 0

    @property
    def token(self) -> Token:
        return self._words[self._place]

    def level(self, number: int) -> Node:
        """Return what stands here, as far as operators of this level or tighter ones reach."""
        if number == len(_LEVELS):
            return self._power()
        signs, spellings = _LEVELS[number]
        left = self.level(number + 1)
        while self.token.kind == "sign" and self.token.text in signs:
            sign = self._take().text
            left = Call(spellings.get(sign, sign), (left, self.level(number + 1)))
        return left

    def _power(self) -> Node:
        base = self._signed()
        while self._is_sign("^"):
            self._take()
            base = Call("^", (base, self._signed()))
        return base

    def _signed(self) -> Node:
        if self._is_sign("-") or self._is_sign("!") or self._is_sign("+"):
            sign = self._take().text
            self._enter()
            operand = self._signed()
            self._depth -= 1
            return operand if sign == "+" else Call("NEGATE" if sign == "-" else "NOT", (operand,))
        return self._primary()

    def _primary(self) -> Node:
        word = self._take()
        if word.kind == "number":
            return Literal(float(word.text))
        if word.kind == "text":
            return Literal(word.text)
        if word.kind == "name":
            if self._is_sign("("):
                return Call(word.text.upper(), self._arguments())
            return _CONSTANTS.get(word.text.lower()) or Reference(tuple(word.text.split(".")))
        if word.text == "(":
            self._enter()
            inner = self.level(0)
            self._depth -= 1
            self._expect(")")
            return inner
        raise FormulaError(f"Syntax error. Found '{word.text}'" if word.text else "Syntax error. Formula ends too soon")

    def _arguments(self) -> tuple[Node, ...]:
        self._expect("(")
        self._enter()
        found: list[Node] = []
        while not self._is_sign(")"):
            found.append(self.level(0))
            if not self._is_sign(")"):
                self._expect(",")
        self._depth -= 1
        self._expect(")")
        return tuple(found)

    def _enter(self) -> None:
        self._depth += 1
        if self._depth > MOST_NESTED:
            raise FormulaError("Formula is too deeply nested")

    def _is_sign(self, sign: str) -> bool:
        return self.token.kind == "sign" and self.token.text == sign

    def _expect(self, sign: str) -> None:
        if not self._is_sign(sign):
            raise FormulaError(f"Syntax error. Missing '{sign}'")
        self._take()

    def _take(self) -> Token:
        word = self.token
        if word.kind != "end":
            self._place += 1
        return word
