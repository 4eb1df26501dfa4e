"""What the worker does with a batch of a Bulk 1.0 job: run its query, or save its records.

What is wrong with the batch as a whole (a column that does not exist, a query that cannot be) fails the batch; what is
wrong with a record is told in the batch's result, beside that record.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime

import msgspec

from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.soql import Query, check_bulk, csv_header, csv_renderer, json_renderer
from toolkit.demo_org.state import OrgState
from toolkit.demo_org.web.bulk_columns import is_column, with_parents
from toolkit.demo_org.web.classic_forms import NAMESPACE, BadBatchError, read_rows, write_results
from toolkit.demo_org.web.jobs import Batch, Job
from toolkit.demo_org.web.writes import Row, save_rows
from toolkit.demo_org.web.xml_form import XML_HEAD, XSI, escaped

MOST_ROWS = 10_000
QUERIES = frozenset({"query", "queryAll"})
NOTHING_FOUND = "Records not found for this query"

logger = logging.getLogger("toolkit.demo_org")


def work(org: OrgState, job: Job, batch: Batch) -> None:
    """Run a batch to its end: Completed, Failed, or NotProcessed when the job was aborted before."""
    began = time.monotonic()
    if job.state == "Aborted":
        batch.state = "NotProcessed"
        return
    batch.state = "InProgress"
    try:
        _meet_faults(org, job, batch)
        _query(org, job, batch) if job.operation in QUERIES else _save(org, job, batch)
        batch.state = "Completed"
    except BadBatchError as bad:
        batch.state, batch.message = "Failed", str(bad)
    except Refusal as refusal:
        batch.state, batch.message = "Failed", f"InvalidBatch : {refusal.message}"
    except Exception:  # a fault of the demo org itself: the batch fails, the log has the reason
        logger.exception("batch %s", batch.id)
        batch.state, batch.message = "Failed", "InternalServerError : An unexpected error occurred."
    batch.total_ms = int((time.monotonic() - began) * 1000)
    batch.changed_at = job.changed_at = org.clock.now()


def _meet_faults(org: OrgState, job: Job, batch: Batch) -> None:
    path = f"/services/async/{job.version:.1f}/job/{job.id}/batch/{batch.id}"
    slow = org.faults.take("slow_job", path)
    if slow is not None:
        until = time.monotonic() + slow.number("seconds")
        while job.state != "Aborted" and time.monotonic() < until and not org.jobs.closing.wait(0.05):
            pass
    planned = org.faults.take("job_failed", path)
    if planned is not None:
        raise BadBatchError(str(planned.options["message"]))


def _save(org: OrgState, job: Job, batch: Batch) -> None:
    rows: Sequence[Row] = read_rows(job.content_type, (job.folder / f"{batch.id}.request").read_bytes())
    if len(rows) > MOST_ROWS:
        raise BadBatchError(f"InvalidBatch : Exceeded the limit of {MOST_ROWS} records in a batch")
    access = org.access(job.user_id)
    sobject = org.schema.get(job.object)
    names = dict.fromkeys(name for row in rows for name in row)
    for name in names:
        known = sobject is not None and (
            is_column(org, sobject, name, access) or sobject.relationship(name) is not None
        )
        if not known:
            raise BadBatchError(f"InvalidBatch : Field name not found : {name}")
    rows = with_parents(rows, names)
    path = f"/services/async/{job.version:.1f}/job/{job.id}/batch/{batch.id}"
    text = job.content_type != "JSON"
    outcomes = save_rows(org, path, job.operation, job.object, rows, access, job.external_id, text=text)
    (job.folder / f"{batch.id}.result").write_bytes(write_results(job.content_type, outcomes))
    batch.processed = len(outcomes)
    batch.failed = sum(isinstance(each, list) for each in outcomes)


def _query(org: OrgState, job: Job, batch: Batch) -> None:
    soql = (job.folder / f"{batch.id}.request").read_text("utf-8", "replace").strip()
    everything = job.operation == "queryAll"
    access = org.access(job.user_id)
    try:
        check_bulk(org.prepare(soql, access, all_rows=everything))
    except Refusal as refusal:
        text = f"InvalidBatch : Failed to process query: {refusal.code}: {refusal.message}"
        raise BadBatchError(text) from refusal
    with (
        org.query(soql, access, all_rows=everything) as (prepared, rows),
        (job.folder / f"{batch.result_id}.result").open("wb") as file,
    ):
        if prepared.sobject.name != job.object:
            raise BadBatchError(f"InvalidBatch : The query is of {prepared.sobject.name}, the job of {job.object}")
        for piece in _PRINTED[job.content_type](prepared, _counted(rows, batch), job.version):
            file.write(piece)


def _counted(rows: Iterable[tuple[object, ...]], batch: Batch) -> Iterator[tuple[object, ...]]:
    for row in rows:
        batch.processed += 1
        yield row


def _as_csv(query: Query, rows: Iterator[tuple[object, ...]], _version: float) -> Iterator[bytes]:
    line_of = csv_renderer(query)
    first = next(rows, None)
    if first is None:
        yield NOTHING_FOUND.encode()
        return
    yield f"{csv_header(query)}\n{line_of(first)}\n".encode()
    for row in rows:
        yield f"{line_of(row)}\n".encode()


def _as_json(query: Query, rows: Iterator[tuple[object, ...]], version: float) -> Iterator[bytes]:
    record_of = json_renderer(query, version)
    moments = [column.header.split(".") for column in query.columns if column.field.type == "datetime"]
    between = b"["
    for row in rows:
        record = record_of(row)
        for path in moments:
            _to_epoch(record, path)
        yield between + msgspec.json.encode(record)
        between = b","
    yield b"[]" if between == b"[" else b"]"


def _to_epoch(record: dict[str, object], path: list[str]) -> None:
    *parents, name = path
    at: object = record
    for parent in parents:
        at = at.get(parent) if isinstance(at, dict) else None
    if isinstance(at, dict) and isinstance(at.get(name), str):
        moment = datetime.strptime(str(at[name]), "%Y-%m-%dT%H:%M:%S.%f%z")
        at[name] = int(moment.timestamp() * 1_000)


def _as_xml(query: Query, rows: Iterator[tuple[object, ...]], version: float) -> Iterator[bytes]:
    record_of = json_renderer(query, version)
    yield f'{XML_HEAD}<queryResult xmlns="{NAMESPACE}" xmlns:xsi="{XSI}">'.encode()
    for row in rows:
        yield _xml_record("records", record_of(row)).encode()
    yield b"</queryResult>"


def _xml_record(name: str, record: dict[str, object]) -> str:
    attributes = record.get("attributes")
    kind = attributes.get("type") if isinstance(attributes, dict) else None
    inner = [f"<type>{kind}</type>", f"<Id>{record['Id']}</Id>" if "Id" in record else '<Id xsi:nil="true"/>']
    for key, value in record.items():
        if isinstance(value, dict) and key != "attributes":
            inner.append(_xml_record(key, value))
        elif key != "attributes":
            text = escaped(str(value).lower() if isinstance(value, bool) else _moment(value))
            inner.append(f'<{key} xsi:nil="true"/>' if value is None else f"<{key}>{text}</{key}>")
    return f'<{name} xsi:type="sObject">{"".join(inner)}</{name}>'


def _moment(value: object) -> str:
    text = str(value)
    return f"{text[:-5]}Z" if text.endswith(".000+0000") and len(text) == len("2026-05-01T07:25:37.000+0000") else text


_PRINTED: dict[str, Callable[[Query, Iterator[tuple[object, ...]], float], Iterator[bytes]]] = {
    "CSV": _as_csv,
    "JSON": _as_json,
    "XML": _as_xml,
}
