"""What goes wrong on the wire while a commit runs, and what people do meanwhile: after each, the world comes right.

Every fault meets REST collections and Bulk jobs. Afterwards the journal and the org agree (the org's own log of saves
says so), nothing was written twice, and after `resume`, a pull and another plan everything is written that may be.
"""

import os
from contextlib import suppress
from itertools import cycle, product

import polars as pl
import pytest

from tests.writeback import desk as one
from tests.writeback.truth import Truth
from tests.writeback.world import World
from toolkit.errors import SalesforceError

THOROUGH = os.environ.get("CS_TOOLKIT_THOROUGH") == "1"
WAYS = pytest.mark.parametrize("via", ["collections", "bulk"])
SCORE, SEGMENT = "CS_Health_Score__c", "CS_Segment__c"
WRITES = {"collections": "composite/sobjects", "bulk": "jobs/ingest"}
SMALL = [{"accounts": 12}]


class Scene:
    """A desk with a plan that is about to be committed while something goes wrong."""

    def __init__(self, desk, via):
        self.desk = one.Desk.laid(desk.demo_org, desk.org, desk.store, bulk_from=1 if via == "bulk" else 2000)
        self.truth = Truth(self.desk)
        self.plan = self.desk.plan()
        self.record = self.desk.sides().links["there_id"].sort()[3]

    def inject(self, kind, **fault):
        return self.desk.demo_org.faults.inject(kind, **fault)

    def next_round(self, number):
        """A value of every record changes here, and is planned."""
        here = self.desk.here()
        self.desk.store.save_records("here", "account", here.with_columns(health_score=pl.lit(number + 20.5)))
        self.plan = self.desk.plan()
        assert self.plan.writes == here.height

    def commit(self):
        """Commit the plan, whatever is injected; resume it if need be. Return its journal and what was raised."""
        raised = None
        try:
            self.desk.commit(self.plan)
        except SalesforceError as error:
            raised = error
        self.recover()
        journal = self.desk.store.journal(self.plan.plan_id)
        assert journal.height == self.plan.writes
        self.truth.agrees()
        self.holds_what_the_journal_says(journal)
        return journal, raised

    def recover(self):
        faults = self.desk.demo_org.faults
        faults.clear()
        faults.set_daily_limit(1_000_000, 0)
        self.desk.org.limits()
        for commit_id in self.desk.store.open_commits():
            self.desk.resume(commit_id)
        assert self.desk.store.open_commits() == []

    def holds_what_the_journal_says(self, journal):
        """Each field there holds what was written, or what stood there before, unless the record or field is gone."""
        paths = [path for path in one.PATHS[1:] if path in self.desk.org.describe("Account", refresh=True).fields]
        now = self.desk.in_org(*paths)
        for row in journal.filter((pl.col("side") == "there") & (pl.col("state") != "held")).to_dicts():
            if row["there_id"] not in now or row["field"] not in paths:
                continue
            value = now[row["there_id"]][paths.index(row["field"])]
            text = None if value is None else str(value).removesuffix(".0")
            assert text == (row["after"] if row["state"] == "written" else row["before"]), row

    def comes_right(self, refused=0):
        """What was not written is planned and written now; but for `refused` rows nothing is left to do then."""
        self.desk.pull()
        again = self.desk.plan()
        done = self.desk.commit(again)
        assert done.failed + done.held == refused, done.failures
        self.truth.agrees()
        self.desk.pull()
        assert self.desk.plan().writes == refused
        return again


@pytest.fixture
def scene(desk, via):
    return Scene(desk, via)


def states(journal):
    return dict(journal.filter(pl.col("side") == "there")["state"].value_counts().iter_rows())


def turns(those, these):
    """Each of those with each of these; without CS_TOOLKIT_THOROUGH each of those once, with these in turn."""
    if THOROUGH:
        return list(product(those, these))
    return list(zip(those, cycle(these), strict=False))


# -- what passes by itself --------------------------------------------------------------------------------------------

