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
_FORM = re.compile(r"[0-9A-Za-z]{15}(?:[A-Z0-5]{3})?", re.ASCII)


def make_id(prefix: str, number: int) -> str:
    """Return the 18-character id of the `number`-th record of the object with this key prefix."""
    id15 = f"{prefix}{INSTANCE}{_base62(number)}"
    return id15 + checksum(id15)


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


def _base62(number: int) -> str:
    # Nine digits: a million records need a million ids, so the last four come from a table.
    high, low = divmod(number, len(_PAIRS) ** 2)
    return _five_digits(high) + _PAIRS[low // len(_PAIRS)] + _PAIRS[low % len(_PAIRS)]


@lru_cache(maxsize=4096)
def _five_digits(number: int) -> str:
    digits = []
    for _ in range(5):
        number, digit = divmod(number, 62)
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))
