"""What a statement may not ask over REST, or not of a certain object, before anything else is looked at."""

from toolkit.demo_org.soql import complaints
from toolkit.demo_org.soql.children import MOST_SUBQUERIES, count_subqueries
from toolkit.demo_org.soql.sources import Sources
from toolkit.demo_org.soql.tree import Comparison, Condition, Every, Path, Statement, Within

_LINK_FILTERS = frozenset({"id", "contentdocumentid", "linkedentityid"})
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
    if sources.sobject.name == "ContentDocumentLink" and not _has_link_filter(statement.where):
        raise complaints.plain(_LINKS_NEED_A_FILTER)


def _has_link_filter(condition: Condition | None) -> bool:
    if isinstance(condition, Every):
        return any(_has_link_filter(term) for term in condition.terms)
    if isinstance(condition, Within):
        return str(condition.left).lower() in _LINK_FILTERS and not condition.negated
    return (
        isinstance(condition, Comparison)
        and isinstance(condition.left, Path)
        and condition.operator in ("=", "IN")
        and str(condition.left).lower() in _LINK_FILTERS
    )
