"""Pairing the records of both sides, in a workspace: the match step, what it left open, and what a person decides."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import polars as pl

from toolkit import frames
from toolkit.errors import InputError, NotFoundError
from toolkit.importing.exclusions import excluded
from toolkit.matching.decisions import DIFFERENT, SAME, with_decisions
from toolkit.matching.evidence import Candidates, Evidence, evidence_of
from toolkit.matching.links import STEPS, Circumstances, values_compared, with_links, with_lost
from toolkit.matching.match import BY_RULE, match
from toolkit.matching.repair import DONE, REJECTED, RELINK, UNLINK
from toolkit.matching.suggest import LEAST, TOP, suggest
from toolkit.matching.through import Contacts
from toolkit.runs import Run, total
from toolkit.workspace.records import RecordWorkspace
from toolkit.workspace.view import ACCOUNT
from toolkit.writeback.planning.creating import deleted, relinked

DECISION = {"here_id": pl.String, "there_id": pl.String, "verdict": pl.String, "evidence": pl.String, "note": pl.String}
"""The columns of what `decide_pairs` takes; the last two may be missing."""


class MatchingWorkspace(RecordWorkspace):
    """The part of a workspace that says which record here is which record there."""

    def match(self) -> Run:
        """Link the records of both sides by the mapping's rules; whatever has no partner is said why."""
        self._kept("here", "load"), self._kept("there", "pull")  # other objects may be on one side only
        return total([self._match(name) for name, mapping in self.objects.items() if mapping.is_merged])

    def decide_pair(
        self,
        object_name: str,
        here_id: str,
        there_id: str,
        verdict: str,
        note: str = "",
        *,
        evidence: str = "",
        instead: bool = False,
    ) -> None:
        """Say that two records are the ``same`` or ``different``: it is kept, obeyed by every match, never asked again.

        The links are right at once. What is the same stays linked whatever its keys become; what is different is not
        linked or suggested any more (BEY-11). Raises InputError when one of them is linked to another record, unless
        `instead` ends that; NotFoundError for a record that is not there; PermissionDenied as the mapping file says.
        """
        row = {"here_id": here_id, "there_id": there_id, "verdict": verdict, "evidence": evidence, "note": note}
        self.decide_pairs(object_name, pl.DataFrame([row], schema=DECISION), instead=instead)

    def decide_pairs(self, object_name: str, decisions: pl.DataFrame, *, instead: bool = False) -> None:
        """Say it of many pairs at once, all of them or none: the columns of `DECISION`. Raises like `decide_pair`."""
        self._allow("edit")
        wanted = decisions.select(
            pl.col(name).cast(dtype) if name in decisions.columns else pl.lit("", dtype).alias(name)
            for name, dtype in DECISION.items()
        )
        self._check_decisions(object_name, wanted, instead=instead)
        self._decide(object_name, wanted, instead=instead)

    def evidence(self, object_name: str, here_id: str) -> Evidence:
        """Return what speaks for a record's partner, the values compared and the runner-up, or why it has none.

        Raises NotFoundError for an unknown record.
        """
        here = self.here(object_name)
        if here_id not in here[frames.RECORD_KEY]:
            raise NotFoundError(f"There is no {object_name} {here_id} here.", hint="Name it by its id here.")
        within = {"object": object_name}
        return evidence_of(
            here_id,
            self._candidates(object_name),
            self.links(object_name),
            mismatches=self.store.read(frames.MISMATCHES, within=within),
            history=self.link_history(object_name),
            decisions=self.pair_decisions(object_name),
        )

    def suggestions(self, object_name: str = ACCOUNT, *, top: int = TOP, least: float = LEAST) -> pl.DataFrame:
        """Return which records without a partner may be the same (`frames.SUGGESTIONS`): the review queue, best first.

        Nothing of it is applied: `decide_pair` decides, and what was decided is not suggested again (BEY-11). At most
        `top` partners a record, none with a score below `least`. Raises InputError for an object that is not matched.
        """
        mapping = self.mapped(object_name)
        if not mapping.is_merged:
            raise InputError(f"Records of {object_name} are not paired.", hint="They only come in from Salesforce.")
        unpaired = self.mismatches(object_name)
        records = (self._records_or_none("here", object_name), self._records_or_none("there", object_name))
        here, there = (
            rows.join(unpaired.filter(side=side), left_on=frames.RECORD_KEY, right_on="id", how="semi")
            for side, rows in zip(frames.SIDES, records, strict=True)
        )
        found = suggest(
            here, there, mapping, decided=self.pair_decisions(object_name), object_name=object_name, top=top,
            least=least,
        )  # fmt: skip
        best = pl.col("score").max().over("here_id")
        return found.sort(best, "here_id", "rank", descending=[True, False, False])

    # -- inner -------------------------------------------------------------------------------------------------------

    def _without_partner(self) -> pl.DataFrame:
        """Return what may be created in Salesforce by `mismatches`, with those told apart that lost their partner."""
        ended = (pl.col("action") == UNLINK) & (pl.col("state") == DONE)
        kept = self.store.read(frames.PROPOSALS).filter(
            ended | ((pl.col("action") == RELINK) & (pl.col("state") == REJECTED))
        )
        let_go = pl.concat([kept.select("object", "there_id"), deleted(self.store.journal())])
        return with_lost(self.mismatches(None), self.link_history(), self.links(None), let_go)

    def _decide(self, object_name: str, wanted: pl.DataFrame, *, instead: bool) -> None:
        """Keep decisions (`DECISION`) and match by them."""
        new = wanted.with_columns(
            object=pl.lit(object_name),
            decided_by=pl.lit(self.person()),
            decided_at=pl.lit(self.now()).cast(frames.UTC_TIME),
        ).select(list(frames.PAIR_DECISIONS.schema))
        known = with_decisions(self.pair_decisions(object_name), new, instead=instead)
        self.store.write(frames.PAIR_DECISIONS, known, within={"object": object_name})
        self._match(object_name)

    def _match(self, object_name: str) -> Run:
        with self._run("match", object_name) as run:
            mapping = self.mapped(object_name)
            here, there = (self._records_or_none(side, object_name) for side in ("here", "there"))
            known = self.links(object_name)
            if mapping.create_there:  # what was created and left the scope for a while gets its link back
                journal = self.store.journal().filter(pl.col("object") == object_name)
                known = relinked(known, journal, self.now())
            matched = match(
                here,
                excluded(there, mapping).kept,
                mapping,
                known,
                self.now(),
                object_name=object_name,
                decisions=self.pair_decisions(object_name),
                contacts=self._contacts(),
            )
            self.store.write(frames.LINKS, matched.links, within={"object": object_name})
            self.store.write(frames.MISMATCHES, matched.mismatches, within={"object": object_name})
            run.read, run.written = here.height + there.height, matched.links.height
            run.held = matched.mismatches.height
            run.note = f"{matched.links.height:,} pairs; {matched.mismatches.height:,} records without a partner"
            if not mapping.match:
                run.note = f"{matched.links.height:,} pairs; {matched.mismatches.height:,} records are only on one side"
        return run

    @contextmanager
    def _run(self, step: str, object_name: str = ACCOUNT) -> Iterator[Run]:
        """Record a step; one that may have made or ended links leaves their history right."""
        with super()._run(step, object_name) as run:
            yield run
            if step in STEPS:
                names = [object_name] if step in ("match", "import") else list(self.objects)
                self._keep_link_history(STEPS[step], names)

    def _keep_link_history(self, step: str, names: Sequence[str]) -> None:
        for name in names:
            within = {"object": name}
            links, history = self.links(name), self.store.read(frames.LINK_HISTORY, within=within)
            pairs = ["here_id", "there_id", "rule", "decided_by"]
            new = links.join(history.filter(pl.col("ended_at").is_null()), on=pairs, how="anti", nulls_equal=True)
            if new.is_empty() and links.height == history["ended_at"].null_count():
                continue
            mapping = self.mapped(name)
            here, there = (self._records_or_none(side, name) for side in ("here", "there"))
            seen = Circumstances(
                here=here[frames.RECORD_KEY],
                there=there[frames.RECORD_KEY],
                skips=self.store.read(frames.SKIPS, within={"object": name, "side": "there"}),
                decisions=self.pair_decisions(name),
                rules=[str(rule) for rule in mapping.match],
                step=step,
            )
            values = values_compared(new, here, there, mapping, self._contacts()) if mapping.is_merged else None
            self.store.write(frames.LINK_HISTORY, with_links(history, links, self.now(), seen, values), within=within)

    def _contacts(self) -> Contacts:
        """Return the contacts of both sides, for rules that go through them; none where no rule does."""
        if not any(rule.of_contacts for mapping in self.objects.values() for rule in mapping.match):
            return Contacts()
        name = next((name for name, each in self.objects.items() if each.acts_as == "contact"), None)
        if name is None:
            return Contacts()
        here, there = (self._records_or_none(side, name) for side in ("here", "there"))
        return Contacts(here, there, there_account=self.mapped(name).account_path or "AccountId")

    def _candidates(self, object_name: str) -> Candidates:
        """Return both sides as the rules compare them; kept until the store has changed."""
        kept: tuple[object, Candidates] | None = self.__dict__.get("_known_candidates")
        marker = (object_name, self.store.version, self.mapped(object_name).match)
        if kept is None or kept[0] != marker:
            mapping = self.mapped(object_name)
            here, there = (self._records_or_none(side, object_name) for side in ("here", "there"))
            kept = (marker, Candidates.of(here, excluded(there, mapping).kept, mapping, self._contacts()))
            self.__dict__["_known_candidates"] = kept
        return kept[1]

    def _check_decisions(self, object_name: str, wanted: pl.DataFrame, *, instead: bool) -> None:
        mapping = self.mapped(object_name)
        if not mapping.is_merged:
            raise InputError(f"Records of {object_name} are not paired.", hint="They only come in from Salesforce.")
        unknown = set(wanted["verdict"].unique().to_list()) - {SAME, DIFFERENT}
        if unknown:
            raise InputError(f"{min(unknown)!r} is no verdict.", hint=f"Say {SAME!r} or {DIFFERENT!r}.")
        sides = {
            "here": self._records_or_none("here", object_name),
            "there": self._records_or_none("there", object_name),
        }
        for side, records in sides.items():
            missing = wanted.filter(~pl.col(f"{side}_id").is_in(records[frames.RECORD_KEY].implode()))
            if missing.height:
                where = "here" if side == "here" else "in Salesforce, in scope"
                raise NotFoundError(
                    f"There is no {object_name} {missing[f'{side}_id'][0]} {where}.",
                    hint="Pull again, or name the records by their ids.",
                )
        if not instead:
            self._check_rivals(object_name, wanted.filter(pl.col("verdict") == SAME))

    def _check_rivals(self, object_name: str, wanted: pl.DataFrame) -> None:
        """Raise InputError when a record that is to be linked has another partner, or is to get two."""
        links = self.links(object_name).select("here_id", "there_id", "decided_by")
        for side, other in (("here_id", "there_id"), ("there_id", "here_id")):
            twice = wanted.filter(pl.col(side).is_duplicated())
            if twice.height:
                raise InputError(f"{twice[side][0]} cannot be the same as two records.", hint="Decide for one of them.")
            rivals = wanted.join(links, on=side, how="inner", suffix="_now").filter(
                pl.col(f"{other}_now") != pl.col(other)
            )
            if rivals.height:
                row = rivals.row(0, named=True)
                by = "a rule" if row["decided_by"] == BY_RULE else row["decided_by"]
                raise InputError(
                    f"{row[side]} is linked to {row[f'{other}_now']} already, by {by}.",
                    hint="Say so to link it otherwise: decide_pair(..., instead=True).",
                )

    def _match_what_is_new(self) -> None:
        """Match again if records were read, or a rule went, since the last match: no link outlives what made it."""
        ran = self.runs().filter((pl.col("status") == "done") | pl.col("step").is_in(["pull", "load"]))
        newest = dict(ran.group_by("step").agg(pl.col("run_id").max()).iter_rows())
        if max(newest.get("pull", 0), newest.get("load", 0)) > newest.get("match", 0) or self._has_old_links():
            self.match()

    def _has_old_links(self) -> bool:
        """Return whether a rule that is not in the mapping file any more made a link."""
        rules = [(name, str(rule)) for name, mapping in self.objects.items() for rule in mapping.match]
        known = pl.DataFrame(rules, schema={"object": pl.String, "rule": pl.String}, orient="row")
        made = self.links(None).filter(pl.col("object").is_in(list(self.objects)), decided_by=BY_RULE)
        return not made.join(known, on=["object", "rule"], how="anti").is_empty()
