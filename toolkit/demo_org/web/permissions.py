"""Rights that are not about objects or fields: who may delete past the recycle bin."""

from toolkit.demo_org.state import OrgState

HARD_DELETE_TEXT = (
    "hardDelete operation requires special user profile permission, please contact your system administrator"
)
_RIGHT = "PermissionsBulkApiHardDelete"


def may_hard_delete(org: OrgState, user_id: str) -> bool:
    """Return whether one of the user's permission sets has "Bulk API Hard Delete"."""
    sets = org.schema.get("PermissionSet")
    if sets is None or sets.field(_RIGHT) is None:
        return False
    assigned = (
        f"SELECT Id FROM PermissionSetAssignment WHERE AssigneeId = '{user_id}' AND PermissionSet.{_RIGHT} = TRUE"
    )
    return bool(org.look(assigned))
