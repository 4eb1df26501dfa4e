"""What is to be written, checked, and its REST form: collections of 200 records with JSON values of each field's type.

Sending them is in `toolkit.salesforce.rest_writes`; as CSV they go through `toolkit.salesforce.bulk`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import polars as pl

from toolkit import values
from toolkit.errors import InputError
from toolkit.frames import WRITE_RESULTS
from toolkit.salesforce.composite import Subrequest
from toolkit.salesforce.refusals import together
from toolkit.salesforce.soql import name as api_name

Operation = Literal["insert", "update", "upsert", "delete"]
OnResults = Callable[[pl.DataFrame], None]
"""Is given `frames.WRITE_RESULTS` of some rows, with ``row``, the place of each among those written, from 0."""

ROWS_PER_CALL = 200
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


def request_of(write: Write, records: Sequence[dict[str, Any]]) -> Subrequest:
    """Return the request that writes up to 200 records, each for itself, as a call of its own or inside a composite."""
    if write.operation == "delete":
        ids = ",".join(record["Id"] for record in records)
        params = {"ids": ids, "allOrNone": "false"}
        return Subrequest("DELETE", "composite/sobjects", params, repeatable=False)
    path = "composite/sobjects"
    if write.operation == "upsert":
        path += f"/{api_name(write.sobject)}/{api_name(write.key or '')}"
    method = "POST" if write.operation == "insert" else "PATCH"
    body = {"allOrNone": False, "records": records}
    # The same insert twice is two records. The same update twice is one, but somebody else's in between would be lost.
    return Subrequest(method, path, body=body, repeatable=False)


def json_records(write: Write) -> list[dict[str, Any]]:
    """Return the rows as JSON records, each with values of its fields' own types. Raises InputError for no value."""
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


def results_of(write: Write, records: Sequence[dict[str, Any]], answers: Sequence[dict[str, Any]]) -> pl.DataFrame:
    """Return what Salesforce answered for records, in the form of `frames.WRITE_RESULTS`."""
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
