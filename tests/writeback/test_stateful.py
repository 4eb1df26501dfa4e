"""Hundreds of random steps over a real org and a real workspace: nothing is lost, nothing is written twice.

People edit records in Salesforce and rows in the customer's file; accounts leave the list view, are deleted, come back
and change their keys; steps are run in any order; plans grow old; commits meet faults and are cut off, resumed, undone.
`tests.writeback.mirror` works out in plain Python what every plan must hold and what both sides must hold after it, and
the org's own history of its fields says what was really written. Set CS_TOOLKIT_THOROUGH=1 for a long run.
"""

import csv
import os
import shutil
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.conftest import NOW
from tests.writeback.mirror import BY_THERE, FILE_COLUMNS, PAIRS, Change, Mirror, decimal, plain
from toolkit.demo_org import DemoOrg
from toolkit.demo_org.errors import Refusal
from toolkit.errors import DigestError, PlanError, ToolkitError
from toolkit.frames import RECORD_KEY
from toolkit.salesforce import Credentials, connect
from toolkit.workspace import Workspace
from toolkit.writeback.planning.plan import Plan

ACCOUNTS = 12
THOROUGH = os.environ.get("CS_TOOLKIT_THOROUGH") == "1"
PROFILE = settings(
    max_examples=300 if THOROUGH else 10,
    stateful_step_count=50 if THOROUGH else 25,
    derandomize=not THOROUGH,
    database=None,
    deadline=None,
    print_blob=THOROUGH,
    suppress_health_check=list(HealthCheck),
)

MAPPING = """
[workspace]
name = "Stateful"
as_of = 2026-11-02T08:00:00Z
[connection]
login = "demo"
[objects.account]
sobject = "Account"
scope = { list_view = "Active Customers" }
match = ["external_id = Product_Id__c"]
name = "Name"
[sources.accounts]
path = "accounts.csv"
key = "external_id"
[metrics.nps]
source = "accounts"
column = "nps_score"
aggregate = "last"
[health.profiles.default]
scale = "0-10"
decimals = 1
bands = [{ name = "Red", from = 0 }, { name = "Yellow", from = 50 }, { name = "Green", from = 75 }]
[[health.profiles.default.measures]]
name = "NPS"
metric = "nps"
group = "Contract"
weight = 1
rule = { kind = "linear", points = [[-50, 0], [50, 100]] }
[writeback]
guard_prefix = "CS_"
max_api_calls = 100000
""" + "".join(
    f'[[objects.account.fields]]\nhere = "{pair.here}"\nthere = "{pair.there}"\n'
    f'direction = "{pair.direction}"\non_conflict = "{pair.rule}"\n'
    for pair in PAIRS
)

