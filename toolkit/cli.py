"""The command line: one command a step of the workspace, and the demo.

Heavy imports happen inside the commands, so that ``--help`` and shell completion answer at once. Exit codes: 0 done,
1 an error that was explained, 2 a command line that makes no sense, 3 done but something was held, refused or failed,
130 interrupted.
"""

import os
import signal
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Group, Parameter
from cyclopts.validators import Number
from rich.console import Console

from toolkit.errors import ToolkitError

STEPS = Group("Steps, in the order they build on each other", sort_key=1)
FACES = Group("Ways to look", sort_key=2)
DEMO = Group("Without a Salesforce org", sort_key=0)
UNATTENDED = Group("Unattended", sort_key=3)

app = App(
    name="cs-toolkit",
    help="Keep a customer-success team and Salesforce in agreement: import, match, score, review every change, "
    "commit exactly that, undo.",
    help_epilogue="Start with: cs-toolkit demo",
    version=lambda: version("cs-toolkit"),
    default_parameter=Parameter(negative=()),
)
console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)

DONE, FAILED, USAGE, ATTENTION, INTERRUPTED = 0, 1, 2, 3, 130

Folder = Annotated[
    Path, Parameter(name=["--workspace", "-w"], help="The workspace's folder, which holds workspace.toml.")
]
HERE = Path()
Port = Annotated[int, Parameter(help="The port on 127.0.0.1; 0 takes a free one.", validator=Number(gte=0, lte=65535))]
Accounts = Annotated[
    int, Parameter(help="How many accounts the demo org has; 500 if not said.", validator=Number(gte=1, lte=1_000_000))
]
Rows = Annotated[int, Parameter(help="How many changes to print.", validator=Number(gte=0))]


