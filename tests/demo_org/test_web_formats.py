"""XML instead of JSON, packed bodies, malformed ones, conditional requests, and paths along relationships."""

import gzip
from xml.etree import ElementTree as ET

import pytest

XML = {"Accept": "application/xml"}
SENT_XML = {"Content-Type": "application/xml"}


@pytest.fixture
def account(api):
    return api.post("/sobjects/Account", {"Name": "Formats & <Co>", "CS_Health_Score__c": 7.0}).json()["id"]


def tree(answer) -> ET.Element:
    assert answer.headers["Content-Type"] == "application/xml;charset=UTF-8", answer.text
    return ET.fromstring(answer.content)


def test_a_record_is_xml_by_ending_or_by_accept(api, account):
    for answer in (
        api.get(f"/sobjects/Account/{account}.xml?fields=Name,Site,CS_Health_Score__c"),
        api.get(f"/sobjects/Account/{account}?fields=Name,Site,CS_Health_Score__c", headers=XML),
    ):
        root = tree(answer)
        assert (root.tag, root.get("type")) == ("Account", "Account")
        assert root.get("url").endswith(account)
        assert root.findtext("Name") == "Formats & <Co>"
        assert root.findtext("CS_Health_Score__c") == "7.0"
        assert root.find("Site").get("{http://www.w3.org/2001/XMLSchema-instance}nil") == "true"


def test_json_is_the_default_whatever_else_is_named(api, account):
    for headers in ({"Accept": "*/*"}, {"Accept": "application/json"}, {"Accept": "text/html", **SENT_XML}):
        assert api.get(f"/sobjects/Account/{account}", headers=headers).json()["Id"] == account
    assert api.get(f"/sobjects/Account/{account}.json", headers=XML).json()["Id"] == account


@pytest.mark.parametrize(
    ("path", "root", "child"),
    [
        ("/services/data.xml", "Versions", "Version"),
        ("/limits.xml", "LimitsSnapshot", "DailyApiRequests"),
        ("/query.xml?q=SELECT+Name,Owner.Name+FROM+Account+LIMIT+2", "QueryResult", "records"),
        ("/sobjects.xml", "DescribeGlobal", "sobjects"),
        ("/sobjects/Account/describe.xml", "DescribeSObject", "fields"),
        ("/search.xml?q=FIND+{formats}+RETURNING+Account", "SearchResult", "searchRecords"),
        ("/nowhere.xml", "Errors", "Error"),
        ("/query.xml?q=SELECT", "Errors", "Error"),
    ],
)
def test_resources_and_errors_have_their_root(api, account, path, root, child):
    found = tree(api.get(path))
    assert found.tag == root
    assert found.find(child) is not None


def test_an_error_in_xml_says_code_and_message(api):
    error = tree(api.get("/sobjects/Nothing/describe", headers=XML)).find("Error")
    assert (error.findtext("errorCode"), error.findtext("message")) == (
        "NOT_FOUND",
        "The requested resource does not exist",
    )


def test_a_record_may_be_sent_as_xml(api):
    values = "<Name>Sent as XML</Name><Active__c>true</Active__c><CS_Health_Score__c>4.5</CS_Health_Score__c>"
    body = f"<Account>{values}</Account>"
    made = api.call("POST", "/sobjects/Account", data=body, headers={**SENT_XML, **XML})
    root = tree(made)
    assert (made.status_code, root.tag, root.findtext("success")) == (201, "Result", "true")
    read = api.get(f"/sobjects/Account/{root.findtext('id')}").json()
    assert (read["Name"], read["Active__c"], read["CS_Health_Score__c"]) == ("Sent as XML", True, 4.5)
    broken = api.call("POST", "/sobjects/Account", data="<Account><Name>", headers=SENT_XML)
    assert (broken.status_code, broken.json()[0]["errorCode"]) == (400, "XML_PARSER_ERROR")
    tricked = api.call("POST", "/sobjects/Account", data="<!DOCTYPE a><Account/>", headers=SENT_XML)
    assert tricked.status_code == 400


def test_an_external_id_may_end_like_a_format(api):
    assert api.patch("/sobjects/Account/Product_Id__c/P-1.xml", {"Name": "Dotted"}).status_code == 201
    assert api.get("/sobjects/Account/Product_Id__c/P-1.xml").json()["Name"] == "Dotted"


