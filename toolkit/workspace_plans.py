"""Plans in a workspace: make one, look at it, let it be approved, commit exactly that, resume, undo."""

from collections.abc import Sequence

from toolkit.errors import NotFoundError
from toolkit.runs import Run
from toolkit.workspace_matching import MatchingWorkspace
from toolkit.workspace_org import Direction
from toolkit.writeback.commit import Commit, commit, resume
from toolkit.writeback.lookups import looked_up
from toolkit.writeback.merge import new_base
from toolkit.writeback.plan import Plan, make_plan
from toolkit.writeback.sending import Progress
from toolkit.writeback.undoing import plan_undo


class PlanningWorkspace(MatchingWorkspace):
    """The part of a workspace that deals with plans and commits."""

    def plan(self, directions: Sequence[Direction] = ()) -> Plan:
        """Work out every change on either side and keep it as a plan. Writes nothing anywhere else.

        What was read since the last match is matched first: a plan never pairs records that no longer belong together.
        Where both sides agree, that is noted as the base of the next merge. `directions` leaves out the fields of other
        directions. Raises PreflightError when a mapped field cannot be used at all, StepMissingError when a side was
        not read yet.
        """
        with self._run("plan") as run:
            self._match_what_is_new()
            sides = self._all_sides(directions)
            creates = not directions and any(each.mapping.create_there for each in sides)  # whole records only
            unmatched = self.mismatches(None) if creates else None
            sides = looked_up(self.org, sides, unmatched)
            organization = self.org.organization
            made = make_plan(
                sides,
                org_id=self.org.org_id,
                org_name=organization.name,
                created_at=self.now(),
                parent=self.last_commit(),
                writeback=self.settings.writeback,
                profile=self.settings.health.profile,
                calls_left=self.org.budget.left,
                mismatches=unmatched,
                journal=self.store.journal() if creates else None,
            )
            for each in sides:
                base = new_base(each)
                if each.base is None or not base.equals(each.base):
                    self.store.save_records("base", each.object, base)
            self._keep(made, run)
        return made

    def undo(self, commit_id: str | None = None) -> Plan:
        """Plan to take back a commit (the last one when not said), where both sides still hold what it wrote (BEY-5).

        Raises NotFoundError when there is no such commit.
        """
        with self._run("undo") as run:
            wanted = commit_id or self.last_commit()
            if wanted is None:
                raise NotFoundError("There is no commit to undo.", hint="See what was committed: cs-toolkit status")
            made = plan_undo(
                wanted,
                self.org,
                self.store,
                objects=self._all_sides(),
                org_name=self.org.organization.name,
                created_at=self.now(),
                parent=self.last_commit(),
                bulk_from=self.settings.writeback.bulk_from,
                calls_left=self.org.budget.left,
            )
            self._keep(made, run)
        return made

    def commit(self, plan: Plan, *, confirm: str, progress: Progress | None = None) -> Commit:
        """Write exactly the rows of `plan`; `confirm` is its digest, as it was shown.

        Rows that moved since are held back. Raises PermissionDenied when the mapping file does not let this person
        commit, and whatever `toolkit.writeback.commit` raises before anything is written.
        """
        self._allow("commit")
        with self._run("commit") as run:
            self._match_what_is_new()
            done = commit(
                plan,
                confirm,
                self.org,
                self.store,
                self.settings,
                objects=self._all_sides(),
                now=self.now(),
                progress=progress,
            )
            run.written, run.held, run.failed, run.note = done.written, done.held, done.failed, str(done)
        return done

    def resume(self) -> tuple[Commit, ...]:
        """Settle what commits that were cut off left open, by reading what Salesforce holds now."""
        self._allow("commit")
        with self._run("resume") as run:
            settled = tuple(
                resume(commit_id, self.org, self.store, objects=self._all_sides())
                for commit_id in self.store.open_commits()
            )
            run.written = sum(each.written for each in settled)
            run.held = sum(each.held for each in settled)
            run.failed = sum(each.failed for each in settled)
        return settled

    # -- inner -------------------------------------------------------------------------------------------------------

    def _keep(self, plan: Plan, run: Run) -> None:
        self.store.save_plan(plan.meta(), plan.changes)
        run.read, run.held = self.links().height, plan.changes.height - plan.writes
        run.note = f"{plan.writes:,} changes to write, digest {plan.plan_id}"
