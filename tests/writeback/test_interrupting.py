"""Ctrl-C in the middle of a commit: the journal is settled, and says the same as the org."""

import signal
import time

import polars as pl
import pytest

from tests.writeback.desk import PATHS, Desk
from tests.writeback.elsewhere import committing
from toolkit.writeback.committing.commit import resume

PATIENCE = 60.0


def interrupted(desk, *moments):
    """Commit the latest plan in another process, send it SIGINT at each moment, and return what it said at its end."""
    with committing(desk) as process:
        deadline = time.monotonic() + PATIENCE
        for moment in moments:
            while not moment():
                assert process.poll() is None, "the commit ended before it could be interrupted"
                assert time.monotonic() < deadline, "the moment to interrupt it never came"
                time.sleep(0.02)
            process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode != 0
    assert "KeyboardInterrupt" in said or "CutOff" in said
    return said


def agrees(desk, journal):
    """The org holds what the journal says of each row that was to be written there."""
    now = desk.in_org(*PATHS[1:])
    for row in journal.filter(pl.col("side") == "there").to_dicts():
        value = now[row["there_id"]][PATHS[1:].index(row["field"])]
        text = None if value is None else str(value).removesuffix(".0")
        assert text == (row["after"] if row["state"] == "written" else row["before"]), row
    return True


def settled(desk, plan, said):
    assert "was interrupted and is settled" in said
    assert desk.store.open_commits() == []
    journal = desk.store.journal(plan.plan_id)
    assert journal.height == plan.writes
    assert agrees(desk, journal)
    desk.pull()
    rest = desk.plan()
    assert rest.writes == journal.filter(pl.col("state") == "failed").height
    assert desk.commit(rest).written == rest.writes
    assert desk.plan().changes.is_empty() or desk.plan().writes == 0
    return journal


def taken(desk):
    return lambda: not desk.demo_org.faults.waiting()


def test_BEY_6_ctrl_c_before_anything_was_sent(desk):
    plan = desk.plan()
    desk.demo_org.faults.inject("slow", seconds=1, times=2, match="/query")  # which org it is, and what it holds now
    said = interrupted(desk, lambda: desk.store.open_commits() == [plan.plan_id])
    journal = settled(desk, plan, said)
    assert journal["state"].unique().to_list() == ["failed"]


def test_BEY_6_ctrl_c_while_a_write_is_under_way_waits_for_its_answer(desk):
    plan = desk.plan()
    desk.demo_org.faults.inject("slow", seconds=2, match="composite/sobjects", method="PATCH")
    said = interrupted(desk, taken(desk))
    journal = settled(desk, plan, said)
    there = journal.filter(pl.col("side") == "there")
    assert there["state"].unique().to_list() == ["written"]
    assert there["code"].null_count() == there.height  # it was answered; nothing had to be guessed


@pytest.mark.parametrize("demo_org", [{"accounts": 400}], indirect=True)
def test_BEY_6_ctrl_c_between_two_calls_leaves_the_second_unsent(desk):
    plan = desk.plan()
    desk.demo_org.faults.inject("slow", seconds=2, match="composite/sobjects", method="PATCH")
    said = interrupted(desk, taken(desk))
    journal = desk.store.journal(plan.plan_id).filter(pl.col("side") == "there")
    settled(desk, plan, said)
    assert {"written", "failed"} == set(journal["state"])
    assert journal.filter(pl.col("state") == "written")["there_id"].n_unique() == 200


def test_BEY_6_ctrl_c_during_a_bulk_job_aborts_it_and_asks_what_it_did(desk):
    desk = Desk.laid(desk.demo_org, desk.org, desk.store, bulk_from=1)
    plan = desk.plan()
    desk.demo_org.faults.inject("slow_job", seconds=30)
    said = interrupted(desk, lambda: any(call[0] == "PATCH" and "/jobs/ingest/" in call[1]
                                         for call in desk.demo_org.requests))  # fmt: skip
    desk.demo_org.faults.clear()
    assert desk.store.open_commits() == []
    settled(desk, plan, said)


def test_BEY_6_who_interrupts_twice_cuts_the_call_off_and_resumes_later(desk):
    plan = desk.plan()
    desk.demo_org.faults.inject("slow", seconds=3, match="composite/sobjects", method="PATCH")
    began = []

    def a_second_later():
        began.append(time.monotonic())
        return began[-1] - began[0] > 0.5

    said = interrupted(desk, taken(desk), a_second_later)
    assert "Settle it in a minute: `cs-toolkit resume`" in said
    assert desk.store.open_commits() == [plan.plan_id]
    time.sleep(3)  # the org finishes what it was asked, though nobody listens
    done = resume(plan.plan_id, desk.org, desk.store, objects=[desk.sides()])
    assert desk.store.open_commits() == []
    assert agrees(desk, done.results)
