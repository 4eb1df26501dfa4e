"""What an import would do, told before it does it.

Both functions look at what `toolkit.importing.records.import_object` returned and work out nothing themselves, so a
preview cannot differ from the import: it is the same result, not kept.
"""

import polars as pl

from toolkit.config.objects import FieldMapping, ObjectMapping
from toolkit.frames import PREVIEW, RECORD_KEY, conform
from toolkit.importing.adoption import FATE_ORDER, Adopted
from toolkit.importing.agreements import Agreed
from toolkit.importing.records import NOTES
from toolkit.values import to_18, to_text

NOTED = "noted"
"""The outcome of what is worth knowing; these records are counted under their own outcome as well."""

SAMPLES = 3
LONGEST_SAMPLE = 60
COMES = ("created", "returned", "updated", "unchanged")

FIELDS: dict[str, pl.DataType] = {
    "here": pl.String(),
    "there": pl.String(),
    "filled": pl.Float64(),  # 0-1, of the records that are or come here
    "different": pl.Int64(),
    "samples": pl.String(),
    "light": pl.String(),  # ok | warning | error
    "note": pl.String(),
}


def preview(done: Adopted) -> pl.DataFrame:
    """Return how many records have which outcome (`frames.PREVIEW`), in the order of `FATE_ORDER`, then ``noted``.

    Each row has the first record, by id, as an example, with its reason.
    """
    fates = done.fates.select("fate", "rule", "id", "name", "reason")
    notes = done.skips.filter(pl.col("rule").is_in(NOTES)).select(
        pl.lit(NOTED).alias("fate"), "rule", "id", "name", "reason"
    )  # fmt: skip
    counted = (
        pl.concat([fates, notes])
        .sort("id")
        .group_by(outcome="fate", rule=pl.col("rule").fill_null(""))
        .agg(
            records=pl.len(),
            example=pl.coalesce("name", "id").first(),
            reason=pl.col("reason").first(),
        )
    )
    return conform(counted, PREVIEW).sort(_place(), "rule")


def preview_fields(done: Adopted, mapping: ObjectMapping, there: pl.DataFrame) -> pl.DataFrame:
    """Return one row a mapped field that comes in, in the order of the tables: see `FIELDS`.

    Samples are the first few different values by record id. The light is an error for a field that was not read, and a
    warning for one that nobody has filled in.
    """
    coming = done.fates.filter((pl.col("side") == "there") & pl.col("fate").is_in(COMES))
    rows = there.with_columns(to_18(pl.col(RECORD_KEY).cast(pl.String)))
    rows = rows.join(coming.select(RECORD_KEY, fate="fate"), on=RECORD_KEY, how="inner").sort(RECORD_KEY)
    fields = [field for field in _in_order(mapping.in_effect) if field.writes_here]
    return pl.DataFrame([_told(field, rows) for field in fields], schema=FIELDS, orient="row")


def preview_agreements(agreed: Agreed) -> pl.DataFrame:
    """Return how many records become agreements, are left out, or are kept with a remark (`frames.PREVIEW`)."""
    told = pl.concat(
        [
            agreed.agreements.select(
                outcome=pl.lit(COMES[0]), rule=pl.lit(""), name="name", reason=pl.lit(None, pl.String)
            ),
            agreed.skips.select(
                outcome=pl.lit("skipped"), rule="rule", name=pl.coalesce("name", "id"), reason="reason"
            ),
            agreed.remarks.select(outcome=pl.lit(NOTED), rule="kind", name="name", reason="reason"),
        ]
    )
    counted = told.group_by("outcome", "rule", maintain_order=True).agg(
        records=pl.len(), example=pl.col("name").first(), reason=pl.col("reason").first()
    )
    return conform(counted, PREVIEW).sort(_place(), "rule")


def preview_terms(mapping: ObjectMapping, there: pl.DataFrame) -> pl.DataFrame:
    """Return one row a field that agreements are made of, with what it holds: see `FIELDS`."""
    rows = there.sort(RECORD_KEY)
    terms = mapping.terms.named_paths if mapping.terms else {}
    fields = [FieldMapping(here=term, there=path, direction="input") for term, path in terms.items()]
    return pl.DataFrame([_told(field, rows) for field in fields], schema=FIELDS, orient="row")


def _place() -> pl.Expr:
    return pl.col("outcome").replace_strict({fate: place for place, fate in enumerate((*FATE_ORDER, NOTED))})


def _in_order(mapping: ObjectMapping) -> list[FieldMapping]:
    hidden = [field for field in mapping.fields if not field.visible]
    return [*mapping.visible_fields, *sorted(hidden, key=lambda field: field.here)]


def _told(field: FieldMapping, rows: pl.DataFrame) -> tuple[str, str, float | None, int, str, str, str]:
    if field.reads not in rows.columns:
        return field.here, field.reads, None, 0, "", "error", "it was not read yet: pull again"
    kind = "boolean" if rows.schema[field.reads] == pl.Boolean else "string"
    given = rows.select(value=to_text(pl.col(field.reads), rows.schema[field.reads], kind))["value"]
    values = given.drop_nulls()
    distinct = values.unique(maintain_order=True)
    samples = ", ".join(value[:LONGEST_SAMPLE] for value in distinct.head(SAMPLES))
    filled = values.len() / given.len() if given.len() else None
    light, note = "ok", ""
    if not values.len() and given.len():
        light, note = "warning", "no record has a value"
    if field.default is not None and (lacking := rows.filter(given.is_null() & (rows["fate"] == "created")).height):
        note = f"{lacking:,} new record{'s' if lacking > 1 else ''} without one get{'' if lacking > 1 else 's'} "
        note += repr(field.default)
    return field.here, field.reads, filled, distinct.len(), samples, light, note
