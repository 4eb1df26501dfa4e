"""Plans in a workspace: make one, look at it, let it be approved, commit exactly that, resume, undo."""

from collections.abc import Collection, Sequence
from dataclasses import replace

import polars as pl

from toolkit.errors import NotFoundError
from toolkit.frames import CHANGES, DECISIONS
from toolkit.runs import Run
from toolkit.workspace.connected import Direction
from toolkit.workspace.review import FULL, ReviewWorkspace
from toolkit.writeback.committing.commit import Commit, commit, resume
from toolkit.writeback.committing.rehearsing import Rehearsal, rehearse
from toolkit.writeback.committing.sending import Progress
from toolkit.writeback.planning.braking import computed_columns
from toolkit.writeback.planning.deciding import void
from toolkit.writeback.planning.lookups import looked_up, with_lookups
from toolkit.writeback.planning.merge import new_base
from toolkit.writeback.planning.operations import FIELDS
from toolkit.writeback.planning.plan import Plan, make_plan, seal
from toolkit.writeback.planning.retrying import retried
from toolkit.writeback.undoing.plan_undo import plan_undo


class PlanningWorkspace(ReviewWorkspace):
    """The part of a workspace that deals with plans and commits."""

    def plan(self, directions: Sequence[Direction] = ()) -> Plan:
        """Work out every change on either side and keep it as a plan. Writes nothing anywhere else.

        What was read since the last match is matched first: a plan never pairs records that no longer belong together.
        Where both sides agree, that is noted as the base of the next merge. What people decided about conflicts is
        carried out, and forgotten where a value has moved since. `directions` leaves out the fields of other
        directions. Raises PreflightError when a mapped field cannot be used at all, StepMissingError when a side was
        not read yet.
        """
        with self._run("plan") as run:
            self._match_what_is_new()
            sides = self._all_sides(directions)
            creates = not directions and any(each.mapping.create_there for each in sides)  # whole records only
            unmatched = self._without_partner() if creates else None
            sides = looked_up(self.org, sides, unmatched)
            organization, decisions = self.org.organization, self.decisions()
            forgotten = void(decisions, sides)
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
                decisions=decisions,
                brakes=self.settings.brakes,
                computed=computed_columns(self.settings),
            )
            for each in sides:
                base = new_base(each)
                if each.base is None or not base.equals(each.base):
                    self.store.save_records("base", each.object, base)
            made = self._keep(made, " ".join([FULL, *directions]), run)
            if forgotten.height:
                left = decisions.join(forgotten, on=list(DECISIONS.key), how="anti")
                self.store.write(DECISIONS, left)
                run.note += f"; {forgotten.height:,} decided before about values that have moved since"
        return made

    def undo(
        self,
        commit_id: str | None = None,
        *,
        seqs: Collection[int] | None = None,
        objects: Collection[str] | None = None,
        fields: Collection[str] | None = None,
        records: Collection[str] | None = None,
    ) -> Plan:
        """Plan to take back a commit (the last one when not said), where both sides still hold what it wrote (BEY-5).

        A part of it is named by the numbers of its rows, by objects, by fields of either side, or by records of either
        side; what cannot be told apart comes along, see `undoing.selecting`. Raises NotFoundError when there
        is no such commit, InputError when there is no such part.
        """
        with self._run("undo") as run:
            wanted = commit_id or self.last_commit()
            if wanted is None:
                raise NotFoundError("There is no commit to undo.", hint="See what was committed: cs-toolkit status")
            made = plan_undo(
                wanted,
                self.org,
                self.store,
                objects=self._all_sides(of=self.store.journal(wanted)),
                seqs=seqs,
                only=objects,
                fields=fields,
                records=records,
                org_name=self.org.organization.name,
                created_at=self.now(),
                parent=self.last_commit(),
                bulk_from=self.settings.writeback.bulk_from,
                calls_left=self.org.budget.left,
            )
            return self._keep(made, f"undo {wanted}", run)

    def rehearse(self, plan: Plan, object_name: str | None = None) -> Rehearsal:
        """Let a sandbox judge up to 200 records of one object of a plan, its own rules and all, and save nothing.

        `object_name` may be left out where the plan writes records of one object only. Raises PlanError in a production
        org, for more records, and where there is nothing to write there (BEY-4).
        """
        with self._run("rehearse") as run:
            done = rehearse(plan, self.org, objects=self._all_sides(), object_name=object_name)
            run.read, run.failed, run.note = done.results.height, done.failures.height, str(done)
        return done

    def retry(self, commit_id: str | None = None) -> Plan:
        """Plan to write once more what failed in a commit (the last one when not said), and nothing else.

        Each row is judged by what both sides hold as they were read last: what moved since is held. Raises
        NotFoundError when there is no such commit, or when nothing of it failed.
        """
        with self._run("retry") as run:
            wanted = commit_id or self.last_commit()
            if wanted is None:
                raise NotFoundError("There is no commit to try again.", hint="Commit a plan first.")
            failed = self.store.journal(wanted).filter(pl.col("state") == "failed")
            if failed.is_empty():
                raise NotFoundError(f"Nothing of commit {wanted} failed.", hint="What was held, the next plan has.")
            self._match_what_is_new()
            return self._keep(self._retried(wanted, failed), f"retry {wanted}", run)

    def commit(
        self,
        plan: Plan,
        *,
        confirm: str,
        progress: Progress | None = None,
        org_name: str | None = None,
        accept: bool = False,
    ) -> Commit:
        """Write exactly the rows of `plan`; `confirm` is its digest, as it was shown.

        `org_name` is the name of a production org, typed; `accept` says that a plan over the brakes is meant. Rows that
        moved since are held back. Raises PermissionDenied when the mapping file does not let this person commit,
        PlanError when it asks for a second person's approval and there is none, and whatever
        `toolkit.writeback.committing.commit` raises before anything is written.
        """
        self._allow("commit")
        with self._run("commit") as run:
            self._refuse_unapproved(plan)
            return self._committed(run, plan, confirm, progress, org_name=org_name, accept=accept)

    def _commit_unattended(self, plan: Plan) -> Commit:
        """Write a plan that a job made: no approval is asked for, and nothing is over the brakes."""
        self._allow("commit")
        with self._run("commit") as run:
            return self._committed(run, plan, plan.digest, org_name=self.settings.writeback.production)

    def _committed(
        self,
        run: Run,
        plan: Plan,
        confirm: str,
        progress: Progress | None = None,
        *,
        org_name: str | None = None,
        accept: bool = False,
    ) -> Commit:
        if not plan.changes["operation"].is_in(FIELDS).all():  # fields of the org are of no record
            self._match_what_is_new()
        done = commit(
            plan,
            confirm,
            self.org,
            self.store,
            self.settings,
            objects=self._all_sides(of=plan.changes),
            now=self.now(),
            progress=progress,
            org_name=org_name,
            accept=accept,
        )
        run.written, run.held, run.failed, run.note = done.written, done.held, done.failed, str(done)
        return done

    def resume(self) -> tuple[Commit, ...]:
        """Settle what commits that were cut off left open, by reading what Salesforce holds now."""
        self._allow("commit")
        with self._run("resume") as run:
            settled = tuple(
                resume(commit_id, self.org, self.store, objects=self._all_sides(of=self.store.journal(commit_id)))
                for commit_id in self.store.open_commits()
            )
            run.written = sum(each.written for each in settled)
            run.held = sum(each.held for each in settled)
            run.failed = sum(each.failed for each in settled)
        return settled

    # -- inner -------------------------------------------------------------------------------------------------------

    def _retried(self, commit_id: str, failed: pl.DataFrame) -> Plan:
        sides = [with_lookups(self.org, each, failed) for each in self._all_sides(of=failed)]
        kept = {meta["plan_id"] for meta in self.store.plans()}
        planned = self.store.plan(commit_id)[1] if commit_id in kept else CHANGES.empty()
        return seal(
            retried(failed, planned, sides, self._without_partner(), self.store.journal()),
            sides,
            org_id=self.org.org_id,
            org_name=self.org.organization.name,
            created_at=self.now(),
            parent=self.last_commit(),
            bulk_from=self.settings.writeback.bulk_from,
            calls_left=self.org.budget.left,
            brakes=self.settings.brakes,
            computed=computed_columns(self.settings),
        )

    def _keep(self, plan: Plan, purpose: str, run: Run) -> Plan:
        """Keep a plan that was made just now, and return it signed."""
        made = self._signed(plan, purpose)
        if not purpose.startswith(FULL):  # those know already
            made = replace(made, brakes=self._brakes_of(made.changes))
        self.store.save_plan(made.meta(), made.changes)
        run.read, run.held = self.links().height, made.changes.height - made.writes
        run.note = f"{made.writes:,} changes to write, digest {made.plan_id}"
        return made
