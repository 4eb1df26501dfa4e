"""The newest commits counted, and what of them is still not written: what a look at the health of the sync needs.

Counted by SQLite, so that a journal of millions of rows is never read into memory to show a few figures.
"""

import polars as pl

from toolkit.frames import JOURNAL, UTC_TIME
from toolkit.store.database import Database

TALLIES: dict[str, pl.DataType | type[pl.DataType]] = {
    "commit_id": pl.String,
    "at": UTC_TIME,  # when the commit was made, null where that is not known
    "object": pl.String,
    "side": pl.String,
    "operation": pl.String,  # "update" also for values that were cleared
    "state": pl.String,
    "rows": pl.Int64,
    "records": pl.Int64,
}
"""The columns of `tallies`."""

_RECENT = "recent AS (SELECT commit_id, number, meta FROM commits ORDER BY number DESC LIMIT ?)"
_RECORD = "coalesce(here_id, there_id)"
_NEVER_MIND = "('failed', 'held')"


def tallies(database: Database, newest: int) -> pl.DataFrame:
    """Return how many rows and records of the `newest` commits are in each state (`TALLIES`), the newest first."""
    kinds = "object, side, what, state"
    what = "CASE operation WHEN 'clear' THEN 'update' ELSE operation END AS what"
    rows = database.query(
        f"WITH {_RECENT} SELECT commit_id, json_extract(meta, '$.at'), object, side, {what}, state,"
        f" count(*), count(DISTINCT {_RECORD})"
        f" FROM recent JOIN journal USING (commit_id) GROUP BY commit_id, {kinds} ORDER BY number DESC, {kinds}",
        (newest,),
    )
    at = pl.col("at").str.to_datetime(time_unit="ms", time_zone="UTC", strict=False)
    found = pl.DataFrame(rows, schema={**TALLIES, "at": pl.String}, orient="row")
    return found.with_columns(at)


def unwritten(database: Database, newest: int) -> pl.DataFrame:
    """Return the rows (`JOURNAL`) of the `newest` commits that failed or were held and were not written since.

    Of each field of each record it is the last try that counts.
    """
    names = ", ".join(f'"{name}"' for name in JOURNAL.schema)
    place = f"object, side, {_RECORD}, field"
    rows = database.query(
        # With max() SQLite takes the other columns from the row that has the greatest number, the last try.
        f"WITH {_RECENT}, tries AS (SELECT journal.*, number FROM recent JOIN journal USING (commit_id)),"
        f" wanting AS (SELECT DISTINCT object o, side s, {_RECORD} r, field f FROM tries WHERE state IN {_NEVER_MIND})"
        f" SELECT {names} FROM (SELECT tries.*, max(number) FROM tries"
        f" JOIN wanting ON o = object AND s = side AND r = {_RECORD} AND f IS field GROUP BY {place})"
        f" WHERE state IN {_NEVER_MIND} ORDER BY number DESC, seq",
        (newest,),
    )
    return pl.DataFrame(rows, schema=dict(JOURNAL.schema), orient="row")
