"""Records and metadata over the partner SOAP API, in the form that clients of it send and read."""

import re
from xml.etree import ElementTree as ET

import pytest

ENVELOPE = (
    '<?xml version="1.0"?><e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:s="urn:sobject.partner.soap.sforce.com">'
    '<e:Header xmlns="urn:partner.soap.sforce.com"><SessionHeader><sessionId>{session}</sessionId></SessionHeader>'
    '</e:Header><e:Body xmlns="urn:partner.soap.sforce.com">{body}</e:Body></e:Envelope>'
)
PARTNER = "{urn:partner.soap.sforce.com}"
RECORD = "{urn:sobject.partner.soap.sforce.com}"
TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"


def soap(api, body: str, path: str = "/services/Soap/u/60.0", status: int = 200) -> ET.Element:
    envelope = ENVELOPE.format(session=api.access_token, body=body)
    headers = {"Content-Type": "text/xml", "SOAPAction": '""'}
    answer = api.call("POST", path, data=envelope.encode(), headers=headers)
    assert answer.status_code == status, answer.text
    return ET.fromstring(answer.content)


def query(api, soql: str) -> ET.Element:
    return soap(api, f"<query><queryString>{soql}</queryString></query>").find(f".//{PARTNER}result")


def texts(element: ET.Element, name: str) -> list[str | None]:
    return [each.text for each in element.iter(name)]


def fault(element: ET.Element) -> tuple[str, str]:
    kind = next(each for each in element.iter("detail"))[0].tag.rpartition("}")[2]
    return kind, next(element.iter("faultstring")).text.partition(":")[0]


