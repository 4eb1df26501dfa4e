"""Pairing in a whole workspace, over the wire: evidence, history, decisions of people, classes and repairs."""

import csv

import polars as pl
import pytest

from toolkit.config import preset_text
from toolkit.demo_org.company.files import write_customer_side
from toolkit.demo_workspace import AS_OF
from toolkit.errors import InputError, NotFoundError
from toolkit.matching.classes import counts
from toolkit.workspace import Workspace

ACCOUNTS = 20
RULE = "external_id = Product_Id__c"
BY_DOMAIN = "domain(domain) = domain(Website)"
MATCHED = ('match = ["external_id = Product_Id__c"]', f'match = ["{RULE}", "{BY_DOMAIN}"]')


@pytest.fixture
def ws(tmp_path):
    with opened(tmp_path / "w", MATCHED) as made:
        yield read(made)


def opened(folder, *changes, contacts=False):
    """A small workspace of accounts only, or of accounts and contacts, over a demo org in memory."""
    folder.mkdir()
    text = preset_text("demo").replace("accounts = 500", f"accounts = {ACCOUNTS}")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    (folder / "workspace.toml").write_text(text, "utf-8")
    write_customer_side(folder, accounts=ACCOUNTS, seed=1, today=AS_OF.date())
    made = Workspace(folder, in_memory_org=True)
    keep = {"account", "contact"} if contacts else {"account"}
    off = {
        name: each.model_copy(update={"mode": "disabled"})
        for name, each in made.settings.objects.items()
        if name not in keep
    }
    made.settings = made.settings.model_copy(update={"objects": {**made.settings.objects, **off}})
    return made


def read(ws):
    ws.pull()
    ws.load()
    ws.match()
    ws.import_records()
    return ws


def file_rows(ws, change):
    """Change the file of accounts as its owner would; `change` takes and returns a list of rows."""
    path = ws.folder / "accounts.csv"
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        rows, names = list(reader), reader.fieldnames
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(change(rows))


def first_link(ws):
    return ws.links().row(0, named=True)


def delete(ws, account):
    """Delete an account in Salesforce, its contracts first."""
    for sobject in ("Contract", "Opportunity"):
        for row in ws.demo_org.rows(f"SELECT Id FROM {sobject} WHERE AccountId = '{account}'"):
            ws.demo_org.delete(sobject, row["Id"])
    ws.demo_org.delete("Account", account)


def class_of(ws, side, record_id):
    return ws.classes().filter(side=side, id=record_id)["record_class"].item()


def adds_up(ws):
    classes, here, there = ws.classes(), ws.here(), ws.there()
    assert classes.filter(side="here").height >= here.height
    assert classes.filter(side="there").height >= there.height
    assert counts(classes)["records"].sum() == classes.height


def test_BEY_11_evidence_tells_the_rule_the_values_as_written_and_the_runner_up(ws):
    link, other = first_link(ws), ws.links().row(1, named=True)
    told = ws.evidence("account", link["here_id"])
    assert (told.there_id, told.rule, told.decided_by) == (link["there_id"], RULE, "rule")
    assert told.here_value == told.there_value == link["here_id"]
    assert told.runner_up is None
    website = ws.there().filter(id=link["there_id"])["Website"].item()
    ws.demo_org.edit("Account", other["there_id"], {"Website": f"{website}/about"})
    ws.pull(), ws.match()
    told = ws.evidence("account", link["here_id"])
    assert told.there_id == link["there_id"]
    assert other["there_id"] in told.runner_up
    assert told.runner_up.endswith(f'which agrees in "{BY_DOMAIN}"')
    assert told.rows["agrees"].to_list() == [True, True]
    assert f'by the rule {RULE} ("{link["here_id"]}" and "{link["here_id"]}")' in str(told)
    with pytest.raises(NotFoundError, match="no account X here"):
        ws.evidence("account", "X")


