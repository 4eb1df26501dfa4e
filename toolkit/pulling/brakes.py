"""What stops a pull before it changes anything (BEY-8): a scope that shrank, and fields that are not what they were.

A list view that somebody edited, or a filter with a slip, looks like customers who left. So a pull that would drop more
than a set share of the records stops and says how many, and goes on only when told that this is right.
"""

from collections.abc import Mapping

from toolkit.config.models import Brakes
from toolkit.errors import BrakeError


def check_shrinking(brakes: Brakes, label: str, before: int, left: int, *, scope_changed: bool) -> None:
    """Raise BrakeError when `left` of the records that were stored `before` are too many to drop unasked."""
    if left < brakes.from_records or left <= brakes.max_left_share * before:
        return
    cause = (
        "The scope is another one than at the last pull: look whether somebody changed the list view or the mapping "
        "file."
        if scope_changed
        else "Look whether the records were changed or deleted together, or the user's access to them."
    )
    raise BrakeError(
        f"{left:,} of the {before:,} records would leave {label} ({left / before:.0%}); the brake allows "
        f"{brakes.max_left_share:.0%}. Nothing was changed (BEY-8)",
        hint=f"{cause} If it is right, pull with accept_shrinking=True (`cs-toolkit pull --accept-shrinking`), "
        "or raise brakes.max_left_share in the mapping file",
    )


def check_types(sobject: str, before: Mapping[str, str], now: Mapping[str, str]) -> None:
    """Raise BrakeError when fields have another Salesforce type than at the last pull."""
    moved = [(path, kind, now[path]) for path, kind in before.items() if path in now and now[path] != kind]
    if not moved:
        return
    listed = "\n".join(f"  - {path} was {was} and is {kind}" for path, was, kind in moved)
    count = "A mapped field" if len(moved) == 1 else f"{len(moved)} mapped fields"
    raise BrakeError(
        f"{count} of {sobject} changed type since the last pull; nothing was changed (BEY-8):\n{listed}",
        hint="correct the mapping file where the values no longer fit; then pull with accept_retyped=True "
        "(`cs-toolkit pull --accept-retyped`), which reads everything again",
    )
