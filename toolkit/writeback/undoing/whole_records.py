"""A record here as one text, so that a journal can keep what is deleted, and give it back: JSON with every column."""

import json
from contextlib import suppress
from typing import Any

import polars as pl

from toolkit.frames import RECORD_KEY
from toolkit.importing.judging import THERE_ID
from toolkit.values import to_text


def as_texts(records: pl.DataFrame) -> pl.DataFrame:
    """Return each record as a text: here_id, record."""
    whole = pl.struct(pl.all()).struct.json_encode()
    return records.select(here_id=pl.col(RECORD_KEY).cast(pl.String), record=whole)


def from_texts(texts: pl.Series, records: pl.DataFrame) -> pl.DataFrame:
    """Return the records of texts with the columns of `records`; columns that are no more are left out.

    They have the types of `records` where the values fit. Where they do not, as one "n/a" in a file makes text of a
    column of numbers, they are text rather than lost.
    """
    if texts.is_empty():
        return records.clear()
    told = [json.loads(each) for each in texts]
    return pl.DataFrame([_fitted(name, [each.get(name) for each in told], dtype)
                         for name, dtype in records.schema.items()])  # fmt: skip


def together(records: pl.DataFrame, back: pl.DataFrame) -> pl.DataFrame:
    """Return records with those that come back; a column that has two types becomes wider numbers, or text."""
    wider = [name for name, dtype in back.schema.items() if records.schema[name] != dtype]
    numbers = [name for name in wider if records.schema[name].is_numeric() and back.schema[name].is_numeric()]
    parts = [
        each.with_columns(pl.col(name).cast(pl.Float64) if name in numbers else _text(each, name) for name in wider)
        for each in (records, back)
    ]
    return pl.concat(parts)


def _fitted(name: str, values: list[Any], dtype: pl.DataType) -> pl.Series:
    cells = pl.Series(name, [json.dumps({name: each}) for each in values])
    with suppress(pl.exceptions.ComputeError):
        typed = cells.str.json_decode(pl.Struct({name: dtype}))
        if [json.loads(each)[name] for each in typed.struct.json_encode()] == values:
            return typed.struct.field(name)  # which holds what was kept, and nothing less
    if dtype.is_numeric() and all(isinstance(each, int | float | None) for each in values):
        return pl.Series(name, values, pl.Float64)
    texts = [each if each is None or isinstance(each, str) else json.dumps(each) for each in values]
    text = pl.DataFrame({name: pl.Series(texts, dtype=pl.String)})
    number = text.select(pl.col(name).cast(dtype, strict=False)) if dtype.is_numeric() else text
    return (number if number.select(_text(number, name)).equals(text) else text)[name]


def _text(records: pl.DataFrame, name: str) -> pl.Expr:
    return to_text(pl.col(name), records.schema[name], "string").alias(name)


def changed_since(kept: pl.DataFrame, records: pl.DataFrame) -> pl.Series:
    """Return the ids of the records that hold something else than was kept of them (here_id, record).

    Columns that came since, and the note of which record there is theirs, are no change.
    """
    if kept.is_empty():
        return pl.Series("here_id", [], dtype=pl.String)
    known = set(json.loads(kept["record"][0])) - {RECORD_KEY, THERE_ID}
    columns = [name for name in records.columns if name in known]
    then = from_texts(kept["record"], records)
    wider = [name for name in columns if then.schema[name] != records.schema[name]]
    now = records.with_columns(_text(records, name) for name in wider).select(RECORD_KEY, *columns)
    then = then.with_columns(_text(then, name) for name in wider)
    both = now.join(then.select(RECORD_KEY, pl.col(columns).name.suffix(":then")), on=RECORD_KEY, how="inner")
    differs = [pl.col(name).ne_missing(pl.col(f"{name}:then")) for name in columns]
    return both.filter(pl.any_horizontal(differs or [pl.lit(value=False)]))[RECORD_KEY].alias("here_id")
