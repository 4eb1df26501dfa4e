"""Rights out of the permission sets that the org keeps as records.

A user has what the permission set of their profile and the sets assigned to them open, taken together. A field that
can be opened at all (``permissionable``) is closed until a FieldPermissions row opens it, which is why a new field is
invisible to everybody; the same goes for objects and ObjectPermissions.
"""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field

from toolkit.demo_org.access import FULL_RIGHT, FieldRight
from toolkit.demo_org.database import Database
from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.objects.permissions import OBJECT_RIGHTS, USER_RIGHTS
from toolkit.demo_org.schema import Schema, SObject
from toolkit.demo_org.statements import make_record
from toolkit.demo_org.validation import Stored

RIGHTS_OBJECTS = frozenset(
    {"FieldPermissions", "ObjectPermissions", "PermissionSet", "PermissionSetAssignment", "Profile", "User"}
)
"""The objects whose records say what users may do."""

RIGHTS_ROWS = frozenset({"FieldPermissions", "ObjectPermissions"})

_NO_RIGHT = FieldRight(read=False, edit=False)
_OF_USER = (
    "SELECT Id FROM PermissionSet WHERE ProfileId = (SELECT ProfileId FROM User WHERE Id = :user) "
    "UNION SELECT PermissionSetId FROM PermissionSetAssignment WHERE AssigneeId = :user"
)


@dataclass
class _Rights:
    """The rights of one user, worked out."""

    fields: dict[tuple[str, str], FieldRight] = field(default_factory=dict)
    objects: dict[str, frozenset[str]] = field(default_factory=dict)
    rights: frozenset[str] = frozenset()


class Permissions:
    """The rights of every user of an org. What is worked out for a user is kept until a record of rights changes."""

    def __init__(self, database: Database, schema: Schema) -> None:
        self._database = database
        self._schema = schema
        self._kept: dict[str, _Rights] = {}
        self._limits: dict[tuple[str, str, str], FieldRight] = {}
        self.version = 0

    def changed(self) -> None:
        """Forget what was worked out, because records of rights, or the schema, have changed."""
        self._kept = {}
        self.version += 1

    def right(self, user_id: str, sobject_name: str, field_name: str) -> FieldRight:
        """Return what a user may do with a field. Nobody in particular (an empty id) may do everything."""
        if not user_id:
            return FULL_RIGHT
        key = (sobject_name.lower(), field_name.lower())
        if self._limits and (limited := self._limits.get((user_id, *key))) is not None:
            return limited
        sobject = self._schema.get(sobject_name)
        found = None if sobject is None else sobject.field(field_name)
        if found is None or not found.permissionable:
            return FULL_RIGHT
        return self._of(user_id).fields.get(key, _NO_RIGHT)

    def may(self, user_id: str, right: str, sobject: SObject) -> bool:
        """Return whether a user has a right (Create, Read, Edit, Delete) on an object."""
        if not user_id or not sobject.guarded:
            return True
        return right in self._of(user_id).objects.get(sobject.name.lower(), frozenset())

    def has_right(self, user_id: str, right: str) -> bool:
        """Return whether a user has a right that is about no object, such as BulkApiHardDelete."""
        return not user_id or right in self._of(user_id).rights

    def sets_of(self, user_id: str) -> list[str]:
        """Return the ids of a user's permission sets, that of the profile first."""
        with self._database.reading() as connection:
            profile = _of_profile(connection, user_id)
            others = [row[0] for row in connection.execute(_OF_USER, {"user": user_id}) if row[0] != profile]
        return [profile, *sorted(others)] if profile else sorted(others)

    def limit(self, user_id: str, sobject_name: str, field_name: str, *, read: bool, edit: bool) -> None:
        """Set what a user may do with a field that no permission set opens or closes, such as a required one."""
        self._limits[user_id, sobject_name.lower(), field_name.lower()] = FieldRight(read, read and edit)
        self.changed()

    def _of(self, user_id: str) -> _Rights:
        rights = self._kept.get(user_id)
        if rights is None:
            version = self.version
            with self._database.reading() as connection:
                rights = _read(connection, user_id)
            if version == self.version:
                self._kept[user_id] = rights
        return rights


