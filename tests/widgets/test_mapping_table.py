from html import escape
from pathlib import Path

import pytest

from toolkit import Workspace
from toolkit.errors import InputError
from toolkit.widgets import MappingTable


def mapping_text(workspace) -> str:
    return (workspace.folder / "workspace.toml").read_text("utf-8")


def demo_with(folder: Path, old: str, new: str) -> Workspace:
    """Make a demo workspace, edit its mapping file as an admin would in an editor, and open it."""
    Workspace.demo(folder, accounts=60).close()
    path = folder / "workspace.toml"
    assert old in path.read_text("utf-8")
    path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
    return Workspace.open(folder)


def row(table: MappingTable, there: str) -> dict:
    return next(row for row in table.grid.page["rows"] if row["key"] == there)


def test_CARD_4_the_mapping_is_previewed_with_values_from_both_sides(ws):
    table = MappingTable(ws)
    assert table.summary() == "Field mapping: 16 fields; 16 fit"
    stage = row(table, "CS_Stage__c")["cells"]
    assert stage["sample_here"]
    assert stage["sample_there"]
    assert (stage["direction"], stage["light"]) == ("two_way", "ok")


def test_the_mapping_can_be_looked_at_before_anything_was_read(connected):
    table = MappingTable(connected)
    assert table.grid.page["total"] == 16
    assert row(table, "CS_Stage__c")["cells"]["sample_here"] is None


def test_edits_are_saved_to_the_mapping_file_and_its_comments_stay(ws):
    comments = [line for line in mapping_text(ws).splitlines() if line.startswith("#")]
    table = MappingTable(ws)
    assert table.save_button.disabled
    table.edit("CS_Stage__c", "on_conflict", "salesforce_wins")
    table.edit("CS_Stage__c", "order", "12")
    table.edit("Phone", "visible", True)
    table.edit("Industry", "editable", True)
    assert not table.save_button.disabled
    table.save_button.click()
    assert table.message.text == "Saved 3 fields in the mapping file."
    fields = {field.there: field for field in ws.mapped().fields}
    assert (fields["CS_Stage__c"].on_conflict, fields["CS_Stage__c"].order) == ("salesforce_wins", 12)
    assert (fields["Phone"].visible, fields["Industry"].editable) == (True, True)
    assert [line for line in mapping_text(ws).splitlines() if line.startswith("#")] == comments
    assert table.save_button.disabled
    assert table.grid.edits == {}


def test_a_direction_can_be_turned(ws):
    table = MappingTable(ws)
    table.edit("CS_Stage__c", "direction", "output")
    table.save()
    assert {field.there: field.direction for field in ws.mapped().fields}["CS_Stage__c"] == "output"
    assert row(table, "CS_Stage__c")["cells"]["direction"] == "output"


def test_VIT_19_a_mapping_that_is_not_valid_is_refused_with_the_line_and_changes_nothing(ws):
    before = mapping_text(ws)
    table = MappingTable(ws)
    table.edit("Name", "direction", "output")
    table.save_button.click()
    assert 'must start with "CS_"' in table.message.text
    assert "line " in table.message.text
    assert mapping_text(ws) == before
    assert table.grid.edits == {("Name", "direction"): "output"}
    assert not table.save_button.disabled
    table.discard_button.click()
    assert (table.grid.edits, table.message.text) == ({}, "")
    assert row(table, "Name")["cells"]["direction"] == "input"


def test_what_the_table_does_not_offer_cannot_be_entered(ws):
    table = MappingTable(ws)
    for column, value in (("direction", "sideways"), ("order", "first"), ("there", "Phone")):
        with pytest.raises(ValueError, match=r"none of|whole number|cannot be edited"):
            table.edit("CS_Stage__c", column, value)
    assert table.save_button.disabled
    before = mapping_text(ws)
    for edit in ({"direction": "sideways"}, {"colour": "red"}):
        with pytest.raises(InputError, match="CS_Stage__c cannot be mapped with"):
            ws.edit_mapping({"CS_Stage__c": edit})
    assert mapping_text(ws) == before


def test_CAT_20_a_score_that_does_not_fit_the_field_chosen_for_it_has_a_light_and_a_reason(tmp_path):
    with demo_with(tmp_path / "demo", "CS_Health_Score__c", "CS_At_Risk_Since__c") as workspace:
        table = MappingTable(workspace)
        html = table.html()
    advised = row(table, "CS_At_Risk_Since__c")
    assert advised["cells"]["light"] == "error"
    assert escape(advised["note"]) in html


def test_CAT_21_a_field_that_went_away_is_seen_after_checking_again(ws):
    table = MappingTable(ws)
    ws.demo_org.remove_field("Account", "CS_Segment__c")
    assert row(table, "CS_Segment__c")["cells"]["light"] == "ok"
    table.check_button.click()
    assert "read afresh" in table.message.text
    segment = row(table, "CS_Segment__c")
    assert segment["cells"]["light"] == "error"
    assert "CS_Segment__c" in segment["note"]
    assert "■ no fit" in table.html()
    assert table.summary() == "Field mapping: 16 fields; 15 fit, 1 do not fit"


def test_nobody_edits_a_mapping_that_is_not_theirs_to_edit(tmp_path):
    with demo_with(tmp_path / "demo", 'edit = ["*"]', 'edit = ["somebody-else"]') as workspace:
        table = MappingTable(workspace)
        table.edit("CS_Stage__c", "order", "9")
        table.save_button.click()
    assert "may not edit" in table.message.text
