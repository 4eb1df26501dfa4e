"""Bring the records there up to date: everything in scope the first time, then what changed since.

Salesforce does not tell when a record leaves a list view, nor when one enters it without being changed (the view's
filter was edited, or looks at a date or at another object). So each pull also reads which ids are in the view, and
compares: who left goes to ``skips`` with the reason, who entered is read by id. A formula changes without a trace in
its record; where one is mapped, every pull reads everything.

The watermark is the latest ``SystemModstamp`` that was read, never a clock of ours. The next pull goes back a little
behind it: a record's stamp is set when its transaction writes it, which can be minutes before others can see it.
"""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from toolkit import values
from toolkit.config.objects import ObjectMapping
from toolkit.errors import NotFoundError, StoreError
from toolkit.frames import RECORD_KEY, SKIPS
from toolkit.salesforce.describe import ObjectDescribe
from toolkit.salesforce.org import Org
from toolkit.salesforce.query import Progress
from toolkit.salesforce.soql import both, literal
from toolkit.store import Store

STAMP = "SystemModstamp"

OVERLAP = timedelta(minutes=15)
"""How far a pull goes back behind the watermark: ten minutes, as long as Salesforce lets a transaction run, and the
minutes that reading may take. Of a read that takes longer, its length is taken off the watermark as well."""

_ALWAYS = {"id": "Id", STAMP.lower(): STAMP}  # read whether or not they are mapped, in whatever case

LEFT_SCOPE = "scope (VIT-1)"
"""The rule under which ``skips`` holds the records that left the scope."""


@dataclass(frozen=True)
class PullResult:
    """What a pull did. ``read`` counts the records that Salesforce sent, ``records`` those in scope now.

    ``changed`` are new or hold other values than before; ``left`` have left the scope or were deleted since the last
    pull.
    """

    read: int
    records: int
    changed: int
    left: int
    full: bool
    watermark: datetime | None
    scope: str

    def __str__(self) -> str:
        how = "read in full" if self.full else "read what changed"
        left = f", {self.left:,} left" if self.left else ""
        return f"{self.records:,} records in {self.scope}, {how}: {self.changed:,} new or changed{left}"


@dataclass(frozen=True)
class _Reader:
    """What is read of an object: which records, and which fields of them."""

    org: Org
    sobject: str
    name: str
    paths: tuple[str, ...]
    label: str
    where: str | None
    scope: str | None
    progress: Progress | None

    def all(self) -> pl.DataFrame:
        return self._shaped(
            self.org.records(self.sobject, self._asked(), self.where, self.scope, progress=self.progress)
        )

    def since(self, at: datetime) -> pl.DataFrame:
        """Return the records in scope that were changed since `at`, or whose related records were."""
        stamp = literal(at)
        changed = " OR ".join(f"{prefix}{STAMP} >= {stamp}" for prefix in ("", *_relationships(self.paths)))
        where = both(self.where, changed)
        return self._shaped(self.org.records(self.sobject, self._asked(), where, self.scope, progress=self.progress))

    def ids(self) -> pl.Series:
        return self.org.records(self.sobject, ["Id"], self.where, self.scope)["Id"]

    def by_ids(self, ids: pl.Series) -> pl.DataFrame:
        return self._shaped(self.org.by_ids(self.sobject, ids, self._asked()))

    def existing(self, ids: pl.Series) -> pl.Series:
        return self.org.by_ids(self.sobject, ids, ["Id"])["Id"]

    def _asked(self) -> list[str]:
        return ["Id", STAMP, *(path for path in self.paths if path.lower() not in _ALWAYS)]

    def _shaped(self, frame: pl.DataFrame) -> pl.DataFrame:
        columns = {RECORD_KEY: "Id", STAMP: STAMP} | {path: _ALWAYS.get(path.lower(), path) for path in self.paths}
        return frame.select(pl.col(source).alias(column) for column, source in columns.items())


def pull(
    org: Org,
    mapping: ObjectMapping,
    store: Store,
    *,
    name: str = "account",
    full: bool = False,
    progress: Progress | None = None,
) -> PullResult:
    """Bring ``store.records("there", name)`` up to date and return what that took.

    The frame has the columns ``id``, ``SystemModstamp`` and every path that `mapping` reads, sorted by ``id``. `full`
    reads everything again, also when the stored records are damaged. A second pull with nothing changed in the org
    changes nothing in the store.

    Raises NotFoundError when the list view is gone, or naming every mapped field that the org does not have or does not
    show to the integration user (CAT-16); StoreError when the stored records are damaged.
    """
    describe = org.describe(mapping.sobject)
    types = _types_of(describe, mapping)
    reader = _reader(org, mapping, name, progress)
    before = _stored(store, name, forgive=full)
    watermark = store.watermark(name)
    started = time.monotonic()
    if full or before is None or watermark is None or not _can_follow(before, types, describe, reader.paths):
        full, watermark = True, None
        now = read = reader.all()
    else:
        read, now = _changes(reader, before, watermark - OVERLAP)
    watermark = _latest(watermark, read, time.monotonic() - started)
    left = _left(reader, mapping, before, now)
    changed = _count_changed(before, now)
    _keep(store, name, before, now, left)
    if watermark != store.watermark(name):  # last: a pull that dies before this is simply repeated
        store.set_watermark(name, watermark)
    return PullResult(read.height, now.height, changed, left.height, full, watermark, reader.label)


