"""What a CRM user does to a record by hand: edit it, merge another into it, delete it, bring it back."""

from collections.abc import Mapping

from toolkit.demo_org.access import Access
from toolkit.demo_org.state import OrgState

Given = Mapping[str, object]


class Actor:
    """A user of the CRM who may do everything. Raises Refusal where Salesforce would say no."""

    def __init__(self, org: OrgState) -> None:
        self._org = org

    def edit(self, given: Given) -> dict[str, object]:
        """Set ``field`` of a record to ``value`` (null empties it)."""
        values = {str(given["field"]): given["value"]}
        self._org.edit(str(given["object"]), str(given["id"]), values)
        return {}

    def delete(self, given: Given) -> dict[str, object]:
        """Put a record into the recycle bin."""
        self._org.records.delete(str(given["object"]), str(given["id"]), self._access())
        return {}

    def merge(self, given: Given) -> dict[str, object]:
        """Merge the record ``loser`` into the record ``id``, which keeps its values."""
        self._org.records.merge(str(given["object"]), str(given["id"]), [str(given["loser"])], self._access())
        return {}

    def undelete(self, given: Given) -> dict[str, object]:
        """Bring a record, and what went with it, back from the recycle bin."""
        outcome = self._org.records.undelete([str(given["id"])], self._access())[0]
        if isinstance(outcome, list):
            raise outcome[0]
        return {}

    def _access(self) -> Access:
        return Access.for_user(self._org.crm_user_id())
