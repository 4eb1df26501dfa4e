"""The store brought up to date after a commit: new records are read again, deleted ones go, the rest as it was written.

What cannot be read at that moment is left to the next pull, which brings it with everything else that changed.
"""

from dataclasses import replace

import polars as pl

from toolkit.errors import SalesforceError
from toolkit.frames import LINKS, RECORD_KEY
from toolkit.importing.judging import THERE_ID
from toolkit.salesforce import Org
from toolkit.store import Store
from toolkit.writeback.committing.records import refresh, with_agreed, with_values
from toolkit.writeback.committing.settling import ALREADY
from toolkit.writeback.planning.operations import CHANGING, CREATE, CREATE_FIELD, DELETE, FIELDS, MERGE, UNDELETE
from toolkit.writeback.planning.sides import PAIR, Sides, pair


def bring_up_to_date(
    org: Org, store: Store, sides: Sides, journal: pl.DataFrame, now: pl.DataFrame | None = None
) -> None:
    """Bring the kept records, and the base of the next merge, up to date with journal rows that were settled just now.

    `now` is what Salesforce held for changed records afterwards, where that was read, see `refresh`.
    """
    there_rows = journal.filter((pl.col("side") == "there") & (pl.col("state") == "written"))
    _forget_what_new_fields_held(store, sides, there_rows)
    of_records = journal.filter(~pl.col("operation").is_in(FIELDS))
    if of_records.is_empty() and (journal.height or store.records("there", sides.object) is None):
        return  # no record is touched, or none of this object was ever read
    made = there_rows.filter(pl.col("operation").is_in([CREATE, UNDELETE]))
    gone = there_rows.filter(pl.col("operation").is_in([DELETE, MERGE]))
    current = replace(sides, links=store.read(LINKS)) if made.height or gone.height else sides
    if gone.height:
        current = _without(current, gone["there_id"])
        store.save_records("there", sides.object, current.there)
    if made.height:
        current = _with_new(org, current, made)
        store.save_records("there", sides.object, current.there)
    current = _with_taken(store, current, there_rows)
    survivors = gone.filter(pl.col("operation") == MERGE)["after"].unique().sort()
    if survivors.len():
        current = _read_anew(org, current, survivors)
        store.save_records("there", sides.object, current.there)
    _name_partners(store, sides.object, made, gone)
    changed = _of_pairs(journal.filter(pl.col("operation").is_in(CHANGING) & pl.col("there_id").is_not_null()))
    refresh(store, current, _each_pair_once(changed), None if now is None else _of_pairs(now))


def _with_taken(store: Store, sides: Sides, written: pl.DataFrame) -> Sides:
    """The sides with values that a merge took over, or gave back, in Salesforce alone: no pair of fields tells them."""
    taken = pl.col("operation").is_in(CHANGING) & pl.col("partner").is_null()
    rows = written.filter(taken & pl.col("field").is_in(sides.there.columns))
    if rows.is_empty():
        return sides
    cells = rows.select(pl.col("there_id").alias(RECORD_KEY), "field", "type", value="after")
    there = with_values(sides.there, cells)
    store.save_records("there", sides.object, there)
    return replace(sides, there=there)


def _forget_what_new_fields_held(store: Store, sides: Sides, written: pl.DataFrame) -> None:
    """Forget what an earlier field of the same name held: that the new one is empty is nobody's change.

    The values here would be cleared otherwise. The next pull reads the field of all records.
    """
    was_there = pl.col("code").eq_missing(pl.lit(ALREADY))
    made = written.filter((pl.col("operation") == CREATE_FIELD) & ~was_there)["field"].to_list()
    there, base = store.records("there", sides.object), store.records("base", sides.object)
    for name in made:
        if there is not None:
            there = there.drop(name, sides.reads(name), strict=False)
        if base is not None:
            base = base.drop(each for each in base.columns if each.endswith(PAIR.format("", name)))
    if made and there is not None:
        store.save_records("there", sides.object, there)
    if made and base is not None:
        store.save_records("base", sides.object, base)


def _name_partners(store: Store, object_name: str, made: pl.DataFrame, gone: pl.DataFrame) -> None:
    """Note on the records here which record there is theirs, so that it is known again when it comes back into view."""
    if made.is_empty() and gone.is_empty():
        return
    linked = store.read(LINKS).filter(pl.col("object") == object_name).select("here_id", value="there_id")
    left = gone.select("here_id").drop_nulls().join(linked, on="here_id", how="left")  # a survivor inherits its link
    cells = pl.concat([left, made.select("here_id", value="there_id").drop_nulls("here_id")])
    here = store.records("here", object_name)
    if here is None or cells.is_empty():
        return
    cells = cells.rename({"here_id": RECORD_KEY}).unique(RECORD_KEY, keep="last", maintain_order=True)
    named = with_values(here, cells.with_columns(field=pl.lit(THERE_ID), type=pl.lit("string")))
    store.save_records("here", object_name, named)


def _of_pairs(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows of mapped pairs of fields; values that a merge took over are of Salesforce alone."""
    return rows.filter(pl.col("partner").is_not_null())


def _each_pair_once(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows without those here of an edit that is written there as well: both say what was agreed on."""
    there = rows.filter(pl.col("side") == "there")
    both = there.select("object", "here_id", field="partner", partner="field", side=pl.lit("here"))
    return rows.join(both, on=["object", "here_id", "field", "partner", "side"], how="anti", maintain_order="left")


def _without(sides: Sides, ids: pl.Series) -> Sides:
    """The sides without some records there. What was agreed of them stays known: out of the bin they go on with it."""
    return replace(sides, there=sides.there.filter(~pl.col(RECORD_KEY).is_in(ids.implode())))


def _with_new(org: Org, sides: Sides, made: pl.DataFrame) -> Sides:
    """The sides with the records that were created, as Salesforce holds them, and with what both sides agreed on."""
    mapped = {pair(field) for field in sides.mapping.fields}
    agreed = made.filter(pl.format("{} = {}", "partner", "field").is_in(mapped))
    return _read_anew(org, replace(sides, base=with_agreed(sides.base, agreed)), made["there_id"].unique().sort())


def _read_anew(org: Org, sides: Sides, ids: pl.Series) -> Sides:
    """The sides with some records there as Salesforce holds them now, where it answers."""
    columns = [name for name in sides.there.columns if name != RECORD_KEY]
    try:
        read = org.by_ids(sides.mapping.sobject, ids, ["Id", *columns]).rename({"Id": RECORD_KEY})
    except SalesforceError:
        return sides
    new = read.select(pl.col(name).cast(dtype) for name, dtype in sides.there.schema.items())
    others = sides.there.filter(~pl.col(RECORD_KEY).is_in(ids.implode()))
    return replace(sides, there=pl.concat([others, new]).sort(RECORD_KEY))
