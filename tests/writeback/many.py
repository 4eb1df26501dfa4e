"""A desk of several objects: accounts, contacts, meetings and calls on both sides, some of them only here."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import polars as pl

from tests.writeback.samples import mapped
from toolkit.config.models import Settings
from toolkit.config.objects import ObjectMapping
from toolkit.demo_org import DemoOrg
from toolkit.frames import LINKS, MISMATCHES
from toolkit.matching.match import match
from toolkit.salesforce import Org
from toolkit.store import Store
from toolkit.writeback.committing.commit import Commit, commit, resume
from toolkit.writeback.planning.creating import relinked
from toolkit.writeback.planning.editing import plan_add, plan_edit, told
from toolkit.writeback.planning.lookups import with_lookups
from toolkit.writeback.planning.plan import Plan, make_plan
from toolkit.writeback.planning.sides import Sides
from toolkit.writeback.undoing.plan_undo import plan_undo

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)

MAPPINGS = {
    "account": {
        "match": ["external_id = Product_Id__c"],
        "fields": [
            mapped("name", "Name", "two_way", editable=True),
            mapped("stage", "CS_Stage__c", "two_way", editable=True),
            mapped("mrr", "CS_MRR__c", "output"),
            mapped("industry", "Industry", "input", editable=True),
        ],
    },
    "contact": {
        "sobject": "Contact",
        "match": ["email = Email"],
        "fields": [
            mapped("name", "Name", "input"),
            mapped("email", "Email", "two_way", editable=True),
            mapped("title", "Title", "two_way", editable=True),
        ],
    },
    "meeting": {
        "sobject": "Event",
        "name": "Subject",
        "match": ["no_key = Location"],
        "fields": [
            mapped("subject", "Subject", "two_way", editable=True),
            mapped("at", "StartDateTime", "two_way", editable=True),
            mapped("minutes", "DurationInMinutes", "two_way"),
            mapped("body", "Description", "two_way", editable=True),
        ],
    },
    "call": {
        "sobject": "Task",
        "name": "Subject",
        "match": ["no_key = CallObject"],
        "mode": "output",
        "fields": [
            mapped("subject", "Subject", "output"),
            mapped("on", "ActivityDate", "output"),
            mapped("body", "Description", "output"),
        ],
    },
}


def settings_of(bulk_from: int, **changes: dict) -> Settings:
    objects = {
        name: ObjectMapping(**{"create_there": True, **given, **changes.get(name, {})}).named(name)
        for name, given in MAPPINGS.items()
    }
    return Settings(objects=objects, writeback={"bulk_from": bulk_from})


def here_of(accounts: pl.DataFrame, contacts: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """What is here: the accounts and contacts of Salesforce, two more of each, and interactions of old and new."""
    number = pl.int_range(pl.len())
    old = accounts.sort("Product_Id__c").select(
        id="Product_Id__c", external_id="Product_Id__c", name="Name", stage="CS_Stage__c", mrr=number * 10.5,
        industry="Industry",
    )  # fmt: skip
    new = pl.DataFrame(
        [
            {
                "id": "N-1",
                "external_id": "N-1",
                "name": "Nieuwe Zaak “BV”",
                "stage": "Onboarding",
                "mrr": 99.5,
                "industry": "Media",
            },
            {"id": "N-2", "external_id": "N-2", "name": "=Second, <b>Ltd</b>", "stage": None, "mrr": None},
        ]
    )
    first = old["id"][0]
    people = contacts.sort("Email").select(
        id="Email", name="Name", email="Email", title="Title", account_id="Product_Id__c"
    )
    more = pl.DataFrame(
        [
            {"id": "ada@new.test", "name": "Ada King Lovelace", "email": "ada@new.test", "title": "CTO",
             "account_id": "N-1"},
            {"id": "bo@new.test", "name": "Bo", "email": "bo@new.test", "title": None, "account_id": first},
        ]
    )  # fmt: skip
    meetings = pl.DataFrame(
        [
            {"id": "m-1", "subject": "Kick-off, “new”", "account_id": "N-1", "contact_id": "ada@new.test",
             "origin": "manual", "body": "Line one\nline two"},
            {"id": "m-2", "subject": "Review", "account_id": first, "contact_id": None, "origin": "manual",
             "body": None},
            {"id": "m-3", "subject": "Review", "account_id": first, "contact_id": None, "origin": "manual",
             "body": None},
            {"id": "m-4", "subject": "From Google", "account_id": first, "contact_id": None, "origin": "google",
             "body": None},
        ]
    ).with_columns(at=pl.lit(NOW) + timedelta(days=1), minutes=30, no_key=pl.lit(None, pl.String))  # fmt: skip
    calls = pl.DataFrame(
        [{"id": "c-1", "subject": "Call", "account_id": first, "origin": "manual", "body": "A" * 100}]
    ).with_columns(on=pl.date(2026, 11, 3), no_key=pl.lit(None, pl.String))
    return {
        "account": pl.concat([old, new], how="diagonal"),
        "contact": pl.concat([people, more], how="diagonal"),
        "meeting": meetings,
        "call": calls,
    }


@dataclass
class Desk:
    demo_org: DemoOrg
    org: Org
    store: Store
    settings: Settings

    @classmethod
    def laid(cls, demo_org: DemoOrg, org: Org, store: Store, bulk_from: int = 2000) -> "Desk":
        desk = cls(demo_org, org, store, settings_of(bulk_from))
        accounts = org.records("Account", ["Product_Id__c", "Name", "CS_Stage__c", "Industry"], "Product_Id__c != null")
        of = "Account.Product_Id__c"
        people = org.records("Contact", ["Name", "Email", "Title", of], f"Email != null AND {of} != null")
        contacts = people.rename({of: "Product_Id__c"}).unique("Email", keep="none")
        for name, frame in here_of(accounts, contacts).items():
            store.save_records("here", name, frame)
        desk.pull()
        assert org.organization.is_sandbox  # known from now on, as in a workspace that has planned
        desk.match()
        return desk

    def pull(self) -> None:
        for name, mapping in self.settings.objects.items():
            paths = ["Id", "SystemModstamp", *(path for path in mapping.there_paths if path != "Id")]
            there = self.org.records(mapping.sobject, paths).rename({"Id": "id"})
            if name == "meeting":  # those of before are none of ours
                there = there.filter(pl.col("SystemModstamp") >= NOW)
            self.store.save_records("there", name, there)

    def match(self) -> None:
        links, mismatches = [], []
        for name, mapping in self.settings.objects.items():
            sides = [self.store.records(side, name) for side in ("here", "there")]
            known = relinked(self.store.read(LINKS), self.store.journal(), NOW)
            found = match(*sides, mapping, known, NOW, object_name=name)
            links.append(found.links)
            mismatches.append(found.mismatches)
        self.store.write(LINKS, pl.concat(links))
        self.store.write(MISMATCHES, pl.concat(mismatches))

    def sides(self, *names: str) -> list[Sides]:
        return [
            Sides(
                name,
                mapping,
                self.org.describe(mapping.sobject),
                self.store.read(LINKS),
                self.store.records("here", name),
                self.store.records("there", name),
                self.store.records("base", name),
            )
            for name, mapping in self.settings.objects.items()
            if not names or name in names
        ]

    def parent(self) -> str | None:
        commits = self.store.commits()["commit_id"]
        return commits[-1] if len(commits) else None

    def made(self) -> dict:
        """What every way to make a plan is given."""
        return {"org_id": self.org.org_id, "org_name": "Demo", "created_at": NOW, "parent": self.parent()}

    def plan(self) -> Plan:
        plan = make_plan(
            list(reversed(self.sides())),  # in any order
            **self.made(),
            writeback=self.settings.writeback,
            mismatches=self.store.read(MISMATCHES),
            journal=self.store.journal(),
        )
        self.store.save_plan(plan.meta(), plan.changes)
        return plan

    def commit(self, plan: Plan, progress=None) -> Commit:
        objects = list(reversed(self.sides()))
        return commit(
            plan, plan.digest, self.org, self.store, self.settings, objects=objects, now=NOW, progress=progress
        )

    def edit(self, name: str, here_id: str, /, **values) -> Commit:
        return self.done(plan_edit(self.sides(), name, here_id, values, **self.made(), look_up=self.look_up))

    def add(self, name: str, /, **values) -> Commit:
        return self.done(plan_add(self.sides(), name, values, at=NOW, **self.made(), look_up=self.look_up))

    def done(self, plan: Plan) -> Commit:
        done = self.commit(plan)
        told(done.results)
        return done

    def look_up(self, sides: Sides, rows: pl.DataFrame) -> Sides:
        return with_lookups(self.org, sides, rows)

    def resume(self, commit_id: str) -> Commit:
        return resume(commit_id, self.org, self.store, objects=self.sides())

    def undo(self, commit_id: str) -> Plan:
        return plan_undo(
            commit_id, self.org, self.store, objects=self.sides(), bulk_from=self.settings.writeback.bulk_from,
            **self.made(),
        )  # fmt: skip

    def here(self, name: str) -> dict[str, dict]:
        return {row["id"]: row for row in self.store.records("here", name).to_dicts()}

    def link(self, name: str, here_id: str) -> str | None:
        found = self.store.read(LINKS).filter((pl.col("object") == name) & (pl.col("here_id") == here_id))["there_id"]
        return found[0] if len(found) else None

    def made_by_us(self, sobject: str, *fields: str) -> list[dict]:
        """The records of an object that the integration user made, which the sample company has none of."""
        mine = f"CreatedById = '{self.demo_org.user_id}'"
        rows = self.demo_org.rows(f"SELECT Id, {', '.join(fields)} FROM {sobject} WHERE {mine} ORDER BY Id")
        return [{name: value for name, value in row.items() if name != "attributes"} for row in rows]
