"""The health part of the mapping file: profiles, bands, measures and their point rules.

Only shapes and what can be judged from one value or table alone live here; how a score is worked out from them is
`toolkit.health`. Points are always 0-100; a profile's scale decides only how a score is shown and written.
"""

import itertools
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from toolkit.config.terms import Model, Word

SCALES: dict[str, float] = {"0-10": 10.0, "0-100": 100.0}
"""The scales a score can be shown on, and the upper end of each."""

Point = tuple[float, Annotated[float, Field(ge=0, le=100)]]


def _ascending(points: tuple[Point, ...]) -> tuple[Point, ...]:
    for before, after in itertools.pairwise(points):
        if after[0] <= before[0]:
            raise ValueError(f"values must ascend, but {after[0]:g} follows {before[0]:g}")
    return points


class Rule(Model):
    """How a metric's value becomes points, given as ``[value, points]`` pairs with ascending values.

    ``linear`` runs straight between neighbouring pairs and stays level outside the first and the last. ``steps`` gives
    the points of the last pair whose value is not above the metric's (a bound belongs to the step it opens); below the
    first pair it gives the first pair's points.
    """

    kind: Literal["linear", "steps"]
    points: Annotated[tuple[Point, ...], Field(min_length=2), AfterValidator(_ascending)]


class Measure(Model):
    """One measure of a profile: a metric, the rule that turns it into points, its group and its weight.

    ``missing`` says what an account without a value gets: ``share`` leaves the measure out and shares its weight among
    the others, ``neutral`` gives 50 points, ``worst`` the lowest points of the rule.
    """

    name: Annotated[str, Field(min_length=1)]
    metric: Word
    group: Annotated[str, Field(min_length=1)]
    weight: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    rule: Rule
    missing: Literal["share", "neutral", "worst"] = "share"


class Band(Model):
    """A named part of 0-100 that begins at ``start`` (``from`` in the file) and ends where the next one begins."""

    name: Annotated[str, Field(min_length=1)]
    start: Annotated[float, Field(alias="from", ge=0, le=100)]


def _covering(bands: tuple[Band, ...]) -> tuple[Band, ...]:
    if bands[0].start != 0:
        raise ValueError(
            f'bands must cover 0 to 100: the first, "{bands[0].name}", starts from {bands[0].start:g}, not 0'
        )
    for before, after in itertools.pairwise(bands):
        if after.start <= before.start:
            raise ValueError(f'bands must ascend, but "{after.name}" from {after.start:g} follows {before.start:g}')
    names = [band.name for band in bands]
    if len(set(names)) < len(names):
        raise ValueError(f"band names must differ, got {', '.join(names)}")
    return bands


class HealthProfile(Model):
    """A health profile: its measures and how the score is shown.

    No score is given to an account whose measures with a value carry less than ``min_coverage`` of the weight.
    """

    scale: Literal["0-10", "0-100"] = "0-10"
    decimals: Annotated[int, Field(ge=0, le=6)] = 1
    min_coverage: Annotated[float, Field(ge=0, le=1)] = 0.5
    bands: Annotated[tuple[Band, ...], Field(min_length=1), AfterValidator(_covering)]
    measures: Annotated[tuple[Measure, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _measures_differ(self) -> "HealthProfile":
        names = [measure.name for measure in self.measures]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"measure names must differ, but these occur twice: {', '.join(twice)}")
        return self

    @property
    def top(self) -> float:
        """The upper end of the scale: 10 or 100."""
        return SCALES[self.scale]


class Health(Model):
    """The profiles by name. One of them scores every account: ``default``, or the only one there is."""

    profiles: dict[Word, HealthProfile] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _has_a_default(self) -> "Health":
        if len(self.profiles) > 1 and "default" not in self.profiles:
            raise ValueError(f'with several profiles one must be named "default", got {", ".join(self.profiles)}')
        return self

    @property
    def profile_name(self) -> str | None:
        """The name of the profile that scores accounts, or None when no profile is configured."""
        if "default" in self.profiles or not self.profiles:
            return "default" if self.profiles else None
        return next(iter(self.profiles))

    @property
    def profile(self) -> HealthProfile | None:
        """The profile that scores accounts, or None when none is configured."""
        return self.profiles[self.profile_name] if self.profile_name else None
