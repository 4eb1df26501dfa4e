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
