"""The customer's side in the mapping file: the sources, and the figures an account that are worked out from them."""

import re
from pathlib import PurePath
from typing import Annotated, Literal
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, model_validator

from toolkit.config.terms import Model, Scalar, Word

Text = Annotated[str, Field(min_length=1)]
Period = Literal["day", "week", "month"]

PERIOD_END = "period_end"
"""The column of a source with a ``period``: the last day of the period that a row tells of."""

WORKBOOKS = (".xlsx", ".xlsm", ".xlsb", ".xls")
"""The endings of Excel workbooks."""

_OF_KIND = {"events": ("at", "user", "event"), "nps": ("score",)}
_SECRET = re.compile(r"pass|pwd|secret|token|key", re.IGNORECASE)


def _known_encoding(encoding: str) -> str:
    try:
        b"a".decode(encoding)  # refuses codecs that are not of text, such as base64
    except UnicodeDecodeError:
        return encoding
    except LookupError:
        raise ValueError(f'given "{encoding}"; must be an encoding such as "utf-8", "windows-1252"') from None
    return encoding


def _known_zone(zone: str) -> str:
    try:
        ZoneInfo(zone)
    except (ValueError, OSError, LookupError):
        raise ValueError(f'given "{zone}"; must be a time zone such as "Europe/Berlin" or "UTC"') from None
    return zone


def _without_secrets(url: str) -> str:
    try:
        parts = urlsplit(url)
        secret = parts.password is not None or any(_SECRET.search(key) for key, _ in parse_qsl(parts.query))
    except ValueError:
        raise ValueError("is no URL") from None
    if secret:
        raise ValueError(
            'must not hold a password; put the whole URL into an environment variable and name it in "url_env"'
        )
    if not parts.scheme or "://" not in url:
        raise ValueError('must be a URL such as "postgresql+psycopg://host/database" or "sqlite:///file.db"')
    return url


def _only_reads(query: str) -> str:
    if not re.match(r"\s*\(*\s*(select|with|from)\b", query, re.IGNORECASE):
        raise ValueError('must begin with "select" or "with": a source is only read')
    return query


MEMBER = "member"
"""The ``object`` of a source of community members: no records of Salesforce, but linked to contacts by e-mail."""


class Source(Model):
    """A file or a table of the customer's side. It is only ever read.

    Where it is: ``path``, a CSV, Parquet or Excel file (``sheet``; the first when not said), or a database by ``url``
    (no password in it) or ``url_env``, the environment variable that holds the URL, with a ``table`` or a ``query``.

    What its rows are: records of ``object``, each with its id in the column ``key`` and, but for accounts, the
    account's id in the column ``account``; accounts when only ``key`` is given, and activities of accounts when only
    ``account`` is. ``date`` is the column that windows are measured on. When a row tells of the ``period`` that begins
    on that date, windows look at the period's last day, so that a period counts once it is over.

    ``kind`` "events": each row is something a ``user`` did (``event``) at a time (``at``); they are aggregated per
    account and ``period`` (a week when not said) to the columns ``events``, ``active_users`` and ``distinct_events``.
    ``kind`` "nps": each row is an answer from 0 to 10 in the column ``score``.

    How values are written: ``dates``, ``decimal``, ``thousands``, ``signs`` that stand beside a number and are dropped,
    ``time_zone`` of times without one (and, of events, whose midnight begins a day), and the ``encoding`` of a CSV
    file. Nothing is guessed: a value that could be read in two ways is an error that names the setting to add.

    ``on_error`` "reject" leaves a row with a fault out and records it, instead of stopping; more than the share
    ``max_rejected`` of the rows stops nevertheless.
    """

    path: Text | None = None
    sheet: Text | None = None
    encoding: Annotated[str, AfterValidator(_known_encoding)] | None = None
    url: Annotated[str, AfterValidator(_without_secrets)] | None = None
    url_env: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] | None = None
    table: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*){0,2}$")] | None = None
    query: Annotated[str, AfterValidator(_only_reads)] | None = None

    kind: Literal["rows", "events", "nps"] = "rows"
    object: Word | None = None
    key: str | None = None
    account: str | None = None
    date: str | None = None
    period: Period | None = None
    at: str | None = None
    user: str | None = None
    event: str | None = None
    score: str | None = None

    dates: Literal["iso", "day_first", "month_first"] | None = None
    decimal: Literal[".", ","] | None = None
    thousands: Literal[".", ",", " ", "'"] | None = None
    signs: tuple[Text, ...] = ()
    time_zone: Annotated[str, AfterValidator(_known_zone)] | None = None

    on_error: Literal["stop", "reject"] = "stop"
    max_rejected: Annotated[float, Field(ge=0, le=1)] = 0.1

    @model_validator(mode="after")
    def _one_place(self) -> "Source":
        if sum(each is not None for each in (self.path, self.url, self.url_env)) != 1:
            raise ValueError('needs exactly one of "path", "url" and "url_env"')
        if self.path is not None and (self.table or self.query):
            raise ValueError('"table" and "query" belong to a "url" or "url_env", not to a "path"')
        if self.path is None and (self.table is None) == (self.query is None):
            raise ValueError('needs either a "table" or a "query" beside its URL')
        ending = PurePath(self.path or "").suffix.lower()
        if self.sheet is not None and ending not in WORKBOOKS:
            raise ValueError('"sheet" is for an Excel workbook; leave it out')
        if self.encoding is not None and ending in ("", ".parquet", ".pq", *WORKBOOKS):
            raise ValueError('"encoding" is for a CSV file; leave it out')
        return self

    @model_validator(mode="after")
    def _one_kind(self) -> "Source":
        if self.kind != "rows":
            return self._of_its_kind()
        if self.object is None and (self.key is None) == (self.account is None):
            raise ValueError('needs either "key" (one row an account) or "account" (many rows an account)')
        if self.object is not None and self.key is None:
            raise ValueError(f'needs a "key": the column with the id of each {self.object}')
        if self.object == "account" and self.account is not None:
            raise ValueError('"account" is for what belongs to an account; of accounts name the "key" alone')
        if self.period is not None and self.date is None:
            raise ValueError('"period" needs a "date": the column with the first day of the period')
        return self._without_keys_of_others()

    @model_validator(mode="after")
    def _one_notation(self) -> "Source":
        if self.thousands == (self.decimal or "."):
            raise ValueError(f'"thousands" and "decimal" cannot both be "{self.thousands}"; what is the other?')
        return self

    def _of_its_kind(self) -> "Source":
        needed = ("account", "at") if self.kind == "events" else ("account", "score")
        missing = [f'"{key}"' for key in needed if getattr(self, key) is None]
        if missing:
            raise ValueError(f'of kind "{self.kind}" needs {" and ".join(missing)}')
        foreign = ("object", "key", "date") if self.kind == "events" else ("object", "key")
        beside = [f'"{key}"' for key in foreign if getattr(self, key) is not None]
        if beside:
            raise ValueError(f'of kind "{self.kind}" has no {", ".join(beside)}; leave it out')
        return self._without_keys_of_others()

    def _without_keys_of_others(self) -> "Source":
        for kind, keys in _OF_KIND.items():
            given = [key for key in keys if getattr(self, key) is not None]
            if given and kind != self.kind:
                raise ValueError(f'"{given[0]}" is for a source of kind "{kind}"; add kind = "{kind}" or leave it out')
        return self

    @property
    def records_of(self) -> str | None:
        """The object whose records here the rows are, or None when they are activities of accounts."""
        return self.object or ("account" if self.key is not None else None)

    @property
    def id_column(self) -> str:
        """The column that holds the record's own id, or, of an activity, the account's."""
        return self.key or self.account or ""

    @property
    def date_column(self) -> str | None:
        """The column that windows are measured on, of the rows as they are once read."""
        return PERIOD_END if self.period is not None or self.kind == "events" else self.date

    @property
    def label(self) -> str:
        """What a person knows it by: the file, the table, or the query and where it is asked."""
        return self.path or self.table or f"the query of {self.url_env or self.url}"


