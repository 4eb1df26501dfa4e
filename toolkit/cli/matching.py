"""The commands about which record here is which record there."""

from toolkit.cli.application import HERE, STEPS, Folder, app, console


@app.command(group=STEPS, sort_key=4)
def match(*, workspace: Folder = HERE) -> None:
    """Link the records of both sides, and say for each that has no partner why."""
    from toolkit import console as printing
    from toolkit.workspace import Workspace

    with Workspace.open(workspace) as ws:
        console.print(str(ws.match()), markup=False)
        printing.print_mismatches(console, ws.mismatches())
