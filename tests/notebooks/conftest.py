"""JupyterLab as a person has it: its own server in a process of its own, and a real browser in front of it."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
STARTED_WITHIN = 60
RUN_WITHIN = 90_000


@dataclass
class Lab:
    """A notebook open in JupyterLab, and what its page asked for elsewhere or complained about."""

    page: Page
    foreign: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def run_all(self) -> None:
        """Run every cell and wait until the kernel has nothing left to do."""
        self.wait_for_idle()
        self.page.locator(".lm-MenuBar-item", has_text="Run").click()
        self.page.locator('[data-command="runmenu:run-all"]').click()
        self.page.wait_for_function(
            "() => [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')]"
            ".every(prompt => /^\\[\\d+\\]:$/.test(prompt.textContent))",
            timeout=RUN_WITHIN,
        )
        self.wait_for_idle()

    def wait_for_idle(self) -> None:
        """Wait until the kernel is there and idle. The status bar is right about it, other signs come too early."""
        self.page.locator("#jp-main-statusbar", has_text="| Idle").wait_for(timeout=RUN_WITHIN)

    def output(self, code: str) -> Locator:
        """Return the output of the last cell whose code contains `code`."""
        return self.page.locator(".jp-CodeCell", has=self.page.locator(".cm-content", has_text=code)).last.locator(
            ".jp-OutputArea"
        )


@contextmanager
def opened(browser: Browser, folder: Path, name: str = "00_tour", *, dark: bool = False) -> Iterator[Lab]:
    """Open a copy of a notebook in JupyterLab, with everything that JupyterLab keeps inside `folder`."""
    notebooks, settings = folder / "notebooks", folder / "settings"
    notebooks.mkdir(parents=True)
    (notebooks / f"{name}.ipynb").write_text(without_outputs(NOTEBOOKS / f"{name}.ipynb"), "utf-8")
    write_settings(settings, dark=dark)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("CS_TOOLKIT", "JUPYTER"))}
    environment |= {
        "JUPYTER_CONFIG_DIR": str(settings), "JUPYTERLAB_SETTINGS_DIR": str(settings / "user"),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"), "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTER_DATA_DIR": str(folder / "data"), "IPYTHONDIR": str(folder / "ipython"), "JUPYTER_PLATFORM_DIRS": "1",
    }  # fmt: skip
    port = free_port()
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", f"--port={port}", "--allow-root",
        f"--ServerApp.root_dir={notebooks}", "--IdentityProvider.token=", "--ServerApp.port_retries=0",
    ]  # fmt: skip
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    home = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{home}/api", server, folder / "server.log")
        lab = Lab(browser.new_page(viewport={"width": 1400, "height": 900}))
        listen(lab, home)
        lab.page.goto(f"{home}/lab/tree/{name}.ipynb")
        yield lab
        lab.page.close()
    finally:
        server.terminate()
        server.wait(timeout=30)


def without_outputs(path: Path) -> str:
    """Return the text of a notebook that was never run, so that whatever is seen comes from this run."""
    notebook = json.loads(path.read_text("utf-8"))
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell |= {"outputs": [], "execution_count": None}
    return json.dumps(notebook)


def listen(lab: Lab, home: str) -> None:
    """Note every request that leaves `home`, and every error in the page."""

    def asked(request: Request) -> None:
        if not request.url.startswith((home, home.replace("http", "ws", 1), "data:", "blob:")):
            lab.foreign.append(request.url)

    def said(message: ConsoleMessage) -> None:
        if message.type == "error":
            lab.errors.append(message.text)

    lab.page.on("request", asked)
    lab.page.on("console", said)
    lab.page.on("pageerror", lambda error: lab.errors.append(str(error)))


def write_settings(folder: Path, *, dark: bool) -> None:
    """Settings of a JupyterLab that asks nothing of the internet and keeps every cell in the page."""
    lab = folder / "user" / "@jupyterlab"
    notebook = {"windowingMode": "none"}
    theme = {"theme": "JupyterLab Dark" if dark else "JupyterLab Light"}
    pages = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}
    for path, content in (
        (folder / "labconfig" / "page_config.json", pages),
        (lab / "notebook-extension" / "tracker.jupyterlab-settings", notebook),
        (lab / "apputils-extension" / "themes.jupyterlab-settings", theme),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content), "utf-8")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + STARTED_WITHIN
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise RuntimeError(f"JupyterLab ended: {log.read_text('utf-8')[-2000:]}")
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError(f"JupyterLab did not answer: {log.read_text('utf-8')[-2000:]}")


@pytest.fixture
def lab(browser, tmp_path) -> Iterator[Lab]:
    """The tour, open in JupyterLab."""
    with opened(browser, tmp_path) as lab:
        yield lab


@pytest.fixture
def importing(browser, tmp_path) -> Iterator[Lab]:
    """The notebook that imports accounts, open in JupyterLab."""
    with opened(browser, tmp_path, "01_import_accounts") as lab:
        yield lab
