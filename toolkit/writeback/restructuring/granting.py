"""Who may see and edit a field: permission sets, and the FieldPermissions of Salesforce that a plan grants.

A profile has a permission set of its own, so both go the same way. A permission is told as JSON with sorted keys:
``{"edit":true,"parent":"0PS...","read":true,"who":"Integration User"}``; null is none at all. This module asks the org
and writes to it; what is to be granted to whom is decided by `toolkit.writeback.restructuring.field_creation_plan`.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from toolkit.errors import NotFoundError
from toolkit.salesforce import Org
from toolkit.salesforce.soql import in_lists, literal
from toolkit.writeback.restructuring.field_creation import as_text

_SETS = ["Id", "Name", "Label", "IsOwnedByProfile", "ProfileId", "Profile.Name", "PermissionsCustomizeApplication"]
_TYPES = {"PermissionsRead": "boolean", "PermissionsEdit": "boolean"}
LONGEST_LIST, IDS_PER_QUERY = 8_000, 200
KNOWN = {"field": pl.String, "parent": pl.String, "id": pl.String, "now": pl.String}


@dataclass(frozen=True)
class PermissionSet:
    """A permission set, or that of a profile: its id, what people call it, and what it lets do."""

    id: str
    name: str
    customizes: bool


@dataclass(frozen=True)
class Granted:
    """The permission sets that a plan deals with: the integration user's own, all that user has, and the readers'."""

    writer: PermissionSet
    mine: tuple[PermissionSet, ...]
    readers: tuple[PermissionSet, ...]

    @property
    def may_customize(self) -> bool:
        """Whether the integration user may make and delete fields (Customize Application)."""
        return any(each.customizes for each in self.mine)

    @property
    def reaches_us(self) -> bool:
        """Whether what the writer's set is granted is granted to the integration user."""
        return self.writer.id in {each.id for each in self.mine}


def permission_sets(org: Org, writer: str | None, readers: Sequence[str]) -> Granted:
    """Return the permission sets that these names mean: a set's or a profile's name, label or id.

    Without `writer` it is that of the integration user's profile (CAT-16). Costs up to four calls. Raises
    NotFoundError for a name that no permission set and no profile has.
    """
    me = org.records("User", ["ProfileId"], f"Id = {literal(org.user_id)}")["ProfileId"][0]
    assigned = org.records("PermissionSetAssignment", ["PermissionSetId"], f"AssigneeId = {literal(org.user_id)}")
    ids = assigned["PermissionSetId"].to_list()
    own = _sets(org, f"ProfileId = {literal(me)}" + (f" OR Id IN ({','.join(map(literal, ids))})" if ids else ""))
    of_profile = next((each for each, profile in own if profile == me), None)
    names = [*([] if writer is None else [writer]), *readers]
    named = _named(org, names)
    if writer is None and of_profile is None:
        raise NotFoundError(
            "The integration user's profile has no permission set that can be seen.",
            hint="Name the permission set that it gets its rights from: permission_set=...",
        )
    chosen = named[writer] if writer is not None else of_profile
    assert chosen is not None
    return Granted(chosen, tuple(each for each, _ in own), tuple(named[each] for each in readers))


def permissions_now(org: Org, sobject: str, names: Sequence[str], who: dict[str, str]) -> pl.DataFrame:
    """Return the permissions that sets (`who`: name by id) have on fields: field, parent, id (record), now (JSON)."""
    parts = [pl.DataFrame(schema=KNOWN)]
    parents = ",".join(literal(each) for each in who)
    for chunk in in_lists(pl.Series([f"{sobject}.{name}" for name in names]), LONGEST_LIST, IDS_PER_QUERY):
        where = f"Field IN {literal(chunk)} AND ParentId IN ({parents})"
        columns = ["Id", "ParentId", "Field", "PermissionsRead", "PermissionsEdit"]
        for record_id, parent, field, read, edit in org.records("FieldPermissions", columns, where).iter_rows():
            now = permission_text(parent, who[parent], read=read, edit=edit)
            rows = {"field": [field.partition(".")[2]], "parent": [parent], "id": [record_id], "now": [now]}
            parts.append(pl.DataFrame(rows, schema=KNOWN))
    return pl.concat(parts)


def permission_text(parent: str, who: str, *, read: bool, edit: bool) -> str:
    """Return a permission in its canonical form."""
    return as_text({"parent": parent, "who": who, "read": read, "edit": edit})


