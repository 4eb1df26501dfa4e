"""Bulk API 2.0: writes and reads large amounts as CSV in jobs that run inside Salesforce.

Written for what its clients usually get wrong: null is `#N/A` (an empty cell would leave the field as it is), values
are quoted, results are UTF-8 whatever their header says, quoted line breaks stay, results are matched to rows by key or
by content since their order is not promised, partial results of a failed job are kept, jobs are deleted afterwards.
"""

import io
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from toolkit.errors import NotFoundError, RequestError, SalesforceError, UnavailableError
from toolkit.frames import WRITE_RESULTS
from toolkit.salesforce.collections import OnResults, Write
from toolkit.salesforce.query import Column, Progress, from_parts, in_parts
from toolkit.salesforce.wire import Wire

log = logging.getLogger("toolkit.salesforce")

MOST_BYTES = 100_000_000
"""Bytes of one job's upload."""

RECORDS_PER_PAGE = 100_000
"""Records asked for in one page of a query job's result."""

FIRST_POLL = 0.2
LONGEST_POLL = 20.0
POLL_GROWTH = 1.5
LONGEST_JOB = 6 * 3600.0
UPLOAD_TRIES = 3

CALLS_PER_JOB = 5
"""Calls of a write job in which every row succeeds, besides its polls: create, upload, close, results, delete."""

NULL = "#N/A"
_ENDED = frozenset({"JobComplete", "Failed", "Aborted"})
_ERROR = r"(?s)^([A-Z][A-Z0-9_]*):(.*):([^:]*)$"  # CODE:message:FIELD1,FIELD2 -- with the fields missing at times

OnJob = Callable[[str], None]


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


def fits_csv(rows: pl.DataFrame) -> pl.Series:
    """Return which rows Bulk CSV can carry: not those with a text `#N/A` (it would mean null) or a carriage return."""
    if not rows.width:
        return pl.Series([True] * rows.height, dtype=pl.Boolean)
    texts = pl.all().fill_null("")
    return rows.select(pl.all_horizontal((texts != NULL) & ~texts.str.contains("\r", literal=True))).to_series()


def write_bulk(
    wire: Wire,
    write: Write,
    progress: Progress | None = None,
    on_job: OnJob | None = None,
    on_results: OnResults | None = None,
    most_bytes: int = MOST_BYTES,
) -> pl.DataFrame:
    """Return what became of each row, in the form of `frames.WRITE_RESULTS` and in the order of the rows.

    `on_job` is told of each job's id before anything is uploaded to it: `collect_left_over` takes it after a crash.
    A KeyboardInterrupt aborts the job that runs. Raises SalesforceError when a job cannot be made or followed; a job
    that failed inside Salesforce is answered row by row.
    """
    parts: list[pl.DataFrame] = []
    done = 0
    for rows, body in _uploads(_as_sent(write), most_bytes):
        part_done = done

        def report(processed: int, _: int | None, before: int = part_done) -> None:
            if progress:
                progress(before + processed, write.rows.height)

        job = _upload(wire, write, body, on_job)
        part = _collect(wire, job, write.part(rows), report).drop("_known")
        parts.append(part)
        done += rows.height
        if on_results:
            on_results(part)
        report(rows.height, None)
    return pl.concat(parts) if parts else WRITE_RESULTS.empty()


def collect_left_over(wire: Wire, job_id: str, write: Write, progress: Progress | None = None) -> pl.DataFrame:
    """Return what became of those of the rows that a job of an earlier run held; wait for its end and delete it.

    ``row`` is the place of each among the rows, from 0: a new record has no other key.

    Raises NotFoundError when the job is gone, or was left open and so did nothing.
    """
    job = Job("ingest", job_id, "")
    try:
        state = _look(wire, job).state
    except RequestError as error:
        if error.status != 404:
            raise
    else:
        if state != "Open":
            results = _collect(wire, job, write, progress)
            return results.with_row_index("row").filter("_known").drop("_known")
        _abort(wire, job)
        _delete(wire, job)
    raise NotFoundError(
        f"The job {job_id} is gone, or was never handed over to Salesforce",
        hint="read the records again to see what they hold",
    )


