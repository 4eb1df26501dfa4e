"""What a value has to be so that Salesforce takes it: every promise of describe, as polars expressions over text.

`fault` gives the reason in words, with the value and what would be valid, or null. The rules are Salesforce's own
(requirement BEY-4); a rule that Salesforce does not have is not here, so that nothing is refused that would pass.
"""

import polars as pl

from toolkit.compounds import COMPOUND_TYPES, PARTS, compound_part, is_compound
from toolkit.salesforce.describe import FieldDescribe
from toolkit.values import (
    BOOLEAN_TYPES,
    DATE_TYPES,
    DATETIME_TYPES,
    INTEGER_TYPES,
    NEVER_WRITTEN,
    NUMBER_TYPES,
    TIME_TYPES,
)
from toolkit.writeback.planning.sentences import sentence, shown

VALUES_NAMED = 12
"""Picklist values that a reason lists."""
YEARS = (1700, 4000)
"""The years that Salesforce stores dates of, both included."""

_NUMBER = r"^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$"
_DATE = r"^\d{4}-\d{2}-\d{2}$"
_DATETIME = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$"
_NO_ZONE = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?$"
_TIME = r"^([01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$"
_LONG_DIGITS = 18
_SEVERAL = 500
"""Values that a multi-select picklist has at most, in one record."""
_DEGREES = {"latitude": 90, "longitude": 180}
_EMAIL = r'^[^\s@"(),:;<>\[\]\\.]+(?:\.[^\s@"(),:;<>\[\]\\.]+)*@[^\s@.,;:_]+(?:\.[^\s@.,;:_]+)+$'
_ID = r"^[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?$"

_AFTER = pl.col("after")


def fault(field: FieldDescribe, value: pl.Expr = _AFTER) -> pl.Expr:
    """Return why Salesforce would refuse the text `value` for `field`, or null where it would not."""
    barred = unwritable(field)
    if barred is not None:
        return pl.lit(barred)
    nillable = all(each.nillable for each in field.written_fields)
    empty = pl.lit(None, dtype=pl.String) if nillable else pl.lit(f"{named(field)} may not be empty")
    return pl.when(value.is_null()).then(empty).otherwise(_value_fault(field, value))


def unwritable(field: FieldDescribe) -> str | None:
    """Return why no value at all can be written to a field, or None where some can."""
    if field.type in NEVER_WRITTEN:
        return f"{named(field)} is never written: {NEVER_WRITTEN[field.type]}"
    lacking = [part for part in PARTS.get(field.type, ()) if part not in field.components]
    if lacking:
        return f"{named(field)} cannot be written: this user does not see its {', '.join(lacking)}"
    locked = [each for each in field.written_fields if not each.updateable]
    if locked:
        return (
            f"{', '.join(map(named, locked))} cannot be written by the integration user: give it Visible, not "
            "Read-only, in field-level security (CAT-16), unless the field is a formula or a system field"
        )
    return None


def named(field: FieldDescribe) -> str:
    """Return a field's label with its API name."""
    return f"{field.label} ({field.name})" if field.label and field.label != field.name else field.name


def value_range(field: FieldDescribe) -> str:
    """Return what a number field holds, ``-99.9 to 99.9`` for precision 3 and scale 1 (CAT-13)."""
    digits, scale = (_digits(field), 0) if field.type in INTEGER_TYPES else (field.precision - field.scale, field.scale)
    largest = "9" * max(digits, 0) or "0"
    largest += "." + "9" * scale if scale else ""
    return f"-{largest} to {largest}"


def ceiling(field: FieldDescribe) -> float:
    """Return the power of ten that every number in the field stays below."""
    return float(10 ** (_digits(field) if field.type in INTEGER_TYPES else field.precision - field.scale))


def _digits(field: FieldDescribe) -> int:
    return field.digits or (_LONG_DIGITS if field.type == "long" else 0)


