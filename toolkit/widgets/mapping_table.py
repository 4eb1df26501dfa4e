"""The mapping table: every mapped field with its direction, its rule, sample values from both sides, and a light.

The light says whether values of this side can live in that field: green fits, amber deserves a look, red would be
refused. Direction, conflict rule, order and the two switches are edited in place; *Save* writes the mapping file.
"""

from typing import Any

import ipywidgets
import polars as pl

from toolkit.errors import ToolkitError
from toolkit.widgets.grid import Column, Grid
from toolkit.widgets.notebook_widget import Message, NotebookWidget
from toolkit.workspace import Workspace

DIRECTIONS = ("input", "output", "two_way")
RULES = ("hold", "salesforce_wins", "toolkit_wins")
LIGHT_WORDS = {"ok": "fits", "warning": "look", "error": "does not fit"}
COLUMNS = (
    Column("light", "Fits", align="center", kind="light", note="note", width="44px"),
    Column("here", "Here"),
    Column("there", "Salesforce field"),
    Column("type", "Type"),
    Column("direction", "Direction", editable=True, choices=DIRECTIONS),
    Column("on_conflict", "On conflict", editable=True, choices=RULES),
    Column("sample_here", "Sample here"),
    Column("sample_there", "Sample there"),
    Column("editable", "Edits", align="center", kind="check", editable=True),
    Column("visible", "Shown", align="center", kind="check", editable=True),
    Column("note", "Note"),
)


class MappingTable(NotebookWidget):
    """Shows `ws.mapping()` for one object; edits stay in the table until `save` is called or pressed."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self._workspace = workspace
        self.grid = Grid(
            workspace.mapping(), COLUMNS, key="there", label="Field mapping", page_size=20, on_edit=self._edited
        )
        self.save_button = ipywidgets.Button(
            description="Save mapping", icon="save", button_style="primary", disabled=True,
            tooltip="Write the edits to the mapping file; comments in it are kept",
        )  # fmt: skip
        self.discard_button = ipywidgets.Button(description="Discard edits", disabled=True)
        self.message = Message()
        self.save_button.on_click(lambda _button: self._save_or_complain())
        self.discard_button.on_click(lambda _button: self.discard())
        self.children = (self.grid, ipywidgets.HBox([self.save_button, self.discard_button]), self.message)

    def save(self) -> None:
        """Write the edits to the mapping file and judge the mapping again. Raises ConfigError when it is not valid."""
        edits: dict[str, dict[str, Any]] = {}
        for (there, column), value in self.grid.edits.items():
            edits.setdefault(there, {})[column] = value
        self._workspace.edit_mapping(edits)
        self.discard()
        self.message.say(f"Saved: {len(edits)} field{'s' if len(edits) != 1 else ''} changed in the mapping file.")

    def discard(self) -> None:
        """Forget the edits and show the mapping as the file has it."""
        self.grid.edits.clear()
        self.grid.replace(self._workspace.mapping())
        self._offer(possible=False)
        self.message.say("")

    def html(self) -> str:
        """Return the table as static HTML."""
        mapping = self.grid.frame.with_columns(
            pl.col("light").replace_strict(LIGHT_WORDS, default=""),
        )
        return Grid(mapping, COLUMNS, key="there", label="Field mapping").html(rows=40)

    def _edited(self, _row: str, _column: str, _value: Any) -> None:
        self._offer(possible=True)

    def _offer(self, *, possible: bool) -> None:
        self.save_button.disabled = self.discard_button.disabled = not possible

    def _save_or_complain(self) -> None:
        try:
            self.save()
        except ToolkitError as error:
            self.message.complain(error)