TEXTS = st.sampled_from(
    [
        None,
        "Ålesund & Söhne",
        "“small”, <b>bold</b>",
        "=2+3",
        "a",
        "A",
        "#N/A",
        "00042",
        "x" * 40,
        "日本語 🙂",
        "nu\u0308",
    ]
) | st.text(st.characters(categories=["L", "M", "N", "P", "S"]), max_size=12).map(plain)
PHONES = st.sampled_from([None, "+47 73 00 00 00", "00 47", "112", "x" * 40])
NAMES = st.sampled_from(["Zürich Gärten AG", 'O\'Malley "Tin" Works', "=cmd()", "Näive\u0301", "y" * 255])
STAGES = st.sampled_from([None, "Onboarding", "Adoption", "Growth", "At Risk", "Churned"])
TARGETS = ["999.99", "-999.99", "0", "0.01", "-0.01", "12", "12.5", "7.25", "512.49"]
COUNTS = ["0", "1", "99999", "-99999", "17"]
MONEY = ["0", "9999999999999.99", "-9999999999999.99", "1234.5", "0.1", "2500", "0.29"]
DAYS = [None, "2027-01-31", "1700-01-01", "4000-12-31", "2028-02-29"]
FILE_VALUES = {
    "name": NAMES,
    "industry": TEXTS,
    "stage": STAGES | st.just("Bogus"),
    "target": st.sampled_from([None, *TARGETS, "999.995", "1000", "2.675", "n/a"]),
    "segment": TEXTS | st.just("y" * 41),
    "promoters": st.sampled_from([None, *COUNTS, "100000"]),
    "mrr": st.sampled_from([None, *MONEY, "0.005", "1.115"]),
    "seats": st.sampled_from([None, "0", "999999", "2.5", "-2.5", "999999.5", "31", "many"]),
    "renewal_date": st.sampled_from([*DAYS, "1699-12-31"]),
    "nps_score": st.sampled_from([None, "-50", "0", "50", "24", "25", "-13"]),
}
CRM_VALUES = {
    "Name": NAMES,
    "Phone": PHONES,
    "Industry": st.sampled_from([None, "Finance", "Utilities", "Media"]),
    "CS_Stage__c": STAGES,
    "CS_Success_Metric__c": st.sampled_from([None, *map(float, TARGETS)]),
    "CS_Segment__c": TEXTS,
    "CS_NPS_Promoters__c": st.sampled_from([None, *map(int, COUNTS)]),
    "CS_MRR__c": st.sampled_from([None, *map(float, MONEY)]),
    "CS_Active_Users__c": st.sampled_from([None, 0, 999999, -3, 31]),
    "CS_Renewal_Date__c": st.sampled_from(DAYS),
    "CS_Health_Score__c": st.sampled_from([None, 0.0, 9.9, -0.1, 5.0]),
    "CS_Health_Band__c": st.sampled_from([None, "Red", "Green", "Yellow"]),
}
CELLS = st.sampled_from(sorted(FILE_VALUES)).flatmap(lambda name: st.tuples(st.just(name), FILE_VALUES[name]))
EDITS = st.sampled_from(sorted(CRM_VALUES)).flatmap(lambda name: st.tuples(st.just(name), CRM_VALUES[name]))
KEYS = [f"P-{number:05}" for number in range(1, ACCOUNTS + 1)] + ["N-1", "n-2"]
VIAS = st.sampled_from(["collections", "bulk"])

WRITES = "composite/sobjects|jobs/ingest"
FAULTS = {
    "locked rows": lambda org, _: org.faults.inject("lock_row", times=30, rows=2),
    "a row locked once": lambda org, _: org.faults.inject("lock_row", times=1, rows=1),
    "cut after the work": lambda org, method: org.faults.inject("drop", match=WRITES, method=method, of="response"),
    "cut within the answer": lambda org, method: org.faults.inject("drop", method=method, of="response", after=30),
    "cut before the work": lambda org, method: org.faults.inject("drop", match=WRITES, method=method, of="request"),
    "cut for good": lambda org, method: org.faults.inject("drop", times=40, match=WRITES, method=method, of="response"),
    "busy for a moment": lambda org, method: org.faults.inject("status", method=method, status=503, times=2),
    "down": lambda org, method: org.faults.inject("status", times=90, status=503, match=WRITES, method=method),
    "an error": lambda org, method: org.faults.inject("status", status=500, match=WRITES, method=method, body=False),
    "results out of reach": lambda org, _: org.faults.inject("status", times=90, status=503, match="Results"),
    "no reading": lambda org, _: org.faults.inject("status", times=90, status=503, match="query|sobjects/Account"),
    "failed job": lambda org, _: org.faults.inject("job_failed"),
    "job aborted in the middle": lambda org, _: org.faults.inject("job_aborted", rows=3),
    "cut within the headers": lambda org, method: org.faults.inject("drop", method=method, of="response", after=-1),
    "not whole": lambda org, method: org.faults.inject("garble", method=method),
    "results cut short": lambda org, _: org.faults.inject("garble", times=9, match="Results"),
    "a field is read-only": lambda org, method: org.faults.inject(
        "readonly_field", match=WRITES, method=method, field="CS_Segment__c"
    ),
    "a rule is switched on": lambda org, method: org.faults.inject(
        "validation_rule", match=WRITES, method=method, name=RULE, formula="ISBLANK(CS_Stage__c)"
    ),
    "session over": lambda org, _: org.faults.expire_sessions(),
    "one call left": lambda org, _: org.faults.set_daily_limit(1000, 999),
    "three calls left": lambda org, _: org.faults.set_daily_limit(1000, 997),
    "six calls left": lambda org, _: org.faults.set_daily_limit(1000, 994),
    "interrupted": lambda _org, _method: None,
}
CUTS = ["cut after the work", "cut for good", "down", "results out of reach", "three calls left", "interrupted"]
FAULT = st.tuples(st.sampled_from(sorted(FAULTS)), st.sampled_from([None, "PATCH", "POST", "PUT", "GET"]))
LIMIT = 1_000_000
RULE = "Stage_first"


