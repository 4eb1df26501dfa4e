"""Hundreds of random steps of people who review plans, and of processes that are killed, as the mirror foretells them.

To the steps of `test_stateful` come: decisions about what waits, rows left out of a plan, commits taken back in part,
failed rows tried again, brakes that trip, records merged in Salesforce, and kill -9 at any boundary of a commit. Set
CS_TOOLKIT_THOROUGH=1 for a long run.
"""

import threading
from dataclasses import replace

import polars as pl
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.writeback import killing
from tests.writeback.test_stateful import ACCOUNTS, FAULT, MAPPING, THOROUGH, VIAS, TwoSides, as_change
from toolkit.errors import BrakeError

NUMBERS = st.lists(st.integers(0, 99), min_size=1, max_size=4, unique=True)
PROFILE = settings(
    max_examples=200 if THOROUGH else 5,
    stateful_step_count=60 if THOROUGH else 25,
    derandomize=not THOROUGH,
    database=None,
    deadline=None,
    print_blob=THOROUGH,
    suppress_health_check=list(HealthCheck),
)


class UnderReview(TwoSides):
    mapping = MAPPING + "[brakes]\nfrom_records = 3\nmax_left_share = 1.0\n"

    reopen = link_key_changes = row_is_added = row_is_removed = sync_plan_and_commit = None
    commit_with_another_digest = commit_with_a_fault = commit_is_cut_off_and_resumed = None  # `TwoSides` has them

    # -- decisions ---------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.plans)
    @rule(numbers=NUMBERS, choice=st.sampled_from(["here", "there", "leave"]))
    def what_waits_is_decided(self, numbers, choice):
        queue = self.desk.queue()
        rows = [queue.row(number % queue.height, named=True) for number in numbers] if queue.height else []
        for row in rows:
            if choice in row["choices"].split(", "):
                self.desk.decide([row["row"]], choice)
                key = row["here_id"], row["there_id"], row["pair"]
                self.mirror.decisions[key] = (choice, row["here"], row["there"])
        decided = self.desk.decisions()
        assert set(decided.select("here_id", "there_id", "pair").iter_rows()) == set(self.mirror.decisions)

    @precondition(lambda self: self.mirror.decisions)
    @rule()
    def decisions_are_taken_back(self):
        queue = self.desk.queue(decided=True).filter(pl.col("choice").is_not_null())
        self.desk.undecide(queue)
        for row in queue.to_dicts():
            self.mirror.decisions.pop((row["here_id"], row["there_id"], row["pair"]), None)

    @rule(numbers=NUMBERS, choice=st.sampled_from(["here", "there", "leave"]), via=VIAS, fault=st.none() | FAULT)
    def sync_decide_plan_and_commit(self, numbers, choice, via, fault):
        self.sync()
        self.plan_once()
        self.what_waits_is_decided(numbers, choice)
        self.plan_once()
        self.committed(self.plans[-1], via, fault)

    # -- parts of plans and of commits -------------------------------------------------------------------------------

    @precondition(lambda self: self.plans and self.plans[-1].writes)
    @rule(numbers=NUMBERS)
    def rows_are_left_out(self, numbers):
        made = self.plans[-1]
        seqs = sorted({sorted(made.writes)[number % len(made.writes)] for number in numbers})
        plan = self.desk.exclude(made.plan, seqs)
        rows = {row["seq"]: as_change(row) for row in made.plan.changes.to_dicts()}
        expected = [replace(each, verdict="excluded") if seq in seqs else each for seq, each in rows.items()]
        self.keep(plan, expected, undoes=made.undoes, whole=False)

    @precondition(lambda self: self.journals)
    @rule(number=st.integers(0, 3), which=st.sampled_from(["fields", "records", "seqs"]), picks=NUMBERS)
    def part_of_a_commit_is_taken_back(self, number, which, picks):
        commit_id = list(self.journals)[-1 - number % len(self.journals)]
        journal = self.journals[commit_id]
        column = {"fields": "field", "records": "there_id", "seqs": "seq"}[which]
        known = journal[column].unique().sort()
        chosen = {known[pick % known.len()] for pick in picks}
        plan = self.desk.undo(commit_id, **{which: chosen})
        meant = journal.filter(
            pl.col(column).is_in(list(chosen)) | (pl.col("partner").is_in(list(chosen)) if which == "fields" else False)
        )
        self.keep(plan, list(self.undone(commit_id, set(meant["seq"]))), undoes=True, whole=False)

    def undone(self, commit_id, seqs=None):
        whole = self.journals[commit_id]
        if seqs is None:
            return super().undone(commit_id)
        try:
            self.journals[commit_id] = whole.filter(pl.col("seq").is_in(list(seqs)))
            return list(super().undone(commit_id))
        finally:
            self.journals[commit_id] = whole

    @precondition(lambda self: any(not made.undoes and self.failed_of(made) for made in self.plans))
    @rule(via=VIAS, fault=st.none() | FAULT)
    def failed_rows_are_tried_again(self, via, fault):
        made = next(made for made in reversed(self.plans) if not made.undoes and self.failed_of(made))
        failed = self.failed_of(made)
        plan = self.desk.retry(made.plan.plan_id)
        self.take_links()
        tried = [as_change(row) for row in plan.changes.to_dicts()]
        was = {(each.side, each.there_id, each.pair): each for each in failed}
        assert len(tried) == len(failed), "what failed, and nothing else"
        for each in tried:
            before = was[each.side, each.there_id, each.pair]
            assert each.verdict in ("write", "held")
            assert each.verdict == "held" or (each.before, each.after) == (before.before, before.after)
        self.keep(plan, tried, undoes=False, whole=False)
        self.committed(self.plans[-1], via, fault)

    def failed_of(self, made):
        journal = self.journals.get(made.plan.plan_id)
        if journal is None or (journal["state"] == "intended").any():
            return []
        return [made.writes[seq] for seq in journal.filter(pl.col("state") == "failed")["seq"]]

    def commit_plan(self, plan, progress):
        """Commit a plan; one that trips a brake only after it was said that it is meant."""
        before = self.desk.store.commits().height
        try:
            return super().commit_plan(plan, progress)
        except BrakeError:
            assert not self.written_by_us()
            assert self.desk.store.commits().height == before
        return self.desk.commit(plan, confirm=plan.digest, progress=progress, accept=True)

    # -- people in Salesforce ----------------------------------------------------------------------------------------

    @rule(number=st.integers(0, ACCOUNTS - 1), into=st.integers(0, ACCOUNTS - 1))
    def accounts_are_merged(self, number, into):
        loser, survivor = self.a_record(number), self.a_record(into)
        if len(self.mirror.org) > 6 and loser != survivor:
            self.by_crm(lambda: self.salesforce.merge("Account", survivor, [loser]))
            self.mirror.org, self.mirror.in_view = self.in_org()

    # -- kill -9 -----------------------------------------------------------------------------------------------------

    @precondition(lambda self: not self.desk.store.open_commits())
    @rule(boundary=st.integers(1, 40), via=VIAS, edits=st.lists(st.integers(0, 99), max_size=3), data=st.data())
    def commit_is_killed_and_resumed(self, boundary, via, edits, data):
        self.sync()
        self.plan_once()
        made = self.plans[-1]
        if made.plan.plan_id in self.journals or not made.writes:
            return
        writeback = self.desk.settings.writeback.model_copy(update={"bulk_from": 1 if via == "bulk" else 2000})
        self.desk.settings = self.desk.settings.model_copy(update={"writeback": writeback})
        killing.killed_at(self.desk, killing.commit_accepted, boundary)
        idle = threading.Event()  # a job goes on, though nobody waits for it
        self.salesforce._state.jobs.run(idle.set)
        assert idle.wait(30)
        by_us = self.written_by_us()
        self.account_for(made, by_us)
        if made.plan.plan_id not in self.desk.store.commits()["commit_id"]:
            assert not by_us
            return
        journal = self.desk.store.journal(made.plan.plan_id)
        for row in journal.filter(pl.col("side") == "there").to_dicts():
            change = made.writes[row["seq"]]
            if (change.there_id, change.pair.split(" = ")[1]) in by_us:
                self.sent.add((row["commit_id"], row["seq"]))
        assert journal.filter(pl.col("state") == "held")["code"].is_in(["NO_LONGER_LINKED"]).all()
        if self.desk.store.open_commits():
            self.journals[made.plan.plan_id] = journal.with_columns(state=pl.lit("intended"))  # nobody has heard of it
            self.people_edit_what_is_planned(edits, data)
            self.resume(fault=None)
        else:
            self.take_over(made.plan.plan_id, journal)


TestUnderReview = pytest.mark.timeout(7200 if THOROUGH else 900)(UnderReview.TestCase)
TestUnderReview.settings = PROFILE
