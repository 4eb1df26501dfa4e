"""The import preview: what an import would do to an object, before it does it, and the button that does it.

How many records have which outcome, why, and one of each as an example; and what each mapped field brings: samples, how
much of it is filled in, and a light.
"""

from collections.abc import Callable

import ipywidgets
import polars as pl

from toolkit.errors import ToolkitError
from toolkit.importing.importer import Preview
from toolkit.runs import Run
from toolkit.widgets.grid import Column, Grid
from toolkit.widgets.notebook_widget import Message, NotebookWidget, button, row
from toolkit.widgets.twin import figures_html
from toolkit.workspace import Workspace

ACCOUNT = "account"
LIGHTS = {"ok": "good", "warning": "look", "error": "missing"}
OUTCOMES = {
    "created": "comes in",
    "returned": "comes back",
    "updated": "is updated",
    "unchanged": "stays the same",
    "kept": "left, and is kept",
    "churned": "left, and is churned",
    "archived": "left, and is archived",
    "held": "waits",
    "skipped": "is left out",
    "noted": "worth knowing",
}
TONES = {
    **dict.fromkeys(("created", "returned", "updated"), "planned"),
    **dict.fromkeys(("unchanged", "kept"), "ok"),
    **dict.fromkeys(("churned", "archived", "held", "noted"), "warning"),
    "skipped": "error",
}
OUTCOME_COLUMNS = (
    Column("outcome", "Outcome", width=190, words=OUTCOMES, tones=TONES),
    Column("records", "Records", width=140, align="right", bar="share"),
    Column("rule", "Rule", width=190),
    Column("example", "For example", width=220),
    Column("reason", "Why", wrap=True),
)
FIELD_COLUMNS = (
    Column("light", "Light", width=96, words=LIGHTS, tones={light: light for light in LIGHTS}),
    Column("here", "Here", width=140),
    Column("there", "Salesforce field", width=190),
    Column("filled", "Filled", width=140, align="right", bar="filled"),
    Column("different", "Values", width=84, align="right"),
    Column("samples", "Samples", wrap=True),
)


class ImportPreview(NotebookWidget):
    """Shows `ws.preview(object)`; *Import* calls `ws.import_records()`, which imports every object."""

    def __init__(self, workspace: Workspace, object_name: str = ACCOUNT) -> None:
        super().__init__()
        self._workspace = workspace
        self.object = object_name
        self.preview = workspace.preview(object_name)
        self.run: Run | None = None
        """What the import did, once there was one."""
        self.outcomes = Grid(_outcomes(self.preview), OUTCOME_COLUMNS, key="key", label=f"Import of {object_name}")
        self.fields = Grid(
            self.preview.fields, FIELD_COLUMNS, key="there", label=f"Fields of {object_name}", note="note", page_size=25
        )
        self.figures = ipywidgets.HTML(self._figures())
        self.import_button = button(
            "Import every object", "Keep what the previews say; nothing is written to Salesforce", icon="download",
            primary=True,
        )  # fmt: skip
        self.again_button = button("Look again", "Preview again, from what was pulled last", icon="refresh")
        self.message = Message()
        self.import_button.on_click(lambda _button: self._try(self.import_records))
        self.again_button.on_click(lambda _button: self._try(self.look))
        self.children = (
            self.figures,
            self.outcomes,
            *([self.fields] if self.preview.fields.height else []),
            row(self.import_button, self.again_button),
            self.message,
        )

    def look(self) -> None:
        """Preview again and show it. Raises StepMissingError before the first pull."""
        self.preview = self._workspace.preview(self.object)
        self.outcomes.replace(_outcomes(self.preview))
        self.fields.replace(self.preview.fields)
        self.figures.value = self._figures()
        self.message.say("")

    def import_records(self) -> Run:
        """Import what the previews of all objects say, and preview again. Raises like `Workspace.import_records`."""
        self.run = self._workspace.import_records()
        self.look()
        self.message.say(str(self.run))
        return self.run

    def summary(self) -> str:
        """Return the outcomes in a line."""
        return str(self.preview)

    def html(self) -> str:
        """Return the preview as static HTML."""
        fields = self.fields.html(rows=25) if self.preview.fields.height else ""
        gap = '<div style="height:14px"></div>' if fields else ""
        return self._figures() + self.outcomes.html() + gap + fields

    def _figures(self) -> str:
        counted = self.preview.outcomes.group_by("outcome", maintain_order=True).agg(pl.col("records").sum())
        figures = {OUTCOMES[outcome].capitalize(): records for outcome, records in counted.rows()}
        return figures_html(figures or {"Records": 0})

    def _try(self, action: Callable[[], object]) -> None:
        try:
            action()
        except ToolkitError as error:
            self.message.complain(error)


def _outcomes(preview: Preview) -> pl.DataFrame:
    """Return the outcomes with what tells their rows apart, and each count as a share of all records."""
    counted = preview.outcomes.with_columns(key=pl.concat_str("outcome", "rule", separator=" "))
    whole = counted.filter(pl.col("outcome") != "noted")["records"].sum()
    return counted.with_columns(share=pl.col("records") / max(1, whole))
