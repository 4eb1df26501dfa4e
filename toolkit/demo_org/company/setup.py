"""How the org is set up before anybody works in it: profiles, permission sets and what they open, roles, queues."""

from collections.abc import Iterable

from toolkit.demo_org.database import Database
from toolkit.demo_org.definitions import write_definitions, write_record_types
from toolkit.demo_org.ids import make_id
from toolkit.demo_org.listviews import standard_list_views
from toolkit.demo_org.objects.permissions import OBJECT_RIGHTS, USER_RIGHTS
from toolkit.demo_org.schema import Field, Schema, SObject
from toolkit.demo_org.statements import defaults, insert_sql
from toolkit.demo_org.validation import Stored

PROFILES = ("System Administrator", "Standard User", "Integration User")
ADMIN_PROFILE, USER_PROFILE, INTEGRATION_PROFILE = PROFILES
ROLES = (("CEO", None), ("VP Customer Success", "CEO"), ("VP Sales", "CEO"))
PERMISSION_SETS = (
    ("CS_Toolkit", "CS Toolkit", "What a customer-success toolkit writes to", ("ApiEnabled", "CustomizeApplication")),
    ("Bulk_Hard_Delete", "Bulk Hard Delete", "Deletes records past the recycle bin", ("BulkApiHardDelete",)),
)
_OF_PROFILE = {
    ADMIN_PROFILE: USER_RIGHTS,
    USER_PROFILE: ("ApiEnabled",),
    INTEGRATION_PROFILE: ("ApiEnabled", "ViewAllData"),
}
_READ_ONLY_FOR_INTEGRATION = frozenset({"Account.Locked_Score__c"})
_HIDDEN_FROM_INTEGRATION = frozenset({"Account.Hidden_Notes__c"})

Row = dict[str, Stored]


class Setup:
    """Writes the set-up, in the name of the administrator `user_id` at the moment `at`."""

    def __init__(self, database: Database, schema: Schema, at: str, user_id: str) -> None:
        self._database = database
        self._schema = schema
        self._at = at
        self._user_id = user_id

    def write_permissions(self, profiles: dict[str, str]) -> None:
        """Write what each profile opens, and the permission sets beside them. `profiles` are ids by name."""
        names = [each for each in PROFILES if each in profiles]
        owned = self._write(
            "PermissionSet",
            [
                {
                    "Name": f"X{profiles[name][:15]}",
                    "Label": name,
                    "ProfileId": profiles[name],
                    "IsOwnedByProfile": 1,
                    "Type": "Profile",
                    **_rights(_OF_PROFILE[name]),
                }
                for name in names
            ],
        )
        self._write(
            "PermissionSet",
            [
                {"Name": name, "Label": label, "Description": text, "IsCustom": 1, "Type": "Regular", **_rights(rights)}
                for name, label, text, rights in PERMISSION_SETS
            ],
        )
        fields, objects = [], []
        for name, permission_set in zip(names, owned, strict=True):
            fields += self._fields(permission_set, name)
            objects += self._objects(permission_set, name)
        self._write("FieldPermissions", fields)
        self._write("ObjectPermissions", objects)

    def assign(self, permission_set: str, user_ids: Iterable[str]) -> None:
        """Assign a permission set, by its name, to users."""
        statement = "SELECT Id FROM PermissionSet WHERE Name = ?"
        found = self._database.connection.execute(statement, (permission_set,)).fetchone()[0]
        self._write("PermissionSetAssignment", [{"PermissionSetId": found, "AssigneeId": each} for each in user_ids])

    def write_roles(self) -> list[str]:
        """Write the role hierarchy; return the ids in the order of `ROLES`."""
        ids = self._ids("UserRole", len(ROLES))
        by_name = {name: role_id for (name, _), role_id in zip(ROLES, ids, strict=True)}
        rows: list[Row] = [
            {
                "Name": name,
                "DeveloperName": name.replace(" ", "_"),
                "RollupDescription": name,
                "ParentRoleId": by_name[above] if above else None,
            }
            for name, above in ROLES
        ]
        return self._write("UserRole", rows, ids)

    def write_groups(self) -> list[str]:
        """Write the queue for support and a public group; return their ids."""
        rows: list[Row] = [
            {"Name": "Support", "DeveloperName": "Support", "Type": "Queue", "Email": "support@demo.example"},
            {"Name": "Customer Success", "DeveloperName": "Customer_Success", "Type": "Regular", "Email": None},
        ]
        return self._write("Group", rows)

    def write_metadata(self) -> None:
        """Write what the org shows of its metadata: definitions, record types, list views."""
        write_definitions(self._database, self._schema)
        write_record_types(self._database, self._schema, self._at, self._user_id)
        views = standard_list_views()
        rows: list[Row] = [
            {
                "Name": each.label,
                "DeveloperName": each.developer_name,
                "SobjectType": each.sobject,
                "IsSoqlCompatible": 1,
            }
            for each in views
        ]
        self._write("ListView", rows, [each.id for each in views])

    def _fields(self, permission_set: str, profile: str) -> list[Row]:
        rows: list[Row] = []
        for sobject in self._schema:
            for field in sobject.fields:
                name = f"{sobject.name}.{field.name}"
                restricted = profile == INTEGRATION_PROFILE
                if not field.permissionable or (restricted and name in _HIDDEN_FROM_INTEGRATION):
                    continue
                edit = _may_be_edited(field) and not (restricted and name in _READ_ONLY_FOR_INTEGRATION)
                rows.append(
                    {
                        "ParentId": permission_set,
                        "SobjectType": sobject.name,
                        "Field": name,
                        "PermissionsRead": 1,
                        "PermissionsEdit": int(edit),
                    }
                )
        return rows

    def _objects(self, permission_set: str, profile: str) -> list[Row]:
        every = profile != USER_PROFILE
        return [
            {
                "ParentId": permission_set,
                "SobjectType": each.name,
                **{f"Permissions{right}": int(every or right in OBJECT_RIGHTS[:4]) for right in OBJECT_RIGHTS},
            }
            for each in self._schema
            if each.guarded
        ]

    def _write(self, name: str, rows: list[Row], ids: list[str] | None = None) -> list[str]:
        sobject = self._sobject(name)
        ids = self._ids(name, len(rows)) if ids is None else ids
        if not rows:
            return ids
        stamps: Row = {
            "CreatedDate": self._at,
            "CreatedById": self._user_id,
            "LastModifiedDate": self._at,
            "LastModifiedById": self._user_id,
            "SystemModstamp": self._at,
        }
        constant = {name: value for name, value in stamps.items() if sobject.field(name)}
        missing = defaults(sobject, tuple(rows[0]), self._user_id)
        names = ("Id", *rows[0], *missing, *constant)
        tail = (*missing.values(), *constant.values())
        self._database.connection.executemany(
            insert_sql(sobject, names),
            [(record_id, *row.values(), *tail) for record_id, row in zip(ids, rows, strict=True)],
        )
        return ids

    def _ids(self, name: str, count: int) -> list[str]:
        sobject = self._sobject(name)
        return [make_id(sobject.key_prefix, number) for number in self._database.next_numbers(sobject, count)]

    def _sobject(self, name: str) -> SObject:
        sobject = self._schema.get(name)
        assert sobject is not None
        return sobject


def _may_be_edited(field: Field) -> bool:
    return field.createable or field.updateable


def _rights(rights: Iterable[str]) -> Row:
    return {f"Permissions{right}": int(right in tuple(rights)) for right in USER_RIGHTS}
