"""The small tables that the command line, the widgets and the dashboard show, all made in one place.

Pure: frames in, frames out. What is counted here is counted the same everywhere.
"""

from collections.abc import Iterable, Mapping

import polars as pl

from toolkit.config.objects import FieldMapping, ObjectMapping
from toolkit.errors import NotFoundError
from toolkit.frames import RECORD_KEY
from toolkit.salesforce.describe import FieldDescribe, ObjectDescribe
from toolkit.values import to_text
from toolkit.writeback.planning.grouping import change_size
from toolkit.writeback.planning.preflight import Finding

NO_BAND = "No score"
"""What an account without a score is called where bands are listed."""


def score_distribution(scores: pl.DataFrame, here: pl.DataFrame, bands: list[str], mrr: str = "mrr") -> pl.DataFrame:
    """Return one row a band, worst first as in `bands`: band, accounts, share (0-1) and mrr.

    Accounts without a score are a last row of their own, present only when there are any. `here` may lack the `mrr`
    column; the sums are null then.
    """
    revenue = (
        here.select("id", mrr=pl.col(mrr).cast(pl.Float64)) if mrr in here.columns else here.select("id", mrr=None)
    )
    counted = (
        scores.join(revenue, on="id", how="left")
        .group_by(band=pl.col("band").fill_null(NO_BAND))
        .agg(accounts=pl.len().cast(pl.Int64), mrr=pl.col("mrr").sum() if mrr in here.columns else pl.lit(None))
    )
    order = pl.DataFrame({"band": [*bands, NO_BAND]}, schema={"band": pl.String})
    table = order.join(counted, on="band", how="left", maintain_order="left").with_columns(
        pl.col("accounts").fill_null(0), pl.col("mrr").cast(pl.Float64)
    )
    total = max(1, scores.height)
    return table.filter((pl.col("band") != NO_BAND) | (pl.col("accounts") > 0)).select(
        "band", "accounts", share=pl.col("accounts") / total, mrr=pl.col("mrr")
    )


def mismatch_counts(mismatches: pl.DataFrame) -> pl.DataFrame:
    """Return one row a side and cause: Side, Cause, Records, and the name (or id) and reason of the first."""
    where = pl.when(pl.col("side") == "there").then(pl.lit("Salesforce")).otherwise(pl.lit("here"))
    return (
        mismatches.group_by(where.alias("Side"), pl.col("kind").alias("Cause"))
        .agg(
            pl.len().cast(pl.Int64).alias("Records"),
            pl.coalesce("name", "id").sort_by("id").first().alias("For example"),
            pl.col("reason").sort_by("id").first().alias("Why"),
        )
        .sort("Side", "Cause")
    )


def plan_counts(changes: pl.DataFrame) -> pl.DataFrame:
    """Return one row a side, field and verdict with its number of rows: side, field, partner, verdict, rows."""
    return (
        changes.group_by("side", "field", "partner", "verdict")
        .agg(rows=pl.len().cast(pl.Int64))
        .sort("side", "field", "verdict", descending=[True, False, False])
    )


def biggest_changes(changes: pl.DataFrame, limit: int) -> pl.DataFrame:
    """Return the `limit` rows that change most; how much is that is in `toolkit.writeback.grouping.change_size`."""
    ranked = changes.with_columns(_size=change_size())
    return ranked.sort("_size", "seq", descending=[True, False]).head(limit).drop("_size")


def examples(changes: pl.DataFrame, limit: int) -> pl.DataFrame:
    """Return up to `limit` rows that show the plan's variety: of each field one row, each of another record.

    Health comes first, then what else is written in Salesforce, then what is written here; within a field the rows
    that will be written come before those that will not.
    """
    group = pl.struct("side", "field", "verdict").rank("dense").cast(pl.Int64)
    turn = pl.int_range(pl.len()).over("side", "field", "verdict", order_by="seq")
    ranked = changes.with_columns(
        _turn=(turn - group) % pl.len().over("side", "field", "verdict"),
        _health=~pl.col("partner").str.starts_with("health_"),
        _written=pl.col("verdict") != "write",
    )
    order = ["_turn", "_health", "side", "_written", "seq"]
    chosen = ranked.sort(order, descending=[False, False, True, False, False]).head(limit)
    return chosen.select(changes.columns)


def readable(changes: pl.DataFrame) -> pl.DataFrame:
    """Return the columns a person reads, in reading order, the value before beside the value after."""
    where = pl.when(pl.col("side") == "there").then(pl.lit("Salesforce")).otherwise(pl.lit("Here"))
    before = pl.when(pl.col("side") == "there").then("there").otherwise("here")
    return changes.select(
        pl.col("seq").alias("#"),
        where.alias("Written to"),
        pl.col("name").alias("Record"),
        pl.col("field").alias("Field"),
        before.alias("Before"),
        pl.col("after").alias("After"),
        pl.col("verdict").alias("Verdict"),
        pl.col("reason").alias("Why"),
    )


