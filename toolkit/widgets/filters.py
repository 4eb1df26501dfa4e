"""Filters over a frame: a list to choose from for each column, with the number of rows behind every choice."""

from collections.abc import Callable, Mapping

import ipywidgets
import polars as pl

EVERYTHING = ""


class Filters(ipywidgets.HBox):
    """One list for each of `columns` (column -> label). `changed` is called with the rows that are left."""

    def __init__(
        self, frame: pl.DataFrame, columns: Mapping[str, str], changed: Callable[[pl.DataFrame], None]
    ) -> None:
        super().__init__(layout=ipywidgets.Layout(flex_flow="row wrap", grid_gap="4px 16px"))
        self._frame = frame
        self._changed = changed
        self._lists = {column: _list(label) for column, label in columns.items()}
        self.offer(frame)
        for each in self._lists.values():
            each.observe(lambda _change: self._changed(self.rows()), "value")
        self.children = tuple(self._lists.values())

    def offer(self, frame: pl.DataFrame) -> None:
        """Filter another frame with the same columns. Choices that it still has stay chosen."""
        self._frame = frame
        for column, each in self._lists.items():
            counted = frame.group_by(column).len().sort(column).rows()
            options = [(f"All ({frame.height:,})", EVERYTHING)]
            options += [(f"{value} ({count:,})", value) for value, count in counted]
            chosen = each.value
            each.options = options
            each.value = chosen if chosen in {value for _, value in options} else EVERYTHING

    def choose(self, **choices: str) -> None:
        """Choose by column name; columns not named are not filtered. Raises ValueError for an unknown choice."""
        for column, each in self._lists.items():
            wanted = choices.get(column, EVERYTHING)
            known = [value for _, value in each.options]
            if wanted not in known:
                raise ValueError(f"{column} is none of {', '.join(filter(None, known))}; given {wanted!r}")
            each.value = wanted

    def rows(self) -> pl.DataFrame:
        """Return the rows that the choices leave."""
        chosen = {column: each.value for column, each in self._lists.items() if each.value not in (EVERYTHING, None)}
        return self._frame.filter(*(pl.col(column) == value for column, value in chosen.items()))


def _list(label: str) -> ipywidgets.Dropdown:
    return ipywidgets.Dropdown(
        options=[("All", EVERYTHING)],
        description=label,
        layout=ipywidgets.Layout(width="auto", max_width="360px"),
        style={"description_width": "initial"},
    )
