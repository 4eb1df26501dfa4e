"""The workspace: the object an admin holds, with one short method a step.

A workspace is a folder: the mapping file ``workspace.toml``, the customer's files it names, and the store. Every step
reads from the store, calls a pure function and writes the result back, so that each can be run again alone and looked
at in between. A step that changes anything holds the store's lock and leaves a row in ``runs``, also when it fails.
"""

import getpass
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import polars as pl

from toolkit import frames, summaries
from toolkit.config import FieldMapping, load, save
from toolkit.connecting import ConnectionCard, card_of, connect_org
from toolkit.demo_org import DemoOrg
from toolkit.demo_workspace import MAPPING_FILE, DemoConnection, announced, create_demo, demo_org_of
from toolkit.errors import InputError, NotFoundError, PermissionDenied
from toolkit.health.score import TOO_LITTLE_KNOWN, score
from toolkit.importing.agreements import advice
from toolkit.importing.exclusions import excluded
from toolkit.importing.importer import Importer, Preview
from toolkit.importing.loading import load_sources
from toolkit.importing.pull import pull
from toolkit.importing.records_here import with_scores
from toolkit.importing.users import check_users
from toolkit.matching.match import match
from toolkit.runs import Run, recorded, total
from toolkit.salesforce import Org
from toolkit.store import Side, Store
from toolkit.workspace_view import ACCOUNT, JOB, WorkspaceView
from toolkit.writeback.commit import Commit, commit, resume
from toolkit.writeback.lookups import with_lookups
from toolkit.writeback.merge import new_base
from toolkit.writeback.plan import Plan, make_plan, seal
from toolkit.writeback.preflight import Finding, check_targets
from toolkit.writeback.sending import read_again
from toolkit.writeback.sides import Sides, described
from toolkit.writeback.undo import undo_plan

Direction = Literal["input", "output", "two_way"]
Progress = Callable[[int, int | None], None]

DEMO_FOLDER = "CS_TOOLKIT_DEMO"
"""The environment variable that names the demo folder of ``cs-toolkit demo --serve`` to the notebooks it opens."""


