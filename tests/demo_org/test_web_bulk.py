"""Bulk API 2.0: ingest and query jobs from creation to results."""

import csv
import io

import pytest


@pytest.fixture
def accounts(web_org):
    return [record["Id"] for record in web_org.rows("SELECT Id FROM Account ORDER BY Id LIMIT 5")]


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_new_ingest_job_is_open_and_says_where_its_data_goes(api):
    job = api.post("/jobs/ingest", {"object": "Account", "operation": "insert"}).json()
    assert job["id"].startswith("750")
    assert (job["state"], job["apiVersion"], job["lineEnding"]) == ("Open", 66.0, "LF")
    assert job["contentUrl"] == f"services/data/v66.0/jobs/ingest/{job['id']}/batches"
    assert api.get(f"/jobs/ingest/{job['id']}/").json()["jobType"] == "V2Ingest"


def test_rows_are_saved_cleared_left_alone_or_refused_each_for_itself(api, accounts):
    first, second, third = accounts[:3]
    text = (
        "Id,CS_Health_Score__c,CS_Segment__c\n"
        f'{first},8.5,"Zoë said ""hi"",\nthen left"\n'
        f"{second},#N/A,\n"
        f"{third},100,x\n"
    )
    job, info = api.ingest(text)
    assert (info["state"], info["numberRecordsProcessed"], info["numberRecordsFailed"]) == ("JobComplete", 3, 1)
    good = api.results(job, "successfulResults/")
    assert good.startswith('"sf__Id","sf__Created",Id,CS_Health_Score__c,CS_Segment__c\n"001')
    assert rows_of(good)[0] == {
        "sf__Id": first,
        "sf__Created": "false",
        "Id": first,
        "CS_Health_Score__c": "8.5",
        "CS_Segment__c": 'Zoë said "hi",\nthen left',
    }
    bad = rows_of(api.results(job, "failedResults"))
    assert bad[0]["sf__Id"] == third
    assert bad[0]["sf__Error"] == (
        "NUMBER_OUTSIDE_VALID_RANGE:Health Score: value outside of valid range on numeric field: 100:"
        "CS_Health_Score__c --"
    )
    assert rows_of(api.results(job, "unprocessedRecords")) == []
    soql = f"SELECT CS_Health_Score__c, CS_Segment__c FROM Account WHERE Id IN ('{first}', '{second}') ORDER BY Id"
    saved = api.query(soql)["records"]
    assert [each["CS_Health_Score__c"] for each in saved] == [8.5, None]
    assert saved[0]["CS_Segment__c"] == 'Zoë said "hi",\nthen left'


def test_an_upsert_by_external_id_makes_and_changes(api):
    text = "Product_Id__c;Name\r\nP-92001;One\r\nP-92002;Two\r\n"
    settings = {"externalIdFieldName": "Product_Id__c", "columnDelimiter": "SEMICOLON", "lineEnding": "CRLF"}
    job, info = api.ingest(text, "upsert", **settings)
    assert info["numberRecordsFailed"] == 0
    results = api.results(job, "successfulResults")
    assert results.startswith('"sf__Id";"sf__Created";Product_Id__c;Name\r\n')
    assert results.count('"true"') == 2
    job, _ = api.ingest(text.replace("Two", "Zwei"), "upsert", **settings)
    assert api.results(job, "successfulResults").count('"false"') == 2


def test_a_parent_may_be_named_by_its_own_key(api, accounts):
    csm = api.query("SELECT Username FROM User WHERE Username != 'integration@demo.example' LIMIT 1")
    name = csm["records"][0]["Username"]
    _, info = api.ingest(f"Id,CSM__r.Username\n{accounts[0]},{name}\n")
    assert info["numberRecordsFailed"] == 0
    found = api.query(f"SELECT CSM__r.Username FROM Account WHERE Id = '{accounts[0]}'")
    assert found["records"][0]["CSM__r"]["Username"] == name


