"""How a pull asks Salesforce: everything in scope, what changed since, ids alone, or single records.

Large readings are spilled to the disk in parts and go on where an earlier run was cut off; each way to read is chosen
by what it costs. What a reading gives is a frame with ``id``, ``SystemModstamp`` and the mapped paths, sorted by id.
"""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from toolkit.errors import NotFoundError
from toolkit.frames import RECORD_KEY
from toolkit.pulling.ahead import Ahead
from toolkit.pulling.parts import Parts
from toolkit.pulling.scope import ResolvedScope
from toolkit.salesforce import Org
from toolkit.salesforce.downloads import Bookmark, Way
from toolkit.salesforce.org import ReadVia
from toolkit.salesforce.query import IDS_PER_CALL, Answer, Progress, Query
from toolkit.salesforce.soql import both, literal

STAMP = "SystemModstamp"
ROWS_A_PART = 50_000
"""Records that are gathered before they are written to the disk."""

_ALWAYS = {"id": "Id", STAMP.lower(): STAMP}  # read whether or not they are mapped, in whatever case


@dataclass(frozen=True)
class Reading:
    """Records that were read, unread on the disk when there are many. ``received`` counts what Salesforce sent.

    ``went_on`` says that an earlier run had begun it, so that the oldest records are as they were then.
    """

    frame: pl.LazyFrame
    ids: pl.Series
    received: int
    anchor: datetime | None
    went_on: bool = False


@dataclass(frozen=True)
class Changes:
    """What changed since a moment. ``records`` are in scope, ``deleted`` has ``Id`` and ``MasterRecordId``.

    ``outside`` are the ids that were changed too and are not in scope; ``count`` the records in scope, None where
    Salesforce cannot count them.
    """

    records: Reading
    deleted: pl.DataFrame
    outside: pl.Series
    count: int | None


