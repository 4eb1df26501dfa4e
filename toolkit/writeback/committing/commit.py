"""The commit: exactly the plan that was confirmed is written, and every row is accounted for.

    check the digest, the age, the org, the brakes and the cost
    journal every row as intended           durable, before the first call
    for each object, after those it refers to: create, then change; at last delete, the other way round
        read again, hold what moved, write, settle each row
    bring the kept records, the links and the base up to date

After a crash the journal still knows every intended row. `resume` asks the org, and its Bulk jobs, what became of
them; Ctrl-C is settled like that at once, where the org answers. Nothing is written twice: a committed plan is never
committed again, `resume` writes nothing there, and only one process commits at a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from html import escape

import polars as pl

from toolkit.config.models import Settings
from toolkit.errors import SalesforceError
from toolkit.salesforce import Org
from toolkit.salesforce.uninterrupted import CutOff
from toolkit.store import Store
from toolkit.writeback.committing.catching_up import owed, read_again
from toolkit.writeback.committing.guarding import (
    refuse_by_settings,
    refuse_plan,
    refuse_production,
    refuse_unsynced,
)
from toolkit.writeback.committing.journal import Ledger
from toolkit.writeback.committing.keeping import bring_up_to_date
from toolkit.writeback.committing.sending import Progress
from toolkit.writeback.committing.settling import ALREADY, intended, outdated
from toolkit.writeback.committing.structural import carry_out, settle_structural
from toolkit.writeback.committing.whole import newest_of_ours
from toolkit.writeback.committing.writer import Writer
from toolkit.writeback.planning.cost import Cost, allowed, predict, refuse_if_too_dear
from toolkit.writeback.planning.creating import in_order
from toolkit.writeback.planning.lookups import with_lookups
from toolkit.writeback.planning.operations import CHANGING, CREATE, DELETE, UNDELETE
from toolkit.writeback.planning.plan import Plan
from toolkit.writeback.planning.sides import Sides, traced


@dataclass(frozen=True, eq=False)
class Commit:
    """What became of a commit. ``results`` is its journal (`JOURNAL`), one row a field; its id is the plan's.

    ``written`` counts the rows that are as planned now, those among them that were so `already` included.
    ``predicted`` is what it was expected to cost, None of one that was resumed; ``api_calls`` is what it spent.
    """

    commit_id: str
    written: int
    held: int
    failed: int
    api_calls: int
    results: pl.DataFrame = field(repr=False)
    predicted: Cost | None = None

    @property
    def failures(self) -> pl.DataFrame:
        """The rows that were not written, with Salesforce's reason and what to do about it (`JOURNAL`)."""
        return self.results.filter(pl.col("state").is_in(["failed", "held"]))

    @property
    def already(self) -> int:
        """How many rows held their new value before this commit came to them: it wrote nothing, and undoes nothing."""
        return self.results.filter((pl.col("state") == "written") & (pl.col("code") == ALREADY)).height

    def __str__(self) -> str:
        were = "was" if self.already == 1 else "were"
        others = f" ({self.already:,} of them {were} so already)" if self.already else ""
        others += "".join(
            f", {count:,} {name}" for name, count in (("held", self.held), ("failed", self.failed)) if count
        )
        calls = f"{self.api_calls:,} API call{'s' if self.api_calls != 1 else ''}"
        if self.predicted is not None and self.predicted.calls != self.api_calls:
            calls += f", {self.predicted.calls:,} were predicted"
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
    org_name: str | None = None,
    accept: bool = False,
) -> Commit:
    """Write the rows of `plan` with the verdict ``write`` and return what became of them.

    `confirm` is the plan's digest; `objects` are the sides as they are kept now. `progress` counts records. `org_name`
    is what was typed as the name of a production org, `accept` that a plan over the brakes is meant. Raises, before
    anything is written: DigestError when the digest is another or a row was tampered with, PlanError for another org, a
    plan that is too old, was committed before or is of an object that is not synced any more, an unsettled commit, a
    production org whose name was not typed, or a cost over the cap, BrakeError, LimitError when the org has too few API
    calls left, StoreInUseError while another process is at it. A SalesforceError later leaves the rest of the rows
    intended, for `resume`; a KeyboardInterrupt settles them if it can, and says in a note what to do.
    """
    with store.lock("commit"):
        refuse_plan(plan, confirm, org, store)
        refuse_unsynced(plan.rows("write"), objects, f"Plan {plan.plan_id}")
        refuse_by_settings(plan, settings, objects, now, accept=accept)
        spent = org.budget.spent
        left = allowed(org.budget.left, org.budget.cap - spent if org.budget.cap is not None else None)
        cost = predict(plan.changes, settings.writeback.bulk_from, left, traced(objects))
        refuse_if_too_dear(cost, settings.writeback.max_api_calls)
        ledger, rows = Ledger(store, plan.plan_id), intended(plan)
        if rows.filter(pl.col("side") == "there").height:
            refuse_production(org, org_name)
        spent = org.budget.spent  # to ask which org it is costs a call where that is not known yet
        ordered = [with_lookups(org, sides, rows) for sides in in_order(objects)]
        writer = Writer(org, ledger, cost, now.astimezone(UTC).isoformat(), ordered, _teller(rows, progress))
        try:
            _intend(rows, plan, writer)
            _carry_out(rows, plan, writer)
        except KeyboardInterrupt as stopped:
            _settle_at_once(writer, stopped)
            raise
        finally:
            _refresh(org, store, ordered, ledger, rows)
        return _outcome(ledger, rows, org.budget.spent - spent, cost)


