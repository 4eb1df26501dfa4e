"""Edits at once: a person changes a value, or enters a record, and both sides have it with one small plan (VIT-15).

An edit goes the way of every change: merged against what both sides agreed on last, judged by the pre-flight, shown as
a plan, committed, journaled, and taken back by an undo. The value here and the value in Salesforce change together.
What may not be edited is refused with words before anything is written.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import polars as pl

from toolkit.config.models import HEALTH_FIELDS, Writeback
from toolkit.config.objects import FieldMapping
from toolkit.errors import EditRefused, NotFoundError
from toolkit.frames import CHANGES, RECORD_KEY, UTC_TIME
from toolkit.values import to_text
from toolkit.writeback.committing.settling import EDIT
from toolkit.writeback.planning.entering import entered
from toolkit.writeback.planning.merge import merge, new_base
from toolkit.writeback.planning.plan import Plan, seal
from toolkit.writeback.planning.pulse import rows_beside, told_beside
from toolkit.writeback.planning.rules import fault
from toolkit.writeback.planning.sentences import sentence, shown
from toolkit.writeback.planning.sides import EDITED_AT, Sides, pair

Value = str | int | float | bool | date | datetime | Sequence[str] | None
LookUp = Callable[[Sides, pl.DataFrame], Sides]
"""Reads what references kept by a value mean: ``partial(with_lookups, org)``."""

_COLUMNS = tuple(name for name in CHANGES.schema if name != "seq")
_IN_FILE = "Set editable = true for it in the mapping file, if people may change it (CSU-4, VIT-15)."
_LATER = "Pull, look at what is there now, and edit again."


def plan_edit(
    objects: Sequence[Sides],
    object_name: str,
    here_id: str,
    values: Mapping[str, Value],
    *,
    org_id: str,
    org_name: str = "",
    created_at: datetime,
    parent: str | None = None,
    writeback: Writeback | None = None,
    look_up: LookUp | None = None,
    person: str = "",
) -> Plan:
    """Return the plan of an edit: exactly these fields of one record, here, and there where the field writes there.

    `values` are by the fields' names here; None clears. A value that is so already gives no row. With a pulse it is
    noted when and by which `person` it was said, and why, if `values` say it (``pulse_reason``). Raises EditRefused
    when a field may not be edited, a value does not fit, or Salesforce was changed and its value would be lost;
    NotFoundError for an object, a record or a field that does not exist.
    """
    sides = _one_of(objects, object_name, here_id)
    beside = told_beside(values, created_at, person)
    fields = {name: _editable(sides, name) for name in values if name not in beside}
    texts = {name: _text(sides, field, values[name]) for name, field in fields.items()}
    before, edited = _edited(sides, here_id, fields, texts, created_at)
    there = _there_rows(edited)
    here = [_here_row(before, there, field, texts[name]) for name, field in fields.items()]
    noted = [rows_beside(object_name, before.here, before.links, _name(before), beside)] if beside else []
    rows = pl.concat([part.select(_COLUMNS) for part in (there, *here, *noted)])
    known = look_up(sides, rows) if look_up else sides
    return _sealed(rows, [known], org_id, org_name, created_at, parent, writeback)


def plan_add(
    objects: Sequence[Sides],
    object_name: str,
    values: Mapping[str, Value],
    *,
    at: datetime,
    org_id: str,
    org_name: str = "",
    created_at: datetime,
    parent: str | None = None,
    writeback: Writeback | None = None,
    look_up: LookUp | None = None,
) -> Plan:
    """Return the plan that enters a record by hand, here, and in Salesforce where the mapping creates it (SKA-33).

    `at` is when an interaction was, where `values` do not say. The record's id is `manual_id`. Raises EditRefused when
    a column does not exist, the account is unknown, Salesforce would refuse it, or it was entered already.
    """
    sides = _one_of(objects, object_name, None)
    rows, known = entered(objects, sides, manual_id(object_name, values, at), values, at, look_up)
    return _sealed(rows, known, org_id, org_name, created_at, parent, writeback)


def manual_id(object_name: str, values: Mapping[str, Value], at: datetime) -> str:
    """Return the id here of a record that is entered by hand: the same for the same values at the same time.

    The time is when an interaction was, where `values` say it: entered again a minute later, it is still the same.
    """
    given = {name: value for name, value in values.items() if value is not None and value != ""}
    when = [] if "at" in given else [at.isoformat()]
    said = [object_name, *when, *(f"{name}={given[name]!r}" for name in sorted(given))]
    return f"manual-{hashlib.sha256(chr(10).join(said).encode()).hexdigest()[:16]}"


def told(journal: pl.DataFrame) -> None:
    """Raise EditRefused, with its reasons, when a row of an edit's journal (`Commit.results`) was not written."""
    left = journal.filter(pl.col("state") != "written").sort("side", "seq", descending=[True, False])
    if left.height:
        reasons = dict.fromkeys(f"{field}: {message}" for field, message in left.select("field", "message").iter_rows())
        where = "in Salesforce" if "there" in left["side"] else "here"
        raise EditRefused(f"Not everything was written {where}. {'; '.join(reasons)}.", hint=_LATER)


