"""Metrics: one figure an account, worked out from the rows of a source up to a day.

What a day knew is all that counts: rows dated after *as of* are never used, so that a score made for a day in the past
is the score of that day. A window of n days ends with *as of* and holds exactly n days, ``as_of - n < date <= as_of``;
a row without a date is in no window. Values that are null are not values.

    last                the value of the newest row, by date; of the later row in the file on equal dates
    sum mean median min max   of the values
    count               rows, or values when a column is named; 0 when there are none
    distinct            different values; 0 when there are none
    open                rows whose date in the column is blank or after as of, such as tickets closed on; 0 when none
    change              100 x (sum of the window - sum of the window before) / sum of the window before. Silence after
                        activity is -100; without activity before there is nothing to compare with. When the source
                        has no row at all in the window it is late, which says nothing about any account: null
    ratio               sum of the column / sum of the column that ``per`` names, in the same rows
    days_since          as of - newest date that is not in the future
    days_until          next date not in the past - as of; when all are in the past the newest, negative: overdue

``per`` divides the outcome of any other aggregate by another metric of that name or else by a column of the accounts
source. A divisor of zero gives null, not infinity. With ``since`` a row's value is the time from that column to
``column``, in hours or days, which is not known before ``column`` has come: a ticket that was answered after *as of*
was not yet answered. A row of a source with a ``period`` is dated by the last day of its period. Every other aggregate
of no values is null: missing, not zero.
"""

from collections.abc import Mapping
from datetime import date, timedelta

import polars as pl

from toolkit.config.sources import Metric
from toolkit.config.terms import Scalar
from toolkit.errors import InputError, NotFoundError
from toolkit.frames import RECORD_KEY
from toolkit.sources.tables import SourceTable

DATED = ("days_since", "days_until")
COUNTED = ("count", "distinct", "open")
_HOURS = {"hours": 1, "days": 24}


def measure(metrics: Mapping[str, Metric], sources: Mapping[str, SourceTable], as_of: date) -> pl.DataFrame:
    """Return one row an account, sorted by `id`, and one column a metric: Float64, or Date for the last, earliest or
    latest of a column of dates.

    The accounts are those of the accounts source, or every id of any source when there is none. Raises NotFoundError
    for a source or column that does not exist, InputError for an aggregate that a column's type does not have.
    """
    accounts = _accounts(sources)
    measured = accounts.select(RECORD_KEY)
    for name in dict.fromkeys(metric.source for metric in metrics.values()):
        wanted = {each: metric for each, metric in metrics.items() if metric.source == name}
        figures = _figures(wanted, _table(sources, name), as_of)
        measured = measured.join(figures, on=RECORD_KEY, how="left", maintain_order="left")
    counted = [name for name, metric in metrics.items() if metric.aggregate in COUNTED]
    filled = measured.with_columns(pl.col(counted).fill_null(0.0))
    return _divided(filled, metrics, accounts).select(RECORD_KEY, *metrics).sort(RECORD_KEY)


def _accounts(sources: Mapping[str, SourceTable]) -> pl.DataFrame:
    for table in sources.values():
        if table.source.records_of == "account":
            return table.records
    ids = [table.by_account().select(RECORD_KEY) for table in sources.values()]
    return pl.concat([pl.DataFrame(schema={RECORD_KEY: pl.String}), *ids]).unique(maintain_order=True)


def _table(sources: Mapping[str, SourceTable], name: str) -> SourceTable:
    if name not in sources:
        raise NotFoundError(f'There is no source "{name}".', hint=f"Sources are: {', '.join(sources) or 'none'}.")
    return sources[name]


def _figures(metrics: Mapping[str, Metric], table: SourceTable, as_of: date) -> pl.DataFrame:
    """Return one row an account that the source knows, one column a metric, not yet divided by `per`."""
    for name, metric in metrics.items():
        _require_columns(name, metric, table)
    dated = table.source.date_column
    rows = table.by_account()
    if dated is not None:
        day = _day(dated)
        rows = rows.filter(day.is_null() | (day <= as_of)).sort(dated, maintain_order=True, nulls_last=False)
    figures = [_figure(metric, rows, dated, as_of).alias(name) for name, metric in metrics.items()]
    return rows.group_by(RECORD_KEY, maintain_order=True).agg(figures)


