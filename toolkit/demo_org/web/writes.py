"""Saving rows for every resource that does: the records' own rules, and the planned row locks before them."""

from collections.abc import Mapping, Sequence

from toolkit.demo_org.access import Access
from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.records import Outcome
from toolkit.demo_org.state import OrgState
from toolkit.demo_org.web.wire import Call

Row = Mapping[str, object]
"""One record as it is to be saved: values by field."""

HARD_DELETE_TEXT = (
    "hardDelete operation requires special user profile permission, please contact your system administrator"
)
LOCKED_TEXT = "unable to obtain exclusive access to this record"


def check_lock(org: OrgState, path: str) -> None:
    """Raise UNABLE_TO_LOCK_ROW when a fault is planned for this write of one record."""
    if org.faults.take("lock_row", path) is not None:
        raise locked()


def locked() -> Refusal:
    """Return the refusal of a record that another transaction holds."""
    return Refusal(400, "UNABLE_TO_LOCK_ROW", LOCKED_TEXT, ())


def allows_duplicates(call: Call) -> bool:
    """Return whether the caller has seen the duplicates and wants to save all the same."""
    return "allowsave=true" in call.headers.get("sforce-duplicate-rule-header", "").replace(" ", "").lower()


def save(
    org: OrgState, call: Call, operation: str, sobject: str, rows: Sequence[Row], external_id: str | None = None
) -> list[Outcome]:
    """Save the rows of a request, as its user and with its headers; return one outcome a row, in order."""
    access = org.access(call.user_id)
    allow = allows_duplicates(call)
    return save_rows(org, call.path, operation, sobject, rows, access, external_id, allow_duplicates=allow)


def save_rows(
    org: OrgState,
    path: str,
    operation: str,
    sobject: str,
    rows: Sequence[Row],
    access: Access,
    external_id: str | None = None,
    *,
    text: bool = False,
    allow_duplicates: bool = False,
) -> list[Outcome]:
    """Save rows and return one outcome a row, in order. A planned lock refuses the first rows and saves the others."""
    planned = org.faults.take("lock_row", path)
    held = 0 if planned is None else min(len(rows), int(planned.number("rows")))
    outcomes: list[Outcome] = [[locked()] for _ in rows[:held]]
    if held == len(rows):
        return outcomes
    left = rows[held:] if held else rows
    if operation == "hardDelete":
        return outcomes + org.records.hard_delete(sobject, [_id_of(row) for row in left], access)
    return outcomes + org.records.save_many(
        operation, sobject, left, access, external_id=external_id, text=text, allow_duplicates=allow_duplicates
    )


def _id_of(row: Row) -> str:
    return next((str(value) for name, value in row.items() if name.lower() == "id"), "")
