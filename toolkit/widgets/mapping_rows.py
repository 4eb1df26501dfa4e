"""What the mapping table shows of each field beside `Workspace.mapping`: types on both sides, how much of it is filled
in, a sample where no pair has one, and the settings that few fields have.

Pure but for reading the workspace's frames; it changes nothing.
"""

from typing import Any

import polars as pl

from toolkit.config import FieldMapping
from toolkit.values import to_text
from toolkit.workspace import Workspace

DETAILS = ("by", "nulls", "default")
"""Settings that most fields leave as they are: shown where one has them, or on demand."""
KINDS: dict[type[pl.DataType], str] = {
    pl.String: "text", pl.Boolean: "yes or no", pl.Date: "date", pl.Datetime: "time", pl.Time: "time of day",
    pl.List: "list",
}  # fmt: skip


def mapping_rows(workspace: Workspace, object_name: str) -> pl.DataFrame:
    """Return `Workspace.mapping` with kinds (text -> picklist), filled (0 to 1, null before it was read) and `DETAILS`.

    ``filled`` is of the side that the values come from; of a two-way field that is Salesforce.
    """
    rows = workspace.mapping(object_name)
    fields = [_field(workspace, object_name, path) for path in rows["there"]]
    here, there = (workspace.store.records(side, object_name) for side in ("here", "there"))
    columns: dict[str, list[Any]] = {
        "kinds": [_kinds(field, type_, here) for field, type_ in zip(fields, rows["type"], strict=True)],
        "filled": [_filled(field, here, there) for field in fields],
        "by": [field.by for field in fields],
        "nulls": [field.nulls for field in fields],
        "default": [_text(field.default) for field in fields],
        "sample_here": [_first(here, field.here) for field in fields],
        "sample_there": [_first(there, field.reads) for field in fields],
    }
    found = pl.DataFrame(columns, schema={name: pl.Float64 if name == "filled" else pl.String for name in columns})
    samples = (pl.coalesce(rows[name], found[name]).alias(name) for name in ("sample_here", "sample_there"))
    return rows.with_columns(found.drop("sample_here", "sample_there")).with_columns(samples)


def details_set(rows: pl.DataFrame) -> bool:
    """Return whether any field has one of the settings that most leave as they are."""
    said = pl.col("by").is_not_null() | pl.col("default").is_not_null() | (pl.col("nulls") != "clear")
    return not rows.filter(said).is_empty()


def _field(workspace: Workspace, object_name: str, path: str) -> FieldMapping:
    return next(field for field in workspace.mapped(object_name).fields if field.there == path)


def _kinds(field: FieldMapping, type_there: str | None, here: pl.DataFrame | None) -> str:
    there = type_there or "unknown"
    if here is None or field.here not in here.columns:
        return there
    dtype = here.schema[field.here]
    kind = "number" if dtype.is_numeric() else KINDS.get(dtype.base_type(), "text")
    return f"{kind} · {there}"


def _filled(field: FieldMapping, here: pl.DataFrame | None, there: pl.DataFrame | None) -> float | None:
    records, column = (there, field.reads) if field.writes_here else (here, field.here)
    if records is None or column not in records.columns or records.is_empty():
        return None
    return 1 - records[column].null_count() / records.height


def _first(records: pl.DataFrame | None, column: str) -> str | None:
    if records is None or column not in records.columns:
        return None
    dtype = records.schema[column]
    kind = "boolean" if dtype == pl.Boolean else "string"
    known = records.lazy().select(pl.col(column).drop_nulls().head(1)).select(to_text(pl.col(column), dtype, kind))
    value: str | None = next(iter(known.collect()[column]), None)
    return value


def _text(value: object) -> str | None:
    return str(value).lower() if isinstance(value, bool) else None if value is None else str(value)
