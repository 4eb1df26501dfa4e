"""Bulk API 2.0 beyond the plain case: delimiters, whole jobs in one request, large and odd uploads, lists of jobs."""

import gzip

import pytest

NAMES = {"BACKQUOTE": "`", "CARET": "^", "COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "TAB": "\t"}
CSV = {"Content-Type": "text/csv"}


@pytest.mark.parametrize("delimiter", NAMES)
@pytest.mark.parametrize(("ending", "line"), [("LF", "\n"), ("CRLF", "\r\n")])
def test_every_delimiter_and_line_ending_goes_in_and_out(api, delimiter, ending, line):
    sign = NAMES[delimiter]
    name = f"Delimited {delimiter} {ending}"
    sent = f'Name{sign}Description{line}{name}{sign}"a{sign}b""c"{line}'
    job, info = api.ingest(sent, "insert", columnDelimiter=delimiter, lineEnding=ending)
    assert (info["state"], info["numberRecordsFailed"]) == ("JobComplete", 0), info
    lines = api.results(job, "successfulResults").split(line)
    assert lines[0] == f'"sf__Id"{sign}"sf__Created"{sign}Name{sign}Description'
    assert lines[1].endswith(f'"true"{sign}"{name}"{sign}"a{sign}b""c"')
    soql = f"SELECT Name, Description FROM Account WHERE Name = '{name}'"
    body = {"operation": "query", "query": soql, "columnDelimiter": delimiter, "lineEnding": ending}
    query = api.post("/jobs/query", body).json()["id"]
    api.wait("query", query)
    text = api.get(f"/jobs/query/{query}/results").content.decode()
    assert text == f'"Name"{sign}"Description"{line}"{name}"{sign}"a{sign}b""c"{line}'


def multipart(job: str, content: str, boundary: str = "BOUNDARY") -> tuple[bytes, dict[str, str]]:
    parts = [("job", "application/json", job), ("content", "text/csv", content)]
    body = "".join(
        f'--{boundary}\r\nContent-Type: {kind}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{data}\r\n'
        for name, kind, data in parts
    )
    return f"{body}--{boundary}--".encode(), {"Content-Type": f'multipart/form-data; boundary="{boundary}"'}


def test_a_job_and_its_data_may_come_in_one_request(api):
    job = '{"object":"Account","operation":"insert","lineEnding":"LF"}'
    data, headers = multipart(job, "Name\nIn one request\n")
    made = api.call("POST", "/jobs/ingest", data=data, headers=headers)
    assert made.status_code == 200, made.text
    assert made.json()["state"] == "UploadComplete"
    assert api.wait("ingest", made.json()["id"])["numberRecordsProcessed"] == 1
    assert api.query("SELECT count() FROM Account WHERE Name = 'In one request'")["totalSize"] == 1


@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        (b"", "multipart/form-data"),
        (b"--x", "multipart/form-data; boundary=x"),
        (b"--x\r\n\r\n\r\n--x--", "multipart/form-data; boundary=x"),
        (multipart("{}", "x" * 100_001)[0], "multipart/form-data; boundary=BOUNDARY"),
        (multipart("{", "Name\n")[0], "multipart/form-data; boundary=BOUNDARY"),
    ],
)
def test_a_multipart_body_that_is_none_is_refused(api, data, content_type):
    answer = api.call("POST", "/jobs/ingest", data=data, headers={"Content-Type": content_type})
    assert answer.status_code == 400


def test_an_upload_may_be_packed_and_a_request_too(api):
    job = api.post("/jobs/ingest", {"object": "Account", "operation": "insert"}).json()["id"]
    packed = {"Content-Encoding": "gzip", **CSV}
    sent = api.call("PUT", f"/jobs/ingest/{job}/batches", data=gzip.compress(b"Name\nPacked\n"), headers=packed)
    assert sent.status_code == 201
    assert sent.content == b""
    closing = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    closed = api.call(
        "PATCH", f"/jobs/ingest/{job}", data=gzip.compress(b'{"state":"UploadComplete"}'), headers=closing
    )
    assert closed.status_code == 200
    assert api.wait("ingest", job)["numberRecordsProcessed"] == 1
    assert api.call("POST", "/sobjects/Account", data=b"plain", headers=closing).status_code == 400
    strange = {"Content-Encoding": "br", "Content-Type": "application/json"}
    assert api.call("POST", "/sobjects/Account", data=b"{}", headers=strange).status_code == 415


def test_an_upload_in_pieces_of_unknown_length_is_taken(api):
    job = api.post("/jobs/ingest", {"object": "Account", "operation": "insert"}).json()["id"]
    pieces = iter([b"Na", b"me\nPie", b"ce 1\nPiece 2\n"])
    assert api.call("PUT", f"/jobs/ingest/{job}/batches", data=pieces, headers=CSV).status_code == 201
    api.patch(f"/jobs/ingest/{job}", {"state": "UploadComplete"})
    assert api.wait("ingest", job)["numberRecordsProcessed"] == 2


def test_an_upload_that_unpacks_to_too_much_is_refused_and_leaves_nothing(api):
    job = api.post("/jobs/ingest", {"object": "Account", "operation": "insert"}).json()["id"]
    bomb = gzip.compress(b"0" * 100_000_001, compresslevel=1)
    headers = {"Content-Encoding": "gzip", **CSV}
    answer = api.call("PUT", f"/jobs/ingest/{job}/batches", data=bomb, headers=headers)
    assert answer.status_code == 413
    assert api.get(f"/jobs/ingest/{job}").json()["state"] == "Open"


