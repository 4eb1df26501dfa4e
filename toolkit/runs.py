"""What a step did, in figures: read, written, skipped, held, failed, and the API calls it spent."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Literal

from toolkit.errors import InputError
from toolkit.store import Store

KNOW = "good to know: "
"""What stands before advice about a step."""


@dataclass(repr=False)
class Run:
    """The account of one step. A step fills it in while it works; it is kept in ``runs`` when the step ends."""

    step: str
    object: str = ""
    read: int = 0
    written: int = 0
    skipped: int = 0
    held: int = 0
    failed: int = 0
    api_calls: int = 0
    note: str = ""
    parts: tuple["Run", ...] = ()
    advice: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.parts:
            told = [f"{part.object}: {part.note or ', '.join(part.figures())}" for part in self.parts]
            told += [calls(self.api_calls)] if self.api_calls else []
            told += [f"{KNOW}{each}" for each in dict.fromkeys(each for part in self.parts for each in part.advice)]
            return "\n  ".join([f"{self.step}:", *told])
        told = [self.note] if self.note else self.figures()
        if self.note and self.api_calls:
            told.append(calls(self.api_calls))
        return "\n  ".join([f"{self.step}: {', '.join(told)}", *(f"{KNOW}{each}" for each in self.advice)])

    __repr__ = __str__

    def figures(self) -> list[str]:
        """Return the figures that say something, in words: ``["read 412", "skipped 3", "2 API calls"]``."""
        named = [("read", self.read), ("written", self.written), ("skipped", self.skipped), ("held", self.held)]
        told = [f"{name} {count:,}" for name, count in [*named, ("failed", self.failed)] if count]
        if self.api_calls:
            told.append(calls(self.api_calls))
        return told or ["nothing to do"]

    def _repr_html_(self) -> str:
        return f"<p>{escape(str(self)).replace(chr(10), '<br>')}</p>"


def calls(number: int) -> str:
    """Return a number of API calls in words: ``1 API call``, ``1,200 API calls``."""
    return f"{number:,} API call{'s' if number != 1 else ''}"


def total(runs: Sequence[Run]) -> Run:
    """Return the runs of one step over several objects as one, of which they are the parts.

    Raises InputError when there are none: no object takes part.
    """
    if not runs:
        raise InputError(
            "Every object is disabled in the mapping file, so there is nothing to do.",
            hint='Give one of them another mode, such as mode = "input" (SKA-7).',
        )
    if len(runs) == 1:
        return runs[0]
    whole = Run(runs[0].step, parts=tuple(runs))
    for run in runs:
        for figure in ("read", "written", "skipped", "held", "failed", "api_calls"):
            setattr(whole, figure, getattr(whole, figure) + getattr(run, figure))
    return whole


@contextmanager
def recorded(
    store: Store, step: str, name: str, now: Callable[[], datetime], spent: Callable[[], int]
) -> Iterator[Run]:
    """Hold the store for a step and keep its account in ``runs``, whether the step ends well or not.

    `now` tells the time, `spent` the API calls made so far. Raises StoreInUseError when another run holds the store.
    """
    with store.lock(step):
        run = Run(step, name)
        run_id = store.start_run(step, name, now())
        before = spent()
        status: Literal["done", "failed"] = "failed"
        try:
            yield run
            status = "done"
        except BaseException as error:
            run.note = f"{type(error).__name__}: {getattr(error, 'message', error)}"
            raise
        finally:
            run.api_calls = spent() - before
            store.end_run(
                run_id, at=now(), status=status, read=run.read, written=run.written, skipped=run.skipped,
                held=run.held, failed=run.failed, api_calls=run.api_calls, note=run.note,
            )  # fmt: skip
