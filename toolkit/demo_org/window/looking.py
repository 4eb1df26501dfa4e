"""What the window shows, read straight from the tables: objects, records, one record and its history, latest calls.

Whoever looks through the window sees every field, and records in the recycle bin too. Values are made into text for a
person here; the page puts that text on the screen and never reads it as markup.
"""

import sqlite3
import threading
from collections.abc import Iterable, Mapping, Sequence

from toolkit.demo_org.database import stored_fields
from toolkit.demo_org.history import FieldChange, Save, history_of, last_number, latest_saves, objects_saved_since
from toolkit.demo_org.ids import is_id, to_18
from toolkit.demo_org.lookups import count
from toolkit.demo_org.schema import Field, SObject
from toolkit.demo_org.state import LATEST_VERSION, LoggedCall, OrgState
from toolkit.demo_org.window.showing import (
    LAST_COLUMNS,
    SETUP,
    SYSTEM_FIELDS,
    default_sort,
    editable_value,
    id_field,
    importance,
    is_number,
    label_of,
    list_columns,
    moment_text,
    name_field,
    prominence,
    shown,
)

PAGE = 50
MOST_SAVES = 60
MOST_HISTORY = 300
MOST_CALLS = 200

Given = Mapping[str, object]
Json = dict[str, object]


