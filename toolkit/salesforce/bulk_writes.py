"""Rows written through Bulk API 2.0 with what a job leaves to be done.

What its CSV cannot carry goes over REST, and so do rows that stayed locked: there no two batches run at once, so that
ours cannot lock each other out. Many of those go into another job first.
"""

import polars as pl

from toolkit.errors import LimitError, RequestError
from toolkit.frames import WRITE_RESULTS
from toolkit.salesforce.bulk import OnJob, fits_csv, write_bulk
from toolkit.salesforce.collections import ROWS_PER_CALL, OnResults, Write
from toolkit.salesforce.query import Progress
from toolkit.salesforce.refusals import transient
from toolkit.salesforce.rest_writes import ROW, write_rest
from toolkit.salesforce.wire import Wire

JOB_TRIES = 3
"""So many jobs a row is in, while most rows of them are locked, before it is given up."""
MOST_OVER_REST = 4_000
"""Locked rows that are rather sent over REST than in another job: twenty calls, where a job takes eight or so."""
NO_JOBS = frozenset({"INVALIDENTITY", "EXCEEDED_QUOTA", "FEATURENOTENABLED"})
"""Codes with which a job is refused that REST can do: an object Bulk does not know, no jobs left today."""


def write_in_bulk(
    wire: Wire,
    write: Write,
    progress: Progress | None = None,
    on_job: OnJob | None = None,
    on_results: OnResults | None = None,
) -> pl.DataFrame:
    """Return what became of each row, in the form of `frames.WRITE_RESULTS` and in the order of the rows.

    Raises SalesforceError when a job cannot be made or followed.
    """
    return _Rows(wire, write, progress, on_job, on_results).written()


class _Rows:
    def __init__(
        self, wire: Wire, write: Write, progress: Progress | None, on_job: OnJob | None, on_results: OnResults | None
    ) -> None:
        self.wire = wire
        self.write = write
        self.progress = progress
        self.on_job = on_job
        self.on_results = on_results
        self.parts: list[pl.DataFrame] = []
        self.done = 0

    def written(self) -> pl.DataFrame:
        fits = fits_csv(self.write.rows)
        waiting = fits.arg_true()
        for attempt in range(1, JOB_TRIES + 1):
            waiting, more_jobs = self._in_jobs(waiting, last=attempt == JOB_TRIES)
            if not more_jobs or waiting.len() <= MOST_OVER_REST:
                break
            self.wire.transport.pause(attempt)
        self._over_rest(pl.concat([waiting, (~fits).arg_true()]))
        return pl.concat(self.parts).sort(ROW).drop(ROW) if self.parts else WRITE_RESULTS.empty()

    def _in_jobs(self, rows: pl.Series, *, last: bool) -> tuple[pl.Series, bool]:
        """Write rows in jobs; return those that have no final answer, and whether the org makes jobs for them."""
        left = rows

        def sort_out(results: pl.DataFrame) -> None:
            nonlocal left
            found = results.with_columns(rows.gather(results[ROW]).alias(ROW))
            locked = transient(pl.col("error_code"), pl.col("error_message"))
            final = found.filter(pl.lit(last) | ~locked)
            left = left.filter(~left.is_in(final[ROW].implode()))
            self._tell(final)

        try:
            write_bulk(self.wire, self.write.part(self.write.rows[rows]), self._report, self.on_job, sort_out)
        except (RequestError, LimitError) as error:
            if error.code not in NO_JOBS:
                raise
            return left, False
        return left, True

    def _over_rest(self, rows: pl.Series) -> None:
        if rows.is_empty():
            return
        part = self.write.part(self.write.rows[rows])
        write_rest(
            self.wire,
            part,
            None,
            lambda results: self._tell(results.with_columns(rows.gather(results[ROW]).cast(pl.UInt32).alias(ROW))),
            together_in_one=rows.len() > 2 * ROWS_PER_CALL,
        )

    def _tell(self, results: pl.DataFrame) -> None:
        if results.is_empty():
            return
        self.parts.append(results.with_columns(pl.col(ROW).cast(pl.UInt32)))
        self.done += results.height
        if self.on_results:
            self.on_results(self.parts[-1])
        self._report(self.done, None)

    def _report(self, done: int, _: int | None) -> None:
        if self.progress:
            self.progress(max(done, self.done), self.write.rows.height)
