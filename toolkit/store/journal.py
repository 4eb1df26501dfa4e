"""The journal: what a commit means to write, on the disk before the first call, and what became of each row.

Every write here is durable: once `intend` has returned, not even a loss of power makes the rows unknown.
"""

import json
from collections.abc import Mapping
from typing import Any

import polars as pl

from toolkit.errors import NotFoundError
from toolkit.frames import JOURNAL, LINKS, FrameError, conform
from toolkit.store.database import Database
from toolkit.store.tables import insert_rows, read_rows

SETTLED = ("state", "code", "message", "before", "after", "agreed", "there_id")
"""What a settling may change."""
_CARRIED_OUT = """
EXISTS (
    SELECT 1 FROM journal INDEXED BY journal_record
    WHERE commit_id = ? AND state = 'written' AND journal.object = decisions.object
    AND journal.here_id = decisions.here_id AND journal.there_id = decisions.there_id
    AND decisions.pair = CASE side
        WHEN 'there' THEN partner || ' = ' || field ELSE field || ' = ' || partner END
)
"""
_SPEND = (
    f"INSERT OR REPLACE INTO spent_decisions SELECT decisions.*, ? FROM decisions WHERE {_CARRIED_OUT}",
    f"DELETE FROM decisions WHERE {_CARRIED_OUT}",
)
"""What a person decided about a value is spent once the value is written: the next time it is a new question."""
_NOBODY = LINKS.empty().select("object", "here_id")


def intend(database: Database, rows: pl.DataFrame, meta: Mapping[str, Any] | None = None) -> None:
    """Add rows to the journal, with what is to be remembered of their commits; all of them or none."""
    rows = conform(rows, JOURNAL)
    remembered = json.dumps(dict(meta or {}))
    commit_ids = rows["commit_id"].unique(maintain_order=True).to_list()
    with database.transaction(durable=True) as db:
        db.table("commits").insert_all(
            [{"commit_id": commit_id, "meta": remembered} for commit_id in commit_ids], ignore=True
        )
        insert_rows(db, "journal", rows)


def settle(
    database: Database,
    commit_id: str,
    updates: pl.DataFrame,
    links: pl.DataFrame | None = None,
    unlinked: pl.DataFrame | None = None,
) -> None:
    """Note what became of rows: `updates` has the column ``seq`` and any of ``SETTLED``; the rest stays as it was.

    `links` (`LINKS`) of records that were created are kept with it, those of `unlinked` (object, here_id) go with it:
    whoever is killed leaves both or neither. So it is with decisions about what was written. Raises FrameError when a
    row was never intended; nothing is noted then.
    """
    columns = [name for name in SETTLED if name in updates.columns]
    assignments = ", ".join(f"{name} = ?" for name in columns)
    rows = _runs(updates, columns).select(*columns, pl.lit(commit_id), "first", "last").iter_rows()
    gone = pl.concat([each.select("object", "here_id") for each in (links, unlinked) if each is not None] or [_NOBODY])
    with database.transaction(durable=True) as db:
        db.conn.executemany("DELETE FROM links WHERE object = ? AND here_id = ?", gone.iter_rows())
        if links is not None:
            insert_rows(db, "links", conform(links, LINKS))
        where = "commit_id = ? AND seq BETWEEN ? AND ?"
        done = db.conn.executemany(f"UPDATE journal SET {assignments} WHERE {where}", rows).rowcount
        if updates.height and done != updates.height:
            raise FrameError(
                f"settling {updates.height} rows of commit {commit_id}, but it intended only {done} of them"
            )
        db.execute(_SPEND[0], [commit_id, commit_id])
        db.execute(_SPEND[1], [commit_id])


def _runs(updates: pl.DataFrame, columns: list[str]) -> pl.DataFrame:
    """The updates of rows that follow each other and get the same values as one, of the rows ``first`` to ``last``."""
    placed = updates.sort("seq").with_columns(_step=pl.col("seq").cast(pl.Int64) - pl.int_range(pl.len()))
    runs = placed.with_columns(_run=pl.struct(*columns, "_step").rle_id())
    return runs.group_by("_run", maintain_order=True).agg(
        *(pl.col(name).first() for name in columns), first=pl.col("seq").min(), last=pl.col("seq").max()
    )


def journal(database: Database, commit_id: str | None = None) -> pl.DataFrame:
    """Return the rows of a commit, or of all, the oldest commit first. Raises NotFoundError naming those there are."""
    if commit_id is not None and not database.query("SELECT 1 FROM commits WHERE commit_id = ?", (commit_id,)):
        known = ", ".join(commits(database)["commit_id"].to_list()) or "none"
        raise NotFoundError(
            f'there is no commit "{commit_id}"; the journal holds: {known}', hint="see them with `cs-toolkit journal`"
        )
    rows = read_rows(database, JOURNAL, {} if commit_id is None else {"commit_id": commit_id})
    if commit_id is not None:
        return rows
    ids = database.query("SELECT commit_id FROM commits ORDER BY number")
    place = {each: number for number, (each,) in enumerate(ids)}
    return rows.sort(pl.col("commit_id").replace_strict(place, default=len(place), return_dtype=pl.Int64), "seq")


def commits(database: Database) -> pl.DataFrame:
    """Return one row a commit, the oldest first: ``commit_id`` and how many of its rows are in each state."""
    states = ("intended", "written", "failed", "held")
    counts = ", ".join(f"coalesce(sum(state = '{state}'), 0)" for state in states)
    rows = database.query(
        f"SELECT commit_id, count(state), {counts} FROM commits LEFT JOIN journal USING (commit_id)"
        " GROUP BY number ORDER BY number"
    )
    counted = dict.fromkeys(("rows", *states), pl.Int64)
    return pl.DataFrame(rows, schema={"commit_id": pl.String, **counted}, orient="row")


def commit_meta(database: Database, commit_id: str) -> dict[str, Any]:
    """Return what `intend` was given to remember of a commit, empty when nothing."""
    rows = database.query("SELECT meta FROM commits WHERE commit_id = ?", (commit_id,))
    return dict(json.loads(rows[0][0])) if rows else {}


def open_commits(database: Database) -> list[str]:
    """Return the ids of the commits that were cut off, the oldest first.

    They have rows that were intended and never settled, or were begun with ``"caught_up": false`` and never caught up.
    """
    rows = database.query(
        "SELECT commit_id FROM commits"
        " WHERE commit_id IN (SELECT commit_id FROM journal WHERE state = 'intended')"
        " OR json_extract(meta, '$.caught_up') = 0 ORDER BY number"
    )
    return [commit_id for (commit_id,) in rows]


def caught_up(database: Database, commit_id: str, *, up: bool = True) -> None:
    """Note whether the kept records know of every row of a commit that was settled so far."""
    value = "true" if up else "false"
    with database.transaction() as db:
        db.execute(
            "UPDATE commits SET meta = json_set(meta, '$.caught_up', json(?)) WHERE commit_id = ?", [value, commit_id]
        )
