"""The rehearsal: the org judges the rows of a plan by its rules and triggers too, and nothing is saved (BEY-4).

Pre-flight finds what describe promises. What else an org may refuse, its rules and automations, only it knows. So up to
200 records of one object are sent with a record among them that must fail, all or none: what Salesforce says to each is
what it would say at the commit. Automations that reach out of the org do so all the same, which is why it is off for
production orgs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

import polars as pl

from toolkit.errors import PlanError
from toolkit.salesforce import Org
from toolkit.salesforce.collections import Operation
from toolkit.writeback.committing.recognising import stands_for_new
from toolkit.writeback.committing.remedies import remedy
from toolkit.writeback.committing.sending import types_of, wide
from toolkit.writeback.committing.settling import intended
from toolkit.writeback.planning.lookups import with_lookups
from toolkit.writeback.planning.operations import CHANGING, CREATE, DELETE
from toolkit.writeback.planning.plan import Plan
from toolkit.writeback.planning.references import resolved
from toolkit.writeback.planning.sentences import sentence
from toolkit.writeback.planning.sides import Sides

MOST_RECORDS = 200
SAVED, FAILS, NOT_TRIED = "be saved", "fail", "not be tried"
RESULTS = {
    "object": pl.String,
    "operation": pl.String,
    "here_id": pl.String,
    "there_id": pl.String,
    "name": pl.String,
    "would": pl.String,
    "code": pl.String,
    "message": pl.String,
    "fields": pl.String,
}
"""Columns of the results: ``would`` is "be saved", "fail", or "not be tried" for what refers to new records."""

_KEY = ["operation", "here_id", "there_id"]


@dataclass(frozen=True, eq=False)
class Rehearsal:
    """What the org says to the records of a plan, one row each (`RESULTS`). Nothing was saved."""

    plan_id: str
    object: str
    api_calls: int
    results: pl.DataFrame = field(repr=False)

    @property
    def passed(self) -> bool:
        """Whether no record would fail."""
        return self.failures.is_empty()

    @property
    def failures(self) -> pl.DataFrame:
        """The records that would fail, with Salesforce's reason and what to do about it."""
        return self.results.filter(pl.col("would") == FAILS)

    def __str__(self) -> str:
        counts = {would: self.results.filter(pl.col("would") == would).height for would in (SAVED, FAILS, NOT_TRIED)}
        told = ", ".join(f"{count:,} would {would}" for would, count in counts.items() if count)
        calls = f"{self.api_calls:,} API call{'s' if self.api_calls != 1 else ''}"
        return f"Rehearsal of plan {self.plan_id}, {self.object}: {told}; nothing was saved; {calls}"

    def _repr_html_(self) -> str:
        return f"<p>{escape(str(self))}</p>"


def rehearse(plan: Plan, org: Org, *, objects: Sequence[Sides], object_name: str | None = None) -> Rehearsal:
    """Let the org judge the records of one object that `plan` would write there, and save none of them.

    `object_name` may be left out when the plan writes records of one object only. Costs one call for each kind of
    operation and 199 records. Raises PlanError in a production org, for more than 200 records, and for an object of
    which there is nothing to write there; DigestError for a plan that was tampered with.
    """
    plan.check()
    _refuse_production(org)
    rows = _rows(plan, object_name)
    (name,) = rows["object"].unique()
    sides = next((each for each in objects if each.object == name), None)
    if sides is None:
        raise PlanError(f"{name} is not mapped any more.", hint="Plan again: `cs-toolkit plan`.")
    sides = with_lookups(org, sides, rows)
    spent = org.budget.spent
    waiting = rows.join(rows.filter(stands_for_new()), on=_KEY, how="semi", nulls_equal=True)
    tried = rows.join(waiting, on="seq", how="anti", maintain_order="left")
    parts = [pl.DataFrame(schema=RESULTS), _not_tried(waiting)]
    for operations in (CHANGING, (CREATE,), (DELETE,)):
        mine = tried.filter(pl.col("operation").is_in(operations))
        if mine.height:
            parts.append(_judged(mine, sides, org))
    results = pl.concat(parts).sort("operation", "there_id", "here_id")
    return Rehearsal(plan.plan_id, name, org.budget.spent - spent, results)


def _refuse_production(org: Org) -> None:
    found = org.organization
    if not found.is_sandbox:
        raise PlanError(
            f"{found.name!r} is a production org, where nothing is rehearsed: its automations may reach out of it.",
            hint="Rehearse in a sandbox. Here, commit a few rows first: leave the others out of the plan.",
        )


def _rows(plan: Plan, object_name: str | None) -> pl.DataFrame:
    """The rows of one object that would be written there, as the journal would have them."""
    rows = intended(plan).filter((pl.col("side") == "there") & pl.col("operation").is_in([*CHANGING, CREATE, DELETE]))
    names = rows["object"].unique().sort().to_list()
    if object_name is None and len(names) > 1:
        raise PlanError(
            f"Plan {plan.plan_id} writes records of {', '.join(names)}; a rehearsal is of one object.",
            hint=f'Name it: ws.rehearse(plan, "{names[0]}").',
        )
    mine = rows.filter(pl.col("object") == object_name) if object_name else rows
    if mine.is_empty():
        raise PlanError(
            f"Plan {plan.plan_id} writes nothing there{f' of {object_name}' if object_name else ''}.",
            hint=f"It writes records of: {', '.join(names) or 'nothing'}.",
        )
    records = mine.select(*_KEY[1:]).n_unique()
    if records > MOST_RECORDS:
        raise PlanError(
            f"Plan {plan.plan_id} writes {records:,} records of {mine['object'][0]}; at most {MOST_RECORDS} are "
            "rehearsed.",
            hint="Leave rows out of the plan (`ws.exclude`), and rehearse what is left.",
        )
    return mine.with_columns(pl.col("operation").replace("clear", "update"))


def _not_tried(rows: pl.DataFrame) -> pl.DataFrame:
    nothing = pl.lit(None, dtype=pl.String)
    why = pl.lit("it refers to a record that the plan creates, which has no id yet")
    return _records(rows).select(*list(RESULTS)[:5], would=pl.lit(NOT_TRIED), code=nothing, message=why, fields=nothing)


def _judged(rows: pl.DataFrame, sides: Sides, org: Org) -> pl.DataFrame:
    """What the org says to the records of rows of one kind of operation (`RESULTS`)."""
    kinds: dict[str, Operation] = {CREATE: "insert", DELETE: "delete"}
    operation = kinds.get(rows["operation"][0], "update")
    key = "here_id" if operation == "insert" else "there_id"
    ready = resolved(rows, sides)
    table = rows.select(there_id=key).unique(maintain_order=True) if operation == "delete" else wide(ready, key, key)
    sent = table.drop("here_id") if operation == "insert" else table.rename({"there_id": "Id"})
    said = org.rehearse(sides.mapping.sobject, operation, sent, types_of(ready))
    answers = said.select("success", "error_code", "error_message", "error_fields").with_columns(table[key])
    told = sentence(pl.col("error_message").fill_null("no reason was given"), "; ", remedy("error_code"))
    fine = pl.col("success")
    return (
        _records(rows)
        .join(answers, on=key, how="left", maintain_order="left")
        .select(
            *list(RESULTS)[:5],
            would=pl.when(fine).then(pl.lit(SAVED)).otherwise(pl.lit(FAILS)),
            code="error_code",
            message=pl.when(fine).then(None).otherwise(told),
            fields="error_fields",
        )
    )


def _records(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.unique(_KEY, keep="first", maintain_order=True)
