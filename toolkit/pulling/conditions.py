"""What a filter means to an org: its conditions as SOQL, each literal in the form that its field's type asks for.

An empty field is kept by what says "not": ``Industry != 'Energy'`` and ``Name does not contain 'Test'`` also hold for
records without an industry or a name, as a person reading them expects, and the SOQL says so itself (``... = null OR
...``). A date compared with a time stands for the whole day in UTC.
"""

import difflib
import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from toolkit.config.filters import AllOf, AnyOf, Condition, Not, Relative, Tree, Value, conditions, value_text
from toolkit.errors import InputError
from toolkit.salesforce.describe import FieldDescribe, ObjectDescribe
from toolkit.salesforce.soql import literal

_EQUAL = ("=", "!=", "in", "not in", "is empty", "is not empty")
_ORDER = ("<", "<=", ">", ">=")
_TEXT = ("contains", "does not contain", "starts with", "ends with")

KINDS: dict[str, str] = {
    **dict.fromkeys(("string", "textarea", "phone", "email", "url", "combobox", "picklist"), "text"),
    **dict.fromkeys(("id", "reference"), "id"),
    **dict.fromkeys(("int", "long", "double", "currency", "percent"), "number"),
    "boolean": "truth",
    "date": "date",
    "datetime": "time",
    "multipicklist": "choices",
}
"""Salesforce's field types -> how they compare. A type that is not here cannot be filtered."""

OPERATORS_OF: dict[str, tuple[str, ...]] = {
    "text": (*_EQUAL, *_ORDER, *_TEXT),
    "id": _EQUAL,
    "number": (*_EQUAL, *_ORDER),
    "truth": ("=", "!="),
    "date": (*_EQUAL, *_ORDER),
    "time": (*_EQUAL, *_ORDER),
    "choices": ("includes", "excludes", "=", "!=", "is empty", "is not empty"),
}
"""The operators that make sense for each kind of field."""

LONGEST_TEXT = 4_000
"""Characters of a text in a SOQL condition."""


def to_soql(tree: Tree, describe: ObjectDescribe) -> str:
    """Return a filter as the text of a SOQL condition.

    Raises NotFoundError for a field that is not there, with those that come near, and InputError for an operator or a
    value that does not fit the field's type, with those that do.
    """
    match tree:
        case AllOf():
            return " AND ".join(f"({to_soql(term, describe)})" for term in tree.terms)
        case AnyOf():
            return " OR ".join(f"({to_soql(term, describe)})" for term in tree.terms)
        case Not():
            return f"NOT ({to_soql(tree.term, describe)})"
        case Condition():
            return _condition(tree, describe.path(tree.path), describe.field(tree.path))


def operators_of(field: FieldDescribe) -> tuple[str, ...]:
    """Return the operators that a field can be filtered by, for a widget to offer; none for a type that has none."""
    return OPERATORS_OF.get(KINDS.get(field.type, ""), ())


def unknown_values(tree: Tree, describe: ObjectDescribe) -> list[str]:
    """Return a sentence for each value that its picklist does not have, with the values it has.

    It is no error: a picklist keeps values that were switched off, and one that is not restricted takes any.
    """
    found = []
    for condition in conditions(tree):
        field = describe.field(condition.path)
        if field.type in ("picklist", "multipicklist") and condition.operator not in _TEXT:
            texts = [part for each in condition.values for part in str(each).split(";")]
            found += unlisted(f"{describe.name}.{describe.path(condition.path)}", field, texts)
    return found


def unlisted(place: str, field: FieldDescribe, values: Iterable[str]) -> list[str]:
    """Return a sentence for each of `values` that the picklist `field` does not offer."""
    known = {each.lower(): each for each in field.picklist_values}
    valid = ", ".join(field.picklist_values) or "none"
    sentences = []
    for value in values:
        if value.lower() not in known:
            near = difflib.get_close_matches(value.lower(), known, n=1)
            meant = f'; did you mean "{known[near[0]]}"?' if near else ""
            sentences.append(f'{place} has no value "{value}"{meant}; valid is {valid}')
    return sentences


def is_volatile(tree: Tree, describe: ObjectDescribe) -> bool:
    """Return whether a record may come to fulfil the filter, or cease to, without being changed itself.

    Relative dates move on; fields of other records and formulas change without a trace in the record.
    """
    return any(
        "." in each.path
        or describe.field(each.path).calculated
        or any(isinstance(value, Relative) for value in each.values)
        for each in conditions(tree)
    )


