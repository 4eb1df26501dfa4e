"""A bar for each row of a frame: figures that are compared with each other, the same live and saved."""

import polars as pl

from toolkit.widgets.twin import table_html
from toolkit.widgets.words import in_words


class Bars:
    """Shows a frame with a bar behind the numbers of the column `value`, as long as its share of the largest one.

    `rows` are shown, all of them by default. Headings are the column names in words; `labels` gives others.
    """

    def __init__(
        self, frame: pl.DataFrame, value: str, *, rows: int | None = None, labels: dict[str, str] | None = None
    ) -> None:
        headings = {name: (labels or {}).get(name, in_words(name)) for name in frame.columns}
        self.frame = frame.head(rows if rows is not None else frame.height).rename(headings)
        self._total = frame.height
        self._value = headings[value]
        self._right = {headings[name] for name, dtype in frame.schema.items() if dtype.is_numeric()}

    def __repr__(self) -> str:
        return f"Bars of {self._total:,} rows: {', '.join(self.frame.columns)}"

    def _repr_html_(self) -> str:
        numbers = self.frame[self._value].cast(pl.Float64)
        largest = numbers.abs().max()
        shares = numbers.abs() / largest if largest else numbers * 0
        return table_html(self.frame, right=self._right, total=self._total, bars={self._value: shares})
