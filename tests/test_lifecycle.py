"""Stories from an admin's year: what happens in Salesforce, in a file or in the mapping file between any two steps.

After each one every record of both sides is accounted for once, nothing was lost, doubled or overwritten unseen, and
one more round finds nothing to do.
"""

import csv
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from toolkit import frames
from toolkit.config import load, preset_text
from toolkit.demo_org.company.files import write_customer_side
from toolkit.demo_workspace import AS_OF
from toolkit.errors import EditRefused, InputError
from toolkit.importing.leaving import LEFT_RULE, SCOPE_RULE
from toolkit.importing.records import NOTES
from toolkit.workspace import Workspace

ACCOUNTS = 40
ROUND = ("pull", "load", "match", "import_records")


# -- what the stories are told with ----------------------------------------------------------------------------------


def opened(folder: Path, preset: str, *changes: tuple[str, str]) -> Workspace:
    """Return the workspace of a preset over a small company in memory, with changes of its mapping file."""
    folder.mkdir()
    text = preset_text(preset).replace("[workspace]\n", f"[workspace]\nas_of = {AS_OF:%Y-%m-%dT%H:%M:%SZ}\n", 1)
    (folder / "workspace.toml").write_text(f"{text}\n[demo]\naccounts = {ACCOUNTS}\n", "utf-8")
    mapped(folder, *changes)
    write_customer_side(folder, accounts=ACCOUNTS, seed=1, today=AS_OF.date())
    return Workspace(folder, in_memory_org=True)


def mapped(folder: Path, *changes: tuple[str, str]) -> None:
    """Change the mapping file as an admin would, in an editor."""
    path = folder / "workspace.toml"
    text = path.read_text("utf-8")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    path.write_text(text, "utf-8")


def remapped(ws: Workspace, *changes: tuple[str, str]) -> None:
    """Change the mapping file under an open workspace, which reads it again."""
    mapped(ws.folder, *changes)
    ws.settings = load(ws.folder / "workspace.toml")


def went(ws: Workspace, *steps: str) -> Workspace:
    for step in steps or ROUND:
        getattr(ws, step)()
    if not steps and ws.settings.health.profile is not None:
        ws.score()
    return ws


def in_agreement(ws: Workspace) -> Workspace:
    """A whole first round, committed."""
    plan = went(ws).plan()
    if plan.writes:
        done = ws.commit(plan, confirm=plan.digest)
        assert (done.failed, done.held) == (0, 0)
    return ws


def rows(ws: Workspace, soql: str) -> list[dict]:
    ws.connection()
    return ws.demo_org.rows(soql)


def one(ws: Workspace, soql: str) -> dict:
    (row,) = rows(ws, soql)
    return row


def entered_there(ws: Workspace, sobject: str, **values: str) -> str:
    """A record that comes into being in Salesforce."""
    facts = ws.org.describe(sobject)
    kinds = {name: facts.field(name).type for name in values}
    made = ws.org.write(sobject, "insert", pl.DataFrame([values]), kinds)
    assert made["success"].all(), made.to_dicts()
    return made["id"][0]


def changed_file(ws: Workspace, change: Callable[[list[dict]], list[dict]], name: str = "accounts.csv") -> None:
    path = ws.folder / name
    with path.open(encoding="utf-8", newline="") as file:
        given = list(csv.DictReader(file))
    columns = list(given[0])
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(change(given))


def record(frame: pl.DataFrame, record_id: str) -> dict:
    return frame.row(by_predicate=pl.col("id") == record_id, named=True)


