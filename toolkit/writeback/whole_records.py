"""A record here as one text, so that a journal can keep what is deleted, and give it back: JSON with every column."""

import polars as pl

from toolkit.frames import RECORD_KEY


def as_texts(records: pl.DataFrame) -> pl.DataFrame:
    """Return each record as a text: here_id, record."""
    whole = pl.struct(pl.all()).struct.json_encode()
    return records.select(here_id=pl.col(RECORD_KEY).cast(pl.String), record=whole)


def from_texts(texts: pl.Series, records: pl.DataFrame) -> pl.DataFrame:
    """Return the records of texts with the columns and types of `records`; columns that are no more are left out."""
    if texts.is_empty():
        return records.clear()
    return texts.str.json_decode(pl.Struct(dict(records.schema))).struct.unnest().select(records.columns)
