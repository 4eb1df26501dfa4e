"""A workspace with its org: opening and closing one, connecting, and the mapping judged against the org.

`toolkit.workspace.Workspace` adds the steps that read, compare and write.
"""

import getpass
import os
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import polars as pl

from toolkit import frames, summaries
from toolkit.config import FieldMapping, load, save
from toolkit.connecting import ConnectionCard, card_of, connect_org
from toolkit.demo_org import DemoOrg
from toolkit.demo_workspace import MAPPING_FILE, DemoConnection, announced, create_demo, demo_org_of
from toolkit.errors import InputError, NotFoundError, PermissionDenied
from toolkit.importing.agreements import advice
from toolkit.importing.records import blank_here
from toolkit.importing.users import check_users
from toolkit.runs import Run, recorded
from toolkit.salesforce import Org
from toolkit.store import Side, Store
from toolkit.workspace.view import ACCOUNT, WorkspaceView
from toolkit.writeback.planning.approving import expires_at, refuse_unapproved
from toolkit.writeback.planning.plan import Plan
from toolkit.writeback.planning.preflight import Finding, check_targets
from toolkit.writeback.planning.sides import Sides, described

Direction = Literal["input", "output", "two_way"]
Deed = Literal["edit", "approve", "commit"]

DEMO_FOLDER = "CS_TOOLKIT_DEMO"
"""The environment variable that names the demo folder of ``cs-toolkit demo --serve`` to the notebooks it opens."""


