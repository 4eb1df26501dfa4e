"""Values that travel as they change: a plan and a commit for just the records that changed, or that somebody looks at.

Both are of the same making as any other commit: conflicts wait for a person, what moved is held, everything is in the
journal, and what was written is said in words.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import polars as pl

from toolkit.config.models import Settings
from toolkit.frames import DECISIONS, RECORD_KEY
from toolkit.salesforce import Org
from toolkit.store import Store
from toolkit.writeback.committing.commit import Commit, commit
from toolkit.writeback.planning.approving import expires_at
from toolkit.writeback.planning.lookups import looked_up
from toolkit.writeback.planning.plan import Plan, make_plan
from toolkit.writeback.planning.sides import CHANGED_AT, Sides

NAMED = 5
"""Values that the words name; the journal has them all."""


@dataclass(frozen=True, eq=False)
class Synced:
    """What became of a sync at once: its plan, its commit (None when there was nothing to write), and the words."""

    plan: Plan
    commit: Commit | None
    said: str


def changed_ids(before: pl.DataFrame | None, after: pl.DataFrame) -> set[str]:
    """Return the ids of the wide records that are new, or hold other values than before. Pure."""
    columns = [name for name in after.columns if name != CHANGED_AT]
    if before is None or [name for name in before.columns if name != CHANGED_AT] != columns:
        return set(after[RECORD_KEY])
    comparable = before.select(pl.col(name).cast(after.schema[name], strict=False) for name in columns)
    return set(after.join(comparable, on=columns, how="anti", nulls_equal=True)[RECORD_KEY])


def changed_here(before: Sequence[Sides], after: Sequence[Sides]) -> dict[str, set[str]]:
    """Return, by object, the ids here of the records that changed on either side between two readings (CSU-2). Pure."""
    old = {sides.object: sides for sides in before}
    found = {}
    for sides in after:
        was = old.get(sides.object)
        there = changed_ids(was.there if was else None, sides.there)
        mine = (pl.col("object") == sides.object) & pl.col("there_id").is_in(list(there))
        linked = set(sides.links.filter(mine)["here_id"])
        found[sides.object] = linked | changed_ids(was.here if was else None, sides.here)
    return found


def sync_records(
    objects: Sequence[Sides],
    here_ids: Mapping[str, set[str]],
    org: Org,
    store: Store,
    settings: Settings,
    *,
    now: datetime,
    org_name: str = "",
    parent: str | None = None,
    mismatches: pl.DataFrame | None = None,
    purpose: str = "sync",
    person: str = "",
    read_again: bool = True,
) -> Synced:
    """Bring both sides of just these records into agreement, at once, and say what was written (CSU-2).

    `objects` are all sides as they are kept, `here_ids` the records by object. They are read again first, a call for
    every 2,000 of each object, unless they were pulled just now; what is written is looked at again in any case. With
    `mismatches` records are created there too, as in any plan. What people decided about these records is carried out.
    `purpose` and `person` are told of the plan. Raises what planning and committing raise.
    """
    fresh = list(objects)
    if read_again:
        fresh = [_read_again(sides, here_ids.get(sides.object, set()), org, store) for sides in objects]
    only = [_only(sides, here_ids.get(sides.object, set())) for sides in fresh]
    plan = make_plan(
        looked_up(org, only, mismatches),
        org_id=org.org_id,
        org_name=org_name,
        created_at=now,
        parent=parent,
        writeback=settings.writeback,
        calls_left=org.budget.left,
        mismatches=None if mismatches is None else _of_these(mismatches, here_ids),
        journal=store.journal(),
        decisions=store.read(DECISIONS),
    )
    if not plan.writes:
        return Synced(plan, None, _said(plan, None))
    plan = replace(plan, purpose=purpose, made_by=person, expires_at=expires_at(now, settings.writeback))
    store.save_plan(plan.meta(), plan.changes)
    typed = settings.writeback.production
    done = commit(plan, plan.digest, org, store, settings, objects=fresh, now=now, org_name=typed)
    return Synced(plan, done, _said(plan, done))


def sync_on_view(
    objects: Sequence[Sides],
    object_name: str,
    here_id: str,
    org: Org,
    store: Store,
    settings: Settings,
    *,
    now: datetime,
    org_name: str = "",
    parent: str | None = None,
    person: str = "",
) -> Synced | None:
    """Sync one record because somebody looks at it (CSU-5), or do nothing and return None: the setting is off.

    It is off unless the mapping file says ``sync_on_view = true`` under ``[writeback]``: looking should not write.
    """
    if not settings.writeback.sync_on_view:
        return None
    these = {object_name: {here_id}}
    return sync_records(
        objects, these, org, store, settings, now=now, org_name=org_name, parent=parent, purpose="view", person=person
    )


def _read_again(sides: Sides, ids: set[str], org: Org, store: Store) -> Sides:
    """The sides with what Salesforce holds now of these records; what is gone is left to the next pull."""
    there_ids = _links(sides, ids)["there_id"]
    known = there_ids.filter(there_ids.is_in(sides.there[RECORD_KEY].implode()))
    if known.is_empty():
        return sides
    columns = [name for name in sides.there.columns if name != RECORD_KEY]
    read = org.by_ids(sides.mapping.sobject, known.sort(), ["Id", *columns]).rename({"Id": RECORD_KEY})
    new = read.select(pl.col(name).cast(dtype) for name, dtype in sides.there.schema.items())
    others = sides.there.join(new, on=RECORD_KEY, how="anti")
    there = pl.concat([others, new]).sort(RECORD_KEY)
    if not there.equals(sides.there):
        store.save_records("there", sides.object, there)
    return replace(sides, there=there)


def _only(sides: Sides, ids: set[str]) -> Sides:
    links = sides.links.filter((pl.col("object") != sides.object) | pl.col("here_id").is_in(list(ids)))
    return replace(sides, links=links if ids else sides.links.filter(pl.col("object") != sides.object))


def _links(sides: Sides, ids: set[str]) -> pl.DataFrame:
    return sides.links.filter((pl.col("object") == sides.object) & pl.col("here_id").is_in(list(ids)))


def _of_these(mismatches: pl.DataFrame, here_ids: Mapping[str, set[str]]) -> pl.DataFrame:
    wanted = [pl.lit(value=False)]
    for name, ids in here_ids.items():
        wanted.append((pl.col("object") == name) & pl.col("id").is_in(list(ids)))
    return mismatches.filter(pl.any_horizontal(wanted))


def _said(plan: Plan, done: Commit | None) -> str:
    """What was written, where, and what waits for a person, in one sentence each."""
    if done is None:
        words = ["Nothing to write."]
    else:
        written = done.results.filter(pl.col("state") == "written")
        places = [("there", "in Salesforce"), ("here", "here")]
        counts = [(written.filter(pl.col("side") == side).height, where) for side, where in places]
        told = " and ".join(f"{_values(count)} {where}" for count, where in counts if count) or "nothing"
        value = pl.concat_str(
            pl.coalesce("name", "here_id"), pl.lit(": "), "field", pl.lit(" = "), pl.col("after").fill_null("nothing")
        )
        named = written.select(value).to_series().head(NAMED).to_list()
        more = f"; and {written.height - NAMED:,} more" if written.height > NAMED else ""
        listed = f": {'; '.join(named)}{more}" if named else ""
        words = [f"Wrote {told}{listed}."]
        if done.held or done.failed:
            words.append(f"{_values(done.held + done.failed)} not written; see commit {done.commit_id}.")
    waiting = plan.changes.height - plan.writes
    if waiting:
        words.append(f"{_values(waiting)} {'wait' if waiting > 1 else 'waits'} for a person.")
    return " ".join(words)


def _values(count: int) -> str:
    return f"{count:,} value{'s' if count != 1 else ''}"
