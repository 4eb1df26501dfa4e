"""A person logs in in a window: a real browser at the demo org's own page, and the answer comes back to loopback."""

import threading
import urllib.error
import urllib.request
from urllib.parse import parse_qs, urlsplit

import pytest

from toolkit.demo_org import DemoOrg
from toolkit.errors import AccessError, LoginError, StoreInUseError
from toolkit.salesforce import Credentials, connect
from toolkit.salesforce.web_login import CALLBACK_PORT, _listening


def connected(demo_org: DemoOrg, open_page):
    credentials = Credentials(demo_org.client_id, demo_org.client_secret)
    return connect(
        login="web", login_url=demo_org.url, credentials=credentials, ca_file=demo_org.ca_file, open_page=open_page
    )


def person(browser, act):
    """Return what opens the address in a browser, where somebody then acts; as a window does, it returns at once."""

    def open_page(address: str) -> None:
        context = browser.new_context(ignore_https_errors=True)
        page = context.new_page()
        page.goto(address)
        act(page)
        context.close()

    return open_page


def test_SKA_2_a_window_asks_for_credentials_and_the_session_is_renewed(browser, demo_org):
    def log_in(page):
        page.get_by_label("Username").fill("integration@demo.example")
        page.get_by_label("Password").fill(demo_org.password)
        page.get_by_role("button", name="Allow").click()
        page.wait_for_url("http://localhost:*/**")
        assert "You are logged in." in page.inner_text("body")

    org = connected(demo_org, person(browser, log_in))
    assert org.username == "integration@demo.example"
    demo_org.faults.expire_sessions()
    assert org.count("Account") > 0


def test_SKA_2_a_person_who_says_no_is_told_what_to_do(browser, demo_org):
    def deny(page):
        page.get_by_role("button", name="Deny").click()
        page.wait_for_url("http://localhost:*/**")

    with pytest.raises(LoginError, match="did not let us in"):
        connected(demo_org, person(browser, deny))


def test_an_answer_that_was_not_asked_for_is_refused(demo_org):
    def forge(address: str) -> None:
        back = parse_qs(urlsplit(address).query)["redirect_uri"][0]
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(back.replace("OauthRedirect", "elsewhere"))
        urllib.request.urlopen(f"{back}?code=stolen&state=guessed").read()

    with pytest.raises(LoginError, match="does not belong") as caught:
        connected(demo_org, forge)
    assert "stolen" not in str(caught.value)


def test_a_port_that_is_taken_is_said(demo_org):
    with _listening(CALLBACK_PORT), pytest.raises(StoreInUseError, match=str(CALLBACK_PORT)):
        connected(demo_org, lambda address: None)
    assert threading.active_count() < 40


def test_SKA_3_a_user_without_access_to_the_api_is_told_so(demo_org):
    refusal = {"code": "API_DISABLED_FOR_ORG", "text": "The REST API is not enabled for this Organization."}
    demo_org.faults.inject("status", match="/services/data", status=403, **refusal)
    with pytest.raises(AccessError) as caught:
        connect(
            login="client_credentials",
            login_url=demo_org.url,
            credentials=Credentials(demo_org.client_id, demo_org.client_secret),
            ca_file=demo_org.ca_file,
        )
    assert "API Enabled" in caught.value.hint
