"""New records of one object that hang on each other, such as accounts in a hierarchy: parents go first, at any depth.

A new record that refers to another new one names it by a placeholder, ``{account:P-1}``, until that one has an id. So
what is created goes in levels: first what hangs on nothing new, then what hangs on those, and so on.
"""

import polars as pl

from toolkit.writeback.planning.operations import CREATE
from toolkit.writeback.planning.refusing import IS_NEW
from toolkit.writeback.planning.sentences import sentence

_KEY = ["object", "here_id"]
CIRCLE = "it hangs on itself: its parents go round in a circle, or hang on some that do"


def depths(rows: pl.DataFrame) -> pl.DataFrame:
    """Return ``object, here_id, depth`` of the records that `rows` (changes or a journal) create below another of them.

    Depth counts the new records of the same object above it, from 1; null where they go round in a circle.
    """
    left = _pairs(rows)
    inner = left.select(*_KEY).unique()
    done = left.join(inner, left_on=["object", "_parent"], right_on=_KEY, how="anti")
    found, depth = [done.select(*_KEY, pl.lit(1, dtype=pl.Int64).alias("depth"))], 1
    left = left.join(done, on=_KEY, how="anti")
    while done.height:
        depth += 1
        done = left.join(done, left_on=["object", "_parent"], right_on=_KEY, how="semi")
        left = left.join(done, on=_KEY, how="anti")
        found.append(done.select(*_KEY, pl.lit(depth, dtype=pl.Int64).alias("depth")))
    circle = left.select(*_KEY, pl.lit(None, dtype=pl.Int64).alias("depth"))
    return pl.concat([*found, circle]).unique(_KEY, keep="last", maintain_order=True)


def with_depth(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    """Return `rows` with the depth of each record in a column `name`, 0 for what hangs on nothing new."""
    known = depths(rows).rename({"depth": name})
    if known.is_empty():
        return rows.with_columns(pl.lit(0, dtype=pl.Int64).alias(name))
    joined = rows.join(known, on=_KEY, how="left", maintain_order="left")
    mine = pl.col("operation") == CREATE
    return joined.with_columns(pl.when(mine).then(name).otherwise(None).fill_null(0).alias(name))


def levels(rows: pl.DataFrame) -> list[pl.DataFrame]:
    """Return the rows of new records of one object in parts, each after those that hold what it refers to."""
    return [
        part.drop("_depth") for part in with_depth(rows, "_depth").sort("_depth", "seq").partition_by("_depth")
    ] or [rows]


def nested(rows: pl.DataFrame) -> pl.DataFrame:
    """Return judged rows that create records of one object, where each may name any other of them as its parent.

    A record below one that is not created goes without its parent, and says so; those in a circle are held.
    """
    circle = depths(rows).filter(pl.col("depth").is_null()).select(*_KEY, _circle=pl.lit(value=True))
    told = rows.join(circle, on=_KEY, how="left", maintain_order="left")
    goes = pl.col("_circle").is_null()
    told = told.with_columns(
        verdict=pl.when(goes).then("verdict").otherwise(pl.lit("held")),
        reason=pl.when(goes).then("reason").otherwise(pl.lit(CIRCLE)),
    ).drop("_circle")
    coming = told.filter(pl.col("verdict") == "write").select(*_KEY).unique()
    alone = _pairs(told).join(coming, left_on=["object", "_parent"], right_on=_KEY, how="anti")
    alone = alone.join(circle, on=_KEY, how="anti")
    notes = alone.select(*_KEY, "field", _note=without_parent(pl.col("_parent")))
    kept = told.join(notes, on=[*_KEY, "field"], how="anti", maintain_order="left")
    noted = kept.join(notes.drop("field"), on=_KEY, how="left", maintain_order="left")
    return noted.with_columns(reason=pl.col("reason") + pl.col("_note").fill_null("")).select(rows.columns)


def without_parent(parent: pl.Expr) -> pl.Expr:
    """Return the end of the reason of a record that is created without the record that it hangs on here."""
    return sentence("; without its parent ", parent, ", which has no record in Salesforce, and this plan makes none")


def _pairs(rows: pl.DataFrame) -> pl.DataFrame:
    """Which new record names which other of its object: object, here_id, field, _parent."""
    after = pl.col("after")
    named = rows.filter((pl.col("operation") == CREATE) & (pl.col("type") == "reference")).select(
        *_KEY, "field", _object=after.str.extract(IS_NEW, 1), _parent=after.str.extract(IS_NEW, 2)
    )
    return named.filter(pl.col("_object") == pl.col("object")).drop("_object")
