"""Where a value came from: each step it went through, the newest first, for any field of any record."""

import ipywidgets
import polars as pl

from toolkit.errors import ToolkitError
from toolkit.widgets.choices import chooser, text_box
from toolkit.widgets.notebook_widget import Message, NotebookWidget, row
from toolkit.widgets.twin import facts_html, table_html
from toolkit.workspace import Workspace

SIDES = {"here": "Here", "there": "Salesforce"}


class Lineage(NotebookWidget):
    """Shows `ws.lineage(object, record, field)`; the record and the field can be changed."""

    def __init__(
        self, workspace: Workspace, object_name: str, record_id: str, field: str, *, side: str = "here"
    ) -> None:
        super().__init__()
        self._workspace = workspace
        self._object, self._record = object_name, record_id
        self.message, self.steps = Message(), ipywidgets.HTML()
        self.side = chooser("Side", [(words, name) for name, words in SIDES.items()], value=side)
        self.record = text_box("Record", value=record_id, width="260px")
        self.field = text_box("Field", value=field, width="260px")
        self.frame = workspace.lineage(object_name, record_id, field, side)  # type: ignore[arg-type]
        for each in (self.side, self.record, self.field):
            each.observe(lambda _change: self._look_or_complain(), "value")
        self.children = (row(self.side, self.record, self.field), self.message, self.steps)
        self.steps.value = self.html()

    def look(self, record_id: str, field: str, *, side: str = "here") -> None:
        """Show the lineage of another value. Raises NotFoundError for one that there is not."""
        self.frame = self._workspace.lineage(self._object, record_id, field, side)  # type: ignore[arg-type]
        self._record = record_id
        self.steps.value = self.html()

    def summary(self) -> str:
        """Return what the value is now and by what it came."""
        newest = self.frame.row(0, named=True)
        value = "empty" if newest["value"] is None else newest["value"]
        return f"{newest['field']} is {value}: {newest['event']}, {newest['origin']}"

    def html(self) -> str:
        """Return the steps as static HTML."""
        newest = self.frame.row(0, named=True)
        title = f"{newest['field']} of {self._record} ({SIDES[newest['side']]})"
        card = facts_html(title, {"Holds": newest["value"]})
        steps = self.frame.select(
            pl.col("at").dt.strftime("%Y-%m-%d %H:%M").fill_null("before").alias("When (UTC)"),
            pl.col("event").alias("What"),
            pl.col("value").alias("Value"),
            pl.col("before").alias("Before"),
            pl.col("rule").alias("Rule"),
            pl.col("origin").alias("From"),
        )
        return card + '<div style="margin:8px 0"></div>' + table_html(steps)

    def _look_or_complain(self) -> None:
        try:
            self.look(self.record.value, self.field.value, side=self.side.value)
            self.message.say("")
        except ToolkitError as error:
            self.steps.value = ""  # what is shown is never of another record than the one that is named above it
            self.message.complain(error)
