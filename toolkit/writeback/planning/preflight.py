"""The pre-flight: what Salesforce would refuse, found before any call is made.

`check_targets` judges the mapping against describe, before there are values: it says what an admin has to do in
Salesforce. `judge` judges every value of a plan and turns those that would be refused into rows with the verdict
``refused`` and the reason in words; they stay in the plan, to be seen, and are never written.
"""

from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from toolkit.compounds import COMPOUND_TYPES
from toolkit.config.health import HealthProfile
from toolkit.config.models import Writeback
from toolkit.config.objects import FieldMapping, ObjectMapping
from toolkit.errors import NotFoundError
from toolkit.frames import RECORD_KEY
from toolkit.salesforce.describe import FieldDescribe, ObjectDescribe
from toolkit.values import (
    BOOLEAN_TYPES,
    DATE_TYPES,
    DATETIME_TYPES,
    INTEGER_TYPES,
    NEVER_WRITTEN,
    NUMBER_TYPES,
    SEVERAL_TYPES,
    TIME_TYPES,
    to_text,
)
from toolkit.writeback.planning.advice import recipe
from toolkit.writeback.planning.field_kinds import kind_findings
from toolkit.writeback.planning.finding import Finding
from toolkit.writeback.planning.record_rules import CURRENCY_CODE, value_faults
from toolkit.writeback.planning.references import spelled
from toolkit.writeback.planning.rules import ceiling, named, value_range
from toolkit.writeback.planning.sentences import sentence, shown
from toolkit.writeback.planning.sides import Sides, described

__all__ = ["Finding", "check_targets", "judge"]


def judge(changes: pl.DataFrame, objects: Sequence[Sides]) -> pl.DataFrame:
    """Return `changes` with the verdict ``refused``, and the reason, where Salesforce would refuse the value."""
    changed = pl.col("operation").is_in(["update", "clear"])  # what is created or deleted was judged as a whole record
    seen = (pl.col("verdict") == "write") & (pl.col("side") == "there") & changed
    judged = [changes.filter(~seen)]
    by_name = {each.object: each for each in objects}
    fields = changes.filter(seen).partition_by("object", "field", as_dict=True).items()
    planned = changes
    # A currency that is refused stays what it is, so it is judged before the amounts.
    for (object_name, path), rows in sorted(fields, key=lambda each: str(each[0][1]).lower() != CURRENCY_CODE.lower()):
        sides = by_name[str(object_name)]
        field = sides.describe.field(str(path))
        reasons = value_faults(rows, sides, str(path), planned)
        if field.unique and field.updateable:
            reasons = pl.select(pl.coalesce(reasons, _taken(rows, sides, str(path), field))).to_series()
        refused = reasons.is_not_null()
        if str(path).lower() == CURRENCY_CODE.lower():
            planned = planned.join(rows.filter(refused), on="seq", how="anti", maintain_order="left")
        judged.append(
            spelled(rows, sides, str(path)).with_columns(
                verdict=pl.when(refused).then(pl.lit("refused")).otherwise("verdict"),
                reason=pl.coalesce(reasons, "reason"),
            )
        )
    return pl.concat(judged).sort("seq")


def _taken(rows: pl.DataFrame, sides: Sides, path: str, field: FieldDescribe) -> pl.Series:
    """Why a unique field refuses a value: another row of the plan, or a record that is not changed, has the same."""
    key = pl.col("after").str.to_lowercase()
    others = pl.col("name").fill_null(pl.col("there_id"))
    twice = pl.len().over("_key") > 1
    planned = rows.with_columns(key.alias("_key")).with_columns(
        pl.when(pl.col("_key").is_not_null() & twice).then(others.first().over("_key")).alias("_first"),
        pl.when(pl.col("_key").is_not_null() & twice).then(others.last().over("_key")).alias("_last"),
    )
    holders = pl.DataFrame(schema={"_key": pl.String, "_holder": pl.String})
    if path in sides.there.columns:
        held = to_text(pl.col(path), sides.there.schema[path], field.type, field.scale).str.to_lowercase()
        holders = (
            sides.there.join(rows, left_on=RECORD_KEY, right_on="there_id", how="anti")
            .select(held.alias("_key"), pl.col(RECORD_KEY).alias("_holder"))
            .drop_nulls("_key")
            .unique("_key", keep="first", maintain_order=True)
        )
    found = planned.join(holders, on="_key", how="left", maintain_order="left")
    value = shown(pl.col("after"))
    return found.select(
        pl.when(pl.col("_first").is_not_null())
        .then(sentence(value, " is planned for several records, first '", pl.col("_first"), "' and last '",
                       pl.col("_last"), f"'; {named(field)} is unique"))
        .when(pl.col("_holder").is_not_null())
        .then(sentence(value, " already belongs to the record ", pl.col("_holder"), f"; {named(field)} is unique"))
        .alias("fault")
    ).to_series()  # fmt: skip


