"""Rules that go through contacts: whose e-mail address a contact of an account in Salesforce has, is that account's.

An account may have many contacts, and so many values on either side. Two accounts are candidates when they have a value
in common, and a pair when neither has another candidate (CC-11).
"""

from dataclasses import dataclass, field

import polars as pl

from toolkit.config.match_rules import MatchRule
from toolkit.config.objects import ObjectMapping
from toolkit.frames import RECORD_KEY, SIDES
from toolkit.matching.keys import column_of, operands
from toolkit.matching.normal import compared
from toolkit.values import to_18

VALUES = {"row": pl.UInt32, "given": pl.String, "key": pl.String}
"""One row a value of a record: its position in the side's frame, the value as written and as compared."""


@dataclass(frozen=True)
class Contacts:
    """The contacts of both sides, wide, and the column in which each names its account."""

    here: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema={RECORD_KEY: pl.String}))
    there: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema={RECORD_KEY: pl.String}))
    here_account: str = "account_id"
    there_account: str = "AccountId"


def values_of(records: pl.DataFrame, mapping: ObjectMapping, side: str, contacts: Contacts) -> dict[int, pl.DataFrame]:
    """Return, of each rule that goes through contacts, its values on one side (`VALUES`), each record's once."""
    return {
        number: _values(records, rule, side, contacts) for number, rule in enumerate(mapping.match) if rule.of_contacts
    }


def candidates(values: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Return here_row, there_row and a value in common (`key`) of all records that have one; each pair once."""
    shared = values["here"].join(values["there"], on="key", how="inner", suffix="_there")
    pairs = shared.select("key", here_row="row", there_row="row_there", here_given="given", there_given="given_there")
    return pairs.sort("here_row", "there_row", "key").unique(
        ["here_row", "there_row"], keep="first", maintain_order=True
    )


def only_ones(found: pl.DataFrame) -> pl.DataFrame:
    """Return the candidates of which neither side has another."""
    alone = [pl.len().over(f"{side}_row") == 1 for side in SIDES]
    return found.filter(pl.all_horizontal(alone))


def _values(records: pl.DataFrame, rule: MatchRule, side: str, contacts: Contacts) -> pl.DataFrame:
    operand = operands(rule, side)[0]
    row = pl.int_range(records.height, dtype=pl.UInt32, eager=True).alias("row")
    wanted = operand.of_contacts
    if wanted is None:
        given = records[column_of(records, operand.field, rule, side)]
        rows = pl.DataFrame(
            {"row": row, "given": given.cast(pl.String).str.strip_chars(), "key": compared(given, operand)}
        )
    else:
        people, account = (
            (contacts.here, contacts.here_account) if side == "here" else (contacts.there, contacts.there_account)
        )
        column = next((name for name in people.columns if name.lower() == wanted.lower()), None)
        if column is None or account not in people.columns:
            return pl.DataFrame(schema=VALUES)
        owner = people[account].cast(pl.String)
        owner = pl.select(to_18(pl.lit(owner))).to_series() if side == "there" and owner.len() else owner
        given = people[column].cast(pl.String).str.strip_chars()
        told = pl.DataFrame({"owner": owner, "given": given, "key": compared(people[column], operand)})
        rows = told.join(pl.DataFrame({"owner": records[RECORD_KEY], "row": row}), on="owner", how="inner")
    found = rows.select(pl.col(name).cast(dtype) for name, dtype in VALUES.items()).drop_nulls("key")
    return found.sort("row", "key", "given").unique(["row", "key"], keep="first", maintain_order=True)