def _value_fault(field: FieldDescribe, value: pl.Expr) -> pl.Expr:
    if field.type in NUMBER_TYPES | INTEGER_TYPES:
        return _number_fault(field, value)
    if field.type in BOOLEAN_TYPES:
        return _unless(value.is_in(["true", "false"]), field, value, "is neither true nor false")
    if field.type in DATE_TYPES:
        return _date_fault(field, value, _DATE, "is not a date of the form 2026-05-24")
    if field.type in DATETIME_TYPES:
        return pl.coalesce(
            _unless(~value.str.contains(_NO_ZONE), field, value, "has no time zone"),
            _date_fault(field, value, _DATETIME, "is not a time of the form 2026-05-24T07:25:37.000Z"),
        )
    if field.type in TIME_TYPES:
        return _unless(value.str.contains(_TIME), field, value, "is not a time of day of the form 11:59:59.000Z")
    if field.type in COMPOUND_TYPES:
        return _compound_fault(field, value)
    if field.type == "reference":
        return _unless(value.str.contains(_ID), field, value, "is not a record id of 15 or 18 characters")
    return _text_fault(field, value)


def _text_fault(field: FieldDescribe, value: pl.Expr) -> pl.Expr:
    if field.type in ("picklist", "multipicklist") and field.restricted_picklist:
        return _picklist_fault(field, value)
    form: pl.Expr = pl.lit(None, dtype=pl.String)
    if field.type == "email":
        form = _unless(value.str.contains(_EMAIL), field, value, "is not an e-mail address")
    elif field.type == "url":
        form = _unless(~value.str.contains(r"\s"), field, value, "is not a web address: it has blanks in it")
    elif field.type == "multipicklist":
        many = value.str.count_matches(";") >= _SEVERAL
        form = pl.when(many).then(sentence(shown(value), f" has more values than the {_SEVERAL} of {named(field)}"))
    return pl.coalesce(_length_fault(field, value), form)


def _compound_fault(field: FieldDescribe, value: pl.Expr) -> pl.Expr:
    """The first of the faults of a compound's parts, each judged as the component that it is written to."""
    wrong = _unless(
        is_compound(value, field.type), field, value, f"is not JSON with the keys {', '.join(PARTS[field.type])}"
    )
    faults = []
    for part, component in field.components.items():
        held = compound_part(value, field.type, part)
        faults.append(fault(component, held))
        if part in _DEGREES:
            most = _DEGREES[part]
            number = held.cast(pl.Float64, strict=False).abs()
            faults.append(_unless(number <= most, component, held, f"is not between -{most} and {most} degrees"))
    return pl.coalesce(wrong, *faults)


def _unless(valid: pl.Expr, field: FieldDescribe, value: pl.Expr, what: str) -> pl.Expr:
    return pl.when(~valid).then(sentence(shown(value), f" {what}, which {named(field)} needs"))


def _number_fault(field: FieldDescribe, value: pl.Expr) -> pl.Expr:
    number = value.cast(pl.Float64, strict=False)
    wrong = _unless(value.str.contains(_NUMBER) & number.is_finite(), field, value, "is not a number")
    if field.type in INTEGER_TYPES:
        wrong = pl.coalesce(wrong, _unless(number == number.floor(), field, value, "is not a whole number"))
    outside = number.abs() >= ceiling(field)
    return pl.coalesce(
        wrong,
        pl.when(outside).then(
            sentence(shown(value), f" does not fit {named(field)}, which holds {value_range(field)}")
        ),
    )


def _date_fault(field: FieldDescribe, value: pl.Expr, form: str, what: str) -> pl.Expr:
    day = value.str.head(10).str.to_date("%Y-%m-%d", strict=False)
    wrong = _unless(value.str.contains(form) & day.is_not_null(), field, value, what)
    outside = ~day.dt.year().is_between(*YEARS)
    return pl.coalesce(
        wrong,
        pl.when(outside).then(
            sentence(shown(value), f" does not fit {named(field)}, which holds years {YEARS[0]} to {YEARS[1]}")
        ),
    )


def _picklist_fault(field: FieldDescribe, value: pl.Expr) -> pl.Expr:
    values = field.picklist_values
    listed = ", ".join(values[:VALUES_NAMED]) + (", ..." if len(values) > VALUES_NAMED else "")
    several = field.type == "multipicklist"
    known = value.str.split(";").list.eval(pl.element().is_in(values)).list.all() if several else value.is_in(values)
    return pl.when(~known).then(
        sentence(shown(value), f" is not a value of {named(field)}; valid: {listed or 'none is active'}")
    )


def _length_fault(field: FieldDescribe, value: pl.Expr) -> pl.Expr:
    if field.length <= 0:
        return pl.lit(None, dtype=pl.String)
    length = value.str.len_chars()
    return pl.when(length > field.length).then(
        sentence(shown(value), " has ", length.cast(pl.String), f" characters; {named(field)} holds {field.length}")
    )
