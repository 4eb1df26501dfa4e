"""A commit on the wire: what is confirmed is written, what moved is held, what is refused says why."""

import polars as pl
import pytest

from tests.writeback.desk import NOW, PATHS, Desk
from toolkit.errors import DigestError, LimitError, PlanError, SalesforceError
from toolkit.frames import JOURNAL, conform
from toolkit.salesforce import Credentials, connect
from toolkit.writeback.committing.commit import commit, resume
from toolkit.writeback.planning.plan import make_plan

WRITTEN = ("CS_Health_Score__c", "CS_Health_Band__c", "CS_Segment__c", "CS_Renewal_Date__c")


@pytest.fixture(params=["collections", "bulk"])
def any_desk(request, desk):
    """The desk once with REST collections and once with Bulk API 2.0."""
    if request.param == "bulk":
        desk = Desk.laid(desk.demo_org, desk.org, desk.store, bulk_from=1)
    return desk


def states(done):
    return dict(done.results.group_by("state").len().iter_rows())


def test_BEY_1_a_commit_writes_exactly_the_plan(any_desk):
    before = any_desk.in_org(*WRITTEN)
    plan = any_desk.plan()
    done = any_desk.commit(plan)
    assert (done.written, done.held, done.failed) == (plan.writes, 0, 0)
    assert conform(done.results, JOURNAL).equals(done.results)
    wanted = {row["id"]: row for row in any_desk.here().to_dicts()}
    linked = {row["there_id"]: wanted[row["here_id"]] for row in any_desk.sides().links.to_dicts()}
    for record_id, values in any_desk.in_org(*WRITTEN).items():
        if record_id not in linked:
            assert values == before[record_id]
            continue
        row = linked[record_id]
        assert values == (
            round(row["health_score"] - 0.04, 1), row["health_band"], row["segment"], row["renewal_date"].isoformat(),
        )  # fmt: skip


def test_BEY_1_what_comes_from_salesforce_is_here_after_the_commit(any_desk):
    plan = any_desk.plan()
    any_desk.commit(plan)
    there = any_desk.in_org("CS_Stage__c", "Industry")
    linked = dict(any_desk.sides().links.select("here_id", "there_id").iter_rows())
    for row in any_desk.here().to_dicts():
        assert (row["stage"], row["industry"]) == there[linked[row["id"]]]


def test_BEY_1_a_second_plan_has_nothing_left_to_do(any_desk):
    any_desk.commit(any_desk.plan())
    assert any_desk.plan().writes == 0  # from what the commit noted
    any_desk.pull()
    assert any_desk.plan().changes.is_empty()  # and from what the org says


def test_CAT_8_the_cost_that_was_predicted_is_what_is_spent(any_desk):
    plan = any_desk.plan()
    used = len(any_desk.demo_org.calls)
    done = any_desk.commit(plan)
    assert done.api_calls == len(any_desk.demo_org.calls) - used
    assert abs(done.api_calls - plan.cost.calls) <= 3 * plan.cost.jobs  # how often a job is asked for is a guess


def test_records_with_different_fields_share_a_call(desk):
    desk.commit(desk.plan())
    number = pl.int_range(pl.len())
    desk.store.save_records(
        "here",
        "account",
        desk.here().with_columns(
            health_score=pl.when(number % 2 == 0).then(9.9).otherwise("health_score"),
            segment=pl.when(number % 3 == 0).then(None).otherwise("segment"),
            health_band=pl.when(number % 5 == 0).then(pl.lit("Yellow")).otherwise("health_band"),
        ),
    )
    before = desk.in_org(*WRITTEN)
    plan = desk.plan()
    done = desk.commit(plan)
    assert done.api_calls == plan.cost.calls == 2
    expected = {record_id: dict(zip(WRITTEN, values, strict=True)) for record_id, values in before.items()}
    for row in plan.rows("write").to_dicts():
        value = float(row["after"]) if row["type"] == "double" else row["after"]
        expected[row["there_id"]][row["field"]] = value
    assert desk.in_org(*WRITTEN) == {record_id: tuple(row.values()) for record_id, row in expected.items()}


def test_BEY_1_another_digest_is_refused(desk):
    plan = desk.plan()
    calls = len(desk.demo_org.calls)
    with pytest.raises(DigestError, match="nothing was written"):
        desk.commit(plan, confirm="0" * 64)
    tampered = type(plan)(**{**vars(plan), "changes": plan.changes.with_columns(after=pl.lit("1"))})
    with pytest.raises(DigestError, match="not the rows that were reviewed"):
        desk.commit(tampered)
    assert len(desk.demo_org.calls) == calls
    assert desk.store.commits().is_empty()


def test_BEY_6_a_plan_is_committed_once(desk):
    plan = desk.plan()
    desk.commit(plan)
    with pytest.raises(PlanError, match="was committed already"):
        desk.commit(plan)


