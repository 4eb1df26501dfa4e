"""What a formula reckons with, and how that comes out of a record and goes into one.

Text, numbers, truth, days and moments; None is blank. A percent counts as its share: 50 % is 0.5.
"""

from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from toolkit.demo_org.schema import NUMBER_TYPES, Field

Value = str | float | bool | date | datetime | None


def from_stored(field: Field, stored: object) -> Value:
    """Return a stored value of `field` as formulas see it."""
    if stored is None:
        return None
    if field.type == "boolean":
        return bool(stored)
    if field.type == "date":
        return date.fromisoformat(str(stored))
    if field.type == "datetime":
        return datetime.fromisoformat(str(stored))
    if isinstance(stored, int | float):
        return stored / 100 if field.type == "percent" else float(stored)
    return str(stored)


def to_stored(field: Field, value: Value) -> str | int | float | None:
    """Return the result of a formula as `field` keeps it; what does not fit is null, as Salesforce's #Error! is."""
    if field.type == "boolean":
        return int(value is True)
    if value is None:
        return None
    if field.type in NUMBER_TYPES or field.type == "int":
        return _number(field, value)
    if field.type == "date":
        return value.isoformat()[:10] if isinstance(value, date) else None
    if field.type == "datetime":
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z") if isinstance(value, datetime) else None
    shown = as_text(value)
    return shown[: field.length or len(shown)] or None


def as_text(value: Value) -> str:
    """Return a value as TEXT() shows it; blank is empty."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    return value.isoformat() if isinstance(value, date) else value


def is_blank(value: Value) -> bool:
    """Return whether there is nothing, or an empty text."""
    return value is None or value == ""


def rounded(number: float, places: int) -> float:
    """Return a number rounded half away from zero, on the digits one sees."""
    try:
        return float(Decimal(repr(number)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP))
    except InvalidOperation:
        return number


def _number(field: Field, value: Value) -> float | int | None:
    if isinstance(value, bool) or not isinstance(value, float):
        return None
    number = value * 100 if field.type == "percent" else value
    return int(rounded(number, 0)) if field.type == "int" else rounded(number, field.scale)
