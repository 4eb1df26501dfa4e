"""Changes of the org itself, and of whole records there, in a workspace: fields to create, merges, deletes.

Each is a plan like any other: kept, shown, committed with its digest, resumed and undone.
"""

from collections.abc import Sequence

from toolkit.workspace_plans import PlanningWorkspace
from toolkit.workspace_view import ACCOUNT
from toolkit.writeback.field_creation_plan import Wanted, plan_fields
from toolkit.writeback.plan import Plan


class StructureWorkspace(PlanningWorkspace):
    """The part of a workspace that deals with the org's fields, and with whole records of the org."""

    def plan_fields(
        self,
        object_name: str = ACCOUNT,
        fields: Wanted = None,
        *,
        permission_set: str | None = None,
        readers: Sequence[str] = (),
    ) -> Plan:
        """Plan to create the mapped fields that the org lacks, and who may edit and read them (BEY-15).

        `fields` are API names; with a dict, each with definition keys that overrule the recommendation. Edit goes to
        `permission_set` (the integration user's profile if not said), read-only to `readers`, profiles or permission
        sets by name. Works before anything was pulled. Values can be planned once the fields are there: commit, pull,
        plan. Raises NotFoundError for a field that is not mapped or a permission set that does not exist.
        """
        with self._run("plan fields", object_name) as run:
            made = plan_fields(
                self.org,
                self._sides(object_name, unread=True),
                fields=fields,
                permission_set=permission_set,
                readers=readers,
                writeback=self.settings.writeback,
                profile=self.settings.health.profile,
                org_name=self.org.organization.name,
                created_at=self.now(),
                parent=self.last_commit(),
            )
            return self._keep(made, "fields", run)
