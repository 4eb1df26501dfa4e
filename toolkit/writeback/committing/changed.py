"""What Salesforce holds now of many records, for the price of those that changed since the last pull.

Every change moves a record's SystemModstamp, also its deletion. So of records that were pulled, only those stamped
since have to be read again: one call where nothing changed, instead of one for every 2,000 records.
"""

from datetime import datetime

import polars as pl

from toolkit.errors import NotFoundError, RequestError
from toolkit.frames import RECORD_KEY
from toolkit.pulling.preparing import OVERLAP
from toolkit.salesforce import Org
from toolkit.salesforce.query import Query
from toolkit.salesforce.soql import literal
from toolkit.writeback.planning.sides import CHANGED_AT, Sides, traced

DELETED = "IsDeleted"
MOST_OVER_REST = 10_000
"""More changed records than these five pages are read through Bulk, 100,000 a page."""


def as_they_are(
    org: Org, sides: Sides, ids: pl.Series, paths: list[str], since: datetime, over_rest: int = MOST_OVER_REST
) -> pl.DataFrame | None:
    """Return what Salesforce holds of records (Id and `paths`): as they were pulled, or as they are when they changed.

    `since` is the pull's watermark. Records that were deleted are not in it. None where that cannot be told: a path was
    not pulled, or is gone. Costs a call for 2,000 changed records, the first of which is spent in any case; of very
    many, a Bulk query.
    """
    if not traced([sides]) or set(paths) - set(sides.there.columns) or ids.is_empty():
        return None
    deletable = [DELETED] if DELETED in sides.describe.fields else []
    span = f"Id >= {literal(str(ids.min()))} AND Id <= {literal(str(ids.max()))}"
    where = f"{CHANGED_AT} >= {literal(since - OVERLAP)} AND {span}"
    try:
        changed = _changed(org, sides.mapping.sobject, ["Id", *deletable, *paths], where, over_rest)
    except (RequestError, NotFoundError):
        return None
    mine = sides.there.filter(pl.col(RECORD_KEY).is_in(ids.implode())).select(pl.col(RECORD_KEY).alias("Id"), *paths)
    same = mine.join(changed, on="Id", how="anti")
    left = changed.filter(~pl.col(DELETED)) if deletable else changed
    now = left.filter(pl.col("Id").is_in(ids.implode())).select("Id", *paths)
    return pl.concat([same, now.cast(same.schema)])


def _changed(org: Org, sobject: str, fields: list[str], where: str, over_rest: int) -> pl.DataFrame:
    """The records that changed, those in the recycle bin among them."""
    (first,) = org.ask(Query(sobject, tuple(fields), where, deleted_too=True))
    if first.total <= over_rest:
        return pl.concat([first.frame, *org.rest_of(first)])
    parts = [first.frame.clear(), org.records(sobject, fields, where, via="bulk").cast(first.frame.schema)]
    if DELETED in fields:
        (gone,) = org.ask(Query(sobject, tuple(fields), f"{DELETED} = true AND {where}", deleted_too=True))
        parts += [gone.frame, *org.rest_of(gone)]
    return pl.concat(parts)