def test_rows_are_deleted_by_id(api):
    made = api.post("/sobjects/Account", {"Name": "Bulk gone"}).json()["id"]
    _, info = api.ingest(f"Id\n{made}\n", "delete")
    assert info["numberRecordsFailed"] == 0
    assert api.get(f"/sobjects/Account/{made}").status_code == 404


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("Id,Nothing__c\n001,1\n", "InvalidBatch : Field name not found : Nothing__c"),
        ("Id,Hidden_Notes__c\n001,1\n", "InvalidBatch : Field name not found : Hidden_Notes__c"),
        (
            "Id,Name\r\n001,1\r\n",
            "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is LF",
        ),
        ("", "InvalidBatch : The upload has no header row"),
        ("Id,Name\n001,Caf\xe9\n".encode("latin-1"), "ClientInputError : The upload is not UTF-8 (byte 15)"),
        ('Id,Name\n001,"a" b\n', "InvalidBatch : Unable to parse the CSV: ',' expected after '\"'"),
    ],
)
def test_what_is_wrong_with_the_file_fails_the_job(api, data, message):
    _, info = api.ingest(data)
    assert (info["state"], info["errorMessage"]) == ("Failed", message)


def test_a_job_takes_one_upload_only(api):
    job = api.post("/jobs/ingest", {"object": "Account", "operation": "insert"}).json()["id"]
    path, csv_type = f"/jobs/ingest/{job}/batches", {"Content-Type": "text/csv"}
    assert api.call("PUT", path, data="Name\nx\n", headers=csv_type).status_code == 201
    again = api.call("PUT", path, data="Name\nx\n", headers=csv_type)
    assert again.status_code == 400
    assert again.json()[0]["message"].startswith("Found multiple contents for job")


def test_an_upload_may_come_in_chunks_of_unknown_length(api):
    job = api.post("/jobs/ingest", {"object": "Account", "operation": "insert"}).json()["id"]
    chunks = (piece for piece in (b"Name\n", b"Chunk", b"ed\n"))
    headers = {"Content-Type": "text/csv"}
    assert api.call("PUT", f"/jobs/ingest/{job}/batches", data=chunks, headers=headers).status_code == 201
    api.patch(f"/jobs/ingest/{job}", {"state": "UploadComplete"})
    assert api.wait("ingest", job)["numberRecordsFailed"] == 0


def test_a_job_is_aborted_and_deleted(api):
    job = api.post("/jobs/ingest", {"object": "Account", "operation": "insert"}).json()["id"]
    assert api.delete(f"/jobs/ingest/{job}").status_code == 400
    assert api.patch(f"/jobs/ingest/{job}", {"state": "Aborted"}).json()["state"] == "Aborted"
    assert api.patch(f"/jobs/ingest/{job}", {"state": "Aborted"}).json()[0]["errorCode"] == "INVALIDJOBSTATE"
    assert api.delete(f"/jobs/ingest/{job}").status_code == 204
    assert api.get(f"/jobs/ingest/{job}").status_code == 404


def test_a_job_aborted_on_the_way_lists_what_it_did_not_get_to(api, web_org):
    web_org.faults.inject("slow_job", seconds=30)
    job = api.post("/jobs/ingest", {"object": "Account", "operation": "insert"}).json()["id"]
    headers = {"Content-Type": "text/csv"}
    api.call("PUT", f"/jobs/ingest/{job}/batches", data="Name\nNever\n", headers=headers)
    api.patch(f"/jobs/ingest/{job}", {"state": "UploadComplete"})
    api.patch(f"/jobs/ingest/{job}", {"state": "Aborted"})
    assert api.wait("ingest", job)["numberRecordsProcessed"] == 0
    assert api.query("SELECT count() FROM Account WHERE Name = 'Never'")["totalSize"] == 0
    assert api.results(job, "unprocessedrecords") == "Name\nNever\n"


@pytest.mark.parametrize(
    ("details", "code"),
    [
        ({"object": "Nothing", "operation": "insert"}, "INVALIDENTITY"),
        ({"object": "Account", "operation": "merge"}, "INVALIDJOB"),
        ({"object": "Account", "operation": "upsert"}, "INVALIDJOB"),
        ({"object": "Account", "operation": "hardDelete"}, "FEATURENOTENABLED"),
        ({"object": "Account", "operation": "insert", "columnDelimiter": "DOT"}, "INVALIDJOB"),
    ],
)
def test_an_ingest_job_that_cannot_be_is_refused(api, details, code):
    answer = api.post("/jobs/ingest", details)
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, code)


