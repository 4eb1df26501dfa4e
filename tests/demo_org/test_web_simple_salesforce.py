"""A widely used Salesforce client takes the demo org for Salesforce."""

from datetime import timedelta

import pytest
import requests
import simple_salesforce


@pytest.fixture
def sf(api, web_org):
    session = requests.Session()
    session.trust_env = False
    session.verify = str(web_org.ca_file)
    yield simple_salesforce.Salesforce(
        instance_url=web_org.url, session_id=api.access_token, session=session, version="59.0"
    )
    session.close()


def test_it_describes_and_lists_objects(sf):
    assert {"Account", "Contact"} <= {each["name"] for each in sf.describe()["sobjects"]}
    described = sf.Account.describe()
    assert len(described) >= 45
    assert next(field for field in described["fields"] if field["name"] == "CS_Health_Score__c")["scale"] == 1
    assert sf.api_usage["api-usage"].total == 15_000


def test_it_reads_every_page_of_a_query(sf, web_org):
    soql = "SELECT Id, Name, Account.Name FROM Contact"
    everyone = web_org.rows(soql)
    sf.headers["Sforce-Query-Options"] = "batchSize=200"
    read = sf.query_all(soql)
    assert read["totalSize"] == len(everyone) == len(read["records"])
    assert [each["Id"] for each in read["records"]] == [each["Id"] for each in everyone]


def test_it_creates_changes_upserts_and_deletes(sf):
    made = sf.Account.create({"Name": "By client", "Product_Id__c": "P-95001"})
    assert made["success"] is True
    assert sf.Account.update(made["id"], {"CS_Health_Score__c": 5.5}) == 204
    assert sf.Account.upsert("Product_Id__c/P-95001", {"Site": "x"}) == 200
    assert sf.Account.upsert("Product_Id__c/P-95002", {"Name": "New"}) == 201
    assert sf.Account.get_by_custom_id("Product_Id__c", "P-95001")["CS_Health_Score__c"] == 5.5
    assert sf.Account.delete(made["id"]) == 204
    with pytest.raises(simple_salesforce.exceptions.SalesforceResourceNotFound):
        sf.Account.get(made["id"])


def test_it_raises_its_own_errors_for_ours(sf, web_org):
    with pytest.raises(simple_salesforce.exceptions.SalesforceMalformedRequest) as refused:
        sf.query("SELECT Nothing__c FROM Account")
    assert refused.value.content[0]["errorCode"] == "INVALID_FIELD"
    web_org.faults.expire_sessions()
    with pytest.raises(simple_salesforce.exceptions.SalesforceExpiredSession):
        sf.query("SELECT Id FROM Account")


def test_it_loads_and_queries_in_bulk(sf):
    records = [{"Name": f"Bulk {n}", "Product_Id__c": f"P-9600{n}"} for n in range(3)]
    loaded = sf.bulk2.Account.insert(records=records, wait=0.05)
    assert [(each["numberRecordsProcessed"], each["numberRecordsFailed"]) for each in loaded] == [(3, 0)]
    assert "Bulk 1" in sf.bulk2.Account.get_successful_records(loaded[0]["job_id"])
    assert sf.bulk2.Account.get_failed_records(loaded[0]["job_id"]).count("\n") == 1
    pages = list(
        sf.bulk2.Account.query("SELECT Id, Name FROM Account WHERE Name LIKE 'Bulk _'", max_records=2, wait=0.05)
    )
    assert [page.count("\n") for page in pages] == [3, 2]


def test_it_reads_the_organization_and_limits(sf, web_org):
    organization = sf.query("SELECT Id, Name, IsSandbox, OrganizationType FROM Organization")["records"][0]
    assert organization["Id"] == web_org.org_id
    assert sf.limits()["DailyApiRequests"]["Max"] == 15_000


def test_it_follows_what_changed_and_what_went(sf, web_org):
    web_org.pass_time(120)
    made = sf.Account.create({"Name": "Changed and gone"})["id"]
    gone = sf.Account.create({"Name": "Gone"})["id"]
    sf.Account.delete(gone)
    web_org.pass_time(120)
    now = web_org._state.clock.now()
    window = (now - timedelta(minutes=5), now + timedelta(minutes=1))
    assert made in sf.Account.updated(*window)["ids"]
    deleted = sf.Account.deleted(*window)["deletedRecords"]
    assert [list(each) for each in deleted if each["id"] == gone] == [["id", "deletedDate"]]


def test_it_searches_and_asks_for_layouts_and_metadata(sf):
    sf.Account.create({"Name": "Searchable Walrus"})
    found = sf.search("FIND {walrus} RETURNING Account(Id, Name)")["searchRecords"]
    assert [each["Name"] for each in found] == ["Searchable Walrus"]
    assert sf.quick_search("walrus")["searchRecords"]
    assert sf.Account.metadata()["objectDescribe"]["name"] == "Account"
    assert sf.Account.describe_layout("012000000000000AAA")["detailLayoutSections"]
    soql = "SELECT Id, DeveloperName FROM CustomField WHERE DeveloperName = 'CS_Stage'"
    assert sf.toolingexecute(f"query/?q={soql}")["size"] == 1
    assert sf.restful("tooling/query/", params={"q": soql})["records"][0]["DeveloperName"] == "CS_Stage"
    assert sf.is_sandbox() is True


def test_it_reads_lazily_and_with_what_lies_in_the_bin(sf, web_org):
    gone = sf.Account.create({"Name": "In the bin"})["id"]
    sf.Account.delete(gone)
    soql = f"SELECT Id, IsDeleted FROM Account WHERE Id = '{gone}'"
    assert list(sf.query_all_iter(soql)) == []
    assert [each["IsDeleted"] for each in sf.query_all_iter(soql, include_deleted=True)] == [True]


def test_it_calls_composites(sf):
    body = {"compositeRequest": [{"method": "GET", "url": "/services/data/v59.0/limits", "referenceId": "l"}]}
    assert sf.restful("composite", method="POST", json=body)["compositeResponse"][0]["httpStatusCode"] == 200
