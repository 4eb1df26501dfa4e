"""A commit of many records: five collections in a call, what it costs, and rows that spoil a whole call."""

import polars as pl
import pytest

from tests.writeback.desk import Desk
from toolkit.writeback.committing.commit import resume
from toolkit.writeback.planning.cost import predict

SEGMENT = "CS_Segment__c"
BIG = pytest.mark.parametrize("demo_org", [{"accounts": 560}], indirect=True)


def there(done):
    return done.results.filter(pl.col("side") == "there")


@BIG
def test_BEY_7_prediction_and_spending_agree_whichever_way_is_taken(desk):
    records = desk.sides().links.height
    assert records > 400
    for bulk_from, via in ((2000, "composite"), (1, "bulk")):
        desk = Desk.laid(desk.demo_org, desk.org, desk.store, bulk_from=bulk_from)
        plan = desk.plan()
        assert plan.cost.via("account") == via
        before = len(desk.demo_org.calls)
        done = desk.commit(plan)
        calls = desk.demo_org.calls[before:]
        polls = sum(call[0] == "GET" and "jobs/ingest/" in call[1] and "Results" not in call[1] for call in calls)
        assert done.written == plan.writes
        assert done.api_calls == len(calls)
        spent = done.api_calls - polls + 3 * plan.cost.jobs  # three polls are predicted
        assert spent == plan.cost.calls == done.predicted.calls
        if via == "composite":
            assert [path.rpartition("/")[2] for _, path, _ in calls] == ["composite", "composite"]
            assert "predicted" not in str(done)
        desk.commit(desk.undo(done.commit_id))


def test_BEY_7_a_commit_by_collections_costs_what_was_predicted(desk):
    plan = desk.plan()
    before = len(desk.demo_org.calls)
    done = desk.commit(plan)
    assert plan.cost.via("account") == "collections"
    assert done.api_calls == len(desk.demo_org.calls) - before == done.predicted.calls == plan.cost.calls
    assert predict(plan.changes.clear(), 2000).calls == 0


def test_BEY_7_what_was_spent_beyond_the_prediction_is_said(desk):
    plan = desk.plan()
    desk.demo_org.faults.inject("lock_row", times=1, rows=1)
    done = desk.commit(plan)
    assert done.api_calls == done.predicted.calls + 1
    assert str(done).endswith(f"{done.api_calls} API calls, {done.predicted.calls} were predicted")


@BIG
@pytest.mark.parametrize("code", ["JSON_PARSER_ERROR", "UNKNOWN_EXCEPTION"])
def test_BEY_6_one_row_that_spoils_the_call_fails_alone(desk, code):
    plan = desk.plan()
    victim = plan.rows("write").filter(pl.col("side") == "there")["there_id"].unique().sort()[333]
    desk.demo_org.faults.inject(
        "status", times=999, status=500 if code == "UNKNOWN_EXCEPTION" else 400, code=code, text="Cannot save",
        match="composite", holding=f'"Id": "{victim}"',
    )  # fmt: skip
    done = desk.commit(plan)
    failed = done.failures
    assert failed["there_id"].unique().to_list() == [victim]
    assert failed["code"].unique().to_list() == [code]
    assert failed["message"].str.starts_with("Cannot save; ").all()
    assert done.held == 0
    assert done.written == plan.writes - failed.height
    desk.demo_org.faults.clear()
    rest = desk.plan()
    assert rest.rows("write")["there_id"].unique().to_list() == [victim]
    assert desk.commit(rest).written == failed.height


@BIG
def test_BEY_6_a_composite_that_breaks_off_is_settled_by_reading(desk):
    plan = desk.plan()
    desk.demo_org.faults.inject("drop", times=1, match="composite$", skip=1)  # the first one reads
    done = desk.commit(plan)
    assert (done.written, done.failed, done.held) == (plan.writes, 0, 0)
    assert resume(plan.plan_id, desk.org, desk.store, objects=[desk.sides()]).results.equals(done.results)


@pytest.mark.parametrize("bulk_from", [1, 2000])
def test_BEY_3_a_text_of_one_odd_character_is_written_and_clears_nothing(desk, bulk_from):
    desk = Desk.laid(desk.demo_org, desk.org, desk.store, bulk_from=bulk_from)
    here = desk.here()
    desk.store.save_records("here", "account", here.with_columns(segment=pl.lit("\0")))
    plan = desk.plan()
    assert set(plan.changes.filter(field=SEGMENT)["after"]) == {"\0"}
    assert desk.commit(plan).written == plan.writes
    linked = desk.sides().links["there_id"]
    held = {row["Id"]: row[SEGMENT] for row in desk.demo_org.rows(f"SELECT Id, {SEGMENT} FROM Account")}
    assert {held[each] for each in linked} == {"\0"}
