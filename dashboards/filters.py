"""What the reader narrowed the page to, and the narrowing itself.

`Filters` are common to every view: segment, CSM, parent, period, MRR or ARR, and the five configured columns (CSU-18).
A pick, a mapping of text, is what one view or one figure adds: a band, a field of the plan, "accounts without a touch".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

YES_NO = {True: "Yes", False: "No"}
NOT_SET = "None set"
"""How an account without a segment, a CSM or a configured value is named where accounts are grouped or filtered."""

Pick = Mapping[str, str]


@dataclass(frozen=True)
class Condition:
    """What one column has to be: one of `values` (`NOT_SET` for empty), text that contains `has`, from `low` to `high`.

    `low` and `high` are numbers or ISO dates as text; both ends belong to the range.
    """

    values: tuple[str, ...] = ()
    has: str = ""
    low: str = ""
    high: str = ""

    def __bool__(self) -> bool:
        return bool(self.values or self.has or self.low or self.high)

    def on(self, column: str, dtype: pl.DataType) -> pl.Expr:
        """Return the condition on a column of a frame as an expression."""
        held, text = pl.lit(value=True), as_text(column, dtype)
        if self.values:
            held &= text.fill_null(NOT_SET).is_in(list(self.values))
        if self.has:
            held &= text.str.to_lowercase().str.contains(self.has.lower(), literal=True).fill_null(value=False)
        for bound, within in ((self.low, pl.Expr.ge), (self.high, pl.Expr.le)):
            limit = _bound(bound, dtype)
            if limit is not None:
                held &= within(pl.col(column).cast(_comparable(dtype), strict=False), limit).fill_null(value=False)
        return held


@dataclass(frozen=True)
class Filters:
    """What the reader narrowed every view to. Empty means everything; `days` None is each view's own period."""

    segments: tuple[str, ...] = ()
    csms: tuple[str, ...] = ()
    parent: str | None = None
    days: int | None = None
    arr: bool = False
    columns: tuple[tuple[str, Condition], ...] = ()

    @property
    def narrows(self) -> bool:
        """Whether any account may be left out."""
        return bool(self.segments or self.csms or self.parent or any(condition for _, condition in self.columns))

    @property
    def money(self) -> str:
        """How recurring revenue is told: ``MRR`` or ``ARR``."""
        return "ARR" if self.arr else "MRR"

    def recurring(self, monthly: float | None) -> float | None:
        """Return an account's monthly revenue as it is to be told: of a month, or of a year."""
        return monthly * 12 if monthly is not None and self.arr else monthly


def narrow(accounts: pl.DataFrame, filters: Filters, pick: Pick | None = None) -> pl.DataFrame:
    """Return the accounts that pass the filters and, with `pick`, what a figure stands for; in their order.

    `pick` may name ``band``, ``segment``, ``csm`` or ``stage`` (`NOT_SET` for none), ``from`` and ``to`` (bounds of the
    score as shown, the upper one left out unless ``last``), ``scored`` (``yes`` or ``no``) and ``coverage``
    (``partial``).
    """
    kept = accounts
    for column, wanted in (("segment", filters.segments), ("csm", filters.csms)):
        if wanted:
            kept = kept.filter(pl.col(column).is_in(list(wanted)))
    if filters.parent:
        kept = kept.filter(pl.col("id").is_in(family(accounts, filters.parent)))
    for column, condition in filters.columns:
        if condition and column in kept.columns:
            kept = kept.filter(condition.on(column, kept.schema[column]))
    return kept.filter(_picked(pick)) if pick else kept


def of_accounts(frame: pl.DataFrame, accounts: pl.DataFrame, key: str = "account_id") -> pl.DataFrame:
    """Return the rows of `frame` that belong to the accounts."""
    return frame.join(accounts.select(pl.col("id").alias(key)), on=key, how="semi", maintain_order="left")


def family(accounts: pl.DataFrame, parent: str) -> list[str]:
    """Return the ids of an account and of all accounts below it."""
    if "parent_id" not in accounts.columns:
        return [parent]
    found, level = [parent], [parent]
    while level:  # once a level; a circle ends where nothing new is found
        below = accounts.filter(pl.col("parent_id").is_in(level) & ~pl.col("id").is_in(found))["id"].to_list()
        found, level = found + below, below
    return found


def as_text(column: str, dtype: pl.DataType) -> pl.Expr:
    """Return an expression: a column's values as the text by which a person picks them."""
    if dtype == pl.Boolean:
        return pl.col(column).replace_strict(YES_NO, default=None, return_dtype=pl.String)
    return pl.col(column).cast(pl.String)


def _picked(pick: Pick) -> pl.Expr:
    held = pl.lit(value=True)
    for column in ("band", "segment", "csm", "stage"):
        if column in pick:
            held &= pl.col(column).fill_null(NOT_SET) == pick[column]
    if "from" in pick and "to" in pick:
        closed = "both" if "last" in pick else "left"
        held &= pl.col("shown").is_between(float(pick["from"]), float(pick["to"]), closed=closed)
    if "scored" in pick:
        held &= pl.col("shown").is_not_null() if pick["scored"] == "yes" else pl.col("shown").is_null()
    if "coverage" in pick:
        held &= pl.col("coverage").fill_null(0.0) < 1
    return held.fill_null(value=False)


def _comparable(dtype: pl.DataType) -> pl.DataType:
    return pl.Date() if dtype.is_temporal() else pl.Float64()


def _bound(text: str, dtype: pl.DataType) -> date | float | None:
    try:
        return date.fromisoformat(text) if dtype.is_temporal() else float(text)
    except ValueError:
        return None  # what somebody wrote into the address by hand limits nothing
