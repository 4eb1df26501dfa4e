"""Bulk API 2.0: writes large amounts as CSV in jobs that run inside Salesforce. Reading is in `query_jobs`.

Written for what its clients usually get wrong: null is `#N/A` (an empty cell would leave the field as it is), values
are quoted, results are UTF-8 whatever their header says, quoted line breaks stay, results are matched to rows by key or
by content since their order is not promised, partial results of a failed job are kept, jobs are deleted afterwards.
"""

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

import polars as pl

from toolkit.errors import NotFoundError, RequestError, UnavailableError
from toolkit.frames import WRITE_RESULTS
from toolkit.salesforce import jobs
from toolkit.salesforce.collections import OnResults, Write
from toolkit.salesforce.jobs import Job
from toolkit.salesforce.query import Progress
from toolkit.salesforce.refusals import transient
from toolkit.salesforce.wire import Wire

MOST_BYTES = 100_000_000
"""Bytes of one job's upload."""

UPLOAD_TRIES = 3
RESULT_TRIES = 3

CALLS_PER_JOB = 5
"""Calls of a write job in which every row succeeds, besides its polls: create, upload, close, results, delete."""

NULL = "#N/A"
_ERROR = r"(?s)^([A-Z][A-Z0-9_]*):(.*):([^:]*)$"  # CODE:message:FIELD1,FIELD2 -- with the fields missing at times

OnJob = Callable[[str], None]


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
        if on_results:
            on_results(part.with_row_index("row", offset=done))
        jobs.delete(wire, job)  # not before its results are known to whoever has to remember them
        done += rows.height
        report(rows.height, None)
    return pl.concat(parts) if parts else WRITE_RESULTS.empty()


def collect_left_over(wire: Wire, job_id: str, write: Write, progress: Progress | None = None) -> pl.DataFrame:
    """Return what became of those of the rows that a job of an earlier run held, which is waited for and then kept.

    ``row`` is the place of each among the rows, from 0: a new record has no other key. Rows that were locked are left
    out: they may have been sent again since.

    Raises NotFoundError when the job is gone, or was left open and so did nothing.
    """
    job = Job("ingest", job_id, "")
    try:
        state = jobs.look(wire, job).state
    except RequestError as error:
        if error.status != 404:
            raise
    else:
        if state != "Open":
            results = _collect(wire, job, write, progress, in_part=True)
            locked = transient(pl.col("error_code"), pl.col("error_message"))
            return results.with_row_index("row").filter(pl.col("_known") & ~locked).drop("_known")
        jobs.abort(wire, job)
        jobs.delete(wire, job)
    raise NotFoundError(
        f"The job {job_id} is gone, or was never handed over to Salesforce",
        hint="read the records again to see what they hold",
    )


def _collect(wire: Wire, job: Job, write: Write, progress: Progress | None, *, in_part: bool = False) -> pl.DataFrame:
    """WRITE_RESULTS of the rows of an uploaded job, with `_known` for those that the job had an answer for.

    Raises UnavailableError when a result file is cut short, unless what it holds `in_part` will do.
    """
    try:
        job = jobs.wait(wire, job, progress, write.rows.height)
        results = _match(_as_sent(write), write, _answers(wire, job, write.rows.height, in_part=in_part), job)
    except KeyboardInterrupt:
        jobs.abort(wire, job)
        raise
    if not in_part and job.processed >= write.rows.height and not results["_known"].all():
        raise _cut_short(job, "results")
    return results


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
    # A job takes one upload and does nothing before it is closed: when the upload breaks off, a new job is made. When
    # the closing does, and nobody can say how the job stands, it may be at work already: no other gets its rows.
    for attempt in range(1, UPLOAD_TRIES + 1):
        job = _create(wire, write)
        if on_job:
            on_job(job.id)
        try:
            _put(wire, job, body)
        except KeyboardInterrupt:
            jobs.abort(wire, job)
            raise
        except UnavailableError as error:
            jobs.abort(wire, job)
            if attempt == UPLOAD_TRIES or error.code not in ("CONNECTION_DROPPED", "TIMEOUT"):
                raise
        else:
            _close(wire, job)
            return job
    raise AssertionError("unreachable")


def _put(wire: Wire, job: Job, body: bytes) -> None:
    headers = {"Content-Type": "text/csv; charset=UTF-8"}
    wire.call("PUT", f"{job.path}/batches", data=body, headers=headers, repeatable=False)


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
    """Hand the job over. Raises UnavailableError when it is not known whether it is: a later run asks for it."""
    for attempt in range(1, UPLOAD_TRIES + 1):
        try:
            wire.json("PATCH", job.path, json={"state": "UploadComplete"}, repeatable=False)
        except KeyboardInterrupt:
            jobs.abort(wire, job)
            raise
        except UnavailableError:
            if jobs.look(wire, job).state != "Open":
                return  # it was closed, only the answer was lost
            if attempt == UPLOAD_TRIES:
                raise
        else:
            return


def _answers(wire: Wire, job: Job, sent: int, *, in_part: bool) -> list[pl.DataFrame]:
    """The job's result files that hold rows: each with the columns that were sent and those of WRITE_RESULTS."""
    files = []
    if job.processed > job.failed:
        files.append(("successfulResults", job.processed - job.failed, in_part, _success()))
    if job.failed:
        files.append(("failedResults", job.failed, in_part, _failure()))
    if job.processed < sent or job.state != "JobComplete":
        files.append(("unprocessedrecords", 0, True, _unprocessed(job)))
    found = [(_result(wire, job, which, rows, in_part=may_lack), told) for which, rows, may_lack, told in files]
    return [frame.with_columns(told) for frame, told in found if frame.height]


def _result(wire: Wire, job: Job, which: str, rows: int, *, in_part: bool) -> pl.DataFrame:
    """Return a result file, which holds as many rows as the job says. Raises UnavailableError when it is cut short."""
    found = pl.DataFrame()
    for _ in range(RESULT_TRIES):
        with suppress(pl.exceptions.PolarsError):  # it ends in the middle of a row
            found = jobs.result_frame(wire.call("GET", f"{job.path}/{which}", headers={"Accept": "text/csv"}).content)
            if found.height >= rows:
                return found
    if in_part:
        return found
    raise _cut_short(job, which)


def _cut_short(job: Job, which: str) -> UnavailableError:
    return UnavailableError(
        f"GET {job.path}/{which}: the file does not hold all that the job did",
        hint="something between here and the org cut it short: settle the commit with `cs-toolkit resume`",
        code="RESULTS_CUT_SHORT",
    )


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
