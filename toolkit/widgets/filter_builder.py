"""The filter builder: conditions chosen from lists, and the text that they make, each of which changes the other.

The builder shows filters of two levels: conditions that all have to hold, or of which one has to, and alternatives to
each. Every other filter is edited as text; see `toolkit.config.filters`.
"""

from collections.abc import Callable, Iterable

import ipywidgets

from toolkit.config.filters import (
    BARE,
    LISTED,
    AllOf,
    AnyOf,
    Condition,
    Tree,
    Value,
    all_of,
    any_of,
    parse_filter,
    to_text,
    value_text,
)
from toolkit.errors import InputError
from toolkit.pulling.conditions import KINDS, operators_of
from toolkit.salesforce.describe import FieldDescribe, ObjectDescribe
from toolkit.widgets.choices import chooser
from toolkit.widgets.notebook_widget import button, row

ALL, ANY = "all", "any"
JOINED = {ALL: "and", ANY: "or"}
INNER = {ALL: ANY, ANY: ALL}
TOO_DEEP = "This filter has more than two levels; edit it as text."
UNREADABLE = "The conditions are shown when the text can be read."
HINTS = {
    "text": "a text",
    "number": "a number",
    "truth": "true or false",
    "date": "2026-11-02 or LAST_N_DAYS:30",
    "time": "2026-11-02T08:00:00Z or THIS_MONTH",
}


class FilterBuilder(ipywidgets.VBox):
    """Edits the filter `text` over the fields of an object; calls `changed` after every change."""

    def __init__(self, describe: ObjectDescribe, text: str, changed: Callable[[], None]) -> None:
        super().__init__()
        self._describe = describe
        self._changed = changed
        self._busy = False
        self.groups: list[list[ConditionRow]] = []
        """The conditions: one of each group has to hold if `joiner` is all, else all of one group."""
        self.text = ipywidgets.Textarea(
            value=text, description="Filter", placeholder="Type contains 'Customer' and AnnualRevenue > 1000000",
            continuous_update=False, rows=2, layout=ipywidgets.Layout(width="100%", max_width="860px"),
            style={"description_width": "initial"},
        )  # fmt: skip
        self.joiner = chooser("Records of which", [("all of these hold", ALL), ("any of these holds", ANY)])
        self.add_button = button("Add a condition", "One more condition on a field", icon="plus")
        self.note = ipywidgets.Label()
        self._rows = ipywidgets.VBox(layout=ipywidgets.Layout(grid_gap="4px"))
        self.text.observe(lambda _change: self._text_changed(), "value")
        self.joiner.observe(lambda _change: self.rewrite(), "value")
        self.add_button.on_click(lambda _button: self.add())
        self.children = (self.text, self.joiner, self._rows, row(self.add_button, self.note))
        self._read()

    def tree(self) -> Tree | None:
        """Return what the text says, or None for no filter. Raises InputError where it cannot be read."""
        return parse_filter(self.text.value) if self.text.value.strip() else None

    def add(self, path: str = "", operator: str = "=", value: str = "", *, beside: int | None = None) -> None:
        """Add a condition; `beside` names the group that it is an alternative in, else it is a group of its own."""
        added = ConditionRow(self, path, operator, value)
        if beside is None:
            self.groups.append([added])
        else:
            self.groups[beside].append(added)
        self._arrange()
        self.rewrite()

    def remove(self, condition: "ConditionRow") -> None:
        """Take a condition away."""
        self.groups = [left for group in self.groups if (left := [each for each in group if each is not condition])]
        self._arrange()
        self.rewrite()

    def rewrite(self) -> None:
        """Write the text that the conditions make. A value that does not suit its field is said beside the button."""
        if self._busy:
            return
        try:
            groups = [[said for each in group if (said := each.condition())] for group in self.groups]
        except InputError as error:
            self.note.value = error.message
            return
        inner, outer = (any_of, all_of) if self.joiner.value == ALL else (all_of, any_of)
        tree = outer([found for group in groups if (found := inner(group))])
        self.note.value = ""
        text = to_text(tree) if tree else ""
        if text != self.text.value:
            self._busy = True
            self.text.value = text
            self._busy = False
            self._changed()

    def fields(self) -> list[FieldDescribe]:
        """Return the fields that can be filtered by, by label."""
        found = [each for each in self._describe.fields.values() if each.filterable and operators_of(each)]
        return sorted(found, key=lambda each: (each.label.lower(), each.name))

    def field(self, path: str) -> FieldDescribe:
        """Return the field at the end of a path. Raises NotFoundError when there is none."""
        return self._describe.field(path)

    def _text_changed(self) -> None:
        if self._busy:
            return
        self._read()
        self._changed()

    def _read(self) -> None:
        """Show the conditions of the text, if it can be read and has two levels at most."""
        self._busy = True
        try:
            tree = self.tree()
            shape = _shape(tree)
            self.note.value = "" if shape else TOO_DEEP
            joiner, groups = shape or (ALL, [])
            self.joiner.value = joiner
            self.groups = [[ConditionRow(self, *_parts(each)) for each in group] for group in groups]
        except InputError:
            self.groups, shape = [], None
            self.note.value = UNREADABLE
        finally:
            self._busy = False
        self.add_button.disabled = shape is None
        self._arrange()

    def _arrange(self) -> None:
        self.joiner.layout.display = None if len(self.groups) > 1 else "none"
        self._rows.children = tuple(self._group(n, group) for n, group in enumerate(self.groups))

    def _group(self, number: int, group: list["ConditionRow"]) -> ipywidgets.VBox:
        word = JOINED[INNER[self.joiner.value]]
        more = button(word, "An alternative to this condition", icon="plus")
        more.on_click(lambda _button: self.add(beside=number))
        for each in group[:-1]:
            each.end_with(ipywidgets.Label(word))
        group[-1].end_with(more)
        return ipywidgets.VBox(
            tuple(group), layout=ipywidgets.Layout(border_left="3px solid #8886", padding="0 0 0 8px")
        )


