"""The records of an object, to look at and to edit: a change of a cell is on both sides at once, and can be undone.

Only fields that the mapping file lets be edited take a change; picklists offer the values that Salesforce knows.
"""

from typing import Any, Literal

import polars as pl

from toolkit.config import FieldMapping
from toolkit.errors import ToolkitError
from toolkit.frames import RECORD_KEY
from toolkit.salesforce.describe import FieldDescribe
from toolkit.values import INTEGER_TYPES, NUMBER_TYPES, to_text
from toolkit.widgets.grid import Column, Grid
from toolkit.widgets.notebook_widget import Message, NotebookWidget, button, row
from toolkit.widgets.twin import plural
from toolkit.workspace import Workspace
from toolkit.writeback.committing.commit import Commit
from toolkit.writeback.planning.sides import described

FIRST = 5
"""So many fields are columns, the first by the mapping's order (CSU-18); those that can be edited are, wherever they
stand."""

LEFT = ("archived_on",)
"""Columns whose records are kept but no longer listed."""


class Records(NotebookWidget):
    """Shows `ws.here(object)` in the order of the mapping; an edit calls `ws.edit`, *Undo* takes the last one back."""

    def __init__(self, workspace: Workspace, object_name: str = "account") -> None:
        super().__init__()
        self._workspace = workspace
        self._object = object_name
        self._edits: list[Commit] = []
        mapping = workspace.mapped(object_name)
        facts = described(mapping, workspace.org.describe(mapping.sobject))
        known = workspace.here(object_name).columns
        first = [field for field in mapping.visible_fields if field.here in known]
        self._fields = [*first[:FIRST], *(field for field in first[FIRST:] if field.editable)]
        columns = [Column(RECORD_KEY, "Id", width=130), *(_column(each, facts) for each in self._fields)]
        self.message = Message()
        self.undo_button = button("Undo", "Take the last edit back, here and in Salesforce", icon="undo")
        self.undo_button.disabled = True
        self.undo_button.on_click(lambda _button: self.undo())
        self.grid = Grid(self._rows(), columns, key=RECORD_KEY, label=f"Records of {object_name}", on_edit=self._edited)
        self.children = (row(self.undo_button), self.grid, self.message)

    def undo(self) -> None:
        """Take the last edit of this table back, on both sides."""
        if not self._edits:
            self.message.say("Nothing was edited here.")
            return
        try:
            plan = self._workspace.undo(self._edits[-1].commit_id)
            named = self._workspace.settings.writeback.production  # without it no edit of a production org was made
            done = self._workspace.commit(plan, confirm=plan.digest, org_name=named)
        except ToolkitError as error:
            self.message.complain(error)
            return
        self._edits.pop()
        self.undo_button.disabled = not self._edits
        self.grid.replace(self._rows())
        self.message.say(f"Taken back: {plural(done.written, 'value')}.")

    def summary(self) -> str:
        """Return how many records there are and which fields can be edited."""
        editable = [field.here for field in self._fields if field.editable and field.writes_there]
        return f"{self.grid.summary()}; editable: {', '.join(editable) or 'none'}"

    def html(self) -> str:
        """Return the first records as static HTML."""
        return self.grid.html()

    def _edited(self, here_id: str, column: str, value: Any) -> None:
        done = self._workspace.edit(self._object, here_id, {column: value})
        self._edits.append(done)
        self.undo_button.disabled = False
        self.message.say(f"{column} of {here_id} is changed here and in Salesforce ({plural(done.written, 'value')}).")

    def _rows(self) -> pl.DataFrame:
        here = self._workspace.here(self._object)
        gone = [pl.col(name).is_null() for name in LEFT if name in here.columns]
        listed = here.filter(gone) if gone else here
        return listed.select(RECORD_KEY, *(_shown(listed, field.here) for field in self._fields)).sort(RECORD_KEY)


def _shown(here: pl.DataFrame, column: str) -> pl.Expr:
    dtype = here.schema[column]
    if dtype == pl.Boolean or dtype.is_numeric():
        return pl.col(column)
    kind = "multipicklist" if dtype == pl.List else "string"
    return to_text(pl.col(column), dtype, kind).alias(column)


def _column(field: FieldMapping, facts: dict[str, FieldDescribe]) -> Column:
    described_field = facts.get(field.there)
    values = described_field.picklist_values if described_field and described_field.type == "picklist" else ()
    editable = field.editable and field.writes_there
    numeric = described_field is not None and described_field.type in NUMBER_TYPES | INTEGER_TYPES
    align: Literal["left", "right"] = "right" if numeric else "left"
    return Column(
        field.here,
        field.here.replace("_", " ").capitalize(),
        align=align,
        editable=editable,
        choices=values if editable else (),
    )
