"""What a value has to be beside the other values of its record, and beside the records it refers to.

`value_faults` puts these rules and those of the single value (`planning.rules`) together. The other values
are those that the record holds after the plan: what the plan writes, else what was pulled. A value that was not pulled
is not judged by, so that nothing is refused that Salesforce would take.
"""

import polars as pl

from toolkit.frames import RECORD_KEY
from toolkit.salesforce.describe import FieldDescribe
from toolkit.values import to_text
from toolkit.writeback.planning.references import reference_fault
from toolkit.writeback.planning.rules import fault, named
from toolkit.writeback.planning.sentences import sentence, shown
from toolkit.writeback.planning.sides import Sides

CURRENCY_CODE = "CurrencyIsoCode"
"""The field that says which currency the amounts of a record are in; only orgs with several currencies have it."""


def value_faults(rows: pl.DataFrame, sides: Sides, path: str, planned: pl.DataFrame) -> pl.Series:
    """Return why Salesforce would refuse the text in ``after`` of each of `rows`, changes of one field; null if not.

    `planned` are all changes of the plan.
    """
    field = sides.describe.field(path)
    by_value = sides.reads(path) != path
    judged = sides.fields[path] if by_value and path in sides.fields else field
    reasons = [rows.select(fault(judged).alias("fault")).to_series(), reference_fault(rows, sides, path)]
    if field.type == "reference" and not by_value:
        reasons.append(_strangers(rows, sides, field))
    if field.type == "currency":
        reasons.append(_other_money(rows, sides, planned))
    for dependent, controller in _dependencies(sides, field):
        reasons.append(_misfits(rows, sides, planned, dependent, controller))
    return pl.select(pl.coalesce(reasons)).to_series()


def dependent_picklists(sides: Sides) -> list[FieldDescribe]:
    """Return the restricted picklists of an object whose values depend on another field, which Salesforce checks."""
    return [each for each in sides.describe.fields.values() if each.controller_name and each.restricted_picklist]


def _strangers(rows: pl.DataFrame, sides: Sides, field: FieldDescribe) -> pl.Series:
    prefixes = sides.describe.key_prefixes(field)
    if not prefixes:
        return _nothing(rows)
    fits = pl.col("after").str.head(3).is_in(prefixes)
    kinds = ", ".join(field.reference_to)
    told = sentence(shown(pl.col("after")), f" is no id of {kinds}, which {named(field)} refers to")
    return rows.select(pl.when(~fits).then(told).alias("fault")).to_series()


def _other_money(rows: pl.DataFrame, sides: Sides, planned: pl.DataFrame) -> pl.Series:
    mapped = next((each for each in sides.mapping.fields if each.there.lower() == CURRENCY_CODE.lower()), None)
    if mapped is None or mapped.here not in sides.here.columns or CURRENCY_CODE not in sides.describe.fields:
        return _nothing(rows)
    mine = sides.here.select(pl.col(RECORD_KEY).alias("here_id"), pl.col(mapped.here).cast(pl.String).alias("_mine"))
    told = sentence("the amount here is in ", pl.col("_mine"), ", the record in Salesforce in ", pl.col("_theirs"))
    return (
        _with_value(rows, sides, planned, mapped.there, "_theirs")
        .join(mine, on="here_id", how="left", maintain_order="left")
        .select(pl.when(pl.col("_mine") != pl.col("_theirs")).then(told).alias("fault"))
        .to_series()
    )


def _dependencies(sides: Sides, field: FieldDescribe) -> list[tuple[FieldDescribe, FieldDescribe]]:
    """Return the pairs of a dependent picklist and its controlling field of which `field` is one."""
    pairs = []
    for dependent in dependent_picklists(sides):
        controller = sides.describe.fields.get(str(dependent.controller_name))
        if controller is not None and field.name in (dependent.name, controller.name):
            pairs.append((dependent, controller))
    return pairs


def _misfits(
    rows: pl.DataFrame, sides: Sides, planned: pl.DataFrame, dependent: FieldDescribe, controller: FieldDescribe
) -> pl.Series:
    both = rows
    for field, name in ((dependent, "_value"), (controller, "_controls")):
        both = _with_value(both, sides, planned, field.name, name)
    allowed = pl.DataFrame(
        {"_controls": list(dependent.allowed), "_allowed": [list(each) for each in dependent.allowed.values()]},
        schema={"_controls": pl.String, "_allowed": pl.List(pl.String)},
    )
    known = pl.col("_value_known") & pl.col("_controls_known") & pl.col("_value").is_not_null()
    fitting = pl.col("_allowed").fill_null(pl.lit([], dtype=pl.List(pl.String)))
    wrong = pl.col("_value").str.split(";").list.set_difference(fitting).list.len() > 0
    valid = pl.when(fitting.list.len() > 0).then(fitting.list.join(", ")).otherwise(pl.lit("none"))
    told = sentence(
        shown(pl.col("_value")), f" of {named(dependent)} does not go with ", shown(pl.col("_controls")),
        f" of {named(controller)}, which decides what is valid: ", valid,
    )  # fmt: skip
    return (
        both.join(allowed, on="_controls", how="left", maintain_order="left")
        .select(pl.when(known & wrong).then(told).alias("fault"))
        .to_series()
    )


def _with_value(rows: pl.DataFrame, sides: Sides, planned: pl.DataFrame, path: str, name: str) -> pl.DataFrame:
    """Add what each row's record holds in a field after the plan, as text, and whether that is known (`name`_known)."""
    mine = (pl.col("object") == sides.object) & (pl.col("side") == "there") & (pl.col("verdict") == "write")
    going = planned.filter(mine & (pl.col("field") == path)).select(
        "there_id", pl.col("after").alias("_going"), pl.lit(value=True).alias("_goes")
    )
    held = pl.DataFrame(schema={"there_id": pl.String, "_held": pl.String, "_is_held": pl.Boolean})
    if path in sides.there.columns:
        facts = sides.describe.field(path)
        text = to_text(pl.col(path), sides.there.schema[path], facts.type, facts.scale)
        held = sides.there.select(
            pl.col(RECORD_KEY).alias("there_id"), text.alias("_held"), pl.lit(value=True).alias("_is_held")
        )
    goes = pl.col("_goes").fill_null(value=False)
    return (
        rows.join(going, on="there_id", how="left", maintain_order="left")
        .join(held, on="there_id", how="left", maintain_order="left")
        .with_columns(
            pl.when(goes).then("_going").otherwise("_held").alias(name),
            (goes | pl.col("_is_held").fill_null(value=False)).alias(f"{name}_known"),
        )
        .drop("_going", "_goes", "_held", "_is_held")
    )


def _nothing(rows: pl.DataFrame) -> pl.Series:
    return pl.Series("fault", [None] * rows.height, pl.String)
