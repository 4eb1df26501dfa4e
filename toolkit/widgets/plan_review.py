"""The plan review: what would be written where, row by row, and the button that writes exactly that.

The commit is made with the digest of the plan that is on the screen. A plan that changed meanwhile has another digest
and is refused; whoever leaves rows out looks at a new plan. Afterwards the same rows say what became of each.
"""

from typing import Any

import ipywidgets
import polars as pl

from toolkit import summaries
from toolkit.errors import ToolkitError
from toolkit.widgets.choices import text_box
from toolkit.widgets.filters import Filters
from toolkit.widgets.grid import Grid
from toolkit.widgets.notebook_widget import Message, NotebookWidget, button, row
from toolkit.widgets.plan_notes import identity_html, notes_html
from toolkit.widgets.plan_rows import PlanRows, told
from toolkit.widgets.twin import figures_html, plural
from toolkit.workspace import Workspace
from toolkit.writeback.committing.commit import Commit
from toolkit.writeback.planning.approving import approvers
from toolkit.writeback.planning.plan import Plan


class PlanReview(NotebookWidget):
    """Shows one plan in groups and rows, what stands in its way and what it costs, and commits it once looked at."""

    def __init__(self, workspace: Workspace, plan: Plan) -> None:
        super().__init__()
        self._workspace = workspace
        organization = workspace.org.organization
        self._production = "" if organization.is_sandbox else organization.name or workspace.org.org_id
        self.identity, self.notes, self.figures = ipywidgets.HTML(), ipywidgets.HTML(), ipywidgets.HTML()
        self.message = Message()
        self.leave_out_button = button("", "Make a new plan without the marked rows", icon="ban")
        self.approve_button = button("Approve", "Approve exactly these rows, as a second person", icon="thumbs-up")
        self.rehearse_button = button("Rehearse", "Let the org judge up to 200 records, and save none", icon="flask")
        self.reviewed = _box("I have looked at these changes")
        self.accepted = _box("The brakes may be passed: so many changes are meant")
        self.typed_name = text_box("Name of the org", hint=self._production)
        self.typed_name.continuous_update = True  # the button is there as soon as the name is
        self.commit_button = button("", "Write exactly these rows", icon="check", primary=True)
        self.retry_button = button("Try what failed again", "Plan only the rows that failed", icon="repeat")
        self.progress = ipywidgets.IntProgress(layout=ipywidgets.Layout(width="220px"))
        self._connect()
        self.plan = plan
        self.outcome: Commit | None = None
        """What became of the commit, once there was one."""
        self.replace(plan)

    @property
    def grid(self) -> Grid:
        """The table of the rows."""
        return self.rows.grid

    @property
    def filters(self) -> Filters:
        """The lists that narrow the rows down."""
        return self.rows.filters

    def replace(self, plan: Plan) -> None:
        """Show another plan, from the beginning."""
        self.plan, self.outcome = plan, None
        self.rows = PlanRows(plan, self._marked)
        self.identity.value = identity_html(plan)
        self.reviewed.value = self.accepted.value = False
        self._draw_notes()
        self.figures.value = self._figures()
        self.children = (
            self.identity,
            self.figures,
            self.notes,
            self.rows,
            row(self.leave_out_button, self.rehearse_button, self.approve_button),
            row(self.reviewed, self.accepted, self.typed_name),
            row(self.commit_button, self.progress, self.retry_button),
            self.message,
        )
        self._offer()

    def show(self, *, side: str = "", field: str = "", verdict: str = "") -> None:
        """Show only the rows of a side (Here, Salesforce), a field, or a verdict (write, conflict, held, refused)."""
        self.filters.choose(**{"Written to": side, "Field": field, "Verdict": verdict})

    def leave_out(self, rows: Any = None) -> Plan:
        """Make a new plan without these rows (their numbers, or a frame with ``seq``; the marked ones when not said).

        It is what is shown and committed from then on. Raises InputError for a row that would not be written.
        """
        made = self._workspace.exclude(self.plan, sorted(self.rows.marked) if rows is None else rows)
        self.replace(made)
        self.message.say(f"Plan {made.plan_id} leaves out {plural(made.count('excluded'), 'row')}; commit that one.")
        return made

    def commit(self) -> Commit:
        """Write exactly the rows of this plan, by its digest, and return what became of them.

        After a commit, also one by the button, it writes nothing and returns the same outcome. Raises what
        `Workspace.commit` raises.
        """
        if self.outcome is None:
            self._offer(running=True)
            try:
                self.outcome = self._workspace.commit(
                    self.plan, confirm=self.plan.digest, progress=self._advance,
                    org_name=self.typed_name.value or None, accept=self.accepted.value,
                )  # fmt: skip
                self.rows.show_outcome(self.outcome)
                self.figures.value = self._figures()
                self.message.say(str(self.outcome))
            finally:
                self.reviewed.value = self.outcome is not None
                self._offer()
        return self.outcome

    def summary(self) -> str:
        """Return the plan in a line, or what became of it."""
        plan = self.plan
        left_alone = plan.changes.height - plan.writes
        planned = f"{plan.writes:,} to write, {left_alone:,} left alone, {plural(plan.cost.calls, 'API call')}"
        return str(self.outcome) if self.outcome else f"Plan {plan.plan_id}: {planned}"

    def html(self) -> str:
        """Return the plan's figures and notes, its groups, and rows that show its variety, as static HTML."""
        return f"{self.identity.value}{self._figures()}{self.notes.value}{self.rows.html(self._examples())}"

    def _examples(self) -> pl.DataFrame:
        """Return some rows of every kind: written there, written here, and not written at all."""
        changes, writes = self.plan.changes, pl.col("verdict") == "write"
        kinds = {4: writes & (pl.col("side") == "there"), 3: writes & (pl.col("side") == "here"), 2: ~writes}
        chosen = pl.concat(summaries.examples(changes.filter(kind), count)["seq"] for count, kind in kinds.items())
        return chosen.alias("#").to_frame()

    def _figures(self) -> str:
        plan, outcome = self.plan, self.outcome
        verdicts = {"conflict": "Conflict", "held": "Held", "refused": "Refused", "excluded": "Left out"}
        records = plan.rows("write").select("object", "here_id", "there_id").unique().height
        figures: dict[str, object] = {"To write": plan.writes}
        if outcome is not None:
            figures = {"Written": outcome.written, "Held back": outcome.held, "Failed": outcome.failed}
        figures |= {name: plan.count(key) for key, name in verdicts.items() if plan.count(key) and outcome is None}
        calls = outcome.api_calls if outcome else plan.cost.calls
        return figures_html(figures | {"Records": records, "API calls": calls, "Digest": plan.plan_id})

    def _draw_notes(self) -> None:
        workspace = self._workspace
        by = approvers(self.plan, workspace.approvals(self.plan), workspace.settings.access)
        self.notes.value = notes_html(self.plan, workspace.settings.writeback, by, workspace.now())

    def _connect(self) -> None:
        self.reviewed.observe(lambda _change: self._offer(), "value")
        self.accepted.observe(lambda _change: self._offer(), "value")
        self.typed_name.observe(lambda _change: self._offer(), "value")
        for each, deed in (
            (self.commit_button, self.commit), (self.leave_out_button, self.leave_out),
            (self.retry_button, self._retry), (self.approve_button, self._approve),
            (self.rehearse_button, self._rehearse),
        ):  # fmt: skip
            each.on_click(lambda _button, deed=deed: self._or_complain(deed))

    def _marked(self, numbers: list[int]) -> None:
        self.leave_out_button.description = told(len(numbers))
        self.leave_out_button.disabled = not numbers

    def _offer(self, *, running: bool = False) -> None:
        plan, done = self.plan, self.outcome is not None
        idle = bool(plan.writes) and not done and not running
        self.reviewed.disabled = not idle
        agreed = self.reviewed.value and (self.accepted.value or not plan.brakes)
        named = not self._production or self.typed_name.value.strip() == self._production
        self.commit_button.disabled = not (idle and agreed and named)
        self.leave_out_button.description = told(len(self.rows.marked))
        self.leave_out_button.disabled = not (idle and self.rows.marked)
        self.rehearse_button.disabled = not idle
        _visible(self.progress, running)
        open_ = bool(plan.writes) and not done
        _visible(self.rehearse_button, not self._production)  # nothing is rehearsed in a production org
        _visible(self.accepted, bool(plan.brakes) and open_)
        _visible(self.typed_name, bool(self._production) and open_)
        _visible(self.approve_button, self._workspace.settings.writeback.approval and not done)
        _visible(self.retry_button, done and bool(self.outcome and self.outcome.failed))
        changes = plural(plan.writes, "change")
        if not plan.writes:
            self.commit_button.description = "Nothing to write"
        elif running:
            self.commit_button.description = f"Writing {changes}"
        else:
            self.commit_button.description = "Committed" if self.outcome else f"Commit {changes}"

    def _advance(self, done: int, total: int | None) -> None:
        self.progress.max = max(1, total or done)
        self.progress.value = done

    def _approve(self) -> None:
        self._workspace.approve(self.plan)
        self._draw_notes()
        self.message.say(f"{self._workspace.person()} approved plan {self.plan.plan_id}.")

    def _rehearse(self) -> None:
        rehearsal = self._workspace.rehearse(self.plan)
        failing = [f"{name}: {message}" for name, message in rehearsal.failures.select("name", "message").iter_rows()]
        self.message.say("\n".join([str(rehearsal), *failing]))

    def _retry(self) -> None:
        self.replace(self._workspace.retry(self.outcome.commit_id if self.outcome else None))
        self.message.say("This plan has only what failed and is still wanted.")

    def _or_complain(self, deed: Any) -> None:
        try:
            self.message.say("")
            deed()
        except ToolkitError as error:
            self.message.complain(error)


def _box(description: str) -> ipywidgets.Checkbox:
    return ipywidgets.Checkbox(description=description, indent=False, layout=ipywidgets.Layout(width="auto"))


def _visible(control: ipywidgets.Widget, shown: bool) -> None:
    control.layout.display = None if shown else "none"