PASSING = {
    "expired session": {"kind": "expire_session"},
    "429 and Retry-After": {"kind": "status", "status": 429, "times": 2, "retry_after": 1},
    "429 without a body": {"kind": "status", "status": 429, "times": 2, "body": False},
    "503": {"kind": "status", "status": 503, "times": 2},
    "503 without a body": {"kind": "status", "status": 503, "times": 2, "body": False},
    "503 of a maintenance page": {"kind": "status", "status": 503, "times": 2, "body": "<h1>Down</h1>"},
    "503 and Retry-After": {"kind": "status", "status": 503, "retry_after": 1, "body": False},
    "too many at once": {"kind": "status", "status": 403, "times": 2},
    "rows locked twice": {"kind": "lock_row", "times": 2, "rows": 3, "match": ""},
    "every row locked once": {"kind": "lock_row", "rows": 999, "match": ""},
    "short pages": {"kind": "short_page", "times": 99, "size": 2, "match": ""},
}


@pytest.mark.parametrize("demo_org", SMALL, indirect=True)
@WAYS
def test_BEY_6_what_passes_by_itself_is_waited_for(scene, via):
    for number, (name, step) in enumerate(turns(PASSING, ["query", WRITES[via]])):
        given = {"match": step, **PASSING[name]}
        scene.inject(given.pop("kind"), **given)
        journal, raised = scene.commit()
        assert raised is None, name
        assert journal["state"].unique().to_list() == ["written"], name
        scene.next_round(number)
    scene.comes_right()


# -- what lasts -------------------------------------------------------------------------------------------------------

LASTING = {
    "down": {"kind": "status", "status": 503, "times": 99},
    "down without a body": {"kind": "status", "status": 503, "times": 99, "body": False},
    "come back in an hour": {"kind": "status", "status": 429, "times": 99, "retry_after": 3600},
    "an error inside, without a body": {"kind": "status", "status": 500, "times": 99, "body": False},
    "a gateway that waits no longer": {"kind": "status", "status": 504, "times": 99, "body": "<h1>504</h1>"},
    "the day's calls are used up": {"kind": "use_up_limit", "times": 99},
    "a request that is cut": {"kind": "drop", "times": 99, "of": "request", "after": 1},
    "nothing comes whole": {"kind": "garble", "times": 99},
}


@pytest.mark.parametrize("demo_org", SMALL, indirect=True)
@WAYS
def test_BEY_6_what_lasts_leaves_rows_that_resume_settles(scene, via):
    for number, (name, skip) in enumerate(turns(LASTING, [0, 1])):
        fault = dict(LASTING[name])
        scene.inject(fault.pop("kind"), match=f"{WRITES[via]}|query", skip=skip, **fault)
        journal, raised = scene.commit()
        assert isinstance(raised, SalesforceError), name
        assert set(journal["state"]) <= {"written", "failed"}, name
        scene.comes_right()
        scene.next_round(number)


# -- connections that break -------------------------------------------------------------------------------------------

CALLS = {
    "collections": {"read": ("/query", None), "write": ("composite/sobjects$", "PATCH")},
    "bulk": {
        "create": ("jobs/ingest$", "POST"),
        "upload": ("/batches$", "PUT"),
        "close": ("jobs/ingest/750[^/]*$", "PATCH"),
        "poll": ("jobs/ingest/750[^/]*$", "GET"),
        "download": ("successfulResults$", "GET"),
        "delete": ("jobs/ingest/750[^/]*$", "DELETE"),
    },
}
STEPS = [(via, step) for via, steps in CALLS.items() for step in steps]
PLACES = {
    "request, first byte": {"of": "request", "after": 1},
    "request, middle": {"of": "request", "after": 400},
    "before the answer": {"of": "response", "after": 0},
    "within the headers": {"of": "response", "after": -1},
    "answer, first byte": {"of": "response", "after": 1},
    "answer, middle": {"of": "response", "after": 60},
    "answer, last byte": {"of": "response", "after": -2},
}


@pytest.mark.parametrize("demo_org", SMALL, indirect=True)
@pytest.mark.parametrize(("via", "step"), STEPS)
def test_BEY_6_a_connection_that_breaks_anywhere_writes_nothing_twice(desk, via, step):
    """Once it heals by itself; when it goes on, `resume` does. The places are tried in turn on one org."""
    scene = Scene(desk, via)
    match, method = CALLS[via][step]
    tried = list(PLACES) if THOROUGH else list(PLACES)[STEPS.index((via, step)) % 2 :: 2]
    for number, name in enumerate(tried):
        scene.inject("drop", times=1 if number % 2 else 4, match=match, method=method, **PLACES[name])
        journal, _ = scene.commit()
        assert set(journal["state"]) <= {"written", "failed"}, name
        scene.comes_right()
        scene.next_round(number)


