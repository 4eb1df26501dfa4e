"""GROUP BY: plain, ROLLUP and CUBE, and what may be said of a group.

A ROLLUP or a CUBE is a plain GROUP BY for each set of fields that rows are grouped by; in the subtotals the fields
left out are null and GROUPING() of them is 1.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product

from toolkit.demo_org.schema import Field
from toolkit.demo_org.soql import complaints
from toolkit.demo_org.soql.aggregates import aggregate
from toolkit.demo_org.soql.binding import bound
from toolkit.demo_org.soql.expressions import AGGREGATES, DATE_FUNCTIONS
from toolkit.demo_org.soql.ordering import SortKey, sort_value
from toolkit.demo_org.soql.setting import Setting
from toolkit.demo_org.soql.sources import Reached, Sources
from toolkit.demo_org.soql.tree import Call, Expression, Statement

MOST_SUBTOTALLED = 3

_UNGROUPED_TYPES = frozenset({"address", "location", "multipicklist"})


@dataclass(frozen=True)
class Groups:
    """What rows are grouped by; `rolled` are the SQL expressions that one arm of a ROLLUP or CUBE leaves out."""

    keys: tuple[Reached, ...]
    kind: str = ""
    rolled: frozenset[str] = frozenset()

    def has(self, reached: Reached) -> bool:
        """Return whether rows are grouped by this."""
        return any(reached.sql == key.sql for key in self.keys)

    def value(self, reached: Reached) -> Reached:
        """Return what this, a key, is in a group: null where it is left out."""
        return replace(reached, sql="NULL") if reached.sql in self.rolled else reached

    def clause(self) -> str:
        """Return the GROUP BY clause."""
        if not self.keys:
            return ""
        parts = [key.sql for key in self.keys if key.sql not in self.rolled]
        return f" GROUP BY {', '.join(parts) or 'NULL'}"

    def arms(self) -> "list[Groups]":
        """Return the plain groupings that this one is made of, the finest first and the grand total last."""
        names = [key.sql for key in self.keys]
        if self.kind == "ROLLUP":
            return [replace(self, rolled=frozenset(names[kept:])) for kept in range(len(names), -1, -1)]
        if self.kind == "CUBE":
            kept = product((True, False), repeat=len(names))
            return [
                replace(self, rolled=frozenset(name for name, keep in zip(names, each, strict=True) if not keep))
                for each in kept
            ]
        return [self]

    def natural_order(self) -> list[SortKey]:
        """Return the order subtotals have if the statement names none: each after the rows that it sums up."""
        keys = []
        for key in self.keys:
            keys.append(SortKey("1" if key.sql in self.rolled else "0", "ASC"))
            keys.append(SortKey(sort_value(self.value(key)), "ASC NULLS FIRST"))
        return keys


def groups_of(statement: Statement, sources: Sources, setting: Setting) -> Groups:
    """Return what a statement groups by; raises Refusal for what cannot be grouped by."""
    keys = []
    for expression in statement.grouping.expressions:
        if isinstance(expression, Call) and expression.function not in DATE_FUNCTIONS:
            raise complaints.unexpected(sources.text, expression.position, expression.function.lower())
        reached = bound(expression, sources, setting)
        if not reached.field.groupable or reached.field.type in _UNGROUPED_TYPES:
            raise complaints.cannot_be(sources.text, expression.position, reached.field.name, "grouped")
        keys.append(reached)
    kind = statement.grouping.kind
    if kind and len(keys) > MOST_SUBTOTALLED:
        message = f"GROUP BY {kind} supports at most {MOST_SUBTOTALLED} fields"
        raise complaints.at(sources.text, statement.grouping.position, message, "MALFORMED_QUERY")
    return Groups(tuple(keys), kind)


def binding_of_groups(
    groups: Groups, sources: Sources, setting: Setting, complaint: str
) -> Callable[[Expression], Reached]:
    """Return what binds expressions of a group: aggregates, GROUPING(), and what rows are grouped by.

    `complaint` begins the refusal of any other field.
    """

    def bind(expression: Expression) -> Reached:
        if isinstance(expression, Call) and expression.function in AGGREGATES:
            return aggregate(expression, sources)
        if isinstance(expression, Call) and expression.function == "GROUPING":
            return _is_subtotal(expression, groups, sources)
        if isinstance(expression, Call) and expression.function not in DATE_FUNCTIONS:
            raise complaints.unexpected(sources.text, expression.position, expression.function.lower())
        reached = bound(expression, sources, setting)
        if not groups.has(reached):
            message = f"{complaint} must be grouped or aggregated: {reached.field.name}"
            raise complaints.at(sources.text, expression.position, message, "MALFORMED_QUERY")
        return groups.value(reached)

    return bind


def _is_subtotal(call: Call, groups: Groups, sources: Sources) -> Reached:
    path = call.path
    reached = sources.reach(path) if path is not None else None
    if reached is None or not groups.kind or not groups.has(reached):
        message = "GROUPING function can be used only with a field of GROUP BY ROLLUP or GROUP BY CUBE"
        raise complaints.at(sources.text, call.position, message, "MALFORMED_QUERY")
    sql = "1" if reached.sql in groups.rolled else "0"
    return Reached(Field("GROUPING", call.written, "int"), sql, sources.root)
