"""What was asked of the org before its turn: the answers that a pull finds ready, and asks for where they are not."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from toolkit.salesforce.listviews import ListViewDescribe
from toolkit.salesforce.opening import View
from toolkit.salesforce.org import Org
from toolkit.salesforce.query import Answer, Query


@dataclass(frozen=True)
class Ahead:
    """What was answered ahead. ``clock`` is the org's before the first question, ``asked_at`` ours, monotonic."""

    org: Org
    views: Mapping[View, ListViewDescribe] = field(default_factory=dict)
    answers: Mapping[Query, Answer] = field(default_factory=dict)
    clock: datetime | None = None
    asked_at: float = field(default_factory=time.monotonic)

    def view(self, sobject: str, wanted: str) -> ListViewDescribe:
        """Return a list view; raises like `Org.list_view`."""
        return self.views.get((sobject, wanted)) or self.org.list_view(sobject, wanted)

    def ask(self, *queries: Query) -> list[Answer]:
        """Return the first page of each query's result; raises like `Org.ask`."""
        missing = [each for each in queries if each not in self.answers]
        found = dict(zip(missing, self.org.ask(*missing), strict=True)) if missing else {}
        return [self.answers[each] if each in self.answers else found[each] for each in queries]