def _types_of(describe: ObjectDescribe, mapping: ObjectMapping) -> dict[str, pl.DataType]:
    """Return the type of every column that is read. Raises NotFoundError that names all fields that are not there."""
    types: dict[str, pl.DataType] = {RECORD_KEY: pl.String()}
    missing: list[NotFoundError] = []
    for path in (STAMP, *mapping.there_paths):
        try:
            types[path] = values.column_dtype(describe.field(path).type)
        except NotFoundError as error:
            missing.append(error)
    if missing:
        listed = "\n".join(f"  - {error.message}" for error in missing)
        count = "a mapped field" if len(missing) == 1 else f"{len(missing)} mapped fields"
        raise NotFoundError(
            f"{count} cannot be read from {mapping.sobject}:\n{listed}",
            hint=f"{missing[0].hint} (CAT-16, CAT-21); or correct `there` in the mapping file",
        )
    return types


def _reader(org: Org, mapping: ObjectMapping, name: str, progress: Progress | None) -> _Reader:
    label, where, scope = f"all of {mapping.sobject}", None, None
    if mapping.scope.list_view is not None:
        view = org.list_view(mapping.sobject, mapping.scope.list_view)
        label, where, scope = f'the list view "{view.label}"', view.where or None, view.scope
    return _Reader(org, mapping.sobject, name, mapping.there_paths, label, where, scope, progress)


def _stored(store: Store, name: str, *, forgive: bool) -> pl.DataFrame | None:
    try:
        return store.records("there", name)
    except StoreError:
        if not forgive:
            raise
        return None


def _can_follow(
    before: pl.DataFrame, types: dict[str, pl.DataType], describe: ObjectDescribe, paths: tuple[str, ...]
) -> bool:
    """Return whether what is stored has today's columns, and a change of each of them leaves a stamp."""
    if dict(before.schema) != types:
        return False
    stamps = [f"{prefix}{STAMP}" for prefix in _relationships(paths)]
    return not any(describe.field(path).calculated for path in paths) and all(_has(describe, path) for path in stamps)


def _relationships(paths: tuple[str, ...]) -> list[str]:
    """Return the ways to every record that `paths` lead through: ``Owner.Manager.Name`` gives both of its steps."""
    steps = [path.split(".")[:-1] for path in paths]
    return sorted({".".join(step[:depth]) + "." for step in steps for depth in range(1, len(step) + 1)})


def _has(describe: ObjectDescribe, path: str) -> bool:
    try:
        describe.field(path)
    except NotFoundError:
        return False
    return True


def _changes(reader: _Reader, before: pl.DataFrame, since: datetime) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return what Salesforce sent, and the records as they are now."""
    in_scope = reader.ids()
    read = reader.since(since)
    known = pl.concat([before[RECORD_KEY], read[RECORD_KEY]])
    entered = in_scope.filter(~in_scope.is_in(known.implode()))
    if entered.len():
        read = pl.concat([read, reader.by_ids(entered)])
    stays = pl.col(RECORD_KEY).is_in(in_scope.implode()) & ~pl.col(RECORD_KEY).is_in(read[RECORD_KEY].implode())
    return read, pl.concat([before.filter(stays), read]).sort(RECORD_KEY)


def _latest(watermark: datetime | None, read: pl.DataFrame, seconds: float) -> datetime | None:
    stamps = read.select(pl.col(STAMP).max() - timedelta(minutes=seconds // 60)).to_series()
    return pl.concat([stamps, pl.Series(STAMP, [watermark], stamps.dtype)]).max()  # type: ignore[return-value]


def _count_changed(before: pl.DataFrame | None, now: pl.DataFrame) -> int:
    if before is None or before.schema != now.schema:
        return now.height
    columns = [name for name in now.columns if name != STAMP]
    return now.join(before, on=columns, how="anti", nulls_equal=True).height


def _left(reader: _Reader, mapping: ObjectMapping, before: pl.DataFrame | None, now: pl.DataFrame) -> pl.DataFrame:
    """Return a row of `SKIPS` for each record that is stored and no longer in scope."""
    if before is None:
        return SKIPS.empty()
    gone = before.join(now, on=RECORD_KEY, how="anti")
    if gone.is_empty():
        return SKIPS.empty()
    existing = reader.existing(gone[RECORD_KEY])
    return gone.select(
        object=pl.lit(reader.name),
        side=pl.lit("there"),
        id=RECORD_KEY,
        name=mapping.name if mapping.name in gone.columns else pl.lit(None, pl.String),
        rule=pl.lit(LEFT_SCOPE),
        reason=pl.when(pl.col(RECORD_KEY).is_in(existing.implode()))
        .then(pl.lit(f"no longer in {reader.label}"))
        .otherwise(pl.lit("deleted in Salesforce")),
    )


def _keep(store: Store, name: str, before: pl.DataFrame | None, now: pl.DataFrame, left: pl.DataFrame) -> None:
    within = {"object": name, "side": "there"}
    skips = store.read(SKIPS, within=within)
    came_back = pl.col("id").is_in(now[RECORD_KEY].implode()) | pl.col("id").is_in(left["id"].implode())
    skips_now = pl.concat([skips.filter((pl.col("rule") != LEFT_SCOPE) | ~came_back), left])
    if before is None or not now.equals(before):
        store.save_records("there", name, now)
    if not skips_now.sort(SKIPS.key).equals(skips):
        store.write(SKIPS, skips_now, within=within)
