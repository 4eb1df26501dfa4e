"""What happens to a record between conversion and writing: derived fields, formulas, and the rules it has to meet.

A `Completion` is made once for an object and its rules; where it has nothing to do, rows are written as they are.
"""

import dataclasses
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from toolkit.demo_org.automation import Rule, Saving, rule_for
from toolkit.demo_org.duplicates import check_duplicates
from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.formula import Formula, FormulaError, Value, compile_formula, from_stored, to_stored
from toolkit.demo_org.permissions import RIGHTS_ROWS, check_rights_row
from toolkit.demo_org.picklists import check_dependent, check_record_type, controlled_fields
from toolkit.demo_org.rules import DuplicateRule, Rules, ValidationRule
from toolkit.demo_org.schema import MASTER_RECORD_TYPE_ID, Field, Schema, SObject
from toolkit.demo_org.validation import Stored

_GLOBALS = {"$user": "User", "$profile": "Profile"}


def find_field(schema: Schema, sobject: SObject, path: tuple[str, ...]) -> Field | None:
    """Return the field that a path in a formula leads to, or None. ``$User`` starts at the user who saves."""
    *relationships, name = path
    current: SObject | None = sobject
    if relationships and relationships[0].startswith("$"):
        current = schema.get(_GLOBALS.get(relationships.pop(0).lower(), ""))
    for each in relationships:
        reference = None if current is None else current.relationship(each)
        if reference is None or reference.polymorphic:
            return None
        current = schema.get(reference.reference_to[0])
    field = None if current is None else current.field(name)
    return field if field is not None and field.stored else None


def compile_for(schema: Schema, sobject: SObject, text: str, *, blank_as_zero: bool = False) -> Formula:
    """Return a formula about records of an object. Raises FormulaError."""
    return compile_formula(text, lambda path: find_field(schema, sobject, path), blank_as_zero=blank_as_zero)


