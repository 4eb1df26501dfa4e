"""Which records of an object take part: the mapping's scope, made into words, SOQL, and what SOQL cannot say.

All that a scope gives must hold: a list view, a picklist's values, a filter, the accounts it keeps to, won
opportunities. Nothing is read here; the list view and the accounts' own scope are handed in.

Records of the accounts in scope are found by a semi-join, ``AccountId IN (SELECT Id FROM Account WHERE ...)``. Where
SOQL has none, they are read and then kept by the ids of the accounts that were pulled: when the accounts' scope is one
of USING SCOPE or holds a semi-join itself, when the way to the account leads through another record or may lead to
records of several kinds (WhatId, RelatedToId, ParentId), and for activities and notes.

What changes a scope without changing a record makes it *volatile*: relative dates, fields of other records, formulas,
"my records". Whoever pulls a volatile scope has to compare all ids each time. Accounts that enter or leave their scope
do not make their contacts' scope volatile: the ids of the accounts say whose contacts come and go.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from toolkit.config.filters import RELATIVE_DATES, parse_filter, to_text
from toolkit.config.interactions import kind_condition
from toolkit.config.objects import ObjectMapping, Picklist
from toolkit.errors import InputError
from toolkit.pulling.conditions import equals_any, is_volatile, to_soql, unknown_values, unlisted
from toolkit.salesforce.describe import FieldDescribe, ObjectDescribe
from toolkit.salesforce.listviews import ListView, ListViewDescribe
from toolkit.salesforce.soql import both

WON = "IsWon = true"
OPPORTUNITY = "Opportunity"
NO_SEMI_JOIN = frozenset({"Task", "Event", "Note"})
"""Objects whose records are kept by their account's id after they were read, never by a semi-join."""

VIEW_ADVICE = (
    'whoever may manage public list views in Salesforce can change what "{view}" shows, and with it what takes part '
    "here; let only an administrator edit it (SKA-11)"
)
EVERYTHING_ADVICE = (
    "Salesforce often holds accounts that are no customers of today: keep to them by a list view, a picklist or a "
    "filter such as Type contains 'Customer' (VIT-13)"
)
ARCHIVED = frozenset({"Task", "Event"})
ARCHIVED_ADVICE = "Salesforce archives tasks and events after a year; those are not read"


@dataclass(frozen=True)
class ScopeOfAccounts:
    """The records of an object that belong to accounts in scope: ``path`` leads to the account's id.

    When ``in_soql``, the condition of the scope already says so; else the records are to be kept by the ids.
    """

    object: str
    path: str
    in_soql: bool


@dataclass(frozen=True)
class ResolvedScope:
    """A scope as it is read. ``where`` is SOQL, ``using`` a word for USING SCOPE, ``own`` the part of ``where`` that
    looks at no accounts. ``advice`` are sentences for the admin, with requirement ids.
    """

    label: str
    where: str | None = None
    using: str | None = None
    own: str | None = None
    accounts: ScopeOfAccounts | None = None
    volatile: bool = False
    advice: tuple[str, ...] = ()

    @property
    def everything(self) -> bool:
        """Whether every record of the object takes part."""
        return self.where is None and self.using is None and self.accounts is None

    @property
    def countable(self) -> bool:
        """Whether Salesforce can count the records in scope."""
        return self.accounts is None or self.accounts.in_soql

    @property
    def negatable(self) -> bool:
        """Whether Salesforce can be asked for what ``where`` leaves out: with neither USING SCOPE nor a semi-join."""
        semi_join = self.accounts is not None and "(SELECT Id FROM" in (self.where or "")
        return self.where is not None and self.using is None and not semi_join

    @property
    def text(self) -> str:
        """What identifies the scope: two pulls with the same text asked for the same records."""
        path = self.accounts.path if self.accounts and not self.accounts.in_soql else ""
        return f"{self.using or 'everything'} | {self.where or ''} | {path}"


