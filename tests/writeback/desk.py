"""The store and the org of a commit test."""

from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

from tests.writeback.samples import links_of, mapped, object_mapping
from toolkit.config.models import Settings
from toolkit.demo_org import DemoOrg
from toolkit.frames import LINKS
from toolkit.salesforce import Org
from toolkit.store import Store
from toolkit.writeback.committing.commit import Commit, commit, resume
from toolkit.writeback.planning.plan import Plan, make_plan, seal
from toolkit.writeback.planning.sides import Sides
from toolkit.writeback.undoing.undo import undo_plan

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)

FIELDS = (
    mapped("health_score", "CS_Health_Score__c", "output"),
    mapped("health_band", "CS_Health_Band__c", "output"),
    mapped("segment", "CS_Segment__c", "output"),
    mapped("renewal_date", "CS_Renewal_Date__c", "output"),
    mapped("stage", "CS_Stage__c", "two_way"),
    mapped("industry", "Industry", "input"),
)
PATHS = ["Id", "Name", *(field.there for field in FIELDS)]


@dataclass
class Desk:
    demo_org: DemoOrg
    org: Org
    store: Store
    settings: Settings

    @classmethod
    def laid(cls, demo_org: DemoOrg, org: Org, store: Store, bulk_from: int = 2000) -> "Desk":
        """A desk whose store holds what is in the org, and as many records here, linked by Product_Id__c."""
        settings = Settings(
            objects={"account": object_mapping(*FIELDS)}, writeback={"guard_prefix": "CS_", "bulk_from": bulk_from}
        )
        desk = cls(demo_org, org, store, settings)
        desk.pull()
        assert org.organization.is_sandbox  # known from now on, as in a workspace that has planned
        linked = org.records("Account", ["Id", "Product_Id__c"], where="Product_Id__c != null")
        store.write(LINKS, links_of(zip(linked["Product_Id__c"], linked["Id"], strict=True)))
        number = pl.int_range(pl.len())
        here = linked.sort("Product_Id__c").select(
            pl.col("Product_Id__c").alias("id"),
            health_score=(number % 100) / 10 + 0.04,
            health_band=pl.when(number % 3 == 0).then(pl.lit("Red")).otherwise(pl.lit("Green")),
            segment=pl.when(number % 2 == 0).then(pl.lit("SMB, “small”")),
            renewal_date=pl.date(2027, 1, 1) + pl.duration(days=number),
            stage=pl.lit(None, dtype=pl.String),
        )
        store.save_records("here", "account", here)
        return desk

    def pull(self) -> None:
        there = self.org.records("Account", PATHS).rename({"Id": "id"})
        self.store.save_records("there", "account", there)

    def sides(self) -> Sides:
        return Sides(
            "account",
            self.settings.objects["account"],
            self.org.describe("Account"),
            self.store.read(LINKS),
            self.store.records("here", "account"),
            self.store.records("there", "account"),
            self.store.records("base", "account"),
        )

    def parent(self) -> str | None:
        commits = self.store.commits()["commit_id"]
        return commits[-1] if len(commits) else None

    def plan(self) -> Plan:
        plan = make_plan(
            [self.sides()],
            org_id=self.org.org_id,
            org_name="Demo",
            created_at=NOW,
            parent=self.parent(),
            writeback=self.settings.writeback,
        )
        self.store.save_plan(plan.meta(), plan.changes)
        return plan

    def undo(self, commit_id: str) -> Plan:
        self.pull()
        sides = self.sides()
        return seal(
            undo_plan(self.store.journal(commit_id), [sides]),
            [sides],
            org_id=self.org.org_id,
            org_name="Demo",
            created_at=NOW,
            parent=self.parent(),
            bulk_from=self.settings.writeback.bulk_from,
        )

    def commit(self, plan: Plan, confirm: str | None = None, progress=None) -> Commit:
        return commit(
            plan,
            plan.digest if confirm is None else confirm,
            self.org,
            self.store,
            self.settings,
            objects=[self.sides()],
            now=NOW,
            progress=progress,
        )

    def resume(self, commit_id: str) -> Commit:
        return resume(commit_id, self.org, self.store, objects=[self.sides()])

    def in_org(self, *fields: str) -> dict[str, tuple]:
        rows = self.demo_org.rows(f"SELECT Id, {', '.join(fields)} FROM Account ORDER BY Id")
        return {row["Id"]: tuple(row[name] for name in fields) for row in rows}

    def here(self) -> pl.DataFrame:
        return self.store.records("here", "account")
