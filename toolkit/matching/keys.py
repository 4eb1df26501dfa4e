"""The values that a mapping's match rules compare, taken from both sides in the form in which they are compared."""

import polars as pl

from toolkit.config.objects import MatchRule, ObjectMapping
from toolkit.errors import NotFoundError
from toolkit.frames import RECORD_KEY
from toolkit.matching.clean import comparable

SALESFORCE_ID = "Id"
"""The path of the record id, which every frame of records there has as its key."""


def keyed(records: pl.DataFrame, mapping: ObjectMapping, side: str) -> pl.DataFrame:
    """Return one side's records as `id`, `name`, `row` (their position), and for the n-th rule `given<n>` (as written,
    trimmed), `key<n>` (as compared) and `once<n>` (no other record of the side has it). Raises NotFoundError when a
    rule names a column that the records do not have.
    """
    row = pl.int_range(records.height, dtype=pl.UInt32, eager=True).alias("row")
    columns = [records[RECORD_KEY], _names(records, mapping, side), row]
    for number, rule in enumerate(mapping.match):
        given = records[_column(records, rule, side)]
        columns.append(given.cast(pl.String).str.strip_chars().alias(f"given{number}"))
        key = comparable(given)
        columns += [key.alias(f"key{number}"), (key.is_unique() & key.is_not_null()).alias(f"once{number}")]
    return pl.DataFrame(columns)


def field_of(rule: MatchRule, side: str) -> str:
    """Return the field that a rule looks at on one side."""
    return rule.here if side == "here" else rule.there


def _column(records: pl.DataFrame, rule: MatchRule, side: str) -> str:
    wanted = field_of(rule, side)
    if wanted in records.columns:
        return wanted
    if wanted == SALESFORCE_ID and side == "there":
        return RECORD_KEY
    where = "The records here" if side == "here" else "The records read from Salesforce"
    raise NotFoundError(
        f'{where} have no "{wanted}", which the match rule "{rule}" compares.',
        hint=f"They have: {', '.join(records.columns)}. Mend the rule, or pull again if the field is new.",
    )


def _names(records: pl.DataFrame, mapping: ObjectMapping, side: str) -> pl.Series:
    mapped = [field.here for field in mapping.fields if field.there == mapping.name]
    candidates = [*mapped, "name"] if side == "here" else [mapping.name]
    column = next((name for name in candidates if name in records.columns), None)
    if column is None:
        return pl.repeat(None, records.height, dtype=pl.String, eager=True).alias("name")
    return records[column].cast(pl.String).alias("name")
