"""The demo: the whole path on a made-up company, told step by step, with the result read back from the org.

It calls the same methods an admin would call. Its state stays in the workspace's folder, so that a second run shows
that nothing is left to do.
"""

import os
import shlex
import shutil
import socket
import subprocess
import sys
from contextlib import ExitStack, suppress
from pathlib import Path

from rich.console import Console
from rich.text import Text

from toolkit import console as printing
from toolkit.console import plans
from toolkit.workspace import DEMO_FOLDER, Workspace
from toolkit.writeback.planning.plan import Plan

EXAMPLES = 5
DASHBOARD_PORT = 5006
LAB_PORT = 8888
NOTEBOOKS = Path(__file__).parent.parent / "notebooks"


def walk(
    folder: Path,
    *,
    accounts: int | None,
    seed: int | None,
    fresh: bool,
    serve: bool,
    browser: bool,
    console: Console,
) -> int:
    """Walk the path in the demo workspace at `folder`, tell what happened, and return an exit code.

    With `serve` the org stays up, with JupyterLab and the dashboard on it, until Ctrl-C.
    """
    with Workspace.demo(folder, accounts=accounts, seed=seed, fresh=fresh) as workspace:
        _say(console, "The demo company", f"in {folder}")
        card = workspace.connection()
        console.print(Text(f"Connected to {card.org_name} ({card.org_id}) as {card.username}, API {card.api_version}."))
        _import(console, workspace)
        _judge(console, workspace)
        plan = _plan(console, workspace)
        if plan.writes:
            _commit(console, workspace, plan)
        else:
            console.print(Text("Nothing is left to do. What is in conflict waits for a person to decide."))
        _read_back(console, workspace)
        _go_on(console, folder)
        if serve:
            _serve(console, workspace, browser=browser)
    return 0


def _import(console: Console, workspace: Workspace) -> None:
    _say(console, "Import and match", "Salesforce's list view on one side, your files on the other")
    with printing.progress(console, "Reading from Salesforce") as advance:
        console.print(str(workspace.pull(progress=advance)), markup=False)
    with console.status("Loading your files"):
        console.print(str(workspace.load()), markup=False)
    console.print(str(workspace.match()), markup=False)
    printing.print_mismatches(console, workspace.mismatches())
    console.print(str(workspace.import_records()), markup=False)


def _judge(console: Console, workspace: Workspace) -> None:
    _say(console, "Score", "usage, contacts, support and contract, as the health profile weighs them")
    console.print(str(workspace.score()), markup=False)
    printing.print_distribution(console, workspace)
    for first in workspace.attention(limit=1).to_dicts():
        console.print(Text(f"First in line for attention is {first['name']}: {workspace.explain(first['id'])}"))


def _plan(console: Console, workspace: Workspace) -> Plan:
    _say(console, "Plan", "what would change on either side; nothing is written yet")
    with console.status("Comparing both sides with what they last agreed on"):
        plan = workspace.plan()
    plans.print_plan(console, plan, EXAMPLES)
    return plan


def _commit(console: Console, workspace: Workspace, plan: Plan) -> None:
    _say(console, "Commit", f"exactly the plan with digest {plan.digest[:12]}")
    with printing.progress(console, "Writing") as advance:
        done = workspace.commit(plan, confirm=plan.digest, progress=advance)
    plans.print_commit(console, done)
    console.print(Text(f"API calls: {plan.cost.calls:,} predicted, {done.api_calls:,} spent."))


def _read_back(console: Console, workspace: Workspace) -> None:
    _say(console, "Read back from Salesforce", "asked again, over the wire")
    scored = workspace.read_back()
    console.print(Text(f"{scored.height:,} accounts hold a health score. The lowest:"))
    printing.print_frame(console, scored.head(EXAMPLES))


def _go_on(console: Console, folder: Path) -> None:
    _say(console, "How to go on")
    beside = Path(sys.executable).with_name("cs-toolkit")
    program = "cs-toolkit" if shutil.which("cs-toolkit") else str(beside) if beside.exists() else "cs-toolkit"
    for command, purpose in (
        ("demo", "run it again: nothing is left to do"),
        ("decide", "what both sides changed waits for you"),
        ("match --review", "records that may be the same, side by side"),
        ("undo", "plan to take the commit back"),
        ("status", "where everything stands"),
        ("dashboard", "what CS leaders see"),
        ("demo --serve", "JupyterLab with the tour, and the dashboard"),
    ):
        console.print(Text(purpose, style="dim"))
        console.print(Text(f"  {program} {command} -w {shlex.quote(str(folder))}"), soft_wrap=True)


def _serve(console: Console, workspace: Workspace, *, browser: bool) -> None:
    """Keep the org up for other processes, with JupyterLab and the dashboard beside it, until one is told to stop."""
    with ExitStack() as stack:
        workspace.announce(stack)
        _say(console, "Serving", "Ctrl-C ends all three")
        dashboard_port, lab_port = free_port(DASHBOARD_PORT), free_port(LAB_PORT)
        console.print(Text(f"  Dashboard   http://127.0.0.1:{dashboard_port}"))
        console.print(Text(f"  Demo org    {workspace.org.url}  (its certificate is its own, so a browser asks first)"))
        console.print(Text("  JupyterLab  at the address that it prints below, which carries its access token"))
        environment = os.environ | {DEMO_FOLDER: str(workspace.folder.absolute())}
        commands = (
            _dashboard(workspace.folder, dashboard_port, browser=browser),
            _lab(workspace.folder, lab_port, browser=browser),
        )
        children = [subprocess.Popen(command, env=environment) for command in commands]  # noqa: S603 - our own commands
        try:
            for child in children:
                child.wait()
        finally:
            for child in children:
                child.terminate()
            for child in children:
                child.wait(timeout=20)


def free_port(preferred: int) -> int:
    """Return `preferred`, or another port on 127.0.0.1 when somebody listens there."""
    for port in (preferred, 0):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)) as listener:
            return int(listener.getsockname()[1])
    raise OSError("no free port on 127.0.0.1")


def _dashboard(folder: Path, port: int, *, browser: bool) -> list[str]:
    show = "--show" if browser else "--no-show"
    return [sys.executable, "-m", "toolkit.cli", "dashboard", "-w", str(folder), "--port", str(port), show]


def _lab(folder: Path, port: int, *, browser: bool) -> list[str]:
    """Return the command of a JupyterLab over copies of the notebooks, so that running them leaves the originals."""
    copies = folder / "notebooks"
    if NOTEBOOKS.is_dir():
        shutil.copytree(NOTEBOOKS, copies, ignore=shutil.ignore_patterns("*.py", ".*", "__*"), dirs_exist_ok=True)
    else:
        copies.mkdir(exist_ok=True)
    first = ["--LabApp.default_url=/lab/tree/00_tour.ipynb"] if NOTEBOOKS.is_dir() else []
    return [
        sys.executable, "-m", "jupyterlab", "--ip=127.0.0.1", "--port", str(port), "--ServerApp.allow_root=True",
        "--notebook-dir", str(copies), *first, *([] if browser else ["--no-browser"]),
    ]  # fmt: skip


def _say(console: Console, title: str, subtitle: str = "") -> None:
    console.print()
    console.print(Text(title, style="bold"), Text(subtitle, style="dim"))
