"""A part of a commit to take back: the journal rows that are meant, with what cannot be told apart from them (BEY-5).

A record is created, deleted or restored as a whole, on both sides; a value that was changed on both sides at once goes
back on both; who may see a field goes with the field. Frames in, frames out.
"""

from collections.abc import Collection

import polars as pl

from toolkit.errors import InputError
from toolkit.writeback.planning.operations import CHANGING, CREATE_FIELD, FIELDS, WHOLE


def selected(
    journal: pl.DataFrame,
    *,
    seqs: Collection[int] | None = None,
    objects: Collection[str] | None = None,
    fields: Collection[str] | None = None,
    records: Collection[str] | None = None,
) -> pl.DataFrame:
    """Return those rows of a commit's journal (`JOURNAL`) that every given condition names, and what goes with them.

    `fields` are names of either side and name single values and fields, never records as a whole; `records` are ids of
    either side. Without any condition it is the whole commit. Raises InputError when nothing is left, or a row number
    is none of the commit's.
    """
    given = {"seqs": seqs, "objects": objects, "fields": fields, "records": records}
    if all(each is None for each in given.values()):
        return journal
    unknown = sorted(set(seqs or ()) - set(journal["seq"]))
    if unknown:
        raise InputError(f"The commit has no row {', '.join(map(str, unknown[:5]))}.", hint="Rows are named by seq.")
    chosen = journal
    if seqs is not None:
        chosen = chosen.filter(pl.col("seq").is_in(sorted(seqs)))
    if objects is not None:
        chosen = chosen.filter(pl.col("object").is_in(sorted(objects)))
    if fields is not None:
        named = pl.col("field").is_in(sorted(fields)) | pl.col("partner").is_in(sorted(fields))
        chosen = chosen.filter(named.fill_null(value=False) & pl.col("operation").is_in([*CHANGING, *FIELDS]))
    if records is not None:
        ids = sorted(records)
        chosen = chosen.filter((pl.col("here_id").is_in(ids) | pl.col("there_id").is_in(ids)).fill_null(value=False))
    if chosen.is_empty():
        said = ", ".join(f"{name} {sorted(each)}" for name, each in given.items() if each is not None)
        raise InputError(f"Nothing of the commit is of {said}.", hint="See its rows: cs-toolkit journal")
    return _with_what_belongs(journal, chosen)


def _with_what_belongs(journal: pl.DataFrame, chosen: pl.DataFrame) -> pl.DataFrame:
    whole = chosen.filter(pl.col("operation").is_in(WHOLE))
    wholes = journal.filter(pl.col("operation").is_in(WHOLE))
    halves = chosen.filter(pl.col("operation").is_in(CHANGING)).select(
        "object", "here_id", field="partner", partner="field"
    )
    made = chosen.filter(pl.col("operation") == CREATE_FIELD)
    parts = [
        chosen,
        wholes.join(whole, on=["object", "operation", "here_id"], how="semi"),
        wholes.join(whole, on=["object", "operation", "there_id"], how="semi"),
        journal.filter(pl.col("operation").is_in(CHANGING)).join(
            halves, on=["object", "here_id", "field", "partner"], how="semi"
        ),
        journal.filter(pl.col("operation").is_in(FIELDS)).join(made, on=["object", "field"], how="semi"),
    ]
    return pl.concat(parts).unique("seq").sort("seq")
