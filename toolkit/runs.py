"""What a step did, in figures: read, written, skipped, held, failed, and the API calls it spent."""

from dataclasses import dataclass
from html import escape


@dataclass
class Run:
    """The account of one step. A step fills it in while it works; it is kept in ``runs`` when the step ends."""

    step: str
    read: int = 0
    written: int = 0
    skipped: int = 0
    held: int = 0
    failed: int = 0
    api_calls: int = 0
    note: str = ""

    def __str__(self) -> str:
        return f"{self.step}: {', '.join(self.figures())}" + (f". {self.note}" if self.note else "")

    def figures(self) -> list[str]:
        """Return the figures that say something, in words: ``["read 412", "skipped 3", "2 API calls"]``."""
        named = [("read", self.read), ("written", self.written), ("skipped", self.skipped), ("held", self.held)]
        told = [f"{name} {count:,}" for name, count in [*named, ("failed", self.failed)] if count]
        if self.api_calls:
            told.append(f"{self.api_calls:,} API call{'s' if self.api_calls != 1 else ''}")
        return told or ["nothing to do"]

    def _repr_html_(self) -> str:
        return f"<p><b>{escape(self.step)}</b> {escape(', '.join(self.figures()))}<br>{escape(self.note)}</p>"
