"""The commands about which record here is which record there."""

import sys
from collections.abc import Callable
from typing import Annotated, Any

from cyclopts import Parameter

from toolkit.cli.application import ATTENTION, DONE, FACES, HERE, STEPS, Folder, Rows, app, console

ObjectName = Annotated[str, Parameter(name="--object", help="An object of the mapping file.")]


@app.command(group=STEPS, sort_key=4)
def match(
    *,
    workspace: Folder = HERE,
    review: Annotated[
        bool, Parameter(help="Then decide about suggested pairs and repairs, one by one; in a pipe: list them.")
    ] = False,
    object_name: ObjectName = "account",
    rows: Rows = 20,
) -> int:
    """Link the records of both sides, and say for each that has no partner why.

    With --review: two records side by side, and a key for each decision (a accept, r reject, s skip, n next,
    p previous, q end). A decision is kept and never asked again; nothing is linked that was not accepted.
    """
    from toolkit import console as printing
    from toolkit.workspace import Workspace

    with Workspace.open(workspace) as ws:
        ws.mapped(object_name)
        console.print(str(ws.match()), markup=False)
        if not review:
            printing.print_mismatches(console, ws.mismatches())
            return DONE
        return _review(ws, object_name, rows)


@app.command(group=FACES)
def mismatches(
    record_class: Annotated[
        str | None, Parameter(name="CLASS", help="List the records of this class; all classes with counts if not said.")
    ] = None,
    *,
    object_name: ObjectName = "account",
    workspace: Folder = HERE,
    rows: Rows = 20,
) -> None:
    """Say of every record of both sides in which class it is: paired, drifting, unmatched, ambiguous, skipped, ...

    The counts add up to all records. With CLASS, such as unmatched_here: the records, each with the reason.
    """
    from toolkit.console import matching as printing
    from toolkit.errors import InputError
    from toolkit.matching.classes import CLASSES
    from toolkit.workspace import Workspace

    if record_class is not None and record_class not in CLASSES:
        raise InputError(f"There is no class {record_class!r}.", hint=f"Classes are: {', '.join(CLASSES)}.")
    with Workspace.open(workspace) as ws:
        found = ws.classes(object_name)
        if record_class is None:
            printing.print_classes(console, found)
            return
        known = CLASSES[record_class]
        console.print(f"{known.title}: {known.cause} {known.fix} {known.command}".strip(), markup=False)
        printing.print_class(console, found.filter(record_class=record_class), rows)


def _review(workspace: Any, object_name: str, rows: int) -> int:
    """Review repairs and suggested pairs, key by key in a terminal; elsewhere list them."""
    from toolkit.console import matching as printing
    from toolkit.review_queue import ReviewQueue

    proposals = workspace.proposals(object_name, "open")
    queue = ReviewQueue(workspace, object_name)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        if proposals.height:
            printing.print_proposals(console, proposals)
        printing.print_queue(console, queue, rows)
        return ATTENTION if proposals.height or queue.pairs.height else DONE
    with printing.keys() as read_key:
        if _review_repairs(workspace, proposals, read_key):
            _review_pairs(queue, read_key)
    console.print(f"{queue.summary()}.", markup=False)
    return DONE


def _review_repairs(workspace: Any, proposals: Any, read_key: Callable[[], str]) -> bool:
    """Ask about each proposed repair. Returns whether the review goes on."""
    for row in proposals.iter_rows(named=True):
        console.print(f"\nRepair of {row['name'] or row['here_id']}: {row['evidence']}", markup=False)
        console.print(f"{row['action'].replace('_', ' ')}?   a accept   r reject   s skip   q end", style="dim")
        key = _one_of("arsq", read_key)
        if key == "q":
            return False
        if key in "ar":
            workspace.decide_proposal(row["proposal_id"], key == "a")
            console.print("accepted" if key == "a" else "rejected")
    if proposals.height and workspace.proposals(None, "accepted").height:
        made = workspace.plan_repairs()
        console.print(f"Carry the accepted repairs out with: cs-toolkit commit {made.digest[:12]}", markup=False)
    return True


def _review_pairs(queue: Any, read_key: Callable[[], str]) -> None:
    """Show the pairs one after the other and do what the keys say, until none is left or q is pressed."""
    from toolkit.console import matching as printing
    from toolkit.errors import ToolkitError

    deeds = {
        "a": queue.accept, "r": queue.reject, "s": queue.skip, "n": lambda: queue.step(1), "p": lambda: queue.step(-1),
    }  # fmt: skip
    while queue.current is not None:
        printing.print_pair(console, queue)
        console.print(printing.KEYS, style="dim")
        key = _one_of("arsnpq", read_key)
        if key == "q":
            return
        try:
            deeds[key]()
        except ToolkitError as error:
            console.print(f"{error.message} {error.hint or ''}", markup=False, style="red")


def _one_of(wanted: str, read_key: Callable[[], str]) -> str:
    """Wait for one of these keys; an end of the input is q."""
    while True:
        try:
            key = read_key()
        except EOFError:
            return "q"
        if key and key in wanted:
            return key
