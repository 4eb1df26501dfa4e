"""Header names on the wire: some clients look them up in a dictionary, in the spelling that Salesforce sends."""

import http.client
import ssl
from urllib.parse import urlsplit

import pytest


@pytest.fixture
def connection(web_org):
    parts = urlsplit(web_org.url)
    context = ssl.create_default_context(cafile=str(web_org.ca_file))
    made = http.client.HTTPSConnection(parts.hostname, parts.port, context=context, timeout=20)
    yield made
    made.close()


def names(connection, method: str, path: str, token: str, body: bytes | None = None) -> tuple[set[str], bytes]:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    return {name for name, _ in answer.getheaders()}, answer.read()


def test_header_names_have_capital_letters(api, connection):
    told, body = names(connection, "GET", "/services/data/v60.0/limits", api.access_token)
    assert {"Content-Type", "Content-Length", "Sforce-Limit-Info", "Set-Cookie", "X-SFDC-Request-Id", "Date"} <= told
    assert body.startswith(b"{")
    described, _ = names(connection, "GET", "/services/data/v60.0/sobjects/Account/describe", api.access_token)
    assert {"ETag", "Last-Modified"} <= described
    assert not [name for name in told | described if name == name.lower()]


def test_an_answer_in_pieces_keeps_its_bytes(api, connection):
    api.post("/sobjects/Account", {"Name": "http/1.1 100\ncontent-type: as text\nx: y"})
    job = api.post(
        "/jobs/query", {"operation": "query", "query": "SELECT Name FROM Account WHERE Name LIKE 'http%'"}
    ).json()
    api.wait("query", job["id"])
    told, body = names(connection, "GET", f"/services/data/v66.0/jobs/query/{job['id']}/results", api.access_token)
    assert {"Content-Type", "Sforce-Locator", "Sforce-NumberOfRecords"} <= told
    assert b"content-type: as text" in body


def test_a_body_may_wait_to_be_asked_for(api, web_org):
    answer = api.post("/sobjects/Account", {"Name": "Patient"}, headers={"Expect": "100-continue"})
    assert answer.status_code == 201
    assert "Location" in dict(answer.headers)
