"""Changes of the org itself, and of whole records there, in a workspace: fields to create, merges, deletes.

Each is a plan like any other: kept, shown, committed with its digest, resumed and undone.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Literal

from toolkit.errors import InputError
from toolkit.workspace.plans import PlanningWorkspace
from toolkit.workspace.view import ACCOUNT
from toolkit.writeback.planning.plan import Plan
from toolkit.writeback.restructuring.field_creation_plan import Wanted, plan_fields
from toolkit.writeback.restructuring.merging import Merging, Survivor, SurvivorRule
from toolkit.writeback.restructuring.merging_plan import choose_survivor, plan_delete, plan_merges


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
        if not self.mapped(object_name).is_merged:
            raise InputError(
                f"Fields of {object_name} are only read, so none is created for it.",
                hint=f"Objects whose fields are written: {', '.join(self._merged())}.",
            )
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

    def survivor(self, object_name: str, ids: Sequence[str], rule: SurvivorRule = "oldest") -> Survivor:
        """Return which of several records of Salesforce should survive their merge, why, and how they rank.

        `rule`: oldest, most_filled (fields with a value), most_children (records that belong to it) or linked (to a
        record here); ties go to the older one. Raises NotFoundError when one of them is gone.
        """
        return choose_survivor(self.org, self._all_sides(), object_name, ids, rule)

    def plan_merge(
        self, object_name: str, survivor_id: str, loser_ids: Sequence[str], *, fields: Mapping[str, str] | None = None
    ) -> Plan:
        """Plan to merge one or two records of Salesforce into another; see `plan_merges`.

        `fields`: a Salesforce field, and the id of the loser whose value of it the survivor takes.
        """
        return self.plan_merges(object_name, [Merging(survivor_id, tuple(loser_ids), dict(fields or {}))])

    def plan_merges(self, object_name: str, merges: Sequence[Merging]) -> Plan:
        """Plan merges in Salesforce: a row a record that goes, with what moves, and a row a value that is taken.

        A merge cannot be undone, `Plan.irreversible` says so. Links of records that go end, a survivor without one
        inherits it. Raises InputError for a merge that Salesforce does not know, NotFoundError when a record is gone.
        """
        with self._run("plan merges", object_name) as run:
            made = plan_merges(
                self.org,
                self._all_sides(),
                object_name,
                merges,
                org_name=self.org.organization.name,
                created_at=self.now(),
                parent=self.last_commit(),
                bulk_from=self.settings.writeback.bulk_from,
            )
            return self._keep(made, "merges", run)

    def plan_delete(
        self,
        object_name: str,
        here_ids: Collection[str],
        *,
        side: Literal["there", "here", "both"] = "there",
        cascade: bool = False,
    ) -> Plan:
        """Plan to delete records, named by their ids here: in Salesforce, here, or on both sides.

        What others would go with is held unless `cascade`; what Salesforce would not delete is refused. The rows say
        what goes along. An undo brings it all back, for 15 days. Raises NotFoundError for an unknown id.
        """
        with self._run("plan delete", object_name) as run:
            made = plan_delete(
                self.org,
                self._all_sides(),
                object_name,
                list(here_ids),
                side=side,
                cascade=cascade,
                org_name=self.org.organization.name,
                created_at=self.now(),
                parent=self.last_commit(),
                bulk_from=self.settings.writeback.bulk_from,
            )
            return self._keep(made, "delete", run)

    # -- inner -------------------------------------------------------------------------------------------------------

    def _merged(self) -> list[str]:
        return [name for name, mapping in self.objects.items() if mapping.is_merged]
