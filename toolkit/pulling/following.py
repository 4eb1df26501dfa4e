"""What a pull makes of the stored records and of what Salesforce says: which are new or changed, and which are gone.

`read_all` reads everything; `follow` reads what changed since the last pull, and compares all ids when that does not
account for the number of records in scope. Nothing is kept here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import polars as pl

from toolkit.frames import RECORD_KEY
from toolkit.pulling.reader import Changes, Reader, Reading

MOST_BY_ID = 20_000
"""Records, or accounts, that are asked for by their ids; when there are more, everything is read."""

Brake = Callable[[int, int], None]
"""Is told how many records are stored and how many would go, and raises when they are too many."""


@dataclass(frozen=True)
class Before:
    """The records as the last pull left them, unread, with the columns that are read now, and their ids.

    ``account`` is the column that holds the account's id, where the scope looks at accounts. ``comparable`` says that
    every column that is read is there in today's type, ``as_stored`` that there are no others.
    """

    frame: pl.LazyFrame
    ids: pl.Series
    account: str | None = None
    comparable: bool = True
    as_stored: bool = True


@dataclass(frozen=True)
class Accounts:
    """The ids of the accounts in scope, now and at the object's last pull (None when that is not known)."""

    now: pl.Series
    then: pl.Series | None

    @property
    def entered(self) -> pl.Series:
        """The accounts that came into the scope."""
        return self.now if self.then is None else self.now.filter(~self.now.is_in(self.then.implode()))

    @property
    def left(self) -> pl.Series:
        """The accounts that went out of the scope."""
        return self.now.clear() if self.then is None else self.then.filter(~self.then.is_in(self.now.implode()))


@dataclass(frozen=True)
class Outcome:
    """The records now, unread and sorted by id, and what became of those before.

    ``fresh`` are those that were read, ``gone`` the ids of those before that are no longer in scope, and ``deleted``
    what is known of them: ``Id`` and ``MasterRecordId``.
    """

    now: pl.LazyFrame
    rows: int
    fresh: pl.LazyFrame
    fresh_ids: pl.Series
    gone: pl.Series
    deleted: pl.DataFrame
    reading: Reading
    how: Literal["full", "changes"]


def read_all(reader: Reader, before: Before | None, brake: Brake) -> Outcome:
    """Read every record in scope."""
    total, anchor = reader.size()
    if before is not None and reader.scope.countable:
        brake(before.ids.len(), before.ids.len() - total)
    reading = reader.everything(total, anchor)
    ids = reading.ids
    gone = ids.clear() if before is None else before.ids.filter(~before.ids.is_in(ids.implode()))
    deleted = pl.DataFrame(schema={"Id": pl.String, "MasterRecordId": pl.String})
    return Outcome(reading.frame, ids.len(), reading.frame, ids, gone, deleted, reading, "full")


def follow(
    reader: Reader,
    before: Before,
    since: datetime,
    brake: Brake,
    *,
    accounts: Accounts | None,
    compare_ids: bool,
) -> Outcome:
    """Read what changed since a moment; `compare_ids` says that this cannot be all."""
    had = before.ids.len()
    changes = reader.changes(since, lambda count: brake(had, had - count))
    if accounts is not None and accounts.entered.len() > MOST_BY_ID:
        return read_all(reader, before, brake)
    fresh, fresh_ids = _fresh(reader, changes, accounts)
    gone = _gone(before, changes, fresh_ids, accounts)
    rows = had - gone.len() + _new(before, fresh_ids).len()
    if compare_ids or (changes.count is not None and changes.count != rows):
        in_scope = reader.ids()
        gone = before.ids.filter(~before.ids.is_in(in_scope.implode()))
        missing = _new(before, in_scope.filter(~in_scope.is_in(fresh_ids.implode())))
        if missing.len() > MOST_BY_ID:
            return read_all(reader, before, brake)
        fresh = fresh.filter(pl.col(RECORD_KEY).is_in(in_scope.implode()))
        if missing.len():
            fresh = fresh.merge_sorted(reader.by_ids(missing).sort(RECORD_KEY).lazy(), key=RECORD_KEY)
        fresh_ids = fresh.select(RECORD_KEY).collect(engine="streaming")[RECORD_KEY]
        rows = had - gone.len() + _new(before, fresh_ids).len()
    replaced = pl.concat([gone, fresh_ids])
    stays = before.frame.filter(~pl.col(RECORD_KEY).is_in(replaced.implode())) if replaced.len() else before.frame
    now = stays.merge_sorted(fresh, key=RECORD_KEY)
    return Outcome(now, rows, fresh, fresh_ids, gone, changes.deleted, changes.records, "changes")


def _new(before: Before, ids: pl.Series) -> pl.Series:
    return ids.filter(~ids.is_in(before.ids.implode()))


def _fresh(reader: Reader, changes: Changes, accounts: Accounts | None) -> tuple[pl.LazyFrame, pl.Series]:
    """The records that were changed, and those of accounts that entered the scope."""
    fresh, ids = changes.records.frame, changes.records.ids
    if accounts is None or not accounts.entered.len():
        return fresh, ids
    came = reader.of_accounts(accounts.entered)
    came = came.filter(~pl.col(RECORD_KEY).is_in(ids.implode()))
    return fresh.merge_sorted(came.lazy(), key=RECORD_KEY), pl.concat([ids, came[RECORD_KEY]]).sort()


def _gone(before: Before, changes: Changes, fresh_ids: pl.Series, accounts: Accounts | None) -> pl.Series:
    """The stored records that were deleted, changed so that they are out of scope, or whose account left it."""
    out = pl.concat([changes.deleted["Id"].rename(RECORD_KEY), changes.outside])
    gone = before.ids.filter(before.ids.is_in(out.implode()))
    if before.account is not None and accounts is not None and accounts.left.len():
        of_left = before.frame.filter(pl.col(before.account).is_in(accounts.left.implode())).select(RECORD_KEY)
        gone = pl.concat([gone, of_left.collect(engine="streaming")[RECORD_KEY]]).unique().sort()
    return gone.filter(~gone.is_in(fresh_ids.implode()))
