"""The page of one account: everything about it, reachable from every row, by an address of its own."""

import re
from dataclasses import replace

import polars as pl
import pytest
from playwright.sync_api import expect

from dashboards.filters import Filters
from dashboards.reader import Reader
from dashboards.views import account
from dashboards.views.scene import Scene
from tests.dashboards.looking import cells, tables, words
from toolkit.frames import CONTACT_ACCOUNTS
from toolkit.store import Store

BACK = ("Accounts", "?view=accounts")

# Panel hands tables to Bokeh, which uses a keyword that pandas 3.1 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword in DataFrame.reset_index:DeprecationWarning")


@pytest.fixture(scope="module")
def snapshot(company_folder):
    return Reader(company_folder).snapshot()


def page_of(snapshot, account_id, filters=None):
    details = Reader(snapshot.folder).details(snapshot, account_id)
    return account.view(Scene(snapshot, filters or Filters(), {"id": account_id}), details, back=BACK)


def fields_of(view) -> list[str]:
    return re.findall(r'<tr data-field="(\w+)"', words(view))


def test_CSU_16_CSU_17_only_visible_fields_are_shown_and_in_the_configured_order(snapshot):
    view = page_of(snapshot, "P-00007")
    assert fields_of(view)[:6] == ["name", "health_score", "health_band", "stage", "account_owner", "industry"]
    assert fields_of(view)[6:] == sorted(fields_of(view)[6:])
    assert "website" not in fields_of(view)
    assert "CS_Stage__c · both ways, editable" in words(view)
    mapping = snapshot.settings.objects["account"]
    turned = tuple(
        each.model_copy(update={"order": 1 if each.here == "industry" else each.order, "visible": each.here != "name"})
        for each in mapping.fields
        if each.here != "stage"
    )
    objects = snapshot.settings.objects | {"account": mapping.model_copy(update={"fields": turned})}
    changed = replace(snapshot, settings=snapshot.settings.model_copy(update={"objects": objects}))
    assert fields_of(page_of(changed, "P-00007"))[:2] == ["industry", "health_score"]
    assert "name" not in fields_of(page_of(changed, "P-00007"))


def test_CSU_19_the_salesforce_account_module_has_the_additional_fields_with_both_sides(snapshot):
    said = words(page_of(snapshot, "P-00007"))
    here = snapshot.here.filter(pl.col("id") == "P-00007").row(0, named=True)
    module = said[said.index("Salesforce Account") :]
    assert f"<td>{here['industry']}</td><td>{here['industry'].upper()}</td>" in module


def test_DSH_7_the_page_tells_score_history_contacts_agreements_interactions_and_lineage(snapshot):
    contact = snapshot.contacts.filter(pl.col("champion")).row(0, named=True)
    account_id = contact["account_id"]
    view = page_of(snapshot, account_id)
    said = words(view)
    own = snapshot.scores.filter(pl.col("id") == account_id)
    assert snapshot.figure(own["shown"][0]) in said
    assert "The score over time" in said
    people = next(table for table in tables(view) if "tags" in table.titles)
    assert list(people.titles) == ["name", "title", "email", "tags"]
    assert contact["name"] in people.value["name"].tolist()
    assert "Champion" in people.value["tags"][0]
    spoken = snapshot.interactions.filter((pl.col("account_id") == account_id) & pl.col("duplicate_of").is_null())
    assert theme_count(spoken.height, "interaction") in said or "No interaction with this account" in said
    dealt = snapshot.agreements.filter(pl.col("account_id") == account_id)
    assert theme_count(dealt.height, "agreement") in said
    assert f"Linked to <code>{snapshot_link(account_id)}</code>" in said
    assert "row of the plan" in said or "rows of the plan" in said or "nothing to write for this account" in said


def test_CC_14_contacts_of_other_accounts_that_have_to_do_with_it_are_listed_as_such(snapshot):
    mine, other, left = snapshot.contacts.unique("account_id", maintain_order=True).head(3).to_dicts()
    account_id = mine["account_id"]
    related = [(other["id"], "Advisor;Evaluator", True), (left["id"], "Advisor", False)]
    rows = [{"contact_id": each, "account_id": account_id, "role": role, "direct": False, "active": active}
            for each, role, active in related]  # fmt: skip
    known = replace(snapshot, relations=pl.DataFrame(rows, schema=CONTACT_ACCOUNTS.schema))
    people = next(table for table in tables(page_of(known, account_id)) if "tags" in table.titles)
    assert people.titles["relation"] == "Belongs to"
    belongs = dict(zip(people.value["name"], people.value["relation"], strict=True))
    home = snapshot.accounts.filter(id=other["account_id"])["name"][0]
    assert belongs[other["name"]] == f"{home}: Advisor, Evaluator"
    assert belongs[mine["name"]] == "this account"
    assert left["name"] not in belongs


