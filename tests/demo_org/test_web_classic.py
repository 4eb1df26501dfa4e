"""Bulk API 1.0 on the wire, byte for byte where live orgs were recorded, and through a widely used client."""

import json
import re
import time

import pytest
import requests
import simple_salesforce

NAMESPACE = "http://www.force.com/2009/06/asyncapi/dataload"
STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z"
TYPES = {"XML": "application/xml", "JSON": "application/json", "CSV": "text/csv"}


class Classic:
    """A client of the raw API."""

    def __init__(self, api) -> None:
        self.api = api
        self.root = f"{api.org.url}/services/async/59.0"

    def call(self, method: str, path: str, data: object = None, kind: str = "XML", **headers: str):
        sent = {"X-SFDC-Session": self.api.access_token, "Content-Type": TYPES[kind], "Authorization": None, **headers}
        return self.api.session.request(method, self.root + path, data=data, headers=sent, timeout=20)

    def job(self, operation: str, kind: str, sobject: str = "Account", more: str = "") -> str:
        body = (
            f'<jobInfo xmlns="{NAMESPACE}"><operation>{operation}</operation><object>{sobject}</object>{more}'
            f"<contentType>{kind}</contentType></jobInfo>"
        )
        made = self.call("POST", "/job", body)
        assert made.status_code == 201, made.text
        return text_of(made, "id")

    def batch(self, job: str, data: str, kind: str) -> tuple[str, str]:
        """Send a batch and return its id and how it ended."""
        sent = self.call("POST", f"/job/{job}/batch", data.encode(), kind)
        assert sent.status_code == 201, sent.text
        batch = sent.json()["id"] if kind == "JSON" else text_of(sent, "id")
        until = time.monotonic() + 20
        while time.monotonic() < until:
            told = self.call("GET", f"/job/{job}/batch/{batch}")
            state = told.json()["state"] if kind == "JSON" else text_of(told, "state")
            if state in ("Completed", "Failed", "NotProcessed"):
                return batch, state
            time.sleep(0.005)
        raise AssertionError(told.text)

    def result(self, job: str, batch: str, part: str = "") -> requests.Response:
        return self.call("GET", f"/job/{job}/batch/{batch}/result{part}")


@pytest.fixture
def classic(api):
    return Classic(api)


def text_of(answer, name: str) -> str:
    return re.search(f"<{name}>([^<]*)</{name}>", answer.text)[1]


def lines_of(*names: str) -> str:
    return "".join(rf" <{name}>[^<]*</{name}>\n" for name in names)


COUNTS = ("totalProcessingTime", "apiActiveProcessingTime", "apexProcessingTime")
JOB = (
    *("id", "operation", "object", "createdById", "createdDate", "systemModstamp", "state", "externalIdFieldName"),
    *("concurrencyMode", "contentType", "numberBatchesQueued", "numberBatchesInProgress", "numberBatchesCompleted"),
    *("numberBatchesFailed", "numberBatchesTotal", "numberRecordsProcessed", "numberRetries", "apiVersion"),
    *("numberRecordsFailed", *COUNTS),
)
BATCH = (
    *("id", "jobId", "state", "createdDate", "systemModstamp", "numberRecordsProcessed", "numberRecordsFailed"),
    *COUNTS,
)


def test_jobs_and_batches_are_printed_as_recorded(classic):
    body = (
        f'<jobInfo xmlns="{NAMESPACE}"><operation>upsert</operation><object>Contact</object>'
        "<externalIdFieldName>Id</externalIdFieldName><concurrencyMode>Parallel</concurrencyMode>"
        "<contentType>CSV</contentType></jobInfo>"
    )
    made = classic.call("POST", "/job", body)
    head = r'<\?xml version="1\.0" encoding="UTF-8"\?>'
    assert (made.status_code, made.headers["Content-Type"]) == (201, "application/xml")
    assert re.fullmatch(rf'{head}<jobInfo\n   xmlns="{NAMESPACE}">\n{lines_of(*JOB)}</jobInfo>', made.text)
    assert re.fullmatch(STAMP, text_of(made, "createdDate"))
    job = text_of(made, "id")
    empty = classic.call("GET", f"/job/{job}/batch")
    assert re.fullmatch(rf'{head}<batchInfoList\n   xmlns="{NAMESPACE}" />', empty.text)
    batch, state = classic.batch(job, '"LastName","Id"\n"Recorded",""\n', "CSV")
    assert state == "Completed"
    told = classic.call("GET", f"/job/{job}/batch/{batch}")
    assert re.fullmatch(rf'{head}<batchInfo\n   xmlns="{NAMESPACE}">\n{lines_of(*BATCH)}</batchInfo>', told.text)
    listed = classic.call("GET", f"/job/{job}/batch").text
    inner = lines_of(*BATCH).replace(" <", "  <")
    pattern = rf'{head}<batchInfoList\n   xmlns="{NAMESPACE}">\n <batchInfo>\n{inner} </batchInfo>\n</batchInfoList>'
    assert re.fullmatch(pattern, listed)
    result = classic.result(job, batch)
    assert result.headers["Content-Type"] == "text/csv"
    assert re.fullmatch(r'"Id","Success","Created","Error"\n"003\w{15}","true","true",""\n', result.text)
    closed = classic.call("POST", f"/job/{job}", f'<jobInfo xmlns="{NAMESPACE}"><state>Closed</state></jobInfo>')
    assert (text_of(closed, "state"), text_of(closed, "numberBatchesCompleted")) == ("Closed", "1")
    assert classic.call("GET", f"/job/{job}/batch/{batch}/request").text == '"LastName","Id"\n"Recorded",""\n'


