"""References that are kept here by a value: the owner by name or e-mail, a record by its external id.

In a plan such a field holds the value, which a person can read; Salesforce is written the id of the record that has it.
Values are compared without regard to case, as Salesforce compares them. A value that no record has, or several have, is
refused: nobody is guessed. Of users only the active ones count, unless all that have the value are inactive.
"""

import polars as pl

from toolkit.config.objects import FieldMapping
from toolkit.salesforce.describe import FieldDescribe
from toolkit.writeback.planning.rules import named
from toolkit.writeback.planning.sentences import sentence, shown
from toolkit.writeback.planning.sides import Sides, equal, side_by_side, text_sides

LOOKUP = {"value": pl.String, "id": pl.String, "object": pl.String, "active": pl.Boolean}
"""The columns of a lookup: a value, the record that has it, of which object, and false for a user who left."""

_KEY = "_key"


def kept_by_value(sides: Sides) -> tuple[FieldMapping, ...]:
    """Return the mapped references whose value is kept here instead of the id, and that are written there."""
    return tuple(each for each in sides.mapping.fields if each.by and each.writes_there and each.there in sides.fields)


def wanted(sides: Sides, rows: pl.DataFrame | None = None) -> dict[str, pl.Series]:
    """Return the values that a lookup is needed for, by the path that is compared; paths without any are left out.

    They are those of `rows` (changes or a journal), or, without rows, those here that Salesforce does not hold.
    """
    fields = kept_by_value(sides)
    if not fields:
        return {}
    parts: dict[str, list[pl.Series]] = {field.reads: [] for field in fields}
    joined = side_by_side(sides, fields) if rows is None else None
    for field in fields:
        values = _written(rows, sides, field) if joined is None else _unlike(joined, sides, field)
        parts[field.reads].append(values.drop_nulls())
    found = {path: pl.concat(values).unique().sort() for path, values in parts.items()}
    return {path: values for path, values in found.items() if values.len()}


def _written(rows: pl.DataFrame | None, sides: Sides, field: FieldMapping) -> pl.Series:
    assert rows is not None
    return rows.filter(_of_field(sides, field))["after"].alias("value")


def _unlike(joined: pl.DataFrame, sides: Sides, field: FieldMapping) -> pl.Series:
    here, there = text_sides(joined, field, sides.fields[field.there])
    texts = joined.select(here.alias("value"), there.alias("there"))
    return texts.filter(~equal(field, pl.col("value"), pl.col("there")))["value"]


def _of_field(sides: Sides, field: FieldMapping) -> pl.Expr:
    return (pl.col("side") == "there") & (pl.col("object") == sides.object) & (pl.col("field") == field.there)


def resolved(rows: pl.DataFrame, sides: Sides) -> pl.DataFrame:
    """Return rows of changes or of a journal with record ids, and the type ``reference``, where values stand for them.

    Rows of other fields are returned as they are, and so are those whose value means no record or several: the
    pre-flight refused them (`reference_fault`).
    """
    for field in kept_by_value(sides):
        found = rows.with_columns(_key().alias(_KEY)).join(
            _meant(sides, field), on=_KEY, how="left", maintain_order="left"
        )
        known = _of_field(sides, field) & ((pl.col("_count") == 1) | pl.col("after").is_null())
        rows = found.with_columns(
            after=pl.when(known).then("_id").otherwise("after"),
            type=pl.when(known).then(pl.lit("reference")).otherwise("type"),
        ).select(rows.columns)
    return rows


def spelled(rows: pl.DataFrame, sides: Sides, path: str) -> pl.DataFrame:
    """Return changes of one field with each value that is known in ``after`` as the record that has it spells it."""
    field = next((each for each in kept_by_value(sides) if each.there == path), None)
    if field is None:
        return rows
    found = rows.with_columns(_key().alias(_KEY)).join(_meant(sides, field), on=_KEY, how="left", maintain_order="left")
    return found.with_columns(after=pl.coalesce("_value", "after")).select(rows.columns)


def reference_fault(rows: pl.DataFrame, sides: Sides, path: str) -> pl.Series:
    """Return why the values in ``after`` cannot be written to the reference `path`; null where they can.

    `rows` are changes of that field alone. A field that is not kept by a value has no such fault.
    """
    field = next((each for each in kept_by_value(sides) if each.there == path), None)
    nothing = pl.Series("fault", [None] * rows.height, pl.String)
    if field is None:
        return nothing
    facts = sides.fields[path]
    if field.reads not in sides.lookups and rows["after"].null_count() < rows.height:
        reason = f"{field.reads} was not looked up in Salesforce, so nobody knows which record is meant; plan again"
        return rows.select(pl.when(pl.col("after").is_not_null()).then(pl.lit(reason)).alias("fault")).to_series()
    found = rows.with_columns(_key().alias(_KEY)).join(_meant(sides, field), on=_KEY, how="left", maintain_order="left")
    return found.select(_fault(field, facts).alias("fault")).to_series()


def _fault(field: FieldMapping, facts: FieldDescribe) -> pl.Expr:
    value, count = shown(pl.col("after")), pl.col("_count")
    owner = field.there.lower() == "ownerid"
    return (
        pl.when(pl.col("after").is_null())
        .then(None)
        .when(count.is_null())
        .then(sentence(f"no record in Salesforce has the {field.by} ", value, f", which {named(facts)} would refer to"))
        .when(count > 1)
        .then(
            sentence(
                count.cast(pl.String),
                f" records in Salesforce have the {field.by} ",
                value,
                ", so it is not known which one is meant: ",
                pl.col("_ids"),
            )
        )
        .when(pl.lit(owner) & ~pl.col("_active"))
        .then(sentence(value, " is an inactive user, who cannot own records"))
    )


def _meant(sides: Sides, field: FieldMapping) -> pl.DataFrame:
    """One row a value: ``_key``, ``_count`` of the records that it may mean, ``_id`` of one, ``_ids``, ``_active``."""
    lookup = sides.lookups.get(field.reads, pl.DataFrame(schema=LOOKUP))
    keyed = lookup.with_columns(pl.col("value").str.strip_chars().str.to_lowercase().alias(_KEY))
    counted = keyed.filter(pl.col("active") | ~pl.col("active").any().over(_KEY)).sort("id")
    return counted.group_by(_KEY, maintain_order=True).agg(
        _count=pl.col("id").n_unique(),
        _id=pl.col("id").first(),
        _value=pl.col("value").str.strip_chars().first(),
        _ids=pl.col("id").unique(maintain_order=True).head(3).str.join(", "),
        _active=pl.col("active").first(),
    )


def _key() -> pl.Expr:
    return pl.col("after").str.to_lowercase()
