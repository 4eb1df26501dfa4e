"""The commit: exactly the plan that was confirmed is written, and every row is accounted for.

    check the digest, the org and the cost
    journal every row as intended           durable, before the first call
    for each batch: read again, hold what moved, write, settle each row
    bring the kept records and the base up to date

After a crash the journal still knows every intended row. `resume` asks the org, and its Bulk jobs, what became of them.
Nothing is written twice: a committed plan is never committed again, and `resume` writes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape

import polars as pl

from toolkit.config.models import Settings
from toolkit.errors import DigestError, NotFoundError, PlanError
from toolkit.salesforce import Org
from toolkit.store import Store
from toolkit.writeback.cost import allowed, predict, refuse_if_too_dear
from toolkit.writeback.journal import Ledger
from toolkit.writeback.plan import Plan
from toolkit.writeback.records import refresh
from toolkit.writeback.sending import Progress, Sender, answered, apply_here, now_here, now_there, types_of, wide
from toolkit.writeback.settling import IN_JOB, compared, intended, outdated
from toolkit.writeback.sides import Sides


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
    ledger = Ledger(store, plan.plan_id)
    rows = intended(plan)
    if rows.height:
        store.intend(rows, {"digest": plan.digest, "org_id": plan.org_id, "at": now.astimezone(UTC).isoformat()})
    tell = _teller(rows, progress)
    try:
        for sides in objects:
            mine = rows.filter(pl.col("object") == sides.object)
            dropped = outdated(mine, plan, sides)
            ledger.settle(dropped)
            mine = mine.join(dropped, on="seq", how="anti", maintain_order="left")
            there, here = (mine.filter(pl.col("side") == side) for side in ("there", "here"))
            if there.height:
                Sender(org, ledger, cost.via(sides.object), tell).send(there, sides)
            if here.height:
                apply_here(here, sides, ledger)
                tell(here["here_id"].n_unique())
    finally:
        _refresh(store, objects, ledger, rows)
    return _outcome(ledger, rows, org.budget.spent - spent)


def resume(commit_id: str, org: Org, store: Store, *, objects: Sequence[Sides]) -> Commit:
    """Settle the rows that an interrupted commit left intended, and return the whole commit. Writes no field.

    A Bulk job that was on its way is waited for. Then each row is ``written`` when its side holds the new value,
    ``failed`` when it holds the old one (the next plan has it again), and ``held`` when it holds another. Raises
    NotFoundError when there is no such commit.
    """
    spent = org.budget.spent
    ledger = Ledger(store, commit_id)
    rows = ledger.rows()
    for sides in objects:
        there, here = _open(ledger, sides, "there"), _open(ledger, sides, "here")
        _settle_jobs(org, ledger, there, sides)
        now = now_there(org, there, sides) if there.height else None
        if now is not None:
            still_open = _open(ledger, sides, "there").select("seq")
            ledger.settle(compared(now.join(still_open, on="seq", how="semi"), after_interruption=True))
        if here.height:
            ledger.settle(compared(now_here(here, sides), after_interruption=True))
        settled = pl.concat([there, here]).select("seq")  # the others may have been changed, and pulled, since
        refresh(store, sides, ledger.rows().join(settled, on="seq", how="semi", maintain_order="left"), now)
    return _outcome(ledger, rows, org.budget.spent - spent)


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


def _open(ledger: Ledger, sides: Sides, side: str) -> pl.DataFrame:
    mine = (pl.col("object") == sides.object) & (pl.col("side") == side) & (pl.col("state") == "intended")
    return ledger.rows().filter(mine)


def _settle_jobs(org: Org, ledger: Ledger, rows: pl.DataFrame, sides: Sides) -> None:
    for job_id in rows.filter(pl.col("code") == IN_JOB)["message"]:
        try:
            results = org.collect(job_id, sides.mapping.sobject, "update", wide(rows), types_of(rows), sparse=True)
        except NotFoundError:
            continue  # never handed over, or collected and deleted before: reading the records tells
        ledger.settle(answered(rows, results))


def _refresh(store: Store, objects: Sequence[Sides], ledger: Ledger, rows: pl.DataFrame) -> None:
    journal = ledger.rows() if rows.height else rows
    for sides in objects:
        refresh(store, sides, journal)


def _outcome(ledger: Ledger, rows: pl.DataFrame, api_calls: int) -> Commit:
    results = ledger.rows() if rows.height else rows
    counts = {state: results.filter(pl.col("state") == state).height for state in ("written", "held", "failed")}
    return Commit(ledger.commit_id, **counts, api_calls=api_calls, results=results)
