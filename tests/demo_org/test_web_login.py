"""Logging in to the demo org, as a client's HTTP library sees it."""

import base64
import hashlib
import hmac
import re

import pytest

FORM = {"grant_type": "client_credentials", "client_id": "cs-toolkit-demo", "client_secret": "demo-secret-not-a-secret"}


def test_a_token_answer_has_salesforces_form_and_a_signature_that_can_be_checked(api, web_org):
    answer = api.token(FORM)
    body = answer.json()
    assert list(body) == ["access_token", "signature", "scope", "instance_url", "id", "token_type", "issued_at"]
    assert re.fullmatch(r"00D\w{12}![\w.]+", body["access_token"])
    assert body["instance_url"] == web_org.url
    signed = hmac.new(FORM["client_secret"].encode(), (body["id"] + body["issued_at"]).encode(), hashlib.sha256)
    assert body["signature"] == base64.b64encode(signed.digest()).decode()
    assert answer.headers["Cache-Control"] == "no-cache, no-store"
    assert "Sforce-Limit-Info" not in answer.headers


def test_the_client_may_name_itself_in_a_basic_header(api):
    answer = api.token({"grant_type": "client_credentials"}, auth=("cs-toolkit-demo", "demo-secret-not-a-secret"))
    assert answer.status_code == 200


def test_a_refresh_token_gives_a_new_access_token_and_no_new_refresh_token(api, web_org):
    body = api.token({**FORM, "grant_type": "refresh_token", "refresh_token": web_org.refresh_token}).json()
    assert body["access_token"] != api.access_token
    assert "refresh_token" not in body


@pytest.mark.parametrize(
    ("form", "error", "description"),
    [
        ({**FORM, "client_id": "x"}, "invalid_client_id", "client identifier invalid"),
        ({**FORM, "client_secret": "x"}, "invalid_client", "invalid client credentials"),
        ({**FORM, "grant_type": "kerberos"}, "unsupported_grant_type", "grant type not supported"),
        ({**FORM, "grant_type": "password"}, "invalid_grant", "authentication failure"),
        ({"client_id": "x"}, "invalid_request", "missing required parameter: grant_type"),
        (
            {**FORM, "grant_type": "refresh_token", "refresh_token": "x"},
            "invalid_grant",
            "expired access/refresh token",
        ),
    ],
)
def test_a_refused_login_answers_400_with_oauths_error(api, form, error, description):
    answer = api.token(form)
    assert answer.status_code == 400
    assert answer.json() == {"error": error, "error_description": description}


def test_identity_and_userinfo_tell_whose_token_it_is(api, web_org):
    identity = api.get(api.token(FORM).json()["id"]).json()
    assert (identity["username"], identity["organization_id"]) == ("integration@demo.example", web_org.org_id)
    userinfo = api.get("/services/oauth2/userinfo")
    assert userinfo.json()["user_id"] == web_org.user_id
    assert "Sforce-Limit-Info" not in userinfo.headers
    wrong = api.get("/services/oauth2/userinfo", headers={"Authorization": "Bearer wrong"})
    assert (wrong.status_code, wrong.text) == (403, "Bad_OAuth_Token")


def test_both_spellings_of_the_authorization_header_are_taken(api):
    assert api.get("/limits", headers={"Authorization": f"OAuth {api.access_token}"}).status_code == 200


@pytest.mark.parametrize("header", ["Bearer 00Dwrong!token", None])
def test_a_call_without_a_live_session_answers_invalid_session_id(api, header):
    answer = api.get("/limits", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.text == '[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]'


def test_expired_sessions_end_and_a_new_login_works(api, web_org):
    web_org.faults.expire_sessions()
    assert api.get("/limits").status_code == 401
    api.login()
    assert api.get("/limits").status_code == 200


def test_a_revoked_token_is_a_session_no_more(api):
    revoked = api.session.post(f"{api.org.url}/services/oauth2/revoke", data={"token": api.access_token}, timeout=20)
    assert revoked.status_code == 200
    assert api.get("/limits").status_code == 401
