"""Values as people read them: labels of picklists, FORMAT() in the en_US locale, and the text of a double."""

from collections.abc import Callable
from datetime import date, datetime, time, tzinfo
from typing import Any

from toolkit.demo_org.schema import NUMBER_TYPES, Field

CURRENCY_SYMBOL = "$"


def double_text(number: float) -> str:
    """Return the text of a double as Java writes it, with at least one decimal: ``3.0``, ``1.0E16``."""
    text = repr(float(number))
    if "e" not in text:
        return text
    mantissa, exponent = text.split("e")
    return f"{mantissa}{'' if '.' in mantissa else '.0'}E{int(exponent)}"


def labelled(field: Field) -> Callable[[Any], str]:
    """Return the function that gives the label of a picklist value; a value that has none is its own label."""
    labels = {each.value: each.label for each in field.picklist}
    if field.type == "multipicklist":
        return lambda stored: ";".join(labels.get(each, each) for each in stored.split(";"))
    return lambda stored: labels.get(stored, stored)


def formatted(field: Field, zone: tzinfo) -> Callable[[Any], str]:
    """Return the function that FORMAT() is for a field of this type, for a user in this time zone."""
    if field.type == "currency":
        return lambda stored: _currency(stored, field.scale)
    if field.type == "percent":
        return lambda stored: f"{stored:,.{field.scale}f}%"
    if field.type in NUMBER_TYPES:
        return lambda stored: f"{stored:,.{field.scale}f}"
    if field.type == "int":
        return lambda stored: f"{stored:,}"
    if field.type == "date":
        return lambda stored: _day(date.fromisoformat(stored))
    if field.type == "datetime":
        return lambda stored: _moment(datetime.fromisoformat(stored).astimezone(zone))
    if field.type == "time":
        return lambda stored: _clock(time.fromisoformat(stored.removesuffix("Z")))
    if field.type == "boolean":
        return lambda stored: "true" if stored else "false"
    return labelled(field)


def _currency(amount: float, scale: int) -> str:
    return f"{'-' if amount < 0 else ''}{CURRENCY_SYMBOL}{abs(amount):,.{scale}f}"


def _day(day: date) -> str:
    return f"{day.month}/{day.day}/{day.year}"


def _moment(moment: datetime) -> str:
    return f"{_day(moment)}, {_clock(moment)}"


def _clock(moment: datetime | time) -> str:
    return f"{moment.hour % 12 or 12}:{moment.minute:02d} {'AM' if moment.hour < 12 else 'PM'}"