def resolve_scope(
    mapping: ObjectMapping,
    describe: ObjectDescribe,
    view: ListViewDescribe | None = None,
    accounts: ResolvedScope | None = None,
    account_mapping: ObjectMapping | None = None,
) -> ResolvedScope:
    """Return the scope of `mapping` as it is read from the org.

    `describe` is of its object, `view` the list view it names. `accounts` is the resolved scope of the customers, and
    `account_mapping` their mapping; without them the records of all accounts take part.

    Raises NotFoundError for a field that is not there, InputError for a picklist field of another type (CC-3), a value
    that a restricted picklist does not have, and a filter that does not fit its fields.
    """
    parts = list(_parts(mapping, describe, view))
    own = _all([part.where for part in parts])
    using = view.scope if view else None
    advice = [sentence for part in parts for sentence in part.advice]
    if mapping.acts_as == "account" and own is None and using is None:
        advice.append(EVERYTHING_ADVICE)
    if describe.name in ARCHIVED:
        advice.append(ARCHIVED_ADVICE)
    label = ", ".join(part.label for part in parts) or f"all of {mapping.sobject}"
    volatile = any(part.volatile for part in parts)
    mine = ResolvedScope(label, where=own, using=using, own=own, volatile=volatile, advice=tuple(advice))
    if accounts is None or account_mapping is None:
        return mine
    return _of_accounts(mine, mapping, describe, accounts, account_mapping)


def keeps_to_won(mapping: ObjectMapping) -> bool:
    """Return whether only won opportunities take part: by default, unless a view says which (SKA-25)."""
    if mapping.sobject.lower() != OPPORTUNITY.lower():
        return False
    return mapping.scope.list_view is None if mapping.scope.won is None else mapping.scope.won


def view_is_volatile(view: ListViewDescribe) -> bool:
    """Return whether a record may enter or leave a list view without being changed itself."""
    plain = re.sub(r"'(?:\\.|[^'\\])*'", "''", view.where, flags=re.DOTALL)
    words = {word.upper() for word in re.findall(r"\w+", plain)}
    relative = words & set(RELATIVE_DATES) or re.search(r"\b(LAST|NEXT)_N_\w+:\d|\bN_\w+_AGO:\d", plain, re.IGNORECASE)
    return view.scope is not None or bool(relative) or re.search(r"[A-Za-z_]\w*\.[A-Za-z_]", plain) is not None


def default_view(views: Iterable[ListView], plural_label: str = "Accounts") -> ListView | None:
    """Return the list view to begin with: "All Accounts", which by default holds the customers (SKA-9, SKA-10)."""
    wanted = (f"All{plural_label}".replace(" ", "").lower(), f"all {plural_label}".lower())
    return next((each for each in views if {each.developer_name.lower(), each.label.lower()} & set(wanted)), None)


def identifying_fields(describe: ObjectDescribe) -> list[FieldDescribe]:
    """Return the picklists that may say which account is a customer, likely ones first (CC-2, CC-3, CC-5).

    Every org does this in its own way, so these are for a person to choose from.
    """
    found = [each for each in describe.fields.values() if each.type in ("picklist", "multipicklist")]
    return sorted(found, key=lambda each: (-_likeliness(each), not each.custom, each.name))


def _likeliness(field: FieldDescribe) -> int:
    words = f"{field.name} {field.label}".lower()
    values = " ".join(field.picklist_values).lower()
    told = any(word in words for word in ("type", "status", "stage", "customer"))
    return 2 * ("customer" in values or "client" in values) + told


@dataclass(frozen=True)
class _Part:
    """One of the conditions that all have to hold."""

    label: str
    where: str
    volatile: bool = False
    advice: tuple[str, ...] = ()


def _parts(mapping: ObjectMapping, describe: ObjectDescribe, view: ListViewDescribe | None) -> Iterator[_Part]:
    scope = mapping.scope
    if view is not None:
        advice = (VIEW_ADVICE.format(view=view.label),)
        yield _Part(f'the list view "{view.label}"', view.where, view_is_volatile(view), advice)
    if scope.picklist is not None:
        yield _picklist(scope.picklist, describe)
    if scope.filter is not None:
        tree = parse_filter(scope.filter)
        where, unknown = to_soql(tree, describe), unknown_values(tree, describe)
        yield _Part(to_text(tree), where, is_volatile(tree, describe), tuple(unknown))
    if keeps_to_won(mapping):
        yield _Part("won opportunities", WON)
    kind = kind_condition(mapping.sobject, mapping.interaction_kind)
    if kind is not None:
        yield _Part(f"{mapping.sobject} of the subtype {mapping.interaction_kind} (SKA-32)", kind)


