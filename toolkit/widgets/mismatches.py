"""The mismatch inspector: every record of both sides in one class, why it is there, and the step that mends it.

The counts of a side add up to its records (BEY-10). A class that is chosen shows its records, its cause in words and
its fix: review the suggestions, decide about a proposed repair, or match again.
"""

from collections.abc import Callable
from functools import partial
from html import escape

import ipywidgets
import polars as pl

from toolkit.errors import ToolkitError
from toolkit.frames import SIDES
from toolkit.matching.classes import CLASSES, counts
from toolkit.widgets.filters import Filters
from toolkit.widgets.grid import Action, Column, Grid
from toolkit.widgets.match_review import MatchReview
from toolkit.widgets.notebook_widget import Message, NotebookWidget, button, row
from toolkit.widgets.plan_review import PlanReview
from toolkit.widgets.twin import MUTED, figures_html, plural, table_html
from toolkit.workspace import Workspace

SIDE_NAMES = {"here": "Here", "there": "Salesforce"}
TONES = {
    "in_agreement": "ok", "expected_drift": "planned", "partner_left": "planned", "skipped": "planned",
    "not_matched_yet": "planned", "broken_pair": "error", "duplicate_key": "error",
}  # fmt: skip
"""How bad a class is; those not named want a look."""
CALM = tuple(name for name, tone in TONES.items() if tone in ("ok", "planned"))
"""Classes that nobody has to look at; their records are listed last."""
REVIEWED = ("unmatched_here", "unmatched_there", "ambiguous", "duplicate_key", "no_key", "broken_pair",
            "held_by_decision")  # fmt: skip
"""Classes whose records may find a partner in the review."""
CLASS_COLUMNS = (
    Column(
        "class", "Class", width=210, tones={each.title: TONES.get(each.name, "warning") for each in CLASSES.values()}
    ),
    Column("here", "Here", width=80, align="right", counts=True),
    Column("there", "Salesforce", width=100, align="right", counts=True),
    Column("cause", "What it means", wrap=True),
    Column("fix", "What to do", wrap=True),
)
COLUMNS = (
    Column("side", "Side", width=90),
    Column("name", "Record", width=174, wrap=True),
    Column("id", "Id", width=184),
    Column("partner_id", "Partner", width=184),
    Column("class", "Class", width=160, wrap=True),
    Column("reason", "Why", wrap=True),
)
REPAIR_COLUMNS = (
    Column("name", "Record", width=190, wrap=True),
    Column("kind", "What happened", width=140),
    Column("action", "Repair", width=110, wrap=True),
    Column("evidence", "Evidence", wrap=True),
    Column(
        "state", "State", width=110, tones={"open": "warning", "accepted": "planned", "rejected": "error", "done": "ok"}
    ),
)
ACTIONS = (Action("accept", "Accept", "a"), Action("reject", "Reject", "r"))
EXAMPLES = 2