class Desk(Workspace):
    """A workspace whose org runs already, and whose client does not wait long."""

    def __init__(self, folder: Path, running: DemoOrg) -> None:
        super().__init__(folder)
        self.demo_org = running

    @cached_property
    def org(self):
        return connect(
            login="client_credentials",
            login_url=self.demo_org.url,
            credentials=Credentials(client_id=self.demo_org.client_id, client_secret=self.demo_org.client_secret),
            ca_file=self.demo_org.ca_file,
            sleep=lambda seconds: time.sleep(min(seconds, 0.001)),
        )


@dataclass(frozen=True)
class Made:
    """A plan, and the mirror's idea of what it writes by row number; `whole` is one that would write everything."""

    plan: Plan
    writes: dict[int, Change]
    undoes: bool
    whole: bool = True


class TwoSides(RuleBasedStateMachine):
    mapping = MAPPING

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="stateful-"))
        self.salesforce = DemoOrg.start(accounts=ACCOUNTS, seed=1, now=NOW)
        (self.folder / "workspace.toml").write_text(self.mapping, "utf-8")
        self.desk = Desk(self.folder, self.salesforce)
        self.numbers = 0
        self.plans: list[Made] = []
        self.journals: dict[str, pl.DataFrame] = {}
        self.deleted: list[str] = []
        self.sent: set[tuple[str, int]] = set()

    def teardown(self):
        self.desk.close()
        self.salesforce.stop()
        shutil.rmtree(self.folder)

    @initialize()
    def begin(self):
        org, in_view = self.in_org()
        keys = [*KEYS[: ACCOUNTS - 1], "N-1"]
        rows = {
            key: {
                **dict.fromkeys(FILE_COLUMNS),
                "name": f"Here {number}", "target": str(number), "segment": "SMB", "mrr": f"{number}00.25",
                "seats": str(number), "renewal_date": f"2027-01-{number + 1:02}", "nps_score": str(number * 7 - 40),
            }
            for number, key in enumerate(keys)
        }  # fmt: skip
        self.mirror = Mirror(org, in_view, rows)
        self.sync()

    # -- people ------------------------------------------------------------------------------------------------------

    @rule(edits=st.lists(st.tuples(st.integers(0, ACCOUNTS - 1), EDITS), min_size=1, max_size=6))
    def crm_users_edit(self, edits):
        for number, (field, value) in edits:
            if record := self.a_record(number):
                self.crm_user_edits(record, field, value)

    @precondition(lambda self: self.plans)
    @rule(numbers=st.lists(st.integers(0, 99), min_size=1, max_size=4), data=st.data())
    def people_edit_what_is_planned(self, numbers, data):
        changes = list(self.plans[-1].writes.values())
        for number in numbers if changes else ():
            change = changes[number % len(changes)]
            here, there = change.pair.split(" = ")
            if change.there_id in self.mirror.org and data.draw(st.booleans()):
                like = st.sampled_from([change.after, change.before]).map(BY_THERE[there].typed)
                self.crm_user_edits(change.there_id, there, data.draw(like | CRM_VALUES[there]))
            elif change.here_id in self.mirror.file and here in FILE_VALUES:
                self.mirror.file[change.here_id][here] = data.draw(FILE_VALUES[here])

    @rule(number=st.integers(0, ACCOUNTS - 1), seen=st.booleans())
    def account_leaves_or_enters_the_view(self, number, seen):
        record = self.a_record(number)
        values = {"Active__c": seen, "Type": "Customer - Direct"}
        if record and self.by_crm(lambda: self.salesforce.edit("Account", record, values)):
            (self.mirror.in_view.add if seen else self.mirror.in_view.discard)(record)

    @rule(number=st.integers(0, ACCOUNTS - 1))
    def account_is_deleted(self, number):
        record = self.a_record(number)
        records = self.salesforce._state.records
        if record and self.by_crm(lambda: records.delete("Account", record, self.crm_access())):
            self.deleted.append(record)
            self.mirror.org, self.mirror.in_view = self.in_org()

    @precondition(lambda self: self.deleted)
    @rule()
    def account_is_undeleted(self):
        record = self.deleted.pop()
        if self.by_crm(lambda: self.salesforce._state.records.undelete([record], self.crm_access())):
            self.mirror.org, self.mirror.in_view = self.in_org()

    @rule(number=st.integers(0, ACCOUNTS - 1), key=st.sampled_from([None, *KEYS, "p-00003"]))
    def link_key_changes(self, number, key):
        record = self.a_record(number)
        if record:
            self.by_crm(lambda: self.salesforce.edit("Account", record, {"Product_Id__c": key}))

    @rule(edits=st.lists(st.tuples(st.integers(0, ACCOUNTS), CELLS), min_size=1, max_size=8))
    def file_is_edited(self, edits):
        keys = sorted(self.mirror.file)
        for number, (column, value) in edits:
            self.mirror.file[keys[number % len(keys)]][column] = value

    @rule(key=st.sampled_from(KEYS), cells=st.lists(CELLS, max_size=6))
    def row_is_added(self, key, cells):
        self.mirror.file.setdefault(key, dict.fromkeys(FILE_COLUMNS)).update(cells)

    @precondition(lambda self: len(self.mirror.file) > 2)
    @rule(number=st.integers(0, ACCOUNTS))
    def row_is_removed(self, number):
        keys = sorted(self.mirror.file)
        del self.mirror.file[keys[number % len(keys)]]

    # -- steps -------------------------------------------------------------------------------------------------------

    @rule(full=st.booleans())
    def pull(self, full):
        self.desk.pull(full=full)
        self.mirror.pull()

    @rule()
    def load(self):
        with (self.folder / "accounts.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, ["external_id", *FILE_COLUMNS])
            writer.writeheader()
            for key, row in self.mirror.file.items():
                writer.writerow({"external_id": key, **row})
        self.desk.load()
        self.mirror.load()

    @rule()
    def score(self):
        self.desk.score()
        self.mirror.score()

    @rule()
    def match(self):
        self.desk.match()
        self.take_links()

    def take_links(self):
        links = self.desk.links()
        self.mirror.links = dict(links.select("here_id", "there_id").iter_rows())
        keys = dict(self.desk.there().select(RECORD_KEY, "Product_Id__c").iter_rows())
        assert links["there_id"].is_unique().all()
        for here_id, there_id in self.mirror.links.items():
            assert here_id in self.mirror.here
            assert (keys[there_id] or here_id).lower() == here_id.lower()

    @rule()
    def sync(self):
        self.pull(full=False)
        self.load()
        self.match()
        self.score()

    @rule()
    def reopen(self):
        self.desk.close()
        self.desk = Desk(self.folder, self.salesforce)

    @rule()
    def plan(self):
        plan = self.plan_once()
        assert self.desk.plan().digest == plan.digest
        assert self.desk.saved_plan(plan.digest).changes.equals(plan.changes)

    def plan_once(self):
        plan = self.desk.plan()
        self.take_links()
        self.keep(plan, list(self.mirror.merge()), undoes=False)
        self.mirror.rebase()
        self.mirror.forget()
        return plan

    @precondition(lambda self: self.journals)
    @rule(number=st.integers(0, 3))
    def undo(self, number):
        commit_id = list(self.journals)[-1 - number % len(self.journals)]
        plan = self.desk.undo(commit_id)
        self.keep(plan, list(self.undone(commit_id)), undoes=True)

    @precondition(lambda self: self.plans)
    @rule(number=st.sampled_from([0, 0, 0, 0, 1, 2]), via=VIAS)
    def commit(self, number, via):
        self.committed(self.plans[-1 - number % len(self.plans)], via)

    @precondition(lambda self: self.plans and not self.desk.store.open_commits())
    @rule(fault=FAULT, via=VIAS)
    def commit_with_a_fault(self, fault, via):
        self.committed(self.plans[-1], via, fault)

    @rule(via=VIAS, fault=st.none() | FAULT)
    def sync_plan_and_commit(self, via, fault):
        self.sync()
        self.plan_once()
        self.committed(self.plans[-1], via, fault)

    @rule(via=VIAS, fault=st.none() | FAULT, edits=st.lists(st.integers(0, 99), max_size=4), loads=st.booleans(),
          data=st.data())  # fmt: skip
    def sync_plan_edit_and_commit(self, via, fault, edits, loads, data):
        self.sync()
        self.plan_once()
        self.people_edit_what_is_planned(edits, data)
        if loads:
            self.load()
        self.committed(self.plans[-1], via, fault)

    @rule(via=VIAS, fault=st.tuples(st.sampled_from(CUTS), st.sampled_from([None, "PATCH", "GET"])),
          edits=st.lists(st.integers(0, 99), max_size=4), reads=st.booleans(), data=st.data())  # fmt: skip
    def commit_is_cut_off_and_resumed(self, via, fault, edits, reads, data):
        self.sync()
        self.plan_once()
        self.committed(self.plans[-1], via, fault)
        self.people_edit_what_is_planned(edits, data)
        if reads:
            self.sync()
        if self.desk.store.open_commits():
            self.resume(fault=None)

    @precondition(lambda self: len(self.plans) > 1)
    @rule(number=st.integers(0, 3))
    def commit_with_another_digest(self, number):
        made, other = self.plans[-1], self.plans[-1 - number % len(self.plans)]
        if made.plan.digest != other.plan.digest:
            self.refused(DigestError, made, other.plan.digest)

    @precondition(lambda self: self.desk.store.open_commits())
    @rule(fault=st.none() | FAULT.filter(lambda fault: not fault[0].endswith("left")))
    def resume(self, fault):
        waiting = self.desk.store.open_commits()
        expected = {
            commit_id: {
                row["seq"]: self.expected(self.made(commit_id).writes[row["seq"]], interrupted=True)
                for row in self.journals[commit_id].filter(pl.col("state") == "intended").to_dicts()
            }
            for commit_id in waiting
        }
        raised = self.attempt(fault, self.desk.resume)
        assert not self.written_by_us(), "resume writes no field"
        assert raised is not None or self.desk.store.open_commits() == []
        for commit_id in waiting:
            before, after = self.journals[commit_id], self.desk.store.journal(commit_id)
            settled = before["state"] != "intended"
            assert after.filter(settled).equals(before.filter(settled))
            for row in after.filter(~settled).to_dicts():
                state = expected[commit_id][row["seq"]]
                if row["state"] != state:
                    by_job = row["state"] in ("written", "failed") and row["code"] != "FOUND_AFTER_INTERRUPTION"
                    assert by_job or (raised and row["state"] == "intended"), (state, row)
                change = self.made(commit_id).writes[row["seq"]]
                assert row["before"] == change.before, "what was overwritten is known"
                if (commit_id, row["seq"]) in self.sent:
                    assert row["state"] != "failed" or self.mirror.now(change) != (True, change.after)
                elif row["state"] == "written" and row["side"] == "there":
                    assert row["code"] == "FOUND_AFTER_INTERRUPTION", row
            self.take_over(commit_id, after)

    # -- what holds after every step ---------------------------------------------------------------------------------

    @invariant()
    def both_sides_hold_what_the_mirror_holds(self):
        if not hasattr(self, "mirror"):
            return
        assert not self.written_by_us()
        org, in_view = self.in_org()
        assert org == self.mirror.org, differing(org, self.mirror.org)
        assert in_view == self.mirror.in_view
        here = {key: exact(row) for key, row in self.mirror.here.items()}
        assert (found := here_values(self.desk.here())) == here, differing(found, here)
        assert (found := there_values(self.desk.there())) == self.mirror.there, differing(found, self.mirror.there)
        base = self.desk.store.records("base", "account")
        held = {} if base is None else {row.pop(RECORD_KEY): (row.pop("here_id"), row) for row in base.to_dicts()}
        assert held == self.mirror.base, differing(held, self.mirror.base)

    # -- inner -------------------------------------------------------------------------------------------------------

    def keep(self, plan, expected, *, undoes, whole=True):
        found = {row["seq"]: as_change(row) for row in plan.changes.to_dicts()}
        planned, wanted = Counter(found.values()), Counter(expected)
        assert planned == wanted, (planned - wanted, wanted - planned)
        assert Counter(plan.changes["verdict"]) == Counter(change.verdict for change in expected)
        assert plan.writes == sum(change.verdict == "write" for change in expected)
        writes = {seq: change for seq, change in found.items() if change.verdict == "write"}
        self.plans.append(Made(plan, writes, undoes, whole))

    def undone(self, commit_id):
        for row in self.journals[commit_id].filter(pl.col("state") == "written").to_dicts():
            if row["code"] == "ALREADY_SO":
                continue
            change = as_change({**row, "here": None, "there": None, "verdict": "write"})
            present, now = self.mirror.now(change)
            if present and now == row["before"]:
                continue
            sides = {side: self.mirror.now(replace(change, side=side))[1] for side in ("here", "there")}
            verdict = "write" if present and now == row["after"] else "held"
            yield replace(change, **sides, after=row["before"], verdict=verdict)

    def committed(self, made, via, fault=None):
        plan = made.plan
        if fault is not None and fault[0].endswith("left"):
            via = "collections"  # how often a job is asked for, and so when the limit is met, is chance
        if self.desk.store.open_commits() or plan.plan_id in self.journals:
            self.refused(PlanError, made)
            return
        writeback = self.desk.settings.writeback.model_copy(update={"bulk_from": 1 if via == "bulk" else 2000})
        self.desk.settings = self.desk.settings.model_copy(update={"writeback": writeback})
        expected = {seq: self.expected(change) for seq, change in made.writes.items()}
        fresh = self.is_fresh(made)
        done: list = []
        stop = fault is not None and fault[0] == "interrupted"

        def progress(records, total):
            assert 0 < records <= total
            if stop:
                raise KeyboardInterrupt

        def attempt():
            done.append(self.commit_plan(plan, progress))

        raised = self.attempt(fault, attempt)
        assert raised is None or fault is not None, raised
        self.take_links()
        by_us = self.written_by_us()
        if not made.writes or plan.plan_id not in self.desk.store.commits()["commit_id"]:
            assert not by_us
            assert not made.writes or raised is not None
            if not made.writes and raised is None:
                self.mirror.rebase()
            return
        self.account_for(made, by_us)
        journal = self.desk.store.journal(plan.plan_id)
        assert journal["seq"].to_list() == sorted(made.writes)
        for row in journal.to_dicts():
            change = made.writes[row["seq"]]
            apart = not made.undoes and self.mirror.links.get(change.here_id) != change.there_id
            assert not apart or row["code"] == "NO_LONGER_LINKED"
            self.judge(row, change, "held" if apart else expected[row["seq"]], by_us, fault, raised)
        self.take_over(plan.plan_id, journal)
        if raised is None:
            (commit,) = done
            assert commit.written + commit.held + commit.failed == len(made.writes)
            assert commit.results.equals(journal)
            run = self.desk.runs().filter(pl.col("step") == "commit").to_dicts()[-1]
            assert (run["written"], run["held"], run["failed"]) == (commit.written, commit.held, commit.failed)
            if fresh and fault is None:
                assert commit.written == len(made.writes)
                assert made.undoes or not made.whole or self.desk.plan().writes == 0
                self.mirror.rebase()

    def commit_plan(self, plan, progress):
        return self.desk.commit(plan, confirm=plan.digest, progress=progress)

    def judge(self, row, change, expected, by_us, fault, raised):
        """A row of the journal says what became of a change, as foreseen unless a fault kept it from that."""
        sent = (change.there_id, change.pair.split(" = ")[1]) in by_us
        if row["side"] == "there":
            if row["state"] == "written":
                assert sent == (row["code"] != "ALREADY_SO"), row
            if row["state"] in ("failed", "held"):
                assert not sent, row
        if sent:
            self.sent.add((row["commit_id"], row["seq"]))
        if row["state"] != expected:
            assert fault is not None, (row, expected)
            assert row["state"] == "failed" or (row["state"] == "intended" and raised is not None), (row, expected)
        if row["state"] in ("written", "failed", "intended"):
            assert row["before"] == change.before
        assert (row["after"], row["here_id"], row["there_id"]) == (change.after, change.here_id, change.there_id)

    def account_for(self, made, by_us):
        """Whatever was written in Salesforce was in the plan, was written once, over the value that was shown."""
        planned = {
            (change.there_id, change.pair.split(" = ")[1]): change
            for change in made.writes.values()
            if change.side == "there"
        }
        assert set(by_us) <= set(planned), "written, but not planned"
        for place, values in by_us.items():
            assert values == [(planned[place].there, planned[place].after)], "written twice, or over another value"
            self.mirror.org[place[0]][place[1]] = planned[place].after

    def take_over(self, commit_id, journal):
        """The mirror learns what the toolkit must have learnt from a commit."""
        old = self.journals.get(commit_id)
        changes = self.made(commit_id).writes
        for row in journal.to_dicts():
            change = changes[row["seq"]]
            here, there = change.pair.split(" = ")
            written, moved = row["state"] == "written", row["code"] == "CHANGED_SINCE_PLAN"
            if old is not None and old.filter(pl.col("seq") == row["seq"])["state"][0] != "intended":
                continue
            present, now = self.mirror.now(change)
            read = written or moved or (old is not None and row["state"] != "intended")
            if row["side"] == "there" and read and present and change.there_id in self.mirror.there:
                self.mirror.there[change.there_id][there] = now
            if row["side"] == "here" and written and row["code"] != "ALREADY_SO":
                self.mirror.here[change.here_id][here] = row["after"]
            if written:
                self.mirror.agree(change, change.base if self.made(commit_id).undoes else change.after)
                self.mirror.decisions.pop((change.here_id, change.there_id, change.pair), None)
        self.journals[commit_id] = journal
        self.mirror.rebase()

    def expected(self, change, *, interrupted=False):
        present, now = self.mirror.now(change)
        if present and now == change.after:
            return "written"
        if present and now == change.before:
            return "failed" if interrupted else "written"
        return "held"

    def is_fresh(self, made):
        """Whether nothing has happened since a plan was made that could keep a row of it from being written."""
        untouched = all(self.mirror.now(change) == (True, change.before) for change in made.writes.values())
        still_planned = made.undoes or set(self.mirror.merge()) >= set(made.writes.values())
        return made is self.plans[-1] and untouched and still_planned

    def made(self, commit_id):
        return next(made for made in self.plans if made.plan.plan_id == commit_id)

    def refused(self, error, made, confirm=None):
        with pytest.raises(error):
            self.desk.commit(made.plan, confirm=confirm or made.plan.digest)
        self.take_links()

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
            self.everything_works_again()
        return None

    def everything_works_again(self):
        self.salesforce.faults.clear()
        self.salesforce.faults.set_daily_limit(LIMIT, 0)
        self.salesforce.set_access("Account", "CS_Segment__c", read=True, edit=True)
        with suppress(Refusal):
            self.salesforce.switch_rule("Account", RULE, active=False)
        self.desk.org.limits()
        self.desk.org.describe("Account", refresh=True)

    def crm_user_edits(self, record, field, value):
        if self.by_crm(lambda: self.salesforce.edit("Account", record, {field: value})):
            self.mirror.org[record][field] = BY_THERE[field].canonical(None if value is None else str(value))

    def by_crm(self, deed):
        """Whether Salesforce let a CRM user do something; the history forgets that it was not us."""
        try:
            deed()
        except Refusal:
            return False
        finally:
            assert not self.written_by_us()
        return True

    def a_record(self, number):
        records = sorted(self.mirror.org)
        return records[number % len(records)] if records else None

    def crm_access(self):
        return self.salesforce._state.access(self.salesforce._state.crm_user_id())

    def in_org(self):
        """What Salesforce holds, and which records are in the list view."""
        paths = ", ".join(BY_THERE)
        rows = self.salesforce.rows(f"SELECT Id, Active__c, Type, {paths} FROM Account")
        values = {
            row["Id"]: {
                path: pair.canonical(None if row[path] is None else str(row[path])) for path, pair in BY_THERE.items()
            }
            for row in rows
        }
        return values, {row["Id"] for row in rows if row["Active__c"] and (row["Type"] or "").startswith("Customer")}

    def written_by_us(self):
        """What the integration user changed since this was last asked: values before and after, by record and field."""
        with self.salesforce._state.database.reading() as connection:
            rows = connection.execute(
                "SELECT number, record, field, before, after, by FROM _history WHERE number > ?", (self.numbers,)
            ).fetchall()
        found: dict = {}
        for number, record, field, before, after, by in rows:
            self.numbers = max(self.numbers, number)
            if by == self.salesforce.user_id:
                pair = BY_THERE[field]
                values = [pair.canonical(None if value is None else str(value)) for value in (before, after)]
                found.setdefault((record, field), []).append(tuple(values))
        return found


def as_change(row):
    here, there = (row["partner"], row["field"]) if row["side"] == "there" else (row["field"], row["partner"])
    return Change(
        row["side"], row["here_id"], row["there_id"], f"{here} = {there}",
        row["base"], row["here"], row["there"], row["after"], row["verdict"],
    )  # fmt: skip


def exact(row):
    """The values of a record as they are compared: numbers by their value."""
    return {name: decimal(value) for name, value in row.items()}


def differing(found, wanted):
    """What two sets of records do not agree on."""
    keys = sorted(found.keys() | wanted.keys())
    return {key: (found.get(key), wanted.get(key)) for key in keys if found.get(key) != wanted.get(key)}


def here_values(frame):
    names = [*FILE_COLUMNS, "phone", "health_score", "health_band"]
    return {
        row[RECORD_KEY]: exact({name: None if row[name] is None else str(row[name]) for name in names})
        for row in frame.to_dicts()
    }


def there_values(frame):
    return {
        row[RECORD_KEY]: {
            path: pair.canonical(None if row[path] is None else str(row[path])) for path, pair in BY_THERE.items()
        }
        for row in frame.to_dicts()
    }


TestTwoSides = pytest.mark.timeout(7200 if THOROUGH else 900)(TwoSides.TestCase)  # a failure is made small first
TestTwoSides.settings = PROFILE
