"""Bulk API 2.0 ingest jobs over REST: create, upload, close or abort, watch, and fetch what became of each row.

The rows themselves are saved by `toolkit.demo_org.web.bulk_load`, in the background.
"""

from dataclasses import replace
from functools import partial

from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.state import OrgState
from toolkit.demo_org.web import bulk_common
from toolkit.demo_org.web.bulk_common import CSV_TYPE, content_url, find_job, full_info, short_info
from toolkit.demo_org.web.bulk_load import load
from toolkit.demo_org.web.jobs import OPEN, TERMINAL, UPLOADED, Job, pieces_of
from toolkit.demo_org.web.multipart import form_parts
from toolkit.demo_org.web.routing import Route
from toolkit.demo_org.web.wire import Answer, Call
from toolkit.demo_org.web.writes import HARD_DELETE_TEXT

OPERATIONS = ("insert", "update", "upsert", "delete", "hardDelete")
MOST_IN_ONE_REQUEST = 100_000
"""Characters of data that a multipart request may bring along with the job."""
WORKER_SECONDS = 10.0
"""How long the results of an aborted job wait for the batch at hand to end."""


def create(org: OrgState, call: Call) -> Answer:
    """POST /jobs/ingest: a new job, open for one upload; or, as multipart/form-data, a job with its data."""
    content_type = call.headers.get("content-type", "application/json")
    if content_type.lower().startswith("multipart/form-data"):
        return _create_whole(org, call, content_type)
    if not content_type.lower().startswith("application/json"):
        raise Refusal(415, "UNSUPPORTED_MEDIA_TYPE", "Unsupported Media Type")
    job = _new_job(org, call, call.json_object())
    created = short_info(job) | {"contentUrl": content_url(job), "lineEnding": job.line_ending}
    return Answer(200, created | {"columnDelimiter": job.delimiter})


def _create_whole(org: OrgState, call: Call, content_type: str) -> Answer:
    parts = form_parts(call.body, content_type)
    if set(parts) != {"job", "content"}:
        raise Refusal(400, "INVALIDJOB", "InvalidJob : A multipart request has the parts job and content")
    if len(parts["content"]) > MOST_IN_ONE_REQUEST:
        text = f"ClientInputError : The content of a multipart request is limited to {MOST_IN_ONE_REQUEST} characters"
        raise Refusal(400, "CLIENTINPUTERROR", text)
    job = _new_job(org, call, replace(call, body=parts["job"], headers={}).json_object())
    job.file("upload").write_bytes(parts["content"])
    job.uploaded, job.state = True, UPLOADED
    answer = Answer(200, short_info(job) | {"lineEnding": job.line_ending, "columnDelimiter": job.delimiter})
    org.jobs.hand_over(job, partial(load, org))
    return answer


def _new_job(org: OrgState, call: Call, details: dict[str, object]) -> Job:
    delimiter, line_ending = bulk_common.settings(details)
    operation = str(details.get("operation", ""))
    if operation not in OPERATIONS:
        raise Refusal(400, "INVALIDJOB", f"InvalidJob : Unable to find operation: {operation}")
    if operation == "hardDelete" and not org.access(call.user_id).has_right("BulkApiHardDelete"):
        raise Refusal(400, "FEATURENOTENABLED", f"FeatureNotEnabled : {HARD_DELETE_TEXT}")
    sobject = org.schema.get(str(details.get("object", "")))
    if sobject is None:
        text = f"Entity '{details.get('object', '')}' is not supported by the Bulk API."
        raise Refusal(400, "INVALIDENTITY", text)
    external_id = _external_id(org, operation, sobject.name, details)
    job = org.jobs.create("ingest", operation, sobject.name, call.user_id, call.version, org.clock.now())
    job.delimiter, job.line_ending, job.external_id = delimiter, line_ending, external_id
    rule = details.get("assignmentRuleId")
    job.assignment_rule = None if rule is None else str(rule)
    return job


def _external_id(org: OrgState, operation: str, sobject_name: str, details: dict[str, object]) -> str | None:
    given = details.get("externalIdFieldName")
    if operation != "upsert":
        return None
    if not given:
        raise Refusal(400, "INVALIDJOB", "InvalidJob : Upsert operation requires externalIdFieldName")
    sobject = org.schema.get(sobject_name)
    field = None if sobject is None else sobject.field(str(given))
    if field is None or not (field.external_id or field.id_lookup):
        text = f"InvalidJob : Field name provided, {given}, is not an External ID or indexed field for {sobject_name}"
        raise Refusal(400, "INVALIDJOB", text)
    return field.name


