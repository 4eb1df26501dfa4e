"""Bring the records there up to date: everything in scope the first time, then what changed since.

A pull that follows another asks, in one call, for the records in scope that changed, how many changed in or out of it,
what was deleted or merged, and how many are in scope now. Only when that number is not ours, when the scope is another
one than last time, or when a record may come and go without being changed, all ids are compared; whatever an earlier
pull missed is mended by that. Accounts that entered or left their scope take the records that hang on them along. A
formula changes without a trace in its record; where one is mapped, every pull reads everything.

The watermark is the latest ``SystemModstamp`` that was read, never a clock of ours. The next pull goes back a little
behind it: a record's stamp is set when its transaction writes it, which can be minutes before others can see it.

A large reading is spilled to the disk in parts and goes on where it was cut off. A pull that would drop too much, or
finds a field of another type than before, stops before it changes anything (BEY-8).
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

import polars as pl

from toolkit import values
from toolkit.config.models import Brakes
from toolkit.config.objects import ObjectMapping
from toolkit.errors import NotFoundError, StepMissingError, StoreError
from toolkit.frames import RECORD_KEY
from toolkit.pulling.brakes import check_shrinking, check_types
from toolkit.pulling.following import Accounts, Before, Brake, Outcome, follow, read_all
from toolkit.pulling.keeping import LEFT_SCOPE, keep
from toolkit.pulling.reader import ROWS_A_PART, STAMP, Reader, relationships
from toolkit.pulling.scope import ResolvedScope, resolve_scope
from toolkit.salesforce.describe import ObjectDescribe
from toolkit.salesforce.org import Org, ReadVia
from toolkit.salesforce.query import Progress
from toolkit.store import Store

__all__ = ["LEFT_SCOPE", "OVERLAP", "PullResult", "pull", "scope_of"]

OVERLAP = timedelta(minutes=15)
"""How far a pull goes back behind the watermark: ten minutes, as long as Salesforce lets a transaction run, and the
minutes that reading may take. Of a read that takes longer, its length is taken off the watermark as well."""


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
) -> PullResult:
    """Bring ``store.records("there", name)`` up to date and return what that took.

    The frame has the columns ``id``, ``SystemModstamp`` and every path that `mapping` reads, sorted by ``id``. `full`
    reads everything again, also when the stored records are damaged. A second pull with nothing changed in the org
    changes nothing in the store. `via` decides how large readings are made, else their cost does; `per_part` records
    at a time are put on the disk, from where an interrupted pull goes on. `accounts` is the mapping of the customers,
    to whose records the object's scope may keep; they are pulled before, and `accounts_scope` is that pull's
    ``resolved``, which saves asking for it again. `accept_shrinking` and `accept_retyped` let go on what `brakes`
    would stop.

    Raises NotFoundError when the list view is gone, or naming every mapped field that the org does not have or does not
    show to the integration user (CAT-16); BrakeError when too many records would go or a field changed its type
    (BEY-8); InputError for a scope that does not fit the org; StepMissingError when the accounts that the scope keeps
    to were never pulled; StoreError when the stored records are damaged.
    """
    name = name or mapping.object
    describe = org.describe(mapping.sobject)
    last_scope, last_fields = store.pulled(name) or (None, {})
    fields = _fields_of(describe, mapping, last_fields)
    if not accept_retyped:
        check_types(mapping.sobject, last_fields, fields)
    scope = scope_of(org, mapping, accounts, accounts_scope)
    members = _accounts(store, name, scope)
    schema: dict[str, pl.DataType] = {RECORD_KEY: pl.String()}
    schema |= {path: values.column_dtype(kind) for path, kind in fields.items()}
    kept = members.now if members is not None and not scope.countable else None
    paths = tuple(path for path in mapping.there_paths if path in fields)
    reader = Reader(*(org, mapping.sobject, paths, schema, scope, kept, store.incoming(name), progress, via, per_part))
    before = _before(store, name, reader, forgive=full)
    same_fields = all(last_fields.get(path, kind) == kind for path, kind in fields.items())
    brake = partial(_brake, brakes or Brakes(), scope.label, last_scope not in (None, scope.text), accept_shrinking)
    run = _Run(store, name, reader, before, members, last_scope, brake)
    if full or not same_fields or not _leaves_stamps(describe, reader.paths):
        return run.in_full(mapping.name, fields)
    return run.since_last(mapping.name, fields)


@dataclass(frozen=True)
class _Run:
    """One pull, with all that it knows before it reads."""

    store: Store
    name: str
    reader: Reader
    before: Before | None
    members: Accounts | None
    last_scope: str | None
    brake: Brake

    def since_last(self, name_path: str, fields: Mapping[str, str]) -> PullResult:
        """Read what changed, or everything where that cannot be told."""
        watermark, scope = self.store.watermark(self.name), self.reader.scope
        same_scope = self.last_scope == scope.text
        if self.before is None or not self.before.comparable or watermark is None:
            return self.in_full(name_path, fields)
        if not same_scope and not scope.countable:
            return self.in_full(name_path, fields)
        lost_sight = scope.accounts is not None and (self.members is None or self.members.then is None)
        started = time.monotonic()
        outcome = follow(
            self.reader,
            self.before,
            watermark - OVERLAP,
            self.brake,
            accounts=self.members,
            compare_ids=not same_scope or scope.volatile or lost_sight,
        )
        minutes = (time.monotonic() - started) // 60
        return self._kept(outcome, name_path, fields, _latest(watermark, outcome, minutes))

    def in_full(self, name_path: str, fields: Mapping[str, str]) -> PullResult:
        """Read everything. What an earlier run had begun to read is brought up to date from the moment it began."""
        outcome = read_all(self.reader, self.before, self.brake)
        result = self._kept(outcome, name_path, fields, outcome.reading.anchor)
        if not outcome.reading.went_on or result.watermark is None:
            return result
        stored = _before(self.store, self.name, self.reader, forgive=False)
        members = _accounts(self.store, self.name, self.reader.scope)
        after = replace(self, before=stored, members=members, last_scope=self.reader.scope.text)
        rest = after.since_last(name_path, fields)
        return replace(rest, read=result.read + rest.read, full=True, left=result.left + rest.left)

    def _kept(
        self, outcome: Outcome, name_path: str, fields: Mapping[str, str], watermark: datetime | None
    ) -> PullResult:
        had = 0 if self.before is None else self.before.ids.len()
        self.brake(had, outcome.gone.len())
        changed = keep(self.store, self.name, self.reader, self.before, outcome, name_path=name_path)
        scope = self.reader.scope
        _keep_accounts(self.store, self.name, self.members)
        if self.store.pulled(self.name) != (scope.text, dict(fields)):
            self.store.set_pulled(self.name, scope.text, fields)
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


def scope_of(
    org: Org,
    mapping: ObjectMapping,
    accounts: ObjectMapping | None = None,
    accounts_scope: ResolvedScope | None = None,
) -> ResolvedScope:
    """Return the scope of `mapping` as the org stands; raises like `resolve_scope`, and when the list view is gone."""
    if mapping.acts_as in ("account", "user"):
        accounts = None
    if accounts is not None and accounts_scope is None:
        accounts_scope = scope_of(org, accounts)
    view = org.list_view(mapping.sobject, mapping.scope.list_view) if mapping.scope.list_view else None
    return resolve_scope(mapping, org.describe(mapping.sobject), view, accounts_scope, accounts)


def _fields_of(describe: ObjectDescribe, mapping: ObjectMapping, last: Mapping[str, str]) -> dict[str, str]:
    """Return the Salesforce type of every field that is read. Raises NotFoundError naming all that are not there.

    A field that only is assumed, a website or whether an account is a person, is left out where the org has none.
    """
    types: dict[str, str] = {}
    missing: list[str] = []
    hint = ""
    for path in (STAMP, *mapping.there_paths):
        try:
            types[path] = describe.field(path).type
        except NotFoundError as error:
            if path in mapping.assumed_paths:
                continue
            was = f"; at the last pull it was a {last[path]}" if path in last else ""
            missing.append(f"  - {error.message}{was}")
            hint = hint or error.hint
    if missing:
        listed = "\n".join(missing)
        count = "a mapped field" if len(missing) == 1 else f"{len(missing)} mapped fields"
        raise NotFoundError(
            f"{count} cannot be read from {mapping.sobject}:\n{listed}",
            hint=f"{hint} (CAT-16, CAT-21); or correct `there` in the mapping file, or take the field out of it. "
            "Nothing was changed (BEY-8)",
        )
    return types


def _accounts(store: Store, name: str, scope: ResolvedScope) -> Accounts | None:
    """Return the accounts that a scope keeps to, None when it keeps to none or they were not pulled."""
    if scope.accounts is None:
        return None
    now, then = store.scan_records("there", scope.accounts.object), store.scan_records("scope", name)
    if now is not None:
        return Accounts(_ids_of(now), None if then is None else _ids_of(then))
    if scope.countable:
        return None
    raise StepMissingError(
        f"{scope.label} is kept by the accounts in scope, which were not pulled yet",
        hint=f"pull {scope.accounts.object} first",
    )


def _keep_accounts(store: Store, name: str, members: Accounts | None) -> None:
    if members is not None and (members.then is None or members.entered.len() or members.left.len()):
        store.save_records("scope", name, members.now.to_frame())


def _before(store: Store, name: str, reader: Reader, *, forgive: bool) -> Before | None:
    try:
        frame = store.scan_records("there", name)
    except StoreError:
        if not forgive:
            raise
        return None
    if frame is None:
        return None
    kept, wanted = frame.collect_schema(), reader.schema
    comparable = all(kept.get(column) == dtype for column, dtype in wanted.items())
    path = reader.scope.accounts.path.lower() if reader.scope.accounts else None
    return Before(
        frame=frame.select(*wanted) if comparable else frame,
        ids=_ids_of(frame),
        account=next((column for column in wanted if column.lower() == path), None),
        comparable=comparable,
        as_stored=list(kept) == list(wanted),
    )


def _ids_of(frame: pl.LazyFrame) -> pl.Series:
    return frame.select(RECORD_KEY).collect(engine="streaming")[RECORD_KEY]


def _leaves_stamps(describe: ObjectDescribe, paths: tuple[str, ...]) -> bool:
    """Return whether a change of each field leaves a stamp: in the record, or in one that it refers to."""
    ways = relationships(paths)
    if any(_of_several_objects(describe, way) for way in ways):  # Salesforce tells no stamp of such a reference
        return False
    stamps = [f"{prefix}{STAMP}" for prefix in ways]
    return not any(describe.field(path).calculated for path in paths) and all(_has(describe, path) for path in stamps)


def _of_several_objects(describe: ObjectDescribe, way: str) -> bool:
    """Return whether a way, ``Owner.``, begins with a reference that leads to records of several objects."""
    first = way.partition(".")[0].lower()
    named = [each for each in describe.fields.values() if (each.relationship_name or "").lower() == first]
    return any(len(each.reference_to) > 1 for each in named)


def _has(describe: ObjectDescribe, path: str) -> bool:
    try:
        describe.field(path)
    except NotFoundError:
        return False
    return True


def _brake(brakes: Brakes, label: str, scope_changed: bool, accepted: bool, before: int, left: int) -> None:
    if not accepted:
        check_shrinking(brakes, label, before, left, scope_changed=scope_changed)


def _latest(watermark: datetime, outcome: Outcome, minutes: float) -> datetime | None:
    if outcome.how == "full":
        return outcome.reading.anchor
    if outcome.reading.went_on:  # its oldest records are as they were then: what changed is read once more
        return watermark
    latest = outcome.fresh.select(pl.col(STAMP).max()).collect(engine="streaming").item()
    return max(watermark, latest - timedelta(minutes=minutes)) if latest else watermark
