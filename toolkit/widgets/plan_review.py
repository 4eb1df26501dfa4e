"""The plan review: what would be written where, row by row, and the button that writes exactly that.

The commit is made with the digest of the plan that is on the screen. A plan that changed meanwhile has another digest
and is refused. Afterwards the same rows say what became of each.
"""

import ipywidgets
import polars as pl

from toolkit import summaries
from toolkit.errors import ToolkitError
from toolkit.widgets.filters import Filters
from toolkit.widgets.grid import Column, Grid
from toolkit.widgets.notebook_widget import Message, NotebookWidget, button, row
from toolkit.widgets.twin import figures_html, plural, table_html
from toolkit.workspace import Workspace
from toolkit.writeback.commit import Commit
from toolkit.writeback.plan import Plan

TONES = {
    "write": "planned",
    "conflict": "warning",
    "held": "warning",
    "refused": "error",
    "intended": "warning",
    "written": "ok",
    "failed": "error",
}
COLUMNS = (
    Column("#", "#", width=56, align="right"),
    Column("Written to", "Written to", width=104),
    Column("Record", "Record", width=210),
    Column("Field", "Field", width=170),
    Column("Before", "Before", width=112),
    Column("After", "After", width=124),
    Column("Verdict", "Verdict", width=96, tones=TONES),
    Column("Why", "Why", wrap=True),
)


class PlanReview(NotebookWidget):
    """Shows one plan with filters by side, field and verdict, what it costs, and commits it once it was looked at."""

    def __init__(self, workspace: Workspace, plan: Plan) -> None:
        super().__init__()
        self._workspace = workspace
        self.plan = plan
        self.outcome: Commit | None = None
        """What became of the commit, once there was one."""
        self._rows = summaries.readable(plan.changes).sort("Written to", descending=True, maintain_order=True)
        self.grid = Grid(self._rows, COLUMNS, key="#", label="Planned changes", page_size=12)
        columns = {"Written to": "Written to", "Field": "Field", "Verdict": "Verdict"}
        self.filters = Filters(self._rows, columns, self.grid.replace)
        self.figures = ipywidgets.HTML(self._figures())
        self.reviewed = ipywidgets.Checkbox(
            description="I have looked at these changes", indent=False, layout=ipywidgets.Layout(width="auto")
        )
        self.commit_button = button("", "Write exactly these rows", icon="check", primary=True)
        self.progress = ipywidgets.IntProgress(layout=ipywidgets.Layout(width="220px"))
        self.message = Message()
        self.reviewed.observe(lambda _change: self._offer(), "value")
        self.commit_button.on_click(lambda _button: self._commit_or_complain())
        self.children = (
            self.figures,
            self.filters,
            self.grid,
            row(self.reviewed, self.commit_button, self.progress),
            self.message,
        )
        self._offer()

    def show(self, *, side: str = "", field: str = "", verdict: str = "") -> None:
        """Show only the rows of a side (Here, Salesforce), a field, or a verdict (write, conflict, held, refused)."""
        self.filters.choose(**{"Written to": side, "Field": field, "Verdict": verdict})

    def commit(self) -> Commit:
        """Write exactly the rows of this plan, by its digest, and return what became of them.

        After a commit, also one by the button, it writes nothing and returns the same outcome. Raises what
        `Workspace.commit` raises.
        """
        if self.outcome is None:
            self._offer(running=True)
            try:
                self.outcome = self._workspace.commit(self.plan, confirm=self.plan.digest, progress=self._advance)
                self._show_outcome(self.outcome)
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
        """Return the plan's figures, its counts by field, and rows that show its variety, as static HTML."""
        counts = summaries.plan_counts(self.plan.changes).select(
            pl.when(pl.col("side") == "there").then(pl.lit("Salesforce")).otherwise(pl.lit("Here")).alias("Written to"),
            pl.col("field").alias("Field"),
            pl.col("partner").alias("From"),
            pl.col("verdict").alias("Verdict"),
            pl.col("rows").alias("Changes"),
        )
        return "".join(
            (
                self._figures(),
                table_html(counts, right={"Changes"}),
                '<p style="margin:14px 0 4px">Some of the rows:</p>',
                self.grid.html(only=self._examples()),
            )
        )

    def _examples(self) -> pl.DataFrame:
        """Return some rows of every kind: written there, written here, and not written at all."""
        changes, writes = self.plan.changes, pl.col("verdict") == "write"
        kinds = {4: writes & (pl.col("side") == "there"), 3: writes & (pl.col("side") == "here"), 2: ~writes}
        chosen = pl.concat(summaries.examples(changes.filter(kind), count)["seq"] for count, kind in kinds.items())
        return self._rows.filter(pl.col("#").is_in(chosen.implode()))

    def _figures(self) -> str:
        plan, outcome = self.plan, self.outcome
        waiting = {f"{verdict.capitalize()}": plan.count(verdict) for verdict in ("conflict", "held", "refused")}
        records = plan.rows("write").select("object", "here_id", "there_id").unique().height
        figures: dict[str, object] = {"To write": plan.writes}
        if outcome is not None:
            figures = {"Written": outcome.written, "Held back": outcome.held, "Failed": outcome.failed}
        figures |= {name: count for name, count in waiting.items() if count and outcome is None}
        calls = outcome.api_calls if outcome else plan.cost.calls
        return figures_html(figures | {"Records": records, "API calls": calls, "Digest": plan.plan_id})

    def _show_outcome(self, outcome: Commit) -> None:
        became = outcome.results.select(pl.col("seq").alias("#"), "state", "message")
        self._rows = (
            self._rows.join(became, on="#", how="left", maintain_order="left")
            .with_columns(pl.coalesce("state", "Verdict").alias("Verdict"), pl.coalesce("message", "Why").alias("Why"))
            .drop("state", "message")
        )
        self.filters.offer(self._rows)
        self.grid.replace(self.filters.rows())
        self.figures.value = self._figures()
        self.message.say(str(outcome))

    def _offer(self, *, running: bool = False) -> None:
        idle = bool(self.plan.writes) and self.outcome is None and not running
        self.reviewed.disabled = not idle
        self.commit_button.disabled = not (idle and self.reviewed.value)
        self.progress.layout.display = None if running else "none"
        changes = plural(self.plan.writes, "change")
        if not self.plan.writes:
            self.commit_button.description = "Nothing to write"
        elif running:
            self.commit_button.description = f"Writing {changes}"
        else:
            self.commit_button.description = "Committed" if self.outcome else f"Commit {changes}"

    def _advance(self, done: int, total: int | None) -> None:
        self.progress.max = max(1, total or done)
        self.progress.value = done

    def _commit_or_complain(self) -> None:
        try:
            self.message.say("")
            self.commit()
        except ToolkitError as error:
            self.message.complain(error)
