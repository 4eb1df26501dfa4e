"""What Bulk API 1.0 reads and prints: jobs, batches, errors, rows and results, in XML, JSON or CSV.

The XML of jobs and batches is printed with one blank a level, as live orgs were recorded with; JSON has its keys in
alphabetical order. Content types come without a charset, because clients compare them as they are.
"""

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import datetime
from xml.etree import ElementTree as ET

import msgspec

from toolkit.demo_org.records import Outcome, Saved
from toolkit.demo_org.web.bulk_common import quoted, reasons, rest_time, stamp
from toolkit.demo_org.web.jobs import Batch, Job
from toolkit.demo_org.web.wire import Answer
from toolkit.demo_org.web.writes import Row
from toolkit.demo_org.web.xml_form import XML_HEAD, BadXmlError, escaped, is_nil, local, parse_xml

NAMESPACE = "http://www.force.com/2009/06/asyncapi/dataload"
TYPES = {"XML": "application/xml", "JSON": "application/json", "CSV": "text/csv"}
NULL = "#N/A"


class BadBatchError(Exception):
    """The data of a batch cannot be read; the message is the batch's stateMessage."""


def job_fields(job: Job) -> dict[str, object]:
    """Return what is said about a job, in the order of its XML."""
    counted = {state: sum(each.state == state for each in job.batches) for state in ("Queued", "InProgress", "Failed")}
    fields: dict[str, object] = {
        "id": job.id,
        "operation": job.operation,
        "object": job.object,
        "createdById": job.user_id,
        "createdDate": job.created_at,
        "systemModstamp": job.changed_at,
        "state": job.state,
    }
    if job.external_id is not None:
        fields["externalIdFieldName"] = job.external_id
    if job.assignment_rule is not None:
        fields["assignmentRuleId"] = job.assignment_rule
    total_ms = sum(each.total_ms for each in job.batches)
    return fields | {
        "concurrencyMode": job.concurrency,
        "contentType": job.content_type,
        "numberBatchesQueued": counted["Queued"],
        "numberBatchesInProgress": counted["InProgress"],
        "numberBatchesCompleted": sum(each.state == "Completed" for each in job.batches),
        "numberBatchesFailed": counted["Failed"],
        "numberBatchesTotal": len(job.batches),
        "numberRecordsProcessed": sum(each.processed for each in job.batches),
        "numberRetries": 0,
        "apiVersion": job.version,
        "numberRecordsFailed": sum(each.failed for each in job.batches),
        "totalProcessingTime": total_ms,
        "apiActiveProcessingTime": total_ms,
        "apexProcessingTime": 0,
    }


def batch_fields(job: Job, batch: Batch) -> dict[str, object]:
    """Return what is said about a batch, in the order of its XML."""
    fields: dict[str, object] = {"id": batch.id, "jobId": job.id, "state": batch.state}
    if batch.message is not None:
        fields["stateMessage"] = batch.message
    return fields | {
        "createdDate": batch.created_at,
        "systemModstamp": batch.changed_at,
        "numberRecordsProcessed": batch.processed,
        "numberRecordsFailed": batch.failed,
        "totalProcessingTime": batch.total_ms,
        "apiActiveProcessingTime": batch.total_ms,
        "apexProcessingTime": 0,
    }


def one(root: str, fields: Mapping[str, object], *, as_json: bool, status: int = 200) -> Answer:
    """Return an answer about one thing."""
    if as_json:
        return Answer(status, _json(fields), content_type=TYPES["JSON"])
    return _xml(status, root, "".join(_line(name, value, 1) for name, value in fields.items()))


def several(root: str, name: str, entries: list[dict[str, object]], *, as_json: bool) -> Answer:
    """Return an answer that lists things."""
    if as_json:
        return Answer(200, {name: [_json(each) for each in entries]}, content_type=TYPES["JSON"])
    inner = "".join(
        f" <{name}>\n{''.join(_line(key, value, 2) for key, value in each.items())} </{name}>\n" for each in entries
    )
    return _xml(200, root, inner)


def result_list(result_id: str, *, as_json: bool) -> Answer:
    """Return the answer that names the results of a query batch."""
    if as_json:
        return Answer(200, [result_id], content_type=TYPES["JSON"])
    document = f'{XML_HEAD}<result-list xmlns="{NAMESPACE}"><result>{result_id}</result></result-list>'
    return Answer(200, raw=document.encode(), content_type=TYPES["XML"])


