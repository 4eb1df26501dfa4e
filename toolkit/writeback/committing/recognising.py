"""New records told apart: which id a reference got, and which record in Salesforce is the one that was being created.

A run that is killed while Salesforce creates a record never hears its id. It is found again among the records that the
integration user made since and that no journal and no link knows: by its external id where it has one, else the one
that holds every value that was sent, else, because an automation or a person changed some of them meanwhile, the one
that holds most, and half of them at least. Of records alike in every value any will do. A record of which more than
half was changed before `resume` is not recognised. Frames in, frames out.
"""

import polars as pl

from toolkit.frames import JOURNAL, LINKS, RECORD_KEY, UTC_TIME, conform
from toolkit.values import to_text
from toolkit.writeback.planning.creating import BY_COMMIT, CREATED
from toolkit.writeback.planning.refusing import IS_NEW
from toolkit.writeback.planning.sides import Sides

LEAST = 0.5
"""A record that holds this share of the values that were sent may be the one that was created."""

_PAIRS = {"here_id": pl.String, "there_id": pl.String}


def with_references(rows: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    """Return journal rows in which what stands for a record that has an id by now (`LINKS`) is that id."""
    known = links.select(_object="object", _refers="here_id", _id="there_id")
    parts = {"_object": pl.col("after").str.extract(IS_NEW, 1), "_refers": pl.col("after").str.extract(IS_NEW, 2)}
    found = rows.with_columns(**parts).join(known, on=["_object", "_refers"], how="left", maintain_order="left")
    told = pl.when(stands_for_new()).then("_id")
    return found.with_columns(after=pl.coalesce(told, "after"), agreed=pl.coalesce(told, "agreed")).select(rows.columns)


def stands_for_new() -> pl.Expr:
    """Return whether a row refers to a record that has no id yet; a text that only looks like it is a text."""
    return (pl.col("type") == "reference") & pl.col("after").str.contains(IS_NEW).fill_null(value=False)


def recognised(rows: pl.DataFrame, records: pl.DataFrame, key: str | None = None) -> pl.DataFrame:
    """Return which of `records` is which new record: here_id, there_id.

    `rows` are journal rows; `records` are cells, there_id, field and value (text), of records nobody else accounts for.
    Where a record has a value of the external id `key`, that alone decides.
    """
    keyed = rows.filter(pl.col("field") == (key or "")).select("here_id", _key=pl.col("after").str.to_lowercase())
    keys = records.filter(pl.col("field") == (key or "")).select("there_id", _key=pl.col("value").str.to_lowercase())
    sure = keyed.join(keys, on="_key", how="inner").select("here_id", "there_id").unique("here_id", keep="first")
    rest, left = rows.join(keyed, on="here_id", how="anti"), records.join(sure, on="there_id", how="anti")
    exact = _alike(rest, left)
    rest, left = rest.join(exact, on="here_id", how="anti"), left.join(exact, on="there_id", how="anti")
    return pl.concat([sure, exact, _nearest(rest, left)])


def _alike(rows: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """The records that hold every value that was sent, those of which most was sent first."""
    found = pl.DataFrame(schema=_PAIRS)
    shapes = rows.sort("field").group_by("here_id", maintain_order=True).agg(shape=pl.col("field").unique().sort())
    sets = shapes.select(pl.col("shape").unique(maintain_order=True)).to_series().to_list()
    for fields in sorted(sets, key=lambda each: (-len(each), each)):
        mine = rows.join(shapes.filter(pl.col("shape") == pl.lit(fields)), on="here_id", how="semi")
        sent = _signed(mine.select("here_id", "field", value="after"), "here_id")
        free = records.filter(pl.col("field").is_in(fields)).join(found, on="there_id", how="anti")
        held = _signed(free.drop_nulls("value"), "there_id")
        pairs = sent.join(held, on=["signature", "_nth"], how="inner").select("here_id", "there_id")
        found = pl.concat([found, pairs])
    return found


def _signed(cells: pl.DataFrame, key: str) -> pl.DataFrame:
    """One row a record with all its values in one text, and the how-manieth of those alike it is."""
    cell = pl.concat_str("field", pl.lit("="), pl.col("value").str.len_bytes().cast(pl.String), pl.lit(":"), "value")
    signed = cells.sort(key, "field").group_by(key, maintain_order=True).agg(cell.str.join("\n").alias("signature"))
    return signed.with_columns(_nth=pl.int_range(pl.len()).over("signature"))


def _nearest(rows: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """The records that hold most of the values that were sent, each taken once, the surest first."""
    sizes = rows.group_by("here_id").agg(size=pl.len())
    shared = rows.select("here_id", "field", value="after").join(records, on=["field", "value"], how="inner")
    near = (
        shared.group_by("here_id", "there_id")
        .agg(alike=pl.len())
        .join(sizes, on="here_id")
        .filter(pl.col("alike") >= LEAST * pl.col("size"))
        .sort(["alike", "here_id", "there_id"], descending=[True, False, False])
    )
    found = pl.DataFrame(schema=_PAIRS)
    while near.height:
        first = near.unique("here_id", keep="first", maintain_order=True).unique("there_id", keep="first")
        found = pl.concat([found, first.select("here_id", "there_id")])
        near = near.join(found, on="here_id", how="anti").join(found, on="there_id", how="anti", maintain_order="left")
    return found


def cells_there(records: pl.DataFrame, types: dict[str, str], sides: Sides) -> pl.DataFrame:
    """Return wide records (``id``, one column a field) as cells: there_id, field, value (canonical text)."""
    parts = [pl.DataFrame(schema={"there_id": pl.String, "field": pl.String, "value": pl.String})]
    for name in (name for name in records.columns if name in types):
        text = to_text(pl.col(name), records.schema[name], types[name], sides.describe.field(sides.reads(name)).scale)
        parts.append(records.select(there_id=RECORD_KEY, field=pl.lit(name), value=text))
    return pl.concat(parts)


def new_links(rows: pl.DataFrame, at: str) -> pl.DataFrame:
    """Return the links (`LINKS`) of the new records of written journal rows, dated `at`, an ISO time."""
    made = rows.filter(pl.col("state") == "written").unique("here_id", keep="first", maintain_order=True)
    linked_at = pl.lit(at).str.to_datetime("%+", time_unit="ms", time_zone="UTC").cast(UTC_TIME)
    return conform(
        made.select(
            "object",
            "here_id",
            "there_id",
            rule=pl.lit(CREATED),
            value="name",
            linked_at=linked_at,
            decided_by=pl.lit(BY_COMMIT),
        ),
        LINKS,
    )


def interrupted(journal: pl.DataFrame, rows: pl.DataFrame, code: str) -> pl.DataFrame:
    """Return the commits in which these new records were to be created already, and were not, as far as was seen."""
    tried = journal.filter((pl.col("operation") == "create") & (pl.col("side") == "there") & (pl.col("code") == code))
    return tried.join(rows, on=["object", "here_id"], how="semi").select(pl.col("commit_id").unique().sort())


def ids_accounted_for(journal: pl.DataFrame, links: pl.DataFrame) -> pl.Series:
    """Return the ids of records in Salesforce that are linked, or that some commit created."""
    made = conform(journal, JOURNAL).filter((pl.col("operation") == "create") & (pl.col("state") == "written"))
    return pl.concat([made["there_id"], links["there_id"]]).drop_nulls().unique()
