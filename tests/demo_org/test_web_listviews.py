"""List views over REST."""

import pytest


@pytest.fixture
def views(api):
    listed = api.get("/sobjects/Account/listviews").json()
    assert listed["size"] == len(listed["listviews"])
    return {each["label"]: each for each in listed["listviews"]}


def test_the_list_views_of_an_object_are_listed(views):
    assert {"All Accounts", "Active Customers", "My Accounts", "Enterprise Customers"} <= set(views)
    assert views["Active Customers"]["developerName"] == "Active_Customers"
    assert views["Active Customers"]["id"].startswith("00B")


def test_a_list_view_describes_itself_as_soql_with_labels(api, views):
    described = api.get(views["Active Customers"]["describeUrl"]).json()
    assert described["query"] == (
        "SELECT Name, Site, BillingState, Phone, toLabel(Type), Owner.Alias, Id, CreatedDate, LastModifiedDate, "
        "SystemModstamp FROM Account WHERE Type LIKE 'Customer%' AND Active__c = TRUE "
        "ORDER BY Name ASC NULLS FIRST, Id ASC NULLS FIRST"
    )
    assert described["scope"] is None
    assert described["whereCondition"]["conjunction"] == "and"
    assert [each["field"] for each in described["whereCondition"]["conditions"]] == ["Type", "Active__c"]
    assert described["columns"][4]["selectListItem"] == "toLabel(Type)"


def test_a_list_view_of_ones_own_has_a_scope(api, views):
    described = api.get(views["My Accounts"]["describeUrl"]).json()
    assert described["scope"] == "mine"
    assert " FROM Account USING SCOPE mine ORDER BY " in described["query"]


def test_every_list_views_query_can_be_asked(api, views):
    for view in views.values():
        assert api.query(api.get(view["describeUrl"]).json()["query"])["done"] is True


def test_the_rows_a_person_sees_come_in_pages(api, views, web_org):
    first = api.get(views["All Accounts"]["resultsUrl"], params={"limit": 10}).json()
    assert (first["size"], first["done"], first["label"]) == (10, False, "All Accounts")
    second = api.get(views["All Accounts"]["resultsUrl"], params={"limit": 2000, "offset": 10}).json()
    assert second["done"] is True
    names = [row["columns"][0]["value"] for row in first["records"] + second["records"]]
    expected = web_org.rows("SELECT Name FROM Account ORDER BY Name, Id")
    assert names == [record["Name"] for record in expected]
    shown = {column["fieldNameOrPath"]: column["value"] for column in first["records"][0]["columns"]}
    assert " GMT " in shown["CreatedDate"]


def test_a_list_view_that_is_not_there_is_not_found(api):
    assert api.get("/sobjects/Account/listviews/00BdM0000000099QAA/describe").status_code == 404


def test_there_are_views_of_contacts_with_a_role_and_of_won_deals(api):
    for sobject, label, condition in (
        ("Contact", "CS Contacts", "CS_Role__c != NULL"),
        ("Opportunity", "Won Opportunities", "IsWon = TRUE"),
    ):
        listed = api.get(f"/sobjects/{sobject}/listviews").json()["listviews"]
        view = next(each for each in listed if each["label"] == label)
        query = api.get(view["describeUrl"]).json()["query"]
        assert f"WHERE {condition}" in query
        shown = api.get(f"{view['resultsUrl']}?limit=2000").json()["size"]
        assert shown == api.query(f"SELECT count() FROM {sobject} WHERE {condition}")["totalSize"] > 20