def test_VIT_7_links_are_kept_over_time_with_a_tombstone_when_one_side_goes(ws):
    link = first_link(ws)
    began = ws.link_history("account")
    assert began.height == ws.links().height
    assert began["ended_at"].null_count() == began.height
    assert set(began["rule"]) <= {RULE, BY_DOMAIN}
    delete(ws, link["there_id"])
    ws.pull(), ws.match()
    ended = ws.link_history("account").filter(here_id=link["here_id"])
    assert ended["ended_why"].to_list() == ["its record in Salesforce is deleted in Salesforce"]
    ws.demo_org.undelete(link["there_id"])
    ws.pull(), ws.match()
    again = ws.link_history("account").filter(here_id=link["here_id"])
    assert again["ended_at"].is_null().to_list() == [False, True]
    ws.match()
    assert ws.link_history("account").filter(here_id=link["here_id"]).equals(again)


def test_BEY_11_a_decision_survives_other_keys_and_reruns_and_is_refused_against_a_link(ws):
    link, other = first_link(ws), ws.links().row(1, named=True)
    with pytest.raises(InputError, match=f"is linked to {link['there_id']} already, by a rule"):
        ws.decide_pair("account", link["here_id"], other["there_id"], "same")
    with pytest.raises(InputError, match="is no verdict"):
        ws.decide_pair("account", link["here_id"], link["there_id"], "perhaps")
    with pytest.raises(NotFoundError, match="no account 001X in Salesforce"):
        ws.decide_pair("account", link["here_id"], "001X", "same")
    ws.decide_pair("account", link["here_id"], other["there_id"], "same", "asked them", instead=True)
    for _ in range(2):
        ws.pull(), ws.load(), ws.match(), ws.import_records()
        now = ws.links().filter(here_id=link["here_id"]).row(0, named=True)
        assert (now["there_id"], now["rule"]) == (other["there_id"], "decided")
    assert ws.mismatches().filter(id=other["here_id"])["kind"].to_list() == ["ambiguous"]
    assert ws.pair_decisions("account").select("verdict", "note").rows() == [("same", "asked them")]
    assert "linked otherwise now" in ws.link_history().filter(here_id=other["here_id"])["ended_why"][0]
    adds_up(ws)


def test_BEY_11_what_is_different_is_never_linked_again_and_held_with_the_reason(ws):
    link = first_link(ws)
    ws.decide_pair("account", link["here_id"], link["there_id"], "different", "two companies")
    for _ in range(2):
        ws.pull(), ws.load(), ws.match(), ws.import_records()
        assert ws.links().filter(here_id=link["here_id"]).is_empty()
    held = ws.mismatches().filter(kind="decided")
    assert set(held["id"]) == {link["here_id"], link["there_id"]}
    assert all("said on 2026-11-02 that they are different" in reason for reason in held["reason"])
    assert class_of(ws, "here", link["here_id"]) == class_of(ws, "there", link["there_id"]) == "held_by_decision"
    assert "said they are different" in ws.link_history().filter(here_id=link["here_id"])["ended_why"][0]
    ws.decide_pair("account", link["here_id"], link["there_id"], "same")  # a person may think again
    assert ws.links().filter(here_id=link["here_id"])["there_id"].to_list() == [link["there_id"]]


def test_CAT_23_BEY_10_drift_is_expected_until_the_next_sync_and_gone_after_it(ws):
    ws.score()
    plan = ws.plan()
    assert set(ws.classes().filter(pl.col("partner_id").is_not_null())["record_class"]) == {"expected_drift"}
    ws.commit(plan, confirm=plan.digest)
    assert set(ws.classes().filter(pl.col("partner_id").is_not_null())["record_class"]) == {"in_agreement"}
    adds_up(ws)
    link = first_link(ws)
    held = ws.here().filter(id=link["here_id"])["stage"].item()
    there, here = [stage for stage in ("Onboarding", "Adopting", "At Risk") if stage != held][:2]
    ws.demo_org.edit("Account", link["there_id"], {"CS_Stage__c": there})
    file_rows(
        ws, lambda rows: [row | ({"stage": here} if row["external_id"] == link["here_id"] else {}) for row in rows]
    )
    ws.pull(), ws.load(), ws.plan()
    assert class_of(ws, "here", link["here_id"]) == class_of(ws, "there", link["there_id"]) == "value_drift"
    adds_up(ws)


