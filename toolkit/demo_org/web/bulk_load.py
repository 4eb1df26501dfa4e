"""What the worker does with an ingest job: read its CSV, save the rows batch by batch, note what became of each.

What is wrong with the file as a whole (line ends, encoding, a column that does not exist) fails the job; what is wrong
with a row is noted beside that row. An empty cell leaves the field alone, ``#N/A`` sets it to null.
"""

import codecs
import csv
import time
from collections.abc import Iterator, Sequence

from toolkit.demo_org.access import Access
from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.records import Outcome, Saved
from toolkit.demo_org.state import OrgState
from toolkit.demo_org.web import bulk_common
from toolkit.demo_org.web.bulk_columns import is_column, with_parents
from toolkit.demo_org.web.bulk_common import fail, quoted, reasons
from toolkit.demo_org.web.jobs import COMPLETE, DELIMITERS, LINE_ENDINGS, RUNNING, Job
from toolkit.demo_org.web.writes import Row, save_rows

BATCH = 5_000
BATCH_CHARACTERS = 4_000_000
NULL = "#N/A"
MOST_CELL = 131_072
MOST_HEADER = 32_000
MOST_COLUMNS = 5_000
BLOCK = 1_048_576

csv.field_size_limit(MOST_CELL)


def load(org: OrgState, job: Job) -> None:
    """Run an ingest job to its end: JobComplete, Failed, or Aborted when somebody aborted it on the way."""
    began = time.monotonic()
    try:
        if bulk_common.begin(org, job):
            _load(org, job)
    except _BadFileError as bad:
        fail(org, job, str(bad))
    except Refusal as refusal:
        fail(org, job, f"{refusal.code} : {refusal.message}")
    job.total_ms = int((time.monotonic() - began) * 1000)
    if job.state == RUNNING:
        job.changed_at = org.clock.now()
        job.state = COMPLETE


class _BadFileError(Exception):
    """The upload cannot be worked on; the message is the job's errorMessage."""


def _load(org: OrgState, job: Job) -> None:
    sent_header = _checked_header(job)
    with job.file("upload").open(encoding="utf-8-sig", newline="") as upload:
        rows = _cells(csv.reader(upload, delimiter=DELIMITERS[job.delimiter], strict=True))
        names = ["Id" if name.strip().lower() == "id" else name.strip() for name in next(rows)]
        _load_rows(org, job, sent_header, names, rows)


def _load_rows(org: OrgState, job: Job, sent_header: str, names: list[str], rows: Iterator[list[str]]) -> None:
    access = org.access(job.user_id)
    sobject = org.schema.get(job.object)
    if sobject is None:
        raise _BadFileError(f"InvalidEntity : Entity '{job.object}' is not supported by the Bulk API.")
    for name in names:
        if not is_column(org, sobject, name, access):
            raise _BadFileError(f"InvalidBatch : Field name not found : {name}")
    path = f"/services/data/v{job.version:.1f}/jobs/ingest/{job.id}"
    with _Results(job, sent_header) as results:
        for batch in _batches(rows, job.ends_after or BATCH):
            if job.state != RUNNING or org.jobs.closing.is_set():
                results.unprocessed(batch)
                continue
            results.note(batch, names, _save(org, path, job, names, batch, access))
            bulk_common.end_if_due(job)


def _batches(rows: Iterator[list[str]], most: int) -> Iterator[list[list[str]]]:
    # So many rows, or so many characters where the rows are long: what is worked on at a time has to fit in memory.
    batch: list[list[str]] = []
    size = 0
    for cells in rows:
        batch.append(cells)
        size += sum(map(len, cells))
        if len(batch) == min(most, BATCH) or size >= BATCH_CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _save(
    org: OrgState, path: str, job: Job, names: list[str], batch: list[list[str]], access: Access
) -> list[Outcome]:
    width = len(names)
    ragged = {number for number, cells in enumerate(batch) if len(cells) != width}
    rows: Sequence[Row] = [
        {name: None if cell == NULL else cell for name, cell in zip(names, cells, strict=True) if cell}
        for number, cells in enumerate(batch)
        if number not in ragged
    ]
    rows = with_parents(rows, names)
    saved = iter(save_rows(org, path, job.operation, job.object, rows, access, job.external_id, text=True))
    if not ragged:
        return list(saved)
    wrong = Refusal(400, "INVALID_CSV", f"The row does not have the {width} columns of the header", ())
    return [[wrong] if number in ragged else next(saved) for number in range(len(batch))]


