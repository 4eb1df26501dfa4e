"""Values that travel as they change, and a sync because somebody looks: just these records, and said in words."""

import polars as pl
import pytest

from tests.writeback.many import NOW, Desk
from toolkit.frames import MISMATCHES
from toolkit.writeback.committing.live import changed_here, changed_ids, sync_on_view, sync_records


@pytest.fixture
def many(desk):
    laid = Desk.laid(desk.demo_org, desk.org, desk.store)
    laid.commit(laid.plan())
    laid.pull()
    return laid


def edit_here(desk, name, here_id, **values):
    here = desk.store.records("here", name)
    mine = pl.col("id") == here_id
    edited = [pl.when(mine).then(pl.lit(value)).otherwise(field).alias(field) for field, value in values.items()]
    desk.store.save_records("here", name, here.with_columns(edited))


def records(desk, number):
    ids = desk.store.records("here", "account")["id"].sort()
    return ids[number], desk.link("account", ids[number])


def stage(desk, record):
    (row,) = desk.demo_org.rows(f"SELECT CS_Stage__c FROM Account WHERE Id = '{record}'")
    return row["CS_Stage__c"]


def test_CSU_2_values_travel_as_they_change_and_nothing_else_does(many):
    before = many.sides()
    (one, first), (other, _), (third, _) = (records(many, number) for number in (3, 4, 5))
    many.demo_org.edit("Account", first, {"CS_Stage__c": "Churned"})
    many.pull()
    edit_here(many, "account", other, mrr=77.5)
    edit_here(many, "meeting", "m-1", subject="Moved")
    after = many.sides()
    changed = changed_here(before, after)
    assert changed == {"account": {one, other}, "contact": set(), "meeting": {"m-1"}, "call": set()}
    edit_here(many, "account", third, mrr=5.0)  # changed as well, but not by what was just read
    done = sync_records(many.sides(), changed, many.org, many.store, many.settings, now=NOW, parent=many.parent())
    written = done.commit.results.select("side", "object", "here_id", "field").sort("side", "object").rows()
    assert written == [
        ("here", "account", one, "stage"),
        ("there", "account", other, "CS_MRR__c"),
        ("there", "meeting", "m-1", "Subject"),
    ]
    assert done.said.startswith("Wrote 2 values in Salesforce and 1 value here: ")
    assert "stage = Churned" in done.said
    assert many.here("account")[one]["stage"] == "Churned"
    left = many.plan().changes.select("here_id", "field").rows()
    assert left == [(third, "CS_MRR__c")]


def test_CSU_2_new_records_are_created_as_they_come(many):
    before = many.sides()
    new = pl.DataFrame({"id": ["N-9"], "external_id": ["N-9"], "name": ["Newest"], "stage": ["Growth"]})
    here = pl.concat([many.store.records("here", "account"), new], how="diagonal")
    many.store.save_records("here", "account", here)
    many.match()
    changed = changed_here(before, many.sides())
    done = sync_records(
        many.sides(), changed, many.org, many.store, many.settings, now=NOW, parent=many.parent(),
        mismatches=many.store.read(MISMATCHES),
    )  # fmt: skip
    assert done.commit.results["operation"].unique().to_list() == ["create"]
    assert stage(many, many.link("account", "N-9")) == "Growth"


def test_CSU_2_a_reading_that_brought_nothing_writes_nothing(many):
    before = many.sides()
    many.pull()
    changed = changed_here(before, many.sides())
    assert set().union(*changed.values()) == set()
    done = sync_records(many.sides(), changed, many.org, many.store, many.settings, now=NOW, parent=many.parent())
    assert (done.commit, done.said) == (None, "Nothing to write.")
    assert changed_ids(None, pl.DataFrame({"id": ["a"]})) == {"a"}


def on_view(desk, here_id):
    return sync_on_view(
        desk.sides(), "account", here_id, desk.org, desk.store, desk.settings, now=NOW, parent=desk.parent()
    )


def test_CSU_5_looking_at_a_record_writes_nothing_unless_the_setting_says_so(many):
    (one, first), (other, second) = records(many, 3), records(many, 4)
    for here_id in (one, other):
        edit_here(many, "account", here_id, stage="Growth" if stage(many, first) != "Growth" else "Adoption")
    calls = len(many.demo_org.calls)
    assert many.settings.writeback.sync_on_view is False
    assert on_view(many, one) is None
    assert len(many.demo_org.calls) == calls
    writeback = many.settings.writeback.model_copy(update={"sync_on_view": True})
    many.settings = many.settings.model_copy(update={"writeback": writeback})
    untouched = stage(many, second)
    done = on_view(many, one)
    assert stage(many, first) == many.here("account")[one]["stage"]
    assert stage(many, second) == untouched
    name = done.commit.results["name"][0]
    assert done.said == f"Wrote 1 value in Salesforce: {name}: CS_Stage__c = {stage(many, first)}."


def test_CSU_5_a_conflict_waits_for_a_person_and_is_said(many):
    one, first = records(many, 3)
    edit_here(many, "account", one, stage="Growth" if stage(many, first) != "Growth" else "Adoption")
    many.demo_org.edit("Account", first, {"CS_Stage__c": "Churned"})  # nobody has pulled it yet
    writeback = many.settings.writeback.model_copy(update={"sync_on_view": True})
    many.settings = many.settings.model_copy(update={"writeback": writeback})
    done = on_view(many, one)
    assert (done.commit, done.said) == (None, "Nothing to write. 1 value waits for a person.")
    assert stage(many, first) == "Churned"