def check_targets(
    object_name: str,
    mapping: ObjectMapping,
    describe: ObjectDescribe,
    profile: HealthProfile | None = None,
    writeback: Writeback | None = None,
    here: Mapping[str, pl.DataType] | None = None,
    there: Mapping[str, pl.DataType] | None = None,
) -> tuple[Finding, ...]:
    """Return what stands in the way of the mapping in this org, errors first, and what an admin should know.

    `here` and `there` are the types of the columns of either side, where they are known. Findings of severity
    ``error`` stop a plan.
    """
    found: list[Finding] = []
    for number, field in enumerate(mapping.fields):
        place = f"objects.{object_name}.fields[{number}] ({field.here} -> {field.there})"
        found += _field_findings(place, field, describe, profile, writeback, (here or {}).get(field.here))
        found += kind_findings(place, field, mapping, describe, here or {}, there or {})
    for path in (mapping.name, *(path for rule in mapping.match for path in rule.there_paths)):
        try:
            describe.field(path)
        except NotFoundError as error:
            found.append(Finding("error", "VIT-18", f"objects.{object_name}", error.message, error.hint))
    found += _overwritten(object_name, mapping)
    order = {"error": 0, "warning": 1, "info": 2}
    return tuple(sorted(found, key=lambda finding: order[finding.severity]))


def _field_findings(
    place: str,
    mapped: FieldMapping,
    describe: ObjectDescribe,
    profile: HealthProfile | None,
    writeback: Writeback | None,
    dtype: pl.DataType | None,
) -> Iterator[Finding]:
    guard_prefix = writeback.prefix_of(mapped) if writeback else None
    if guard_prefix and not mapped.there.lower().startswith(guard_prefix.lower()):
        message = f'{mapped.there} would be written, but does not start with "{guard_prefix}"'
        hint = "Map to a field with the prefix. writeback.guard_prefix keeps other fields from being overwritten."
        yield Finding("error", "VIT-19", place, message, hint)
    try:
        field = describe.field(mapped.there)
    except NotFoundError as error:
        hint = recipe(describe.label, mapped, profile, dtype) if mapped.writes_there else error.hint
        yield Finding("error", "CAT-9" if mapped.here == "health_score" else "VIT-18", place, error.message, hint)
        return
    if mapped.writes_there:
        if not field.updateable and field.type not in COMPOUND_TYPES and field.type not in NEVER_WRITTEN:
            yield _not_updateable(place, field, describe)
        yield from _type_findings(place, mapped, described(ObjectMapping(fields=(mapped,)), describe), dtype)
        yield from _score_findings(place, mapped, field, profile)


def _not_updateable(place: str, field: FieldDescribe, describe: ObjectDescribe) -> Finding:
    return Finding(
        "error",
        "CAT-16",
        place,
        f"{named(field)} cannot be written by the integration user",
        f"In Setup > Object Manager > {describe.label} > Fields & Relationships > {field.label} > Set Field-Level "
        "Security, tick Visible and untick Read-Only for the integration user's profile. A formula or system field "
        "stays read-only: map to another one.",
    )


KINDS: dict[str, tuple[frozenset[str], str, str]] = {
    "health_score": (NUMBER_TYPES | INTEGER_TYPES, "Number", "CAT-11"),
    "health_coverage": (NUMBER_TYPES, "Number", "VIT-20"),
    "health_band": (frozenset({"picklist", "string", "textarea", "combobox"}), "Picklist or Text", "VIT-20"),
    "health_as_of": (DATE_TYPES | DATETIME_TYPES, "Date", "VIT-20"),
}
"""What health computes: the Salesforce types that can hold it, how Setup calls them, and the requirement."""