def theme_count(number: int, one: str) -> str:
    return f"{number} {one}" + ("s" if number != 1 else "")


def snapshot_link(account_id: str) -> str:
    return f"001dM0{account_id[2:].zfill(9)}AAA"


def test_DSH_7_an_account_that_is_not_here_and_one_that_is_archived_say_so(snapshot):
    assert "This account is not here" in words(page_of(snapshot, "<b>nobody</b>"))
    assert "<b>nobody</b>" not in words(page_of(snapshot, "<b>nobody</b>"))
    archived = snapshot.here.with_columns(
        archived_on=pl.when(pl.col("id") == "P-00009").then(pl.lit(snapshot.now.date())).otherwise(None)
    )
    gone = replace(snapshot, here=archived, accounts=snapshot.accounts.filter(pl.col("id") != "P-00009"))
    assert "Archived on 2 Nov 2026" in words(page_of(gone, "P-00009"))


def test_DSH_7_parents_and_what_is_below_them_lead_to_each_other(snapshot):
    child = snapshot.accounts.filter(pl.col("parent_id").is_not_null()).row(0, named=True)
    assert f'href="?view=account&amp;id={child["parent_id"]}"' in words(page_of(snapshot, child["id"]))
    assert f'href="?view=account&amp;id={child["id"]}"' in words(page_of(snapshot, child["parent_id"]))


def test_DSH_7_without_contacts_and_agreements_the_page_says_what_to_add(tmp_path, fill_store):
    fill_store(tmp_path, accounts=20, objects=False)
    bare = Reader(tmp_path).snapshot()
    said = words(page_of(bare, bare.accounts["id"][0]))
    assert "Add a section [objects.contact]" in said
    assert "Add a section [objects.agreement]" in said
    assert "Add a section [objects.meeting]" in said


def test_DSH_7_lineage_shows_what_commits_wrote_of_the_account_and_its_contacts(tmp_path, fill_store, plan_maker):
    fill_store(tmp_path, accounts=20)
    with Store.open(tmp_path) as store:
        changes = store.latest_plan()[1].filter(pl.col("verdict") == "write")
        store.intend(plan_maker.intended("c-1", changes))
        store.settle("c-1", changes.select("seq", state=pl.lit("written")))
    snapshot = Reader(tmp_path).snapshot()
    account_id = changes["here_id"][0]
    own = changes.filter(pl.col("here_id") == account_id)
    journal = tables(page_of(snapshot, account_id))[-1].value
    assert journal["field"].tolist() == own["field"].to_list()
    assert set(journal["state"]) == {"written"}


def test_DSH_7_every_row_opens_the_page_its_address_stands_alone_and_back_returns(window, company_url, snapshot):
    page = window.open(f"{company_url}?view=accounts&segments=SMB", ready=".tabulator-row")
    first = snapshot.accounts.filter(pl.col("segment") == "SMB").row(0, named=True)
    cells(page, "band").first.click()
    expect(page.get_by_role("heading", name=first["name"])).to_be_visible()
    expect(page.get_by_role("heading", name="Salesforce Account")).to_be_visible()
    page.wait_for_url(f"**view=account&id={first['id']}&segments=SMB")
    page.go_back()
    expect(cells(page, "name").first).to_have_text(first["name"])
    page.go_forward()
    expect(page.get_by_role("heading", name=first["name"])).to_be_visible()
    page.goto(f"{company_url}?view=account&id=P-00061")
    parent = snapshot.accounts.filter(pl.col("id") == "P-00060").row(0, named=True)
    page.get_by_role("link", name=parent["name"]).click()
    expect(page.get_by_role("heading", name=parent["name"])).to_be_visible()
    page.go_back()
    expect(page.get_by_role("link", name=parent["name"])).to_be_visible()
    page.set_viewport_size({"width": 1000, "height": 500})  # a card that is higher than the window ends before the next
    contacts = page.get_by_role("heading", name="Contacts", exact=True)
    expect(contacts).to_be_visible()
    fields, below = (each.bounding_box() for each in (page.locator("table.fields"), contacts))
    assert fields["height"] > 500
    assert fields["y"] + fields["height"] < below["y"]


def test_DSH_7_a_row_is_opened_with_the_keyboard(window, company_url, snapshot):
    page = window.open(f"{company_url}?view=accounts", ready=".tabulator-row")
    link = cells(page, "name").nth(2).get_by_role("link")
    page.wait_for_function("window.Bokeh.documents[0].is_idle")
    page.wait_for_timeout(1000)  # a table draws its rows anew while the page settles
    link.press("Enter")
    expect(page.get_by_role("heading", name=snapshot.accounts["name"][2])).to_be_visible()