def test_composites_know_only_json(api):
    assert api.post(
        "/composite/batch", {"batchRequests": [{"method": "GET", "url": "v66.0/limits"}]}, headers=XML
    ).json()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            b"{x}",
            (
                "Unexpected character ('x' (code 120)): was expecting double-quote to start field name\n"
                " at [line:1, column:2]"
            ),
        ),
        (b'{"Name":\n ,}', "Unexpected character (',' (code 44)): expected a valid value"),
        (b'{"Name":"x"', "Unexpected end-of-input at [line:1, column:12]"),
        (b"", "Unexpected end-of-input at [line:1, column:1]"),
        (b'{"Name":"\xff"}', "The document is not UTF-8"),
        (b"[" * 100_000, "at [line:1, column:"),
        (b"[]", "Cannot deserialize instance of sobject from START_ARRAY"),
    ],
)
def test_malformed_json_is_answered_as_the_parser_does(api, body, message):
    answer = api.call("POST", "/sobjects/Account", data=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "JSON_PARSER_ERROR")
    assert message in answer.json()[0]["message"]


def test_a_body_of_another_type_is_not_taken(api):
    answer = api.call("POST", "/sobjects/Account", data="Name=x", headers={"Content-Type": "text/plain"})
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (415, "UNSUPPORTED_MEDIA_TYPE")


def test_bodies_may_be_packed_both_ways(api, account):
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    sent = api.call("PATCH", f"/sobjects/Account/{account}", data=gzip.compress(b'{"Site":"packed"}'), headers=headers)
    assert sent.status_code == 204
    described = api.get("/sobjects/Account/describe", headers={"Accept-Encoding": "gzip"})
    assert described.headers["Content-Encoding"] == "gzip"
    assert described.headers["ETag"].endswith('--gzip"')
    plain = api.get("/sobjects/Account/describe", headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    assert plain.json() == described.json()


def test_a_record_is_sent_only_if_changed_and_changed_only_if_unchanged(api, account, web_org):
    first = api.get(f"/sobjects/Account/{account}", headers={"Accept-Encoding": "identity"})
    tag, at = first.headers["ETag"], first.headers["Last-Modified"]
    same = api.get(f"/sobjects/Account/{account}", headers={"If-None-Match": tag})
    assert (same.status_code, same.content) == (304, b"")
    assert api.get(f"/sobjects/Account/{account}", headers={"If-Modified-Since": at}).status_code == 304
    web_org.pass_time(2)
    web_org.edit("Account", account, {"Site": "meanwhile"})
    assert api.get(f"/sobjects/Account/{account}", headers={"If-None-Match": tag}).status_code == 200
    for header in ({"If-Match": tag}, {"If-Unmodified-Since": at}):
        refused = api.patch(f"/sobjects/Account/{account}", {"Site": "mine"}, headers=header)
        assert (refused.status_code, refused.json()[0]["errorCode"]) == (412, "PRECONDITION_FAILED")
        assert api.delete(f"/sobjects/Account/{account}", headers=header).status_code == 412
    current = api.get(f"/sobjects/Account/{account}").headers["ETag"]
    assert api.patch(f"/sobjects/Account/{account}", {"Site": "mine"}, headers={"If-Match": current}).status_code == 204


def test_only_accounts_have_a_mark(api, account):
    contact = api.post("/sobjects/Contact", {"LastName": "Mark"}).json()["id"]
    headers = api.get(f"/sobjects/Contact/{contact}").headers
    assert "ETag" not in headers
    assert "Last-Modified" in headers


def test_relationships_are_followed_up_and_down(api, account):
    contact = api.post("/sobjects/Contact", {"LastName": "Path", "AccountId": account}).json()["id"]
    parent = api.get(f"/sobjects/Contact/{contact}/Account?fields=Name").json()
    assert parent["Name"] == "Formats & <Co>"
    children = api.get(f"/sobjects/Account/{account}/Contacts?fields=LastName").json()
    assert (children["totalSize"], children["records"][0]["LastName"]) == (1, "Path")
    assert api.get(f"/sobjects/Account/{account}/Contacts").json()["records"][0]["Id"] == contact
    assert api.patch(f"/sobjects/Contact/{contact}/Account", {"Site": "by path"}).status_code == 204
    assert api.get(f"/sobjects/Account/{account}").json()["Site"] == "by path"
    assert api.get(f"/sobjects/Contact/{contact}/Nothing").json()[0]["errorCode"] == "NOT_FOUND"
    assert api.get(f"/sobjects/Account/{account}/Parent").json()[0]["errorCode"] == "NOT_FOUND"


def test_a_method_may_be_named_in_the_address(api, account):
    for method, status in (("PATCH", 204), ("DELETE", 204)):
        answer = api.post(f"/sobjects/Account/{account}?_HttpMethod={method}", {"Site": "renamed"})
        assert answer.status_code == status


def test_pretty_json_is_printed_as_recorded(api):
    answer = api.get(
        "/query", params={"q": "SELECT Id FROM Account WHERE Name = 'none'"}, headers={"X-PrettyPrint": "1"}
    )
    assert answer.text == '{\n  "totalSize" : 0,\n  "done" : true,\n  "records" : [ ]\n}'