def now_granted(org: Org, sobject: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Return journal rows with the permission there is ``now`` (JSON or null) and its record's ``permission_id``."""
    said = rows.with_columns(
        _parent=pl.coalesce("after", "before").str.json_path_match("$.parent"),
        _who=pl.coalesce("after", "before").str.json_path_match("$.who"),
    )
    who = dict(said.select("_parent", "_who").unique().iter_rows())
    known = permissions_now(org, sobject, rows["field"].unique().sort().to_list(), who)
    return (
        said.with_columns(_field=pl.col("field").str.to_lowercase())
        .join(
            known.select(_field=pl.col("field").str.to_lowercase(), _parent="parent", permission_id="id", now="now"),
            on=["_field", "_parent"],
            how="left",
            maintain_order="left",
        )
        .drop("_parent", "_who", "_field")
    )


def write_permissions(org: Org, sobject: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Grant, change or take away permissions (rows of `now_granted`); return seq, success, error_code, error_message.

    Each kind of write is a call for every 200. Raises SalesforceError when a whole call is refused.
    """
    new = rows.filter(pl.col("after").is_not_null() & pl.col("permission_id").is_null())
    other = rows.filter(pl.col("after").is_not_null() & pl.col("permission_id").is_not_null())
    gone = rows.filter(pl.col("after").is_null() & pl.col("permission_id").is_not_null())
    parts = []
    for operation, part in (("insert", new), ("update", other), ("delete", gone)):
        if part.is_empty():
            continue
        table = part.select(Id="permission_id") if operation == "delete" else _table(sobject, part, operation)
        results = org.write("FieldPermissions", operation, table, _TYPES)  # type: ignore[arg-type]
        parts.append(pl.concat([part.select("seq"), results.select("success", "error_code", "error_message")],
                               how="horizontal"))  # fmt: skip
    empty = {"seq": pl.UInt32, "success": pl.Boolean, "error_code": pl.String, "error_message": pl.String}
    return pl.concat([pl.DataFrame(schema=empty), *parts])


def _table(sobject: str, rows: pl.DataFrame, operation: str) -> pl.DataFrame:
    asked = [json.loads(text) for text in rows["after"]]
    given = pl.DataFrame(
        {
            "PermissionsRead": [str(each["read"]).lower() for each in asked],
            "PermissionsEdit": [str(each["edit"]).lower() for each in asked],
        }
    )
    if operation == "update":
        return given.with_columns(rows["permission_id"].alias("Id"))
    return given.with_columns(
        pl.Series("ParentId", [each["parent"] for each in asked]),
        pl.lit(sobject).alias("SobjectType"),
        (f"{sobject}." + rows["field"]).alias("Field"),
    )


def _named(org: Org, names: Sequence[str]) -> dict[str, PermissionSet]:
    if not names:
        return {}
    quoted = ",".join(literal(name) for name in names)
    ids = [literal(name) for name in names if name[:3] == "0PS" and len(name) in (15, 18)]
    where = f"Name IN ({quoted}) OR Label IN ({quoted}) OR Profile.Name IN ({quoted})"
    found = [each for each, _ in _sets(org, where + (f" OR Id IN ({','.join(ids)})" if ids else ""))]
    missing = [name for name in names if not any(_is(each, name) for each in found)]
    if missing:
        raise NotFoundError(
            f"There is no permission set and no profile {', '.join(missing)}.",
            hint="Names are those of Setup > Permission Sets and Setup > Profiles.",
        )
    return {name: next(each for each in found if _is(each, name)).called for name in names}


@dataclass(frozen=True)
class _Set(PermissionSet):
    names: tuple[str, ...] = ()

    @property
    def called(self) -> PermissionSet:
        return PermissionSet(self.id, self.name, self.customizes)


def _is(each: _Set, name: str) -> bool:
    return name.lower() in each.names or name[:15] == each.id[:15]


def _sets(org: Org, where: str) -> list[tuple[_Set, str | None]]:
    """The permission sets of a condition, each with the profile that owns it; those of profiles first."""
    found = org.records("PermissionSet", _SETS, where).sort("IsOwnedByProfile", "Id", descending=[True, False])
    sets = []
    for set_id, name, label, owned, profile_id, profile, customizes in found.iter_rows():
        called = profile if owned and profile else label or name
        names = tuple(each.lower() for each in (name, label, profile) if each)
        sets.append((_Set(set_id, called, bool(customizes), names), profile_id))
    return sets
