"""Asks the org what a merge, or a deletion, needs to know of its records, and makes the plan."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

import polars as pl

from toolkit.compounds import COMPOUND_TYPES
from toolkit.errors import NotFoundError
from toolkit.frames import CHANGES, RECORD_KEY
from toolkit.salesforce import Org
from toolkit.writeback.planning.merge import MERGED_COLUMNS
from toolkit.writeback.planning.plan import Plan, seal
from toolkit.writeback.planning.sides import Sides
from toolkit.writeback.restructuring.deleting import delete_findings, deletions_here, deletions_there
from toolkit.writeback.restructuring.merging import (
    Merging,
    Survivor,
    SurvivorRule,
    checked,
    merge_findings,
    merge_rows,
    survivor_of,
)
from toolkit.writeback.undoing.hanging import DEPENDENTS, dependents
from toolkit.writeback.undoing.uncreating import STAMP


def plan_merges(
    org: Org,
    objects: Sequence[Sides],
    object_name: str,
    merges: Iterable[Merging],
    *,
    org_name: str,
    created_at: datetime,
    parent: str | None,
    bulk_from: int,
) -> Plan:
    """Return the plan of merges of one object. Costs a read, and one for each way in which others belong to records.

    Raises InputError for a merge that Salesforce does not know, NotFoundError when a record is gone.
    """
    sides = _of(objects, object_name)
    wanted = checked(merges, sides)
    ids = pl.Series(sorted({one for each in wanted for one in (each.survivor_id, *each.loser_ids)}), dtype=pl.String)
    losers = pl.Series(sorted({one for each in wanted for one in each.loser_ids}), dtype=pl.String)
    fields = sorted({sides.describe.path(name) for each in wanted for name in each.fields})
    spelled = [replace(each, fields={sides.describe.path(name): loser for name, loser in each.fields.items()})
               for each in wanted]  # fmt: skip
    now = _read(org, sides, ids, fields)
    hanging = dependents(org, sides.describe, losers, [each.describe for each in objects])
    rows = merge_rows(sides, spelled, now, hanging)
    going = pl.col(RECORD_KEY).is_in(losers.implode())
    return seal(
        rows,
        [replace(sides, there=sides.there.filter(~going))],  # what is unique is free once the loser is gone
        org_id=org.org_id,
        org_name=org_name,
        created_at=created_at,
        parent=parent,
        bulk_from=bulk_from,
        calls_left=org.budget.left,
        findings=merge_findings(sides, rows),
    )


def choose_survivor(
    org: Org, objects: Sequence[Sides], object_name: str, ids: Sequence[str], rule: SurvivorRule
) -> Survivor:
    """Return which of these records of Salesforce should survive a merge. Raises NotFoundError when one is gone."""
    sides = _of(objects, object_name)
    asked = pl.Series(sorted(set(ids)), dtype=pl.String)
    plain = [each.name for each in sides.describe.fields.values()
             if each.updateable and each.type not in COMPOUND_TYPES]  # fmt: skip
    fields = plain if rule == "most_filled" else []
    now = _read(org, sides, asked, [*fields, "CreatedDate"])
    if now.height < asked.len():
        raise NotFoundError("One of these records is deleted, merged already, or not visible.", hint="Pull and match.")
    hanging = (
        dependents(org, sides.describe, asked, [each.describe for each in objects])
        if rule == "most_children"
        else pl.DataFrame(schema=DEPENDENTS)
    )
    created = now.select(RECORD_KEY, created="CreatedDate")
    return survivor_of(sides, now.drop("CreatedDate", STAMP), created, hanging, rule)


def plan_delete(
    org: Org,
    objects: Sequence[Sides],
    object_name: str,
    here_ids: Sequence[str],
    *,
    side: str,
    cascade: bool,
    org_name: str,
    created_at: datetime,
    parent: str | None,
    bulk_from: int,
) -> Plan:
    """Return the plan that deletes records, by their ids here, on one side or on both. Costs what `plan_merges` does.

    Raises NotFoundError for an id that is neither among the records here nor linked.
    """
    sides = _of(objects, object_name)
    links = sides.links.filter(pl.col("object") == sides.object)
    ids = pl.Series(list(dict.fromkeys(here_ids)), dtype=pl.String)
    unknown = sorted(set(ids) - set(sides.here[RECORD_KEY]) - set(links["here_id"]))
    if unknown:
        raise NotFoundError(
            f"There is no {object_name} {', '.join(unknown[:5])} here.", hint="Ids are those of the records here."
        )
    parts = [CHANGES.empty().select(MERGED_COLUMNS)]
    if side in ("there", "both"):
        there_ids = links.filter(pl.col("here_id").is_in(ids.implode()))["there_id"].sort()
        now = _read(org, sides, there_ids, [])
        hanging = dependents(org, sides.describe, there_ids, [each.describe for each in objects])
        parts.append(deletions_there(sides, ids, now, hanging, cascade=cascade))
    if side in ("here", "both"):
        parts.append(deletions_here(sides, ids, parts[-1]))
    return seal(
        pl.concat(parts),
        objects,
        org_id=org.org_id,
        org_name=org_name,
        created_at=created_at,
        parent=parent,
        bulk_from=bulk_from,
        calls_left=org.budget.left,
        findings=delete_findings(sides, side),
    )


def _of(objects: Sequence[Sides], object_name: str) -> Sides:
    found = next((each for each in objects if each.object == object_name), None)
    if found is None:
        names = ", ".join(each.object for each in objects)
        raise NotFoundError(f"There are no records of {object_name}.", hint=f"There are records of {names}.")
    return found


def _read(org: Org, sides: Sides, ids: pl.Series, fields: Sequence[str]) -> pl.DataFrame:
    paths = list(dict.fromkeys(["Id", sides.describe.path(sides.mapping.name), *fields, STAMP]))
    return org.by_ids(sides.mapping.sobject, ids, paths).rename({"Id": RECORD_KEY})
