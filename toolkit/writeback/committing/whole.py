"""Records as a whole, written by a commit: created on either side, or deleted again.

No record is ever created twice. Where the mapping has an external id, it is written by it. Otherwise, after a run that
was cut off, Salesforce is searched for what it may have created (`committing.recognising`), by `resume`, and
again before the same record is created by a later commit. One window stays: a request that Salesforce received, and
works on for longer than it takes to settle, plan and commit anew. With an external id there is none.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

import polars as pl

from toolkit.errors import SalesforceError
from toolkit.frames import LINKS, RECORD_KEY
from toolkit.salesforce import Org
from toolkit.salesforce.bulk import fits_csv
from toolkit.salesforce.soql import both, in_lists, literal
from toolkit.salesforce.transport import fate_unknown
from toolkit.values import INTEGER_TYPES, NUMBER_TYPES, to_text
from toolkit.writeback.committing.ordering import PARENT, by_parent, parent_path
from toolkit.writeback.committing.recognising import (
    cells_there,
    ids_accounted_for,
    interrupted,
    new_links,
    recognised,
    stands_for_new,
    with_references,
)
from toolkit.writeback.committing.records import with_values
from toolkit.writeback.committing.sending import TRIES, Sender, answered, now_there, types_of, wide
from toolkit.writeback.committing.settling import ALREADY, CHANGED, FOUND, GONE, NOT_WRITTEN, compared
from toolkit.writeback.planning.creating import Known, cells_of
from toolkit.writeback.planning.operations import CREATE, DELETE
from toolkit.writeback.planning.references import resolved
from toolkit.writeback.planning.refusing import upsert_key
from toolkit.writeback.planning.sides import Sides

EXISTS = "EXISTS_ALREADY"
NO_PARENT = "REFERENCE_NOT_CREATED"
_IDS_PER_STATEMENT = 500
_NEW_COLUMNS = ("there_id",)


@dataclass(frozen=True)
class Creator:
    """Creates the records of one object in Salesforce.

    ``at`` is the time of the commit, ``since`` the newest record that the integration user had made before it, as
    Salesforce dates it, by commit: what a commit created is not older.
    """

    sender: Sender
    sides: Sides
    objects: Sequence[Sides]
    at: str

    @property
    def org(self) -> Org:
        """The org."""
        return self.sender.org

    def create(self, rows: pl.DataFrame) -> None:
        """Create the records of journal rows and settle each row. Raises SalesforceError when a call is refused."""
        ready = self._with_references(rows)
        ready = self._without(ready, self._outdated(ready))
        earlier = interrupted(self.sender.ledger.store.journal(), ready, NOT_WRITTEN)["commit_id"]
        if earlier.len():
            ready = self._found(ready, earlier.to_list(), "found created by a run that was interrupted")
        self._insert(self._without(ready, self._existing(ready)))

    def settle_left_over(self, rows: pl.DataFrame) -> None:
        """Settle journal rows that an interrupted commit left open, by what Salesforce holds. Creates nothing."""
        ready = self._with_references(rows)
        left = self._found(ready, [self.sender.ledger.commit_id], "found created after the run was interrupted")
        why = pl.lit("the run was interrupted before this was created; plan again")
        self._settle(left.with_columns(state=pl.lit("failed"), code=pl.lit(NOT_WRITTEN), message=why))

    def settle_job(self, rows: pl.DataFrame, job_id: str) -> None:
        """Settle those journal rows that a Bulk job carried. Raises NotFoundError when the job is gone."""
        first = rows.filter(pl.col("message") == job_id)["seq"].min()
        mine = rows.join(rows.filter(pl.col("seq") >= first), on="here_id", how="semi", maintain_order="left")
        for key, part in self._by_key(mine):
            if not part.filter(pl.col("message") == job_id).height:
                continue
            table = self._table(part)
            table = table.filter(fits_csv(table.drop("here_id")))
            results = self.org.collect(
                job_id,
                self.sides.mapping.sobject,
                "upsert" if key else "insert",
                table.drop("here_id"),
                types_of(resolved(part, self.sides)),
                external_id=key,
                sparse=True,
            )
            answers = results.with_columns(here_id=table["here_id"].gather(results["row"]))
            self._answer(part, answers)
        self.org.forget(job_id)

    # -- inner -------------------------------------------------------------------------------------------------------

    def _without(self, rows: pl.DataFrame, held: pl.DataFrame) -> pl.DataFrame:
        self._settle(held)
        return rows.join(held, on="here_id", how="anti", maintain_order="left")

    def _settle(self, rows: pl.DataFrame) -> None:
        links = new_links(rows, self.at) if rows.filter(pl.col("state") == "written").height else None
        self.sender.ledger.settle(rows, _NEW_COLUMNS, links)
        self.sender.tell(rows["here_id"].n_unique())

    def _with_references(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows with the ids of what they refer to, noted before they are sent; without those that have none."""
        ledger = self.sender.ledger
        known = with_references(rows, ledger.store.read(LINKS))
        changed = known.filter(known["after"] != rows["after"])
        ledger.settle(changed, ("after", "agreed"))
        alone = known.join(known.filter(stands_for_new()), on="here_id", how="semi")
        why = pl.lit("what it refers to was not created; see its row, then plan again")
        self._settle(alone.with_columns(state=pl.lit("failed"), code=pl.lit(NO_PARENT), message=why))
        return known.join(alone, on="here_id", how="anti", maintain_order="left")

    def _outdated(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows of records that nobody would create like that today, as held."""
        links = self.sender.ledger.store.read(LINKS)
        ids = rows["here_id"].unique()
        cells, _ = cells_of(self.sides, ids, replace(Known.of(self.objects), links=links), self.objects)
        linked = links.filter(pl.col("object") == self.sides.object).select("here_id", _linked="there_id")
        same = cells.select("here_id", "field", "after", _same=pl.lit(value=True))
        both_ways = rows.join(same, on=["here_id", "field", "after"], how="full", coalesce=True)
        differs = both_ways.filter(pl.col("_same").is_null() | pl.col("seq").is_null()).select("here_id")
        gone = pl.when(~pl.col("here_id").is_in(self.sides.here[RECORD_KEY].implode()))
        return (
            rows.join(linked, on="here_id", how="left", maintain_order="left")
            .filter(pl.col("_linked").is_not_null() | pl.col("here_id").is_in(differs["here_id"].implode()))
            .with_columns(
                state=pl.lit("held"),
                code=pl.when(pl.col("_linked").is_not_null())
                .then(pl.lit(EXISTS))
                .otherwise(gone.then(pl.lit(GONE)).otherwise(pl.lit(CHANGED))),
                message=pl.when(pl.col("_linked").is_not_null())
                .then(pl.format("it was linked to {} since the plan", "_linked"))
                .otherwise(pl.lit("the record, or its mapping, changed here since the plan; plan again")),
            )
            .select(rows.columns)
        )

    def _existing(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows of records whose external id somebody in Salesforce has by now, as held."""
        key = upsert_key(self.sides, rows["field"]) if rows.height else None
        if key is None:
            return rows.clear()
        values = rows.filter(pl.col("field") == key).select("here_id", value="after")
        facts = self.sides.describe.field(key)
        number = facts.type in NUMBER_TYPES | INTEGER_TYPES
        parts = [pl.DataFrame(schema={"_holder": pl.String, "_key": pl.String})]
        for chunk in in_lists(values["value"], 80_000, _IDS_PER_STATEMENT):
            where = f"{key} IN {literal([Decimal(each) for each in chunk] if number else chunk)}"
            held = self.org.records(self.sides.mapping.sobject, ["Id", key], where)
            text = to_text(pl.col(key), held.schema[key], facts.type, facts.scale).str.to_lowercase()
            parts.append(held.select(_holder="Id", _key=text))
        taken = pl.concat(parts).unique("_key")
        holders = values.with_columns(_key=pl.col("value").str.to_lowercase()).join(taken, on="_key", how="inner")
        found = rows.join(holders.select("here_id", "_holder"), on="here_id", how="inner", maintain_order="left")
        message = pl.format(f"{key} belongs to the record {{}} by now; pull and match", "_holder")
        return found.with_columns(state=pl.lit("held"), code=pl.lit(EXISTS), message=message).select(rows.columns)

    def _found(self, rows: pl.DataFrame, commits: list[str], message: str) -> pl.DataFrame:
        """Settle the rows of records that these commits have created after all, and return the others."""
        store = self.sender.ledger.store
        if rows.is_empty():
            return rows
        since = [store.commit_meta(commit).get("since", {}).get(self.sides.object) for commit in commits]
        oldest = min(since) if all(since) else None
        mine = f"CreatedById = {literal(self.org.user_id)}"
        where = both(mine, f"CreatedDate >= {oldest}" if oldest else None)
        fields = rows["field"].unique().sort().to_list()
        reads = {field: self.sides.reads(field) for field in fields}
        read = self.org.records(self.sides.mapping.sobject, ["Id", *dict.fromkeys(reads.values())], where)
        records = read.select(id="Id", **reads)
        known = ids_accounted_for(store.journal(), store.read(LINKS))
        unknown = records.filter(~pl.col(RECORD_KEY).is_in(known.implode()))
        key = upsert_key(self.sides, rows["field"])
        pairs = recognised(rows, cells_there(unknown, types_of(rows), self.sides), key)
        found = rows.drop("there_id").join(pairs, on="here_id", how="inner", maintain_order="left").select(rows.columns)
        self._settle(found.with_columns(state=pl.lit("written"), code=pl.lit(FOUND), message=pl.lit(message)))
        return rows.join(pairs, on="here_id", how="anti", maintain_order="left")

    def _insert(self, rows: pl.DataFrame) -> None:
        for key, part in self._by_key(rows):
            left = part
            for attempt in range(1, TRIES + 1):
                left, broken = self._send(left, self._table(left), key)
                if broken is None:
                    break
                if key is None or self.sender.via == "bulk" or attempt == TRIES or not fate_unknown(broken):
                    raise broken  # without a key it might be created twice: `resume` looks for it first
                self.org.pause(attempt)
                left = self._found(left, [self.sender.ledger.commit_id], "found created after the call broke off")
                if left.is_empty():
                    break

    def _send(
        self, rows: pl.DataFrame, table: pl.DataFrame, key: str | None
    ) -> tuple[pl.DataFrame, SalesforceError | None]:
        """Send new records and settle those that are answered; return the rows of the others, and what broke it off."""
        ids, open_rows = table["here_id"], rows

        def settle(results: pl.DataFrame) -> None:
            nonlocal open_rows
            told = results.with_columns(here_id=ids.gather(results["row"])).drop("row")
            self._answer(open_rows, told)
            open_rows = open_rows.join(told, on="here_id", how="anti", maintain_order="left")

        def in_job(job_id: str) -> None:
            self.sender.ledger.sent_in_job(open_rows, job_id)

        try:
            self.org.write(
                self.sides.mapping.sobject,
                "upsert" if key else "insert",
                table.drop("here_id"),
                types_of(resolved(rows, self.sides)),
                via=self.sender.via,
                external_id=key,
                on_job=in_job,
                on_results=settle,
                sparse=True,
            )
        except SalesforceError as error:
            return open_rows, error
        return open_rows, None

    def _answer(self, rows: pl.DataFrame, answers: pl.DataFrame) -> None:
        new_ids = answers.with_columns(there_id="id", id="here_id").drop("here_id")
        told = answered(rows.drop("there_id"), new_ids, "here_id")
        written = pl.col("state") == "written"
        self._settle(told.with_columns(there_id=pl.when(written).then("there_id")).select(rows.columns))

    def _by_key(self, rows: pl.DataFrame) -> list[tuple[str | None, pl.DataFrame]]:
        """The rows of the records that have an external id, with its field, and those of the others."""
        key = upsert_key(self.sides, rows["field"]) if rows.height else None
        keyed = rows.join(rows.filter(pl.col("field") == (key or "")), on="here_id", how="semi", maintain_order="left")
        rest = rows.join(keyed, on="here_id", how="anti", maintain_order="left")
        return [(each, part) for each, part in ((key, keyed), (None, rest)) if part.height]

    def _table(self, rows: pl.DataFrame) -> pl.DataFrame:
        """One row a record, by parent."""
        table = wide(resolved(rows.sort("seq"), self.sides), "here_id", "here_id")
        return by_parent(table, parent_path(self.sides.describe))


def delete_there(rows: pl.DataFrame, sides: Sides, sender: Sender, *, after_interruption: bool = False) -> None:
    """Delete the records of journal rows that nobody changed since the plan, and settle the rows; links go with them.

    After an interruption nothing is deleted: the rows are settled by what is found.
    """
    judged = compared(now_there(sender.org, rows, sides), after_interruption)
    gone = pl.col("code") == GONE
    done_code = pl.lit(FOUND if after_interruption else ALREADY)
    judged = judged.with_columns(
        state=pl.when(gone).then(pl.lit("written")).otherwise("state"),
        code=pl.when(gone).then(done_code).otherwise("code"),
        message=pl.when(gone).then(pl.lit("is deleted")).otherwise("message"),
    )
    settled, todo = judged.filter(pl.col("state") != "intended"), judged.filter(pl.col("state") == "intended")
    todo = by_parent(todo, PARENT)
    _settle_deleted(settled, sender)
    if not todo.height:
        return
    waiting = todo

    def settle(results: pl.DataFrame) -> None:
        nonlocal waiting
        _settle_deleted(answered(waiting, results), sender)
        waiting = waiting.join(results, left_on="there_id", right_on="id", how="anti")

    sender.org.write(
        sides.mapping.sobject,
        "delete",
        todo.select(Id="there_id"),
        {},
        via=sender.via,
        on_job=lambda job_id: sender.ledger.sent_in_job(waiting, job_id),
        on_results=settle,
    )


def _settle_deleted(rows: pl.DataFrame, sender: Sender) -> None:
    sender.ledger.settle(rows, unlinked=rows.filter(pl.col("state") == "written"))
    sender.tell(rows.height)


def create_here(rows: pl.DataFrame, sides: Sides, sender: Sender) -> None:
    """Add the records of journal rows to those here, and settle the rows; one whose id is taken is held."""
    known = sides.here[RECORD_KEY]
    new = rows.filter(~pl.col("here_id").is_in(known.implode()))
    if new.height:
        ids = new.select(pl.col("here_id").unique(maintain_order=True).alias(RECORD_KEY))
        cells = new.select(pl.col("here_id").alias(RECORD_KEY), "field", "type", value="after")
        here = with_values(pl.concat([sides.here, ids], how="diagonal"), cells)
        sender.ledger.store.save_records("here", sides.object, here)
    taken = ~pl.col("here_id").is_in(new["here_id"].implode())
    sender.ledger.settle(
        rows.with_columns(
            state=pl.when(taken).then(pl.lit("held")).otherwise(pl.lit("written")),
            code=pl.when(taken).then(pl.lit(EXISTS)),
            message=pl.when(taken).then(pl.lit("there is a record with this id here already")),
        )
    )
    sender.tell(rows["here_id"].n_unique())


def delete_here(rows: pl.DataFrame, sides: Sides, sender: Sender) -> None:
    """Take the records of journal rows away from those here, unless they are still in Salesforce; settle the rows."""
    journal = sender.ledger.rows()
    kept = journal.filter(
        (pl.col("side") == "there") & (pl.col("operation") == DELETE) & (pl.col("state") != "written")
    ).select("object", "here_id")
    stays = rows.join(kept, on=["object", "here_id"], how="semi")
    goes = rows.join(stays, on="seq", how="anti", maintain_order="left")
    if goes.height:
        left = sides.here.filter(~pl.col(RECORD_KEY).is_in(goes["here_id"].implode()))
        sender.ledger.store.save_records("here", sides.object, left)
    why = pl.lit("it was not deleted in Salesforce, so it stays here as well")
    sender.ledger.settle(goes.with_columns(state=pl.lit("written")))
    sender.ledger.settle(stays.with_columns(state=pl.lit("held"), code=pl.lit(NOT_WRITTEN), message=why))
    sender.tell(rows["here_id"].n_unique())


def newest_of_ours(org: Org, rows: pl.DataFrame, objects: Sequence[Sides]) -> dict[str, str | None]:
    """Return, for each object of which journal rows create records, when we created the newest one until now."""
    creating = rows.filter((pl.col("operation") == CREATE) & (pl.col("side") == "there"))["object"].unique()
    mine = f"CreatedById = {literal(org.user_id)}"
    newest = {
        sides.object: org.newest(sides.mapping.sobject, "CreatedDate", mine)
        for sides in objects
        if sides.object in creating
    }
    return {name: literal(datetime.fromisoformat(at)) if at else None for name, at in newest.items()}
