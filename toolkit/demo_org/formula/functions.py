"""The functions of formulas that only need their arguments. None is blank; what cannot be reckoned is blank too."""

import calendar
import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

from toolkit.demo_org.formula.values import Value, as_text, is_blank, rounded

Function = Callable[..., Value]

SECONDS_A_DAY = 86_400.0
MOST_TEXT = 100_000
"""How long a text may become while a formula runs."""


def _numbers(function: Callable[..., float]) -> Function:
    """Return a function of numbers that is blank where one of them is, or where mathematics has no answer."""

    def call(*given: Value) -> Value:
        if not all(isinstance(each, float) and not isinstance(each, bool) for each in given):
            return None
        try:
            result = function(*given)
        except (ValueError, ZeroDivisionError, OverflowError):
            return None
        return float(result) if math.isfinite(result) else None

    return call


def _texts(function: Callable[..., Value]) -> Function:
    """Return a function of texts, which sees blank as empty and anything else as text."""

    def call(*given: Value) -> Value:
        return function(*(as_text(each) for each in given))

    return call


def add(left: Value, right: Value) -> Value:
    """Return the sum of numbers, a day or moment so many days on, or two texts joined."""
    if isinstance(left, str) or isinstance(right, str):
        return as_text(left) + as_text(right)
    if isinstance(left, date) and isinstance(right, float):
        return _moved(left, right)
    if isinstance(right, date) and isinstance(left, float):
        return _moved(right, left)
    return _numbers(lambda first, second: first + second)(left, right)


def subtract(left: Value, right: Value) -> Value:
    """Return the difference of numbers, days between two days or moments, or a day so many days before."""
    if isinstance(left, datetime) and isinstance(right, datetime):
        return (left - right).total_seconds() / SECONDS_A_DAY
    if isinstance(left, date) and isinstance(right, date) and not isinstance(left, datetime):
        return None if isinstance(right, datetime) else float((left - right).days)
    if isinstance(left, date) and isinstance(right, float):
        return _moved(left, -right)
    return _numbers(lambda first, second: first - second)(left, right)


def equal(left: Value, right: Value) -> bool:
    """Return whether two values are the same; blank is the same as empty text. Text counts with its case."""
    if is_blank(left) or is_blank(right):
        return is_blank(left) and is_blank(right)
    if isinstance(left, bool) is not isinstance(right, bool):
        return False
    return left == right


def before(left: Value, right: Value) -> bool | None:
    """Return whether one value is less than another of its kind, or None when they cannot be compared."""
    if left is None or right is None or isinstance(left, bool) or isinstance(right, bool):
        return None
    try:
        return left < right  # type: ignore[operator]
    except TypeError:
        return None


def _moved(day: date, days: float) -> Value:
    try:
        return day + (timedelta(days=days) if isinstance(day, datetime) else timedelta(days=math.trunc(days)))
    except OverflowError:
        return None


def _case(value: Value, *rest: Value) -> Value:
    for place in range(0, len(rest) - 1, 2):
        if equal(value, rest[place]):
            return rest[place + 1]
    return rest[-1]


def _find(wanted: str, text: str, start: str = "1") -> float:
    return float(text.find(wanted, max(0, int(float(start)) - 1)) + 1)


def _padded(text: Value, length: Value, padding: Value, *, left: bool) -> Value:
    if not isinstance(text, str) or not isinstance(length, float):
        return None
    size = max(0, min(int(length), MOST_TEXT))
    filled = (as_text(padding) * size)[: max(0, size - len(text))]
    return (filled + text if left else text + filled)[:size]


def _value(text: Value) -> Value:
    if isinstance(text, float):
        return text
    try:
        return float(as_text(text).strip().replace(",", "")) if _is_number(text) else None
    except ValueError:
        return None


def _is_number(text: Value) -> bool:
    return re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", as_text(text).strip().replace(",", "")) is not None


def _regex(text: str, pattern: str) -> bool:
    if len(text) > MOST_TEXT:
        return False
    try:
        return re.fullmatch(pattern, text) is not None
    except re.error:
        return False


def _date(year: Value, month: Value, day: Value) -> Value:
    try:
        return date(int(float(as_text(year))), int(float(as_text(month))), int(float(as_text(day))))
    except ValueError:
        return None


def _date_value(given: Value) -> Value:
    if isinstance(given, datetime):
        return given.astimezone(UTC).date()
    if isinstance(given, date):
        return given
    try:
        return date.fromisoformat(as_text(given)[:10])
    except ValueError:
        return None


def _moment_value(given: Value) -> Value:
    if isinstance(given, datetime):
        return given
    try:
        moment = datetime.fromisoformat(as_text(given).strip())
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _add_months(day: Value, months: Value) -> Value:
    if not isinstance(day, date) or not isinstance(months, float):
        return None
    years, month = divmod(day.month - 1 + int(months), 12)
    year = day.year + years
    if not 1 <= year <= 9999:
        return None
    last = calendar.monthrange(year, month + 1)[1]
    # The last day of a month stays the last one.
    of_month = last if day.day == calendar.monthrange(day.year, day.month)[1] else min(day.day, last)
    return day.replace(year=year, month=month + 1, day=of_month)


