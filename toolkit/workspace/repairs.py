"""Broken and doubled pairings, in a workspace: what can be mended is proposed, and done once somebody accepts it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import polars as pl

from toolkit import frames
from toolkit.errors import InputError, NotFoundError
from toolkit.matching.repair import (
    ACCEPTED,
    DONE,
    MERGE_HERE,
    MERGE_THERE,
    REJECTED,
    RELINK,
    RENAME_HERE,
    Pairing,
    find,
    with_decided,
)
from toolkit.repairs import pairing
from toolkit.runs import Run
from toolkit.workspace.structure import StructureWorkspace
from toolkit.workspace.view import ACCOUNT
from toolkit.writeback.planning.lookups import looked_up
from toolkit.writeback.planning.plan import Plan, seal
from toolkit.writeback.planning.repairing import absorbed
from toolkit.writeback.restructuring.merging import Merging

IN_A_PLAN = (RENAME_HERE, MERGE_HERE, MERGE_THERE)
"""The repairs that a commit carries out; the others change links, and are done when they are accepted."""


class RepairingWorkspace(StructureWorkspace):
    """The part of a workspace that mends pairings."""

    def proposals(self, object_name: str | None = None, state: str | None = None) -> pl.DataFrame:
        """Return how broken and doubled pairings can be mended, with the evidence (`frames.PROPOSALS`, BEY-9).

        Of one object or of all (None), in one state (open, accepted, rejected, done) or in any. Needs no org.
        """
        merged = [name for name, mapping in self.objects.items() if mapping.is_merged]
        names = merged if object_name is None else [object_name]
        found = [self._proposals(name) for name in names]
        rows = frames.conform(pl.concat([frames.PROPOSALS.empty(), *found]), frames.PROPOSALS)
        return rows if state is None else rows.filter(pl.col("state") == state)

    def decide_proposal(self, proposal_id: str, accept: bool, note: str = "") -> None:
        """Accept or reject a proposal; it is not made again. Nothing is written to Salesforce by this.

        What changes a link is done at once, and kept as a decision of a person; rejecting it later takes that back.
        The others become rows of the plan that `plan_repairs` makes. Raises NotFoundError for an unknown proposal,
        InputError for one that a commit carried out, PermissionDenied as the mapping file says.
        """
        self._allow("edit")
        rows = self.proposals().filter(pl.col("proposal_id") == proposal_id)
        if rows.is_empty():
            raise NotFoundError(f"There is no proposal {proposal_id}.", hint="See them: cs-toolkit match --review")
        row = rows.row(0, named=True)
        if row["state"] == DONE and row["action"] in IN_A_PLAN:
            raise InputError("A commit carried this out.", hint="Undo that commit: cs-toolkit undo")
        if accept and row["action"] == RELINK:
            evidence = f"{row['evidence']} ({row['kind']})"
            here_id, there_id = _pair(row)
            self.decide_pair(row["object"], here_id, there_id, "same", note, evidence=evidence, instead=True)
        state = (ACCEPTED if row["action"] in IN_A_PLAN else DONE) if accept else REJECTED
        self._keep_proposals(rows.with_columns(state=pl.lit(state)))
        if not accept and row["state"] == DONE:
            self._forget_pairs(row["object"], pl.DataFrame([_pair(row)], schema=["here_id", "there_id"], orient="row"))

    def plan_repairs(self, object_name: str | None = None) -> Plan:
        """Plan what accepted proposals ask for: records here made one, records in Salesforce merged.

        Of one object, or of all (None). Commit it like any other plan; its undo brings back what can come back. Raises
        InputError when nothing is accepted.
        """
        accepted = self.proposals(object_name, ACCEPTED)
        if accepted.is_empty():
            raise InputError("No proposal is accepted.", hint="Accept some first: cs-toolkit match --review")
        merges = accepted.filter(pl.col("action") == MERGE_THERE)
        made = [
            self._plan_merges(str(name), mine) for (name,), mine in merges.partition_by("object", as_dict=True).items()
        ]
        parts = [each.changes.drop("seq") for each in made]
        with self._run("plan", object_name or accepted["object"][0]) as run:
            going = pl.col(frames.RECORD_KEY).is_in(merges["there_id"].implode())
            objects = [replace(each, there=each.there.filter(~going)) for each in self._all_sides()]
            here_only = accepted.filter(pl.col("action") != MERGE_THERE)
            for (name,), mine in here_only.partition_by("object", as_dict=True).items():
                pairs = mine.select(goes="here_id", stays="to_here_id").unique("goes", maintain_order=True)
                parts.append(absorbed(objects, str(name), pairs, self.now().date()))
            plan = seal(
                pl.concat(parts),
                looked_up(self.org, objects),
                org_id=self.org.org_id,
                org_name=self.org.organization.name,
                created_at=self.now(),
                parent=self.last_commit(),
                bulk_from=self.settings.writeback.bulk_from,
                calls_left=self.org.budget.left,
                findings=tuple(finding for each in made for finding in each.findings),
                brakes=self.settings.brakes,
            )
            return self._keep(plan, "repairs", run)

    # -- inner -------------------------------------------------------------------------------------------------------

    @contextmanager
    def _run(self, step: str, object_name: str = ACCOUNT) -> Iterator[Run]:
        """Record a step; a commit that carried out repairs, or took them back, takes their links along."""
        with super()._run(step, object_name) as run:
            yield run
        if step in ("commit", "resume"):
            self._settle_repairs()

    def _plan_merges(self, object_name: str, merges: pl.DataFrame) -> Plan:
        groups = merges.group_by("to_there_id", maintain_order=True).agg("there_id").iter_rows()
        return self.plan_merges(object_name, [Merging(survivor, tuple(losers)) for survivor, losers in groups])

    def _proposals(self, object_name: str) -> pl.DataFrame:
        known = self._pairing(object_name)
        kept = self.store.read(frames.PROPOSALS, within={"object": object_name})
        return with_decided(find(known), kept, known)

    def _pairing(self, object_name: str) -> Pairing:
        return pairing(self.store, self.mapped(object_name), object_name)

    def _keep_proposals(self, rows: pl.DataFrame) -> None:
        """Keep what was decided about proposals, by whom and when."""
        for (name,), mine in rows.partition_by("object", as_dict=True).items():
            at = pl.lit(self.now()).cast(frames.UTC_TIME)
            told = mine.with_columns(decided_by=pl.lit(self.person()), decided_at=at)
            kept = self.store.read(frames.PROPOSALS, within={"object": str(name)})
            others = kept.join(told, on="proposal_id", how="anti")
            self.store.write(frames.PROPOSALS, pl.concat([others, told]), within={"object": str(name)})

    def _forget_pairs(self, object_name: str, pairs: pl.DataFrame) -> None:
        """Take back that these are the same, and match by what is left."""
        known = self.pair_decisions(object_name)
        left = known.join(pairs, on=["here_id", "there_id"], how="anti")
        self.store.write(frames.PAIR_DECISIONS, left, within={"object": object_name})
        self._match(object_name)

    def _settle_repairs(self) -> None:
        """After a commit: links follow the records here that became one, or come back with an undo."""
        kept = self.store.read(frames.PROPOSALS)
        here_only = kept.filter(pl.col("action").is_in([RENAME_HERE, MERGE_HERE]))
        for (name,), mine in here_only.partition_by("object", as_dict=True).items():
            now = self._proposals(str(name)).select("proposal_id", _now="state")
            beside = mine.join(now, on="proposal_id", how="inner")
            done = beside.filter((pl.col("state") == ACCEPTED) & (pl.col("_now") == DONE)).drop("_now")
            living = self._pairing(str(name)).here.filter(~pl.col("archived"))[frames.RECORD_KEY]
            back = mine.filter((pl.col("state") == DONE) & pl.col("here_id").is_in(living.implode()))
            if done.height:
                self._keep_proposals(done.with_columns(state=pl.lit(DONE)))
                self._decide(str(name), _same(done), instead=True)
            if back.height:
                self._keep_proposals(back.with_columns(state=pl.lit(ACCEPTED)))
                self._forget_pairs(str(name), _same(back))


def _pair(row: dict[str, str | None]) -> tuple[str, str]:
    """Return the record here and the one in Salesforce that a proposal makes a pair of."""
    return row["to_here_id"] or row["here_id"] or "", row["to_there_id"] or row["there_id"] or ""


def _same(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        here_id="to_here_id", there_id=pl.coalesce("to_there_id", "there_id"), verdict=pl.lit("same"),
        evidence="evidence", note=pl.lit(""),
    ).drop_nulls(["here_id", "there_id"])  # fmt: skip
