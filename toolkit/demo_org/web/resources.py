"""Every resource below ``/services/data/vXX.X``, in one table."""

from functools import partial

from toolkit.demo_org.state import OrgState
from toolkit.demo_org.web import (
    bulk_ingest,
    bulk_query,
    changes,
    collections,
    composite,
    layouts,
    limits,
    listviews,
    passwords,
    query,
    rest,
    searching,
    tooling,
    tree,
    versions,
)
from toolkit.demo_org.web.routing import Route, Router
from toolkit.demo_org.web.wire import Answer, Call


def answer(org: OrgState, call: Call, path: str) -> Answer:
    """Answer a data call; `path` is what follows the version. What is not listed is refused with NOT_FOUND."""
    return _ROUTER.answer(org, call, path)


_ROUTER = Router(
    [
        Route("", {"GET": versions.resources}),
        Route("composite", {"GET": composite.listing, "POST": partial(composite.composite, answer)}, since=38),
        Route("composite/graph", {"POST": partial(composite.graph, answer)}, since=50),
        Route("composite/batch", {"POST": partial(composite.batch, answer)}, since=34),
    ],
    collections.ROUTES,
    tree.ROUTES,
    tooling.ROUTES,
    query.ROUTES,
    limits.ROUTES,
    listviews.ROUTES,
    layouts.ROUTES,
    searching.ROUTES,
    changes.ROUTES,
    passwords.ROUTES,
    rest.ROUTES,
    bulk_ingest.ROUTES,
    bulk_query.ROUTES,
)
