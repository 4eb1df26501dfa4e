"""Two plans beside each other."""

from tests.writeback.test_excluding import rows, some_plan
from toolkit.writeback.planning.comparing import COMPARISON, compared


def test_BEY_1_a_plan_and_itself_do_not_differ():
    changes = some_plan().changes
    assert compared(changes, changes).is_empty()
    assert compared(changes, changes).schema == COMPARISON.schema


def test_BEY_1_two_plans_differ_in_rows_values_and_verdicts():
    a = rows(
        ("there", "account", "P-1", "001", "update", "CS_Segment__c", "segment", "SMB"),
        ("there", "account", "P-2", "002", "update", "CS_Segment__c", "segment", "SMB"),
        ("there", "account", "P-3", "003", "update", "CS_Segment__c", "segment", "SMB"),
        ("there", "account", "P-4", None, "create", "Name", "name", "New"),
        ("there", "account", "P-5", "005", "update", "CS_Stage__c", "stage", "Growth"),
    )
    b = rows(
        ("there", "account", "P-2", "002", "clear", "CS_Segment__c", "segment", None),
        ("there", "account", "P-3", "003", "update", "CS_Segment__c", "segment", "SMB"),
        ("there", "account", "P-4", None, "create", "Name", "name", "New"),
        ("there", "account", "P-4", None, "create", "Phone", "phone", "1"),
        ("here", "account", "P-5", "005", "update", "stage", "CS_Stage__c", "Growth"),
    )
    told = compared(a, a.clear().vstack(b))
    assert told.select("change", "here_id", "after_a", "after_b", "seq_a", "seq_b").rows() == [
        ("only_a", "P-1", "SMB", None, 1, None),
        ("value", "P-2", "SMB", None, 2, 1),
        ("only_b", "P-4", None, "1", None, 4),
        ("value", "P-5", "Growth", "Growth", 5, 5),
    ]
    assert told.filter(here_id="P-5").select("side", "field", "partner").row(0) == ("here", "stage", "CS_Stage__c")


def test_BEY_1_what_was_left_out_is_a_difference_of_verdict():
    plan = some_plan()
    told = compared(plan.changes, plan.without([4], "ada").changes)
    assert told.select("change", "verdict_a", "verdict_b", "seq_a").rows() == [("verdict", "write", "excluded", 4)]


def test_BEY_1_the_two_halves_of_a_value_are_compared_each_with_its_own():
    both = rows(
        ("here", "account", "P-1", "001", "update", "stage", "CS_Stage__c", "Growth"),
        ("there", "account", "P-1", "001", "update", "CS_Stage__c", "stage", "Growth"),
    )
    assert compared(both, both).is_empty()
    assert compared(both, both.head(1))["change"].to_list() == ["only_a"]
