"""Every fault and every deed over the HTTP controls, the way a script in any language would: one call to plan it, and
then what a client of the API meets.
"""

import time

import pytest
import requests


@pytest.fixture
def control(api, web_org):
    def send(name: str, body: object = None, method: str = "POST") -> requests.Response:
        headers = {"X-Demo-Control": web_org.control_token}
        answer = api.session.request(method, f"{web_org.url}/__demo__/{name}", json=body, headers=headers, timeout=20)
        assert answer.status_code in (200, 204), answer.text
        return answer

    return send


@pytest.fixture
def account(api):
    return api.post("/sobjects/Account", {"Name": "Played with"}).json()["id"]


def code_of(answer) -> str:
    return answer.json()[0]["errorCode"]


def test_expired_session_everywhere_or_at_one_call(api, control):
    control("expire-sessions")
    assert code_of(api.get("/limits")) == "INVALID_SESSION_ID"
    api.login()
    control("faults", {"kind": "expire_session", "match": "/query$"})
    assert api.get("/limits").status_code == 200
    assert code_of(api.get("/query", params={"q": "SELECT Id FROM User"})) == "INVALID_SESSION_ID"


@pytest.mark.parametrize("status", [429, 500, 503])
@pytest.mark.parametrize("body", [True, False, "<html>Busy</html>"])
def test_a_status_with_and_without_body(api, control, status, body):
    control("faults", {"kind": "status", "status": status, "body": body, "retry_after": 1})
    answer = api.get("/limits")
    assert (answer.status_code, answer.headers["Retry-After"]) == (status, "1")
    assert answer.text == body if isinstance(body, str) else bool(answer.text) == body


def test_an_error_of_ones_own_choice(api, control):
    fault = {"kind": "status", "status": 400, "code": "QUERY_TIMEOUT", "text": "Too long", "match": "/query"}
    control("faults", fault)
    assert api.get("/query", params={"q": "x"}).json() == [{"message": "Too long", "errorCode": "QUERY_TIMEOUT"}]


def test_a_locked_row(api, control, account):
    control("faults", {"kind": "lock_row"})
    assert code_of(api.patch(f"/sobjects/Account/{account}", {"Site": "x"})) == "UNABLE_TO_LOCK_ROW"
    assert api.patch(f"/sobjects/Account/{account}", {"Site": "x"}).status_code == 204


@pytest.mark.parametrize("after", [0, 7])
def test_a_connection_dropped_at_a_byte(api, control, after):
    control("faults", {"kind": "drop", "of": "response", "after": after})
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        api.get("/limits")


def test_an_answer_that_is_no_json(api, control):
    control("faults", {"kind": "garble"})
    answer = api.get("/limits")
    assert answer.status_code == 200
    with pytest.raises(requests.exceptions.JSONDecodeError):
        answer.json()


def test_a_slow_and_a_failed_bulk_job(api, control):
    control("faults", {"kind": "slow_job", "seconds": 0.2})
    control("faults", {"kind": "job_failed", "message": "InternalServerError : no", "times": 1})
    began = time.monotonic()
    _, info = api.ingest("Name\nx\n", "insert")
    assert time.monotonic() - began >= 0.2
    assert (info["state"], info["errorMessage"]) == ("Failed", "InternalServerError : no")


def test_short_pages_and_forgotten_cursors(api, control):
    control("faults", {"kind": "short_page", "size": 3})
    page = api.query("SELECT Id FROM Contact")
    assert (len(page["records"]), page["done"]) == (3, False)
    control("expire-cursors")
    assert code_of(api.get(page["nextRecordsUrl"])) == "INVALID_QUERY_LOCATOR"


def test_the_daily_limit_used_up(api, control):
    control("daily-limit", {"maximum": 5, "used": 5})
    assert code_of(api.get("/limits")) == "REQUEST_LIMIT_EXCEEDED"


def test_a_field_removed_and_another_closed(api, control):
    control("remove-field", {"sobject": "Account", "field": "CS_Success_Metric__c"})
    control("access", {"sobject": "Account", "field": "CS_NPS_Score__c", "read": False, "edit": False})
    fields = {field["name"] for field in api.get("/sobjects/Account/describe").json()["fields"]}
    assert not fields & {"CS_Success_Metric__c", "CS_NPS_Score__c"}


