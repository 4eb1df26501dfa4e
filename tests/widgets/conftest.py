"""The widgets stand over a real workspace: its own demo org on the wire, its own store and mapping file."""

from collections.abc import Iterator

import pytest

from toolkit import Workspace

ACCOUNTS = 60


@pytest.fixture
def connected() -> Iterator[Workspace]:
    """A demo workspace in which no step was run yet."""
    with Workspace.demo(accounts=ACCOUNTS) as workspace:
        yield workspace


@pytest.fixture
def ws(connected) -> Workspace:
    """A demo workspace read, matched and scored: ready to be planned."""
    for step in (connected.pull, connected.load, connected.match, connected.score):
        step()
    return connected
