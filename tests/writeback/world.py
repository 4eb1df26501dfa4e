"""A world in rounds: people work on both sides, something goes wrong, and in the end both sides must be right again."""

from datetime import UTC, datetime

import polars as pl

from tests.writeback.many import Desk
from tests.writeback.truth import Truth
from toolkit.frames import LINKS
from toolkit.store import Store
from toolkit.writeback.committing.settling import NOT_WRITTEN

SOBJECTS = {"account": "Account", "contact": "Contact", "meeting": "Event", "call": "Task"}


class World:
    """A desk at which people work in rounds, and what the org must say of it in the end."""

    def __init__(self, desk, via):
        self.desk = Desk.laid(desk.demo_org, desk.org, desk.store, bulk_from=1 if via == "bulk" else 2000)
        unbraked = self.desk.settings.brakes.model_copy(update={"max_changed_share": 1.0})
        self.desk.settings = self.desk.settings.model_copy(update={"brakes": unbraked})
        self.round = 0
        self.commit_cleanly()
        self.truth = Truth(self.desk)

    def people_change(self):
        """Values on both sides: some go there, some come here."""
        self.round += 1
        here = self.desk.store.records("here", "account")
        number = pl.int_range(pl.len())
        self.desk.store.save_records("here", "account", here.with_columns(mrr=number + self.round * 100.5))
        stage, industry = [("Growth", "Media"), ("At Risk", "Finance"), ("Adoption", None)][self.round % 3]
        for record in self.accounts_there()[:2]:
            self.desk.demo_org.edit("Account", record, {"CS_Stage__c": stage, "Industry": industry})
        self.people_edit_here(f"Name {self.round}")

    def people_edit_here(self, name):
        """A field that both sides may change, changed here."""
        here = self.desk.store.records("here", "account")
        edited = pl.when(pl.int_range(pl.len()) > 1).then(pl.lit(name)).otherwise("name").alias("name")
        self.desk.store.save_records("here", "account", here.with_columns(edited))

    def people_add(self):
        """Records here that Salesforce lacks: an account, a person at it, two meetings alike, and a call."""
        self.round += 1
        key = f"K-{self.round}"
        who = f"{key.lower()}@new.test"
        activity = {"account_id": key, "contact_id": who, "origin": "manual", "body": None}
        meeting = {**activity, "subject": "Review", "minutes": 30, "at": datetime(2026, 11, 5, tzinfo=UTC)}
        for name, rows in {
            "account": [{"id": key, "external_id": key, "name": f"Kunde “{key}”", "stage": "Growth", "mrr": 7.5}],
            "contact": [{"id": who, "name": f"Ny {key}", "email": who, "title": "CTO", "account_id": key}],
            "meeting": [{**meeting, "id": f"{key}-{number}"} for number in (1, 2)],
            "call": [{**activity, "id": f"{key}-3", "subject": "Call", "on": None}],
        }.items():
            here = self.desk.store.records("here", name)
            new = pl.DataFrame(rows, schema={each: here.schema.get(each, pl.String) for each in rows[0]})
            self.desk.store.save_records("here", name, pl.concat([here, new], how="diagonal_relaxed"))

    def accounts_there(self):
        return self.desk.store.read(LINKS).filter(pl.col("object") == "account")["there_id"].sort().to_list()

    def plan(self):
        self.desk.pull()
        self.desk.match()
        return self.desk.plan()

    def commit_cleanly(self):
        plan = self.plan()
        assert set(plan.changes["verdict"]) <= {"write"}, plan.changes.filter(pl.col("verdict") != "write")
        done = self.desk.commit(plan)
        assert (done.held, done.failed) == (0, 0), done.results.filter(pl.col("state") != "written")
        return done.commit_id

    def planned_undo(self, commit_id):
        plan = self.desk.undo(commit_id)
        self.desk.store.save_plan(plan.meta(), plan.changes)
        return plan

    def settled(self, plan):
        """Resume what was killed: every row of the plan has its end, and that is what the org says, too."""
        with Store.open(self.desk.store.folder) as opened:  # as the next run would
            left = opened.open_commits()
        for commit_id in left:
            self.desk.resume(commit_id)
        assert self.desk.store.open_commits() == []
        self.truth.agrees()
        if plan.plan_id not in self.desk.store.commits()["commit_id"]:
            return 0
        journal = self.desk.store.journal(plan.plan_id)
        assert journal.height == plan.writes
        assert set(journal["state"]) <= {"written", "failed"}, journal.filter(pl.col("state") == "held")
        failed = journal.filter(pl.col("state") == "failed")
        assert set(failed["code"]) <= {NOT_WRITTEN, "REFERENCE_NOT_CREATED", "NOT_PROCESSED"}, failed
        return plan.writes - failed.height

    def comes_right(self):
        """People edit once more; what was not written is planned again; then both sides hold the same, each once."""
        self.people_edit_here(f"Newer {self.round}")
        self.commit_cleanly()
        assert self.plan().changes.is_empty()
        self.truth.agrees()
        links = self.desk.store.read(LINKS)
        assert links.select("object", "here_id").is_unique().all()
        assert links["there_id"].is_unique().all()
        for name, sobject in SOBJECTS.items():
            made = {row["Id"] for row in self.desk.made_by_us(sobject, "CreatedDate")}
            linked = set(links.filter(pl.col("object") == name)["there_id"])
            assert made <= linked, "made by us, and nobody knows of it"
            mine = set(links.filter(pl.col("object") == name)["here_id"])
            ours = {key for key, row in self.desk.here(name).items() if row.get("origin") in (None, "manual")}
            assert ours <= mine, "here, and not there"
