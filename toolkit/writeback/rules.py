"""What a value has to be so that Salesforce takes it: every promise of describe, as polars expressions over text.

`fault` gives the reason in words, with the value and what would be valid, or null. The rules are Salesforce's own
(requirement BEY-4); a rule that Salesforce does not have is not here, so that nothing is refused that would pass.
"""

import polars as pl

from toolkit.salesforce.describe import FieldDescribe
from toolkit.values import BOOLEAN_TYPES, DATE_TYPES, DATETIME_TYPES, INTEGER_TYPES, NUMBER_TYPES
from toolkit.writeback.sentences import sentence, shown

VALUES_NAMED = 12
"""Picklist values that a reason lists."""
YEARS = (1700, 4000)
"""The years that Salesforce stores dates of, both included."""

_NUMBER = r"^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$"
_DATE = r"^\d{4}-\d{2}-\d{2}$"
_DATETIME = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$"
_EMAIL = r'^[^\s@"(),:;<>\[\]\\.]+(?:\.[^\s@"(),:;<>\[\]\\.]+)*@[^\s@.,;:_]+(?:\.[^\s@.,;:_]+)+$'
_ID = r"^[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?$"

_AFTER = pl.col("after")
_SHOWN = shown(_AFTER)


def fault(field: FieldDescribe) -> pl.Expr:
    """Return why Salesforce would refuse the text in the column ``after`` for `field`, or null where it would not."""
    if not field.updateable:
        return pl.lit(
            f"{named(field)} cannot be written by the integration user: give it Visible, not Read-only, in field-level "
            "security (CAT-16), unless the field is a formula or a system field"
        )
    empty = pl.lit(None, dtype=pl.String) if field.nillable else pl.lit(f"{named(field)} may not be empty")
    return pl.when(_AFTER.is_null()).then(empty).otherwise(_value_fault(field))


def named(field: FieldDescribe) -> str:
    """Return a field's label with its API name."""
    return f"{field.label} ({field.name})" if field.label and field.label != field.name else field.name


def value_range(field: FieldDescribe) -> str:
    """Return what a number field holds, ``-99.9 to 99.9`` for precision 3 and scale 1 (CAT-13)."""
    digits, scale = (field.digits, 0) if field.type in INTEGER_TYPES else (field.precision - field.scale, field.scale)
    largest = "9" * max(digits, 0) or "0"
    largest += "." + "9" * scale if scale else ""
    return f"-{largest} to {largest}"


def ceiling(field: FieldDescribe) -> float:
    """Return the power of ten that every number in the field stays below."""
    return float(10 ** (field.digits if field.type in INTEGER_TYPES else field.precision - field.scale))


def _value_fault(field: FieldDescribe) -> pl.Expr:
    if field.type in NUMBER_TYPES | INTEGER_TYPES:
        return _number_fault(field)
    if field.type in BOOLEAN_TYPES:
        return _unless(_AFTER.is_in(["true", "false"]), field, "is neither true nor false")
    if field.type in DATE_TYPES:
        return _date_fault(field, _DATE, "is not a date of the form 2026-05-24")
    if field.type in DATETIME_TYPES:
        return _date_fault(field, _DATETIME, "is not a time of the form 2026-05-24T07:25:37.000Z")
    if field.type == "reference":
        return _unless(_AFTER.str.contains(_ID), field, "is not a record id of 15 or 18 characters")
    if field.type in ("picklist", "multipicklist") and field.restricted_picklist:
        return _picklist_fault(field)
    form: pl.Expr = pl.lit(None, dtype=pl.String)
    if field.type == "email":
        form = _unless(_AFTER.str.contains(_EMAIL), field, "is not an e-mail address")
    elif field.type == "url":
        form = _unless(~_AFTER.str.contains(r"\s"), field, "is not a web address: it has blanks in it")
    return pl.coalesce(_length_fault(field), form)


def _unless(valid: pl.Expr, field: FieldDescribe, what: str) -> pl.Expr:
    return pl.when(~valid).then(sentence(_SHOWN, f" {what}, which {named(field)} needs"))


def _number_fault(field: FieldDescribe) -> pl.Expr:
    number = _AFTER.cast(pl.Float64, strict=False)
    wrong = _unless(_AFTER.str.contains(_NUMBER) & number.is_finite(), field, "is not a number")
    if field.type in INTEGER_TYPES:
        wrong = pl.coalesce(wrong, _unless(number == number.floor(), field, "is not a whole number"))
    outside = number.abs() >= ceiling(field)
    return pl.coalesce(
        wrong,
        pl.when(outside).then(sentence(_SHOWN, f" does not fit {named(field)}, which holds {value_range(field)}")),
    )


def _date_fault(field: FieldDescribe, form: str, what: str) -> pl.Expr:
    day = _AFTER.str.head(10).str.to_date("%Y-%m-%d", strict=False)
    wrong = _unless(_AFTER.str.contains(form) & day.is_not_null(), field, what)
    outside = ~day.dt.year().is_between(*YEARS)
    return pl.coalesce(
        wrong,
        pl.when(outside).then(
            sentence(_SHOWN, f" does not fit {named(field)}, which holds years {YEARS[0]} to {YEARS[1]}")
        ),
    )


def _picklist_fault(field: FieldDescribe) -> pl.Expr:
    values = field.picklist_values
    listed = ", ".join(values[:VALUES_NAMED]) + (", ..." if len(values) > VALUES_NAMED else "")
    several = field.type == "multipicklist"
    known = _AFTER.str.split(";").list.eval(pl.element().is_in(values)).list.all() if several else _AFTER.is_in(values)
    return pl.when(~known).then(
        sentence(_SHOWN, f" is not a value of {named(field)}; valid: {listed or 'none is active'}")
    )


def _length_fault(field: FieldDescribe) -> pl.Expr:
    if field.length <= 0:
        return pl.lit(None, dtype=pl.String)
    length = _AFTER.str.len_chars()
    return pl.when(length > field.length).then(
        sentence(_SHOWN, " has ", length.cast(pl.String), f" characters; {named(field)} holds {field.length}")
    )
