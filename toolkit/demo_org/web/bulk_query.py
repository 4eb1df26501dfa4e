"""Bulk API 2.0 query jobs over REST: a query runs in the background into a file, which is then fetched page by page."""

import base64
import binascii
import csv
import time
from collections.abc import Callable
from functools import partial

from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.soql import check_bulk, csv_header, csv_renderer
from toolkit.demo_org.state import OrgState
from toolkit.demo_org.web import bulk_common
from toolkit.demo_org.web.bulk_common import CSV_TYPE, find_job, full_info, quoted, short_info
from toolkit.demo_org.web.jobs import COMPLETE, DELIMITERS, LINE_ENDINGS, RUNNING, TERMINAL, UPLOADED, Job, pieces_of
from toolkit.demo_org.web.routing import Route
from toolkit.demo_org.web.wire import Answer, Call, not_found

DEFAULT_PAGE = 50_000
"""Rows on a page when the client names no ``maxRecords``; Salesforce chooses by its own measure."""
PAGES_LISTED = 5
FIRST_WITH_RESULT_PAGES = 58
WATCH_ROWS = 2_000


def create(org: OrgState, call: Call) -> Answer:
    """POST /jobs/query: a new job, which starts at once."""
    details = call.json_object()
    delimiter, line_ending = bulk_common.settings(details)
    operation = str(details.get("operation", ""))
    if operation not in ("query", "queryAll"):
        raise Refusal(400, "INVALIDJOB", f"InvalidJob : Unable to find operation: {operation}")
    soql = str(details.get("query", ""))
    prepared = org.prepare(soql, org.access(call.user_id), all_rows=operation == "queryAll")
    check_bulk(prepared)
    job = org.jobs.create("query", operation, prepared.sobject.name, call.user_id, call.version, org.clock.now())
    job.delimiter, job.line_ending, job.soql, job.state = delimiter, line_ending, soql, UPLOADED
    answer = Answer(200, short_info(job) | {"lineEnding": line_ending, "columnDelimiter": delimiter})
    org.jobs.hand_over(job, partial(_run, org))
    return answer


def change(org: OrgState, call: Call, job_id: str) -> Answer:
    """PATCH /jobs/query/ID: abort a job."""
    job = find_job(org, "query", job_id)
    wanted = call.json_object().get("state")
    if wanted != "Aborted":
        raise Refusal(400, "INVALIDJOBSTATE", f"Unable to change the job's state to {wanted}")
    return bulk_common.abort(org, job)


def info(org: OrgState, _call: Call, job_id: str) -> Answer:
    """GET /jobs/query/ID: how the job stands."""
    return Answer(200, full_info(find_job(org, "query", job_id)))


def listing(org: OrgState, call: Call) -> Answer:
    """GET /jobs/query?isPkChunkingEnabled=&jobType=&concurrencyMode=&queryLocator=: every query job."""
    return bulk_common.list_jobs(org, call, "query")


def delete(org: OrgState, _call: Call, job_id: str) -> Answer:
    """DELETE /jobs/query/ID: forget a job that has ended, with its results."""
    return bulk_common.delete(org, "query", job_id, TERMINAL)


def results(org: OrgState, call: Call, job_id: str) -> Answer:
    """GET /jobs/query/ID/results?locator=&maxRecords=: one page. Pages can be read again and in any order."""
    job = _complete(org, call, job_id)
    start = _offset(call.query.get("locator"), job)
    size = _page_size(call.query.get("maxRecords"))
    stop = min(start + size, job.processed)
    following = "null" if stop >= job.processed else _locator(stop)
    headers = {"Sforce-Locator": following, "Sforce-NumberOfRecords": str(stop - start)}
    head = _header(job)
    first, last = _place(job, start), _place(job, stop)
    return Answer(200, headers=headers, pieces=pieces_of(job.file("result"), first, last, head), content_type=CSV_TYPE)


