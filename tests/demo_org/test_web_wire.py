"""Bytes, headers and paths: what is the same for every resource of the demo org."""

import json
import socket
import ssl
import time
from concurrent.futures import ThreadPoolExecutor

import pytest


def test_versions_are_listed_oldest_first_without_a_session(api):
    answer = api.get("/services/data/", headers={"Authorization": None})
    listed = answer.json()
    assert listed[0] == {"label": "Summer '14", "url": "/services/data/v31.0", "version": "31.0"}
    assert listed[-1] == {"label": "Spring '26", "url": "/services/data/v66.0", "version": "66.0"}
    assert next(each["label"] for each in listed if each["version"] == "42.0") == "Spring ’18"
    assert "Sforce-Limit-Info" not in answer.headers


@pytest.mark.parametrize(
    "path", ["/limits", "/limits/", "/sobjects/", "/sobjects/Account/", "/query/?q=SELECT+Id+FROM+User"]
)
def test_a_trailing_slash_changes_nothing(api, path):
    assert api.get(path).status_code == 200


def test_repeated_slashes_are_one(api):
    raw = f"GET ////services/data//v64.0/limits HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {api.access_token}\r\n"
    context = ssl.create_default_context(cafile=str(api.org.ca_file))
    port = int(api.org.url.rsplit(":", 1)[1])
    with (
        socket.create_connection(("localhost", port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        connection.sendall(f"{raw}Connection: close\r\n\r\n".encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 200")


def test_the_headers_of_a_data_answer_are_salesforces(api, web_org):
    web_org.faults.set_daily_limit(15_000, 41)
    answer = api.get("/limits")
    assert answer.headers["Content-Type"] == "application/json;charset=UTF-8"
    assert answer.headers["Sforce-Limit-Info"] == "api-usage=42/15000"
    assert answer.headers["Cache-Control"] == "no-cache,must-revalidate,max-age=0,no-store,private"
    assert answer.headers["X-SFDC-Request-Id"] == answer.headers["X-Request-Id"]
    assert answer.headers["Server"] == "sfdcedge"


def test_json_is_compact_unless_pretty_print_is_asked_for(api):
    soql = "SELECT count() FROM Account"
    compact = api.get("/query", params={"q": soql})
    pretty = api.get("/query", params={"q": soql}, headers={"X-PrettyPrint": "1"})
    total = compact.json()["totalSize"]
    assert compact.text == f'{{"totalSize":{total},"done":true,"records":[]}}'
    assert pretty.text == f'{{\n  "totalSize" : {total},\n  "done" : true,\n  "records" : [ ]\n}}'


def test_pretty_print_is_jacksons_and_says_the_same(api):
    soql = "SELECT Id, Name, AnnualRevenue, Owner.Name FROM Account LIMIT 2"
    pretty = api.get("/query", params={"q": soql}, headers={"X-PrettyPrint": "1"})
    assert '"records" : [ {\n    "attributes" : {\n      "type" : "Account",' in pretty.text
    assert "\n  }, {\n" in pretty.text
    assert pretty.text.endswith("\n  } ]\n}")
    assert json.loads(pretty.text) == api.query(soql)


def test_large_answers_are_gzipped_only_for_who_takes_it(api):
    zipped = api.get("/sobjects/Account/describe")
    plain = api.get("/sobjects/Account/describe", headers={"Accept-Encoding": "identity"})
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert zipped.json() == plain.json()


def test_describe_is_not_sent_again_to_who_has_it(api):
    first = api.get("/sobjects/Account/describe")
    assert first.headers["ETag"].endswith('--gzip"')
    again = api.get("/sobjects/Account/describe", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    since = api.get("/sobjects", headers={"If-Modified-Since": first.headers["Last-Modified"]})
    assert since.status_code == 304
    assert since.headers["Sforce-Limit-Info"]


@pytest.mark.parametrize(
    "path", ["/sobjects/Nothing", "/sobjects/Nothing/describe", "/nowhere", "/sobjects/Account/001000000000001AAA"]
)
def test_what_is_not_there_answers_not_found_with_the_code_first(api, path):
    answer = api.get(path)
    assert answer.status_code == 404
    assert answer.text == '[{"errorCode":"NOT_FOUND","message":"The requested resource does not exist"}]'


def test_a_wrong_verb_answers_405_and_names_the_right_ones(api):
    answer = api.call("PUT", "/sobjects/Account")
    assert answer.status_code == 405
    assert answer.json() == [
        {"message": "HTTP Method 'PUT' not allowed. Allowed are HEAD,GET,POST", "errorCode": "METHOD_NOT_ALLOWED"}
    ]


@pytest.mark.parametrize(
    ("version", "status"), [("26.0", 200), ("59.0", 200), ("20.0", 410), ("67.0", 404), ("6", 404)]
)
def test_versions_are_spoken_retired_or_unknown(api, version, status):
    assert api.get(f"/services/data/v{version}/limits").status_code == status


def test_an_address_over_16_kilobytes_answers_414_in_html(api):
    answer = api.get("/query", params={"q": "SELECT Id FROM Account WHERE Name = '" + "x" * 17_000 + "'"})
    assert answer.status_code == 414
    assert answer.text == "<h1>Bad Message 414</h1><pre>reason: URI Too Long</pre>"


def test_resources_of_a_version_are_listed(api, web_org):
    listed = api.get("/").json()
    assert listed["sobjects"] == "/services/data/v66.0/sobjects"
    assert listed["identity"] == f"{web_org.url}/id/{web_org.org_id}/{web_org.user_id}"


def test_record_counts_leave_out_objects_without_records(api, web_org):
    counted = api.get("/limits/recordCount", params={"sObjects": "Account,Profile"}).json()["sObjects"]
    accounts = web_org.rows("SELECT Id FROM Account")
    assert {"count": len(accounts), "name": "Account"} in counted


def test_every_object_is_counted_when_none_is_named(api, web_org):
    counted = {each["name"]: each["count"] for each in api.get("/limits/recordCount").json()["sObjects"]}
    assert counted["Account"] == len(web_org.rows("SELECT Id FROM Account"))
    assert 0 not in counted.values()


def test_calls_are_logged_and_logins_are_not_calls(api, web_org):
    api.get("/limits")
    assert web_org.calls[-1] == ("GET", "/services/data/v66.0/limits", 200)
    api.login()
    assert web_org.calls[-1] == ("GET", "/services/data/v66.0/limits", 200)
    assert web_org.requests[-1] == ("POST", "/services/oauth2/token", 200)


@pytest.mark.parametrize(
    ("path", "since"),
    [
        ("/composite/sobjects/Account?ids=001dM0000000001UAA&fields=Id", 42),
        ("/limits/recordCount?sObjects=User", 40),
        ("/composite", 38),
        ("/jobs/ingest", 41),
        ("/jobs/query", 47),
        ("/sobjects/Account/listviews", 32),
    ],
)
def test_a_resource_is_not_there_before_its_version(api, path, since):
    assert api.get(f"/services/data/v{since}.0{path}").status_code == 200
    assert api.get(f"/services/data/v{since - 1}.0{path}").status_code == 404


def test_a_login_does_not_wait_for_a_long_write_and_holds_up_nobody(api, web_org):
    with ThreadPoolExecutor(1) as pool, web_org._state.database.writing():
        login = pool.submit(type(api), web_org)
        time.sleep(0.1)
        assert api.get("/limits").status_code == 200
    login.result(timeout=20).close()
