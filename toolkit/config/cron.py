"""Judge a crontab line: five fields of numbers, names, ranges, steps and lists."""

import re

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_FIELDS = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of the month", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("day of the week", 0, 7, _DAYS),
)
_PART = re.compile(r"^(?:\*|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>\d+))?$")


def valid_cron(line: str) -> str:
    """Return `line` when it is a crontab line, such as ``0 2 * * *`` for every night at two.

    Raises ValueError naming the field that is wrong.
    """
    fields = line.split()
    if len(fields) != len(_FIELDS):
        raise ValueError(f'a crontab line has 5 fields (minute hour day month weekday), "{line}" has {len(fields)}')
    for text, (name, low, high, words) in zip(fields, _FIELDS, strict=True):
        for part in text.split(","):
            _check_part(part, name, low, high, words)
    return " ".join(fields)


def _check_part(part: str, name: str, low: int, high: int, words: tuple[str, ...]) -> None:
    found = _PART.match(part)
    if not found:
        raise ValueError(f'"{part}" is not a {name}; valid is *, {low}-{high}, a list 1,2 or a step */2')
    bounds = [_number(text, low, words) for text in (found["first"], found["last"]) if text is not None]
    if any(bound is None or not low <= bound <= high for bound in bounds) or found["step"] == "0":
        raise ValueError(f'"{part}" is not a {name}; valid is {low} to {high}')
    if len(bounds) == 2 and (bounds[0] or 0) > (bounds[1] or 0):
        raise ValueError(f'"{part}" is not a {name}: the range runs backwards')


def _number(text: str, low: int, words: tuple[str, ...]) -> int | None:
    if text.isdigit():
        return int(text)
    return words.index(text.lower()) + low if text.lower() in words else None
