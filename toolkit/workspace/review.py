"""Reviewing plans in a workspace: the queue of what waits for a person; plans listed, compared, thinned out, handed
over as files, and approved.

Nothing here asks the org anything, and nothing is written to either side.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC
from pathlib import Path

import polars as pl

from toolkit.errors import InputError, NotFoundError, PlanError
from toolkit.frames import APPROVALS, DECISIONS
from toolkit.workspace.matching import MatchingWorkspace
from toolkit.writeback.planning import deciding
from toolkit.writeback.planning.approving import approval, refuse_expired
from toolkit.writeback.planning.braking import Brake, computed_columns, tripped_by
from toolkit.writeback.planning.comparing import compared
from toolkit.writeback.planning.excluding import hanging
from toolkit.writeback.planning.export import (
    digest_in,
    left_out,
    read_parquet,
    refuse_strangers,
    refuse_unknown,
    write_csv,
    write_parquet,
)
from toolkit.writeback.planning.listing import listed
from toolkit.writeback.planning.plan import Plan

FULL = "plan"
"""The purpose of a plan that looks at every field of every record."""
TELLING = (FULL, "sync", "view")
"""The first words of the purposes of plans that merge both sides, and so tell what waits for a person."""


class ReviewWorkspace(MatchingWorkspace):
    """The part of a workspace in which people look at plans and decide."""

    # -- what waits for a person -------------------------------------------------------------------------------------

    def queue(self, *, decided: bool = False) -> pl.DataFrame:
        """Return the values that wait for a person (`toolkit.writeback.deciding.QUEUE`), as the newest plans tell them.

        Those are conflicts, and held rows of a merge. With `decided` those that somebody decided about and that no
        commit has carried out yet are told as well, with who decided what.
        """
        waiting = self.store.waiting()
        kept = self.store.plans()
        full = next((place for place in reversed(range(len(kept))) if kept[place].get("purpose", FULL) == FULL), 0)
        telling = [meta["plan_id"] for meta in kept[full:] if meta.get("purpose", FULL).split()[0] in TELLING]
        rows = waiting.with_columns(counts=pl.col("plan_id").is_in(telling))
        parents = {meta["plan_id"]: meta["parent"] for meta in kept}
        found = deciding.queue(rows, self.decisions(), self.objects, self._written_after(rows, parents))
        return found if decided else found.filter(pl.col("choice").is_null())

    def decide(self, rows: pl.DataFrame | Iterable[str], choice: str, note: str = "") -> pl.DataFrame:
        """Decide about values that wait, and return what was decided (`DECISIONS`).

        `rows` are some of `queue`, or their names (column ``row``); `choice` is whose value both sides get, "here" or
        "there", or "leave": both stay as they are. The next plan carries it out, also an unattended one, and no longer
        once either value has moved. Deciding again takes the place of what was decided. Raises NotFoundError for a row
        that does not wait, InputError for a choice that its field does not allow, PermissionDenied.
        """
        self._allow("edit")
        with self._run("decide") as run:
            made = deciding.decisions_of(self._queued(rows), choice, self.person(), self.now(), note)
            self.store.write(DECISIONS, deciding.replaced(self.decisions(), made))
            run.written, run.note = made.height, f"{made.height:,} decided: {choice}"
        return made

    def undecide(self, rows: pl.DataFrame | Iterable[str]) -> int:
        """Take back what was decided about rows of `queue` (with ``decided=True``), and return about how many.

        What a commit carried out already is not taken back: that is an undo.
        """
        self._allow("edit")
        with self._run("decide") as run:
            known = self.decisions()
            left = known.join(self._queued(rows), on=deciding.KEY, how="anti")
            self.store.write(DECISIONS, left)
            run.written, run.note = known.height - left.height, f"{known.height - left.height:,} asked again"
        return run.written

    def decisions(self) -> pl.DataFrame:
        """Return what people decided and no commit has carried out yet (`DECISIONS`)."""
        return self.store.read(DECISIONS)

    # -- plans -------------------------------------------------------------------------------------------------------

    def plans(self) -> pl.DataFrame:
        """Return the plans that are kept (`toolkit.writeback.listing.PLANS`), the newest first."""
        return listed(
            self.store.plans(),
            self.store.plan_counts(),
            self.approvals(),
            self.store.commits()["commit_id"].to_list(),
            writeback=self.settings.writeback,
            access=self.settings.access,
            now=self.now(),
        )

    def compare(self, a: Plan | str, b: Plan | str) -> pl.DataFrame:
        """Return the rows in which two plans differ (`toolkit.writeback.comparing.COMPARISON`).

        A kept plan may be named by the start of its digest. Raises NotFoundError when there is no such plan.
        """
        return compared(self._plan_of(a).changes, self._plan_of(b).changes)

    def exclude(self, plan: Plan | str, rows: pl.DataFrame | Iterable[int]) -> Plan:
        """Return a new plan, kept like any other, in which these rows are left out: a frame with ``seq``, or numbers.

        What cannot stand without them is left out with them: the other fields of a record that is created or deleted,
        and what refers to it. Raises InputError for a row that the plan does not have or would not write.
        """
        given = self._plan_of(plan)
        given.check()
        seqs = rows["seq"].to_list() if isinstance(rows, pl.DataFrame) else list(rows)
        with self._run("exclude") as run:
            made = self._thinned(given, seqs)
            self.store.save_plan(made.meta(), made.changes)
            run.skipped, run.note = made.count("excluded"), f"plan {made.plan_id} of {given.plan_id}"
        return made

    def export_plan(self, plan: Plan | str, path: Path | str) -> Path:
        """Write a plan to a file, ``.csv`` for a spreadsheet or ``.parquet`` for another workspace; return its path.

        Raises InputError for another kind of file.
        """
        path, given = Path(path), self._plan_of(plan)
        writers = {".csv": write_csv, ".parquet": write_parquet}
        if path.suffix.lower() not in writers:
            raise InputError(f"A plan is not written as {path.suffix or path.name}.", hint="Name it .csv or .parquet.")
        path.parent.mkdir(parents=True, exist_ok=True)
        writers[path.suffix.lower()](given, path)
        return path

    def import_plan(self, path: Path | str) -> Plan:
        """Return, and keep, the plan of an exported file as a reviewer sent it back.

        A Parquet file is a whole plan. A CSV file thins out the kept plan that it belongs to: rows that were removed,
        or marked in the column ``exclude``, are left out. Raises DigestError when anything else was changed, naming the
        row and the column of a CSV file; NotFoundError when its plan is not kept any more; InputError when it is no
        exported plan, or has a row that no commit knows how to write, or one that goes past the mapping unseen.
        Whoever imports a plan counts as its maker: somebody else has to approve it.
        """
        path = Path(path)
        kind = path.suffix.lower()
        if kind not in (".csv", ".parquet"):
            raise InputError(
                f"A plan is not read from {path.name}.",
                hint="Name the .csv or .parquet file it was exported to; in a spreadsheet, save it as CSV (UTF-8).",
            )
        if kind == ".csv":
            given = self.saved_plan(digest_in(path))
            seqs = left_out(given, path)
            return self.exclude(given, seqs) if seqs else given
        read = read_parquet(path)
        if read.plan_id in {meta["plan_id"] for meta in self.store.plans()}:
            return self.saved_plan(read.digest)
        refuse_unknown(read, path)
        refuse_strangers(read, self.store.journal(), path)
        with self._run("import plan") as run:
            made = replace(read, created_at=min(read.created_at, self.now().astimezone(UTC)))
            made = replace(self._signed(made, read.purpose), brakes=self._brakes_of(read.changes))
            self.store.save_plan(made.meta(), made.changes)
            run.read, run.note = made.changes.height, f"plan {made.plan_id}"
        return made

    # -- approval ----------------------------------------------------------------------------------------------------

    def approve(self, plan: Plan | str, note: str = "") -> pl.DataFrame:
        """Approve exactly these rows as a second person, and return the approval (`APPROVALS`).

        Raises PermissionDenied when the mapping file does not let this person approve; PlanError when the person made
        the plan, or it is too old or committed already; NotFoundError when it is not kept; DigestError when a row was
        tampered with.
        """
        self._allow("approve")
        kept = self.saved_plan(plan.digest if isinstance(plan, Plan) else plan)
        with self._run("approve") as run:
            if kept.plan_id in self.store.commits()["commit_id"]:
                raise PlanError(f"Plan {kept.plan_id} was committed already.", hint="Plan again: `cs-toolkit plan`.")
            refuse_expired(kept, self.settings.writeback, self.now())
            made = approval(kept, self.person(), self.now(), note)
            others = self.approvals().join(made, on=["plan_id", "person"], how="anti")
            self.store.write(APPROVALS, pl.concat([others, made]))
            run.note = f"plan {kept.plan_id}, {kept.writes:,} changes to write"
        return made

    def approvals(self, plan: Plan | str | None = None) -> pl.DataFrame:
        """Return who approved which plan (`APPROVALS`), of one plan or of all."""
        found = self.store.read(APPROVALS)
        return found if plan is None else found.filter(plan_id=self._plan_of(plan).plan_id)

    # -- inner -------------------------------------------------------------------------------------------------------

    def _plan_of(self, plan: Plan | str) -> Plan:
        return plan if isinstance(plan, Plan) else self.saved_plan(plan)

    def _queued(self, rows: pl.DataFrame | Iterable[str]) -> pl.DataFrame:
        """The rows of the queue with these names. Raises NotFoundError when one does not wait, or not any more."""
        names = rows["row"].to_list() if isinstance(rows, pl.DataFrame) else list(rows)
        waiting = self.queue(decided=True)
        missing = sorted(set(names) - set(waiting["row"]))
        if missing or not names:
            what = f"Nothing waits under the name {missing[0]}." if missing else "No row was named."
            raise NotFoundError(
                what, hint="Look at ws.queue() (`cs-toolkit decide`); a new plan gives the rows new names."
            )
        return waiting.filter(pl.col("row").is_in(names))

    def _written_after(self, rows: pl.DataFrame, parents: dict[str, str | None]) -> pl.DataFrame:
        """What commits wrote after each of the plans was made: ``number`` and the key of the queue."""
        commits = self.store.commits()["commit_id"].to_list()
        parts = [pl.DataFrame(schema={"number": pl.Int64, **dict.fromkeys(deciding.KEY, pl.String)})]
        told = rows.filter("counts").select("number", "plan_id").unique().sort("number")
        for number, plan_id in told.iter_rows():
            parent = parents.get(plan_id)
            since = commits.index(parent) + 1 if parent in commits else 0
            parts += [deciding.written_pairs(self.store.journal(each), number) for each in commits[since:]]
        return pl.concat(parts).unique()

    def _thinned(self, plan: Plan, seqs: Iterable[int]) -> Plan:
        deletes = plan.rows("write").filter(operation="delete").height
        here = {name: found for name in self.objects if (found := self.store.records("here", name)) is not None}
        roles = {name: mapping.acts_as for name, mapping in self.objects.items()}
        made = plan.without(
            seqs,
            self.person(),
            belongs=hanging(here, roles) if deletes else None,
            bulk_from=self.settings.writeback.bulk_from,
        )
        return replace(made, brakes=self._brakes_of(made.changes))

    def _brakes_of(self, changes: pl.DataFrame) -> tuple[Brake, ...]:
        accounts = [name for name, mapping in self.objects.items() if mapping.acts_as == "account"]
        return tripped_by(changes, self.links(None), accounts, self.settings.brakes, computed_columns(self.settings))
