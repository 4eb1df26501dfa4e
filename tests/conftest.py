"""What tests share: a demo org, a client logged in to it, the demo mapping, and a folder ready to be a workspace.

The demo org and the client are imported by the fixtures that need them, so that a test of a pure function does not
wait for a web server to load.
"""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from toolkit.config import Settings, parse, preset_text

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)
"""The moment that the demo org's clock starts at and that pure functions are given."""

ACCOUNTS = 60


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def demo_org(request):
    """A demo org in memory, 60 accounts; parametrise it indirectly with options of `DemoOrg.start` for another."""
    from toolkit.demo_org import DemoOrg

    options: dict[str, Any] = {"accounts": ACCOUNTS, "seed": 1, "now": NOW, **getattr(request, "param", {})}
    with DemoOrg.start(**options) as started:
        yield started


@pytest.fixture
def org(demo_org):
    """A client logged in to `demo_org` as the integration user."""
    from toolkit.salesforce import Credentials, connect

    credentials = Credentials(client_id=demo_org.client_id, client_secret=demo_org.client_secret)
    return connect(
        login="client_credentials", login_url=demo_org.url, credentials=credentials, ca_file=demo_org.ca_file
    )


@pytest.fixture
def settings() -> Settings:
    """The demo mapping, for an org of 60 accounts."""
    return parse(demo_mapping())


@pytest.fixture
def workspace_folder(tmp_path) -> Path:
    """A folder with the demo mapping (60 accounts) and the customer's files, and no store yet."""
    from toolkit.demo_org.company.files import write_customer_side

    folder = tmp_path / "workspace"
    folder.mkdir()
    (folder / "workspace.toml").write_text(demo_mapping(), encoding="utf-8")
    write_customer_side(folder, ACCOUNTS, 1, NOW.date())
    return folder


def demo_mapping() -> str:
    """Return the demo preset, for an org of 60 accounts."""
    return preset_text("demo").replace("accounts = 500", f"accounts = {ACCOUNTS}")


@pytest.fixture(scope="module")
def browser():
    """A Chromium for the tests of one file. It ends with them: another file could not start Playwright beside it."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=30_000)  # a busy machine is no failure
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium_path(), args=chromium_flags())
        yield started
        started.close()


def chromium_path() -> str:
    """Return the browser that ``python tests`` found, or the usual place of one."""
    return os.environ.get("CS_TOOLKIT_CHROMIUM", "/usr/bin/chromium")


def chromium_flags() -> list[str]:
    """Return what keeps Chromium from asking anybody for anything; root may only start it without its sandbox."""
    flags = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
    flags += ["--disable-component-update", "--disable-sync"]
    return [*flags, "--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else flags
