"""The workspace: the object an admin holds, with one short method a step.

A workspace is a folder: the mapping file ``workspace.toml``, the customer's files it names, and the store. Every step
reads from the store, calls a pure function and writes the result back, so that each can be run again alone and looked
at in between. A step that changes anything holds the store's lock and leaves a row in ``runs``, also when it fails.
"""

from collections.abc import Sequence

import polars as pl

from toolkit import frames
from toolkit.data_quality import PICKLISTS_OF, picklists
from toolkit.errors import InputError, NotFoundError
from toolkit.health.score import TOO_LITTLE_KNOWN, score
from toolkit.importing.extra_rows import ExtraRows
from toolkit.importing.importer import Importer, Preview
from toolkit.importing.loading import load_sources
from toolkit.importing.records_here import with_scores
from toolkit.pulling.ahead import Ahead
from toolkit.pulling.look_ahead import look_ahead
from toolkit.pulling.pull import PullResult, pull
from toolkit.runs import Run, total
from toolkit.workspace.connected import DEMO_FOLDER, Direction
from toolkit.workspace.repairs import RepairingWorkspace
from toolkit.workspace.view import ACCOUNT, JOB
from toolkit.writeback.committing.commit import Commit
from toolkit.writeback.committing.live import changed_here, sync_records
from toolkit.writeback.committing.sending import Progress
from toolkit.writeback.planning.braking import refuse_churning
from toolkit.writeback.planning.deciding import decided_ids
from toolkit.writeback.planning.sides import Sides

SYNC = "sync"
"""The job that brings over what changed, as it changes (CSU-2)."""

__all__ = ["DEMO_FOLDER", "Workspace"]


