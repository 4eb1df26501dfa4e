"""What people decide about conflicts and held rows: carried out once, void when a value moved, and no value lost."""

from dataclasses import replace

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.writeback.samples import NOW, mapped, replaced, sides, there_id
from toolkit.errors import InputError
from toolkit.frames import CHANGES, DECISIONS, conform
from toolkit.writeback.planning import deciding
from toolkit.writeback.planning.deciding import QUEUE, decided_ids, decisions_of, queue, void
from toolkit.writeback.planning.merge import new_base
from toolkit.writeback.planning.plan import make_plan
from toolkit.writeback.planning.sides import PAIR, pair

STAGE = mapped("stage", "CS_Stage__c", "two_way")
SEGMENT = mapped("segment", "CS_Segment__c", "output", on_conflict="hold")
INDUSTRY = mapped("band", "CS_Health_Band__c", "input", on_conflict="hold")


def conflicting(here="Growth", there="Adoption", base="Onboarding", field=STAGE):
    return sides([field], [{field.here: here}], [{field.there: there}], [{pair(field): base}])


def planned(given, decisions=None, **options):
    return make_plan([given], org_id="00D", created_at=NOW, decisions=decisions, **options)


def waiting(plan, given, decisions=None, written=None):
    rows = plan.changes.with_columns(
        number=pl.lit(1, dtype=pl.Int64), counts=pl.lit(value=True), plan_id=pl.lit(plan.plan_id),
        created_at=pl.lit(NOW).cast(pl.Datetime("ms", "UTC")),
    )  # fmt: skip
    nothing = pl.DataFrame(schema={"number": pl.Int64, **dict.fromkeys(deciding.KEY, pl.String)})
    known = DECISIONS.empty() if decisions is None else decisions
    return queue(rows, known, {"account": given.mapping}, nothing if written is None else written)


def decided(given, choice, note=""):
    return decisions_of(waiting(planned(given), given), choice, "ada", NOW, note)


def test_BEY_2_a_conflict_is_written_the_way_a_person_decided():
    given = conflicting()
    row = planned(given, decided(given, "here", "asked the customer")).changes.row(0, named=True)
    assert (row["side"], row["field"], row["partner"], row["after"]) == ("there", "CS_Stage__c", "stage", "Growth")
    assert (row["verdict"], row["rule"], row["operation"]) == ("write", "decided", "update")
    assert row["reason"] == (
        "'Growth' in place of 'Adoption' in Salesforce, decided by ada on 2026-11-02 08:00: asked the customer"
    )
    row = planned(given, decided(given, "there")).changes.row(0, named=True)
    assert (row["side"], row["field"], row["partner"], row["after"]) == ("here", "stage", "CS_Stage__c", "Adoption")
    assert row["reason"] == "'Adoption' in place of 'Growth' here, decided by ada on 2026-11-02 08:00"


def test_BEY_2_what_is_left_stays_held_and_says_who_left_it():
    given = conflicting()
    plan = planned(given, decided(given, "leave"))
    row = plan.changes.row(0, named=True)
    assert (plan.writes, row["verdict"], row["rule"]) == (0, "held", "decided")
    assert row["reason"] == "left as it is, here 'Growth', in Salesforce 'Adoption', decided by ada on 2026-11-02 08:00"


def test_BEY_2_a_decision_is_void_once_either_value_moved():
    decision = decided(conflicting(), "here")
    for moved in (conflicting(here="At Risk"), conflicting(there="Churned"), conflicting(there=None)):
        plan = planned(moved, decision)
        assert (plan.writes, plan.count("conflict")) == (0, 1)
        assert "what was decided by ada on 2026-11-02 08:00 was about other values" in plan.changes["reason"][0]
        assert void(decision, [moved]).equals(decision)
    assert void(decision, [conflicting()]).is_empty()
    out_of_view = replaced(conflicting(), there=conflicting().there.clear())
    assert void(decision, [out_of_view]).is_empty()  # nobody knows that it moved


def test_BEY_2_a_field_takes_a_value_only_the_way_it_goes():
    held = conflicting("SMB", "Enterprise", "SMB", SEGMENT)
    assert waiting(planned(held), held)["choices"].to_list() == ["here, leave"]
    with pytest.raises(InputError, match=r'"there" cannot be chosen for segment = CS_Segment__c') as caught:
        decided(held, "there")
    assert "Choose one of: here, leave" in caught.value.hint
    incoming = conflicting("Green", "Red", "Red", INDUSTRY)
    assert waiting(planned(incoming), incoming)["choices"].to_list() == ["there, leave"]
    with pytest.raises(InputError, match="There is no choice 'both'"):
        decided(held, "both")


def test_BEY_2_a_decision_for_a_way_that_the_mapping_closed_is_not_carried_out():
    given = conflicting()
    decision = decided(given, "there")
    one_way = mapped("stage", "CS_Stage__c", "output", on_conflict="hold")
    closed = replaced(given, mapping=given.mapping.model_copy(update={"fields": (one_way,)}))
    row = planned(closed, decision).changes.row(0, named=True)
    assert (row["verdict"], row["side"]) == ("conflict", "there")
    assert "for a value that this field does not take" in row["reason"]


