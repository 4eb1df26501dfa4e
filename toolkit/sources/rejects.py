"""Cells and rows of a source that cannot be used: as one error that lists them, or each as a row that is left out.

It knows places and words, nothing of files; what is wrong with a cell is said by whoever found it.
"""

import polars as pl

from toolkit.config.sources import Source
from toolkit.errors import Fault, SourceError
from toolkit.frames import SKIPS, FrameSpec, conform

LINE = "_line"
"""The column that holds the number of the line or row a record starts on, from 1."""

SHOWN = 10
"""How many faults an error lists before it says how many more there are."""

_LONGEST = 40


CELLS = FrameSpec(
    "cells",
    {LINE: pl.UInt32, "column": pl.String, "value": pl.String, "reason": pl.String},
    (LINE, "column"),
    "What is wrong with a source: the line, the column (null for a whole row), its value, shortened, and the reason.",
)


def cells_of(lines: pl.Series, column: str | None, values: pl.Series | None, reason: str) -> pl.DataFrame:
    """Return a fault (`CELLS`) for each of `lines`, with the value that stands there."""
    shown = pl.lit(None, pl.String) if values is None else pl.lit(shortened(values.cast(pl.String)))
    return pl.DataFrame({LINE: lines.cast(pl.UInt32)}).with_columns(
        pl.lit(column, pl.String).alias("column"), shown.alias("value"), pl.lit(reason).alias("reason")
    )


def shortened(values: pl.Series) -> pl.Series:
    """Return text on one line, and its beginning when it is long."""
    line = values.str.replace_all(r"\s+", " ")
    cut = line.str.slice(0, _LONGEST - 3) + "..."
    return cut.zip_with(line.str.len_chars().fill_null(0) > _LONGEST, line)


def listed(faults: list[Fault], total: int | None = None) -> list[Fault]:
    """Return at most `SHOWN` faults, and one more that says how many were not shown when there are more."""
    total = len(faults) if total is None else total
    more = [Fault("and further", f"{total - SHOWN} more like these")] if total > SHOWN else []
    return [*faults[:SHOWN], *more]


def fault_list(cells: pl.DataFrame, place: str) -> list[Fault]:
    """Return faults for an error to list, the first of them in the order of the columns. `place` is "line" or "row"."""
    faults = []
    for number, column, value, reason in cells.head(SHOWN).iter_rows():
        where = f'column "{column}"' if column is not None else "row"
        said = reason if value is None else f'"{value}" {reason}'
        faults.append(Fault(where, said, number) if place == "line" else Fault(f"{place} {number}, {where}", said))
    return listed(faults, cells.height)


def require_none(cells: pl.DataFrame, file: str, place: str) -> None:
    """Raise SourceError that lists the faults, when there are any."""
    if cells.is_empty():
        return
    raise SourceError(
        f"{file} holds values that are not what they are used as.",
        hint="Mend these values, or leave them blank where nothing is known. "
        'With on_error = "reject" these rows are left out and the rest is loaded.',
        faults=fault_list(cells, place),
    )


def require_few(cells: pl.DataFrame, rows: int, source: Source, file: str, place: str) -> int:
    """Return how many rows are rejected. Raises SourceError when they are more than the source's `max_rejected`."""
    rejected = cells[LINE].n_unique()
    if rejected > source.max_rejected * rows:
        raise SourceError(
            f"{file}: {rejected:,} of {rows:,} rows would be left out, more than max_rejected = "
            f"{source.max_rejected:g} allows.",
            hint="Mend the file, or raise max_rejected in the source if so many really may be missing.",
            faults=fault_list(cells, place),
        )
    return rejected


def rejected_rows(cells: pl.DataFrame, source: Source, name: str, file: str, place: str) -> pl.DataFrame:
    """Return the faults as rows that were left out (`frames.SKIPS`): file, line, column, value and reason."""
    said = pl.when(pl.col("value").is_null()).then("reason").otherwise(pl.format('"{}" {}', "value", "reason"))
    where = pl.when(pl.col("column").is_null()).then(said).otherwise(pl.format('column "{}": {}', "column", said))
    per_cell = cells.unique([LINE, "column"], keep="first", maintain_order=True)
    return conform(
        per_cell.select(
            pl.lit(source.records_of or "account").alias("object"),
            pl.lit("here").alias("side"),
            pl.format("{} {} {}", pl.lit(file), pl.lit(place), LINE).alias("id"),
            pl.lit(None, pl.String).alias("name"),
            pl.format("{}: {} can be read", pl.lit(name), pl.col("column").fill_null("the row")).alias("rule"),
            where.alias("reason"),
        ),
        SKIPS,
    )
