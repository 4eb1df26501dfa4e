"""The window's page and data on the wire: who is let in, what is shown, and what a CRM user's deeds leave behind."""

import re

import pytest
import requests

from toolkit.demo_org.faults import KINDS
from toolkit.demo_org.window.switches import SWITCHES


class Window:
    """The window as its page's script uses it."""

    def __init__(self, org):
        self.org = org
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = str(org.ca_file)
        self.page = self.session.get(f"{org.url}/", timeout=20)
        found = re.search(r'name="window-token" content="([^"]+)"', self.page.text)
        self.headers = {"X-Demo-Window": found[1] if found else ""}

    def ask(self, method, call, headers=None, **more):
        url = f"{self.org.url}/__window__/{call}"
        return self.session.request(method, url, headers={**self.headers, **(headers or {})}, timeout=20, **more)

    def get(self, call, **given):
        answer = self.ask("GET", call, params=given)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, call, **given):
        return self.ask("POST", call, json=given)


@pytest.fixture
def window(web_org):
    opened = Window(web_org)
    yield opened
    opened.session.close()
    web_org.faults.clear()


def account(org, place=0):
    return org.rows("SELECT Id, Name FROM Account ORDER BY Id LIMIT 30")[place]


def test_the_page_lets_nothing_foreign_in_and_may_be_held_by_no_other(window):
    policy = window.page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert window.page.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert not [name for name in window.page.headers if name.lower().startswith("access-control")]
    assert not re.findall(r"(?:src|href)=\"(?!/__window__/|#)", window.page.text)