def _one_of(objects: Sequence[Sides], object_name: str, here_id: str | None) -> Sides:
    sides = next((each for each in objects if each.object == object_name), None)
    if sides is None:
        known = ", ".join(each.object for each in objects) or "none"
        raise NotFoundError(f"There is no object {object_name!r}; there are {known}.", hint="See the mapping file.")
    if here_id is not None and here_id not in sides.here[RECORD_KEY]:
        raise NotFoundError(f"There is no {object_name} {here_id!r} here.", hint="Name it by its id here.")
    return sides


def _editable(sides: Sides, name: str) -> FieldMapping:
    """The field as it travels. Raises EditRefused when it may not be edited."""
    field = next((each for each in sides.mapping.fields if each.here == name), None)
    if field is None or field.there not in sides.fields:
        allowed = ", ".join(each.here for each in sides.mapping.fields if each.editable) or "none"
        raise NotFoundError(f"{sides.object} has no mapped field {name!r}; editable are: {allowed}.", hint=_IN_FILE)
    if not field.editable:
        raise EditRefused(f"{sides.object}: {name} may not be edited.", hint=_IN_FILE)
    if name in HEALTH_FIELDS:
        raise EditRefused(f"{sides.object}: {name} is worked out; the next score would overwrite an edit.",
                          hint="Change what it is worked out from.")  # fmt: skip
    travels = field.under(sides.mapping.mode)
    if travels is None or not travels.writes_there:
        raise EditRefused(
            f"{sides.object}: {name} comes from Salesforce only (mode {sides.mapping.mode}, direction "
            f"{field.direction}); the next sync would overwrite an edit.",
            hint="Edit it in Salesforce, or let it go both ways in the mapping file (SKA-5).",
        )
    return travels


def _text(sides: Sides, field: FieldMapping, value: Any) -> str | None:
    """The canonical text of a value. Raises EditRefused when Salesforce would not take it."""
    given = pl.Series([list(value) if isinstance(value, tuple | list) else value])
    facts = sides.fields[field.there]
    text = pl.select(to_text(pl.lit(given), given.dtype, facts.type, facts.scale).alias("after"))
    reason = text.select(fault(facts)).item()
    if reason is not None:
        raise EditRefused(f"{sides.object}: {reason}.", hint="Give a value that fits the field.")
    return None if text.item() is None else str(text.item())


def _edited(
    sides: Sides, here_id: str, fields: Mapping[str, FieldMapping], texts: Mapping[str, str | None], at: datetime
) -> tuple[Sides, Sides]:
    """The sides of the one record before the edit, with what both agree on as the base, and after it."""
    links = sides.links.filter((pl.col("object") == sides.object) & (pl.col("here_id") == here_id))
    here = sides.here.filter(pl.col(RECORD_KEY) == here_id)
    absent = [pl.lit(None, dtype=pl.String).alias(name) for name in texts if name not in here.columns]
    before = replace(
        sides,
        mapping=sides.mapping.model_copy(update={"mode": "two_way", "fields": tuple(fields.values())}),
        links=links,
        here=here.with_columns(absent),
        there=sides.there.join(links, left_on=RECORD_KEY, right_on="there_id", how="semi"),
    )
    before = replace(before, base=new_base(before))
    cells = [pl.lit(text, dtype=pl.String).alias(name) for name, text in texts.items()]
    after = before.here.with_columns(*cells, pl.lit(at.astimezone(UTC)).cast(UTC_TIME).alias(EDITED_AT))
    return before, replace(before, here=after)


