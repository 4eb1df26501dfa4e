"""Each preset syncs the way its product does, from `init` to a second run that finds nothing to do."""

import polars as pl
import pytest

from toolkit import frames
from toolkit.config import PRESETS
from toolkit.demo_workspace import CUSTOMER_FILES, create_demo
from toolkit.errors import InputError, NotFoundError
from toolkit.importing.importer import INTERACTIONS, MEMBERS
from toolkit.initializing import initialize
from toolkit.workspace import Workspace

ACCOUNTS = 90
PRODUCTS = [name for name in PRESETS if name != "demo"]


def made(folder, preset: str, old: str = "", new: str = "") -> Workspace:
    """Return the workspace that `init` makes, over a smaller company; `old` becomes `new` as an admin would edit it."""
    initialize(folder, preset)
    path = folder / "workspace.toml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(f"{text.replace(old, new)}\n[demo]\naccounts = {ACCOUNTS}\n", "utf-8")
    for name in CUSTOMER_FILES:
        (folder / name).unlink()
    create_demo(folder)
    return Workspace.open(folder)


def imported(ws: Workspace) -> Workspace:
    for step in (ws.pull, ws.load, ws.match, ws.import_records):
        step()
    if ws.settings.health.profile is not None:
        ws.score()
    return ws


def rows(ws: Workspace, soql: str) -> list[dict[str, object]]:
    ws.connection()
    return ws.demo_org.rows(soql)


@pytest.mark.parametrize("preset", PRODUCTS)
def test_a_second_run_plans_nothing(tmp_path, preset):
    with made(tmp_path / preset, preset) as ws:
        assert not [finding for finding in ws.check() if finding.severity == "error"]
        plan = imported(ws).plan()
        assert plan.count("refused") == 0
        if plan.writes:
            done = ws.commit(plan, confirm=plan.digest)
            assert (done.written, done.failed, done.held) == (plan.writes, 0, 0)
        held = {name: ws.here(name) for name in ws.objects if name != "account"}
        assert imported(ws).plan().writes == 0
        assert all(ws.here(name).equals(frame) for name, frame in held.items()), "a second import changes nothing"


def test_CAT_4_catalyst_sends_health_and_takes_nothing(tmp_path):
    with made(tmp_path / "c", "catalyst") as ws:
        plan = imported(ws).plan()
        assert set(plan.changes["side"]) == {"there"}
        assert set(plan.changes["field"]) == {"Catalyst_Health_Score__c"}
        ws.commit(plan, confirm=plan.digest)
        held = rows(ws, "SELECT Catalyst_Health_Score__c FROM Account WHERE Catalyst_Health_Score__c != null")
        assert 0 < len(held) == plan.writes


def test_CSU_6_CSU_7_CSU_8_clientsuccess_syncs_its_standard_fields(tmp_path):
    with made(tmp_path / "c", "clientsuccess") as ws:
        plan = imported(ws).plan()
        ws.commit(plan, confirm=plan.digest)
        here = ws.here().join(ws.links(), left_on="id", right_on="here_id")
        there = {
            row["Id"]: row
            for row in rows(
                ws,
                "SELECT Id, Owner.Name, ClientSuccess__ClientSuccess_Assigned_CSM__c,"
                " ClientSuccess__ClientSuccess_SuccessScore__c FROM Account",
            )
        }
        known = here.drop_nulls(["csm", "health_score"])
        assert known.height > ACCOUNTS / 2
        for row in known.iter_rows(named=True):
            record = there[row["there_id"]]
            assert record["ClientSuccess__ClientSuccess_Assigned_CSM__c"] == row["csm"]
            assert record["ClientSuccess__ClientSuccess_SuccessScore__c"] == row["health_score"]
            assert record["Owner"]["Name"] == row["sales_rep"]


def test_CSU_1_the_first_import_brings_details_and_contacts(tmp_path):
    with made(tmp_path / "c", "clientsuccess") as ws:
        imported(ws)
        contacts = ws.here("contact")
        assert contacts.height > ACCOUNTS
        assert contacts["account_id"].is_in(ws.here()["id"].implode()).all()
        created = ws.here().filter(pl.col("origin") == "salesforce")
        assert created.height
        assert (created["id"] == created["there_id"]).all(), "CSU-13: known by the Salesforce record id"


def test_CC_2_CC_15_CC_16_insided_leaves_out_what_its_community_cannot_show(tmp_path):
    with made(tmp_path / "c", "insided") as ws:
        imported(ws)
        rules = set(ws.skips().filter(pl.col("object") == "account")["rule"])
        assert any("CC-13" in rule for rule in rules)
        assert ws.here()["name"].str.len_chars().max() <= 128
        long = rows(ws, "SELECT Name FROM Account WHERE Type LIKE 'Customer%'")
        if any(len(row["Name"]) > 128 for row in long):
            assert any("CC-15" in rule for rule in rules)


def test_CC_1_CC_9_members_belong_to_accounts_through_contacts(tmp_path):
    with made(tmp_path / "c", "insided") as ws:
        imported(ws)
        members = ws.store.records("derived", MEMBERS)
        assert members is not None
        assert members.height > ACCOUNTS / 2
        assert members["account_id"].is_in(ws.here()["id"].implode()).all()


