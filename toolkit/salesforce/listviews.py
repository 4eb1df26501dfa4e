"""List views: which there are, and what one of them filters, as a condition for our own queries.

A list view's own query selects what the screen shows, wraps picklists in toLabel() and sorts by the viewer's taste.
Only its filter is of use here; it is cut out of the text without touching what stands in quotes or parentheses.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from toolkit.errors import InputError, NotFoundError, RequestError
from toolkit.salesforce.describe import Describes
from toolkit.salesforce.soql import name as api_name
from toolkit.salesforce.wire import Wire


@dataclass(frozen=True)
class ListView:
    """A list view by its three names."""

    id: str
    label: str
    developer_name: str


@dataclass(frozen=True)
class ListViewDescribe(ListView):
    """A list view with what it filters: ``where`` is SOQL text ("" for none), ``scope`` the word for USING SCOPE."""

    sobject: str
    where: str
    scope: str | None
    query: str


def list_views(wire: Wire, describes: Describes, sobject: str) -> list[ListView]:
    """Return the list views of an object that the user may see, in the org's order."""
    found: list[ListView] = []
    path: str | None = path_of(sobject)
    try:
        while path:
            body = wire.json("GET", path)
            found += of_page(body)
            path = body.get("nextRecordsUrl")
    except RequestError as error:
        if error.code not in ("NOT_FOUND", "INVALID_TYPE"):
            raise
    else:
        return found
    raise describes.missing(sobject)


def list_view(wire: Wire, describes: Describes, sobject: str, wanted: str) -> ListViewDescribe:
    """Return the list view of that label, developer name or id.

    Raises NotFoundError, which names those that exist, and InputError when several have that label.
    """
    view = pick(sobject, list_views(wire, describes, sobject), wanted)
    return described(view, sobject, wire.json("GET", path_of(sobject, view.id)))


def path_of(sobject: str, view_id: str | None = None) -> str:
    """Return the resource that lists an object's list views, or describes the one with that id."""
    listed = f"sobjects/{api_name(sobject)}/listviews"
    return f"{listed}/{view_id}/describe" if view_id else listed


def of_page(body: dict[str, Any]) -> list[ListView]:
    """Return the list views of one page of the list."""
    return [ListView(each["id"], each["label"], each["developerName"]) for each in body["listviews"]]


def described(view: ListView, sobject: str, body: dict[str, Any]) -> ListViewDescribe:
    """Return the list view with the filter found in the body of its describe."""
    query = body["query"]
    clauses = clauses_of(query)
    using = re.fullmatch(r"SCOPE\s+(\w+)", clauses.get("USING", ""), re.IGNORECASE)
    scope = body.get("scope") or (using[1] if using else None)
    return ListViewDescribe(
        id=view.id,
        label=view.label,
        developer_name=view.developer_name,
        sobject=sobject,
        where=clauses.get("WHERE", ""),
        scope=None if scope == "everything" else scope,
        query=query,
    )


def clauses_of(query: str) -> dict[str, str]:
    """Return the clauses of a SELECT statement by their first word, each without it.

    The words count only outside quotes and parentheses: `Name = 'a WHERE b'` holds no clause.
    """
    words = list(_clause_words(query))
    ends = [start for start, _ in words[1:]] + [len(query)]
    return {word: query[start + len(word) : end].strip() for (start, word), end in zip(words, ends, strict=True)}


_TOKEN = re.compile(
    r"""(?P<text>'(?:\\.|[^'\\])*')|(?P<open>\()|(?P<close>\))"""
    r"""|(?<![\w.])(?P<word>SELECT|FROM|USING|WHERE|WITH|GROUP|HAVING|ORDER|LIMIT|OFFSET|FOR)(?![\w.])""",
    re.IGNORECASE | re.DOTALL,
)


def _clause_words(query: str) -> Iterator[tuple[int, str]]:
    depth = 0
    for token in _TOKEN.finditer(query):
        if token["open"]:
            depth += 1
        elif token["close"]:
            depth -= 1
        elif token["word"] and depth == 0:
            yield token.start(), token["word"].upper()


def pick(sobject: str, views: Sequence[ListView], wanted: str) -> ListView:
    """Return the list view of that label, developer name or id; raises like `list_view`."""
    exact = [view for view in views if wanted in (view.id, view.developer_name) or view.id[:15] == wanted]
    by_name = [view for view in views if wanted.lower() in (view.developer_name.lower(), view.label.lower())]
    found = exact or [view for view in views if view.label == wanted] or by_name
    if not found:
        names = ", ".join(view.label for view in views) or "none"
        raise NotFoundError(
            f"{sobject} has no list view {wanted!r}; there are: {names}",
            hint="check the name; a private list view is only seen by its owner, so share it with the integration user",
        )
    if len(found) > 1:
        names = ", ".join(view.developer_name for view in found)
        raise InputError(
            f"{sobject} has {len(found)} list views called {wanted!r}", hint=f"use the developer name: {names}"
        )
    return found[0]
