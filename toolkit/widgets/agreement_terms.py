"""The terms editor: where in Salesforce an agreement's amount, start, end, notice and renewal are (SKA-23 to SKA-31).

Each term is a field of the org or a value that is frozen in the mapping file. *Save* writes them there and says what
the agreements come to.
"""

from typing import Any

import ipywidgets
from pydantic import ValidationError

from toolkit.config import AgreementTerms as Terms
from toolkit.config import TacitRenewal, Term
from toolkit.errors import InputError, StepMissingError, ToolkitError
from toolkit.salesforce.describe import FieldDescribe
from toolkit.widgets.choices import chooser, text_box
from toolkit.widgets.notebook_widget import Message, NotebookWidget, button, row
from toolkit.widgets.twin import facts_html
from toolkit.workspace import Workspace

AGREEMENT = "agreement"
NONE = ""
REVENUE = {"arr": "a year's revenue (ARR)", "mrr": "a month's revenue (MRR)"}
UNITS = ("day", "week", "month", "year")
NUMBERS = ("int", "long", "double", "currency", "percent")
DATES = ("date", "datetime")
TERM_KINDS = {
    NONE: "is not given",
    "duration": "is a length in a field",
    "date": "is a date in a field",
    "manual": "is always",
}
TACIT_KINDS = {
    "never": "never",
    "always": "always",
    "when_notice_given": "unless notice is given",
    "field": "if a field says so",
}


class AgreementTerms(NotebookWidget):
    """Edits the terms of an agreement object of the mapping file, through `ws.edit_object`."""

    def __init__(self, workspace: Workspace, object_name: str = AGREEMENT) -> None:
        super().__init__()
        self._workspace = workspace
        self.object = object_name
        self.message = Message()
        self.save_button = button("Save terms", "Write them to the mapping file; its comments are kept", icon="save", primary=True)  # fmt: skip  # noqa: E501
        self.discard_button = button("Discard edits", "Show the terms as the file has them")
        self.save_button.on_click(lambda _button: self._try(self.save))
        self.discard_button.on_click(lambda _button: self._try(self.discard))
        self.discard()

    def discard(self) -> None:
        """Forget the edits and show the terms as the mapping file has them."""
        mapping = self._workspace.mapped(self.object)
        fields = list(self._workspace.org.describe(mapping.sobject).fields.values())
        terms = mapping.terms
        given: dict[str, Any] = {name: getattr(terms, name, None) for name in Terms.model_fields}
        self.revenue = chooser("The amount is", _options(REVENUE), value=terms.revenue if terms else None)
        self.amount = _field("Amount", fields, NUMBERS, given["amount"])
        self.one_time = _field("One-time fee", fields, NUMBERS, given["one_time"])
        self.currency = _field("Currency", fields, ("picklist", "string"), given["currency"])
        self.plan = _field("Plan", fields, ("picklist", "string", "reference"), given["plan"])
        self.start = _field("Start", fields, DATES, given["start"])
        self.end = TermEditor("The end", fields, given["end"], "2026-12-31 or 12 months")
        self.notice = TermEditor("The notice before it", fields, given["notice"], "3 months")
        self.tacit = TacitEditor(fields, terms.tacit if terms else TacitRenewal(always=False))
        self.children = (
            row(self.revenue, self.amount, self.one_time),
            row(self.currency, self.plan, self.start),
            self.end,
            self.notice,
            self.tacit,
            row(self.save_button, self.discard_button),
            self.message,
        )
        self.message.say("")

    def terms(self) -> Terms:
        """Return the terms as they are chosen. Raises InputError for what is missing or cannot be."""
        chosen: dict[str, Any] = {
            name: getattr(self, name).value or None
            for name in ("revenue", "amount", "currency", "plan", "one_time", "start")
        }
        chosen |= {"end": self.end.term(), "notice": self.notice.term(), "tacit": self.tacit.renewal()}
        try:
            return Terms.model_validate({name: value for name, value in chosen.items() if value is not None})
        except ValidationError as error:
            missing = ", ".join(str(each["loc"][0]) for each in error.errors() if each["loc"]) or "a term"
            raise InputError(f"Not given: {missing}.", hint="Choose a field for it (SKA-26, SKA-29).") from error

    def save(self) -> None:
        """Write the terms to the mapping file, and say what the agreements come to.

        Raises InputError for a fault in them and ConfigError when the mapping is not valid; nothing is written then.
        """
        self._workspace.edit_object(self.object, {"terms": self.terms()})
        self.discard()
        try:
            self.message.say(f"Saved. {self._workspace.preview(self.object)}")
        except (StepMissingError, InputError):
            self.message.say("Saved. Pull to see what the agreements come to.")

    def summary(self) -> str:
        """Return the terms in a line."""
        told = self._told()
        return f"Terms of {self.object}: {', '.join(f'{name.lower()} {value}' for name, value in told.items())}"

    def html(self) -> str:
        """Return the terms as a card of static HTML."""
        return facts_html(f"Terms of {self.object} ({self._workspace.mapped(self.object).sobject})", self._told())

    def _told(self) -> dict[str, str]:
        terms = self._workspace.mapped(self.object).terms
        if terms is None:
            return {"Terms": "not given"}
        given = {
            "Amount": f"{terms.amount or 'Amount'}, {REVENUE[terms.revenue]}",
            "One-time fee": terms.one_time,
            "Currency": terms.currency,
            "Plan": terms.plan,
            "Start": terms.start,
            "End": _term_words(terms.end, "after the start"),
            "Notice": _term_words(terms.notice, "before the end"),
            "Renews by itself": _tacit_words(terms.tacit),
        }
        return {name: value for name, value in given.items() if value}

    def _try(self, action: Any) -> None:
        try:
            action()
        except ToolkitError as error:
            self.message.complain(error)