def _part(name: str) -> Function:
    def call(day: Value) -> Value:
        return float(getattr(day, name)) if isinstance(day, date) else None

    return call


def _weekday(day: Value) -> Value:
    return float(day.isoweekday() % 7 + 1) if isinstance(day, date) else None


def _extreme(choose: Callable[[list[float]], float]) -> Function:
    return _numbers(lambda *given: choose(list(given)))


def _left(text: Value, length: Value) -> Value:
    return as_text(text)[: max(0, int(length))] if isinstance(length, float) else None


def _right(text: Value, length: Value) -> Value:
    return as_text(text)[-int(length) :] if isinstance(length, float) and length >= 1 else ""


def _mid(text: Value, start: Value, length: Value) -> Value:
    if not isinstance(start, float) or not isinstance(length, float):
        return None
    first = max(1, int(start)) - 1
    return as_text(text)[first : first + max(0, int(length))]


def _substitute(text: str, old: str, new: str) -> Value:
    result = text.replace(old, new) if old else text
    return result if len(result) <= MOST_TEXT else None


FUNCTIONS: dict[str, tuple[int, int | None, Function]] = {
    # name: (fewest arguments, most or None, function)
    "+": (2, 2, add),
    "-": (2, 2, subtract),
    "*": (2, 2, _numbers(lambda left, right: left * right)),
    "/": (2, 2, _numbers(lambda left, right: left / right)),
    "^": (2, 2, _numbers(math.pow)),
    "&": (2, 2, _texts(lambda left, right: left + right)),
    "NEGATE": (1, 1, _numbers(lambda number: -number)),
    "=": (2, 2, equal),
    "<>": (2, 2, lambda left, right: not equal(left, right)),
    "<": (2, 2, before),
    ">": (2, 2, lambda left, right: before(right, left)),
    "<=": (2, 2, lambda left, right: None if (found := before(right, left)) is None else not found),
    ">=": (2, 2, lambda left, right: None if (found := before(left, right)) is None else not found),
    "ABS": (1, 1, _numbers(abs)),
    "ADDMONTHS": (2, 2, _add_months),
    "BEGINS": (2, 2, _texts(lambda text, start: text.startswith(start))),
    "BLANKVALUE": (2, 2, lambda value, other: other if is_blank(value) else value),
    "BR": (0, 0, lambda: "\n"),
    "CASE": (4, None, _case),
    "CASESAFEID": (1, 1, lambda value: value),
    "CEILING": (1, 1, _numbers(math.ceil)),
    "CONTAINS": (2, 2, _texts(lambda text, part: part in text)),
    "DATE": (3, 3, _date),
    "DATETIMEVALUE": (1, 1, _moment_value),
    "DATEVALUE": (1, 1, _date_value),
    "DAY": (1, 1, _part("day")),
    "EXP": (1, 1, _numbers(math.exp)),
    "FIND": (2, 3, _texts(_find)),
    "FLOOR": (1, 1, _numbers(math.floor)),
    "HOUR": (1, 1, lambda moment: float(moment.hour) if isinstance(moment, datetime) else None),
    "HYPERLINK": (2, 3, _texts(lambda _url, label, _target="": label)),
    "INCLUDES": (2, 2, _texts(lambda values, one: one in values.split(";"))),
    "ISBLANK": (1, 1, is_blank),
    "ISNULL": (1, 1, lambda value: value is None),
    "ISNUMBER": (1, 1, _is_number),
    "ISPICKVAL": (2, 2, equal),
    "LEFT": (2, 2, _left),
    "LEN": (1, 1, _texts(lambda text: float(len(text)))),
    "LN": (1, 1, _numbers(math.log)),
    "LOG": (1, 1, _numbers(math.log10)),
    "LOWER": (1, 2, _texts(lambda text, _locale="": text.lower())),
    "LPAD": (2, 3, lambda text, length, padding=" ": _padded(text, length, padding, left=True)),
    "MAX": (1, None, _extreme(max)),
    "MID": (3, 3, _mid),
    "MIN": (1, None, _extreme(min)),
    "MOD": (2, 2, _numbers(math.fmod)),
    "MONTH": (1, 1, _part("month")),
    "NULLVALUE": (2, 2, lambda value, other: other if value is None else value),
    "REGEX": (2, 2, _texts(_regex)),
    "RIGHT": (2, 2, _right),
    "ROUND": (2, 2, _numbers(lambda number, places: rounded(number, int(places)))),
    "RPAD": (2, 3, lambda text, length, padding=" ": _padded(text, length, padding, left=False)),
    "SQRT": (1, 1, _numbers(math.sqrt)),
    "SUBSTITUTE": (3, 3, _texts(_substitute)),
    "TEXT": (1, 1, _texts(lambda text: text)),
    "TRIM": (1, 1, _texts(lambda text: text.strip())),
    "UPPER": (1, 2, _texts(lambda text, _locale="": text.upper())),
    "VALUE": (1, 1, _value),
    "WEEKDAY": (1, 1, _weekday),
    "YEAR": (1, 1, _part("year")),
}