def test_csv_rows_are_refused_one_by_one_and_null_is_spelled(classic, api, web_org):
    made = api.post("/sobjects/Account", {"Name": "Classic null", "Site": "x"}).json()["id"]
    job = classic.job("update", "CSV")
    batch, _ = classic.batch(job, f"Id,Site,CS_Health_Score__c\n{made},#N/A,\n{made},y,999\n", "CSV")
    lines = classic.result(job, batch).text.splitlines()
    assert lines[1] == f'"{made}","true","false",""'
    assert lines[2].startswith('"","false","false","NUMBER_OUTSIDE_VALID_RANGE:')
    assert web_org.rows(f"SELECT Site FROM Account WHERE Id = '{made}'")[0]["Site"] is None


def test_xml_records_and_results(classic):
    job = classic.job("insert", "XML")
    records = (
        f'<sObjects xmlns="{NAMESPACE}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        "<sObject><Name>From &lt;XML&gt;</Name><Site xsi:nil='true'/></sObject><sObject><Site>nameless</Site></sObject>"
        "<sObject><Name>Child of XML</Name><Owner><sObject><Username>integration@demo.example</Username></sObject>"
        "</Owner></sObject></sObjects>"
    )
    batch, state = classic.batch(job, records, "XML")
    assert state == "Completed"
    result = classic.result(job, batch)
    assert result.headers["Content-Type"] == "application/xml"
    assert result.text.count("<success>true</success>") == 2
    assert "<statusCode>REQUIRED_FIELD_MISSING</statusCode>" in result.text


@pytest.mark.parametrize("kind", ["CSV", "JSON", "XML"])
def test_a_query_is_answered_in_the_jobs_own_form(classic, web_org, kind):
    job = classic.job("query", kind)
    soql = "SELECT Id, Name, Owner.Name, CreatedDate FROM Account ORDER BY Id LIMIT 2"
    batch, state = classic.batch(job, soql, kind)
    assert state == "Completed"
    listed = classic.result(job, batch)
    result_id = listed.json()[0] if kind == "JSON" else text_of(listed, "result")
    answer = classic.result(job, batch, f"/{result_id}")
    assert answer.headers["Content-Type"] == TYPES[kind]
    rows = web_org.rows(soql)
    if kind == "CSV":
        assert answer.text.splitlines()[0] == '"Id","Name","Owner.Name","CreatedDate"'
        assert re.search(rf'"{STAMP}"$', answer.text.splitlines()[1])
    elif kind == "JSON":
        records = answer.json()
        assert [each["Name"] for each in records] == [each["Name"] for each in rows]
        assert records[0]["CreatedDate"] > 1_500_000_000_000
        assert records[0]["attributes"]["type"] == "Account"
    else:
        assert answer.text.count('<records xsi:type="sObject">') == 2
        assert re.search(f"<CreatedDate>{STAMP}</CreatedDate>", answer.text)


def test_a_query_of_nothing_says_so(classic):
    job = classic.job("query", "CSV")
    batch, _ = classic.batch(job, "SELECT Id FROM Account WHERE Name = 'No such'", "CSV")
    answer = classic.result(job, batch, f"/{text_of(classic.result(job, batch), 'result')}")
    assert answer.text == "Records not found for this query"


@pytest.mark.parametrize(
    ("operation", "data", "message"),
    [
        ("insert", "Name,X__c\nx,y\n", "InvalidBatch : Field name not found : X__c"),
        ("insert", "Name\nx,y\n", "InvalidBatch : A row does not have the 1 columns of the header"),
        ("query", "SELECT X__c FROM Account", "InvalidBatch : Failed to process query: INVALID_FIELD: "),
        ("query", "SELECT count() FROM Account", "InvalidBatch : Failed to process query: API_ERROR: "),
    ],
)
def test_a_batch_that_cannot_be_worked_on_fails(classic, operation, data, message):
    job = classic.job(operation, "CSV")
    batch, state = classic.batch(job, data, "CSV")
    assert state == "Failed"
    assert text_of(classic.call("GET", f"/job/{job}/batch/{batch}"), "stateMessage").startswith(message)
    assert text_of(classic.result(job, batch), "exceptionCode") == "InvalidBatch"