def test_BEY_9_a_merged_partner_is_proposed_with_evidence_and_relinked_when_accepted(ws):
    link, other = first_link(ws), ws.links().row(1, named=True)
    ws.demo_org.merge("Account", other["there_id"], [link["there_id"]])
    ws.pull(), ws.match(), ws.import_records()
    assert class_of(ws, "here", link["here_id"]) == "broken_pair"
    (row,) = ws.proposals("account").rows(named=True)
    assert (row["kind"], row["action"], row["here_id"], row["state"]) == ("merged", "unlink", link["here_id"], "open")
    assert f"({other['there_id']}), which is the partner of {other['here_id']}" in row["evidence"]
    ws.decide_proposal(row["proposal_id"], accept=False)
    assert ws.proposals(state="open").is_empty()  # asked once
    assert class_of(ws, "here", link["here_id"]) != "broken_pair"
    ws.pull(full=True), ws.match()
    assert ws.proposals()["state"].to_list() == ["rejected"]
    with pytest.raises(NotFoundError, match="no proposal"):
        ws.decide_proposal("nothing", accept=True)


def test_BEY_9_a_deleted_and_a_restored_partner_and_a_changed_id_are_proposed(tmp_path):
    with opened(tmp_path / "w") as ws:
        read(ws)
        gone, moved = (ws.links().row(number, named=True) for number in (0, 1))
        delete(ws, gone["there_id"])
        ws.demo_org.edit("Account", moved["there_id"], {"Product_Id__c": "P-99999"})
        ws.pull(), ws.match()
        found = {row["kind"]: row for row in ws.proposals("account").rows(named=True)}
        assert set(found) == {"deleted", "changed_id"}
        assert found["deleted"]["evidence"] == f"its record {gone['there_id']} is deleted in Salesforce"
        assert f'by "{moved["here_id"]}" and "{moved["here_id"]}", which differ now' in found["changed_id"]["evidence"]
        assert class_of(ws, "here", gone["here_id"]) == "broken_pair"

        ws.decide_proposal(found["changed_id"]["proposal_id"], accept=True)
        now = ws.links().filter(here_id=moved["here_id"]).row(0, named=True)
        assert (now["there_id"], now["rule"]) == (moved["there_id"], "decided")
        ws.decide_proposal(found["changed_id"]["proposal_id"], accept=False)  # taken back
        assert ws.links().filter(here_id=moved["here_id"]).is_empty()

        ws.demo_org.undelete(gone["there_id"])
        ws.demo_org.edit("Account", gone["there_id"], {"Product_Id__c": None})
        ws.pull(), ws.match()
        restored = ws.proposals("account").filter(kind="restored").row(0, named=True)
        assert (restored["action"], restored["here_id"], restored["to_there_id"]) == (
            "relink",
            gone["here_id"],
            gone["there_id"],
        )
        ws.decide_proposal(restored["proposal_id"], accept=True)
        assert ws.links().filter(here_id=gone["here_id"])["there_id"].to_list() == [gone["there_id"]]
        assert ws.proposals("account").filter(kind="restored")["state"].to_list() == ["done"]


