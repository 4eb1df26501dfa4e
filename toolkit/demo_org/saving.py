"""Saving many rows at once: each is converted by its plan, checked against the records there are, and written.

Rows with the same columns share a plan and a prepared statement. What can be looked up for all rows together (parents,
unique values) is looked up once.
"""

import itertools
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from toolkit.demo_org.access import Access
from toolkit.demo_org.automation import Rule, Saving, rule_for
from toolkit.demo_org.database import Database
from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.ids import make_id
from toolkit.demo_org.lookups import existing, find_ids
from toolkit.demo_org.schema import Field, Schema, SObject
from toolkit.demo_org.validation import Converted, ParentKey, Plan, Stored, default_value, make_plan

_HIERARCHIES = frozenset({"ParentId", "ReportsToId", "ManagerId"})
_MOST_PLANS = 1000
_CREATED = ("Id", "CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById", "SystemModstamp")
_MODIFIED = ("LastModifiedDate", "LastModifiedById", "SystemModstamp")


@dataclass(slots=True)
class Pending:
    """A row on its way: what was given, the record it is for (None makes a new one), and why it is refused, if so."""

    row: Mapping[str, object]
    target: str | None
    refusals: list[Refusal] = field(default_factory=list)
    creating: bool = False
    plan: Plan | None = None
    values: list[Converted] = field(default_factory=list)


