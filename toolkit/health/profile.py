"""How a profile's score of 0-100 points is shown: its scale, its rounding, its colours, and the field it must fit.

Points are turned into the profile's scale exactly (points x top / 100) and rounded half up to its decimals: 7.25 shows
as 7.3, 7.24999 as 7.2. The colour is that of the *number shown*, so two accounts that show the same number never have
different colours, and a colour in Salesforce can be checked against the number beside it. A band's bounds are points;
its lower bound belongs to it.
"""

import hashlib
import json
from dataclasses import dataclass

import polars as pl

from toolkit.config.health import Band, HealthProfile

_NUDGE = 1e-9
"""Sums of floats fall short of a half they reach on paper (72.4999999999); so much is given to them before rounding."""


@dataclass(frozen=True)
class Fit:
    """Whether a score fits a field of Salesforce, and a sentence that says why not."""

    fits: bool
    message: str = ""

    def __bool__(self) -> bool:
        return self.fits


def shown(points: pl.Expr, profile: HealthProfile) -> pl.Expr:
    """Return points (0-100) on the profile's scale, rounded half up to its decimals (HLT-4)."""
    unit = 10.0**profile.decimals
    whole = (points * (profile.top * unit) / 100 + 0.5 + _NUDGE).floor()
    # Polars divides by way of the reciprocal, which makes 96 / 10 a 9.600000000000001; rounding mends that.
    return (whole / unit).round(profile.decimals)


def band(shown_score: pl.Expr, profile: HealthProfile) -> pl.Expr:
    """Return the name of the band that a shown score is in, null where there is no score."""
    points = shown_score * 100 / profile.top + _NUDGE
    name = pl.lit(profile.bands[0].name)
    for each in profile.bands[1:]:
        name = pl.when(points >= each.start).then(pl.lit(each.name)).otherwise(name)
    return pl.when(shown_score.is_not_null()).then(name)


def least_points(of: Band, profile: HealthProfile) -> float:
    """Return the fewest points, unrounded, that are shown in a band: half a unit less than its first shown number."""
    unit = 10.0**profile.decimals
    first = -int(-(of.start * profile.top * unit / 100 - _NUDGE) // 1)  # the ceiling: no shown number below it is in
    return max(0.0, (first - 0.5) * 100 / (profile.top * unit))


def version(profile: HealthProfile) -> str:
    """Return twelve hexadecimal digits that change when and only when anything in the profile changes."""
    canonical = json.dumps(profile.model_dump(mode="json", by_alias=True), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:12]


def fits(profile: HealthProfile, precision: int, scale: int, *, field: str = "The field") -> Fit:
    """Return whether every score of the profile can be stored in a Number field of Salesforce (CAT-13, HLT-4).

    `precision` and `scale` are those of describe: all digits, and those behind the point. The set-up screen asks for
    *length* instead, the digits before the point: "length 2, decimal places 1" is precision 3, scale 1, up to 99.9.
    """
    largest = f"{10 ** (precision - scale) - 10.0**-scale:.{scale}f}"
    if 10 ** (precision - scale) <= profile.top:
        advice = "a score of 0-10 fits" if profile.top > 10 and precision - scale >= 2 else "a longer field is needed"
        return Fit(
            fits=False,
            message=f"A score of {profile.scale} does not fit: {field} holds 0-{largest}, and the best score is "
            f"{profile.top:g}. {advice.capitalize()}.",
        )
    if scale < profile.decimals:
        return Fit(
            fits=False,
            message=f"A score with {profile.decimals} decimals does not fit: {field} holds 0-{largest} with {scale} "
            f"behind the point. Show the score with {scale} decimals, or give the field more.",
        )
    return Fit(fits=True)


def smallest_number(profile: HealthProfile) -> tuple[int, int]:
    """Return length and decimal places, as Salesforce's set-up asks for them, of the smallest field that fits.

    For a score of 0-10 with one decimal that is (2, 1), which is what CAT-13 prescribes.
    """
    return len(f"{profile.top:.0f}"), profile.decimals
