"""Children of one parent go one after the other, and what was locked goes again in that order."""

import polars as pl
import pytest

from tests.writeback.many import Desk
from toolkit.config.models import Brakes
from toolkit.salesforce.describe import FieldDescribe, ObjectDescribe
from toolkit.writeback.committing.ordering import by_parent, parent_path


def test_children_of_one_parent_follow_each_other():
    table = pl.DataFrame({"id": list("abcdefg"), "to": ["x", "y", None, "x", None, "y", "z"]})
    assert by_parent(table, "to")["id"].to_list() == list("adbfceg")
    assert by_parent(table, "none").equals(table)
    assert by_parent(table, None).equals(table)


def reference(name, *targets, **more):
    return FieldDescribe(name, type="reference", reference_to=targets, **more)


@pytest.mark.parametrize(
    ("fields", "parent"),
    [
        ([reference("OwnerId", "User")], None),
        ([reference("OwnerId", "User"), reference("ParentId", "Account")], "ParentId"),
        ([reference("ReportsToId", "Contact"), reference("AccountId", "Account")], "AccountId"),
        ([reference("WhoId", "Contact", "Lead"), reference("WhatId", "Account", "Opportunity")], "WhatId"),
        ([reference("B__c", "Account", custom=True), reference("C__c", "Account", custom=True, nillable=False)],
         "C__c"),
        ([reference("Csm__c", "User", custom=True)], None),
    ],
)  # fmt: skip
def test_the_parent_is_the_record_that_salesforce_locks(fields, parent):
    found = {each.name: each for each in fields}
    assert parent_path(ObjectDescribe("X", "X", found)) == parent


@pytest.mark.parametrize("bulk_from", [2000, 1])
def test_BEY_6_locked_children_are_sent_again_by_parent(desk, bulk_from):
    desk = Desk.laid(desk.demo_org, desk.org, desk.store, bulk_from=bulk_from)
    desk.commit(desk.plan())
    desk.pull()
    titled = desk.store.records("here", "contact").with_columns(title=pl.concat_str(pl.lit("T "), "id"))
    desk.store.save_records("here", "contact", titled)
    desk.settings = desk.settings.model_copy(update={"brakes": Brakes(max_changed_share=1.0)})
    plan = desk.plan()
    rows = plan.rows("write").filter((pl.col("object") == "contact") & (pl.col("side") == "there"))
    assert rows.height > 40
    desk.demo_org.faults.inject("lock_row", times=2, rows=25, match="sobjects|jobs/ingest")
    done = desk.commit(plan)
    assert (done.failed, done.held) == (0, 0), done.failures
    titles = desk.demo_org.rows("SELECT Id FROM Contact WHERE Title LIKE 'T %'")
    assert len(titles) == rows.height
