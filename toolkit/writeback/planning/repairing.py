"""The rows of a plan by which two records here become one, or a record here gets another id (BEY-9).

The record that stays gets what only the other one has, everything that hangs on the other one hangs on it, and the
other one is put away: archived, without the keys by which it was matched. Nothing is deleted (SKA-12), and the undo of
the commit brings all of it back.
"""

from collections.abc import Iterator, Sequence
from datetime import date

import polars as pl

from toolkit.frames import CHANGES, RECORD_KEY
from toolkit.importing.judging import THERE_ID
from toolkit.importing.leaving import ARCHIVED_ON
from toolkit.values import to_text
from toolkit.writeback.planning.operations import CLEAR, CREATE, UPDATE
from toolkit.writeback.planning.rule_names import ADD, EDIT
from toolkit.writeback.planning.sides import Sides

REFERENCES = {"account": ("account_id", "parent_id", "root_id"), "contact": ("contact_id",)}
"""The columns here that name a record of a role."""

_NO_FIELD = "Id"  # the partner of what is kept here only
_EVERY_DECIMAL = 15
_COLUMNS = tuple(name for name in CHANGES.schema if name != "seq")
_KINDS = {pl.Boolean: "boolean", pl.Date: "date", pl.Datetime: "datetime", pl.Time: "time", pl.List: "multipicklist"}


def absorbed(objects: Sequence[Sides], object_name: str, pairs: pl.DataFrame, today: date) -> pl.DataFrame:
    """Return the rows (`CHANGES` without seq) that make one record of two here; `pairs` has ``goes`` and ``stays``.

    A record that stays and is not here yet is made as the one that goes is.
    """
    sides = next(each for each in objects if each.object == object_name)
    here = sides.here
    known = pairs.join(here, left_on="goes", right_on=RECORD_KEY, how="semi")
    known = known.with_columns(_there_is=pl.col("stays").is_in(here[RECORD_KEY].implode()))
    parts = [
        *_filled(sides, known.filter("_there_is")),
        *_made(sides, known.filter(~pl.col("_there_is"))),
        *(row for each in objects for row in _moved(each, sides.mapping.acts_as, known)),
        *_put_away(sides, known, today),
    ]
    return pl.concat([CHANGES.empty().select(_COLUMNS), *parts])


def _filled(sides: Sides, pairs: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Mapped fields that only the record that goes has a value in."""
    here, names = sides.here, _name_column(sides)
    beside = pairs.join(here.select(stays=RECORD_KEY, _name=names), on="stays")
    for field in sides.mapping.fields:
        if field.here not in here.columns or field.there not in sides.fields:
            continue
        facts = sides.fields[field.there]
        cells = here.select(
            RECORD_KEY, _value=to_text(pl.col(field.here), here.schema[field.here], facts.type, facts.scale)
        )
        both = beside.join(cells.rename({RECORD_KEY: "goes", "_value": "_given"}), on="goes").join(
            cells.rename({RECORD_KEY: "stays", "_value": "_has"}), on="stays"
        )
        rows = both.filter(pl.col("_has").is_null() & pl.col("_given").is_not_null())
        why = pl.format("only {} has a value, and it becomes part of this record", "goes")
        yield _rows(rows, sides, "stays", field.here, field.there, facts.type, after=pl.col("_given"), why=why)


def _made(sides: Sides, pairs: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """A new record with everything that the one that goes holds."""
    rows = sides.here.rename({RECORD_KEY: "goes"}).join(pairs.select("goes", "stays"), on="goes")
    rows = rows.with_columns(_name=_name_column(sides))
    for name, dtype in sides.here.schema.items():
        if name == RECORD_KEY:
            continue
        kind = _kind(dtype)
        texts = rows.with_columns(_text=to_text(pl.col(name), dtype, kind, _EVERY_DECIMAL))
        filled = texts.filter(pl.col("_text").is_not_null())
        why = pl.format("{} gets this id", "goes")
        yield _rows(filled, sides, "stays", name, None, kind, after=pl.col("_text"), why=why, operation=CREATE)


def _moved(sides: Sides, role: str, pairs: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """What hangs on the record that goes."""
    for column in REFERENCES.get(role, ()):
        if column not in sides.here.columns or sides.here.schema[column] != pl.String:
            continue
        rows = sides.here.with_columns(_name=_name_column(sides), _was=column)
        rows = rows.join(pairs.select("goes", "stays"), left_on="_was", right_on="goes", how="inner")
        rows = rows.filter(pl.col(RECORD_KEY) != pl.col("_was"))
        why = pl.format("{} becomes {}", "_was", "stays")
        yield _rows(
            rows, sides, RECORD_KEY, column, _NO_FIELD, "string", after=pl.col("stays"), why=why, now=pl.col("_was")
        )


def _put_away(sides: Sides, pairs: pl.DataFrame, today: date) -> Iterator[pl.DataFrame]:
    """The record that goes: archived, without its partner and the keys it was matched by."""
    here = sides.here.with_columns(_name=_name_column(sides))
    rows = here.join(pairs.select(pl.col("goes").alias(RECORD_KEY), "stays"), on=RECORD_KEY)
    why = pl.format("it is {} by now; it is kept, and lists leave it out", "stays")
    day = pl.lit(today.isoformat())
    yield _rows(rows, sides, RECORD_KEY, ARCHIVED_ON, _NO_FIELD, "date", after=day, why=why)
    keys = {column: path for rule in sides.mapping.match for column, path in rule.carried if column != RECORD_KEY}
    for column, path in {**keys, THERE_ID: _NO_FIELD}.items():
        if column in sides.here.columns:
            kind = _kind(sides.here.schema[column])
            held = rows.with_columns(_now=to_text(pl.col(column), sides.here.schema[column], kind, _EVERY_DECIMAL))
            held = held.filter(pl.col("_now").is_not_null())
            yield _rows(
                held, sides, RECORD_KEY, column, path, kind, after=pl.lit(None, pl.String), why=why, now=pl.col("_now")
            )


def _rows(
    rows: pl.DataFrame,
    sides: Sides,
    key: str,
    field: str,
    partner: str | None,
    kind: str,
    *,
    after: pl.Expr,
    why: pl.Expr,
    now: pl.Expr | None = None,
    operation: str | None = None,
) -> pl.DataFrame:
    nothing = pl.lit(None, pl.String)
    given = {
        "side": pl.lit("here"),
        "object": pl.lit(sides.object),
        "here_id": pl.col(key),
        "there_id": nothing,
        "name": pl.col("_name").cast(pl.String),
        "operation": pl.lit(operation)
        if operation
        else pl.when(after.is_null()).then(pl.lit(CLEAR)).otherwise(pl.lit(UPDATE)),
        "field": pl.lit(field),
        "partner": pl.lit(partner, pl.String),
        "type": pl.lit(kind),
        "base": nothing,
        "here": nothing if now is None else now,
        "there": nothing,
        "after": after,
        "rule": pl.lit(ADD if operation == CREATE else EDIT),
        "verdict": pl.lit("write"),
        "reason": why,
    }
    return rows.select(value.alias(name) for name, value in given.items())


def _name_column(sides: Sides) -> pl.Expr:
    mapped = [field.here for field in sides.mapping.fields if field.there == sides.mapping.name]
    column = next((name for name in (*mapped, "name", "subject") if name in sides.here.columns), None)
    return pl.lit(None, pl.String) if column is None else pl.col(column).cast(pl.String)


def _kind(dtype: pl.DataType) -> str:
    if dtype.is_numeric():
        return "int" if dtype.is_integer() else "double"
    return _KINDS.get(dtype.base_type(), "string")