def test_CC_10_insided_runs_every_six_hours_and_archives_what_was_removed(tmp_path):
    with made(tmp_path / "c", "insided") as ws:
        imported(ws)
        assert ws.settings.schedule.pull == "0 */6 * * *"
        account = ws.links()["there_id"][0]
        ws.demo_org.edit("Account", account, {"Type": "Prospect"})
        ws.job("pull")
        gone = ws.here().filter(pl.col("there_id") == account)
        assert gone["archived_on"].null_count() == 0


def test_SKA_12_who_leaves_the_view_churns_and_stays(tmp_path):
    with made(tmp_path / "c", "skalin") as ws:
        imported(ws)
        link = ws.links().row(0, named=True)
        ws.demo_org.edit("Account", link["there_id"], {"Active__c": False})
        imported(ws)
        row = ws.here().filter(pl.col("id") == link["here_id"]).row(0, named=True)
        assert row["stage"] == "Churned"
        assert row["churned_on"] == ws.now().date()
        ws.demo_org.edit("Account", link["there_id"], {"Active__c": True})
        imported(ws)
        row = ws.here().filter(pl.col("id") == link["here_id"]).row(0, named=True)
        assert row["churned_on"] is None
        assert row["stage"] != "Churned"


def test_SKA_23_agreements_are_disabled_until_they_are_said_to_come_in(tmp_path):
    with made(tmp_path / "c", "skalin") as ws:
        imported(ws)
        assert "agreement" not in ws.objects
        assert ws.store.records("there", "agreement") is None
        ws.edit_object("agreement", {"mode": "input"})
        imported(ws)
        agreements = ws.here("agreement")
        assert agreements.height > ACCOUNTS / 2
        assert agreements.columns[: len(frames.AGREEMENTS.schema)] == list(frames.AGREEMENTS.schema)


def test_SKA_13_SKA_22_SKA_32_parents_tags_and_the_four_kinds_come_in(tmp_path):
    with made(tmp_path / "c", "skalin") as ws:
        imported(ws)
        assert ws.here()["level"].max() <= 2
        assert (
            ws.here("contact").select(pl.col("champion", "sponsor", "key_user", "end_user").any()).row(0) == (True,) * 4
        )
        kinds = ws.store.records("derived", INTERACTIONS)["kind"].unique()
        assert {"meeting", "call", "email"} <= set(kinds)


def test_SKA_4_SKA_8_after_the_first_import_an_object_is_switched_to_two_ways(tmp_path):
    with made(tmp_path / "c", "skalin") as ws:
        plan = imported(ws).plan()
        ws.commit(plan, confirm=plan.digest)
        contact = ws.here("contact").drop_nulls("title").row(0, named=True)
        edited = ws.here("contact").with_columns(
            title=pl.when(pl.col("id") == contact["id"]).then(pl.lit("Chief of Staff")).otherwise("title")
        )
        ws.store.save_records("here", "contact", edited)
        only_in = ws.plan().rows("write").filter(object="contact", side="there")
        assert only_in.is_empty(), "SKA-4: an edit here does not reach the CRM"
        ws.store.save_records("here", "contact", edited)
        ws.edit_object("contact", {"mode": "two_way"})
        plan = ws.plan()
        row = plan.rows("write").filter(object="contact").row(0, named=True)
        assert (row["side"], row["field"], row["after"]) == ("there", "Title", "Chief of Staff")
        ws.commit(plan, confirm=plan.digest)
        assert rows(ws, f"SELECT Title FROM Contact WHERE Id = '{contact['there_id']}'")[0]["Title"] == "Chief of Staff"


def test_VIT_1_VIT_10_VIT_13_vitally_takes_a_subset_and_makes_accounts_of_it(tmp_path):
    with made(tmp_path / "c", "vitally") as ws:
        imported(ws)
        types = {row["Id"]: row["Type"] for row in rows(ws, "SELECT Id, Type FROM Account")}
        assert {types[there] for there in ws.there()["id"]} == {
            kind for kind in types.values() if kind and "customer" in kind.lower()
        }
        assert ws.here().filter(pl.col("origin") == "salesforce").height


def test_VIT_12_without_create_only_known_accounts_are_updated(tmp_path):
    with made(tmp_path / "c", "vitally", "\ncreate = true\n", "\n") as ws:
        ws.pull()
        ws.load()
        before = set(ws.here()["id"])
        ws.match()
        ws.import_records()
        assert set(ws.here()["id"]) == before


def test_a_preview_tells_what_the_import_then_does(tmp_path):
    with made(tmp_path / "c", "skalin") as ws:
        for step in (ws.pull, ws.load, ws.match):
            step()
        told = {
            name: dict(ws.preview(name).outcomes.group_by("outcome").agg(pl.col("records").sum()).iter_rows())
            for name in ws.objects
        }
        before = {name: (ws.store.records("here", name), ws.links(name)) for name in ws.objects}
        ws.import_records()
        for name, (here, links) in before.items():
            grown = ws.here(name).height - (0 if here is None else here.height)
            assert told[name].get("created", 0) == grown == ws.links(name).height - links.height


def test_init_refuses_what_it_cannot_do(tmp_path):
    with pytest.raises(NotFoundError, match="no preset"):
        initialize(tmp_path / "a", "salesforce")
    with pytest.raises(InputError, match="address"):
        initialize(tmp_path / "b", "vitally", login="client_credentials")
    assert not (tmp_path / "b").exists()
