"""An editable table for notebooks: search, sort, page, edit and reorder a polars frame of any length.

The frame stays in the kernel; the browser is given one page of it as text. Everything the browser can do is a plain
method here (`sort_by`, `find`, `turn_to`, `edit`, `move`, `choose`, `act`), so a notebook or a test drives the same
table without one.
Values are shown as text and never as HTML.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import anywidget
import polars as pl
import traitlets

from toolkit.errors import ToolkitError
from toolkit.widgets.twin import SIGNS, StaticTwin, table_html
from toolkit.widgets.words import complaint

FOLDER = Path(__file__).parent
Edits = Mapping[tuple[str, str], Any]
"""What is to be in which cell: (row key, column) -> value."""
NOTHING_ASKED = {"find": "", "sort": "", "descending": False, "page": 0}


@dataclass(frozen=True)
class Column:
    """How one column is shown.

    `width` is in pixels; what is left over goes to the columns without one. `wrap` breaks long text into lines instead
    of cutting it off. `words` say what is shown for a value; `tones` give a value a sign: ok, planned, warning, error.
    An editable column is a list to choose from with `choices`, a switch for booleans, and else a box to type in.
    With `gaps` it has nothing to edit where the value is null. `bar` names the column with the share (0 to 1) that a
    bar behind the value fills; a column that is its own `bar` is shown in per cent. A column that `counts` holds
    numbers of things, whose thousands are set apart.
    """

    name: str
    label: str
    width: int = 0
    align: Literal["left", "right", "center"] = "left"
    wrap: bool = False
    editable: bool = False
    choices: Sequence[str] = ()
    words: Mapping[str, str] = field(default_factory=dict)
    tones: Mapping[str, str] = field(default_factory=dict)
    bar: str = ""
    gaps: bool = False
    counts: bool = False

    def in_words(self) -> pl.Expr:
        """Return the column's text as it is shown."""
        if self.bar == self.name:
            return percent(pl.col(self.name))
        return pl.col(self.name).cast(pl.String).replace(dict(self.words))


@dataclass(frozen=True)
class Action:
    """Something that can be done with the chosen row: by a button above the table, or by a key while a row has focus.

    `label` is left empty for a deed that has no button; `key` is what a browser calls the key: ``h``, ``Delete``.
    """

    name: str
    label: str
    key: str


