import re

from toolkit import Workspace
from toolkit.widgets import ConnectionCard


def test_the_card_says_which_org_as_whom_and_what_is_left(connected):
    card = ConnectionCard(connected)
    facts = connected.connection()
    for fact in (facts.org_name, facts.org_id, facts.username, facts.api_version):
        assert fact in card.facts.value
    assert (card.allowance.max, card.allowance.value) == (facts.daily_max, facts.daily_used)
    assert card.used.value == f"{facts.daily_used:,} of 15,000 used, {15_000 - facts.daily_used:,} left"


def test_looking_again_asks_the_org_anew(connected):
    card = ConnectionCard(connected)
    connected.demo_org.faults.set_daily_limit(15_000, used=14_000)
    card.look_again.click()
    assert (card.allowance.value > 14_000, card.allowance.bar_style) == (True, "danger")
    assert card.used.value.endswith("left: nearly used up")


def test_CAT_21_fields_are_read_afresh_on_request(connected):
    card = ConnectionCard(connected)
    card.refresh_fields.click()
    before = len(connected.org.describe("Account").fields)
    assert card.message.text == f"{before} fields of Account read afresh."
    connected.demo_org.remove_field("Account", "CS_Segment__c")
    card.refresh_fields.click()
    assert card.message.text == f"{before - 1} fields of Account read afresh."


def test_an_org_that_refuses_is_shown_in_words_until_it_answers(connected):
    card = ConnectionCard(connected)
    connected.demo_org.faults.set_daily_limit(15_000, used=15_000)
    card.look_again.click()
    assert "Not connected" in card.facts.value
    assert "allowance" in card.message.text
    assert (card.refresh_fields.disabled, card.allowance.layout.display) == (True, "none")
    assert card.message.text in card.summary()
    connected.demo_org.faults.set_daily_limit(15_000, used=10)
    card.look_again.click()
    assert (card.message.text, card.refresh_fields.disabled) == ("", False)


def test_without_credentials_the_card_says_what_to_set(tmp_path, monkeypatch):
    for name in ("CLIENT_ID", "CLIENT_SECRET"):
        monkeypatch.delenv(f"CS_TOOLKIT_{name}", raising=False)
    with Workspace.demo(tmp_path / "demo", accounts=60) as workspace:
        mapping = workspace.folder / "workspace.toml"
    real = 'login = "client_credentials"\nlogin_url = "https://example.my.salesforce.com"'
    mapping.write_text(mapping.read_text("utf-8").replace('login = "demo"', real), "utf-8")
    with Workspace.open(mapping.parent) as workspace:
        card = ConnectionCard(workspace)
        bundle = card._repr_mimebundle_()
    assert "CS_TOOLKIT_CLIENT_ID" in card.message.text
    assert "Not connected to Salesforce" in bundle["text/html"]


def test_the_twin_holds_nothing_that_changes(connected):
    card = ConnectionCard(connected)
    html = card._repr_mimebundle_()["text/html"]
    for volatile in (connected.org.url, str(connected.folder), "127.0.0.1"):
        assert volatile not in html
    assert not re.search(r"\d\d:\d\d|15,000", html)
    assert card._repr_mimebundle_()["text/plain"] == "Connected to Halvard Cloud as integration@demo.example"