def test_a_plan_of_another_org_is_refused(desk):
    plan = desk.plan()
    other = type(plan)(**{**vars(plan), "org_id": "00D000000000000AAA"})
    with pytest.raises(DigestError):
        desk.commit(other)


def test_BEY_3_what_changed_since_the_plan_is_held(any_desk):
    plan = any_desk.plan()
    moved, same = plan.rows("write").filter(pl.col("field") == "CS_Health_Score__c")["there_id"][:2]
    any_desk.demo_org.edit("Account", moved, {"CS_Health_Score__c": 1.2})
    wanted = plan.changes.filter((pl.col("there_id") == same) & (pl.col("field") == "CS_Health_Score__c"))["after"][0]
    any_desk.demo_org.edit("Account", same, {"CS_Health_Score__c": float(wanted)})
    done = any_desk.commit(plan)
    assert (done.held, done.failed) == (1, 0)
    row = done.results.filter((pl.col("there_id") == moved) & (pl.col("state") == "held")).to_dicts()[0]
    assert row["code"] == "CHANGED_SINCE_PLAN"
    assert row["message"] == "changed in Salesforce since the plan, from nothing to '1.2'; plan again to decide"
    assert any_desk.in_org("CS_Health_Score__c")[moved] == (1.2,)
    assert any_desk.in_org("CS_Health_Band__c")[moved] != (None,)  # its other fields were written
    already = done.results.filter((pl.col("there_id") == same) & (pl.col("field") == "CS_Health_Score__c"))
    assert already.select("state", "code").rows() == [("written", "ALREADY_SO")]
    assert f"{done.written:,} written (1 of them was so already), 1 held" in str(done)
    again = any_desk.plan()
    assert again.writes == 1  # what was held is planned again, with the value it has now
    assert again.rows("write").select("there_id", "there").rows() == [(moved, "1.2")]


def test_BEY_3_a_deleted_record_is_held(desk):
    plan = desk.plan()
    planned = plan.rows("write").filter(pl.col("side") == "there")["there_id"].unique().sort().to_list()
    bound = {row["AccountId"] for row in desk.demo_org.rows("SELECT AccountId FROM Contract")}
    victim = next(each for each in planned if each not in bound)
    deleted = desk.org.write("Account", "delete", pl.DataFrame({"Id": [victim]}), {})
    assert deleted["success"].to_list() == [True]
    done = desk.commit(plan)
    held = done.results.filter(pl.col("state") == "held")
    assert held["there_id"].unique().to_list() == [victim]
    assert held["code"].unique().to_list() == ["RECORD_GONE"]
    assert done.failed == 0


def test_BEY_3_what_changed_here_since_the_plan_is_held(desk):
    plan = desk.plan()
    first = plan.rows("write").filter(pl.col("side") == "here")["here_id"][0]
    edited = pl.when(pl.col("id") == first).then(pl.lit("Churned")).otherwise("stage").alias("stage")
    desk.store.save_records("here", "account", desk.here().with_columns(edited))
    done = desk.commit(plan)
    held = done.results.filter(pl.col("state") == "held").to_dicts()
    assert [(row["here_id"], row["field"]) for row in held] == [(first, "stage")]
    assert "changed here since the plan, from nothing to 'Churned'" in held[0]["message"]


def test_BEY_6_what_salesforce_refuses_is_recorded_row_by_row(any_desk):
    plan = any_desk.plan()
    any_desk.demo_org.set_access("Account", "CS_Renewal_Date__c", read=True, edit=False)
    done = any_desk.commit(plan)
    failed = done.results.filter(pl.col("state") == "failed")
    there = done.results.filter(pl.col("side") == "there")
    assert failed.height == there.height > 0
    assert done.written == plan.writes - failed.height
    assert set(failed["code"]) <= {"INVALID_FIELD_FOR_INSERT_UPDATE", "InvalidBatch"}
    assert failed["message"].str.contains("; ").all()


def test_BEY_6_some_rows_fail_and_the_others_are_written(any_desk):
    plan = any_desk.plan()
    any_desk.demo_org.faults.inject("lock_row", times=9, rows=1, match="sobjects" if plan.cost.jobs == 0 else "")
    done = any_desk.commit(plan)
    failed = done.results.filter(pl.col("state") == "failed")
    assert failed["code"].unique().to_list() == ["UNABLE_TO_LOCK_ROW"]
    assert failed["message"].str.contains("plan and commit again").all()
    assert done.written == plan.writes - failed.height
    assert failed["there_id"].n_unique() == 1
    any_desk.demo_org.faults.clear()
    again = any_desk.plan()
    assert again.writes == failed.height
    assert any_desk.commit(again).written == failed.height