def read_rows(content_type: str, data: bytes) -> list[Row]:
    """Return the records of a batch. Cells of CSV and XML are texts. Raises BadBatchError."""
    try:
        if content_type == "CSV":
            return _csv_rows(data.decode("utf-8-sig"))
        if content_type == "JSON":
            given = msgspec.json.decode(data)
            if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
                raise BadBatchError("InvalidBatch : Failed to parse JSON: an array of records is expected")
            return [{name: value for name, value in each.items() if name != "attributes"} for each in given]
        return [_xml_row(each) for each in parse_xml(data)]
    except (UnicodeDecodeError, csv.Error, msgspec.DecodeError, BadXmlError) as problem:
        raise BadBatchError(f"InvalidBatch : Failed to parse {content_type}: {problem}") from problem


def write_results(content_type: str, outcomes: Iterable[Outcome]) -> bytes:
    """Return what became of each record of a batch, in order."""
    if content_type == "JSON":
        return msgspec.json.encode([_json_result(each) for each in outcomes])
    if content_type == "XML":
        inner = "".join(map(_xml_result, outcomes))
        return f'{XML_HEAD}<results xmlns="{NAMESPACE}">{inner}</results>'.encode()
    lines = ['"Id","Success","Created","Error"', *(",".join(map(quoted, _csv_result(each))) for each in outcomes)]
    return "".join(f"{line}\n" for line in lines).encode()


def _json(fields: Mapping[str, object]) -> dict[str, object]:
    return {name: rest_time(value) if isinstance(value, datetime) else value for name, value in sorted(fields.items())}


def _xml(status: int, root: str, inner: str) -> Answer:
    opened = f'{XML_HEAD}<{root}\n   xmlns="{NAMESPACE}"'
    document = f"{opened}>\n{inner}</{root}>" if inner else f"{opened} />"
    return Answer(status, raw=document.encode(), content_type=TYPES["XML"])


def _line(name: str, value: object, level: int) -> str:
    text = stamp(value) if isinstance(value, datetime) else str(value)
    return f"{' ' * level}<{name}>{escaped(text)}</{name}>\n"


def _csv_rows(text: str) -> list[Row]:
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    names = [name.strip() for name in next(lines, [])]
    if not names:
        raise BadBatchError("InvalidBatch : The batch has no header row")
    rows: list[Row] = []
    for cells in lines:
        if not cells:
            continue
        if len(cells) != len(names):
            raise BadBatchError(f"InvalidBatch : A row does not have the {len(names)} columns of the header")
        rows.append({name: None if cell == NULL else cell for name, cell in zip(names, cells, strict=True) if cell})
    return rows


def _xml_row(element: ET.Element) -> Row:
    row: dict[str, object] = {}
    for each in element:
        if len(each) and local(each[0]) == "sObject":
            row[local(each)] = _xml_row(each[0])
        elif is_nil(each) or each.text:
            row[local(each)] = None if is_nil(each) else each.text
    return row


def _csv_result(outcome: Outcome) -> list[str]:
    if isinstance(outcome, Saved):
        return [outcome.id, "true", "true" if outcome.created else "false", ""]
    return ["", "false", "false", reasons(outcome)]


def _json_result(outcome: Outcome) -> dict[str, object]:
    if isinstance(outcome, Saved):
        return {"success": True, "created": outcome.created, "id": outcome.id, "errors": []}
    errors = [
        {
            "message": each.message,
            "fields": list(each.fields or ()),
            "statusCode": each.code,
            "extendedErrorDetails": None,
        }
        for each in outcome
    ]
    return {"success": False, "created": False, "id": None, "errors": errors}


def _xml_result(outcome: Outcome) -> str:
    if isinstance(outcome, Saved):
        created = "true" if outcome.created else "false"
        return f"<result><id>{outcome.id}</id><success>true</success><created>{created}</created></result>"
    errors = "".join(
        f"<errors>{''.join(f'<fields>{escaped(name)}</fields>' for name in each.fields or ())}"
        f"<message>{escaped(each.message)}</message><statusCode>{each.code}</statusCode></errors>"
        for each in outcome
    )
    return f"<result>{errors}<success>false</success><created>false</created></result>"
