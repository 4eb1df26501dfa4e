"""Keeps what a pull found: the records, and in ``skips`` those that went, each with its reason.

The records are written as they are read, never as a whole in memory, and only when something in them is another thing
than before.
"""

import polars as pl

from toolkit.frames import RECORD_KEY, SKIPS
from toolkit.pulling.following import Before, Outcome
from toolkit.pulling.reader import STAMP, Reader, fates
from toolkit.store import Store

LEFT_SCOPE = "scope (VIT-1)"
"""The rule under which ``skips`` holds the records that left the scope."""

MOST_FATES = 20_000
"""Records that Salesforce is asked about one by one; of more it is only said that they are gone."""


def keep(store: Store, name: str, reader: Reader, before: Before | None, outcome: Outcome, *, name_path: str) -> int:
    """Keep the records and the skips of an outcome; return how many records are new or hold other values."""
    left = _left(reader, name, before, outcome, name_path)  # while the records before are still there
    changed, differs = _compared(before, outcome)
    if before is None or differs or outcome.gone.len() or not before.as_stored:
        whole = store.incoming(name) / "whole.parquet"
        outcome.now.sink_parquet(whole, compression="zstd", compression_level=1)
        store.adopt_records("there", name, whole, outcome.rows)
    _keep_skips(store, name, outcome, left)
    return changed


def _compared(before: Before | None, outcome: Outcome) -> tuple[int, int]:
    """How many of the fresh records are new or hold other values, and how many differ at all, in their stamp too.

    Rows are compared by a hash of their values, so that a full reading needs memory for its ids only.
    """
    if before is None or not before.comparable:
        return outcome.rows, outcome.rows
    if not outcome.fresh_ids.len():
        return 0, 0
    of_fresh = before.frame.filter(pl.col(RECORD_KEY).is_in(outcome.fresh_ids.implode()))
    was, now = _hashed(of_fresh), _hashed(outcome.fresh)
    both = now.join(was, on=RECORD_KEY, how="left", suffix="_was")
    changed = pl.col("_values").ne_missing(pl.col("_values_was"))
    restamped = pl.col(STAMP).ne_missing(pl.col(f"{STAMP}_was"))
    counts = both.select(changed=changed.sum(), differs=(changed | restamped).sum())
    return int(counts["changed"][0]), int(counts["differs"][0])


def _hashed(frame: pl.LazyFrame) -> pl.DataFrame:
    hashed = pl.struct(pl.all().exclude(STAMP)).hash().alias("_values")
    return frame.select(RECORD_KEY, STAMP, hashed).collect(engine="streaming")


def _left(reader: Reader, name: str, before: Before | None, outcome: Outcome, name_path: str) -> pl.DataFrame:
    """Return a row of `SKIPS` for each record that was stored and is no longer in scope."""
    if before is None or not outcome.gone.len():
        return SKIPS.empty()
    named = pl.col(name_path) if name_path in before.frame.collect_schema() else pl.lit(None, pl.String)
    names = before.frame.select(RECORD_KEY, name=named.cast(pl.String))
    gone = names.filter(pl.col(RECORD_KEY).is_in(outcome.gone.implode())).collect(engine="streaming")
    told = gone.join(_fates(reader, outcome), left_on=RECORD_KEY, right_on="Id", how="left")
    survivors = told.select(RECORD_KEY="MasterRecordId").drop_nulls().unique()["RECORD_KEY"]
    known = names.filter(pl.col(RECORD_KEY).is_in(survivors.implode())).collect(engine="streaming")
    told = told.join(known.rename({"name": "_survivor"}), left_on="MasterRecordId", right_on=RECORD_KEY, how="left")
    return told.select(
        object=pl.lit(name),
        side=pl.lit("there"),
        id=RECORD_KEY,
        name="name",
        rule=pl.lit(LEFT_SCOPE),
        reason=_reason(reader.scope.label),
    )


def _reason(label: str) -> pl.Expr:
    master, survivor = pl.col("MasterRecordId"), pl.col("_survivor")
    return (
        pl.when(survivor.is_not_null())
        .then(pl.format('merged into "{}" ({}) in Salesforce', survivor, master))
        .when(master.is_not_null())
        .then(pl.format("merged into {} in Salesforce", master))
        .when(pl.col("IsDeleted"))
        .then(pl.lit("deleted in Salesforce"))
        .when(pl.col("IsDeleted").is_null())
        .then(pl.lit(f"no longer in {label}, or deleted in Salesforce"))
        .otherwise(pl.lit(f"no longer in {label}"))
    )


def _fates(reader: Reader, outcome: Outcome) -> pl.DataFrame:
    """``Id``, ``IsDeleted`` and ``MasterRecordId`` of the records that went."""
    known = outcome.deleted.unique("Id").with_columns(IsDeleted=pl.lit(True))
    asked = outcome.gone.filter(~outcome.gone.is_in(known["Id"].implode()))
    if not asked.len() or asked.len() > MOST_FATES:
        return known
    columns = ["Id", "IsDeleted", "MasterRecordId"]
    return pl.concat([known.select(columns), fates(reader.org, reader.sobject, asked.to_list()).select(columns)])


def _keep_skips(store: Store, name: str, outcome: Outcome, left: pl.DataFrame) -> None:
    within = {"object": name, "side": "there"}
    skips = store.read(SKIPS, within=within)
    if skips.is_empty() and left.is_empty():
        return
    # Who is in scope again was read just now: it was not among the records before.
    back = pl.col("id").is_in(outcome.fresh_ids.implode()) | pl.col("id").is_in(left["id"].implode())
    skips_now = pl.concat([skips.filter((pl.col("rule") != LEFT_SCOPE) | ~back), left])
    if not skips_now.sort(SKIPS.key).equals(skips):
        store.write(SKIPS, skips_now, within=within)
