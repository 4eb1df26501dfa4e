"""Bulk API 1.0: jobs of many batches, below ``/services/async/{version}``.

    POST job · GET/POST job/ID · GET/POST job/ID/batch · GET job/ID/batch/ID
    GET job/ID/batch/ID/request · /result · /result/ID

The session travels in ``X-SFDC-Session``. Answers about a job have the form of the request (XML or JSON); answers about
its batches have the job's own: JSON for a JSON job, XML for CSV and XML ones. A refusal is 400 with an exceptionCode.
"""

from dataclasses import replace
from functools import partial

from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.state import OrgState
from toolkit.demo_org.web import oauth
from toolkit.demo_org.web.classic_forms import TYPES, batch_fields, job_fields, one, result_list, several
from toolkit.demo_org.web.classic_work import QUERIES, work
from toolkit.demo_org.web.jobs import Batch, Job, pieces_of
from toolkit.demo_org.web.versions import parse_version
from toolkit.demo_org.web.wire import Answer, Call
from toolkit.demo_org.web.writes import HARD_DELETE_TEXT
from toolkit.demo_org.web.xml_form import BadXmlError, local, parse_xml

OPERATIONS = frozenset({"insert", "update", "upsert", "delete", "hardDelete", *QUERIES})
MODES = {"0": "Parallel", "1": "Serial", "parallel": "Parallel", "serial": "Serial"}
MOST_BYTES = 10_000_000
NOT_READY = "Batch not completed"