def test_upsert_by_external_id_and_parents_named_by_another_field(api, web_org):
    owner = web_org.rows("SELECT Id, Email FROM User WHERE IsActive = TRUE ORDER BY Username DESC LIMIT 1")[0]
    sent = f"Product_Id__c,Name,Owner.Email,Parent.Product_Id__c\nP-77001,Top,{owner['Email']},\nP-77002,Sub,,P-77001\n"
    job, info = api.ingest(sent, "upsert", externalIdFieldName="Product_Id__c")
    assert info["numberRecordsFailed"] in (0, 1), info  # the second row's parent is made by the first
    job, info = api.ingest(sent, "upsert", externalIdFieldName="Product_Id__c")
    assert info["numberRecordsFailed"] == 0, api.results(job, "failedResults")
    found = api.query("SELECT OwnerId, Parent.Name FROM Account WHERE Product_Id__c IN ('P-77001','P-77002')")[
        "records"
    ]
    assert owner["Id"] in [each["OwnerId"] for each in found]
    assert "Top" in [each["Parent"]["Name"] for each in found if each["Parent"]]


def test_a_parent_of_several_possible_objects_is_named_with_its_object(api):
    email = "who@demo.example"
    api.post("/sobjects/Contact", {"LastName": "Who", "Email": email})
    job, info = api.ingest(f"Subject,Contact:Who.Email\nCall,{email}\n", "insert", object="Task")
    assert info["numberRecordsFailed"] == 0, api.results(job, "failedResults")
    assert api.query("SELECT Who.Name FROM Task WHERE Subject = 'Call' AND WhoId != null")["records"]
    _, info = api.ingest(f"Subject,Account:Who.Email\nCall,{email}\n", "insert", object="Task")
    assert info["errorMessage"] == "InvalidBatch : Field name not found : Account:Who.Email"


@pytest.mark.parametrize(
    ("data", "details", "message"),
    [
        (
            b"Name\r\nx\r\n",
            {},
            "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is LF",
        ),
        (b"Name\nx\n", {"lineEnding": "CRLF"}, "Current LineEnding setting is CRLF"),
        (b"Name\n\xff\n", {}, "ClientInputError : The upload is not UTF-8 (byte 5)"),
        (b"Name\nx\xc3", {}, "ClientInputError : The upload is not UTF-8"),
        (b"Nothing__c\nx\n", {}, "InvalidBatch : Field name not found : Nothing__c"),
        (b"", {}, "InvalidBatch : The upload has no header row"),
        (b"x," * 16_001 + b"\n", {}, "InvalidBatch : The header row is too large"),
        (b'Name\n"a" b\n', {}, "InvalidBatch : Unable to parse the CSV"),
    ],
)
def test_a_file_that_cannot_be_read_fails_the_job(api, data, details, message):
    _, info = api.ingest(data, "insert", **details)
    assert info["state"] == "Failed"
    assert message in info["errorMessage"]


def test_lists_of_jobs_come_in_pages_and_by_kind(api):
    for _ in range(3):
        api.post("/jobs/ingest", {"object": "Account", "operation": "insert"})
    listed = api.get("/jobs/ingest").json()
    assert (listed["done"], listed["nextRecordsUrl"]) == (True, None)
    ids = [each["id"] for each in listed["records"]]
    rest = api.get("/jobs/ingest", params={"queryLocator": ids[0], "jobType": "V2Ingest"}).json()
    assert [each["id"] for each in rest["records"]] == ids[1:]
    assert {each["jobType"] for each in rest["records"]} == {"V2Ingest"}
    assert api.get("/jobs/ingest", params={"isPkChunkingEnabled": "true"}).json()["records"] == []
    assert api.get("/jobs/query", params={"concurrencyMode": "serial"}).json()["records"] == []
    assert api.get("/jobs/query", params={"jobType": "Newest"}).status_code == 400
    assert api.get("/jobs/query", params={"queryLocator": "x"}).json()[0]["errorCode"] == "INVALID_QUERY_LOCATOR"


def test_deleting_past_the_recycle_bin_is_a_right_of_its_own(api, web_org):
    ids = [api.post("/sobjects/Account", {"Name": f"Hard {n}"}).json()["id"] for n in range(2)]
    body = {"object": "Account", "operation": "hardDelete"}
    assert api.post("/jobs/ingest", body).json()[0]["errorCode"] == "FEATURENOTENABLED"
    right = {"Name": "Hard_Delete", "Label": "Hard Delete", "PermissionsBulkApiHardDelete": True}
    made = api.post("/sobjects/PermissionSet", right).json()["id"]
    api.post("/sobjects/PermissionSetAssignment", {"AssigneeId": web_org.user_id, "PermissionSetId": made})
    _, info = api.ingest("Id\n" + "\n".join([*ids, "001000000000000"]) + "\n", "hardDelete")
    assert (info["numberRecordsProcessed"], info["numberRecordsFailed"]) == (3, 1), info
    soql = f"SELECT count() FROM Account WHERE Id IN ('{ids[0]}', '{ids[1]}')"
    assert api.get("/queryAll", params={"q": soql}).json()["totalSize"] == 0
