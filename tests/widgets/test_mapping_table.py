from html import escape
from pathlib import Path

import polars as pl
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


def test_CSU_17_a_row_that_is_moved_takes_its_number_and_the_rows_it_passed_theirs(ws):
    table = MappingTable(ws)
    before = table.grid.frame["there"].to_list()
    table.move("Industry", 0)
    assert table.grid.frame["there"].to_list() == ["Industry", *(there for there in before if there != "Industry")]
    assert table.grid.frame["order"].to_list()[:7] == [1, 2, 3, 4, 5, 6, None]
    assert table.grid.said == "Industry is now 1 of 16"
    table.save_button.click()
    assert [field.there for field in ws.mapped().visible_fields][:3] == ["Industry", "Name", "CS_Health_Score__c"]
    assert table.grid.frame["there"].to_list()[0] == "Industry"


def test_CSU_17_a_row_that_had_no_number_gets_one_where_it_was_put(ws):
    table = MappingTable(ws)
    last = table.grid.frame["there"][-1]
    table.move(last, 3)
    table.save()
    assert table.grid.frame["there"][3] == last
    assert [field.there for field in ws.mapped().visible_fields][3] == last


def test_rows_are_moved_only_while_nothing_is_searched_or_sorted(ws):
    table = MappingTable(ws)
    table.grid.find("stage")
    with pytest.raises(ValueError, match="no search"):
        table.move("CS_Stage__c", 0)
    table.grid.find("")
    table.grid._handle_custom_msg({"kind": "move", "row": "CS_Stage__c", "by": -1}, [])
    assert table.grid.frame["there"][2] == "CS_Stage__c"


def test_CSU_16_VIT_15_visible_and_editable_are_switches_of_every_object(ws):
    table = MappingTable(ws, "contact")
    table.edit("Title", "visible", False)
    table.edit("Email", "editable", True)
    table.save()
    fields = {field.there: field for field in ws.mapped("contact").fields}
    assert (fields["Title"].visible, fields["Email"].editable) == (False, True)
    assert table.summary() == "Field mapping of contact: 3 fields; 3 fit"


def test_VIT_14_a_field_of_the_org_is_added_and_taken_out_again(ws):
    table = MappingTable(ws, "contact")
    table.fields.selected_index = 0
    offered = [name for _, name in table.fields.field.options]
    assert "Phone" in offered
    assert not {"Email", "Name", "Title"} & set(offered)
    table.fields.field.value = "Phone"
    assert table.fields.hint.value == "phone, can be written"
    assert table.fields.here.value == "business_phone"
    table.fields.add_button.click()
    assert table.message.text.startswith("Phone is mapped to business_phone.")
    assert ws.mapped("contact").fields[-1].here == "business_phone"
    table.fields.mapped.value = "Phone"
    table.fields.remove_button.click()
    assert [field.there for field in ws.mapped("contact").fields] == ["Name", "Email", "Title"]


def test_a_name_here_that_cannot_be_is_told_and_nothing_is_added(ws):
    before = mapping_text(ws)
    table = MappingTable(ws, "contact")
    table.fields.selected_index = 0
    table.fields.add_button.click()
    assert table.message.text.startswith("No field is chosen.")
    table.fields.field.value = "Phone"
    table.fields.here.value = "1st phone"
    table.fields.add_button.click()
    assert "a letter, then letters, digits and underscores" in table.message.text
    assert mapping_text(ws) == before


def test_types_samples_and_how_much_is_filled_in_are_shown_before_anything_is_linked(ws):
    cells = row(MappingTable(ws, "contact"), "Email")["cells"]
    assert (cells["kinds"], cells["light"]) == ("email", "ok")
    assert "@" in cells["sample_there"]
    assert cells["filled"].endswith(" %")
    assert row(MappingTable(ws), "CS_MRR__c")["cells"]["kinds"] == "number · currency"


def test_settings_that_few_fields_have_are_shown_on_demand_and_saved(ws):
    table = MappingTable(ws)
    table.edit("Industry", "order", "9")
    table.details.value = True
    table.edit("CS_Active_Users__c", "default", "0")
    table.edit("CS_Stage__c", "nulls", "keep")
    table.save()
    fields = {field.there: field for field in ws.mapped().fields}
    assert fields["CS_Active_Users__c"].default == 0
    assert (fields["CS_Stage__c"].nulls, fields["Industry"].order) == ("keep", 9)
    assert "leaves it as it is" in MappingTable(ws).html()  # shown, as one field has such a setting
    table.edit("CS_Active_Users__c", "default", "few")
    table.save_button.click()
    assert "'few' is no double." in table.message.text


def test_markup_in_names_and_values_is_shown_as_text(ws):
    ws.store.save_records(
        "there", "contact", ws.there("contact").with_columns(Title=pl.lit("<img src=x onerror=alert(1)>"))
    )
    html = MappingTable(ws, "contact").html()
    assert "<img" not in html
    assert "&lt;img src=x" in html
