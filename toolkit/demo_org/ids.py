"""Record ids: 15 case-sensitive characters, or 18 with a checksum that survives a change of case.

An id is the object's key prefix (3 characters), the instance it was made on (3) and a number in base 62 (9). The three
characters that make 18 of 15 each stand for five of the id: bit i is set where character i is a capital letter.
"""

import re
from functools import lru_cache

INSTANCE = "dM0"
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_VALUES = {digit: value for value, digit in enumerate(_DIGITS)}
_PAIRS = [first + second for first in _DIGITS for second in _DIGITS]
_CHECKS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_CAPITALS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_CAPITALS_OF = [(pair[0] in _CAPITALS) | (pair[1] in _CAPITALS) << 1 for pair in _PAIRS]
_MANY = len(_PAIRS) ** 2
_FORM = re.compile(r"[0-9A-Za-z]{15}(?:[A-Z0-5]{3})?", re.ASCII)


def make_id(prefix: str, number: int) -> str:
    """Return the 18-character id of the `number`-th record of the object with this key prefix."""
    # A million records need a million ids, so the last four digits and their part of the checksum come from tables.
    high, low = divmod(number, _MANY)
    text, checks, bit = _start(prefix, high)
    first, second = divmod(low, len(_PAIRS))
    third = _CHECKS[bit | _CAPITALS_OF[first] << 1 | _CAPITALS_OF[second] << 3]
    return f"{text}{_PAIRS[first]}{_PAIRS[second]}{checks}{third}"


@lru_cache(maxsize=4096)
def _start(prefix: str, high: int) -> tuple[str, str, int]:
    """Return the first 11 characters of an id, the checks of the first 10, and whether the 11th is a capital."""
    digits = []
    for _ in range(5):
        high, digit = divmod(high, 62)
        digits.append(_DIGITS[digit])
    text = f"{prefix}{INSTANCE}{''.join(reversed(digits))}"
    return text, _check(*text[:5]) + _check(*text[5:10]), int(text[10] in _CAPITALS)


def number_of(record_id: str) -> int:
    """Return the number that `make_id` put into an id."""
    number = 0
    for digit in record_id[6:15]:
        number = number * 62 + _VALUES[digit]
    return number


def is_id(text: str) -> bool:
    """Return whether `text` is a well-formed id, of 15 characters or of 18 with the right checksum."""
    return _FORM.fullmatch(text) is not None and (len(text) == 15 or checksum(text[:15]) == text[15:])


def to_18(record_id: str) -> str:
    """Return the 18-character form of a well-formed id of either length."""
    return record_id if len(record_id) == 18 else record_id + checksum(record_id)


def checksum(id15: str) -> str:
    """Return the three characters that make an 18-character id of a 15-character one."""
    return _check(*id15[:5]) + _check(*id15[5:10]) + _check(*id15[10:])


def _check(*five: str) -> str:
    a, b, c, d, e = (each in _CAPITALS for each in five)
    return _CHECKS[a | b << 1 | c << 2 | d << 3 | e << 4]
