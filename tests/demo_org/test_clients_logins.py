"""Logins in the forms that Salesforce's own command line and other widely used clients send them."""


def post_parts(api, **parts):
    return api.token({}, files={name: (None, value) for name, value in parts.items()})


def test_a_device_begins_and_asks_with_a_multipart_form(api, web_org):
    begun = post_parts(
        api, client_id=web_org.client_id, response_type="device_code", scope="refresh_token web api"
    ).json()
    assert {"device_code", "user_code", "verification_uri", "interval"} <= begun.keys()
    asked = post_parts(api, client_id=web_org.client_id, grant_type="device", code=begun["device_code"])
    assert (asked.status_code, asked.json()["error"]) == (400, "authorization_pending")


def test_a_broken_multipart_form_is_an_empty_one(api):
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = api.call("POST", "/services/oauth2/token", data=b"--b\r\nnothing", headers=headers)
    assert answer.json() == {
        "error": "invalid_request",
        "error_description": "missing required parameter: grant_type",
    }
