"""Hundreds of random steps over several objects: no record is ever created twice, and none is lost.

People enter records here and in the toolkit's own window, edit them on both sides, delete them in Salesforce; plans
grow old; commits that create meet faults and are cut off, resumed, undone. What holds after every step: each record
that the toolkit made in Salesforce is known to the journal, for one record here and no other. After a clean sync,
every record that may go to Salesforce is there, once, with the values it has here.
"""

import shutil
import tempfile
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.conftest import NOW
from tests.writeback.many import Desk, settings_of
from tests.writeback.test_stateful import CUTS, FAULT, FAULTS, LIMIT, PROFILE, RULE, THOROUGH, VIAS
from toolkit.demo_org import DemoOrg
from toolkit.demo_org.errors import Refusal
from toolkit.errors import EditRefused, PlanError, ToolkitError
from toolkit.salesforce import Credentials, connect
from toolkit.store import Store

ACCOUNTS = 5
SOBJECTS = {"account": "Account", "contact": "Contact", "meeting": "Event", "call": "Task"}
SUBJECTS = st.sampled_from(["Review", "Kick-off, “new”", "=1+1", "#N/A", "x" * 255])
BODIES = st.sampled_from([None, "one\ntwo", "<b>bold</b>", "日本語 🙂"])
VALUES = {
    "account": {"name": SUBJECTS, "stage": st.sampled_from([None, "Growth", "Adoption", "Churned"])},
    "contact": {"title": st.sampled_from([None, "CTO", "CEO, “acting”"])},
    "meeting": {"subject": SUBJECTS, "body": BODIES},
    "call": {"subject": SUBJECTS, "body": BODIES},
}
THERE = {
    ("account", "name"): "Name",
    ("account", "stage"): "CS_Stage__c",
    ("contact", "title"): "Title",
    ("meeting", "subject"): "Subject",
    ("meeting", "body"): "Description",
    ("call", "subject"): "Subject",
    ("call", "body"): "Description",
}
CELLS = st.sampled_from(sorted(THERE)).flatmap(lambda cell: st.tuples(st.just(cell), VALUES[cell[0]][cell[1]]))
NUMBERS = st.integers(0, 99)


