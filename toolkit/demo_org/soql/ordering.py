"""ORDER BY: what values sort by, and where nulls go."""

from collections.abc import Callable
from dataclasses import dataclass

from toolkit.demo_org.soql import complaints
from toolkit.demo_org.soql.binding import bound, quoted
from toolkit.demo_org.soql.setting import Setting
from toolkit.demo_org.soql.sources import Reached, Sources
from toolkit.demo_org.soql.sql_functions import UPPER
from toolkit.demo_org.soql.tree import Call, Expression, Sorting, Statement

NULLS_FIRST_ASCENDING = True
NULLS_FIRST_DESCENDING = True
"""Where nulls go if the statement does not say. Salesforce's guide says first and makes no difference for DESC."""

_TEXTUAL = frozenset({"string", "textarea", "email", "phone", "url", "combobox", "encryptedstring"})
_UNSORTED = frozenset({"multipicklist", "address", "location"})


@dataclass(frozen=True)
class SortKey:
    """What rows are sorted by: an SQL expression, and the way."""

    sql: str
    way: str  # DESC NULLS FIRST


def sort_keys(statement: Statement, sources: Sources, bind: Callable[[Expression], Reached]) -> list[SortKey]:
    """Return what the rows of a statement are sorted by; raises Refusal for a field that cannot be sorted by."""
    return [_sort_key(each, sources, bind) for each in statement.sorted_by]


def sorting_of_records(sources: Sources, setting: Setting) -> Callable[[Expression], Reached]:
    """Return what binds the expressions of ORDER BY where the rows are records: fields and distances."""

    def bind(expression: Expression) -> Reached:
        if isinstance(expression, Call) and expression.function != "DISTANCE":
            raise complaints.unexpected(sources.text, expression.position, expression.function.lower())
        return bound(expression, sources, setting)

    return bind


def order_by(keys: list[SortKey], *more: str) -> str:
    """Return the ORDER BY clause, nothing where there is nothing to sort by."""
    parts = [*(f"{key.sql} {key.way}" for key in keys), *more]
    return f" ORDER BY {', '.join(parts)}" if parts else ""


def sort_value(reached: Reached) -> str:
    """Return the SQL of what a field sorts by: text in capitals, a picklist by the order of its values."""
    kind = reached.field.type
    if kind == "boolean":
        return f"ifnull({reached.sql}, 0)"
    if kind == "picklist":
        return f"CASE WHEN {reached.sql} IS NOT NULL THEN {picklist_rank(reached)} END"
    return f"{UPPER}({reached.sql})" if kind in _TEXTUAL else reached.sql


def picklist_rank(reached: Reached) -> str:
    """Return the SQL of a value's place in its picklist; values that are not in it come last."""
    values = reached.field.picklist
    ranks = " ".join(f"WHEN {quoted(each.value)} THEN {rank}" for rank, each in enumerate(values))
    return f"CASE {reached.sql} {ranks} WHEN NULL THEN NULL ELSE {len(values)} END"


def _sort_key(sorting: Sorting, sources: Sources, bind: Callable[[Expression], Reached]) -> SortKey:
    expression = sorting.expression
    reached = bind(expression)
    if not reached.field.sortable or reached.field.type in _UNSORTED:
        raise complaints.cannot_be(sources.text, expression.position, reached.field.name, "sorted")
    through_parent = bool(reached.source.names) and not isinstance(expression, Call)
    nulls = _nulls(sorting, through_parent=through_parent)
    return SortKey(sort_value(reached), f"{'DESC' if sorting.descending else 'ASC'} NULLS {nulls}")


def _nulls(sorting: Sorting, *, through_parent: bool) -> str:
    """FIRST or LAST; NULLS LAST is ignored for a parent's field, as in Salesforce."""
    if sorting.nulls is not None and not through_parent:
        return sorting.nulls
    first = NULLS_FIRST_DESCENDING if sorting.descending else NULLS_FIRST_ASCENDING
    return "FIRST" if first else "LAST"