def test_BEY_9_an_adopted_account_that_a_file_brings_again_is_merged_here_and_comes_back_with_undo(tmp_path):
    create = ('match = ["external_id = Product_Id__c"]', 'match = ["external_id = Product_Id__c"]\ncreate = true')
    with opened(tmp_path / "w", create, contacts=True) as ws:
        late, key = {}, "P-00002"

        def without_one(rows):
            late.update(next(row for row in rows if row["external_id"] == key))
            return [row for row in rows if row["external_id"] != key]

        file_rows(ws, without_one)
        read(ws)
        brought = ws.links().filter(rule="import").filter(pl.col("here_id").str.starts_with("001"))
        there_id = next(row["Id"] for row in ws.demo_org.rows(f"SELECT Id FROM Account WHERE Product_Id__c = '{key}'"))
        adopted = brought.filter(there_id=there_id)["here_id"].item()
        file_rows(ws, lambda rows: [*rows, late])
        ws.load(), ws.match()
        (row,) = ws.proposals("account", "open").filter(action="merge_here").rows(named=True)
        assert (row["here_id"], row["to_here_id"], row["there_id"]) == (adopted, key, there_id)
        assert f'has the same key, "{key}"' in row["evidence"]
        ws.decide_proposal(row["proposal_id"], accept=True)
        assert ws.links().filter(there_id=there_id)["here_id"].to_list() == [adopted]  # nothing happens unplanned

        people = ws.here("contact").filter(account_id=adopted)["id"].to_list()
        assert people
        plan = ws.plan_repairs()
        assert plan.writes
        assert set(plan.changes["side"]) == {"here"}
        done = ws.commit(plan, confirm=plan.digest)
        assert (done.held, done.failed) == (0, 0)
        assert ws.links().filter(there_id=there_id)["here_id"].to_list() == [key]
        assert ws.here("contact").filter(account_id=key)["id"].to_list() == people
        assert ws.here().filter(id=adopted)["archived_on"].item() is not None
        assert class_of(ws, "here", adopted) == "archived"
        assert ws.proposals("account").filter(action="merge_here")["state"].to_list() == ["done"]
        adds_up(ws)
        ws.load(), ws.match(), ws.import_records()
        assert ws.links().filter(there_id=there_id)["here_id"].to_list() == [key]

        undo = ws.undo()
        assert ws.commit(undo, confirm=undo.digest).written == plan.writes
        assert ws.here().filter(id=adopted)["archived_on"].item() is None
        assert ws.here("contact").filter(account_id=adopted)["id"].to_list() == people
        assert ws.proposals("account").filter(action="merge_here")["state"].to_list() == ["accepted"]


def test_BEY_9_doubles_in_salesforce_are_merged_by_a_plan_once_accepted(tmp_path):
    by_phone = ('match = ["external_id = Product_Id__c"]', f'match = ["{RULE}", "domain = Phone"]')
    with opened(tmp_path / "w", by_phone) as ws:
        ws.connection()
        stays, goes = sorted(
            row["Id"] for row in ws.demo_org.rows("SELECT Id FROM Account WHERE Type LIKE 'Customer%'")
        )[:2]
        ws.demo_org.edit("Account", goes, {"Product_Id__c": None, "Phone": "+1 212 555 0100"})
        ws.demo_org.edit("Account", stays, {"Phone": "+1 212 555 0100"})
        read(ws)
        (row,) = ws.proposals("account").filter(kind="duplicate_there").rows(named=True)
        assert (row["there_id"], row["to_there_id"], row["action"]) == (goes, stays, "merge_there")
        assert row["evidence"].endswith('"+1 212 555 0100"')
        assert class_of(ws, "there", goes) == "duplicate_key"
        ws.decide_proposal(row["proposal_id"], accept=True)
        plan = ws.plan_repairs()
        assert plan.changes.filter(operation="merge").select("there_id", "after").rows() == [(goes, stays)]
        done = ws.commit(plan, confirm=plan.digest)
        assert (done.held, done.failed) == (0, 0)
        ws.pull(), ws.match()
        assert ws.proposals("account").filter(kind="duplicate_there")["state"].to_list() == ["done"]
        with pytest.raises(InputError, match="No proposal is accepted"):
            ws.plan_repairs()


