"""Changing what the org is while it runs: custom fields and objects, validation and duplicate rules.

Each change is checked, done, and noted, so that the next run of the same file does it again. A new field that can be
closed to users is closed to all of them until a FieldPermissions row opens it, and a new object likewise.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from toolkit.demo_org.clock import Clock
from toolkit.demo_org.completion import compile_for
from toolkit.demo_org.custom_fields import Definition, components_of, definition_of, field_from, wrong
from toolkit.demo_org.database import Database
from toolkit.demo_org.definitions import write_definitions
from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.formula import FormulaError
from toolkit.demo_org.history import HISTORY, keep_history
from toolkit.demo_org.ids import make_id
from toolkit.demo_org.objects.custom_object import custom_object
from toolkit.demo_org.objects.person_account import person_mirror
from toolkit.demo_org.recalculation import recalculate
from toolkit.demo_org.rules import DuplicateRule, Rules, ValidationRule
from toolkit.demo_org.schema import ChildRelationship, Field, Schema, SObject

FIELD_PREFIX, OBJECT_PREFIX, RULE_PREFIX = "00N", "01I", "03d"
_KEPT = "metadata_log"
_ACTIVITIES = ("Task", "Event")


@dataclass(frozen=True)
class CustomField:
    """A custom field as the Tooling API lists it: ``sobject`` is Activity for one that tasks and events share."""

    id: str
    sobject: str
    field: Field

    @property
    def full_name(self) -> str:
        """Object and field, as ``Account.Health__c``."""
        return f"{self.sobject}.{self.field.name}"

    @property
    def metadata(self) -> dict[str, object]:
        """The definition, as reading it back gives it."""
        return definition_of(self.field)


class Metadata:
    """The metadata of one org. Every method raises Refusal for a change that cannot be.

    ``on_change`` is called after each change.
    """

    def __init__(self, database: Database, schema: Schema, rules: Rules, clock: Clock) -> None:
        self._database = database
        self._schema = schema
        self._rules = rules
        self._clock = clock
        self._ids: dict[str, str] = {}
        self._last_id = 0
        self._restoring = False
        self.on_change: Callable[[], None] = lambda: None
        self._number_fields()

    # --- custom fields

    def create_field(self, full_name: str, metadata: Definition) -> str:
        """Make a custom field (``Account.Health__c``; ``Activity.X__c`` for tasks and events) and return its id.

        Raises DUPLICATE_DEVELOPER_NAME for a name that is taken, FIELD_INTEGRITY_EXCEPTION for a bad definition.
        """
        for sobject, name in self._homes(full_name):
            if sobject.field(name) is not None:
                developer_name = name.removesuffix("__c")
                message = f"There is already a field named {developer_name} on {sobject.label}."
                raise Refusal(400, "DUPLICATE_DEVELOPER_NAME", message, ("DeveloperName",))
        for sobject, name in self._homes(full_name):
            field = field_from(self._schema, sobject, name, metadata)
            for each in (*components_of(field, metadata), field):
                self._put_field(self._sobject(sobject.name), each, metadata)
        made = self._id_of(full_name)
        self._changed("create_field", full_name, dict(metadata))
        return made

    def change_field(self, id_or_name: str, metadata: Definition) -> None:
        """Give a custom field another definition; its values are kept where they fit. Raises NOT_FOUND."""
        known = self.field(id_or_name)
        if known is None:
            raise _not_found()
        for sobject, name in self._homes(known.full_name):
            definition = {**known.metadata, **metadata}
            field = field_from(self._schema, sobject, name, definition)
            before = sobject.field(name)
            if before is not None and _column_kind(before) != _column_kind(field):
                raise wrong(f"A field of type {before.type} cannot become one of type {field.type}", "Metadata")
            for each in (*components_of(field, definition), field):
                self._put_field(self._sobject(sobject.name), each, metadata)
        self._changed("change_field", known.full_name, dict(metadata))

    def delete_field(self, id_or_name: str) -> None:
        """Delete a field with its values and its permissions. Raises NOT_FOUND when there is no such field."""
        known = self.field(id_or_name)
        full_name = id_or_name if known is None else known.full_name
        home = full_name.partition(".")[0].lower()
        if home != "activity" and self._schema.get(home) is None:
            raise _not_found()
        found = [(sobject, field) for sobject, name in self._homes(full_name) if (field := sobject.field(name))]
        if not found:
            raise _not_found()
        for sobject, field in found:
            parts = [each for each in sobject.fields if each.compound_field_name == field.name and each is not field]
            for each in (field, *parts):
                self._drop_field(self._sobject(sobject.name), each)
        self._ids.pop(full_name.lower(), None)
        self._changed("delete_field", full_name)

    def field(self, id_or_name: str) -> CustomField | None:
        """Return a custom field by its id (of either length) or its full name, or None."""
        wanted = id_or_name.lower()
        for each in self.fields():
            if id_or_name in (each.id, each.id[:15]) or each.full_name.lower() == wanted:
                return each
        return None

    def fields(self) -> list[CustomField]:
        """Return all custom fields; those that tasks and events share once."""
        found: dict[str, CustomField] = {}
        for sobject in self._schema:
            for field in sobject.fields:
                if field.custom and field.name.endswith("__c"):
                    home = "Activity" if sobject.name in _ACTIVITIES else sobject.name
                    name = f"{home}.{field.name}"
                    found.setdefault(name, CustomField(self._id_of(name), home, field))
        return list(found.values())

    # --- custom objects

    def create_object(self, full_name: str, metadata: Definition) -> str:
        """Make a custom object (``Project__c``) from its label, pluralLabel and nameField, and return its id."""
        if self._schema.get(full_name) is not None:
            message = f"There is already an object named {full_name.removesuffix('__c')}."
            raise Refusal(400, "DUPLICATE_DEVELOPER_NAME", message, ("DeveloperName",))
        taken = {each.key_prefix for each in self._schema}
        self._schema.replace(custom_object(full_name, metadata, taken))
        made = self._id_of(full_name, OBJECT_PREFIX)
        self._changed("create_object", full_name, dict(metadata))
        return made

    def delete_object(self, full_name: str) -> None:
        """Delete a custom object with its records. Raises NOT_FOUND, and DELETE_FAILED while a field refers to it."""
        sobject = self._schema.get(full_name)
        if sobject is None or not sobject.custom:
            raise _not_found()
        for other in self._schema:
            for field in other.fields:
                if other is not sobject and sobject.name in field.reference_to:
                    text = f"{sobject.label} is referenced by {other.name}.{field.name}"
                    raise Refusal(400, "DELETE_FAILED", text, ())
        self._schema.remove(sobject.name)
        for other in list(self._schema):
            kept = tuple(each for each in other.child_relationships if each.child != sobject.name)
            if len(kept) < len(other.child_relationships):
                self._schema.replace(replace(other, child_relationships=kept))
        if not self._restoring:
            with self._database.writing() as connection:
                for name in ("FieldPermissions", "ObjectPermissions"):
                    connection.execute(f'DELETE FROM "{name}" WHERE SobjectType = ?', (sobject.name,))
                connection.execute(f'DROP TABLE "{sobject.name}"')
        self._changed("delete_object", full_name)

    # --- rules

    def add_validation_rule(
        self,
        sobject_name: str,
        name: str,
        formula: str,
        message: str,
        field: str | None = None,
        active: bool = True,
    ) -> str:
        """Add a validation rule, or replace the one of this name, and return its id.

        A record is refused when the formula is true, with `message`, at `field` or at the top of the page. Raises
        FIELD_INTEGRITY_EXCEPTION for a formula that cannot be saved.
        """
        sobject = self._sobject(sobject_name)
        try:
            compile_for(self._schema, sobject, formula)
        except FormulaError as problem:
            raise wrong(str(problem), "Metadata") from None
        shown = None if field is None else sobject.field(field)
        if field is not None and shown is None:
            raise wrong(f"errorDisplayField: no field {field} on {sobject.name}", "Metadata")
        made = self._id_of(f"{sobject.name}.{name}!", RULE_PREFIX)
        place = None if shown is None else shown.name
        self._rules.set(ValidationRule(sobject.name, name, formula, message, place, active, made))
        self._changed("add_validation_rule", sobject_name, name, formula, message, field, active)
        return made

    def add_duplicate_rule(self, rule: DuplicateRule) -> None:
        """Add a duplicate rule, or replace the one of its name."""
        sobject = self._sobject(rule.sobject)
        for name in rule.fields:
            if sobject.field(name) is None:
                raise wrong(f"No field {name} on {sobject.name}", "Metadata")
        self._rules.set(replace(rule, sobject=sobject.name, fields=tuple(rule.fields)))
        self._changed("add_duplicate_rule", asdict(rule))

    def switch_rule(self, sobject_name: str, name: str, active: bool) -> None:
        """Turn a validation or duplicate rule on or off. Raises NOT_FOUND."""
        try:
            self._rules.switch(sobject_name, name, active=active)
        except KeyError:
            raise _not_found() from None
        self._changed("switch_rule", sobject_name, name, active)

    def remove_rule(self, sobject_name: str, name: str) -> None:
        """Take a validation or duplicate rule out. Raises NOT_FOUND."""
        try:
            self._rules.remove(sobject_name, name)
        except KeyError:
            raise _not_found() from None
        self._changed("remove_rule", sobject_name, name)

    def validation_rules(self) -> list[ValidationRule]:
        """Return all validation rules, those that are off too."""
        return [rule for each in self._schema for rule in self._rules.validations(each, active_only=False)]

    # --- keeping

    def restore(self) -> None:
        """Do again what was changed in earlier runs of the same file."""
        log = json.loads(self._database.fact(_KEPT) or "[]")
        self._restoring = True
        try:
            for name, *details in log:
                if name == "add_duplicate_rule":
                    self.add_duplicate_rule(DuplicateRule(**{**details[0], "fields": tuple(details[0]["fields"])}))
                else:
                    getattr(self, name)(*details)
        finally:
            self._restoring = False
        if log:
            self._settle()

    def _changed(self, name: str, *details: Any) -> None:
        if self._restoring:
            return
        log = json.loads(self._database.fact(_KEPT) or "[]")
        self._database.keep_fact(_KEPT, json.dumps([*log, [name, *details]]))
        self._settle()

    def _settle(self) -> None:
        self._database.prepare(self._schema)
        keep_history(self._database, self._schema)
        write_definitions(self._database, self._schema)
        self.on_change()

    # --- helpers

    def _homes(self, full_name: str) -> list[tuple[SObject, str]]:
        """Return the objects a field belongs on, as they are now, with its name there."""
        home, _, name = full_name.partition(".")
        names = _ACTIVITIES if home.lower() == "activity" else (home,)
        return [(self._sobject(each), name) for each in names]

    def _sobject(self, name: str) -> SObject:
        sobject = self._schema.get(name)
        if sobject is None:
            raise wrong(f"Unknown object: {name}", "FullName")
        return sobject

    def _put_field(self, sobject: SObject, field: Field, metadata: Mapping[str, Any]) -> None:
        others = sobject.fields
        places = [place for place, each in enumerate(others) if each.name.lower() == field.name.lower()]
        fields = (*others[: places[0]], field, *others[places[0] + 1 :]) if places else (*others, field)
        self._schema.replace(replace(sobject, fields=fields))
        if field.reference_to and not places:
            self._add_child(sobject, field, metadata)
        account = self._schema.get("Account")
        if sobject.name == "Contact" and account is not None and account.field("IsPersonAccount"):
            self._put_field(account, person_mirror(field), {})
        if not self._restoring:
            self._database.prepare(self._schema)
            changed = self._sobject(sobject.name)
            if field.formula is not None:
                recalculate(self._database, self._schema, changed, [field.name], self._clock.stamp())

    def _add_child(self, sobject: SObject, field: Field, metadata: Mapping[str, Any]) -> None:
        parent = self._sobject(field.reference_to[0])
        given = metadata.get("relationshipName")
        child = ChildRelationship(
            sobject.name, field.name, f"{given}__r" if given else None, cascade_delete=field.cascade_delete
        )
        self._schema.replace(replace(parent, child_relationships=(*parent.child_relationships, child)))

    def _drop_field(self, sobject: SObject, field: Field) -> None:
        self._schema.replace(replace(sobject, fields=tuple(each for each in sobject.fields if each is not field)))
        for parent_name in field.reference_to:
            parent = self._schema.get(parent_name)
            if parent is not None:
                kept = tuple(
                    each
                    for each in parent.child_relationships
                    if (each.child, each.field) != (sobject.name, field.name)
                )
                self._schema.replace(replace(parent, child_relationships=kept))
        if self._restoring:
            return
        with self._database.writing() as connection:
            connection.execute("DELETE FROM FieldPermissions WHERE Field = ?", (f"{sobject.name}.{field.name}",))
            if not field.stored:
                return
            connection.execute(f'DROP TRIGGER IF EXISTS temp."{HISTORY}_{sobject.name}_{field.name}"')
            connection.execute(f'DROP INDEX IF EXISTS "{sobject.name}_{field.name}"')
            connection.execute(f'ALTER TABLE "{sobject.name}" DROP COLUMN "{field.name}"')

    def _number_fields(self) -> None:
        for each in self._schema:
            for field in each.fields:
                if field.custom:
                    self._id_of(f"{'Activity' if each.name in _ACTIVITIES else each.name}.{field.name}")

    def _id_of(self, name: str, prefix: str = FIELD_PREFIX) -> str:
        key = name.lower()
        if key not in self._ids:
            self._last_id += 1
            self._ids[key] = make_id(prefix, self._last_id)
        return self._ids[key]


def _column_kind(field: Field) -> str:
    if field.type in ("double", "currency", "percent"):
        return "number"
    if field.type in ("boolean", "date", "datetime", "reference", "int"):
        return field.type
    return "text"


def _not_found() -> Refusal:
    return Refusal(404, "NOT_FOUND", "The requested resource does not exist")
