"""The commit: exactly the plan that was confirmed is written, and every row is accounted for.

    check the digest, the org and the cost
    journal every row as intended           durable, before the first call
    for each object, after those it refers to: create, then change; at last delete, the other way round
        read again, hold what moved, write, settle each row
    bring the kept records, the links and the base up to date

After a crash the journal still knows every intended row. `resume` asks the org, and its Bulk jobs, what became of them.
Nothing is written twice: a committed plan is never committed again, and `resume` writes nothing there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape

import polars as pl

from toolkit.config.models import Settings
from toolkit.errors import DigestError, PlanError
from toolkit.salesforce import Org
from toolkit.store import Store
from toolkit.writeback.cost import Cost, allowed, predict, refuse_if_too_dear
from toolkit.writeback.creating import in_order
from toolkit.writeback.journal import Ledger
from toolkit.writeback.keeping import bring_up_to_date
from toolkit.writeback.lookups import with_lookups
from toolkit.writeback.operations import CHANGING, CREATE, DELETE
from toolkit.writeback.plan import Plan
from toolkit.writeback.sending import Progress
from toolkit.writeback.settling import intended, outdated
from toolkit.writeback.sides import Sides
from toolkit.writeback.whole import newest_of_ours
from toolkit.writeback.writer import Writer


@dataclass(frozen=True, eq=False)
class Commit:
    """What became of a commit. ``results`` is its journal (`JOURNAL`), one row a field; its id is the plan's."""

    commit_id: str
    written: int
    held: int
    failed: int
    api_calls: int
    results: pl.DataFrame = field(repr=False)

    def __str__(self) -> str:
        others = "".join(
            f", {count:,} {name}" for name, count in (("held", self.held), ("failed", self.failed)) if count
        )
        calls = f"{self.api_calls:,} API call{'s' if self.api_calls != 1 else ''}"
        return f"Commit {self.commit_id}: {self.written:,} written{others}; {calls}"

    def _repr_html_(self) -> str:
        return f"<p>{escape(str(self))}</p>"


def commit(
    plan: Plan,
    confirm: str,
    org: Org,
    store: Store,
    settings: Settings,
    *,
    objects: Sequence[Sides],
    now: datetime,
    progress: Progress | None = None,
) -> Commit:
    """Write the rows of `plan` with the verdict ``write`` and return what became of them.

    `confirm` is the plan's digest; `objects` are the sides as they are kept now. `progress` counts records. Raises,
    before anything is written: DigestError when the digest is another or a row was tampered with, PlanError for another
    org, a plan that was committed before, an unsettled commit or a cost over the cap, LimitError when the org has too
    few API calls left. A SalesforceError later leaves the rest of the rows intended, for `resume`.
    """
    _refuse(plan, confirm, org, store)
    spent = org.budget.spent
    left = allowed(org.budget.left, org.budget.cap - spent if org.budget.cap is not None else None)
    cost = predict(plan.changes, settings.writeback.bulk_from, left)
    refuse_if_too_dear(cost, settings.writeback.max_api_calls)
    ledger, rows = Ledger(store, plan.plan_id), intended(plan)
    ordered = [with_lookups(org, sides, rows) for sides in in_order(objects)]
    at = now.astimezone(UTC).isoformat()
    if rows.height:
        since = newest_of_ours(org, rows, ordered)
        store.intend(rows, {"digest": plan.digest, "org_id": plan.org_id, "at": at, "since": since})
    writer = Writer(org, ledger, cost, at, ordered, _teller(rows, progress))
    try:
        for sides in ordered:
            _write(writer, rows.filter(pl.col("object") == sides.object), plan, sides)
        for sides in reversed(ordered):  # what hangs on a record goes before it
            writer.delete(rows.filter((pl.col("object") == sides.object) & (pl.col("operation") == DELETE)), sides)
    finally:
        _refresh(org, store, ordered, ledger, rows)
    return _outcome(ledger, rows, org.budget.spent - spent)