def resume(commit_id: str, org: Org, store: Store, *, objects: Sequence[Sides]) -> Commit:
    """Settle the rows that an interrupted commit left intended, and return the whole commit. Writes nothing there.

    A Bulk job that was on its way is waited for. Then each row is ``written`` when its side holds the new value,
    ``failed`` when it holds the old one (the next plan has it again), and ``held`` when it holds another. A record that
    was being created is looked for. What was written there and belongs here as well is written here. Raises
    NotFoundError when there is no such commit, PlanError when an object of an open row is not synced any more,
    StoreInUseError while another process is at it.
    """
    with store.lock("resume"):
        spent = org.budget.spent
        ledger, ordered = Ledger(store, commit_id), in_order(objects)
        rows, at = ledger.rows(), store.commit_meta(commit_id).get("at", "")
        refuse_unsynced(rows.filter(pl.col("state") == "intended"), objects, f"What is open of commit {commit_id}")
        _settle(Writer(org, ledger, Cost(), at, ordered, _Teller(0, None)))
        return _outcome(ledger, rows, org.budget.spent - spent)


def _settle(writer: Writer) -> None:
    """Settle every row that is open, by what is found, and bring what is kept up to date with it.

    The other rows may have been changed, and pulled, since; only when the run was killed before it brought the records
    up to date are they looked at as well.
    """
    store, rows = writer.ledger.store, writer.ledger.rows()
    behind = not store.commit_meta(writer.ledger.commit_id).get("caught_up", True)
    if (rows["state"] == "intended").any():
        store.caught_up(writer.ledger.commit_id, up=False)  # should this be killed, too
    for each in writer.objects:
        mine = rows.filter(pl.col("object") == each.object)
        still_open = mine.filter(pl.col("state") == "intended")
        sides = with_lookups(writer.org, each, still_open)
        settle_structural(writer, sides)
        now = writer.settle_left_over(sides)
        settled = writer.ledger.rows().join(still_open.select("seq"), on="seq", how="semi", maintain_order="left")
        if behind:
            earlier = mine.filter(pl.col("state") != "intended")
            now = _together(now, read_again(writer.org, earlier, sides))
            settled = pl.concat([owed(writer.org, earlier, sides), settled]).sort("seq")
        bring_up_to_date(writer.org, store, sides, settled, now)
    store.caught_up(writer.ledger.commit_id)