def org_fields(mapping: ObjectMapping, describe: ObjectDescribe) -> pl.DataFrame:
    """Return one row a field of a Salesforce object, by name: field, label, type, values, writable and mapped_to.

    `values` are the active picklist values, `mapped_to` the column here that the field is mapped to, or null.
    """
    mapped = {field.there.lower(): field.here for field in mapping.fields}
    rows = [
        {
            "field": field.name,
            "label": field.label,
            "type": field.type,
            "values": ", ".join(field.picklist_values) or None,
            "writable": field.updateable,
            "mapped_to": mapped.get(field.name.lower()),
        }
        for field in describe.fields.values()
    ]
    texts = dict.fromkeys(("field", "label", "type", "values", "mapped_to"), pl.String)
    return pl.DataFrame(rows, schema_overrides=texts).sort("field")


def record_fields(
    mapping: ObjectMapping, here_id: str, here: pl.DataFrame, there: pl.DataFrame | None, links: pl.DataFrame
) -> pl.DataFrame:
    """Return one row a mapped field of a record, visible ones first and in their order: field, here, there, editable.

    Raises NotFoundError when there is no such record here.
    """
    record = here.filter(pl.col(RECORD_KEY) == here_id)
    if record.is_empty():
        raise NotFoundError(f"There is no {mapping.object} {here_id!r} here.", hint="Name it by its id here.")
    pair = links.filter(pl.col("here_id") == here_id)["there_id"].to_list()
    partner = there.filter(pl.col(RECORD_KEY).is_in(pair)) if there is not None else record.clear()
    shown = mapping.visible_fields
    fields = [*shown, *(field for field in mapping.fields if field not in shown)]
    rows = [
        {
            "field": field.here,
            "here": _as_text(record, field.here),
            "there": _as_text(partner, field.reads),
            "editable": field.editable,
        }
        for field in fields
    ]
    schema = {"field": pl.String, "here": pl.String, "there": pl.String, "editable": pl.Boolean}
    return pl.DataFrame(rows, schema=schema)


def _as_text(record: pl.DataFrame, column: str) -> str | None:
    if column not in record.columns or record.is_empty():
        return None
    kind = "boolean" if record.schema[column] == pl.Boolean else "string"
    text = record.select(to_text(pl.col(column), record.schema[column], kind)).item()
    return None if text is None else str(text)


def mapping_table(
    mapping: ObjectMapping,
    fields: Mapping[str, FieldDescribe],
    findings: Iterable[Finding],
    samples: pl.DataFrame | None,
    here: pl.DataFrame | None,
    there: pl.DataFrame | None,
) -> pl.DataFrame:
    """Return one row a mapped field, ordered ones first, with a value from either side and a light.

    `fields` are the Salesforce fields by path, those that exist; `samples` has the ids of the pair whose values are
    shown (here_id, there_id), preferably one that is filled on both sides. Columns: order, here, there, label, type,
    direction, on_conflict, editable, visible, sample_here, sample_there, light (ok, warning, error), note.
    """
    pair = samples.row(0, named=True) if samples is not None and samples.height else {}
    worst = _lights(mapping, findings)
    rows = []
    for field in sorted(mapping.fields, key=lambda each: (each.order is None, each.order or 0)):
        facts = fields.get(field.there)
        light, note = worst.get(field.there, ("ok", ""))
        rows.append(
            {
                "order": field.order,
                "here": field.here,
                "there": field.there,
                "label": facts.label if facts else None,
                "type": facts.type if facts else None,
                "direction": field.direction,
                "on_conflict": field.on_conflict,
                "editable": field.editable,
                "visible": field.visible,
                "sample_here": _sample(here, pair.get("here_id"), field.here, facts),
                "sample_there": _sample(there, pair.get("there_id"), field.there, facts),
                "light": light,
                "note": note,
            }
        )
    kinds = {"order": pl.Int64, "editable": pl.Boolean, "visible": pl.Boolean}
    names = rows[0] if rows else FieldMapping.model_fields
    return pl.DataFrame(rows, schema={name: kinds.get(name, pl.String) for name in names})


def _lights(mapping: ObjectMapping, findings: Iterable[Finding]) -> dict[str, tuple[str, str]]:
    lights: dict[str, tuple[str, str]] = {}
    for finding in findings:
        for field in mapping.fields:
            concerns = finding.place.endswith(f"({field.here} -> {field.there})")
            if concerns and finding.severity in ("error", "warning") and field.there not in lights:
                lights[field.there] = (finding.severity, finding.message)
    return lights


def _sample(records: pl.DataFrame | None, record: str | None, column: str, facts: FieldDescribe | None) -> str | None:
    if records is None or record is None or column not in records.columns:
        return None
    facts = facts or FieldDescribe(name=column)
    row = records.filter(pl.col(RECORD_KEY) == record)
    value: str | None = row.select(to_text(pl.col(column), row.schema[column], facts.type, facts.scale).first()).item()
    return value
