"""What ingest and query jobs of Bulk API 2.0 have in common: their JSON, checks, list, and CSV cells."""

from datetime import datetime
from functools import partial

from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.state import OrgState
from toolkit.demo_org.web.jobs import ABORTED, DELIMITERS, FAILED, LINE_ENDINGS, OPEN, RUNNING, TERMINAL, Job
from toolkit.demo_org.web.wire import Answer, Call, not_found

JOB_TYPES = {"ingest": "V2Ingest", "query": "V2Query", "classic": "Classic"}
LISTED_TYPES = (*JOB_TYPES.values(), "BigObjectIngest")
PAGE_OF_JOBS = 1_000


def short_info(job: Job) -> dict[str, object]:
    """Return what the answers to creating, closing and aborting a job say about it."""
    info: dict[str, object] = {
        "id": job.id,
        "operation": job.operation,
        "object": job.object,
        "createdById": job.user_id,
        "createdDate": rest_time(job.created_at),
        "systemModstamp": rest_time(job.changed_at),
        "state": job.state,
    }
    if job.external_id is not None:
        info["externalIdFieldName"] = job.external_id
    if job.assignment_rule is not None:
        info["assignmentRuleId"] = job.assignment_rule
    return {
        **info,
        "concurrencyMode": job.concurrency,
        "contentType": job.content_type,
        "apiVersion": job.version,
    }


def full_info(job: Job) -> dict[str, object]:
    """Return what asking for a job says about it."""
    info = short_info(job) | {"jobType": JOB_TYPES[job.kind]}
    if job.kind == "ingest" and not job.uploaded:
        info["contentUrl"] = content_url(job)
    info |= _csv_form(job)
    if job.state != OPEN:
        info["numberRecordsProcessed"] = job.processed
        if job.kind == "ingest":
            info["numberRecordsFailed"] = job.failed
    info |= {"retries": 0, "totalProcessingTime": job.total_ms}
    if job.kind == "ingest":
        info |= {"apiActiveProcessingTime": job.total_ms, "apexProcessingTime": 0}
    else:
        info["isPkChunkingSupported"] = True
    if job.error is not None:
        info["errorMessage"] = job.error
    return info


def content_url(job: Job) -> str:
    """Return where an ingest job's data is to be sent, without a leading slash as Salesforce has it."""
    return f"services/data/v{job.version:.1f}/jobs/ingest/{job.id}/batches"


def rest_time(moment: datetime) -> str:
    """Return a moment as REST prints it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def stamp(moment: datetime) -> str:
    """Return a moment as SOAP and Bulk 1.0 print it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def find_job(org: OrgState, kind: str, job_id: str) -> Job:
    """Return a job. Raises NOT_FOUND."""
    job = org.jobs.find(kind, job_id)
    if job is None:
        raise not_found()
    return job


def list_jobs(org: OrgState, call: Call, kind: str) -> Answer:
    """Answer a page of the list of jobs, newest first, without their progress.

    ``jobType`` (V2Ingest, V2Query, Classic, BigObjectIngest), ``concurrencyMode`` and ``isPkChunkingEnabled`` choose;
    ``queryLocator`` says where the page begins.
    """
    wanted = call.query.get("jobType")
    if wanted is not None and wanted not in LISTED_TYPES:
        raise Refusal(400, "INVALIDJOB", f"InvalidJob : Unknown jobType: {wanted}")
    found = [job for job in reversed(org.jobs.every(kind, "classic")) if _listed(job, kind, wanted, call)]
    start = _place(call.query.get("queryLocator"), found)
    page = found[start : start + PAGE_OF_JOBS]
    more = found[start + PAGE_OF_JOBS :]
    records = []
    for job in page:
        info = short_info(job) | {"jobType": JOB_TYPES[job.kind]}
        records.append(info if job.kind == "classic" else info | _csv_form(job))
    following = f"{call.base}/jobs/{kind}?queryLocator={page[-1].id}" if more else None
    return Answer(200, {"done": not more, "records": records, "nextRecordsUrl": following})


def _listed(job: Job, kind: str, wanted: str | None, call: Call) -> bool:
    asks = job.operation in ("query", "queryAll")
    return (
        asks == (kind == "query")
        and wanted in (None, JOB_TYPES[job.kind])
        and call.query.get("concurrencyMode", job.concurrency).lower() == job.concurrency.lower()
        and not call.flag("isPkChunkingEnabled")  # no job here has it
    )