TEXT = frozenset(
    {"string", "textarea", "picklist", "multipicklist", "combobox", "email", "phone", "url", "id", "reference"}
)


def _type_findings(
    place: str, mapped: FieldMapping, fields: Mapping[str, FieldDescribe], dtype: pl.DataType | None
) -> Iterator[Finding]:
    field = fields.get(mapped.there)
    allowed, wanted, requirement = KINDS.get(mapped.here) or _kind_of(dtype)
    if field is None or not allowed or field.type in allowed:
        return
    lenient = mapped.here not in KINDS and field.type in TEXT
    yield Finding(
        "warning" if lenient else "error",
        requirement,
        place,
        f"{mapped.here} needs a field of type {wanted}; {named(field)} is of type {field.type}",
        f"Map {mapped.here} to a field of type {wanted}. A field's type changes in Setup > Object Manager, Fields & "
        "Relationships > Edit > Change Field Type; a new field is safer.",
    )


def _kind_of(dtype: pl.DataType | None) -> tuple[frozenset[str], str, str]:
    """Return the field types that can hold a column (none named: any can), how Setup calls them, the requirement."""
    if dtype is None or dtype in (pl.String, pl.Null) or isinstance(dtype, pl.Categorical | pl.Enum):
        return frozenset(), "any", "VIT-20"
    if dtype == pl.Boolean:
        return BOOLEAN_TYPES, "Checkbox", "VIT-20"
    if dtype == pl.Time:
        return TIME_TYPES, "Time", "VIT-20"
    if dtype.is_temporal():
        return DATE_TYPES | DATETIME_TYPES, "Date", "VIT-20"
    if isinstance(dtype, pl.List | pl.Array):
        return SEVERAL_TYPES, "Picklist (Multi-Select)", "VIT-20"
    if isinstance(dtype, pl.Struct):
        return COMPOUND_TYPES, "Address or Geolocation", "VIT-20"
    return NUMBER_TYPES | INTEGER_TYPES, "Number", "VIT-20"


def _score_findings(
    place: str, mapped: FieldMapping, field: FieldDescribe, profile: HealthProfile | None
) -> Iterator[Finding]:
    if profile is None:
        return
    if mapped.here == "health_score" and field.type in NUMBER_TYPES | INTEGER_TYPES:
        scale = 0 if field.type in INTEGER_TYPES else field.scale
        if profile.top >= ceiling(field):
            message = f"a score of {profile.scale} does not fit {named(field)}, which holds {value_range(field)}"
            length = len(str(int(profile.top)))
            hint = f"Set the field's Length to {length} (digits left of the point), or the profile's scale to 0-10."
            yield Finding("error", "CAT-13", place, message, hint)
        elif profile.decimals > scale:
            message = (
                f"the score has {profile.decimals} decimals, {named(field)} keeps {scale}: Salesforce gets it rounded"
            )
            yield Finding(
                "warning", "HLT-4", place, message, f"Set the profile's decimals to {scale}, or widen the field."
            )
    if mapped.here == "health_band" and field.type == "picklist" and field.restricted_picklist:
        missing = [band.name for band in profile.bands if band.name not in field.picklist_values]
        if missing:
            message = f"{named(field)} has no value {', '.join(missing)}; it takes {', '.join(field.picklist_values)}"
            hint = "Add the values in Setup > Object Manager > the field > Values > New, or rename the profile's bands."
            yield Finding("error", "VIT-20", place, message, hint)


def _overwritten(object_name: str, mapping: ObjectMapping) -> Iterator[Finding]:
    paths = [each.there for each in mapping.fields if each.direction == "output" and each.on_conflict != "hold"]
    if paths:
        yield Finding(
            "info",
            "CAT-18",
            f"objects.{object_name}",
            f"what people type into {', '.join(paths)} in Salesforce is overwritten by the next commit",
            'Tick Read-Only for everybody but the integration user (CAT-17), or set on_conflict = "hold" to be asked.',
        )
