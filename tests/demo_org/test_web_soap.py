"""The SOAP door: logging in and out, and the faults a client meets there."""

import re

import pytest

ENVELOPE = (
    '<?xml version="1.0"?><e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns:u="urn:partner.soap.sforce.com"><e:Header>{header}</e:Header><e:Body>{body}</e:Body></e:Envelope>'
)
LOGIN = "<u:login><u:username>{}</u:username><u:password>{}</u:password></u:login>"
SESSION = "<u:SessionHeader><u:sessionId>{}</u:sessionId></u:SessionHeader>"


def soap(api, body: str, session: str | None = None, path: str = "/services/Soap/u/64.0"):
    header = "" if session is None else SESSION.format(session)
    envelope = ENVELOPE.format(header=header, body=body)
    return api.call("POST", path, data=envelope.encode(), headers={"Content-Type": "text/xml", "SOAPAction": '""'})


def text_of(answer, name: str) -> str:
    return re.search(f"<{name}>([^<]*)</{name}>", answer.text)[1]


@pytest.mark.parametrize("path", ["/services/Soap/u/64.0", "/services/Soap/c/59.0/00DdM0000000001"])
def test_login_answers_a_session_and_where_to_go(api, web_org, path):
    answer = soap(api, LOGIN.format("integration@demo.example", web_org.password + web_org.security_token), path=path)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/xml;charset=UTF-8"
    session = text_of(answer, "sessionId")
    assert text_of(answer, "serverUrl").startswith(f"{web_org.url}/services/Soap/{path.split('/')[3]}/")
    assert text_of(answer, "organizationId") == web_org.org_id
    assert api.get("/limits", headers={"Authorization": f"Bearer {session}"}).status_code == 200
    told = soap(api, "<u:getUserInfo/>", session)
    assert text_of(told, "userName") == "integration@demo.example"
    assert soap(api, "<u:logout/>", session).status_code == 200
    assert api.get("/limits", headers={"Authorization": f"Bearer {session}"}).status_code == 401


def test_a_wrong_password_is_a_fault(api):
    answer = soap(api, LOGIN.format("integration@demo.example", "wrong"))
    assert answer.status_code == 500
    assert text_of(answer, "faultcode") == "sf:INVALID_LOGIN"
    assert text_of(answer, "sf:exceptionCode") == "INVALID_LOGIN"
    assert text_of(answer, "sf:exceptionMessage") == ("Invalid username, password, security token; or user locked out.")


def test_login_is_gone_from_version_65_on(api, web_org):
    answer = soap(api, LOGIN.format("integration@demo.example", web_org.password), path="/services/Soap/u/65.0")
    assert answer.status_code == 500
    assert text_of(answer, "faultstring") == (
        "INVALID_OPERATION: The SOAP Login operation is not available in the API version specified (65.0). "
        "Refer to the documentation for supported versions."
    )


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"<not-closed>", "soapenv:Client"),
        (b"<a/>", "soapenv:Client"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', "soapenv:Client"),
        (ENVELOPE.format(header="", body="<u:brewCoffee/>").encode(), "soapenv:Client"),
        (ENVELOPE.format(header="", body="<u:getUserInfo/>").encode(), "sf:INVALID_SESSION_ID"),
        (b"<x>" * 5_000 + b"</x>" * 5_000, "soapenv:Client"),
    ],
)
def test_what_is_no_call_is_a_fault(api, body, code):
    answer = api.call("POST", "/services/Soap/u/60.0", data=body, headers={"Content-Type": "text/xml"})
    assert answer.status_code == 500
    assert text_of(answer, "faultcode") == code


def test_an_unknown_version_is_a_fault(api):
    answer = soap(api, "<u:getUserInfo/>", path="/services/Soap/u/99.0")
    assert text_of(answer, "sf:exceptionCode") == "UNSUPPORTED_API_VERSION"


MERGE = (
    "<u:merge><u:request><u:masterRecord><s:type xmlns:s='urn:sobject.partner.soap.sforce.com'>Account</s:type>"
    "<s:Id xmlns:s='urn:sobject.partner.soap.sforce.com'>{}</s:Id>"
    "<s:Site xmlns:s='urn:sobject.partner.soap.sforce.com'>Kept</s:Site></u:masterRecord>"
    "<u:recordToMergeIds>{}</u:recordToMergeIds></u:request></u:merge>"
)


def test_merging_moves_children_and_leaves_word_of_the_loser(api):
    winner, loser = (api.post("/sobjects/Account", {"Name": f"Merge {n}"}).json()["id"] for n in "ab")
    child = api.post("/sobjects/Contact", {"LastName": "Moved", "AccountId": loser}).json()["id"]
    answer = soap(api, MERGE.format(winner, loser), api.access_token)
    assert answer.status_code == 200, answer.text
    assert (text_of(answer, "success"), text_of(answer, "mergedRecordIds")) == ("true", loser)
    assert child in answer.text
    assert api.get(f"/sobjects/Contact/{child}?fields=AccountId").json()["AccountId"] == winner
    assert api.get(f"/sobjects/Account/{winner}?fields=Site").json()["Site"] == "Kept"
    gone = api.get("/queryAll", params={"q": f"SELECT IsDeleted, MasterRecordId FROM Account WHERE Id = '{loser}'"})
    assert gone.json()["records"][0]["MasterRecordId"] == winner
    again = soap(api, MERGE.format(winner, loser), api.access_token)
    assert (text_of(again, "success"), text_of(again, "statusCode")) == ("false", "ENTITY_IS_DELETED")


def test_what_was_deleted_comes_back(api):
    made = api.post("/sobjects/Account", {"Name": "There and back"}).json()["id"]
    gone = soap(api, f"<u:delete><u:ids>{made}</u:ids></u:delete>", api.access_token)
    assert text_of(gone, "success") == "true"
    assert api.get(f"/sobjects/Account/{made}").status_code == 404
    back = soap(api, f"<u:undelete><u:ids>{made}</u:ids></u:undelete>", api.access_token)
    assert (text_of(back, "id"), text_of(back, "success")) == (made, "true")
    assert api.get(f"/sobjects/Account/{made}").status_code == 200
    wrong = soap(api, "<u:undelete><u:ids>nonsense</u:ids></u:undelete>", api.access_token)
    assert text_of(wrong, "success") == "false"
