"""Saving rows for every resource that does: the records' own rules, and the planned row locks before them."""

from collections.abc import Mapping, Sequence

from toolkit.demo_org.access import Access
from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.records import Outcome
from toolkit.demo_org.state import OrgState

LOCKED_TEXT = "unable to obtain exclusive access to this record"


def check_lock(org: OrgState, path: str) -> None:
    """Raise UNABLE_TO_LOCK_ROW when a fault is planned for this write of one record."""
    if org.faults.take("lock_row", path) is not None:
        raise locked()


def locked() -> Refusal:
    """Return the refusal of a record that another transaction holds."""
    return Refusal(400, "UNABLE_TO_LOCK_ROW", LOCKED_TEXT, ())


def save_rows(
    org: OrgState,
    path: str,
    operation: str,
    sobject: str,
    rows: Sequence[Mapping[str, object]],
    access: Access,
    external_id: str | None = None,
    text: bool = False,
) -> list[Outcome]:
    """Save rows and return one outcome a row, in order. A planned lock refuses the first rows and saves the others."""
    planned = org.faults.take("lock_row", path)
    held = 0 if planned is None else min(len(rows), int(planned.number("rows")))
    outcomes: list[Outcome] = [[locked()] for _ in rows[:held]]
    if held == len(rows):
        return outcomes
    return outcomes + org.records.save_many(
        operation, sobject, rows[held:] if held else rows, access, external_id=external_id, text=text
    )
