"""The scope editor: which records of an object take part, in which mode, and what becomes of those that leave.

Every choice is put to the org at once: the scope as a sentence, and how many records it has. *Save* writes the mapping
file, whose comments stay.
"""

from html import escape
from typing import Any

import ipywidgets
from pydantic import ValidationError

from toolkit.config import ObjectMapping
from toolkit.config.objects import MODES, Mode
from toolkit.errors import InputError, ToolkitError
from toolkit.pulling.pull import scope_of
from toolkit.pulling.scope import ResolvedScope
from toolkit.widgets.choices import chooser, switch
from toolkit.widgets.notebook_widget import Message, NotebookWidget, button, row
from toolkit.widgets.scope_form import ScopeForm
from toolkit.widgets.twin import MUTED, facts_html, figures_html, plural
from toolkit.workspace import Workspace

ACCOUNT = "account"
MODE_WORDS: dict[Mode, str] = {
    "input": "comes in from Salesforce",
    "two_way": "travels both ways",
    "output": "goes out to Salesforce",
    "disabled": "is not synced",
}
LEFT = {
    "keep": "stays here as it is",
    "churn": "is marked as churned here",
    "archive": "is archived here",
}
UNKNOWN = "—"


class ScopeEditor(NotebookWidget):
    """Edits the scope, the mode and the exclusions of an object of the mapping file, through `ws.edit_object`."""

    def __init__(self, workspace: Workspace, object_name: str = ACCOUNT) -> None:
        super().__init__()
        self._workspace = workspace
        self.object = object_name
        self.resolved: ResolvedScope | None = None
        """The scope as the org understands it, None while it has a fault."""
        self.count: int | None = None
        """How many records are in scope, None where only a pull can tell."""
        self.figures = ipywidgets.HTML()
        self.message = Message()
        self.save_button = button("Save scope", "Write it to the mapping file; its comments are kept", icon="save", primary=True)  # fmt: skip  # noqa: E501
        self.discard_button = button("Discard edits", "Show the scope as the file has it")
        self.save_button.on_click(lambda _button: self._try(self.save))
        self.discard_button.on_click(lambda _button: self._try(self.discard))
        self.discard()

    def discard(self) -> None:
        """Forget the edits and show the object as the mapping file has it."""
        mapping, org = self._mapping, self._workspace.org
        self._shown = mapping
        self.form = ScopeForm(mapping, org.describe(mapping.sobject), org.list_views(mapping.sobject), self.look)
        self.mode = chooser("Mode", [(MODE_WORDS[each], each) for each in MODES[mapping.acts_as]], value=mapping.mode)
        self.left_scope = chooser("What leaves the scope", [(words, key) for key, words in LEFT.items()])
        self.left_scope.value = mapping.left_scope
        self.create = switch("Make records here of those that only Salesforce has", value=mapping.create)
        self.create_there = switch("Make records in Salesforce of those that are only here", value=mapping.create_there)
        for each in (self.mode, self.left_scope, self.create, self.create_there):
            each.observe(lambda _change: self.look(), "value")
        creating = [self.create, self.create_there] if mapping.is_merged else []
        self.children = (
            self.figures,
            self.form,
            row(self.mode, self.left_scope),
            row(*creating),
            row(self.save_button, self.discard_button),
            self.message,
        )
        self.look()

    def look(self) -> None:
        """Ask the org what is in scope as it is chosen now, and show it, or the fault."""
        self.resolved, self.count = None, None
        try:
            changed = bool(self.edits())
            self._ask()
            self.message.say("Not saved yet." if changed else "")
            self.save_button.disabled = not changed
        except ToolkitError as error:
            self.message.complain(error)
            self.save_button.disabled = True
        self.discard_button.disabled = not self.message.text
        self.figures.value = self._figures()

    def edits(self) -> dict[str, Any]:
        """Return the settings that were changed here, whatever became of the others since they were shown.

        Raises InputError for one that cannot be.
        """
        mapping = self._shown
        try:
            chosen: dict[str, Any] = {"scope": self.form.scope(), "exclude": self.form.exclusions()}
        except ValidationError as error:
            raise InputError(str(error.errors()[0]["msg"]), hint="Correct the scope.") from error
        chosen |= {"mode": self.mode.value, "left_scope": self.left_scope.value}
        if mapping.is_merged:
            chosen |= {"create": self.create.value, "create_there": self.create_there.value}
        return {name: value for name, value in chosen.items() if value != getattr(mapping, name)}

    def save(self) -> None:
        """Write the edits to the mapping file.

        Raises InputError for a fault in them and ConfigError when the mapping is not valid; nothing is written then.
        """
        edits = self.edits()
        self._ask()
        self._workspace.edit_object(self.object, edits)
        self.discard()
        self.message.say(f"Saved {', '.join(sorted(edits))} of {self.object}. The next pull reads this scope in full.")

    def summary(self) -> str:
        """Return the scope as a sentence, with its number of records."""
        if self.resolved is None:
            return f"Scope of {self.object}: {self.message.text}"
        return f"Scope of {self.object}: {self.resolved.label}, {self._counted()}"

    def html(self) -> str:
        """Return the scope as a card of static HTML."""
        mapping = self._draft() if self.resolved else self._mapping
        facts: dict[str, object] = {"In scope": self.resolved.label if self.resolved else self.message.text}
        facts |= {"Records": self._counted()} if self.resolved else {}
        facts |= {"Mode": MODE_WORDS[mapping.mode], "What leaves the scope": LEFT[mapping.left_scope]}
        if mapping.is_merged:
            facts |= {"Records here of those that only Salesforce has": "made" if mapping.create else "not made"}
        facts |= {"Worth knowing": "; ".join(self.resolved.advice)} if self.resolved and self.resolved.advice else {}
        return facts_html(f"Scope of {self.object} ({mapping.sobject})", facts)

    @property
    def _mapping(self) -> ObjectMapping:
        return self._workspace.mapped(self.object)

    def _draft(self) -> ObjectMapping:
        return self._mapping.model_copy(update=self.edits())

    def _ask(self) -> None:
        org, draft = self._workspace.org, self._draft()
        accounts = self._workspace.objects.get(ACCOUNT) if self.object != ACCOUNT else None
        resolved = scope_of(org, draft, accounts)
        if resolved.countable:
            self.count = org.count(draft.sobject, resolved.where, resolved.using)
        self.resolved = resolved

    def _counted(self) -> str:
        return plural(self.count, "record") if self.count is not None else "counted by the pull"

    def _figures(self) -> str:
        if self.resolved is None:
            return figures_html({"Records in scope": UNKNOWN})
        advice = "".join(
            f'<div style="{MUTED}">{escape(sentence[:1].upper() + sentence[1:])}</div>'
            for sentence in self.resolved.advice
        )
        label = self.resolved.label[:1].upper() + self.resolved.label[1:]
        count = UNKNOWN if self.count is None else f"{self.count:,}"
        words = f'<div style="line-height:1.5"><div>{escape(label)}</div>{advice}</div>'
        return figures_html({"Records in scope": count}) + words

    def _try(self, action: Any) -> None:
        try:
            action()
        except ToolkitError as error:
            self.message.complain(error)
