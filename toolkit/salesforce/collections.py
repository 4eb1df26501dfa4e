"""Writes records over REST, 200 a call, with JSON values of each field's own type.

A row that failed because somebody else was saving the same record (UNABLE_TO_LOCK_ROW) is sent again a few times; every
other failure is the row's answer.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import polars as pl

from toolkit import values
from toolkit.errors import InputError
from toolkit.frames import WRITE_RESULTS
from toolkit.salesforce.query import Progress
from toolkit.salesforce.refusals import together
from toolkit.salesforce.soql import name as api_name
from toolkit.salesforce.wire import Wire

Operation = Literal["insert", "update", "upsert", "delete"]
OnResults = Callable[[pl.DataFrame], None]

ROWS_PER_CALL = 200
LOCK_TRIES = 4
LOCKED = "UNABLE_TO_LOCK_ROW"
_LEFT_OUT = object()


@dataclass(frozen=True)
class Write:
    """What is to be written: rows of canonical text, the field types, and the key that says which record a row is.

    ``key`` is the column that identifies a row: Id, the external id field of an upsert, None for an insert. Null in a
    row sets the field to null, an empty text leaves it as it is.
    """

    sobject: str
    operation: Operation
    rows: pl.DataFrame
    types: dict[str, str]
    key: str | None

    def part(self, rows: pl.DataFrame) -> "Write":
        """Return the same for some of the rows."""
        return replace(self, rows=rows)


def checked_write(
    sobject: str,
    operation: Operation,
    rows: pl.DataFrame,
    types: dict[str, str],
    external_id: str | None,
    sparse: bool,
) -> Write:
    """Return the write in order, with empty text as null unless it is sparse.

    Raises InputError, which says what is wrong with it.
    """
    if operation not in get_args(Operation):
        raise InputError(f"There is no operation {operation!r}", hint=f"use one of {', '.join(get_args(Operation))}")
    key = {"update": "Id", "delete": "Id", "upsert": external_id, "insert": None}[operation]
    if operation == "upsert" and not external_id:
        raise InputError("An upsert needs external_id", hint="name the external ID field that identifies a record")
    api_name(sobject)
    for column, dtype in rows.schema.items():
        api_name(column)
        if dtype not in (pl.String, pl.Null):
            raise InputError(
                f"The column {column} is {dtype}, not canonical text", hint="bring it there with toolkit.values.to_text"
            )
    if key:
        _check_key(rows, key)
    texts = rows.with_columns(pl.all().cast(pl.String))
    if not sparse and rows.width:
        texts = texts.with_columns(pl.when(pl.all() != "").then(pl.all()).name.keep())
    return Write(sobject, operation, texts, types, key)


def write_collections(
    wire: Wire, write: Write, progress: Progress | None = None, on_results: OnResults | None = None
) -> pl.DataFrame:
    """Return what became of each row, in the form of `frames.WRITE_RESULTS` and in the order of the rows.

    `on_results` is given the results of each call as soon as they are there: when a later call fails for good, what was
    answered before is known. Raises SalesforceError when a whole call was refused.
    """
    records = _records(write)
    parts: list[pl.DataFrame] = []
    for start in range(0, len(records), ROWS_PER_CALL):
        chunk = records[start : start + ROWS_PER_CALL]
        part = _results(write, chunk, _write_chunk(wire, write, chunk))
        parts.append(part)
        if on_results:
            on_results(part)
        if progress:
            progress(start + len(chunk), len(records))
    return pl.concat(parts) if parts else WRITE_RESULTS.empty()


def _check_key(rows: pl.DataFrame, key: str) -> None:
    if key not in rows.columns:
        raise InputError(f"The rows have no column {key}", hint="it says which record a row is")
    keys = rows.get_column(key).cast(pl.String)
    if keys.null_count() or (keys == "").any():
        raise InputError(f"{key} is empty in some rows", hint="leave out rows that belong to no record")
    identity = keys.str.slice(0, 15) if key == "Id" else keys.str.to_lowercase()
    twice = keys.filter(identity.is_duplicated())
    if twice.len():
        raise InputError(
            f"{key} {twice[0]} occurs in {twice.len()} of the rows", hint="bring all changes of a record into one row"
        )


def _write_chunk(wire: Wire, write: Write, records: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    answers = _send(wire, write, records)
    for attempt in range(1, LOCK_TRIES):
        locked = [row for row, answer in enumerate(answers) if not answer["success"] and _code(answer) == LOCKED]
        if not locked:
            break
        wire.transport.pause(attempt)
        again = _send(wire, write, [records[row] for row in locked])
        for row, answer in zip(locked, again, strict=True):
            answers[row] = answer
    return answers


def _send(wire: Wire, write: Write, records: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    if write.operation == "delete":
        query = {"ids": ",".join(record["Id"] for record in records), "allOrNone": "false"}
        answers = wire.json("DELETE", "composite/sobjects", params=query, repeatable=False)
    else:
        path = "composite/sobjects"
        if write.operation == "upsert":
            path += f"/{api_name(write.sobject)}/{api_name(write.key or '')}"
        method = "POST" if write.operation == "insert" else "PATCH"
        body = {"allOrNone": False, "records": records}
        # The same update twice is the same record; the same insert twice is two records.
        answers = wire.json(method, path, json=body, repeatable=write.operation != "insert")
    return list(answers)


def _records(write: Write) -> list[dict[str, Any]]:
    attributes = {"attributes": {"type": write.sobject}}
    if write.operation == "delete":
        return [{"Id": record_id} for record_id in write.rows.get_column("Id")]
    columns = {name: _json_values(write, name) for name in write.rows.columns}
    return [
        {**attributes, **{name: value for name, value in zip(columns, row, strict=True) if value is not _LEFT_OUT}}
        for row in zip(*columns.values(), strict=True)
    ]


def _json_values(write: Write, name: str) -> list[Any]:
    field_type = write.types.get(name, "string")
    texts = write.rows.get_column(name).to_list()
    try:
        return [_LEFT_OUT if text == "" else values.from_text(text, field_type) for text in texts]
    except ValueError:
        wrong = next(text for text in texts if text != "" and not _reads(text, field_type))
    raise InputError(
        f"{wrong!r} is not a value for {write.sobject}.{name}, which is of type {field_type}",
        hint="give canonical text: true, 12.5, 2026-05-24, 2026-05-24T07:25:37.000Z",
    )


def _reads(text: str | None, field_type: str) -> bool:
    try:
        values.from_text(text, field_type)
    except ValueError:
        return False
    return True


def _results(write: Write, records: Sequence[dict[str, Any]], answers: Sequence[dict[str, Any]]) -> pl.DataFrame:
    given = [record.get("Id") for record in records]
    errors = [together(answer["errors"]) if not answer["success"] else None for answer in answers]
    done = [bool(answer["success"]) for answer in answers]
    inserted = write.operation == "insert"
    return pl.DataFrame(
        {
            # The id as it was given, so that the caller finds the row again; the new one for rows that had none.
            "id": [mine or answer.get("id") for mine, answer in zip(given, answers, strict=True)],
            "success": done,
            "created": [ok and bool(answer.get("created", inserted)) for ok, answer in zip(done, answers, strict=True)],
            "error_code": [error.code if error else None for error in errors],
            "error_message": [error.message if error else None for error in errors],
            "error_fields": [",".join(error.fields) or None if error else None for error in errors],
        },
        schema=dict(WRITE_RESULTS.schema),
    )


def _code(answer: dict[str, Any]) -> str:
    return together(answer["errors"]).code
