"""The controls of a scope: which records of an object take part, and which of them are left out all the same.

They only hold what a person chose; what it means to the org is asked by the scope editor.
"""

from collections.abc import Callable, Sequence

import ipywidgets

from toolkit.config import ObjectMapping, Picklist, Scope
from toolkit.config.objects import Exclusions
from toolkit.errors import InputError
from toolkit.pulling.scope import OPPORTUNITY, identifying_fields
from toolkit.salesforce.describe import ObjectDescribe
from toolkit.salesforce.listviews import ListView
from toolkit.widgets.choices import chooser, switch, text_box
from toolkit.widgets.filter_builder import FilterBuilder
from toolkit.widgets.notebook_widget import row

NOTHING = ""
WON = {None: "won, unless a list view says which", True: "won only", False: "won, lost and open"}


class ScopeForm(ipywidgets.VBox):
    """The scope and the exclusions of `mapping`; calls `changed` after every change."""

    def __init__(
        self,
        mapping: ObjectMapping,
        describe: ObjectDescribe,
        views: Sequence[ListView],
        changed: Callable[[], None],
    ) -> None:
        super().__init__(layout=ipywidgets.Layout(grid_gap="8px"))
        self._mapping = mapping
        self._changed = changed
        scope = mapping.scope
        self.list_view = chooser("List view", _views(views, scope.list_view), value=_view_name(views, scope.list_view))
        self.picklist = PicklistChooser(describe, scope.picklist, changed)
        self.filter = FilterBuilder(describe, scope.filter or "", changed)
        self.of_accounts = switch("Only those of the accounts in scope", value=scope.of_accounts)
        self.won = chooser("Opportunities", [(words, key) for key, words in WON.items()])
        self.won.value = scope.won
        self.persons = switch("Leave out person accounts", value=mapping.exclude.person_accounts)
        self.parents = switch("Leave out accounts that have children", value=mapping.exclude.parents)
        self.longest_name = text_box(
            "Leave out names over", value=str(mapping.exclude.name_over or ""), width="230px", hint="any length"
        )
        for each in (self.list_view, self.of_accounts, self.won, self.persons, self.parents, self.longest_name):
            each.observe(lambda _change: self._changed(), "value")
        self.children = (self.list_view, self.picklist, self.filter, row(*self._switches()))

    def scope(self) -> Scope:
        """Return the scope as it is chosen; what is left to its default is not set. Raises InputError for a fault."""
        self.filter.tree()
        chosen = {
            "list_view": self.list_view.value or None,
            "picklist": self.picklist.chosen(),
            "filter": self.filter.text.value.strip() or None,
            "of_accounts": self.of_accounts.value,
            "won": self.won.value,
        }
        return Scope.model_validate(_said(chosen, Scope(), self._mapping.scope))

    def exclusions(self) -> Exclusions:
        """Return what is left out; what is left to its default is not set. Raises InputError for a fault."""
        typed = self.longest_name.value.strip()
        if typed and not (typed.isdecimal() and int(typed) > 0):
            raise InputError(
                f"Names over {typed!r} characters cannot be left out.", hint="Give a number of characters (CC-15)."
            )
        chosen = {
            "name_over": int(typed) if typed else None,
            "person_accounts": self.persons.value,
            "parents": self.parents.value,
        }
        return Exclusions.model_validate(_said(chosen, Exclusions(), self._mapping.exclude))

    def _switches(self) -> list[ipywidgets.Widget]:
        """Return the switches that make sense for the object."""
        mapping, found = self._mapping, []
        if mapping.account_path is not None:
            found.append(self.of_accounts)
        if mapping.sobject == OPPORTUNITY:
            found.append(self.won)
        if mapping.acts_as == "account":
            found += [self.parents, self.persons] if mapping.sobject == "Account" else [self.parents]
        return [*found, self.longest_name]


class PicklistChooser(ipywidgets.VBox):
    """A picklist field (CC-3), likely ones first, and which of its values are in scope (CC-5, CC-6)."""

    def __init__(self, describe: ObjectDescribe, chosen: Picklist | None, changed: Callable[[], None]) -> None:
        super().__init__()
        self._fields = {each.name: each for each in identifying_fields(describe)}
        self._changed = changed
        self._kept = chosen
        options = [(f"{each.label} ({name})", name) for name, each in self._fields.items()]
        if chosen and chosen.field not in self._fields:
            options.append((chosen.field, chosen.field))
        start = chosen.field if chosen else NOTHING
        self.field = chooser("Picklist", [("any value of any field", NOTHING), *options], value=start)
        self._values = ipywidgets.HBox(layout=ipywidgets.Layout(flex_flow="row wrap", grid_gap="0 16px"))
        self.field.observe(lambda _change: self._field_changed(), "value")
        self.children = (self.field, self._values)
        self._offer()

    @property
    def values(self) -> dict[str, ipywidgets.Checkbox]:
        """The switch of each value of the chosen field."""
        return {each.description: each for each in self._values.children}

    def chosen(self) -> Picklist | None:
        """Return the field with its values. Raises InputError for a field without any."""
        if self.field.value == NOTHING:
            return None
        values = tuple(value for value, each in self.values.items() if each.value)
        if not values:
            raise InputError(
                f"No value of {self.field.value} is chosen.", hint="Choose the values that customers have (CC-5)."
            )
        return Picklist(field=self.field.value, values=values)

    def _field_changed(self) -> None:
        self._offer()
        self._changed()

    def _offer(self) -> None:
        name = self.field.value
        ticked = set(self._kept.values) if self._kept and self._kept.field == name else set()
        known = self._fields[name].picklist_values if name in self._fields else ()
        boxes = [switch(value, value=value in ticked) for value in dict.fromkeys([*known, *sorted(ticked)])]
        for each in boxes:
            each.observe(lambda _change: self._changed(), "value")
        self._values.children = tuple(boxes)


def _said(chosen: dict[str, object], default: Scope | Exclusions, before: Scope | Exclusions) -> dict[str, object]:
    """Return what the mapping file is to say: what is not the default, and what it said before."""
    kept = before.model_fields_set
    return {name: value for name, value in chosen.items() if value != getattr(default, name) or name in kept}


def _views(views: Sequence[ListView], chosen: str | None) -> list[tuple[str, str]]:
    """Return the list views to choose from; one that is chosen and gone is offered as what it is."""
    options = [("all records", NOTHING), *((each.label, _name(views, each)) for each in views)]
    if chosen and _view_name(views, chosen) == chosen and chosen not in {value for _, value in options}:
        options.append((f"{chosen} (no longer in Salesforce)", chosen))
    return options


def _view_name(views: Sequence[ListView], chosen: str | None) -> str:
    wanted = (chosen or NOTHING).lower()
    known = (each for each in views if wanted in (each.label.lower(), each.developer_name.lower(), each.id.lower()))
    found = next(known, None)
    return _name(views, found) if found else chosen or NOTHING


def _name(views: Sequence[ListView], view: ListView) -> str:
    """Return the label, by which a person knows a view, unless another one has it as well."""
    labels = [each.label.lower() for each in views]
    return view.label if labels.count(view.label.lower()) == 1 else view.developer_name