Aggregate = Literal[
    "last", "sum", "mean", "median", "min", "max", "count", "distinct", "open", "change", "ratio",
    "days_since", "days_until",
]  # fmt: skip
_OF_VALUES = ("last", "sum", "mean", "median", "min", "max")


class Metric(Model):
    """One figure an account, worked out from a source.

    Rows are first kept by ``where`` (column -> value, or any of several; blank text asks for no value) and by
    ``window_days``: those whose date is after as-of minus the window and not after as-of. Then ``aggregate``: ``last``
    the value of the newest row, ``distinct`` the number of different values, ``open`` the rows whose date in ``column``
    is blank or after as-of, ``change`` the sum of the window against the sum of the window before it, in per cent,
    ``ratio`` the sum of ``column`` over the sum of the column ``per`` of the same rows, ``days_since`` and
    ``days_until`` the days from the newest or to the next date in ``column``. With ``since`` the value of a row is the
    time from that column to ``column``, in ``unit``, when it had passed at as-of.
    ``count``, ``distinct`` and ``open`` of no rows are 0; every other aggregate of no rows is missing. Elsewhere
    ``per`` divides by another metric or by a column of the accounts source. `toolkit.sources.metrics` says it in
    full.
    """

    source: Word
    column: str | None = None
    aggregate: Aggregate = "last"
    window_days: Annotated[int, Field(gt=0)] | None = None
    where: dict[str, Scalar | tuple[Scalar, ...]] = Field(default_factory=dict)
    per: str | None = None
    since: str | None = None
    unit: Literal["hours", "days"] | None = None

    @model_validator(mode="after")
    def _complete(self) -> "Metric":
        if self.column is None and self.aggregate != "count":
            raise ValueError(f'aggregate "{self.aggregate}" needs a "column"')
        if self.per is None and self.aggregate == "ratio":
            raise ValueError('aggregate "ratio" needs a "per": the column to divide by')
        if self.window_days is None and self.aggregate == "change":
            raise ValueError('aggregate "change" needs "window_days": it compares a window with the one before it')
        if self.since is not None and self.aggregate not in _OF_VALUES:
            raise ValueError(f'"since" is for {", ".join(_OF_VALUES)}; aggregate "{self.aggregate}" has no values')
        if (self.since is None) != (self.unit is None):
            raise ValueError('"since" and its "unit" ("hours" or "days") belong together')
        return self
