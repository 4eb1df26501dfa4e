"""The brakes of a plan: what trips them, what does not, and how a commit is told that it is meant."""

import polars as pl
import pytest

from tests.writeback.samples import NOW, mapped, sides
from toolkit.config.models import HEALTH_FIELDS, Brakes, Settings
from toolkit.errors import BrakeError
from toolkit.writeback.planning.braking import Brake, computed_columns, refuse_braked, refuse_churning, tripped
from toolkit.writeback.planning.plan import Plan, make_plan
from toolkit.writeback.planning.sides import pair

SCORE = mapped("health_score", "CS_Health_Score__c", "output")
SEGMENT = mapped("segment", "CS_Segment__c", "output")
USERS = mapped("active_users", "CS_Active_Users__c", "output")
STAGE = mapped("stage", "CS_Stage__c", "two_way", on_conflict="toolkit_wins")
TICKED = mapped("active", "CS_Active__c", "output")
INCOMING = mapped("stage", "CS_Stage__c", "input")
OF = 40


def some_plan(field, hit, here, there, of=OF, base=None, brakes=None, computed=HEALTH_FIELDS):
    """A plan over `of` linked records, of which `hit` hold `here` and `there`; the rest agree."""
    agreed = there if there is not None else here
    rows = [(here, there, base)] * hit + [(agreed, agreed, agreed)] * (of - hit)
    given = sides(
        [field],
        [{field.here: one} for one, _, _ in rows],
        [{field.there: other} for _, other, _ in rows],
        [{pair(field): None if was is None else str(was)} for _, _, was in rows],
    )
    return given, make_plan([given], org_id="00D", created_at=NOW, brakes=brakes or Brakes(), computed=computed)


def kinds(plan):
    return [(brake.kind, brake.side, brake.field, brake.records, brake.of) for brake in plan.brakes]


def test_BEY_8_many_values_that_would_be_cleared_trip_a_brake():
    _, plan = some_plan(SEGMENT, 12, None, "SMB", base="SMB")
    assert kinds(plan) == [("cleared", "there", "CS_Segment__c", 12, OF)]
    assert str(plan.brakes[0]) == (
        "12 of the 40 linked records of account would lose CS_Segment__c in Salesforce (30%); the brake allows 20%"
    )
    assert f"brake: {plan.brakes[0]}" in str(plan)
    assert "lose CS_Segment__c" in plan._repr_html_()
    assert Plan.load(plan.meta(), plan.changes).brakes == plan.brakes
    assert kinds(some_plan(SEGMENT, 8, None, "SMB", base="SMB")[1]) == []  # exactly the share that is allowed
    assert kinds(some_plan(SEGMENT, 9, None, "SMB", of=9, base="SMB")[1]) == []  # fewer than from_records


def test_BEY_8_figures_of_our_own_may_all_move_but_not_all_vanish():
    computed = computed_columns(Settings(objects={}, metrics={"active_users": {"source": "s", "column": "c"}}))
    for field, here, there in ((SCORE, 7.5, 8.5), (USERS, 5, 6)):
        assert kinds(some_plan(field, OF, here, there, base=there, computed=computed)[1]) == []
        cleared = some_plan(field, OF, None, there, base=there, computed=computed)[1]
        assert [each[0] for each in kinds(cleared)] == ["cleared"]
    assert [each[0] for each in kinds(some_plan(USERS, OF, 5, 6, base=6)[1])] == ["changed"]  # a column of a file


def test_BEY_8_many_values_that_would_be_replaced_trip_a_brake_on_either_side():
    assert kinds(some_plan(SEGMENT, 21, "SMB", "Enterprise", base="Enterprise")[1]) == [
        ("changed", "there", "CS_Segment__c", 21, OF)
    ]
    assert kinds(some_plan(SEGMENT, 20, "SMB", "Enterprise", base="Enterprise")[1]) == []
    assert kinds(some_plan(INCOMING, 21, "Growth", "Adoption", base="Growth")[1]) == [
        ("changed", "here", "stage", 21, OF)
    ]


def test_BEY_8_a_first_push_fills_what_is_empty_and_trips_nothing():
    assert kinds(some_plan(SEGMENT, OF, "SMB", None)[1]) == []
    assert kinds(some_plan(STAGE, OF, "Churned", None)[1]) == []
    assert kinds(some_plan(TICKED, OF, True, False)[1]) == []  # a box that nobody ever ticked is empty
    assert [each[0] for each in kinds(some_plan(TICKED, OF, True, False, base="false")[1])] == ["changed"]


def test_BEY_8_customers_who_would_all_be_churners_trip_a_brake():
    for field, here, there, side in ((STAGE, "Churned", "Growth", "there"), (INCOMING, "Growth", "Churned", "here")):
        _, plan = some_plan(
            field, 9, here, there, base=there if side == "there" else here, brakes=Brakes(from_records=9)
        )
        assert kinds(plan) == [("churned", side, "CS_Stage__c" if side == "there" else "stage", 9, OF)]
    assert "9 of the 40 linked records of account would become churners here (22%)" in str(plan)


def test_BEY_8_what_is_not_written_trips_nothing():
    given, plan = some_plan(SEGMENT, 12, None, "SMB", base="SMB")
    seqs = plan.changes["seq"].head(4)
    thinner = plan.without(seqs, "ada")
    assert tripped(thinner.changes, [given], Brakes()) == ()
    undo = plan.changes.with_columns(rule=pl.lit("undo"))
    assert tripped(undo, [given], Brakes()) == ()


def test_BEY_8_records_that_would_be_deleted_or_merged_away_trip_a_brake():
    given, plan = some_plan(SEGMENT, 12, None, "SMB", base="SMB")
    for operation in ("delete", "merge"):
        rows = plan.changes.with_columns(operation=pl.lit(operation), field=pl.lit(None, dtype=pl.String))
        assert [str(each) for each in tripped(rows, [given], Brakes())] == [
            "12 of the 40 linked records of account would be gone in Salesforce (30%); the brake allows 20%"
        ]


def test_BEY_8_a_commit_is_refused_unless_it_is_said_to_be_meant():
    given, plan = some_plan(SEGMENT, 12, None, "SMB", base="SMB")
    settings = Settings(objects={})
    with pytest.raises(BrakeError, match="12 of the 40 linked records of account would lose CS_Segment__c") as caught:
        refuse_braked(plan.changes, [given], settings, accept=False)
    assert "accept=True" in caught.value.hint
    assert "brakes.max_cleared_share" in caught.value.hint
    refuse_braked(plan.changes, [given], settings, accept=True)
    refuse_braked(plan.changes, [given], Settings(objects={}, brakes={"max_cleared_share": 0.3}), accept=False)
    assert tripped(plan.changes, [], Brakes(max_cleared_share=1)) == ()


def test_BEY_8_an_import_that_would_make_churners_of_many_is_refused():
    refuse_churning(8, 40, "account", Brakes())
    refuse_churning(9, 9, "account", Brakes())
    with pytest.raises(BrakeError, match="12 of the 40 linked records of account would become churners here") as caught:
        refuse_churning(12, 40, "account", Brakes())
    assert "accept_churning=True" in caught.value.hint


def test_a_share_is_never_more_than_all():
    assert Brake("cleared", "there", "account", "X__c", 12, 0, 0.2).share == 1
