"""The commands about what is written: plan, commit, edit, undo, resume."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from toolkit.cli.application import ATTENTION, DONE, HERE, STEPS, Folder, Rows, app, console


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