def test_a_record_has_its_type_its_id_and_its_fields(api):
    result = query(api, "SELECT Id, Name, CreatedDate, Owner.Name, ParentId FROM Account LIMIT 1")
    assert [each.tag for each in result] == [f"{PARTNER}{n}" for n in ("done", "queryLocator", "records", "size")]
    record = result.find(f"{PARTNER}records")
    assert record.get(TYPE) == "sf:sObject"
    names = [each.tag.removeprefix(RECORD) for each in record]
    assert names == ["type", "Id", "Name", "CreatedDate", "Owner", "ParentId"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z", record.find(f"{RECORD}CreatedDate").text)
    assert record.find(f"{RECORD}Owner/{RECORD}type").text == "User"


def test_pages_and_children_are_query_results(api):
    result = query(api, "SELECT Id, (SELECT LastName FROM Contacts) FROM Account WHERE Name != null LIMIT 1")
    children = result.find(f"{PARTNER}records/{RECORD}Contacts")
    assert children.get(TYPE) == "QueryResult"
    assert int(children.find(f"{PARTNER}size").text) == len(children.findall(f"{PARTNER}records"))
    contacts = api.query("SELECT count() FROM Contact")["totalSize"]
    first = api.get("/query", params={"q": "SELECT Id FROM Contact"}, headers={"Sforce-Query-Options": "batchSize=200"})
    locator = first.json()["nextRecordsUrl"].rpartition("/")[2]
    more = soap(api, f"<queryMore><queryLocator>{locator}</queryLocator></queryMore>").find(f".//{PARTNER}result")
    assert (int(more.find(f"{PARTNER}size").text), len(more.findall(f"{PARTNER}records"))) == (contacts, contacts - 200)


def test_records_are_made_changed_retrieved_and_upserted(api):
    rows = "".join(
        f"<sObjects><s:type>Account</s:type>{fields}</sObjects>"
        for fields in ("<s:Name>Soap &amp; Co</s:Name><s:CS_Health_Score__c>7.5</s:CS_Health_Score__c>", "")
    )
    made = soap(api, f"<create>{rows}</create>")
    assert texts(made, f"{PARTNER}success") == ["true", "false"]
    assert texts(made, f"{PARTNER}statusCode") == ["REQUIRED_FIELD_MISSING"]
    record_id = texts(made, f"{PARTNER}id")[0]
    change = f"<s:type>Account</s:type><fieldsToNull>CS_Health_Score__c</fieldsToNull><s:Id>{record_id}</s:Id>"
    soap(api, f"<update><sObjects>{change}<s:Phone>12</s:Phone></sObjects></update>")
    listed = "<fieldList>Name,Phone,CS_Health_Score__c</fieldList><sObjectType>Account</sObjectType>"
    ids = f"<ids>{record_id}</ids><ids>001000000000000AAA</ids>"
    found = soap(api, f"<retrieve>{listed}{ids}</retrieve>")
    assert texts(found, f"{RECORD}Phone") == ["12"]
    assert texts(found, f"{RECORD}CS_Health_Score__c") == [None]
    assert len(found.findall(f".//{PARTNER}result")) == 2
    row = "<sObjects><s:type>Account</s:type><s:Name>Up</s:Name><s:Product_Id__c>SOAP-1</s:Product_Id__c></sObjects>"
    upsert = f"<upsert><externalIDFieldName>Product_Id__c</externalIDFieldName>{row}</upsert>"
    assert [texts(soap(api, upsert), f"{PARTNER}created") for _ in range(2)] == [["true"], ["false"]]
    assert texts(soap(api, f"<delete><id>{record_id}</id></delete>"), f"{PARTNER}success") == ["true"]


def test_objects_are_described_and_searched(api):
    every = soap(api, "<describeGlobal/>")
    assert "Account" in texts(every, f"{PARTNER}name")
    two = soap(
        api,
        "<describeSObjects><sObjectType>Account</sObjectType><sObjectType>Contact</sObjectType></describeSObjects>",
    )
    results = two.findall(f".//{PARTNER}result")
    assert [each.find(f"{PARTNER}name").text for each in results] == ["Account", "Contact"]
    assert len(results[0].findall(f"{PARTNER}fields")) == len(api.get("/sobjects/Account/describe").json()["fields"])
    name = query(api, "SELECT Name FROM Contact LIMIT 1").find(f".//{RECORD}Name").text.split()[-1]
    sosl = f"FIND {{{name}}} IN NAME FIELDS RETURNING Contact(Id, Name)"
    found = soap(api, f"<search><searchString>{sosl}</searchString></search>")
    assert found.findall(f".//{PARTNER}searchRecords/{PARTNER}record")


@pytest.mark.parametrize(
    ("body", "kind", "code"),
    [
        ("<query><queryString>SELECT FROM</queryString></query>", "MalformedQueryFault", "MALFORMED_QUERY"),
        ("<query><queryString>SELECT X__c FROM Account</queryString></query>", "InvalidFieldFault", "INVALID_FIELD"),
        ("<query><queryString>SELECT Id FROM X__c</queryString></query>", "InvalidSObjectFault", "INVALID_TYPE"),
        ("<query/>", "UnexpectedErrorFault", "MISSING_ARGUMENT"),
        (f"<create>{'<sObjects/>' * 201}</create>", "UnexpectedErrorFault", "EXCEEDED_ID_LIMIT"),
    ],
)
def test_what_cannot_be_answered_is_a_fault_of_its_kind(api, body, kind, code):
    assert fault(soap(api, body, status=500)) == (kind, code)


def test_a_row_of_no_known_object_is_refused_alone(api):
    rows = "<sObjects><s:type>Nothing__c</s:type></sObjects><sObjects><s:Name>x</s:Name></sObjects>"
    made = soap(api, f"<create>{rows}</create>")
    assert texts(made, f"{PARTNER}statusCode") == ["INVALID_TYPE", "INVALID_TYPE"]


def test_the_enterprise_api_has_no_records_here(api):
    body = "<query><queryString>SELECT Id FROM Account</queryString></query>"
    assert texts(soap(api, body, "/services/Soap/c/60.0", status=500), "faultcode") == ["soapenv:Client"]
