"""The mapping table: every mapped field with its direction, its rule, sample values from both sides, and a light.

The light says whether what this side holds can live in that field: it fits, deserves a look, or would be refused; the
reason stands below the row. Direction, conflict rule, order and the switches are edited in place, and rows are put in
order by number, by drag or by keyboard; *Save* writes the mapping file. A field is added to the mapping, or taken out
of it, at once.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import ipywidgets
import polars as pl
from pydantic import ValidationError

from toolkit.config import FieldMapping
from toolkit.errors import InputError, ToolkitError
from toolkit.values import from_text
from toolkit.widgets.choices import chooser, text_box
from toolkit.widgets.grid import Column, Grid
from toolkit.widgets.mapping_rows import DETAILS, details_set, mapping_rows
from toolkit.widgets.notebook_widget import Message, NotebookWidget, button, row
from toolkit.widgets.twin import figures_html, plural
from toolkit.workspace import Workspace

ACCOUNT = "account"
DIRECTIONS = {"input": "from Salesforce", "output": "to Salesforce", "two_way": "both ways"}
RULES = {
    "hold": "a person decides",
    "salesforce_wins": "Salesforce wins",
    "toolkit_wins": "toolkit wins",
    "newest_wins": "the newer wins",
}
LIGHTS = {"ok": "fits", "warning": "look", "error": "no fit"}
COUNTED = {"ok": "fit", "warning": "deserve a look", "error": "do not fit"}
NULLS = {"clear": "empties the other side", "keep": "leaves it as it is"}
COLUMNS = (
    Column("light", "Light", width=76, words=LIGHTS, tones={light: light for light in LIGHTS}),
    Column("here", "Here", width=108),
    Column("there", "Salesforce field", width=156),
    Column("kinds", "Types", width=116),
    Column("direction", "Direction", width=146, editable=True, choices=tuple(DIRECTIONS), words=DIRECTIONS),
    Column("on_conflict", "On conflict", width=150, editable=True, choices=tuple(RULES), words=RULES),
    Column("sample_here", "Sample here"),
    Column("sample_there", "Sample there"),
    Column("filled", "Filled", width=64, align="right", bar="filled"),
    Column("order", "Order", width=58, align="right", editable=True),
    Column("editable", "Editable", width=70, align="center", editable=True),
    Column("visible", "Shown", width=60, align="center", editable=True),
)
DETAIL_COLUMNS = (
    Column("by", "Kept by", width=110, editable=True),
    Column("nulls", "Empty", width=170, editable=True, choices=tuple(NULLS), words=NULLS),
    Column("default", "Default", width=120, editable=True),
)


class MappingTable(NotebookWidget):
    """Shows `ws.mapping(object)`; edits stay in the table until `save` is called or pressed.

    `details` shows the settings that few fields have; by default where one has them.
    """

    def __init__(self, workspace: Workspace, object_name: str = ACCOUNT, *, details: bool | None = None) -> None:
        super().__init__()
        self._workspace = workspace
        self.object = object_name
        rows = mapping_rows(workspace, object_name)
        self.grid = self._grid(rows, details=details_set(rows) if details is None else details)
        self.figures = ipywidgets.HTML(self._figures())
        self.details = ipywidgets.Checkbox(
            value=self._has_details, description="Show by, empty and default", indent=False,
            layout=ipywidgets.Layout(width="auto"),
        )  # fmt: skip
        self.save_button = button(
            "Save mapping", "Write the edits to the mapping file; its comments are kept", icon="save", primary=True
        )
        self.discard_button = button("Discard edits", "Show the mapping as the file has it")
        self.check_button = button(
            "Check again", "Read the org's fields afresh and judge the mapping again", icon="refresh"
        )
        self.message = Message()
        self.fields = FieldChooser(self)
        self.save_button.on_click(lambda _button: self.attempt(self.save))
        self.discard_button.on_click(lambda _button: self.attempt(self.discard))
        self.check_button.on_click(lambda _button: self.attempt(self.check_again))
        self.details.observe(lambda change: self.show_details(on=change["new"]), "value")
        self._arrange()
        self._offer(edits=False)

    def edit(self, there: str, column: str, value: Any) -> None:
        """Change one cell of the row of a Salesforce field. Raises ValueError for what the table does not offer."""
        self.grid.edit(there, column, value)

    def move(self, there: str, to: int) -> None:
        """Put the row of a Salesforce field at another place, counted from 0; see `Grid.move`."""
        self.grid.move(there, to)

    def save(self) -> None:
        """Write the edits to the mapping file and judge the mapping again.

        Raises ConfigError when the result is not valid, InputError for a value that a field cannot have; file and edits
        then stay as they are.
        """
        edits: dict[str, dict[str, Any]] = {}
        types = dict(self.grid.frame.select("there", "type").iter_rows())
        for (there, column), value in self.grid.edits.items():
            edits.setdefault(there, {})[column] = _setting(column, value, types[there])
        self._workspace.edit_mapping(edits, self.object)
        self.discard()
        self.message.say(f"Saved {plural(len(edits), 'field')} in the mapping file.")

    def discard(self) -> None:
        """Forget the edits and show the mapping as the file has it."""
        self.grid.edits.clear()
        self.grid.replace(mapping_rows(self._workspace, self.object))
        self.grid.said = ""
        self.figures.value = self._figures()
        self.fields.offer()
        self._offer(edits=False)
        self.message.say("")

    def check_again(self) -> None:
        """Read the org's fields afresh and judge the mapping again (CAT-21). Edits not saved are forgotten."""
        count = self._workspace.refresh_fields(self.object)
        self.discard()
        self.message.say(f"Judged again by {plural(count, 'field')} read afresh.")

    def add(self, there: str, here: str, direction: str = "input") -> None:
        """Map another field of the org and save the mapping file.

        Raises InputError for a name or a direction that cannot be, ConfigError when the mapping is not valid with it.
        """
        try:
            added = FieldMapping.model_validate({"here": here, "there": there, "direction": direction})
        except ValidationError as error:
            raise InputError(
                f"{there} cannot be mapped to {here!r}, {direction}.",
                hint="A name here is a letter, then letters, digits and underscores.",
            ) from error
        self._workspace.edit_object(self.object, {"fields": (*self._mapped(), added)})
        self.discard()
        self.message.say(f"{there} is mapped to {here}. It has values after the next pull.")

    def remove(self, there: str) -> None:
        """Take a field out of the mapping and save the mapping file. No value is changed on either side."""
        left = tuple(field for field in self._mapped() if field.there != there)
        if len(left) == len(self._mapped()):
            raise InputError(f"{there} is not mapped.", hint="The table lists the fields that are.")
        self._workspace.edit_object(self.object, {"fields": left})
        self.discard()
        self.message.say(f"{there} is no longer mapped.")

    def show_details(self, *, on: bool) -> None:
        """Show or hide the settings that few fields have. Edits stay."""
        if on == self._has_details:
            return
        edits, frame = dict(self.grid.edits), self.grid.frame
        self.grid = self._grid(frame, details=on)
        self.grid.restore(edits)
        self._arrange()

    def summary(self) -> str:
        """Return how many fields are mapped and how many fit."""
        lights = self.grid.frame["light"].to_list()
        told = [f"{lights.count(light)} {word}" for light, word in COUNTED.items() if light in lights]
        return f"{self.grid.label}: {plural(len(lights), 'field')}; {', '.join(told)}"

    def html(self) -> str:
        """Return the table as static HTML."""
        return self._figures() + self.grid.html(rows=25)

    def org_fields(self) -> pl.DataFrame:
        """Return the org's fields; see `Workspace.fields`."""
        return self._workspace.fields(self.object)

    def attempt(self, action: Any) -> None:
        """Do something that a person asked for, and show its fault in words."""
        try:
            action()
        except ToolkitError as error:
            self.message.complain(error)

    @property
    def _has_details(self) -> bool:
        return any(column["name"] in DETAILS for column in self.grid.columns)

    def _mapped(self) -> Sequence[FieldMapping]:
        return self._workspace.mapped(self.object).fields

    def _grid(self, rows: pl.DataFrame, *, details: bool) -> Grid:
        columns = (*COLUMNS[:-3], *DETAIL_COLUMNS, *COLUMNS[-3:]) if details else COLUMNS
        label = "Field mapping" if self.object == ACCOUNT else f"Field mapping of {self.object}"
        return Grid(
            rows, columns, key="there", label=label, note="note", page_size=25, on_edit=self._edited,
            on_move=self._moved,
        )  # fmt: skip

    def _arrange(self) -> None:
        self.children = (
            self.figures,
            self.grid,
            row(self.save_button, self.discard_button, self.check_button, self.details),
            self.fields,
            self.message,
        )

    def _figures(self) -> str:
        lights = self.grid.frame["light"].to_list()
        counts = {word.capitalize(): lights.count(light) for light, word in COUNTED.items()}
        return figures_html({"Fields mapped": len(lights), **counts})

    def _edited(self, _there: str, _column: str, _value: Any) -> None:
        self._offer(edits=True)
        self.message.say("Not saved yet.")

    def _moved(self, rows: pl.DataFrame) -> Mapping[tuple[str, str], int]:
        """Number the rows as they stand now (CSU-16): down to the last one that needs a number to stay where it is."""
        before = [field.there for field in self._in_order()]
        order = dict(rows.select("there", "order").iter_rows())
        placed = [n for n, there in enumerate(order) if order[there] is not None or before[n] != there]
        last = max(placed, default=-1)
        numbers = {there: n + 1 for n, there in enumerate(order) if n <= last}
        self._edited("", "", None)
        return {(there, "order"): number for there, number in numbers.items() if order[there] != number}

    def _in_order(self) -> list[FieldMapping]:
        return sorted(self._mapped(), key=lambda field: (field.order is None, field.order or 0))

    def _offer(self, *, edits: bool) -> None:
        self.save_button.disabled = self.discard_button.disabled = not edits
        self.check_button.disabled = edits
        self.fields.enable(on=not edits)


