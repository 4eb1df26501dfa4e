"""The review queue: the suggested pairs one after the other, and what a person decides about each (BEY-11).

The notebook's widget and the command line stand over this. A decision is kept by the workspace and obeyed by every
match; what was skipped comes again when the queue is made anew.
"""

from typing import Any

import polars as pl

from toolkit.frames import SUGGESTIONS
from toolkit.matching.decisions import DIFFERENT, SAME
from toolkit.matching.differences import Line, side_by_side
from toolkit.matching.suggest import LEAST, TOP
from toolkit.workspace import Workspace


class ReviewQueue:
    """The suggested pairs of an object, best first, and the one that is looked at.

    ``decided`` counts what was said through this queue: accepted, rejected, skipped.
    """

    def __init__(self, workspace: Workspace, object_name: str = "account", *, top: int = TOP, least: float = LEAST):
        self._workspace = workspace
        self.object = object_name
        self.pairs = workspace.suggestions(object_name, top=top, least=least)
        """The pairs that are left (`frames.SUGGESTIONS`), in order."""
        self.position = 0
        """The place of the pair that is looked at, from 0."""
        self.decided = {"accepted": 0, "rejected": 0, "skipped": 0}

    @property
    def current(self) -> dict[str, Any] | None:
        """The pair that is looked at, a row of `pairs`, or None when there is none left."""
        return self.pairs.row(self.position, named=True) if self.pairs.height else None

    def lines(self) -> tuple[Line, ...]:
        """Return the two records of the pair that is looked at, field by field."""
        pair = self.current
        if pair is None:
            return ()
        here, there = self._workspace.here(self.object), self._workspace.there(self.object)
        return side_by_side(self._workspace.mapped(self.object), here, there, pair["here_id"], pair["there_id"])

    def accept(self, note: str = "") -> None:
        """Say that the two are the same: they are linked now, and neither is suggested to another record any more.

        Raises like `Workspace.decide_pair`; nothing has changed then.
        """
        pair = self._decide(SAME, note)
        if pair is not None:
            taken = (pl.col("here_id") == pair["here_id"]) | (pl.col("there_id") == pair["there_id"])
            self._left(self.pairs.filter(~taken), "accepted")

    def reject(self, note: str = "") -> None:
        """Say that the two are different: they are not suggested any more, in this run or another. Raises likewise."""
        pair = self._decide(DIFFERENT, note)
        if pair is not None:
            this = (pl.col("here_id") == pair["here_id"]) & (pl.col("there_id") == pair["there_id"])
            self._left(self.pairs.filter(~this), "rejected")

    def skip(self) -> None:
        """Leave the pair undecided and take it out of this queue."""
        if self.pairs.height:
            rows = pl.int_range(self.pairs.height, eager=True)
            self._left(self.pairs.filter(rows != self.position), "skipped")

    def step(self, by: int) -> None:
        """Look at another pair without deciding; behind the last comes the first."""
        self.position = (self.position + by) % max(self.pairs.height, 1)

    def summary(self) -> str:
        """Return how many pairs are left and what was decided."""
        said = ", ".join(f"{count:,} {what}" for what, count in self.decided.items() if count)
        left = f"{self.pairs.height:,} suggested {'pair' if self.pairs.height == 1 else 'pairs'} to review"
        return f"{left}; {said}" if said else left

    def _decide(self, verdict: str, note: str) -> dict[str, Any] | None:
        pair = self.current
        if pair is not None:
            self._workspace.decide_pair(
                self.object, pair["here_id"], pair["there_id"], verdict, note, evidence=pair["evidence"]
            )
        return pair

    def _left(self, pairs: pl.DataFrame, outcome: str) -> None:
        self.pairs = pairs.select(list(SUGGESTIONS.schema))
        self.decided[outcome] += 1
        self.position = min(self.position, max(pairs.height - 1, 0))
