"""The command by which a person decides what both sides disagree about."""

from typing import Annotated, Literal

from cyclopts import Parameter

from toolkit.cli.application import ATTENTION, DONE, HERE, REVIEW, Folder, Rows, app, console

Choice = Literal["here", "there", "leave", "open"]


@app.command(group=REVIEW, sort_key=2)
def decide(
    choice: Annotated[
        Choice | None,
        Parameter(help="Whose value is taken on both sides; leave keeps both as they are; open takes a decision back."),
    ] = None,
    rows: Annotated[list[str] | None, Parameter(help="The rows, by what the list calls them.")] = None,
    *,
    workspace: Folder = HERE,
    all_rows: Annotated[
        bool, Parameter(name="--all", help="Every row of the list, as --field and --object leave it.")
    ] = False,
    field: Annotated[str | None, Parameter(help="Only this field, by its name on either side.")] = None,
    object_name: Annotated[str | None, Parameter(name="--object", help="Only rows of this object.")] = None,
    note: Annotated[str, Parameter(help="Why; it is kept with the decision.")] = "",
    decided: Annotated[bool, Parameter(help="Also list what was decided already.")] = False,
    show: Annotated[Rows, Parameter(help="How many rows to list.")] = 20,
) -> int:
    """List what waits for a decision, or decide it: `decide here ROW ...` takes our value, `decide there` Salesforce's.

    A decision is carried out by the next plan. It holds while both sides still have the values it was made about.
    """
    import polars as pl

    from toolkit.console import plans as printing
    from toolkit.errors import InputError
    from toolkit.workspace import Workspace

    with Workspace.open(workspace) as ws:
        queue = ws.queue(decided=decided or choice == "open")
        if field is not None:
            queue = queue.filter(pl.col("pair").str.split(" = ").list.contains(field))
        if object_name is not None:
            queue = queue.filter(pl.col("object") == object_name)
        if choice is None:
            printing.print_queue(console, queue, show)
            return ATTENTION if queue["choice"].null_count() else DONE
        wanted = queue["row"].to_list() if all_rows else list(rows or ())
        if not wanted:
            raise InputError("No row was named.", hint="Name rows as `cs-toolkit decide` lists them, or say --all.")
        if choice == "open":
            ws.undecide(wanted)
            console.print(f"{len(wanted):,} rows wait for a decision again.")
            return DONE
        kept = ws.decide(wanted, choice, note)
        console.print(
            f"{kept.height:,} decided by {ws.person()}. Carry it out with the next plan: cs-toolkit plan", markup=False
        )
        return DONE
