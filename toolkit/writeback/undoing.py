"""The plan that takes a commit back: what Salesforce holds of it now is read again, for every object it wrote."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

import polars as pl

from toolkit.errors import NotFoundError
from toolkit.frames import RECORD_KEY
from toolkit.salesforce import ObjectDescribe, Org
from toolkit.salesforce.soql import in_lists, literal
from toolkit.store import Store
from toolkit.writeback.lookups import with_lookups
from toolkit.writeback.operations import CREATE
from toolkit.writeback.plan import Plan, seal
from toolkit.writeback.sending import read_again
from toolkit.writeback.sides import Sides
from toolkit.writeback.uncreating import CHANGED_BY, HANGING, STAMP
from toolkit.writeback.undo import undo_plan

CHILDREN = ("Contact", "Opportunity", "Case", "Contract", "Task", "Event")
"""Objects whose records belong to accounts and contacts, looked at whether or not they are mapped."""
IDS_PER_QUERY = 500
LONGEST_LIST = 80_000


def plan_undo(
    commit_id: str,
    org: Org,
    store: Store,
    *,
    objects: Sequence[Sides],
    org_id: str | None = None,
    org_name: str,
    created_at: datetime,
    parent: str | None,
    bulk_from: int,
    calls_left: int | None = None,
) -> Plan:
    """Return the plan that takes back a commit, where both sides still hold what it wrote (BEY-5).

    What it changed gets its old value back; what it created is deleted. Costs a call for every 2,000 records of each
    object, and one for each way in which other records may belong to what was created. Raises NotFoundError when there
    is no such commit.
    """
    journal = store.journal(commit_id)
    now = [_as_it_is(org, sides, journal.filter(pl.col("object") == sides.object)) for sides in objects]
    changes = undo_plan(journal, now, hanging=_hanging(org, objects, journal), user_id=org.user_id)
    return seal(
        changes,
        [with_lookups(org, sides, changes) for sides in now],
        org_id=org_id or org.org_id,
        org_name=org_name,
        created_at=created_at,
        parent=parent,
        bulk_from=bulk_from,
        calls_left=calls_left,
    )


def _as_it_is(org: Org, sides: Sides, written: pl.DataFrame) -> Sides:
    """The sides with what Salesforce holds now of the records and fields that were written."""
    ids = written["there_id"].drop_nulls().unique().sort()
    if ids.is_empty():
        return sides
    there = pl.when(pl.col("side") == "there").then("field").otherwise("partner")
    fields = {sides.reads(path) for path in written.select(there).to_series().drop_nulls()}
    paths = {path for path in (*fields, sides.mapping.name) if _exists(sides.describe, path)}
    created = written.filter((pl.col("operation") == CREATE) & (pl.col("side") == "there")).height
    fresh, _ = read_again(org, sides.mapping.sobject, ids, sorted({*paths, *([STAMP, CHANGED_BY] if created else [])}))
    return replace(sides, there=fresh.rename({"Id": RECORD_KEY}))


def _hanging(org: Org, objects: Sequence[Sides], journal: pl.DataFrame) -> pl.DataFrame:
    """What refers to the records that were created (`HANGING`): records of every mapped object, and of usual ones."""
    made = journal.filter(
        (pl.col("operation") == CREATE) & (pl.col("side") == "there") & (pl.col("state") == "written")
    )
    describes = {sides.describe.name: sides.describe for sides in objects}
    for sobject in CHILDREN:
        with suppress(NotFoundError):
            describes.setdefault(sobject, org.describe(sobject))
    parts = [pl.DataFrame(schema=HANGING)]
    for sides in objects:
        ids = made.filter(pl.col("object") == sides.object)["there_id"].drop_nulls().unique().sort()
        for describe in describes.values() if ids.len() else ():
            parts += [_referring(org, describe.name, path, ids) for path in _paths_to(describe, sides.describe.name)]
    return pl.concat(parts).sort("there_id", "sobject", "id")


def _paths_to(describe: ObjectDescribe, sobject: str) -> list[str]:
    """The fields of another object that a record is given to belong to a record of `sobject`."""
    fields = [each for each in describe.fields.values() if each.type == "reference" and each.createable]
    return [each.name for each in fields if sobject in each.reference_to and describe.name != sobject]


def _referring(org: Org, sobject: str, path: str, ids: pl.Series) -> pl.DataFrame:
    parts = [pl.DataFrame(schema=HANGING)]
    for chunk in in_lists(ids, LONGEST_LIST, IDS_PER_QUERY):
        found = org.records(sobject, ["Id", path], f"{path} IN {literal(chunk)}")
        parts.append(found.select(there_id=path, sobject=pl.lit(sobject), id="Id"))
    return pl.concat(parts)


def _exists(describe: ObjectDescribe, path: str) -> bool:
    try:
        describe.field(path)
    except NotFoundError:
        return False
    return True
