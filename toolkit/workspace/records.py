"""Single records of a workspace: look at one, change it, or enter it by hand, at once and like any other commit."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, Literal

import polars as pl

from toolkit import summaries
from toolkit.lineage.tracing import trace
from toolkit.workspace.connected import ConnectedWorkspace
from toolkit.writeback.committing.commit import Commit, commit
from toolkit.writeback.committing.live import sync_on_view
from toolkit.writeback.planning.editing import plan_add, plan_edit, told
from toolkit.writeback.planning.lookups import with_lookups
from toolkit.writeback.planning.plan import Plan


class RecordWorkspace(ConnectedWorkspace):
    """The part of a workspace that deals with one record at a time."""

    def edit(self, object_name: str, here_id: str, values: Mapping[str, Any]) -> Commit:
        """Change fields of one record, here and at once in Salesforce where they go there (CSU-4, VIT-15).

        `values` are by the fields' names here; None clears. It is a plan like any other, so `undo` takes it back. With
        a ``pulse`` it is noted when and by whom it was said, and why if there is a ``pulse_reason`` (SKA-35). Raises
        EditRefused when a field may not be edited, a value does not fit, or Salesforce was changed meanwhile;
        PermissionDenied when the mapping file does not let this person commit; PlanError when it asks for a second
        person's approval: the edit is kept as a plan that can be committed once somebody has approved it.
        """
        make = partial(plan_edit, here_id=here_id, values=values, person=self.person())
        return self._at_once("edit", object_name, make)

    def add(self, object_name: str, values: Mapping[str, Any], *, at: datetime | None = None) -> Commit:
        """Enter a record by hand, here and in Salesforce where the mapping creates it there (SKA-33).

        `at` is when an interaction was, now if not said. Raises EditRefused when Salesforce would refuse it, or when it
        was entered already; PermissionDenied like `edit`.
        """
        return self._at_once("add", object_name, partial(plan_add, values=values, at=at or self.now()))

    def record(self, object_name: str, here_id: str) -> pl.DataFrame:
        """Return a record's mapped fields, in the order of the tables, with what each side holds.

        When the mapping file says ``sync_on_view``, looking sends its changes to Salesforce first (CSU-5), if whoever
        looks may commit; what was sent is told in ``runs``. Columns: field, here, there, editable. Raises NotFoundError
        for an unknown id.
        """
        if self.settings.writeback.sync_on_view and self._may("commit"):
            with self._run("view", object_name) as run:
                synced = sync_on_view(
                    self._all_sides(), object_name, here_id, self.org, self.store, self.settings, now=self.now(),
                    org_name=self.org.organization.name, parent=self.last_commit(), person=self.person(),
                )  # fmt: skip
                run.note = synced.said if synced else ""
        here, there = self.here(object_name), self.store.records("there", object_name)
        return summaries.record_fields(self.mapped(object_name), here_id, here, there, self.links(object_name))

    def lineage(
        self, object_name: str, record_id: str, field: str, side: Literal["here", "there"] = "here"
    ) -> pl.DataFrame:
        """Return where a value came from, by which rule, in which run (`frames.LINEAGE`), the newest first (BEY-14).

        `record_id` and `field` are by the names of that side. Needs no org. Raises NotFoundError for an unknown record
        or field.
        """
        return trace(self.store, self.settings, object_name, record_id, field, side)

    def _at_once(self, step: str, object_name: str, make: Callable[..., Plan]) -> Commit:
        """Plan a change of one record, keep the plan, commit it and tell when it was not taken."""
        self._allow("commit")
        with self._run(step, object_name) as run:
            objects = self._all_sides()
            plan = make(
                objects,
                object_name,
                org_id=self.org.org_id,
                org_name=self.org.organization.name,
                created_at=self.now(),
                parent=self.last_commit(),
                writeback=self.settings.writeback,
                look_up=partial(with_lookups, self.org),
            )
            plan = self._signed(plan, step)
            self.store.save_plan(plan.meta(), plan.changes)
            self._refuse_unapproved(plan)
            done = commit(
                plan, plan.digest, self.org, self.store, self.settings, objects=objects, now=self.now(),
                org_name=self.settings.writeback.production,
            )  # fmt: skip
            run.written, run.held, run.failed, run.note = done.written, done.held, done.failed, str(done)
            told(done.results)
        return done
