"""The mapping table: every mapped field with its direction, its rule, sample values from both sides, and a light.

The light says whether what this side holds can live in that field: it fits, deserves a look, or would be refused; the
reason stands below the row. Direction, conflict rule, order and the two switches are edited in place; *Save* writes
the mapping file.
"""

from typing import Any

import ipywidgets

from toolkit.errors import ToolkitError
from toolkit.widgets.grid import Column, Grid
from toolkit.widgets.notebook_widget import Message, NotebookWidget, button, row
from toolkit.widgets.twin import figures_html, plural
from toolkit.workspace import Workspace

DIRECTIONS = {"input": "from Salesforce", "output": "to Salesforce", "two_way": "both ways"}
RULES = {"hold": "a person decides", "salesforce_wins": "Salesforce wins", "toolkit_wins": "toolkit wins"}
LIGHTS = {"ok": "fits", "warning": "look", "error": "no fit"}
COUNTED = {"ok": "fit", "warning": "deserve a look", "error": "do not fit"}
COLUMNS = (
    Column("light", "Light", width=84, words=LIGHTS, tones={light: light for light in LIGHTS}),
    Column("here", "Here", width=124),
    Column("there", "Salesforce field", width=178),
    Column("type", "Type", width=84),
    Column("direction", "Direction", width=146, editable=True, choices=tuple(DIRECTIONS), words=DIRECTIONS),
    Column("on_conflict", "On conflict", width=152, editable=True, choices=tuple(RULES), words=RULES),
    Column("sample_here", "Sample here"),
    Column("sample_there", "Sample there"),
    Column("order", "Order", width=70, align="right", editable=True),
    Column("editable", "Editable", width=76, align="center", editable=True),
    Column("visible", "Shown", width=66, align="center", editable=True),
)


class MappingTable(NotebookWidget):
    """Shows `ws.mapping()`; edits stay in the table until `save` is called or pressed."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self._workspace = workspace
        self.grid = Grid(
            workspace.mapping(), COLUMNS, key="there", label="Field mapping", note="note", page_size=25,
            on_edit=self._edited,
        )  # fmt: skip
        self.figures = ipywidgets.HTML(self._figures())
        self.save_button = button(
            "Save mapping", "Write the edits to the mapping file; its comments are kept", icon="save", primary=True
        )
        self.discard_button = button("Discard edits", "Show the mapping as the file has it")
        self.check_button = button(
            "Check again", "Read the org's fields afresh and judge the mapping again", icon="refresh"
        )
        self.message = Message()
        self.save_button.on_click(lambda _button: self._try(self.save))
        self.discard_button.on_click(lambda _button: self._try(self.discard))
        self.check_button.on_click(lambda _button: self._try(self.check_again))
        self.children = (
            self.figures,
            self.grid,
            row(self.save_button, self.discard_button, self.check_button),
            self.message,
        )
        self._offer(edits=False)

    def edit(self, there: str, column: str, value: Any) -> None:
        """Change one cell of the row of a Salesforce field. Raises ValueError for what the table does not offer."""
        self.grid.edit(there, column, value)

    def save(self) -> None:
        """Write the edits to the mapping file and judge the mapping again.

        Raises ConfigError when the result is not valid; file and edits then stay as they are.
        """
        edits: dict[str, dict[str, Any]] = {}
        for (there, column), value in self.grid.edits.items():
            edits.setdefault(there, {})[column] = value
        self._workspace.edit_mapping(edits)
        self.discard()
        self.message.say(f"Saved {plural(len(edits), 'field')} in the mapping file.")

    def discard(self) -> None:
        """Forget the edits and show the mapping as the file has it."""
        self.grid.edits.clear()
        self.grid.replace(self._workspace.mapping())
        self.figures.value = self._figures()
        self._offer(edits=False)
        self.message.say("")

    def check_again(self) -> None:
        """Read the org's fields afresh and judge the mapping again (CAT-21). Edits not saved are forgotten."""
        count = self._workspace.refresh_fields()
        self.discard()
        self.message.say(f"Judged again by {plural(count, 'field')} read afresh.")

    def summary(self) -> str:
        """Return how many fields are mapped and how many fit."""
        lights = self.grid.frame["light"].to_list()
        told = [f"{lights.count(light)} {word}" for light, word in COUNTED.items() if light in lights]
        return f"Field mapping: {plural(len(lights), 'field')}; {', '.join(told)}"

    def html(self) -> str:
        """Return the table as static HTML."""
        return self._figures() + self.grid.html(rows=25)

    def _figures(self) -> str:
        lights = self.grid.frame["light"].to_list()
        counts = {word.capitalize(): lights.count(light) for light, word in COUNTED.items()}
        return figures_html({"Fields mapped": len(lights), **counts})

    def _edited(self, _there: str, _column: str, _value: Any) -> None:
        self._offer(edits=True)
        self.message.say("Not saved yet.")

    def _offer(self, *, edits: bool) -> None:
        self.save_button.disabled = self.discard_button.disabled = not edits
        self.check_button.disabled = edits

    def _try(self, action: Any) -> None:
        try:
            action()
        except ToolkitError as error:
            self.message.complain(error)
