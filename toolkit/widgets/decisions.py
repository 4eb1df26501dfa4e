"""What waits for a person: values that both sides changed, side by side, and a key each to say whose is taken.

A decision is kept with who made it, and carried out by the next plan; nothing is written here.
"""

import polars as pl

from toolkit.errors import ToolkitError
from toolkit.widgets.choices import text_box
from toolkit.widgets.filters import Filters
from toolkit.widgets.grid import Action, Column, Grid
from toolkit.widgets.notebook_widget import Message, NotebookWidget, button, row
from toolkit.widgets.twin import figures_html, plural, table_html
from toolkit.workspace import Workspace

CHOICES = {"here": "ours", "there": "Salesforce's", "leave": "left as it is"}
TONES = {"here": "ok", "there": "ok", "leave": "planned"}
COLUMNS = (
    Column("name", "Record", width=150, wrap=True),
    Column("pair", "Field here = in Salesforce", width=214, wrap=True),
    Column("base", "Both held", width=100, wrap=True),
    Column("here", "Here", width=130, wrap=True),
    Column("there", "Salesforce", width=130, wrap=True),
    Column("choice", "Decided", width=124, words=CHOICES, tones=TONES),
    Column("decided_by", "By"),
)
ACTIONS = (
    Action("here", "Take ours", "h"),
    Action("there", "Take Salesforce's", "t"),
    Action("leave", "Leave both", "l"),
    Action("open", "Take back", "o"),
    Action("next", "Next", "n"),
)


class Decisions(NotebookWidget):
    """Shows `ws.queue()`; a key or a button decides the chosen row and goes on to the next one that is open."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self._workspace = workspace
        self.message = Message()
        self.note = text_box("Note", hint="kept with the decisions", width="360px")
        self.rows = workspace.queue(decided=True)
        self.grid = Grid(
            self.rows,
            COLUMNS,
            key="row",
            label="What waits for a decision",
            note="reason",
            page_size=8,
            actions=ACTIONS,
            on_action=self._act,
        )
        self.filters = Filters(self.rows, {"object": "Object", "pair": "Field"}, self.grid.replace)
        shown = [
            (each.name, button(f"All shown: {each.label[0].lower()}{each.label[1:]}", "Decide every open row shown"))
            for each in ACTIONS[:3]
        ]
        for choice, each in shown:
            each.on_click(lambda _button, choice=choice: self._or_complain(choice))
        self.children = (
            row(self.filters), self.grid, row(self.note, *(each for _, each in shown)), self.message,
        )  # fmt: skip
        self.next()

    @property
    def open_rows(self) -> pl.DataFrame:
        """The rows that nobody has decided yet."""
        return self.rows.filter(pl.col("choice").is_null())

    def decide(self, rows: list[str], choice: str) -> None:
        """Decide rows (by their ids in the column ``row``): here, there, leave, or open to take a decision back.

        Raises what `Workspace.decide` raises.
        """
        if choice == "open":
            self._workspace.undecide(rows)
        else:
            self._workspace.decide(rows, choice, self.note.value)
        self.rows = self._workspace.queue(decided=True)
        self.filters.offer(self.rows)
        self.grid.update(self.filters.rows())
        left = self.open_rows.height
        waits = f"{plural(left, 'row')} still open" if left else "Nothing is open any more"
        self.message.say(f"{waits}; the next plan carries the decisions out.")

    def next(self) -> None:
        """Choose the next open row below the chosen one, or the first there is."""
        shown = self.grid.selection()
        keys = shown["row"].to_list()
        place = keys.index(self.grid.chosen) + 1 if self.grid.chosen in keys else 0
        still = set(shown.filter(pl.col("choice").is_null())["row"])
        found = next((key for key in [*keys[place:], *keys[:place]] if key in still), None)
        if found is not None:
            self.grid.choose(found)

    def summary(self) -> str:
        """Return how much waits, and how much was decided."""
        decided = self.rows.height - self.open_rows.height
        return f"{plural(self.open_rows.height, 'row')} to decide, {decided:,} decided"

    def html(self) -> str:
        """Return the queue as static HTML."""
        figures = {"To decide": self.open_rows.height, "Decided": self.rows.height - self.open_rows.height}
        shown = self.rows.head(12).select(
            *(pl.col(column.name).replace(dict(column.words)).alias(column.label) for column in COLUMNS),
            pl.col("reason").alias("Why it waits"),
        )
        return figures_html(figures) + table_html(shown, total=self.rows.height)

    def _act(self, name: str, key: str) -> None:
        if name != "next":
            self.decide([key], name)
        if name != "open":
            self.next()

    def _all(self, choice: str) -> None:
        still = self.grid.selection().filter(pl.col("choice").is_null())["row"].to_list()
        if still:
            self.decide(still, choice)

    def _or_complain(self, choice: str) -> None:
        try:
            self._all(choice)
        except ToolkitError as error:
            self.message.complain(error)
