"""The records of an object in a table whose edits are on both sides at once."""

import pytest

from toolkit.errors import ToolkitError
from toolkit.salesforce.opening import Organization
from toolkit.widgets import Records


@pytest.fixture
def table(ws):
    plan = ws.plan()
    ws.commit(plan, confirm=plan.digest)
    return Records(ws)


def stage_there(ws, here_id: str) -> str:
    there = dict(ws.links().select("here_id", "there_id").rows())[here_id]
    return ws.demo_org.rows(f"SELECT CS_Stage__c FROM Account WHERE Id = '{there}'")[0]["CS_Stage__c"]


def grown(ws) -> str:
    linked = ws.here().filter(stage="Growth").join(ws.links(), left_on="id", right_on="here_id")["id"]
    return next(each for each in linked if stage_there(ws, each) == "Growth")


def test_VIT_15_an_edit_of_a_cell_is_in_salesforce_at_once_and_undone(ws, table):
    account = grown(ws)
    table.grid.edit(account, "stage", "At Risk")
    assert stage_there(ws, account) == "At Risk"
    assert ws.here().filter(id=account)["stage"].item() == "At Risk"
    assert account in table.message.text
    assert not table.undo_button.disabled
    table.undo_button.click()
    assert stage_there(ws, account) == "Growth"
    assert table.grid.frame.filter(id=account)["stage"].item() == "Growth"
    assert table.undo_button.disabled


def test_BEY_8_what_may_be_edited_in_a_production_org_may_be_undone_there(ws, table):
    name = ws.org.organization.name
    ws.org.__dict__["organization"] = Organization(name, is_sandbox=False)
    writeback = ws.settings.writeback.model_copy(update={"production": name})
    ws.settings = ws.settings.model_copy(update={"writeback": writeback})
    account = grown(ws)
    table.grid.edit(account, "stage", "At Risk")
    table.undo_button.click()
    assert "Taken back" in table.message.text
    assert stage_there(ws, account) == "Growth"


def test_CSU_4_only_editable_fields_take_a_change_and_only_values_that_salesforce_knows(ws, table):
    account = grown(ws)
    with pytest.raises(ValueError, match="cannot be edited"):
        table.grid.edit(account, "industry", "Energy")
    with pytest.raises(ValueError, match="is none of"):
        table.grid.edit(account, "stage", "Somewhere")
    assert stage_there(ws, account) == "Growth"


def test_CSU_17_CSU_18_the_first_five_of_the_mapping_are_columns_in_their_order(ws, table):
    shown = [column["name"] for column in table.grid.columns]
    assert shown == ["id", *(field.here for field in ws.mapped().visible_fields[:5])]


def test_an_edit_that_salesforce_does_not_take_leaves_the_cell_and_says_why(ws, table):
    account = grown(ws)
    there = dict(ws.links().select("here_id", "there_id").rows())[account]
    ws.demo_org.edit("Account", there, {"CS_Stage__c": "Adoption"})
    with pytest.raises(ToolkitError):
        table.grid.edit(account, "stage", "At Risk")
    assert table.grid.frame.filter(id=account)["stage"].item() == "Growth"
    assert stage_there(ws, account) == "Adoption"


def test_names_are_shown_as_text(table):
    assert "<b>Bold</b>" not in table.html()
