"""Runs every test: finds a Chromium or installs one, then hands over to pytest on all cores.

``python tests`` runs everything; further arguments go to pytest as they are (``python tests -k CAT_13``).
The browser is looked for in ``CS_TOOLKIT_CHROMIUM``, on the PATH and among Playwright's own; failing that it is
installed, by the system's package manager where that needs no password, else by Playwright.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")


def main(arguments: list[str]) -> int:
    environment = os.environ | {"CS_TOOLKIT_CHROMIUM": chromium(), "PYTHONWARNINGS": "", "JUPYTER_PLATFORM_DIRS": "1"}
    spread = [] if any(each.startswith("-n") for each in arguments) else ["-n", "2", "--dist", "loadfile"]
    return subprocess.call([sys.executable, "-m", "pytest", *spread, *arguments], cwd=ROOT, env=environment)


def chromium() -> str:
    """Return the path of a Chromium-like browser, installing one when there is none."""
    found = find_chromium()
    if found is None:
        install_chromium()
        found = find_chromium()
    if found is None:
        sys.exit("No Chromium found and none could be installed. Install one and set CS_TOOLKIT_CHROMIUM to its path.")
    return found


def find_chromium() -> str | None:
    named = os.environ.get("CS_TOOLKIT_CHROMIUM")
    if named and Path(named).exists():
        return named
    on_path = next((path for path in map(shutil.which, BROWSERS) if path), None)
    return on_path or playwrights_own()


def playwrights_own() -> str | None:
    if importlib.util.find_spec("playwright") is None:
        return None
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def install_chromium() -> None:
    print("No Chromium found: installing one for the browser tests", flush=True)
    if shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0:
        subprocess.call(["apt-get", "update", "-qq"])
        if subprocess.call(["apt-get", "install", "-y", "-qq", "chromium", "fonts-dejavu-core"]) == 0:
            return
    subprocess.call([sys.executable, "-m", "playwright", "install", "chromium"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
