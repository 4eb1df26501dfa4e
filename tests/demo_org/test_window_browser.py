"""The window in a real browser, as an admin uses it. Nothing foreign is asked for and no error reaches the console."""

import pytest
import requests
from playwright.sync_api import Page, Route, expect

PAYLOAD = "<img src=x onerror=\"document.title='owned'\"><b>Bold</b>"


@pytest.fixture(params=["desktop", "phone"])
def page(browser, web_org, request):
    """A new page; the test fails when a request left the org or an error reached the console."""
    size = {"width": 1400, "height": 900} if request.param == "desktop" else {"width": 390, "height": 844}
    context = browser.new_context(viewport=size, ignore_https_errors=True)
    opened = context.new_page()
    opened.set_default_timeout(15_000)
    foreign: list[str] = []
    errors: list[str] = []
    opened.on("request", lambda asked: None if asked.url.startswith(web_org.url) else foreign.append(asked.url))
    opened.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    context.close()
    web_org.faults.clear()
    assert foreign == []
    assert errors == []


def open_record(page: Page, org, record_id: str) -> None:
    page.goto(f"{org.url}/#/record/Account/{record_id}")
    expect(page.locator(".history")).to_be_visible()


def ids(org, count: int) -> list[str]:
    return [str(row["Id"]) for row in org.rows(f"SELECT Id FROM Account ORDER BY Id LIMIT {count}")]


def test_objects_and_records_are_shown_and_found(page, web_org):
    page.goto(web_org.url)
    accounts = web_org.rows("SELECT Id, Name FROM Account")
    expect(page.locator("#objects a[aria-current] .tally")).to_have_text(str(len(accounts)))
    expect(page.locator("tbody tr")).to_have_count(50)
    page.keyboard.press("/")
    page.keyboard.type(str(accounts[5]["Id"]))
    expect(page.locator("tbody tr")).to_have_count(1)
    page.locator("tbody a").press("Enter")
    expect(page.locator("h1")).to_have_text(str(accounts[5]["Name"]).strip())
    page.go_back()
    expect(page.locator("tbody tr")).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_columns_sort_by_keyboard(page, web_org):
    page.goto(web_org.url)
    page.locator("thead button").first.press("Enter")
    expect(page.locator("th[aria-sort=ascending] button")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("th[aria-sort=descending] button")).to_be_focused()


def test_an_edit_by_button_appears_in_the_record_and_its_history(page, web_org):
    target = ids(web_org, 1)[0]
    open_record(page, web_org, target)
    page.get_by_role("button", name="Edit", exact=True).click()
    page.get_by_label("Field", exact=True).select_option(label="Account Name")
    page.get_by_label("New value").fill(PAYLOAD)
    page.get_by_label("New value").press("Enter")
    expect(page.locator("h1")).to_have_text(PAYLOAD)
    expect(page.locator(".history li").first.locator("ins")).to_have_text(PAYLOAD)
    expect(page.locator(".history li").first).to_contain_text("Org Admin")
    assert page.locator("main img, main b").count() == 0
    page.goto(f"{web_org.url}/#/changes")
    expect(page.locator(".save").first.locator("a")).to_have_text(PAYLOAD)
    assert page.locator("main img, main b").count() == 0
    assert "owned" not in page.title()


def test_a_refused_edit_says_why_and_stays_open(page, web_org):
    open_record(page, web_org, ids(web_org, 3)[2])
    page.get_by_role("button", name="Edit", exact=True).click()
    page.get_by_label("Field", exact=True).select_option(label="Account Name")
    page.get_by_label("New value").fill("")
    with page.expect_response(lambda answer: "/edit" in answer.url):
        page.get_by_label("New value").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("REQUIRED_FIELD_MISSING")
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)


def test_a_change_by_a_client_appears_by_itself(page, web_org, api):
    target = ids(web_org, 4)[3]
    open_record(page, web_org, target)
    score = "1.5" if page.viewport_size["width"] > 1000 else "2.5"
    assert api.patch(f"/sobjects/Account/{target}", {"CS_Health_Score__c": float(score)}).status_code == 204
    expect(page.locator(".history li").first.locator("ins")).to_have_text(score)
    page.goto(f"{web_org.url}/#/calls")
    expect(page.locator(".call-table tbody tr").first).to_contain_text(f"/sobjects/Account/{target}")