class ClassicError(Exception):
    """Bulk 1.0's no: an exceptionCode and a message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def answer(org: OrgState, call: Call, version: str, rest: list[str]) -> Answer:
    """Answer a call of the Bulk 1.0 API."""
    as_json = call.headers.get("content-type", "").lower().startswith("application/json")
    session = org.sessions.find(call.headers.get("x-sfdc-session") or oauth.bearer(call) or "")
    if session is None:
        return _refused(ClassicError("InvalidSessionId", "Invalid session id"), as_json=False)
    try:
        org.allowance.spend()
        call = replace(call, session=session, version=_version(version))
        return _routed(org, call, rest, as_json)
    except ClassicError as error:
        return _refused(error, as_json=as_json)
    except Refusal as refusal:
        code = "ExceededQuota" if refusal.code == "REQUEST_LIMIT_EXCEEDED" else "ClientInputError"
        return _refused(ClassicError(code, refusal.message), as_json=as_json)


def _routed(org: OrgState, call: Call, rest: list[str], as_json: bool) -> Answer:
    match [call.method, *rest]:
        case ["POST", "job"]:
            return one("jobInfo", job_fields(_create(org, call, as_json)), as_json=as_json, status=201)
        case ["GET", "job", job_id]:
            return one("jobInfo", job_fields(_job(org, job_id)), as_json=as_json)
        case ["POST", "job", job_id]:
            return one("jobInfo", job_fields(_change(org, call, _job(org, job_id), as_json)), as_json=as_json)
        case ["POST", "job", job_id, "batch"]:
            return _add(org, call, _job(org, job_id))
        case ["GET", "job", job_id, "batch"]:
            job = _job(org, job_id)
            fields = [batch_fields(job, each) for each in job.batches]
            return several("batchInfoList", "batchInfo", fields, as_json=job.content_type == "JSON")
        case ["GET", "job", job_id, "batch", batch_id, *what]:
            job = _job(org, job_id)
            return _about(job, _batch(job, batch_id), what)
        case ["GET" | "POST", *_]:
            raise ClassicError("InvalidUrl", f"Destination URL not reset: {call.path}")
    raise ClassicError("InvalidOperation", f"HTTP Method '{call.method}' not allowed")


def _create(org: OrgState, call: Call, as_json: bool) -> Job:
    given = _given(call, as_json)
    operation = given.get("operation", "")
    if operation not in OPERATIONS:
        raise ClassicError("InvalidJob", f"Unable to find operation: {operation}")
    sobject = org.schema.get(given.get("object", ""))
    if sobject is None:
        raise ClassicError("InvalidJob", f"Unable to find object: {given.get('object', '')}")
    content_type = given.get("contentType", "XML").upper()
    if content_type not in TYPES:
        raise ClassicError("InvalidJob", f"Unsupported content type: {content_type}")
    mode = MODES.get(given.get("concurrencyMode", "Parallel").lower())
    if mode is None:
        raise ClassicError("InvalidJob", f"Unknown concurrency mode: {given['concurrencyMode']}")
    if operation == "hardDelete" and not org.access(call.user_id).has_right("BulkApiHardDelete"):
        raise ClassicError("FeatureNotEnabled", HARD_DELETE_TEXT)
    external_id = None
    if operation == "upsert":
        field = sobject.field(given.get("externalIdFieldName", ""))
        if field is None or not (field.external_id or field.id_lookup):
            name = given.get("externalIdFieldName")
            raise ClassicError("InvalidJob", f"Invalid externalIdFieldName {name} for {sobject.name}")
        external_id = field.name
    job = org.jobs.create("classic", operation, sobject.name, call.user_id, call.version, org.clock.now())
    job.content_type, job.concurrency, job.external_id = content_type, mode, external_id
    job.assignment_rule = given.get("assignmentRuleId")
    return job


def _change(org: OrgState, call: Call, job: Job, as_json: bool) -> Job:
    wanted = _given(call, as_json).get("state", "")
    if wanted not in ("Closed", "Aborted"):
        raise ClassicError("InvalidJobState", f"Unable to change the job's state to {wanted}")
    if job.state == "Aborted" or (job.state == "Closed" and wanted == "Closed"):
        raise ClassicError("InvalidJobState", f"{wanted} is not possible: the job is {job.state}")
    job.state = wanted
    job.changed_at = org.clock.now()
    return job


def _add(org: OrgState, call: Call, job: Job) -> Answer:
    if job.state != "Open":
        raise ClassicError("InvalidJobState", f"Unable to add a batch: the job is {job.state}")
    if len(call.body) > MOST_BYTES:
        raise ClassicError("ClientInputError", f"The batch is larger than {MOST_BYTES} bytes")
    if not call.body.strip():
        raise ClassicError("InvalidBatch", "The batch is empty")
    batch = org.jobs.add_batch(job, org.clock.now())
    (job.folder / f"{batch.id}.request").write_bytes(call.body)
    fields = batch_fields(job, batch)
    org.jobs.run(partial(work, org, job, batch))
    return one("batchInfo", fields, as_json=job.content_type == "JSON", status=201)


def _about(job: Job, batch: Batch, what: list[str]) -> Answer:
    as_json, content_type = job.content_type == "JSON", TYPES[job.content_type]
    match what:
        case []:
            return one("batchInfo", batch_fields(job, batch), as_json=as_json)
        case ["request"]:
            return Answer(200, pieces=pieces_of(job.folder / f"{batch.id}.request"), content_type=content_type)
        case ["result", *_] if batch.state != "Completed":
            raise ClassicError("InvalidBatch", NOT_READY if batch.message is None else batch.message)
        case ["result"] if job.operation in QUERIES:
            return result_list(batch.result_id, as_json=as_json)
        case ["result"]:
            return Answer(200, pieces=pieces_of(job.folder / f"{batch.id}.result"), content_type=content_type)
        case ["result", result_id] if result_id in (batch.result_id, batch.result_id[:15]):
            path = job.folder / f"{batch.result_id}.result"
            return Answer(200, pieces=pieces_of(path), content_type=content_type)
    raise ClassicError("InvalidUrl", "There is no such part of a batch")


def _given(call: Call, as_json: bool) -> dict[str, str]:
    if as_json:
        return {name: str(value) for name, value in call.json_object().items() if value is not None}
    try:
        return {local(each): (each.text or "").strip() for each in parse_xml(call.body)}
    except BadXmlError as bad:
        raise ClassicError("InvalidXML", f"The request is not well-formed: {bad}") from bad


def _job(org: OrgState, job_id: str) -> Job:
    job = org.jobs.find("classic", job_id)
    if job is None:
        raise ClassicError("InvalidJob", f"Invalid job id: {job_id}")
    return job


def _batch(job: Job, batch_id: str) -> Batch:
    batch = next((each for each in job.batches if batch_id in (each.id, each.id[:15])), None)
    if batch is None:
        raise ClassicError("InvalidBatch", f"Records for batch {batch_id} do not exist")
    return batch


def _version(text: str) -> float:
    try:
        return parse_version(f"v{text}")
    except Refusal as refusal:
        raise ClassicError("InvalidVersion", f"Api version {text} is not supported") from refusal


def _refused(error: ClassicError, *, as_json: bool) -> Answer:
    fields = {"exceptionCode": error.code, "exceptionMessage": error.message}
    return one("error", fields, as_json=as_json, status=400)
