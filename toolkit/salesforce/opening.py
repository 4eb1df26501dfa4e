"""What a run asks an org before it reads any record, in a call or two: its objects, list views, name and clock.

Nothing that is asked here has to be answered: whoever misses something asks for it again, and is told why not then.
The clock is the moment up to which Salesforce says that it knows of all changes, never a clock of ours.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from toolkit.errors import InputError, NotFoundError
from toolkit.salesforce import listviews
from toolkit.salesforce.composite import Subanswer, Subrequest, composite
from toolkit.salesforce.describe import Describes
from toolkit.salesforce.listviews import ListView, ListViewDescribe
from toolkit.salesforce.soql import name as api_name
from toolkit.salesforce.soql import select
from toolkit.salesforce.wire import Wire

_AGO = timedelta(minutes=2)
_AHEAD = timedelta(days=1)
"""How far our clock may be behind the org's before the org's is not known to its minute."""
_TIME = "%Y-%m-%dT%H:%M:%S.%f%z"

ORGANIZATION = select(["Name", "IsSandbox"], "Organization")

View = tuple[str, str]
"""An object's API name, and a list view by its label, developer name or id."""


@dataclass(frozen=True)
class Organization:
    """The org itself."""

    name: str
    is_sandbox: bool

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> "Organization":
        """Return the org of its record, as far as the user may see it."""
        return cls(str(record.get("Name", "")), bool(record.get("IsSandbox")))


@dataclass(frozen=True)
class Opening:
    """What was answered. ``clock`` is the org's, to the minute, ``organization`` what it is; None if not answered."""

    views: Mapping[View, ListViewDescribe]
    clock: datetime | None = None
    organization: Organization | None = None


def open_up(
    wire: Wire,
    describes: Describes,
    sobjects: Iterable[str],
    views: Iterable[View],
    now: datetime,
    *,
    organization: bool,
) -> Opening:
    """Return what the org answers, and teach `describes` the objects that it did not know.

    `organization` asks for the org itself as well. `now` is our clock: it only has to be less than a day wrong for the
    org's to be told. Costs one call, and one more where there are list views; an object that does not exist costs
    nothing more.
    """
    views = list(dict.fromkeys(views))
    wanted = list(dict.fromkeys(sobjects))
    asked = {f"describe {each}": _describe(each) for each in wanted if not describes.knows(each)}
    asked |= {f"views {each}": Subrequest("GET", listviews.path_of(each)) for each, _ in views}
    if organization:
        asked["organization"] = Subrequest("GET", "query", {"q": ORGANIZATION})
    if wanted:
        asked["clock"] = _clock(wanted[0], now)
    told = {name: each for name, each in _answers(wire, asked).items() if each.error is None}
    for name, answer in told.items():
        if name.startswith("describe "):
            describes.learn(answer.body)
    listed = {each: told[f"views {each}"].body for each, _ in views if f"views {each}" in told}
    record = next(iter(told["organization"].body["records"]), None) if "organization" in told else None
    return Opening(
        views=_described(wire, {view: chosen for view in views if (chosen := _chosen(view, listed))}),
        clock=_time(told.get("clock")),
        organization=Organization.of(record) if record else None,
    )


def _answers(wire: Wire, asked: Mapping[str, Subrequest]) -> dict[str, Subanswer]:
    return dict(zip(asked, composite(wire, list(asked.values())), strict=True)) if asked else {}


def _describe(sobject: str) -> Subrequest:
    return Subrequest("GET", f"sobjects/{api_name(sobject)}/describe")


def _clock(sobject: str, now: datetime) -> Subrequest:
    # Asked what was updated until tomorrow, Salesforce tells up to when it knows: until now.
    window = {"start": now - _AGO, "end": now + _AHEAD}
    params = {name: at.isoformat(timespec="seconds") for name, at in window.items()}
    return Subrequest("GET", f"sobjects/{api_name(sobject)}/updated", params)


def _time(answer: Subanswer | None) -> datetime | None:
    try:
        return datetime.strptime(answer.body["latestDateCovered"], _TIME).astimezone(UTC) if answer else None
    except (KeyError, TypeError, ValueError):
        return None


def _chosen(view: View, listed: Mapping[str, Any]) -> ListView | None:
    """The list view that is meant, when the first page of the list is all there is and names it once."""
    sobject, wanted = view
    body = listed.get(sobject)
    if body is None or body.get("nextRecordsUrl"):
        return None
    try:
        return listviews.pick(sobject, listviews.of_page(body), wanted)
    except (InputError, NotFoundError):
        return None


def _described(wire: Wire, chosen: Mapping[View, ListView]) -> dict[View, ListViewDescribe]:
    asked = {view: Subrequest("GET", listviews.path_of(view[0], each.id)) for view, each in chosen.items()}
    answers = composite(wire, list(asked.values())) if asked else []
    return {
        view: listviews.described(chosen[view], view[0], answer.body)
        for view, answer in zip(asked, answers, strict=True)
        if answer.error is None
    }
