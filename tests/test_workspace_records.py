"""Single records through the workspace: edited, entered by hand, looked at; on both sides at once, and undone."""

import polars as pl
import pytest

from toolkit.errors import NotFoundError, ToolkitError
from toolkit.workspace import Workspace

ACCOUNTS = 60


def edited(folder, *changes: tuple[str, str]) -> Workspace:
    """Return a demo workspace with a changed mapping file, imported and scored."""
    with Workspace.demo(folder, accounts=ACCOUNTS):
        pass
    path = folder / "workspace.toml"
    text = path.read_text("utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text, "utf-8")
    ws = Workspace.open(folder)
    for step in (ws.pull, ws.load, ws.match, ws.import_records, ws.score):
        step()
    return ws


MEETINGS = '[objects.meeting]\nsobject = "Event"\n'
TWO_WAY_MEETINGS = (f'{MEETINGS}mode = "input"', f'{MEETINGS}mode = "two_way"\ncreate_there = true')


def stages(ws: Workspace) -> dict[str, str]:
    return {row["Id"]: row["CS_Stage__c"] for row in ws.demo_org.rows("SELECT Id, CS_Stage__c FROM Account")}


def test_VIT_15_CSU_4_an_edit_is_on_both_sides_at_once_and_undone_on_both(tmp_path):
    with edited(tmp_path / "w") as ws:
        plan = ws.plan()
        ws.commit(plan, confirm=plan.digest)
        link = ws.links().join(ws.here().filter(stage="Growth"), left_on="here_id", right_on="id").row(0, named=True)
        done = ws.edit("account", link["here_id"], {"stage": "At Risk"})
        assert done.failed == done.held == 0
        assert stages(ws)[link["there_id"]] == "At Risk"
        assert ws.here().filter(id=link["here_id"])["stage"].item() == "At Risk"
        assert ws.plan().rows("write").is_empty()
        undo = ws.undo()
        ws.commit(undo, confirm=undo.digest)
        assert stages(ws)[link["there_id"]] == "Growth"
        assert ws.here().filter(id=link["here_id"])["stage"].item() == "Growth"


def test_an_edit_before_the_first_score_is_whole(tmp_path):
    with Workspace.demo(tmp_path / "w", accounts=ACCOUNTS) as ws:
        for step in (ws.pull, ws.load, ws.match):
            step()
        agreed = ws.here().filter(stage="Growth").join(ws.links(), left_on="id", right_on="here_id")
        there = stages(ws)
        row = next(row for row in agreed.iter_rows(named=True) if there[row["there_id"]] == "Growth")
        done = ws.edit("account", row["id"], {"stage": "At Risk"})
        assert (done.held, done.failed) == (0, 0)
        assert stages(ws)[row["there_id"]] == "At Risk"


def test_CSU_4_a_field_that_is_not_editable_is_refused_in_words(tmp_path):
    with edited(tmp_path / "w") as ws:
        account = ws.links()["here_id"][0]
        with pytest.raises(ToolkitError, match="may not be edited"):
            ws.edit("account", account, {"industry": "Energy"})
        with pytest.raises(ToolkitError, match="is not a value of"):
            ws.edit("account", account, {"stage": "Somewhere"})
        with pytest.raises(NotFoundError, match="P-nobody"):
            ws.edit("account", "P-nobody", {"stage": "Growth"})


def test_SKA_33_what_is_entered_by_hand_goes_to_the_crm_and_nothing_else_does(tmp_path):
    with edited(tmp_path / "w", TWO_WAY_MEETINGS) as ws:
        before = len(ws.demo_org.rows("SELECT Id FROM Event"))
        assert ws.plan().rows("write").filter(object="meeting").is_empty(), "what came from there does not go back"
        account = ws.links()["here_id"][0]
        held = ws.here("meeting")
        with pytest.raises(ToolkitError, match="length"):
            ws.add("meeting", {"subject": "Quarterly review", "account_id": account})
        assert ws.here("meeting").equals(held), "what is refused leaves nothing behind"
        done = ws.add("meeting", {"subject": "Quarterly review", "account_id": account, "minutes": 45})
        assert done.failed == done.held == 0
        events = ws.demo_org.rows("SELECT Id, Subject, WhatId FROM Event")
        assert len(events) == before + 1
        (made,) = [row for row in events if row["Subject"] == "Quarterly review"]
        assert made["WhatId"] == dict(ws.links().select("here_id", "there_id").rows())[account]
        for step in (ws.pull, ws.match, ws.import_records):
            step()
        assert ws.here("meeting").filter(subject="Quarterly review").height == 1
        assert ws.plan().rows("write").filter(object="meeting").is_empty()


def test_CSU_5_looking_writes_only_when_the_setting_says_so(tmp_path):
    on = ("[writeback]\n", "[writeback]\nsync_on_view = true\n")
    for number, (changes, written) in enumerate([((), False), ((on,), True)]):
        with edited(tmp_path / str(number), *changes) as ws:
            ws.connection()
            calls = len(ws.demo_org.calls)
            link = ws.links().join(ws.scores().drop_nulls("shown"), left_on="here_id", right_on="id").row(0, named=True)
            shown = ws.record("account", link["here_id"])
            assert shown.columns == ["field", "here", "there", "editable"]
            assert (len(ws.demo_org.calls) > calls) is written
            soql = f"SELECT CS_Health_Score__c FROM Account WHERE Id = '{link['there_id']}'"
            assert (ws.demo_org.rows(soql)[0]["CS_Health_Score__c"] is not None) is written
            told = ws.runs().filter(step="view")
            assert told.height == int(written)
            assert all("values in Salesforce" in note for note in told["note"])


def test_CSU_2_a_job_brings_over_what_changed_as_it_changes(tmp_path):
    with edited(tmp_path / "w") as ws:
        plan = ws.plan()
        ws.commit(plan, confirm=plan.digest)
        link = ws.links().join(ws.here().filter(stage="Growth"), left_on="here_id", right_on="id").row(0, named=True)
        ws.demo_org.edit("Account", link["there_id"], {"CS_Stage__c": "At Risk"})
        note = ws.job("sync")
        assert ws.here().filter(pl.col("id") == link["here_id"])["stage"].item() == "At Risk"
        assert "1" in note
        assert ws.job("sync")
        assert ws.plan().rows("write").is_empty()


def test_CSU_2_the_first_sync_of_a_new_workspace_takes_everything(tmp_path):
    with Workspace.demo(tmp_path / "w", accounts=ACCOUNTS) as ws:
        ws.job("sync")
        assert ws.links().height
        assert not ws.plan().writes


def test_SKA_1_every_object_of_the_mapping_comes_in(tmp_path):
    with edited(tmp_path / "w") as ws:
        kinds = {name: ws.mapped(name).acts_as for name in ws.objects}
        assert set(kinds.values()) == {"account", "contact", "agreement", "interaction"}
        assert {name for name, kind in kinds.items() if kind == "interaction"} == {"meeting", "call", "email", "note"}
        assert all(ws.here(name).height for name in kinds)


def test_SKA_7_what_is_disabled_is_neither_read_nor_written(tmp_path):
    contacts = '[objects.contact]\nsobject = "Contact"\n'
    with edited(tmp_path / "w", (f'{contacts}mode = "input"', f'{contacts}mode = "disabled"')) as ws:
        assert "contact" not in ws.objects
        assert ws.store.records("there", "contact") is None
        assert not [call for call in ws.demo_org.calls if "Contact" in str(call)]
        assert "contact" not in set(ws.plan().changes["object"])


def test_VIT_4_records_in_salesforce_carry_health_and_segment_after_a_commit(tmp_path):
    with edited(tmp_path / "w") as ws:
        plan = ws.plan()
        ws.commit(plan, confirm=plan.digest)
        there = {row["Id"]: row for row in ws.demo_org.rows("SELECT Id, CS_Segment__c, CS_Health_Band__c FROM Account")}
        here = ws.here().join(ws.links(), left_on="id", right_on="here_id").drop_nulls("health_band")
        assert here.height > ACCOUNTS / 2
        for row in here.iter_rows(named=True):
            record = there[row["there_id"]]
            assert (record["CS_Segment__c"], record["CS_Health_Band__c"]) == (row["segment"], row["health_band"])
