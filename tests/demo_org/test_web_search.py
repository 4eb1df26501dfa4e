"""Search, recently viewed records, layouts, tabs: what clients ask for around the records."""

import time

import pytest


@pytest.fixture(scope="module", autouse=True)
def searched(web_org):
    state = web_org._state
    access = state.access(web_org.user_id)
    for name, phone in (("Zebra North Wind", "0301234"), ("Zebra's 100% Oak_Tree", None), ("Lonely Zebrano", None)):
        account = state.records.create("Account", {"Name": name, "Phone": phone}, access)
        state.records.create("Contact", {"LastName": f"of {name[:9]}", "AccountId": account}, access)


def names(api, sosl: str) -> list[str]:
    answer = api.get("/search/", params={"q": sosl})
    assert answer.status_code == 200, answer.text
    return [each.get("Name") or each["Id"] for each in answer.json()["searchRecords"]]


@pytest.mark.parametrize(
    ("term", "found"),
    [
        ("zebra", {"Zebra North Wind"}),
        ("zebra*", {"Zebra North Wind", "Zebra's 100% Oak_Tree", "Lonely Zebrano"}),
        ("zebr?", {"Zebra North Wind"}),
        ('"north wind"', {"Zebra North Wind"}),
        ("zebra wind", {"Zebra North Wind"}),
        ("zebra AND wind", {"Zebra North Wind"}),
        ("lonely OR wind", {"Zebra North Wind", "Lonely Zebrano"}),
        ("zebra* AND NOT (lonely OR wind)", {"Zebra's 100% Oak_Tree"}),
        ("zebra's", {"Zebra's 100% Oak_Tree"}),
        ("100%", {"Zebra's 100% Oak_Tree"}),
        ("oakxtree", set()),
        ("0301234", {"Zebra North Wind"}),
    ],
)
def test_words_are_found_as_words(api, term, found):
    assert set(names(api, f"FIND {{{term}}} RETURNING Account(Id, Name)")) == found


def test_fields_clauses_and_limits(api):
    assert names(api, "FIND {0301234} IN NAME FIELDS RETURNING Account(Name)") == []
    assert names(api, "find {0301234} in phone fields returning Account(Name)") == ["Zebra North Wind"]
    sosl = "FIND {zebra*} RETURNING Account(Name WHERE Phone = null ORDER BY Name DESC LIMIT 1), Contact(Name) LIMIT 3"
    assert names(api, sosl)[0] == "Zebra's 100% Oak_Tree"
    assert len(names(api, "FIND {zebra*} LIMIT 2")) == 2
    assert len(names(api, "FIND {zebra*}")) >= 3


def test_nothing_found_is_an_empty_list(api):
    assert api.get("/search", params={"q": "FIND {qqqqqqq}"}).json() == {"searchRecords": []}
    old = api.get("/services/data/v36.0/search", params={"q": "FIND {qqqqqqq}"})
    assert old.json() == []


@pytest.mark.parametrize(
    ("sosl", "code"),
    [
        ("FIND zebra", "MALFORMED_SEARCH"),
        ("FIND {}", "MALFORMED_SEARCH"),
        ("FIND {z}", "INVALID_SEARCH"),
        ("FIND {zebra} IN COLOUR FIELDS", "MALFORMED_SEARCH"),
        ("FIND {(zebra} RETURNING Account", "MALFORMED_SEARCH"),
        ("FIND {zebra AND} RETURNING Account", "MALFORMED_SEARCH"),
        ("FIND {zebra} RETURNING Nothing", "INVALID_TYPE"),
        ("FIND {zebra} RETURNING Account(Nothing__c)", "INVALID_FIELD"),
        ("FIND {zebra} RETURNING Account USING Listview=x", "MALFORMED_SEARCH"),
        ("FIND {zebra} WITH DIVISION = 'x'", "MALFORMED_SEARCH"),
        ("FIND {zebra} RETURNING Account(" + "WHERE " * 3000 + ")", "MALFORMED_SEARCH"),
    ],
)
def test_a_search_that_cannot_be_is_refused_at_once(api, sosl, code):
    began = time.monotonic()
    request = {"method": "GET", "url": f"/services/data/v66.0/search?q={sosl}", "referenceId": "r"}
    entry = api.post("/composite", {"compositeRequest": [request]}).json()["compositeResponse"][0]
    assert (entry["httpStatusCode"], entry["body"][0]["errorCode"]) == (400, code)
    assert time.monotonic() - began < 2


