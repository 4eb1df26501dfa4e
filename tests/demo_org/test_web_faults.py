"""Faults on demand, as the client meets them, and what an administrator changes in the middle of things."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests


def test_an_unknown_fault_or_option_is_a_mistake_of_the_caller(web_org):
    with pytest.raises(ValueError, match="no fault of kind 'flood'; there are status, drop"):
        web_org.faults.inject("flood")
    with pytest.raises(ValueError, match="a slow fault takes seconds, not minutes"):
        web_org.faults.inject("slow", minutes=1)


def test_a_status_fault_answers_so_often_and_where_it_was_told(api, web_org):
    web_org.faults.inject("status", times=2, match="/limits$", status=503, retry_after=3)
    assert api.query("SELECT count() FROM Account")["done"] is True
    refused = api.get("/limits")
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "3")
    assert refused.json() == [{"message": "Server Unavailable", "errorCode": "SERVER_UNAVAILABLE"}]
    assert [api.get("/limits").status_code for _ in "ab"] == [503, 200]


@pytest.mark.parametrize(("body", "text"), [(False, ""), ("<h1>Busy</h1>", "<h1>Busy</h1>")])
def test_a_status_fault_may_have_no_body_or_html(api, web_org, body, text):
    web_org.faults.inject("status", status=429, body=body)
    answer = api.get("/limits")
    assert (answer.status_code, answer.text) == (429, text)


def test_a_connection_is_cut_while_the_request_is_sent_and_nothing_is_done(api, web_org):
    web_org.faults.inject("drop", of="request", after=10, method="POST")
    with pytest.raises(requests.ConnectionError):
        api.post("/sobjects/Account", {"Name": "Never arrived"})
    assert web_org.rows("SELECT Id FROM Account WHERE Name = 'Never arrived'") == []


@pytest.mark.parametrize("after", [0, 5, -2])
def test_a_connection_is_cut_while_the_answer_is_sent_and_the_write_is_done(api, web_org, after):
    web_org.faults.inject("drop", of="response", after=after, method="POST")
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        api.post("/sobjects/Account", {"Name": f"Arrived {after}"})
    assert len(web_org.rows(f"SELECT Id FROM Account WHERE Name = 'Arrived {after}'")) == 1


def test_a_bulk_result_is_cut_in_the_middle(api, web_org):
    job = api.post("/jobs/query", {"operation": "query", "query": "SELECT Id, Name FROM Account"}).json()["id"]
    api.wait("query", job)
    for after in (100, -2):
        web_org.faults.inject("drop", match="/results", after=after)
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            api.get(f"/jobs/query/{job}/results")
    assert api.get(f"/jobs/query/{job}/results").headers["Sforce-Locator"] == "null"


def test_one_slow_answer_holds_up_no_other(api, web_org):
    web_org.faults.inject("slow", match="/sobjects", seconds=0.5)
    with requests.Session() as other:
        other.trust_env = False
        other.verify = str(web_org.ca_file)
        began = time.monotonic()
        with ThreadPoolExecutor(1) as pool:
            slow = pool.submit(other.get, f"{api.root}/sobjects", headers=dict(api.session.headers), timeout=20)
            assert api.get("/limits").status_code == 200
            assert time.monotonic() - began < 0.4
            assert slow.result().status_code == 200
        assert time.monotonic() - began >= 0.5


def test_locked_rows_are_refused_and_the_others_saved(api, web_org):
    web_org.faults.inject("lock_row", rows=2)
    records = [{"attributes": {"type": "Account"}, "Name": f"Lock {n}"} for n in range(3)]
    entries = api.post("/composite/sobjects", {"records": records}).json()
    assert [entry["success"] for entry in entries] == [False, False, True]
    assert entries[0]["errors"][0]["statusCode"] == "UNABLE_TO_LOCK_ROW"


def test_a_locked_record_is_refused_once(api, web_org):
    web_org.faults.inject("lock_row")
    refused = api.post("/sobjects/Account", {"Name": "Locked"})
    assert (refused.status_code, refused.json()[0]["errorCode"]) == (400, "UNABLE_TO_LOCK_ROW")
    assert api.post("/sobjects/Account", {"Name": "Locked"}).status_code == 201


def test_a_bulk_job_fails_or_locks_rows_when_told(api, web_org):
    web_org.faults.inject("job_failed", message="InternalServerError : Out of luck")
    _, info = api.ingest("Name\nx\n", "insert")
    assert (info["state"], info["errorMessage"]) == ("Failed", "InternalServerError : Out of luck")
    web_org.faults.inject("lock_row", match="/jobs/ingest/", rows=1)
    job, info = api.ingest("Name\nBulk lock 1\nBulk lock 2\n", "insert")
    assert (info["numberRecordsProcessed"], info["numberRecordsFailed"]) == (2, 1)
    assert "UNABLE_TO_LOCK_ROW:unable to obtain exclusive access to this record:--" in api.results(job, "failedResults")


def test_a_fault_lets_so_many_calls_pass_first(api, web_org):
    web_org.faults.inject("status", match="/limits$", skip=2)
    assert [api.get("/limits").status_code for _ in "abcd"] == [200, 200, 503, 200]


def test_a_connection_is_cut_within_the_headers_of_an_answer(api, web_org):
    web_org.faults.inject("drop", after=-1, method="POST")
    try:
        answer = api.post("/sobjects/Account", {"Name": "Half a head"})
    except requests.ConnectionError:
        pass
    else:  # what Python's own HTTP client makes of it: a success that says nothing
        assert answer.content == b""
    assert len(web_org.rows("SELECT Id FROM Account WHERE Name = 'Half a head'")) == 1


def test_a_result_file_may_end_in_the_middle_as_if_it_were_whole(api, web_org):
    job, info = api.ingest("Name\nHalf\nHalves\n", "insert")
    assert info["numberRecordsProcessed"] == 2
    whole = api.get(f"/jobs/ingest/{job}/successfulResults").content
    web_org.faults.inject("garble", match="successfulResults")
    assert api.get(f"/jobs/ingest/{job}/successfulResults").content == whole[: len(whole) // 2]


@pytest.mark.parametrize(("kind", "state"), [("job_failed", "Failed"), ("job_aborted", "Aborted")])
@pytest.mark.parametrize("rows", [0, 2])
def test_a_bulk_job_ends_early_with_some_of_its_rows_saved(api, web_org, kind, state, rows):
    web_org.faults.inject(kind, rows=rows)
    names = [f"{kind} {rows} {n}" for n in "abc"]
    job, info = api.ingest("\n".join(["Name", *names, ""]), "insert")
    assert (info["state"], info["numberRecordsProcessed"], info["numberRecordsFailed"]) == (state, rows, 0)
    lines = [
        api.get(f"/jobs/ingest/{job}/{which}").text.splitlines()
        for which in ("successfulResults", "unprocessedrecords")
    ]
    assert [max(len(each) - 1, 0) for each in lines] == [rows, 3 - rows]
    assert len(web_org.rows(f"SELECT Id FROM Account WHERE Name LIKE '{kind} {rows} _'")) == rows


def test_a_used_up_allowance_refuses_calls(api, web_org):
    web_org.faults.set_daily_limit(10, 9)
    last = api.get("/limits")
    assert last.json()["DailyApiRequests"] == {"Max": 10, "Remaining": 0}
    refused = api.get("/limits")
    assert refused.status_code == 403
    assert refused.json() == [{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}]
    assert refused.headers["Sforce-Limit-Info"] == "api-usage=10/10"


def test_an_edit_in_the_crm_is_another_users_and_moves_the_stamp(api, web_org):
    account = web_org.rows("SELECT Id, SystemModstamp FROM Account ORDER BY Id LIMIT 1")[0]
    web_org.edit("Account", str(account["Id"]), {"Site": "Changed by hand"})
    soql = f"SELECT Site, SystemModstamp, LastModifiedById FROM Account WHERE Id = '{account['Id']}'"
    changed = api.query(soql)["records"][0]
    assert changed["Site"] == "Changed by hand"
    assert changed["SystemModstamp"] > account["SystemModstamp"]
    assert changed["LastModifiedById"] != web_org.user_id


def test_a_field_or_list_view_may_go_and_rights_may_change(api, web_org):
    first = api.get("/sobjects/Account/describe").headers["ETag"]
    web_org.remove_field("Account", "CS_Segment__c")
    assert api.get("/sobjects/Account/describe", headers={"If-None-Match": first}).status_code == 200
    assert api.get("/query", params={"q": "SELECT CS_Segment__c FROM Account"}).status_code == 400
    web_org.set_access("Account", "CS_Stage__c", read=True, edit=False)
    described = {field["name"]: field for field in api.get("/sobjects/Account/describe").json()["fields"]}
    assert described["CS_Stage__c"]["updateable"] is False
    assert "CS_Segment__c" not in described
    web_org.drop_list_view("Enterprise Customers")
    labels = [view["label"] for view in api.get("/sobjects/Account/listviews").json()["listviews"]]
    assert "Enterprise Customers" not in labels
    with pytest.raises(KeyError):
        web_org.remove_field("Account", "CS_Segment__c")


def test_faults_can_be_planned_over_http_by_who_holds_the_control_token(api, web_org):
    url = f"{web_org.url}/__demo__/faults"
    fault = {"kind": "status", "match": "/limits", "status": 500}
    assert api.session.post(url, json=fault, timeout=20).status_code == 401
    control = {"X-Demo-Control": web_org.control_token}
    assert api.session.post(url, json=fault, headers=control, timeout=20).status_code == 204
    assert api.get("/limits").status_code == 500
    assert api.session.post(url, json={"kind": "flood"}, headers=control, timeout=20).status_code == 400
    account = str(web_org.rows("SELECT Id FROM Account LIMIT 1")[0]["Id"])
    edit = {"sobject": "Account", "id": account, "values": {"Site": "Over HTTP"}}
    assert api.session.post(f"{web_org.url}/__demo__/edit", json=edit, headers=control, timeout=20).status_code == 204
    assert web_org.rows(f"SELECT Site FROM Account WHERE Id = '{account}'")[0]["Site"] == "Over HTTP"
    calls = api.session.get(f"{web_org.url}/__demo__/calls", headers=control, timeout=20).json()
    assert calls[-1] == {"method": "GET", "path": "/services/data/v66.0/limits", "status": 500}


def test_people_change_the_org_just_before_a_call(api, web_org):
    first, second, third = (api.post("/sobjects/Account", {"Name": f"Late {n}"}).json()["id"] for n in "abc")
    web_org.faults.inject("merge", id=first, into=second, method="PATCH")
    assert api.patch(f"/sobjects/Account/{first}", {"Phone": "1"}).json()[0]["errorCode"] == "ENTITY_IS_DELETED"
    web_org.faults.inject("delete", id=second, method="PATCH")
    assert api.patch(f"/sobjects/Account/{second}", {"Phone": "1"}).json()[0]["errorCode"] == "ENTITY_IS_DELETED"
    web_org.faults.inject("validation_rule", formula="NOT(ISBLANK(Phone))", message="No phones.", method="PATCH")
    refused = api.patch(f"/sobjects/Account/{third}", {"Phone": "1"}).json()[0]
    assert (refused["errorCode"], refused["message"]) == ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "No phones.")
    web_org.faults.inject("readonly_field", field="CS_Stage__c", method="PATCH")
    refused = api.patch(f"/sobjects/Account/{third}", {"CS_Stage__c": "Growth"}).json()[0]
    assert refused["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"
    web_org.faults.inject("remove_field", field="CS_Stage__c", method="PATCH")
    refused = api.patch(f"/sobjects/Account/{third}", {"CS_Stage__c": "Growth"}).json()[0]
    assert refused["errorCode"] == "INVALID_FIELD"
    web_org.faults.inject("use_up_limit", method="PATCH")
    assert api.patch(f"/sobjects/Account/{third}", {"Name": "x"}).json()[0]["errorCode"] == "REQUEST_LIMIT_EXCEEDED"
    web_org.faults.set_daily_limit(15_000, 0)
