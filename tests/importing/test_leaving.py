"""Who leaves the scope is kept, made a churner or archived, never deleted; who comes back is brought back."""

from datetime import UTC, date, datetime

import polars as pl
import pytest

from toolkit.config.objects import ObjectMapping
from toolkit.frames import LINKS, SKIPS
from toolkit.importing.records import import_object
from toolkit.matching.match import match
from toolkit.pulling.keeping import LEFT_SCOPE

MONDAY, TUESDAY, FRIDAY = (datetime(2026, 11, day, 8, tzinfo=UTC) for day in (2, 3, 6))
FIELDS = [{"here": "name", "there": "Name", "direction": "input"}]
THERE = pl.DataFrame({"id": ["001A", "001B"], "Name": ["Acme", "Bolt"], "Product_Id__c": ["P-1", "P-2"]})
HERE = pl.DataFrame({"id": ["h1"], "external_id": ["P-1"], "name": ["Acme"], "stage": ["Growth"]})
ONLY_BOLT = THERE.filter(pl.col("id") == "001B")


def mapping(left_scope, object_name="account", **settings):
    given = {"match": ["external_id = Product_Id__c"], "create": True, "fields": FIELDS, "left_scope": left_scope}
    return ObjectMapping.model_validate(given | settings).named(object_name)


def step(using, there, here, links, now, **more):
    matched = match(here, there, using, links, now, object_name=using.object)
    return import_object(using, there, here, matched.links, now, mismatches=matched.mismatches, **more)


def weeks(using, *wholes, here=HERE, **more):
    """Import one state of Salesforce after the other."""
    done, links = None, LINKS.empty()
    for there, now in zip(wholes, (MONDAY, TUESDAY, FRIDAY), strict=False):
        done = step(using, there, here, links, now, **more)
        here, links = done.here, done.links
    return done


def row(done, record_id):
    return done.here.row(by_predicate=pl.col("id") == record_id, named=True)


def test_SKA_12_a_customer_who_left_the_view_becomes_a_churner_and_stays():
    done = weeks(mapping("churn"), THERE, ONLY_BOLT)
    assert (row(done, "h1")["stage"], row(done, "h1")["churned_on"]) == ("Churned", date(2026, 11, 3))
    assert done.here["id"].to_list() == ["001B", "h1"]
    assert done.counts["churned"] == 1
    assert done.skips.select("side", "id", "rule", "reason").rows() == [
        ("here", "h1", "left_scope (SKA-12)",
         "its record 001A is no longer in scope, or deleted: a churner since 2026-11-03")
    ]  # fmt: skip


def test_SKA_12_an_adopted_customer_churns_as_well_and_only_once():
    using = mapping("churn")
    left = weeks(using, THERE, ONLY_BOLT.head(0), ONLY_BOLT.head(0))
    assert set(left.here["churned_on"]) == {date(2026, 11, 3)}
    assert set(left.here["stage"]) == {"Churned"}
    assert (left.counts["churned"], left.counts["unchanged"]) == (0, 2)


def test_SKA_12_the_reason_of_the_pull_is_told_on():
    gone = pl.DataFrame([("account", "there", "001A", "Acme", LEFT_SCOPE, "deleted in Salesforce")],
                        schema=SKIPS.schema, orient="row")  # fmt: skip
    done = weeks(mapping("churn"), THERE, ONLY_BOLT, gone=gone)
    assert done.skips["reason"].to_list() == ["its record 001A is deleted in Salesforce: a churner since 2026-11-03"]


def told_by_pull(reason):
    row = ("account", "there", "001A", "Acme", LEFT_SCOPE, reason)
    note = ("account", "there", "001A", "Acme", "levels (SKA-13)", "it is on level 3 in Salesforce")
    return pl.DataFrame([note, row], schema=SKIPS.schema, orient="row")


@pytest.mark.parametrize("reason", ['merged into "Ac(me)" (001C) in Salesforce', "merged into 001C in Salesforce"])
def test_SKA_12_a_customer_whose_record_was_merged_follows_it_and_does_not_churn(reason):
    survivor = pl.DataFrame({"id": ["001B", "001C"], "Name": ["Bolt", "Acme 2"], "Product_Id__c": ["P-2", None]})
    done = weeks(mapping("churn"), THERE, survivor, gone=told_by_pull(reason))
    assert done.links.select("here_id", "there_id").rows() == [("001B", "001B"), ("h1", "001C")]
    assert (row(done, "h1")["stage"], row(done, "h1")["there_id"]) == ("Growth", "001C")
    assert (done.counts["returned"], done.counts["churned"], done.counts["created"]) == (1, 0, 0)


