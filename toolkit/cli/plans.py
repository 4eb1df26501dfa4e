"""The commands from a plan to its commit: make one, look at it, compare, let it be approved, write exactly that."""

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from toolkit.cli.application import (
    ATTENTION,
    DONE,
    HERE,
    REVIEW,
    STEPS,
    Folder,
    Numbers,
    Rows,
    app,
    console,
    errors,
    numbers,
)

Digest = Annotated[str, Parameter(help="The digest that `plan` printed, or at least its first 12 characters.")]


@app.command(group=STEPS, sort_key=8)
def plan(
    digest: Annotated[
        str | None, Parameter(help="A plan that is kept, to look at it again; a new one if not said.")
    ] = None,
    *,
    workspace: Folder = HERE,
    rows: Rows = 20,
    exclude: Annotated[
        Numbers, Parameter(help="Leave out these rows (the column #), such as 3,5-9; it is a new plan then.")
    ] = None,
    fields: Annotated[
        str | None, Parameter(help="Plan to create the mapped fields that Salesforce lacks, of this object.")
    ] = None,
    export: Annotated[
        Path | None, Parameter(help="Also write every row to this .csv or .parquet file, for a colleague to review.")
    ] = None,
    import_file: Annotated[
        Path | None,
        Parameter(name="--import", help="Take a reviewed file back: rows that were removed or marked are left out."),
    ] = None,
    list_kept: Annotated[bool, Parameter(name="--list", help="List the plans that are kept, and make none.")] = False,
) -> int:
    """Show what a commit would write, on either side, by object, field and rule, row by row. Writes nothing.

    Every plan is kept under its digest: look at it, leave rows out of it, compare it, let a colleague review and
    approve it, and commit exactly that. Exit code 3 when there are rows that would not be written.
    """
    from toolkit.console import plans as printing
    from toolkit.errors import InputError
    from toolkit.workspace import Workspace

    if export is not None and (export.suffix.lower() not in (".csv", ".parquet") or not export.parent.is_dir()):
        raise InputError(f"The plan cannot be exported to {export}.", hint="Name a .csv or .parquet file in a folder.")
    with Workspace.open(workspace) as ws:
        if list_kept:
            printing.print_plans(console, ws.plans())
            return DONE
        if import_file is not None:
            made = ws.import_plan(import_file)
        elif fields is not None:
            made = ws.plan_fields(fields)
        else:
            made = ws.plan() if digest is None else ws.saved_plan(digest)
        if exclude is not None:
            made = ws.exclude(made, numbers(exclude))
        printing.print_plan(console, made, rows)
        if export is not None:
            console.print(f"All {made.changes.height:,} rows are in {ws.export_plan(made, export)}.", markup=False)
        if made.writes:
            accept = " --accept-mass-change" if made.brakes else ""
            console.print(
                f"Commit exactly this with: cs-toolkit commit {made.plan_id} -w {workspace}{accept}", markup=False
            )
        return ATTENTION if made.changes.height > made.writes else DONE