class Looker:
    """Reads an org for the window. Safe to use from several threads."""

    def __init__(self, org: OrgState) -> None:
        self._org = org
        self._counting = threading.Lock()
        self._counts: dict[str, tuple[int, int]] = {}
        self._counted_to = -1

    def pulse(self, after: int) -> Json:
        """Return what changes all the time: counts, the clock, the allowance, and the calls after number `after`."""
        org = self._org
        calls = [each for each in list(org.latest) if each.number > after][-MOST_CALLS:]
        with org.database.reading() as connection:
            number = last_number(connection)
            counts = self._counted(connection, number)
        return {
            "org": {"name": self._name(), "id": org.org_id, "url": org.url, "version": LATEST_VERSION},
            "clock": moment_text(org.clock.stamp()),
            "actor": self._names([org.crm_user_id()]).get(org.crm_user_id(), "A CRM user"),
            "used": org.allowance.used,
            "maximum": org.allowance.maximum,
            "change": number,
            "objects": [
                {"name": each.name, "label": each.label_plural, "count": counts[each.name][0],
                 "deleted": counts[each.name][1], "setup": each.name in SETUP}
                for each in sorted(org.schema, key=prominence) if each.name in counts
            ],
            "calls": [_call(each) for each in calls],
        }  # fmt: skip

    def records(self, given: Given) -> Json:
        """Return a page of an object's records.

        ``object``; ``search`` in name, id and external ids; ``sort`` a field, ``down`` 1 for descending; ``page`` from
        0; ``bin`` 1 for those in the recycle bin; ``field`` and ``value`` for those that refer to a record.
        """
        sobject = self._object(str(given["object"]))
        columns = list_columns(sobject)
        sort = sobject.field(str(given.get("sort") or "")) or default_sort(sobject)
        down = bool(given.get("down")) if given.get("sort") else True
        page = max(0, int(str(given.get("page") or 0)))
        terms, values = _terms(sobject, given)
        names = ", ".join(f'"{each.name}"' for each in (id_field(sobject), *columns))
        order = f'"{sort.name}" {"DESC" if down else "ASC"}, Id {"DESC" if down else "ASC"}'
        source = f'FROM "{sobject.name}"{" WHERE " if terms else ""}{" AND ".join(terms)}'
        with self._org.database.reading() as connection:
            if not (given.get("search") or given.get("field")):  # a whole object need not be read to be counted
                total = count(connection, sobject)[1 if given.get("bin") else 0]
            else:
                total = connection.execute(f"SELECT count(*) {source}", values).fetchone()[0]
            found = connection.execute(
                f"SELECT {names} {source} ORDER BY {order} LIMIT {PAGE} OFFSET ?", (*values, page * PAGE)
            ).fetchall()
        linked = self._names(
            row[place] for row in found for place, each in enumerate(columns, 1) if each.type == "reference"
        )
        return {
            "object": sobject.name,
            "label": sobject.label_plural,
            "columns": [
{"name": each.name, "label": LAST_COLUMNS.get(each.name, label_of(each)), "number": is_number(each)}
                for each in columns
            ],
            "of": _link(self._org, given.get("value"), self._names([given.get("value")])),
            "rows": [
                {"id": row[0], "cells": [shown(*each, linked) for each in zip(columns, row[1:], strict=True)]}
                for row in found
            ],
            "total": total,
            "page": page,
            "pages": max(1, -(-total // PAGE)),
            "sort": sort.name,
            "down": down,
        }  # fmt: skip

    def record(self, object_name: str, record_id: str) -> Json:
        """Return one record, deleted or not, with all its fields, its history and what refers to it."""
        sobject = self._object(object_name)
        fields = stored_fields(sobject)
        names = ", ".join(f'"{each.name}"' for each in fields)
        with self._org.database.reading() as connection:
            row = connection.execute(f'SELECT {names} FROM "{sobject.name}" WHERE Id = ?', (record_id,)).fetchone()
            if row is None:
                raise ValueError(f"there is no {sobject.label} {record_id}")
            saves = history_of(connection, record_id, MOST_HISTORY)
            related = self._related(connection, sobject, record_id)
        values = dict(zip((each.name for each in fields), row, strict=True))
        linked = self._names(
            [
                *(values[each.name] for each in fields if each.type == "reference"),
                *_ids_in(sobject, saves),
                *(each.by for each in saves),
            ]
        )
        saves.append(_creation(sobject, record_id, values))
        return {
            "object": sobject.name,
            "label": sobject.label,
            "id": record_id,
            "name": str(values.get(name_field(sobject).name) or record_id),
            "deleted": bool(values.get("IsDeleted")),
            "master": _link(self._org, values.get("MasterRecordId"), linked),
            "updateable": sobject.updateable,
            "deletable": sobject.deletable,
            "mergeable": sobject.mergeable,
            "fields": [self._field(each, values[each.name], linked) for each in sorted(fields, key=importance)],
            "history": [_save(sobject, each, linked) for each in saves],
            "related": related,
        }

    def changes(self, before: int | None) -> Json:
        """Return the latest saves of all records, newest first, or those before number `before`."""
        with self._org.database.reading() as connection:
            saves = latest_saves(connection, MOST_SAVES, before)
        schema = self._org.schema
        known = [(save, sobject) for save in saves if (sobject := schema.get(save.object)) is not None]
        ids: set[object] = {save.record for save in saves} | {save.by for save in saves}
        for save, sobject in known:
            ids.update(_ids_in(sobject, [save]))
        linked = self._names(ids)
        return {
            "saves": [
                {**_save(sobject, save, linked), "object": sobject.name, "label": sobject.label, "id": save.record,
                 "name": linked.get(save.record, save.record)}
                for save, sobject in known
            ],
            "before": saves[-1].number if len(saves) == MOST_SAVES else 0,
        }  # fmt: skip

    def _object(self, name: str) -> SObject:
        sobject = self._org.schema.get(name)
        if sobject is None or not stored_fields(sobject):
            raise ValueError(f"there is no object {name!r}")
        return sobject

    def _name(self) -> str:
        with self._org.database.reading() as connection:
            return str(connection.execute('SELECT Name FROM "Organization"').fetchone()[0])

    def _counted(self, connection: sqlite3.Connection, number: int) -> dict[str, tuple[int, int]]:
        # A count reads a whole table, so only objects in which something was saved since are counted again.
        with self._counting:
            changed = objects_saved_since(connection, self._counted_to)
            for each in self._org.schema:
                if stored_fields(each) and (each.name in changed or each.name not in self._counts):
                    self._counts[each.name] = count(connection, each)
            self._counted_to = number
            return dict(self._counts)

    def _names(self, record_ids: Iterable[object]) -> dict[str, str]:
        """Return the names of these records, of whatever objects, by id."""
        wanted: dict[str, set[str]] = {}
        for each in record_ids:
            if isinstance(each, str) and each:
                wanted.setdefault(each[:3], set()).add(each)
        names: dict[str, str] = {}
        with self._org.database.reading() as connection:
            for prefix, ids in wanted.items():
                sobject = self._org.schema.by_prefix(prefix)
                if sobject is None or not stored_fields(sobject):
                    continue
                statement = f'SELECT Id, "{name_field(sobject).name}" FROM "{sobject.name}" WHERE Id = ?'
                for record_id in ids:
                    row = connection.execute(statement, (record_id,)).fetchone()
                    if row is not None:
                        names[row[0]] = str(row[1] or row[0])
        return names

    def _field(self, field: Field, value: object, linked: Mapping[str, str]) -> Json:
        return {
            "name": field.name,
            "label": label_of(field),
            "type": field.type,
            "text": shown(field, value, linked),
            "raw": editable_value(field, value),
            "system": field.name in SYSTEM_FIELDS,
            "editable": field.updateable and not field.calculated,
            "options": [each.value for each in field.picklist if each.active],
            "link": _link(self._org, value, linked) if field.type == "reference" else None,
        }

    def _related(self, connection: sqlite3.Connection, sobject: SObject, record_id: str) -> list[Json]:
        related = []
        for each in sobject.child_relationships:
            child = self._org.schema.get(each.child)
            field = None if child is None else child.field(each.field)
            if child is None or field is None or not field.stored or not each.name:
                continue
            alive = " AND IsDeleted = 0" if child.field("IsDeleted") else ""
            statement = f'SELECT count(*) FROM "{child.name}" WHERE "{field.name}" = ?{alive}'
            count = connection.execute(statement, (record_id,)).fetchone()[0]
            if count:
                related.append({"object": child.name, "field": field.name, "label": child.label_plural, "count": count})
        return related


def _terms(sobject: SObject, given: Given) -> tuple[list[str], list[object]]:
    terms: list[str] = []
    values: list[object] = []
    if sobject.field("IsDeleted") is not None:
        terms.append("IsDeleted = 1" if given.get("bin") else "IsDeleted = 0")
    referring = sobject.field(str(given.get("field") or ""))
    if referring is not None and referring.stored:
        terms.append(f'"{referring.name}" = ?')
        values.append(str(given.get("value") or ""))
    search = str(given.get("search") or "").strip()
    if search and is_id(search):
        terms.append("Id = ?")
        values.append(to_18(search))
    elif search:
        looked = [name_field(sobject), *(each for each in stored_fields(sobject) if each.external_id)]
        terms.append("(" + " OR ".join(f"\"{each.name}\" LIKE ? ESCAPE '\\'" for each in looked) + ")")
        escaped = search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        values += [f"%{escaped}%"] * len(looked)
    return terms, values


def _link(org: OrgState, value: object, linked: Mapping[str, str]) -> Json | None:
    if not isinstance(value, str) or value not in linked:
        return None
    sobject = org.schema.by_prefix(value)
    return None if sobject is None else {"object": sobject.name, "id": value, "text": linked[value]}


def _ids_in(sobject: SObject, saves: Sequence[Save]) -> list[object]:
    references = {each.name for each in sobject.fields if each.type == "reference"}
    return [
        value
        for save in saves
        for change in save.changes
        if change.field in references
        for value in (change.before, change.after)
    ]


def _save(sobject: SObject, save: Save, linked: Mapping[str, str]) -> Json:
    return {
        "number": save.number,
        "kind": _kind(save),
        "at": moment_text(save.at),
        "by": linked.get(save.by, save.by),
        "changes": [
            _change(sobject, each, linked) for each in save.changes if each.field not in ("IsDeleted", "MasterRecordId")
        ],
    }


def _kind(save: Save) -> str:
    for change in save.changes:
        if change.field == "MasterRecordId" and change.after:
            return "merged away"
    for change in save.changes:
        if change.field == "IsDeleted":
            return "deleted" if change.after else "brought back"
    return {"create": "created", "update": "changed", "delete": "deleted"}.get(save.kind, save.kind)


def _change(sobject: SObject, change: FieldChange, linked: Mapping[str, str]) -> Json:
    field = sobject.field(change.field)
    if field is None:  # a field that was taken out of the org since
        return {"field": change.field, "label": change.field, "before": str(change.before), "after": str(change.after)}
    return {
        "field": field.name,
        "label": label_of(field),
        "before": shown(field, change.before, linked),
        "after": shown(field, change.after, linked),
    }


def _creation(sobject: SObject, record_id: str, values: Mapping[str, object]) -> Save:
    at, by = str(values.get("CreatedDate") or ""), str(values.get("CreatedById") or "")
    return Save(0, "create", sobject.name, record_id, at, by, ())


def _call(call: LoggedCall) -> Json:
    return {
        "number": call.number,
        "at": call.at.strftime("%H:%M:%S"),
        "method": call.method,
        "path": call.path,
        "status": call.status,
        "ms": round(call.milliseconds, 1),
        "detail": call.detail,
    }
