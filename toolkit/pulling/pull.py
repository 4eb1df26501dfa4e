"""Bring the records there up to date: everything in scope the first time, then what changed since.

A pull that follows another asks, in one call, for the records in scope that changed, how many changed in or out of it,
what was deleted or merged, and how many are in scope now. Only when that number is not ours, when the scope is another
one than last time, or when a record may come and go without being changed, all ids are compared; whatever an earlier
pull missed is mended by that. Accounts that entered or left their scope take the records that hang on them along. A
formula changes without a trace in its record; where one is mapped, every pull reads everything.

The watermark is the latest ``SystemModstamp`` that was read, or what the org's own clock showed before the first
question, never a clock of ours. The next pull goes back a little behind it: a record's stamp is set when its
transaction writes it, which can be minutes before others can see it.

The pulls of several objects can be asked for at once, see `toolkit.pulling.ahead`: what each of them sees is the same.

A large reading is spilled to the disk in parts and goes on where it was cut off. A pull that would drop too much, or
finds a field of another type than before, stops before it changes anything (BEY-8).
"""

import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

import polars as pl

from toolkit.config.models import Brakes
from toolkit.config.objects import ObjectMapping
from toolkit.pulling.ahead import Ahead
from toolkit.pulling.brakes import check_shrinking
from toolkit.pulling.following import Accounts, Before, Brake, Outcome, follow, read_all
from toolkit.pulling.keeping import LEFT_SCOPE, keep
from toolkit.pulling.preparing import OVERLAP, Prepared, members_of, prepare, scope_of, stored_before
from toolkit.pulling.reader import ROWS_A_PART, STAMP, Reader
from toolkit.pulling.scope import ResolvedScope
from toolkit.salesforce.org import Org, ReadVia
from toolkit.salesforce.query import Progress
from toolkit.store import Store

__all__ = ["LEFT_SCOPE", "OVERLAP", "PullResult", "pull", "scope_of"]


@dataclass(frozen=True)
class PullResult:
    """What a pull did. ``read`` counts the records that Salesforce sent, ``records`` those in scope now.

    ``changed`` are new or hold other values than before; ``left`` have left the scope or were deleted since the last
    pull. ``advice`` are sentences about the scope, for the admin; ``resolved`` is the scope, for the objects that keep
    to its records.
    """

    read: int
    records: int
    changed: int
    left: int
    full: bool
    watermark: datetime | None
    scope: str
    advice: tuple[str, ...] = ()
    resolved: ResolvedScope | None = None

    def __str__(self) -> str:
        how = "read in full" if self.full else "read what changed"
        left = f", {self.left:,} left" if self.left else ""
        return f"{self.records:,} records in {self.scope}, {how}: {self.changed:,} new or changed{left}"


def pull(
    org: Org,
    mapping: ObjectMapping,
    store: Store,
    *,
    name: str | None = None,
    full: bool = False,
    progress: Progress | None = None,
    via: ReadVia = "auto",
    per_part: int = ROWS_A_PART,
    accounts: ObjectMapping | None = None,
    accounts_scope: ResolvedScope | None = None,
    brakes: Brakes | None = None,
    accept_shrinking: bool = False,
    accept_retyped: bool = False,
    ahead: Ahead | None = None,
) -> PullResult:
    """Bring ``store.records("there", name)`` up to date and return what that took.

    The frame has the columns ``id``, ``SystemModstamp`` and every path that `mapping` reads, sorted by ``id``. `full`
    reads everything again, also when the stored records are damaged. A second pull with nothing changed in the org
    changes nothing in the store. `via` decides how large readings are made, else their cost does; `per_part` records
    at a time are put on the disk, from where an interrupted pull goes on. `accounts` is the mapping of the customers,
    to whose records the object's scope may keep; they are pulled before, and `accounts_scope` is that pull's
    ``resolved``, which saves asking for it again; `ahead` has what was asked for together with other objects.
    `accept_shrinking` and `accept_retyped` let go on what `brakes` would stop.

    Raises NotFoundError when the list view is gone, or naming every mapped field that the org does not have or does not
    show to the integration user (CAT-16); BrakeError when too many records would go or a field changed its type
    (BEY-8); InputError for a scope that does not fit the org; StepMissingError when the accounts that the scope keeps
    to were never pulled; StoreError when the stored records are damaged.
    """
    name = name or mapping.object
    prepared = prepare(
        org, mapping, store, name=name, full=full, progress=progress, via=via, per_part=per_part, accounts=accounts,
        accounts_scope=accounts_scope, accept_retyped=accept_retyped, ahead=ahead,
    )  # fmt: skip
    scope = prepared.reader.scope
    members = members_of(store, name, scope)
    kept = members.now if members is not None and not scope.countable else None
    reader = replace(prepared.reader, kept=kept)
    before = stored_before(store, name, reader, forgive=full)
    brake = partial(
        _brake, brakes or Brakes(), scope.label, prepared.last_scope not in (None, scope.text), accept_shrinking
    )
    run = _Run(store, name, replace(prepared, reader=reader), before, members, brake)
    return run.since_last(mapping.name) if prepared.traceable else run.in_full(mapping.name)