class ConditionRow(ipywidgets.HBox):
    """One condition: a field, an operator that suits it, and a value."""

    def __init__(self, builder: FilterBuilder, path: str, operator: str, value: str) -> None:
        super().__init__(layout=ipywidgets.Layout(flex_flow="row wrap", align_items="center", grid_gap="4px 8px"))
        self._builder = builder
        known = [(f"{each.label} ({each.name})", each.name) for each in builder.fields()]
        spelled = next((name for _, name in known if name.lower() == path.lower()), path)
        if spelled and spelled not in {name for _, name in known}:
            known.append((spelled, spelled))  # a way through a relationship, which only the text can name
        self.field = chooser("", [("Choose a field", ""), *known], value=spelled, width="260px")
        self.operator = chooser("", self._operators() or [operator], value=operator, width="140px")
        self.value = ipywidgets.Combobox(value=value, continuous_update=False, layout=ipywidgets.Layout(width="220px"))
        self.hint = ipywidgets.Label()  # no placeholder: any change of the box undoes what is being typed in it
        self.remove_button = button("", "Take this condition away", icon="times")
        for each, words in ((self.field, "Field"), (self.operator, "Operator"), (self.value, "Value")):
            each.tooltip = words
        self.field.observe(lambda _change: self._field_changed(), "value")
        self.operator.observe(lambda _change: self._told(), "value")
        self.value.observe(lambda _change: self._told(), "value")
        self.remove_button.on_click(lambda _button: self._builder.remove(self))
        self.end_with()
        self._suit()

    def condition(self) -> Condition | None:
        """Return the condition, or None while it is not complete. Raises InputError for a value that does not suit."""
        path, operator, given = self.field.value, self.operator.value, self.value.value.strip()
        if not path or not operator or not (given or operator in BARE):
            return None
        values = () if operator in BARE else _values(path, operator, given, self._kind())
        return Condition(path, operator, values)

    def end_with(self, *controls: ipywidgets.Widget) -> None:
        """Put controls behind the condition."""
        self.children = (self.field, self.operator, self.value, self.hint, self.remove_button, *controls)

    def _kind(self) -> str:
        return KINDS.get(self._facts().type, "text") if self.field.value else "text"

    def _facts(self) -> FieldDescribe:
        return self._builder.field(self.field.value)

    def _operators(self) -> list[str]:
        try:
            return list(operators_of(self._facts())) if self.field.value else []
        except InputError:
            return []

    def _field_changed(self) -> None:
        kept = self.operator.value
        operators = self._operators()
        self.operator.options = operators
        self.operator.value = kept if kept in operators else next(iter(operators), None)
        self.value.value = ""
        self._suit()
        self._told()

    def _suit(self) -> None:
        """Offer the values that the field's picklist has, and say what else can be typed."""
        bare = self.operator.value in BARE
        self.value.layout.visibility = "hidden" if bare else "visible"
        if self.field.value and self._operators():
            facts = self._facts()
            self.value.options = ("true", "false") if facts.type == "boolean" else facts.picklist_values
            hint = HINTS.get(self._kind(), "a value")
            self.hint.value = "" if bare else f"{hint}, several with commas" if self.operator.value in LISTED else hint

    def _told(self) -> None:
        self._suit()
        self._builder.rewrite()


def _shape(tree: Tree | None) -> tuple[str, list[list[Condition]]] | None:
    """Return a filter of two levels as its joiner and groups, None for a deeper one."""
    if tree is None:
        return ALL, []
    outer, inner = (ANY, AllOf) if isinstance(tree, AnyOf) else (ALL, AnyOf)
    terms = tree.terms if isinstance(tree, AllOf | AnyOf) else (tree,)
    groups = [list(term.terms) if isinstance(term, inner) else [term] for term in terms]
    plain = [[each for each in group if isinstance(each, Condition)] for group in groups]
    return (outer, plain) if plain == groups else None


def _parts(condition: Condition) -> tuple[str, str, str]:
    return condition.path, condition.operator, _typed(condition.values)


def _typed(values: Iterable[Value]) -> str:
    """Return values as a person types them: texts without quotes, unless one has a comma or a quote in it."""
    texts = [each if isinstance(each, str) else value_text(each) for each in values]
    if len(texts) > 1 and any("," in text or "'" in text for text in texts):
        texts = [value_text(each) for each in values]
    return ", ".join(texts)


def _values(path: str, operator: str, given: str, kind: str) -> tuple[Value, ...]:
    if operator not in LISTED:
        return (given,) if kind in ("text", "id", "choices") else _read(path, "=", given)
    if kind in ("text", "id", "choices") and not given.startswith("'"):
        return tuple(part for each in given.split(",") if (part := each.strip()))
    return _read(path, "in", f"({given})")


def _read(path: str, operator: str, literal: str) -> tuple[Value, ...]:
    """Return the values of a literal that is no text: a number, a date, true or false."""
    found = parse_filter(f"{path} {operator} {literal}")
    if not isinstance(found, Condition):
        raise InputError(f"{literal} is not one value", hint="Add another condition for another value.")
    return found.values