class TermEditor(ipywidgets.HBox):
    """One term in one of the three ways (SKA-30), or not given."""

    def __init__(self, label: str, fields: list[FieldDescribe], term: Term | None, hint: str) -> None:
        super().__init__(layout=ipywidgets.Layout(flex_flow="row wrap", align_items="center", grid_gap="4px 8px"))
        kind = next((each for each in ("duration", "date", "manual") if term and getattr(term, each)), NONE)
        self._label = label
        self.kind = chooser(label, _options(TERM_KINDS), value=kind)
        self.duration = _field("", fields, NUMBERS, term.duration if term else None)
        self.unit = chooser("", [(f"{unit}s", unit) for unit in UNITS], value=term.unit if term else "month")
        self.date = _field("", fields, DATES, term.date if term else None)
        self.manual = text_box("", value=term.manual or "" if term else "", width="220px", hint=hint)
        self.kind.observe(lambda _change: self._show(), "value")
        self._show()

    def term(self) -> Term | None:
        """Return the term as it is chosen. Raises InputError for one that cannot be."""
        chosen = {
            "duration": {"duration": self.duration.value or None, "unit": self.unit.value},
            "date": {"date": self.date.value or None},
            "manual": {"manual": self.manual.value.strip() or None},
        }
        if self.kind.value == NONE:
            return None
        try:
            return Term.model_validate(chosen[self.kind.value])
        except ValidationError as error:
            hint = "Choose a field, or type a date such as 2026-12-31 or a length such as 3 months (SKA-30)."
            raise InputError(f"{self._label} cannot be that.", hint=hint) from error

    def _show(self) -> None:
        shown = {"duration": (self.duration, self.unit), "date": (self.date,), "manual": (self.manual,)}
        self.children = (self.kind, *shown.get(self.kind.value, ()))


class TacitEditor(ipywidgets.HBox):
    """Whether an agreement renews by itself (SKA-31)."""

    def __init__(self, fields: list[FieldDescribe], tacit: TacitRenewal) -> None:
        super().__init__(layout=ipywidgets.Layout(flex_flow="row wrap", align_items="center", grid_gap="4px 8px"))
        self._types = {each.name: each.type for each in fields}
        kind = "field" if tacit.field else "when_notice_given" if tacit.when_notice_given else "always"
        kind = "never" if tacit.always is False else kind
        self.kind = chooser("It renews by itself", _options(TACIT_KINDS), value=kind)
        self.field = _field("", fields, ("boolean", "picklist"), tacit.field)
        said = ", ".join(str(value).lower() if isinstance(value, bool) else value for value in tacit.values)
        self.values = text_box("is", value=said, width="260px", hint="true, or values with commas")
        self.kind.observe(lambda _change: self._show(), "value")
        self._show()

    def renewal(self) -> TacitRenewal:
        """Return the rule as it is chosen. Raises InputError for one that cannot be."""
        match self.kind.value:
            case "field":
                texts = tuple(text for each in self.values.value.split(",") if (text := each.strip()))
                if not self.field.value or not texts:
                    hint = "Choose both, or another rule (SKA-31)."
                    raise InputError("A renewal that a field tells needs the field and its values.", hint=hint)
                truth = self._types.get(self.field.value) == "boolean"
                values = tuple(text.lower() == "true" for text in texts) if truth else texts
                return TacitRenewal.model_validate({"field": self.field.value, "values": values})
            case "when_notice_given":
                return TacitRenewal.model_validate({"when_notice_given": True})
        return TacitRenewal.model_validate({"always": self.kind.value == "always"})

    def _show(self) -> None:
        self.children = (self.kind, self.field, self.values) if self.kind.value == "field" else (self.kind,)


def _options(words: dict[str, str]) -> list[tuple[str, str]]:
    return [(text, key) for key, text in words.items()]


def _field(label: str, fields: list[FieldDescribe], types: tuple[str, ...], chosen: str | None) -> ipywidgets.Dropdown:
    """Return a list of the fields of some types; one that is chosen is there whatever its type."""
    known = sorted((each.label, each.name) for each in fields if each.type in types)
    options = [("none" if label else "choose a field", NONE), *((f"{text} ({name})", name) for text, name in known)]
    if chosen and chosen not in {name for _, name in known}:
        options.append((chosen, chosen))
    return chooser(label, options, value=chosen or NONE, width="320px" if label else "280px")


def _term_words(term: Term | None, where: str) -> str | None:
    if term is None:
        return None
    if term.duration:
        return f"{term.duration} {term.unit}s {where}"
    return term.date or (term.manual if term.manual and "-" in term.manual else f"{term.manual} {where}")


def _tacit_words(tacit: TacitRenewal) -> str:
    if tacit.field:
        values = ", ".join(str(value).lower() if isinstance(value, bool) else value for value in tacit.values)
        return f"if {tacit.field} is {values}"
    return "unless notice is given" if tacit.when_notice_given else "always" if tacit.always else "never"
