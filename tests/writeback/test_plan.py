"""A plan: its order, its digest, what it costs, and that nobody changes a row unseen."""

import math

import polars as pl
import pytest

from tests.writeback.samples import NOW, mapped, sides
from toolkit.config.models import Writeback
from toolkit.errors import DigestError, LimitError, PlanError
from toolkit.frames import CHANGES, conform
from toolkit.salesforce import bulk, collections, query
from toolkit.writeback.planning import cost
from toolkit.writeback.planning.cost import Cost, allowed, predict, refuse_if_too_dear
from toolkit.writeback.planning.digest import digest_of
from toolkit.writeback.planning.plan import ORDER, Plan, make_plan

FIELDS = [
    mapped("health_score", "CS_Health_Score__c", "output"),
    mapped("segment", "CS_Segment__c", "output"),
    mapped("stage", "CS_Stage__c", "two_way"),
]


def some_plan(count=3, **options):
    given = sides(
        FIELDS,
        [{"health_score": n + 0.5, "segment": "SMB", "stage": None} for n in range(count)],
        [{"CS_Health_Score__c": None, "CS_Segment__c": "SMB", "CS_Stage__c": "Growth"} for _ in range(count)],
    )
    return make_plan([given], **{"org_id": "00Dorg", "org_name": "Demo", "created_at": NOW, **options})


def test_BEY_1_a_plan_has_one_row_a_changed_field_in_a_stable_order():
    plan = some_plan()
    assert conform(plan.changes, CHANGES).equals(plan.changes)
    assert (
        plan.changes.select(ORDER).is_sorted if False else plan.changes.sort(ORDER)["seq"].to_list() == [*range(1, 7)]
    )
    assert plan.changes["side"].to_list() == ["here"] * 3 + ["there"] * 3
    assert plan.writes == 6
    assert plan.summary.rows() == [
        ("here", "account", "stage", "write", 3),
        ("there", "account", "CS_Health_Score__c", "write", 3),
    ]
    assert str(plan) == f"Plan {plan.plan_id}: 6 to write; 2 API calls (3 account records through REST collections)"


def test_BEY_1_the_digest_covers_every_cell_the_org_and_the_commit_before():
    plan = some_plan()
    assert plan.plan_id == plan.digest[:12]
    assert some_plan(created_at=NOW.replace(year=2030)).digest == plan.digest
    assert some_plan(org_id="00Dother").digest != plan.digest
    assert some_plan(parent="abc").digest != plan.digest
    assert digest_of(plan.changes.sample(fraction=1, shuffle=True, seed=1), plan.org_id, None) == plan.digest
    for name, dtype in CHANGES.schema.items():
        other = pl.lit("zzz") if dtype == pl.String else pl.lit(99, dtype=pl.UInt32)
        changed = plan.changes.with_columns(pl.when(pl.col("seq") == 2).then(other).otherwise(name).alias(name))
        assert digest_of(changed, plan.org_id, None) != plan.digest, name
    assert digest_of(plan.changes.head(5), plan.org_id, None) != plan.digest


def test_BEY_1_moving_text_between_cells_changes_the_digest():
    changes = some_plan().changes.head(1)
    one = changes.with_columns(here=pl.lit("ab"), there=pl.lit("c"))
    two = changes.with_columns(here=pl.lit("a"), there=pl.lit("bc"))
    three = changes.with_columns(here=pl.lit("ab1:c"), there=pl.lit(None, dtype=pl.String))
    four = changes.with_columns(here=pl.lit("-"), there=pl.lit(None, dtype=pl.String))
    five = changes.with_columns(here=pl.lit(None, dtype=pl.String), there=pl.lit("-"))
    assert len({digest_of(each, "00D", None) for each in (one, two, three, four, five)}) == 5


def test_BEY_1_a_plan_that_was_tampered_with_is_refused():
    plan = some_plan()
    assert Plan.load(plan.meta(), plan.changes).meta() == plan.meta()
    richer = plan.changes.with_columns(after=pl.when(pl.col("seq") == 5).then(pl.lit("9.9")).otherwise("after"))
    with pytest.raises(DigestError, match=rf"plan {plan.plan_id} are not the rows that were reviewed") as caught:
        Plan.load(plan.meta(), richer)
    assert "Make the plan again" in caught.value.hint