def test_a_record_is_merged_by_button_and_says_where_it_went(page, web_org):
    pairs = web_org.rows("SELECT Id, Name FROM Contact ORDER BY Id DESC LIMIT 4")
    winner, loser = pairs[:2] if page.viewport_size["width"] > 1000 else pairs[2:]
    page.goto(f"{web_org.url}/#/record/Contact/{winner['Id']}")
    page.get_by_role("button", name="Merge", exact=True).click()
    page.get_by_label("Record to merge in").fill(str(loser["Id"]))
    expect(page.get_by_role("radio")).to_have_count(1)
    page.get_by_role("radio").check()
    page.get_by_role("button", name="Merge as Org Admin").click()
    expect(page.locator("dialog")).to_have_count(0)
    page.goto(f"{web_org.url}/#/record/Contact/{loser['Id']}")
    expect(page.locator(".notice a")).to_have_text(str(winner["Name"]))


def test_a_record_is_deleted_by_button_and_stays_in_the_bin(page, web_org):
    kept = "SELECT AccountId FROM Contract WHERE Status = 'Activated'"
    free = web_org.rows(f"SELECT Id FROM Account WHERE Id NOT IN ({kept}) ORDER BY Id DESC LIMIT 2")
    target = str(free[0 if page.viewport_size["width"] > 1000 else 1]["Id"])
    open_record(page, web_org, target)
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("button", name="Delete as Org Admin").click()
    expect(page.locator(".notice")).to_contain_text("In the recycle bin")
    page.goto(f"{web_org.url}/#/records/Account?bin=1&search={target}")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.locator("tbody a").click()
    page.get_by_role("button", name="Bring back as Org Admin").click()
    expect(page.get_by_role("button", name="Delete", exact=True)).to_be_visible()


def test_a_fault_that_is_switched_on_makes_the_next_call_fail(page, web_org, api):
    page.goto(f"{web_org.url}/#/faults")
    switch = page.get_by_role("switch", name="503 Server Unavailable")
    page.get_by_label("How often: 503 Server Unavailable").fill("1")
    switch.press("Space")
    expect(switch).to_be_checked()
    assert [api.get("/limits").status_code for _ in "ab"] == [503, 200]
    expect(switch).not_to_be_checked()


def test_a_late_answer_for_a_record_never_covers_the_one_that_was_opened_since(page, web_org):
    first, second = ids(web_org, 8)[6:]
    open_record(page, web_org, first)
    held: list[Route] = []
    page.route(f"**/__window__/record?*id={first}", lambda route: held.append(route))
    web_org.edit("Account", first, {"Site": f"Held {page.viewport_size['width']}"})
    page.wait_for_timeout(2500)  # the page has noticed the edit and asks for the first record again
    assert held
    page.goto(f"{web_org.url}/#/record/Account/{second}")
    expect(page.locator(".crumb code")).to_have_text(second)
    for each in held:
        each.continue_()
    page.wait_for_timeout(1500)
    expect(page.locator(".crumb code")).to_have_text(second)


def test_dark_mode_is_dark(browser, web_org):
    context = browser.new_context(color_scheme="dark", ignore_https_errors=True)
    page = context.new_page()
    page.goto(web_org.url)
    expect(page.locator("tbody tr").first).to_be_visible()
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert sum(int(part) for part in ground.strip("rgb()").split(",")) < 120
    context.close()


def test_another_page_cannot_work_the_window(browser, web_org):
    context = browser.new_context(ignore_https_errors=True)
    page = context.new_page()
    page.goto("about:blank")
    target = ids(web_org, 1)[0]
    script = """async ([url, id]) => {
        const body = JSON.stringify({object: "Account", id});
        const tries = [{}, {mode: "no-cors"}, {headers: {"X-Demo-Window": "x"}}];
        const seen = [];
        for (const each of tries) {
            try { seen.push((await fetch(url + "/__window__/delete", {method: "POST", body, ...each})).type); }
            catch (problem) { seen.push("refused"); }
        }
        try { seen.push((await fetch(url + "/")).type); } catch (problem) { seen.push("refused"); }
        return seen;
    }"""
    seen = page.evaluate(script, [web_org.url, target])
    assert [each for each in seen if each not in ("refused", "opaque")] == []
    assert requests.get(f"{web_org.url}/", verify=str(web_org.ca_file), timeout=20).status_code == 200
    assert web_org.rows(f"SELECT Id FROM Account WHERE Id = '{target}'")
    context.close()