class Saver:
    """Writes rows; it keeps the plans it has made for the next call."""

    def __init__(self, database: Database, schema: Schema) -> None:
        self._database = database
        self._schema = schema
        self._plans: dict[tuple[object, ...], Plan] = {}

    def save(self, sobject: SObject, rows: Sequence[Pending], access: Access, at: str, *, text: bool) -> None:
        """Save the rows that are not refused yet; note the id, or the refusals, on each. Call it inside `writing`."""
        self._convert(sobject, rows, access, text)
        kept = [each for each in rows if not each.refusals]
        self._resolve_parents(kept)
        self._check_references(sobject, kept)
        kept = [each for each in kept if not each.refusals]
        self._number(sobject, kept)
        self._check_unique(sobject, kept)
        kept = [each for each in kept if not each.refusals]
        rule = rule_for(sobject.name)
        if rule is None:
            self._write_groups(sobject, kept, access, at)
        else:
            for each in kept:
                self._write_one(sobject, each, rule, access, at)
        saved = [each for each in kept if not each.refusals]
        for kind, creating in (("create", True), ("update", False)):
            ids = [each.target for each in saved if each.creating is creating and each.target is not None]
            self._database.log_changes(sobject.name, kind, ids, at, access.user_id)

    def _convert(self, sobject: SObject, rows: Iterable[Pending], access: Access, text: bool) -> None:
        for each in rows:
            if each.refusals:
                continue
            each.creating = each.target is None
            plan = self._plan(sobject, tuple(each.row), access, each.creating, text)
            if plan.problems:
                each.refusals.extend(plan.problems)
                continue
            each.plan = plan
            each.values, refusals = plan.convert(each.row)
            if refusals:
                each.refusals.extend(refusals)

    def _plan(self, sobject: SObject, names: tuple[str, ...], access: Access, creating: bool, text: bool) -> Plan:
        key = (sobject.name, names, creating, text, access.user_id, access.version)
        plan = self._plans.get(key)
        if plan is None or plan.sobject is not sobject:
            if len(self._plans) >= _MOST_PLANS:
                self._plans.clear()
            plan = make_plan(self._schema, sobject, names, access, creating=creating, text=text)
            self._plans[key] = plan
        return plan

    def _resolve_parents(self, rows: Sequence[Pending]) -> None:
        found: dict[tuple[str, str, str], list[str]] = {}
        for each in rows:
            if each.plan is None or not each.plan.names_parents:
                continue
            for place, value in enumerate(each.values):
                if not isinstance(value, ParentKey):
                    continue
                key = (value.sobject.name, value.field.name, value.value.lower())
                if key not in found:
                    matches = find_ids(self._database.connection, value.sobject, value.field, [value.value])
                    found[key] = matches.get(key[2], [])
                if len(found[key]) == 1:
                    each.values[place] = found[key][0]
                else:
                    each.refusals.append(_no_parent(value, found[key]))

    def _check_references(self, sobject: SObject, rows: Sequence[Pending]) -> None:
        references = [
            (each, reference, str(each.values[place]))
            for each in rows
            if each.plan is not None and each.plan.references and not each.refusals
            for place, reference in each.plan.references
            if each.values[place] is not None
        ]
        if not references:
            return
        wanted: dict[str, set[str]] = {}
        for _, _, record_id in references:
            wanted.setdefault(record_id[:3], set()).add(record_id)
        alive: set[str] = set()
        kinds: dict[str, str] = {}
        for prefix, record_ids in wanted.items():
            target = self._schema.by_prefix(prefix)
            if target is not None:
                kinds[prefix] = target.name
                known = existing(self._database.connection, target, record_ids)
                alive.update(record_id for record_id, deleted in known.items() if not deleted)
        for each, reference, record_id in references:
            if kinds.get(record_id[:3]) not in reference.reference_to:
                message = f"{reference.label}: id value of incorrect type: {record_id}"
                each.refusals.append(Refusal(400, "FIELD_INTEGRITY_EXCEPTION", message, (reference.name,)))
            elif record_id not in alive:
                each.refusals.append(Refusal(400, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", ()))
            elif (
                reference.name in _HIERARCHIES
                and not each.creating
                and self._is_above(sobject, reference, each, record_id)
            ):
                message = f"{reference.label}: a record cannot be above itself"
                each.refusals.append(Refusal(400, "CIRCULAR_DEPENDENCY", message, (reference.name,)))

    def _is_above(self, sobject: SObject, reference: Field, row: Pending, record_id: str) -> bool:
        above: str | None = record_id
        statement = f'SELECT "{reference.name}" FROM "{sobject.name}" WHERE Id = ?'
        seen: set[str] = set()
        while above is not None and above not in seen:
            if above == row.target:
                return True
            seen.add(above)
            found = self._database.connection.execute(statement, (above,)).fetchone()
            above = found[0] if found else None
        return False

    def _check_unique(self, sobject: SObject, rows: Sequence[Pending]) -> None:
        for unique in (each for each in sobject.fields if each.unique):
            given = [
                (each, str(each.values[place]))
                for each in rows
                if each.plan is not None and each.plan.uniques
                for place, named in each.plan.uniques
                if named.name == unique.name and each.values[place] is not None
            ]
            if not given:
                continue
            taken = find_ids(self._database.connection, sobject, unique, [value for _, value in given])
            holders: dict[str, Pending] = {}
            for each, value in given:
                others = [record_id for record_id in taken.get(value.lower(), []) if record_id != each.target]
                earlier = holders.setdefault(value.lower(), each)
                if others:
                    each.refusals.append(_duplicate(unique, others[0][:15]))
                elif earlier.target != each.target:
                    each.refusals.append(_duplicate(unique, str(earlier.target)[:15]))

    def _number(self, sobject: SObject, rows: Sequence[Pending]) -> None:
        new = [each for each in rows if each.creating]
        for each, number in zip(new, self._database.next_numbers(sobject, len(new)), strict=True):
            each.target = make_id(sobject.key_prefix, number)

    def _write_groups(self, sobject: SObject, rows: Sequence[Pending], access: Access, at: str) -> None:
        user_id = access.user_id
        for (creating, _), group in itertools.groupby(rows, key=lambda each: (each.creating, id(each.plan))):
            same = list(group)
            plan = same[0].plan
            assert plan is not None
            names = [column.field.name for column in plan.columns]
            if creating:
                given, constants = _defaults(sobject, names, user_id)
                tail = [at, user_id, at, user_id, at]
                self._database.connection.executemany(
                    _insert(sobject, (*names, *given, *_CREATED)),
                    [[*each.values, *constants, each.target, *tail] for each in same],
                )
            else:
                tail = [at, user_id, at]
                self._database.connection.executemany(
                    _update(sobject, (*names, *_MODIFIED)), [[*each.values, *tail, each.target] for each in same]
                )

    def _write_one(self, sobject: SObject, row: Pending, rule: Rule, access: Access, at: str) -> None:
        plan = row.plan
        assert plan is not None
        names = [column.field.name for column in plan.columns]
        given: dict[str, Stored] = dict(zip(names, _stored(row.values), strict=True))
        stamps: dict[str, Stored] = {"LastModifiedDate": at, "LastModifiedById": access.user_id, "SystemModstamp": at}
        if row.creating:
            defaults = dict(zip(*_defaults(sobject, names, access.user_id), strict=True))
            before: dict[str, Stored] = {**defaults, "Id": row.target}
            stamps |= {"CreatedDate": at, "CreatedById": access.user_id}
        else:
            before = self._current(sobject, row.target)
        changed = frozenset(name for name in given if row.creating is False or given[name] is not None)
        saving = Saving({**before, **given}, changed, row.creating, at, access.user_id, self._account_of)
        try:
            derived = rule(saving)
        except Refusal as refusal:
            row.refusals.append(refusal)
            return
        values = {**(before if row.creating else {}), **given, **derived, **stamps}
        if row.creating:
            self._database.connection.execute(_insert(sobject, tuple(values)), list(values.values()))
        else:
            self._database.connection.execute(_update(sobject, tuple(values)), [*values.values(), row.target])

    def _current(self, sobject: SObject, record_id: str | None) -> dict[str, Stored]:
        cursor: sqlite3.Cursor = self._database.connection.execute(
            f'SELECT * FROM "{sobject.name}" WHERE Id = ?', (record_id,)
        )
        row = cursor.fetchone()
        return dict(zip((column[0] for column in cursor.description), row, strict=True))

    def _account_of(self, record_id: str) -> str | None:
        sobject = self._schema.by_prefix(record_id)
        if sobject is None:
            return None
        if sobject.name == "Account":
            return record_id
        if sobject.field("AccountId") is None:
            return None
        found = self._database.connection.execute(
            f'SELECT AccountId FROM "{sobject.name}" WHERE Id = ?', (record_id,)
        ).fetchone()
        return found[0] if found else None


def _defaults(sobject: SObject, names: Sequence[str], user_id: str) -> tuple[list[str], list[Stored]]:
    """Return the fields a new record gets a value in without being given one, and the values."""
    defaults: dict[str, Stored] = {
        each.name: default_value(each, user_id)
        for each in sobject.fields
        if each.stored and each.name not in names and default_value(each, user_id) is not None
    }
    return list(defaults), list(defaults.values())


def _insert(sobject: SObject, names: Sequence[str]) -> str:
    columns = ", ".join(f'"{name}"' for name in names)
    return f'INSERT INTO "{sobject.name}" ({columns}) VALUES ({", ".join("?" * len(names))})'


def _update(sobject: SObject, names: Sequence[str]) -> str:
    assignments = ", ".join(f'"{name}" = ?' for name in names)
    return f'UPDATE "{sobject.name}" SET {assignments} WHERE Id = ?'


def _stored(values: Iterable[Converted]) -> list[Stored]:
    return [value for value in values if not isinstance(value, ParentKey)]


def _no_parent(key: ParentKey, found: Sequence[str]) -> Refusal:
    wrong = "is not unique" if found else "not found"
    message = f"Foreign key external ID: {key.value} {wrong} for field {key.field.name} in entity {key.sobject.name}"
    return Refusal(400, "INVALID_FIELD", message, ())


def _duplicate(unique: Field, id15: str) -> Refusal:
    message = f"duplicate value found: {unique.name} duplicates value on record with id: {id15}"
    return Refusal(400, "DUPLICATE_VALUE", message, ())