def accounted_for(ws: Workspace) -> None:
    """Every record of both sides is linked, mismatched or skipped, once; no row speaks of what is not there."""
    merged = [name for name, mapping in ws.objects.items() if mapping.is_merged]
    skips = ws.skips().filter(~pl.col("rule").is_in([each for each in NOTES if each != LEFT_RULE]))
    for name in merged:
        links, mismatches, left_out = ws.links(name), ws.mismatches(name), skips.filter(object=name)
        for side in frames.SIDES:
            known = ws.store.records(side, name)
            ids = set() if known is None else set(known["id"])
            linked, alone = list(links[f"{side}_id"]), set(mismatches.filter(side=side)["id"])
            said = set(left_out.filter((pl.col("side") == side) & (pl.col("rule") != SCOPE_RULE))["id"])
            assert len(linked) == len(set(linked)), f"{name} {side}: linked twice"
            assert set(linked) <= ids, f"{name} {side}: a link to nobody {sorted(set(linked) - ids)[:3]}"
            assert alone <= ids, f"{name} {side}: a mismatch of nobody {sorted(alone - ids)[:3]}"
            assert not set(linked) & alone, f"{name} {side}: linked and mismatched"
            untold = ids - set(linked) - alone - said
            assert not untold, f"{name} {side}: {len(untold)} told nowhere, {sorted(untold)[:3]}"
            if side == "there":
                assert said <= ids, f"{name}: skipped, and not there {sorted(said - ids)[:3]}"
                gone = set(left_out.filter(rule=SCOPE_RULE)["id"])
                assert not gone & ids, f"{name}: said to be gone, and in scope"
            else:
                said_left = set(left_out.filter(rule=LEFT_RULE)["id"])
                assert not said_left & set(linked), f"{name}: said to have left, and linked"
    known = set(ws.objects) | {"member"}
    assert set(ws.mismatches(None)["object"]) <= known, "mismatches of objects that take no part"
    assert set(ws.skips()["object"]) <= known, "skips of objects that take no part"


def settled(ws: Workspace) -> None:
    """A further round writes nothing, makes and loses no record, and all is accounted for before and after it."""
    accounted_for(ws)
    held = {name: ws.here(name) for name in ws.objects if ws.store.records("here", name) is not None}
    writes = went(ws).plan().rows("write")
    assert writes.is_empty(), (
        writes.select("side", "object", "name", "field", "here", "there", "reason").head(3).to_dicts()
    )
    accounted_for(ws)
    for name, before in held.items():
        assert ws.here(name)["id"].equals(before["id"]), name


def agreed(ws: Workspace) -> pl.DataFrame:
    """Plan and commit; return what was planned, all of it."""
    plan = ws.plan()
    if plan.writes:
        done = ws.commit(plan, confirm=plan.digest)
        assert (done.failed, done.held) == (0, 0)
    return plan.changes


def of_the_file(ws: Workspace) -> dict:
    """Return the link of a customer that the file and Salesforce both have."""
    return ws.links().filter(pl.col("here_id").str.starts_with("P-")).row(0, named=True)


def sizes(ws: Workspace) -> dict[str, tuple[int, int]]:
    return {name: (ws.here(name).height, ws.links(name).height) for name in ws.objects}


INDUSTRY = """[[objects.account.fields]]
here = "industry"
there = "Industry"
direction = "two_way"
editable = true
order = 4
"""
CONTACT, MEETING = '[objects.contact]\nsobject = "Contact"\n', '[objects.meeting]\nsobject = "Event"\n'
TWO_WAY_CONTACTS = (f'{CONTACT}mode = "input"', f'{CONTACT}mode = "two_way"')
TWO_WAY_MEETINGS = (f'{MEETING}mode = "input"', f'{MEETING}mode = "two_way"\ncreate_there = true')
PEOPLE = """
[sources.people]
path = "people.csv"
key = "person"
account = "external_id"
object = "contact"

[schedule]"""


# -- the stories -----------------------------------------------------------------------------------------------------


