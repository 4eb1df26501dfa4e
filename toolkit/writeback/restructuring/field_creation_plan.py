"""The plan that creates the fields the mapping wants and the org lacks, and lets people see them (BEY-15).

It is a plan of its own: what such a field will hold can be planned once it is there. Each field that Salesforce would
not take, or that the guard prefix forbids (VIT-19), is a refused row with the reason, found before any call that
writes. A field that exists but is hidden from the integration user, or read-only for it, is only granted (CAT-16).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from toolkit.config.health import HealthProfile
from toolkit.config.models import Writeback
from toolkit.config.objects import FieldMapping
from toolkit.errors import NotFoundError, SalesforceError
from toolkit.frames import CHANGES
from toolkit.salesforce import Org
from toolkit.salesforce.tooling import CustomField, home_of
from toolkit.writeback.planning.advice import BY_PLAN, recipe
from toolkit.writeback.planning.finding import Finding
from toolkit.writeback.planning.operations import CREATE_FIELD, GRANT_FIELD
from toolkit.writeback.planning.plan import Plan, seal
from toolkit.writeback.planning.rule_names import FIELDS
from toolkit.writeback.planning.sides import Sides
from toolkit.writeback.restructuring.field_creation import (
    MOST_VALUES,
    as_text,
    definition_of,
    in_words,
    name_fault,
    same_shape,
    type_of,
)
from toolkit.writeback.restructuring.granting import Granted, permission_sets, permission_text, permissions_now

Wanted = Sequence[str] | Mapping[str, Mapping[str, Any]] | None
"""Which fields: every mapped one that goes out and is missing, those of these names, or with these definitions."""

_COLUMNS = tuple(name for name in CHANGES.schema if name != "seq")
NO_RIGHT = "the integration user may not customise the org (Customize Application)"


@dataclass(frozen=True)
class _Known:
    """What is known of one wanted field: its mapping, the definition to give it, and what the org has already."""

    field: FieldMapping
    definition: dict[str, Any] | None
    existing: CustomField | None
    fault: str | None
    makes: bool
    grants: bool


def plan_fields(
    org: Org,
    sides: Sides,
    *,
    fields: Wanted = None,
    permission_set: str | None = None,
    readers: Sequence[str] = (),
    writeback: Writeback,
    profile: HealthProfile | None,
    org_name: str,
    created_at: datetime,
    parent: str | None,
) -> Plan:
    """Return the plan that creates mapped fields of one object, with who may edit and who may read them.

    `fields` are API names, or names with definition keys that overrule the recommendation (``{"CS_X__c": {"label":
    ...}}``). Edit goes to `permission_set`, that of the integration user's profile if not said; `readers` are profiles
    or permission sets that get read-only (CAT-17). Costs about ten calls. Raises NotFoundError for a name that is not
    mapped, or a permission set that does not exist.
    """
    sobject = sides.mapping.sobject
    describe = org.describe(sobject, refresh=True)
    sides = Sides(sides.object, sides.mapping, describe, sides.links, sides.here, sides.there, sides.base)
    granted = permission_sets(org, permission_set, readers)
    chosen = _chosen(sides, fields)
    asked = [each.there for each in chosen if name_fault(each.there) is None and _guarded(each, writeback) is None]
    existing = _existing(org, sobject, asked, granted)
    known = [
        _known(sides, each, dict(fields[each.there]) if isinstance(fields, Mapping) else {}, existing, writeback,
               granted, profile, said=fields is not None)
        for each in chosen
    ]  # fmt: skip
    org.describe("FieldPermissions")  # a commit in this session need not ask for it again
    rows = [*_creating(sides, known), *_granting(org, sides, known, granted)]
    empty = CHANGES.empty().select(_COLUMNS)
    changes = pl.concat([empty, *(pl.DataFrame([row], schema=empty.schema) for row in rows)])
    return seal(
        changes,
        [sides],
        org_id=org.org_id,
        org_name=org_name,
        created_at=created_at,
        parent=parent,
        bulk_from=writeback.bulk_from,
        calls_left=org.budget.left,
        findings=tuple(_findings(sides, known, granted, profile)),
    )


def _chosen(sides: Sides, fields: Wanted) -> list[FieldMapping]:
    mapped = {each.there: each for each in reversed(sides.mapping.fields)}
    if fields is None:
        return [each for each in mapped.values() if each.writes_there][::-1]
    names = [fields] if isinstance(fields, str) else list(fields)
    unknown = [name for name in names if name not in mapped]
    if unknown:
        raise NotFoundError(
            f"Not mapped: {', '.join(unknown)}.", hint="Add the field to the mapping file first; mapped are: "
            f"{', '.join(sorted(mapped))}."
        )  # fmt: skip
    return [mapped[name] for name in names]


def _existing(org: Org, sobject: str, names: Sequence[str], granted: Granted) -> dict[str, CustomField]:
    try:
        return org.tooling.fields(sobject, names)
    except SalesforceError:
        if granted.may_customize:
            raise
    return {}  # who may not customise may often not look either; nothing is created then anyway


def _guarded(field: FieldMapping, writeback: Writeback) -> str | None:
    prefix = writeback.prefix_of(field)
    if prefix and not field.there.lower().startswith(prefix.lower()):
        return f'{field.there} does not start with "{prefix}" (VIT-19)'
    return None


def _known(
    sides: Sides,
    field: FieldMapping,
    given: dict[str, Any],
    existing: Mapping[str, CustomField],
    writeback: Writeback,
    granted: Granted,
    profile: HealthProfile | None,
    *,
    said: bool,
) -> _Known:
    """What to do about one field; `said` when it was asked for by its name."""
    seen = next((each for each in sides.describe.fields.values() if each.name.lower() == field.there.lower()), None)
    there = existing.get(field.there.lower())
    definition = _definition(sides, field, given, profile)
    fault = _guarded(field, writeback) or name_fault(field.there)
    if seen is None and there is None:
        fault = fault or (None if definition else f"nobody knows what {field.here} holds: load the sources first")
        fault = fault or (None if granted.may_customize else NO_RIGHT)
        return _Known(field, definition, None, fault, makes=True, grants=fault is None)
    if there is not None and (seen is None or said) and definition and not same_shape(definition, there.definition):
        fault = fault or (
            f"there is a field of this name already, of another kind: {in_words(there.definition)} in place of "
            f"{in_words(definition)}" + ("; it is hidden from the integration user" if seen is None else "")
        )
        return _Known(field, definition, there, fault, makes=True, grants=False)
    if seen is not None and not seen.custom:
        return _Known(field, definition, there, None, makes=False, grants=False)
    closed = seen is None or (field.writes_there and not seen.updateable and not seen.calculated)
    return _Known(field, definition, there, fault, makes=False, grants=(closed or said) and fault is None)


def _definition(
    sides: Sides, field: FieldMapping, given: dict[str, Any], profile: HealthProfile | None
) -> dict[str, Any] | None:
    column = sides.here[field.here] if field.here in sides.here.columns else None
    if column is not None and column.dtype == pl.String and column.null_count() == column.len():
        column = None  # nothing was read yet, or nobody filled it: it may be anything
    dtype = None if column is None else column.dtype
    values: list[str] = []
    longest = 0
    if column is not None and isinstance(dtype, pl.List):
        values = column.explode().drop_nulls().cast(pl.String).unique().sort().head(MOST_VALUES + 1).to_list()
    elif column is not None and dtype == pl.String:
        longest = int(column.str.len_chars().max() or 0)  # type: ignore[arg-type]
    home = home_of(sides.mapping.sobject)
    found = definition_of(home, field, profile, dtype, values=values, longest=longest)
    if not given:
        return found
    if "values" in given:
        listed = [{"fullName": str(each), "label": str(each), "default": False} for each in given.pop("values")]
        given["valueSet"] = {"restricted": True, "valueSetDefinition": {"sorted": False, "value": listed}}
    if "type" in given and found is not None and given["type"] != found["type"]:
        found = {key: found[key] for key in ("fullName", "label", "inlineHelpText", "required")}
    base = {"fullName": f"{home}.{field.there}", "label": field.there, "required": False} if found is None else found
    return {**base, **given} if found is not None or "type" in given else None


def _creating(sides: Sides, known: Sequence[_Known]) -> Iterator[dict[str, Any]]:
    for each in known:
        if not each.makes:
            continue
        definition = each.definition or {}
        words = in_words(definition) if definition else ""
        yield _row(
            sides,
            each.field,
            CREATE_FIELD,
            name=definition.get("label", each.field.there),
            kind=type_of(definition),
            there=as_text(each.existing.definition) if each.existing else None,
            after=as_text(definition) if definition else None,
            fault=each.fault,
            reason=f'not in Salesforce: {words}, with the label "{definition.get("label")}"',
        )


def _granting(org: Org, sides: Sides, known: Sequence[_Known], granted: Granted) -> Iterator[dict[str, Any]]:
    wanted = [each for each in known if each.grants]
    sets = {granted.writer.id: (granted.writer, True)}
    sets |= {each.id: (each, False) for each in granted.readers if each.id not in sets}
    existing = [each.field.there for each in wanted if not each.makes]
    who = {set_id: found.name for set_id, (found, _) in sets.items()}
    held = permissions_now(org, sides.mapping.sobject, existing, who) if existing else None
    now = {} if held is None else {(name.lower(), set_id): text for name, set_id, _, text in held.iter_rows()}
    for each in wanted:
        for set_id, (found, edits) in sets.items():
            edit = edits and each.field.writes_there
            after = permission_text(set_id, found.name, read=True, edit=edit)
            before = now.get((each.field.there.lower(), set_id))
            if before != after:
                said = f"{found.name} may see and edit it (CAT-16)" if edit else f"{found.name} may see it (CAT-17)"
                kind = type_of(each.definition or {})
                yield _row(sides, each.field, GRANT_FIELD, name=found.name, kind=kind, there=before, after=after,
                           fault=None, reason=said)  # fmt: skip


def _row(
    sides: Sides,
    field: FieldMapping,
    operation: str,
    *,
    name: str,
    kind: str,
    there: str | None,
    after: str | None,
    fault: str | None,
    reason: str,
) -> dict[str, Any]:
    return {
        "side": "there",
        "object": sides.object,
        "here_id": None,
        "there_id": None,
        "name": name,
        "operation": operation,
        "field": field.there,
        "partner": field.here,
        "type": kind,
        "base": None,
        "here": None,
        "there": there,
        "after": after,
        "rule": FIELDS,
        "verdict": "refused" if fault else "write",
        "reason": fault or reason,
    }


def _findings(
    sides: Sides, known: Sequence[_Known], granted: Granted, profile: HealthProfile | None
) -> Iterator[Finding]:
    place, label = f"objects.{sides.object}", sides.describe.label
    made = [each for each in known if each.makes and each.fault is None]
    for each in known:
        if each.makes and each.fault:
            steps = recipe(label, each.field, profile, None).removesuffix(BY_PLAN).strip()
            hint = steps if each.fault == NO_RIGHT else "Map another name, or ask the org's admin about this field."
            yield Finding("warning", "VIT-19" if "VIT-19" in each.fault else "BEY-15", place, each.fault, hint)
    if made:
        yield from _told(place, label, ", ".join(each.field.there for each in made), granted)
    if not granted.reaches_us and any(each.grants for each in known):
        message = f"{granted.writer.name} is not assigned to the integration user"
        hint = "Assign the permission set to it in Setup, or leave permission_set out."
        yield Finding("warning", "CAT-16", place, message, hint)


def _told(place: str, label: str, names: str, granted: Granted) -> Iterator[Finding]:
    """What else is to know about new fields, and what the Tooling API cannot do."""
    said = [
        (
            "CAT-21",
            f"values of {names} can be planned once they are there",
            "Commit this plan, pull, and plan again. Salesforce may take a while until a new field shows.",
        ),
        (
            "CAT-15",
            "custom report types do not get new fields through the API",
            "Standard report types show them by themselves; of custom ones, Setup > Report Types > Edit Layout.",
        ),
        (
            "CAT-19",
            "page layouts do not get new fields through the API",
            f"Setup > Object Manager > {label} > Page Layouts, if people are to see them on the page.",
        ),
    ]
    if not granted.readers:
        hint = 'Name who else may read them: readers=["Standard User"], a profile or a permission set.'
        said.append(("CAT-17", "nobody but the integration user will see the new fields", hint))
    for requirement, message, hint in said:
        yield Finding("info", requirement, place, message, hint)
