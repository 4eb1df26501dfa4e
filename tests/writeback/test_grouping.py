"""A plan counted in groups that open into smaller ones."""

import polars as pl
import pytest

from toolkit.frames import CHANGES, conform
from toolkit.writeback.planning.grouping import VERDICTS, groups, with_groups, within


def row(seq: int, field: str, **values: str | None) -> dict:
    facts = {
        "seq": seq, "side": "there", "object": "account", "here_id": f"P-{seq}", "there_id": f"001{seq}", "name": "x",
        "operation": "update", "field": field, "partner": field, "type": "string", "base": None, "here": "new",
        "there": "old", "after": "new", "rule": "output", "verdict": "write", "reason": "",
    }  # fmt: skip
    return facts | values


@pytest.fixture(scope="module")
def changes() -> pl.DataFrame:
    rows = [
        row(1, "Score__c", type="double", there="10", after="20"),
        row(2, "Score__c", type="double", there="10", after="100"),
        row(3, "Stage__c", rule="hold", verdict="conflict"),
        row(4, "Stage__c", rule="two_way"),
        row(5, "Email", object="contact", operation="create", here_id="C-1", there_id=None),
        row(6, "LastName", object="contact", operation="create", here_id="C-1", there_id=None),
        row(7, "phone", side="here", verdict="excluded"),
    ]
    return conform(pl.DataFrame(rows, schema=dict(CHANGES.schema)), CHANGES)


def test_BEY_1_each_group_stands_above_those_it_opens_into_most_writes_first(changes):
    found = groups(changes)
    told = [(level, label, records, write) for level, label, records, write in found.select(
        "level", "label", "records", "write").iter_rows()]  # fmt: skip
    assert told == [
        (0, "account in Salesforce", 4, 3),
        (1, "Score__c", 2, 2),
        (2, "goes to Salesforce", 2, 2),
        (1, "Stage__c", 2, 1),
        (2, "one side changed", 1, 1),
        (2, "both changed, nobody decided", 1, 0),
        (0, "contact in Salesforce", 1, 2),
        (1, "new records", 1, 2),
        (2, "Email", 1, 1),
        (2, "LastName", 1, 1),
        (0, "account here", 1, 0),
        (1, "phone", 1, 0),
        (2, "goes to Salesforce", 1, 0),
    ]
    assert found["largest"].to_list()[:4] == [0.9, 0.9, 0.9, 0.75]


def test_every_row_is_in_one_group_of_each_level_and_found_by_its_key(changes):
    found, keyed = groups(changes), with_groups(changes)
    for level in range(3):
        of_level = found.filter(level=level)
        assert of_level.select(pl.sum_horizontal(*VERDICTS).sum()).item() == changes.height
        assert pl.concat([within(keyed, key) for key in of_level["key"]])["seq"].sort().to_list() == list(range(1, 8))
    parents = found.filter(pl.col("level") > 0)["parent"]
    assert set(parents) <= set(found["key"])


def test_a_plan_of_nothing_has_no_groups():
    assert groups(CHANGES.empty()).is_empty()