def test_SKA_12_an_account_is_deleted_and_comes_back_with_all_that_hangs_on_it(tmp_path):
    with opened(tmp_path / "w", "skalin") as ws:
        link = of_the_file(in_agreement(ws))
        for sobject in ("Contract", "Opportunity", "Case"):
            for row in rows(ws, f"SELECT Id FROM {sobject} WHERE AccountId = '{link['there_id']}'"):
                ws.demo_org.delete(sobject, row["Id"])
        before = sizes(ws)
        ws.demo_org.delete("Account", link["there_id"])
        agreed(went(ws))
        assert record(ws.here(), link["here_id"])["stage"] == "Churned"
        assert {name: here for name, (here, _) in sizes(ws).items()} == {
            name: here for name, (here, _) in before.items()
        }
        settled(ws)
        ws.demo_org.undelete(link["there_id"])
        agreed(went(ws))
        assert sizes(ws) == before
        settled(ws)


def test_SKA_12_contacts_who_share_an_address_come_back_with_their_account(tmp_path):
    with opened(tmp_path / "w", "skalin") as ws:
        link = in_agreement(ws).links().row(1, named=True)
        people = ws.here("contact").filter(account_id=link["here_id"])["there_id"].head(2)
        assert people.len() == 2
        for person in people:
            ws.demo_org.edit("Contact", person, {"Email": "team@shared.example"})
        agreed(went(ws))
        before = sizes(ws)
        for active in (False, True):
            ws.demo_org.edit("Account", link["there_id"], {"Active__c": active})
            went(ws)
            accounted_for(ws)
        assert sizes(ws) == before
        settled(ws)


def test_SKA_19_a_contact_moves_to_another_account_out_of_view_and_back(tmp_path):
    with opened(tmp_path / "w", "skalin") as ws:
        one_account, another = in_agreement(ws).links().rows(named=True)[1:3]
        stranger = next(row["Id"] for row in rows(ws, "SELECT Id FROM Account") if row["Id"] not in ws.there()["id"])
        contact = ws.here("contact").filter(account_id=one_account["here_id"]).row(0, named=True)
        before = sizes(ws)
        for account, belongs_to in (
            (another["there_id"], another["here_id"]),
            (stranger, another["here_id"]),  # kept where it was, and told
            (one_account["there_id"], one_account["here_id"]),
        ):
            ws.demo_org.edit("Contact", contact["there_id"], {"AccountId": account})
            went(ws)
            assert record(ws.here("contact"), contact["id"])["account_id"] == belongs_to
            accounted_for(ws)
        assert sizes(ws) == before
        settled(ws)


def test_two_contacts_get_one_address_and_an_edit_makes_it_three(tmp_path):
    with opened(tmp_path / "w", "skalin", TWO_WAY_CONTACTS) as ws:
        one_of, other, third = in_agreement(ws).here("contact").drop_nulls("email").head(3).to_dicts()
        before = sizes(ws)
        ws.demo_org.edit("Contact", one_of["there_id"], {"Email": other["email"]})
        agreed(went(ws))
        ws.demo_org.delete("Contact", one_of["there_id"])
        went(ws)
        accounted_for(ws)
        ws.demo_org.undelete(one_of["there_id"])
        went(ws)
        assert sizes(ws) == before
        done = ws.edit("contact", third["id"], {"email": other["email"]})
        went(ws)
        accounted_for(ws)
        undo = ws.undo(done.commit_id)
        ws.commit(undo, confirm=undo.digest)
        held = one(ws, f"SELECT Email FROM Contact WHERE Id = '{third['there_id']}'")
        assert held["Email"] == record(ws.here("contact"), third["id"])["email"] == third["email"]
        settled(ws)


def test_a_contact_of_a_file_stays_the_same_person_with_a_new_address(tmp_path):
    with opened(tmp_path / "w", "skalin", TWO_WAY_CONTACTS, ("\n[schedule]", PEOPLE)) as ws:
        soql = "SELECT Id, Email, Account.Product_Id__c FROM Contact WHERE Email != null AND Account.Active__c = true"
        contact = next(row for row in rows(ws, soql) if (row["Account"]["Product_Id__c"] or "").startswith("P-"))
        person = f"u-1,{contact['Account']['Product_Id__c']},{contact['Email']}"
        (ws.folder / "people.csv").write_text(f"person,external_id,email\n{person}\n", "utf-8")
        before = sizes(in_agreement(ws))
        ws.demo_org.edit("Contact", contact["Id"], {"Email": "new@address.example"})
        agreed(went(ws))
        assert sizes(ws) == before
        assert record(ws.here("contact"), "u-1")["email"] == "new@address.example"
        settled(ws)