@pytest.mark.parametrize("demo_org", SMALL, indirect=True)
@pytest.mark.parametrize("via", ["collections"])
def test_BEY_6_what_somebody_saves_while_an_answer_is_lost_is_not_overwritten(scene):
    faults = scene.desk.demo_org.faults
    scene.inject("drop", match="composite/sobjects$", method="PATCH")  # it is written, and nobody hears of it
    scene.inject("edit", match="/query", skip=1, id=scene.record, values={SCORE: 3.3})  # before it is looked at again
    journal, raised = scene.commit()
    assert raised is None
    assert faults.waiting() == []
    assert scene.desk.in_org(SCORE)[scene.record] == (3.3,)
    assert "FOUND_AFTER_INTERRUPTION" in journal["code"].to_list()


# -- Bulk jobs --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("demo_org", SMALL, indirect=True)
@pytest.mark.parametrize("via", ["bulk"])
@pytest.mark.parametrize("kind", ["job_failed", "job_aborted"])
@pytest.mark.parametrize("rows", [0, 4])
def test_BEY_6_a_job_that_ends_early_is_believed_row_by_row(scene, kind, rows):
    scene.inject(kind, rows=rows)
    journal, raised = scene.commit()
    assert raised is None
    there = journal.filter(pl.col("side") == "there")
    assert there.filter(pl.col("state") == "written")["there_id"].n_unique() == rows
    assert there.filter(pl.col("state") == "failed")["message"].null_count() == 0
    scene.comes_right()


@pytest.mark.parametrize("demo_org", SMALL, indirect=True)
@pytest.mark.parametrize("via", ["bulk"])
def test_BEY_6_a_job_that_nobody_can_see_after_it_was_closed_is_the_only_one(scene):
    scene.inject("drop", match="jobs/ingest/750", method="PATCH")
    scene.inject("drop", times=99, match="jobs/ingest/750", method="GET", of="request")
    journal, raised = scene.commit()
    assert isinstance(raised, SalesforceError)
    assert states(journal) == {"written": journal.filter(pl.col("side") == "there").height}
    scene.comes_right()


# -- what other people do ---------------------------------------------------------------------------------------------

WHEN = {"since the plan": None, "after it was read again": "write"}
"""A change is made before the commit begins, or just before its first write."""


def meanwhile(scene, via, when, kind, **change):
    """Somebody changes the org before the commit, or between its reading again and its first write."""
    if when is None:
        scene.inject(kind, match="/query", **change)
    else:
        scene.inject(kind, match=WRITES[via], method="PATCH", **change)


@pytest.mark.parametrize("demo_org", SMALL, indirect=True)
@WAYS
@pytest.mark.parametrize("when", WHEN.values(), ids=WHEN)
def test_BEY_6_a_field_made_read_only(scene, via, when):
    meanwhile(scene, via, when, "readonly_field", field=SEGMENT)
    journal, raised = scene.commit()
    assert raised is None
    failed = journal.filter((pl.col("side") == "there") & (pl.col("state") != "written"))
    assert set(failed["code"]) <= {"INVALID_FIELD_FOR_INSERT_UPDATE", "InvalidBatch"}
    assert failed["message"].str.contains("; ").all()
    scene.desk.demo_org.set_access("Account", SEGMENT, read=True, edit=True)
    scene.desk.org.describe("Account", refresh=True)
    scene.comes_right()


@pytest.mark.parametrize("demo_org", SMALL, indirect=True)
@WAYS
@pytest.mark.parametrize("when", WHEN.values(), ids=WHEN)
def test_BEY_6_a_field_that_is_deleted(scene, via, when):
    meanwhile(scene, via, when, "remove_field", field=SEGMENT)
    journal, raised = scene.commit()
    assert raised is None
    lost = journal.filter((pl.col("side") == "there") & (pl.col("state") != "written"))
    assert SEGMENT in lost["field"].to_list()
    assert lost["message"].null_count() == 0


