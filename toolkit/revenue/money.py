"""Money as whole hundredths, so that sums add up exactly; and the rule that currencies are never added.

Every figure is rounded half away from zero to hundredths of its currency once, where it is read (`cents`), and only
whole numbers are added from then on. A frame shows them as the float nearest to the decimal (`money`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite

import polars as pl

from toolkit.errors import InputError
from toolkit.frames import AGREEMENTS, SKIPS, conform

MOST = 1e12
"""The largest amount that an agreement may have; sums of many stay exact to the hundredth."""

CURRENCY_RULE = "one currency (DSH-4)"


@dataclass(frozen=True)
class OneCurrency:
    """Agreements that may be added, all in ``currency``, and what could not be brought to it (`frames.SKIPS`)."""

    agreements: pl.DataFrame
    skips: pl.DataFrame
    currency: str


def cents(amount: pl.Expr) -> pl.Expr:
    """Return amounts as whole hundredths (Int64), rounded half away from zero: 2.675 is 268."""
    size = amount.abs() * 100
    # the nudge is a rounding error of the number itself: 2.675 * 100 is stored as 267.49999999999997
    nudge = (size * 2.0**-52).clip(upper_bound=0.25)
    return ((size + nudge + 0.5).floor() * amount.sign()).cast(pl.Int64)


def money(hundredths: pl.Expr) -> pl.Expr:
    """Return whole hundredths as an amount: the float nearest to the decimal."""
    number = hundredths.cast(pl.Float64)
    return number / (number * 0 + 100)  # a column: a scalar divisor would be multiplied by its reciprocal


def currencies(agreements: pl.DataFrame) -> tuple[str, ...]:
    """Return the currencies of `agreements`, by their number of agreements, most first; "" is the org's only one."""
    counted = agreements.group_by("currency").len().sort("len", "currency", descending=[True, False])
    return tuple(counted["currency"].to_list())


def in_one_currency(
    agreements: pl.DataFrame, currency: str | None = None, rates: Mapping[str, float] | None = None
) -> OneCurrency:
    """Return `agreements` (`frames.AGREEMENTS`) in one currency, so that their money may be added.

    `rates` says how much of `currency` one unit of each other currency is: ``{"USD": 0.92}`` for euros. Each amount is
    converted and rounded by itself. An agreement whose currency has no rate goes to the skips. Without `currency` the
    agreements must all be of one.

    Raises InputError, naming the currencies, when they are mixed and no `currency` is given; and for a rate that is
    not a positive number.
    """
    found = currencies(agreements)
    if currency is None:
        if len(found) > 1:
            raise _mixed(found)
        currency = found[0] if found else ""
    table = {**(rates or {}), currency: 1.0}
    bad = sorted(name for name, rate in table.items() if not (isfinite(rate) and rate > 0))
    if bad:
        raise InputError(f"The rate of {', '.join(bad)} is not a positive number", hint="give units of the target each")
    rate = pl.col("currency").replace_strict(table, default=None, return_dtype=pl.Float64)
    rated = agreements.with_columns(_rate=rate)
    converted = rated.filter(pl.col("_rate").is_not_null()).with_columns(
        *(money(cents(pl.col(name) * pl.col("_rate"))).alias(name) for name in ("mrr", "arr", "one_time")),
        currency=pl.lit(currency),
    )
    left = rated.filter(pl.col("_rate").is_null())
    return OneCurrency(conform(converted, AGREEMENTS), _no_rate(left, currency), currency)


def named(currency: str) -> str:
    """Return how a message names a currency."""
    return currency or "no currency"


def _mixed(found: tuple[str, ...]) -> InputError:
    listed = ", ".join(named(each) for each in found)
    return InputError(
        f"The agreements are in several currencies ({listed}), which cannot be added",
        hint="name the currency to show; add rates to convert the others into it",
    )


def _no_rate(left: pl.DataFrame, currency: str) -> pl.DataFrame:
    code = pl.when(pl.col("currency") == "").then(pl.lit("no currency")).otherwise("currency")
    reason = pl.concat_str(
        pl.lit("in "), code, pl.lit(f"; there is no rate into {named(currency)}, so it is not added")
    )
    return conform(
        left.select(
            "id",
            "name",
            object=pl.lit("agreement"),
            side=pl.lit("here"),
            rule=pl.lit(CURRENCY_RULE),
            reason=reason,
        ),
        SKIPS,
    )