def _place(locator: str | None, jobs: list[Job]) -> int:
    if locator is None:
        return 0
    for number, job in enumerate(jobs, start=1):
        if locator in (job.id, job.id[:15]):
            return number
    raise Refusal(400, "INVALID_QUERY_LOCATOR", f"Invalid locator: {locator}")


def _csv_form(job: Job) -> dict[str, object]:
    return {"lineEnding": job.line_ending, "columnDelimiter": job.delimiter}


def abort(org: OrgState, job: Job) -> Answer:
    """Stop a job. Raises INVALIDJOBSTATE when it has ended already."""
    if job.state in TERMINAL:
        raise Refusal(400, "INVALIDJOBSTATE", f"Aborting already {_SPOKEN[job.state]} Job not allowed")
    _stop(org, job)
    return Answer(200, short_info(job))


def _stop(org: OrgState, job: Job) -> None:
    job.state = ABORTED
    job.changed_at = org.clock.now()


_SPOKEN = {"JobComplete": "Completed", "Failed": "Failed", "Aborted": "Aborted"}


def settings(details: dict[str, object]) -> tuple[str, str]:
    """Return the column delimiter and line ending a job asks for. Raises INVALIDJOB for anything Salesforce has not."""
    delimiter = str(details.get("columnDelimiter", "COMMA"))
    line_ending = str(details.get("lineEnding", "LF"))
    content_type = str(details.get("contentType", "CSV"))
    for given, allowed in ((delimiter, DELIMITERS), (line_ending, LINE_ENDINGS), (content_type, {"CSV": ","})):
        if given not in allowed:
            raise Refusal(400, "INVALIDJOB", f"InvalidJob : {given} is not one of {', '.join(allowed)}")
    return delimiter, line_ending


def begin(org: OrgState, job: Job) -> bool:
    """Move a job to InProgress, or to its end when a fault says so; return whether it may go on."""
    job.state = RUNNING
    job.changed_at = org.clock.now()
    path = f"/services/data/v{job.version:.1f}/jobs/{job.kind}/{job.id}"
    slow = org.faults.take("slow_job", path)
    if slow is not None:
        org.jobs.pause(slow.number("seconds"), job)
    failing, aborting = org.faults.take("job_failed", path), org.faults.take("job_aborted", path)
    if failing is not None:
        job.ends_after = int(failing.number("rows"))
        job.ends = partial(fail, org, job, failing.text("message"))
    elif aborting is not None:
        job.ends_after = int(aborting.number("rows"))
        job.ends = partial(_stop, org, job)
    end_if_due(job)
    return job.state == RUNNING and not org.jobs.closing.is_set()


def end_if_due(job: Job) -> None:
    """Let a job end when as many of its rows are saved as a planned fault lets it save."""
    if job.ends is not None and job.processed >= job.ends_after and job.state == RUNNING:
        job.ends()


def fail(org: OrgState, job: Job, message: str) -> None:
    """End a job as Failed."""
    job.error = message
    job.state = FAILED
    job.changed_at = org.clock.now()


def quoted(value: str) -> str:
    """Return a CSV cell the way Bulk results have it: always in quotes."""
    return '"' + value.replace('"', '""') + '"'


def reasons(refusals: list[Refusal]) -> str:
    """Return Salesforce's text of why a row was refused: ``CODE:message:FIELD1,FIELD2 --``."""
    return ";".join(f"{each.code}:{each.message}:{_blamed(each)}--" for each in refusals)


def _blamed(refusal: Refusal) -> str:
    return f"{','.join(refusal.fields)} " if refusal.fields else ""


def delete(org: OrgState, kind: str, job_id: str, allowed: frozenset[str]) -> Answer:
    """Delete a job in one of the allowed states. Raises API_ERROR in any other."""
    job = find_job(org, kind, job_id)
    if job.state not in allowed:
        text = "Error encountered when deleting the job because the job is not terminated"
        raise Refusal(400, "API_ERROR", text)
    org.jobs.remove(job)
    return Answer(204)


CSV_TYPE = "text/csv"
"""Bulk results have no charset, which is why careful clients decode the bytes as UTF-8 themselves."""
