"""The ways in which a match rule may read values, by the words of the mapping file."""

from collections.abc import Callable

import polars as pl

from toolkit.config.match_rules import Operand
from toolkit.matching.clean import comparable
from toolkit.matching.domains import registrable_domain
from toolkit.matching.emails import email_of
from toolkit.matching.names import core_name
from toolkit.matching.phones import phone_of

NORMALISERS: dict[str, Callable[[pl.Series], pl.Series]] = {
    "id": comparable,
    "domain": registrable_domain,
    "email": email_of,
    "phone": phone_of,
    "name": core_name,
}
"""Word -> what brings a column to the form in which it is compared; null is nothing to compare."""


def compared(values: pl.Series, operand: Operand) -> pl.Series:
    """Return a column in the form in which one side of a rule compares it."""
    if operand.normaliser == "phone":
        return phone_of(values, operand.region)
    return NORMALISERS[operand.normaliser or "id"](values)
