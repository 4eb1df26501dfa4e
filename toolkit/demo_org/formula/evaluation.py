"""Compiling and evaluating formulas.

What depends on the record or the moment (fields, ISNEW, ISCHANGED, PRIORVALUE, TODAY, NOW) is asked of a `Scope`; what
may leave an argument out (AND, OR, IF) is here; the rest is `toolkit.demo_org.formula.functions`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from toolkit.demo_org.formula.functions import FUNCTIONS
from toolkit.demo_org.formula.lexer import FormulaError
from toolkit.demo_org.formula.parser import Call, Literal, Node, Reference, parse
from toolkit.demo_org.formula.values import Value
from toolkit.demo_org.schema import NUMBER_TYPES, Field

FindField = Callable[[tuple[str, ...]], Field | None]
"""How a compiler finds the field a path leads to, or None."""


class Scope(Protocol):
    """The record a formula is evaluated for."""

    @property
    def now(self) -> datetime:
        """The org's present moment."""

    @property
    def is_new(self) -> bool:
        """Whether the record is being made."""

    def value(self, path: tuple[str, ...]) -> Value:
        """Return a field of the record as it will be, or of one of its parents."""

    def prior(self, path: tuple[str, ...]) -> Value:
        """Return a field of the record as it was."""


@dataclass(frozen=True)
class Formula:
    """A formula that is ready to be evaluated. ``fields`` are the paths it reads."""

    text: str
    tree: Node
    fields: tuple[tuple[str, ...], ...]

    def value(self, scope: Scope) -> Value:
        """Return what the formula comes to for a record."""
        return _value(self.tree, scope)

    def holds(self, scope: Scope) -> bool:
        """Return whether a condition is true for a record; blank is not."""
        return _value(self.tree, scope) is True


def compile_formula(text: str, find_field: FindField, *, blank_as_zero: bool = False) -> Formula:
    """Return a formula ready to use. Raises FormulaError for bad syntax, unknown functions and unknown fields.

    With `blank_as_zero` a number field that is blank counts as 0, as formula fields have it unless told.
    """
    paths: list[tuple[str, ...]] = []
    tree = _checked(parse(text), find_field, blank_as_zero, paths)
    return Formula(text, tree, tuple(dict.fromkeys(paths)))


_OF_THE_RECORD = {"ISNEW": 0, "ISCLONE": 0, "TODAY": 0, "NOW": 0, "ISCHANGED": 1, "PRIORVALUE": 1}
_LAZY: dict[str, tuple[int, int | None]] = {
    "AND": (1, None),
    "OR": (1, None),
    "&&": (2, 2),
    "||": (2, 2),
    "IF": (3, 3),
    "NOT": (1, 1),
}
_KEEPS_BLANK = frozenset({"ISBLANK", "ISNULL", "BLANKVALUE", "NULLVALUE", "ISCHANGED", "PRIORVALUE"})


def _checked(node: Node, find: FindField, blank_as_zero: bool, paths: list[tuple[str, ...]]) -> Node:
    if isinstance(node, Literal):
        return node
    if isinstance(node, Reference):
        field = find(node.path)
        if field is None:
            raise FormulaError(f"Field {'.'.join(node.path)} does not exist. Check spelling.")
        paths.append(node.path)
        if blank_as_zero and (field.type in NUMBER_TYPES or field.type == "int"):
            return Call("NULLVALUE", (node, Literal(0.0)))
        return node
    _check_count(node)
    zero = blank_as_zero and node.name not in _KEEPS_BLANK
    arguments = tuple(_checked(each, find, zero, paths) for each in node.arguments)
    if node.name in ("ISCHANGED", "PRIORVALUE") and not isinstance(arguments[0], Reference):
        raise FormulaError(f"Incorrect argument type for function '{node.name}()'.")
    return Call(node.name, arguments)


def _check_count(node: Call) -> None:
    if node.name in _OF_THE_RECORD:
        fewest: int = _OF_THE_RECORD[node.name]
        most: int | None = fewest
    elif node.name in _LAZY:
        fewest, most = _LAZY[node.name]
    elif node.name in FUNCTIONS:
        fewest, most, _ = FUNCTIONS[node.name]
    else:
        raise FormulaError(f"Unknown function {node.name}. Check spelling.")
    count = len(node.arguments)
    if count < fewest or (most is not None and count > most) or (node.name == "CASE" and count % 2):
        raise FormulaError(
            f"Incorrect number of parameters for function '{node.name}()'. Expected {fewest}, received {count}"
        )


def _value(node: Node, scope: Scope) -> Value:
    if isinstance(node, Literal):
        return node.value
    if isinstance(node, Reference):
        return scope.value(node.path)
    if node.name in _LAZY:
        return _lazy(node, scope)
    if node.name in _OF_THE_RECORD:
        return _of_the_record(node, scope)
    return FUNCTIONS[node.name][2](*(_value(each, scope) for each in node.arguments))


def _lazy(node: Call, scope: Scope) -> Value:
    if node.name == "IF":
        condition, then, otherwise = node.arguments
        return _value(then if _value(condition, scope) is True else otherwise, scope)
    if node.name == "NOT":
        return _value(node.arguments[0], scope) is not True
    wanted = node.name in ("OR", "||")
    for each in node.arguments:
        if (_value(each, scope) is True) is wanted:
            return wanted
    return not wanted


def _of_the_record(node: Call, scope: Scope) -> Value:
    if node.name == "TODAY":
        return scope.now.date()
    if node.name == "NOW":
        return scope.now
    if node.name == "ISNEW":
        return scope.is_new
    if node.name == "ISCLONE":
        return False
    reference = node.arguments[0]
    assert isinstance(reference, Reference)
    if node.name == "PRIORVALUE":
        return scope.value(reference.path) if scope.is_new else scope.prior(reference.path)
    return not scope.is_new and scope.value(reference.path) != scope.prior(reference.path)