def test_BEY_9_a_record_gets_the_id_that_salesforce_says_by_now_and_undo_gives_the_old_one_back(tmp_path):
    create = ('match = ["external_id = Product_Id__c"]', f'match = ["{RULE}"]\ncreate = true\nid = "Product_Id__c"')
    with opened(tmp_path / "w", create, contacts=True) as ws:
        file_rows(ws, lambda rows: [row for row in rows if row["external_id"] != "P-00002"])
        read(ws)
        there_id = ws.links().filter(here_id="P-00002", rule="import")["there_id"].item()
        ws.demo_org.edit("Account", there_id, {"Product_Id__c": "P-77777"})
        ws.pull(), ws.match(), ws.import_records()
        (row,) = ws.proposals("account", "open").filter(action="rename_here").rows(named=True)
        assert (row["kind"], row["here_id"], row["to_here_id"]) == ("changed_id", "P-00002", "P-77777")
        people = ws.here("contact").filter(account_id="P-00002")["id"].to_list()
        ws.decide_proposal(row["proposal_id"], accept=True)
        plan = ws.plan_repairs()
        assert set(plan.changes["operation"]) == {"create", "update", "clear"}
        done = ws.commit(plan, confirm=plan.digest)
        assert (done.held, done.failed) == (0, 0)
        assert ws.links().filter(there_id=there_id)["here_id"].to_list() == ["P-77777"]
        assert ws.here("contact").filter(account_id="P-77777")["id"].to_list() == people
        old, new = (ws.here().filter(id=key).row(0, named=True) for key in ("P-00002", "P-77777"))
        assert old["name"] == new["name"]
        assert (old["there_id"], new["there_id"]) == (None, there_id)
        adds_up(ws)
        undo = ws.undo()
        assert undo.rows("held").select("here_id", "field", "reason").rows() == []
        done = ws.commit(undo, confirm=undo.digest)
        assert (done.held, done.failed) == (0, 0), done.results.select("here_id", "field", "state", "message").rows()
        assert "P-77777" not in ws.here()["id"]
        assert ws.here("contact").filter(account_id="P-00002")["id"].to_list() == people
        ws.import_records()
        assert ws.links().filter(there_id=there_id)["here_id"].to_list() == ["P-00002"]


def test_BEY_5_the_undo_of_an_undo_brings_a_record_here_back_beside_the_values_that_change_again(tmp_path):
    create = ('match = ["external_id = Product_Id__c"]', f'match = ["{RULE}"]\ncreate = true\nid = "Product_Id__c"')
    with opened(tmp_path / "w", create) as ws:
        file_rows(ws, lambda rows: [row for row in rows if row["external_id"] != "P-00002"])
        read(ws)
        there_id = ws.links().filter(here_id="P-00002", rule="import")["there_id"].item()
        ws.demo_org.edit("Account", there_id, {"Product_Id__c": "P-77777"})
        ws.pull(), ws.match(), ws.import_records()
        (row,) = ws.proposals("account", "open").filter(action="rename_here").rows(named=True)
        ws.decide_proposal(row["proposal_id"], accept=True)
        plan = ws.plan_repairs()
        ws.commit(plan, confirm=plan.digest)
        renamed = ws.here()
        for operations in ({"delete", "update", "clear"}, {"undelete", "update", "clear"}):
            undo = ws.undo()
            assert set(undo.changes["operation"]) >= operations - {"clear"}
            done = ws.commit(undo, confirm=undo.digest)
            assert (done.written, done.held, done.failed) == (undo.writes, 0, 0)
        assert ws.here().drop("there_id").equals(renamed.drop("there_id"))


def test_BEY_11_an_import_does_not_bring_together_again_what_a_person_said_is_different(tmp_path):
    create = ('match = ["external_id = Product_Id__c"]', f'match = ["{RULE}"]\ncreate = true')
    with opened(tmp_path / "w", create) as ws:
        file_rows(ws, lambda rows: rows[3:])
        read(ws)
        brought = ws.links().filter(rule="import").row(0, named=True)
        ws.decide_pair("account", brought["here_id"], brought["there_id"], "different")
        for _ in range(2):
            ws.import_records(), ws.match()
            assert ws.links().filter(here_id=brought["here_id"]).is_empty()
        adds_up(ws)