def _require_columns(name: str, metric: Metric, table: SourceTable) -> None:
    divisor = metric.per if metric.aggregate == "ratio" else None
    for column in filter(None, [metric.column, divisor, metric.since, *metric.where]):
        if column not in table.records.columns:
            raise NotFoundError(
                f'Metric "{name}": source "{table.name}" has no column "{column}".',
                hint=f"Its columns are: {', '.join(table.records.columns)}.",
            )
    for column in filter(None, [metric.column, divisor, metric.since]):
        dtype = table.records.schema[column]
        if not _can_be(dtype, "open" if metric.since else metric.aggregate):
            raise InputError(
                f'Metric "{name}": "{metric.aggregate}" cannot be taken of column "{column}", which holds {dtype}.',
                hint="Choose another column or aggregate in the mapping file, or mend the values in the file.",
            )
    if metric.window_days is not None and table.source.date_column is None:
        raise InputError(
            f'Metric "{name}" has a window, but source "{table.name}" names no date column.',
            hint='Give the source a "date" in the mapping file, or the metric no "window_days".',
        )


def _can_be(dtype: pl.DataType, aggregate: str) -> bool:
    if aggregate in ("count", "distinct"):
        return True
    if aggregate in (*DATED, "open"):
        return dtype == pl.Date or dtype.base_type() == pl.Datetime
    return dtype.is_numeric() or dtype == pl.Boolean or (dtype == pl.Date and aggregate in ("last", "min", "max"))


def _figure(metric: Metric, rows: pl.DataFrame, dated: str | None, as_of: date) -> pl.Expr:
    kept = _where(metric.where, rows.schema)
    inside = kept & _window(metric, dated, as_of, 0)
    if metric.column is None:
        return inside.sum().cast(pl.Float64)
    column = pl.col(metric.column)
    if metric.aggregate == "open":
        return (inside & ~(_day(metric.column) <= as_of).fill_null(value=False)).sum().cast(pl.Float64)
    if metric.aggregate in DATED:
        return _days(metric, _day(metric.column).filter(inside).drop_nulls(), as_of)
    if metric.since is not None:
        column = _passed(metric, as_of, rows.schema)
    values = column.filter(inside).drop_nulls()
    if metric.aggregate == "count":
        return values.len().cast(pl.Float64)
    if metric.aggregate == "distinct":
        return values.n_unique().cast(pl.Float64)
    if metric.aggregate == "change":
        reached = bool(rows.select(_window(metric, dated, as_of, 0).any()).item())
        return _change(column, kept, metric, dated, as_of) if reached else pl.lit(None, pl.Float64)
    if metric.aggregate == "ratio":
        both = inside & column.is_not_null() & pl.col(metric.per or "").is_not_null()
        return _quotient(_sum(column.filter(both)), _sum(pl.col(metric.per or "").filter(both)))
    if metric.aggregate == "sum":
        return _sum(values)
    outcomes = {
        "last": values.last(), "mean": values.mean(), "median": values.median(), "min": values.min(),
        "max": values.max(),
    }  # fmt: skip
    outcome = outcomes[metric.aggregate]
    return outcome if rows.schema[metric.column] == pl.Date and not metric.since else outcome.cast(pl.Float64)


def _passed(metric: Metric, as_of: date, schema: pl.Schema) -> pl.Expr:
    """Return the time from `since` to the metric's column in its unit, null when the end had not come at `as_of`."""
    end, start = metric.column or "", metric.since or ""
    zone = {
        each: pl.col(each).cast(pl.Datetime("ms")) if schema[each] == pl.Date else _in_utc(each)
        for each in (end, start)
    }
    hours = (zone[end] - zone[start]).dt.total_milliseconds() / 3_600_000
    return pl.when(_day(end) <= as_of).then(hours / _HOURS[metric.unit or "hours"])