def resume(commit_id: str, org: Org, store: Store, *, objects: Sequence[Sides]) -> Commit:
    """Settle the rows that an interrupted commit left intended, and return the whole commit. Writes nothing there.

    A Bulk job that was on its way is waited for. Then each row is ``written`` when its side holds the new value,
    ``failed`` when it holds the old one (the next plan has it again), and ``held`` when it holds another. A record that
    was being created is looked for. What was written there and belongs here as well is written here. Raises
    NotFoundError when there is no such commit.
    """
    spent = org.budget.spent
    ledger, ordered = Ledger(store, commit_id), in_order(objects)
    rows, at = ledger.rows(), store.commit_meta(commit_id).get("at", "")
    writer = Writer(org, ledger, Cost(), at, ordered, _Teller(0, None))
    for each in ordered:
        still_open = rows.filter((pl.col("object") == each.object) & (pl.col("state") == "intended"))
        sides = with_lookups(org, each, still_open)
        now = writer.settle_left_over(sides)
        settled = ledger.rows().join(still_open.select("seq"), on="seq", how="semi", maintain_order="left")
        bring_up_to_date(org, store, sides, settled, now)  # the others may have been changed, and pulled, since
    return _outcome(ledger, rows, org.budget.spent - spent)


def _write(writer: Writer, rows: pl.DataFrame, plan: Plan, sides: Sides) -> None:
    """Create and change the records of one object, on either side."""
    dropped = outdated(rows.filter(pl.col("operation").is_in(CHANGING)), plan, sides)
    writer.ledger.settle(dropped)
    mine = rows.join(dropped, on="seq", how="anti", maintain_order="left")
    new = mine.filter(pl.col("operation") == CREATE)
    writer.create(new, sides)
    changed = mine.filter(pl.col("operation").is_in(CHANGING))
    writer.change(changed, writer.as_kept(sides) if new.height else sides)


def _refuse(plan: Plan, confirm: str, org: Org, store: Store) -> None:
    if confirm != plan.digest:
        raise DigestError(
            f"The digest {confirm[:12]!r} is not that of plan {plan.plan_id}; nothing was written.",
            hint="Confirm with the digest of the plan you looked at (`plan.digest`), or plan again.",
        )
    plan.check()
    if plan.org_id != org.org_id:
        raise PlanError(
            f"Plan {plan.plan_id} was made for {plan.org_name or 'the org'} ({plan.org_id}), not for {org.org_id}.",
            hint="Connect to the org the plan was made for, or plan again in this one.",
        )
    open_commits = store.open_commits()
    if open_commits:
        raise PlanError(
            f"Commit {open_commits[0]} was interrupted and is not settled; nothing was written.",
            hint="Settle it first: `cs-toolkit resume`. Then plan again.",
        )
    if plan.plan_id in store.commits()["commit_id"]:
        raise PlanError(
            f"Plan {plan.plan_id} was committed already; nothing was written again.",
            hint="Plan again to see what is left to do: `cs-toolkit plan`.",
        )


def _teller(rows: pl.DataFrame, progress: Progress | None) -> "_Teller":
    key = pl.concat_str("side", "object", pl.coalesce("there_id", "here_id"))
    return _Teller(rows.select(key.n_unique()).item(), progress)


class _Teller:
    """Adds up records and tells `progress`."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self._total = total
        self._done = 0
        self._progress = progress

    def __call__(self, records: int) -> None:
        self._done += records
        if self._progress and records:
            self._progress(self._done, self._total)


def _refresh(org: Org, store: Store, objects: Sequence[Sides], ledger: Ledger, rows: pl.DataFrame) -> None:
    journal = ledger.rows() if rows.height else rows
    for sides in objects:
        bring_up_to_date(org, store, sides, journal.filter(pl.col("object") == sides.object))


def _outcome(ledger: Ledger, rows: pl.DataFrame, api_calls: int) -> Commit:
    results = ledger.rows() if rows.height else rows
    counts = {state: results.filter(pl.col("state") == state).height for state in ("written", "held", "failed")}
    return Commit(ledger.commit_id, **counts, api_calls=api_calls, results=results)
