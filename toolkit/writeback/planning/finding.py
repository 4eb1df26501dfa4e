"""A finding: one thing the mapping and the org do not agree on. What finds them is elsewhere."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True)
class Finding:
    """One thing the mapping and the org do not agree on: how bad, by which requirement, where, what, and what to do."""

    severity: Severity
    requirement: str
    place: str
    message: str
    hint: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"
