"""Records brought up to date with what a commit wrote or found, so that the next plan is made of what is so."""

from dataclasses import replace

import polars as pl

from toolkit.frames import RECORD_KEY
from toolkit.store import Store
from toolkit.values import column_dtype, text_to_column, to_text
from toolkit.writeback.committing.settling import CHANGED
from toolkit.writeback.planning.merge import new_base
from toolkit.writeback.planning.sides import PAIR, Sides


def refresh(store: Store, sides: Sides, journal: pl.DataFrame, now: pl.DataFrame | None = None) -> None:
    """Bring the kept records there, and the base of the next merge, up to date with what was settled.

    `journal` has the rows that were settled just now. `now` is what Salesforce held for them afterwards (`now_there`),
    where that was read: a job may have written a row long before somebody changed it again.
    """
    rows = journal.filter(pl.col("object") == sides.object)
    written, moved = pl.col("state") == "written", pl.col("code") == CHANGED
    there_rows = rows.filter((pl.col("side") == "there") & (written | ((pl.col("state") == "held") & moved)))
    if now is None:
        held = there_rows.with_columns(value=pl.when(written).then("after").otherwise("before"))
    else:
        held = now.filter(pl.col("found") & ~pl.col("hidden")).with_columns(value="now")
    columns = {name: sides.reads(name) for name in held["field"].unique()}  # of a reference, that of the value it has
    known = held.select(pl.col("there_id").alias(RECORD_KEY), pl.col("field").replace(columns), "type", "value")
    there, here = with_values(sides.there, known), store.records("here", sides.object)
    if known.height:
        store.save_records("there", sides.object, there)
    base = with_agreed(sides.base, rows.filter(written))
    current = replace(sides, here=sides.here if here is None else here, there=there, base=base)
    store.save_records("base", sides.object, new_base(current))


def with_agreed(base: pl.DataFrame | None, written: pl.DataFrame) -> pl.DataFrame | None:
    """Return a base in which each written journal row's pair of fields has the value that both sides agreed on.

    Where the sides agree now, `new_base` says so by itself. This is for where they do not: after an undo, which gives
    back the base as it was, and for a side that was changed again before its old value was written to the other.
    """
    if written.is_empty():
        return base
    there_field = pl.col("side") == "there"
    cells = written.select(
        pl.col("there_id").alias(RECORD_KEY),
        "here_id",
        field=pl.when(there_field)
        .then(pl.format(PAIR, "partner", "field"))
        .otherwise(pl.format(PAIR, "field", "partner")),
        type=pl.lit("string"),
        value="agreed",
    )
    keys = cells.select(RECORD_KEY, "here_id").unique(maintain_order=True)
    if base is None:
        return with_values(keys, cells)
    others = base.join(keys, on=RECORD_KEY, how="anti")
    mine = keys.join(base, on=[RECORD_KEY, "here_id"], how="left")
    return with_values(pl.concat([others, mine.select(base.columns)]), cells)


def with_values(frame: pl.DataFrame, values: pl.DataFrame) -> pl.DataFrame:
    """Return wide records with some cells set: `values` has ``id``, ``field``, ``type`` and ``value`` (text).

    A column keeps its type where the value fits it. Where it does not it becomes wider, rather than losing the value.
    """
    for (name, field_type), part in values.partition_by("field", "type", as_dict=True).items():
        frame = _with_column(frame, str(name), str(field_type), part)
    return frame


def _with_column(frame: pl.DataFrame, name: str, field_type: str, part: pl.DataFrame) -> pl.DataFrame:
    if name not in frame.columns or frame[name].null_count() == frame.height:  # a column nobody filled has no type yet
        frame = frame.with_columns(pl.lit(None, dtype=column_dtype(field_type)).alias(name))
    frame = _widened(frame, name, field_type, part)
    dtype = frame.schema[name]
    text = pl.col("value")
    new = text if dtype == pl.String else text_to_column(text, field_type).cast(dtype)
    cells = part.select(RECORD_KEY, new.alias("_new"), pl.lit(True).alias("_set"))
    joined = frame.join(cells, on=RECORD_KEY, how="left", maintain_order="left")
    return joined.with_columns(pl.when(pl.col("_set")).then("_new").otherwise(name).alias(name)).drop("_new", "_set")


def _widened(frame: pl.DataFrame, name: str, field_type: str, part: pl.DataFrame) -> pl.DataFrame:
    dtype = frame.schema[name]
    if dtype == pl.String:
        return frame
    given = part.select(text="value", typed=text_to_column(pl.col("value"), field_type))
    typed = given["typed"]
    if typed.null_count() == given["text"].null_count() and _holds(dtype, typed):
        return frame
    if dtype.is_numeric() and typed.dtype.is_numeric() and typed.null_count() == given["text"].null_count():
        return frame.with_columns(pl.col(name).cast(pl.Float64))
    return frame.with_columns(to_text(pl.col(name), dtype, field_type, scale=15).alias(name))


def _holds(dtype: pl.DataType, values: pl.Series) -> bool:
    alike = (dtype.is_numeric() and values.dtype.is_numeric()) or (dtype.is_temporal() and values.dtype.is_temporal())
    if dtype == values.dtype or not alike:
        return dtype == values.dtype
    return values.cast(dtype, strict=False).cast(values.dtype, strict=False).equals(values)