def _together(*frames: pl.DataFrame | None) -> pl.DataFrame | None:
    known = [frame for frame in frames if frame is not None]
    return pl.concat(known) if known else None


def _settle_at_once(writer: Writer, stopped: KeyboardInterrupt) -> None:
    """Settle what Ctrl-C left open, if the org answers, and note on the interrupt what to do."""
    ledger = writer.ledger
    if ledger.commit_id not in ledger.store.commits()["commit_id"]:
        stopped.add_note(f"Plan {ledger.commit_id} was not begun: nothing was written.")
        return
    left = f"Commit {ledger.commit_id} was interrupted: what was answered is noted, the rest is not known yet"
    if isinstance(stopped, CutOff):  # the call may still be carried out: it is too early to look
        stopped.add_note(f"{left}. Settle it in a minute: `cs-toolkit resume`.")
        return
    try:
        _settle(replace(writer, tell=_Teller(0, None)))
    except (SalesforceError, KeyboardInterrupt) as error:
        why = getattr(error, "message", "it was interrupted as well")
        stopped.add_note(f"{left}, because settling it did not succeed ({why}). Settle it: `cs-toolkit resume`.")
    else:
        done = _outcome(ledger, ledger.rows(), 0)
        stopped.add_note(
            f"Commit {done.commit_id} was interrupted and is settled: {done.written:,} written, {done.held:,} held, "
            f"{done.failed:,} not written. Plan again to see what is left: `cs-toolkit plan`."
        )


def _intend(rows: pl.DataFrame, plan: Plan, writer: Writer) -> None:
    if rows.height:
        since = newest_of_ours(writer.org, rows, writer.objects)
        meta = {"digest": plan.digest, "org_id": plan.org_id, "at": writer.at, "since": since, "caught_up": False}
        meta |= {"purpose": plan.purpose, "made_by": plan.made_by}  # known of a value when its plan is long gone
        writer.ledger.intend(rows, meta)


def _carry_out(rows: pl.DataFrame, plan: Plan, writer: Writer) -> None:
    back = set(rows.filter(pl.col("operation") == UNDELETE)["object"])
    rows = carry_out(writer, rows, plan.changes)
    for sides in writer.objects:
        kept = writer.as_kept(sides) if sides.object in back else sides  # what came back here is among the records
        _write(writer, rows.filter(pl.col("object") == sides.object), plan, kept)
    for sides in reversed(writer.objects):  # what hangs on a record goes before it
        writer.delete(rows.filter((pl.col("object") == sides.object) & (pl.col("operation") == DELETE)), sides)


def _write(writer: Writer, rows: pl.DataFrame, plan: Plan, sides: Sides) -> None:
    """Create and change the records of one object, on either side."""
    dropped = outdated(rows.filter(pl.col("operation").is_in(CHANGING)), plan, sides)
    writer.ledger.settle(dropped)
    mine = rows.join(dropped, on="seq", how="anti", maintain_order="left")
    new = mine.filter(pl.col("operation") == CREATE)
    writer.create(new, sides)
    changed = mine.filter(pl.col("operation").is_in(CHANGING))
    writer.change(changed, writer.as_kept(sides) if new.height else sides)


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
    journal = ledger.rows() if _begun(ledger, rows) else rows.clear()
    for sides in objects:
        bring_up_to_date(org, store, sides, journal.filter(pl.col("object") == sides.object))
    if _begun(ledger, rows):
        store.caught_up(ledger.commit_id)


def _begun(ledger: Ledger, rows: pl.DataFrame) -> bool:
    return rows.height > 0 and ledger.commit_id in ledger.store.commits()["commit_id"]


def _outcome(ledger: Ledger, rows: pl.DataFrame, api_calls: int, predicted: Cost | None = None) -> Commit:
    results = ledger.rows() if rows.height else rows
    counts = {state: results.filter(pl.col("state") == state).height for state in ("written", "held", "failed")}
    return Commit(ledger.commit_id, **counts, api_calls=api_calls, results=results, predicted=predicted)
