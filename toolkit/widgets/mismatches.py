"""The mismatches: every record of either side that found no partner, with the reason, to look at before a commit."""

import ipywidgets
import polars as pl

from toolkit.frames import RECORD_KEY
from toolkit.widgets.filters import Filters
from toolkit.widgets.grid import Column, Grid
from toolkit.widgets.notebook_widget import NotebookWidget
from toolkit.widgets.twin import figures_html, plural, table_html
from toolkit.workspace import Workspace

SIDES = {"here": "Here", "there": "Salesforce"}
KINDS = {
    "unmatched": "no partner",
    "ambiguous": "several partners",
    "duplicate_key": "key used twice",
    "no_key": "no key",
}
COLUMNS = (
    Column("side", "Side", width=96),
    Column("name", "Record", width=240),
    Column(RECORD_KEY, "Id", width=170),
    Column("kind", "What", width=130),
    Column("reason", "Why", wrap=True),
)
EXAMPLES = 3


class Mismatches(NotebookWidget):
    """Shows `ws.mismatches()` with filters by side and kind."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        found = workspace.mismatches()
        self._links = workspace.links().height
        self.frame = found.select(
            "side", RECORD_KEY, "name", "kind", "reason", key=pl.concat_str("side", RECORD_KEY, separator=" ")
        ).with_columns(pl.col("side").replace(SIDES), pl.col("kind").replace(KINDS))
        self.grid = Grid(self.frame, COLUMNS, key="key", label="Records without a partner", page_size=8)
        self.filters = Filters(self.frame, {"side": "Side", "kind": "What"}, self.grid.replace)
        self.children = (ipywidgets.HTML(self._figures()), self.filters, self.grid)

    def summary(self) -> str:
        """Return how many records found a partner and how many did not."""
        return f"{plural(self._links, 'pair')}; {plural(self.frame.height, 'record')} without a partner"

    def html(self) -> str:
        """Return the counts, and the first records of each kind, as static HTML."""
        first = self.frame.group_by("side", "kind", maintain_order=True).head(EXAMPLES)
        rows = first.sort("side", "kind", maintain_order=True).select(
            pl.col(column.name).alias(column.label) for column in COLUMNS
        )
        return self._figures() + table_html(rows, total=self.frame.height)

    def _figures(self) -> str:
        figures = {"Pairs": self._links}
        for side in SIDES.values():
            figures[f"{side}, no partner"] = self.frame.filter(pl.col("side") == side).height
        return figures_html(figures)
