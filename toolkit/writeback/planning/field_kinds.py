"""What kind of field a mapping leads to, and what that kind does not do: found before there are values.

Any kind of field can be mapped unless the mapping leaves it out (CSU-10); what Salesforce cannot do with a kind (write
encrypted text, find a record by a value that it does not have) is said in words instead of being tried.
"""

from collections.abc import Callable, Iterator, Mapping

import polars as pl

from toolkit.compounds import COMPOUND_TYPES
from toolkit.config.objects import FieldKind, FieldMapping, ObjectMapping
from toolkit.errors import NotFoundError
from toolkit.salesforce.describe import MOST_TARGETS, FieldDescribe, ObjectDescribe
from toolkit.values import NEVER_WRITTEN, column_dtype, to_text
from toolkit.writeback.planning.finding import Finding
from toolkit.writeback.planning.record_rules import CURRENCY_CODE
from toolkit.writeback.planning.rules import fault, named, unwritable
from toolkit.writeback.planning.sides import EDITED_AT, described

KINDS: dict[FieldKind, tuple[str, Callable[[FieldDescribe], bool]]] = {
    "multipicklist": ("a multi-select picklist", lambda field: field.type == "multipicklist"),
    "address": ("an address", lambda field: field.type == "address"),
    "phone": ("a phone number", lambda field: field.type == "phone"),
    "complexvalue": ("a complex value", lambda field: field.type in ("complexvalue", "anyType", "json", "base64")),
    "location": ("a geolocation", lambda field: field.type == "location"),
    "reference": ("a lookup", lambda field: field.type == "reference" and not _is_external(field)),
    "external_reference": ("an external lookup", lambda field: field.type == "reference" and _is_external(field)),
    "richtext": ("a rich text area", lambda field: field.html),
    "encryptedstring": ("encrypted text", lambda field: field.type == "encryptedstring"),
}
"""The nine kinds of CSU-10: how each is called, and whether a field is of it."""


def kind_findings(
    place: str,
    mapped: FieldMapping,
    mapping: ObjectMapping,
    describe: ObjectDescribe,
    here: Mapping[str, pl.DataType],
    there: Mapping[str, pl.DataType],
) -> Iterator[Finding]:
    """Yield what stands in the way of a mapped field for what kind it is, and what an admin should know of it.

    `here` and `there` are the types of the columns that were loaded and pulled. A field that does not exist has none.
    """
    try:
        field = describe.field(mapped.there)
    except NotFoundError:
        return
    excluded = _left_out(place, mapping, field)
    if excluded is not None:
        yield excluded
        return
    yield from _value_findings(place, mapped, mapping, describe, field)
    yield from _reference_findings(place, mapped, describe, field)
    compared = described(ObjectMapping(fields=(mapped,)), describe).get(mapped.there)
    if compared is not None:
        yield from _rule_findings(place, mapped, compared, here)
        yield from _retyped(place, mapped.reads, compared, there)


def _left_out(place: str, mapping: ObjectMapping, field: FieldDescribe) -> Finding | None:
    """Return the finding that the mapping's ``exclude_types`` leaves out a field of this kind, or None (CSU-10)."""
    for kind in mapping.exclude_types:
        called, applies = KINDS[kind]
        if applies(field):
            setting = f"objects.{mapping.object}.exclude_types"
            return Finding(
                "error",
                "CSU-10",
                place,
                f'{named(field)} is {called}, and {setting} leaves out "{kind}"',
                f'Take "{kind}" out of {setting} to map it, or take the field out of the mapping.',
            )
    return None


def _value_findings(
    place: str, mapped: FieldMapping, mapping: ObjectMapping, describe: ObjectDescribe, field: FieldDescribe
) -> Iterator[Finding]:
    """Yield what the kind of a mapped field does not do, or does otherwise than one might think."""
    barred = unwritable(field)
    if field.type == "base64":
        hint = "Take the field out of the mapping; files are reached through their own objects."
        yield Finding("error", "CSU-10", place, f"{named(field)} is a file's content, which is not mapped", hint)
    elif mapped.writes_there and field.type in COMPOUND_TYPES and barred:
        hint = "Make every component visible to the integration user, and not Read-Only, or map the components."
        yield Finding("error", "CAT-16", place, barred, hint)
    elif mapped.writes_there and barred and field.type in NEVER_WRITTEN:
        yield Finding("error", "CSU-10", place, barred, 'Set direction = "input", or take the field out.')
    elif field.type == "encryptedstring":
        message = f"{named(field)} is encrypted: unless the integration user may view encrypted data, it reads as ****"
        yield Finding("warning", "CSU-10", place, message, "Give the user View Encrypted Data, or leave it so.")
    if mapped.writes_there:
        yield from _written_findings(place, mapped, mapping, describe, field)


