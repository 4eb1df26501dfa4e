"""A frame for people to read: a static table with plain headings and numbers, the same live and saved."""

from collections.abc import Collection, Mapping

import polars as pl

from toolkit.widgets.twin import table_html
from toolkit.widgets.words import in_words


class Table:
    """Shows the first `rows` rows of a frame. Columns in `percent` hold shares from 0 to 1.

    Headings are the column names in words; `labels` gives others.
    """

    def __init__(
        self,
        frame: pl.DataFrame,
        *,
        rows: int = 10,
        percent: Collection[str] = (),
        labels: Mapping[str, str] | None = None,
    ) -> None:
        first = frame.head(rows).with_columns(
            pl.format("{} %", (pl.col(name) * 100).round().cast(pl.Int64)).alias(name) for name in percent
        )
        numeric = {name for name, dtype in frame.schema.items() if dtype.is_numeric()}
        headings = {name: (labels or {}).get(name, in_words(name)) for name in frame.columns}
        self.frame = first.rename(headings)
        self._total = frame.height
        self._right = {headings[name] for name in numeric}

    def __repr__(self) -> str:
        return f"Table of {self._total:,} rows: {', '.join(self.frame.columns)}"

    def _repr_html_(self) -> str:
        return table_html(self.frame, right=self._right, total=self._total)