@pytest.mark.parametrize(
    "foreign",
    [
        {"X-Demo-Window": ""},
        {"X-Demo-Window": "guessed"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://elsewhere.example"},
        {"Host": "elsewhere.example"},
    ],
)
@pytest.mark.parametrize(("method", "call"), [("GET", "pulse"), ("POST", "delete")])
def test_who_is_not_the_page_is_turned_away(window, foreign, method, call):
    refused = window.ask(method, call, headers=foreign, json={"object": "Account", "id": account(window.org)["Id"]})
    assert refused.status_code == 403
    assert "Access-Control-Allow-Origin" not in refused.headers


def test_the_page_is_only_given_under_the_orgs_own_address(window):
    refused = window.session.get(f"{window.org.url}/", headers={"Host": "elsewhere.example"}, timeout=20)
    assert refused.status_code == 403
    assert "window-token" not in refused.text


@pytest.mark.parametrize("name", ["page.html", "..%2Froutes.py", "nothing.js", "%2Fetc%2Fpasswd", "."])
def test_only_the_pages_own_files_are_given(window, name):
    assert window.session.get(f"{window.org.url}/__window__/files/{name}", timeout=20).status_code in (403, 404)


def test_the_window_is_in_no_log_and_no_fault_hits_it(window):
    before = len(window.org.requests)
    window.org.faults.inject("status", times=5, status=500)
    assert window.get("pulse")["objects"]
    assert len(window.org.requests) == before


def test_objects_are_shown_with_their_counts(window):
    objects = {each["name"]: each for each in window.get("pulse")["objects"]}
    assert objects["Account"]["count"] == len(window.org.rows("SELECT Id FROM Account"))
    assert objects["Account"]["label"] == "Accounts"


def test_calls_are_shown_once_with_status_statement_and_time(window, api):
    seen = max((each["number"] for each in window.get("pulse")["calls"]), default=0)
    api.query("SELECT count() FROM Account")
    api.get("/sobjects/Nothing")
    fresh = window.get("pulse", after=seen)["calls"]
    assert [(each["method"], each["status"], each["detail"]) for each in fresh][-2:] == [
        ("GET", 200, "SELECT count() FROM Account"),
        ("GET", 404, ""),
    ]
    assert all(each["ms"] >= 0 and re.fullmatch(r"\d\d:\d\d:\d\d", each["at"]) for each in fresh)
    assert window.get("pulse", after=fresh[-1]["number"])["calls"] == []


def test_records_are_searched_sorted_and_paged(window):
    whole = window.get("records", object="Account", sort="Name")
    names = [row["cells"][0] for row in whole["rows"]]
    assert names == sorted(names, key=str.lower)
    assert (len(names), whole["pages"]) == (50, 2)
    assert len(window.get("records", object="Account", sort="Name", page=1)["rows"]) == whole["total"] - 50
    down = window.get("records", object="Account", sort="Name", down=1)
    assert down["rows"][-1]["cells"][0] > down["rows"][-2]["cells"][0] or down["rows"][-1] != down["rows"][0]
    target = whole["rows"][3]
    for search in (target["cells"][0], target["id"], target["id"][:15]):
        assert target["id"] in [row["id"] for row in window.get("records", object="Account", search=search)["rows"]]
    assert window.get("records", object="Account", search="100%_nothing\\")["total"] == 0


def test_records_that_refer_to_one_are_shown_from_it(window):
    owner = window.org.rows("SELECT AccountId FROM Contact LIMIT 1")[0]["AccountId"]
    related = {each["object"]: each for each in window.get("record", object="Account", id=owner)["related"]}
    found = window.get("records", object="Contact", field=related["Contact"]["field"], value=owner)
    assert found["total"] == related["Contact"]["count"]
    assert found["of"]["id"] == owner


def test_an_edit_is_another_users_and_stands_in_the_history(window):
    record = account(window.org, 1)
    edited = window.post("edit", object="Account", id=record["Id"], field="Name", value="<i>Edited</i>")
    assert edited.status_code == 200, edited.text
    shown = window.get("record", object="Account", id=record["Id"])
    assert shown["name"] == "<i>Edited</i>"
    latest = shown["history"][0]
    assert latest["kind"] == "changed"
    assert latest["by"] == window.get("pulse")["actor"]
    assert [(each["before"], each["after"]) for each in latest["changes"]] == [(record["Name"], "<i>Edited</i>")]
    assert shown["history"][-1]["kind"] == "created"
    feed = window.get("changes")["saves"][0]
    assert (feed["id"], feed["name"], feed["changes"]) == (record["Id"], "<i>Edited</i>", latest["changes"])


def test_what_a_client_writes_stands_in_the_history_field_by_field(window, api):
    record = account(window.org, 2)
    before = window.get("pulse")["change"]
    values = {"CS_Health_Score__c": 7.25, "CS_Stage__c": "Growth", "CSM__c": window.org.user_id}
    assert api.patch(f"/sobjects/Account/{record['Id']}", values).status_code == 204
    latest = window.get("record", object="Account", id=record["Id"])["history"][0]
    changes = {each["field"]: each["after"] for each in latest["changes"]}
    assert changes["CS_Health_Score__c"] == "7.3"
    assert changes["CSM__c"] == "Toolkit Integration"
    assert latest["by"] == "Toolkit Integration"
    assert window.get("pulse")["change"] > before


def test_a_change_of_case_alone_is_a_change(window, api):
    record = account(window.org, 3)
    name = str(record["Name"])
    assert api.patch(f"/sobjects/Account/{record['Id']}", {"Name": name.swapcase()}).status_code == 204
    latest = window.get("record", object="Account", id=record["Id"])["history"][0]
    assert latest["changes"][0]["after"] == name.swapcase()


def test_a_deleted_record_stays_in_sight(window):
    kept = "SELECT AccountId FROM Contract WHERE Status = 'Activated'"
    record = window.org.rows(f"SELECT Id FROM Account WHERE Id NOT IN ({kept}) LIMIT 1")[0]
    counts = {each["name"]: each for each in window.get("pulse")["objects"]}
    assert window.post("delete", object="Account", id=record["Id"]).status_code == 200
    shown = window.get("record", object="Account", id=record["Id"])
    assert shown["deleted"] is True
    assert shown["history"][0]["kind"] == "deleted"
    binned = window.get("records", object="Account", bin=1)
    assert record["Id"] in [row["id"] for row in binned["rows"]]
    now = {each["name"]: each for each in window.get("pulse")["objects"]}
    assert now["Account"]["count"] == counts["Account"]["count"] - 1
    again = window.post("delete", object="Account", id=record["Id"])
    assert again.json() == {"refused": "ENTITY_IS_DELETED: entity is deleted"}


def test_a_merged_record_says_where_it_went_and_its_children_are_there(window):
    kept = "SELECT AccountId FROM Contract WHERE Status = 'Activated'"
    winner, loser = window.org.rows(f"SELECT Id, Name FROM Account WHERE Id NOT IN ({kept}) LIMIT 3")[1:]
    children = f"SELECT Id FROM Contact WHERE AccountId IN ('{winner['Id']}', '{loser['Id']}')"
    expected = {row["Id"] for row in window.org.rows(children)}
    merged = window.post("merge", object="Account", id=winner["Id"], loser=loser["Id"])
    assert merged.json() == {}, merged.text
    shown = window.get("record", object="Account", id=loser["Id"])
    assert shown["deleted"] is True
    assert shown["master"] == {"object": "Account", "id": winner["Id"], "text": winner["Name"]}
    assert shown["history"][0]["kind"] == "merged away"
    assert {
        row["Id"] for row in window.org.rows(f"SELECT Id FROM Contact WHERE AccountId = '{winner['Id']}'")
    } == expected
    again = window.post("merge", object="Account", id=winner["Id"], loser=loser["Id"])
    assert again.json()["refused"].startswith("ENTITY_IS_DELETED")


def test_a_deleted_record_is_brought_back(window):
    target = window.org.rows("SELECT Id FROM Contact LIMIT 1")[0]["Id"]
    assert window.post("delete", object="Contact", id=target).json() == {}
    assert window.post("undelete", id=target).json() == {}
    shown = window.get("record", object="Contact", id=target)
    assert (shown["deleted"], shown["history"][0]["kind"]) == (False, "brought back")
    assert "refused" in window.post("undelete", id=target).json()


@pytest.mark.parametrize(
    ("call", "given"),
    [
        ("edit", {"object": "Account"}),
        ("fault", {"name": "flood", "on": True}),
        ("fault", {"name": "slow", "on": True, "times": "many"}),
        ("fault", {"name": "slow", "on": True, "times": 0}),
        ("action", {"name": "explode"}),
    ],
)
def test_what_makes_no_sense_is_told_and_nothing_breaks(window, call, given):
    refused = window.post(call, **given)
    assert refused.status_code == 400
    assert refused.json()["error"]
    assert window.ask("POST", call, data=b"{").status_code == 400
    assert window.ask("GET", call).status_code == 404


@pytest.mark.parametrize(
    ("call", "given", "code"),
    [
        ("edit", {"object": "Account", "id": "nonsense", "field": "Name", "value": "x"}, "MALFORMED_ID"),
        ("edit", {"object": "Account", "id": "001000000000000AAA", "field": "Name", "value": "x"}, "NOT_FOUND"),
        ("delete", {"object": "Nothing", "id": "001000000000000AAA"}, "NOT_FOUND"),
    ],
)
def test_what_the_org_refuses_is_told_in_its_words(window, call, given, code):
    assert window.post(call, **given).json()["refused"].startswith(code)


@pytest.mark.parametrize("given", [{"object": "Nothing"}, {}, {"object": "Account", "page": "x"}])
def test_records_of_nothing_are_told(window, given):
    assert window.ask("GET", "records", params=given).status_code == 400


@pytest.mark.parametrize("switch", SWITCHES, ids=lambda each: each.name)
def test_every_switch_switches_a_fault_on_and_off(window, switch):
    assert switch.kind in KINDS
    on = window.post("fault", name=switch.name, on=True).json()
    assert [each["left"] for each in on if each["name"] == switch.name] == [switch.times]
    assert window.org.faults.waiting() == [(switch.kind, switch.times)]
    off = window.post("fault", name=switch.name, on=False).json()
    assert not any(each["left"] for each in off)
    assert window.org.faults.waiting() == []


def test_a_switch_goes_off_by_itself_once_it_has_happened(window, api):
    window.post("fault", name="unavailable", on=True, times=1)
    assert [api.get("/limits").status_code for _ in "ab"] == [503, 200]
    assert not any(each["left"] for each in window.get("pulse")["faults"])


def test_actions_act_at_once(window, api):
    window.post("action", name="use_up_limit")
    assert api.get("/limits").status_code == 403
    window.post("action", name="restore_limit")
    assert api.get("/limits").status_code == 200
    window.post("action", name="expire_sessions")
    assert api.get("/limits").status_code == 401