def test_a_list_view_changed(api, control):
    control("change-list-view", {"name": "All Accounts", "conditions": [["Name", "like", ["'Z%'"]]], "scope": "mine"})
    views = {view["label"]: view for view in api.get("/sobjects/Account/listviews").json()["listviews"]}
    described = api.get(views["All Accounts"]["describeUrl"]).json()
    assert "USING SCOPE mine WHERE Name LIKE 'Z%'" in described["query"]


def test_somebodys_edit_or_deletion_between_reading_and_writing(api, control, account):
    edit = {"kind": "edit", "match": f"/sobjects/Account/{account}", "method": "PATCH", "id": account}
    control("faults", edit | {"values": {"Site": "by hand"}})
    before = api.get(f"/sobjects/Account/{account}").json()["Site"]
    assert api.patch(f"/sobjects/Account/{account}", {"Phone": "1"}).status_code == 204
    after = api.get(f"/sobjects/Account/{account}").json()
    assert (before, after["Site"], after["Phone"]) == (None, "by hand", "1")
    control("faults", {"kind": "delete", "method": "PATCH", "id": account})
    assert code_of(api.patch(f"/sobjects/Account/{account}", {"Phone": "2"})) == "ENTITY_IS_DELETED"


def test_what_people_do_by_hand(api, control, account):
    control("edit", {"sobject": "Account", "id": account, "values": {"Site": "edited"}})
    other = api.post("/sobjects/Account", {"Name": "Loser"}).json()["id"]
    control("merge", {"sobject": "Account", "into": account, "ids": [other], "values": {"Phone": "7"}})
    assert api.get(f"/sobjects/Account/{account}?fields=Phone,Site").json()["Phone"] == "7"
    assert api.get(f"/sobjects/Account/{other}").status_code == 404
    control("delete", {"sobject": "Account", "id": account})
    assert api.get(f"/sobjects/Account/{account}").status_code == 404
    control("undelete", {"id": account})
    assert api.get(f"/sobjects/Account/{account}?fields=Site").json()["Site"] == "edited"


def test_a_validation_rule_put_in_and_switched_off(api, control):
    rule = {"sobject": "Account", "name": "No_Mars", "formula": 'Site = "Mars"', "message": "Not on Mars"}
    control("validation-rule", rule)
    refused = api.post("/sobjects/Account", {"Name": "x", "Site": "Mars"}).json()[0]
    assert (refused["errorCode"], refused["message"]) == ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "Not on Mars")
    control("switch-rule", {"sobject": "Account", "name": "No_Mars", "active": False})
    assert api.post("/sobjects/Account", {"Name": "x", "Site": "Mars"}).status_code == 201


def test_logins_reset(api, control, web_org):
    control("app", {"client_id": "by-script", "client_secret": "s", "label": "Script", "external": False})
    control("password-flow", {"allowed": True})
    form = {"grant_type": "password", "client_id": "by-script", "client_secret": "s"}
    login = form | {"username": "integration@demo.example", "password": web_org.password}
    assert api.token(login).status_code == 200
    control("pass-time", {"seconds": 8_000})
    assert code_of(api.get("/limits")) == "INVALID_SESSION_ID"
    control("revoke-refresh-tokens")
    form = {"grant_type": "refresh_token", "client_id": web_org.client_id, "refresh_token": web_org.refresh_token}
    assert api.token(form).json()["error_description"] == "expired access/refresh token"


def test_what_waits_can_be_seen_and_forgotten(control):
    control("faults", {"kind": "slow", "seconds": 1, "match": "/never", "times": 2})
    assert control("faults", method="GET").json() == [{"kind": "slow", "times": 2}]
    control("faults", method="DELETE")
    assert control("faults", method="GET").json() == []


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("faults", {"kind": "flood"}),
        ("faults", {"kind": "slow", "minutes": 1}),
        ("drop-list-view", {"name": "No such"}),
        ("change-list-view", {"name": "No such"}),
        ("app", {"client_id": "x", "colour": "red"}),
        ("edit", {"sobject": "Account", "id": "x", "values": "y"}),
        ("validation-rule", {"rule": 1}),
        ("switch-rule", {"sobject": "Account", "name": "No_such", "active": True}),
    ],
)
def test_a_control_that_makes_no_sense_is_refused(api, web_org, name, body):
    headers = {"X-Demo-Control": web_org.control_token}
    answer = api.session.post(f"{web_org.url}/__demo__/{name}", json=body, headers=headers, timeout=20)
    assert answer.status_code == 400, answer.text