def test_BEY_6_a_call_that_fails_for_good_leaves_the_rest_for_resume(desk):
    plan = desk.plan()
    desk.demo_org.faults.inject("status", times=50, status=503, match="composite/sobjects")
    with pytest.raises(SalesforceError):
        desk.commit(plan)
    assert desk.store.open_commits() == [plan.plan_id]
    with pytest.raises(PlanError, match="interrupted and is not settled"):
        desk.commit(desk.plan())
    desk.demo_org.faults.clear()
    settled = resume(plan.plan_id, desk.org, desk.store, objects=[desk.sides()])
    assert (settled.written, settled.held) == (0, 0)
    assert settled.failed == plan.writes
    assert settled.results["code"].unique().to_list() == ["NOT_WRITTEN"]
    assert desk.store.open_commits() == []
    again = desk.plan()
    assert again.writes == plan.writes
    assert desk.commit(again).written == plan.writes


def test_BEY_7_the_cap_of_the_mapping_file_stops_a_commit_before_it_begins(desk):
    plan = desk.plan()
    capped = desk.settings.model_copy(
        update={"writeback": desk.settings.writeback.model_copy(update={"max_api_calls": 1})}
    )
    with pytest.raises(PlanError, match="max_api_calls allows 1"):
        commit(plan, plan.digest, desk.org, desk.store, capped, objects=[desk.sides()], now=NOW)
    assert desk.store.commits().is_empty()


def test_BEY_7_an_org_without_calls_left_is_spared(desk):
    plan = desk.plan()
    desk.demo_org.faults.set_daily_limit(1000, 999)
    desk.org.limits()
    with pytest.raises(LimitError, match="are left"):
        desk.commit(plan)
    assert desk.store.commits().is_empty()


def test_progress_counts_records_to_the_end(desk):
    told = []
    desk.commit(desk.plan(), progress=lambda done, total: told.append((done, total)))
    assert told[-1][0] == told[-1][1]
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_a_plan_with_nothing_to_write_is_committed_without_a_call(desk):
    desk.commit(desk.plan())
    desk.pull()
    spent = desk.org.budget.spent
    done = desk.commit(desk.plan())
    assert (done.written, done.api_calls) == (0, 0)
    assert desk.org.budget.spent == spent


def test_BEY_5_undo_restores_every_field(any_desk):
    before, here_before = any_desk.in_org(*PATHS[1:]), any_desk.here()
    done = any_desk.commit(any_desk.plan())
    assert any_desk.in_org(*PATHS[1:]) != before
    undo = any_desk.undo(done.commit_id)
    assert undo.changes["rule"].unique().to_list() == ["undo"]
    assert undo.writes == done.written
    undone = any_desk.commit(undo)
    assert (undone.written, undone.held, undone.failed) == (done.written, 0, 0)
    assert any_desk.in_org(*PATHS[1:]) == before
    here = any_desk.here()
    assert here.select(here_before.columns).equals(here_before)
    assert here["industry"].null_count() == here.height
    assert any_desk.undo(done.commit_id).changes.is_empty()  # nothing is left to take back


def test_BEY_5_undo_leaves_alone_what_changed_since(any_desk):
    done = any_desk.commit(any_desk.plan())
    record = done.results.filter(pl.col("field") == "CS_Health_Score__c")["there_id"][0]
    any_desk.demo_org.edit("Account", record, {"CS_Health_Score__c": 4.4})
    undo = any_desk.undo(done.commit_id)
    (held,) = undo.rows("held").to_dicts()
    assert (held["there_id"], held["there"]) == (record, "4.4")
    assert held["reason"].startswith("changed since to '4.4'; the commit had written")
    any_desk.commit(undo)
    assert any_desk.in_org("CS_Health_Score__c")[record] == (4.4,)


def test_BEY_5_an_undo_can_be_undone(desk):
    done = desk.commit(desk.plan())
    after = desk.in_org(*PATHS[1:])
    undone = desk.commit(desk.undo(done.commit_id))
    desk.commit(desk.undo(undone.commit_id))
    assert desk.in_org(*PATHS[1:]) == after


def test_a_human_edit_after_the_sync_is_overwritten_and_told_CAT_18(desk):
    desk.commit(desk.plan())
    record = desk.sides().links["there_id"][0]
    desk.demo_org.edit("Account", record, {"CS_Health_Score__c": 5.5})
    desk.pull()
    (row,) = desk.plan().rows("write").to_dicts()
    assert row["reason"].startswith("edited in Salesforce from '")
    assert "to '5.5'; overwritten" in row["reason"]


