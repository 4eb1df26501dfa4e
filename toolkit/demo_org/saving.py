"""Saving many rows at once: each is converted by its plan, completed, checked against the records, and written.

Rows with the same columns share a plan and a prepared statement. What can be looked up for all rows together (parents,
unique values) is looked up once.
"""

import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from toolkit.demo_org.access import Access
from toolkit.demo_org.completion import Completion, Draft, Lookup, make_completion
from toolkit.demo_org.consequences import Followed, Org, follow, has_consequences
from toolkit.demo_org.database import Database
from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.ids import make_id
from toolkit.demo_org.lookups import existing, find_ids, records_of
from toolkit.demo_org.rules import Rules
from toolkit.demo_org.schema import Field, Schema, SObject
from toolkit.demo_org.statements import defaults, insert_sql, stamps, update_sql
from toolkit.demo_org.validation import Converted, ParentKey, Plan, Stored, make_plan

_HIERARCHIES = frozenset({"ParentId", "ReportsToId", "ManagerId", "ParentRoleId"})
_MOST_PLANS = 1000


@dataclass(slots=True)
class Pending:
    """A row on its way: what was given, the record it is for (None makes a new one), and why it is refused, if so.

    ``before`` and ``after`` are the record's values as they were and as they are written, where rules had to see them.
    """

    row: Mapping[str, object]
    target: str | None
    refusals: list[Refusal] = field(default_factory=list)
    creating: bool = False
    plan: Plan | None = None
    values: list[Converted] = field(default_factory=list)
    before: Mapping[str, Stored] = field(default_factory=dict)
    after: dict[str, Stored] = field(default_factory=dict)
    written: dict[str, Stored] = field(default_factory=dict)


@dataclass(frozen=True)
class Saving:
    """One call's terms: who saves, when, whether values are CSV text, and whether duplicates may be saved."""

    access: Access
    at: str
    text: bool = False
    allow_duplicates: bool = False


