"""The commands of the steps that come before a plan: judge the mapping, read, import, score."""

from typing import Annotated

from cyclopts import Parameter

from toolkit.cli.application import ATTENTION, DONE, FAILED, HERE, STEPS, Folder, app, console


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
    accept_shrinking: Annotated[bool, Parameter(help="Go on although a scope or file lost many records.")] = False,
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
        console.print(str(ws.load(accept_shrinking=accept_shrinking)), markup=False)


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
def import_records(
    *,
    accept_churning: Annotated[bool, Parameter(help="Go on although many customers would be churners.")] = False,
    workspace: Folder = HERE,
) -> int:
    """Make records here of those that only Salesforce has, as the mapping file says; look first with `preview`."""
    from toolkit.workspace import Workspace

    with Workspace.open(workspace) as ws:
        run = ws.import_records(accept_churning=accept_churning)
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
