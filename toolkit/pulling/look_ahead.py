"""What the pulls of several objects ask of the org, asked together before the first of them: a few calls for all.

Each pull still asks its own questions; those that were answered ahead cost nothing more. What could not be prepared or
was refused is left out here, so that the pull it belongs to asks for it, and says what is wrong, in its turn.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from toolkit.config.objects import ObjectMapping
from toolkit.errors import ToolkitError
from toolkit.pulling.ahead import Ahead
from toolkit.pulling.preparing import prepare
from toolkit.pulling.scope import ResolvedScope
from toolkit.salesforce import Org
from toolkit.salesforce.query import Query
from toolkit.store import Store

_OF_USERS = frozenset({"owner", "createdby", "lastmodifiedby"})
"""The relationships that lead to users in every object."""


def look_ahead(
    org: Org, store: Store, objects: Mapping[str, ObjectMapping], *, account: str, now: datetime, full: bool = False
) -> Ahead:
    """Ask for what the pulls of `objects` will ask first. Raises SalesforceError when a whole call is refused.

    `account` names the object to whose scope the others keep, `now` is our clock. Costs a call for the objects' fields
    and list views, one more where there are list views, and one for every five questions; with `full` there are none,
    because everything will be read.
    """
    mappings = list(objects.values())
    views = [(each.sobject, each.scope.list_view) for each in mappings if each.scope.list_view]
    started = time.monotonic()
    opening = org.open_up(_sobjects(mappings), views, now)
    ahead = Ahead(org, opening.views, clock=opening.clock, asked_at=started)
    if full:
        return ahead
    queries = dict.fromkeys(_questions(ahead, store, objects, account))
    return replace(ahead, answers=org.ask_ahead(queries))


def _sobjects(mappings: Iterable[ObjectMapping]) -> Iterator[str]:
    """The objects that are pulled, and those that the ways to their fields lead to, as far as their names tell."""
    for mapping in mappings:
        yield mapping.sobject
        first = {path.partition(".")[0] for path in mapping.there_paths if "." in path}
        for way in sorted(first):
            if way.lower() in _OF_USERS:
                yield "User"
            elif not way.lower().endswith("__r") and way.lower() != "parent":
                yield way


def _questions(ahead: Ahead, store: Store, objects: Mapping[str, ObjectMapping], account: str) -> Iterator[Query]:
    accounts_scope: ResolvedScope | None = None
    for name, mapping in objects.items():
        try:
            prepared = prepare(
                ahead.org,
                mapping,
                store,
                name=name,
                accounts=None if name == account else objects.get(account),
                accounts_scope=accounts_scope,
                ahead=ahead,
            )
            since = prepared.since(store.watermark(name))
            yield from prepared.reader.questions(since).values() if since and store.count_records("there", name) else ()
        except ToolkitError:
            if name == account:
                return
            continue
        accounts_scope = prepared.reader.scope if name == account else accounts_scope
