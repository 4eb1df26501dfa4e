"""The rows of a plan in a notebook: counted in groups that open, narrowed down, and marked to be left out."""

from collections.abc import Callable, Iterable

import ipywidgets
import polars as pl

from toolkit import summaries
from toolkit.widgets.filters import Filters
from toolkit.widgets.grid import Action, Column, Grid
from toolkit.widgets.notebook_widget import button, row
from toolkit.widgets.tree import Tree
from toolkit.widgets.twin import plural, table_html
from toolkit.writeback.committing.commit import Commit
from toolkit.writeback.committing.remedies import remedy
from toolkit.writeback.planning.grouping import VERDICTS, groups, with_groups, within
from toolkit.writeback.planning.plan import Plan

TONES = {
    "write": "planned",
    "conflict": "warning",
    "held": "warning",
    "refused": "error",
    "excluded": "warning",
    "intended": "warning",
    "written": "ok",
    "failed": "error",
}
LEFT_OUT = "Leave out"
COLUMNS = (
    Column(LEFT_OUT, "Out", width=44, align="center", editable=True, gaps=True),
    Column("#", "#", width=60, align="right"),
    Column("Written to", "Written to", width=98),
    Column("Record", "Record", width=140, wrap=True),
    Column("Field", "Field", width=176, wrap=True),
    Column("Before", "Before", width=92, wrap=True),
    Column("After", "After", width=92, wrap=True),
    Column("Verdict", "Verdict", width=100, tones=TONES),
    Column("Why", "Why", wrap=True),
)
HEADINGS = {"write": "Write", "conflict": "Conflict", "held": "Held", "refused": "Refused", "excluded": "Left out"}
LISTED = 40
"""So many groups the static twin lists."""


