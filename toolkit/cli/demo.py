"""The commands that need no Salesforce org: the demo, an org of one's own, and a first mapping file."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from toolkit.cli.application import DEMO, DONE, FAILED, HERE, Accounts, Folder, Port, app, console, errors


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