def test_SKA_12_a_record_merged_into_one_with_a_partner_is_kept_and_told():
    gone = told_by_pull('merged into "Bolt" (001B) in Salesforce')
    done = weeks(mapping("churn"), THERE, ONLY_BOLT, gone=gone)
    assert (row(done, "h1")["stage"], done.counts["kept"]) == ("Growth", 1)
    assert done.skips["reason"].to_list() == [
        'its record 001A is merged into "Bolt" (001B) in Salesforce: kept, because that one has a partner of its own'
    ]


def test_SKA_12_a_record_merged_into_one_out_of_scope_has_left():
    done = weeks(mapping("churn"), THERE, ONLY_BOLT, gone=told_by_pull("merged into 001Z in Salesforce"))
    assert (row(done, "h1")["stage"], done.counts["churned"]) == ("Churned", 1)


def test_SKA_12_who_comes_back_has_the_stage_from_before():
    done = weeks(mapping("churn"), THERE, ONLY_BOLT, THERE)
    assert {name: row(done, "h1")[name] for name in ("stage", "churned_on", "stage_before")} == {
        "stage": "Growth", "churned_on": None, "stage_before": None,
    }  # fmt: skip
    assert done.counts["returned"] == 1
    assert done.skips.is_empty()


def test_SKA_12_an_adopted_customer_who_comes_back_is_linked_again():
    done = weeks(mapping("churn"), THERE, ONLY_BOLT.head(0), THERE)
    assert done.links.select("here_id", "there_id").rows() == [("001B", "001B"), ("h1", "001A")]
    assert (row(done, "001B")["churned_on"], row(done, "001B")["stage"]) == (None, None)


def test_SKA_12_a_churner_made_by_a_person_stays_one():
    person = HERE.with_columns(stage=pl.lit("Churned"))
    left = weeks(mapping("churn"), THERE, ONLY_BOLT, here=person)
    assert (left.counts["churned"], row(left, "h1")["churned_on"]) == (0, None)
    assert row(weeks(mapping("churn"), THERE, ONLY_BOLT, THERE, here=person), "h1")["stage"] == "Churned"


def test_SKA_12_a_stage_set_while_away_is_not_undone():
    using = mapping("churn")
    left = weeks(using, THERE, ONLY_BOLT)
    set_again = left.here.with_columns(stage=pl.lit("At Risk"))
    back = step(using, THERE, set_again, left.links, FRIDAY)
    assert (row(back, "h1")["stage"], row(back, "h1")["churned_on"]) == ("At Risk", None)


def test_SKA_12_kept_records_are_as_they_were_and_told():
    done = weeks(mapping("keep"), THERE, ONLY_BOLT)
    assert (row(done, "h1")["stage"], row(done, "h1")["churned_on"], row(done, "h1")["archived_on"]) == (
        "Growth", None, None,
    )  # fmt: skip
    assert done.counts["kept"] == 1
    assert done.skips["reason"].to_list() == ["its record 001A is no longer in scope, or deleted: kept as it is"]


@pytest.mark.parametrize(("object_name", "rule"), [("account", "archive"), ("deal", "archive"), ("deal", "churn")])
def test_SKA_12_archived_records_stay_with_a_day_and_come_back(object_name, rule):
    using = mapping(rule, object_name, role="account" if object_name == "account" else "other", sobject="Deal__c")
    left = weeks(using, THERE, ONLY_BOLT)
    assert row(left, "h1")["archived_on"] == date(2026, 11, 3)
    assert row(left, "h1")["stage"] == "Growth"
    assert left.counts["archived"] == 1
    back = weeks(using, THERE, ONLY_BOLT, THERE)
    assert row(back, "h1")["archived_on"] is None


def test_SKA_12_nothing_leaves_when_nothing_may_come_in():
    using = mapping("churn", mode="output")
    done = weeks(using, THERE, ONLY_BOLT)
    assert row(done, "h1")["stage"] == "Growth"
    assert done.counts["churned"] == 0


def test_SKA_12_a_record_that_is_excluded_now_has_not_left():
    using = mapping("churn")
    first = weeks(using, THERE)
    long = THERE.with_columns(Name=pl.when(pl.col("id") == "001A").then(pl.lit("x" * 129)).otherwise("Name"))
    strict = mapping("churn", exclude={"name_over": 128})
    done = import_object(strict, long, first.here, first.links, TUESDAY, mismatches=first.mismatches)
    assert (done.counts["churned"], done.counts["skipped"]) == (0, 1)
    assert row(done, "h1")["stage"] == "Growth"


def test_a_pairing_that_broke_while_both_are_there_is_not_a_departure():
    using = mapping("churn")
    first = weeks(using, THERE)
    moved = THERE.with_columns(
        Product_Id__c=pl.when(pl.col("id") == "001A").then(pl.lit("P-8")).otherwise("Product_Id__c")
    )
    done = step(using, moved, first.here, first.links, TUESDAY)
    assert row(done, "h1")["stage"] == "Growth"
    assert done.counts["churned"] == 0
