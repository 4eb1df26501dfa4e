"""The two sides of one object, put beside each other: what a merge looks at.

Shapes and the text form of a side's values; nothing is decided here.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from toolkit.config.objects import FieldMapping, ObjectMapping
from toolkit.errors import NotFoundError, StepMissingError
from toolkit.frames import RECORD_KEY
from toolkit.salesforce.describe import FieldDescribe, ObjectDescribe
from toolkit.values import to_text


@dataclass(frozen=True)
class Sides:
    """One object with everything a plan is made from.

    ``here`` and ``there`` are wide records keyed by ``id``; ``base`` is what `toolkit.writeback.merge.new_base`
    returned last, None before that.
    """

    object: str
    mapping: ObjectMapping
    describe: ObjectDescribe
    links: pl.DataFrame
    here: pl.DataFrame
    there: pl.DataFrame
    base: pl.DataFrame | None = None

    @cached_property
    def fields(self) -> Mapping[str, FieldDescribe]:
        """The Salesforce field of every mapped path that exists for this user."""
        return described(self.mapping, self.describe)


def described(mapping: ObjectMapping, describe: ObjectDescribe) -> dict[str, FieldDescribe]:
    """Return the Salesforce field of every mapped path; paths that do not exist for this user are left out."""
    found = {}
    for field in mapping.fields:
        with suppress(NotFoundError):
            found[field.there] = describe.field(field.there)
    return found


HERE, THERE, BASE = "here:", "there:", "base:"
PAIR = "{} = {}"
"""How a pair of fields is called, here before there."""


def pair(field: FieldMapping) -> str:
    """Return the name of a mapped pair of fields, which is its column in the base: ``stage = CS_Stage__c``."""
    return PAIR.format(field.here, field.there)


def side_by_side(sides: Sides, fields: tuple[FieldMapping, ...]) -> pl.DataFrame:
    """Return one row a link: here_id, there_id, name, and for each field ``here:``, ``there:`` and ``base:`` columns.

    Links whose record is not among the records of either side are left out. Raises StepMissingError when a column that
    would be written elsewhere was never computed or pulled: a missing column must not read as empty values.
    """
    here, there = _here_columns(sides, fields), _there_columns(sides, fields)
    links = sides.links.filter(pl.col("object") == sides.object).select("here_id", "there_id")
    joined = links.join(here, on="here_id", how="inner").join(there, on="there_id", how="inner")
    known = [pair(each) for each in fields if sides.base is not None and pair(each) in sides.base.columns]
    if sides.base is not None:
        base = sides.base.select(pl.col(RECORD_KEY).alias("there_id"), "here_id", pl.col(known).name.prefix(BASE))
        joined = joined.join(base, on=["there_id", "here_id"], how="left")
    never = [pl.lit(None, dtype=pl.String).alias(BASE + pair(each)) for each in fields if pair(each) not in known]
    return joined.with_columns(never)


def _here_columns(sides: Sides, fields: tuple[FieldMapping, ...]) -> pl.DataFrame:
    names = dict.fromkeys(each.here for each in fields)
    missing = [name for name in names if name not in sides.here.columns]
    sent = [each.here for each in fields if each.here in missing and each.direction == "output"]
    if sent:
        raise StepMissingError(
            f"{sides.object}: {', '.join(sent)} has no values here yet.",
            hint="Load the sources and run the health score before planning; then plan again.",
        )
    empty = [pl.lit(None, dtype=pl.String).alias(HERE + name) for name in missing]
    present = [pl.col(name).alias(HERE + name) for name in names if name not in missing]
    return sides.here.select(pl.col(RECORD_KEY).alias("here_id"), *present, *empty)


def _there_columns(sides: Sides, fields: tuple[FieldMapping, ...]) -> pl.DataFrame:
    paths = dict.fromkeys(each.there for each in fields)
    missing = [path for path in paths if path not in sides.there.columns]
    if missing:
        raise StepMissingError(
            f"{sides.object}: {', '.join(missing)} was not pulled from Salesforce yet.",
            hint="Pull again, so that the records hold every mapped field; then plan again.",
        )
    name = sides.mapping.name
    shown = pl.col(name).cast(pl.String) if name in sides.there.columns else pl.lit(None, dtype=pl.String)
    columns = [pl.col(path).alias(THERE + path) for path in paths]
    return sides.there.select(pl.col(RECORD_KEY).alias("there_id"), shown.alias("name"), *columns)


def text_sides(joined: pl.DataFrame, field: FieldMapping, facts: FieldDescribe) -> tuple[pl.Expr, pl.Expr]:
    """Return the canonical text of a field here and there, as expressions over `side_by_side`."""
    here, there = HERE + field.here, THERE + field.there
    schema = joined.schema
    return (
        to_text(pl.col(here), schema[here], facts.type, facts.scale),
        to_text(pl.col(there), schema[there], facts.type, facts.scale),
    )