class ConnectedWorkspace(WorkspaceView):
    """A folder with a mapping file and a store, and the org that it belongs to. Make one with `open` or `demo`.

    Use it as a context manager, or call `close`. The org is connected to when a step first needs it.
    """

    def __init__(self, folder: Path, *, in_memory_org: bool = False) -> None:
        super().__init__(folder, load(folder / MAPPING_FILE), Store.open(folder))
        self.demo_org: DemoOrg | None = None
        self._in_memory_org = in_memory_org
        self._demo: DemoConnection | None = None
        self._closing = ExitStack()
        self._closing.callback(self.store.close)

    # -- opening and closing -----------------------------------------------------------------------------------------

    @classmethod
    def open(cls, folder: Path | str) -> Self:
        """Open the workspace in `folder`. Raises NotFoundError without a mapping file, ConfigError for its faults."""
        folder = Path(folder)
        if not (folder / MAPPING_FILE).exists():
            raise NotFoundError(
                f"{folder.absolute()} is no workspace: it has no {MAPPING_FILE}.",
                hint="Name its folder with --workspace, or make one with: cs-toolkit init FOLDER (or cs-toolkit demo).",
            )
        return cls(folder)

    @classmethod
    def demo(
        cls,
        folder: Path | str | None = None,
        *,
        accounts: int | None = None,
        seed: int | None = None,
        fresh: bool = False,
    ) -> Self:
        """Open the demo workspace in `folder`, made when there is none.

        Without `folder` it is the one that ``cs-toolkit demo --serve`` opened this notebook for, or a temporary one.
        `fresh` forgets what was done in it before. Raises InputError when the folder holds something else.
        """
        if folder is None and DEMO_FOLDER in os.environ:
            return cls.open(os.environ[DEMO_FOLDER])
        if folder is not None:
            create_demo(Path(folder), accounts, seed, fresh=fresh)
            return cls(Path(folder))
        temporary = tempfile.TemporaryDirectory(prefix="cs-toolkit-demo-")
        create_demo(Path(temporary.name), accounts, seed)
        workspace = cls(Path(temporary.name), in_memory_org=True)
        inner, workspace._closing = workspace._closing, ExitStack()
        workspace._closing.callback(temporary.cleanup)
        workspace._closing.push(inner)
        return workspace

    def close(self) -> None:
        """Let go of the org and the store. A demo org that this workspace started ends."""
        self._closing.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- the org -----------------------------------------------------------------------------------------------------

    @cached_property
    def org(self) -> Org:
        """The connected org. Raises LoginError, UnavailableError, or InputError when credentials are missing."""
        demo = self._demo_connection() if self.settings.connection.login == "demo" else None
        return connect_org(self.settings, self.folder, demo)

    def person(self) -> str:
        """Return who works here: ``CS_TOOLKIT_USER``, or the name under which somebody is logged in."""
        return os.environ.get("CS_TOOLKIT_USER") or getpass.getuser()

    def announce(self, until: ExitStack) -> None:
        """Let other processes use this workspace's demo org, until `until` is closed."""
        until.enter_context(announced(self.folder, self._demo_connection()))

    def connection(self) -> ConnectionCard:
        """Return which org this is, as whom we are there, and what is left of its API allowance."""
        return card_of(self.org, self.settings.connection.login)

    def refresh_fields(self, object_name: str = ACCOUNT) -> int:
        """Read the fields of a mapped object afresh and return how many there are (CAT-21)."""
        return len(self.org.describe(self.mapped(object_name).sobject, refresh=True).fields)

    def _demo_connection(self) -> DemoConnection:
        if self._demo is None:
            started = demo_org_of(self.folder, self.settings, in_memory=self._in_memory_org)
            self._demo = self._closing.enter_context(started)
            self.demo_org = self._demo.org
        return self._demo

    # -- the mapping -------------------------------------------------------------------------------------------------

    def check(self) -> tuple[Finding, ...]:
        """Judge every mapped field against the org: does it exist, may it be written, do the values fit."""
        return tuple(finding for name in self.objects for finding in self._check(name))

    def _check(self, object_name: str) -> tuple[Finding, ...]:
        mapping = self.mapped(object_name).in_effect
        describe = self.org.describe(mapping.sobject)
        types = {side: dict(found.schema) for side in ("here", "there")
                 if (found := self.store.records(side, object_name)) is not None}  # fmt: skip
        targets = check_targets(
            object_name, mapping, describe, self.settings.health.profile, self.settings.writeback,
            types.get("here"), there=types.get("there"),
        )  # fmt: skip
        return (
            *targets,
            *check_users(object_name, mapping, describe),
            *advice(mapping, f"objects.{object_name}.terms"),
        )

    def mapping(self, object_name: str = ACCOUNT) -> pl.DataFrame:
        """Return one row a mapped field, in the order of the tables, with sample values and a light.

        Columns: order, here, there, label, type, direction, on_conflict, editable, visible, sample_here, sample_there,
        light (ok, warning, error), note.
        """
        mapping = self.mapped(object_name)
        fields = described(mapping, self.org.describe(mapping.sobject))
        here, there = self.store.records("here", object_name), self.store.records("there", object_name)
        return summaries.mapping_table(mapping, fields, self._check(object_name), self.links(object_name), here, there)

    def fields(self, object_name: str = ACCOUNT) -> pl.DataFrame:
        """Return one row a field of the object in the org, whether mapped or not; see `summaries.org_fields`."""
        mapping = self.mapped(object_name)
        return summaries.org_fields(mapping, self.org.describe(mapping.sobject))

    def edit_mapping(self, edits: Mapping[str, Mapping[str, Any]], object_name: str = ACCOUNT) -> None:
        """Change mapped fields, named by their Salesforce field, and save the mapping file; its comments are kept.

        Raises InputError for a value that a field cannot have, ConfigError when the mapping as a whole is not valid;
        the file is then left as it was.
        """
        self._allow("edit")
        mapping = self.mapped(object_name)
        fields = tuple(_edited(field, edits.get(field.there, {})) for field in mapping.fields)
        unknown = set(edits) - {field.there for field in fields}
        if unknown:
            raise NotFoundError(f"Not mapped: {', '.join(sorted(unknown))}.", hint="Add the field to the mapping file.")
        self.edit_object(object_name, {"fields": fields})

    def edit_object(self, object_name: str, edits: Mapping[str, Any]) -> None:
        """Change settings of an object, such as its mode or scope, and save the mapping file; its comments are kept.

        Raises ConfigError when the mapping as a whole is not valid; the file is then left as it was.
        """
        self._allow("edit")
        mapping = self.mapped(object_name).model_copy(update=dict(edits))
        changed = self.settings.model_copy(update={"objects": {**self.settings.objects, object_name: mapping}})
        save(self.folder / MAPPING_FILE, changed)
        self.settings = load(self.folder / MAPPING_FILE)

    def _run(self, step: str, object_name: str = ACCOUNT) -> AbstractContextManager[Run]:
        if "org" in self.__dict__:
            self.org.renew_cap()  # max_api_calls holds for each step, not for a notebook's whole life
        return recorded(self.store, step, object_name, self.now, self._spent)

    def _spent(self) -> int:
        return self.org.budget.spent if "org" in self.__dict__ else 0

    def _all_sides(self, directions: Sequence[Direction] = (), *, of: pl.DataFrame | None = None) -> list[Sides]:
        """Return the sides of every object that has records, in the order they are written in.

        With the rows `of` a plan or a journal also of the objects they are about, though nothing of them was read yet.
        """
        merged = [name for name, mapping in self.objects.items() if mapping.is_merged]
        wanted = {ACCOUNT} if of is None else set(of["object"])
        known = [name for name in merged if name in wanted or self.store.records("there", name) is not None]
        return [self._sides(name, directions, unread=of is not None) for name in known]

    def _sides(self, object_name: str, directions: Sequence[Direction] = (), *, unread: bool = False) -> Sides:
        mapping = self.mapped(object_name).in_effect
        if directions:
            chosen = tuple(field for field in mapping.fields if field.direction in directions)
            mapping = mapping.model_copy(update={"fields": chosen})
        return Sides(
            object=object_name,
            mapping=mapping,
            describe=self.org.describe(mapping.sobject),
            links=self.links(object_name),
            here=self._records_or_none("here", object_name)
            if unread or object_name != ACCOUNT
            else self.here(object_name),
            there=self._records_or_none("there", object_name) if unread else self.there(object_name),
            base=self.store.records("base", object_name),
        )

    def _records_or_none(self, side: Side, object_name: str) -> pl.DataFrame:
        """Return the records of a side; none at all, with the columns that matching looks at, before they were read."""
        found = self.store.records(side, object_name)
        if found is not None:
            return found
        mapping = self.mapped(object_name)
        if side == "here":
            return blank_here(mapping)
        columns = [frames.RECORD_KEY, *(path for rule in mapping.match for path in rule.there_paths)]
        return pl.DataFrame(schema=dict.fromkeys(columns, pl.String))

    def _signed(self, plan: Plan, purpose: str) -> Plan:
        """Return a plan that was made just now with what it is for, who made it, and until when it holds."""
        end = expires_at(plan.created_at, self.settings.writeback)
        return replace(plan, purpose=purpose, made_by=self.person(), expires_at=end)

    def _refuse_unapproved(self, plan: Plan) -> None:
        """Raise PlanError when the mapping file asks for a second person's approval and the plan has none.

        Who made it says the plan that is kept, not the one that was given.
        """
        makers = [str(meta.get("made_by", "")) for meta in self.store.plans() if meta["digest"] == plan.digest]
        known = replace(plan, made_by=makers[0]) if makers else plan
        approvals = self.store.read(frames.APPROVALS)
        refuse_unapproved(known, approvals, self.settings.writeback, self.settings.access)

    def _may(self, deed: Deed) -> bool:
        allowed = getattr(self.settings.access, deed)
        return "*" in allowed or self.person() in allowed

    def _allow(self, deed: Deed) -> None:
        if not self._may(deed):
            allowed = ", ".join(getattr(self.settings.access, deed)) or "nobody"
            raise PermissionDenied(
                f"{self.person()} may not {deed} in this workspace.",
                hint=f"[access] {deed} in the mapping file names who may: {allowed}.",
            )


def _edited(field: FieldMapping, edits: Mapping[str, Any]) -> FieldMapping:
    """Return a mapped field with some of its settings changed; what was left to its default stays so."""
    try:
        return FieldMapping(**(field.model_dump(exclude_unset=True) | dict(edits)))
    except ValueError as error:
        given = ", ".join(f"{name} = {value!r}" for name, value in edits.items())
        raise InputError(
            f"{field.there} cannot be mapped with {given}.",
            hint="The mapping file that `cs-toolkit init` writes explains each setting and what it may be.",
        ) from error
