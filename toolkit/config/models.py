"""The mapping file as models: what an admin decides, with the defaults of everything left unsaid.

A `Settings` is immutable and valid in itself; how it is read, judged across its sections and written back is in
`toolkit.config.load`, `checks` and `save`. Paths in it are as written, relative to the folder of the mapping file.
"""

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, AwareDatetime, Field, field_validator

from toolkit.config.cron import valid_cron
from toolkit.config.health import Health
from toolkit.config.objects import FieldMapping, ObjectMapping
from toolkit.config.sources import Metric, Source
from toolkit.config.terms import Model, Word

HEALTH_FIELDS = ("health_score", "health_band", "health_coverage", "health_as_of")
"""What the health step computes for an account; each can be the `here` of an output field."""


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
    environment variables (``CS_TOOLKIT_CLIENT_ID`` and so on), never here. ``web`` opens a window in which a person
    logs in (SKA-2).
    """

    login: Literal["demo", "client_credentials", "refresh_token", "token", "web"] = "demo"
    login_url: Annotated[str, AfterValidator(_valid_login_url)] | None = None
    ca_file: str | None = None
    api_version: Annotated[str, Field(pattern=r"^\d{2,3}\.0$")] = "66.0"


class Demo(Model):
    """The size and the seed of the demo org's company."""

    accounts: Annotated[int, Field(ge=1, le=1_000_000)] = 500
    seed: int = 1


class Writeback(Model):
    """What guards a commit. When ``guard_prefix`` is set, only fields that start with it are written there (VIT-19).

    ``guarded`` "output" asks the prefix only of fields that go out and never come in; two-way fields were chosen one by
    one. ``sync_on_view`` lets a look at a record here send its changes to Salesforce (CSU-5). From ``bulk_from``
    records on, Bulk API 2.0 is used. No step spends more than ``max_api_calls`` API calls. A plan that is older than
    ``plans_expire_hours`` is made again before it is committed. With ``approval`` a plan that a person commits, an edit
    included, needs a second person's approval first; jobs need none. A production org is written to once its name was
    typed: by whoever commits, or here as ``production``, for edits and for jobs that run unattended.
    """

    guard_prefix: str | None = None
    guarded: Literal["all", "output"] = "all"
    sync_on_view: bool = False
    bulk_from: Annotated[int, Field(ge=1)] = 2000
    max_api_calls: Annotated[int, Field(ge=1)] | None = 1000
    plans_expire_hours: Annotated[int, Field(ge=1)] | None = 72
    approval: bool = False
    production: Annotated[str, Field(min_length=1)] | None = None

    def prefix_of(self, field: FieldMapping) -> str | None:
        """Return what the Salesforce name of a mapped field must start with, or None when nothing is asked of it."""
        asked = field.writes_there and (self.guarded == "all" or field.direction == "output")
        return self.guard_prefix if asked else None


class Brakes(Model):
    """When a run stops and asks (BEY-8).

    A pull after which more than ``max_left_share`` of an object's records would have left the scope or be deleted
    stops before it changes anything; so does a load of a file that lost as many. A commit stops before its first call
    when more than ``max_cleared_share`` of the linked records of an object would lose a value of one field (or be
    gone), more than ``max_churned_share`` would become churners, or more than ``max_changed_share`` would have a
    value of one field replaced; an import, when more than ``max_churned_share`` would become churners. Fewer than
    ``from_records`` records never stop anything. What counts is said in `toolkit.writeback.planning.braking`.
    """

    max_left_share: Annotated[float, Field(gt=0, le=1)] = 0.5
    from_records: Annotated[int, Field(ge=1)] = 10
    max_cleared_share: Annotated[float, Field(gt=0, le=1)] = 0.2
    max_churned_share: Annotated[float, Field(gt=0, le=1)] = 0.2
    max_changed_share: Annotated[float, Field(gt=0, le=1)] = 0.5


ORDER = {"user": 0, "account": 1, "contact": 2}
"""What comes before what: a record is read and written after those it refers to."""

Cron = Annotated[str, AfterValidator(valid_cron)]


class Schedule(Model):
    """When the scheduler runs what, as crontab lines in UTC; a job that is not named is not scheduled.

    ``pull`` brings in, ``push_health`` sends out, ``sync`` does both for what has changed since the last run (CSU-2).
    """

    pull: Cron | None = None
    push_health: Cron | None = None
    sync: Cron | None = None


class Access(Model):
    """Who may look, edit, approve and commit, by user name; ``*`` is everybody (CAT-1)."""

    view: tuple[str, ...] = ("*",)
    edit: tuple[str, ...] = ("*",)
    approve: tuple[str, ...] = ("*",)
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
    brakes: Brakes = Field(default_factory=Brakes)
    schedule: Schedule = Field(default_factory=Schedule)
    access: Access = Field(default_factory=Access)

    @field_validator("objects")
    @classmethod
    def _knowing_their_names(cls, objects: dict[str, ObjectMapping]) -> dict[str, ObjectMapping]:
        return {name: mapping.named(name) for name, mapping in objects.items()}

    @property
    def active_objects(self) -> dict[str, ObjectMapping]:
        """The objects that are not disabled, each after those it refers to: users, accounts, contacts, the rest."""
        active = {name: mapping for name, mapping in self.objects.items() if mapping.mode != "disabled"}
        return dict(sorted(active.items(), key=lambda item: (ORDER.get(item[1].acts_as, len(ORDER)), item[0])))

    @property
    def account_source(self) -> str | None:
        """The name of the source with one row an account, or None when there is none."""
        return self.source_of("account")

    def source_of(self, object_name: str) -> str | None:
        """Return the name of the source whose rows are the records here of an object, or None when there is none."""
        return next((name for name, source in self.sources.items() if source.records_of == object_name), None)
