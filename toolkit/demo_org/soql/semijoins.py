"""Semi-joins and anti-joins: ``Id IN (SELECT AccountId FROM Contact WHERE ...)``, with Salesforce's limits on them."""

from dataclasses import replace

from toolkit.demo_org.schema import ID_TYPES, Field
from toolkit.demo_org.soql import complaints
from toolkit.demo_org.soql.binding import bound
from toolkit.demo_org.soql.conditions import Terms, opposite, present_records, where
from toolkit.demo_org.soql.sources import Reached, sources_of
from toolkit.demo_org.soql.tree import Condition, Either, Every, Opposite, Path, Statement, Within

MOST_IN_ONE_WHERE = 2
UNSUPPORTED_INSIDE = frozenset({"activityhistory", "attachment", "event", "note", "openactivity", "task"})


def check_semijoins(statement: Statement) -> None:
    """Raise Refusal (MALFORMED_QUERY) where a statement has too many semi-joins, or has one where it may not."""
    if statement.where is None:
        return
    found = _collected(statement.where, allowed=True)
    if len(found) > MOST_IN_ONE_WHERE:
        raise complaints.plain(f"Maximum {MOST_IN_ONE_WHERE} semi join sub-selects are allowed in one query")
    for within in found:
        _check_inner(within, statement)


def semijoin(within: Within, left: Reached, terms: Terms) -> str:
    """Return the SQL of a semi-join; its values go to ``terms.params``."""
    inner = within.statement
    outer = terms.sources
    sources = sources_of(inner.origin, terms.text, outer.schema, outer.reader, prefix=f"{outer.prefix}s")
    selected = inner.selected[0].expression
    if len(inner.selected) != 1 or not isinstance(selected, Path):
        raise complaints.unexpected(terms.text, within.position, "SELECT")
    if left.source.names or left.field.type not in ID_TYPES:
        raise complaints.plain(
            "The left operand field in the where expression for outer query should be an id field, cannot use: "
            f"'{within.left}'"
        )
    column = sources.reach(selected)
    if column.source.names:
        raise complaints.plain(f"The inner select field '{selected}' cannot have more than one level of relationships")
    if column.field.type not in ID_TYPES:
        raise complaints.plain(f"The inner select field '{selected}' should be an id field")
    if not _targets(left.field, terms.sources.sobject.name) & _targets(column.field, sources.sobject.name):
        raise complaints.plain(
            f"The selected field '{selected}' in the subquery and the left operand field in the where expression in "
            f"the outer query '{within.left}' should point to the same object type"
        )
    parts = [f"{column.sql} IS NOT NULL", *present_records(sources, all_rows=terms.setting.all_rows)]
    if inner.where is not None:
        inner_terms = replace(terms, sources=sources, bind=lambda each: bound(each, sources, terms.setting), inner=None)
        parts.append(where(inner.where, inner_terms))
    found = f"{left.sql} IN (SELECT {column.sql} FROM {sources.sql} WHERE {' AND '.join(parts)})"
    return opposite(found) if within.negated else found


def _collected(condition: Condition, *, allowed: bool) -> list[Within]:
    if isinstance(condition, Within):
        if not allowed:
            raise complaints.plain("Semi join sub-selects are not allowed with the 'OR' operator")
        return [condition]
    if isinstance(condition, Every | Either):
        within_and = allowed and isinstance(condition, Every)
        return [found for each in condition.terms for found in _collected(each, allowed=within_and)]
    if isinstance(condition, Opposite):
        return _collected(condition.term, allowed=False)
    return []


def _check_inner(within: Within, outer: Statement) -> None:
    inner = within.statement
    name = inner.origin.name
    if name.lower() == outer.origin.name.lower():
        raise complaints.plain("The inner and outer selects should not be on the same object type")
    if name.lower() in UNSUPPORTED_INSIDE or name.lower().endswith("tag"):
        raise complaints.plain(f"Entity '{name}' is not supported for semi join inner selects")
    if inner.where is not None and _collected(inner.where, allowed=True):
        raise complaints.plain("Nesting of semi join sub-selects is not supported")
    clauses = {
        "USING": inner.scope,
        "WITH": inner.modes,
        "GROUP": inner.grouping.expressions,
        "ORDER": inner.sorted_by,
        "LIMIT": inner.limit is not None,
        "OFFSET": inner.offset is not None,
        "FOR": inner.noted,
        "UPDATE": inner.updates,
    }
    for clause, present in clauses.items():
        if present:
            position = outer.text.upper().find(clause, within.position)
            raise complaints.unexpected(outer.text, position, clause)


def _targets(field: Field, own: str) -> set[str]:
    return {own} if field.type == "id" else set(field.reference_to)
