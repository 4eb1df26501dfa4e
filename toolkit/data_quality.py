"""How good the data of mapped fields is: how much is filled in, and which picklist values nobody knows (DSH-9).

Both sides are looked at: what the field here holds, and what its partner in Salesforce does.
"""

from collections.abc import Mapping

import polars as pl

from toolkit.config.objects import ObjectMapping
from toolkit.frames import RECORD_KEY
from toolkit.salesforce.describe import FieldDescribe

PICKLISTS = {"field": pl.String, "there": pl.String, "value": pl.String}
"""The values that a picklist has: the mapped field here, the one there, the value's API name."""
PICKLISTS_OF = "picklists_{}"
"""What the picklists of an object are kept as, among the derived records of the store."""
FILLED = {
    "object": pl.String, "field": pl.String, "there": pl.String, "side": pl.String, "records": pl.Int64,
    "filled": pl.Int64,
}  # fmt: skip
UNKNOWN = {
    "object": pl.String, "field": pl.String, "there": pl.String, "side": pl.String, "value": pl.String,
    "records": pl.Int64,
}  # fmt: skip
_KINDS = ("picklist", "multipicklist")


def picklists(mapping: ObjectMapping, fields: Mapping[str, FieldDescribe]) -> pl.DataFrame:
    """Return the active values of an object's mapped picklists (`PICKLISTS`); `fields` are describe's, by name."""
    rows = [
        (field.here, field.there, value)
        for field in mapping.fields
        if (known := fields.get(field.there)) is not None and known.type in _KINDS
        for value in known.picklist_values
    ]
    return pl.DataFrame(rows, schema=PICKLISTS, orient="row")


def fill_rates(mapping: ObjectMapping, sides: Mapping[str, pl.DataFrame | None]) -> pl.DataFrame:
    """Return for each mapped field and side how many records there are and how many have a value (`FILLED`).

    `sides` has the records here and there; a field that a side does not have yet is told with none filled.
    """
    parts = [pl.DataFrame(schema=FILLED)]
    for side, records in sides.items():
        if records is None:
            continue
        columns = {(field.here, field.there): field.here if side == "here" else field.reads for field in mapping.fields}
        known = {pair: column for pair, column in columns.items() if column in records.columns}
        counts = records.select(
            has_value(column, records.schema[column]).sum().alias(column) for column in dict.fromkeys(known.values())
        )
        filled = [int(counts[known[pair]][0] or 0) if pair in known and records.height else 0 for pair in columns]
        parts.append(
            pl.DataFrame(
                {
                    "object": mapping.object, "field": [here for here, _ in columns],
                    "there": [there for _, there in columns], "side": side, "records": records.height,
                    "filled": filled,
                },
                schema=FILLED,
            )
        )  # fmt: skip
    return pl.concat(parts).unique(["field", "there", "side"], keep="first", maintain_order=True)


def unknown_values(
    mapping: ObjectMapping, known: pl.DataFrame, sides: Mapping[str, pl.DataFrame | None]
) -> pl.DataFrame:
    """Return the values of picklists that Salesforce does not offer, with the records that hold them (`UNKNOWN`).

    `known` has the columns of `PICKLISTS`. A value there that is unknown was switched off or came by an import.
    """
    parts = [pl.DataFrame(schema=UNKNOWN)]
    fields = known.select("field", "there").unique(maintain_order=True).rows()
    for side, records in sides.items():
        for here, there in fields:
            column = here if side == "here" else there
            if records is None or column not in records.columns:
                continue
            offered = known.filter(pl.col("field") == here)["value"]
            held = values_of(records, column).filter(~pl.col("value").is_in(offered.implode()))
            counted = held.group_by("value").agg(records=pl.col(RECORD_KEY).n_unique().cast(pl.Int64))
            parts.append(
                counted.select(
                    pl.lit(mapping.object).alias("object"), pl.lit(here).alias("field"), pl.lit(there).alias("there"),
                    pl.lit(side).alias("side"), "value", "records",
                )
            )  # fmt: skip
    return pl.concat(parts).sort("records", "field", "side", "value", descending=[True, False, False, False])


def values_of(records: pl.DataFrame, column: str) -> pl.DataFrame:
    """Return id and value of each record that has one; of a multi-select picklist a row for each value."""
    dtype = records.schema[column]
    text = pl.col(column) if isinstance(dtype, pl.List) else pl.col(column).cast(pl.String).str.split(";")
    rows = records.select(RECORD_KEY, value=text).explode("value")
    return rows.filter(pl.col("value").str.strip_chars() != "")


def has_value(column: str, dtype: pl.DataType) -> pl.Expr:
    """Return whether a record has a value: not null, not blank, not an empty list."""
    if dtype == pl.String:
        return (pl.col(column).str.strip_chars() != "").fill_null(value=False)
    if isinstance(dtype, pl.List):
        return (pl.col(column).list.len() > 0).fill_null(value=False)
    return pl.col(column).is_not_null()