def test_CC_11_an_account_without_an_id_is_paired_through_the_e_mail_of_a_contact_of_it(tmp_path):
    through = "email(contact_email) = email(Contacts.Email)"
    with opened(tmp_path / "w", (MATCHED[0], f'match = ["{RULE}", "{through}"]'), contacts=True) as ws:
        ws.connection()
        account = ws.demo_org.rows("SELECT Id FROM Account WHERE Product_Id__c = 'P-00003'")[0]["Id"]
        (person, *_) = ws.demo_org.rows(f"SELECT Email FROM Contact WHERE AccountId = '{account}' AND Email != null")
        ws.demo_org.edit("Account", account, {"Product_Id__c": None})
        path = ws.folder / "accounts.csv"
        head, *lines = path.read_text("utf-8").splitlines()
        told = [f"{line},{person['Email'].upper() if line.startswith('P-00003,') else ''}" for line in lines]
        path.write_text("\n".join([f"{head},contact_email", *told]) + "\n", "utf-8")
        read(ws)
        link = ws.links().filter(here_id="P-00003").row(0, named=True)
        assert (link["there_id"], link["rule"], link["value"]) == (account, through, person["Email"].lower())
        told = ws.evidence("account", "P-00003")
        assert (told.here_value, told.there_value) == (person["Email"].upper(), person["Email"])


def test_SKA_5_a_record_that_lost_its_partner_is_not_made_a_second_time_in_salesforce(tmp_path):
    by_name = ('match = ["external_id = Product_Id__c"]', 'match = ["name = Name"]\ncreate_there = true')
    with opened(tmp_path / "w", by_name) as ws:
        read(ws)
        left, gone, renamed = ws.links().sort("here_id").head(3).rows(named=True)
        ws.demo_org.edit("Account", left["there_id"], {"Type": "Prospect"})  # it leaves the list view
        delete(ws, gone["there_id"])
        ws.demo_org.edit("Account", renamed["there_id"], {"Name": "Another"})
        fields = tuple(each for each in ws.settings.objects["account"].fields if each.there != "Name")
        ws.edit_object("account", {"fields": fields})  # a name that is mapped as well would come over
        ws.pull(), ws.load(), ws.match(), ws.score()
        told = {}

        def planned(record):
            rows = ws.plan().changes.filter(here_id=record["here_id"], operation="create")
            told.update(zip(rows["verdict"], rows["reason"], strict=True))
            return rows["verdict"].unique().to_list()

        for each in (left, gone, renamed):
            assert ws.links().filter(here_id=each["here_id"]).is_empty()
            assert planned(each) == ["held"]
            assert f"its partner was {each['there_id']}, but" in told["held"]
        for row in ws.proposals("account", "open").rows(named=True):  # it is deleted for good; that one is another
            ws.decide_proposal(row["proposal_id"], accept=row["kind"] == "deleted")
        assert planned(left) == ["held"]
        assert planned(gone) == ["write"]
        ws.edit_object("account", {"left_scope": "archive"})
        ws.import_records()
        assert ws.here().filter(id=gone["here_id"])["archived_on"].item() is not None
        assert planned(gone) == []  # who was put away is created by nobody


def test_BEY_1_what_a_commit_deleted_in_salesforce_alone_is_made_again_as_was_told(tmp_path):
    by_name = ('match = ["external_id = Product_Id__c"]', 'match = ["name = Name"]\ncreate_there = true')
    with opened(tmp_path / "w", by_name) as ws:
        read(ws).score()
        one = first_link(ws)
        for sobject in ("Contract", "Case"):
            for row in ws.demo_org.rows(f"SELECT Id FROM {sobject} WHERE AccountId = '{one['there_id']}'"):
                ws.demo_org.delete(sobject, row["Id"])
        plan = ws.plan_delete("account", [one["here_id"]], side="there", cascade=True)
        assert ws.commit(plan, confirm=plan.digest).written == 1
        ws.match()
        again = ws.plan().changes.filter(here_id=one["here_id"], operation="create")
        assert set(again["verdict"]) == {"write"}
        undo = ws.undo()
        assert ws.commit(undo, confirm=undo.digest).written == 1
        ws.demo_org.edit("Account", one["there_id"], {"Type": "Prospect"})  # it is back, and leaves the list view
        ws.pull(), ws.match()
        again = ws.plan().changes.filter(here_id=one["here_id"], operation="create")
        assert set(again["verdict"]) == {"held"}
