"""The match review: two records side by side, what differs marked, and a key for each decision.

Everything the keys do is a plain method (`accept`, `reject`, `skip`, `next`, `previous`), so a cell or a test reviews
without a browser. Decisions are kept by the workspace; nothing is linked that was not accepted.
"""

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from toolkit.errors import ToolkitError
from toolkit.matching.differences import Line, Span
from toolkit.review_queue import ReviewQueue
from toolkit.widgets.twin import MUTED, TABLE, StaticTwin
from toolkit.widgets.words import complaint
from toolkit.workspace import Workspace

FOLDER = Path(__file__).parent
SIGNS = {"same": "●", "alike": "○", "differs": "▲", "one side": "—"}
"""How two values agree, told by a shape and never by colour alone."""
WORDS = {"same": "the same", "alike": "nearly the same", "differs": "differs", "one side": "only one side has it"}
CELL = '"text-align:left;padding:2px 18px 2px 0"'
HEADINGS = ("Field", "Here", "Salesforce", "Agree")


class MatchReview(StaticTwin, anywidget.AnyWidget):
    """Shows the suggested pairs of an object one after the other, and keeps what is decided about each.

    Keys, once it has the focus: a accept, r reject, s skip, n or → next, p or ← previous.
    """

    _esm = FOLDER / "match_review.js"
    _css = FOLDER / "match_review.css"

    pair = traitlets.Dict().tag(sync=True)
    label = traitlets.Unicode().tag(sync=True)
    said = traitlets.Unicode().tag(sync=True)
    message = traitlets.Unicode().tag(sync=True)
    eager = traitlets.Bool(default_value=False).tag(sync=True)
    """Whether it takes the focus as soon as it is drawn, so that its keys work at once."""

    def __init__(self, workspace: Workspace, object_name: str = "account") -> None:
        super().__init__()
        self.queue = ReviewQueue(workspace, object_name)
        self.label = f"Suggested pairs of {object_name}"
        self._show()
        self.on_msg(self._receive)

    def accept(self) -> None:
        """Say that the two are the same, which links them now. Raises like `Workspace.decide_pair`."""
        self._told("linked", self.queue.accept)

    def reject(self) -> None:
        """Say that the two are different; they are not suggested again. Raises like `Workspace.decide_pair`."""
        self._told("kept apart", self.queue.reject)

    def skip(self) -> None:
        """Leave the pair for another time."""
        self._told("left for another time", self.queue.skip)

    def next(self) -> None:
        """Look at the next pair without deciding."""
        self._step(1)

    def previous(self) -> None:
        """Look at the pair before without deciding."""
        self._step(-1)

    def summary(self) -> str:
        """Return how many pairs are left to review."""
        return self.queue.summary()

    def html(self) -> str:
        """Return the pair that is looked at as static HTML."""
        pair = self.queue.current
        head = f'<p style="margin:0 0 6px">{escape(self.summary())}.</p>'
        if pair is None:
            return head
        ids = f"{pair['here_id']} here, {pair['there_id']} in Salesforce"
        titles = "".join(f"<th style={CELL}>{each}</th>" for each in HEADINGS)
        rows = "".join(_row(line) for line in self.queue.lines())
        reasons = "; ".join(escape(each) for each in _evidence(pair))
        return (
            f'{head}<p style="margin:0 0 6px"><b>{escape(_heading(pair))}</b> '
            f'<span style="{MUTED}">{escape(ids)}</span></p>'
            f'<table style="{TABLE}"><thead><tr>{titles}</tr></thead><tbody>{rows}</tbody></table>'
            f'<p style="margin:6px 0 0">{reasons}.</p>'
        )

    def _step(self, by: int) -> None:
        self.queue.step(by)
        self.said = ""
        self._show()

    def _told(self, what: str, decide: Any) -> None:
        pair = self.queue.current
        if pair is None:
            return
        decide()
        name = pair["here_name"] or pair["here_id"]
        other = pair["there_name"] or pair["there_id"]
        self.said = f"{name} and {other}: {what}."
        self._show()

    def _show(self) -> None:
        pair = self.queue.current
        self.message = ""
        shown: dict[str, Any] = {"total": self.queue.pairs.height, "summary": self.summary()}
        if pair is not None:
            shown |= {
                "position": self.queue.position + 1,
                "heading": _heading(pair),
                "here": pair["here_id"],
                "there": pair["there_id"],
                "score": pair["score"],
                "evidence": _evidence(pair),
                "lines": [_for_browser(line) for line in self.queue.lines()],
            }
        self.pair = shown

    def _receive(self, _widget: object, content: Mapping[str, Any], _buffers: object) -> None:
        deeds = {
            "accept": self.accept, "reject": self.reject, "skip": self.skip, "next": self.next,
            "previous": self.previous,
        }  # fmt: skip
        deed = deeds.get(str(content.get("kind")))
        if deed is None:
            return
        self.message = ""  # so that the same complaint is said again
        try:
            deed()
        except ToolkitError as error:
            self.message = complaint(error)


def _heading(pair: Mapping[str, Any]) -> str:
    return f"{pair['score'] * 100:.0f} of 100: are these the same?"


def _evidence(pair: Mapping[str, Any]) -> list[str]:
    runner_up = pair["runner_up"]
    best = pair["rank"] == 1
    near = f"the next best candidate has {runner_up * 100:.0f}" if runner_up is not None else "no other comes near"
    return [
        *str(pair["evidence"]).split("; "),
        near if best else f"candidate {pair['rank']} of this record; {near}",
    ]


def _for_browser(line: Line) -> dict[str, Any]:
    here, there = ([[span.text, span.differs] for span in spans] for spans in line.spans)
    field = line.here_field if line.here_field == line.there_field else f"{line.here_field} = {line.there_field}"
    return {
        "field": field, "here": here, "there": there, "agrees": line.agrees, "sign": SIGNS[line.agrees],
        "words": WORDS[line.agrees],
    }  # fmt: skip


def _row(line: Line) -> str:
    shown = [_marked(spans) for spans in line.spans]
    cells = (escape(f"{line.here_field} = {line.there_field}"), *shown, f"{SIGNS[line.agrees]} {WORDS[line.agrees]}")
    return f"<tr>{''.join(f'<td style={CELL}>{cell}</td>' for cell in cells)}</tr>"


def _marked(spans: tuple[Span, ...]) -> str:
    return "".join(f"<mark>{escape(span.text)}</mark>" if span.differs else escape(span.text) for span in spans) or "—"
