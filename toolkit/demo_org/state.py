"""What an org is while it runs: its metadata, records, clock, sessions, allowance, faults, cursors and jobs.

Every handler gets the one `OrgState`. Writes to records go through `records`, which holds the single writer's lock;
reads borrow a connection of their own, so a long read holds up nobody.
"""

import json
import os
import secrets
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from toolkit.demo_org.access import Access
from toolkit.demo_org.clock import Clock
from toolkit.demo_org.company.org_side import seed as seed_company
from toolkit.demo_org.database import Database, kept_fact
from toolkit.demo_org.faults import Faults
from toolkit.demo_org.history import keep_history
from toolkit.demo_org.listviews import ListView, list_view_from, standard_list_views
from toolkit.demo_org.lookups import count
from toolkit.demo_org.metadata import Metadata
from toolkit.demo_org.objects import standard_schema
from toolkit.demo_org.permissions import RIGHTS_OBJECTS, Permissions, grant
from toolkit.demo_org.records import Records
from toolkit.demo_org.schema import Schema, SObject
from toolkit.demo_org.soql import Query, execute, prepare, to_json, zone_and_calendar
from toolkit.demo_org.web.allowance import Allowance
from toolkit.demo_org.web.apps import EVERYBODY, App, Apps
from toolkit.demo_org.web.cursors import Cursors
from toolkit.demo_org.web.jobs import Jobs
from toolkit.demo_org.web.people import People
from toolkit.demo_org.web.sessions import Sessions
from toolkit.demo_org.web.tokens import Consent, Tokens

CLIENT_ID = "cs-toolkit-demo"
CLIENT_SECRET = "demo-secret-not-a-secret"  # noqa: S105 - it opens a demo on loopback and is printed in the manual
INTEGRATION_USERNAME = "integration@demo.example"
CLASSIC_CLIENT_ID = "cs-toolkit-classic"
COMMAND_LINE_CLIENT_ID = "PlatformCLI"
SEEDED_SCOPE = "api id refresh_token"
LATEST_VERSION = 66.0
KEPT_CALLS = 100_000
"""How many of the latest calls the log holds."""
SHOWN_CALLS = 1_000
"""Of how many of the latest calls it holds when they were and what they asked, for the window."""


@dataclass(frozen=True)
class LoggedCall:
    """A request that was answered, in the order of its `number`; `detail` is the statement of a query."""

    number: int
    at: datetime
    method: str
    path: str
    status: int
    milliseconds: float
    detail: str


