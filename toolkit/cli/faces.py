"""The commands that show where things stand, and the one that runs the steps unattended."""

from typing import Annotated, Literal

from cyclopts import Parameter

from toolkit.cli.application import DONE, FACES, FAILED, HERE, UNATTENDED, Folder, Port, app, console


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