def test_SKA_33_a_meeting_entered_by_hand_comes_back_as_itself(tmp_path):
    with opened(tmp_path / "w", "skalin", TWO_WAY_MEETINGS) as ws:
        link = of_the_file(in_agreement(ws))
        ws.add("meeting", {"subject": "Review", "account_id": link["here_id"], "minutes": 30})
        for active in (False, True):
            ws.demo_org.edit("Account", link["there_id"], {"Active__c": active})
            went(ws)
            assert ws.plan().rows("write").filter(object="meeting").is_empty()
            accounted_for(ws)
        assert ws.here("meeting").filter(subject="Review")["origin"].to_list() == ["manual"]
        settled(ws)
        ws.demo_org.delete("Event", ws.here("meeting").filter(subject="Review")["there_id"].item())
        went(ws)
        assert ws.here("meeting").filter(subject="Review").height == 1
        settled(ws)


def test_SKA_33_a_meeting_is_entered_once_however_long_the_second_click_takes(tmp_path):
    with opened(tmp_path / "w", "skalin", TWO_WAY_MEETINGS) as ws:
        link = of_the_file(in_agreement(ws))
        at = AS_OF.replace(day=10)
        meeting = {"subject": "Review", "account_id": link["here_id"], "minutes": 30, "at": at}
        ws.add("meeting", meeting)
        remapped(ws, (f"as_of = {AS_OF:%Y-%m-%dT%H:%M:%SZ}", "as_of = 2026-11-02T08:01:00Z"))
        with pytest.raises(EditRefused, match="entered already"):
            ws.add("meeting", {**meeting, "body": None})
        assert len(rows(ws, "SELECT Id FROM Event WHERE Subject = 'Review'")) == 1


def test_BEY_2_a_field_that_leaves_the_mapping_and_returns_empties_nothing(tmp_path):
    with opened(tmp_path / "w", "vitally") as ws:
        in_agreement(ws)
        remapped(ws, (INDUSTRY, "# no industry\n"))
        agreed(went(ws))
        remapped(ws, ("# no industry\n", INDUSTRY))
        plan = agreed(went(ws))
        assert set(plan["side"]) == {"here"}
        there = {row["Id"]: row["Industry"] for row in rows(ws, "SELECT Id, Industry FROM Account")}
        here = ws.here().join(ws.links(), left_on="id", right_on="here_id")
        assert all(there[row["there_id"]] == row["industry"] for row in here.to_dicts())
        assert here["industry"].null_count() < here.height
        settled(ws)


def test_BEY_2_a_file_that_gains_an_adopted_account_decides_nothing_by_itself(tmp_path):
    with opened(tmp_path / "w", "vitally") as ws:
        adopted = in_agreement(ws).here().filter(origin="salesforce").row(0, named=True)
        stage = "Growth" if adopted["stage"] != "Growth" else "At Risk"
        blank = {"external_id": adopted["id"], "name": "From the file", "stage": stage}
        changed_file(ws, lambda given: [*given, {**dict.fromkeys(given[0], ""), **blank}])
        plan = agreed(went(ws)).filter(here_id=adopted["id"])
        verdicts = dict(plan.select("partner", "verdict").rows())
        assert verdicts["stage"] == "conflict", "the file's value and Salesforce's were never compared"
        held = one(ws, f"SELECT Name, CS_Stage__c FROM Account WHERE Id = '{adopted['there_id']}'")
        assert (held["Name"], held["CS_Stage__c"]) == (adopted["name"], adopted["stage"])
        assert ws.here().filter(there_id=adopted["there_id"]).height == 1
        settled(ws)