def test_a_two_way_field_changed_on_both_sides_waits_for_a_person_BEY_2(desk):
    desk.commit(desk.plan())
    here_id, record = desk.sides().links.select("here_id", "there_id").row(0)
    old = desk.in_org("CS_Stage__c")[record][0]
    ours, theirs = [stage for stage in ("Onboarding", "Adoption", "Growth") if stage != old][:2]
    edited = pl.when(pl.col("id") == here_id).then(pl.lit(ours)).otherwise("stage").alias("stage")
    desk.store.save_records("here", "account", desk.here().with_columns(edited))
    desk.demo_org.edit("Account", record, {"CS_Stage__c": theirs})
    desk.pull()
    plan = desk.plan()
    assert plan.writes == 0
    (row,) = plan.rows("conflict").to_dicts()
    assert (row["base"], row["here"], row["there"], row["after"]) == (old, ours, theirs, None)
    desk.commit(plan)
    assert desk.in_org("CS_Stage__c")[record] == (theirs,)


def test_a_connection_with_a_cap_counts_as_well(desk):
    credentials = Credentials(client_id=desk.demo_org.client_id, client_secret=desk.demo_org.client_secret)
    capped = connect(
        login="client_credentials", login_url=desk.demo_org.url, credentials=credentials,
        ca_file=desk.demo_org.ca_file, max_calls=3,
    )  # fmt: skip
    plan = desk.plan()
    sides = desk.sides()
    capped.describe("Account")
    with pytest.raises(LimitError, match="only 1 are left"):
        commit(plan, plan.digest, capped, desk.store, desk.settings, objects=[sides], now=NOW)


@pytest.mark.parametrize("gone", ["removed", "hidden"])
def test_CAT_16_a_field_that_goes_away_between_plan_and_commit_holds_its_rows_only(any_desk, gone):
    plan = any_desk.plan()
    if gone == "removed":
        any_desk.demo_org.remove_field("Account", "CS_Segment__c")
    else:
        any_desk.demo_org.set_access("Account", "CS_Segment__c", read=False, edit=False)
    done = any_desk.commit(plan)
    held = done.results.filter(pl.col("state") == "held")
    assert held.select("field", "code").unique().rows() == [("CS_Segment__c", "FIELD_GONE")]
    assert done.written == plan.writes - held.height
    assert any_desk.store.open_commits() == []


def test_CAT_16_a_commit_that_was_cut_off_is_settled_although_a_field_is_gone(desk):
    plan = desk.plan()
    desk.demo_org.faults.inject("status", times=50, status=503, match="composite/sobjects")
    with pytest.raises(SalesforceError):
        desk.commit(plan)
    desk.demo_org.faults.clear()
    desk.demo_org.remove_field("Account", "CS_Segment__c")
    desk.org.describe("Account", refresh=True)
    settled = resume(plan.plan_id, desk.org, desk.store, objects=[desk.sides()])
    assert desk.store.open_commits() == []
    assert set(settled.results["code"]) == {"NOT_WRITTEN", "FIELD_GONE"}


def test_BEY_5_what_somebody_else_had_written_already_is_not_taken_back(desk):
    plan = desk.plan()
    row = plan.rows("write").filter(pl.col("field") == "CS_Health_Band__c").row(0, named=True)
    desk.demo_org.edit("Account", row["there_id"], {"CS_Health_Band__c": row["after"]})
    undo = desk.undo(desk.commit(plan).commit_id)
    assert undo.writes == plan.writes - 1
    desk.commit(undo)
    assert desk.in_org("CS_Health_Band__c")[row["there_id"]] == (row["after"],)


def test_BEY_2_a_value_that_changed_here_while_its_old_one_was_written_is_no_conflict(desk):
    desk.commit(desk.plan())
    here_id = desk.sides().links["here_id"][0]

    def edit(stage):
        edited = pl.when(pl.col("id") == here_id).then(pl.lit(stage)).otherwise("stage").alias("stage")
        desk.store.save_records("here", "account", desk.here().with_columns(edited))

    edit("Churned")
    plan = desk.plan()
    edit("Growth")
    desk.commit(plan)
    (row,) = desk.plan().changes.to_dicts()
    assert (row["verdict"], row["base"], row["there"], row["after"]) == ("write", "Churned", "Churned", "Growth")


def test_a_plan_made_for_another_org_is_refused_by_that_orgs_name(desk):
    plan = make_plan([desk.sides()], org_id="00D000000000000AAA", org_name="Sandbox", created_at=NOW)
    with pytest.raises(PlanError, match=r"was made for Sandbox \(00D000000000000AAA\)"):
        desk.commit(plan)
    assert desk.store.commits().is_empty()


def test_BEY_5_after_an_undo_was_undone_both_sides_agree_again(desk):
    done = desk.commit(desk.plan())
    base = desk.store.records("base", "account")
    undone = desk.commit(desk.undo(done.commit_id))
    assert not desk.store.records("base", "account").equals(base)
    desk.commit(desk.undo(undone.commit_id))
    assert desk.store.records("base", "account").equals(base)
    assert desk.plan().changes.is_empty()
