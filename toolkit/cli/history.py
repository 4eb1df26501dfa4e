"""The commands about what was written: the journal, taking back, trying again, settling, and where a value is from."""

from pathlib import Path
from typing import Annotated, Any, Literal

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
    numbers,
)

Side = Literal["here", "there"]
State = Literal["intended", "written", "failed", "held"]


@app.command(group=STEPS, sort_key=11)
def undo(
    commit_id: Annotated[str | None, Parameter(help="Which commit; the last one when left out.")] = None,
    *,
    workspace: Folder = HERE,
    rows: Rows = 20,
    only: Annotated[Numbers, Parameter(help="Only these rows of its journal (the column #), such as 3,5-9.")] = None,
    object_name: Annotated[
        list[str] | None, Parameter(name="--object", help="Only what was written of this object.")
    ] = None,
    field: Annotated[list[str] | None, Parameter(help="Only this field, by its name on either side.")] = None,
    record: Annotated[list[str] | None, Parameter(help="Only this record, by its id on either side.")] = None,
) -> int:
    """Plan to take a commit back, or a part of it, where both sides still hold what it wrote. Commit that plan to undo.

    What was changed since stays and is listed, as is what cannot be undone.
    """
    from toolkit.console import plans as printing
    from toolkit.workspace import Workspace

    with Workspace.open(workspace) as ws:
        made = ws.undo(
            commit_id, seqs=numbers(only) if only else None, objects=object_name, fields=field, records=record
        )
        printing.print_plan(console, made, rows)
        if made.writes:
            console.print(f"Undo with: cs-toolkit commit {made.plan_id} -w {workspace}", markup=False)
        return ATTENTION if made.changes.height > made.writes else DONE


@app.command(group=STEPS, sort_key=12)
def resume(*, workspace: Folder = HERE) -> int:
    """Settle what a commit that was cut off left open, by reading from Salesforce what really happened."""
    from toolkit.console import plans as printing
    from toolkit.workspace import Workspace

    with Workspace.open(workspace) as ws:
        settled = ws.resume()
        if not settled:
            console.print("Nothing to resume: every commit is settled.")
        for each in settled:
            printing.print_commit(console, each)
        return ATTENTION if any(each.held or each.failed for each in settled) else DONE


@app.command(group=REVIEW, sort_key=5)
def retry(
    commit_id: Annotated[str | None, Parameter(help="Which commit; the last one when left out.")] = None,
    *,
    workspace: Folder = HERE,
    rows: Rows = 20,
) -> int:
    """Plan to write only what failed in a commit, where it is still wanted. Commit that plan to try again."""
    from toolkit.console import plans as printing
    from toolkit.workspace import Workspace

    with Workspace.open(workspace) as ws:
        made = ws.retry(commit_id)
        printing.print_plan(console, made, rows)
        if made.writes:
            console.print(f"Try again with: cs-toolkit commit {made.plan_id} -w {workspace}", markup=False)
        return ATTENTION if made.changes.height > made.writes else DONE


@app.command(group=REVIEW, sort_key=6)
def journal(
    commit_id: Annotated[str | None, Parameter(help="Which commit's rows; without it the commits are listed.")] = None,
    *,
    workspace: Folder = HERE,
    state: Annotated[State | None, Parameter(help="Only rows in this state.")] = None,
    rows: Rows = 20,
    export: Annotated[Path | None, Parameter(help="Write the rows to this .csv or .parquet file.")] = None,
) -> int:
    """Show what commits wrote, row by row, with Salesforce's own words for what it refused and what to do about it.

    Exit code 3 when there are rows that failed, were held back or are not settled.
    """
    import polars as pl

    from toolkit.console import plans as printing
    from toolkit.workspace import Workspace

    with Workspace.open(workspace) as ws:
        if commit_id is None and state is None and export is None:
            commits = ws.store.commits()
            made = [
                str(ws.store.commit_meta(each).get("at", ""))[:16].replace("T", " ") for each in commits["commit_id"]
            ]
            printing.print_commits(console, commits.with_columns(made=pl.Series(made, dtype=pl.String)))
            return DONE
        found = ws.journal(commit_id)
        found = found.filter(pl.col("state") == state) if state else found
        if export is not None:
            _write(found, export)
            console.print(f"{found.height:,} rows are in {export}.", markup=False)
        else:
            printing.print_journal(console, found, rows)
        return ATTENTION if (found["state"] != "written").any() else DONE


@app.command(group=REVIEW, sort_key=7)
def lineage(
    object_name: Annotated[str, Parameter(name="OBJECT", help="An object of the mapping file, such as account.")],
    record: Annotated[str, Parameter(name="ID", help="The record's id, on the side that is asked about.")],
    field: Annotated[str, Parameter(name="FIELD", help="The field, by that side's name.")],
    *,
    workspace: Folder = HERE,
    side: Annotated[Side, Parameter(help="Whose value: here, or there in Salesforce.")] = "here",
) -> None:
    """Say where a value came from: which file, field, person, rule and run, back to the first time it was seen."""
    from toolkit.console import plans as printing
    from toolkit.workspace import Workspace

    with Workspace.open(workspace) as ws:
        printing.print_lineage(console, ws.lineage(object_name, record, field, side))


def _write(rows: Any, path: Path) -> None:
    """Write rows to a file that a spreadsheet opens without running what is in it, or to Parquet."""
    from toolkit.errors import InputError
    from toolkit.writeback.planning.export import safe_cells

    if path.suffix not in (".csv", ".parquet"):
        raise InputError(f"Rows cannot be written to {path}.", hint="Name a .csv or .parquet file.")
    if path.suffix == ".csv":
        safe_cells(rows).write_csv(path, include_bom=True)
    else:
        rows.write_parquet(path)
