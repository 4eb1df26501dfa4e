"""A Bulk API 2.0 job: how it stands, waiting for its end, stopping and deleting it. What is in it, others know."""

import logging
from dataclasses import dataclass
from typing import Any

import polars as pl

from toolkit.errors import SalesforceError, UnavailableError
from toolkit.salesforce.query import Progress
from toolkit.salesforce.wire import Wire

log = logging.getLogger("toolkit.salesforce")

FIRST_POLL = 0.2
LONGEST_POLL = 20.0
POLL_GROWTH = 1.3
MOST_OF_REST = 0.8
LONGEST_JOB = 6 * 3600.0
_ENDED = frozenset({"JobComplete", "Failed", "Aborted"})


@dataclass(frozen=True)
class Job:
    """A job's address and how it stands."""

    kind: str  # "ingest" or "query"
    id: str
    state: str
    processed: int = 0
    failed: int = 0
    error: str = ""

    @property
    def path(self) -> str:
        """The job's path, relative to the API version."""
        return f"jobs/{self.kind}/{self.id}"


def wait(wire: Wire, job: Job, progress: Progress | None, records: int | None = None) -> Job:
    """Return a job when it has ended. Raises UnavailableError when that takes longer than `LONGEST_JOB`.

    Pauses grow. Where it is known how many `records` the job has, they are most of what it will still take at its pace.
    """
    pause, waited = FIRST_POLL, 0.0
    while True:
        job = look(wire, job)
        if job.state in _ENDED:
            return job
        if progress:
            progress(job.processed, None)
        if waited >= LONGEST_JOB:
            raise UnavailableError(
                f"The job {job.id} is still {job.state} after {waited / 3600:.0f} hours",
                hint="look at Setup > Bulk Data Load Jobs; it goes on by itself",
                code="JOB_NOT_DONE",
            )
        left = _seconds_left(job, records, waited)
        rest = pause if left is None else min(LONGEST_POLL, max(FIRST_POLL, waited / 20, MOST_OF_REST * left))
        wire.transport.sleep(rest)
        waited += rest
        pause = min(LONGEST_POLL, pause * POLL_GROWTH)


def _seconds_left(job: Job, records: int | None, waited: float) -> float | None:
    """How long the records that are left will take at the pace of those that are done, or None when nobody knows."""
    if not records or not job.processed or not waited:
        return None
    return waited * max(0, records - job.processed) / job.processed


def look(wire: Wire, job: Job) -> Job:
    """Return how a job stands."""
    body: dict[str, Any] = wire.json("GET", job.path)
    return Job(
        job.kind,
        job.id,
        body["state"],
        int(body.get("numberRecordsProcessed") or 0),
        int(body.get("numberRecordsFailed") or 0),
        str(body.get("errorMessage") or ""),
    )


def abort(wire: Wire, job: Job) -> None:
    """Stop a job; that it cannot be stopped is no error."""
    try:
        wire.json("PATCH", job.path, json={"state": "Aborted"}, repeatable=True)
    except SalesforceError as error:
        log.warning("job %s could not be aborted: %s", job.id, error.message)


def delete(wire: Wire, job: Job) -> None:
    """Delete a job that has ended, with its result."""
    try:
        wire.call("DELETE", job.path, repeatable=True)
    except SalesforceError as error:  # the results are read; a job left behind is gone in seven days
        log.warning("job %s could not be deleted: %s", job.id, error.message)


def result_frame(content: bytes) -> pl.DataFrame:
    """Return the CSV of a result as a frame of texts, without columns when it is empty."""
    if not content.strip():
        return pl.DataFrame()
    return pl.read_csv(content, infer_schema=False, null_values="")
