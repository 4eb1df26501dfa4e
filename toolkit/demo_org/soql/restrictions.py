"""What a statement may not ask over REST, or not of a certain object, before anything else is looked at."""

from toolkit.demo_org.schema import SObject
from toolkit.demo_org.soql import complaints
from toolkit.demo_org.soql.children import MOST_SUBQUERIES, count_subqueries
from toolkit.demo_org.soql.sources import Sources
from toolkit.demo_org.soql.tree import Comparison, Condition, Every, Path, Statement, Within

_LINKS_NEED_A_FILTER = (
    "Implementation restriction: ContentDocumentLink requires a filter by a single Id on ContentDocumentId or "
    "LinkedEntityId using the equals operator or multiple Id's using the IN operator."
)


def check_statement(statement: Statement, sources: Sources) -> None:
    """Raise Refusal (MALFORMED_QUERY) for what is Apex's alone, for categories, and for too many subqueries.

    ``WITH USER_MODE`` and ``WITH SECURITY_ENFORCED`` ask for what holds anyway: the user's own rights.
    """
    for mode in statement.modes:
        if mode.name in ("SYSTEM_MODE", "DATA CATEGORY"):
            message = f"WITH {mode.name} not allowed in this context"
            raise complaints.syntax(sources.text, mode.position, message)
    for word in statement.noted:
        if word.name == "UPDATE":
            raise complaints.syntax(sources.text, word.position, "FOR UPDATE not allowed in this context")
    if count_subqueries(statement) > MOST_SUBQUERIES:
        raise complaints.plain(f"The number of child relationships in the query exceeds {MOST_SUBQUERIES}.")
    if sources.sobject.filtered_by and not _has_key_filter(statement.where, sources):
        raise complaints.plain(_needs_a_filter(sources.sobject))


def _needs_a_filter(sobject: SObject) -> str:
    if sobject.name == "ContentDocumentLink":
        return _LINKS_NEED_A_FILTER
    return f"{sobject.name}: a filter on a reified column is required [{','.join(sobject.filtered_by)},DurableId]"


def _has_key_filter(condition: Condition | None, sources: Sources) -> bool:
    """Whether a condition that every row satisfies names the id, or one of the lookups the object is filtered by."""
    if isinstance(condition, Every):
        return any(_has_key_filter(term, sources) for term in condition.terms)
    if isinstance(condition, Within):
        return not condition.negated and _is_key(condition.left, sources.sobject)
    return (
        isinstance(condition, Comparison)
        and isinstance(condition.left, Path)
        and condition.operator in ("=", "IN")
        and _is_key(condition.left, sources.sobject)
    )


def _is_key(path: Path, sobject: SObject) -> bool:
    first, *further = path.parts
    if further:
        reference = sobject.relationship(first)
        return reference is not None and reference.name in sobject.filtered_by
    return first.lower() in {"id", "durableid", *(name.lower() for name in sobject.filtered_by)}