def main(arguments: list[str] | None = None) -> None:
    """Run a command line and exit with its code. An expected error is told in words, without a traceback.

    A polite request to end (SIGTERM, from a service manager) is taken like Ctrl-C: what is under way is settled first.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        result = app(arguments)
    except ToolkitError as error:
        errors.print("[bold red]Error:[/]", style="red", end=" ")
        errors.print(error.message, markup=False)
        errors.print(f"-> {error.hint}", markup=False, style="bold")
        sys.exit(FAILED)
    except KeyboardInterrupt:
        errors.print("Stopped. What was written is in the journal; see: cs-toolkit status")
        sys.exit(INTERRUPTED)
    except BrokenPipeError:  # whoever read our output (head, less) has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(DONE)
    except OSError as error:
        errors.print("[bold red]Error:[/]", style="red", end=" ")
        errors.print(f"{error.strerror or error}: {error.filename or ''}".rstrip(": "), markup=False)
        errors.print("-> Check the path, the rights on it and the space on the disk.", markup=False, style="bold")
        sys.exit(FAILED)
    sys.exit(result if isinstance(result, int) else DONE)


@app.command(group=DEMO)
def demo(
    *,
    workspace: Folder = Path("cs-toolkit-demo"),
    accounts: Accounts | None = None,
    seed: Annotated[
        int | None, Parameter(help="Which made-up company; the same seed gives the same records. 1 if not said.")
    ] = None,
    fresh: Annotated[bool, Parameter(help="Start over: forget the demo org and everything done in it.")] = False,
    serve: Annotated[bool, Parameter(help="Leave the org running; open JupyterLab and the dashboard on it.")] = False,
    browser: Annotated[
        bool, Parameter(help="With --serve: open the pages in the web browser.", negative="--no-browser")
    ] = True,
) -> int:
    """Walk the whole path on a made-up company: import, match, score, plan, commit, read back.

    A second run finds that nothing is left to do. Nothing leaves this machine.
    """
    from toolkit import tour

    return tour.walk(
        workspace, accounts=accounts, seed=seed, fresh=fresh, serve=serve, browser=browser, console=console
    )


@app.command(group=DEMO, name="demo-org")
def demo_org(
    *,
    port: Port = 8443,
    size: Accounts = 500,
    seed: Annotated[int, Parameter(help="Which made-up company.")] = 1,
    db: Annotated[Path | None, Parameter(help="Keep the org in this file; in memory when left out.")] = None,
) -> None:
    """Run a Salesforce of your own on loopback, for any client, with a page for you to look in. Ctrl-C ends it."""
    from toolkit.demo_org.__main__ import announce
    from toolkit.demo_org.server import serve

    serve(port=port, accounts=size, seed=seed, db=db, ready=announce)


@app.command(group=DEMO)
def conformance(
    *,
    org: Annotated[
        bool, Parameter(help="Ask the org named by CS_TOOLKIT_LOGIN_URL, CS_TOOLKIT_CLIENT_ID, ... and not a demo org.")
    ] = False,
    production: Annotated[
        bool, Parameter(help="Also ask a production org; records are made and deleted in it.")
    ] = False,
    as_json: Annotated[bool, Parameter(name="--json", help="Print every check as JSON.")] = False,
) -> int:
    """Ask an org a hundred questions and say where its answers are not as expected of Salesforce.

    Asks a fresh demo org, or with --org a real one. Deletes what it made.
    """
    from contextlib import ExitStack

    from toolkit import console as printing
    from toolkit.demo_org import DemoOrg
    from toolkit.salesforce import Credentials
    from toolkit.salesforce.conformance import Target, run, target_from_environment

    with ExitStack() as running:
        if org:
            target = target_from_environment()
        else:
            demo = running.enter_context(DemoOrg.start(accounts=300))
            credentials = Credentials(demo.client_id, demo.client_secret)
            target = Target("client_credentials", demo.url, credentials, demo.ca_file)
        with printing.progress(errors, "Asking") as advance:
            outcomes = run(target, production=production, progress=advance)
    if as_json:
        printing.print_conformance_json(outcomes)
    else:
        printing.print_conformance(console, target.login_url, outcomes)
    return FAILED if any(each.verdict == "differs" for each in outcomes) else DONE


@app.command(group=DEMO)
def init(
    folder: Annotated[Path, Parameter(help="The folder to make a workspace of.")] = HERE,
    *,
    preset: Annotated[
        str, Parameter(help="Which ready mapping file to start from; each syncs like one product.")
    ] = "demo",
    login: Annotated[
        Literal["demo", "client_credentials", "refresh_token", "token", "web"],
        Parameter(help="How to log in: web opens a window; what else is needed comes from CS_TOOLKIT_... variables."),
    ] = "demo",
    login_url: Annotated[str | None, Parameter(help="The address of your org, https://....my.salesforce.com")] = None,
) -> None:
    """Write a commented mapping file, workspace.toml, fitted to your org. An existing one is never overwritten.

    Presets: demo, catalyst, clientsuccess, insided, skalin, vitally. Fields that the org does not have are switched off
    with the reason, and those that it has are listed to choose from.
    """
    from toolkit.initializing import initialize

    fitted = initialize(folder, preset, login=login, login_url=login_url)
    for note in fitted.notes:
        console.print(note, markup=False)
    console.print(f"Wrote {folder / 'workspace.toml'}. Next: cs-toolkit check -w {folder}", markup=False)


@app.command(group=STEPS, sort_key=1)
def check(*, workspace: Folder = HERE) -> int:
    """Judge the mapping file against the org: does every field exist, is it writable, do the values fit?"""
    from toolkit import console as printing
    from toolkit.workspace import Workspace

    with Workspace.open(workspace) as ws:
        findings = ws.check()
        printing.print_findings(console, findings)
        return FAILED if any(each.severity == "error" for each in findings) else DONE


@app.command(group=STEPS, sort_key=2)
def fields(
    object_name: Annotated[str, Parameter(name="OBJECT", help="An object of the mapping file.")] = "account",
    *,
    workspace: Folder = HERE,
) -> None:
    """List every field of an object in the org: what it is, whether it may be written, where it is mapped to."""
    from toolkit import console as printing
    from toolkit.workspace import Workspace

    with Workspace.open(workspace) as ws:
        printing.print_frame(console, ws.fields(object_name))


@app.command(group=STEPS, sort_key=3)
def pull(
    *,
    workspace: Folder = HERE,
    full: Annotated[bool, Parameter(help="Read every record again, not only what changed.")] = False,
    accept_shrinking: Annotated[bool, Parameter(help="Go on although a scope lost many of its records.")] = False,
    accept_retyped: Annotated[bool, Parameter(help="Go on although a mapped field changed its type.")] = False,
) -> None:
    """Read from Salesforce what changed in the scope of the mapping file, and load the customer's own files."""
    from toolkit import console as printing
    from toolkit.workspace import Workspace

    with Workspace.open(workspace) as ws:
        with printing.progress(console, "Reading from Salesforce") as advance:
            pulled = ws.pull(
                progress=advance, full=full, accept_shrinking=accept_shrinking, accept_retyped=accept_retyped
            )
        console.print(str(pulled), markup=False)
        console.print(str(ws.load()), markup=False)