def test_BEY_2_a_row_that_a_file_lost_and_regained_does_not_undo_an_edit(tmp_path):
    with opened(tmp_path / "w", "vitally") as ws:
        account = of_the_file(in_agreement(ws))["here_id"]
        stage = "At Risk" if record(ws.here(), account)["stage"] != "At Risk" else "Growth"
        ws.edit("account", account, {"stage": stage})
        with (ws.folder / "accounts.csv").open(encoding="utf-8", newline="") as file:
            whole = list(csv.DictReader(file))
        changed_file(ws, lambda given: [row for row in given if row["external_id"] != account])
        agreed(went(ws))
        settled(ws)
        assert record(ws.here(), account)["stage"] == stage
        changed_file(ws, lambda given: whole)
        plan = agreed(went(ws)).filter(here_id=account, partner="stage")
        assert plan["verdict"].to_list() == ["conflict"]
        settled(ws)


def test_CSU_4_an_edit_outlives_the_next_load_and_is_not_undone_over_somebody_elses(tmp_path):
    with opened(tmp_path / "w", "vitally") as ws:
        link = of_the_file(in_agreement(ws))
        done = ws.edit("account", link["here_id"], {"industry": "Energy"})
        settled(ws)
        ws.demo_org.edit("Account", link["there_id"], {"Industry": "Retail"})
        agreed(went(ws))
        assert ws.undo(done.commit_id).writes == 0
        assert record(ws.here(), link["here_id"])["industry"] == "Retail"
        later = ws.edit("account", link["here_id"], {"industry": "Energy"})
        undo = ws.undo(later.commit_id)
        went(ws)
        ws.commit(undo, confirm=undo.digest)
        assert record(ws.here(), link["here_id"])["industry"] == "Retail"
        settled(ws)


def test_what_changed_between_plan_and_commit_is_held_also_when_it_was_pulled(tmp_path):
    with opened(tmp_path / "w", "vitally") as ws:
        link = of_the_file(in_agreement(ws))
        stage = record(ws.here(), link["here_id"])["stage"]
        mine, theirs = [each for each in ("At Risk", "Growth", "Onboarding") if each != stage][:2]
        changed_file(
            ws,
            lambda given: [row | ({"stage": mine} if row["external_id"] == link["here_id"] else {}) for row in given],
        )
        plan = went(ws).plan()
        ws.demo_org.edit("Account", link["there_id"], {"CS_Stage__c": theirs})
        ws.pull()
        assert ws.commit(plan, confirm=plan.digest).held == 1
        assert one(ws, f"SELECT CS_Stage__c FROM Account WHERE Id = '{link['there_id']}'")["CS_Stage__c"] == theirs
        assert agreed(went(ws)).filter(partner="stage")["verdict"].to_list() == ["conflict"]
        settled(ws)


@pytest.mark.parametrize("by", ["a pull", "a load", "a job that was cut off"])
def test_CSU_2_a_sync_brings_over_what_somebody_else_has_read(tmp_path, by):
    with opened(tmp_path / "w", "vitally") as ws:
        link = of_the_file(in_agreement(ws))
        ws.job("sync")
        if by == "a load":
            stage = "At Risk" if record(ws.here(), link["here_id"])["stage"] != "At Risk" else "Growth"
            changed = {"stage": stage}
            changed_file(
                ws, lambda given: [row | (changed if row["external_id"] == link["here_id"] else {}) for row in given]
            )
            ws.load()
        else:
            ws.demo_org.edit("Account", link["there_id"], {"Industry": "Energy"})
            went(ws, *(["pull"] if by == "a pull" else [*ROUND, "score"]))
        assert ws.job("sync").startswith("Wrote 1 value")
        settled(ws)


def test_an_import_that_was_killed_before_it_kept_its_links_doubles_nobody(tmp_path):
    with opened(tmp_path / "w", "skalin") as ws:
        went(ws, "pull", "load", "match")
        kept = [(spec, ws.store.read(spec)) for spec in (frames.LINKS, frames.MISMATCHES, frames.SKIPS)]
        ws.import_records()
        before = sizes(ws)
        for spec, rows_before in kept:
            ws.store.write(spec, rows_before)
        agreed(went(ws))
        assert sizes(ws) == before
        settled(ws)