def query_job(api, soql: str, **details) -> str:
    job = api.post("/jobs/query", {"operation": "query", "query": soql, **details}).json()
    assert job["state"] == "UploadComplete"
    assert job["object"] == "Account"
    assert api.wait("query", job["id"])["state"] == "JobComplete"
    return job["id"]


def test_a_query_job_is_read_page_by_page_with_a_header_on_each(api, web_org):
    ids = [record["Id"] for record in web_org.rows("SELECT Id FROM Account")]
    job = query_job(api, "SELECT Id, Owner.Name, AnnualRevenue, CreatedDate, Description FROM Account")
    locator, pages, seen = "", 0, []
    while locator != "null":
        answer = api.get(f"/jobs/query/{job}/results", params={"maxRecords": 25, "locator": locator})
        assert answer.headers["Content-Type"] == "text/csv"
        text = answer.content.decode()
        assert text.startswith('"Id","Owner.Name","AnnualRevenue","CreatedDate","Description"\n"001')
        assert text.endswith("\n")
        page = rows_of(text)
        assert answer.headers["Sforce-NumberOfRecords"] == str(len(page))
        assert page[0]["CreatedDate"].endswith(".000Z")
        seen += [row["Id"] for row in page]
        locator, pages = answer.headers["Sforce-Locator"], pages + 1
    assert seen == ids
    assert pages == -(-len(ids) // 25)


def test_a_query_job_of_nothing_has_a_header_and_the_word_null(api):
    job = query_job(api, "SELECT Id FROM Account WHERE Name = 'No such'")
    answer = api.get(f"/jobs/query/{job}/results")
    assert (answer.text, answer.headers["Sforce-Locator"]) == ('"Id"\n', "null")
    assert answer.headers["Sforce-NumberOfRecords"] == "0"


def test_a_query_job_uses_its_delimiter_and_line_ending(api):
    job = query_job(api, "SELECT Id, Name FROM Account LIMIT 1", columnDelimiter="PIPE", lineEnding="CRLF")
    assert api.get(f"/jobs/query/{job}/results").text.startswith('"Id"|"Name"\r\n"001')


def test_result_pages_are_listed_and_another_version_is_refused(api):
    job = query_job(api, "SELECT Id FROM Account")
    pages = api.get(f"/jobs/query/{job}/resultPages").json()
    assert pages["done"] is True
    assert api.get(pages["resultPages"][0]["resultUrl"]).headers["Sforce-Locator"] == "null"
    assert api.get(f"/services/data/v60.0/jobs/query/{job}/results").status_code == 409


@pytest.mark.parametrize(
    ("soql", "code"),
    [
        ("SELECT BillingAddress FROM Account", "API_ERROR"),
        ("SELECT count() FROM Account", "API_ERROR"),
        ("SELECT Nothing__c FROM Account", "INVALID_FIELD"),
    ],
)
def test_a_query_that_bulk_does_not_take_is_refused(api, soql, code):
    answer = api.post("/jobs/query", {"operation": "query", "query": soql})
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, code)


def test_jobs_are_listed_and_a_running_one_is_not_deleted(api, web_org):
    web_org.faults.inject("slow_job", seconds=30)
    body = {"operation": "query", "query": "SELECT Id FROM Account"}
    job = api.post("/jobs/query", body).json()["id"]
    assert job in [each["id"] for each in api.get("/jobs/query").json()["records"]]
    assert api.get(f"/jobs/query/{job}/results").status_code == 400
    refused = api.delete(f"/jobs/query/{job}").json()
    assert refused[0]["message"].startswith("Error encountered when deleting the job because")
    api.patch(f"/jobs/query/{job}", {"state": "Aborted"})
    assert api.delete(f"/jobs/query/{job}").status_code == 204
