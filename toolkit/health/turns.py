"""What would turn an account's colour: the smallest change of a measure that carries the score over the next bound.

Of all single measures that could do it alone, the one whose value has the shortest way to go, as a share of the range
its rule covers. Where none can do it alone, the fewest that can together: those with the most to gain (or to lose)
first, the last of them only as far as it is needed. Measures without a value stay as they are, and so do all weights.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from toolkit.config.health import HealthProfile, Measure
from toolkit.health.measures import nearest_value, points_at
from toolkit.health.profile import least_points

_MARGIN = 1e-6
"""A fall must end below a bound, not on it."""


@dataclass(frozen=True)
class Standing:
    """Where one measure of an account stands: its rule, its value, the points that gives and its share of the score."""

    measure: Measure
    value: float
    points: float
    weight: float


@dataclass(frozen=True)
class Step:
    """One measure's part of a turn. ``below`` says that `to` itself is not enough and the value must be less."""

    measure: str
    value: float
    to: float
    points: float
    to_points: float
    below: bool = False

    def __str__(self) -> str:
        start, end = plain(self.value), f"{self.to:.10g}"
        if start == end:  # so close that only more digits tell them apart
            start = f"{self.value:.10g}"
        return f"{self.measure} from {start} to {'below ' if self.below else ''}{end}"


@dataclass(frozen=True)
class Turn:
    """The colour that an account would get, and the smallest change that would give it that colour."""

    band: str
    steps: tuple[Step, ...]

    def __str__(self) -> str:
        return f"would turn {self.band}: {' and '.join(str(step) for step in self.steps)}"


def plain(value: float) -> str:
    """Return a number as people write it: 1234.5, 0.125, 12."""
    text = f"{value:.{3 if abs(value) < 10 else 1}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def turn_up(score: float, band: str, standings: Sequence[Standing], profile: HealthProfile) -> Turn | None:
    """Return what would give an account the next better colour, or None when it has the best or nothing would."""
    names = [each.name for each in profile.bands]
    at = names.index(band) + 1
    if at == len(names):
        return None
    return _turn(names[at], least_points(profile.bands[at], profile) - score, standings, rising=True)


def turn_down(score: float, band: str, standings: Sequence[Standing], profile: HealthProfile) -> Turn | None:
    """Return what would give an account the next worse colour, or None when it has the worst or nothing would."""
    names = [each.name for each in profile.bands]
    at = names.index(band)
    if at == 0:
        return None
    fall = least_points(profile.bands[at], profile) - score - _MARGIN
    return _turn(names[at - 1], fall, standings, rising=False)


def _turn(band: str, way: float, standings: Sequence[Standing], *, rising: bool) -> Turn | None:
    """Return the turn that moves the score by `way`, which is negative for a fall."""
    counting = [each for each in standings if each.weight > 0]
    alone = [step for each in counting if (step := _step(each, way, rising=rising))]
    if alone:
        ranges = {
            each.measure.name: each.measure.rule.points[-1][0] - each.measure.rule.points[0][0] for each in counting
        }
        return Turn(band, (min(alone, key=lambda step: abs(step.to - step.value) / ranges[step.measure]),))
    steps: list[Step] = []
    for each in sorted(counting, key=lambda each: -abs(_reach(each, rising=rising))):
        last = _step(each, way, rising=rising)
        step = last or _step(each, _reach(each, rising=rising), rising=rising)
        if step is None or (step.to == step.value and not step.below):
            continue
        steps.append(step)
        way -= (step.to_points - step.points) * each.weight
        if last:
            return Turn(band, tuple(steps))
    return None


def _reach(standing: Standing, *, rising: bool) -> float:
    """Return how far one measure alone can move the score."""
    heights = [points for _, points in standing.measure.rule.points]
    return ((max if rising else min)(heights) - standing.points) * standing.weight


def _step(standing: Standing, way: float, *, rising: bool) -> Step | None:
    """Return the shortest step of a measure that moves the score by `way` or further, or None when it cannot."""
    rule = standing.measure.rule
    target = standing.points + way / standing.weight
    found = nearest_value(standing.value, target, rule, rising=rising)
    if found is None:
        return None
    to, inclusive = found
    step = Step(standing.measure.name, standing.value, to, standing.points, 0.0, below=not inclusive)
    if not inclusive:
        return replace(step, to_points=points_at(to - abs(to) * 1e-9 - 1e-9, rule))
    for digits in range(7):  # the shortest number that still does it and overshoots by little: what is read is meant
        short = _onwards(standing.value, to, digits)
        points = points_at(short, rule)
        enough = points >= target - 1e-9 if rising else points <= target + 1e-9
        if enough and abs(short - to) <= 0.2 * abs(to - standing.value):
            return replace(step, to=short, to_points=points)
    return replace(step, to_points=points_at(to, rule))


def _onwards(start: float, to: float, digits: int) -> float:
    """Return `to` rounded in the direction in which it lies from `start`."""
    unit = 10.0**digits
    scaled = round(to * unit, 6)
    whole = -(-scaled // 1) if to > start else scaled // 1
    return float(whole) / unit