def _of_profile(connection: sqlite3.Connection, user_id: str) -> str | None:
    row = connection.execute(
        "SELECT Id FROM PermissionSet WHERE IsOwnedByProfile = 1 AND "
        "ProfileId = (SELECT ProfileId FROM User WHERE Id = ?)",
        (user_id,),
    ).fetchone()
    return None if row is None else str(row[0])


def _read(connection: sqlite3.Connection, user_id: str) -> _Rights:
    rights = _Rights()
    whose = {"user": user_id}
    for name, read, edit in connection.execute(
        f"SELECT lower(Field), max(PermissionsRead), max(PermissionsEdit) FROM FieldPermissions "
        f"WHERE ParentId IN ({_OF_USER}) GROUP BY 1",
        whose,
    ):
        sobject, _, field_name = name.partition(".")
        rights.fields[sobject, field_name] = FieldRight(bool(read), bool(read and edit))
    columns = ", ".join(f"max(Permissions{right})" for right in OBJECT_RIGHTS)
    for name, *may in connection.execute(
        f"SELECT lower(SobjectType), {columns} FROM ObjectPermissions WHERE ParentId IN ({_OF_USER}) GROUP BY 1", whose
    ):
        rights.objects[name] = frozenset(right for right, has in zip(OBJECT_RIGHTS, may, strict=True) if has)
    columns = ", ".join(f"max(Permissions{right})" for right in USER_RIGHTS)
    row = connection.execute(f"SELECT {columns} FROM PermissionSet WHERE Id IN ({_OF_USER})", whose).fetchone()
    rights.rights = frozenset(right for right, has in zip(USER_RIGHTS, row, strict=True) if has)
    return rights


def grant(
    database: Database,
    schema: Schema,
    permissions: Permissions,
    user_id: str,
    field_name: str,
    *,
    read: bool,
    edit: bool,
    at: str,
) -> None:
    """Set what a user may do with a field (``Account.X__c``), whatever permission sets said of it before."""
    sobject = schema.get(field_name.partition(".")[0])
    found = None if sobject is None else sobject.field(field_name.partition(".")[2])
    rows = schema.get("FieldPermissions")
    if sobject is None or found is None or not found.permissionable or rows is None:
        permissions.limit(user_id, *field_name.split(".", 1), read=read, edit=edit)
        return
    own, *others = permissions.sets_of(user_id)
    name = f"{sobject.name}.{found.name}"
    with database.writing() as connection:
        for each in (own, *others):
            connection.execute("DELETE FROM FieldPermissions WHERE ParentId = ? AND Field = ?", (each, name))
        if read:
            values: dict[str, Stored] = {"PermissionsRead": 1, "PermissionsEdit": int(edit)}
            row = {"ParentId": own, "SobjectType": sobject.name, "Field": name, **values}
            make_record(database, rows, row, at, user_id)
    permissions.changed()


def check_rights_row(schema: Schema, sobject: SObject, record: Mapping[str, Stored]) -> Refusal | None:
    """Return the refusal of a FieldPermissions or ObjectPermissions row that is about nothing, or None."""
    target = schema.get(str(record.get("SobjectType")))
    if target is None:
        return _bad("SObject Type Name", "SobjectType", record.get("SobjectType"))
    if sobject.name == "FieldPermissions":
        return _check_field(target, record)
    return None if target.guarded else _bad("SObject Type Name", "SobjectType", target.name)


def _check_field(target: SObject, record: Mapping[str, Stored]) -> Refusal | None:
    name = str(record.get("Field"))
    owner, _, field_name = name.partition(".")
    found = target.field(field_name)
    if owner.lower() != target.name.lower() or found is None or not found.permissionable:
        return _bad("Field Name", "Field", name)
    if record.get("PermissionsEdit") and not record.get("PermissionsRead"):
        message = f"Permission Edit {name} depends on permission(s): Read {name}"
        return Refusal(400, "FIELD_INTEGRITY_EXCEPTION", message, ())
    if record.get("PermissionsEdit") and not (found.createable or found.updateable):
        message = f"Field {name} cannot be edited by anybody"
        return Refusal(400, "FIELD_INTEGRITY_EXCEPTION", message, ())
    return None


def _bad(label: str, name: str, value: Stored) -> Refusal:
    message = f"{label}: bad value for restricted picklist field: {value}"
    return Refusal(400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, (name,))