def test_a_bad_session_is_told_in_xml(classic):
    answer = classic.call("GET", "/job/750000000000000", kind="JSON", **{"X-SFDC-Session": "wrong"})
    assert answer.status_code == 400
    assert answer.text == (
        f'<?xml version="1.0" encoding="UTF-8"?><error\n   xmlns="{NAMESPACE}">\n'
        " <exceptionCode>InvalidSessionId</exceptionCode>\n <exceptionMessage>Invalid session id</exceptionMessage>\n"
        "</error>"
    )


@pytest.mark.parametrize(
    ("job", "code"),
    [
        ({"operation": "insert", "object": "Nothing"}, "InvalidJob"),
        ({"operation": "merge", "object": "Account"}, "InvalidJob"),
        ({"operation": "upsert", "object": "Account", "externalIdFieldName": "Site"}, "InvalidJob"),
        ({"operation": "insert", "object": "Account", "contentType": "ZIP_CSV"}, "InvalidJob"),
        ({"operation": "hardDelete", "object": "Account"}, "FeatureNotEnabled"),
    ],
)
def test_a_job_that_cannot_be_is_refused(classic, job, code):
    answer = classic.call("POST", "/job", json.dumps(job), "JSON")
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/json")
    assert answer.json()["exceptionCode"] == code


@pytest.mark.parametrize(
    ("method", "path", "data", "code"),
    [
        ("GET", "/job/750000000000000", None, "InvalidJob"),
        ("POST", "/job", "<jobInfo>", "InvalidXML"),
        ("GET", "/jobs", None, "InvalidUrl"),
        ("DELETE", "/job/x", None, "InvalidOperation"),
    ],
)
def test_what_is_not_there_or_not_well_formed_is_refused(classic, method, path, data, code):
    assert text_of(classic.call(method, path, data), "exceptionCode") == code


def test_an_aborted_job_leaves_its_waiting_batches_unprocessed(classic, web_org):
    web_org.faults.inject("slow_job", seconds=20)
    job = classic.job("insert", "CSV")
    _first, second = (text_of(classic.call("POST", f"/job/{job}/batch", "Name\nx\n", "CSV"), "id") for _ in "ab")
    classic.call("POST", f"/job/{job}", f'<jobInfo xmlns="{NAMESPACE}"><state>Aborted</state></jobInfo>')
    until = time.monotonic() + 10
    while "Queued" in classic.call("GET", f"/job/{job}/batch").text and time.monotonic() < until:
        time.sleep(0.01)
    assert text_of(classic.call("GET", f"/job/{job}/batch/{second}"), "state") == "NotProcessed"
    late = classic.call("POST", f"/job/{job}/batch", "Name\nx\n", "CSV")
    assert text_of(late, "exceptionCode") == "InvalidJobState"


def test_jobs_of_both_bulk_apis_are_in_one_list(classic, api):
    job = classic.job("insert", "CSV")
    listed = {each["id"]: each for each in api.get("/jobs/ingest", params={"jobType": "Classic"}).json()["records"]}
    assert (listed[job]["jobType"], listed[job]["state"]) == ("Classic", "Open")


@pytest.fixture
def sf(api, web_org):
    with requests.Session() as session:
        session.trust_env = False
        session.verify = str(web_org.ca_file)
        yield simple_salesforce.Salesforce(instance_url=web_org.url, session_id=api.access_token, session=session)


def test_a_widely_used_client_writes_and_reads(sf, web_org):
    records = [{"Name": f"sf.bulk {n}", "Product_Id__c": f"P-8800{n}"} for n in range(5)]
    made = sf.bulk.Account.insert(records, batch_size=2)
    assert [each["success"] for each in made] == [True] * 5
    changed = sf.bulk.Account.update([{"Id": each["id"], "CS_Health_Score__c": 7.5} for each in made])
    assert not any(each["created"] for each in changed)
    upserted = sf.bulk.Account.upsert(
        [{"Product_Id__c": "P-88000", "Site": "s"}, {"Product_Id__c": "P-88009", "Name": "new"}], "Product_Id__c"
    )
    assert [each["created"] for each in upserted] == [False, True]
    soql = "SELECT Id, Name, CS_Health_Score__c, Owner.Name FROM Account WHERE Name LIKE 'sf.bulk _'"
    found = sf.bulk.Account.query(soql)
    assert {each["CS_Health_Score__c"] for each in found} == {7.5}
    assert sf.bulk.Account.delete([{"Id": each["id"]} for each in made])[0]["success"] is True
    assert len(sf.bulk.Account.query(soql)) == 0
    assert len(sf.bulk.Account.query_all(soql)) == 5
    refused = sf.bulk.Account.insert([{"Site": "nameless"}])[0]
    assert (refused["success"], refused["errors"][0]["statusCode"]) == (False, "REQUIRED_FIELD_MISSING")
