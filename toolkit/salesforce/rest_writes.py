"""Rows written over REST: 200 in a call, or through composite five times 200, each row answered for itself.

A call that Salesforce refuses as a whole because of something in it is halved until the row that is at fault is alone;
the others are written. Rows that somebody else had locked are sent again, in the order they were given in: sorted by
parent, the children of one parent share a batch, and no two of our own batches wait for each other.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from toolkit.errors import AccessError, RequestError, SalesforceError, UnavailableError
from toolkit.frames import WRITE_RESULTS
from toolkit.salesforce.collections import (
    ROWS_PER_CALL,
    OnResults,
    Write,
    json_records,
    request_of,
    results_of,
)
from toolkit.salesforce.composite import COSTLY_PER_CALL, Subanswer, calls_for, composite
from toolkit.salesforce.query import Progress
from toolkit.salesforce.refusals import transient
from toolkit.salesforce.uninterrupted import uninterrupted
from toolkit.salesforce.wire import Wire

TRIES = 4
"""So often a row is sent that somebody else keeps locked."""
MOST_HALVINGS = 100
"""Calls that one write may spend on looking for the rows at fault; after that, what is refused together stays so."""
ROW = "row"

MOST_FAILED_INSIDE = 9
"""Calls in a row that may fail inside Salesforce: one more than the halvings that lead to one row of 200."""

_OF_THE_OBJECT = frozenset(
    {
        "INSUFFICIENT_ACCESS",
        "INSUFFICIENT_ACCESS_OR_READONLY",
        "INVALID_TYPE_FOR_OPERATION",
        "METHOD_NOT_ALLOWED",
        "NOT_FOUND",
    }
)
"""Said of a whole call, these hold for every row of the object: none would fare better alone."""
_OF_THE_ORG = frozenset(
    {
        "API_CURRENTLY_DISABLED",
        "API_DISABLED_FOR_ORG",
        "FUNCTIONALITY_NOT_ENABLED",
        "INVALID_TYPE",
        "UNSUPPORTED_API_VERSION",
    }
)
"""These end the write: there is no such object, or no API."""
_TOO_LARGE = frozenset({400, 413, 414, 431})
"""What comes without a code from the edge about a request that it did not let through."""

Answers = list[tuple[int, dict[str, Any]]]


def write_rest(
    wire: Wire,
    write: Write,
    progress: Progress | None = None,
    on_results: OnResults | None = None,
    *,
    together_in_one: bool = False,
) -> pl.DataFrame:
    """Return what became of each row, in the form of `frames.WRITE_RESULTS` and in the order of the rows.

    With `together_in_one` five batches of 200 share a call. `on_results` is given results as soon as they are final,
    with ``row``, the place of each among the rows from 0: when a later call fails for good, what was answered before is
    known. Raises SalesforceError when a call fails whose fate or cure is not in its rows.
    """
    return _Rows(wire, write, progress, on_results, COSTLY_PER_CALL if together_in_one else 1).written()


@dataclass
class _Rows:
    wire: Wire
    write: Write
    progress: Progress | None
    on_results: OnResults | None
    batches_per_call: int
    parts: list[pl.DataFrame] = field(default_factory=list)
    done: int = 0
    halvings: int = 0
    failed_inside: int = 0

    def written(self) -> pl.DataFrame:
        self.records = json_records(self.write)
        waiting = list(range(len(self.records)))
        for attempt in range(1, TRIES + 1):
            waiting = self._round(waiting, last=attempt == TRIES)
            if not waiting:
                break
            self.wire.transport.pause(attempt)
        return pl.concat(self.parts).sort(ROW).drop(ROW) if self.parts else WRITE_RESULTS.empty()

    def _round(self, rows: Sequence[int], *, last: bool) -> list[int]:
        """Send rows, tell of those that have their final answer, and return the others."""
        again: list[int] = []
        for batches in _calls(rows, self.batches_per_call):
            with uninterrupted():
                for answers in self._answers(batches):
                    results = self._results(answers)
                    held = pl.lit(not last) & transient(pl.col("error_code"), pl.col("error_message"))
                    again += results.filter(held)[ROW].to_list()
                    self._tell(results.filter(~held))
        return again

    def _results(self, answers: Answers) -> pl.DataFrame:
        rows = [row for row, _ in answers]
        found = results_of(self.write, self._of(rows), [answer for _, answer in answers])
        return found.select(pl.Series(ROW, rows, dtype=pl.UInt32), pl.all())

    def _tell(self, results: pl.DataFrame) -> None:
        if results.is_empty():
            return
        self.parts.append(results)
        self.done += results.height
        if self.on_results:
            self.on_results(results)
        if self.progress:
            self.progress(self.done, len(self.records))

    # -- one call ----------------------------------------------------------------------------------------------------

    def _answers(self, batches: Sequence[Sequence[int]]) -> Iterator[Answers]:
        """Yield the answers of the batches of one call; those of a batch that was refused are looked for in halves."""
        sent = self._in_one_call(batches) if len(batches) > 1 else None
        if sent is None:
            for rows in batches:
                yield self._batch(rows)
            return
        failed: SalesforceError | None = None
        for rows, answer in zip(batches, sent, strict=True):
            if answer.error is None:
                yield list(zip(rows, answer.body, strict=True))
            elif self._of_a_row(answer.error):
                yield self._halved(rows, answer.error)
            else:
                failed = failed or answer.error  # what the others were answered is told first
        if failed:
            raise failed

    def _in_one_call(self, batches: Sequence[Sequence[int]]) -> Sequence[Subanswer] | None:
        """Send several batches in a call; None when nothing was sent, or it was refused because of one of the rows."""
        requests = [request_of(self.write, self._of(rows)) for rows in batches]
        if calls_for(requests) > 1:
            return None
        try:
            return composite(self.wire, requests)
        except (RequestError, AccessError, UnavailableError) as error:
            if not self._of_a_row(error):
                raise
        return None

    def _batch(self, rows: Sequence[int]) -> Answers:
        request = request_of(self.write, self._of(rows))
        try:
            body = self.wire.json(request.method, request.address, json=request.body, repeatable=request.may_repeat)
        except (RequestError, AccessError, UnavailableError) as error:
            if not self._of_a_row(error):
                raise
            refused = error
        else:
            self.failed_inside = 0
            return list(zip(rows, body, strict=True))
        return self._halved(rows, refused)

    def _halved(self, rows: Sequence[int], refused: SalesforceError) -> Answers:
        alone = len(rows) == 1 or refused.code in _OF_THE_OBJECT or self.halvings >= MOST_HALVINGS
        if alone:
            return [(row, _refusal(refused, len(rows))) for row in rows]
        self.halvings += 2
        middle = len(rows) // 2
        return [*self._batch(rows[:middle]), *self._batch(rows[middle:])]

    def _of_a_row(self, error: SalesforceError) -> bool:
        """Return whether one of its rows may be why a whole call was refused, so that nothing of it was written.

        When Salesforce says that it failed inside, it took everything back; sent again, the same update is the same.
        """
        if isinstance(error, UnavailableError):
            self.failed_inside += 1
            known = error.status == 500 and error.code == "UNKNOWN_EXCEPTION"
            return known and self.write.operation in ("update", "upsert") and self.failed_inside < MOST_FAILED_INSIDE
        if error.code in _OF_THE_ORG or not 400 <= error.status < 500:
            return False
        return error.code != "" or error.status in _TOO_LARGE

    def _of(self, rows: Sequence[int]) -> list[dict[str, Any]]:
        return [self.records[row] for row in rows]


def _calls(rows: Sequence[int], batches: int) -> Iterator[list[Sequence[int]]]:
    size = ROWS_PER_CALL * batches
    for start in range(0, len(rows), size):
        mine = rows[start : start + size]
        yield [mine[at : at + ROWS_PER_CALL] for at in range(0, len(mine), ROWS_PER_CALL)]


def _refusal(error: SalesforceError, rows: int) -> dict[str, Any]:
    """The answer of a row whose call was refused, in Salesforce's own words."""
    label = error.code or f"HTTP {error.status}"
    own = error.message.partition(": ")[2].removesuffix(f" ({label})") or error.message
    others = f" (the call was refused with {rows - 1:,} other rows in it)" if rows > 1 else ""
    said = {"statusCode": label.replace(" ", "_"), "message": own + others, "fields": list(error.fields)}
    return {"success": False, "errors": [said]}
