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
from toolkit.writeback.sides import CHANGED_AT, Sides, traced

DELETED = "IsDeleted"
MOST_CHANGED = 0.2
"""Of more changed records than this share, all are read by id: as cheap, and nothing has to be put together."""


def as_they_are(org: Org, sides: Sides, ids: pl.Series, paths: list[str], since: datetime) -> pl.DataFrame | None:
    """Return what Salesforce holds of records (Id and `paths`): as they were pulled, or as they are when they changed.

    `since` is the pull's watermark. Records that were deleted are not in it. None where that cannot be told or is dear:
    a path was not pulled or is gone, or many records changed.
    """
    if not traced([sides]) or set(paths) - set(sides.there.columns) or ids.is_empty():
        return None
    deletable = [DELETED] if DELETED in sides.describe.fields else []
    span = f"Id >= {literal(str(ids.min()))} AND Id <= {literal(str(ids.max()))}"
    where = f"{CHANGED_AT} >= {literal(since - OVERLAP)} AND {span}"
    try:
        (first,) = org.ask(Query(sides.mapping.sobject, ("Id", *deletable, *paths), where, deleted_too=True))
    except (RequestError, NotFoundError):
        return None
    if first.total > MOST_CHANGED * ids.len():
        return None
    changed = pl.concat([first.frame, *org.rest_of(first)])
    mine = sides.there.filter(pl.col(RECORD_KEY).is_in(ids.implode())).select(pl.col(RECORD_KEY).alias("Id"), *paths)
    same = mine.join(changed, on="Id", how="anti")
    left = changed.filter(~pl.col(DELETED)) if deletable else changed
    now = left.filter(pl.col("Id").is_in(ids.implode())).select("Id", *paths)
    return pl.concat([same, now.cast(same.schema)])