@app.command(group=STEPS, sort_key=4)
def match(*, workspace: Folder = HERE) -> None:
    """Link the records of both sides, and say for each that has no partner why."""
    from toolkit import console as printing
    from toolkit.workspace import Workspace

    with Workspace.open(workspace) as ws:
        console.print(str(ws.match()), markup=False)
        printing.print_mismatches(console, ws.mismatches())


@app.command(group=STEPS, sort_key=5)
def preview(
    object_name: Annotated[
        str | None, Parameter(name="OBJECT", help="An object of the mapping file; every one when left out.")
    ] = None,
    *,
    workspace: Folder = HERE,
) -> None:
    """Show what `import` would do: how many records come, change, leave or are left out, and why. Keeps nothing."""
    from toolkit import console as printing
    from toolkit.workspace import Workspace

    with Workspace.open(workspace) as ws:
        for name in ws.objects if object_name is None else [object_name]:
            printing.print_preview(console, ws.preview(name))


@app.command(group=STEPS, sort_key=6, name="import")
def import_records(*, workspace: Folder = HERE) -> int:
    """Make records here of those that only Salesforce has, as the mapping file says; look first with `preview`."""
    from toolkit.workspace import Workspace

    with Workspace.open(workspace) as ws:
        run = ws.import_records()
        console.print(str(run), markup=False)
        return ATTENTION if run.held else DONE


@app.command(group=STEPS, sort_key=7)
def score(*, workspace: Folder = HERE) -> None:
    """Work out the health score of every account here."""
    from toolkit import console as printing
    from toolkit.workspace import Workspace

    with Workspace.open(workspace) as ws:
        console.print(str(ws.score()), markup=False)
        printing.print_distribution(console, ws)


@app.command(group=STEPS, sort_key=8)
def plan(
    *,
    workspace: Folder = HERE,
    rows: Rows = 20,
    export: Annotated[Path | None, Parameter(help="Also write every row to this .csv or .parquet file.")] = None,
) -> int:
    """Show row by row what a commit would write, on either side. Writes nothing."""
    from toolkit import console as printing
    from toolkit.errors import InputError
    from toolkit.workspace import Workspace
    from toolkit.writeback.export import write_csv, write_parquet

    writers = {".csv": write_csv, ".parquet": write_parquet}
    if export is not None and (export.suffix not in writers or not export.parent.is_dir()):
        raise InputError(f"The plan cannot be exported to {export}.", hint="Name a .csv or .parquet file in a folder.")
    with Workspace.open(workspace) as ws:
        made = ws.plan()
        printing.print_plan(console, made, rows)
        if export is not None:
            writers[export.suffix](made, export)
            console.print(f"All {made.changes.height:,} rows are in {export}.", markup=False)
        if made.writes:
            console.print(
                f"Commit exactly this with: cs-toolkit commit {made.digest[:12]} -w {workspace}", markup=False
            )
        return ATTENTION if made.changes.height > made.writes else DONE


@app.command(group=STEPS, sort_key=9)
def commit(
    digest: Annotated[str, Parameter(help="The digest that `plan` printed, or at least its first 12 characters.")],
    *,
    workspace: Folder = HERE,
) -> int:
    """Write exactly the plan with that digest, and nothing else."""
    from toolkit import console as printing
    from toolkit.workspace import Workspace

    with Workspace.open(workspace) as ws:
        reviewed = ws.saved_plan(digest)
        with printing.progress(console, "Writing") as advance:
            done = ws.commit(reviewed, confirm=reviewed.digest, progress=advance)
        printing.print_commit(console, done)
        return ATTENTION if done.held or done.failed else DONE


