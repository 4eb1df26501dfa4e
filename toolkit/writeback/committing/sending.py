"""Writing the rows of a commit to either side, a batch at a time, each row settled as soon as its fate is known.

Before a batch is sent, its records are read again. What moved since the plan is held, never overwritten (BEY-3); what
already holds the new value is settled without a call. Every cell that a record does not change is left out of the call.
When a call breaks off and nobody knows whether it was carried out, its records are read once more, and only what is not
written yet is sent again. What stays open is the time between a reading and its writing, of at most
`cost.RECORDS_PER_READ` records over REST: Salesforce has no condition for many records at once, so what somebody saves
in the same field in that time is overwritten.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from toolkit.errors import NotFoundError, RequestError, SalesforceError
from toolkit.frames import JOURNAL, RECORD_KEY
from toolkit.salesforce import ObjectDescribe, Org
from toolkit.salesforce.transport import fate_unknown
from toolkit.values import to_text
from toolkit.writeback.committing.changed import as_they_are
from toolkit.writeback.committing.journal import Ledger
from toolkit.writeback.committing.ordering import PARENT, by_parent, parent_path
from toolkit.writeback.committing.records import with_values
from toolkit.writeback.committing.remedies import remedy
from toolkit.writeback.committing.settling import NOT_WRITTEN, compared
from toolkit.writeback.planning.cost import RECORDS_PER_JOB, RECORDS_PER_READ, Via
from toolkit.writeback.planning.references import resolved
from toolkit.writeback.planning.sentences import sentence
from toolkit.writeback.planning.sides import Sides

Progress = Callable[[int, int | None], None]

RECORDS_PER_BATCH: dict[Via, int] = {
    "collections": RECORDS_PER_READ,
    "composite": RECORDS_PER_READ,
    "bulk": RECORDS_PER_JOB,
}
"""So many records are read again, then written."""

TRIES = 5
"""So often rows are sent whose calls break off."""
MOST_DECIMALS = 15

_CLEAR = " "  # stands for null while rows are turned into columns; no canonical text is a blank


@dataclass(frozen=True)
class Sender:
    """What sending needs: the org, the journal, the way to write, and whom to tell how far it is."""

    org: Org
    ledger: Ledger
    via: Via
    tell: Callable[[int], None]

    def send(self, rows: pl.DataFrame, sides: Sides) -> None:
        """Write journal rows of one object to Salesforce. Raises SalesforceError when the org refuses a whole call."""
        since = self.ledger.store.watermark(sides.object) if self.via == "bulk" else None
        for batch in _batches(rows, RECORDS_PER_BATCH[self.via]):
            judged = compared(now_there(self.org, batch, sides, since))
            waiting = pl.col("state") == "intended"
            self.ledger.settle(judged.filter(~waiting))
            todo = by_parent(judged.filter(waiting), PARENT)
            self.tell(batch["there_id"].n_unique() - todo["there_id"].n_unique())
            if todo.height:
                self._write(todo, sides)

    def _write(self, todo: pl.DataFrame, sides: Sides) -> None:
        for attempt in range(1, TRIES + 1):
            left, broken = self._sent(todo, sides)
            if broken is None:
                return
            if self.via == "bulk" or attempt == TRIES or not fate_unknown(broken):
                raise broken  # of a Bulk job, which may be at work, `resume` asks what became
            self.org.pause(attempt)
            todo = self._read_once_more(left, sides)
            if todo.is_empty():
                return

    def _sent(self, todo: pl.DataFrame, sides: Sides) -> tuple[pl.DataFrame, SalesforceError | None]:
        """Send rows and settle those that are answered; return the others, and what broke the sending off."""
        waiting, ready = todo, resolved(todo, sides)

        def settle(results: pl.DataFrame) -> None:
            nonlocal waiting
            self.ledger.settle(answered(waiting, results).drop("before"))  # which is as it was intended
            waiting = waiting.join(results, left_on="there_id", right_on="id", how="anti")
            self.tell(results.height)

        try:
            self.org.write(
                sides.mapping.sobject,
                "update",
                wide(ready),
                types_of(ready),
                via=self.via,
                on_job=lambda job_id: self.ledger.sent_in_job(waiting, job_id),
                on_results=settle,
                sparse=True,
            )
        except SalesforceError as error:
            return waiting, error
        return waiting, None

    def _read_once_more(self, rows: pl.DataFrame, sides: Sides) -> pl.DataFrame:
        """Settle the rows that a call which broke off has written, or that moved meanwhile; return the others."""
        judged = compared(now_there(self.org, rows.select(*JOURNAL.schema), sides), after_interruption=True)
        open_still = pl.col("code") == NOT_WRITTEN
        settled, others = judged.filter(~open_still), judged.filter(open_still)
        self.ledger.settle(settled)
        self.tell(
            settled["there_id"].n_unique() - settled.join(others, on="there_id", how="semi")["there_id"].n_unique()
        )
        nothing = pl.lit(None, pl.String)
        return by_parent(others.with_columns(state=pl.lit("intended"), code=nothing, message=nothing), PARENT)


def apply_here(rows: pl.DataFrame, sides: Sides, ledger: Ledger) -> None:
    """Write journal rows of one object to the records here, all at once, and settle them."""
    judged = compared(now_here(rows, sides))
    todo = judged.filter(pl.col("state") == "intended")
    if todo.height:
        values = todo.select(pl.col("here_id").alias(RECORD_KEY), "field", "type", value="after")
        ledger.store.save_records("here", sides.object, with_values(sides.here, values))
    done = pl.when(pl.col("state") == "intended").then(pl.lit("written")).otherwise("state")
    ledger.settle(judged.with_columns(state=done))


def now_there(org: Org, rows: pl.DataFrame, sides: Sides, since: datetime | None = None) -> pl.DataFrame:
    """Return journal rows with what Salesforce holds ``now``, as text, and whether the record was ``found``.

    A field that was deleted or hidden since the plan is said to be ``hidden``; its rows hold nothing now. ``_parent``
    is the record that this one belongs to, see `committing.ordering`. With `since`, the watermark of the last
    pull, only what changed since then is read, where it can be told.
    """
    fields = rows["field"].unique(maintain_order=True).to_list()
    reads = {field: sides.reads(field) for field in fields}  # of a reference kept by a value, that value
    parent = parent_path(sides.describe)
    paths = list(dict.fromkeys([*reads.values(), *([parent] if parent else [])]))
    ids, hidden = rows["there_id"].unique(maintain_order=True), list[str]()
    known_too = [path for path in paths if path != parent or path in sides.there.columns]
    records = None if since is None else as_they_are(org, sides, ids, known_too, since)
    if records is None:
        records, hidden = read_again(org, sides.mapping.sobject, ids, paths)
    held = records.select(there_id="Id", **{field: path for field, path in reads.items() if path in records.columns})
    now = _with_now(rows, held, "there_id", {field: field for field in fields}, sides)
    known = pl.col(parent) if parent and parent in records.columns else pl.lit(None, pl.String)
    parents = records.select(there_id="Id", **{PARENT: known})
    return now.join(parents, on="there_id", how="left", maintain_order="left").with_columns(
        hidden=pl.col("field").replace(reads).is_in(hidden)
    )


def read_again(org: Org, sobject: str, ids: pl.Series, paths: list[str]) -> tuple[pl.DataFrame, list[str]]:
    """Return the records with these ids, and which of the fields were deleted or hidden meanwhile and are not read."""
    try:
        return org.by_ids(sobject, ids, ["Id", *paths]), []
    except (RequestError, NotFoundError):
        hidden = _missing(paths, org.describe(sobject, refresh=True))
        if not hidden:
            raise
    return org.by_ids(sobject, ids, ["Id", *(path for path in paths if path not in hidden)]), hidden


def now_here(rows: pl.DataFrame, sides: Sides) -> pl.DataFrame:
    """Return journal rows with what is here ``now``, as text, and whether the record was ``found``."""
    pairs = dict(rows.select("field", "partner").unique().iter_rows())
    now = _with_now(rows, sides.here.rename({RECORD_KEY: "here_id"}), "here_id", pairs, sides)
    return now.with_columns(hidden=pl.lit(False))


def _missing(paths: list[str], describe: ObjectDescribe) -> list[str]:
    missing = []
    for path in paths:
        try:
            describe.field(path)
        except NotFoundError:
            missing.append(path)
    return missing


def _with_now(rows: pl.DataFrame, records: pl.DataFrame, key: str, paths: dict[str, str], sides: Sides) -> pl.DataFrame:
    """The rows with ``now`` and ``found``; `paths` gives the Salesforce path of each field that is written."""
    held = [pl.DataFrame(schema={key: pl.String, "field": pl.String, "now": pl.String})]
    types = dict(rows.select("field", "type").unique().iter_rows())
    for name, path in paths.items():
        if name in records.columns:
            text = to_text(pl.col(name), records.schema[name], types[name], _scale(sides, path))
            held.append(records.select(key, pl.lit(name).alias("field"), text.alias("now")))
    present = records.select(key, pl.lit(True).alias("found"))
    return (
        rows.join(pl.concat(held), on=[key, "field"], how="left", maintain_order="left")
        .join(present, on=key, how="left", maintain_order="left")
        .with_columns(pl.col("found").fill_null(False))
    )


def _scale(sides: Sides, path: str | None) -> int:
    if path is None:  # a column that is here alone
        return MOST_DECIMALS
    try:
        return sides.describe.field(sides.reads(path)).scale
    except NotFoundError:  # it was there when the plan was made; every digit is compared then
        return MOST_DECIMALS


def wide(rows: pl.DataFrame, key: str = "there_id", name: str = "Id") -> pl.DataFrame:
    """Return journal rows as one row a record for a sparse write: null clears a field, empty text leaves it alone.

    The column `key` says which record a row is of; it is called `name` in the table.
    """
    cells = rows.select(pl.col(key).alias(name), "field", cell=pl.col("after").fill_null(_CLEAR))
    table = cells.pivot(on="field", index=name, values="cell")
    names = [each for each in table.columns if each != name]
    filled = pl.col(names).fill_null("")
    return table.with_columns(pl.when(filled == _CLEAR).then(None).otherwise(filled).name.keep())


def types_of(rows: pl.DataFrame) -> dict[str, str]:
    """Return the Salesforce type of each field of journal rows."""
    return dict(rows.select("field", "type").unique().iter_rows())


def answered(rows: pl.DataFrame, results: pl.DataFrame, key: str = "there_id") -> pl.DataFrame:
    """Return those journal rows whose record has an answer (`WRITE_RESULTS`), with state, code and message.

    `key` is the column that the results' ``id`` is of. A record is written as a whole or not at all, so its fields
    share one answer.
    """
    failed = sentence(pl.col("error_message").fill_null("no reason was given"), "; ", remedy("error_code"))
    success = pl.col("success")
    return rows.join(results, left_on=key, right_on="id", how="inner").with_columns(
        state=pl.when(success).then(pl.lit("written")).otherwise(pl.lit("failed")),
        code=pl.when(success).then(None).otherwise("error_code"),
        message=pl.when(success).then(None).otherwise(failed),
    )


def _batches(rows: pl.DataFrame, records: int) -> Iterator[pl.DataFrame]:
    numbered = rows.with_columns((pl.col("there_id").rank("dense") - 1).floordiv(records).alias("_batch"))
    for batch in numbered.partition_by("_batch", maintain_order=True):
        yield batch.drop("_batch")