def _there_rows(edited: Sides) -> pl.DataFrame:
    """The rows that write the edit in Salesforce. Raises EditRefused when the merge decides otherwise."""
    rows = merge(edited)
    others = rows.filter((pl.col("side") != "there") | (pl.col("verdict") != "write"))
    if others.height:
        reasons = "; ".join(dict.fromkeys(f"{row['partner']}: {row['reason']}" for row in others.to_dicts()))
        raise EditRefused(f"{edited.object}: the edit and Salesforce do not agree. {reasons}.", hint=_LATER)
    return rows.with_columns(rule=pl.lit(EDIT))


def _here_row(before: Sides, there: pl.DataFrame, field: FieldMapping, text: str | None) -> pl.DataFrame:
    """The row that writes the edit here, or none when the value is so already."""
    facts = before.fields[field.there]
    old = to_text(pl.col(field.here), before.here.schema[field.here], facts.type, facts.scale)
    links = before.links.select("here_id", "there_id")
    goes = there.filter(pl.col("field") == field.there).height > 0
    keeps = '; Salesforce keeps its value (nulls = "keep")' if text is None and field.nulls == "keep" else ""
    alone = keeps if before.there.height else "; Salesforce has no such record yet, or it is out of view"
    rows = (
        before.here.select(here_id=RECORD_KEY, here=old)
        .join(links, on="here_id", how="left")
        .with_columns(after=pl.lit(text, dtype=pl.String), base=_agreed(before, field))
        .filter(pl.col("here").ne_missing(pl.col("after")))
    )
    return rows.select(
        pl.lit("here").alias("side"),
        pl.lit(before.object).alias("object"),
        "here_id",
        "there_id",
        _name(before).alias("name"),
        pl.when(pl.col("after").is_null()).then(pl.lit("clear")).otherwise(pl.lit("update")).alias("operation"),
        pl.lit(field.here).alias("field"),
        pl.lit(field.there).alias("partner"),
        pl.lit(facts.type).alias("type"),
        "base",
        "here",
        pl.lit(there.filter(pl.col("field") == field.there)["there"].first(), dtype=pl.String).alias("there"),
        "after",
        pl.lit(EDIT).alias("rule"),
        pl.lit("write").alias("verdict"),
        sentence(
            "edited here from ", shown(pl.col("here")), " to ", shown(pl.col("after")), "" if goes else alone
        ).alias("reason"),
    )


def _agreed(before: Sides, field: FieldMapping) -> pl.Expr:
    """What both sides of the one record agreed on last; the base is of all records."""
    if before.base is None or before.base.is_empty():
        return pl.lit(None, dtype=pl.String)
    keys = ["there_id", "here_id"]
    held = before.base.rename({RECORD_KEY: "there_id"}).join(before.links, on=keys, how="semi")
    return pl.lit(held[pair(field)].first(), dtype=pl.String)


def _name(sides: Sides) -> pl.Expr:
    column = next((each for each in (sides.mapping.name, "name", "subject") if each in sides.here.columns), None)
    return pl.lit(None if column is None else sides.here[column].cast(pl.String).first(), dtype=pl.String)


def _sealed(
    rows: pl.DataFrame,
    objects: Sequence[Sides],
    org_id: str,
    org_name: str,
    created_at: datetime,
    parent: str | None,
    writeback: Writeback | None,
) -> Plan:
    """The plan of an edit. Raises EditRefused when the pre-flight refuses a row of it."""
    bulk_from = (writeback or Writeback()).bulk_from
    made = seal(
        rows, objects, org_id=org_id, org_name=org_name, created_at=created_at, parent=parent, bulk_from=bulk_from
    )
    refused = made.rows("refused")
    if refused.height:
        reasons = "; ".join(refused["reason"].unique(maintain_order=True))
        raise EditRefused(
            f"Salesforce would refuse it: {reasons}.", hint="Nothing was written. Give a value that fits."
        )
    return made
