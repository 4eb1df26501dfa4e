"""The health score of every account: a weighted mean of the points of its measures, with what each of them added.

    score         = sum of points x weight, over the measures, in 0-100
    weight        = the measure's weight / the weights that count for this account, so that they add up to 1
    contribution  = points x weight; the contributions add up to the score
    coverage      = the weight of the measures that have a value / the weight of all measures

A measure without a value counts as its ``missing`` says: not at all (its weight is thereby shared among the others in
proportion to theirs), with 50 points, or with the lowest points of its rule. Points that stand in for a value are in
the score and never in the coverage. An account whose coverage is below the profile's minimum gets no score: null, and
a skip that says what is not known about it. A score that was made up from two of eight measures would be read as one
made from eight.
"""

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import polars as pl

from toolkit.config.health import HealthProfile
from toolkit.errors import InputError, NotFoundError
from toolkit.frames import CONTRIBUTIONS, RECORD_KEY, SCORES, SKIPS, conform
from toolkit.health.measures import counted_weight, measure_points
from toolkit.health.profile import band, shown, version

_TOLERANCE = 1e-12
"""Coverage is a quotient of sums: 0.5 of the weight must pass a minimum of 0.5 however the floats fell."""


TOO_LITTLE_KNOWN = "health: minimum coverage"
"""The rule under which ``skips`` holds the accounts that got no score."""


@dataclass(frozen=True)
class Scored:
    """The scores (`frames.SCORES`), the accounts without one and why (`frames.SKIPS`), and their contributions."""

    scores: pl.DataFrame
    skips: pl.DataFrame
    wide: pl.DataFrame
    profile: HealthProfile

    @cached_property
    def contributions(self) -> pl.DataFrame:
        """One row an account and measure (`frames.CONTRIBUTIONS`), made when it is first asked for.

        A measure whose weight is shared out has weight 0 and contribution 0. An account without a score has values and
        points, but neither weight nor contribution.
        """
        columns = list(CONTRIBUTIONS.schema)
        rows = [
            self.wide.select(
                RECORD_KEY,
                pl.lit(measure.name).alias("measure"),
                pl.lit(measure.group).alias("group"),
                pl.col(f"value{number}").alias("value"),
                pl.col(f"points{number}").alias("points"),
                pl.col(f"weight{number}").alias("weight"),
                pl.col(f"part{number}").alias("contribution"),
            ).select(columns)
            for number, measure in enumerate(self.profile.measures)
        ]
        return conform(pl.concat(rows), CONTRIBUTIONS)


def score(metrics: pl.DataFrame, profile: HealthProfile, as_of: date, *, name: str = "default") -> Scored:
    """Return the scores of the accounts of `metrics`, a frame of `id` and one column a metric, on the day `as_of`.

    `name` is the profile's name in the mapping file. Raises NotFoundError when a measure's metric is not a column and
    InputError when it is not a number.
    """
    _require_metrics(metrics, profile)
    wide = _weighed(_measured(metrics, profile), profile)
    scores = wide.select(
        RECORD_KEY,
        pl.lit(name).alias("profile"),
        pl.lit(version(profile)).alias("version"),
        "score",
        shown(pl.col("score"), profile).alias("shown"),
        "coverage",
        pl.lit(as_of).alias("as_of"),
    ).with_columns(band(pl.col("shown"), profile).alias("band"))
    return Scored(conform(scores, SCORES), _skips(wide, profile), wide, profile)


def _require_metrics(metrics: pl.DataFrame, profile: HealthProfile) -> None:
    for measure in profile.measures:
        dtype = metrics.schema.get(measure.metric)
        if dtype is None:
            raise NotFoundError(
                f'Measure "{measure.name}": there is no metric "{measure.metric}".',
                hint=f"Metrics are: {', '.join(metrics.drop(RECORD_KEY).columns)}.",
            )
        if not (dtype.is_numeric() or dtype in (pl.Boolean, pl.Null)):
            raise InputError(
                f'Measure "{measure.name}": the metric "{measure.metric}" is a {dtype}, not a number.',
                hint='For a date choose the aggregate "days_since" or "days_until" in the mapping file.',
            )


def _measured(metrics: pl.DataFrame, profile: HealthProfile) -> pl.DataFrame:
    """Return, for the n-th measure, its value<n>, its points<n> and the weight<n> it counts with, not yet a share."""
    values = [
        pl.col(measure.metric).cast(pl.Float64).fill_nan(None).alias(f"value{number}")
        for number, measure in enumerate(profile.measures)
    ]
    return metrics.select(RECORD_KEY, *values).with_columns(
        expression
        for number, measure in enumerate(profile.measures)
        for expression in (
            measure_points(measure, pl.col(f"value{number}")).alias(f"points{number}"),
            counted_weight(measure, pl.col(f"value{number}")).alias(f"weight{number}"),
        )
    )


def _weighed(measured: pl.DataFrame, profile: HealthProfile) -> pl.DataFrame:
    """Return `measured` with weights as shares, and part<n>, what each measure adds, the coverage and the score."""
    numbers = range(len(profile.measures))
    known = [
        pl.when(pl.col(f"value{number}").is_not_null()).then(measure.weight).otherwise(0.0)
        for number, measure in enumerate(profile.measures)
    ]
    whole = sum(measure.weight for measure in profile.measures)
    summed = measured.with_columns(
        coverage=pl.sum_horizontal(known) / whole,
        counted=pl.sum_horizontal(f"weight{number}" for number in numbers),
    )
    enough = (pl.col("coverage") >= profile.min_coverage - _TOLERANCE) & (pl.col("counted") > 0)
    shares = [
        pl.when(enough).then(pl.col(f"weight{number}") / pl.col("counted")).alias(f"weight{number}")
        for number in numbers
    ]
    parts = [
        (pl.col(f"points{number}").fill_null(0.0) * pl.col(f"weight{number}")).alias(f"part{number}")
        for number in numbers
    ]
    total = pl.sum_horizontal([f"part{number}" for number in numbers], ignore_nulls=False)
    return summed.with_columns(shares).with_columns(parts).with_columns(score=total)


def _skips(wide: pl.DataFrame, profile: HealthProfile) -> pl.DataFrame:
    """Return the accounts without a score, each with the share of the weight that is known and what is not."""
    unknown = [
        pl.when(pl.col(f"value{number}").is_null()).then(pl.lit(measure.name))
        for number, measure in enumerate(profile.measures)
    ]
    reason = pl.format(
        "no score: {} % of the weight has a value, {} % is needed; not known: {}",
        (pl.col("coverage") * 100).round(0).cast(pl.Int64),
        pl.lit(f"{profile.min_coverage * 100:g}"),
        pl.concat_str(unknown, separator=", ", ignore_nulls=True),
    )
    return conform(
        wide.filter(pl.col("score").is_null()).select(
            pl.lit("account").alias("object"),
            pl.lit("here").alias("side"),
            RECORD_KEY,
            pl.lit(None, pl.String).alias("name"),
            pl.lit(TOO_LITTLE_KNOWN).alias("rule"),
            reason.alias("reason"),
        ),
        SKIPS,
    )