def upload(org: OrgState, call: Call, job_id: str) -> Answer:
    """PUT /jobs/ingest/ID/batches: the job's data, all at once."""
    job = find_job(org, "ingest", job_id)
    if not call.headers.get("content-type", "").lower().startswith("text/csv"):
        raise Refusal(415, "UNSUPPORTED_MEDIA_TYPE", "Unsupported Media Type")
    if job.state != OPEN:
        raise Refusal(400, "INVALIDJOBSTATE", f"Job state is {job.state}, it should be Open")
    if job.uploaded:
        text = (
            f"Found multiple contents for job: <{job.id}>, please 'Close' / 'Abort' / 'Delete' the current Job then "
            "create a new Job and make sure you only do 'PUT' once on a given Job."
        )
        raise Refusal(400, "CLIENTINPUTERROR", text)
    if call.upload is not None:
        call.upload.replace(job.file("upload"))
    job.uploaded = True
    return Answer(201, raw=b"")


def change(org: OrgState, call: Call, job_id: str) -> Answer:
    """PATCH /jobs/ingest/ID: close the upload, or abort the job."""
    job = find_job(org, "ingest", job_id)
    wanted = call.json_object().get("state")
    if wanted == "Aborted":
        return bulk_common.abort(org, job)
    if wanted != UPLOADED:
        raise Refusal(400, "INVALIDJOBSTATE", f"Unable to change the job's state to {wanted}")
    if job.state != OPEN:
        raise Refusal(400, "INVALIDJOBSTATE", f"Closing already {job.state} Job not allowed")
    job.state = UPLOADED
    job.changed_at = org.clock.now()
    answer = Answer(200, short_info(job))
    org.jobs.hand_over(job, partial(load, org))
    return answer


def info(org: OrgState, _call: Call, job_id: str) -> Answer:
    """GET /jobs/ingest/ID: how the job stands."""
    return Answer(200, full_info(find_job(org, "ingest", job_id)))


def listing(org: OrgState, call: Call) -> Answer:
    """GET /jobs/ingest?isPkChunkingEnabled=&jobType=&queryLocator=: every job that writes, those of Bulk 1.0 too."""
    return bulk_common.list_jobs(org, call, "ingest")


def delete(org: OrgState, _call: Call, job_id: str) -> Answer:
    """DELETE /jobs/ingest/ID: forget a job that is not being worked on."""
    return bulk_common.delete(org, "ingest", job_id, TERMINAL | {UPLOADED})


def successful(org: OrgState, _call: Call, job_id: str) -> Answer:
    """GET /jobs/ingest/ID/successfulResults: the rows that were saved, with their ids."""
    return _results(_ended(org, job_id), "successful")


def failed(org: OrgState, _call: Call, job_id: str) -> Answer:
    """GET /jobs/ingest/ID/failedResults: the rows that were refused, with the reasons."""
    return _results(_ended(org, job_id), "failed")


def unprocessed(org: OrgState, _call: Call, job_id: str) -> Answer:
    """GET /jobs/ingest/ID/unprocessedrecords: the rows an aborted or failed job did not get to."""
    return _results(_ended(org, job_id), "unprocessed")


def _ended(org: OrgState, job_id: str) -> Job:
    job = find_job(org, "ingest", job_id)
    if not job.done:
        raise Refusal(400, "INVALIDJOBSTATE", f"Job state is {job.state}, results are not available yet")
    job.at_rest.wait(WORKER_SECONDS)
    return job


def _results(job: Job, name: str) -> Answer:
    path = job.file(name)
    if name == "unprocessed" and not path.exists():
        path = job.file("upload")  # the job ended before its first row
    if not path.exists():
        return Answer(200, raw=b"", content_type=CSV_TYPE)
    return Answer(200, pieces=pieces_of(path), content_type=CSV_TYPE)


ROUTES = [
    Route("jobs/ingest", {"GET": listing, "POST": create}, since=41),
    Route("jobs/ingest/{job_id}", {"GET": info, "PATCH": change, "DELETE": delete}),
    Route("jobs/ingest/{job_id}/batches", {"PUT": upload}),
    Route("jobs/ingest/{job_id}/successfulResults", {"GET": successful}),
    Route("jobs/ingest/{job_id}/failedResults", {"GET": failed}),
    Route("jobs/ingest/{job_id}/unprocessedrecords", {"GET": unprocessed}),
]
