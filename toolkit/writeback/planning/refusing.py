"""Why Salesforce would refuse a new record: every promise that describe makes about creating, before any call.

The single values are judged by the rules of `planning.rules`; a new record needs more: fields that may be set
at creation, every required field, and values of unique fields that nobody else has.
"""

from dataclasses import replace

import polars as pl

from toolkit.errors import NotFoundError
from toolkit.frames import RECORD_KEY
from toolkit.salesforce.describe import FieldDescribe
from toolkit.values import BOOLEAN_TYPES, to_text
from toolkit.writeback.planning.references import reference_fault
from toolkit.writeback.planning.rules import fault, named
from toolkit.writeback.planning.sentences import sentence, shown
from toolkit.writeback.planning.sides import Sides

IS_NEW = r"^\{(\w+):(.*)\}$"
"""What stands for the id of a record that the same plan creates: its object and its id here."""


def refused(cells: pl.DataFrame, sides: Sides) -> pl.DataFrame:
    """Return the rows of new records with ``fault``, why Salesforce refuses the field, and ``whole``, the record."""
    parts = [
        rows.with_columns(_fault(rows, str(path), sides).alias("fault"))
        for (path,), rows in cells.partition_by("field", as_dict=True, maintain_order=True).items()
    ]
    judged = pl.concat([cells.clear().with_columns(fault=pl.lit(None, dtype=pl.String)), *parts])
    own = judged.drop_nulls("fault").sort("field").group_by("here_id", maintain_order=True).agg(pl.col("fault").first())
    lacks = _lacking(cells, sides)
    whole = pl.concat([own, lacks]).group_by("here_id", maintain_order=True).agg(whole=pl.col("fault").first())
    return judged.join(whole, on="here_id", how="left", maintain_order="left")


def _fault(rows: pl.DataFrame, path: str, sides: Sides) -> pl.Series:
    """Why Salesforce refuses each of the values of one field, or null."""
    field = sides.describe.field(path)
    compared = sides.fields.get(path, field)
    creating = replace(compared, updateable=field.createable, nillable=field.nillable)
    placeholder = pl.col("after").str.contains(IS_NEW) if field.type == "reference" else pl.lit(value=False)
    own = rows.select(pl.when(~placeholder).then(fault(creating)).alias("fault")).to_series()
    reasons = pl.select(pl.coalesce(own, reference_fault(rows, sides, path))).to_series()
    if (field.unique or field.external_id) and field.createable:
        reasons = pl.select(pl.coalesce(reasons, _taken(rows, path, field, sides))).to_series()
    return reasons


def _taken(rows: pl.DataFrame, path: str, field: FieldDescribe, sides: Sides) -> pl.Series:
    """Why a field of values that may occur once refuses one: another new record, or one that is there, has it."""
    key = pl.col("after").str.to_lowercase()
    holders = pl.DataFrame(schema={"_key": pl.String, "_holder": pl.String})
    if path in sides.there.columns:
        held = to_text(pl.col(path), sides.there.schema[path], field.type, field.scale).str.to_lowercase()
        holders = sides.there.select(held.alias("_key"), pl.col(RECORD_KEY).alias("_holder")).drop_nulls("_key")
        holders = holders.unique("_key", keep="first", maintain_order=True)
    found = rows.with_columns(key.alias("_key")).join(holders, on="_key", how="left", maintain_order="left")
    value = shown(pl.col("after"))
    return found.select(
        pl.when(pl.len().over("_key") > 1)
        .then(sentence(value, " is planned for several new records, ", pl.col("here_id").first().over("_key"), " and ",
                       pl.col("here_id").last().over("_key"), f" among them; {named(field)} identifies one"))
        .when(pl.col("_holder").is_not_null())
        .then(sentence(value, " already belongs to the record ", pl.col("_holder"), f"; {named(field)} identifies one"))
        .alias("fault")
    ).to_series()  # fmt: skip


def _lacking(cells: pl.DataFrame, sides: Sides) -> pl.DataFrame:
    """The records without a value for a field that Salesforce requires and does not fill by itself: here_id, fault."""
    records = cells.select("here_id").unique(maintain_order=True)
    found = [pl.DataFrame(schema={"here_id": pl.String, "fault": pl.String})]
    for field in required(sides):
        given = cells.filter(pl.col("field").str.to_lowercase() == field.name.lower())
        without = records.join(given, on="here_id", how="anti", maintain_order="left")
        found.append(
            without.with_columns(fault=pl.lit(f"{named(field)} is required, and the record here has no value"))
        )
    return pl.concat(found)


def required(sides: Sides) -> list[FieldDescribe]:
    """Return the fields that a new record must be given: createable, not nillable and without a default."""
    return [
        field
        for field in sides.describe.fields.values()
        if field.createable and not field.nillable and not field.defaulted_on_create and field.type not in BOOLEAN_TYPES
    ]


def upsert_key(sides: Sides, fields: pl.Series) -> str | None:
    """Return the external id among these fields by which a new record is written, or None when there is none."""
    for path in fields.unique().sort():
        try:
            if sides.describe.field(path).external_id:
                return str(path)
        except NotFoundError:
            continue
    return None
