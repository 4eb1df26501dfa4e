"""A believable company in a real store, the dashboard's own server in a process of its own, and a real browser."""

import contextlib
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest
from playwright.sync_api import Browser, Page, Request

from tests.dashboards.samples import fill, intended, plan_of
from toolkit.config import Settings


@pytest.fixture(scope="session")
def company_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace of 300 accounts that no test changes."""
    folder = tmp_path_factory.mktemp("company")
    fill(folder)
    return folder


@pytest.fixture
def fill_store() -> Callable[..., Settings]:
    """The function that fills a workspace, for tests that need one of their own."""
    return fill


@pytest.fixture
def plan_maker() -> SimpleNamespace:
    """``plan_of(changes)`` seals a plan, ``intended(commit_id, changes)`` makes journal rows of a commit cut off."""
    return SimpleNamespace(plan_of=plan_of, intended=intended)


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve the dashboard of `folder` in a process of its own and yield its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = f"from pathlib import Path; from dashboards.app import serve; serve(Path({str(folder)!r}), {port})"
    process = subprocess.Popen([sys.executable, "-c", command], cwd=Path(__file__).resolve().parents[2])
    url = f"http://127.0.0.1:{port}/"
    try:
        wait_for(url, process)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=20)


def wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, "the dashboard's server ended"
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=30):
            return
        time.sleep(0.2)
    raise AssertionError("the dashboard did not answer within a minute")


@pytest.fixture(scope="session")
def company_url(company_folder: Path) -> Iterator[str]:
    with served(company_folder) as url:
        yield url


@pytest.fixture
def serve_folder() -> Iterator[Callable[[Path], str]]:
    """A function that serves a folder until the test ends and returns the address."""
    with contextlib.ExitStack() as stack:
        yield lambda folder: stack.enter_context(served(folder))


@dataclass
class Window:
    """A browser page, with everything that must not have happened in it."""

    page: Page
    foreign: list[str]
    errors: list[str]

    def open(self, url: str, ready: str = ".figure-card") -> Page:
        """Open `url`, wait until `ready` can be seen, and note requests that go elsewhere."""
        home = url.split("?")[0]

        def asked(request: Request) -> None:
            if not request.url.startswith((home, "data:", "blob:")):
                self.foreign.append(request.url)

        self.page.on("request", asked)
        self.page.goto(url)
        self.page.locator(ready).first.wait_for(timeout=60_000)
        return self.page


@pytest.fixture
def window(browser: Browser) -> Iterator[Window]:
    """A new window; the test fails when a request left the machine or an error reached the console."""
    context = browser.new_context(viewport={"width": 1400, "height": 950})
    page = context.new_page()
    window = Window(page, [], [])
    page.on("console", lambda said: window.errors.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: window.errors.append(str(error)))
    yield window
    context.close()
    assert window.foreign == []
    assert window.errors == []