def test_the_text_of_a_missing_term_is_salesforces(api):
    error = api.get("/search", params={"q": "FIND zebra"}).json()[0]
    assert error["message"] == "No search term found. The search term must be enclosed in braces."


def test_a_search_with_parameters(api):
    params = {"q": "zebra*", "sobject": "Account", "Account.fields": "Id,Name", "Account.limit": "2", "in": "NAME"}
    records = api.get("/parameterizedSearch", params=params).json()["searchRecords"]
    assert len(records) == 2
    assert "Name" in records[0]
    body = {"q": "zebra*", "fields": ["Name"], "sobjects": [{"name": "Account", "where": "Phone = null"}], "in": "ALL"}
    found = api.post("/parameterizedSearch", body).json()["searchRecords"]
    assert {each["Name"] for each in found} == {"Zebra's 100% Oak_Tree", "Lonely Zebrano"}
    assert api.post("/parameterizedSearch", {}).json()[0]["errorCode"] == "MALFORMED_SEARCH"
    many = api.post("/parameterizedSearch", {"q": "zebra*", "overallLimit": 1}).json()["searchRecords"]
    assert len(many) == 1


def test_what_was_looked_at_last_is_recent(api, web_org):
    first, second = (str(each["Id"]) for each in web_org.rows("SELECT Id FROM Account ORDER BY Id LIMIT 2"))
    for each in (first, second):
        api.query(f"SELECT Id FROM Account WHERE Id = '{each}' FOR VIEW")
        web_org.pass_time(1)
    recent = api.get("/recent", params={"limit": 2}).json()
    assert [each["Id"] for each in recent] == [second, first]
    assert list(recent[0]) == ["attributes", "Id", "Name"]
    assert api.get("/recent", params={"limit": "x"}).status_code == 400


def test_layouts_hold_every_visible_field(api):
    body = api.get("/sobjects/Account/describe/layouts").json()
    assert list(body) == ["layouts", "recordTypeMappings", "recordTypeSelectorRequired"]
    rows = body["layouts"][0]["detailLayoutSections"][0]["layoutRows"]
    shown = [item["layoutComponents"][0]["value"] for row in rows for item in row["layoutItems"]]
    described = [field["name"] for field in api.get("/sobjects/Account/describe").json()["fields"]]
    assert shown == described
    mapping = body["recordTypeMappings"][-1]
    assert mapping["recordTypeId"] == "012000000000000AAA"
    assert api.get(mapping["urls"]["layout"]).json()["id"] == mapping["layoutId"]
    assert api.get("/sobjects/Account/describe/layouts/012000000000001").status_code == 404
    assert api.get("/sobjects/Organization/describe/layouts").status_code == 404


def test_compact_layouts_tabs_and_theme(api):
    compact = api.get("/sobjects/Account/describe/compactLayouts").json()
    fields = [item["layoutComponents"][0]["value"] for item in compact["compactLayouts"][0]["fieldItems"]]
    assert fields[0] == "Name"
    assert api.get("/compactLayouts", params={"q": "Account,Contact"}).json().keys() == {"Account", "Contact"}
    assert api.get("/sobjects/Account/describe/approvalLayouts").json() == {"approvalLayouts": []}
    assert "Account" in [each["sobjectName"] for each in api.get("/tabs").json()]
    assert api.get("/theme").json() == {"themeItems": []}


@pytest.mark.parametrize("path", ["/sobjects/Account/quickActions/NewTask", "/chatter/feeds", "/actions"])
def test_what_this_org_has_not_is_not_found(api, path):
    assert api.get(path).json()[0]["errorCode"] == "NOT_FOUND"


def test_every_resource_of_a_version_is_there(api):
    for name, url in api.get("/").json().items():
        if name not in ("identity", "search", "query", "queryAll", "parameterizedSearch", "jobs"):
            assert api.get(url).status_code == 200, name


def test_a_list_view_may_sort_downwards(api, web_org):
    web_org.change_list_view("New This Week", order_by="Phone DESC")
    views = {view["label"]: view for view in api.get("/sobjects/Account/listviews/recent").json()["listviews"]}
    described = api.get(views["New This Week"]["describeUrl"]).json()
    assert described["query"].endswith("ORDER BY Phone DESC NULLS FIRST, Id ASC NULLS FIRST")
    assert described["orderBy"][0]["sortDirection"] == "descending"
    phone = next(each for each in described["columns"] if each["fieldNameOrPath"] == "Phone")
    assert (phone["sortDirection"], phone["sortIndex"]) == ("descending", 0)
    assert api.get(views["New This Week"]["resultsUrl"]).status_code == 200
