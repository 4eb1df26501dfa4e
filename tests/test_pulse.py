"""Score and pulse in Salesforce: said by hand or in a file, uploaded to the fields an admin made, and taken back."""

import csv

import pytest

from toolkit.config import preset_text
from toolkit.demo_org.company.files import write_customer_side
from toolkit.demo_workspace import AS_OF
from toolkit.engagement import pulses
from toolkit.errors import EditRefused
from toolkit.workspace import Workspace

ACCOUNTS = 20
CUSTOM = "Health_of_CSM__c"


@pytest.fixture
def folder(tmp_path):
    """A new workspace of the preset whose product uploads both."""
    text = preset_text("skalin").replace("[workspace]\n", f"[workspace]\nas_of = {AS_OF:%Y-%m-%dT%H:%M:%SZ}\n", 1)
    (tmp_path / "workspace.toml").write_text(f"{text}\n[demo]\naccounts = {ACCOUNTS}\n", "utf-8")
    write_customer_side(tmp_path, accounts=ACCOUNTS, seed=1, today=AS_OF.date())
    return tmp_path


def ready(ws):
    for step in (ws.pull, ws.load, ws.match, ws.import_records, ws.score):
        step()
    return ws


def sent(ws):
    fields = "Id, Skalin_Health_Score__c, Skalin_Pulse__c"
    return {row["Id"]: row for row in ws.demo_org.rows(f"SELECT {fields} FROM Account")}


def test_SKA_35_score_and_a_pulse_said_by_hand_are_uploaded_and_taken_back(folder):
    with Workspace(folder, in_memory_org=True) as ws:
        plan = ready(ws).plan()
        ws.commit(plan, confirm=plan.digest)
        link = ws.links().join(ws.scores().drop_nulls("shown"), left_on="here_id", right_on="id").row(0, named=True)
        assert sent(ws)[link["there_id"]]["Skalin_Health_Score__c"] == round(link["shown"])
        done = ws.edit("account", link["here_id"], {"pulse": 4, "pulse_reason": "renewed early"})
        assert (done.held, done.failed) == (0, 0)
        assert sent(ws)[link["there_id"]]["Skalin_Pulse__c"] == 4
        row = ws.here().filter(id=link["here_id"]).row(0, named=True)
        assert (row["pulse"], row["pulse_reason"], row["pulse_by"]) == (4, "renewed early", ws.person())
        assert row["pulse_at"] == AS_OF.date()
        fresh = pulses(ws.here(), ws.now())
        assert fresh.select("id", "pulse_at", "days").rows() == [(link["here_id"], AS_OF.date(), 0)]
        ready(ws)
        assert ws.here().filter(id=link["here_id"])["pulse_by"].item() == ws.person()
        assert ws.plan().rows("write").is_empty()
        undo = ws.undo(done.commit_id)
        back = ws.commit(undo, confirm=undo.digest)
        assert (back.held, back.failed) == (0, 0)
        assert sent(ws)[link["there_id"]]["Skalin_Pulse__c"] is None
        kept = ws.here().filter(id=link["here_id"]).select("pulse", "pulse_at", "pulse_by", "pulse_reason").row(0)
        assert kept == (None, None, None, None)
        with pytest.raises(EditRefused):
            ws.edit("account", link["here_id"], {"pulse": "splendid"})


def test_SKA_35_a_pulse_of_the_file_goes_to_a_field_that_was_made_for_it(folder):
    path = folder / "accounts.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for number, row in enumerate(rows):
        row |= {"pulse": str(number % 5 + 1), "pulse_at": "2026-10-20"}
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    mapping = folder / "workspace.toml"
    mapping.write_text(mapping.read_text("utf-8").replace("Skalin_Pulse__c", CUSTOM), "utf-8")
    with Workspace(folder, in_memory_org=True) as ws:
        ws.connection()
        definition = {"label": "Health of CSM", "type": "Number", "precision": 1, "scale": 0}
        ws.demo_org.metadata.create_field(f"Account.{CUSTOM}", definition)
        ws.demo_org.set_access("Account", CUSTOM, read=True, edit=True)
        plan = ready(ws).plan()
        assert CUSTOM in plan.rows("write")["field"].to_list()
        ws.commit(plan, confirm=plan.digest)
        linked = ws.links().join(ws.here(), left_on="here_id", right_on="id").drop_nulls("pulse")
        there = {row["Id"]: row[CUSTOM] for row in ws.demo_org.rows(f"SELECT Id, {CUSTOM} FROM Account")}
        assert linked.height
        assert all(there[there_id] == pulse for there_id, pulse in linked.select("there_id", "pulse").rows())
        assert pulses(ws.here(), ws.now())["days"].unique().to_list() == [13]
        assert ready(ws).plan().rows("write").is_empty()