class Grid(StaticTwin, anywidget.AnyWidget):
    """A table over `frame`, in which the values of the column `key` tell the rows apart.

    `note` names a column whose text, where there is any, is shown below its row. `on_edit(key, column, value)` is
    called for each edit and may raise ValueError or a ToolkitError: the edit is then not taken, and what was raised is
    shown below the table.

    With `on_move` rows can be moved, by drag or with Alt and an arrow key, while nothing is searched or sorted. It is
    called with the frame in its new order and returns the edits that follow from it: (row key, column) -> value.

    With `actions` a row can be chosen, by a click or with the arrow keys, which calls `on_choose(key)`; an action calls
    `on_action(name, key)` for the chosen row and may raise like `on_edit`.
    """

    _esm = FOLDER / "grid.js"
    _css = FOLDER / "grid.css"

    columns = traitlets.List(traitlets.Dict()).tag(sync=True)
    label = traitlets.Unicode().tag(sync=True)
    query = traitlets.Dict().tag(sync=True)
    page = traitlets.Dict().tag(sync=True)
    message = traitlets.Unicode().tag(sync=True)
    movable = traitlets.Bool(default_value=False).tag(sync=True)
    said = traitlets.Unicode().tag(sync=True)
    actions = traitlets.List(traitlets.Dict()).tag(sync=True)
    role = traitlets.Unicode("table").tag(sync=True)

    def __init__(
        self,
        frame: pl.DataFrame,
        columns: Sequence[Column],
        *,
        key: str,
        label: str,
        note: str = "",
        page_size: int = 12,
        on_edit: Callable[[str, str, Any], None] | None = None,
        on_move: Callable[[pl.DataFrame], Edits] | None = None,
        actions: Sequence[Action] = (),
        on_action: Callable[[str, str], None] | None = None,
        on_choose: Callable[[str], None] | None = None,
    ) -> None:
        super().__init__()
        self._frame = frame
        self._columns = tuple(columns)
        self._key = key
        self._note = note
        self._page_size = page_size
        self._on_edit = on_edit
        self._on_move = on_move
        self._on_action = on_action
        self._on_choose = on_choose
        self._drawn = 0
        self.chosen = ""
        """The key of the chosen row, empty when there is none."""
        self.edits: dict[tuple[str, str], Any] = {}
        """What was edited so far: (row key, column) -> value."""
        self.columns = [self._for_browser(column) for column in columns]
        self.label = label
        self.query = NOTHING_ASKED
        self.movable = on_move is not None
        self.actions = [asdict(action) for action in actions]
        self.role = "grid" if actions or on_choose is not None else "table"
        self._draw()
        self.observe(lambda _change: self._draw(), "query")
        self.on_msg(self._receive)

    @property
    def frame(self) -> pl.DataFrame:
        """The rows as they are now, with the edits made so far."""
        return self._frame

    def replace(self, frame: pl.DataFrame) -> None:
        """Show another frame with the same columns, from its first page, under the same search and order."""
        self._frame = frame
        if self.query["page"]:
            self.turn_to(0)
        else:
            self._draw()

    def update(self, frame: pl.DataFrame) -> None:
        """Show other values of the same rows, on the same page."""
        self._frame = frame
        self._draw()

    def find(self, text: str) -> None:
        """Show the rows in which any shown column contains `text`, whatever its case."""
        self.query = {**self.query, "find": text, "page": 0}

    def sort_by(self, column: str, *, descending: bool = False) -> None:
        """Sort by one column, numbers by their size also where they are kept as text; nulls last."""
        self.query = {**self.query, "sort": column, "descending": descending, "page": 0}

    def restore(self, edits: Edits) -> None:
        """Mark edits that were made to this frame in another table."""
        self.edits = dict(edits)
        self._draw()

    def turn_to(self, page: int) -> None:
        """Show another page, counted from 0."""
        self.query = {**self.query, "page": page}

    def edit(self, row: str, column: str, value: Any) -> None:
        """Set one cell. Raises ValueError when the column is not editable or the value does not suit it."""
        target = next((each for each in self._columns if each.name == column), None)
        if target is None or not target.editable:
            raise ValueError(f"{column} cannot be edited")
        if target.choices and value not in target.choices:
            raise ValueError(f"{value!r} is none of {', '.join(target.choices)}")
        value = _suited(value, self._frame.schema[column], target.label)
        if self._on_edit is not None:
            self._on_edit(row, column, value)
        self._take({(row, column): value})
        self._draw()

    def move(self, row: str, to: int) -> None:
        """Put a row at another place, counted from 0; a place beyond the ends is the end.

        Raises ValueError when rows cannot be moved, which they cannot while they are searched or sorted.
        """
        if self._on_move is None:
            raise ValueError(f"The rows of {self.label} cannot be moved")
        if str(self.query.get("find", "")).strip() or self.query.get("sort"):
            raise ValueError("Rows can be moved when no search and no order of a column is on")
        keys = self._keys()
        if row not in keys:
            raise ValueError(f"{row} is no row of {self.label}")
        to = min(max(0, to), len(keys) - 1)
        places = [place for place, key in enumerate(keys) if key != row]
        places.insert(to, keys.index(row))
        self._frame = self._frame[places]
        self._take(self._on_move(self._frame))
        self.said = f"{row} is now {to + 1} of {len(keys)}"
        if (page := to // self._page_size) != self.query["page"]:
            self.turn_to(page)
        else:
            self._draw()

    def choose(self, row: str) -> None:
        """Choose a row and turn to its page. Raises ValueError when the search leaves no such row."""
        keys = self.selection()[self._key].cast(pl.String).to_list()
        if row not in keys:
            raise ValueError(f"{row} is no row of {self.label}")
        self._chose(row)
        if (page := keys.index(row) // self._page_size) != self.page["number"]:
            self.turn_to(page)
        else:
            self._draw()

    def step(self, by: int) -> None:
        """Choose the row that is `by` rows further on, the first or last where there is none so far."""
        keys = self.selection()[self._key].cast(pl.String).to_list()
        if keys:
            now = keys.index(self.chosen) if self.chosen in keys else -1 if by > 0 else 0
            self.choose(keys[min(max(0, now + by), len(keys) - 1)])

    def act(self, name: str) -> None:
        """Do an action with the chosen row. Raises ValueError when no row is chosen or there is no such action."""
        if self._on_action is None or name not in [action["name"] for action in self.actions]:
            raise ValueError(f"{name} cannot be done with the rows of {self.label}")
        if self.chosen not in self._keys():
            raise ValueError("Choose a row first, by a click or with the arrow keys")
        self._on_action(name, self.chosen)

    def selection(self) -> pl.DataFrame:
        """Return the rows that the search leaves, in the order shown, over all pages."""
        frame = self._frame
        text = str(self.query.get("find", "")).strip().lower()
        if text:
            found = [
                column.in_words().str.to_lowercase().str.contains(text, literal=True).fill_null(value=False)
                for column in self._columns
            ]
            frame = frame.filter(pl.any_horizontal(found))
        sort = next((column for column in self._columns if column.name == self.query.get("sort")), None)
        if sort is None:
            return frame
        order = [pl.col(sort.name)]
        if frame.schema[sort.name] == pl.String:
            order = [pl.col(sort.name).cast(pl.Float64, strict=False), sort.in_words()]
        descending = bool(self.query.get("descending"))
        return frame.sort(order, descending=descending, nulls_last=True, maintain_order=True)

    def summary(self) -> str:
        """Return the table's name and length."""
        return f"{self.label}: {self.selection().height:,} rows"

    def html(self, rows: int = 12, *, only: pl.DataFrame | None = None, without: Collection[str] = ()) -> str:
        """Return the first rows, or the rows `only`, as static HTML for a reader without a kernel.

        Columns named in `without` are left away.
        """
        columns = [column for column in self._columns if column.name not in without]
        selected = self.selection()
        notes = [pl.col(self._note).alias("Note")] if self._has_notes(selected) else []
        chosen = (selected.head(rows) if only is None else only).select(
            *(self._for_reader(column) for column in columns), *notes
        )
        shares = selected.head(rows) if only is None else only
        return table_html(
            chosen,
            right={column.label for column in columns if column.align == "right"},
            total=selected.height,
            bars={column.label: shares[column.bar] for column in columns if column.bar},
        )

    def _keys(self) -> list[str]:
        return self._frame[self._key].cast(pl.String).to_list()

    def _take(self, edits: Edits) -> None:
        """Put values into the frame, and remember them as edits."""
        for (row, column), value in edits.items():
            edited = pl.when(pl.col(self._key).cast(pl.String) == row).then(pl.lit(value, self._frame.schema[column]))
            self._frame = self._frame.with_columns(edited.otherwise(pl.col(column)).alias(column))
        self.edits |= edits

    def _has_notes(self, rows: pl.DataFrame) -> bool:
        return bool(self._note) and bool((rows[self._note].fill_null("") != "").any())

    def _for_reader(self, column: Column) -> pl.Expr:
        dtype = self._frame.schema[column.name]
        if dtype == pl.Boolean or (column.bar and dtype.is_integer()):
            return pl.col(column.name).alias(column.label)
        signs = {value: f"{SIGNS[tone]} " for value, tone in column.tones.items()}
        sign = pl.col(column.name).cast(pl.String).replace_strict(signs, default="", return_dtype=pl.String)
        return (sign + column.in_words()).alias(column.label)

    def _for_browser(self, column: Column) -> dict[str, Any]:
        switch = self._frame.schema[column.name] == pl.Boolean
        signs = {value: SIGNS[tone] for value, tone in column.tones.items()}
        return asdict(column) | {"choices": list(column.choices), "switch": switch, "signs": signs}

    def _draw(self) -> None:
        rows = self.selection()
        pages = max(1, -(-rows.height // self._page_size))
        number = min(max(0, int(self.query.get("page", 0))), pages - 1)
        part = rows.slice(number * self._page_size, self._page_size)
        cells = part.select(
            pl.col(each.name) if part.schema[each.name] == pl.Boolean else _for_page(each) for each in self._columns
        )
        bars = part.select(pl.col(each.bar).cast(pl.Float64).alias(each.name) for each in self._columns if each.bar)
        shares = bars.to_dicts() if bars.width else [{}] * part.height
        keys = part[self._key].cast(pl.String)
        notes = part[self._note] if self._note else pl.repeat(None, part.height, eager=True)
        self._drawn += 1
        self.page = {
            "rows": [
                {
                    "key": key,
                    "cells": row,
                    "note": note,
                    "edited": [name for at, name in self.edits if at == key],
                    "bars": share,
                    **branch,
                }
                for key, row, note, share, branch in zip(
                    keys, cells.to_dicts(), notes, shares, self._branches(part), strict=True
                )
            ],
            "chosen": self.chosen,
            "number": number,
            "pages": pages,
            "first": number * self._page_size + 1 if rows.height else 0,
            "total": rows.height,
            "all": self._frame.height,
            "drawn": self._drawn,  # a page that did not change is sent again all the same: it takes back a refused edit
        }

    def _chose(self, row: str) -> None:
        self.chosen = row
        if self._on_choose is not None:
            self._on_choose(row)

    def _branches(self, rows: pl.DataFrame) -> list[dict[str, Any]]:
        """Return what the page tells of each row beside its cells; nothing, but see `toolkit.widgets.tree`."""
        return [{} for _ in range(rows.height)]

    def _receive(self, _widget: object, content: Mapping[str, Any], _buffers: object) -> None:
        try:
            self._heard(content)
            self.message = ""
        except ToolkitError as error:
            self.message = complaint(error)
            self._draw()
        except ValueError as error:
            self.message = str(error)
            self._draw()

    def _heard(self, content: Mapping[str, Any]) -> None:
        """Do what the browser asks for; what is no question of ours is passed over."""
        match content:
            case {"kind": "choose", "row": str(row)} if row in self._keys():
                self._chose(row)  # the browser shows it already
            case {"kind": "step", "by": int(by)}:
                self.step(by)
            case {"kind": "act", "name": str(name), "row": str(row)}:
                self.chosen = row
                self.act(name)
            case {"kind": "edit", "row": str(row), "column": str(column), "value": value}:
                self.edit(row, column, value)
            case {"kind": "move", "row": str(row), "to": int(to)}:
                self.move(row, to)
            case {"kind": "move", "row": str(row), "by": int(by)}:
                self.move(row, self._keys().index(row) + by)


def percent(share: pl.Expr) -> pl.Expr:
    """Return a share (0 to 1) as people write it; only nothing is 0 %, and only all is 100 %."""
    rounded = (share * 100).round().cast(pl.Int64)
    return pl.format(
        "{} %", pl.when(share.is_between(0, 1, closed="none")).then(rounded.clip(1, 99)).otherwise(rounded)
    )


def _for_page(column: Column) -> pl.Expr:
    return column.in_words() if column.bar == column.name else pl.col(column.name).cast(pl.String)


def _suited(value: Any, dtype: pl.DataType, label: str) -> Any:
    """Return what was typed as a value of the column; nothing typed is null."""
    if dtype == pl.Boolean and not isinstance(value, bool):
        raise ValueError(f"{label} is either on or off")
    if isinstance(value, str) and dtype.is_numeric():
        try:
            return (int if dtype.is_integer() else float)(value) if value.strip() else None
        except ValueError:
            raise ValueError(f"{label} is a {'whole ' if dtype.is_integer() else ''}number, not {value!r}") from None
    return value