def test_BEY_2_a_held_value_that_was_never_ours_is_cleared_when_a_person_says_so():
    given = conflicting(None, "Enterprise", None, SEGMENT)
    assert planned(given).rows("held").height == 1
    row = planned(given, decided(given, "here")).changes.row(0, named=True)
    assert (row["operation"], row["after"], row["verdict"]) == ("clear", None, "write")
    assert row["reason"].startswith("nothing in place of 'Enterprise' in Salesforce")


def test_BEY_2_a_decided_value_that_salesforce_would_refuse_is_refused():
    given = conflicting(here="No such stage")
    plan = planned(given, decided(given, "here"))
    assert (plan.writes, plan.count("refused")) == (0, 1)


def test_BEY_2_the_queue_tells_each_value_once_with_the_first_plan_it_stood_in():
    given = conflicting()
    first, moved = planned(given).changes, planned(conflicting(here="At Risk")).changes
    earlier = NOW.replace(day=1)

    def kept(changes, number, at, counts=True):
        return changes.with_columns(
            number=pl.lit(number, dtype=pl.Int64), counts=pl.lit(counts), plan_id=pl.lit(f"plan{number}"),
            created_at=pl.lit(at).cast(pl.Datetime("ms", "UTC")),
        )  # fmt: skip

    nothing = pl.DataFrame(schema={"number": pl.Int64, **dict.fromkeys(deciding.KEY, pl.String)})
    rows = pl.concat([kept(moved, 1, NOW.replace(day=1, hour=1), False), kept(first, 2, earlier, False),
                      kept(first, 3, NOW), kept(first, 4, NOW)])  # fmt: skip
    mappings = {"account": given.mapping}
    told = queue(rows, DECISIONS.empty(), mappings, nothing)
    assert told["row"].to_list() == ["plan4:1"]
    assert told["since"].to_list() == [earlier]
    written = nothing.clear().vstack(told.select(pl.lit(4, dtype=pl.Int64).alias("number"), *deciding.KEY))
    assert queue(rows, DECISIONS.empty(), mappings, written).is_empty()
    assert queue(rows, DECISIONS.empty(), {}, nothing).is_empty()  # no longer mapped


def test_BEY_2_only_what_is_to_be_carried_out_is_looked_at_by_a_sync():
    given = conflicting()
    assert decided_ids(decided(given, "here")) == {"account": {"P-00001"}}
    assert decided_ids(decided(given, "leave")) == {}


def test_the_store_and_the_merge_call_a_pair_the_same():
    assert PAIR.format("stage", "CS_Stage__c") == "stage = CS_Stage__c"


STAGES = st.sampled_from([None, "Onboarding", "Adoption", "Growth", "At Risk"])
RECORDS = st.lists(st.tuples(STAGES, STAGES, STAGES, st.sampled_from([None, "here", "there", "leave"])), min_size=1,
                   max_size=6)  # fmt: skip


@given(RECORDS)
def test_BEY_2_decisions_lose_no_value_and_touch_nothing_else(records):
    given_ = sides(
        [STAGE],
        [{"stage": here} for here, _, _, _ in records],
        [{"CS_Stage__c": there} for _, there, _, _ in records],
        [{pair(STAGE): base} for _, _, base, _ in records],
    )
    typed = {"stage": pl.String, "CS_Stage__c": pl.String}
    given_ = replace(given_, here=given_.here.cast({"stage": pl.String}), there=given_.there.cast(
        {name: dtype for name, dtype in typed.items() if name in given_.there.columns}))  # fmt: skip
    before = planned(given_)
    asked = waiting(before, given_)
    choices = {f"P-{number:05}": record[3] for number, record in enumerate(records, 1)}
    wanted = [(asked.filter(here_id=here_id), choice) for here_id, choice in choices.items() if choice]
    made = [decisions_of(rows, choice, "ada", NOW) for rows, choice in wanted if rows.height]
    decisions = conform(pl.concat([DECISIONS.empty(), *made]), DECISIONS)
    after = planned(given_, decisions)
    assert conform(after.changes, CHANGES).equals(after.changes)
    assert after.changes.height == before.changes.height
    keys = ["here_id", "there_id"]
    same = ["here", "there", "base"]
    assert after.changes.select(*keys, *same).sort(keys).equals(before.changes.select(*keys, *same).sort(keys))
    for row in after.changes.iter_rows(named=True):
        choice = choices[row["here_id"]] if row["here_id"] in set(asked["here_id"]) else None
        was = before.changes.filter(here_id=row["here_id"]).row(0, named=True)
        if choice in (None, "leave"):
            assert row["verdict"] == ("held" if choice else was["verdict"])
            continue
        assert (row["side"], row["verdict"]) == ({"here": "there", "there": "here"}[choice], "write")
        assert row["after"] == row[choice]
        lost = row["there"] if choice == "here" else row["here"]
        assert (lost is None and "nothing" in row["reason"]) or f"'{lost}'" in row["reason"]


def test_BEY_2_once_both_sides_have_the_decided_value_nothing_is_left_to_say():
    given = conflicting()
    done = replaced(given, there=given.there.with_columns(CS_Stage__c=pl.lit("Growth")))
    done = replaced(done, base=new_base(done))
    decision = decided(given, "here")
    assert planned(done, decision).changes.is_empty()
    assert void(decision, [done]).height == 1
    assert there_id(1) in decision["there_id"].to_list()
    assert waiting(planned(given), given).columns == list(QUEUE.schema)