class Workspace(RepairingWorkspace):
    """A folder with a mapping file and a store, and the steps over it. Make one with `open` or `demo`.

    Use it as a context manager, or call `close`. The org is connected to when a step first needs it.
    """

    # -- the steps ---------------------------------------------------------------------------------------------------

    def pull(
        self,
        progress: Progress | None = None,
        *,
        full: bool = False,
        accept_shrinking: bool = False,
        accept_retyped: bool = False,
    ) -> Run:
        """Read from Salesforce what is in scope: everything the first time or if `full`, then what changed since.

        Raises BrakeError when a scope suddenly lost more records than the mapping file's [brakes] allow, or when a
        mapped field went or changed its type (BEY-8); nothing is changed then. `accept_shrinking` and `accept_retyped`
        let it happen.
        """
        accounts: PullResult | None = None
        ahead: Ahead | None = None
        runs = []
        for name, mapping in self.objects.items():
            with self._run("pull", name) as run:
                ahead = ahead or look_ahead(
                    self.org, self.store, self.objects, account=ACCOUNT, now=self.now(), full=full
                )
                result = pull(
                    self.org,
                    mapping,
                    self.store,
                    name=name,
                    full=full,
                    progress=progress,
                    accounts=None if name == ACCOUNT else self.objects.get(ACCOUNT),
                    accounts_scope=accounts.resolved if accounts else None,
                    brakes=self.settings.brakes,
                    accept_shrinking=accept_shrinking,
                    accept_retyped=accept_retyped,
                    ahead=ahead,
                )
                run.read, run.written, run.skipped = result.read, result.changed, result.left
                run.note, run.advice = str(result), result.advice
                known = picklists(mapping, self.org.describe(mapping.sobject).fields)
                self.store.save_records("derived", PICKLISTS_OF.format(name), known)
            accounts = result if name == ACCOUNT else accounts
            runs.append(run)
        return total(runs)

    def load(self, *, accept_shrinking: bool = False) -> Run:
        """Read the customer's files, work out the metrics, and bring the records here up to date.

        Raises BrakeError when a file of records suddenly lost more of them than the mapping file's [brakes] allow
        (BEY-8); nothing is changed then. `accept_shrinking` lets it happen.
        """
        with self._run("load") as run:
            today = self.now().date()
            loaded = load_sources(self.folder, self.settings, self.store, today, accept_shrinking=accept_shrinking)
            run.read, run.written, run.skipped = loaded.read, loaded.written, loaded.skipped
            run.note, run.advice = str(loaded), loaded.advice
        return run

    def preview(self, object_name: str = ACCOUNT) -> Preview:
        """Return what `import_records` would do for an object, and keep nothing: counts, reasons and sample values."""
        self.mapped(object_name)
        return self._importer().preview(object_name)

    def import_records(self, *, accept_churning: bool = False) -> Run:
        """Make records here of those that only Salesforce has, and deal with what left the scope; see `preview`.

        Objects of the mapping file with ``create = true`` gain records (VIT-10); what leaves the scope is kept, churned
        or archived as ``left_scope`` says (SKA-12). Writes nothing to Salesforce. Raises BrakeError when too large a
        share of the customers would become churners at once (BEY-8), unless `accept_churning`.
        """
        self._kept("there", "pull")
        importer = self._importer()
        runs = [
            self._import(name, importer, first=number == 0, accept_churning=accept_churning)
            for number, name in enumerate(self.objects)
        ]
        importer.gather()
        return total(runs)

    def _import(self, object_name: str, importer: Importer, *, first: bool, accept_churning: bool) -> Run:
        with self._run("import", object_name) as run:
            if first:
                importer.read_together(self.objects)
            if self.mapped(object_name).acts_as == "agreement":
                agreed = importer.look_at_agreements(object_name)
                importer.keep_agreements(object_name, agreed)
                run.written, run.skipped, run.note = agreed.agreements.height, agreed.skips.height, str(agreed)
                return run
            done = importer.look(object_name)
            if not accept_churning:
                churned = done.counts["churned"]
                refuse_churning(churned, done.links.height + churned, object_name, self.settings.brakes)
            importer.keep(done)
            run.written, run.skipped, run.held = (done.counts.get(fate, 0) for fate in ("created", "skipped", "held"))
            run.note = str(done)
        if object_name == ACCOUNT and done.counts.get("created") and self.settings.sources:
            self.load()  # the figures of accounts that were unknown until now
        return run

    def _importer(self) -> Importer:
        return Importer(self.org, self.store, self.settings, self.now(), ExtraRows(self.org))

    def score(self) -> Run:
        """Score the health of every account here, with what each measure added to it."""
        with self._run("score") as run:
            metrics = self._kept("metrics", "load")
            scored = score(metrics, self.profile, self.now().date(), name=self.settings.health.profile_name or "")
            self.store.write(frames.SCORES, scored.scores)
            self.store.write(frames.CONTRIBUTIONS, scored.contributions)
            self.store.append_scores(scored.scores)
            self.store.write(frames.SKIPS, scored.skips, within={"rule": TOO_LITTLE_KNOWN})
            here = with_scores(self.here(), scored.scores)
            self.store.save_records("here", ACCOUNT, here)
            run.read, run.skipped = metrics.height, scored.scores["shown"].null_count()
            run.written = run.read - run.skipped
            run.note = f"{run.written:,} accounts scored"
            if run.skipped:
                run.note += f"; {run.skipped:,} have no score, because too little is known of them"
        return run

    # -- unattended --------------------------------------------------------------------------------------------------

    def job(self, name: str) -> str:
        """Run one job of the [schedule] section now and say how it went.

        ``pull`` reads both sides, matches, imports, scores, and takes over what Salesforce owns; ``push_health`` does
        the same and writes what the toolkit owns, one way (CAT-4); ``sync`` writes what changed on either side since
        the last time, both ways (CSU-2). None decides a conflict: those rows stay for a person; what a person decided
        is carried out. None goes over a brake (BEY-8).
        What a job before left open is settled first.
        """
        direction: dict[str, Direction] = {"pull": "input", "push_health": "output"}
        if name not in (*direction, SYNC):
            raise NotFoundError(f"There is no job {name!r}.", hint=f"Jobs are: {', '.join((*direction, SYNC))}.")
        with self._run(JOB.format(name)) as run:
            if self.store.open_commits():
                self.resume()
            known = name == SYNC and self.store.records("here", ACCOUNT) is not None and not self._read_since_sync()
            before = self._all_sides() if known else []
            for step in (self.pull, self.load, self.match, self.import_records):
                step()
            if self.settings.health.profile is not None:
                self.score()
            run.note = "nothing to write"
            if name == SYNC:
                done = self._sync_changes(before, run)
            else:
                made = self.plan([direction[name]])
                done = self._commit_unattended(made) if made.writes else None
                run.note = str(done) if done else run.note
            if done:
                run.written, run.held, run.failed = done.written, done.held, done.failed
        return run.note

    def read_back(self) -> pl.DataFrame:
        """Ask Salesforce for the health fields it holds now, lowest score first. Nothing of the store is used.

        Columns: the record's name and every mapped ``health_*`` field.
        """
        fields = [field for field in self.mapped().fields if field.here.startswith("health_")]
        score_field = next((field.there for field in fields if field.here == "health_score"), None)
        if score_field is None:
            raise InputError("No field is mapped to health_score.", hint="Map one in the mapping file (CAT-20).")
        paths = [self.mapped().name, *(field.there for field in fields)]
        found = self.org.records(self.mapped().sobject, paths, where=f"{score_field} != null")
        return found.sort(score_field, self.mapped().name)

    def _sync_changes(self, before: Sequence[Sides], run: Run) -> Commit | None:
        self._allow("commit")
        after, decided = self._all_sides(), decided_ids(self.decisions())
        changed = {name: ids | decided.get(name, set()) for name, ids in changed_here(before, after).items()}
        with self._run(SYNC) as done:
            synced = sync_records(
                after, changed, self.org, self.store, self.settings, now=self.now(),
                org_name=self.org.organization.name, parent=self.last_commit(), mismatches=self._without_partner(),
                person=self.person(), read_again=False,
            )  # fmt: skip
            run.note = done.note = synced.said
        return synced.commit

    def _read_since_sync(self) -> bool:
        """Return whether a step read anything since the last sync, so that what changed is not known from this job's.

        Another job or a person may have read it, or a sync that was cut off: every record is looked at then.
        """
        ran = self.runs()
        synced = ran.filter((pl.col("step") == SYNC) & (pl.col("status") == "done")).select(pl.col("run_id").max())
        reads = pl.col("step").is_in(["pull", "load", "import", "score"])
        return synced.item() is not None and ran.filter(reads & (pl.col("run_id") > synced.item())).height > 0