@app.command(group=STEPS, sort_key=11)
def undo(
    commit_id: Annotated[str | None, Parameter(help="Which commit; the last one when left out.")] = None,
    *,
    workspace: Folder = HERE,
    rows: Rows = 20,
) -> int:
    """Plan to take a commit back, where both sides still hold what it wrote. Commit that plan to undo."""
    from toolkit import console as printing
    from toolkit.workspace import Workspace

    with Workspace.open(workspace) as ws:
        made = ws.undo(commit_id)
        printing.print_plan(console, made, rows)
        if made.writes:
            console.print(f"Undo with: cs-toolkit commit {made.digest[:12]} -w {workspace}", markup=False)
        return ATTENTION if made.changes.height > made.writes else DONE


@app.command(group=STEPS, sort_key=10)
def edit(
    object_name: Annotated[str, Parameter(name="OBJECT", help="An object of the mapping file, such as account.")],
    record: Annotated[str, Parameter(help="The record's id here.")],
    values: Annotated[list[str], Parameter(help="What to change: stage=Growth. Nothing behind the sign clears it.")],
    *,
    workspace: Folder = HERE,
) -> None:
    """Change fields of one record, here and at once in Salesforce, where the mapping file lets them be edited."""
    from toolkit import console as printing
    from toolkit.errors import InputError
    from toolkit.workspace import Workspace

    given = dict(each.partition("=")[::2] for each in values)
    if not all("=" in each for each in values):
        raise InputError("Each value needs a name.", hint="Write it like: stage=Growth")
    with Workspace.open(workspace) as ws:
        done = ws.edit(object_name, record, {name: value or None for name, value in given.items()})
        printing.print_commit(console, done)


@app.command(group=STEPS, sort_key=12)
def resume(*, workspace: Folder = HERE) -> int:
    """Settle what a commit that was cut off left open, by reading from Salesforce what really happened."""
    from toolkit import console as printing
    from toolkit.workspace import Workspace

    with Workspace.open(workspace) as ws:
        settled = ws.resume()
        if not settled:
            console.print("Nothing to resume: every commit is settled.")
        for each in settled:
            printing.print_commit(console, each)
        return ATTENTION if any(each.held or each.failed for each in settled) else DONE


@app.command(group=FACES)
def status(*, workspace: Folder = HERE) -> None:
    """Say where the workspace stands: last runs, links, scores, the pending plan, open commits."""
    from toolkit import console as printing
    from toolkit.workspace import Workspace

    with Workspace.open(workspace) as ws:
        printing.print_status(console, ws)


@app.command(group=FACES)
def dashboard(
    *,
    workspace: Folder = HERE,
    port: Port = 5006,
    show: Annotated[bool, Parameter(help="Open it in the web browser.", negative="--no-show")] = True,
) -> None:
    """Serve the dashboard for CS leaders over this workspace. It only reads. Ctrl-C ends it."""
    from dashboards.app import serve

    serve(workspace, port=port, show=show)


@app.command(group=UNATTENDED)
def schedule(
    *,
    workspace: Folder = HERE,
    once: Annotated[bool, Parameter(help="Run what is due now, then end; for cron or a task scheduler.")] = False,
    job: Annotated[
        Literal["pull", "push_health", "sync"] | None, Parameter(help="Run this job now, whether or not it is due.")
    ] = None,
) -> int:
    """Run the steps at the times the mapping file appoints. Ctrl-C ends it."""
    import time
    from functools import partial

    from toolkit.errors import InputError
    from toolkit.schedule import due, run_due, run_forever
    from toolkit.workspace import Workspace

    with Workspace.open(workspace) as ws:
        jobs = {name: partial(ws.job, name) for name in ws.appointed()}
        if job is not None:
            outcomes = run_due([job], {job: partial(ws.job, job)})
        elif not jobs:
            raise InputError(
                "Nothing is scheduled.", hint='Add for example push_health = "0 2 * * *" under [schedule].'
            )
        elif once:
            outcomes = run_due(due(ws.appointed(), ws.last_jobs(), ws.now()), jobs)
        else:
            outcomes = run_forever(ws.appointed(), jobs, ws.last_jobs, ws.now, time.sleep)
        failed = False
        for name, outcome in outcomes:
            failed = failed or isinstance(outcome, Exception)
            console.print(f"{name}: {outcome}", markup=False)
        return FAILED if failed else DONE


if __name__ == "__main__":
    main()
