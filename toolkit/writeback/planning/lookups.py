"""Asks the org which records references that are kept by a value mean: one query for every few hundred values.

Only values that a plan or a commit is about to write are asked for; what they mean says `planning.references`.
"""

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from toolkit.errors import NotFoundError
from toolkit.salesforce import FieldDescribe, Org
from toolkit.salesforce.describe import MOST_TARGETS
from toolkit.salesforce.soql import literal
from toolkit.values import INTEGER_TYPES, NUMBER_TYPES, to_text
from toolkit.writeback.planning.creating import Known, cells_of, lacking
from toolkit.writeback.planning.operations import FIELDS
from toolkit.writeback.planning.references import LOOKUP, kept_by_value, wanted
from toolkit.writeback.planning.sides import Sides

VALUES_PER_QUERY = 200
"""Values asked for in one query, each of which several records may have."""


def with_lookups(org: Org, sides: Sides, rows: pl.DataFrame | None = None) -> Sides:
    """Return `sides` with the records that its references kept by a value may mean.

    `rows` are the changes or the journal rows that are to be written; without them, it is what a plan may come to
    write. Costs nothing where no such field is written. Raises SalesforceError when the org refuses a query.
    """
    values = wanted(sides, None if rows is None else rows.filter(~pl.col("operation").is_in(FIELDS)))
    fields = {field.reads: field for field in kept_by_value(sides)}
    found = {path: pl.DataFrame(schema=LOOKUP) for path in fields}
    for path, asked in values.items():
        field = fields[path]
        targets = sides.describe.field(field.there).reference_to
        parts = [_of_object(org, target, str(field.by), asked) for target in targets[:MOST_TARGETS]]
        found[path] = pl.concat([found[path], *parts])
    return replace(sides, lookups={**sides.lookups, **found}) if found else sides


def _of_object(org: Org, sobject: str, by: str, values: pl.Series) -> pl.DataFrame:
    nobody = pl.DataFrame(schema=LOOKUP)
    try:
        facts = org.describe(sobject).field(by)
    except NotFoundError:  # a Group has no e-mail address; a user, whom the field may refer to as well, has one
        return nobody
    asked = _literals(values, facts)
    columns = ["Id", facts.name, *(["IsActive"] if sobject == "User" else [])]
    parts = [
        _shaped(org.records(sobject, columns, where=f"{facts.name} IN ({','.join(chunk)})"), sobject, facts)
        for start in range(0, len(asked), VALUES_PER_QUERY)
        for chunk in [asked[start : start + VALUES_PER_QUERY]]
    ]
    return pl.concat([nobody, *parts])


def _literals(values: pl.Series, facts: FieldDescribe) -> list[str]:
    if facts.type in NUMBER_TYPES | INTEGER_TYPES:
        return [literal(number) for number in values.cast(pl.Float64, strict=False).drop_nulls().drop_nans()]
    return [literal(value) for value in values]


def _shaped(records: pl.DataFrame, sobject: str, facts: FieldDescribe) -> pl.DataFrame:
    active = pl.col("IsActive") if "IsActive" in records.columns else pl.lit(value=True)
    value = to_text(pl.col(facts.name), records.schema[facts.name], facts.type, facts.scale)
    return records.select(value.alias("value"), pl.col("Id").alias("id"), object=pl.lit(sobject), active=active)


def looked_up(org: Org, objects: Sequence[Sides], mismatches: pl.DataFrame | None = None) -> list[Sides]:
    """Return the sides of a plan with what their references may mean, of linked records and of those it would create.

    `mismatches` (`MISMATCHES`) says which records have no partner. Costs what `with_lookups` costs, twice at most.
    """
    found, known = [], Known.of(objects)
    for sides in objects:
        ids = sides.here.clear()["id"] if mismatches is None else lacking(sides, mismatches)
        linked = with_lookups(org, sides)
        new = with_lookups(org, sides, cells_of(sides, ids, known, objects)[0]) if ids.len() else sides
        both = {
            path: pl.concat([linked.lookups.get(path, frame), frame]).unique(maintain_order=True)
            for path, frame in new.lookups.items()
        }
        found.append(replace(linked, lookups={**linked.lookups, **both}))
    return found