def _checked_header(job: Job) -> str:
    """Return the upload's first line as it was sent, after checking the line ends and the encoding of all."""
    if not job.uploaded:
        raise _BadFileError("InvalidBatch : The upload has no header row")
    ending = LINE_ENDINGS[job.line_ending]
    decoder = codecs.getincrementaldecoder("utf-8")()
    crlf = lf = read = 0
    header, ended, last = "", False, b""
    with job.file("upload").open("rb") as upload:
        while block := upload.read(BLOCK):
            crlf += block.count(b"\r\n") + (last == b"\r" and block[:1] == b"\n")
            lf += block.count(b"\n")
            last = block[-1:]
            try:
                text = decoder.decode(block)
            except UnicodeDecodeError as bad:
                raise _BadFileError(f"ClientInputError : The upload is not UTF-8 (byte {read + bad.start})") from bad
            if not ended:
                header += text
                header, end, _ = header.partition(ending)
                ended = bool(end) or len(header) > MOST_HEADER
            read += len(block)
    if decoder.getstate()[0]:
        raise _BadFileError(f"ClientInputError : The upload is not UTF-8 (byte {read})")
    if crlf if job.line_ending == "LF" else lf != crlf or (read and not crlf):
        text = "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is"
        raise _BadFileError(f"{text} {job.line_ending}")
    header = header.removeprefix("\ufeff")
    if not header.strip():
        raise _BadFileError("InvalidBatch : The upload has no header row")
    if len(header) > MOST_HEADER or header.count(DELIMITERS[job.delimiter]) >= MOST_COLUMNS:
        text = f"at most {MOST_HEADER} characters and {MOST_COLUMNS} fields are allowed"
        raise _BadFileError(f"InvalidBatch : The header row is too large: {text}")
    return header


def _cells(reader: Iterator[list[str]]) -> Iterator[list[str]]:
    try:
        for cells in reader:
            if cells:
                yield cells
    except csv.Error as bad:
        raise _BadFileError(f"InvalidBatch : Unable to parse the CSV: {bad}") from bad


class _Results:
    """The three result files of a job, each written when it has its first row."""

    def __init__(self, job: Job, header: str) -> None:
        self._job = job
        self._header = header
        self._delimiter = DELIMITERS[job.delimiter]
        self._ending = LINE_ENDINGS[job.line_ending]
        self._heads = {
            "successful": ['"sf__Id"', '"sf__Created"'],
            "failed": ['"sf__Id"', '"sf__Error"'],
            "unprocessed": [],
        }

    def __enter__(self) -> "_Results":
        self._files = {}
        for name, own in self._heads.items():
            file = self._job.file(name).open("w", encoding="utf-8", newline="")
            file.write(self._delimiter.join([*own, self._header]) + self._ending)
            self._files[name] = file
        return self

    def __exit__(self, *exception: object) -> None:
        for file in self._files.values():
            file.close()

    def note(self, batch: list[list[str]], names: list[str], outcomes: list[Outcome]) -> None:
        """Write down what became of a batch, and count it."""
        id_at = names.index("Id") if "Id" in names else None
        lines: dict[str, list[str]] = {"successful": [], "failed": []}
        for cells, outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, Saved):
                lines["successful"].append(self._line([outcome.id, "true" if outcome.created else "false", *cells]))
            else:
                own_id = cells[id_at] if id_at is not None and id_at < len(cells) else ""
                lines["failed"].append(self._line([own_id, reasons(outcome), *cells]))
        for name, written in lines.items():
            self._files[name].write("".join(written))
        self._job.processed += len(batch)
        self._job.failed += len(lines["failed"])

    def unprocessed(self, batch: list[list[str]]) -> None:
        """Write down rows that the job did not get to."""
        self._files["unprocessed"].write("".join(self._line(cells) for cells in batch))

    def _line(self, cells: list[str]) -> str:
        return self._delimiter.join(map(quoted, cells)) + self._ending
