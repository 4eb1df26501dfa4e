"""A record here as one text, so that a journal can keep what is deleted, and give it back: JSON with every column."""

import json

import polars as pl

from toolkit.frames import RECORD_KEY
from toolkit.importing.judging import THERE_ID


def as_texts(records: pl.DataFrame) -> pl.DataFrame:
    """Return each record as a text: here_id, record."""
    whole = pl.struct(pl.all()).struct.json_encode()
    return records.select(here_id=pl.col(RECORD_KEY).cast(pl.String), record=whole)


def from_texts(texts: pl.Series, records: pl.DataFrame) -> pl.DataFrame:
    """Return the records of texts with the columns and types of `records`; columns that are no more are left out."""
    if texts.is_empty():
        return records.clear()
    return texts.str.json_decode(pl.Struct(dict(records.schema))).struct.unnest().select(records.columns)


def changed_since(kept: pl.DataFrame, records: pl.DataFrame) -> pl.Series:
    """Return the ids of the records that hold something else than was kept of them (here_id, record).

    Columns that came since, and the note of which record there is theirs, are no change.
    """
    if kept.is_empty():
        return pl.Series("here_id", [], dtype=pl.String)
    known = set(json.loads(kept["record"][0])) - {RECORD_KEY, THERE_ID}
    columns = [name for name in records.columns if name in known]
    then = from_texts(kept["record"], records).select(RECORD_KEY, pl.col(columns).name.suffix(":then"))
    both = records.select(RECORD_KEY, *columns).join(then, on=RECORD_KEY, how="inner")
    differs = [pl.col(name).ne_missing(pl.col(f"{name}:then")) for name in columns]
    return both.filter(pl.any_horizontal(differs or [pl.lit(value=False)]))[RECORD_KEY].alias("here_id")
