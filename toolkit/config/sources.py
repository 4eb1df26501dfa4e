"""The customer's side in the mapping file: the sources, and the figures an account that are worked out from them."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from toolkit.config.terms import Model, Scalar, Word


class Source(Model):
    """A CSV or Parquet file of the customer's side.

    The accounts file has one row an account and names the column of its id in ``key``; every other file has many and
    names the column that holds the account's id in ``account``. ``date`` is the column that windows are measured on.
    """

    path: Annotated[str, Field(min_length=1)]
    object: Word | None = None
    key: str | None = None
    account: str | None = None
    date: str | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> "Source":
        if self.object is None and (self.key is None) == (self.account is None):
            raise ValueError('needs either "key" (one row an account) or "account" (many rows an account)')
        if self.object is not None and self.key is None:
            raise ValueError(f'needs a "key": the column with the id of each {self.object}')
        return self

    @property
    def records_of(self) -> str | None:
        """The object whose records here the rows are, or None when they are activities of accounts."""
        return self.object or ("account" if self.key is not None else None)

    @property
    def id_column(self) -> str:
        """The column that holds the account's id."""
        return self.key or self.account or ""


Aggregate = Literal[
    "last", "sum", "mean", "min", "max", "count", "distinct", "change", "ratio", "days_since", "days_until"
]  # fmt: skip


class Metric(Model):
    """One figure an account, worked out from a source.

    Rows are first kept by ``where`` (column -> value, or any of several; blank text asks for no value) and by
    ``window_days``: those whose date is after as-of minus the window and not after as-of. Then ``aggregate``: ``last``
    the value of the newest row, ``distinct`` the number of different values, ``change`` the sum of the window against
    the sum of the window before it, in per cent, ``ratio`` the sum of ``column`` over the sum of the column ``per`` of
    the same rows, ``days_since`` and ``days_until`` the days from the newest or to the next date in ``column``.
    ``count`` and ``distinct`` of no rows are 0; every other aggregate of no rows is missing. Elsewhere ``per`` divides
    by another metric or by a column of the accounts source. `toolkit.importing.metrics` says it in full.
    """

    source: Word
    column: str | None = None
    aggregate: Aggregate = "last"
    window_days: Annotated[int, Field(gt=0)] | None = None
    where: dict[str, Scalar | tuple[Scalar, ...]] = Field(default_factory=dict)
    per: str | None = None

    @model_validator(mode="after")
    def _complete(self) -> "Metric":
        if self.column is None and self.aggregate != "count":
            raise ValueError(f'aggregate "{self.aggregate}" needs a "column"')
        if self.per is None and self.aggregate == "ratio":
            raise ValueError('aggregate "ratio" needs a "per": the column to divide by')
        if self.window_days is None and self.aggregate == "change":
            raise ValueError('aggregate "change" needs "window_days": it compares a window with the one before it')
        return self