class Mismatches(NotebookWidget):
    """Shows `ws.classes(object)` with counts that add up, the records of a chosen class, and proposed repairs."""

    def __init__(self, workspace: Workspace, object_name: str = "account") -> None:
        super().__init__()
        self._workspace = workspace
        self._object = object_name
        self.figures = ipywidgets.HTML()
        self.chosen = ""
        """The class that is looked at, by its name in `toolkit.matching.classes.CLASSES`; empty for all."""
        self.frame, self.classes = self._read()
        self.overview = Grid(
            self.classes, CLASS_COLUMNS, key="record_class", label="Classes of records", page_size=len(CLASSES),
            on_choose=self.choose,
        )  # fmt: skip
        self.grid = Grid(self.frame, COLUMNS, key="key", label="Records", page_size=8)
        self.filters = Filters(self.frame, {"side": "Side", "class": "Class"}, self.grid.replace)
        self.repairs = Grid(
            self._proposals(), REPAIR_COLUMNS, key="proposal_id", label="Proposed repairs", page_size=6,
            actions=ACTIONS, on_action=self._decide,
        )  # fmt: skip
        self._repairs_title = _title("Proposed repairs")
        self.match_button = button("Match again", "Link the records by the rules and decisions", icon="refresh")
        self.review_button = button("Review suggestions", "Decide about suggested pairs, side by side", icon="search")
        self.plan_button = button("Plan the accepted repairs", "Make a plan of them, to commit like any other")
        self.match_button.on_click(lambda _button: self._try(self.match))
        self.review_button.on_click(lambda _button: self._try(partial(self.review, eager=True)))
        self.plan_button.on_click(lambda _button: self._try(self.plan_repairs))
        self.message = Message()
        self._below = ipywidgets.VBox()
        self._opened: MatchReview | PlanReview | None = None
        self.children = (
            self.figures,
            self.overview,
            row(self.review_button, self.match_button, self.plan_button),
            self.message,
            self._below,
            _title("Records"),
            self.filters,
            self.grid,
        )
        self._show()

    def choose(self, record_class: str) -> None:
        """List the records of a class only; of all with an empty name. Raises ValueError for an unknown class."""
        if record_class and record_class not in CLASSES:
            raise ValueError(f"{record_class!r} is none of {', '.join(CLASSES)}")
        self.chosen = record_class
        known = CLASSES.get(record_class)
        there_is = known is not None and known.title in self.frame["class"]
        self.filters.choose(**({"class": known.title} if known is not None and there_is else {}))
        if known is not None:
            self.message.say(f"{known.title}: {known.cause} {known.fix}")

    def match(self) -> None:
        """Match again and show what came of it."""
        run = self._workspace.match()
        self.refresh()
        self.message.say(str(run))

    def review(self, *, eager: bool = False) -> MatchReview:
        """Open the review of suggested pairs in this widget, and return it; an `eager` one takes the focus."""
        shown = MatchReview(self._workspace, self._object)
        shown.eager = eager
        shown.observe(lambda _change: self.refresh(), "said")
        self._open(shown)
        return shown

    def plan_repairs(self) -> PlanReview:
        """Plan what the accepted repairs ask for, open the review of that plan in this widget, and return it."""
        shown = PlanReview(self._workspace, self._workspace.plan_repairs())
        self._open(shown)
        self.message.say(f"Planned: {plural(shown.plan.writes, 'change')}. Look at it below, and commit it there.")
        return shown

    def refresh(self) -> None:
        """Read the classes and proposals anew."""
        self.frame, self.classes = self._read()
        self.overview.replace(self.classes)
        self.filters.offer(self.frame)
        self.grid.replace(self.filters.rows())
        self.repairs.replace(self._proposals())
        self._show()

    def summary(self) -> str:
        """Return how many records there are and how many want a look."""
        calm = [CLASSES[name].title for name in CALM]
        wanting = self.frame.filter(~pl.col("class").is_in(calm)).height
        return f"{plural(self.frame.height, 'record')} of both sides; {wanting:,} want a look"

    def html(self) -> str:
        """Return the classes with their counts, proposed repairs, and the first records of each class, as HTML."""
        wanting = self.frame.filter(pl.col("class") != CLASSES["in_agreement"].title)
        first = wanting.group_by("class", "side", maintain_order=True).head(EXAMPLES)
        chosen = [column for column in COLUMNS if column.name != "partner_id"]
        rows = first.select(pl.col(column.name).alias(column.label) for column in chosen)
        parts = [self.figures.value, self.overview.html(len(CLASSES))]
        if self.repairs.frame.height:
            parts += ['<p style="margin:14px 0 4px">Proposed repairs:</p>', self.repairs.html(6)]
        if rows.height:
            parts += ['<p style="margin:14px 0 4px">Some of the records:</p>', table_html(rows, total=wanting.height)]
        return "".join(parts)

    def _read(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Return the records for a person to read, and the classes that occur with the counts of both sides."""
        found = self._workspace.classes(self._object)
        titles = {each.name: each.title for each in CLASSES.values()}
        order = list(CLASSES)
        records = found.sort(
            pl.col("record_class").is_in(CALM),
            pl.col("record_class").replace_strict(order, range(len(order)), return_dtype=pl.Int64), "side", "name", "id"
        ).select(
            pl.col("side").replace(SIDE_NAMES), "name", "id", "partner_id", "reason",
            pl.col("record_class").replace(titles).alias("class"),
            pl.concat_str("side", "id", separator=" ").alias("key"),
        )  # fmt: skip
        counted = counts(found)
        both = [counted.filter(side=side).select("record_class", pl.col("records").alias(side)) for side in SIDES]
        table = (
            counted.select("record_class", "title").unique(maintain_order=True)
            .join(both[0], on="record_class", how="left", maintain_order="left")
            .join(both[1], on="record_class", how="left", maintain_order="left")
            .with_columns(pl.col(SIDES).fill_null(0))
        )  # fmt: skip
        words = [[getattr(CLASSES[name], part) for name in table["record_class"]] for part in ("cause", "fix")]
        told = table.rename({"title": "class"}).with_columns(
            pl.Series("cause", words[0], pl.String), pl.Series("fix", words[1], pl.String)
        )
        return records, told

    def _proposals(self) -> pl.DataFrame:
        found = self._workspace.proposals(self._object)
        words = pl.col("kind", "action").str.replace_all("_", " ")
        return found.with_columns(words, name=pl.coalesce("name", "here_id", "there_id"))

    def _decide(self, deed: str, proposal_id: str) -> None:
        self._workspace.decide_proposal(proposal_id, deed == "accept")
        self.refresh()
        self.message.say("The repair is accepted." if deed == "accept" else "The repair is rejected, and kept so.")

    def _show(self) -> None:
        waits = pl.col("state") == "open"
        open_repairs = self.repairs.frame.filter(waits).height
        figures: dict[str, object] = {
            "Records here": int(self.classes["here"].sum()), "In Salesforce": int(self.classes["there"].sum()),
            "Pairs": self._workspace.links(self._object).height, "Repairs proposed": open_repairs,
        }  # fmt: skip
        total = f'<p style="margin:2px 0 6px;{MUTED}">{escape("Each record is in exactly one class.")}</p>'
        self.figures.value = figures_html(figures) + total
        present = set(self.classes["record_class"])
        self.review_button.disabled = not present & set(REVIEWED)
        self.plan_button.layout.display = None if (self.repairs.frame["state"] == "accepted").any() else "none"
        repairs = [self._repairs_title, self.repairs] if self.repairs.frame.height else []
        self._below.children = (*([self._opened] if self._opened is not None else []), *repairs)

    def _open(self, shown: MatchReview | PlanReview) -> None:
        self._opened = shown
        self._show()

    def _try(self, step: Callable[[], object]) -> None:
        try:
            self.message.say("")
            step()
        except ToolkitError as error:
            self.message.complain(error)


def _title(words: str) -> ipywidgets.HTML:
    return ipywidgets.HTML(f'<div style="font-weight:600;margin-top:8px">{escape(words)}</div>')