def _picklist(picklist: Picklist, describe: ObjectDescribe) -> _Part:
    path, field = describe.path(picklist.field), describe.field(picklist.field)
    if field.type not in ("picklist", "multipicklist"):
        valid = ", ".join(each.name for each in identifying_fields(describe)) or "none"
        raise InputError(
            f"{describe.name}.{path} is a field of type {field.type}, and the scope's picklist must be one (CC-3)",
            hint=f"valid is {valid}; for fields of other types use the scope's filter",
        )
    unknown = unlisted(f"{describe.name}.{path}", field, picklist.values)
    if unknown and field.restricted_picklist:
        raise InputError("\n".join(unknown), hint="correct the scope's picklist in the mapping file (CC-6)")
    values = " or ".join(f'"{each}"' for each in picklist.values)
    volatile = "." in path or field.calculated
    return _Part(f"{path} is {values}", equals_any(path, field, picklist.values), volatile, tuple(unknown))


def _of_accounts(
    mine: ResolvedScope,
    mapping: ObjectMapping,
    describe: ObjectDescribe,
    accounts: ResolvedScope,
    account_mapping: ObjectMapping,
) -> ResolvedScope:
    """Keep to the records of the accounts in scope (SKA-19), where the object has a way to them and is to."""
    path = mapping.account_path
    if mapping.acts_as in ("account", "user") or not mapping.scope.of_accounts:
        return mine
    if mapping.sobject.lower() == account_mapping.sobject.lower() and path in (None, "Id"):
        return _on_the_account_itself(mine, accounts)
    if path is None:
        return mine
    path = describe.path(path)
    direct = "." not in path and describe.field(path).reference_to == (account_mapping.sobject,)
    semi_join = direct and describe.name not in NO_SEMI_JOIN and _can_be_inner(accounts)
    in_soql = (direct and accounts.everything) or semi_join
    inner = f"SELECT Id FROM {account_mapping.sobject} WHERE {accounts.where}"
    condition = f"{path} IN ({inner})" if semi_join and not accounts.everything else f"{path} != null"
    return ResolvedScope(
        label=f"{mine.label} of the accounts in {accounts.label}",
        where=both(mine.own, condition) if mine.own else condition,
        using=mine.using,
        own=mine.own,
        accounts=ScopeOfAccounts(account_mapping.object, path, in_soql),
        volatile=mine.volatile,
        advice=mine.advice,
    )


def _on_the_account_itself(mine: ResolvedScope, accounts: ResolvedScope) -> ResolvedScope:
    """An object that is read from the accounts' own records, such as agreements kept in the account."""
    if mine.using and accounts.using and mine.using != accounts.using:
        raise InputError(
            f"{mine.label} and {accounts.label} cannot be asked for at once",
            hint="leave out the object's own list view",
        )
    where = both(mine.own, accounts.where) if mine.own and accounts.where else mine.own or accounts.where
    return ResolvedScope(
        label=f"{mine.label} of the accounts in {accounts.label}",
        where=where,
        using=mine.using or accounts.using,
        own=where,
        volatile=mine.volatile or accounts.volatile,
        advice=mine.advice,
    )


def _can_be_inner(accounts: ResolvedScope) -> bool:
    """Return whether a scope can stand inside a semi-join: as a condition that holds none itself."""
    plain = re.sub(r"'(?:\\.|[^'\\])*'", "''", accounts.where or "", flags=re.DOTALL)
    return (
        accounts.using is None and accounts.accounts is None and not re.search(r"\(\s*SELECT\b", plain, re.IGNORECASE)
    )


def _all(wheres: Sequence[str]) -> str | None:
    given = [each for each in wheres if each.strip()]
    return given[0] if len(given) == 1 else " AND ".join(f"({each})" for each in given) or None
