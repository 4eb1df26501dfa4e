"""A table whose rows open into the rows below them: counts that can be looked into, by mouse or with the arrow keys."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import polars as pl

from toolkit.widgets.grid import Action, Column, Grid


class Tree(Grid):
    """A `Grid` over `frame`, which has each row directly above those that it opens into.

    `level` (from 0) and `parent` (the key of the row above it, null at the top) are columns that say where a row is. At
    first the rows of level 0 are shown. A search shows every row that has the text, wherever it is. Rows cannot be
    sorted: their order is the tree's.
    """

    def __init__(
        self,
        frame: pl.DataFrame,
        columns: Sequence[Column],
        *,
        key: str,
        parent: str,
        label: str,
        level: str = "level",
        page_size: int = 12,
        actions: Sequence[Action] = (),
        on_action: Callable[[str, str], None] | None = None,
        on_choose: Callable[[str], None] | None = None,
    ) -> None:
        self._open: set[str] = set()
        self._level, self._parent = level, parent
        super().__init__(
            frame, columns, key=key, label=label, page_size=page_size, actions=actions, on_action=on_action,
            on_choose=on_choose,
        )  # fmt: skip
        self.role = "treegrid"

    def toggle(self, row: str) -> None:
        """Open a row, or close it again. Raises ValueError when there is nothing below it."""
        if row not in self._frame[self._parent].to_list():
            raise ValueError(f"There is nothing below {row}")
        self._open ^= {row}
        self._draw()

    def choose(self, row: str) -> None:
        """Choose a row, with everything that it is in opened. Raises ValueError when there is no such row."""
        above = dict(self._frame.select(self._key, self._parent).iter_rows())
        at = above.get(row)
        while at is not None:
            self._open.add(at)
            at = above.get(at)
        super().choose(row)

    def selection(self) -> pl.DataFrame:
        """Return the rows that are in sight, or, while something is searched, every row that has it."""
        if str(self.query.get("find", "")).strip():
            return super().selection()
        shown = self._frame.filter(pl.col(self._level) == 0)
        for level in range(1, int(self._frame[self._level].max() or 0) + 1):  # type: ignore[arg-type]
            opened = shown.filter(pl.col(self._key).is_in(self._open)).select(pl.col(self._key).alias(self._parent))
            below = self._frame.filter(pl.col(self._level) == level).join(opened, on=self._parent, how="semi")
            shown = pl.concat([shown, below])
        return self._frame.join(shown.select(self._key), on=self._key, how="semi", maintain_order="left")

    def _branches(self, rows: pl.DataFrame) -> list[dict[str, Any]]:
        above = set(self._frame[self._parent].drop_nulls())
        searched = bool(str(self.query.get("find", "")).strip())
        return [
            {"level": level, "open": (key in self._open and not searched) if key in above else None}
            for key, level in rows.select(self._key, self._level).iter_rows()
        ]

    def _heard(self, content: Mapping[str, Any]) -> None:
        match content:
            case {"kind": "toggle", "row": str(row)}:
                self.toggle(row)
            case _:
                super()._heard(content)
