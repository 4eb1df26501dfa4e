"""kill -9 in the middle of a commit: nothing is written twice, nothing is lost, nothing is unaccounted for."""

import time

import polars as pl
import pytest

from tests.writeback import killing
from tests.writeback.desk import PATHS, Desk
from toolkit.errors import NotFoundError
from toolkit.writeback.committing.commit import resume
from toolkit.writeback.committing.settling import IN_JOB


def asked(desk, method, part):
    return lambda: any(call[0] == method and part in call[1] for call in desk.demo_org.requests[desk.requests :])


def some_written(desk):
    commits = desk.store.commits()
    return not commits.is_empty() and commits["written"][-1] > 0


def begin(desk, bulk=False):
    desk = Desk.laid(desk.demo_org, desk.org, desk.store, bulk_from=1 if bulk else 2000)
    plan = desk.plan()
    desk.requests = len(desk.demo_org.requests)
    return desk, plan, desk.in_org(*PATHS[1:])


def expected(plan, before):
    """What the org holds when every row of the plan is written."""
    held = {record_id: dict(zip(PATHS[1:], values, strict=True)) for record_id, values in before.items()}
    for row in plan.rows("write").filter(pl.col("side") == "there").to_dicts():
        held[row["there_id"]][row["field"]] = float(row["after"]) if row["type"] == "double" else row["after"]
    return {record_id: tuple(row.values()) for record_id, row in held.items()}


def finish(desk, plan, before):
    """Settle, plan again and commit again: in the end everything is written, and the journal accounts for every row."""
    settled = resume(plan.plan_id, desk.org, desk.store, objects=[desk.sides()])
    assert settled.results.height == plan.writes
    assert settled.written + settled.failed == plan.writes
    assert settled.held == 0
    assert desk.store.open_commits() == []
    now = desk.in_org(*PATHS[1:])
    for row in settled.results.filter(pl.col("side") == "there").to_dicts():
        value = now[row["there_id"]][PATHS[1:].index(row["field"])]
        text = None if value is None else str(value).removesuffix(".0")
        assert text == (row["after"] if row["state"] == "written" else row["before"])
    desk.pull()
    again = desk.plan()
    assert again.writes == settled.failed
    assert desk.commit(again).written == again.writes
    assert desk.in_org(*PATHS[1:]) == expected(plan, before)
    assert desk.plan().writes == 0
    return settled


def test_BEY_6_killed_before_anything_was_sent(desk):
    desk, plan, before = begin(desk)
    desk.demo_org.faults.inject("slow", times=5, seconds=0.7, match="/query")  # it reads again before it writes
    killing.killed_when(desk, killing.commit, lambda: desk.store.open_commits() == [plan.plan_id])
    desk.demo_org.faults.clear()
    assert desk.in_org(*PATHS[1:]) == before
    assert finish(desk, plan, before).written == 0


def test_BEY_6_killed_while_waiting_for_the_answer_of_a_write(desk):
    desk, plan, before = begin(desk)
    desk.demo_org.faults.inject("slow", seconds=2, match="composite/sobjects", method="PATCH")
    killing.killed_when(
        desk, killing.commit, lambda: desk.in_org(*PATHS[1:]) != before or not desk.demo_org.faults.waiting()
    )
    time.sleep(2.5)  # the org finishes what it was asked, though nobody listens
    settled = finish(desk, plan, before)
    assert set(settled.results["code"].unique()) == {"FOUND_AFTER_INTERRUPTION", "NOT_WRITTEN"}


@pytest.mark.parametrize("demo_org", [{"accounts": 400}], indirect=True)
def test_BEY_6_killed_between_two_calls(desk):
    desk, plan, before = begin(desk)
    desk.demo_org.faults.inject("slow", times=9, seconds=1, match="composite/sobjects", method="PATCH")
    killing.killed_when(desk, killing.commit, lambda: some_written(desk))
    desk.demo_org.faults.clear()
    time.sleep(1.5)
    assert finish(desk, plan, before).written > 0


def test_BEY_6_killed_while_a_bulk_job_runs_is_settled_from_the_job(desk):
    desk, plan, before = begin(desk, bulk=True)
    desk.demo_org.faults.inject("slow_job", seconds=2)
    uploaded = asked(desk, "PATCH", "/jobs/ingest/")
    killing.killed_when(desk, killing.commit, uploaded)
    journal = desk.store.journal(plan.plan_id)
    assert journal.filter(pl.col("code") == IN_JOB).height == 1
    settled = finish(desk, plan, before)
    there = settled.results.filter(pl.col("side") == "there")
    assert there["state"].unique().to_list() == ["written"]
    assert there["code"].null_count() == there.height  # the job said so, nothing had to be guessed


def test_BEY_6_killed_before_a_bulk_job_was_closed_has_written_nothing(desk):
    desk, plan, before = begin(desk, bulk=True)
    desk.demo_org.faults.inject("slow", seconds=20, match="/batches", method="PUT")

    def in_job():
        return desk.store.open_commits() and (desk.store.journal(plan.plan_id)["code"] == IN_JOB).any()

    killing.killed_when(desk, killing.commit, in_job)
    desk.demo_org.faults.clear()
    assert finish(desk, plan, before).written == 0


def test_resume_of_a_settled_commit_changes_nothing(desk):
    done = desk.commit(desk.plan())
    again = resume(done.commit_id, desk.org, desk.store, objects=[desk.sides()])
    assert again.results.equals(done.results)
    assert again.api_calls == 0
    with pytest.raises(NotFoundError):
        resume("nope", desk.org, desk.store, objects=[desk.sides()])