class PlanRows(ipywidgets.VBox):
    """The groups of a plan above its rows, those that change most first.

    Choosing a group narrows the rows down to it; marking a group, or a row, calls `marking` with the marked numbers.
    """

    def __init__(self, plan: Plan, marking: Callable[[list[int]], None]) -> None:
        super().__init__()
        self._marking = marking
        self._group = ""
        self.marked: set[int] = set()
        """The numbers of the rows that are marked to be left out."""
        self._closed = False
        self._rows = readable(plan)
        counted = groups(plan.changes)
        known = [name for name in VERDICTS if counted[name].sum()]
        columns = [Column(name, HEADINGS[name], width=96, align="right", counts=True) for name in known]
        leave = Action("leave", "Leave out", "x")
        self.groups = Tree(
            counted.with_columns(pl.col(*VERDICTS).replace(0, None)),
            (Column("label", "What"), Column("records", "Records", width=96, align="right", counts=True), *columns),
            key="key",
            parent="parent",
            label="Groups of changes",
            page_size=14,
            actions=(Action("mark", "Leave the group out", "x"), Action("all", "Show all", "Escape")),
            on_action=self._on_group,
            on_choose=self.narrow_to,
        )
        self.grid = Grid(
            self._rows, COLUMNS, key="#", label="Planned changes", on_edit=self._on_edit, actions=(leave,),
            on_action=lambda _name, number: self._toggle(number),
        )  # fmt: skip
        listed = {"Written to": "Written to", "Field": "Field", "Verdict": "Verdict"}
        self.filters = Filters(self._rows, listed, lambda _rows: self._narrow())
        self.whole = button("Show all", "Show the rows of every group again", icon="times")
        self.whole.on_click(lambda _button: self.narrow_to(""))
        self.whole.layout.display = "none"
        self.children = (self.groups, row(self.filters, self.whole), self.grid)

    def narrow_to(self, group: str) -> None:
        """Show only the rows of a group (its key); of all of them when it is empty."""
        self._group = group
        label = dict(self.groups.frame.select("key", "label").iter_rows()).get(group, "")
        self.whole.description = f"Only {label}" if label else ""
        self.whole.layout.display = None if label else "none"
        self._narrow()

    def mark(self, numbers: Iterable[int], *, out: bool = True) -> None:
        """Mark rows to be left out, or take the marks away. Raises ValueError for one that would not be written."""
        if self._closed:
            raise ValueError("The plan is committed; nothing can be left out any more")
        wanted = set(numbers)
        written = set(self._rows.filter(pl.col("Verdict") == "write")["#"].to_list())
        if out and not wanted <= written:
            raise ValueError("Only what would be written can be left out; this would not be written anyway")
        self.marked = self.marked | wanted if out else self.marked - wanted
        marks = _marks(self.marked)
        self._rows = self._rows.with_columns(marks)
        self.grid.update(self.grid.frame.with_columns(marks))
        self.filters.offer(self._rows)
        self._marking(sorted(self.marked))

    def show_outcome(self, outcome: Commit) -> None:
        """Show what became of each row, with Salesforce's words and what to do about it."""
        self._closed = True
        advice = pl.concat_str(pl.col("message"), remedy("code"), separator=" — ")
        became = outcome.results.select(
            pl.col("seq").alias("#"),
            "state",
            message=pl.when(pl.col("state") == "failed").then(advice).otherwise("message"),
        )
        self._rows = (
            self._rows.join(became, on="#", how="left", maintain_order="left")
            .with_columns(pl.coalesce("state", "Verdict").alias("Verdict"), pl.coalesce("message", "Why").alias("Why"))
            .drop("state", "message")
            .with_columns(pl.lit(None, pl.Boolean).alias(LEFT_OUT))
        )
        self.filters.offer(self._rows)
        self._narrow()

    def html(self, only: pl.DataFrame) -> str:
        """Return the groups, and the rows of the plan whose numbers are in the column ``#`` of `only`."""
        return self._groups_html() + (
            '<p style="margin:14px 0 4px">Some of the rows:</p>'
            + self.grid.html(
                only=self._rows.filter(pl.col("#").is_in(only["#"].implode())),
                without=() if self.marked else (LEFT_OUT,),
            )
        )

    def _groups_html(self) -> str:
        counted = self.groups.frame.filter(pl.col("level") < 2)
        known = [name for name in VERDICTS if counted[name].count()]
        indented = pl.concat_str(pl.when(pl.col("level") > 0).then(pl.lit("\u2003")).otherwise(pl.lit("")), "label")
        shown = counted.select(
            indented.alias("What"), Records="records",
            **{HEADINGS[name]: name for name in known},
        )  # fmt: skip
        return table_html(shown.head(LISTED), right=set(shown.columns[1:]), total=shown.height)

    def _narrow(self) -> None:
        rows = self.filters.rows()
        self.grid.replace(within(rows, self._group) if self._group else rows)

    def _on_group(self, name: str, key: str) -> None:
        if name == "all":
            self.narrow_to("")
            return
        inside = within(self._rows.filter(pl.col("Verdict") == "write"), key)
        if inside.is_empty():
            raise ValueError("Nothing of this group would be written")
        self.mark(inside["#"].to_list(), out=not bool(inside[LEFT_OUT].all()))

    def _on_edit(self, number: str, _column: str, value: bool) -> None:
        self.mark([int(number)], out=value)

    def _toggle(self, number: str) -> None:
        self.mark([int(number)], out=int(number) not in self.marked)
        self.grid.step(1)


def readable(plan: Plan) -> pl.DataFrame:
    """Return the rows of a plan as they are shown, those that change most first: `COLUMNS` and ``group``."""
    ordered = summaries.biggest_changes(plan.changes, plan.changes.height)
    keyed = with_groups(ordered).select(pl.col("seq").alias("#"), "group")
    rows = summaries.readable(ordered).join(keyed, on="#", maintain_order="left")
    return rows.with_columns(_marks(())).sort("Written to", descending=True, maintain_order=True)


def _marks(marked: Iterable[int]) -> pl.Expr:
    """Return whether each row is marked; null for one that would not be written, which cannot be left out."""
    return pl.when(pl.col("Verdict") == "write").then(pl.col("#").is_in(list(marked))).alias(LEFT_OUT)


def told(count: int) -> str:
    """Return what the button that leaves the marked rows out says."""
    return f"Leave out {plural(count, 'row')}" if count else "Nothing is marked"
