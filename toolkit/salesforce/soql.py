"""Builds SOQL: checked names, quoted literals, SELECT statements, and IN lists cut to what one statement holds.

Conditions (`where`) are SOQL text written by an admin or taken from a list view; they are put in parentheses and passed
on as they are. Values never are: they go through `literal`.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

from toolkit.errors import InputError

LONGEST_STATEMENT = 100_000
"""Characters that Salesforce takes in one statement."""

_NAME = re.compile(r"[A-Za-z]\w*")
_PATH = re.compile(r"[A-Za-z]\w*(\.[A-Za-z]\w*){0,5}", re.ASCII)
_ESCAPES = str.maketrans(
    {"\\": "\\\\", "'": "\\'", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
)

Value = str | bool | int | float | Decimal | date | datetime | None


def literal(value: Value | Sequence[Value]) -> str:
    """Return a value as SOQL writes it; a list becomes `('a','b')`.

    Raises InputError for an empty list, a time without a zone and a number that is none (NaN, infinity).
    """
    match value:
        case None:
            return "null"
        case str():
            return f"'{value.translate(_ESCAPES)}'"
        case bool():
            return "true" if value else "false"
        case int() | float() | Decimal():
            return _number(value)
        case datetime():
            if value.tzinfo is None:
                raise InputError(f"The time {value} has no zone", hint="use a time with a zone, for example UTC")
            return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        case date():
            return value.isoformat()
        case _:
            if not value:
                raise InputError("An IN list is empty", hint="leave the condition out when there is nothing to compare")
            return f"({','.join(literal(each) for each in value)})"


def select(
    fields: Sequence[str],
    sobject: str,
    *,
    where: str | None = None,
    scope: str | None = None,
    order_by: str | None = None,
    limit: int | None = None,
) -> str:
    """Return a SELECT statement. `fields` are field paths or `count()`; `where` is SOQL text without the word WHERE."""
    columns = ", ".join(field if field == "count()" else path(field) for field in fields)
    clauses = [f"SELECT {columns} FROM {name(sobject)}"]
    if scope:
        clauses.append(f"USING SCOPE {name(scope)}")
    if where and where.strip():
        clauses.append(f"WHERE {where.strip()}")
    if order_by:
        clauses.append(f"ORDER BY {order_by}")
    if limit is not None:
        clauses.append(f"LIMIT {limit}")
    return " ".join(clauses)


def both(first: str | None, second: str | None) -> str | None:
    """Return the condition that two conditions hold, either of which may be missing."""
    given = [f"({each.strip()})" for each in (first, second) if each and each.strip()]
    return " AND ".join(given) or None


def in_lists(values: Iterable[str], room: int, most: int) -> Iterator[list[str]]:
    """Yield `values` in lists of at most `most` whose literals take at most `room` characters each."""
    chunk: list[str] = []
    taken = 0
    for value in values:
        size = len(literal(value)) + 1
        if chunk and (taken + size > room or len(chunk) >= most):
            yield chunk
            chunk, taken = [], 0
        chunk.append(value)
        taken += size
    if chunk:
        yield chunk


def name(text: str) -> str:
    """Return an object's, field's or scope's API name. Raises InputError when it cannot be one."""
    if not _NAME.fullmatch(text) or not text.isascii():
        raise InputError(f"{text!r} is not an API name", hint="API names have letters, digits and _, like CS_Score__c")
    return text


def path(text: str) -> str:
    """Return a field path such as `Owner.Name`. Raises InputError when it cannot be one."""
    if not _PATH.fullmatch(text):
        raise InputError(
            f"{text!r} is not a field path", hint="write it like Owner.Name, at most five relationships deep"
        )
    return text


def _number(value: float | Decimal) -> str:
    exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not exact.is_finite():
        raise InputError(f"{value} is not a number that SOQL knows", hint="leave it out")
    return format(exact, "f")