@app.command(group=STEPS, sort_key=9)
def commit(
    digest: Digest,
    *,
    workspace: Folder = HERE,
    accept_mass_change: Annotated[
        bool,
        Parameter(
            name=["--accept-mass-change", "--accept"],
            help="Go on although the plan changes more than the mapping file's [brakes] allow.",
        ),
    ] = False,
    org_name: Annotated[
        str | None, Parameter(help="The name of the org, typed: asked for before a production org is written to.")
    ] = None,
    rehearse: Annotated[
        bool, Parameter(help="Write nothing: let the org's own rules judge up to 200 records, and save none.")
    ] = False,
    object_name: Annotated[
        str | None, Parameter(name="--object", help="With --rehearse: which object's records, where there are several.")
    ] = None,
) -> int:
    """Write exactly the plan with that digest, and nothing else.

    Rows that somebody changed meanwhile are held back. Ctrl-C settles what was sent and stops; `resume` does the same
    after a crash. Exit code 3 when rows were held back or failed; try them again with `retry`.
    """
    from toolkit import console as shared
    from toolkit.console import plans as printing
    from toolkit.workspace import Workspace

    with Workspace.open(workspace) as ws:
        reviewed = ws.saved_plan(digest)
        if rehearse:
            rehearsal = ws.rehearse(reviewed, object_name)
            printing.print_rehearsal(console, rehearsal)
            return DONE if rehearsal.passed else ATTENTION
        name = org_name if org_name is not None else _typed(ws.org.organization)
        with shared.progress(console, "Writing") as advance:
            done = ws.commit(
                reviewed, confirm=reviewed.digest, progress=advance, org_name=name, accept=accept_mass_change
            )
        printing.print_commit(console, done)
        return ATTENTION if done.held or done.failed else DONE


@app.command(group=REVIEW, sort_key=1)
def diff(
    first: Annotated[str, Parameter(help="The digest of a plan that is kept; see `plan --list`.")],
    second: Annotated[str | None, Parameter(help="The digest of another; the newest when left out.")] = None,
    *,
    workspace: Folder = HERE,
    rows: Rows = 20,
) -> int:
    """Compare two plans: what only one of them would write, and where they would write something else."""
    from toolkit.console import plans as printing
    from toolkit.errors import NotFoundError
    from toolkit.workspace import Workspace

    with Workspace.open(workspace) as ws:
        newest = ws.store.latest_plan()
        if newest is None:
            raise NotFoundError("No plan is kept.", hint="Make one: cs-toolkit plan")
        differences = ws.compare(first, second or newest[0]["digest"])
        printing.print_differences(console, differences, rows)
        return DONE


@app.command(group=REVIEW, sort_key=3)
def approve(
    digest: Digest,
    *,
    workspace: Folder = HERE,
    note: Annotated[str, Parameter(help="What is to be remembered with the approval.")] = "",
) -> None:
    """Approve a plan that somebody else made, so that it may be committed where the mapping file asks for that."""
    from toolkit.workspace import Workspace

    with Workspace.open(workspace) as ws:
        reviewed = ws.saved_plan(digest)
        ws.approve(reviewed, note)
        console.print(f"{ws.person()} approved plan {reviewed.plan_id}: {reviewed.writes:,} to write.", markup=False)
        console.print(f"It can be committed: cs-toolkit commit {reviewed.plan_id} -w {workspace}", markup=False)


@app.command(group=REVIEW, sort_key=4)
def edit(
    object_name: Annotated[str, Parameter(name="OBJECT", help="An object of the mapping file, such as account.")],
    record: Annotated[str, Parameter(help="The record's id here.")],
    values: Annotated[list[str], Parameter(help="What to change: stage=Growth. Nothing behind the sign clears it.")],
    *,
    workspace: Folder = HERE,
) -> None:
    """Change fields of one record, here and at once in Salesforce, where the mapping file lets them be edited."""
    from toolkit.console import plans as printing
    from toolkit.errors import InputError
    from toolkit.workspace import Workspace

    given = dict(each.partition("=")[::2] for each in values)
    if not all("=" in each for each in values):
        raise InputError("Each value needs a name.", hint="Write it like: stage=Growth")
    with Workspace.open(workspace) as ws:
        done = ws.edit(object_name, record, {name: value or None for name, value in given.items()})
        printing.print_commit(console, done)


def _typed(organization: object) -> str | None:
    """Ask a person for the name of a production org; None where nobody is there to be asked, or it is a sandbox."""
    name = str(getattr(organization, "name", ""))
    if getattr(organization, "is_sandbox", True) or not sys.stdin.isatty():
        return None
    errors.print(f"{name} is a production org. To write to it, type its name:", markup=False, end=" ")
    return sys.stdin.readline().strip()