def _collect(wire: Wire, job: Job, write: Write, progress: Progress | None) -> pl.DataFrame:
    """WRITE_RESULTS of the rows of an uploaded job, with `_known` for those that the job had an answer for."""
    try:
        job = _wait(wire, job, progress)
        results = _match(_as_sent(write), write, _answers(wire, job, write.rows.height), job)
    except KeyboardInterrupt:
        _abort(wire, job)
        raise
    _delete(wire, job)
    return results


def read_bulk(
    wire: Wire,
    columns: Sequence[Column],
    statement: str,
    progress: Progress | None = None,
    per_page: int = RECORDS_PER_PAGE,
) -> Iterator[pl.DataFrame]:
    """Yield the result of a query job page by page, as typed frames in the query's own order.

    `statement` selects what `query.in_parts` says: Bulk gives no compounds, they are put together from their parts.
    """
    job_id = start_query(wire, statement)
    try:
        for frame, _ in query_pages(wire, job_id, columns, None, progress, per_page):
            yield frame
    except KeyboardInterrupt:
        _abort(wire, Job("query", job_id, ""))
        raise
    delete_query(wire, job_id)


def start_query(wire: Wire, statement: str) -> str:
    """Begin a query job and return its id."""
    asked = {"operation": "query", "query": statement, "lineEnding": "LF"}
    return str(wire.json("POST", "jobs/query", json=asked, repeatable=True)["id"])


def query_pages(
    wire: Wire,
    job_id: str,
    columns: Sequence[Column],
    locator: str | None,
    progress: Progress | None = None,
    per_page: int = RECORDS_PER_PAGE,
) -> Iterator[tuple[pl.DataFrame, str | None]]:
    """Yield the pages of a query job from `locator` on (None is the beginning), each with the locator of the next.

    Waits for the job's end. Raises RequestError when it failed, with status 404 when it is gone.
    """
    job = _wait(wire, Job("query", job_id, ""), None)
    if job.state != "JobComplete":
        raise RequestError(
            f"The query job {job.id} ended as {job.state}: {job.error or 'no reason was given'}",
            hint="read through REST, or run it again",
            code=job.state,
        )
    yield from _pages(wire, job, columns, locator, progress, per_page)


def delete_query(wire: Wire, job_id: str) -> None:
    """Delete a query job that has ended, with its result."""
    _delete(wire, Job("query", job_id, ""))


def _pages(
    wire: Wire,
    job: Job,
    columns: Sequence[Column],
    locator: str | None,
    progress: Progress | None,
    per_page: int,
) -> Iterator[tuple[pl.DataFrame, str | None]]:
    query = {"maxRecords": str(per_page)} | ({"locator": locator} if locator else {})
    read = 0
    while True:
        answer = wire.call("GET", f"{job.path}/results", params=query, headers={"Accept": "text/csv"})
        frame = _typed(columns, _csv(answer.content))
        read += frame.height
        following = answer.headers.get("Sforce-Locator", "null")
        ends = following in ("", "null")
        yield frame, None if ends else following
        if progress:
            progress(read, job.processed or None)
        if ends:
            return
        query["locator"] = following


def _typed(columns: Sequence[Column], frame: pl.DataFrame) -> pl.DataFrame:
    paths = [each.path for each in in_parts(columns)]
    if frame.width != len(paths):
        frame = pl.DataFrame(schema=dict.fromkeys(paths, pl.String))
    return from_parts(columns, frame.rename(dict(zip(frame.columns, paths, strict=True))))


def _as_sent(write: Write) -> pl.DataFrame:
    """The rows as the job gets them: a delete is sent the ids alone."""
    return write.rows.select("Id") if write.operation == "delete" else write.rows


