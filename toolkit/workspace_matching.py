"""Pairing the records of both sides, in a workspace: the match step, what it left open, and what a person decides."""

import polars as pl

from toolkit import frames
from toolkit.importing.exclusions import excluded
from toolkit.matching.match import BY_RULE, match
from toolkit.runs import Run, total
from toolkit.workspace_records import RecordWorkspace
from toolkit.writeback.creating import relinked


class MatchingWorkspace(RecordWorkspace):
    """The part of a workspace that says which record here is which record there."""

    def match(self) -> Run:
        """Link the records of both sides by the mapping's rules; whatever has no partner is said why."""
        self._kept("here", "load"), self._kept("there", "pull")  # other objects may be on one side only
        return total([self._match(name) for name, mapping in self.objects.items() if mapping.is_merged])

    def _match(self, object_name: str) -> Run:
        with self._run("match", object_name) as run:
            mapping = self.mapped(object_name)
            here, there = (self._records_or_none(side, object_name) for side in ("here", "there"))
            known = self.links(object_name)
            if mapping.create_there:  # what was created and left the scope for a while gets its link back
                journal = self.store.journal().filter(pl.col("object") == object_name)
                known = relinked(known, journal, self.now())
            matched = match(here, excluded(there, mapping).kept, mapping, known, self.now(),
                            object_name=object_name)  # fmt: skip
            self.store.write(frames.LINKS, matched.links, within={"object": object_name})
            self.store.write(frames.MISMATCHES, matched.mismatches, within={"object": object_name})
            run.read, run.written = here.height + there.height, matched.links.height
            run.held = matched.mismatches.height
            run.note = f"{matched.links.height:,} pairs; {matched.mismatches.height:,} records without a partner"
            if not mapping.match:
                run.note = f"{matched.links.height:,} pairs; {matched.mismatches.height:,} records are only on one side"
        return run

    # -- inner -------------------------------------------------------------------------------------------------------

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
