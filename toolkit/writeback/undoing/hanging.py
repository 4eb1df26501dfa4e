"""Which records hang on others: asked of the org, and told in words. What follows from it is decided elsewhere."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

import polars as pl

from toolkit.errors import NotFoundError
from toolkit.salesforce import ObjectDescribe, Org
from toolkit.salesforce.soql import in_lists, literal

USUAL = ("Contact", "Opportunity", "Case", "Contract", "Task", "Event")
"""Objects whose records belong to accounts and contacts, looked at whether or not they are mapped."""
IDS_PER_QUERY = 500
LONGEST_LIST = 80_000

DEPENDENTS = {
    "there_id": pl.String,
    "sobject": pl.String,
    "id": pl.String,
    "path": pl.String,
    "cascades": pl.Boolean,
    "restricts": pl.Boolean,
}
"""A record, and one that refers to it: of which object, its id, by which field, and what a deletion does to it."""
_NO_RECORDS = ("__Share", "__History", "__Feed", "__ChangeEvent", "__Tag")


@dataclass(frozen=True)
class _Way:
    describe: ObjectDescribe
    path: str
    cascades: bool
    restricts: bool


def dependents(org: Org, describe: ObjectDescribe, ids: pl.Series, mapped: Iterable[ObjectDescribe]) -> pl.DataFrame:
    """Return the records (`DEPENDENTS`) that refer to those with `ids`, of mapped, usual and custom objects.

    Costs a call for each way in which records may refer to them, and one for each object not described before.
    """
    parts = [pl.DataFrame(schema=DEPENDENTS)]
    for way in _ways(org, describe, mapped) if ids.len() else ():
        for chunk in in_lists(ids, LONGEST_LIST, IDS_PER_QUERY):
            found = org.records(way.describe.name, ["Id", way.path], f"{way.path} IN {literal(chunk)}")
            parts.append(
                found.select(
                    there_id=way.path,
                    sobject=pl.lit(way.describe.name),
                    id="Id",
                    path=pl.lit(way.path),
                    cascades=pl.lit(way.cascades),
                    restricts=pl.lit(way.restricts),
                )
            )
    return pl.concat(parts).sort("there_id", "sobject", "id", "path")


def counted(dependents: pl.DataFrame) -> pl.DataFrame:
    """Return how many records of which objects refer to each record, in words: there_id, said."""
    numbers = dependents.unique(["there_id", "sobject", "id"]).group_by("there_id", "sobject").len()
    texts = numbers.sort("there_id", "sobject").with_columns(text=pl.format("{} {}", "len", "sobject"))
    return texts.group_by("there_id", maintain_order=True).agg(said=pl.col("text").str.join(", "))


def _ways(org: Org, describe: ObjectDescribe, mapped: Iterable[ObjectDescribe]) -> Iterator[_Way]:
    """The fields by which records of other objects, or of this one, are given to belong to a record of `describe`."""
    children = {(each.sobject, each.field): each for each in describe.children}
    described = {each.name: each for each in (describe, *mapped)}
    custom = sorted({each.sobject for each in describe.children if each.sobject.endswith("__c")})
    for sobject in (*USUAL, *(each for each in custom if not each.endswith(_NO_RECORDS))):
        with suppress(NotFoundError):
            described.setdefault(sobject, org.describe(sobject))
    for child in described.values():
        for field in child.fields.values():
            if field.type == "reference" and field.createable and describe.name in field.reference_to:
                known = children.get((child.name, field.name))
                yield _Way(child, field.name, bool(known and known.cascades), bool(known and known.restricts))
