"""A commit through Bulk asks what changed since the pull; it finds what reading every record would find."""

import polars as pl
import pytest

from toolkit.workspace import Workspace
from toolkit.writeback.committing.changed import as_they_are
from toolkit.writeback.committing.sending import now_there
from toolkit.writeback.committing.settling import intended
from toolkit.writeback.planning.cost import predict

SCORE = "CS_Health_Score__c"


@pytest.fixture
def ws(tmp_path):
    with Workspace.demo(tmp_path / "demo", accounts=60) as workspace:
        bulk = workspace.settings.writeback.model_copy(update={"bulk_from": 1})
        workspace.settings = workspace.settings.model_copy(update={"writeback": bulk})
        for step in (workspace.pull, workspace.load, workspace.match, workspace.score):
            step()
        yield workspace


def there(plan):
    return plan.rows("write").filter((pl.col("side") == "there") & (pl.col("field") == SCORE))


def test_BEY_7_a_commit_through_bulk_asks_once_what_changed(ws):
    plan = ws.plan()
    before = len(ws.demo_org.calls)
    done = ws.commit(plan, confirm=plan.digest)
    calls = [path for _, path, _ in ws.demo_org.calls[before:]]
    assert done.written == plan.writes
    assert done.predicted is not None
    polls = sum("/jobs/ingest/" in path for path in calls) - 4 * plan.cost.jobs  # upload, close, results, delete
    assert done.api_calls == len(calls)
    assert done.api_calls - polls == plan.cost.calls - 3 * plan.cost.jobs == done.predicted.calls - 3 * plan.cost.jobs
    assert predict(plan.changes, 1).calls == plan.cost.calls  # so few records are read in one call anyway


def test_BEY_3_what_changed_since_the_pull_is_held_although_only_changes_are_read(ws):
    plan = ws.plan()
    rows = there(plan)
    moved, gone = rows["there_id"][0], rows["there_id"][1]
    ws.demo_org.edit("Account", moved, {SCORE: 1.2})
    for row in ws.demo_org.rows(f"SELECT Id FROM Contract WHERE AccountId = '{gone}'"):
        ws.demo_org.delete("Contract", row["Id"])
    ws.demo_org.delete("Account", gone)
    before = len(ws.demo_org.calls)
    done = ws.commit(plan, confirm=plan.digest)
    reads = [call for call in ws.demo_org.calls[before:] if call[1].endswith(("/query", "/queryAll", "/composite"))]
    assert len(reads) == 1
    held = done.results.filter(pl.col("state") == "held")
    assert set(held.select("there_id", "code").rows()) == {(moved, "CHANGED_SINCE_PLAN"), (gone, "RECORD_GONE")}
    assert ws.demo_org.rows(f"SELECT {SCORE} FROM Account WHERE Id = '{moved}'")[0][SCORE] == 1.2


def test_BEY_3_both_ways_of_reading_find_the_same(ws):
    plan = ws.plan()
    rows = there(plan)
    ids = rows["there_id"]
    ws.demo_org.edit("Account", ids[2], {SCORE: 3.3})
    ws.demo_org.edit("Account", ids[5], {"Name": "Renamed"})
    (sides,) = [each for each in ws._all_sides() if each.object == "account"]
    since = ws.store.watermark("account")
    journal = intended(plan).filter(pl.col("side") == "there")
    columns = ["seq", "now", "found", "hidden"]
    one, other = (now_there(ws.org, journal, sides, when).select(columns) for when in (since, None))
    assert one.equals(other)
    found = as_they_are(ws.org, sides, ids, [SCORE], since)
    assert found.filter(pl.col("Id") == ids[2])[SCORE].to_list() == [3.3]


def test_BEY_3_when_very_much_changed_it_is_read_through_bulk(ws):
    plan = ws.plan()
    (sides,) = [each for each in ws._all_sides() if each.object == "account"]
    ids = there(plan)["there_id"].unique().sort()
    since = ws.store.watermark("account")
    for number, each in enumerate(ids[1:]):
        ws.demo_org.edit("Account", each, {SCORE: number % 10})
    for row in ws.demo_org.rows(f"SELECT Id FROM Contract WHERE AccountId = '{ids[2]}'"):
        ws.demo_org.delete("Contract", row["Id"])
    ws.demo_org.delete("Account", ids[2])
    before = len(ws.demo_org.calls)
    found, other = (as_they_are(ws.org, sides, ids, [SCORE], since, most).sort("Id") for most in (0, 10_000))
    assert any("jobs/query" in call[1] for call in ws.demo_org.calls[before:])
    assert found.equals(other)
    assert found["Id"].to_list() == [each for each in ids if each != ids[2]]
    assert found.filter(pl.col("Id") == ids[5])[SCORE].to_list() == [4.0]


def test_BEY_3_a_field_that_goes_away_is_found_by_reading_every_record(ws):
    plan = ws.plan()
    ws.demo_org.remove_field("Account", SCORE)
    done = ws.commit(plan, confirm=plan.digest)
    held = done.results.filter(pl.col("state") == "held")
    assert held.select("field", "code").unique().rows() == [(SCORE, "FIELD_GONE")]