@dataclass(frozen=True)
class Reader:
    """What is read of an object: which records, and which fields of them.

    ``kept`` are the ids of the accounts to whose records the reading keeps, where SOQL cannot. ``via`` is auto, rest
    or bulk; ``per_part`` so many records are put on the disk at a time. ``ahead`` has answers that were asked for
    together with those of other objects.
    """

    org: Org
    sobject: str
    paths: tuple[str, ...]
    schema: dict[str, pl.DataType]
    scope: ResolvedScope
    kept: pl.Series | None
    folder: Path
    progress: Progress | None
    via: ReadVia = "auto"
    per_part: int = ROWS_A_PART
    ahead: Ahead | None = None

    @property
    def clock(self) -> datetime | None:
        """What the org's clock showed before the first question, None when it was not asked."""
        return self.ahead.clock if self.ahead else None

    def asked_at(self, now: float) -> float:
        """Return when the answers may have been asked for, in monotonic seconds; `now` when not ahead."""
        return self.ahead.asked_at if self.ahead else now

    def size(self) -> tuple[int, str | None]:
        """Return how many records there are to read, and the latest stamp among them."""
        where, using = self.scope.where, self.scope.using
        latest = Query(self.sobject, (STAMP,), where, using, order_by=f"{STAMP} DESC", limit=1)
        count, newest = self.org.ask(Query(self.sobject, (), where, using), latest)
        at = newest.frame[STAMP].max()
        return count.total, at.isoformat() if isinstance(at, datetime) else None

    def everything(self, total: int, anchor: str | None) -> Reading:
        """Return all records in scope; `total` and `anchor` are what `size` gave."""
        return self._download("everything", self.scope.where, self._way(total), total, anchor)

    def questions(self, since: datetime) -> dict[str, Query]:
        """Return what is asked to learn what changed since a moment, by name.

        changed  the records in scope that have a new stamp, or refer to one that has
        deleted  what was put into the recycle bin, from wherever
        count    how many records are in scope, where Salesforce can count them
        outside  what has a new stamp and is not in scope, where that can be said
        touched  else all that has a new stamp, whether in scope or not
        """
        own, using = f"{STAMP} >= {literal(since)}", self.scope.using
        asked = {
            "changed": Query(self.sobject, tuple(self._asked()), self._changed_since(since), using, order_by="Id"),
            "deleted": self._deleted_since(own),
            "count": Query(self.sobject, (), self.scope.where, using) if self.scope.countable else None,
        }
        if self.scope.negatable:
            asked["outside"] = Query(self.sobject, ("Id",), both(own, f"NOT ({self.scope.where})"))
        elif not self.scope.everything:
            asked["touched"] = Query(self.sobject, ("Id",), own, order_by="Id")
        return {name: query for name, query in asked.items() if query is not None}

    def changes(self, since: datetime, counted: Callable[[int], None]) -> Changes:
        """Return what was changed, deleted or taken out of the scope since a moment: one call when it is little.

        `counted` is told how many records are in scope, where Salesforce can count them, before more is asked for.
        """
        queries = self.questions(since)
        answers = dict(zip(queries, (self.ahead or self.org).ask(*queries.values()), strict=True))
        if "count" in answers:
            counted(answers["count"].total)
        first = answers["changed"]
        records = self._from_first(first, f"changed since {since.isoformat()}", self._changed_since(since))
        return Changes(
            records=records,
            deleted=self._deleted(answers.get("deleted")),
            outside=self._outside(since, answers, records),
            count=answers["count"].total if "count" in answers else None,
        )

    def ids(self) -> pl.Series:
        """Return the ids of all records in scope."""
        path = [self.scope.accounts.path] if self.kept is not None and self.scope.accounts else []
        total = self.org.count(self.sobject, self.scope.where, self.scope.using)
        way = self.org.cheaper_way(self.sobject, ["Id", *path], total)
        pieces = self.org.download(self.sobject, ["Id", *path], self.scope.where, self.scope.using, begin=way)
        found = [self._of_kept(frame.rename({"Id": RECORD_KEY})).select(RECORD_KEY) for frame, _ in pieces]
        return pl.concat([_no_ids().to_frame(), *found])[RECORD_KEY]

    def by_ids(self, ids: pl.Series) -> pl.DataFrame:
        """Return records by their ids."""
        return self._shaped(self.org.by_ids(self.sobject, ids, self._asked()))

    def of_accounts(self, accounts: pl.Series) -> pl.DataFrame:
        """Return the records in scope that belong to these accounts."""
        assert self.scope.accounts is not None
        path = self.scope.accounts.path
        found = [pl.DataFrame(schema=self.schema)]
        for chunk in accounts.to_frame().iter_slices(IDS_PER_CALL):
            where = both(self.scope.own, f"{path} IN {literal(chunk.to_series().to_list())}")
            read = self.org.records(self.sobject, self._asked(), where, self.scope.using)
            found.append(self._of_kept(self._shaped(read)))
        return pl.concat(found).unique(RECORD_KEY).sort(RECORD_KEY)

    def forget(self) -> None:
        """Remove what was read from the disk, when it is kept."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _way(self, records: int) -> Way:
        if self.via != "auto":
            return self.via
        return self.org.cheaper_way(self.sobject, self._asked(), records)

    def _changed_since(self, since: datetime) -> str | None:
        stamps = [f"{prefix}{STAMP} >= {literal(since)}" for prefix in ("", *relationships(self.paths))]
        return both(self.scope.where, " OR ".join(stamps))

    def _deleted_since(self, own: str) -> Query | None:
        fields = self.org.describe(self.sobject).fields
        if "IsDeleted" not in fields:
            return None
        wanted = ("Id", "MasterRecordId") if "MasterRecordId" in fields else ("Id",)
        return Query(self.sobject, wanted, both("IsDeleted = true", own), deleted_too=True)

    def _deleted(self, answer: Answer | None) -> pl.DataFrame:
        found = [pl.DataFrame(schema={"Id": pl.String, "MasterRecordId": pl.String})]
        if answer is not None:
            found += [answer.frame, *self.org.rest_of(answer)]
        return pl.concat(found, how="diagonal")

    def _outside(self, since: datetime, answers: Mapping[str, Answer], inside: Reading) -> pl.Series:
        """The ids of what was changed and is not in scope: asked for, or what remains of all that was changed."""
        first = answers["changed"]
        if "outside" in answers:
            found = self._all_ids(answers["outside"])
            if self.kept is None:
                return found
            if first.following is None:  # whose account is not kept is not in scope either
                read = first.frame["Id"].rename(RECORD_KEY)
                return pl.concat([found, read.filter(~read.is_in(inside.ids.implode()))])
        elif "touched" in answers:
            touched = answers["touched"]
            if touched.following is None or self._all_inside(touched, first):
                ids = touched.frame["Id"].rename(RECORD_KEY)
                return ids.filter(~ids.is_in(inside.ids.implode()))
        else:
            return _no_ids()
        own = f"{STAMP} >= {literal(since)}"
        way = self.org.cheaper_way(self.sobject, ["Id"], sum(each.total for each in answers.values()))
        pieces = [frame["Id"] for frame, _ in self.org.download(self.sobject, ["Id"], own, begin=way)]
        ids = pl.concat(pieces).rename(RECORD_KEY)
        return ids.filter(~ids.is_in(inside.ids.implode()))

    def _all_inside(self, touched: Answer, changed: Answer) -> bool:
        """Whether all that has a new stamp is in scope: as many records, where no stamps of others count."""
        return self.scope.countable and touched.total == changed.total and not relationships(self.paths)

    def _all_ids(self, first: Answer) -> pl.Series:
        return pl.concat([first.frame, *self.org.rest_of(first)])["Id"].rename(RECORD_KEY)

    def _from_first(self, first: Answer, what: str, where: str | None) -> Reading:
        if first.following is None:
            frame = self._of_kept(self._shaped(first.frame)).sort(RECORD_KEY)
            if self.progress:
                self.progress(first.total, first.total)
            return Reading(frame.lazy(), frame[RECORD_KEY], first.total, None)
        return self._download(what, where, self._way(first.total), first.total, None, first.frame)

    def _download(
        self,
        what: str,
        where: str | None,
        way: Way,
        total: int,
        anchor: str | None,
        first: pl.DataFrame | None = None,
    ) -> Reading:
        """Read in parts, going on with what an earlier run has read of the same question, or behind a first page."""
        kept = "" if self.kept is None else f"{self.kept.len()} {self.kept.hash().sum()}"
        question = json.dumps([what, self.sobject, self._asked(), where, self.scope.using, kept])
        parts = Parts(self.folder / "parts", question)
        went_on = parts.resumed
        if not went_on:
            parts.clear(anchor)
            if first is not None and way == "rest":
                note = asdict(Bookmark("rest", last=first["Id"][-1]))
                parts.add(self._of_kept(self._shaped(first)), first.height, note, complete=False)
        try:
            self._fill(parts, where, way, total)
        except NotFoundError:
            if not went_on:
                raise
            parts.clear(anchor)
            went_on = False
            self._fill(parts, where, way, total)
        frame = parts.frame(self.schema)
        ids = frame.select(RECORD_KEY).collect(engine="streaming")[RECORD_KEY]
        at = datetime.fromisoformat(parts.anchor) if parts.anchor else None
        return Reading(frame, ids, parts.received, at, went_on)

    def _fill(self, parts: Parts, where: str | None, way: Way, total: int) -> None:
        if parts.complete:
            return
        begin = Bookmark(**parts.bookmark) if parts.bookmark else way
        gathered: list[pl.DataFrame] = []
        waiting = 0
        question = (self.sobject, self._asked(), where, self.scope.using)
        for frame, bookmark in self.org.download(*question, begin=begin, per_page=2 * self.per_part):
            waiting += frame.height
            gathered.append(self._of_kept(self._shaped(frame)))
            starts = bookmark is not None and bookmark.job is not None and not parts.bookmark
            if waiting >= self.per_part or bookmark is None or starts:
                note = asdict(bookmark) if bookmark else None
                parts.add(pl.concat(gathered), waiting, note, complete=bookmark is None)
                gathered, waiting = [], 0
            if self.progress:
                self.progress(parts.received + waiting, max(total, parts.received + waiting))

    def _asked(self) -> list[str]:
        return ["Id", STAMP, *(path for path in self.paths if path.lower() not in _ALWAYS)]

    def _shaped(self, frame: pl.DataFrame) -> pl.DataFrame:
        columns = {RECORD_KEY: "Id", STAMP: STAMP} | {path: _ALWAYS.get(path.lower(), path) for path in self.paths}
        return frame.select(pl.col(source).alias(column) for column, source in columns.items())

    def _of_kept(self, frame: pl.DataFrame) -> pl.DataFrame:
        if self.kept is None or self.scope.accounts is None:
            return frame
        wanted = self.scope.accounts.path.lower()
        path = next(name for name in frame.columns if name.lower() == wanted)
        return frame.join(self.kept.alias("_account").to_frame(), left_on=path, right_on="_account", how="semi")


def relationships(paths: Sequence[str]) -> list[str]:
    """Return the ways to every record that `paths` lead through: ``Owner.Manager.Name`` gives both of its steps."""
    steps = [path.split(".")[:-1] for path in paths]
    return sorted({".".join(step[:depth]) + "." for step in steps for depth in range(1, len(step) + 1)})


def fates(org: Org, sobject: str, ids: Sequence[str]) -> pl.DataFrame:
    """Return what became of records, in the form of `Org.fates`, with a row for each of `ids`."""
    found = org.fates(sobject, ids)
    asked = pl.DataFrame({"Id": ids}, schema={"Id": pl.String})
    return asked.join(found, on="Id", how="left").with_columns(pl.col("IsDeleted").fill_null(True))


def _no_ids() -> pl.Series:
    return pl.Series(RECORD_KEY, [], pl.String)
