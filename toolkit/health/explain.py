"""Why an account has the score it has, in numbers and in sentences (BEY-12).

Of 100 points, a measure *earns* weight x points / 100 and *loses* the rest of its weight; what all of them earn adds up
to the score, and what they lose to what is missing from 100.
"""

from dataclasses import dataclass

import polars as pl

from toolkit.config.health import HealthProfile
from toolkit.errors import NotFoundError
from toolkit.frames import RECORD_KEY
from toolkit.health.turns import Standing, Turn, plain, turn_down, turn_up

_TOP = 3


@dataclass(frozen=True)
class Driver:
    """One measure's part in a score: what it measured, what it earned and what it lost, in points of 100."""

    measure: str
    group: str
    value: float | None
    points: float | None
    weight: float
    earned: float

    @property
    def lost(self) -> float:
        """What the measure would add to the score at its best."""
        return max(0.0, self.weight * 100 - self.earned)


@dataclass(frozen=True)
class Explanation:
    """One account's score, what made it, and what would turn its colour.

    `score` is 0-100 and unrounded, `shown` on the profile's scale; both are None without a score, and so are the turns.
    `drivers` has every measure, in the order of the profile.
    """

    id: str
    score: float | None
    shown: float | None
    band: str | None
    coverage: float
    min_coverage: float
    scale: str
    decimals: int
    drivers: tuple[Driver, ...]
    better: Turn | None
    worse: Turn | None

    @property
    def down(self) -> tuple[Driver, ...]:
        """Up to three measures that lose the most, at least one point each."""
        losing = [driver for driver in self.drivers if driver.lost >= 1]
        return tuple(sorted(losing, key=lambda driver: -driver.lost)[:_TOP])

    @property
    def up(self) -> tuple[Driver, ...]:
        """Up to three measures that earn the most, at least one point each, of those not among `down`."""
        earning = [driver for driver in self.drivers if driver.earned >= 1 and driver not in self.down]
        return tuple(sorted(earning, key=lambda driver: -driver.earned)[:_TOP])

    @property
    def unknown(self) -> tuple[str, ...]:
        """The measures without a value."""
        return tuple(driver.measure for driver in self.drivers if driver.value is None)

    @property
    def sentences(self) -> tuple[str, ...]:
        """The explanation for a person to read, one sentence a thought."""
        known = f"{self.coverage * 100:.0f} % of the weight is known"
        if self.score is None:
            said = [f"No score: {known}, {self.min_coverage * 100:g} % is needed."]
        else:
            said = [f"{self.shown:.{self.decimals}f} of {self.scale.split('-')[1]}, {self.band}; {known}."]
        if self.down:
            said.append(f"Costs most: {'; '.join(_with_value(each, each.lost, 'loses') for each in self.down)}.")
        if self.up:
            said.append(f"Earns most: {'; '.join(_with_value(each, each.earned, 'earns') for each in self.up)}.")
        if self.unknown:
            said.append(f"Not known: {', '.join(self.unknown)}.")
        said += [f"It {turn}." for turn in (self.better, self.worse) if turn is not None]
        return tuple(said)

    @property
    def text(self) -> str:
        """The sentences as one paragraph."""
        return " ".join(self.sentences)

    def __str__(self) -> str:
        return self.text


def explain(scores: pl.DataFrame, contributions: pl.DataFrame, profile: HealthProfile, account_id: str) -> Explanation:
    """Return the explanation of one account's score, from `frames.SCORES` and `frames.CONTRIBUTIONS`.

    `profile` is the one that gave the score. Raises NotFoundError for an account that was not scored.
    """
    row = next(scores.filter(pl.col(RECORD_KEY) == account_id).iter_rows(named=True), None)
    if row is None:
        raise NotFoundError(f'No account "{account_id}" was scored.', hint="Load the sources and score again.")
    parts = {part["measure"]: part for part in contributions.filter(pl.col(RECORD_KEY) == account_id).to_dicts()}
    listed = [(measure, parts[measure.name]) for measure in profile.measures if measure.name in parts]
    drivers = tuple(
        Driver(
            measure.name,
            measure.group,
            part["value"],
            part["points"],
            part["weight"] or 0.0,
            part["contribution"] or 0.0,
        )
        for measure, part in listed
    )
    standings = [
        Standing(measure, part["value"], part["points"], part["weight"])
        for measure, part in listed
        if part["value"] is not None and part["weight"] is not None
    ]
    score, band = row["score"], row["band"]
    return Explanation(
        id=account_id,
        score=score,
        shown=row["shown"],
        band=band,
        coverage=row["coverage"],
        min_coverage=profile.min_coverage,
        scale=profile.scale,
        decimals=profile.decimals,
        drivers=drivers,
        better=turn_up(score, band, standings, profile) if band is not None else None,
        worse=turn_down(score, band, standings, profile) if band is not None else None,
    )


def _with_value(driver: Driver, points: float, verb: str) -> str:
    value = "not known" if driver.value is None else plain(driver.value)
    return f"{driver.measure} ({value}) {verb} {points:.1f} of {driver.weight * 100:.1f} points"