class ManyObjects(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="stateful-"))
        self.salesforce = DemoOrg.start(accounts=ACCOUNTS, seed=1, now=NOW)
        org = connect(
            login="client_credentials",
            login_url=self.salesforce.url,
            credentials=Credentials(client_id=self.salesforce.client_id, client_secret=self.salesforce.client_secret),
            ca_file=self.salesforce.ca_file,
            sleep=lambda seconds: time.sleep(min(seconds, 0.001)),
        )
        self.store = Store.open(self.folder / "store")
        self.desk = Desk.laid(self.salesforce, org, self.store)
        self.number = 0
        self.plans: list = []
        self.undone: set[str] = set()

    def teardown(self):
        self.store.close()
        self.salesforce.stop()
        shutil.rmtree(self.folder)

    @initialize(via=VIAS)
    def begin(self, via):
        self.desk.settings = settings_of(1 if via == "bulk" else 2000)

    # -- people ------------------------------------------------------------------------------------------------------

    @rule(name=st.sampled_from(["account", "contact", "meeting", "meeting", "call"]), subject=SUBJECTS, body=BODIES,
          origin=st.sampled_from(["manual", "manual", "google"]), of=NUMBERS)  # fmt: skip
    def record_comes_here(self, name, subject, body, origin, of):
        self.number += 1
        here_id = f"{name}-{self.number}"
        accounts = self.store.records("here", "account")["id"].sort()
        row = {"id": here_id, "account_id": accounts[of % len(accounts)], "origin": origin}
        if name == "account":
            row = {"id": here_id, "external_id": here_id, "name": subject}
        elif name == "contact":
            row = {**row, "email": f"{here_id}@new.test", "name": f"Ny {here_id}"}
        elif name == "meeting":
            row = {**row, "subject": subject, "body": body, "minutes": 30, "at": datetime(2026, 11, 5, tzinfo=UTC)}
        else:
            row = {**row, "subject": subject, "body": body}
        here = self.store.records("here", name)
        new = pl.DataFrame([row], schema={key: here.schema.get(key, pl.String) for key in row})
        self.store.save_records("here", name, pl.concat([here, new], how="diagonal"))

    @rule(cell=CELLS, number=NUMBERS)
    def record_is_edited_here(self, cell, number):
        (name, field), value = cell
        here = self.store.records("here", name)
        mine = pl.col("id") == here["id"].sort()[number % here.height]
        edited = pl.when(mine).then(pl.lit(value, dtype=pl.String)).otherwise(field).alias(field)
        self.store.save_records("here", name, here.with_columns(edited))

    @rule(cell=CELLS, number=NUMBERS)
    def record_is_edited_there(self, cell, number):
        (name, field), value = cell
        if record := self.one_of_ours(name, number):
            self.by_crm(lambda: self.salesforce.edit(SOBJECTS[name], record, {THERE[name, field]: value}))

    @rule(name=st.sampled_from(["contact", "meeting", "call", "account"]), number=NUMBERS)
    def record_is_deleted_there(self, name, number):
        records, access = self.salesforce._state.records, self.salesforce._state.access
        if record := self.one_of_ours(name, number):
            crm = access(self.salesforce._state.crm_user_id())
            self.by_crm(lambda: records.delete(SOBJECTS[name], record, crm))

    @rule(cell=CELLS.filter(lambda cell: cell[0][0] != "call"), number=NUMBERS, fault=st.none() | FAULT)
    def value_is_edited_at_once(self, cell, number, fault):
        (name, field), value = cell
        rows = self.desk.here(name)
        here_id = sorted(rows)[number % len(rows)]
        if self.store.open_commits():
            return
        raised = self.attempt(fault, lambda: self.desk.edit(name, here_id, **{field: value}))
        assert fault is not None or raised is None or isinstance(raised, EditRefused), raised
        after = self.desk.here(name)[here_id][field]
        if raised is None:
            assert after == value
            record = self.desk.link(name, here_id)
            known = record in self.store.records("there", name)["id"]
            if known and record in self.alive(name):
                (row,) = self.salesforce.rows(
                    f"SELECT {THERE[name, field]} FROM {SOBJECTS[name]} WHERE Id = '{record}'"
                )
                assert row[THERE[name, field]] == value
        elif not self.store.open_commits():
            assert after == rows[here_id][field], "what was refused is as it was"

    @rule(subject=SUBJECTS, body=BODIES, of=NUMBERS, fault=st.none() | FAULT)
    def meeting_is_entered_by_hand(self, subject, body, of, fault):
        if self.store.open_commits():
            return
        self.number += 1
        accounts = self.store.records("here", "account")["id"].sort()
        account = accounts[of % len(accounts)]
        made = {"account_id": account, "subject": subject, "body": body, "minutes": self.number}
        count = len(self.desk.here("meeting"))
        raised = self.attempt(fault, lambda: self.desk.add("meeting", **made))
        assert fault is not None or raised is None or isinstance(raised, EditRefused), raised
        assert len(self.desk.here("meeting")) - count == 1 or raised is not None

    # -- steps -------------------------------------------------------------------------------------------------------

    @rule()
    def pull(self):
        self.desk.pull()

    @rule()
    def match(self):
        self.desk.match()

    @rule()
    def plan(self):
        self.plans.append(self.desk.plan())

    @precondition(lambda self: self.plans)
    @rule(number=st.sampled_from([0, 0, 0, 1, 2]), fault=st.none() | FAULT)
    def commit(self, number, fault):
        self.committed(self.plans[-1 - number % len(self.plans)], fault)

    @rule(fault=st.tuples(st.sampled_from(CUTS), st.sampled_from([None, "PATCH", "POST"])), settles=st.booleans())
    def commit_is_cut_off(self, fault, settles):
        self.desk.match()
        self.plan()
        self.committed(self.plans[-1], fault)
        if settles:
            self.settle()

    @precondition(lambda self: self.store.commits().height)
    @rule(number=NUMBERS)
    def commit_is_undone(self, number):
        if self.store.open_commits():
            return
        commits = self.store.commits()["commit_id"]
        undo = self.desk.undo(commits[-1 - number % min(3, len(commits))])
        alive = {name: self.alive(name) for name in SOBJECTS}
        done = self.desk.commit(undo) if undo.plan_id not in commits else None
        for row in () if done is None else done.results.filter(pl.col("operation") == "delete").to_dicts():
            if row["side"] == "there":
                assert row["there_id"] in alive[row["object"]], "deleted, and was not there"
                assert (row["there_id"] in self.alive(row["object"])) == (row["state"] != "written")
                assert row["state"] != "written" or self.desk.link(row["object"], row["here_id"]) is None
            else:
                assert (row["here_id"] in self.desk.here(row["object"])) == (row["state"] != "written")

    @rule(fault=st.none() | FAULT.filter(lambda fault: not fault[0].endswith("left")))
    def resume(self, fault):
        for commit_id in self.store.open_commits():
            before = {name: self.alive(name) for name in SOBJECTS}
            raised = self.attempt(fault, lambda commit_id=commit_id: self.desk.resume(commit_id))
            assert {name: self.alive(name) for name in SOBJECTS} == before, "resume creates and deletes nothing"
            assert raised is not None or commit_id not in self.store.open_commits()

    @rule()
    def everything_is_synced(self):
        self.settle()
        self.desk.pull()
        self.desk.match()
        plan = self.desk.plan()
        done = self.desk.commit(plan) if plan.plan_id not in self.store.commits()["commit_id"] else None
        assert done is None or (done.held, done.failed) == (0, 0), done.results.filter(pl.col("state") != "written")
        self.desk.pull()
        self.desk.match()
        again = self.desk.plan()
        assert again.writes == 0, again.rows("write")
        self.every_record_that_may_go_is_there()

    def every_record_that_may_go_is_there(self):
        """All but those that somebody deleted there, and what belongs to them."""
        journal = self.store.journal().filter((pl.col("operation") == "create") & (pl.col("state") == "written"))
        made = set(journal.filter(pl.col("side") == "there").select("object", "here_id").iter_rows())
        missing: set[str] = set()
        for name in SOBJECTS:
            for here_id, row in self.desk.here(name).items():
                if name in ("meeting", "call") and row["origin"] != "manual":
                    assert self.desk.link(name, here_id) is None, "what came from elsewhere does not go out"
                elif self.desk.link(name, here_id) is None:
                    linked_before = (name, here_id) in made or not here_id.startswith((*SOBJECTS, "manual", "N-"))
                    assert linked_before or row.get("account_id") in missing, (name, row)
                    if name == "account":
                        missing.add(here_id)

    # -- what holds after every step ---------------------------------------------------------------------------------

    @invariant()
    def no_record_is_there_twice(self):
        if self.store.open_commits():
            return
        journal = self.store.journal().filter((pl.col("operation") == "create") & (pl.col("state") == "written"))
        made = journal.filter(pl.col("side") == "there").select("object", "here_id", "there_id").unique()
        links = self.desk.sides("account")[0].links
        for name in SOBJECTS:
            alive = self.alive(name)
            mine = made.filter((pl.col("object") == name) & pl.col("there_id").is_in(list(alive)))
            unknown = alive - set(mine["there_id"])
            assert not unknown, ("made by us, and nobody knows of it", name, unknown)
            assert mine["here_id"].is_unique().all(), "one record here is two there"
            assert mine["there_id"].is_unique().all(), "two records here are one there"
            linked = links.filter(pl.col("object") == name)
            assert linked["there_id"].is_unique().all()

    # -- inner -------------------------------------------------------------------------------------------------------

    def committed(self, plan, fault):
        if self.store.open_commits() or plan.plan_id in self.store.commits()["commit_id"]:
            with pytest.raises(PlanError):
                self.desk.commit(plan)
            return
        stop = fault is not None and fault[0] == "interrupted"

        def progress(_done, _total):
            if stop:
                raise KeyboardInterrupt

        raised = self.attempt(fault, lambda: self.desk.commit(plan, progress=progress))
        assert fault is not None or raised is None, raised

    def settle(self):
        for commit_id in self.store.open_commits():
            self.desk.resume(commit_id)
        assert self.store.open_commits() == []

    def attempt(self, fault, deed):
        """Do something while something goes wrong; return what was raised."""
        try:
            if fault is not None:
                FAULTS[fault[0]](self.salesforce, fault[1])
            deed()
        except (ToolkitError, KeyboardInterrupt) as error:
            return error
        finally:
            idle = threading.Event()  # a job that nobody waits for any more ends all the same
            self.salesforce._state.jobs.run(idle.set)
            assert idle.wait(30)
            self.salesforce.faults.clear()
            self.salesforce.faults.set_daily_limit(LIMIT, 0)
            self.salesforce.set_access("Account", "CS_Segment__c", read=True, edit=True)
            with suppress(Refusal):
                self.salesforce.switch_rule("Account", RULE, active=False)
            self.desk.org.limits()
        return None

    def alive(self, name):
        return {row["Id"] for row in self.desk.made_by_us(SOBJECTS[name], "CreatedDate")}

    def one_of_ours(self, name, number):
        ids = sorted(self.alive(name))
        return ids[number % len(ids)] if ids else None

    def by_crm(self, deed):
        try:
            deed()
        except Refusal:
            return False
        return True


TestManyObjects = pytest.mark.timeout(7200 if THOROUGH else 900)(ManyObjects.TestCase)
TestManyObjects.settings = PROFILE