@pytest.mark.parametrize("demo_org", SMALL, indirect=True)
@WAYS
@pytest.mark.parametrize("when", WHEN.values(), ids=WHEN)
def test_BEY_6_a_validation_rule_that_is_switched_on(scene, via, when):
    rule = {"formula": 'ISPICKVAL(CS_Health_Band__c, "Red")', "message": "No red ones this week."}
    meanwhile(scene, via, when, "validation_rule", name="No_red", **rule)
    journal, raised = scene.commit()
    assert raised is None
    failed = journal.filter(pl.col("state") == "failed")
    red = scene.plan.rows("write").filter((pl.col("field") == "CS_Health_Band__c") & (pl.col("after") == "Red"))
    assert set(failed["there_id"]) == set(red["there_id"])
    assert failed["code"].unique().to_list() == ["FIELD_CUSTOM_VALIDATION_EXCEPTION"]
    assert failed["message"].str.contains("No red ones this week.", literal=True).all()
    scene.comes_right(refused=failed.height)
    scene.desk.demo_org.switch_rule("Account", "No_red", active=False)
    scene.comes_right()


@pytest.mark.parametrize("demo_org", SMALL, indirect=True)
@WAYS
@pytest.mark.parametrize("when", WHEN.values(), ids=WHEN)
@pytest.mark.parametrize("kind", ["delete", "merge"])
def test_BEY_6_a_record_that_is_deleted_or_merged(scene, via, when, kind):
    survivor = scene.desk.sides().links["there_id"].sort()[4]
    bound = {row["AccountId"] for row in scene.desk.demo_org.rows("SELECT AccountId FROM Contract")}
    victim = next(each for each in scene.desk.sides().links["there_id"].sort() if each not in {*bound, survivor})
    meanwhile(scene, via, when, kind, id=victim, **({"into": survivor} if kind == "merge" else {}))
    journal, raised = scene.commit()
    assert raised is None
    mine = journal.filter((pl.col("there_id") == victim) & (pl.col("side") == "there"))
    expected = ("held", "RECORD_GONE") if when is None else ("failed", "ENTITY_IS_DELETED")
    assert mine.select("state", "code").unique().rows() == [expected]
    others = journal.filter((pl.col("there_id") != victim) & (pl.col("there_id") != survivor))
    assert others["state"].unique().to_list() == ["written"]


@pytest.mark.parametrize("demo_org", SMALL, indirect=True)
@WAYS
def test_BEY_3_an_edit_since_the_plan_is_never_overwritten(scene, via):
    meanwhile(scene, via, None, "edit", id=scene.record, values={SCORE: 4.4})
    journal, raised = scene.commit()
    assert raised is None
    (held,) = journal.filter(pl.col("state") == "held").to_dicts()
    assert (held["there_id"], held["code"]) == (scene.record, "CHANGED_SINCE_PLAN")
    assert scene.desk.in_org(SCORE)[scene.record] == (4.4,)


@pytest.mark.parametrize("demo_org", SMALL, indirect=True)
@WAYS
def test_BEY_3_an_edit_between_the_reading_and_the_writing_loses_one_field_at_most(scene, via):
    """What stays open: Salesforce has no condition for many records at once. Fields that are not written are safe."""
    values = {SCORE: 4.4, "Phone": "+47 1", "Name": "Renamed meanwhile"}
    meanwhile(scene, via, "write", "edit", id=scene.record, values=values)
    _, raised = scene.commit()
    assert raised is None
    score, *others = scene.desk.in_org(SCORE, "Phone", "Name")[scene.record]
    assert score != 4.4
    assert others == ["+47 1", "Renamed meanwhile"]


# -- records that are created -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("demo_org", [{"accounts": 5}], indirect=True)
@WAYS
def test_BEY_6_a_record_is_created_once_wherever_the_answer_is_cut(desk, via):
    world = World(desk, via)
    calls = 5 if via == "bulk" else 1  # of each object
    for skip, after in turns([0, 1, 2, 3], [0, -1, 40])[:: 1 if THOROUGH else 2]:
        world.people_add()
        plan = world.plan()
        faults = world.desk.demo_org.faults
        faults.inject("drop", times=2, match=WRITES[via], of="response", after=after, skip=skip * calls)
        with suppress(SalesforceError):
            world.desk.commit(plan)
        faults.clear()
        world.settled(plan)
        world.comes_right()