def _reference_findings(
    place: str, mapped: FieldMapping, describe: ObjectDescribe, field: FieldDescribe
) -> Iterator[Finding]:
    """Yield why a reference cannot be kept by the value that the mapping says (``by``)."""
    if mapped.by is None:
        return
    setting = f'by = "{mapped.by}"'
    if field.type != "reference":
        message = f"{named(field)} is of type {field.type}; {setting} is for a reference to another record"
        yield Finding("error", "CSU-10", place, message, "Take `by` out of the mapping of this field.")
        return
    try:
        describe.field(mapped.reads)
    except NotFoundError as error:
        yield Finding("error", "VIT-18", place, f"{setting}: {error.message}", error.hint)
    if mapped.writes_there and len(field.reference_to) > MOST_TARGETS:
        message = f"{named(field)} refers to {len(field.reference_to)} kinds of record, too many to look for {setting}"
        yield Finding("error", "CSU-10", place, message, "Take `by` out: the field then holds record ids.")


def _rule_findings(
    place: str, mapped: FieldMapping, compared: FieldDescribe, here: Mapping[str, pl.DataType]
) -> Iterator[Finding]:
    """Yield what the field's own rules (``nulls``, ``default``, newest_wins) mean or cannot do."""
    if mapped.nulls == "keep":
        source = {"output": "here", "input": "in Salesforce"}.get(mapped.direction, "on either side")
        message = f'nulls = "keep": an empty value {source} never clears the other side, and is no change in a plan'
        yield Finding("info", "BEY-2", place, message, 'Set nulls = "clear" to let empty values travel, too.')
    if mapped.default is not None and mapped.writes_there:
        default = pl.Series("after", [mapped.default])
        text = to_text(pl.lit(default), default.dtype, compared.type, compared.scale)
        reason = pl.select(after=text).select(fault(compared).alias("fault")).item()
        if reason is not None and compared.updateable:
            yield Finding("error", "BEY-4", place, f"the default: {reason}", "Give a default that the field can hold.")
    if mapped.on_conflict == "newest_wins" and mapped.direction != "two_way":
        message = (
            f'on_conflict = "newest_wins" in a field of direction "{mapped.direction}": edits are held as by "hold"'
        )
        yield Finding("warning", "BEY-2", place, message, 'Set direction = "two_way" to let the newest value win.')
    elif mapped.on_conflict == "newest_wins" and here and EDITED_AT not in here:
        message = "nobody edited a record here yet, so which side is newer is not known: conflicts are held"
        yield Finding("info", "BEY-2", place, message, f"Edits in the toolkit note their time in {EDITED_AT}.")


def _retyped(place: str, path: str, field: FieldDescribe, there: Mapping[str, pl.DataType]) -> Iterator[Finding]:
    """Yield that a field's type in Salesforce was changed since it was pulled."""
    pulled, now = there.get(path), column_dtype(field.type)
    if pulled is None or pulled == pl.Null or _sort(pulled) == _sort(now):
        return
    message = f"{named(field)} was pulled as {_sort(pulled)} and is of type {field.type} now: its type was changed"
    hint = "Pull again in full (`cs-toolkit pull --full`), then look at the plan before committing."
    yield Finding("error", "BEY-4", place, message, hint)


def _written_findings(
    place: str, mapped: FieldMapping, mapping: ObjectMapping, describe: ObjectDescribe, field: FieldDescribe
) -> Iterator[Finding]:
    there = {each.there.lower() for each in mapping.fields}
    written = {each.there.lower() for each in mapping.fields if each.writes_there}
    twice = [each.name for each in field.components.values() if each.name.lower() in written]
    if twice:
        message = f"{', '.join(twice)} would be written twice, by itself and as a part of {mapped.there}"
        yield Finding("error", "VIT-19", place, message, "Write the whole or its parts; the other one can be input.")
    if field.html:
        message = f"{named(field)} holds HTML: what is here is written as HTML, in which <, > and & mean something"
        yield Finding("warning", "CSU-10", place, message, "Map it to a plain text area, or keep HTML here.")
    if field.type == "currency" and CURRENCY_CODE in describe.fields and CURRENCY_CODE.lower() not in there:
        message = (
            f"{named(field)} is in the currency of its record, which is not mapped, so amounts are not compared by it"
        )
        yield Finding("warning", "BEY-4", place, message, f"Map {CURRENCY_CODE}: amounts of another one are refused.")
    if field.controller_name and field.restricted_picklist and field.controller_name.lower() not in there:
        message = f"what is valid for {named(field)} depends on {field.controller_name}, which is not mapped"
        hint = f'Map {field.controller_name}, at least with direction = "input", so that values are checked beforehand.'
        yield Finding("warning", "BEY-4", place, message, hint)


def _is_external(field: FieldDescribe) -> bool:
    return any(target.endswith("__x") for target in field.reference_to)


def _sort(dtype: pl.DataType) -> str:
    if dtype.is_numeric():
        return "numbers"
    if dtype == pl.Boolean:
        return "true and false"
    return {pl.List: "lists", pl.Date: "dates", pl.Datetime: "times", pl.Time: "times of day"}.get(
        dtype.base_type(), "text"
    )