@dataclass(frozen=True)
class Completion:
    """What saving a record of an object takes beyond writing it."""

    sobject: SObject
    rule: Rule | None
    defaults: tuple[tuple[Field, Formula], ...]
    formulas: tuple[tuple[Field, Formula], ...]
    dependents: tuple[tuple[Field, Field], ...]
    validations: tuple[tuple[ValidationRule, Formula], ...]
    duplicates: tuple[DuplicateRule, ...]

    @property
    def is_plain(self) -> bool:
        """Whether there is nothing to do, so that rows can be written as they are."""
        return not (
            self.rule
            or self.defaults
            or self.formulas
            or self.dependents
            or self.validations
            or self.duplicates
            or self.sobject.record_types
            or self.sobject.unique_together
        )

    def complete(
        self, draft: "Draft", connection: sqlite3.Connection, *, allow_duplicates: bool
    ) -> tuple[dict[str, Stored], list[Refusal]]:
        """Return the fields the org fills in, and the reasons to refuse the record as it then is."""
        derived: dict[str, Stored] = {}
        draft.record.update(self._defaulted(draft, derived))
        if self.rule is not None:
            try:
                derived |= self.rule(draft.saving())
            except Refusal as refusal:
                return derived, [refusal]
            draft.record.update(derived)
        for field, formula in self.formulas:
            derived[field.name] = draft.record[field.name] = to_stored(field, formula.value(draft))
        return derived, self._refusals(draft, connection, allow_duplicates)

    def _defaulted(self, draft: "Draft", derived: dict[str, Stored]) -> dict[str, Stored]:
        if not draft.is_new:
            return {}
        for field, formula in self.defaults:
            if draft.record.get(field.name) is None or field.name not in draft.changed:
                derived[field.name] = to_stored(field, formula.value(draft))
        standard = next((each for each in self.sobject.record_types if each.default), None)
        if standard is not None and draft.record.get("RecordTypeId") is None:
            derived["RecordTypeId"] = standard.id
        return derived

    def _refusals(self, draft: "Draft", connection: sqlite3.Connection, allow_duplicates: bool) -> list[Refusal]:
        refusals = [
            refusal
            for field, controller in self.dependents
            if draft.sets(field.name, controller.name)
            and (refusal := check_dependent(field, controller, draft.record)) is not None
        ]
        refusals += self._of_record_type(draft)
        refusals += [
            Refusal(400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", rule.message, (rule.field,) if rule.field else ())
            for rule, formula in self.validations
            if formula.holds(draft)
        ]
        if self.sobject.name in RIGHTS_ROWS:
            refusal = check_rights_row(draft.schema, self.sobject, draft.record)
            refusals += [] if refusal is None else [refusal]
        if self.sobject.unique_together and draft.sets(*self.sobject.unique_together):
            refusals += self._twins(draft, connection)
        if refusals:
            return refusals
        for rule in self.duplicates:
            if draft.is_new or (rule.on_update and draft.sets(*rule.fields)):
                found = check_duplicates(connection, self.sobject, rule, draft.record, allow_duplicates)
                if found is not None:
                    return [found]
        return []

    def _twins(self, draft: "Draft", connection: sqlite3.Connection) -> list[Refusal]:
        names = self.sobject.unique_together
        terms = " AND ".join(f'"{name}" = ?' for name in names)
        present = " AND IsDeleted = 0" if self.sobject.has_bin else ""
        statement = f'SELECT Id FROM "{self.sobject.name}" WHERE {terms}{present} AND Id != ?'
        values = [draft.record.get(name) for name in (*names, "Id")]
        found = connection.execute(statement, values).fetchone()
        key = (self.sobject.name, *map(str, values[:-1]))
        earlier = draft.made.setdefault(key, str(values[-1]))
        if found is None and earlier == values[-1]:
            return []
        twin = earlier if found is None else str(found[0])
        message = f"duplicate value found: {names[-1]} duplicates value on record with id: {twin[:15]}"
        return [Refusal(400, "DUPLICATE_VALUE", message, ())]

    def _of_record_type(self, draft: "Draft") -> list[Refusal]:
        given = draft.record.get("RecordTypeId")
        if not self.sobject.record_types or given is None or given == MASTER_RECORD_TYPE_ID:
            return []
        record_type = self.sobject.record_type(str(given))
        if record_type is None:
            message = f"Record Type ID: this ID value isn't valid for the user: {given}"
            return [Refusal(400, "INVALID_CROSS_REFERENCE_KEY", message, ("RecordTypeId",))]
        return check_record_type(self.sobject, record_type, draft.record, draft.changed)


def make_completion(schema: Schema, sobject: SObject, rules: Rules) -> Completion:
    """Return what saving a record of an object takes. A rule whose formula no longer compiles is left out."""
    formulas = (
        (field, _compiled(schema, sobject, field.formula, blank_as_zero=True))
        for field in sobject.fields
        if field.formula is not None and field.stored
    )
    defaults = (
        (field, _compiled(schema, sobject, field.default_formula))
        for field in sobject.fields
        if field.default_formula is not None
    )
    validations = ((rule, _compiled(schema, sobject, rule.formula)) for rule in rules.validations(sobject))
    return Completion(
        sobject,
        rule_for(sobject),
        tuple((field, formula) for field, formula in defaults if formula is not None),
        tuple((field, formula) for field, formula in formulas if formula is not None),
        tuple(controlled_fields(sobject)),
        tuple((rule, formula) for rule, formula in validations if formula is not None),
        tuple(rules.duplicates(sobject)),
    )


def _compiled(schema: Schema, sobject: SObject, text: str, *, blank_as_zero: bool = False) -> Formula | None:
    try:
        return compile_for(schema, sobject, text, blank_as_zero=blank_as_zero)
    except FormulaError:
        return None


Lookup = Callable[[str], Mapping[str, Stored]]
"""How a draft reads another record: all its stored values by its id, nothing when there is none."""


@dataclass
class Draft:
    """A record about to be saved: as it was (``before``), as it will be (``record``), and what was ``changed``.

    It is also the scope that formulas are evaluated in. ``made`` is shared by the drafts of one call: which of them is
    the first with some values that no two records may agree in.
    """

    sobject: SObject
    schema: Schema
    record: dict[str, Stored]
    before: Mapping[str, Stored]
    changed: frozenset[str]
    is_new: bool
    at: str
    user_id: str
    look_up: Lookup
    account_of: Callable[[str], str | None]
    made: dict[tuple[str, ...], str] = dataclasses.field(default_factory=dict)

    @property
    def now(self) -> datetime:
        """The org's present moment."""
        return datetime.fromisoformat(self.at)

    def sets(self, *names: str) -> bool:
        """Return whether the record is new or one of these fields was set."""
        return self.is_new or not self.changed.isdisjoint(names)

    def saving(self) -> Saving:
        """Return the record as automation sees it."""
        return Saving(
            self.record,
            self.changed,
            self.is_new,
            self.at,
            self.user_id,
            self.account_of,
            before=self.before,
            look_up=self.look_up,
            sobject=self.sobject,
        )

    def value(self, path: tuple[str, ...]) -> Value:
        """Return a field of the record as it will be, or of one of its parents."""
        return self._value(path, self.record)

    def prior(self, path: tuple[str, ...]) -> Value:
        """Return a field of the record as it was."""
        return self._value(path, self.before)

    def _value(self, path: tuple[str, ...], record: Mapping[str, Stored]) -> Value:
        *relationships, name = path
        sobject: SObject | None = self.sobject
        if relationships and relationships[0].startswith("$"):
            sobject = self.schema.get(_GLOBALS[relationships[0].lower()])
            record = self._global(relationships.pop(0).lower())
        for each in relationships:
            reference = None if sobject is None else sobject.relationship(each)
            parent = None if reference is None else record.get(reference.name)
            if reference is None or parent is None:
                return None
            sobject = self.schema.get(reference.reference_to[0])
            record = self.look_up(str(parent))
        field = None if sobject is None else sobject.field(name)
        return None if field is None else from_stored(field, record.get(field.name))

    def _global(self, name: str) -> Mapping[str, Stored]:
        user = self.look_up(self.user_id)
        return self.look_up(str(user.get("ProfileId"))) if name == "$profile" else user