def test_BEY_1_a_plan_through_the_store_is_the_same_plan(tmp_path):
    from toolkit.store import Store

    plan = some_plan()
    with Store.open(tmp_path) as store:
        store.save_plan(plan.meta(), plan.changes)
        meta, changes = store.plan(plan.plan_id)
    again = Plan.load(meta, changes)
    assert (again.digest, again.cost, again.findings, again.created_at) == (
        plan.digest, plan.cost, plan.findings, plan.created_at,
    )  # fmt: skip
    assert again.changes.equals(plan.changes)


def test_a_plan_without_changes_is_a_plan():
    empty = make_plan([], org_id="00D", created_at=NOW)
    assert empty.writes == 0
    assert str(empty) == f"Plan {empty.plan_id}: 0 to write; no API calls"
    assert Plan.load(empty.meta(), empty.changes).digest == empty.digest


def changes_for(records, fields=2):
    rows = pl.DataFrame({"n": range(records)}).join(pl.DataFrame({"f": range(fields)}), how="cross")
    return rows.select(
        seq=pl.int_range(1, pl.len() + 1, dtype=pl.UInt32), side=pl.lit("there"), object=pl.lit("account"),
        operation=pl.lit("update"), here_id=pl.lit("P"),
        there_id=pl.lit("001") + pl.col("n").cast(pl.String), field=pl.lit("F") + pl.col("f").cast(pl.String),
        after=pl.lit("7.5"), verdict=pl.lit("write"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("records", "via", "calls"),
    [(1, "collections", 2), (200, "collections", 2), (400, "collections", 3), (401, "composite", 2),
     (1999, "composite", 3), (2000, "bulk", 9), (20_000, "bulk", 18), (100_001, "bulk", 67)],
)  # fmt: skip
def test_BEY_7_the_cost_is_known_before_and_decides_the_way(records, via, calls):
    predicted = predict(changes_for(records), bulk_from=2000)
    assert (predicted.via("account"), predicted.calls) == (via, calls)
    assert predicted.jobs == (math.ceil(records / 100_000) if via == "bulk" else 0)
    assert predicted.bytes > records * 18


@pytest.mark.parametrize(
    ("records", "left", "via"),
    [(20_000, 30, "composite"), (20_000, 29, "bulk"), (400, 3, "collections"), (400, 2, "composite"),
     (100, 0, "collections")],
)  # fmt: skip
def test_BEY_7_the_cheapest_way_is_taken_when_calls_are_short(records, left, via):
    assert predict(changes_for(records), bulk_from=50_000, left=left).via("account") == via


def test_BEY_7_what_is_not_written_there_costs_nothing():
    rows = changes_for(10)
    assert predict(rows.with_columns(side=pl.lit("here")), 2000) == Cost()
    assert predict(rows.with_columns(verdict=pl.lit("refused")), 2000) == Cost()


def test_BEY_7_a_cap_and_an_empty_allowance_stop_a_commit():
    dear = predict(changes_for(5000), bulk_from=9000, left=7)
    with pytest.raises(PlanError, match="needs about 8 API calls; max_api_calls allows 3"):
        refuse_if_too_dear(dear, cap=3)
    with pytest.raises(LimitError, match="only 7 are left"):
        refuse_if_too_dear(dear, cap=None)
    refuse_if_too_dear(predict(changes_for(5000), bulk_from=9000), cap=8)
    assert allowed(None, None) is None
    assert allowed(5, None, 3) == 3


def test_BEY_7_bulk_from_of_the_mapping_file_counts():
    assert some_plan(writeback=Writeback(bulk_from=1)).cost.jobs == 1
    assert some_plan(writeback=Writeback(bulk_from=1), calls_left=100).cost.left == 100


def test_the_prediction_knows_what_the_client_does():
    assert cost.RECORDS_PER_CALL == collections.ROWS_PER_CALL
    assert cost.RECORDS_PER_READ == query.IDS_PER_CALL
    assert cost.CALLS_PER_JOB == bulk.CALLS_PER_JOB
    assert cost.BYTES_PER_JOB == bulk.MOST_BYTES