def equals_any(path: str, field: FieldDescribe, values: Iterable[str]) -> str:
    """Return the condition that a picklist, or one that takes several values, has one of `values` (CC-6, CC-17)."""
    word = "INCLUDES" if field.type == "multipicklist" else "IN"
    return f"{path} {word} {literal(list(values))}"


def _condition(condition: Condition, path: str, field: FieldDescribe) -> str:
    kind = KINDS.get(field.type, "")
    valid = OPERATORS_OF.get(kind, ())
    if condition.operator not in valid or not field.filterable:
        raise _not_for(condition, field, valid if field.filterable else ())
    operator, values = condition.operator, condition.values
    if operator in ("is empty", "is not empty"):
        return f"{path} {'=' if operator == 'is empty' else '!='} null"
    texts = [_checked(value, kind, field, condition) for value in values]
    if operator in _TEXT:
        return _like(path, operator, str(values[0]))
    if kind == "time" and any(type(value) is date for value in values):
        return _days(path, operator, values)
    if operator in ("in", "not in", "includes", "excludes"):
        written = f"{path} {operator.upper()} ({','.join(texts)})"
    else:
        written = f"{path} {operator} {texts[0]}"
    keeps_empty = operator in ("!=", "not in", "excludes") and kind != "truth"
    return f"{path} = null OR {written}" if keeps_empty else written


def _like(path: str, operator: str, text: str) -> str:
    inner = literal(text)[1:-1].replace("%", "\\%").replace("_", "\\_")
    before, after = ("" if operator == "starts with" else "%", "" if operator == "ends with" else "%")
    like = f"{path} LIKE '{before}{inner}{after}'"
    return f"{path} = null OR (NOT {like})" if operator == "does not contain" else like


def _days(path: str, operator: str, values: tuple[Value, ...]) -> str:
    """A day, or days, compared with a field that holds a time: from midnight to midnight, UTC."""
    if operator in ("in", "not in", "=", "!="):
        each = [_one_day(path, value) for value in values]
        any_day = " OR ".join(each)
        return f"{path} = null OR (NOT ({any_day}))" if operator in ("not in", "!=") else any_day
    start, end = _bounds(values[0])
    bound, sign = {"<": (start, "<"), "<=": (end, "<"), ">": (end, ">="), ">=": (start, ">=")}[operator]
    return f"{path} {sign} {bound}"


def _one_day(path: str, value: Value) -> str:
    if type(value) is not date:
        return f"{path} = {_soql(value)}"
    start, end = _bounds(value)
    return f"({path} >= {start} AND {path} < {end})"


def _bounds(value: Value) -> tuple[str, str]:
    assert isinstance(value, date)
    return f"{value.isoformat()}T00:00:00Z", f"{(value + timedelta(days=1)).isoformat()}T00:00:00Z"


def _soql(value: Value) -> str:
    return str(value) if isinstance(value, Relative) else literal(value)


_FORMS = {
    "text": "a text in quotes",
    "id": "a record id in quotes, of 15 or 18 characters",
    "number": "a number without quotes",
    "truth": "true or false",
    "date": "a date such as 2026-11-02 or LAST_N_DAYS:30",
    "time": "a time such as 2026-11-02T08:00:00Z, a date, or LAST_N_DAYS:30",
    "choices": "a text in quotes; 'A;B' means both",
}


def _checked(value: Value, kind: str, field: FieldDescribe, condition: Condition) -> str:
    """The literal of a value. Raises InputError when the field cannot be compared with it."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    fits = {
        "text": isinstance(value, str),
        "choices": isinstance(value, str),
        "id": isinstance(value, str) and re.fullmatch(r"[0-9A-Za-z]{15}([0-9A-Za-z]{3})?", value) is not None,
        "number": number,
        "truth": isinstance(value, bool),
        "date": type(value) is date or isinstance(value, Relative),
        "time": isinstance(value, date | datetime | Relative),
    }[kind]
    if not fits or (isinstance(value, str) and len(value) > LONGEST_TEXT):
        form = _FORMS[kind] if not fits else f"a text of at most {LONGEST_TEXT} characters"
        raise InputError(
            f"{condition.path} is a field of type {field.type} and cannot be compared with {_short(value)}",
            hint=f"valid is {form}",
        )
    return _soql(value)


def _short(value: Value) -> str:
    text = value_text(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _not_for(condition: Condition, field: FieldDescribe, valid: tuple[str, ...]) -> InputError:
    if not valid:
        return InputError(
            f"{condition.path} is a field of type {field.type}, which Salesforce cannot filter by",
            hint="use another field, or a list view",
        )
    return InputError(
        f'{condition.path} is a field of type {field.type}, which "{condition.operator}" is not for',
        hint=f"valid is {', '.join(valid)}",
    )
