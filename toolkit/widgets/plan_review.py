"""The plan review: what would be written where, row by row, and the button that writes exactly that.

The commit is made with the digest of the plan that is on the screen. A plan that changed meanwhile has another digest
and is refused.
"""

import ipywidgets
import polars as pl
from toolkit.writeback.commit import Commit

from toolkit import summaries
from toolkit.errors import ToolkitError
from toolkit.widgets.grid import Column, Grid
from toolkit.widgets.notebook_widget import Message, NotebookWidget
from toolkit.widgets.twin import facts_html, table_html
from toolkit.workspace import Workspace
from toolkit.writeback.plan import Plan

EVERYTHING = "Everything"
COLUMNS = (
    Column("#", "#", align="right", width="50px"),
    Column("Written to", "Written to"),
    Column("Record", "Record"),
    Column("Field", "Field"),
    Column("Before", "Before"),
    Column("After", "After"),
    Column("Verdict", "Verdict"),
    Column("Why", "Why"),
)


class PlanReview(NotebookWidget):
    """Shows one plan with filters by side, field and verdict, its cost and digest, and commits it."""

    def __init__(self, workspace: Workspace, plan: Plan) -> None:
        super().__init__()
        self._workspace = workspace
        self.plan = plan
        self.commit_result: Commit | None = None
        self._readable = summaries.readable(plan.changes)
        self.grid = Grid(self._readable, COLUMNS, key="#", label="Planned changes", page_size=12)
        self.side = self._filter("Written to")
        self.field = self._filter("Field")
        self.verdict = self._filter("Verdict")
        self.reviewed = ipywidgets.Checkbox(
            description="I have looked at these changes", indent=False, disabled=not plan.writes
        )
        self.commit_button = ipywidgets.Button(
            description=f"Commit {plan.writes:,} changes", button_style="primary", icon="check", disabled=True,
            tooltip="Write exactly these rows", layout=ipywidgets.Layout(width="auto"),
        )  # fmt: skip
        self.progress = ipywidgets.IntProgress(layout=ipywidgets.Layout(width="260px", visibility="hidden"))
        self.message = Message()
        self.reviewed.observe(self._arm, "value")
        self.commit_button.on_click(lambda _button: self._commit_or_complain())
        self.children = (
            ipywidgets.HTML(self._facts()),
            ipywidgets.HBox([self.side, self.field, self.verdict]),
            self.grid,
            ipywidgets.HBox([self.reviewed, self.commit_button, self.progress]),
            self.message,
        )

    def commit(self) -> Commit:
        """Write exactly the rows of this plan, by its digest. Raises what `Workspace.commit` raises."""
        self.progress.layout.visibility = "visible"
        self.commit_button.disabled = True
        result = self._workspace.commit(self.plan, confirm=self.plan.digest, progress=self._advance)
        self.commit_result = result
        self.reviewed.disabled = True
        self.message.say(str(result))
        return result

    def html(self) -> str:
        """Return the plan's figures, its counts by field, and its first rows as static HTML."""
        counts = summaries.plan_counts(self.plan.changes).select(
            pl.when(pl.col("side") == "there").then(pl.lit("Salesforce")).otherwise(pl.lit("Here")).alias("Written to"),
            pl.col("field").alias("Field"),
            pl.col("verdict").alias("Verdict"),
            pl.col("rows").alias("Changes"),
        )
        return self._facts() + "<br>" + table_html(counts, right={"Changes"}) + "<br>" + self.grid.html(rows=8)

    def _facts(self) -> str:
        plan = self.plan
        return facts_html(
            "Planned changes",
            {
                "To write": plan.writes,
                "Held, in conflict or refused": plan.changes.height - plan.writes,
                "Records touched": plan.changes.select("side", "object", "there_id").unique().height,
                "Cost": str(plan.cost),
                "Digest": plan.digest[:12],
            },
        )

    def _filter(self, column: str) -> ipywidgets.Dropdown:
        choices = [EVERYTHING, *sorted(self._readable.get_column(column).unique().to_list())]
        dropdown = ipywidgets.Dropdown(
            options=choices, description=column, layout=ipywidgets.Layout(width="300px"),
            style={"description_width": "80px"},
        )  # fmt: skip
        dropdown.observe(self._narrow, "value")
        return dropdown

    def _narrow(self, _change: object) -> None:
        frame = self._readable
        for dropdown in (self.side, self.field, self.verdict):
            if dropdown.value != EVERYTHING:
                frame = frame.filter(pl.col(dropdown.description) == dropdown.value)
        self.grid.replace(frame)
        self.grid.turn_to(0)

    def _arm(self, _change: object) -> None:
        self.commit_button.disabled = not self.reviewed.value

    def _advance(self, done: int, total: int | None) -> None:
        self.progress.max = max(1, total or done)
        self.progress.value = done

    def _commit_or_complain(self) -> None:
        try:
            self.commit()
        except ToolkitError as error:
            self.message.complain(error)