class OrgState:
    """A demo org without its wire. Close it when done."""

    def __init__(
        self, accounts: int, seed: int, now: datetime | None, db: Path | None, *, person_accounts: bool = False
    ) -> None:
        kept = kept_fact(db, "person_accounts")
        self.schema = standard_schema(person_accounts=person_accounts if kept is None else kept == "1")
        self.clock = Clock(now)
        if db is not None and not db.exists():
            os.close(os.open(db, os.O_CREAT | os.O_WRONLY, 0o600))
        self.database = Database(db, self.schema)
        self.records = Records(self.database, self.schema, self.clock)
        self.security = Permissions(self.database, self.schema)
        self.records.after_write = self._written
        self.metadata = Metadata(self.database, self.schema, self.records.rules, self.clock)
        self.metadata.on_change = self._described_anew
        self.list_views: list[ListView] = list(standard_list_views())
        self.url = ""
        self.ending = threading.Event()
        self.client_id, self.client_secret = CLIENT_ID, CLIENT_SECRET
        self.people = People(self.look, self.database)
        self._schema_changes = 0
        self._described_at = self.clock.now()
        if self.database.fact("seed") is None:
            self.database.empty(self.schema)
            seed_company(self.records, accounts=accounts, seed=seed, today=self.clock.today())
            self.database.keep_fact("seed", str(seed))
            self.database.keep_fact("accounts", str(accounts))
            self.database.keep_fact("person_accounts", str(int(person_accounts)))
        keep_history(self.database, self.schema)
        self.org_id = str(self.look("SELECT Id FROM Organization")[0]["Id"])
        self.integration_user_id = self._user_id(INTEGRATION_USERNAME)
        self.refresh_token = self._kept_secret("refresh_token", "5Aep861")
        self.control_token = self._kept_secret("control_token", "")
        self.sessions = Sessions(self.database, self.org_id, lambda: self.clock.now().timestamp())
        self.apps = Apps(self.database, *_standard_apps())
        self.tokens = self._kept_tokens()
        self.allowance = Allowance()
        self.cursors = Cursors()
        self.faults = Faults(self.sessions.end_all, self.cursors.close, self.allowance.set)
        self.jobs = Jobs()
        self.calls: deque[tuple[str, str, int]] = deque(maxlen=KEPT_CALLS)
        self.requests: deque[tuple[str, str, int]] = deque(maxlen=KEPT_CALLS)
        self.latest: deque[LoggedCall] = deque(maxlen=SHOWN_CALLS)
        self._answered = 0
        self._log_lock = threading.Lock()
        self._restore_metadata()

    def close(self) -> None:
        """Stop the jobs and close every file."""
        self.jobs.close()
        self.cursors.close()
        self.database.close()

    def access(self, user_id: str) -> Access:
        """Return what a user may see and edit."""
        return Access.for_user(user_id, self.security)

    def visible(self, access: Access) -> Schema:
        """Return the schema without the objects that the user may not read."""
        hidden = [each.name for each in self.schema if not access.may("Read", each)]
        if not hidden:
            return self.schema
        return Schema(each for each in self.schema if each.name not in hidden)

    def prepare(self, soql: str, access: Access, *, all_rows: bool = False, version: float = LATEST_VERSION) -> Query:
        """Return a query ready to run; `all_rows` brings what lies in the recycle bin too. Raises Refusal."""
        with self.database.reading() as connection:
            zone, calendar = zone_and_calendar(connection, access.user_id)
        now = self.clock.now()
        return prepare(
            soql, self.visible(access), access, now, all_rows=all_rows, zone=zone, calendar=calendar, version=version
        )

    @contextmanager
    def query(
        self, soql: str, access: Access, *, all_rows: bool = False, version: float = LATEST_VERSION
    ) -> Iterator[tuple[Query, Iterator[tuple[object, ...]]]]:
        """Yield a prepared query and its rows; the rows last as long as the block. Raises Refusal."""
        query = self.prepare(soql, access, all_rows=all_rows, version=version)
        with self.database.reading() as connection:
            yield query, execute(query, connection)

    def count(self, sobject_name: str) -> int:
        """Return how many records an object has, those in the recycle bin left out. Raises KeyError."""
        sobject = self.schema.get(sobject_name)
        if sobject is None:
            raise KeyError(sobject_name)
        with self.database.reading() as connection:
            return count(connection, sobject)[0]

    def edit(self, sobject_name: str, record_id: str, values: Mapping[str, object]) -> None:
        """Change a record as somebody working in the CRM who may edit everything. Raises Refusal."""
        self.records.update(sobject_name, record_id, values, Access.for_user(self.crm_user_id()))

    def look(self, soql: str) -> list[dict[str, object]]:
        """Return the records of a query asked by someone who may see everything, as REST prints them."""
        with self.query(soql, Access.for_user("")) as (query, rows):
            return [to_json(query, row, LATEST_VERSION) for row in rows]

    @property
    def app(self) -> App:
        """The app that the demo's own clients use."""
        return self.apps.find(self.client_id) or _standard_apps()[0]

    def log(self, method: str, path: str, status: int, milliseconds: float = 0.0, detail: str = "") -> None:
        """Note a request; those below a version of the data API are API calls."""
        entry = (method, path, status)
        with self._log_lock:
            self._answered += 1
            self.latest.append(LoggedCall(self._answered, datetime.now(UTC), *entry, milliseconds, detail))
            self.requests.append(entry)
            if path.startswith("/services/data/"):
                self.calls.append(entry)

    @property
    def metadata_stamp(self) -> tuple[str, datetime]:
        """The mark of the org's metadata as a whole, as eight hex digits, and when it last changed."""
        mark = (hash((self._schema_changes, self.security.version)) ^ 0xE8178A2D) & 0xFFFFFFFF
        return f"{mark:08x}", self._described_at

    def _written(self, sobject: SObject) -> None:
        if sobject.name in RIGHTS_OBJECTS:
            self.security.changed()

    def remove_field(self, sobject_name: str, field_name: str) -> None:
        """Take a field out of the schema, as an administrator would. Raises KeyError when there is none."""
        sobject = self.schema.get(sobject_name)
        if sobject is None or sobject.field(field_name) is None:
            raise KeyError(f"{sobject_name}.{field_name}")
        self.metadata.delete_field(f"{sobject_name}.{field_name}")

    def set_access(self, sobject_name: str, field_name: str, *, read: bool, edit: bool) -> None:
        """Set what the integration user may do with a field, in the permission set of its profile."""
        grant(
            self.database,
            self.schema,
            self.security,
            self.integration_user_id,
            f"{sobject_name}.{field_name}",
            read=read,
            edit=edit,
            at=self.clock.stamp(),
        )
        self._metadata_changed(["set_access", sobject_name, field_name, read, edit])

    def drop_list_view(self, name: str) -> None:
        """Delete a list view by its label or developer name. Raises KeyError when there is none."""
        kept = [each for each in self.list_views if name not in (each.label, each.developer_name)]
        if len(kept) == len(self.list_views):
            raise KeyError(name)
        self.list_views = kept
        self._metadata_changed(["drop_list_view", name])

    def change_list_view(self, name: str, **changes: object) -> None:
        """Change a list view, found by its label or developer name. Raises KeyError when there is none.

        The changes are fields of `ListView`; TypeError tells of one that does not exist.
        """
        view = next((each for each in self.list_views if name in (each.label, each.developer_name)), None)
        if view is None:
            raise KeyError(name)
        changed = replace(view, **changes)  # type: ignore[arg-type]
        self.list_views = [changed if each is view else each for each in self.list_views]
        self._metadata_changed(["change_list_view", asdict(changed)])

    def _restore_access(self, sobject_name: str, field_name: str, read: bool, edit: bool) -> None:
        # Where permission sets say it, they still do, and what was granted since stays.
        sobject = self.schema.get(sobject_name)
        field = None if sobject is None else sobject.field(field_name)
        if field is not None and not field.permissionable:
            self.set_access(sobject_name, field_name, read=read, edit=edit)

    def _described_anew(self) -> None:
        self._schema_changes += 1
        self._described_at = self.clock.now()
        self.security.changed()
        keep_history(self.database, self.schema)

    def _metadata_changed(self, change: list[object]) -> None:
        self._schema_changes += 1
        self._described_at = self.clock.now()
        changes = json.loads(self.database.fact("metadata_changes") or "[]")
        self.database.keep_fact("metadata_changes", json.dumps([*changes, change]))

    def _restore_metadata(self) -> None:
        # What administrators changed in an earlier run of the same file is done again, in order.
        self.metadata.restore()
        changes = json.loads(self.database.fact("metadata_changes") or "[]")
        self.database.keep_fact("metadata_changes", "[]")
        for kind, *details in changes:
            if kind == "set_access":
                self._restore_access(*details)
            elif kind == "change_list_view":
                view = list_view_from(details[0])
                self.change_list_view(view.developer_name, **vars(view))
            else:
                self.drop_list_view(details[0])

    def _user_id(self, username: str) -> str:
        return str(self.look(f"SELECT Id FROM User WHERE Username = '{username}'")[0]["Id"])

    def crm_user_id(self) -> str:
        """Return the user in whose name the CRM is worked by hand."""
        others = f"Username != '{INTEGRATION_USERNAME}' AND IsActive = TRUE ORDER BY Username LIMIT 1"
        return str(self.look(f"SELECT Id FROM User WHERE {others}")[0]["Id"])

    def _kept_tokens(self) -> Tokens:
        fresh = self.database.fact("refresh_tokens") is None
        tokens = Tokens(self.database)
        if fresh:
            tokens.issue_refresh(Consent(CLIENT_ID, self.integration_user_id, SEEDED_SCOPE), self.refresh_token)
        return tokens

    def _kept_secret(self, name: str, prefix: str) -> str:
        kept = self.database.fact(name)
        if kept is None:
            kept = prefix + secrets.token_urlsafe(48)
            self.database.keep_fact(name, kept)
        return kept


def _standard_apps() -> tuple[App, ...]:
    # One as new orgs make them; one of the older kind, which alone may have the username-password flow; and the one
    # that Salesforce's command line brings along, which has no secret.
    default = App(
        CLIENT_ID,
        CLIENT_SECRET,
        "Customer Success Toolkit",
        run_as=INTEGRATION_USERNAME,
        approval="admin",
        approved=(EVERYBODY,),
    )
    classic = replace(default, client_id=CLASSIC_CLIENT_ID, label="Classic Connected App", external=False)
    return default, classic, App(COMMAND_LINE_CLIENT_ID, "", "Salesforce CLI", secret_required=False)