def test_SKA_7_an_object_that_is_disabled_is_told_nothing_of_and_catches_up_later(tmp_path):
    disabled = (TWO_WAY_CONTACTS[1], f'{CONTACT}mode = "disabled"')
    with opened(tmp_path / "w", "skalin", TWO_WAY_CONTACTS) as ws:
        kept, gone = in_agreement(ws).here("contact").drop_nulls("title").head(2).to_dicts()
        ws.demo_org.edit("Contact", gone["there_id"], {"AccountId": None})
        agreed(went(ws))
        accounted_for(ws)
        before = ws.here("contact").height
        remapped(ws, disabled)
        ws.demo_org.edit("Contact", kept["there_id"], {"Title": "Chair"})
        account = one(ws, f"SELECT AccountId FROM Contact WHERE Id = '{kept['there_id']}'")["AccountId"]
        entered_there(ws, "Contact", LastName="Newman", AccountId=account)
        agreed(went(ws))
        accounted_for(ws)
        remapped(ws, disabled[::-1])
        agreed(went(ws))
        assert record(ws.here("contact"), kept["id"])["title"] == "Chair"
        assert ws.here("contact").height == before + 1
        settled(ws)


def test_SKA_7_when_everything_is_disabled_a_step_says_so(tmp_path):
    account = '[objects.account]\nsobject = "Account"\nmode = '
    disabled = (f'{account}"two_way"', f'{account}"disabled"')
    with opened(tmp_path / "w", "vitally", disabled) as ws, pytest.raises(InputError, match="disabled"):
        ws.pull()


def test_SKA_13_accounts_are_put_under_others_that_then_leave(tmp_path):
    with opened(tmp_path / "w", "skalin") as ws:
        low, middle, top = in_agreement(ws).links().rows(named=True)[1:4]
        ws.demo_org.edit("Account", low["there_id"], {"ParentId": middle["there_id"]})
        ws.demo_org.edit("Account", middle["there_id"], {"ParentId": top["there_id"]})
        settled(went(ws))
        assert record(ws.here(), low["here_id"])["root_id"] == top["here_id"]
        ws.demo_org.edit("Account", middle["there_id"], {"Active__c": False})
        settled(went(ws))
        assert record(ws.here(), low["here_id"])["root_id"] == low["here_id"]


def test_VIT_1_another_scope_and_the_old_one_again_lose_nobody(tmp_path):
    scopes = ('scope = { list_view = "Active Customers" }', "scope = { filter = \"Type contains 'Customer'\" }")
    with opened(tmp_path / "w", "skalin") as ws:
        here = {name: set(in_agreement(ws).here(name)["id"]) for name in ("account", "contact", "meeting")}
        for change in (scopes, scopes[::-1]):
            remapped(ws, change)
            agreed(went(ws))
            assert all(ids <= set(ws.here(name)["id"]) for name, ids in here.items())
            settled(ws)


def test_a_plan_pairs_nobody_by_a_rule_that_is_not_in_the_mapping_any_more(tmp_path):
    with opened(tmp_path / "w", "vitally") as ws:
        in_agreement(ws)
        remapped(ws, ('match = ["external_id = Product_Id__c"]', 'match = ["domain = Website"]'))
        ws.plan()
        assert "external_id = Product_Id__c" not in set(ws.links()["rule"])
        accounted_for(ws)


def test_steps_in_an_odd_order_end_where_the_others_do(tmp_path):
    with opened(tmp_path / "odd", "skalin") as odd, opened(tmp_path / "even", "skalin") as even:
        in_agreement(even)
        went(odd, "load", "score", "pull", "import_records", "plan")
        accounted_for(odd)
        went(odd, "import_records", "load", "score", "plan", "match", "import_records")
        accounted_for(odd)
        agreed(went(odd))
        assert sizes(odd) == sizes(even)
        settled(odd)