def _uploads(rows: pl.DataFrame, most_bytes: int) -> Iterator[tuple[pl.DataFrame, bytes]]:
    if not rows.height:
        return
    buffer = io.BytesIO()
    rows.write_csv(buffer, null_value=NULL, line_terminator="\n", quote_style="necessary")
    if buffer.tell() <= most_bytes or rows.height == 1:
        yield rows, buffer.getvalue()
        return
    half = rows.height // 2
    buffer.close()
    yield from _uploads(rows[:half], most_bytes)
    yield from _uploads(rows[half:], most_bytes)


def _upload(wire: Wire, write: Write, body: bytes, on_job: OnJob | None) -> Job:
    # A job takes one upload and does nothing before it is closed: when the upload breaks off, a new job is made.
    for attempt in range(1, UPLOAD_TRIES + 1):
        job = _create(wire, write)
        if on_job:
            on_job(job.id)
        try:
            wire.call(
                "PUT",
                f"{job.path}/batches",
                data=body,
                headers={"Content-Type": "text/csv; charset=UTF-8"},
                repeatable=False,
            )
            _close(wire, job)
        except KeyboardInterrupt:
            _abort(wire, job)
            raise
        except UnavailableError as error:
            _abort(wire, job)
            if attempt == UPLOAD_TRIES or error.code not in ("CONNECTION_DROPPED", "TIMEOUT"):
                raise
        else:
            return job
    raise AssertionError("unreachable")


def _create(wire: Wire, write: Write) -> Job:
    wanted = {
        "object": write.sobject,
        "operation": write.operation,
        "contentType": "CSV",
        "columnDelimiter": "COMMA",
        "lineEnding": "LF",
    }
    if write.operation == "upsert" and write.key:
        wanted["externalIdFieldName"] = write.key
    # Repeatable: an open job that nobody uploads to does nothing.
    body = wire.json("POST", "jobs/ingest", json=wanted, repeatable=True)
    return Job("ingest", body["id"], body["state"])


def _close(wire: Wire, job: Job) -> None:
    try:
        wire.json("PATCH", job.path, json={"state": "UploadComplete"}, repeatable=False)
    except UnavailableError:
        if _look(wire, job).state != "Open":
            return  # it was closed, only the answer was lost
        wire.json("PATCH", job.path, json={"state": "UploadComplete"}, repeatable=False)


def _wait(wire: Wire, job: Job, progress: Progress | None) -> Job:
    wait, waited = FIRST_POLL, 0.0
    while True:
        job = _look(wire, job)
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
        wire.transport.sleep(wait)
        waited += wait
        wait = min(LONGEST_POLL, wait * POLL_GROWTH)


def _look(wire: Wire, job: Job) -> Job:
    body: dict[str, Any] = wire.json("GET", job.path)
    return Job(
        job.kind,
        job.id,
        body["state"],
        int(body.get("numberRecordsProcessed") or 0),
        int(body.get("numberRecordsFailed") or 0),
        str(body.get("errorMessage") or ""),
    )


def _abort(wire: Wire, job: Job) -> None:
    try:
        wire.json("PATCH", job.path, json={"state": "Aborted"}, repeatable=True)
    except SalesforceError as error:
        log.warning("job %s could not be aborted: %s", job.id, error.message)


def _delete(wire: Wire, job: Job) -> None:
    try:
        wire.call("DELETE", job.path, repeatable=True)
    except SalesforceError as error:  # the results are read; a job left behind is gone in seven days
        log.warning("job %s could not be deleted: %s", job.id, error.message)


def _answers(wire: Wire, job: Job, sent: int) -> list[pl.DataFrame]:
    """The job's result files that hold rows: each with the columns that were sent and those of WRITE_RESULTS."""
    found = []
    if job.processed > job.failed:
        found.append(_result(wire, job, "successfulResults").with_columns(_success()))
    if job.failed:
        found.append(_result(wire, job, "failedResults").with_columns(_failure()))
    if job.processed < sent or job.state != "JobComplete":
        found.append(_result(wire, job, "unprocessedrecords").with_columns(_unprocessed(job)))
    return [frame for frame in found if frame.height]


