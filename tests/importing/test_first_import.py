"""The import from end to end: an org on the wire, a workspace on the disk, one import after the other."""

from contextlib import closing
from datetime import UTC, datetime

import polars as pl
import pytest

from toolkit import Workspace
from toolkit.config.objects import ObjectMapping
from toolkit.frames import LINKS
from toolkit.importing.records import import_object
from toolkit.pulling.pull import pull
from toolkit.store import Store

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)

OBJECTS = """
[objects.contact]
sobject = "Contact"
mode = "input"
create = true
related_accounts = true

[objects.contact.tags]
sponsor = { opportunity_roles = ["Executive Sponsor"] }
key_user = { account_roles = ["Influencer"] }

[[objects.contact.fields]]
here = "name"
there = "Name"
direction = "input"

[[objects.contact.fields]]
here = "email"
there = "Email"
direction = "input"

[objects.meeting]
sobject = "Event"
mode = "input"
create = true

[objects.call]
sobject = "Task"
mode = "input"
create = true

[objects.email]
sobject = "EmailMessage"
mode = "input"
create = true

[objects.page]
sobject = "ContentNote"
role = "interaction"
kind = "note"
mode = "input"
create = true
"""

ACCOUNT = """
[workspace]
as_of = 2026-11-02T08:00:00Z

[connection]
login = "demo"

[demo]
accounts = 40

[objects.account]
sobject = "Account"
mode = "input"
scope = { list_view = "Active Customers" }
match = ["external_id = Product_Id__c"]
id = "Product_Id__c"
create = true
left_scope = "churn"
hierarchy = { levels = 2 }
exclude = { name_over = 128, person_accounts = true }

[[objects.account.fields]]
here = "name"
there = "Name"
direction = "input"

[[objects.account.fields]]
here = "sales_rep"
there = "OwnerId"
by = "Name"
direction = "input"

[[objects.account.fields]]
here = "csm"
there = "CSM__c"
by = "Name"
direction = "input"
"""


@pytest.fixture
def workspace(tmp_path):
    (tmp_path / "workspace.toml").write_text(ACCOUNT + OBJECTS, encoding="utf-8")
    with Workspace(tmp_path, in_memory_org=True) as opened:
        yield opened


def imported(workspace):
    for step in (workspace.pull, workspace.load, workspace.match):
        step()
    told = {name: workspace.preview(name).outcomes for name in workspace.objects}
    workspace.import_records()
    return told


def counted(outcomes, *names):
    return outcomes.filter(pl.col("outcome").is_in(names))["records"].sum()


def test_CSU_1_the_first_import_brings_accounts_contacts_and_what_was_said(workspace):
    told = imported(workspace)
    accounts = workspace.here("account")
    assert accounts.height == workspace.there("account").height == counted(told["account"], "created")
    assert accounts["csm"].null_count() < accounts.height
    assert accounts["sales_rep"].null_count() == 0
    assert accounts["domain"].null_count() == 0
    contacts = workspace.here("contact")
    assert contacts["sponsor"].any()
    assert set(contacts["account_id"].drop_nulls()) <= set(accounts["id"])
    for name in ("meeting", "call", "email"):
        here = workspace.here(name)
        assert here.height == counted(told[name], "created")
        assert here["at"].null_count() == here["account_id"].null_count() == here["owner"].null_count() == 0
        assert here["contact_id"].count() > 0
    assert workspace.links(None).height == sum(workspace.here(name).height for name in workspace.objects)


def test_CC_7_the_same_import_again_changes_nothing(workspace):
    imported(workspace)
    before = {name: workspace.here(name) for name in workspace.objects}
    links = workspace.links(None)
    told = imported(workspace)
    for name, here in before.items():
        assert workspace.here(name).select(here.columns).equals(here), name
        assert counted(told[name], "created", "updated", "returned", "churned", "archived") == 0
    assert workspace.links(None).equals(links)


def test_SKA_12_who_leaves_the_view_churns_and_who_comes_back_does_not(workspace):
    imported(workspace)
    left = workspace.links("account").row(0, named=True)
    ours = pl.col("id") == left["here_id"]
    workspace.demo_org.edit("Account", left["there_id"], {"Active__c": False})
    told = imported(workspace)
    assert counted(told["account"], "churned") == 1
    gone = workspace.here("account").filter(ours)
    assert gone.select("stage", pl.col("churned_on").cast(pl.String)).row(0) == ("Churned", "2026-11-02")
    assert workspace.skips().filter(rule="left_scope (SKA-12)", object="account")["id"].to_list() == [left["here_id"]]
    workspace.demo_org.edit("Account", left["there_id"], {"Active__c": True})
    assert counted(imported(workspace)["account"], "returned") == 1
    assert workspace.here("account").filter(ours)["churned_on"].to_list() == [None]
    assert workspace.skips().filter(rule="left_scope (SKA-12)", object="account").is_empty()


@pytest.mark.parametrize("demo_org", [{"accounts": 40, "person_accounts": True}], indirect=True)
@pytest.mark.parametrize("companies_only", [True, False])
def test_CC_16_persons_are_told_apart_in_an_org_that_has_them(org, tmp_path, companies_only):
    given = {"create": True, "mode": "input", "exclude": {"person_accounts": companies_only}}
    given["fields"] = [{"here": "name", "there": "Name", "direction": "input"}]
    mapping = ObjectMapping.model_validate(given).named("account")
    with closing(Store.open(tmp_path)) as store:
        pull(org, mapping, store)
        there = store.records("there", "account")
    persons = org.count("Account", "IsPersonAccount = true")
    assert persons > 0
    done = import_object(mapping, there, None, LINKS.empty(), NOW)
    assert done.counts["skipped"] == (persons if companies_only else 0)
    assert done.here.height == there.height - done.counts["skipped"]
