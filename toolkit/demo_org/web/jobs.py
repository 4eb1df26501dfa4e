"""Bulk jobs: what they are, where their data lies, and the one worker that moves them on.

A job's upload and results are files in a private folder, so their size costs no memory. The worker takes jobs in the
order they were handed over; what a job does is up to the function it was handed over with.
"""

import itertools
import logging
import queue
import tempfile
import threading
import time
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path

from toolkit.demo_org.ids import make_id

logger = logging.getLogger("toolkit.demo_org")

JOB_PREFIX = "750"
BATCH_PREFIX = "751"
RESULT_PREFIX = "752"
OPEN, UPLOADED, RUNNING, COMPLETE, FAILED, ABORTED = (
    "Open",
    "UploadComplete",
    "InProgress",
    "JobComplete",
    "Failed",
    "Aborted",
)
TERMINAL = frozenset({COMPLETE, FAILED, ABORTED})
DELIMITERS = {"BACKQUOTE": "`", "CARET": "^", "COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "TAB": "\t"}
MAX_UPLOAD = 100_000_000
"""Bytes of one upload; Salesforce counts 150 million after base64."""
LINE_ENDINGS = {"LF": "\n", "CRLF": "\r\n"}


@dataclass
class Batch:
    """One batch of a Bulk 1.0 job."""

    id: str
    created_at: datetime
    changed_at: datetime
    state: str = "Queued"
    message: str | None = None
    processed: int = 0
    failed: int = 0
    total_ms: int = 0
    result_id: str = ""  # of a query


@dataclass
class Job:
    """One Bulk job: of kind ``ingest`` or ``query`` (2.0), or ``classic`` (1.0)."""

    id: str
    kind: str
    operation: str
    object: str
    user_id: str
    version: float
    created_at: datetime
    folder: Path
    changed_at: datetime
    delimiter: str = "COMMA"
    line_ending: str = "LF"
    external_id: str | None = None
    assignment_rule: str | None = None
    soql: str = ""
    content_type: str = "CSV"
    concurrency: str = "Parallel"
    state: str = OPEN
    processed: int = 0
    failed: int = 0
    total_ms: int = 0
    error: str | None = None
    uploaded: bool = False
    row_ends: "array[int]" = field(default_factory=lambda: array("Q"))  # of a query's result: where each row ends
    header_end: int = 0
    batches: list[Batch] = field(default_factory=list)  # of a Bulk 1.0 job
    ends: Callable[[], None] | None = None  # what ends the job early, once so many rows are saved
    ends_after: int = 0
    at_rest: threading.Event = field(default_factory=threading.Event)  # cleared while the worker is at it

    def __post_init__(self) -> None:
        self.at_rest.set()

    def file(self, name: str) -> Path:
        """Return where a file of this job lies: upload, successful, failed, unprocessed or result."""
        return self.folder / f"{self.id}.{name}.csv"

    @property
    def done(self) -> bool:
        """Whether the job will not change any more."""
        return self.state in TERMINAL


class Jobs:
    """The jobs of an org and their worker, which starts with the first job."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="demo-org-jobs-")
        self.folder = Path(self._folder.name)
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._batch_numbers = itertools.count(1)
        self._jobs: dict[str, Job] = {}
        self._waiting: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._worker: threading.Thread | None = None
        self.closing = threading.Event()

    def create(self, kind: str, operation: str, sobject: str, user_id: str, version: float, at: datetime) -> Job:
        """Add a job."""
        with self._lock:
            job_id = make_id(JOB_PREFIX, next(self._numbers))
            job = Job(job_id, kind, operation, sobject, user_id, version, at, self.folder, at)
            self._jobs[job_id] = job
        return job

    def add_batch(self, job: Job, at: datetime) -> Batch:
        """Add a batch to a Bulk 1.0 job."""
        with self._lock:
            number = next(self._batch_numbers)
            batch = Batch(make_id(BATCH_PREFIX, number), at, at, result_id=make_id(RESULT_PREFIX, number))
            job.batches.append(batch)
        return batch

    def find(self, kind: str, job_id: str) -> Job | None:
        """Return the job of this kind and id (15 or 18 characters), or None."""
        with self._lock:
            job = next((each for each in self._jobs.values() if each.id[:15] == job_id[:15]), None)
        return job if job is not None and job.kind == kind and job_id in (job.id, job.id[:15]) else None

    def every(self, *kinds: str) -> list[Job]:
        """Return the jobs of these kinds, oldest first."""
        with self._lock:
            return [each for each in self._jobs.values() if each.kind in kinds]

    def hand_over(self, job: Job, run: Callable[[Job], None]) -> None:
        """Let the worker run a job when it gets to it, if it is still wanted then."""
        self.run(partial(_run, job, run))

    def run(self, work: Callable[[], None]) -> None:
        """Let the worker do something after all that it was given before."""
        with self._lock:
            if self._worker is None:
                self._worker = threading.Thread(target=self._work, name="demo-org-jobs", daemon=True)
                self._worker.start()
        self._waiting.put(work)

    def remove(self, job: Job) -> None:
        """Forget a job and its files."""
        with self._lock:
            self._jobs.pop(job.id, None)
        for path in job.folder.glob(f"{job.id}.*"):
            path.unlink()

    def close(self) -> None:
        """Stop the worker after the batch at hand and remove every file."""
        self.closing.set()
        self._waiting.put(None)
        if self._worker is not None:
            self._worker.join()
        self._folder.cleanup()

    def pause(self, seconds: float, job: Job) -> None:
        """Wait, but no longer than the org runs or the job is wanted."""
        until = time.monotonic() + seconds
        while job.state == RUNNING and time.monotonic() < until:
            if self.closing.wait(min(0.05, max(0.0, until - time.monotonic()))):
                return

    def _work(self) -> None:
        while (work := self._waiting.get()) is not None:
            if self.closing.is_set():
                return
            work()


def _run(job: Job, run: Callable[[Job], None]) -> None:
    if job.state != UPLOADED:
        return
    job.at_rest.clear()
    try:
        run(job)
    except Exception:  # a fault of the demo org itself: the job fails, the log has the reason
        logger.exception("job %s", job.id)
        job.state, job.error = FAILED, "InternalServerError : An unexpected error occurred."
    finally:
        job.at_rest.set()


def pieces_of(path: Path, start: int = 0, stop: int | None = None, head: bytes = b"") -> Iterator[bytes]:
    """Yield `head` and then the bytes of a file between two places, a quarter of a megabyte at a time."""
    if head:
        yield head
    left = (path.stat().st_size if stop is None else stop) - start
    with path.open("rb") as file:
        file.seek(start)
        while left > 0 and (piece := file.read(min(left, 262_144))):
            left -= len(piece)
            yield piece