class FieldChooser(ipywidgets.Accordion):
    """Adds one of the org's fields to a mapping table, or takes one out; closed until somebody wants that."""

    def __init__(self, table: MappingTable) -> None:
        self._table = table
        self._known = pl.DataFrame()
        self.field = chooser("Field", [])
        self.here = text_box("Name here", width="240px")
        self.direction = chooser("Direction", [(words, key) for key, words in DIRECTIONS.items()])
        self.hint = ipywidgets.Label()
        self.add_button = button("Add field", "Map this field and save the mapping file", icon="plus")
        self.mapped = chooser("Mapped field", [])
        self.remove_button = button(
            "Remove field", "Take it out of the mapping file; no value is changed on either side", icon="minus"
        )
        adding = row(self.field, self.here, self.direction, self.add_button)
        removing = row(self.mapped, self.remove_button)
        super().__init__((ipywidgets.VBox((adding, self.hint, removing)),), titles=("Add or remove a field",))
        self.field.observe(lambda _change: self._suggest(), "value")
        self.add_button.on_click(lambda _button: table.attempt(self._add))
        self.remove_button.on_click(lambda _button: table.attempt(self._remove))
        self.observe(lambda change: self.offer() if change["new"] == 0 else None, "selected_index")

    def offer(self) -> None:
        """List the fields that can be added and those that can be removed, if the chooser is open."""
        if self.selected_index is None:
            return
        self._known = self._table.org_fields()
        free = self._known.filter(pl.col("mapped_to").is_null()).sort("label")
        self.field.options = [(f"{label} ({field})", field) for field, label in free.select("field", "label").rows()]
        self.mapped.options = self._table.grid.frame["there"].to_list()
        self._suggest()

    def enable(self, *, on: bool) -> None:
        """Allow adding and removing; not while there are edits that are not saved."""
        for each in (self.add_button, self.remove_button):
            each.disabled = not on
            each.tooltip = each.tooltip if on else "Save or discard the edits first"

    def _suggest(self) -> None:
        facts = next((each for each in self._known.to_dicts() if each["field"] == self.field.value), None)
        if facts is None:
            self.hint.value = ""
            return
        self.here.value = _name_for(facts["label"] or facts["field"], set(self._table.grid.frame["here"]))
        told = [f"{facts['type']}, {'can' if facts['writable'] else 'cannot'} be written"]
        told += [f"values: {facts['values']}"] if facts["values"] else []
        self.hint.value = "; ".join(told)

    def _add(self) -> None:
        if self.field.value is None:
            raise InputError("No field is chosen.", hint="Choose one of the org's fields.")
        self._table.add(self.field.value, self.here.value, self.direction.value)

    def _remove(self) -> None:
        if self.mapped.value is None:
            raise InputError("No field is chosen.", hint="Choose one of the mapped fields.")
        self._table.remove(self.mapped.value)


def _setting(column: str, value: Any, field_type: str | None) -> Any:
    """Return what stands in a cell as the setting that it is."""
    if column not in ("by", "default"):
        return value
    text = value.strip() if isinstance(value, str) else value
    if not text:
        return None
    try:
        return from_text(text, field_type or "string") if column == "default" else text
    except ValueError as error:
        raise InputError(f"{text!r} is no {field_type}.", hint="A default has the type of its field.") from error


def _name_for(label: str, taken: set[str]) -> str:
    """Return a name here for a label there: ``Annual Revenue`` as ``annual_revenue``, another one where it is taken."""
    name = re.sub(r"\W+", "_", label, flags=re.ASCII).strip("_").lower() or "field"
    name = name if name[0].isalpha() else f"field_{name}"
    return next(each for n in range(1, len(taken) + 2) if (each := name if n == 1 else f"{name}_{n}") not in taken)
