"""kill -9 at every boundary of a commit, an undo and a resume, and at random instants: the world comes right again.

After each kill the run is resumed, planned and committed anew, and people go on working; then the next kill comes one
boundary later, until the deed gets to its end. No row is written twice, none is lost, none is unaccounted for: the
org's own log of saves is held against the journal each time. CS_TOOLKIT_THOROUGH=1 kills at every boundary and at 100
instants; without, at every few boundaries and at a dozen instants.
"""

import os
import random

import pytest

from tests.writeback import killing
from tests.writeback.structure import commit, opened, read
from tests.writeback.world import World
from toolkit.errors import SalesforceError
from toolkit.writeback.committing.settling import NOT_WRITTEN

THOROUGH = os.environ.get("CS_TOOLKIT_THOROUGH") == "1"
INSTANTS = 100 if THOROUGH else 12
pytestmark = [pytest.mark.timeout(3600)] if THOROUGH else []
FEW = pytest.mark.parametrize("demo_org", [{"accounts": 5}], indirect=True)


def boundaries(coarse):
    """Boundary numbers to kill at: all of them, or every `coarse`-th."""
    number = 1
    while True:
        yield number
        number += 1 if THOROUGH else coarse


def every_boundary(world, deed, prepare, coarse):
    """Kill a deed at boundary after boundary until it gets to its end; return how many rows were written each time."""
    written = []
    for boundary in boundaries(coarse):
        plan = prepare()
        died = killing.killed_at(world.desk, deed, boundary)
        written.append((world.settled(plan), plan.writes))
        world.comes_right()
        if not died:
            return written
    raise AssertionError("unreachable")


def changes(world):
    world.people_change()
    return world.plan()


def creates(world):
    world.people_change()
    world.people_add()
    return world.plan()


def undoes(world):
    world.people_change()
    if world.round % 2:
        world.people_add()
    return world.planned_undo(world.commit_cleanly())


def is_cut_off(world):
    """A commit that is carried out while nobody hears of it, and is left open."""
    plan = creates(world)
    faults = world.desk.demo_org.faults
    faults.inject("drop", times=99, match="composite|jobs/ingest/", of="response", skip=world.round % 4)
    with pytest.raises(SalesforceError):
        world.desk.commit(plan)
    faults.clear()
    assert world.desk.store.open_commits()
    return plan


DEEDS = [(changes, 12, "collections"), (creates, 25, "bulk"), (undoes, 25, "collections")]
OTHERS = [(changes, 1, "bulk"), (creates, 1, "collections"), (undoes, 1, "bulk")]


@FEW
@pytest.mark.parametrize(("prepare", "coarse", "via"), DEEDS + (OTHERS if THOROUGH else []))
def test_BEY_6_killed_at_every_boundary_of_a_commit(desk, via, prepare, coarse):
    world = World(desk, via)
    written = every_boundary(world, killing.commit, lambda: prepare(world), coarse)
    assert written[0][0] == 0
    assert written[-1][0] == written[-1][1], "what was not killed has written everything"
    assert not THOROUGH or any(0 < done < of for done, of in written), "some were killed in the middle"


@FEW
@pytest.mark.parametrize("via", ["bulk", *(["collections"] if THOROUGH else [])])
def test_BEY_6_killed_at_every_boundary_of_a_resume(desk, via):
    world = World(desk, via)
    every_boundary(world, killing.resume, lambda: is_cut_off(world), 7)


@FEW
@pytest.mark.parametrize("via", ["collections"] if not THOROUGH else ["collections", "bulk"])
def test_BEY_6_killed_at_random_instants(desk, via):
    world = World(desk, via)
    chance = random.Random(5)
    ways = [
        (killing.commit, changes),
        (killing.commit, creates),
        (killing.commit, undoes),
        (killing.resume, is_cut_off),
    ]
    longest, died = {}, 0
    for instant in range(INSTANTS):
        deed, prepare = ways[instant % len(ways)]
        plan = prepare(world)
        if prepare not in longest:
            longest[prepare] = killing.seconds_of(world.desk, deed)
        else:
            died += killing.killed_after(world.desk, deed, chance.uniform(0, longest[prepare]))
        world.settled(plan)
        world.comes_right()
    assert died, "none was killed in the middle"


@pytest.mark.parametrize("side", ["there", "both"] if THOROUGH else ["both"])
def test_BEY_5_killed_at_every_boundary_of_a_deletion_and_of_its_way_back(tmp_path, side):
    """A record goes, with what hangs on it, and comes back as it was: same id, same link, whoever is killed when."""
    with opened(tmp_path / "w") as ws:
        read(ws)
        here_id, record = _free(ws)
        hanging = len(ws.demo_org.rows(f"SELECT Id FROM Contact WHERE AccountId = '{record}'"))
        for boundary in boundaries(27):
            before = ws.store.commits().height
            died = [_killed(ws, ws.plan_delete("account", [here_id], side=side, cascade=True), boundary)]
            if here_id in ws.here()["id"]:
                left = ws.plan_delete("account", [here_id], side=side, cascade=True)
                if left.writes:
                    commit(ws, left)
            assert not ws.demo_org.rows(f"SELECT Id FROM Account WHERE Id = '{record}'")
            assert (here_id in ws.here()["id"]) == (side == "there")
            assert ws.links().filter(here_id=here_id).is_empty()
            for commit_id in reversed(ws.store.commits()["commit_id"].to_list()[before:]):
                undo = ws.undo(commit_id)
                died.append(undo.writes > 0 and _killed(ws, undo, boundary))
                again = ws.undo(commit_id)
                if again.writes:
                    commit(ws, again)
            assert ws.demo_org.rows(f"SELECT Id FROM Account WHERE Id = '{record}'")
            assert len(ws.demo_org.rows(f"SELECT Id FROM Contact WHERE AccountId = '{record}'")) == hanging
            assert ws.links().filter(here_id=here_id)["there_id"].to_list() == [record]
            assert here_id in ws.here()["id"]
            if not any(died):
                return


def _killed(ws, plan, boundary):
    """Commit the plan that was made just now, killed at a boundary, and resume it; return whether it came to that."""
    died = killing.killed_at(ws, killing.commit_accepted, boundary)
    for done in ws.resume():
        assert done.results.height == plan.writes
        held = done.failures.filter(state="held")  # a record stays here while it is still there
        assert set(held["code"]) <= {NOT_WRITTEN}, held
    assert ws.store.open_commits() == []
    return died


def _free(ws):
    """A linked account without cases and contracts, which would keep it: its id here, and there."""
    here_id, record = ws.links().select("here_id", "there_id").row(0)
    other = ws.links()["there_id"][1]
    for sobject in ("Case", "Contract"):
        for each in ws.demo_org.rows(f"SELECT Id FROM {sobject} WHERE AccountId = '{record}'"):
            ws.demo_org.edit(sobject, each["Id"], {"AccountId": other})
    return here_id, record
