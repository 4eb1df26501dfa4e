"""The rules that administrators make: validation rules and duplicate rules, by object.

A validation rule refuses a record when its condition is true; a duplicate rule finds other records that agree in some
fields and refuses, or lets a caller who has seen them go on.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from toolkit.demo_org.schema import SObject

DEFAULT_ALERT = "Use one of these records?"


@dataclass(frozen=True)
class ValidationRule:
    """A condition that no saved record may meet. ``field`` is where the message shows; None is the top of the page."""

    sobject: str
    name: str
    formula: str
    message: str
    field: str | None = None
    active: bool = True
    id: str = ""


@dataclass(frozen=True)
class DuplicateRule:
    """Records that agree in all of ``fields`` are duplicates. Blank agrees with nothing; text agrees in any case.

    ``blocks`` says that nobody may save one all the same; otherwise a caller may, who says so.
    """

    sobject: str
    name: str
    fields: tuple[str, ...]
    alert: str = DEFAULT_ALERT
    blocks: bool = False
    on_update: bool = True
    active: bool = True

    @property
    def matching_rule(self) -> str:
        """The name of the rule that says how records are compared."""
        return f"{self.name}_Match"


class Rules:
    """The rules of an org. ``version`` changes with each change, so that what is compiled of them can be kept."""

    def __init__(self, duplicates: Iterable[DuplicateRule] = ()) -> None:
        self._validations: dict[tuple[str, str], ValidationRule] = {}
        self._duplicates = {(each.sobject.lower(), each.name.lower()): each for each in duplicates}
        self.version = 0

    def validations(self, sobject: SObject, *, active_only: bool = True) -> list[ValidationRule]:
        """Return the validation rules of an object, by name."""
        found = (each for (name, _), each in sorted(self._validations.items()) if name == sobject.name.lower())
        return [each for each in found if each.active or not active_only]

    def duplicates(self, sobject: SObject, *, active_only: bool = True) -> list[DuplicateRule]:
        """Return the duplicate rules of an object, by name."""
        found = (each for (name, _), each in sorted(self._duplicates.items()) if name == sobject.name.lower())
        return [each for each in found if each.active or not active_only]

    def set(self, rule: ValidationRule | DuplicateRule) -> None:
        """Put in a rule, in place of one of the same object and name."""
        key = (rule.sobject.lower(), rule.name.lower())
        if isinstance(rule, ValidationRule):
            self._validations[key] = rule
        else:
            self._duplicates[key] = rule
        self.version += 1

    def switch(self, sobject_name: str, name: str, *, active: bool) -> None:
        """Turn a rule of either kind on or off. Raises KeyError when there is none of that name."""
        key = (sobject_name.lower(), name.lower())
        if key in self._validations:
            self.set(replace(self._validations[key], active=active))
        else:
            self.set(replace(self._duplicates[key], active=active))

    def remove(self, sobject_name: str, name: str) -> None:
        """Take a rule of either kind out. Raises KeyError when there is none of that name."""
        key = (sobject_name.lower(), name.lower())
        if self._validations.pop(key, None) is None:
            del self._duplicates[key]
        self.version += 1


def standard_duplicate_rules() -> tuple[DuplicateRule, ...]:
    """Return the duplicate rules an org comes with. They are off until somebody turns them on."""
    return (
        DuplicateRule("Account", "Standard_Account_Duplicate_Rule", ("Name", "BillingCity"), active=False),
        DuplicateRule("Contact", "Standard_Contact_Duplicate_Rule", ("Email",), active=False),
        DuplicateRule("Lead", "Standard_Lead_Duplicate_Rule", ("Email",), active=False),
    )
