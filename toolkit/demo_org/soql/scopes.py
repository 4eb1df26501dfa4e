"""USING SCOPE: the rows of a scope, of those the object has."""

from toolkit.demo_org.soql import complaints
from toolkit.demo_org.soql.sources import Sources
from toolkit.demo_org.soql.tree import Statement

TEAM_OBJECTS = {
    "account": ("AccountTeamMember", "AccountId"),
    "opportunity": ("OpportunityTeamMember", "OpportunityId"),
}
"""The objects that say who is on the team of a record. In an org without them a team is the owner alone."""

OF_THEIR_OWN = {"task": frozenset({"delegated"})}
"""Scopes that an object has besides those of its describe."""

_EVERY_ROW = frozenset({"everything", "scopingrule"})
_ALWAYS_THERE = frozenset({"everything", "mine", "mru"})


def scope_conditions(statement: Statement, sources: Sources, params: list[object]) -> list[str]:
    """Return the SQL conditions of a statement's scope; raises Refusal (INVALID_QUERY_SCOPE) if there is none such.

    mine: what the user owns. team: that, and what they are on the team of. delegated: what they made and somebody else
    owns. mru: what was looked at lately. A scoping rule nobody has set up leaves everything.
    """
    if statement.scope is None:
        return []
    name, position = statement.scope
    scope = name.lower().replace("_", "")
    listed = {each.lower().replace("_", "") for each, _ in sources.sobject.scopes}
    there = listed | _ALWAYS_THERE | OF_THEIR_OWN.get(sources.sobject.name.lower(), frozenset())
    conditions = _conditions(scope, sources, params) if scope in there else None
    if conditions is None:
        message = f"Query scope '{name}' is not supported for {sources.sobject.name}"
        raise complaints.at(sources.text, position, message, "INVALID_QUERY_SCOPE")
    return conditions


def _conditions(scope: str, sources: Sources, params: list[object]) -> list[str] | None:
    table, user = sources.root.tables[0], sources.reader.user_id
    if scope in _EVERY_ROW:
        return []
    if scope == "mru":
        return [f"{table.column('LastViewedDate')} IS NOT NULL"] if sources.sobject.field("LastViewedDate") else None
    if sources.sobject.field("OwnerId") is None:
        return None
    owned = f"{table.column('OwnerId')} = ?"
    if scope == "mine":
        params.append(user)
        return [owned]
    if scope == "delegated":
        params += [user, user]
        return [f"{table.column('CreatedById')} = ?", f"{table.column('OwnerId')} != ?"]
    if scope == "team":
        team, key = TEAM_OBJECTS.get(sources.sobject.name.lower(), ("", ""))
        params.append(user)
        if sources.schema.get(team) is None:
            return [owned]
        params.append(user)
        return [f'({owned} OR {table.column("Id")} IN (SELECT {key} FROM "{team}" WHERE UserId = ?))']
    return None