@dataclass(frozen=True)
class _Run:
    """One pull, with all that it knows before it reads."""

    store: Store
    name: str
    prepared: Prepared
    before: Before | None
    members: Accounts | None
    brake: Brake

    @property
    def reader(self) -> Reader:
        return self.prepared.reader

    def since_last(self, name_path: str) -> PullResult:
        """Read what changed, or everything where that cannot be told."""
        watermark, scope = self.store.watermark(self.name), self.reader.scope
        since = self.prepared.since(watermark)
        if self.before is None or not self.before.comparable or since is None or watermark is None:
            return self.in_full(name_path)
        lost_sight = scope.accounts is not None and (self.members is None or self.members.then is None)
        started = time.monotonic()
        outcome = follow(
            self.reader,
            self.before,
            since,
            self.brake,
            accounts=self.members,
            compare_ids=self.prepared.last_scope != scope.text or scope.volatile or lost_sight,
        )
        minutes = (time.monotonic() - self.reader.asked_at(started)) // 60
        return self._kept(outcome, name_path, _latest(watermark, outcome, minutes, self.reader.clock))

    def in_full(self, name_path: str) -> PullResult:
        """Read everything. What an earlier run had begun to read is brought up to date from the moment it began."""
        outcome = read_all(self.reader, self.before, self.brake)
        anchor, clock = outcome.reading.anchor, self.reader.clock
        result = self._kept(outcome, name_path, anchor if outcome.reading.went_on else _later(anchor, clock))
        if not outcome.reading.went_on or result.watermark is None:
            return result
        stored = stored_before(self.store, self.name, self.reader, forgive=False)
        members = members_of(self.store, self.name, self.reader.scope)
        prepared = replace(self.prepared, last_scope=self.reader.scope.text, traceable=True)
        rest = replace(self, prepared=prepared, before=stored, members=members).since_last(name_path)
        return replace(rest, read=result.read + rest.read, full=True, left=result.left + rest.left)

    def _kept(self, outcome: Outcome, name_path: str, watermark: datetime | None) -> PullResult:
        had = 0 if self.before is None else self.before.ids.len()
        self.brake(had, outcome.gone.len())
        changed = keep(self.store, self.name, self.reader, self.before, outcome, name_path=name_path)
        scope = self.reader.scope
        _keep_accounts(self.store, self.name, self.members)
        if self.store.pulled(self.name) != (scope.text, dict(self.prepared.types)):
            self.store.set_pulled(self.name, scope.text, self.prepared.types)
        if watermark != self.store.watermark(self.name):  # last: a pull that dies before this is simply repeated
            self.store.set_watermark(self.name, watermark)
        self.reader.forget()
        return PullResult(
            read=outcome.reading.received,
            records=outcome.rows,
            changed=changed,
            left=outcome.gone.len(),
            full=outcome.how == "full",
            watermark=watermark,
            scope=scope.label,
            advice=scope.advice,
            resolved=scope,
        )


def _keep_accounts(store: Store, name: str, members: Accounts | None) -> None:
    if members is not None and (members.then is None or members.entered.len() or members.left.len()):
        store.save_records("scope", name, members.now.to_frame())


def _brake(brakes: Brakes, label: str, scope_changed: bool, accepted: bool, before: int, left: int) -> None:
    if not accepted:
        check_shrinking(brakes, label, before, left, scope_changed=scope_changed)


def _latest(watermark: datetime, outcome: Outcome, minutes: float, clock: datetime | None) -> datetime | None:
    if outcome.how == "full":
        return outcome.reading.anchor if outcome.reading.went_on else _later(outcome.reading.anchor, clock)
    if outcome.reading.went_on:  # its oldest records are as they were then: what changed is read once more
        return watermark
    latest = outcome.fresh.select(pl.col(STAMP).max()).collect(engine="streaming").item()
    read_until = max(watermark, latest - timedelta(minutes=minutes)) if latest else watermark
    return _later(read_until, clock)


def _later(watermark: datetime | None, clock: datetime | None) -> datetime | None:
    """What is known up to a stamp, and up to what the org's clock showed before the first question."""
    return max(filter(None, (watermark, clock)), default=None)
