"""What is known of an object's pairing, read from a store for `toolkit.matching.repair`; asks no org."""

import polars as pl

from toolkit import frames
from toolkit.config import ObjectMapping
from toolkit.importing.exclusions import excluded
from toolkit.importing.judging import MANUAL, ORIGIN, SALESFORCE
from toolkit.importing.leaving import ARCHIVED_ON, SCOPE_RULE, merges_told
from toolkit.importing.records import blank_here
from toolkit.matching.keys import key_of, names_of
from toolkit.matching.repair import Pairing, decides_identity
from toolkit.store import Store
from toolkit.writeback.planning.operations import DELETE, MERGE

_KEYS = {"side": pl.String, "id": pl.String, "number": pl.Int64, "given": pl.String, "key": pl.String}


def pairing(store: Store, mapping: ObjectMapping, object_name: str) -> Pairing:
    """Return all that is known of the pairing of an object."""
    within = {"object": object_name}
    here = store.records("here", object_name)
    here = blank_here(mapping) if here is None else here
    there = store.records("there", object_name)
    there = pl.DataFrame(schema={frames.RECORD_KEY: pl.String}) if there is None else excluded(there, mapping).kept
    skips = store.read(frames.SKIPS, within={**within, "side": "there"}).filter(pl.col("rule") == SCOPE_RULE)
    done = store.journal().filter(pl.col("state") == "written", object=object_name, side="there").reverse()
    merged = done.filter(operation=MERGE).select("there_id", survivor="after")
    deleted = done.filter(operation=DELETE).select("there_id", reason=pl.format("deleted by commit {}", "commit_id"))
    gone = pl.concat([skips.select(there_id="id", reason="reason"), deleted])  # a commit's own no pull tells of
    return Pairing(
        mapping=mapping,
        here=_here(here, mapping),
        there=pl.DataFrame([there[frames.RECORD_KEY], names_of(there, mapping, "there"), _wanted(there, mapping)]),
        keys=pl.concat([_keys(here, mapping, "here"), _keys(there, mapping, "there")]),
        links=store.read(frames.LINKS, within=within),
        history=store.read(frames.LINK_HISTORY, within=within),
        merged=pl.concat([merges_told(skips), merged]).unique("there_id", keep="first", maintain_order=True),
        gone=gone.unique("there_id", keep="first", maintain_order=True),
    )


def _here(here: pl.DataFrame, mapping: ObjectMapping) -> pl.DataFrame:
    made = pl.col(ORIGIN).is_in([SALESFORCE, MANUAL]) if ORIGIN in here.columns else pl.lit(value=False)
    put_away = pl.col(ARCHIVED_ON).is_not_null() if ARCHIVED_ON in here.columns else pl.lit(value=False)
    named = here.with_columns(names_of(here, mapping, "here").alias("name"))
    return named.select(frames.RECORD_KEY, "name", made_here=made.fill_null(value=False), archived=put_away)


def _wanted(there: pl.DataFrame, mapping: ObjectMapping) -> pl.Series:
    if mapping.id is None or mapping.id not in there.columns:
        return pl.repeat(None, there.height, dtype=pl.String, eager=True).alias("wanted")
    text = there[mapping.id].cast(pl.String).str.strip_chars()
    return text.set(text == "", None).alias("wanted")


def _keys(records: pl.DataFrame, mapping: ObjectMapping, side: str) -> pl.DataFrame:
    parts = [pl.DataFrame(schema=_KEYS)]
    for number, rule in enumerate(mapping.match):
        values = key_of(records, rule, side) if decides_identity(rule) else None
        if values is not None:
            given, key = values
            told = {"side": side, "id": records[frames.RECORD_KEY], "number": number, "given": given, "key": key}
            part = pl.DataFrame(told, schema=_KEYS)
            parts.append(part.drop_nulls("key"))
    return pl.concat(parts)
