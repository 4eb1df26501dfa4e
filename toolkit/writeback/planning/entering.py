"""Records that a person enters by hand: what they hold here, and what Salesforce gets of them (SKA-33)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import polars as pl

from toolkit.config.objects import ROLE_TAGS
from toolkit.errors import EditRefused
from toolkit.frames import CHANGES, RECORD_KEY
from toolkit.importing.judging import MANUAL
from toolkit.values import text_to_column, to_text
from toolkit.writeback.committing.settling import ADD
from toolkit.writeback.planning.creating import Known, cells_of, creates_there, new_rows
from toolkit.writeback.planning.operations import CREATE
from toolkit.writeback.planning.sides import Sides

USUAL = {
    "interaction": ("account_id", "contact_id", "kind", "at", "all_day", "minutes", "subject", "body", "owner"),
    "contact": ("account_id", "name", "email", "title", "phone", "role", *ROLE_TAGS),
    "account": ("name", "csm", "stage", "segment", "parent_id"),
}
"""The columns that a record of each role may have, besides the mapped ones."""
REFERS = {"account_id": "account", "contact_id": "contact", "parent_id": "account"}
_COLUMNS = tuple(name for name in CHANGES.schema if name != "seq")
_NOTHING = pl.lit(None, dtype=pl.String)
_ENTERED = "entered by hand"
DIGITS = 15


def entered(
    objects: Sequence[Sides],
    sides: Sides,
    here_id: str,
    values: Mapping[str, Any],
    at: datetime,
    look_up: Callable[[Sides, pl.DataFrame], Sides] | None,
) -> tuple[pl.DataFrame, list[Sides]]:
    """Return the rows (`CHANGES` without seq) that make the record, and the sides with it, for the pre-flight.

    Raises EditRefused for a column that there is not, a record that is there already or refers to none, and what
    Salesforce would refuse. What cannot go to Salesforce yet is made here, and says why.
    """
    given = {name: value for name, value in values.items() if value is not None and value != ""}
    _check(objects, sides, here_id, given)
    here = _here_rows(sides, here_id, _filled(sides, given, at))
    with_it = replace(sides, here=_with_record(sides.here, here_id, here))
    there, known = _there_rows(objects, with_it, here_id, look_up)
    held = there.filter(pl.col("verdict") == "held")
    if held.height:
        here = here.with_columns(reason=pl.lit(f"{_ENTERED}; not in Salesforce yet: {held['reason'][0]}"))
    return pl.concat([here, there.filter(pl.col("verdict") != "held")]), known


def _check(objects: Sequence[Sides], sides: Sides, here_id: str, given: Mapping[str, Any]) -> None:
    name, mapping = sides.object, sides.mapping
    if mapping.mode == "disabled":
        raise EditRefused(f"{name} is disabled in the mapping file.", hint="Give it a mode first (SKA-7).")
    usual = USUAL.get(mapping.acts_as, ())
    known = list(
        dict.fromkeys(
            [
                *(each.here for each in mapping.fields),
                *usual,
                *(name for rule in mapping.match for name in rule.here_columns),
            ]
        )
    )
    unknown = [each for each in given if each not in known]
    if unknown:
        raise EditRefused(f"{name} has no {', '.join(unknown)}; it has {', '.join(known)}.", hint="Name them as here.")
    if here_id in sides.here[RECORD_KEY]:
        raise EditRefused(f"This {name} was entered already, as {here_id}.", hint="Edit it instead.")
    by_role = {each.mapping.acts_as: each for each in reversed(objects)}
    for column, role in REFERS.items():
        if column in given and role in by_role and given[column] not in by_role[role].here[RECORD_KEY]:
            raise EditRefused(f"There is no {role} {given[column]!r} here.", hint=f"Give {column} an id of yours.")
    if "account_id" in usual and "account_id" not in given:
        raise EditRefused(f"A {name} belongs to an account: account_id is missing.", hint="Give account_id.")
    if mapping.interaction_kind == "meeting" and not given.get("minutes") and not given.get("all_day"):
        raise EditRefused("A meeting has a length, which Salesforce asks for.", hint="Give minutes, or all_day = True.")


def _filled(sides: Sides, given: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    """The values with what is said by the way they came: by hand, of this kind, now."""
    if sides.mapping.acts_as == "interaction":
        return {"kind": sides.mapping.interaction_kind, "at": at, **given, "origin": MANUAL}
    return {**given, "origin": MANUAL}


def _here_rows(sides: Sides, here_id: str, given: Mapping[str, Any]) -> pl.DataFrame:
    mapped = {each.here: each for each in reversed(sides.mapping.fields) if each.there in sides.fields}
    name = next((str(given[each]) for each in ("name", "subject") if each in given), None)
    parts = [CHANGES.empty().select(_COLUMNS)]
    for column, value in given.items():
        field = mapped.get(column)
        facts = None if field is None else sides.fields[field.there]
        series = pl.Series([list(value) if isinstance(value, tuple | list) else value])
        kind, scale = (_type_of(value), DIGITS) if facts is None else (facts.type, facts.scale)
        text = pl.select(to_text(pl.lit(series), series.dtype, kind, scale).alias("after"))
        row = {
            "side": pl.lit("here"),
            "object": pl.lit(sides.object),
            "here_id": pl.lit(here_id),
            "there_id": _NOTHING,
            "name": pl.lit(name, dtype=pl.String),
            "operation": pl.lit(CREATE),
            "field": pl.lit(column),
            "partner": pl.lit(None if field is None else field.there, dtype=pl.String),
            "type": pl.lit(kind),
            "base": _NOTHING,
            "here": _NOTHING,
            "there": _NOTHING,
            "after": pl.col("after"),
            "rule": pl.lit(ADD),
            "verdict": pl.lit("write"),
            "reason": pl.lit(_ENTERED),
        }
        parts.append(text.select(value.alias(key) for key, value in row.items()))
    return pl.concat(parts)


def _type_of(value: object) -> str:
    kinds = ((bool, "boolean"), (int, "int"), (float, "double"), (datetime, "datetime"), (date, "date"))
    return next((name for kind, name in kinds if isinstance(value, kind)), "string")


def _with_record(here: pl.DataFrame, here_id: str, rows: pl.DataFrame) -> pl.DataFrame:
    row = pl.DataFrame({RECORD_KEY: [here_id]})
    for column, kind, text in rows.select("field", "type", "after").iter_rows():
        typed = text_to_column(pl.lit(text, dtype=pl.String), kind)
        row = row.with_columns((pl.lit(text) if here.schema.get(column) == pl.String else typed).alias(column))
    return pl.concat([here, row], how="diagonal_relaxed")


def _there_rows(
    objects: Sequence[Sides],
    sides: Sides,
    here_id: str,
    look_up: Callable[[Sides, pl.DataFrame], Sides] | None,
) -> tuple[pl.DataFrame, list[Sides]]:
    everything = [sides if each.object == sides.object else each for each in objects]
    ids = pl.Series([here_id])
    if not creates_there(sides.mapping):
        return CHANGES.empty().select(_COLUMNS), everything
    known = Known.of(everything)
    if look_up:
        sides = look_up(sides, cells_of(sides, ids, known, everything)[0])
        everything = [sides if each.object == sides.object else each for each in objects]
    return new_rows(sides, ids, known, everything), everything
