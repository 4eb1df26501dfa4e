"""Passwords over REST, and that logins ask for the new one."""

import simple_salesforce


def path_of(user_id: str) -> str:
    return f"/sobjects/User/{user_id}/password"


def test_a_new_password_is_what_logins_ask_for(api, web_org):
    path = path_of(web_org.user_id)
    assert api.get(path).json() == {"isExpired": False}
    sf = simple_salesforce.Salesforce(
        instance_url=web_org.url, session_id=api.access_token, session=api.session, version="59.0"
    )
    assert sf.set_password(web_org.user_id, "another-one-2") is None
    assert not logs_in(api, web_org.password)
    assert logs_in(api, "another-one-2")
    assert logs_in(api, f"another-one-2{web_org.security_token}")
    made_up = api.delete(path).json()["NewPassword"]
    assert logs_in(api, made_up)
    assert api.get(path).json() == {"isExpired": True}
    assert api.patch(path, {"NewPassword": web_org.password}).status_code == 204
    assert logs_in(api, web_org.password)


def test_a_weak_password_and_a_password_of_somebody_else_are_refused(api, web_org):
    for weak in ("", "short1", "onlyletters", "12345678", None, 5):
        answer = api.post(path_of(web_org.user_id), {"NewPassword": weak})
        assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "INVALID_NEW_PASSWORD")
    other = web_org.rows("SELECT Id FROM User WHERE Username != 'integration@demo.example' LIMIT 1")[0]["Id"]
    assert (
        api.post(path_of(other), {"NewPassword": "another-one-2"}).json()[0]["errorCode"]
        == "INSUFFICIENT_ACCESS_OR_READONLY"
    )
    assert api.get(path_of("005dM0000009999QAA")).status_code == 404


def logs_in(api, password: str) -> bool:
    body = (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
        '<login xmlns="urn:partner.soap.sforce.com"><username>integration@demo.example</username>'
        f"<password>{password}</password></login></e:Body></e:Envelope>"
    )
    headers = {"Content-Type": "text/xml", "SOAPAction": "login"}
    return api.call("POST", "/services/Soap/u/59.0", data=body, headers=headers).status_code == 200
