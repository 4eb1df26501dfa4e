"""A source of the customer's side once it has been read: its records, what was left out of it, and what its columns
hold.

It is what `toolkit.sources.reading` returns and what `toolkit.sources.metrics` measures.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import polars as pl

from toolkit.config.sources import Source
from toolkit.frames import RECORD_KEY, SKIPS, FrameSpec, conform

ACCOUNT_ID = "account_id"
"""The column of the account's id here in the records of every other object."""

SOURCE_COLUMNS = FrameSpec(
    "source_columns",
    {"source": pl.String, "column": pl.String, "type": pl.String},
    ("source", "column"),
    "What each column of each source held when it was last loaded: text, number, date, time or true/false.",
)


@dataclass(frozen=True)
class SourceTable:
    """One source.

    ``records`` has every column of the file, in the file's order, behind ``id``: the account's id for accounts and
    activities, the record's own id for another object, whose account's id is then in `ACCOUNT_ID`. Of events it has
    one row an account and period. ``read`` counts the rows of the file, ``rejected`` those of them left out for a
    fault. ``skips`` has the shape of `frames.SKIPS`: everything that was left out, with the reason.
    """

    name: str
    source: Source
    records: pl.DataFrame
    skips: pl.DataFrame = field(default_factory=SKIPS.empty)
    read: int = 0
    rejected: int = 0

    def by_account(self) -> pl.DataFrame:
        """Return the rows with the account's id as ``id``, also those of records that have an id of their own."""
        if ACCOUNT_ID not in self.records.columns or self.source.records_of in (None, "account"):
            return self.records
        return self.records.select(pl.col(ACCOUNT_ID).alias(RECORD_KEY), pl.exclude(RECORD_KEY))


@dataclass(frozen=True)
class Sources:
    """Every source of a mapping file by name, and the rows of all of them that were left out (`frames.SKIPS`)."""

    tables: Mapping[str, SourceTable]
    skips: pl.DataFrame

    @property
    def accounts(self) -> pl.DataFrame | None:
        """The rows of the accounts source, or None when there is none."""
        return self.records("account")

    def records(self, object_name: str) -> pl.DataFrame | None:
        """Return the rows that are records of an object, key ``id``, or None when no source has them."""
        return next((table.records for table in self._of(object_name)), None)

    @property
    def objects(self) -> tuple[str, ...]:
        """The names of the objects that have a source, in the order of the mapping file."""
        named = (table.source.records_of for table in self.tables.values())
        return tuple(dict.fromkeys(name for name in named if name is not None))

    @property
    def activities(self) -> Mapping[str, SourceTable]:
        """The sources whose rows are what accounts did, by name; their ``id`` is the account's."""
        return {name: table for name, table in self.tables.items() if table.source.records_of is None}

    def columns(self) -> pl.DataFrame:
        """Return what each column of each source holds, as `SOURCE_COLUMNS`: keep it, and compare the next load."""
        rows = [
            {"source": name, "column": column, "type": type_word(dtype)}
            for name, table in self.tables.items()
            for column, dtype in table.records.schema.items()
            if table.records[column].null_count() < table.records.height
        ]
        return conform(pl.DataFrame(rows, schema=dict(SOURCE_COLUMNS.schema)), SOURCE_COLUMNS)

    def _of(self, object_name: str) -> Iterator[SourceTable]:
        return (table for table in self.tables.values() if table.source.records_of == object_name)


def type_word(dtype: pl.DataType) -> str:
    """Return the type of a column as a person calls it."""
    if dtype.is_numeric():
        return "number"
    words = {pl.Date: "date", pl.Datetime: "time", pl.Boolean: "true/false"}
    return words.get(dtype.base_type(), "text")


def drift(before: pl.DataFrame, now: pl.DataFrame) -> tuple[str, ...]:
    """Return in words how the sources changed since `before`, both as `Sources.columns` returns them.

    A column that is gone, one that holds another type, and one that is new, in this order a source; a column without a
    value counts as gone. A source that `before` did not have has not changed.
    """
    known = now.join(before.select("source").unique(), on="source", how="semi")
    both = before.join(known, on=["source", "column"], how="full", coalesce=True, suffix="_now", maintain_order="left")
    both = both.join(now.select("source").unique(), on="source", how="semi")
    changed = both.filter(~pl.col("type").eq_missing(pl.col("type_now"))).with_columns(
        order=pl.when(pl.col("type_now").is_null()).then(0).when(pl.col("type").is_null()).then(2).otherwise(1),
    )
    said = (
        pl.when(pl.col("order") == 0)
        .then(pl.format('{}: the column "{}" is gone', "source", "column"))
        .when(pl.col("order") == 1)
        .then(pl.format('{}: the column "{}" held {} and now holds {}', "source", "column", "type", "type_now"))
        .otherwise(pl.format('{}: the column "{}" is new', "source", "column"))
    )
    return tuple(changed.sort("source", "order", "column").select(said).to_series())
