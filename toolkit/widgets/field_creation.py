"""The mapped fields that Salesforce lacks: what each would be, who may see it, and the plan for it (BEY-15)."""

import json
from collections.abc import Sequence

import ipywidgets
import polars as pl

from toolkit.errors import ToolkitError
from toolkit.widgets.notebook_widget import Message, NotebookWidget, button, row
from toolkit.widgets.plan_review import PlanReview
from toolkit.widgets.twin import plural, table_html
from toolkit.workspace import Workspace
from toolkit.writeback.planning.operations import CREATE_FIELD, GRANT_FIELD
from toolkit.writeback.planning.plan import Plan

SIZES = ("length", "precision", "scale", "visibleLines")


class FieldCreation(NotebookWidget):
    """Shows what `ws.plan_fields(object)` would create and grant, above the review of that plan."""

    def __init__(self, workspace: Workspace, object_name: str = "account", *, readers: Sequence[str] = ()) -> None:
        super().__init__()
        self._workspace = workspace
        self._object = object_name
        self._readers = tuple(readers)
        self.message = Message()
        self.plan = workspace.plan_fields(object_name, readers=self._readers)
        self.definitions = ipywidgets.HTML(_definitions(self.plan))
        self.review = PlanReview(workspace, self.plan)
        self._offer()
        again = button("Look again", "Ask Salesforce which fields there are now, and plan anew", icon="refresh")
        again.on_click(lambda _button: self.refresh())
        self.children = (self.definitions, self.review, row(again), self.message)

    def refresh(self) -> None:
        """Plan anew; fields that are there by now are not in it any more."""
        try:
            self._workspace.refresh_fields(self._object)
            self.plan = self._workspace.plan_fields(self._object, readers=self._readers)
        except ToolkitError as error:
            self.message.complain(error)
            return
        self.definitions.value = _definitions(self.plan)
        self.review.replace(self.plan)
        self._offer()
        self.message.say(self.summary())

    def _offer(self) -> None:
        self.review.layout.display = None if self.plan.changes.height else "none"

    def summary(self) -> str:
        """Return how many fields would be created, and for how many people."""
        made = self.plan.changes.filter(pl.col("operation") == CREATE_FIELD)
        granted = self.plan.changes.filter(pl.col("operation") == GRANT_FIELD)
        return f"{plural(made.height, 'field')} to create, {plural(granted['name'].n_unique(), 'group')} to see them"

    def html(self) -> str:
        """Return the definitions and who may see them as static HTML."""
        return _definitions(self.plan)


def _definitions(plan: Plan) -> str:
    """Return a table of the fields: what each is, who may edit it, who may read it."""
    rows = [_field(row, plan.changes) for row in plan.changes.filter(pl.col("operation") == CREATE_FIELD).to_dicts()]
    if not rows:
        return "<p>Every mapped field is there already.</p>"
    columns = ("Field", "Label", "Type", "Filled from", "May edit", "May read", "Verdict")
    return table_html(pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String)))


def _field(made: dict[str, str], changes: pl.DataFrame) -> dict[str, str | None]:
    definition = json.loads(made["after"] or "{}")  # a field that is refused may have none
    sizes = ", ".join(f"{name} {definition[name]}" for name in SIZES if definition.get(name) is not None)
    granted = changes.filter((pl.col("operation") == GRANT_FIELD) & (pl.col("field") == made["field"])).to_dicts()
    who = {row["name"]: json.loads(row["after"]) for row in granted}
    return {
        "Field": made["field"],
        "Label": definition.get("label"),
        "Type": f"{definition['type']} ({sizes})" if sizes else definition.get("type"),
        "Filled from": made["partner"],
        "May edit": ", ".join(sorted(name for name, may in who.items() if may.get("edit"))) or None,
        "May read": ", ".join(sorted(name for name, may in who.items() if not may.get("edit"))) or None,
        "Verdict": made["verdict"] if made["verdict"] == "write" else f"{made['verdict']}: {made['reason']}",
    }
