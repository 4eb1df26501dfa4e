"""An editable table for notebooks: filter, sort, page and edit a polars frame of any length.

The frame stays in the kernel; the browser is given one page of it as text. Everything the browser can do is a plain
method here (`sort_by`, `find`, `turn_to`, `edit`), so a notebook or a test drives the same table without a browser.
Values are shown as text and never as HTML.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import anywidget
import polars as pl
import traitlets

from toolkit.widgets.twin import table_html

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Column:
    """How one column is shown. ``choices`` makes an editable cell a list to choose from."""

    name: str
    label: str
    align: str = "left"  # left | right | center
    editable: bool = False
    choices: Sequence[str] = field(default=())
    width: str = ""
    kind: str = "text"  # text | check | light (ok, warning or error, with the words in the column named by `note`)
    note: str = ""


class Grid(anywidget.AnyWidget):
    """A table over `frame`, whose first column `key` identifies a row.

    `on_edit(key, column, value)` is called for each edit and may raise ValueError or a ToolkitError: the edit is then
    not taken and the message is shown below the table.
    """

    _esm = FOLDER / "grid.js"
    _css = FOLDER / "grid.css"

    columns = traitlets.List(traitlets.Dict()).tag(sync=True)
    label = traitlets.Unicode().tag(sync=True)
    query = traitlets.Dict().tag(sync=True)
    page = traitlets.Dict().tag(sync=True)
    message = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        frame: pl.DataFrame,
        columns: Sequence[Column],
        *,
        key: str,
        label: str,
        page_size: int = 12,
        on_edit: Callable[[str, str, Any], None] | None = None,
    ) -> None:
        super().__init__()
        self._frame = frame
        self._columns = tuple(columns)
        self._key = key
        self._page_size = page_size
        self._on_edit = on_edit
        self.edits: dict[tuple[str, str], Any] = {}
        """What was edited so far: (row key, column) -> value."""
        self.columns = [asdict(column) | {"choices": list(column.choices)} for column in columns]
        self.label = label
        self.query = {"find": "", "sort": "", "descending": False, "page": 0}
        self._show({})
        self.observe(self._show, "query")
        self.on_msg(self._receive)

    @property
    def frame(self) -> pl.DataFrame:
        """The rows as they are now, with the edits made so far."""
        return self._frame

    def replace(self, frame: pl.DataFrame) -> None:
        """Show another frame with the same columns."""
        self._frame = frame
        self._show({})

    def find(self, text: str) -> None:
        """Show the rows in which any shown column contains `text`, whatever its case."""
        self.query = {**self.query, "find": text, "page": 0}

    def sort_by(self, column: str, *, descending: bool = False) -> None:
        """Sort by one column; nulls last."""
        self.query = {**self.query, "sort": column, "descending": descending, "page": 0}

    def turn_to(self, page: int) -> None:
        """Show another page, counted from 0."""
        self.query = {**self.query, "page": page}

    def edit(self, row: str, column: str, value: Any) -> None:
        """Set one cell. Raises ValueError when the column is not editable or the value is none of its choices."""
        target = next((each for each in self._columns if each.name == column), None)
        if target is None or not target.editable:
            raise ValueError(f"{column} cannot be edited")
        if target.choices and value not in target.choices:
            raise ValueError(f"{value!r} is none of {', '.join(target.choices)}")
        if self._on_edit is not None:
            self._on_edit(row, column, value)
        dtype = self._frame.schema[column]
        here = pl.col(self._key).cast(pl.String) == row
        self._frame = self._frame.with_columns(
            pl.when(here).then(pl.lit(value, dtype)).otherwise(pl.col(column)).alias(column)
        )
        self.edits[row, column] = value
        self._show({})

    def selection(self) -> pl.DataFrame:
        """Return the rows that the search leaves, in the order shown, over all pages."""
        frame = self._frame
        shown = [column.name for column in self._columns]
        text = str(self.query.get("find", "")).strip().lower()
        if text:
            matches = [
                pl.col(name).cast(pl.String).str.to_lowercase().str.contains(text, literal=True) for name in shown
            ]
            frame = frame.filter(pl.any_horizontal(matches).fill_null(value=False))
        if self.query.get("sort") in shown:
            frame = frame.sort(
                str(self.query["sort"]), descending=bool(self.query.get("descending")), nulls_last=True,
                maintain_order=True,
            )  # fmt: skip
        return frame

    def html(self, rows: int = 12) -> str:
        """Return the first rows as static HTML, for a reader without a kernel."""
        selected = self.selection()
        shown = selected.head(rows).select(pl.col(column.name).alias(column.label) for column in self._columns)
        right = {column.label for column in self._columns if column.align == "right"}
        return table_html(shown, right=right, total=selected.height)

    def _show(self, _change: Mapping[str, Any]) -> None:
        rows = self.selection()
        pages = max(1, -(-rows.height // self._page_size))
        number = min(max(0, int(self.query.get("page", 0))), pages - 1)
        wanted = list(dict.fromkeys([self._key, *(each.name for each in self._columns)]))
        notes = [each.note for each in self._columns if each.note and each.note not in wanted]
        part = rows.slice(number * self._page_size, self._page_size).select([*wanted, *notes])
        shown = part.with_columns(
            pl.col(name).cast(pl.String) for name, dtype in part.schema.items() if dtype != pl.Boolean
        )
        self.page = {
            "rows": shown.to_dicts(), "key": self._key, "number": number, "pages": pages, "total": rows.height,
            "first": number * self._page_size + 1 if rows.height else 0,
            "edited": [[row, column] for row, column in self.edits],
        }  # fmt: skip

    def _receive(self, _widget: object, content: Mapping[str, Any], _buffers: object) -> None:
        if content.get("kind") != "edit":
            return
        try:
            self.edit(str(content["row"]), str(content["column"]), content["value"])
            self.message = ""
        except Exception as error:  # noqa: BLE001 - whatever an edit runs into is shown where the person looks
            self.message = str(error)
            self._show({})
