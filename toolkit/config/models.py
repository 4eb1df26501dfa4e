"""The mapping file as models: what an admin decides, with the defaults of everything left unsaid.

A `Settings` is immutable and valid in itself; how it is read, judged across its sections and written back is in
`toolkit.config.load`, `checks` and `save`. Paths in it are as written, relative to the folder of the mapping file.
"""

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, AwareDatetime, Field, model_serializer, model_validator

from toolkit.config.cron import valid_cron
from toolkit.config.health import Health
from toolkit.config.terms import ApiName, FieldPath, Model, Word

HEALTH_FIELDS = ("health_score", "health_band", "health_coverage", "health_as_of")
"""What the health step computes for an account; each can be the `here` of an output field."""

Direction = Literal["output", "input", "two_way"]
ConflictRule = Literal["hold", "salesforce_wins", "toolkit_wins"]

DEFAULT_RULES: dict[Direction, ConflictRule] = {
    "output": "toolkit_wins",  # CAT-18: what somebody typed into the Salesforce field is overwritten
    "input": "salesforce_wins",
    "two_way": "hold",
}
"""What happens when both sides changed a field and the mapping does not say."""


class WorkspaceSettings(Model):
    """``as_of`` pins the clock, so that a demo or a notebook gives the same figures whenever it is run."""

    name: Annotated[str, Field(min_length=1)] = "Workspace"
    as_of: AwareDatetime | None = None


def _valid_login_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        raise ValueError('must be an https address, for example "https://mycompany.my.salesforce.com"')
    if parts.username or parts.password:
        raise ValueError("must not hold a user name or password; those belong into environment variables")
    return url.rstrip("/")


class Connection(Model):
    """How to reach the org. ``demo`` starts the demo org; every other login needs ``login_url`` and the credentials in
    environment variables (``CS_TOOLKIT_CLIENT_ID`` and so on), never here.
    """

    login: Literal["demo", "client_credentials", "refresh_token", "token"] = "demo"
    login_url: Annotated[str, AfterValidator(_valid_login_url)] | None = None
    ca_file: str | None = None
    api_version: Annotated[str, Field(pattern=r"^\d{2,3}\.0$")] = "66.0"


class Demo(Model):
    """The size and the seed of the demo org's company."""

    accounts: Annotated[int, Field(ge=1, le=1_000_000)] = 500
    seed: int = 1


class Scope(Model):
    """Which records take part: those of a list view (by label, API name or id), or all when nothing is said (VIT-1)."""

    list_view: Annotated[str, Field(min_length=1)] | None = None


class MatchRule(Model):
    """``"external_id = Product_Id__c"``: a column here and a Salesforce field whose equal values link two records."""

    here: Word
    there: FieldPath

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, given: object) -> object:
        if not isinstance(given, str):
            return given
        here, equals, there = (part.strip() for part in given.partition("="))
        if not (here and equals and there):
            raise ValueError('must read "column here = Salesforce field", for example "external_id = Product_Id__c"')
        return {"here": here, "there": there}

    @model_serializer
    def __str__(self) -> str:
        return f"{self.here} = {self.there}"


class FieldMapping(Model):
    """One field of a mapping: its name on both sides and the way values travel.

    ``output`` goes to Salesforce only, ``input`` comes from it only. ``on_conflict`` decides when both sides changed.
    ``editable`` lets a person change the value in the toolkit (CSU-4, VIT-15); ``visible`` and ``order`` decide whether
    and where tables show it (CSU-16, CSU-17): ordered fields first, ascending, then the rest as in the file.
    """

    here: Word
    there: FieldPath
    direction: Direction
    on_conflict: ConflictRule = Field(default_factory=lambda data: DEFAULT_RULES[data["direction"]])
    editable: bool = False
    visible: bool = True
    order: int | None = None

    @property
    def writes_here(self) -> bool:
        """Whether a sync may change the value here."""
        return self.direction in ("input", "two_way")

    @property
    def writes_there(self) -> bool:
        """Whether a sync may change the value in Salesforce."""
        return self.direction in ("output", "two_way")


class ObjectMapping(Model):
    """How one of our objects corresponds to a Salesforce object (VIT-5)."""

    sobject: ApiName = "Account"
    scope: Scope = Field(default_factory=Scope)
    match: Annotated[tuple[MatchRule, ...], Field(min_length=1)]
    name: FieldPath = "Name"
    fields: tuple[FieldMapping, ...] = ()

    @property
    def visible_fields(self) -> tuple[FieldMapping, ...]:
        """The fields that tables show, in the order they show them (CSU-16, CSU-17)."""
        shown = [field for field in self.fields if field.visible]
        return tuple(sorted(shown, key=lambda field: (field.order is None, field.order or 0)))

    @property
    def there_paths(self) -> tuple[str, ...]:
        """Every Salesforce field that a pull reads: name, match fields and mapped fields, each once."""
        paths = [self.name, *(rule.there for rule in self.match), *(field.there for field in self.fields)]
        return tuple(dict.fromkeys(paths))


class Source(Model):
    """A CSV or Parquet file of the customer's side.

    The accounts file has one row an account and names the column of its id in ``key``; every other file has many and
    names the column that holds the account's id in ``account``. ``date`` is the column that windows are measured on.
    """

    path: Annotated[str, Field(min_length=1)]
    key: str | None = None
    account: str | None = None
    date: str | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> "Source":
        if (self.key is None) == (self.account is None):
            raise ValueError('needs either "key" (one row an account) or "account" (many rows an account)')
        return self

    @property
    def id_column(self) -> str:
        """The column that holds the account's id."""
        return self.key or self.account or ""


Aggregate = Literal[
    "last", "sum", "mean", "min", "max", "count", "distinct", "change", "ratio", "days_since", "days_until"
]  # fmt: skip
Scalar = bool | int | float | str


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


class Writeback(Model):
    """What guards a commit. When ``guard_prefix`` is set, only fields that start with it are written there (VIT-19).

    From ``bulk_from`` records on, Bulk API 2.0 is used. No step spends more than ``max_api_calls`` API calls.
    """

    guard_prefix: str | None = None
    bulk_from: Annotated[int, Field(ge=1)] = 2000
    max_api_calls: Annotated[int, Field(ge=1)] | None = 1000


Cron = Annotated[str, AfterValidator(valid_cron)]


class Schedule(Model):
    """When the scheduler runs what, as crontab lines in UTC; a step that is not named is not scheduled."""

    pull: Cron | None = None
    push_health: Cron | None = None


class Access(Model):
    """Who may look, edit and commit, by user name; ``*`` is everybody (CAT-1)."""

    view: tuple[str, ...] = ("*",)
    edit: tuple[str, ...] = ("*",)
    commit: tuple[str, ...] = ("*",)


class Settings(Model):
    """The whole mapping file."""

    workspace: WorkspaceSettings = Field(default_factory=WorkspaceSettings)
    connection: Connection = Field(default_factory=Connection)
    demo: Demo = Field(default_factory=Demo)
    objects: dict[Word, ObjectMapping]
    sources: dict[Word, Source] = Field(default_factory=dict)
    metrics: dict[Word, Metric] = Field(default_factory=dict)
    health: Health = Field(default_factory=Health)
    writeback: Writeback = Field(default_factory=Writeback)
    schedule: Schedule = Field(default_factory=Schedule)
    access: Access = Field(default_factory=Access)

    @property
    def account_source(self) -> str | None:
        """The name of the source with one row an account, or None when there is none."""
        return next((name for name, source in self.sources.items() if source.key is not None), None)
