"""The plan that takes a commit back: what Salesforce holds of it now is read again, for every object it wrote."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

import polars as pl

from toolkit.errors import NotFoundError
from toolkit.frames import RECORD_KEY
from toolkit.salesforce import ObjectDescribe, Org
from toolkit.store import Store
from toolkit.values import to_text
from toolkit.writeback.committing.guarding import refuse_unsynced
from toolkit.writeback.committing.sending import read_again
from toolkit.writeback.committing.settling import ALREADY
from toolkit.writeback.planning.lookups import with_lookups
from toolkit.writeback.planning.operations import CHANGING, CREATE, DELETE, UNDELETE
from toolkit.writeback.planning.plan import Plan, seal
from toolkit.writeback.planning.sides import Sides
from toolkit.writeback.undoing.hanging import dependents
from toolkit.writeback.undoing.selecting import selected
from toolkit.writeback.undoing.uncreating import CHANGED_BY, HANGING, STAMP
from toolkit.writeback.undoing.uncreating_fields import uncreated_fields
from toolkit.writeback.undoing.undeleting import FATES
from toolkit.writeback.undoing.undeleting_run import fates_of
from toolkit.writeback.undoing.undo import undo_plan


def plan_undo(
    commit_id: str,
    org: Org,
    store: Store,
    *,
    objects: Sequence[Sides],
    seqs: Collection[int] | None = None,
    only: Collection[str] | None = None,
    fields: Collection[str] | None = None,
    records: Collection[str] | None = None,
    org_id: str | None = None,
    org_name: str,
    created_at: datetime,
    parent: str | None,
    bulk_from: int,
    calls_left: int | None = None,
) -> Plan:
    """Return the plan that takes back a commit, or a part of it, where both sides still hold what it wrote (BEY-5).

    What it changed gets its old value back; what it created is deleted, what it deleted comes back. `seqs`, `only`
    (objects), `fields` and `records` name a part, see `undoing.selecting`. Costs a call for every 2,000
    records of each object, one for each way in which other records may belong to what was created, and a few for
    fields. Raises NotFoundError when there is no such commit, InputError when there is no such part, PlanError when it
    is of an object that is not synced any more.
    """
    everything = store.journal()
    journal = selected(store.journal(commit_id), seqs=seqs, objects=only, fields=fields, records=records)
    refuse_unsynced(journal, objects, f"What to take back of commit {commit_id}")
    now = [_as_it_is(org, sides, journal.filter(pl.col("object") == sides.object)) for sides in objects]
    changes = undo_plan(
        journal,
        now,
        hanging=_hanging(org, objects, journal),
        user_id=org.user_id,
        fates=_fates(org, objects, journal),
        restored=_restored(org, objects, journal),
    )
    done = journal.filter((pl.col("state") == "written") & pl.col("code").ne_missing(ALREADY))
    of_fields = [uncreated_fields(org, done, everything, sides) for sides in objects]
    changes = pl.concat([changes, *(part.select(changes.columns) for part in of_fields)])
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
    records = written.filter(pl.col("operation").is_in([*CHANGING, CREATE]))
    ids = records["there_id"].drop_nulls().unique().sort()
    if ids.is_empty():
        return sides
    there = pl.when(pl.col("side") == "there").then("field").otherwise("partner")
    fields = {sides.reads(path) for path in records.select(there).to_series().drop_nulls()}
    paths = {path for path in (*fields, sides.mapping.name) if _exists(sides.describe, path)}
    created = records.filter((pl.col("operation") == CREATE) & (pl.col("side") == "there")).height
    fresh, _ = read_again(org, sides.mapping.sobject, ids, sorted({*paths, *([STAMP, CHANGED_BY] if created else [])}))
    return replace(sides, there=fresh.rename({"Id": RECORD_KEY}))


def _hanging(org: Org, objects: Sequence[Sides], journal: pl.DataFrame) -> pl.DataFrame:
    """What refers to the records that were created (`HANGING`): records of every mapped object, and of usual ones."""
    made = _written_there(journal, CREATE)
    parts = [pl.DataFrame(schema=HANGING)]
    for sides in objects:
        ids = made.filter(pl.col("object") == sides.object)["there_id"].drop_nulls().unique().sort()
        if ids.len():
            found = dependents(org, sides.describe, ids, [each.describe for each in objects])
            parts.append(found.select(list(HANGING)))
    return pl.concat(parts).sort("there_id", "sobject", "id")


def _fates(org: Org, objects: Sequence[Sides], journal: pl.DataFrame) -> pl.DataFrame:
    """What became of the records that were deleted (`FATES`)."""
    gone = _written_there(journal, DELETE)
    parts = [pl.DataFrame(schema=FATES)]
    for sides in objects:
        ids = gone.filter(pl.col("object") == sides.object)["there_id"].drop_nulls().unique().sort()
        parts.append(fates_of(org, sides.mapping.sobject, ids.to_list()))
    return pl.concat(parts)


def _restored(org: Org, objects: Sequence[Sides], journal: pl.DataFrame) -> pl.DataFrame:
    """The records that were taken out of the bin, as `deleted_again` wants them."""
    back = _written_there(journal, UNDELETE)
    parts = [pl.DataFrame(schema={"there_id": pl.String, STAMP: pl.String, CHANGED_BY: pl.String})]
    for sides in objects:
        ids = back.filter(pl.col("object") == sides.object)["there_id"].drop_nulls().unique().sort()
        if ids.len():
            now = org.by_ids(sides.mapping.sobject, ids, ["Id", STAMP, CHANGED_BY])
            stamp = to_text(pl.col(STAMP), now.schema[STAMP], "datetime")
            parts.append(now.select(there_id="Id", **{STAMP: stamp, CHANGED_BY: pl.col(CHANGED_BY)}))
    return pl.concat(parts)


def _written_there(journal: pl.DataFrame, operation: str) -> pl.DataFrame:
    written = (pl.col("side") == "there") & (pl.col("state") == "written")
    return journal.filter(written & (pl.col("operation") == operation))


def _exists(describe: ObjectDescribe, path: str) -> bool:
    try:
        describe.field(path)
    except NotFoundError:
        return False
    return True
