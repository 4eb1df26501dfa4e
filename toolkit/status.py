"""Where a workspace stands, as plain values: what is kept, and what to do next."""

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True)
class Status:
    """What the store holds. ``runs`` has the newest run first; ``pending`` counts the latest plan's unwritten rows."""

    name: str
    here: int
    there: int
    links: int
    mismatches: int
    scored: int
    pending: int
    digest: str
    open_commits: tuple[str, ...]
    runs: pl.DataFrame

    @property
    def next_step(self) -> str:
        """What to do next, as a sentence with the command."""
        if self.open_commits:
            return f"commit {self.open_commits[0]} was cut off; settle it with: cs-toolkit resume"
        if not self.there or not self.here:
            return "read both sides with: cs-toolkit pull"
        if not self.links:
            return "link the records of both sides with: cs-toolkit match"
        if not self.scored:
            return "score the accounts with: cs-toolkit score"
        if self.pending:
            return f"review the plan with `cs-toolkit plan`, then: cs-toolkit commit {self.digest[:12]}"
        return "see what changed meanwhile with: cs-toolkit pull, then cs-toolkit plan"

    def figures(self) -> pl.DataFrame:
        """Return the figures as a table of two columns, What and Count."""
        counted = {
            "Accounts in Salesforce's scope": self.there,
            "Accounts here": self.here,
            "Linked": self.links,
            "Without a partner": self.mismatches,
            "Scored": self.scored,
            "Planned and not yet written": self.pending,
        }
        return pl.DataFrame({"What": list(counted), "Count": list(counted.values())})