def result_pages(org: OrgState, call: Call, job_id: str) -> Answer:
    """GET /jobs/query/ID/resultPages: the addresses of up to five pages, to be fetched at the same time."""
    if call.version < FIRST_WITH_RESULT_PAGES:
        raise not_found()
    job = _complete(org, call, job_id)
    start = _offset(call.query.get("locator"), job)
    root = f"{call.base}/jobs/query/{job.id}"
    starts = list(range(start, max(job.processed, start + 1), DEFAULT_PAGE))
    body: dict[str, object] = {
        "resultPages": [{"resultUrl": f"{root}/results?locator={_locator(each)}"} for each in starts[:PAGES_LISTED]]
    }
    more = starts[PAGES_LISTED:]
    if more:
        body["nextRecordsUrl"] = f"{root}/resultpages?locator={_locator(more[0])}"
    return Answer(200, body | {"done": not more})


def _complete(org: OrgState, call: Call, job_id: str) -> Job:
    job = find_job(org, "query", job_id)
    if job.version != call.version:
        text = f"The job was created with API version {job.version:.1f}, not {call.version:.1f}"
        raise Refusal(409, "API_ERROR", text)
    if job.state != COMPLETE:
        raise Refusal(400, "INVALIDJOBSTATE", f"Job state is {job.state}, results are not available")
    return job


def _page_size(given: str | None) -> int:
    if given is None:
        return DEFAULT_PAGE
    if not given.isdigit() or int(given) < 1:
        raise Refusal(400, "API_ERROR", f"Invalid maxRecords: {given}")
    return int(given)


def _locator(offset: int) -> str:
    return base64.b64encode(str(offset).encode()).decode().rstrip("=")


def _offset(locator: str | None, job: Job) -> int:
    if not locator:
        return 0
    try:
        offset = int(base64.b64decode(locator + "=" * (-len(locator) % 4), validate=True))
    except (ValueError, binascii.Error):
        offset = -1
    if not 0 <= offset <= job.processed:
        raise Refusal(400, "INVALID_QUERY_LOCATOR", f"Invalid locator: {locator}")
    return offset


def _place(job: Job, row: int) -> int:
    return job.header_end if row == 0 else job.row_ends[row - 1]


def _header(job: Job) -> bytes:
    with job.file("result").open("rb") as file:
        return file.read(job.header_end)


def _run(org: OrgState, job: Job) -> None:
    began = time.monotonic()
    try:
        if bulk_common.begin(org, job):
            _write(org, job)
    except Refusal as refusal:
        bulk_common.fail(org, job, f"{refusal.code}: {refusal.message}")
    job.total_ms = int((time.monotonic() - began) * 1000)
    if job.state == RUNNING:
        job.changed_at = org.clock.now()
        job.state = COMPLETE


def _write(org: OrgState, job: Job) -> None:
    ending = LINE_ENDINGS[job.line_ending]
    everything = job.operation == "queryAll"
    with (
        org.query(job.soql, org.access(job.user_id), all_rows=everything) as (prepared, rows),
        job.file("result").open("wb") as file,
    ):
        line_of = _delimited(csv_renderer(prepared), DELIMITERS[job.delimiter])
        header = (_delimited(lambda _: csv_header(prepared), DELIMITERS[job.delimiter])(()) + ending).encode()
        file.write(header)
        end = job.header_end = len(header)
        for row in rows:
            line = (line_of(row) + ending).encode()
            file.write(line)
            end += len(line)
            job.row_ends.append(end)
            job.processed += 1
            if job.processed % WATCH_ROWS == 0 and (job.state != RUNNING or org.jobs.closing.is_set()):
                return


def _delimited(comma_line: Callable[[tuple[object, ...]], str], delimiter: str) -> Callable[[tuple[object, ...]], str]:
    if delimiter == ",":
        return comma_line
    return lambda row: delimiter.join(map(quoted, next(csv.reader([comma_line(row)]))))


ROUTES = [
    Route("jobs/query", {"GET": listing, "POST": create}, since=47),
    Route("jobs/query/{job_id}", {"GET": info, "PATCH": change, "DELETE": delete}),
    Route("jobs/query/{job_id}/results", {"GET": results}, since=47),
    Route("jobs/query/{job_id}/resultPages", {"GET": result_pages}),
]
