"""A metric's value to points, by a measure's rule, and what a measure counts for when there is no value.

Everything is an expression over a column a metric, wide as the profile is; nothing is a list, nothing is a loop over
accounts. Points are 0-100, as the rule's pairs give them.
"""

from collections.abc import Callable

import polars as pl

from toolkit.config.health import Measure, Rule

Reached = Callable[[float], bool]

NEUTRAL_POINTS = 50.0
"""What ``missing = "neutral"`` gives: the middle of the scale, neither for nor against the account."""


def rule_points(value: pl.Expr, rule: Rule) -> pl.Expr:
    """Return the points of a value, null for null (HLT-2).

    ``linear``: straight between neighbouring pairs, y = y0 + (x - x0) (y1 - y0) / (x1 - x0); level outside the first
    and the last pair, so a value can be beyond the rule and points cannot. ``steps``: the points of the last pair whose
    value is not above x, so a bound belongs to the step it opens; below the first pair the first pair's points.
    """
    first, last = rule.points[0], rule.points[-1]
    if rule.kind == "steps":
        points = pl.lit(first[1])
        for start, height in rule.points[1:]:
            points = pl.when(value >= start).then(pl.lit(height)).otherwise(points)
    else:
        points = pl.lit(last[1])
        for (x0, y0), (x1, y1) in reversed(list(zip(rule.points, rule.points[1:], strict=False))):
            line = y0 + (value - x0) * ((y1 - y0) / (x1 - x0))
            points = pl.when(value < x1).then(line).otherwise(points)
        points = pl.when(value <= first[0]).then(pl.lit(first[1])).otherwise(points)
    return pl.when(value.is_not_null()).then(points).cast(pl.Float64)


def points_at(value: float, rule: Rule) -> float:
    """Return the points of one value, by the same rule as `rule_points`."""
    return float(pl.select(rule_points(pl.lit(value), rule)).item())


def worst_points(rule: Rule) -> float:
    """Return the lowest points that a rule can give, which is what ``missing = "worst"`` gives (HLT-5)."""
    return min(points for _, points in rule.points)


def measure_points(measure: Measure, value: pl.Expr) -> pl.Expr:
    """Return a measure's points, with those that stand in for a missing value; null when its weight is shared out."""
    points = rule_points(value, measure.rule)
    if measure.missing == "share":
        return points
    stand_in = NEUTRAL_POINTS if measure.missing == "neutral" else worst_points(measure.rule)
    return points.fill_null(stand_in)


def counted_weight(measure: Measure, value: pl.Expr) -> pl.Expr:
    """Return the weight with which a measure counts: none when its value is missing and its weight is shared out."""
    weight = pl.lit(measure.weight)
    return pl.when(value.is_not_null()).then(weight).otherwise(0.0) if measure.missing == "share" else weight


def nearest_value(value: float, target: float, rule: Rule, *, rising: bool) -> tuple[float, bool] | None:
    """Return the value nearest to `value` whose points reach `target`, and whether it itself does.

    `rising` asks for points of at least `target`, otherwise for at most. A step that is left downwards is left just
    below its bound: that bound is returned with False. None when no value reaches the target.
    """

    def reached(points: float) -> bool:
        return points >= target - 1e-9 if rising else points <= target + 1e-9

    if reached(points_at(value, rule)):
        return value, True
    candidates = _on_steps(value, rule, reached) if rule.kind == "steps" else _on_lines(target, rule, reached)
    return min(candidates, key=lambda each: (abs(each[0] - value), each[0]), default=None)


def _on_lines(target: float, rule: Rule, reached: Reached) -> list[tuple[float, bool]]:
    knots = [(x, True) for x, y in rule.points if reached(y)]
    for (x0, y0), (x1, y1) in zip(rule.points, rule.points[1:], strict=False):
        if min(y0, y1) < target < max(y0, y1):
            knots.append((x0 + (target - y0) * (x1 - x0) / (y1 - y0), True))
    return knots


def _on_steps(value: float, rule: Rule, reached: Reached) -> list[tuple[float, bool]]:
    found = []
    ends = [*(x for x, _ in rule.points[1:]), None]
    for number, ((start, points), end) in enumerate(zip(rule.points, ends, strict=True)):
        if not reached(points):
            continue
        if value < start and number > 0:
            found.append((start, True))
        elif end is not None and value >= end:
            found.append((end, False))
    return found