def _result(wire: Wire, job: Job, which: str) -> pl.DataFrame:
    return _csv(wire.call("GET", f"{job.path}/{which}", headers={"Accept": "text/csv"}).content)


def _csv(content: bytes) -> pl.DataFrame:
    if not content.strip():
        return pl.DataFrame()
    return pl.read_csv(content, infer_schema=False, null_values="")


def _success() -> list[pl.Expr]:
    nothing = pl.lit(None, dtype=pl.String)
    return [
        pl.col("sf__Id").alias("_id"),
        pl.lit(True).alias("_success"),
        (pl.col("sf__Created").str.to_lowercase() == "true").alias("_created"),
        nothing.alias("_code"),
        nothing.alias("_message"),
        nothing.alias("_fields"),
    ]


def _failure() -> list[pl.Expr]:
    error = pl.col("sf__Error")
    fields = error.str.extract(_ERROR, 3).str.strip_suffix("--").str.strip_chars()
    return [
        pl.col("sf__Id").alias("_id"),
        pl.lit(False).alias("_success"),
        pl.lit(False).alias("_created"),
        error.str.extract(_ERROR, 1).fill_null("UNKNOWN_EXCEPTION").alias("_code"),
        error.str.extract(_ERROR, 2).fill_null(error).alias("_message"),
        pl.when(fields == "").then(None).otherwise(fields).alias("_fields"),
    ]


def _unprocessed(job: Job) -> list[pl.Expr]:
    code, message = _job_error(job)
    return [
        pl.lit(None, dtype=pl.String).alias("_id"),
        pl.lit(False).alias("_success"),
        pl.lit(False).alias("_created"),
        pl.lit(code).alias("_code"),
        pl.lit(message).alias("_message"),
        pl.lit(None, dtype=pl.String).alias("_fields"),
    ]


def _job_error(job: Job) -> tuple[str, str]:
    code, colon, message = (each.strip() for each in job.error.partition(":"))
    if colon and code.isalnum():
        return code, f"the job {job.state.lower()}: {message}"
    return "NOT_PROCESSED", f"the job ended as {job.state} before this row{': ' + job.error if job.error else ''}"


_ANSWER = ["_id", "_success", "_created", "_code", "_message", "_fields"]


def _match(sent: pl.DataFrame, write: Write, answers: Sequence[pl.DataFrame], job: Job) -> pl.DataFrame:
    """The answer to each sent row, found by its key, or by its whole content and the how-manieth such row it is."""
    by = [write.key] if write.key else sent.columns
    known = [_keyed(frame, by).select(*by, "_nth", *_ANSWER) for frame in answers]
    answered = pl.concat(known) if known else _keyed(sent.clear(), by).with_columns(_unprocessed(job))
    rows = _keyed(sent, by).join(answered, on=[*by, "_nth"], how="left", nulls_equal=True, maintain_order="left")
    code, message = _job_error(job)
    lost = pl.col("_success").is_null()
    given = pl.col("Id") if "Id" in sent.columns else pl.lit(None, dtype=pl.String)
    return rows.select(
        pl.coalesce(given, "_id").alias("id"),
        pl.col("_success").fill_null(False).alias("success"),
        pl.col("_created").fill_null(False).alias("created"),
        pl.when(lost).then(pl.lit(code)).otherwise("_code").alias("error_code"),
        pl.when(lost).then(pl.lit(message)).otherwise("_message").alias("error_message"),
        pl.col("_fields").alias("error_fields"),
        (~lost).alias("_known"),
    )


def _keyed(frame: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    texts = [pl.when(pl.col(name).is_in([NULL, ""])).then(None).otherwise(pl.col(name)).alias(name) for name in by]
    return frame.with_columns(texts).with_columns(pl.int_range(pl.len()).over(by).alias("_nth"))
