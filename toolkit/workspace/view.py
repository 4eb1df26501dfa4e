"""What a workspace shows: everything that is read from its mapping file and its store, with no org and no lock.

`toolkit.workspace.Workspace` adds the org and the steps that change something.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import polars as pl

from toolkit import frames, summaries
from toolkit.config import HealthProfile, ObjectMapping, Settings
from toolkit.config.sources import MEMBER
from toolkit.errors import DigestError, InputError, StepMissingError
from toolkit.health.attention import attention_order
from toolkit.health.explain import Explanation, explain
from toolkit.importing.importer import AGREEMENTS, CONTACT_ACCOUNTS, INTERACTIONS
from toolkit.record_classes import record_classes
from toolkit.status import Status
from toolkit.store import Store
from toolkit.writeback.planning.digest import ID_LENGTH
from toolkit.writeback.planning.plan import Plan

ACCOUNT = "account"
"""The object that is the customer: what steps and tables are about when no other object is named."""


JOB = "{} job"
"""What a run of an appointed job is called, to tell it from the step of the same name."""


_MISSING = {
    "pull": "Nothing was read from Salesforce yet",
    "load": "Your files were not loaded yet",
    "import": "Nothing was imported yet",
}


class WorkspaceView:
    """The readable half of a workspace: the frames of the store, and the small tables made from them."""

    def __init__(self, folder: Path, settings: Settings, store: Store) -> None:
        self.folder = folder
        self.settings = settings
        self.store = store

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.settings.workspace.name!r})"

    def now(self) -> datetime:
        """Return the present: the mapping file's ``as_of`` when it pins the clock, else the real time in UTC."""
        return self.settings.workspace.as_of or datetime.now(UTC)

    @property
    def objects(self) -> dict[str, ObjectMapping]:
        """The objects that are synced, in the order they depend on each other; each as its mode leaves it."""
        return {name: mapping.in_effect for name, mapping in self.settings.active_objects.items()}

    def mapped(self, object_name: str = ACCOUNT) -> ObjectMapping:
        """Return how an object here corresponds to one there. Raises InputError when the mapping file has none."""
        if object_name not in self.settings.objects:
            known = ", ".join(self.settings.objects) or "nothing"
            raise InputError(
                f"The mapping file maps no {object_name}.",
                hint=f"It maps {known}. Add a section [objects.{object_name}].",
            )
        return self.settings.objects[object_name]

    @property
    def profile(self) -> HealthProfile:
        """The profile that scores accounts. Raises InputError when none is configured (CAT-5)."""
        profile = self.settings.health.profile
        if profile is None:
            raise InputError(
                "No health profile is configured.", hint="Add [health.profiles.default] to the mapping file (CAT-5)."
            )
        return profile

    def status(self) -> Status:
        """Return where the workspace stands and what to do next. Needs no org."""
        latest = self.store.latest_plan()
        digest, pending = "", 0
        if latest is not None and latest[0]["parent"] == self.last_commit():
            digest, pending = latest[0]["digest"], latest[1].filter(pl.col("verdict") == "write").height
        return Status(
            name=self.settings.workspace.name,
            here=self._height("here"),
            there=self._height("there"),
            links=self.links().height,
            mismatches=self.mismatches().height,
            scored=self.scores()["shown"].count(),
            pending=pending,
            digest=digest,
            open_commits=tuple(self.store.open_commits()),
            runs=self.runs().reverse(),
        )

    def here(self, object_name: str = ACCOUNT) -> pl.DataFrame:
        """Return the records here, wide; of accounts the file's columns, pulled ones, metrics and health.

        Raises StepMissingError before `load`, and for other objects before `import_records`.
        """
        return self._kept("here", "load" if object_name == ACCOUNT else "import", object_name)

    def there(self, object_name: str = ACCOUNT) -> pl.DataFrame:
        """Return the records of Salesforce in scope, as last pulled. Raises StepMissingError before `pull`."""
        return self._kept("there", "pull", object_name)

    def agreements(self) -> pl.DataFrame:
        """Return the agreements of every object that holds some (`frames.AGREEMENTS`).

        Raises StepMissingError before `import_records`.
        """
        return self._gathered(AGREEMENTS)

    def interactions(self) -> pl.DataFrame:
        """Return the interactions of every kind, each copy naming what it repeats (`frames.INTERACTIONS`).

        Raises StepMissingError before `import_records`.
        """
        return self._gathered(INTERACTIONS)

    def relations(self, account_id: str | None = None) -> pl.DataFrame:
        """Return every account that contacts have to do with (`frames.CONTACT_ACCOUNTS`), of all or of one account.

        Empty where the mapping's object of contacts does not say ``relations = true`` (CC-14).
        """
        found = self.store.records("derived", CONTACT_ACCOUNTS)
        rows = frames.CONTACT_ACCOUNTS.empty() if found is None else found
        return rows if account_id is None else rows.filter(pl.col("account_id") == account_id)

    def links(self, object_name: str | None = ACCOUNT) -> pl.DataFrame:
        """Return which record here is which record there (`frames.LINKS`), of one object or of all (None)."""
        return self.store.read(frames.LINKS, within=_of(object_name))

    def mismatches(self, object_name: str | None = ACCOUNT) -> pl.DataFrame:
        """Return every record without a partner and why (`frames.MISMATCHES`), of one object or of all (None).

        Of all: of those that are synced; what was said of an object before it was disabled is not told any more.
        """
        found = self.store.read(frames.MISMATCHES, within=_of(object_name))
        return found if object_name else found.filter(pl.col("object").is_in(list(self.objects)))

    def link_history(self, object_name: str | None = None) -> pl.DataFrame:
        """Return every link there ever was and why it ended (`frames.LINK_HISTORY`), of one object or of all (None)."""
        return self.store.read(frames.LINK_HISTORY, within=_of(object_name))

    def pair_decisions(self, object_name: str | None = None) -> pl.DataFrame:
        """Return what people said about two records (`frames.PAIR_DECISIONS`), of one object or of all (None)."""
        return self.store.read(frames.PAIR_DECISIONS, within=_of(object_name))

    def classes(self, object_name: str | None = ACCOUNT) -> pl.DataFrame:
        """Return every record of both sides with its class (`frames.RECORD_CLASSES`), of one object or of all (None).

        What the classes mean is in `toolkit.matching.classes.CLASSES`; its `counts` adds them up (BEY-10).
        """
        if object_name is not None:
            self.mapped(object_name)
        return record_classes(self.store, self.settings, object_name)

    def skips(self) -> pl.DataFrame:
        """Return what was left out before matching and why (`frames.SKIPS`), of the objects that are synced."""
        told = {*self.objects, MEMBER, *(source.records_of or ACCOUNT for source in self.settings.sources.values())}
        return self.store.read(frames.SKIPS).filter(pl.col("object").is_in(list(told)))

    def scores(self) -> pl.DataFrame:
        """Return the health score of every account (`frames.SCORES`)."""
        return self.store.read(frames.SCORES)

    def contributions(self) -> pl.DataFrame:
        """Return what each measure added to each score (`frames.CONTRIBUTIONS`)."""
        return self.store.read(frames.CONTRIBUTIONS)

    def runs(self) -> pl.DataFrame:
        """Return every step that ran, oldest first (`frames.RUNS`)."""
        return self.store.runs()

    def journal(self, commit_id: str | None = None) -> pl.DataFrame:
        """Return what commits wrote (`frames.JOURNAL`), of one commit or of all."""
        return self.store.journal(commit_id)

    def distribution(self) -> pl.DataFrame:
        """Return how many accounts, and how much revenue, are in each band, worst first."""
        bands = [band.name for band in self.profile.bands]
        return summaries.score_distribution(self.scores(), self.here(), bands)

    def attention(self, limit: int | None = None) -> pl.DataFrame:
        """Return the accounts in order of attention, with their names; see `toolkit.health.attention`."""
        here = self.here()
        order = attention_order(self.scores(), here, self.profile, self.now().date())
        named = order.join(here.select("id", "name"), on="id", how="left", maintain_order="left")
        return named if limit is None else named.head(limit)

    def explain(self, account_id: str) -> Explanation:
        """Return why an account has the score it has. Raises NotFoundError when it has none."""
        return explain(self.scores(), self.contributions(), self.profile, account_id)

    def last_commit(self) -> str | None:
        """Return the id of the newest commit, or None when there is none."""
        commits = self.store.commits()
        return None if commits.is_empty() else str(commits["commit_id"][-1])

    def saved_plan(self, digest: str) -> Plan:
        """Return the kept plan whose digest starts with `digest`. Raises DigestError when a row was tampered with."""
        if len(digest) < ID_LENGTH:
            raise InputError(
                f"{digest!r} is too short to name a plan.", hint=f"Give at least {ID_LENGTH} characters of its digest."
            )
        found = Plan.load(*self.store.plan(digest[:ID_LENGTH]))
        if not found.digest.startswith(digest):
            raise DigestError(f"No plan has the digest {digest}.", hint="Plan again and look: cs-toolkit plan")
        return found

    def appointed(self) -> dict[str, str]:
        """Return the jobs that the [schedule] section appoints, with their crontab lines."""
        return self.settings.schedule.model_dump(exclude_none=True)

    def last_jobs(self) -> dict[str, datetime]:
        """Return when each appointed job last began, whether it ended well or not."""
        steps = {JOB.format(name): name for name in self.appointed()}
        began = self.runs().filter(pl.col("step").is_in(list(steps))).group_by("step")
        return {steps[step]: at for step, at in began.agg(pl.col("started_at").max()).iter_rows()}

    def _kept(
        self, side: Literal["here", "there", "metrics", "source"], step: str, object_name: str = ACCOUNT
    ) -> pl.DataFrame:
        found = self.store.records(side, object_name)
        if found is None:
            what = _MISSING[step]
            raise StepMissingError(
                f"{what}: there are no records of {object_name} {side}.",
                hint="Run: cs-toolkit pull. It reads both sides, and imports what Salesforce alone has.",
            )
        return found

    def _gathered(self, name: str) -> pl.DataFrame:
        found = self.store.records("derived", name)
        if found is None:
            raise StepMissingError(f"{_MISSING['import']}: there are no {name}.", hint="Run: cs-toolkit import")
        return found

    def _height(self, side: Literal["here", "there"]) -> int:
        found = self.store.records(side, ACCOUNT)
        return 0 if found is None else found.height


def _of(object_name: str | None) -> dict[str, str]:
    return {} if object_name is None else {"object": object_name}