class Workspace(WorkspaceView):
    """A folder with a mapping file and a store, and the steps over it. Make one with `open` or `demo`.

    Use it as a context manager, or call `close`. The org is connected to when a step first needs it.
    """

    def __init__(self, folder: Path, *, in_memory_org: bool = False) -> None:
        super().__init__(folder, load(folder / MAPPING_FILE), Store.open(folder))
        self.demo_org: DemoOrg | None = None
        self._in_memory_org = in_memory_org
        self._demo: DemoConnection | None = None
        self._closing = ExitStack()
        self._closing.callback(self.store.close)

    # -- opening and closing -----------------------------------------------------------------------------------------

    @classmethod
    def open(cls, folder: Path | str) -> Self:
        """Open the workspace in `folder`. Raises NotFoundError without a mapping file, ConfigError for its faults."""
        folder = Path(folder)
        if not (folder / MAPPING_FILE).exists():
            raise NotFoundError(
                f"{folder.absolute()} is no workspace: it has no {MAPPING_FILE}.",
                hint="Name its folder with --workspace, or make one with: cs-toolkit init FOLDER (or cs-toolkit demo).",
            )
        return cls(folder)

    @classmethod
    def demo(
        cls,
        folder: Path | str | None = None,
        *,
        accounts: int | None = None,
        seed: int | None = None,
        fresh: bool = False,
    ) -> Self:
        """Open the demo workspace in `folder`, made when there is none.

        Without `folder` it is the one that ``cs-toolkit demo --serve`` opened this notebook for, or a temporary one.
        `fresh` forgets what was done in it before. Raises InputError when the folder holds something else.
        """
        if folder is None and DEMO_FOLDER in os.environ:
            return cls.open(os.environ[DEMO_FOLDER])
        if folder is not None:
            create_demo(Path(folder), accounts, seed, fresh=fresh)
            return cls(Path(folder))
        temporary = tempfile.TemporaryDirectory(prefix="cs-toolkit-demo-")
        create_demo(Path(temporary.name), accounts, seed)
        workspace = cls(Path(temporary.name), in_memory_org=True)
        inner, workspace._closing = workspace._closing, ExitStack()
        workspace._closing.callback(temporary.cleanup)
        workspace._closing.push(inner)
        return workspace

    def close(self) -> None:
        """Let go of the org and the store. A demo org that this workspace started ends."""
        self._closing.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- the org -----------------------------------------------------------------------------------------------------

    @cached_property
    def org(self) -> Org:
        """The connected org. Raises LoginError, UnavailableError, or InputError when credentials are missing."""
        demo = self._demo_connection() if self.settings.connection.login == "demo" else None
        return connect_org(self.settings, self.folder, demo)

    def announce(self, until: ExitStack) -> None:
        """Let other processes use this workspace's demo org, until `until` is closed."""
        until.enter_context(announced(self.folder, self._demo_connection()))

    def connection(self) -> ConnectionCard:
        """Return which org this is, as whom we are there, and what is left of its API allowance."""
        return card_of(self.org, self.settings.connection.login)

    def refresh_fields(self, object_name: str = ACCOUNT) -> int:
        """Read the fields of a mapped object afresh and return how many there are (CAT-21)."""
        return len(self.org.describe(self.mapped(object_name).sobject, refresh=True).fields)

    def _demo_connection(self) -> DemoConnection:
        if self._demo is None:
            started = demo_org_of(self.folder, self.settings, in_memory=self._in_memory_org)
            self._demo = self._closing.enter_context(started)
            self.demo_org = self._demo.org
        return self._demo

    # -- the mapping -------------------------------------------------------------------------------------------------

    def check(self) -> tuple[Finding, ...]:
        """Judge every mapped field against the org: does it exist, may it be written, do the values fit."""
        return tuple(finding for name in self.objects for finding in self._check(name))

    def _check(self, object_name: str) -> tuple[Finding, ...]:
        mapping = self.mapped(object_name).in_effect
        describe = self.org.describe(mapping.sobject)
        types = {side: dict(found.schema) for side in ("here", "there")
                 if (found := self.store.records(side, object_name)) is not None}  # fmt: skip
        targets = check_targets(
            object_name, mapping, describe, self.settings.health.profile, self.settings.writeback,
            types.get("here"), there=types.get("there"),
        )  # fmt: skip
        return (*targets, *check_users(object_name, mapping, describe), *advice(mapping, f"objects.{object_name}.terms"))

    def mapping(self, object_name: str = ACCOUNT) -> pl.DataFrame:
        """Return one row a mapped field, in the order of the tables, with sample values and a light.

        Columns: order, here, there, label, type, direction, on_conflict, editable, visible, sample_here, sample_there,
        light (ok, warning, error), note.
        """
        mapping = self.mapped(object_name)
        fields = described(mapping, self.org.describe(mapping.sobject))
        here, there = self.store.records("here", object_name), self.store.records("there", object_name)
        return summaries.mapping_table(mapping, fields, self._check(object_name), self.links(object_name), here, there)

    def fields(self, object_name: str = ACCOUNT) -> pl.DataFrame:
        """Return one row a field of the object in the org, whether mapped or not; see `summaries.org_fields`."""
        mapping = self.mapped(object_name)
        return summaries.org_fields(mapping, self.org.describe(mapping.sobject))

    def edit_mapping(self, edits: Mapping[str, Mapping[str, Any]], object_name: str = ACCOUNT) -> None:
        """Change mapped fields, named by their Salesforce field, and save the mapping file; its comments are kept.

        Raises InputError for a value that a field cannot have, ConfigError when the mapping as a whole is not valid;
        the file is then left as it was.
        """
        self._allow("edit")
        mapping = self.mapped(object_name)
        fields = tuple(_edited(field, edits.get(field.there, {})) for field in mapping.fields)
        unknown = set(edits) - {field.there for field in fields}
        if unknown:
            raise NotFoundError(f"Not mapped: {', '.join(sorted(unknown))}.", hint="Add the field to the mapping file.")
        self.edit_object(object_name, {"fields": fields})

    def edit_object(self, object_name: str, edits: Mapping[str, Any]) -> None:
        """Change settings of an object, such as its mode or scope, and save the mapping file; its comments are kept.

        Raises ConfigError when the mapping as a whole is not valid; the file is then left as it was.
        """
        self._allow("edit")
        mapping = self.mapped(object_name).model_copy(update=dict(edits))
        changed = self.settings.model_copy(update={"objects": {**self.settings.objects, object_name: mapping}})
        save(self.folder / MAPPING_FILE, changed)
        self.settings = load(self.folder / MAPPING_FILE)

    # -- the steps ---------------------------------------------------------------------------------------------------

    def pull(self, progress: Progress | None = None, *, full: bool = False) -> Run:
        """Read from Salesforce what is in scope: everything the first time or if `full`, then what changed since."""
        return total([self._pull(name, progress, full=full) for name in self.objects])

    def _pull(self, object_name: str, progress: Progress | None, *, full: bool) -> Run:
        with self._run("pull", object_name) as run:
            result = pull(
                self.org, self.mapped(object_name), self.store, name=object_name, full=full, progress=progress
            )
            run.read, run.written, run.skipped = result.read, result.changed, result.left
            run.note = str(result)
        return run

    def load(self) -> Run:
        """Read the customer's files, work out the metrics, and bring the records here up to date."""
        with self._run("load") as run:
            loaded = load_sources(self.folder, self.settings, self.store, self.now().date())
            run.read, run.written, run.skipped = loaded.read, loaded.written, loaded.skipped
            run.note = str(loaded)
        return run

    def match(self) -> Run:
        """Link the records of both sides by the mapping's rules; whatever has no partner is said why."""
        self._kept("here", "load"), self._kept("there", "pull")  # other objects may be on one side only
        return total([self._match(name) for name, mapping in self.objects.items() if mapping.is_merged])

    def _match(self, object_name: str) -> Run:
        with self._run("match", object_name) as run:
            mapping = self.mapped(object_name)
            here, there = (self._records_or_none(side, object_name) for side in ("here", "there"))
            matched = match(here, excluded(there, mapping).kept, mapping, self.links(object_name), self.now(),
                            object_name=object_name)  # fmt: skip
            self.store.write(frames.LINKS, matched.links, within={"object": object_name})
            self.store.write(frames.MISMATCHES, matched.mismatches, within={"object": object_name})
            run.read, run.written = here.height + there.height, matched.links.height
            run.held = matched.mismatches.height
            run.note = f"{matched.links.height:,} pairs; {matched.mismatches.height:,} records without a partner"
        return run

    def preview(self, object_name: str = ACCOUNT) -> Preview:
        """Return what `import_records` would do for an object, and keep nothing: counts, reasons and sample values."""
        self.mapped(object_name)
        return self._importer().preview(object_name)

    def import_records(self) -> Run:
        """Make records here of those that only Salesforce has, and deal with what left the scope; see `preview`.

        Objects of the mapping file with ``create = true`` gain records (VIT-10); what leaves the scope is kept, churned
        or archived as ``left_scope`` says (SKA-12). Writes nothing to Salesforce.
        """
        self._kept("there", "pull")
        runs = [self._import(name) for name in self.objects]
        self._importer().gather()
        return total(runs)

    def _import(self, object_name: str) -> Run:
        with self._run("import", object_name) as run:
            importer = self._importer()
            if self.mapped(object_name).acts_as == "agreement":
                agreed = importer.look_at_agreements(object_name)
                importer.keep_agreements(object_name, agreed)
                run.written, run.skipped, run.note = agreed.agreements.height, agreed.skips.height, str(agreed)
                return run
            done = importer.look(object_name)
            importer.keep(done)
            run.written, run.skipped, run.held = (done.counts.get(fate, 0) for fate in ("created", "skipped", "held"))
            run.note = str(done)
        if object_name == ACCOUNT and done.counts.get("created") and self.settings.sources:
            self.load()  # the figures of accounts that were unknown until now
        return run

    def _importer(self) -> Importer:
        return Importer(self.org, self.store, self.settings, self.now())

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

    def plan(self, directions: Sequence[Direction] = ()) -> Plan:
        """Work out every change on either side and keep it as a plan. Writes nothing anywhere else.

        What was read since the last match is matched first: a plan never pairs records that no longer belong together.
        Where both sides agree, that is noted as the base of the next merge. `directions` leaves out the fields of other
        directions. Raises PreflightError when a mapped field cannot be used at all, StepMissingError when a side was
        not read yet.
        """
        with self._run("plan") as run:
            self._match_what_is_new()
            sides = [with_lookups(self.org, each) for each in self._all_sides(directions)]
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
            written = self.store.journal(wanted)
            now = [self._as_it_is(each, written) for each in self._all_sides()]
            made = seal(
                undo_plan(written, now),
                now,
                org_id=self.org.org_id,
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

    # -- unattended --------------------------------------------------------------------------------------------------

    def job(self, name: str) -> str:
        """Run one job of the [schedule] section now and say how it went.

        ``pull`` reads both sides, matches, scores, and takes over what Salesforce owns; ``push_health`` does the same
        and writes what the toolkit owns, one way (CAT-4). Neither decides a conflict: those rows stay for a person.
        What a job before left open is settled first.
        """
        direction: dict[str, Direction] = {"pull": "input", "push_health": "output"}
        if name not in direction:
            raise NotFoundError(f"There is no job {name!r}.", hint=f"Jobs are: {', '.join(direction)}.")
        with self._run(JOB.format(name)) as run:
            if self.store.open_commits():
                self.resume()
            for step in (self.pull, self.load, self.match, self.import_records):
                step()
            if self.settings.health.profile is not None:
                self.score()
            made = self.plan([direction[name]])
            run.note = "nothing to write"
            if made.writes:
                done = self.commit(made, confirm=made.digest)
                run.written, run.held, run.failed, run.note = done.written, done.held, done.failed, str(done)
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

    # -- inner -------------------------------------------------------------------------------------------------------

    def _run(self, step: str, object_name: str = ACCOUNT) -> AbstractContextManager[Run]:
        if "org" in self.__dict__:
            self.org.renew_cap()  # max_api_calls holds for each step, not for a notebook's whole life
        return recorded(self.store, step, object_name, self.now, self._spent)

    def _spent(self) -> int:
        return self.org.budget.spent if "org" in self.__dict__ else 0

    def _all_sides(self, directions: Sequence[Direction] = ()) -> list[Sides]:
        """Return the sides of every object that has records, in the order they are written in."""
        merged = [name for name, mapping in self.objects.items() if mapping.is_merged]
        known = [name for name in merged if name == ACCOUNT or self.store.records("here", name) is not None]
        return [self._sides(name, directions) for name in known]

    def _sides(self, object_name: str, directions: Sequence[Direction] = ()) -> Sides:
        mapping = self.mapped(object_name).in_effect
        if directions:
            chosen = tuple(field for field in mapping.fields if field.direction in directions)
            mapping = mapping.model_copy(update={"fields": chosen})
        return Sides(
            object=object_name,
            mapping=mapping,
            describe=self.org.describe(mapping.sobject),
            links=self.links(object_name),
            here=self.here(object_name),
            there=self.there(object_name),
            base=self.store.records("base", object_name),
        )

    def _as_it_is(self, sides: Sides, written: pl.DataFrame) -> Sides:
        """Return the sides with the records there that a commit wrote, read again now."""
        rows = written.filter(pl.col("object") == sides.object)
        if rows.is_empty():
            return sides
        there = rows.select(pl.when(pl.col("side") == "there").then("field").otherwise("partner")).to_series()
        paths = sorted({*there, sides.mapping.name})
        fresh, _ = read_again(self.org, sides.mapping.sobject, rows["there_id"].unique().sort(), paths)
        return replace(sides, there=fresh.rename({"Id": frames.RECORD_KEY}))

    def _records_or_none(self, side: Side, object_name: str) -> pl.DataFrame:
        """Return the records of a side; none at all, with the columns that matching looks at, before they were read."""
        found = self.store.records(side, object_name)
        if found is not None:
            return found
        rules = self.mapped(object_name).match
        columns = [frames.RECORD_KEY, *(rule.here if side == "here" else rule.there for rule in rules)]
        return pl.DataFrame(schema=dict.fromkeys(columns, pl.String))

    def _match_what_is_new(self) -> None:
        """Match again if records were read since the last match, so that no link is older than its records."""
        ran = self.runs().filter((pl.col("status") == "done") | pl.col("step").is_in(["pull", "load"]))
        newest = dict(ran.group_by("step").agg(pl.col("run_id").max()).iter_rows())
        if max(newest.get("pull", 0), newest.get("load", 0)) > newest.get("match", 0):
            self.match()

    def _keep(self, plan: Plan, run: Run) -> None:
        self.store.save_plan(plan.meta(), plan.changes)
        run.read, run.held = self.links().height, plan.changes.height - plan.writes
        run.note = f"{plan.writes:,} changes to write, digest {plan.plan_id}"

    def _allow(self, deed: Literal["edit", "commit"]) -> None:
        allowed = getattr(self.settings.access, deed)
        person = os.environ.get("CS_TOOLKIT_USER") or getpass.getuser()
        if "*" not in allowed and person not in allowed:
            raise PermissionDenied(
                f"{person} may not {deed} in this workspace.",
                hint=f"[access] {deed} in the mapping file names who may: {', '.join(allowed) or 'nobody'}.",
            )


def _edited(field: FieldMapping, edits: Mapping[str, Any]) -> FieldMapping:
    """Return a mapped field with some of its settings changed; what was left to its default stays so."""
    try:
        return FieldMapping(**(field.model_dump(exclude_unset=True) | dict(edits)))
    except ValueError as error:
        given = ", ".join(f"{name} = {value!r}" for name, value in edits.items())
        raise InputError(
            f"{field.there} cannot be mapped with {given}.",
            hint="The mapping file that `cs-toolkit init` writes explains each setting and what it may be.",
        ) from error
