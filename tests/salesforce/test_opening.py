"""What a run asks before it reads: all at once, and nothing that is refused stands in the way of the rest."""

from datetime import UTC, datetime, timedelta

import pytest

from toolkit.demo_org import DemoOrg
from toolkit.errors import NotFoundError
from toolkit.salesforce import Credentials, connect
from toolkit.salesforce.query import Query

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)
VIEW = ("Account", "Active Customers")


@pytest.fixture(scope="module")
def shared():
    with DemoOrg.start(accounts=8, seed=1, now=NOW) as started:
        yield started


@pytest.fixture
def org(shared):
    credentials = Credentials(shared.client_id, shared.client_secret)
    return connect(login="client_credentials", login_url=shared.url, credentials=credentials, ca_file=shared.ca_file)


def test_BEY_7_describes_views_the_org_and_its_clock_are_two_calls(org):
    spent = org.budget.spent
    found = org.open_up(["Account", "Contact", "User"], [VIEW], NOW)
    assert org.budget.spent - spent == 2
    assert found.views[VIEW] == org.list_view(*VIEW)
    assert found.clock == NOW
    spent = org.budget.spent
    assert org.organization == found.organization
    assert {"Name", "Email"} <= set(org.describe("contact").fields)
    assert org.describe("Account").field("Owner.Name").type == "string"
    assert org.budget.spent == spent
    assert org.open_up(["Account"], [], NOW).organization is None
    assert org.budget.spent == spent + 1


def test_what_is_not_there_is_left_out_and_said_by_whoever_needs_it(org):
    found = org.open_up(["Account", "Planet__c"], [("Account", "Nope"), ("Planet__c", "All"), VIEW], NOW)
    assert list(found.views) == [VIEW]
    assert found.clock == NOW
    with pytest.raises(NotFoundError, match="The org has no object Planet__c"):
        org.describe("Planet__c")
    with pytest.raises(NotFoundError, match="has no list view 'Nope'"):
        org.list_view("Account", "Nope")


@pytest.mark.parametrize("wrong", [timedelta(hours=-20), timedelta(days=400), timedelta(days=-3), timedelta(days=-40)])
def test_a_clock_of_ours_that_is_wrong_never_makes_the_orgs_run_ahead(org, wrong):
    told = org.open_up(["Account"], [], NOW + wrong).clock
    assert told is None or told <= NOW
    assert (told == NOW) is (wrong > timedelta(days=-1))


def test_a_query_that_is_refused_is_asked_again_by_whoever_needs_it(org):
    good = Query("Account", ("Id",), "Name != null", order_by="Id")
    bad = Query("Account", ("Id",), "Nope__c = 1")
    assert list(org.ask_ahead([good, bad])) == [good]
    assert org.ask_ahead([good])[good].total == org.count("Account")
    assert org.ask_ahead([]) == {}
