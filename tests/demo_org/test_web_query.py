"""Queries over REST: pages, locators, the recycle bin, and how results print."""

import pytest

from toolkit.demo_org.ids import is_id

SOQL = "SELECT Id, Name FROM Contact ORDER BY Id"


def test_a_query_answers_its_records_with_attributes_first(api):
    page = api.query("SELECT Name, Owner.Name FROM Account ORDER BY Id LIMIT 1")
    record = page["records"][0]
    assert list(record) == ["attributes", "Name", "Owner"]
    assert record["attributes"]["url"].startswith("/services/data/v66.0/sobjects/Account/001")
    assert (page["totalSize"], page["done"]) == (1, True)
    assert "nextRecordsUrl" not in page


def test_a_large_result_comes_in_pages_that_can_be_read_again(api, web_org):
    everyone = [record["Id"] for record in web_org.rows(SOQL)]
    assert len(everyone) > 200, "the sample company has contacts for more than one page"
    first = api.query(SOQL, headers={"Sforce-Query-Options": "batchSize=200"})
    assert (first["totalSize"], first["done"], len(first["records"])) == (len(everyone), False, 200)
    locator, _, offset = first["nextRecordsUrl"].rsplit("/", 1)[1].partition("-")
    assert locator.startswith("0r8")
    assert is_id(locator)
    assert offset == "200"
    second = api.get(first["nextRecordsUrl"]).json()
    assert api.get(first["nextRecordsUrl"]).json() == second
    assert [each["Id"] for each in first["records"] + second["records"]] == everyone[:400]
    assert second["totalSize"] == len(everyone)


@pytest.mark.parametrize("locator", ["0r8dM0000000099QAA-200", "rubbish", "0r8dM0000000001QAA-x"])
def test_a_locator_that_is_none_is_refused(api, locator):
    answer = api.get(f"/query/{locator}")
    assert answer.status_code == 400
    assert answer.json() == [{"message": "invalid query locator", "errorCode": "INVALID_QUERY_LOCATOR"}]


def test_a_forgotten_cursor_has_no_next_page(api, web_org):
    first = api.query(SOQL, headers={"Sforce-Query-Options": "batchSize=200"})
    web_org.faults.expire_cursors()
    assert api.get(first["nextRecordsUrl"]).json()[0]["errorCode"] == "INVALID_QUERY_LOCATOR"


def test_short_pages_lose_no_record(api, web_org):
    web_org.faults.inject("short_page", times=2, size=7)
    page = api.query(SOQL, headers={"Sforce-Query-Options": "batchSize=200"})
    read = list(page["records"])
    assert len(read) == 7
    while not page["done"]:
        page = api.get(page["nextRecordsUrl"]).json()
        read += page["records"]
    assert [each["Id"] for each in read] == [each["Id"] for each in web_org.rows(SOQL)]


def test_query_all_brings_what_lies_in_the_recycle_bin(api):
    made = api.post("/sobjects/Account", {"Name": "Soon gone"}).json()["id"]
    api.delete(f"/sobjects/Account/{made}")
    soql = f"SELECT Id, IsDeleted FROM Account WHERE Id = '{made}'"
    assert api.query(soql)["records"] == []
    everything = api.get("/queryAll/", params={"q": soql}).json()["records"]
    assert [(each["Id"], each["IsDeleted"]) for each in everything] == [(made, True)]


def test_numbers_with_decimals_keep_their_point(api):
    made = api.post("/sobjects/Account", {"Name": "Points", "CS_Health_Score__c": 7}).json()["id"]
    soql = f"SELECT CS_Health_Score__c, NumberOfEmployees FROM Account WHERE Id = '{made}'"
    assert '"CS_Health_Score__c":7.0,"NumberOfEmployees":null' in api.get("/query", params={"q": soql}).text


@pytest.mark.parametrize(
    ("soql", "code"),
    [
        ("SELECT Nothing__c FROM Account", "INVALID_FIELD"),
        ("SELECT Hidden_Notes__c FROM Account", "INVALID_FIELD"),
        ("SELECT Id FROM ScratchOrgInfo", "INVALID_TYPE"),
        ("SELECT Id FROM", "MALFORMED_QUERY"),
    ],
)
def test_a_refused_query_says_why_with_the_message_first(api, soql, code):
    answer = api.get("/query", params={"q": soql})
    assert answer.status_code == 400
    assert list(answer.json()[0]) == ["message", "errorCode"]
    assert answer.json()[0]["errorCode"] == code


def test_a_query_without_a_statement_is_refused(api):
    assert api.get("/query").json()[0]["errorCode"] == "MALFORMED_QUERY"
