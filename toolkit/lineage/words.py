"""What a computed value was made of, in words: a metric's rows and window, a score's measures (BEY-14)."""

import polars as pl

from toolkit.config.sources import Metric


def metric_words(metric: Metric, source: str) -> str:
    """Return what a metric is worked out from: ``sum of logins of the last 90 days in usage.parquet``."""
    column = metric.column or "rows"
    what = f"{metric.aggregate.replace('_', ' ')} of {column}"
    if metric.since:
        what += f" since {metric.since} in {metric.unit}"
    if metric.window_days:
        what += f" of the last {metric.window_days:,} days"
    if metric.where:
        what += f" where {' and '.join(f'{name} is {_one_of(value)}' for name, value in metric.where.items())}"
    if metric.per:
        what += f", divided by {metric.per}"
    return f"{what}, in {source}"


def contributions_words(contributions: pl.DataFrame) -> str:
    """Return what each measure added to one account's score (`frames.CONTRIBUTIONS`), the most first."""
    if contributions.is_empty():
        return "what each measure added is not kept"
    ordered = contributions.sort("contribution", "measure", descending=[True, False], nulls_last=True)
    told = [
        f"{row['measure']} ({'not known' if row['value'] is None else format(row['value'], 'g')}) "
        f"{row['contribution'] or 0:.1f} of {100 * (row['weight'] or 0):.1f}"
        for row in ordered.iter_rows(named=True)
    ]
    return f"points added: {'; '.join(told)}"


def _one_of(value: object) -> str:
    return " or ".join(map(str, value)) if isinstance(value, tuple) else str(value) or "blank"
