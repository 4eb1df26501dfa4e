"""A demo org on the wire and ways to connect to it. Waits are counted and cut short; nothing else is pretended."""

import time
from datetime import UTC, datetime

import pytest

from toolkit.demo_org import DemoOrg
from toolkit.salesforce import Credentials, connect

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)


class Naps:
    """A sleep that remembers how long it was asked for and takes at most a blink."""

    def __init__(self) -> None:
        self.taken: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)
        time.sleep(min(seconds, 0.02))


@pytest.fixture
def demo():
    with DemoOrg.start(accounts=40, seed=1, now=NOW) as org:
        yield org


@pytest.fixture
def naps():
    return Naps()


@pytest.fixture
def connected(demo, naps):
    """A function that connects to the demo org; what it is given replaces what it would use."""

    def connect_to(**different):
        secrets = Credentials(demo.client_id, demo.client_secret, refresh_token=demo.refresh_token)
        given = {
            "login": "client_credentials",
            "login_url": demo.url,
            "credentials": secrets,
            "ca_file": demo.ca_file,
            "timeout": (2, 10),
            "sleep": naps,
            "jitter": lambda: 0.0,
        }
        return connect(**{**given, **different})

    return connect_to


@pytest.fixture
def org(connected):
    return connected()


@pytest.fixture
def calls_of(demo):
    """A function that runs something and returns the calls the org saw meanwhile, as (method, end of path, status)."""

    def during(run):
        before = len(demo.requests)
        run()
        return [(method, path.rpartition("/v66.0/")[2], status) for method, path, status in demo.requests[before:]]

    return during