def _in_utc(column: str) -> pl.Expr:
    return pl.col(column).dt.convert_time_zone("UTC").dt.replace_time_zone(None).cast(pl.Datetime("ms"))


def _day(column: str) -> pl.Expr:
    """Return the day of a column of dates or of times, which are in UTC."""
    return pl.col(column).cast(pl.Date)


def _where(where: Mapping[str, Scalar | tuple[Scalar, ...]], schema: pl.Schema) -> pl.Expr:
    kept = pl.col(RECORD_KEY).is_not_null()  # true of every row, and a column: polars counts a literal once a group
    for column, given in where.items():
        wanted = given if isinstance(given, tuple) else (given,)
        kept &= _is_one_of(column, wanted, schema[column])
    return kept


def _is_one_of(column: str, wanted: tuple[Scalar, ...], dtype: pl.DataType) -> pl.Expr:
    """Return whether a column is one of `wanted`, compared by the column's type; blank text asks for no value."""
    blank = pl.col(column).is_null() if "" in wanted else pl.lit(False)
    given = [each for each in wanted if each != ""]
    if dtype.is_numeric():
        numbers = [float(each) for each in given if isinstance(each, int | float)]
        return blank | pl.col(column).cast(pl.Float64).is_in(numbers).fill_null(value=False)
    texts = [str(each).lower() if isinstance(each, bool) else str(each) for each in given]
    return blank | pl.col(column).cast(pl.String).is_in(texts).fill_null(value=False)


def _window(metric: Metric, dated: str | None, as_of: date, back: int) -> pl.Expr:
    """Return whether a row is in the metric's window, or in the one `back` windows before it."""
    if metric.window_days is None or dated is None:
        return pl.lit(True)
    end = as_of - timedelta(days=metric.window_days * back)
    start = end - timedelta(days=metric.window_days)
    return ((_day(dated) > start) & (_day(dated) <= end)).fill_null(value=False)


def _change(column: pl.Expr, kept: pl.Expr, metric: Metric, dated: str | None, as_of: date) -> pl.Expr:
    now = column.filter(kept & _window(metric, dated, as_of, 0)).sum().cast(pl.Float64)
    before = column.filter(kept & _window(metric, dated, as_of, 1)).sum().cast(pl.Float64)
    return _quotient(100 * (now - before), before)


def _days(metric: Metric, dates: pl.Expr, as_of: date) -> pl.Expr:
    past, coming = dates.filter(dates <= as_of).max(), dates.filter(dates >= as_of).min()
    day = past if metric.aggregate == "days_since" else coming.fill_null(past)
    since = (pl.lit(as_of) - day).dt.total_days().cast(pl.Float64)
    return since if metric.aggregate == "days_since" else 0 - since


def _sum(values: pl.Expr) -> pl.Expr:
    return pl.when(values.count() > 0).then(values.sum().cast(pl.Float64))


def _quotient(above: pl.Expr, below: pl.Expr) -> pl.Expr:
    return pl.when(below != 0).then(above / below)


def _divided(measured: pl.DataFrame, metrics: Mapping[str, Metric], accounts: pl.DataFrame) -> pl.DataFrame:
    """Return the metrics that have a `per` divided by it; metrics used as divisors count before their own division."""
    divided = {name: metric.per for name, metric in metrics.items() if metric.per and metric.aggregate != "ratio"}
    outside = sorted({per for per in divided.values() if per not in metrics})
    unknown = [per for per in outside if per not in accounts.columns]
    if unknown:
        raise NotFoundError(
            f'Nothing is called "{unknown[0]}" to divide by.',
            hint=f"It may be a metric or a column of the accounts source: {', '.join(accounts.columns)}.",
        )
    divisors = accounts.select(RECORD_KEY, *(pl.col(per).cast(pl.Float64).alias(f"/{per}") for per in outside))
    joined = measured.join(divisors, on=RECORD_KEY, how="left", maintain_order="left")
    return joined.with_columns(
        _quotient(pl.col(name), pl.col(per if per in metrics else f"/{per}")).alias(name)
        for name, per in divided.items()
    )