class Saver:
    """Writes rows; it keeps the plans it has made for the next call."""

    def __init__(self, database: Database, schema: Schema, rules: Rules) -> None:
        self._database = database
        self._schema = schema
        self._rules = rules
        self._plans: dict[tuple[object, ...], Plan] = {}
        self._completions: dict[str, tuple[SObject, int, Completion]] = {}

    def save(self, sobject: SObject, rows: Sequence[Pending], call: Saving) -> list[Pending]:
        """Save the rows that are not refused yet; note the id, or the refusals, on each. Return those that were saved.

        Call it inside `writing`.
        """
        self._convert(sobject, rows, call.access, call.text)
        kept = _accepted(rows)
        self._resolve_parents(kept)
        self._check_references(sobject, kept)
        kept = _accepted(kept)
        self._number(sobject, kept)
        completion = self._completion(sobject)
        seen = has_consequences(sobject)
        plain = completion.is_plain and not seen
        if not plain:
            self._complete(completion, kept, call)
        kept = self._unique(sobject, _accepted(kept))
        if plain:
            self._write_groups(sobject, kept, call.access, call.at)
        else:
            self._write_completed(sobject, kept)
        for kind, creating in (("create", True), ("update", False)):
            ids = [each.target for each in kept if each.creating is creating and each.target is not None]
            self._database.log_changes(sobject.name, kind, ids, call.at, call.access.user_id)
        if seen:
            org = Org(self._database, self._schema, call.at, call.access.user_id)
            follow(
                org,
                sobject,
                [Followed(str(each.target), {} if each.creating else each.before, each.after) for each in kept],
            )
        return kept

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
        above: dict[tuple[str, str], str] = {}
        idle = self._inactive(record_id for _, reference, record_id in references if reference.name == "OwnerId")
        for each, reference, record_id in references:
            if kinds.get(record_id[:3]) not in reference.reference_to:
                message = f"{reference.label}: id value of incorrect type: {record_id}"
                each.refusals.append(Refusal(400, "FIELD_INTEGRITY_EXCEPTION", message, (reference.name,)))
            elif record_id not in alive:
                each.refusals.append(Refusal(400, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", ()))
            elif record_id in idle:
                message = f"operation performed with inactive user [{record_id}] as owner of {sobject.label.lower()}"
                each.refusals.append(Refusal(400, "INACTIVE_OWNER_OR_USER", message, ()))
            elif each.target is not None and reference.name in _HIERARCHIES and sobject.name in reference.reference_to:
                if self._is_above(sobject, reference, each.target, record_id, above):
                    message = f"{reference.label}: a record cannot be above itself"
                    each.refusals.append(Refusal(400, "CIRCULAR_DEPENDENCY", message, (reference.name,)))
                else:
                    above[reference.name, each.target] = record_id

    def _inactive(self, user_ids: Iterable[str]) -> set[str]:
        statement = "SELECT Id FROM User WHERE IsActive = 0 AND Id IN (SELECT value FROM json_each(?))"
        wanted = json.dumps(sorted(set(user_ids)))
        return {row[0] for row in self._database.connection.execute(statement, (wanted,))}

    def _is_above(
        self, sobject: SObject, reference: Field, target: str, record_id: str, moved: Mapping[tuple[str, str], str]
    ) -> bool:
        """Return whether `target` is `record_id` or above it, rows before this one of the same call counted in."""
        above: str | None = record_id
        statement = f'SELECT "{reference.name}" FROM "{sobject.name}" WHERE Id = ?'
        seen: set[str] = set()
        while above is not None and above not in seen:
            if above == target:
                return True
            seen.add(above)
            if (reference.name, above) in moved:
                above = moved[reference.name, above]
                continue
            found = self._database.connection.execute(statement, (above,)).fetchone()
            above = found[0] if found else None
        return False

    def _unique(self, sobject: SObject, rows: Sequence[Pending]) -> list[Pending]:
        """Return the rows whose unique values are free: no record has them that keeps them, and no other row."""
        kept = list(rows)
        uniques = [each for each in sobject.fields if each.unique]
        while uniques and self._refuse_any_taken(sobject, uniques, kept):
            kept = _accepted(kept)  # a refused row keeps its old value, which may be another row's new one
        return kept

    def _refuse_any_taken(self, sobject: SObject, uniques: Sequence[Field], rows: Sequence[Pending]) -> bool:
        found = False
        for unique in uniques:
            found |= self._refuse_taken(sobject, unique, rows)
        return found

    def _refuse_taken(self, sobject: SObject, unique: Field, rows: Sequence[Pending]) -> bool:
        given: list[tuple[Pending, str]] = []
        moving: dict[str, str | None] = {}
        for each in rows:
            place = None if each.plan is None else each.plan.uniques.get(unique.name)
            if place is None:
                continue
            value = each.values[place]
            if each.target is not None:
                moving[each.target] = None if value is None else str(value).lower()
            if value is not None:
                given.append((each, str(value)))
        if not given:
            return False
        taken = find_ids(self._database.connection, sobject, unique, [value for _, value in given])
        holders: dict[str, Pending] = {}
        refused = False
        for each, value in given:
            key = value.lower()
            others = [
                record_id
                for record_id in taken.get(key, [])
                if record_id != each.target and moving.get(record_id, key) == key
            ]
            earlier = holders.setdefault(key, each)
            if others or earlier.target != each.target:
                each.refusals.append(_duplicate(unique, (others[0] if others else str(earlier.target))[:15]))
                refused = True
        return refused

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
            constant = stamps(sobject, at, user_id, creating=creating)
            if creating:
                constant = {**defaults(sobject, names, user_id), **constant}
            statement = (insert_sql if creating else update_sql)(
                sobject, (*names, *constant, "Id") if creating else (*names, *constant)
            )
            tail = list(constant.values())
            self._database.connection.executemany(statement, [[*each.values, *tail, each.target] for each in same])

    def _completion(self, sobject: SObject) -> Completion:
        kept = self._completions.get(sobject.name)
        if kept is None or kept[0] is not sobject or kept[1] != self._rules.version:
            kept = (sobject, self._rules.version, make_completion(self._schema, sobject, self._rules))
            self._completions[sobject.name] = kept
        return kept[2]

    def _complete(self, completion: Completion, rows: Sequence[Pending], call: Saving) -> None:
        """Work out all values of each row, or why it is refused. Rows of one record see what the earlier one did."""
        sobject, user_id = completion.sobject, call.access.user_id
        current = self._current(sobject, [each.target for each in rows if not each.creating])
        look_up = self._reader()
        made: dict[tuple[str, ...], str] = {}
        for row in rows:
            assert row.plan is not None
            assert row.target is not None
            names = [column.field.name for column in row.plan.columns]
            given: dict[str, Stored] = dict(zip(names, _stored(row.values), strict=True))
            stamped = stamps(sobject, call.at, user_id, creating=row.creating)
            if row.creating:
                row.before = {**defaults(sobject, names, user_id), "Id": row.target}
            else:
                row.before = current[row.target]
            changed = frozenset(name for name in given if not row.creating or given[name] is not None)
            draft = Draft(
                sobject,
                self._schema,
                {**row.before, **given},
                row.before,
                changed,
                row.creating,
                call.at,
                user_id,
                look_up,
                self._account_of,
                made,
            )
            derived, refusals = completion.complete(
                draft, self._database.connection, allow_duplicates=call.allow_duplicates
            )
            row.refusals.extend(refusals)
            row.written = {**(row.before if row.creating else {}), **given, **derived, **stamped}
            row.after = {**row.before, **row.written}
            if not refusals and not row.creating:
                current[row.target] = row.after

    def _write_completed(self, sobject: SObject, rows: Sequence[Pending]) -> None:
        for (creating, names), group in itertools.groupby(rows, key=lambda each: (each.creating, tuple(each.written))):
            if creating:
                values = [list(each.written.values()) for each in group]
                self._database.connection.executemany(insert_sql(sobject, names), values)
            else:
                values = [[*each.written.values(), each.target] for each in group]
                self._database.connection.executemany(update_sql(sobject, names), values)

    def _current(self, sobject: SObject, record_ids: Iterable[str | None]) -> dict[str, dict[str, Stored]]:
        return records_of(self._database.connection, sobject, record_ids)

    def _reader(self) -> Lookup:
        """Return a look-up of any record by its id, which asks for each one once."""
        seen: dict[str, Mapping[str, Stored]] = {}

        def look_up(record_id: str) -> Mapping[str, Stored]:
            if record_id not in seen:
                sobject = self._schema.by_prefix(record_id)
                seen[record_id] = {} if sobject is None else self._current(sobject, [record_id]).get(record_id, {})
            return seen[record_id]

        return look_up

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


def _accepted(rows: Iterable[Pending]) -> list[Pending]:
    return [each for each in rows if not each.refusals]


def _stored(values: Iterable[Converted]) -> list[Stored]:
    return [value for value in values if not isinstance(value, ParentKey)]


def _no_parent(key: ParentKey, found: Sequence[str]) -> Refusal:
    wrong = "is not unique" if found else "not found"
    message = f"Foreign key external ID: {key.value} {wrong} for field {key.field.name} in entity {key.sobject.name}"
    return Refusal(400, "INVALID_FIELD", message, ())


def _duplicate(unique: Field, id15: str) -> Refusal:
    message = f"duplicate value found: {unique.name} duplicates value on record with id: {id15}"
    return Refusal(400, "DUPLICATE_VALUE", message, ())
