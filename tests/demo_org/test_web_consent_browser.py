"""The consent page in a real browser: a person reads, logs in, says yes or no, and is sent back to the app."""

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

REDIRECT = "http://localhost:1717/OauthRedirect"


@pytest.fixture
def page(browser, web_org):
    context = browser.new_context(ignore_https_errors=True)
    opened = context.new_page()
    opened.problems = []
    opened.on("pageerror", lambda problem: opened.problems.append(str(problem)))
    opened.on("console", lambda said: opened.problems.append(said.text) if said.type == "error" else None)
    opened.route(f"{REDIRECT}*", lambda route: route.fulfill(status=200, content_type="text/html", body="back"))
    asked = {"response_type": "code", "client_id": web_org.client_id, "redirect_uri": REDIRECT, "state": "<s>"}
    opened.goto(f"{web_org.url}/services/oauth2/authorize?{urlencode(asked)}")
    yield opened
    context.close()


def sent_back(page) -> dict[str, str]:
    page.wait_for_url(f"{REDIRECT}*")
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def test_a_person_logs_in_and_allows(page, api, web_org):
    assert page.get_by_role("heading").inner_text() == "Allow access?"
    page.get_by_label("Username").fill("integration@demo.example")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Allow").click()
    assert page.get_by_role("alert").inner_text() == "Please check your username and password."
    assert page.get_by_label("Username").input_value() == "integration@demo.example"
    page.get_by_label("Password").fill(web_org.password)
    page.get_by_role("button", name="Allow").click()
    back = sent_back(page)
    assert back["state"] == "<s>"
    form = {"grant_type": "authorization_code", "code": back["code"], "redirect_uri": REDIRECT}
    client = {"client_id": web_org.client_id, "client_secret": web_org.client_secret}
    assert api.token(form | client).status_code == 200
    assert page.problems == []


def test_a_person_says_no(page):
    page.get_by_role("button", name="Deny").click()
    assert sent_back(page)["error"] == "access_denied"
