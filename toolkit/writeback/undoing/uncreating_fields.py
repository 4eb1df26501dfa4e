"""Taking back a field that a commit created, and who may see it: which rows that makes, and when it has to stay.

A field goes with all its values. So it goes only while it is as it was made, and while every value in it is one that a
commit wrote and that has not been changed since: those are worked out here, and can be written again. What people typed
keeps the field. Salesforce keeps a deleted field for 15 days in Setup, from where only a person can take it back.
"""

import json
from collections.abc import Mapping
from typing import Any

import polars as pl

from toolkit.errors import NotFoundError
from toolkit.frames import CHANGES
from toolkit.salesforce import Org
from toolkit.salesforce.tooling import CustomField
from toolkit.values import to_text
from toolkit.writeback.planning.operations import CREATE_FIELD, DELETE_FIELD, FIELDS, GRANT_FIELD
from toolkit.writeback.planning.rule_names import UNDO
from toolkit.writeback.planning.sides import Sides
from toolkit.writeback.restructuring.field_creation import unchanged
from toolkit.writeback.restructuring.granting import now_granted

_COLUMNS = tuple(name for name in CHANGES.schema if name != "seq")


def uncreated_fields(org: Org, written: pl.DataFrame, journal: pl.DataFrame, sides: Sides) -> pl.DataFrame:
    """Return the rows (`CHANGES` without seq) that take back what journal rows did to the fields of one object.

    `written` are those of the commit, `journal` those of all commits. A field that was created is deleted, one that was
    deleted is created again, empty, and permissions become what they were. Costs a few calls, and reads every value
    that a field to be deleted holds.
    """
    mine = written.filter((pl.col("object") == sides.object) & pl.col("operation").is_in(FIELDS))
    rows = [CHANGES.empty().select(_COLUMNS)]
    if mine.is_empty():
        return rows[0]
    changed = mine.filter(pl.col("operation") != GRANT_FIELD)
    known = org.tooling.fields(sides.mapping.sobject, changed["field"].unique().sort().to_list())
    stays: dict[str, str] = {}
    for row in changed.iter_rows(named=True):
        there = known.get(row["field"].lower())
        made = row["operation"] == CREATE_FIELD
        why, reason = _deletion(org, row, there, journal, sides) if made else _return(there)
        if made and why:
            stays[row["field"]] = why
        if not (made and there is None):
            operation, after, now = (DELETE_FIELD, None, row["after"]) if made else (CREATE_FIELD, row["before"], None)
            rows.append(_row(row, operation, after, now=now, why=why, reason=reason))
    gone = set(mine.filter(pl.col("operation") == CREATE_FIELD)["field"]) - {
        name for name in mine["field"] if name.lower() in known
    }
    grants = mine.filter((pl.col("operation") == GRANT_FIELD) & ~pl.col("field").is_in(sorted(gone)))
    return pl.concat([*rows, *_grants_back(org, grants, stays, sides)])


def foreign_values(org: Org, sides: Sides, name: str, journal: pl.DataFrame) -> int:
    """Return how many records hold a value in a field that no commit wrote, or that was changed since.

    A field that nobody may see counts as empty: nobody could have filled it, nor can it be asked. Reads each value.
    """
    try:
        field = org.describe(sides.mapping.sobject).field(name)
    except NotFoundError:
        return 0
    filled = f"{name} = true" if field.type == "boolean" else f"{name} != null"
    held = org.records(sides.mapping.sobject, ["Id", name], filled if field.filterable else None)
    text = to_text(pl.col(name), held.schema[name], field.type, field.scale)
    ours = (
        journal.filter(
            (pl.col("object") == sides.object)
            & (pl.col("side") == "there")
            & (pl.col("field") == name)
            & (pl.col("state") == "written")
            & pl.col("there_id").is_not_null()
        )
        .unique("there_id", keep="last", maintain_order=True)
        .select("there_id", _ours="after")
    )
    found = held.select(there_id="Id", _now=text).join(ours, on="there_id", how="left")
    return found.filter(pl.col("_now").is_not_null() & pl.col("_now").ne_missing(pl.col("_ours"))).height


def _deletion(
    org: Org, row: Mapping[str, Any], there: CustomField | None, journal: pl.DataFrame, sides: Sides
) -> tuple[str | None, str]:
    """Why the field has to stay, or None; and why it goes."""
    if there is None:
        return None, ""
    changed = unchanged(json.loads(row["after"]), there.definition)
    if changed:
        return f"changed since: {changed}", ""
    values = foreign_values(org, sides, row["field"], journal)
    if values:
        records = "1 record holds a value" if values == 1 else f"{values:,} records hold values"
        return f"{records} that no commit wrote; they would go with the field", ""
    return None, "created by that commit and unchanged since; it goes with what commits wrote into it"


def _return(there: CustomField | None) -> tuple[str | None, str]:
    if there is not None:
        return "there is a field of this name again", ""
    return None, "deleted by that commit; it is created again, empty: plan again to fill it"


def _grants_back(org: Org, grants: pl.DataFrame, stays: Mapping[str, str], sides: Sides) -> list[pl.DataFrame]:
    if grants.is_empty():
        return []
    rows = []
    for row in now_granted(org, sides.mapping.sobject, grants).iter_rows(named=True):
        if row["now"] == row["before"]:
            continue
        why = f"the field stays: {stays[row['field']]}" if row["field"] in stays else None
        if why is None and row["now"] != row["after"]:
            why = "changed since; somebody else decided who may see it"
        said = "who may see it becomes what it was before" if row["before"] else "nobody was granted it before"
        rows.append(_row(row, GRANT_FIELD, row["before"], now=row["now"], why=why, reason=said))
    return rows


def _row(
    row: Mapping[str, Any],
    operation: str,
    after: str | None,
    *,
    now: str | None,
    why: str | None,
    reason: str,
) -> pl.DataFrame:
    kept = {name: row[name] for name in ("side", "object", "here_id", "there_id", "name", "field", "partner", "type")}
    given = {
        **kept,
        "operation": operation,
        "base": None,
        "here": None,
        "there": now,
        "after": after,
        "rule": UNDO,
        "verdict": "held" if why else "write",
        "reason": why or reason,
    }
    empty = CHANGES.empty().select(_COLUMNS)
    return pl.DataFrame([given], schema=empty.schema)
