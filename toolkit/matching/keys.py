"""The values that a mapping's match rules compare, taken from both sides in the form in which they are compared."""

from collections.abc import Mapping

import polars as pl

from toolkit.config.match_rules import MatchRule, Operand
from toolkit.config.objects import ObjectMapping
from toolkit.errors import NotFoundError
from toolkit.frames import RECORD_KEY
from toolkit.matching.normal import compared

SALESFORCE_ID = "Id"
"""The path of the record id, which every frame of records there has as its key."""

_BETWEEN = "\x1f"  # no value has it, so that two parts never run into each other


def keyed(
    records: pl.DataFrame, mapping: ObjectMapping, side: str, through: Mapping[int, pl.DataFrame] | None = None
) -> pl.DataFrame:
    """Return one side's records as `id`, `name`, `row` (their position), and for the n-th rule `given<n>` (as written),
    `key<n>` (as compared) and `once<n>` (no other record of the side has it). A rule of several parts also
    has `part<n>_<m>`. `through` has the values of rules that go through contacts (`toolkit.matching.through`); such a
    key is the first of several, and never counts as occurring once.

    Raises NotFoundError when a rule names a column that the records do not have.
    """
    row = pl.int_range(records.height, dtype=pl.UInt32, eager=True).alias("row")
    columns = [records[RECORD_KEY], names_of(records, mapping, side), row]
    for number, rule in enumerate(mapping.match):
        if through is not None and number in through:
            columns += _first_of_several(through[number], row, number)
        else:
            columns += _of_rule(records, rule, side, number)
    return pl.DataFrame(columns)


def key_of(records: pl.DataFrame, rule: MatchRule, side: str) -> tuple[pl.Series, pl.Series] | None:
    """Return the values of a side that a rule compares, as written and as compared; None where a column is missing."""
    wanted = {operand.field for operand in operands(rule, side)}
    known = {*records.columns, *([SALESFORCE_ID] if side == "there" else [])}
    if rule.of_contacts or not wanted <= known:
        return None
    given, key, *_ = _of_rule(records, rule, side, 0)
    return given, key


def operands(rule: MatchRule, side: str) -> list[Operand]:
    """Return what a rule looks at on one side, one a part."""
    return [part.here if side == "here" else part.there for part in rule.parts]


def label_of(rule: MatchRule, side: str) -> str:
    """Return what a rule looks at on one side, as it is written in the mapping file."""
    return " and ".join(map(str, operands(rule, side)))


def parts_of(rule: MatchRule, number: int) -> list[str]:
    """Return the columns of `keyed` that hold the n-th rule's parts."""
    return [f"key{number}"] if len(rule.parts) == 1 else [f"part{number}_{part}" for part in range(len(rule.parts))]


def column_of(records: pl.DataFrame, wanted: str, rule: MatchRule, side: str) -> str:
    """Return the column of a side that a rule names. Raises NotFoundError when there is none."""
    if wanted in records.columns:
        return wanted
    if wanted == SALESFORCE_ID and side == "there":
        return RECORD_KEY
    where = "The records here" if side == "here" else "The records read from Salesforce"
    raise NotFoundError(
        f'{where} have no "{wanted}", which the match rule "{rule}" compares.',
        hint=f"They have: {', '.join(records.columns)}. Mend the rule, or pull again if the field is new.",
    )


def names_of(records: pl.DataFrame, mapping: ObjectMapping, side: str) -> pl.Series:
    """Return the names of one side's records, for a person to read; null throughout where no column holds them."""
    mapped = [field.here for field in mapping.fields if field.there == mapping.name]
    candidates = [*mapped, "name"] if side == "here" else [mapping.name]
    column = next((name for name in candidates if name in records.columns), None)
    if column is None:
        return pl.repeat(None, records.height, dtype=pl.String, eager=True).alias("name")
    return records[column].cast(pl.String).alias("name")


def _of_rule(records: pl.DataFrame, rule: MatchRule, side: str, number: int) -> list[pl.Series]:
    sources = [records[column_of(records, operand.field, rule, side)] for operand in operands(rule, side)]
    given = [each.cast(pl.String) for each in sources]
    keys = [compared(each, operand) for each, operand in zip(sources, operands(rule, side), strict=True)]
    if len(keys) == 1:
        key, shown, parts = keys[0].alias(f"key{number}"), given[0].alias(f"given{number}"), []
    else:
        named = [each.alias(name) for each, name in zip(keys, parts_of(rule, number), strict=True)]
        key, parts = pl.select(pl.concat_str(named, separator=_BETWEEN).alias(f"key{number}")).to_series(), named
        shown = pl.select(pl.concat_str(given, separator=", ", ignore_nulls=True).alias(f"given{number}")).to_series()
    return [shown, key, _once(key).alias(f"once{number}"), *parts]


def _once(key: pl.Series) -> pl.Series:
    """Return which keys no other record has. Equal keys have equal hashes, which are counted faster than texts."""
    hashes = key.hash()
    if hashes.n_unique() == key.len() - max(key.null_count() - 1, 0):
        return key.is_not_null()
    once = hashes.is_unique()
    several = (~once).arg_true()
    exact = key.gather(several).is_unique()
    return once.scatter(several, exact) & key.is_not_null()


def _first_of_several(values: pl.DataFrame, row: pl.Series, number: int) -> list[pl.Series]:
    first = values.sort("row", "key").unique("row", keep="first", maintain_order=True)
    beside = row.to_frame().join(first, on="row", how="left", maintain_order="left")
    never = pl.repeat(False, row.len(), dtype=pl.Boolean, eager=True)
    return [beside["given"].alias(f"given{number}"), beside["key"].alias(f"key{number}"), never.alias(f"once{number}")]
