"""Answers to "how likely are you to recommend us", from 0 to 10, as figures that metrics add up.

Promoters answer 9 or 10, passives 7 or 8, detractors 0 to 6. The net promoter score is the share of promoters less the
share of detractors, from -100 to 100 (Reichheld, "The One Number You Need to Grow", 2003). As the mean of 100 for a
promoter, 0 for a passive and -100 for a detractor it is a metric like any other: the ``mean`` of ``nps``; the numbers
of each are the ``sum`` of ``promoters``, ``passives`` and ``detractors``.
"""

import polars as pl

from toolkit.sources.rejects import LINE, cells_of


def with_nps(answers: pl.DataFrame, score: str) -> pl.DataFrame:
    """Return the answers with ``nps`` (100, 0 or -100) and ``promoters``, ``passives``, ``detractors`` (1 or 0).

    An answer without a score is null in each.
    """
    value = pl.col(score)
    shares = {"promoters": value >= 9, "passives": value.is_between(7, 8), "detractors": value <= 6}
    counted = answers.with_columns(which.cast(pl.Int64).alias(name) for name, which in shares.items())
    return counted.with_columns(nps=100 * (pl.col("promoters") - pl.col("detractors")))


def wrong_scores(answers: pl.DataFrame, score: str) -> pl.DataFrame:
    """Return the scores that are no whole number from 0 to 10 as faults (`rejects.CELLS`)."""
    value = pl.col(score)
    wrong = answers.filter(~(value.is_between(0, 10) & (value == value.floor())))
    return cells_of(wrong[LINE], score, wrong[score], "is not a whole number from 0 to 10")
