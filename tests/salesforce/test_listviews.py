"""List views: what there is, what one filters, and that the filter works in our own queries."""

import pytest

from toolkit.errors import InputError, NotFoundError
from toolkit.salesforce.listviews import ListView, clauses_of, described


def test_list_views_are_listed(org):
    labels = [view.label for view in org.list_views("Account")]
    assert {"All Accounts", "Active Customers", "My Accounts", "Enterprise Customers"} <= set(labels)


@pytest.mark.parametrize("attribute", ["id", "label", "developer_name"])
def test_a_list_view_is_found_by_each_of_its_names(org, attribute):
    wanted = next(view for view in org.list_views("Account") if view.label == "Active Customers")
    assert org.list_view("Account", getattr(wanted, attribute)).id == wanted.id


def test_a_label_may_be_in_any_case(org):
    assert org.list_view("Account", "active customers").label == "Active Customers"


def test_an_unknown_list_view_is_answered_with_those_that_exist(org, demo):
    with pytest.raises(NotFoundError, match="All Accounts, Active Customers"):
        org.list_view("Account", "Active Custmers")
    demo.drop_list_view("Active Customers")
    with pytest.raises(NotFoundError):
        org.list_view("Account", "Active Customers")


def test_list_views_of_an_unknown_object_name_those_that_come_near(org):
    with pytest.raises(NotFoundError, match="did you mean Account"):
        org.list_views("Accounts")


@pytest.mark.parametrize(
    ("label", "condition"),
    [
        ("All Accounts", ""),
        ("Active Customers", "WHERE Type LIKE 'Customer%' AND Active__c = TRUE"),
        ("Enterprise Customers", "WHERE Segment__c = 'Enterprise' AND Type LIKE 'Customer%'"),
        ("New This Week", "WHERE CreatedDate = THIS_WEEK"),
    ],
)
@pytest.mark.parametrize("via", ["rest", "bulk"])
def test_the_filter_gives_the_same_records_in_our_own_query(org, demo, label, condition, via):
    view = org.list_view("Account", label)
    mine = org.records("Account", ["Id"], where=view.where, scope=view.scope, via=via)
    assert mine["Id"].to_list() == sorted(row["Id"] for row in demo.rows(f"SELECT Id FROM Account {condition}"))
    assert org.count("Account", view.where, view.scope) == mine.height


def test_a_view_of_ones_own_records_has_a_scope(org):
    view = org.list_view("Account", "My Accounts")
    assert view.scope == "mine"
    assert org.records("Account", ["Id"], where=view.where, scope=view.scope).height == 0


@pytest.mark.parametrize(
    ("query", "where", "scope"),
    [
        ("SELECT Id FROM Account", "", None),
        ("SELECT Id FROM Account USING SCOPE mine ORDER BY Name ASC NULLS FIRST", "", "mine"),
        (
            "SELECT toLabel(Type) FROM Account WHERE Name = 'a WHERE b ORDER BY c' ORDER BY Name",
            "Name = 'a WHERE b ORDER BY c'",
            None,
        ),
        ("select Id from Account where Name = 'it\\'s) FROM (x' limit 5", "Name = 'it\\'s) FROM (x'", None),
        (
            "SELECT Id FROM Account WHERE (A = 1 OR (B IN ('WHERE'))) AND Id IN (SELECT C FROM D WHERE X) ORDER BY Id",
            "(A = 1 OR (B IN ('WHERE'))) AND Id IN (SELECT C FROM D WHERE X)",
            None,
        ),
        (
            "SELECT Limit__c, For__c FROM Account\nWHERE\n  Where__c = 1\n  AND Order.Limit__c = 2\nORDER BY Limit__c",
            "Where__c = 1\n  AND Order.Limit__c = 2",
            None,
        ),
        ("SELECT Id FROM Account USING SCOPE everything WHERE A = 'x\\\\' ORDER BY Id", "A = 'x\\\\'", None),
    ],
)
def test_the_filter_is_cut_out_without_touching_quotes_and_parentheses(query, where, scope):
    view = described(ListView("00B", "A", "A"), "Account", {"query": query, "scope": None})
    assert (view.where, view.scope) == (where, scope)
    assert clauses_of(query)["FROM"] == "Account"


def test_a_label_that_two_views_have_asks_for_the_developer_name(org, demo):
    views = demo._state.list_views
    views.append(type(views[0])(99, "Account", "All Accounts", "AllAccountsToo"))
    with pytest.raises(InputError) as raised:
        org.list_view("Account", "All Accounts")
    assert "AllAccounts, AllAccountsToo" in raised.value.hint
    assert org.list_view("Account", "AllAccounts").developer_name == "AllAccounts"
